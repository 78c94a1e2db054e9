"""Real servers for the proof: each on 127.0.0.1, a free port, with its data in a folder.

Every server is ended by its process id. Those that Debian has no package for (MinIO, Kafka, the
stand-in for MongoDB) come from setup.sh; one that is missing is skipped by name, never passed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

CACHE = Path(os.environ.get("PLATC_CACHE", Path.home() / ".cache" / "platc"))


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until `ready`, and say what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if ready():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} is not there after {seconds:.0f} s")
        time.sleep(0.2)


def listens(port: int) -> bool:
    """Return whether something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(*command: str | Path, **options: object) -> str:
    """Run a command; return its output, or fail with it."""
    result = subprocess.run(  # type: ignore[call-overload]
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} fails: {result.stdout}{result.stderr}")
    return str(result.stdout)


class Server:
    """A process with a folder and a port."""

    name = ""

    def __init__(self, home: Path) -> None:
        """Make the folder and choose the port."""
        self.home = home / self.name
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def missing(self) -> str | None:
        """Return what is not installed, if anything."""
        return None

    def spawn(self, *command: str | Path, **environment: str) -> None:
        """Start the process with its output in a file."""
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.home,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start and wait."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the process and wait for its end."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


class Postgres(Server):
    """PostgreSQL of Debian."""

    name = "postgresql"

    def missing(self) -> str | None:
        """Return what is not installed."""
        return None if self.bin() else "the Debian package postgresql"

    def bin(self) -> Path | None:
        """Return the folder of the newest server."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        return found[-1] if found else None

    def user(self) -> tuple[str, ...]:
        """Return what runs a command as postgres: the server refuses root."""
        return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")

    def start(self) -> None:
        """Make a cluster on the first start, and serve it."""
        tools = self.bin()
        assert tools is not None
        data = self.home / "data"
        if not data.exists():
            for folder in [self.home, *self.home.parents]:
                if folder == Path("/tmp"):
                    break
                folder.chmod(0o755)
            shutil.chown(self.home, "postgres", "postgres")
            password = self.home / "password"
            password.write_text("admin-password")
            run(
                *self.user(),
                tools / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "scram-sha-256",
                f"--pwfile={password}",
                "--no-sync",
                cwd=self.home,
            )
        self.spawn(
            *self.user(),
            tools / "postgres",
            "-D",
            data,
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
            "-k",
            self.home,
            "-c",
            "fsync=off",
        )
        wait_for("PostgreSQL", lambda: listens(self.port))

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run statements as the administrator."""

        def once() -> bool:
            return "1" in run(
                "psql",
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-U",
                "postgres",
                "-tAc",
                "select 1",
                env=environment,
            )

        environment = {**os.environ, "PGPASSWORD": "admin-password"}
        for _ in range(50):
            try:
                once()
                break
            except RuntimeError:
                time.sleep(0.2)
        return run(
            "psql",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-d",
            database,
            "-c",
            text,
            env=environment,
        )

    def stop(self) -> None:
        """End it without waiting for its clients."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None


class Redis(Server):
    """Redis of Debian, with the users of an ACL file."""

    name = "redis"

    def missing(self) -> str | None:
        """Return what is not installed."""
        return None if shutil.which("redis-server") else "the Debian package redis-server"

    def start(self, acl: str = "") -> None:
        """Serve with these users; the last ones again after a stop."""
        if acl:
            (self.home / "users.acl").write_text(acl)
        (self.home / "redis.conf").write_text(
            f"bind 127.0.0.1\nport {self.port}\nappendonly yes\nmaxmemory-policy noeviction\n"
            f"aclfile {self.home}/users.acl\ndir {self.home}\n"
        )
        self.spawn("redis-server", self.home / "redis.conf")
        wait_for("Redis", lambda: listens(self.port))


class Rabbit(Server):
    """RabbitMQ of Debian, with definitions that it loads at boot."""

    name = "rabbitmq"

    def __init__(self, home: Path) -> None:
        """Choose the ports of management and distribution too."""
        super().__init__(home)
        self.management = free_port()
        self.distribution = free_port()
        self.epmd = free_port()

    def missing(self) -> str | None:
        """Return what is not installed."""
        return None if shutil.which("rabbitmq-server") else "the Debian package rabbitmq-server"

    def start(self, definitions: str = "") -> None:
        """Boot a node of its own with these definitions; the last ones again after a stop."""
        if definitions:
            (self.home / "definitions.json").write_text(definitions)
        (self.home / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management}\n"
            f"load_definitions = {self.home}/definitions.json\n"
        )
        (self.home / "enabled_plugins").write_text("[rabbitmq_management].\n")
        self.spawn("/usr/lib/rabbitmq/bin/rabbitmq-server", **self.environment())
        wait_for("RabbitMQ", lambda: listens(self.management) and listens(self.port), 120)

    def environment(self) -> dict[str, str]:
        """Return what keeps the node to itself."""
        return {
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd),
            "HOME": str(self.home),
            "RABBITMQ_CONFIG_FILE": f"{self.home}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.home}/enabled_plugins",
            "RABBITMQ_LOG_BASE": f"{self.home}/log.d",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_MNESIA_BASE": f"{self.home}/mnesia",
            "RABBITMQ_NODENAME": f"platc{self.port}@localhost",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def stop(self) -> None:
        """End the node, and the name server that it started."""
        if self.process is None:
            return
        super().stop()
        run("epmd", "-port", str(self.epmd), "-kill", env={**os.environ, **self.environment()})


class Minio(Server):
    """MinIO, built by setup.sh from its Go module."""

    name = "minio"
    root = ("root-user", "root-password")

    def missing(self) -> str | None:
        """Return what is not built."""
        built = (CACHE / "bin" / "minio").exists() and (CACHE / "bin" / "mc").exists()
        return None if built else "minio and mc (setup.sh minio)"

    def start(self) -> None:
        """Serve one folder."""
        self.spawn(
            CACHE / "bin" / "minio",
            "server",
            "--quiet",
            "--address",
            f"127.0.0.1:{self.port}",
            "--console-address",
            f"127.0.0.1:{free_port()}",
            self.home / "data",
            MINIO_ROOT_USER=self.root[0],
            MINIO_ROOT_PASSWORD=self.root[1],
            MINIO_BROWSER="off",
        )

        def ready() -> bool:
            address = f"http://127.0.0.1:{self.port}/minio/health/ready"
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)

        wait_for("MinIO", ready)

    def mc(self, *arguments: str) -> str:
        """Run the client as the administrator, whose alias is `e2e`."""
        alias = f"http://{self.root[0]}:{self.root[1]}@127.0.0.1:{self.port}"
        return run(
            CACHE / "bin" / "mc",
            "--config-dir",
            self.home / "mc",
            *arguments,
            env={**os.environ, "MC_HOST_e2e": alias},
        )


class Kafka(Server):
    """Apache Kafka in one process (KRaft), SASL/SCRAM for clients, jars by setup.sh."""

    name = "kafka"

    def __init__(self, home: Path) -> None:
        """Choose the ports of the controller and of the administrator too."""
        super().__init__(home)
        self.controller = free_port()
        self.internal = free_port()

    def missing(self) -> str | None:
        """Return what is not installed."""
        if not shutil.which("java"):
            return "a Java runtime"
        return (
            None if list((CACHE / "kafka").glob("kafka_2.13-*.jar")) else "Kafka (setup.sh kafka)"
        )

    def java(self, main: str, *arguments: str | Path) -> list[str | Path]:
        """Return the command of one of Kafka's programs."""
        return ["java", "-Xmx512m", "-cp", f"{CACHE}/kafka/*", main, *arguments]

    def start(self, users: dict[str, str] | None = None) -> None:
        """Format on the first start with these users, and serve."""
        config = self.home / "server.properties"
        if users is not None:
            config.write_text(
                "process.roles=broker,controller\nnode.id=1\n"
                f"controller.quorum.bootstrap.servers=127.0.0.1:{self.controller}\n"
                f"listeners=CLIENT://127.0.0.1:{self.port},INTERNAL://127.0.0.1:{self.internal},"
                f"CONTROLLER://127.0.0.1:{self.controller}\n"
                f"advertised.listeners=CLIENT://127.0.0.1:{self.port},"
                f"INTERNAL://127.0.0.1:{self.internal}\n"
                "controller.listener.names=CONTROLLER\ninter.broker.listener.name=INTERNAL\n"
                "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,"
                "CONTROLLER:PLAINTEXT\n"
                "sasl.enabled.mechanisms=SCRAM-SHA-512\n"
                "listener.name.client.scram-sha-512.sasl.jaas.config="
                "org.apache.kafka.common.security.scram.ScramLoginModule required;\n"
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
                "super.users=User:ANONYMOUS\nauto.create.topics.enable=false\n"
                "offsets.topic.replication.factor=1\n"
                "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
                f"log.dirs={self.home}/data\n"
            )
            scram = [
                part
                for name, password in users.items()
                for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
            ]
            storage = self.java("kafka.tools.StorageTool")
            identity = run(*storage, "random-uuid").strip().splitlines()[-1]
            run(*storage, "format", "--standalone", "-t", identity, "-c", config, *scram)
        self.spawn(*self.java("kafka.Kafka", config))
        wait_for("Kafka", lambda: listens(self.port) and listens(self.internal), 90)

    def admin(self, main: str, *arguments: str) -> str:
        """Run one of Kafka's tools as the administrator."""
        return run(*self.java(main, "--bootstrap-server", f"127.0.0.1:{self.internal}", *arguments))


class Mongo(Server):
    """A stand-in that speaks MongoDB's protocol; it knows neither users nor roles."""

    name = "mongodb"

    def missing(self) -> str | None:
        """Return what is not installed."""
        if not shutil.which("java"):
            return "a Java runtime"
        jars = list((CACHE / "mongo-java-server").glob("*.jar"))
        return None if jars else "the stand-in for MongoDB (setup.sh mongodb)"

    def start(self) -> None:
        """Serve from memory."""
        self.spawn(
            "java",
            "-cp",
            f"{CACHE}/mongo-java-server/*",
            Path(__file__).parent / "MongoStandIn.java",
            str(self.port),
        )
        wait_for("the stand-in for MongoDB", lambda: listens(self.port))


def definitions(users: list[dict[str, object]], **topology: object) -> str:
    """Return RabbitMQ definitions for the vhost `/shop`."""
    return json.dumps(
        {
            "vhosts": [{"name": "/shop", "default_queue_type": "quorum"}],
            "users": users,
            **topology,
        }
    )
