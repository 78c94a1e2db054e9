"""How long the emitted clients need after a server takes connections again.

A client is watched from before the loss, with the connections that it had: routes of the
application by HTTP, clients without routes in a process of their own in the application's pod.
The times are printed. Only that there is an end is demanded: a busy machine is slow.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable

from application import Application
from pods import Pod
from providers import Provider
from waiting import OVERALL, Failure, until

PAUSE = 0.05
# Uses the client once, waits for the word that the server is lost, and says when it is used again.
# The clock is the same for all processes of a machine.
WATCH = """
import asyncio, sys, time
sys.path.insert(0, "/app")
from src.main import create_app
async def main():
    app = create_app()
    async with app.router.lifespan_context(app):
{}
        await use()
        print("used", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        while True:
            try:
                await use()
                break
            except Exception as error:
                print(type(error).__name__, flush=True)
                await asyncio.sleep({})
        print("again", time.monotonic(), flush=True)
asyncio.run(main())
"""
USE_REDIS = """
        from src.redis_client import connect
        async def use():
            store = connect(app, "{}")
            await store.redis.set(store.key("recovery"), "1", ex=60)
"""
USE_CELERY = """
        from src.celery_app import send_task
        def call():
            send_task(app, "src.tasks.echo", "ping"){}
        async def use():
            await asyncio.to_thread(call)
"""


class Route:
    """A route that goes to the server."""

    def __init__(self, what: str, ask: Callable[[], bool]) -> None:
        """Keep how it is asked."""
        self.what = what
        self.ask = ask
        self.at = 0.0
        self.error = ""
        self.thread = threading.Thread(target=self.run, daemon=True)

    def begin(self) -> None:
        """Ask until it answers, now that the server is lost."""
        self.thread.start()

    def run(self) -> None:
        """Ask until it answers."""
        try:
            until(self.what, self.ask, pause=PAUSE)
            self.at = time.monotonic()
        except Exception as error:  # Whatever it is, it is told where it is waited for.
            self.error = str(error)

    def end(self) -> float:
        """Return when it answered."""
        self.thread.join(2 * OVERALL)
        if not self.at:
            raise Failure(self.error or f"{self.what} has no end")
        return self.at


class Script:
    """A client in a process of its own."""

    def __init__(self, what: str, pod: Pod, use: str) -> None:
        """Start the process, and let it use the client once."""
        self.what = what
        self.process = subprocess.Popen(
            pod.inside("python", "-c", WATCH.format(use.strip("\n"), PAUSE)),
            env=pod.main().environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line == "used\n":
                return
        raise Failure(f"{what}: the client has ended with {self.process.wait()}")

    def begin(self) -> None:
        """Say that the server is lost."""
        assert self.process.stdin is not None
        self.process.stdin.write("lost\n")
        self.process.stdin.flush()

    def end(self) -> float:
        """Return when the client was used again."""
        ending = threading.Timer(OVERALL, self.process.kill)
        ending.start()
        assert self.process.stdout is not None
        try:
            for line in self.process.stdout:
                if line.startswith("again "):
                    self.process.wait()
                    return float(line.split()[1])
        finally:
            ending.cancel()
        raise Failure(f"{self.what} does not come back")


class Recovery:
    """What is watched over one loss."""

    def __init__(self, provider: Provider) -> None:
        """Watch nothing yet."""
        self.server = Route(f"an answer of {provider.component}", provider.accepts)
        self.clients: list[Route | Script] = []

    def route(self, what: str, ask: Callable[[], bool]) -> None:
        """Watch a route."""
        self.clients.append(Route(what, ask))

    def redis(self, app: Application, component: str) -> None:
        """Watch the client of a Redis."""
        what = f"{app.name}: a key"
        self.clients.append(Script(what, app.pod, USE_REDIS.format(component)))

    def celery(self, app: Application, results: bool) -> None:
        """Watch a task: who sends it, and with results the worker and who waits for one."""
        what = f"{app.name}: " + ("a task's result" if results else "a task that is sent")
        wait = f".get(timeout={OVERALL})" if results else ""
        self.clients.append(Script(what, app.pod, USE_CELERY.format(wait)))

    def begin(self) -> None:
        """Begin, now that the server is lost."""
        for item in (self.server, *self.clients):
            item.begin()

    def end(self) -> str:
        """Return how long each needed once the server took connections again."""
        back = self.server.end()
        said = [f"{item.what} after {max(item.end() - back, 0):.1f} s" for item in self.clients]
        return f"recovered: {', '.join(said)}" if said else ""
