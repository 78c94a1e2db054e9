"""Makes users, queues and exchanges on a broker that somebody else runs, by its management API.

    python elsewhere.py definitions.json

It may run again: an import adds and changes what is listed, and touches nothing else. It reads
RABBITMQ_MANAGEMENT (the address of the API), RABBITMQ_VHOST, ADMIN_USER and ADMIN_PASSWORD.
"""

import base64
import json
import os
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

TRIES = 60
SECONDS = 5
UNAVAILABLE = 500
MISSING = 404


def call(method: str, path: str, body: object = None) -> int:
    """Return the status of a call; one that is refused ends the Job with the broker's reason."""
    user, password = os.environ["ADMIN_USER"], os.environ["ADMIN_PASSWORD"]
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = Request(
        f"{os.environ['RABBITMQ_MANAGEMENT']}/api/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        if error.code == MISSING or error.code >= UNAVAILABLE:
            return error.code
        reason = error.read().decode(errors="replace")[:500]
        sys.exit(f"{method} /api/{path}: {error.code} {reason}")


def wait() -> None:
    """Wait until the API answers, at most five minutes."""
    reason: object = ""
    for _ in range(TRIES):
        try:
            if call("GET", "whoami") < MISSING:
                return
        except (URLError, OSError) as error:
            reason = error
        time.sleep(SECONDS)
    sys.exit(f"no answer from {os.environ['RABBITMQ_MANAGEMENT']} after 5 minutes: {reason}")


def main() -> None:
    """Make the virtual host if it is missing, then import the definitions."""
    wait()
    vhost = quote(os.environ["RABBITMQ_VHOST"], safe="")
    if call("GET", f"vhosts/{vhost}") == MISSING:
        call("PUT", f"vhosts/{vhost}", {"default_queue_type": "quorum"})
        print("made the virtual host", os.environ["RABBITMQ_VHOST"])
    definitions = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    status = call("POST", "definitions", definitions)
    if status >= MISSING:
        sys.exit(f"the definitions were not imported: {status}")
    counts = ", ".join(f"{len(listed)} {name}" for name, listed in sorted(definitions.items()))
    print("imported", counts)


if __name__ == "__main__":
    main()
