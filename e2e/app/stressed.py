"""Slow clients, and servers that stand still, locked or full: what an emitted application does.

stressed.py SETTINGS.json        in a machine of its own (world.py); stress.py calls it

Every answer has an end: 200, or 503 with Retry-After. Other backends, and routes that need none,
answer meanwhile. Afterwards all is as before, without a thread or a connection more.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import prove
from application import Application, same, true
from pods import Pod
from providers import Postgresql
from routes import API
from waiting import CALL, until

# What an answer may take where nothing else happens; a busy machine makes it longer, never endless.
SLOW = 20
MEGABYTE = 1024 * 1024
OBJECT = f"{API}/minio/pictures/objects/big"


def descendants(pods: list[Pod]) -> list[int]:
    """Return the processes of pods, with those that have left their group."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # It has just ended.
            continue
        parents[int(path.parent.name)] = int(fields[1])
    roots = {item.process.pid for pod in pods for item in pod.containers if item.process}
    found = []
    for number in parents:
        above = number
        while above and above not in roots:
            above = parents.get(above, 0)
        if above:
            found.append(number)
    return found


@contextmanager
def standing(pods: list[Pod]) -> Iterator[None]:
    """Let every process of some pods stand still during the block."""
    stopped = descendants(pods)
    for number in stopped:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in stopped:
            os.kill(number, signal.SIGCONT)


class Raw:
    """A request by hand: one that is neither read nor finished."""

    def __init__(
        self, app: Application, method: str, path: str, *lines: str, body: bytes = b""
    ) -> None:
        """Send the head, and what there is of a body."""
        self.socket = socket.socket()
        # Before it connects: it bounds what the server can send ahead.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(CALL)
        self.socket.connect((app.host, 80))
        head = [f"{method} {path} HTTP/1.1", f"Host: {app.host}", f"X-API-Key: {app.key}", *lines]
        self.socket.sendall("\r\n".join([*head, "", ""]).encode() + body)

    def status(self) -> int:
        """Return the status of the answer."""
        return int(self.socket.recv(64).split()[1])

    def close(self) -> None:
        """Go away."""
        self.socket.close()


class Stress(prove.Proof):
    """The application under what clients and servers do to it."""

    app: Application
    stock: Application
    stock_pods: list[Pod]

    def questions(self) -> dict[str, tuple[str, list[Pod]]]:
        """Return, by backend, a path that asks it, and the pods of its server."""
        servers = {name: provider.pods for name, provider in self.providers.items()}
        return {
            "postgresql": (f"{API}/postgresql/orders/items", servers["db"]),
            "own SQL": (f"{API}/tools/row", servers["db"]),
            "mongodb": (f"{API}/mongodb/catalog/count", servers["docs"]),
            "rabbitmq": (f"{API}/rabbitmq/queues/jobs/info", servers["bus"]),
            "minio": (f"{API}/minio/pictures/exists", servers["files"]),
            "kafka": (f"{API}/kafka/topics/placed/info", servers["events"]),
            "redis": (f"{API}/tools/key", servers["cache"]),
            "celery": (f"{API}/tools/task", servers["cache"]),
            "clients": (f"{API}/tools/stock", self.stock_pods),
        }

    def ask(self, path: str) -> tuple[int, float]:
        """Return status and time of a request: 200, or 503 that says when to come again."""
        begun = time.monotonic()
        answer = self.app.http.get(path)
        took = time.monotonic() - begun
        true(f"{path}: {answer.status_code} {answer.text[:200]}", answer.status_code in (200, 503))
        if answer.status_code == 503:
            true(f"{path}: Retry-After", answer.headers.get("retry-after", "").isdigit())
        return answer.status_code, took

    def many(self, path: str, count: int) -> list[tuple[int, float]]:
        """Ask many times at once."""
        with concurrent.futures.ThreadPoolExecutor(count) as threads:
            return list(threads.map(self.ask, [path] * count))

    def others(self, without: list[Pod]) -> float:
        """Demand an answer of every other backend, and of what needs none; return the slowest."""
        slowest = 0.0
        for name, (path, pods) in {**self.questions(), "none": (f"{API}/tools/quick", [])}.items():
            if pods is not without:
                status, took = self.ask(path)
                same(f"{name} beside it", status, 200)
                slowest = max(slowest, took)
        self.app.call(200, "GET", "/health")
        self.app.call(200, "GET", "/ready")
        return slowest

    def back(self) -> None:
        """Wait until every backend answers again."""
        self.app.ready()
        for name, (path, _) in self.questions().items():
            until(f"{name} again", partial(self.answers, path))

    def answers(self, path: str) -> bool:
        """Return whether a backend answers."""
        return self.ask(path)[0] == 200

    # --- what is held ---------------------------------------------------------------------------

    def held(self) -> tuple[int, int]:
        """Return how many threads and open files the application's process has."""
        process = self.app.pod.main().process
        assert process is not None
        folder = Path(f"/proc/{process.pid}")
        return len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir()))

    def measure(self) -> str:
        """Use everything as much as it can be used at once, so that what follows adds nothing."""
        found: Counter[str] = Counter()
        for name, (path, _) in self.questions().items():
            for status, _ in self.many(path, 60):
                found[f"{name} {status}"] += 1
        self.back()
        time.sleep(2)
        self.threads, self.files = self.held()
        said = ", ".join(f"{count} x {name}" for name, count in sorted(found.items()))
        return f"{self.threads} threads, {self.files} files; {said}"

    def nothing_left(self) -> str:
        """Wait until there is no thread and no connection more than before."""
        until(
            f"{self.threads} threads and {self.files} files at most",
            lambda: self.held()[0] <= self.threads and self.held()[1] <= self.files,
            self.held,
        )
        return "{} threads, {} files".format(*self.held())

    # --- steps ----------------------------------------------------------------------------------

    def start_all(self) -> None:
        """Start the applications."""
        by_name = {app.name: app for app in self.applications}
        self.app, self.stock = by_name["shop"], by_name["stock"]
        self.stock_pods = [self.stock.pod]
        for app in self.applications:
            app.start()

    def stopped(self, name: str) -> str:
        """A server stands still: its routes end, the others do not notice, and all comes back."""
        path, pods = self.questions()[name]
        with standing(pods), concurrent.futures.ThreadPoolExecutor(1) as threads:
            asked = threads.submit(self.many, path, 40)
            time.sleep(1)
            slowest = self.others(pods)
            answers = asked.result()
            same("answers of a server that stands still", {status for status, _ in answers}, {503})
        self.back()
        longest = max(took for _, took in answers)
        return f"the last answer after {longest:.1f} s; others within {slowest:.1f} s"

    def locked(self) -> str:
        """A locked table: the rest of the database, and of the application, goes on."""
        server = self.providers["db"]
        assert isinstance(server, Postgresql)
        path, pods = self.questions()["postgresql"]
        connection = server.connect("orders")
        try:
            connection.autocommit = False
            connection.cursor().execute("LOCK TABLE app.items")
            with concurrent.futures.ThreadPoolExecutor(1) as threads:
                asked = threads.submit(self.many, path, 60)
                time.sleep(1)
                slowest = self.others(pods)
                time.sleep(5)
                true("a server with a locked table answers", self.healthy("postgresql"))
                answers = asked.result()
        finally:
            connection.close()
        same("answers of a locked table", {status for status, _ in answers}, {503})
        at_once = sum(took < SLOW / 4 for _, took in answers)
        self.back()
        return f"{at_once} of {len(answers)} refused at once; others within {slowest:.1f} s"

    def healthy(self, module: str) -> bool:
        """Return what /health says of a module, once /ready has looked."""
        self.app.http.get("/ready")
        return bool(self.app.call(200, "GET", "/health")["services"][module])

    def slow_readers(self) -> str:
        """Clients that do not read their downloads keep nobody from the bucket."""
        self.app.call(201, "PUT", OBJECT, content=os.urandom(9 * MEGABYTE))
        with ExitStack() as stack:
            for _ in range(30):
                stack.callback(Raw(self.app, "GET", OBJECT).close)
            time.sleep(1)
            beside = {status for status, _ in self.many(self.questions()["minio"][0], 8)}
            same("questions beside them", beside, {200})
            self.others([])
            for _ in range(4):
                stack.callback(Raw(self.app, "GET", OBJECT).close)
            time.sleep(1)
            status, _ = self.ask(OBJECT)
            same("one download too many", status, 503)
        until("a download", partial(self.answers, OBJECT))
        self.ranges()
        self.back()
        return "34 readers"

    def ranges(self) -> None:
        """A part of an object, and its headers alone."""
        whole = self.app.http.get(OBJECT).content
        for asked, found in (
            ("bytes=10-19", whole[10:20]),
            ("bytes=-5", whole[-5:]),
        ):
            part = self.app.http.get(OBJECT, headers={"Range": asked})
            same(asked, (part.status_code, part.content), (206, found))
        too_far = self.app.http.get(OBJECT, headers={"Range": f"bytes={len(whole)}-"})
        same("a range behind the end", too_far.status_code, 416)
        head = self.app.http.head(OBJECT)
        same("HEAD", (head.status_code, head.headers["content-length"]), (200, str(len(whole))))

    def slow_writers(self) -> str:
        """Clients whose upload stops keep nobody from uploading, and are told."""
        lengths = f"Content-Length: {2 * MEGABYTE}"
        with ExitStack() as stack:
            slow = [
                Raw(self.app, "PUT", f"{OBJECT}-{number}", lengths, body=b"x" * (MEGABYTE // 2))
                for number in range(4)
            ]
            idle = [Raw(self.app, "PUT", f"{OBJECT}-idle", lengths, body=b"x") for _ in range(20)]
            for item in (*slow, *idle):
                stack.callback(item.close)
            time.sleep(1)
            self.app.call(201, "PUT", f"{API}/minio/pictures/objects/small", content=b"small")
            until("a large upload", lambda: self.upload() == 201)
            same("what slow clients are told", {item.status() for item in (*slow, *idle)}, {408})
        self.back()
        return "24 writers"

    def upload(self) -> int:
        """Return the status of a large upload."""
        return self.app.status("PUT", f"{OBJECT}-other", content=b"x" * MEGABYTE)

    def told(self) -> str:
        """The log names what was lost and why, and holds no secret."""
        text = self.app.pod.main().log.read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        found = {line["component"] for line in lines if line.get("error")}
        missing = {"db", "docs", "bus", "files", "events", "cache", "worker"} - found
        same("backends whose loss is not in the log", missing, set())
        secrets = [
            part
            for name, value in self.app.environment.items()
            if name.endswith(("DATABASES", "BUCKETS", "PASSWORD", "API_KEY"))
            for part in value.replace(";", ":").split(":")
            if len(part) >= 20
        ]
        same("secrets in the log", [item for item in secrets if item in text], [])
        access = [line for line in lines if line["logger"] == "access"]
        true("access lines have fields", access and {"status", "duration_ms"} <= set(access[0]))
        return f"{len(found)} components"

    def ends(self) -> str:
        """With every server standing still and requests under way, SIGTERM ends the process."""
        pods = [pod for provider in self.providers.values() for pod in provider.pods]
        with standing([*pods, self.stock.pod]):
            asked = [
                threading.Thread(target=self.app.status, args=("GET", path), daemon=True)
                for path, _ in self.questions().values()
                for _ in range(8)
            ]
            for thread in asked:
                thread.start()
            time.sleep(2)
            begun = time.monotonic()
            codes = self.app.pod.stop(pre_stop=True)
            took = time.monotonic() - begun
        return f"{codes['app']} after {took:.1f} s"

    def run(self) -> None:
        """Every step."""
        for name, begin in (("deploy.sh", self.deploy), ("start", self.start_all)):
            if not self.step(name, begin):
                return
        if not self.start_servers() or not self.step("ready by itself", self.app.ready):
            return
        self.step("everything at once", self.measure)
        for name in self.questions():
            self.step(f"{name} stands still", partial(self.stopped, name))
        steps: list[tuple[str, Callable[[], object]]] = [
            ("a locked table", self.locked),
            ("slow readers", self.slow_readers),
            ("slow writers", self.slow_writers),
            ("nothing is left", self.nothing_left),
            ("the log", self.told),
            ("SIGTERM while everything stands still", self.ends),
        ]
        for name, proof in steps:
            self.step(name, proof)


def main() -> int:
    """Run the steps of the settings in a machine."""
    proof = Stress(prove.entered(Path(sys.argv[1])))
    proof.run()
    print(f"== stress: {proof.steps - proof.failures} of {proof.steps} steps passed")
    return 1 if proof.failures else 0


if __name__ == "__main__":
    sys.exit(main())
