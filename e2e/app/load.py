"""Clients that load an application: many at once, slow ones, and such that never stop."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from waiting import CALL, OVERALL, Failure

# How often a request is put off, as Retry-After says, until it counts as failed.
PATIENCE = 10


def headers_of(key: str) -> dict[str, str]:
    """Return the headers of a request."""
    return {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}


class Slow:
    """A request whose body comes in two parts: accepted, and not yet answered."""

    def __init__(self, host: str, key: str, method: str, path: str, body: bytes) -> None:
        """Send the first part."""
        body = body.replace(b"NAME", uuid.uuid4().hex.encode())
        self.rest = body[len(body) // 2 :]
        self.connection = http.client.HTTPConnection(host, 80, timeout=CALL)
        self.connection.putrequest(method, path)
        for name, value in headers_of(key).items():
            self.connection.putheader(name, value)
        self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body[: len(body) // 2])

    def finish(self) -> None:
        """Send the second part."""
        self.connection.send(self.rest)

    def status(self) -> int:
        """Return the status of the answer, read to its end; 0 where it is cut off."""
        try:
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        return answer.status


def finish(requests: list[Slow]) -> None:
    """Send the rest of each."""
    for request in requests:
        request.finish()


class Background:
    """Clients that open a connection for each request, until they are refused one."""

    def __init__(self, host: str, key: str, path: str, clients: int = 8) -> None:
        """Start them."""
        self.host, self.key, self.path = host, key, path
        self.served = 0
        self.cut: list[str] = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self) -> None:
        """Ask until no connection is to be had."""
        while True:
            connection = http.client.HTTPConnection(self.host, 80, timeout=CALL)
            try:
                connection.connect()
            except OSError:
                return
            try:
                connection.request("GET", self.path, headers=headers_of(self.key))
                answer = connection.getresponse()
                answer.read()
                problem = "" if answer.status == 200 else str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            finally:
                connection.close()
            with self.lock:
                if problem:
                    self.cut.append(problem)
                else:
                    self.served += 1

    def stop(self) -> tuple[int, list[str]]:
        """Wait for their end; return how many were served, and what was cut off."""
        for thread in self.threads:
            thread.join(OVERALL)
            if thread.is_alive():
                raise Failure("a client beside the end is neither served nor refused")
        return self.served, self.cut


@dataclass
class Result:
    """What a load gave."""

    requests: int = 0
    put_off: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    warm: int = 0
    last: int = 0
    errors: list[str] = field(default_factory=list)


def run(
    host: str,
    key: str,
    routes: list[tuple[str, str, bytes]],
    clients: int,
    seconds: float,
    resident: Callable[[], int],
) -> Result:
    """Let clients ask the routes in turn; 4xx and 5xx are errors.

    But a client comes again where it is told to (503 with Retry-After), as a slow machine has to
    tell some of them.
    """
    result = Result()
    lock = threading.Lock()
    begun = time.monotonic()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(host, 80, timeout=CALL)
        turn = number
        refused = 0
        while time.monotonic() - begun < seconds:
            method, path, body = routes[turn % len(routes)]
            if body == b"ITEM":
                body = json.dumps({"name": str(uuid.uuid4()), "payload": {"load": 1}}).encode()
            at = time.monotonic()
            try:
                connection.request(method, path, body or None, headers_of(key))
                answer = connection.getresponse()
                answer.read()
                problem = "" if answer.status < 400 else f"{method} {path}: {answer.status}"
                again = answer.getheader("Retry-After") if answer.status == 503 else None
            except (OSError, http.client.HTTPException) as error:
                problem = f"{method} {path}: {error!r}"
                again = None
                connection.close()
            refused = refused + 1 if again else 0
            if again and refused < PATIENCE:
                with lock:
                    result.put_off += 1
                time.sleep(min(float(again), 1.0))
                continue
            turn += 1
            with lock:
                result.requests += 1
                result.slowest = max(result.slowest, time.monotonic() - at)
                if problem:
                    result.errors.append(problem)
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(min(5.0, seconds / 2))
    result.warm = resident()
    for thread in threads:
        thread.join()
    result.seconds = time.monotonic() - begun
    result.last = resident()
    return result
