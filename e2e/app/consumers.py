"""Consume from a real RabbitMQ that is killed meanwhile: no message is lost.

consumers.py [PLATC]     the compiler to use; without, that of this checkout

The broker is Debian's under the emitted definitions.json; publisher and consumer are processes that
use the emitted src/deps.py as code of one's own does, with the emitted credentials.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import trees
from waiting import free_port

ARCHITECTURE = """package consumers

name: "consumers"
components: {
	orders: {
		kind: "fastapi", namespace: "orders", port: 8080
		links: {"bus/exchange/shop": {}, "bus/queue/placed": {}, "bus/queue/failed": access: "read"}
	}
	bus: {
		kind: "rabbitmq", namespace: "data"
		exchange: shop: links: "bus/queue/placed": routing_key: "order.*"
		queue: {placed: dead_letter: "failed", failed: {}}
	}
}
"""
MESSAGES = 2000

PUBLISH = """
import asyncio
from src.deps import Unavailable, publisher, run

async def main():
    async with publisher("shop").opened() as shop:
        for number in range({messages}):
            while True:
                try:
                    await shop.publish({{"number": number}}, "order.placed")
                    break
                except Unavailable:
                    await asyncio.sleep(0.2)

run(main())
"""
# Every hundredth message is refused, and another one fails each time.
CONSUME = """
import asyncio
from src import consuming
from src.deps import Message, Reject, consume, queue, run

consuming.PAUSE_FIRST = 0.2

async def handle(message: Message) -> None:
    number = message.json()["number"]
    if number % 100 == 7:
        raise Reject("never")
    if number % 100 == 8:
        raise ValueError("each time")
    await asyncio.sleep(0.02)
    with open({done!r}, "a") as file:
        file.write(f"{{number}}\\n")

run(consume(queue({queue!r}), handle, attempts=3))
"""
COLLECT = """
from src.deps import Message, consume, queue, run

async def handle(message: Message) -> None:
    with open({done!r}, "a") as file:
        file.write(f"{{message.json()['number']}}\\n")

run(consume(queue("failed"), handle))
"""


def wait_for(what: str, ready: Callable[[], bool], progress: Callable[[], object]) -> None:
    """Wait until something is so, for as long as there is progress."""
    seen, since = progress(), time.monotonic()
    while not ready():
        if (now := progress()) != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() > since + 60:
            raise RuntimeError(f"{what}: nothing moves any more, at {seen}")
        time.sleep(0.3)


class Broker:
    """The broker under the emitted definitions."""

    def __init__(self, home: Path, definitions: str) -> None:
        """Prepare its folder; nothing runs yet."""
        self.home = home
        self.port = free_port()
        home.mkdir()
        (home / "definitions.json").write_text(definitions)
        (home / "rabbitmq.conf").write_text(f"load_definitions = {home}/definitions.json\n")
        (home / "plugins").write_text("[].\n")
        for path in (home, *home.iterdir()):
            shutil.chown(path, "rabbitmq", "rabbitmq")
        self.node = {
            "RABBITMQ_NODENAME": f"consumers{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home),
            "RABBITMQ_LOG_BASE": str(home),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "HOME": str(home),
            "PATH": os.environ["PATH"],
        }
        # Erlang's port mapper would stay behind if the broker started it.
        self.mapper = self.spawn("epmd")

    def spawn(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a process of the broker's account, in a group of its own."""
        user = pwd.getpwnam("rabbitmq")
        log = (self.home / "log").open("ab")
        return subprocess.Popen(
            words, env=self.node, stdout=log, stderr=log, cwd=self.home,
            user=user.pw_uid, group=user.pw_gid, start_new_session=True,
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self.server = self.spawn("/usr/lib/rabbitmq/bin/rabbitmq-server")
        wait_for("RabbitMQ", self.listens, lambda: (self.home / "log").stat().st_size)

    def listens(self) -> bool:
        """Say whether the port is open."""
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """End it as a crash does."""
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def end(self) -> None:
        """End what runs here."""
        self.kill()
        self.mapper.terminate()
        self.mapper.wait()


class Code:
    """Code of one's own in the emitted application."""

    def __init__(self, folder: Path, python: Path, variables: dict[str, str]) -> None:
        """Keep how it is run."""
        self.folder = folder
        self.python = python
        self.variables = variables
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, text: str) -> subprocess.Popen[bytes]:
        """Run a text as a process."""
        log = (self.folder / "log").open("ab")
        process = subprocess.Popen(
            [self.python, "-c", text], env=self.variables, stdout=log, stderr=log, cwd=self.folder
        )
        self.running.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a process to end, and demand that it does so by itself."""
        process.terminate()
        if (code := process.wait(60)) != 0:
            raise RuntimeError(f"after SIGTERM, exit code {code}")
        self.running.remove(process)


def numbers(path: Path) -> Counter[int]:
    """Return how often each message was written down."""
    return Counter(int(line) for line in path.read_text().split()) if path.exists() else Counter()


def prove(code: Code, broker: Broker, home: Path) -> None:
    """Publish and consume while the broker is killed, and compare."""
    done, dead = home / "done", home / "dead"
    poison = {n for n in range(MESSAGES) if n % 100 in (7, 8)}
    broker.start()
    publisher = code.start(PUBLISH.format(messages=MESSAGES))
    consumer = code.start(CONSUME.format(queue="placed", done=str(done)))
    for part in (1, 2, 3):
        wait_for("consumer", more_than(done, part * MESSAGES // 5), done_of(done))
        broker.kill()
        broker.start()
        print(f"killed after {len(numbers(done))} messages")
    code.end(consumer)
    consumer = code.start(CONSUME.format(queue="placed", done=str(done)))
    wait_for("all", lambda: len(numbers(done)) == MESSAGES - len(poison), done_of(done))
    if publisher.wait(60) != 0:
        raise RuntimeError("the publisher failed")
    collector = code.start(COLLECT.format(done=str(dead)))
    wait_for("dead letters", lambda: set(numbers(dead)) == poison, done_of(dead))
    for process in (consumer, collector):
        code.end(process)
    twice = sum(numbers(done).values()) - len(numbers(done))
    if set(numbers(done)) & poison:
        raise RuntimeError("a message that failed counts as done")
    print(f"{len(numbers(done))} done, {twice} of them twice; {len(numbers(dead))} dead letters")


def more_than(path: Path, goal: int) -> Callable[[], bool]:
    """Return a function that says whether more messages than these are written down."""
    return lambda: len(numbers(path)) > goal


def done_of(path: Path) -> Callable[[], object]:
    """Return a function that says how far the consumer is."""
    return lambda: path.stat().st_size if path.exists() else 0


def main() -> None:
    """Do it in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="platc-consumers-"))
    home.chmod(0o755)
    folder = home / "tree"
    folder.mkdir()
    platc = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else trees.build_platc(home)
    (folder / "arch.cue").write_text(ARCHITECTURE)
    trees.command(platc, "build", "--quiet", cwd=folder)
    where = trees.command(trees.ROOT / "e2e" / "binaries" / "build.sh", "--where", "sops").strip()

    def opened(component: str, name: str) -> str:
        path = folder / "out" / component / "k8s" / "deploy" / "base" / "secret" / name
        key = str(folder / ".platc" / "dev.agekey")
        return trees.command(Path(where) / "sops", "-d", path, SOPS_AGE_KEY_FILE=key)

    graph = trees.Graph("consumers", folder, {"orders": "fastapi", "bus": "rabbitmq"})
    environment = trees.fitting_environment([graph]) or trees.virtual_environment([graph])
    broker = Broker(home / "bus", opened("bus", "definitions.json"))
    lines = [line for line in opened("orders", "cloud.env").splitlines() if "=" in line]
    variables = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    variables |= {"PORT": "8080", "APP_NAME": "orders", "APP_VERSION": "1.0.0"}
    variables |= {"RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": str(broker.port)}
    code = Code(folder / "out" / "orders", environment / "bin" / "python", variables)
    try:
        prove(code, broker, home)
    except BaseException:
        print(json.dumps((code.folder / "log").read_text()[-4000:]), file=sys.stderr)
        raise
    finally:
        for process in code.running:
            process.kill()
            process.wait()
        broker.end()
    shutil.rmtree(home)


main()
