"""Link to servers of somebody else: PostgreSQL, RabbitMQ, MinIO, Redis and Kafka.

external.py [PLATC]     the compiler to use; without, that of this checkout

The admin of PostgreSQL is no superuser; its certificate and that of Redis are of an authority that
clients verify.
What the Jobs of admin run is run here, with their variables; what applications do is done by code
of one's own in the emitted applications, with the emitted variables. A second architecture uses the
same servers, a third one has only the credentials that its links give.
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import yaml

import trees
from waiting import free_port

ADMIN = "ad:min;p@ss/word"
KNOWN = "kn:own;p@ss%word"
ROOT = "foreign-root-password"
JAVA = [
    *("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-cp", f"{trees.CACHE}/kafka-4.3.1/*"),
]
SECRETS = {"ADMIN": ADMIN, "KNOWN": KNOWN, "ROOT": ROOT}

# A server, and where a policy would let its clients out to.
SERVERS = """
components: {{
	db: external: {{
		host: "localhost", port: {postgresql}, cidr: ["127.0.0.0/8"], ca: {{file: "../ca.pem"}}
	}}
	bus: external: {{
		host: "localhost", port: {amqp}, management_port: {management}, cidr: ["127.0.0.0/8"]
	}}
	cache: external: {{
		host: "localhost", port: {redis}, cidr: ["127.0.0.0/8"], ca: {{file: "../ca.pem"}}
	}}
}}
"""
STORE = """
components: files: external: {{host: "localhost", port: {minio}, cidr: ["127.0.0.0/8"]}}
"""
LOG = """
components: log: external: {{host: "localhost", port: {kafka}, cidr: ["127.0.0.0/8"]}}
"""
OWN = """package {name}

name: "{name}"
components: {{
	orders: {{kind: "fastapi", namespace: "orders", port: 8080, links: {{
		"db/{thing}": access: "owner", "bus/queue/{thing}": {{}}, "files/{thing}": {{}}
		cache: {{}}, "log/{thing}": {{}}
	}}}}
	db: {{
		kind: "postgresql", namespace: "data", database: {database}: {{}}
		external: admin: {{user: "dba", password: {{env: "ADMIN"}}}}
	}}
	bus: {{
		kind: "rabbitmq", namespace: "data", queue: {thing}: {{}}
		external: admin: {{user: "operator", password: {{env: "ADMIN"}}}}
	}}
	files: {{
		kind: "minio", namespace: "data", bucket: {thing}: {{}}
		external: admin: {{user: "root", password: {{env: "ROOT"}}}}
	}}
	cache: {{
		kind: "redis", namespace: "data"
		external: admin: {{user: "dba", password: {{env: "ADMIN"}}}}
	}}
	log: {{
		kind: "kafka", namespace: "data"
		topic: {thing}: {{kafka_partition_size: 1, kafka_replication_factor: 1}}
		external: admin: {{user: "dba", password: {{env: "ADMIN"}}}}
	}}
}}
"""
GIVEN = """package given

name: "given"
#login: credentials: {{user: "known", password: {{env: "KNOWN"}}}}
components: {{
	orders: {{kind: "fastapi", namespace: "orders", port: 8080, links: {{
		"db/known": #login, "bus/queue/known": #login, "files/known": #login, cache: #login
	}}}}
	db: {{kind: "postgresql", database: known: {{}}}}
	bus: {{kind: "rabbitmq", vhost: "/", queue: known: {{}}}}
	files: {{kind: "minio", bucket: known: {{}}}}
	cache: {{kind: "redis"}}
}}
"""

# A server of ours, whose dumps go to a store of somebody else.
SAVED = """package saved

name: "saved"
components: {{
	db: {{kind: "postgresql", namespace: "data", database: known: {{}}, links: "files/dumps": {{}}}}
	files: {{
		kind: "minio", namespace: "data", bucket: dumps: {{}}
		external: admin: {{user: "root", password: {{env: "ROOT"}}}}
	}}
}}
"""

# What an application does with each of its servers.
USE = """
import asyncio
from src.deps import bucket, database, queue, redis, run, topic

async def main():
    async with database({thing!r}).opened() as db:
        def work(cursor):
            cursor.execute("CREATE TABLE IF NOT EXISTS app.seen (at timestamptz)")
            cursor.execute("INSERT INTO app.seen VALUES (now())")
            assert cursor.connection.info.ssl_in_use
        await db.run(work)
    async with queue({thing!r}).opened() as messages:
        await messages.publish({{"number": 1}})
    async with bucket({thing!r}).opened() as files:
        await asyncio.to_thread(files.put, "greeting", b"hello")
        assert await asyncio.to_thread(files.read, "greeting") == b"hello"
    async with redis().opened() as store:
        await store.redis.set(store.key("greeting"), "hello")
        assert await store.redis.get(store.key("greeting")) == "hello"
    if {logs}:
        async with topic({thing!r}).opened() as records:
            await records.produce({{"number": 1}})

run(main())
"""


def wait_for(what: str, ready: Callable[[], bool], progress: Callable[[], object]) -> None:
    """Wait until something is so, for as long as there is progress."""
    seen, since = progress(), time.monotonic()
    while not ready():
        if (now := progress()) != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() > since + 90:
            raise RuntimeError(f"{what}: nothing moves any more, at {seen}")
        time.sleep(0.3)


class Servers:
    """The servers of somebody else."""

    def __init__(self, home: Path) -> None:
        """Prepare ports, folders and certificates."""
        self.home = home
        self.running: list[subprocess.Popen[bytes]] = []
        names = ("postgresql", "amqp", "management", "minio", "redis", "kafka", "controller")
        self.ports = {name: free_port() for name in names}
        self.binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        minio = sorted(trees.CACHE.glob("minio-*"))
        if not minio:
            raise RuntimeError("there is no MinIO: run setup.sh")
        self.minio = minio[-1]
        for name in ("postgres", "rabbitmq", "minio", "redis", "kafka"):
            (home / name).mkdir()
        # PostgreSQL refuses to run as root, and RabbitMQ's scripts drop to an account of their own
        for account in ("postgres", "rabbitmq"):
            shutil.chown(home / account, account)
        for name in ("ca", "other"):
            self.openssl("req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2")(
                "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=authority {name}"
            )
        self.openssl("req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2")(
            *("-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"),
            *("-keyout", "postgres/server.key", "-out", "postgres/server.crt"),
        )
        for name in ("server.key", "server.crt"):
            shutil.copy(home / "postgres" / name, home / "redis" / name)
            shutil.chown(home / "postgres" / name, "postgres")
            (home / "postgres" / name).chmod(0o600)

    def openssl(self, *words: str) -> Callable[..., str]:
        """Return a function that adds words to a command."""
        return lambda *more: trees.command("openssl", *words, *more, cwd=self.home)

    def start(self, name: str, *words: str | Path, **extra: str) -> subprocess.Popen[bytes]:
        """Start a server in its folder, under the account to which the folder belongs."""
        owner = (self.home / name).stat()
        log = (self.home / f"{name}.log").open("ab")
        started = subprocess.Popen(
            [str(word) for word in words],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **extra},
            stdout=log, stderr=log, user=owner.st_uid, group=owner.st_gid, cwd=self.home / name,
        )  # fmt: skip
        self.running.append(started)
        return started

    def sizes(self) -> object:
        """Return what moves while servers start."""
        return [path.stat().st_size for path in sorted(self.home.glob("*.log"))]

    def begin(self) -> None:
        """Start all of them, and make what their admin has made by hand."""
        self.start_postgresql()
        self.start_rabbitmq()
        self.start(
            "minio", self.minio / "minio", "server", self.home / "minio" / "data",
            "--address", f"127.0.0.1:{self.ports['minio']}",
            MINIO_ROOT_USER="root", MINIO_ROOT_PASSWORD=ROOT, HOME=str(self.home / "minio"),
        )  # fmt: skip
        self.start_redis()
        self.start_kafka()
        for name, port in self.ports.items():
            wait_for(name, partial(listens, port), self.sizes)
        sql = partial(self.psql, "postgres", "postgres", "postgres")
        wait_for("PostgreSQL", lambda: succeeds(sql, "SELECT"), self.sizes)
        sql(f"CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD '{ADMIN}'")
        sql(f"CREATE ROLE known LOGIN PASSWORD '{KNOWN}'")
        sql("CREATE DATABASE known OWNER known")
        self.psql("known", KNOWN, "known", "CREATE SCHEMA app")
        self.rabbitmqctl("add_user", "operator", ADMIN)
        self.rabbitmqctl("set_user_tags", "operator", "administrator")
        self.rabbitmqctl("set_permissions", "operator", ".*", ".*", ".*")
        self.rabbitmqctl("add_user", "known", KNOWN)
        self.rabbitmqctl("set_permissions", "known", ".*", ".*", ".*")
        # an application publishes to a queue through an exchange of its own
        self.manage("queues/%2F/known", {"durable": True, "arguments": {"x-queue-type": "quorum"}})
        self.manage("exchanges/%2F/orders.queues", {"type": "direct", "durable": True})
        self.manage("bindings/%2F/e/orders.queues/q/known", {"routing_key": "known"}, "POST")
        self.mc("mb", "there/known")
        self.mc("admin", "user", "add", "there", "known", KNOWN)
        self.mc("admin", "policy", "attach", "there", "readwrite", "--user", "known")

    def start_postgresql(self) -> None:
        """Start PostgreSQL with a certificate, for the superuser `postgres`."""
        folder = self.home / "postgres"
        (folder / "password").write_text("postgres")
        (folder / "password").chmod(0o644)
        made = self.start(
            "postgres", self.binaries / "initdb", "-D", folder / "data", "-U", "postgres",
            "--no-sync", "--auth=scram-sha-256", f"--pwfile={folder}/password",
        )  # fmt: skip
        if made.wait(90) != 0:
            raise RuntimeError((self.home / "postgres.log").read_text())
        self.running.remove(made)
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "ssl": "on",
            "ssl_cert_file": f"{folder}/server.crt", "ssl_key_file": f"{folder}/server.key",
            "fsync": "off",
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.start(
            "postgres", self.binaries / "postgres", "-D", folder / "data",
            "-p", str(self.ports["postgresql"]), *options,
        )  # fmt: skip

    def start_rabbitmq(self) -> None:
        """Start RabbitMQ with the API of its management."""
        folder = self.home / "rabbitmq"
        self.node = {
            "RABBITMQ_NODENAME": f"external{self.ports['amqp']}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports["amqp"]),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "HOME": str(folder),
        }
        (folder / "rabbitmq.conf").write_text(
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.ports['management']}\n"
        )
        (folder / "plugins").write_text("[rabbitmq_management].\n")
        # Erlang's port mapper would stay behind if the broker started it.
        self.start("rabbitmq", "epmd", **self.node)
        self.start("rabbitmq", "/usr/lib/rabbitmq/bin/rabbitmq-server", **self.node)

    def start_redis(self) -> None:
        """Start Redis, which takes encrypted connections alone, with the users of its admin."""
        folder = self.home / "redis"
        (folder / "users.acl").write_text(
            "user default off\n"
            f"user dba on >{ADMIN} ~* &* +@all\n"
            f"user known on >{KNOWN} ~orders:* &orders:* +@all -@admin\n"
        )
        self.start(
            "redis", "redis-server", "--bind", "127.0.0.1", "--port", "0",
            "--tls-port", str(self.ports["redis"]), "--tls-auth-clients", "no", "--save", "",
            "--tls-cert-file", folder / "server.crt", "--tls-key-file", folder / "server.key",
            "--aclfile", folder / "users.acl", "--dir", folder,
        )  # fmt: skip

    def start_kafka(self) -> None:
        """Start a Kafka of one node, whose users log in and may do what rules allow."""
        folder = self.home / "kafka"
        port, controller = self.ports["kafka"], self.ports["controller"]
        (folder / "kafka.properties").write_text(
            "process.roles=broker,controller\nnode.id=0\n"
            f"controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n"
            f"listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners=CLIENTS://localhost:{port}\n"
            "controller.listener.names=CONTROLLER\ninter.broker.listener.name=CLIENTS\n"
            "listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\n"
            "sasl.enabled.mechanisms=SCRAM-SHA-512\n"
            "sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512\n"
            "listener.name.clients.scram-sha-512.sasl.jaas.config="
            "org.apache.kafka.common.security.scram.ScramLoginModule required "
            f'username="dba" password="{ADMIN}";\n'
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "super.users=User:ANONYMOUS;User:dba\nauto.create.topics.enable=false\n"
            "offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n"
            f"transaction.state.log.min.isr=1\nlog.dirs={folder}/data\n"
        )
        trees.command(
            *JAVA, "kafka.tools.StorageTool", "format", "--standalone",
            "-t", "AAAAAAAAQACAAAAAAAAAAA", "-c", folder / "kafka.properties",
            "--add-scram", f"SCRAM-SHA-512=[name=dba,password={ADMIN}]",
        )  # fmt: skip
        self.start("kafka", *JAVA, "kafka.Kafka", folder / "kafka.properties")
        # the programs of the image, which the Job calls
        (folder / "bin").mkdir()
        java = " ".join(map(shlex.quote, JAVA))
        for name, tool in TOOLS.items():
            program = folder / "bin" / name
            program.write_text(f'#!/bin/sh\nexec {java} {tool} "$@"\n')
            program.chmod(0o755)

    def psql(self, user: str, password: str, database: str, text: str) -> str:
        """Run a statement."""
        port = str(self.ports["postgresql"])
        return trees.command(
            "psql", "-X", "-q", "-At", "-h", "127.0.0.1", "-p", port, "-U", user, "-d", database,
            "-v", "ON_ERROR_STOP=1", "-c", text, PGPASSWORD=password,
        )  # fmt: skip

    def rabbitmqctl(self, *words: str) -> None:
        """Do what the admin of the broker does."""
        user = pwd.getpwnam("rabbitmq")
        subprocess.run(
            ["/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", *words],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self.node},
            user=user.pw_uid, group=user.pw_gid, check=True, timeout=90,
        )  # fmt: skip

    def manage(self, path: str, body: object, method: str = "PUT") -> None:
        """Ask the API of the broker's management, as its admin."""
        login = base64.b64encode(f"operator:{ADMIN}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.ports['management']}/api/{path}"
        request = Request(address, json.dumps(body).encode(), headers, method=method)
        urlopen(request, timeout=30).close()

    def operations(self, user: str) -> set[str]:
        """Return what a user of Kafka may do."""
        text = trees.command(
            self.home / "kafka" / "bin" / "kafka-acls.sh", "--list", "--principal", f"User:{user}",
            "--bootstrap-server", f"localhost:{self.ports['kafka']}",
            "--command-config", "/tmp/admin.properties",
        )  # fmt: skip
        return set(re.findall("operation=([A-Z]+)", text))

    def mc(self, *words: str) -> str:
        """Do what the admin of the object store does."""
        there = f"http://root:{ROOT}@127.0.0.1:{self.ports['minio']}"
        config = str(self.home / "mc")
        return trees.command(self.minio / "mc", *words, MC_HOST_there=there, MC_CONFIG_DIR=config)

    def end(self) -> None:
        """End what runs here."""
        for server in reversed(self.running):
            server.terminate()
        for server in self.running:
            server.wait(90)


def listens(port: int) -> bool:
    """Say whether a port is open."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def succeeds(do: Callable[..., object], *words: object) -> bool:
    """Say whether something does."""
    try:
        do(*words)
    except RuntimeError:
        return False
    return True


class Tree:
    """The output of one architecture, and what runs of it."""

    def __init__(self, home: Path, name: str, text: str, servers: Servers, platc: Path) -> None:
        """Build it."""
        self.home = home / name
        self.name = name
        self.servers = servers
        self.home.mkdir()
        (self.home / "arch.cue").write_text(text)
        trees.command(platc, "build", "--quiet", cwd=self.home, **SECRETS)
        where = trees.ROOT / "e2e" / "binaries" / "build.sh"
        self.sops = Path(trees.command(where, "--where", "sops").strip()) / "sops"

    def base(self, component: str) -> Path:
        """Return the folder of a component's manifests."""
        return self.home / "out" / component / "k8s" / "deploy" / "base"

    def opened(self, component: str, name: str) -> str:
        """Decrypt a file of secrets."""
        key = str(self.home / ".platc" / "dev.agekey")
        path = self.base(component) / "secret" / name
        return trees.command(self.sops, "-d", path, SOPS_AGE_KEY_FILE=key)

    def variables(self, component: str, name: str) -> dict[str, str]:
        """Return the variables of a file of secrets."""
        lines = self.opened(component, name).splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def prepare(self, *besides: str) -> None:
        """Run what the Jobs of admin run, twice, since they may run again."""
        for component in ("db", "bus", "files", "cache", *besides):
            for _ in range(2):
                self.job(component)

    def job(self, component: str) -> None:
        """Run the command of the Job that prepares a server."""
        job = self.emitted(component, "jobs/bootstrap.yaml", "Job")
        self.run(component, job["spec"]["template"]["spec"]["containers"][0])

    def backup(self, component: str, **besides: str) -> None:
        """Run what the CronJob of a backup runs; some variables lead to a server that is here."""
        job = self.emitted(component, "jobs/backup.yaml", "CronJob")["spec"]["jobTemplate"]
        pod = job["spec"]["template"]["spec"]
        (self.home / "backup").mkdir()
        for container in (*pod["initContainers"], *pod["containers"]):
            self.run(component, container, **besides)

    def emitted(self, component: str, path: str, kind: str) -> dict[str, Any]:
        """Return the object of a kind in a file."""
        objects = yaml.safe_load_all((self.base(component) / path).read_text())
        found: dict[str, Any] = next(item for item in objects if item["kind"] == kind)
        return found

    def run(self, component: str, container: dict[str, Any], **besides: str) -> None:
        """Run the command of a container with its environment."""
        known: dict[str, str] = {}
        for path in (self.base(component) / "secret").glob("*.env"):
            known |= self.variables(component, path.name)
        values = dict(known)
        for item in container.get("env", []):
            reference = item.get("valueFrom", {}).get("secretKeyRef")
            values[item["name"]] = known[reference["key"]] if reference else item["value"]
        config = str(self.base(component) / "config")
        places = {"/bootstrap/": f"{config}/", "/etc/platc/ca/": f"{config}/ca/"}
        places["/backup/"] = f"{self.home}/backup/"
        if (self.base(component) / "secret" / "definitions.json").exists():
            definitions = self.home / "definitions"
            definitions.mkdir(exist_ok=True)
            (definitions / "definitions.json").write_text(
                self.opened(component, "definitions.json")
            )
            places["/secret/"] = f"{definitions}/"

        def placed(text: str) -> str:
            for place, here in places.items():
                text = text.replace(place, here)
            return text

        values = {name: placed(value) for name, value in values.items()}
        values["MC_CONFIG_DIR"] = str(self.home / "mc")
        values |= besides
        values["KAFKA_HOME"] = str(self.servers.home / "kafka")
        values["PATH"] = f"{self.servers.minio}:{os.environ['PATH']}"
        words = [placed(word) for word in container["command"]]
        if words[0] == "python":
            words[0] = trees.PYTHON
        trees.command(*words, cwd=self.home, **values)

    def use(self, python: Path, thing: str, **authorities: Path) -> None:
        """Do with each server what an application does; `authorities` take the place of a CA."""
        variables = self.variables("orders", "cloud.env")
        logs = "KAFKA_BOOTSTRAP_SERVERS" in variables
        for name, component in (("POSTGRES_CA_FILE", "db"), ("REDIS_CA_FILE", "cache")):
            assert variables[name] == f"/etc/platc/ca/{component}.crt"
            own = self.base("orders") / "config" / "ca" / f"{component}.crt"
            variables[name] = str(authorities.get(component, own))
        variables |= {"PORT": "8080", "APP_NAME": "orders", "APP_VERSION": "1.0.0"}
        program = USE.format(thing=thing, logs=logs)
        done = subprocess.run(
            [python, "-c", program], env=variables, cwd=self.home / "out/orders",
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stdout}{done.stderr}")


def refused(what: str, do: Callable[[], object], because: str) -> None:
    """Demand that something fails, with these words."""
    try:
        do()
    except RuntimeError as error:
        if because in str(error):
            return
        raise
    raise RuntimeError(f"{what} was not refused")


def prove(home: Path, servers: Servers, platc: Path) -> None:
    """Prepare and use the servers as two architectures and a third one without an admin."""
    servers.begin()

    def tree(name: str, text: str, **words: str) -> Tree:
        return Tree(home, name, text.format(name=name, **words, **servers.ports), servers, platc)

    everything = OWN + SERVERS + STORE + LOG
    own = {
        name: tree(name, everything, thing=thing, database=thing)
        for name, thing in (("alpha", "orders"), ("beta", "stock"))
    }
    given = tree("given", GIVEN + SERVERS + STORE)
    graphs = [trees.Graph(name, tree.home, {"orders": "fastapi"}) for name, tree in own.items()]
    environment = trees.fitting_environment(graphs) or trees.virtual_environment(graphs)
    python = environment / "bin" / "python"

    own["alpha"].prepare("log")
    own["alpha"].use(python, "orders")
    print("alpha: prepared by its admin, and used")
    own["beta"].prepare()
    own["beta"].job("log")
    own["beta"].use(python, "stock")
    own["alpha"].use(python, "orders")
    own["alpha"].prepare()
    own["beta"].use(python, "stock")
    print("beta: on the same servers, and neither locks out the other")
    narrowed(own["alpha"], servers, platc)
    print("alpha: a link that may only read takes the right to write away")
    servers.psql("known", KNOWN, "known", "SELECT")
    if servers.psql("postgres", "postgres", "postgres", CONNECTS).strip() != "t":
        raise RuntimeError("everybody may no longer connect to the database postgres")

    table = partial(servers.psql, "postgres", "postgres", "orders")
    table("ALTER TABLE app.items RENAME COLUMN payload TO other")
    refused("a table of that name", lambda: own["alpha"].job("db"), "a table of somebody else")
    table("ALTER TABLE app.items RENAME COLUMN other TO payload")
    own["alpha"].job("db")
    print("alpha: a table of somebody else is not taken for that of the routes")

    gamma = tree("gamma", everything, thing="orders", database="orders")
    refused("a database of alpha's", lambda: gamma.job("db"), "belongs to")
    print("gamma: does not get the database of another architecture")

    given.use(python, "known")
    if (given.home / "out" / "db").exists():
        raise RuntimeError("something is emitted for a server without an admin")
    print("given: used with the credentials of its links")
    restore(tree("saved", SAVED + STORE), servers)
    print("saved: its dumps are in the store of somebody else, and one comes back")
    wrong = servers.home / "other.pem"
    refused("a wrong CA", lambda: own["alpha"].use(python, "orders", db=wrong), "Unavailable")
    refused("a wrong CA", lambda: own["alpha"].use(python, "orders", cache=wrong), "certificate")
    print("a server of another authority is refused")


def narrowed(tree: Tree, servers: Servers, platc: Path) -> None:
    """Let a link to a topic only read, and back."""
    user = "alpha-orders-log"
    before = servers.operations(user)
    text = (tree.home / "arch.cue").read_text()
    for access, wanted in ((': access: "read"', before - {"WRITE"}), (": {}", before)):
        changed = text.replace('"log/orders": {}', f'"log/orders"{access}')
        (tree.home / "arch.cue").write_text(changed)
        trees.command(platc, "build", "--quiet", cwd=tree.home, **SECRETS)
        tree.job("log")
        if (found := servers.operations(user)) != wanted:
            raise RuntimeError(f"{user} may {found} with{access}")


def restore(tree: Tree, servers: Servers) -> None:
    """Back a server up as its CronJob does, and make a database of what is in the bucket."""
    servers.psql("known", KNOWN, "known", "CREATE TABLE app.kept AS SELECT 42 AS answer")
    tree.job("files")
    port = str(servers.ports["postgresql"])
    tree.backup("db", PGHOST="127.0.0.1", PGPORT=port, PGPASSWORD="postgres")
    dumps = servers.mc("ls", "there/dumps/db/").split()
    name = next(word for word in dumps if word.endswith(".known.dump"))
    servers.mc("cp", f"there/dumps/db/{name}", str(servers.home / name))
    servers.psql("postgres", "postgres", "postgres", "CREATE DATABASE again")
    trees.command(
        "pg_restore", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-d", "again",
        "--clean", "--if-exists", "--no-owner", "--no-acl", servers.home / name,
        PGPASSWORD="postgres",
    )  # fmt: skip
    answer = servers.psql("postgres", "postgres", "again", "SELECT answer FROM app.kept").strip()
    if answer != "42":
        raise RuntimeError(f"the restored table says {answer}")


# The classes of Kafka's programs.
TOOLS = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}

CONNECTS = "SELECT has_database_privilege('known', 'postgres', 'CONNECT')"


def main() -> None:
    """Do it in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="platc-external-"))
    home.chmod(0o755)
    platc = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else trees.build_platc(home)
    servers = Servers(home)
    try:
        prove(home, servers, platc)
    except BaseException:
        for log in sorted(home.glob("*.log")):
            print(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        servers.end()
        # what the commands leave where a pod has a folder of its own
        for name in ("admin.properties", "answer", "databases", "user.properties"):
            Path("/tmp", name).unlink(missing_ok=True)
    shutil.rmtree(home)


main()
