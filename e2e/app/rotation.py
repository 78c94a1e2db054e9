"""Rotate the credentials of a tree, and ask real servers who may log in before and after.

rotation.py [PLATC]     the compiler to use; without, that of this checkout

The servers are Debian's, each under what is emitted: Redis with start.sh, RabbitMQ with
server.json. They run from the first rotation to the last; what their bootstrap Jobs run is run
again.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

import trees
from waiting import free_port

ARCHITECTURE = """package rotation

name: "rotation"
components: {
	orders: {
		kind: "fastapi", namespace: "orders", port: 8080
		links: {"db/orders": {}, "db/stock": {access: "read"}, cache: {}, "bus/mails": {}}
	}
	db: {kind: "postgresql", namespace: "data", database: {orders: {}, stock: {}}}
	cache: {kind: "redis", namespace: "data"}
	bus: {kind: "rabbitmq", namespace: "data", queue: mails: {}}
}
"""
Login = tuple[str, str]


def succeeds(*words: str, account: str = "nobody", **extra: str) -> bool:
    """Say whether a command does."""
    done = subprocess.run(
        words,
        env={**os.environ, **extra},
        user=account,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode == 0


def wait_for(what: str, ready: Callable[[], bool]) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + 90
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} does not answer")
        time.sleep(0.3)


class Tree:
    """The output, and what is in its secrets."""

    def __init__(self, folder: Path, platc: Path) -> None:
        """Build it."""
        self.folder = folder
        self.platc = platc
        sops = trees.ROOT / "e2e" / "binaries" / "build.sh"
        self.sops = Path(trees.command(sops, "--where", "sops").strip()) / "sops"
        (folder / "arch.cue").write_text(ARCHITECTURE)
        trees.command(platc, "build", "--quiet", cwd=folder)

    def base(self, component: str) -> Path:
        """Return the folder of a component's manifests."""
        return self.folder / "out" / component / "k8s" / "deploy" / "base"

    def opened(self, path: Path) -> str:
        """Decrypt a file."""
        key = str(self.folder / ".platc" / "dev.agekey")
        return trees.command(self.sops, "-d", path, SOPS_AGE_KEY_FILE=key)

    def variables(self, component: str, name: str) -> dict[str, str]:
        """Return the variables of a secret file."""
        lines = self.opened(self.base(component) / "secret" / name).splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def logins(self) -> dict[str, Login]:
        """Return what each server is logged in to with, by its name or that of the database."""
        own = self.variables("orders", "cloud.env")
        records = [record.split(":") for record in own["POSTGRES_DATABASES"].split(";")]
        found = {database: (user, password) for _, user, password, database in records}
        found["cache"] = own["REDIS_USERNAME"], own["REDIS_PASSWORD"]
        found["bus"] = own["RABBITMQ_USER"], own["RABBITMQ_PASSWORD"]
        found["postgres"] = "postgres", self.variables("db", "postgresql.env")["POSTGRES_PASSWORD"]
        return found

    def rotate(self) -> None:
        """Give every credential a new text."""
        trees.command(self.platc, "secrets", "rotate", cwd=self.folder)


class Servers:
    """The servers of one tree, and how they take its changes over."""

    def __init__(self, tree: Tree, home: Path) -> None:
        """Prepare ports and folders."""
        self.tree = tree
        self.home = home
        self.running: list[subprocess.Popen[bytes]] = []
        self.restarted: dict[str, subprocess.Popen[bytes]] = {}
        self.secrets: dict[str, str] = {}
        self.postgresql, self.redis = free_port(), free_port()
        self.amqp, self.api = free_port(), free_port()
        self.binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.node = {
            "RABBITMQ_NODENAME": f"rotation{self.amqp}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.amqp),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "bus"),
            "RABBITMQ_LOG_BASE": str(home / "bus"),
            "RABBITMQ_CONFIG_FILE": str(home / "bus" / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "bus" / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "HOME": str(home / "bus"),
        }

    def start(self, account: str, *words: str | Path, **extra: str) -> subprocess.Popen[bytes]:
        """Start a server under an account of its own."""
        user = pwd.getpwnam(account)
        log = (self.home / f"{account}.log").open("ab")
        started = subprocess.Popen(
            [str(word) for word in words],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **extra},
            stdout=log,
            stderr=log,
            user=user.pw_uid,
            group=user.pw_gid,
            cwd=self.home,
        )
        self.running.append(started)
        return started

    def end(self, server: subprocess.Popen[bytes]) -> None:
        """End a server that was started here."""
        server.terminate()
        server.wait(60)
        self.running.remove(server)

    def begin(self) -> None:
        """Start everything for the first time."""
        for account, name in (("postgres", "db"), ("redis", "cache"), ("rabbitmq", "bus")):
            (self.home / name).mkdir()
            shutil.chown(self.home / name, account, account)
        data, secret = self.home / "db" / "data", self.home / "db" / "password"
        secret.write_text(self.tree.logins()["postgres"][1])
        shutil.chown(secret, "postgres")
        made = self.start(
            "postgres", self.binaries / "initdb", "-D", data, "-U", "postgres", "--no-sync",
            "--auth=scram-sha-256", f"--pwfile={secret}",
        )  # fmt: skip
        if made.wait(60) != 0:
            raise RuntimeError((self.home / "postgres.log").read_text())
        self.start(
            "postgres", self.binaries / "postgres", "-D", data, "-p", str(self.postgresql),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.home}/db",
            "-c", "fsync=off",
        )  # fmt: skip
        # Erlang's port mapper would stay behind if the broker started it.
        self.start("rabbitmq", "epmd", **self.node)
        bus, cache = self.home / "bus", self.tree.base("cache")
        (bus / "rabbitmq.conf").write_text(
            f"load_definitions = {bus}/server.json\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.api}\n"
        )
        (bus / "plugins").write_text("[rabbitmq_management].\n")
        shutil.copytree(cache / "config", self.home / "cache" / "config")
        self.roll_out()

    def restart(self, name: str) -> None:
        """Start Redis or the broker with its Secret of now, and with what is on its volume."""
        if name in self.restarted:
            self.end(self.restarted[name])
        if name == "cache":
            self.restarted[name] = self.start(
                "redis", "/bin/sh", self.home / "cache" / "config" / "start.sh",
                *("--port", str(self.redis), "--bind", "127.0.0.1"),
                DATA=str(self.home / "cache"), **self.tree.variables("cache", "redis.env"),
            )  # fmt: skip
            return
        own = self.tree.opened(self.tree.base("bus") / "secret/server.json")
        (self.home / "bus" / "server.json").write_text(own)
        self.restarted[name] = self.start(
            "rabbitmq", "/usr/lib/rabbitmq/bin/rabbitmq-server", **self.node
        )

    def roll_out(self) -> None:
        """Do what a roll-out does: a server whose Secret has changed restarts, Jobs run twice."""
        for name, file in (("cache", "redis.env"), ("bus", "server.json")):
            own = self.tree.opened(self.tree.base(name) / "secret" / file)
            if self.secrets.get(name) != own:
                self.secrets[name] = own
                self.restart(name)
        for _ in range(2):
            self.bootstrap("db", "postgresql.env", "roles.env", PGPORT=str(self.postgresql))
            self.bootstrap("cache", "redis.env", "users.env", REDIS_PORT=str(self.redis))
            api = f"http://127.0.0.1:{self.api}/api"
            self.bootstrap("bus", "rabbitmq.env", RABBITMQ_API=api)

    def bootstrap(self, component: str, *files: str, **extra: str) -> None:
        """Run the command of an emitted Job with its environment."""
        base = self.tree.base(component)
        objects = yaml.safe_load_all((base / "jobs/bootstrap.yaml").read_text())
        job = next(item for item in objects if item["kind"] == "Job")
        container = job["spec"]["template"]["spec"]["containers"][0]
        values: dict[str, str] = {}
        for name in files:
            values |= self.tree.variables(component, name)
        for item in container["env"]:
            reference = item.get("valueFrom", {}).get("secretKeyRef")
            values[item["name"]] = values[reference["key"]] if reference else item["value"]
        values |= {"PGHOST": "127.0.0.1", "REDIS_HOST": "127.0.0.1", **extra}
        secret = self.home / component / "secret"
        secret.mkdir(exist_ok=True)
        for path in (base / "secret").glob("*.json"):
            (secret / path.name).write_text(self.tree.opened(path))
        folders = {"/bootstrap/": f"{base}/config/", "/secret/": f"{secret}/"}
        words = container["command"]
        for inside, outside in folders.items():
            words = [word.replace(inside, outside) for word in words]
        words = [sys.executable if word == "python" else word for word in words]
        trees.command(*words, cwd=self.home, **values)

    def accepts(self, name: str, login: Login) -> bool:
        """Say whether a server lets somebody in."""
        user, password = login
        if name == "cache":
            words = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.redis), "--user", user]
            done = subprocess.run(
                [*words, "SET", "orders:e2e", "1"],
                env={**os.environ, "REDISCLI_AUTH": password},
                capture_output=True,
                text=True,
                check=False,
            )
            return done.stdout.strip() == "OK"
        if name == "bus":
            return succeeds(
                *("/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", "authenticate_user", user, password),
                account="rabbitmq",
                **self.node,
            )
        return succeeds(
            *("psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(self.postgresql)),
            *("-U", user, "-d", name, "-c", "SELECT" if name == "postgres" else QUERY),
            PGPASSWORD=password,
        )


QUERY = "SELECT count(*) FROM app.items"


def prove(tree: Tree, servers: Servers) -> None:
    """Rotate three times: who was let in before still is, who was before that is not."""
    servers.begin()
    history = [tree.logins()]
    for number in range(4):
        if number > 0:
            tree.rotate()
            history.append(tree.logins())
            servers.roll_out()
        # What a Job has set outlives the server.
        servers.restart("cache")
        wait_for("Redis", lambda: servers.accepts("cache", tree.logins()["cache"]))
        for name, login in history[-1].items():
            for age, logins in enumerate(reversed(history)):
                # The superuser has no second password; nobody but the Job logs in as that.
                valid = age == 0 if name == "postgres" else age <= 1
                if servers.accepts(name, logins[name]) != valid:
                    raise RuntimeError(
                        f"rotation {number}: {name} {'refuses' if valid else 'accepts'}"
                        f" {logins[name][0]} of {age} rotations before"
                    )
                if age > 0 and logins[name] == login:
                    raise RuntimeError(f"rotation {number}: {name} has a login of before")
        print(f"rotation {number}: {json.dumps({k: v[0] for k, v in history[-1].items()})}")


def restore(tree: Tree, servers: Servers) -> None:
    """Dump a database and restore it as docs/guides/restore.md says; its application goes on."""
    user, password = tree.logins()["orders"]
    postgres = {"PGHOST": "127.0.0.1", "PGPORT": str(servers.postgresql), "PGDATABASE": "orders"}
    own = {**postgres, "PGUSER": user, "PGPASSWORD": password}
    admin = {**postgres, "PGUSER": "postgres", "PGPASSWORD": tree.logins()["postgres"][1]}
    psql = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c")
    trees.command(*psql, "INSERT INTO app.items (name) VALUES ('kept')", cwd=servers.home, **own)
    dump = servers.home / "orders.dump"
    trees.command("pg_dump", "-Fc", "-f", dump, cwd=servers.home, **admin)
    trees.command(*psql, "DROP TABLE app.items", cwd=servers.home, **admin)
    words = ("--clean", "--if-exists", "--no-owner", "--no-acl", "--role=orders_owner")
    trees.command("pg_restore", "-d", "orders", *words, dump, cwd=servers.home, **admin)
    servers.bootstrap("db", "postgresql.env", "roles.env", PGPORT=str(servers.postgresql))
    found = trees.command(*psql, "SELECT name FROM app.items", cwd=servers.home, **own).strip()
    if found != "kept":
        raise RuntimeError(f"after a restore, the application reads {found!r}")
    print("restored: a dump is back, and its application reads it")


def main() -> None:
    """Do it in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="platc-rotation-"))
    home.chmod(0o755)
    (home / "tree").mkdir()
    platc = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else trees.build_platc(home)
    tree = Tree(home / "tree", platc)
    servers = Servers(tree, home)
    try:
        prove(tree, servers)
        restore(tree, servers)
    finally:
        for server in reversed(servers.running):
            server.terminate()
        for server in servers.running:
            server.wait(60)
    shutil.rmtree(home)


main()
