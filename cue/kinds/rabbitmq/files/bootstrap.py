"""Import definitions into a broker through its management API: bootstrap.py FILE.

It may run again: what is there already stays. Needs RABBITMQ_API, ADMIN_USER and ADMIN_PASSWORD.
"""

import base64
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TRIES = 60
# A node that starts answers so until it has its administrator and its virtual host.
NOT_YET = (401, 404, 500, 503)


def main() -> None:
    """Import the file; wait up to five minutes for a node that answers."""
    login = f"{os.environ['ADMIN_USER']}:{os.environ['ADMIN_PASSWORD']}"
    request = urllib.request.Request(
        f"{os.environ['RABBITMQ_API']}/definitions",
        data=Path(sys.argv[1]).read_bytes(),
        method="POST",
        headers={
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
            "Content-Type": "application/json",
        },
    )
    said = ""
    for _ in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=60):
                return
        except urllib.error.HTTPError as error:
            said = f"{error.code} {error.read().decode(errors='replace')}"
            if error.code not in NOT_YET:
                break
        except OSError as error:
            said = str(error)
        time.sleep(5)
    sys.exit(f"{request.full_url}: {said}")


if __name__ == "__main__":
    main()
