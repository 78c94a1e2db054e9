#!/usr/bin/env python3
"""Prove the application against real servers: every route, every access, loss and return of each.

    prove.py [SERVER …]      postgresql redis rabbitmq minio kafka mongodb; without arguments: all

A tree is assembled with hand-made wiring, and each server gets the identities, rights and objects
that the compiler emits for it. Celery runs on the Redis of the proof. A server that is not
installed is skipped by name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

import assemble
from assemble import Link, Tree
from servers import (
    Kafka,
    Minio,
    Mongo,
    Postgres,
    Rabbit,
    Redis,
    Server,
    definitions,
    free_port,
    wait_for,
)

KEY = "e2e-key-of-forty-characters-123456789012"
PASSWORD = "Zq8wR2tYu5iOp7AsDf3gHj6kLx9cVb1n"
APP = "sample"

LINKS = {
    "postgresql": (
        Link(
            "db",
            "postgresql",
            (
                ("orders", "database", "readwrite"),
                ("audit", "database", "read"),
                ("inbox", "database", "write"),
            ),
        ),
        Link("pg", "cnpg", (("orders", "db", "readwrite"),)),
    ),
    "redis": (Link("cache", "redis"), Link("worker", "celery")),
    "rabbitmq": (
        Link(
            "events",
            "rabbitmq",
            (
                ("shop", "exchange", "write"),
                ("mails", "queue", "write"),
                ("placed", "queue", "readwrite"),
                ("incoming", "queue", "read"),
            ),
        ),
    ),
    "minio": (
        Link(
            "files",
            "minio",
            (
                ("invoices", "bucket", "readwrite"),
                ("archive", "bucket", "read"),
                ("drop", "bucket", "write"),
            ),
        ),
    ),
    "kafka": (
        Link(
            "bus",
            "kafka",
            (
                ("order-events", "topic", "readwrite"),
                ("single", "topic", "readwrite"),
                ("feed", "topic", "read"),
                ("sink", "topic", "write"),
            ),
        ),
    ),
    "mongodb": (Link("docs", "mongodb", (("catalog", "mongo_db", "readwrite"),)),),
}
SERVERS: dict[str, type[Server]] = {
    "postgresql": Postgres,
    "redis": Redis,
    "rabbitmq": Rabbit,
    "minio": Minio,
    "kafka": Kafka,
    "mongodb": Mongo,
}

CUSTOM_ROUTES = '''"""Routes that use the clients without routes."""

from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/")
async def status() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/cache")
async def cache(request: Request) -> str | None:
    from src.redis_client import connect

    store = connect(request.app)
    await store.redis.set(store.key("greeting"), "hello", ex=60)
    value = await store.redis.get(store.key("greeting"))
    return str(value)


@router.get("/foreign")
async def foreign(request: Request) -> str:
    from redis.exceptions import NoPermissionError

    from src.redis_client import connect

    try:
        await connect(request.app).redis.set("other:key", "x")
    except NoPermissionError:
        return "refused"
    return "accepted"


@router.get("/task")
def task(request: Request) -> str:
    from src.celery_app import send_task

    return str(send_task(request.app, "src.tasks.echo", "ping").get(timeout=20))


@router.get("/boom")
async def boom() -> None:
    raise ValueError("internal text")
'''


class Failure(Exception):
    """What was not as expected."""


def same(what: str, found: object, expected: object) -> None:
    """Demand that two values are equal."""
    if found != expected:
        raise Failure(f"{what}: {found!r} instead of {expected!r}")


class Proof:
    """The application, its servers and the steps."""

    def __init__(self, home: Path, names: list[str]) -> None:
        """Choose the servers that are installed."""
        self.home = home
        self.tree = home / "tree"
        self.servers: dict[str, Any] = {}
        self.skipped: list[str] = []
        self.environment: dict[str, str] = {}
        for name in names:
            server = SERVERS[name](home)
            missing = server.missing()
            if missing is None:
                self.servers[name] = server
            else:
                self.skipped.append(f"{name}: {missing} is not installed")
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.steps = 0
        self.failures = 0
        self.client = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"X-API-Key": KEY},
            timeout=60,
            trust_env=False,
        )

    def step(self, name: str, run: Callable[[], object]) -> None:
        """Run one step and say how it went."""
        begun = time.monotonic()
        self.steps += 1
        try:
            run()
        except Exception as error:
            self.failures += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        else:
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)

    def call(self, status: int, method: str, path: str, **options: Any) -> Any:
        """Send a request, demand its status, return its JSON."""
        answer = self.client.request(method, path, **options)
        same(f"{method} {path} {answer.text[:300]}", answer.status_code, status)
        kind = answer.headers.get("content-type", "")
        return answer.json() if "json" in kind and answer.content else answer

    # --- set-up ---------------------------------------------------------------------------------

    def build(self) -> None:
        """Assemble the tree, and set up the servers."""
        links = tuple(link for name in self.servers for link in LINKS[name])
        custom = {"tools": {"routes.py": CUSTOM_ROUTES}}
        tree = Tree(links, custom, metrics=True, auth="api_key")
        assemble.assemble(tree, self.tree)
        for name in self.servers:
            self.step(f"start {name}", getattr(self, f"start_{name}"))
        self.environment |= {
            "API_KEY": KEY,
            "APP_NAME": APP,
            "APP_VERSION": "1.2.3",
            "DOCS_ENABLED": "true",
            "LOG_LEVEL": "INFO",
            "MAX_UPLOAD_BYTES": str(1024 * 1024),
            "PORT": str(self.port),
        }

    def set(self, prefix: str, server: Server | None, **values: str) -> None:
        """Set the variables of a provider."""
        if server is not None:
            values |= {"HOST": "127.0.0.1", "PORT": str(server.port)}
        self.environment |= {f"{prefix}_{key}": value for key, value in values.items()}

    def start_postgresql(self) -> None:
        """Make databases, groups, app.items and one role per link, as bootstrap.sql does."""
        server: Postgres = self.servers["postgresql"]
        server.start()
        access = {"orders": "readwrite", "audit": "read", "inbox": "write", "stock": "readwrite"}
        for name, level in access.items():
            server.sql(f"CREATE ROLE {name}_owner NOLOGIN")
            server.sql(f"CREATE DATABASE {name} OWNER {name}_owner")
            server.sql(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
            server.sql(f"CREATE ROLE {APP}_{name} LOGIN PASSWORD '{PASSWORD}'")
            grants = {
                "read": "SELECT",
                "write": "INSERT, UPDATE, DELETE, SELECT (id, name)",
                "readwrite": "SELECT, INSERT, UPDATE, DELETE",
            }
            server.sql(
                f"""
                CREATE SCHEMA app AUTHORIZATION {name}_owner;
                CREATE TABLE app.items (
                    id uuid PRIMARY KEY,
                    name text NOT NULL UNIQUE,
                    payload jsonb NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    updated_at timestamptz NOT NULL DEFAULT now()
                );
                ALTER TABLE app.items OWNER TO {name}_owner;
                GRANT CONNECT ON DATABASE {name} TO {APP}_{name};
                GRANT USAGE ON SCHEMA app TO {APP}_{name};
                GRANT {grants[level]} ON app.items TO {APP}_{name};
                """,
                name,
            )

        def record(name: str, database: str) -> str:
            return f"{name}:{APP}_{database}:{PASSWORD}:{database}"

        both = {n: record(n, n) for n in ("audit", "inbox", "orders")}
        self.set("POSTGRES", server, DATABASES=";".join(both.values()), SSLMODE="prefer")
        self.set("CNPG", server, DATABASES=record("orders", "stock"), SSLMODE="prefer")

    def start_redis(self) -> None:
        """Make the two users, of the application and of the broker, with their prefix."""
        server: Redis = self.servers["redis"]
        rights = f"resetchannels ~{APP}:* &{APP}:* +@all -@admin -@dangerous +info"
        server.start(
            "user default off\nuser probe on >probe resetchannels -@all +ping\n"
            f"user {APP}_cache on >{PASSWORD} {rights}\n"
            f"user {APP}_worker on >{PASSWORD} {rights}\n"
        )
        self.set("REDIS", server, USERNAME=f"{APP}_cache", PASSWORD=PASSWORD)
        broker = f"redis://{APP}_worker:{PASSWORD}@127.0.0.1:{server.port}"
        self.set(
            "CELERY",
            None,
            BROKER_URL=f"{broker}/0",
            RESULT_BACKEND=f"{broker}/1",
            TASK_DEFAULT_QUEUE="celery",
        )

    def start_rabbitmq(self) -> None:
        """Load topology, and permissions anchored as the compiler anchors them."""
        server: Rabbit = self.servers["rabbitmq"]
        own = f"{APP}.queues"
        queue = {"vhost": "/shop", "durable": True, "auto_delete": False}
        bind = {"vhost": "/shop", "destination_type": "queue", "arguments": {}}
        exchange = {"vhost": "/shop", "durable": True, "auto_delete": False, "internal": False}
        server.start(
            definitions(
                [
                    {"name": "admin", "password": PASSWORD, "tags": "administrator"},
                    {"name": f"{APP}_events", "password": PASSWORD, "tags": ""},
                ],
                permissions=[
                    {
                        "user": f"{APP}_events",
                        "vhost": "/shop",
                        "configure": "^$",
                        "write": rf"^(shop|{APP}\.queues)$",
                        "read": "^(incoming|placed)$",
                    },
                    {
                        "user": "admin",
                        "vhost": "/shop",
                        "configure": ".*",
                        "write": ".*",
                        "read": ".*",
                    },
                ],
                exchanges=[
                    {**exchange, "name": "shop", "type": "topic", "arguments": {}},
                    {**exchange, "name": own, "type": "direct", "arguments": {}},
                ],
                queues=[
                    {**queue, "name": name, "arguments": {"x-queue-type": "quorum"}}
                    for name in ("incoming", "mails", "placed")
                ],
                bindings=[
                    {**bind, "source": own, "destination": "mails", "routing_key": "mails"},
                    {**bind, "source": own, "destination": "placed", "routing_key": "placed"},
                    {**bind, "source": "shop", "destination": "incoming", "routing_key": "in.*"},
                ],
            )
        )
        self.set(
            "RABBITMQ",
            server,
            USER=f"{APP}_events",
            PASSWORD=PASSWORD,
            VHOST="/shop",
            EXCHANGES="shop",
            QUEUES="incoming,mails,placed",
        )

    def start_minio(self) -> None:
        """Make buckets, and one user per link with its policy."""
        server: Minio = self.servers["minio"]
        server.start()
        read = ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"]
        write = [
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucketMultipartUploads",
        ]
        actions = {"invoices": [*read, *write], "archive": read, "drop": write}
        for name, allowed in actions.items():
            server.mc("mb", f"e2e/{name}")
            server.mc("admin", "user", "add", "e2e", f"{APP}_{name}", PASSWORD)
            policy = self.home / f"policy-{name}.json"
            resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
            statement = {"Effect": "Allow", "Action": allowed, "Resource": resources}
            policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
            server.mc("admin", "policy", "create", "e2e", f"{APP}_{name}", str(policy))
            server.mc(
                "admin", "policy", "attach", "e2e", f"{APP}_{name}", "--user", f"{APP}_{name}"
            )
        buckets = ";".join(f"{n}:{n}:{APP}_{n}:{PASSWORD}" for n in sorted(actions))
        self.set("MINIO", server, BUCKETS=buckets, SECURE="false")

    def start_kafka(self) -> None:
        """Make topics, and one user with literal ACLs."""
        server: Kafka = self.servers["kafka"]
        user = f"{APP}-bus"
        server.start({user: PASSWORD})
        partitions = {"order-events": 3, "single": 1, "feed": 1, "sink": 1}
        for topic, count in partitions.items():
            server.admin(
                "org.apache.kafka.tools.TopicCommand",
                *("--create", "--topic", topic, "--partitions", str(count)),
            )
        rights = {
            "order-events": ("Describe", "Read", "Write"),
            "single": ("Describe", "Read", "Write"),
            "feed": ("Describe", "Read"),
            "sink": ("Describe", "Write"),
        }
        acl = "org.apache.kafka.tools.AclCommand"
        for topic, operations in rights.items():
            words = [word for operation in operations for word in ("--operation", operation)]
            server.admin(
                acl, "--add", "--allow-principal", f"User:{user}", *words, "--topic", topic
            )
        server.admin(
            acl, "--add", "--allow-principal", f"User:{user}", "--operation", "Read", "--group", APP
        )
        self.environment |= {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{server.port}",
            "KAFKA_TOPICS": ",".join(sorted(partitions)),
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": PASSWORD,
            "KAFKA_CONSUMER_GROUP": APP,
        }

    def start_mongodb(self) -> None:
        """Serve; the stand-in has no users, so that the record names none."""
        server: Mongo = self.servers["mongodb"]
        server.start()
        self.set("MONGODB", server, DATABASES="catalog:::admin:products", REPLICA_SET="")

    def spawn(self, command: list[str], log: str, **extra: str) -> subprocess.Popen[bytes]:
        """Start a process of the application in its tree."""
        environment = {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "default",
            "TMPDIR": str(self.home),
            **self.environment,
            **extra,
        }
        with open(self.home / log, "ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.tree,
                env={name: value for name, value in environment.items() if value},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def serve(self) -> None:
        """Start the application as startup.sh does."""
        self.process = self.spawn(
            [
                "uvicorn",
                "--factory",
                "src.main:create_app",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--no-server-header",
                "--timeout-graceful-shutdown",
                "20",
            ],
            "app.log",
        )
        wait_for("the application", lambda: self.answers("/health"), 120)

    def answers(self, path: str) -> bool:
        """Return whether a path answers 200."""
        try:
            return self.client.get(path).status_code == 200
        except httpx2.TransportError:
            return False

    def ready(self) -> None:
        """Wait until every backend answers."""
        wait_for("every backend", lambda: self.answers("/ready?all=1"), 60)

    # --- steps ----------------------------------------------------------------------------------

    def system(self) -> None:
        """The open routes."""
        body = self.call(200, "GET", "/health")
        same("services", set(body["services"].values()), {True})
        same("secrets", PASSWORD in json.dumps(body), False)
        text = self.call(200, "GET", "/metrics").text
        same("status", "fastapi_app_status 1.0" in text, True)
        self.call(401, "GET", "/api/v1/", headers={"X-API-Key": "wrong"})
        problem = self.call(500, "GET", "/api/v1/tools/boom")
        same("problem", set(problem), {"type", "title", "status", "request_id"})

    def rows(self, path: str) -> None:
        """Create, list, read, replace and delete below a path of items or documents."""
        for payload in ({}, {"a": [1, 2.5, None, True, "é\u4e16"], "n": 2**53}):
            created = self.call(201, "POST", path, json={"name": "first", "payload": payload})
            same("payload", created["payload"], payload)
            one = f"{path}/{created['id']}"
            same("read", self.call(200, "GET", one), created)
            page = self.call(200, "GET", f"{path}/?limit=1&offset=0")
            same("page", (page["total"], page["items"]), (1, [created]))
            changed = self.call(200, "PUT", one, json={"name": "second", "payload": {"b": 1}})
            same("created_at", changed["created_at"], created["created_at"])
            same("replaced", self.call(200, "GET", one), changed)
            self.call(204, "DELETE", one)
            for method, body in (("GET", None), ("DELETE", None), ("PUT", {"name": "x"})):
                extra = {"json": {**body, "payload": {}}} if body else {}
                self.call(404, method, one, **extra)
        mistakes: tuple[dict[str, Any], ...] = (
            {"name": "", "payload": {}},
            {"name": "x" * 201, "payload": {}},
            {"name": "x\x00", "payload": {}},
            {"name": "x", "payload": []},
            {"name": "x", "payload": {"k": "\x00"}},
            {"payload": {}},
        )
        for bad in mistakes:
            self.call(422, "POST", path, json=bad)
        for bad_text in ('{"name": "x", "payload": {"k": "\\ud800"}}', '{"name": "x", ', "[]"):
            headers = {"Content-Type": "application/json"}
            self.call(422, "POST", path, content=bad_text, headers=headers)
        headers = {"Content-Type": "application/json"}
        self.call(
            422, "POST", path, content='{"name": "x", "payload": {"k": NaN}}', headers=headers
        )
        self.call(413, "POST", path, content=b" " * (1024 * 1024 + 1), headers=headers)
        for query in ("limit=0", "limit=201", "offset=-1", "limit=x"):
            self.call(422, "GET", f"{path}?{query}")
        self.call(200, "GET", f"{path}?offset=9223372036854775807")

    def postgresql(self) -> None:
        """Items of databases with each access, of both families."""
        base = "/api/v1/postgresql"
        listed = self.call(200, "GET", base)["resources"]
        same(
            "resources",
            [item["qualified_name"] for item in listed],
            ["db.audit", "db.inbox", "db.orders", "pg.orders"],
        )
        self.call(404, "GET", f"{base}/orders/items")
        for name in ("db.orders", "pg.orders"):
            self.rows(f"{base}/{name}/items")
            info = self.call(200, "GET", f"{base}/{name}/info")
            same("info", re.match(r"\d+", info["server_version"]) is not None, True)
        path = f"{base}/db.orders/items"
        body = {"name": "unique", "payload": {}}
        first = self.call(201, "POST", path, json=body)
        self.call(409, "POST", path, json=body)
        other = self.call(201, "POST", path, json={**body, "name": "other"})
        self.call(409, "PUT", f"{path}/{other['id']}", json=body)
        for item in (first, other):
            self.call(204, "DELETE", f"{path}/{item['id']}")
        self.call(422, "GET", f"{path}/not-a-uuid")
        # Only read, and only write.
        self.call(200, "GET", f"{base}/audit/items")
        self.call(403, "POST", f"{base}/audit/items", json=body)
        self.call(200, "GET", f"{base}/inbox/info")
        self.call(403, "GET", f"{base}/inbox/items")
        item = self.call(201, "POST", f"{base}/inbox/items", json=body)
        one = f"{base}/inbox/items/{item['id']}"
        same("hidden", self.call(200, "PUT", one, json=body)["created_at"], None)
        self.call(403, "GET", one)
        self.call(204, "DELETE", one)
        self.call(404, "DELETE", one)

    def postgresql_pool(self) -> None:
        """More requests than connections wait for one; a slow one is ended."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(30) as threads:
            found = list(
                threads.map(
                    lambda _: self.client.get("/api/v1/postgresql/db.orders/items").status_code,
                    range(120),
                )
            )
        same("statuses", set(found), {200})
        server: Postgres = self.servers["postgresql"]
        used = server.sql("select count(*) from pg_stat_activity where usename = 'sample_orders'")
        same("connections", 1 <= int(re.findall(r"\d+", used)[0]) <= 5, True)

    def redis(self) -> None:
        """The client without routes, within its prefix."""
        same("value", self.call(200, "GET", "/api/v1/tools/cache"), "hello")
        same("foreign", self.call(200, "GET", "/api/v1/tools/foreign"), "refused")

    def celery(self) -> None:
        """A worker with the same environment but without the key runs a task."""
        if self.worker is None:
            self.worker = self.spawn(
                [
                    *("celery", "-A", "src.celery_app", "worker", "--concurrency", "2"),
                    *("-Q", "celery", "--without-gossip", "--without-mingle"),
                ],
                "worker.log",
                API_KEY="",
            )
        same("result", self.call(200, "GET", "/api/v1/tools/task"), "ping")
        heartbeat = self.home / "celery-heartbeat"
        same("heartbeat", time.time() - heartbeat.stat().st_mtime < 20, True)

    def rabbitmq(self) -> None:
        """Queues and exchanges with each access."""
        base = "/api/v1/rabbitmq"
        same("queues", self.call(200, "GET", f"{base}/queues"), ["incoming", "mails", "placed"])
        same("exchanges", self.call(200, "GET", f"{base}/exchanges/"), ["shop"])
        content = {"order": [1, None, "é"]}
        for number in range(3):
            body = {"content": {**content, "number": number}}
            sent = self.call(200, "POST", f"{base}/queues/placed/publish", json=body)
            same("sent", (sent["published"], sent["routed"]), (True, True))
        info = self.call(200, "GET", f"{base}/queues/events.placed/info")
        same("vhost", (info["vhost"], info["name"]), ("/shop", "placed"))
        wait_for(
            "three messages",
            lambda: self.call(200, "GET", f"{base}/queues/placed/info")["messages"] == 3,
            10,
        )
        taken = self.call(200, "POST", f"{base}/queues/placed/get", json={"max": 2})["messages"]
        same("taken", [m["content"]["number"] for m in taken], [0, 1])
        same("key", taken[0]["routing_key"], "placed")
        rest = self.call(200, "POST", f"{base}/queues/placed/get", json={"max": 100})["messages"]
        same("rest", [m["content"]["number"] for m in rest], [2])
        same(
            "empty",
            self.call(200, "POST", f"{base}/queues/placed/get", json={})["messages"],
            [],
        )
        for key, routed in (("in.one", True), ("out.one", False)):
            routed_body = {"content": key, "routing_key": key}
            sent = self.call(200, "POST", f"{base}/exchanges/shop/publish", json=routed_body)
            same("routed", (sent["published"], sent["routed"]), (True, routed))
        incoming = self.call(200, "POST", f"{base}/queues/incoming/get", json={"max": 5})
        same("incoming", [m["content"] for m in incoming["messages"]], ["in.one"])
        self.call(403, "POST", f"{base}/queues/incoming/publish", json={"content": 1})
        self.call(403, "POST", f"{base}/queues/mails/get", json={"max": 1})
        self.call(200, "POST", f"{base}/queues/mails/publish", json={"content": None})
        self.call(200, "GET", f"{base}/queues/mails/info")
        self.call(422, "POST", f"{base}/queues/placed/get", json={"max": 101})
        long = {"content": 1, "routing_key": "é" * 128}
        self.call(422, "POST", f"{base}/exchanges/shop/publish", json=long)
        self.call(404, "GET", f"{base}/queues/nothing/info")

    def minio(self) -> None:
        """Objects in buckets with each access."""
        base = "/api/v1/minio"
        same("exists", self.call(200, "GET", f"{base}/invoices/exists")["exists"], True)
        data = os.urandom(700 * 1024)
        for key in ("a", "2026/07/ä b+c%.pdf", "x/y/", "dots...txt", "a" * 200 + "/" + "b" * 200):
            path = f"{base}/invoices/objects/{httpx2.URL(path='/' + key).raw_path.decode()[1:]}"
            path = path.replace("+", "%2B")
            stored = self.call(201, "PUT", path, content=data)
            same("stored", (stored["key"], stored["size"]), (key, len(data)))
            answer = self.client.get(path)
            same("bytes", (answer.status_code, answer.content == data), (200, True))
            disposition = answer.headers["content-disposition"]
            same("attachment", disposition.startswith("attachment"), True)
            listed = self.call(200, "GET", f"{base}/invoices/list", params={"prefix": key})
            same("listed", [item["key"] for item in listed["objects"]], [key])
            self.call(204, "DELETE", path)
            self.call(404, "GET", path)
        for bad in ("", "%2Fa", "a/%2E%2E/b", "%2E%2E", "a" * 1025, "a%00"):
            self.call(422, "PUT", f"{base}/invoices/objects/{bad}", content=b"x")
        large = b"x" * (1024 * 1024 + 1)
        self.call(413, "PUT", f"{base}/invoices/objects/large", content=large)
        self.call(413, "PUT", f"{base}/invoices/objects/large", content=iter([large]))
        self.call(201, "PUT", f"{base}/invoices/objects/exact", content=large[:-1])
        self.call(201, "PUT", f"{base}/invoices/objects/empty", content=b"")
        same("empty", self.client.get(f"{base}/invoices/objects/empty").content, b"")
        for number in range(3):
            self.call(201, "PUT", f"{base}/invoices/objects/many/{number}", content=b"x")
        some = self.call(200, "GET", f"{base}/invoices/list?prefix=many/&max_results=2")
        same("some", (some["total_count"], len(some["objects"])), (2, 2))
        for number in range(30):
            # Half read, then left: every connection must come back.
            with self.client.stream("GET", f"{base}/invoices/objects/exact") as answer:
                same(f"download {number}", answer.status_code, 200)
        self.call(403, "PUT", f"{base}/archive/objects/a", content=b"x")
        self.call(200, "GET", f"{base}/archive/list")
        self.call(404, "GET", f"{base}/archive/objects/none")
        self.call(201, "PUT", f"{base}/drop/objects/a", content=b"x")
        for path in ("exists", "list", "objects/a"):
            self.call(403, "GET", f"{base}/drop/{path}")
        self.call(204, "DELETE", f"{base}/drop/objects/a")
        self.call(404, "GET", f"{base}/nothing/exists")

    def kafka(self) -> None:
        """Topics with each access."""
        base = "/api/v1/kafka"
        topics = ["feed", "order-events", "single", "sink"]
        same("topics", self.call(200, "GET", f"{base}/topics"), topics)
        same(
            "partitions",
            self.call(200, "GET", f"{base}/topics/order-events/info")["partitions"],
            3,
        )
        for number in range(12):
            body = {"key": f"k{number}", "value": {"number": number, "text": "é"}}
            sent = self.call(200, "POST", f"{base}/topics/order-events/produce", json=body)
            same("topic", sent["topic"], "order-events")
        self.call(200, "POST", f"{base}/topics/order-events/produce", json={"value": None})
        seen: list[int | None] = []
        for _ in range(6):
            taken = self.call(200, "POST", f"{base}/topics/order-events/consume", json={"max": 5})
            same("at most", len(taken["messages"]) <= 5, True)
            for message in taken["messages"]:
                seen.append(message["value"] and message["value"]["number"])
            if not taken["messages"]:
                break
        same("seen once", sorted(seen, key=str), sorted([*range(12), None], key=str))
        self.call(200, "POST", f"{base}/topics/feed/consume", json={})
        self.call(403, "POST", f"{base}/topics/feed/produce", json={"value": 1})
        self.call(200, "POST", f"{base}/topics/sink/produce", json={"key": "a", "value": 1})
        self.call(403, "POST", f"{base}/topics/sink/consume", json={})
        self.call(404, "GET", f"{base}/topics/nothing/info")
        self.call(422, "POST", f"{base}/topics/feed/consume", json={"max": 0})

    def mongodb(self) -> None:
        """Documents."""
        base = "/api/v1/mongodb"
        self.rows(f"{base}/catalog/documents")
        same("count", self.call(200, "GET", f"{base}/catalog/count")["count"], 0)
        info = self.call(200, "GET", f"{base}/catalog/info")
        same("collection", info["collection"], "products")
        body = {"name": "x", "payload": {"$where": "1", "a.b": {"$gt": 0}}}
        created = self.call(201, "POST", f"{base}/catalog/documents", json=body)
        one = f"{base}/catalog/documents/{created['id']}"
        same("literal", self.call(200, "GET", one)["payload"], body["payload"])
        self.call(204, "DELETE", one)
        for bad in ("x", "0" * 23, '{"$gt":""}'):
            self.call(422, "GET", f"{base}/catalog/documents/{bad}")
        big = {"name": "x", "payload": {"n": 2**64}}
        self.call(422, "POST", f"{base}/catalog/documents", json=big)

    PROBES = {
        "postgresql": ("GET", "/api/v1/postgresql/db.orders/items", None),
        "rabbitmq": ("GET", "/api/v1/rabbitmq/queues/placed/info", None),
        "minio": ("GET", "/api/v1/minio/invoices/list", None),
        "kafka": ("POST", "/api/v1/kafka/topics/sink/produce", {"value": 1}),
        "mongodb": ("GET", "/api/v1/mongodb/catalog/count", None),
        "redis": ("GET", "/ready?all=1", None),
    }

    def loss(self, name: str) -> None:
        """A server goes and comes back: 503 meanwhile, ready, and as before afterwards."""
        server: Server = self.servers[name]
        method, path, body = self.PROBES[name]
        self.call(200, method, path, json=body)
        server.stop()
        try:
            # Readiness is remembered for five seconds.
            time.sleep(5.5 if path == "/ready?all=1" else 0.5)
            begun = time.monotonic()
            answer = self.client.request(method, path, json=body)
            same("lost", answer.status_code, 503)
            same("in time", time.monotonic() - begun < 16, True)
            if path != "/ready?all=1":
                same("retry-after", bool(answer.headers.get("retry-after")), True)
            time.sleep(5)
            same("ready", self.call(200, "GET", "/ready")["checks"][name], False)
            self.call(200, "GET", "/health")
        finally:
            server.start()
        wait_for(
            f"{name} in the application",
            lambda: self.client.request(method, path, json=body).status_code == 200,
            60,
        )
        self.ready()

    def day2(self) -> None:
        """The day-2 script, as its Job runs it."""
        result = subprocess.run(
            [sys.executable, "day2/fastapi-test.py"],
            cwd=self.tree,
            env={
                "API_KEY": KEY,
                "BASE_URL": f"http://127.0.0.1:{self.port}",
                "TEST_FILE": str(assemble.KINDS / "fastapi" / "files" / "test_file.text"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads(result.stdout)
        for item in found:
            print(f"       {item['status']:8}{item['name']}: {item['output'][:90]}")
        same("exit", result.returncode, 0)
        failed = [item["name"] for item in found if item["status"] == "failed"]
        # This machine's pod is no pod.
        same("failed", [name for name in failed if name != "pod"], [])
        same("keys", set(found[0]), {"name", "description", "status", "severity", "output"})

    def without_backends(self) -> None:
        """A cold start with every backend down: it serves, and gets ready by itself."""
        self.end()
        for server in self.servers.values():
            server.stop()
        self.serve()
        self.call(200, "GET", "/health")
        self.call(503, "GET", "/ready")
        self.call(200, "GET", "/api/v1/")
        for server in self.servers.values():
            server.start()
        wait_for("readiness", lambda: self.answers("/ready"), 90)

    def graceful(self) -> None:
        """SIGTERM ends the process with exit code 0 while a request is open."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        same("in time", time.monotonic() - begun < 22, True)
        self.process = None

    def logs(self) -> None:
        """Every line of the application is JSON, and no log holds a secret or a warning of ours."""
        for name in ("app.log", "worker.log"):
            path = self.home / name
            text = path.read_text() if path.exists() else ""
            for secret in (PASSWORD, KEY):
                same(f"secret in {name}", secret in text, False)
            same(f"DeprecationWarning in {name}", re.findall(r".*DeprecationWarning.*", text), [])
            if name == "app.log":
                for line in text.splitlines():
                    json.loads(line)
                same("probe lines", [x for x in text.splitlines() if "GET /ready" in x], [])

    def end(self) -> None:
        """End the application and the worker."""
        for process in (self.process, self.worker):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(60)
        self.process = self.worker = None

    def run(self) -> None:
        """Every step."""
        self.build()
        try:
            self.step("start the application", self.serve)
            self.step("ready", self.ready)
            self.step("system routes", self.system)
            for name in self.servers:
                self.step(name, getattr(self, name))
            if "postgresql" in self.servers:
                self.step("postgresql pool", self.postgresql_pool)
            if "redis" in self.servers:
                self.step("celery", self.celery)
            self.step("day 2", self.day2)
            for name in self.servers:
                if name != "mongodb":
                    self.step(f"loss of {name}", lambda name=name: self.loss(name))  # type: ignore[misc]
            if "redis" in self.servers:
                self.step("celery after the loss", self.celery)
            self.step("cold start without backends", self.without_backends)
            self.step("graceful end", self.graceful)
            self.step("logs", self.logs)
        finally:
            self.end()
            for server in self.servers.values():
                server.stop()


def main() -> int:
    """Run the proof."""
    home = Path(tempfile.mkdtemp(prefix="platc-app-"))
    proof = Proof(home, sys.argv[1:] or list(SERVERS))
    proof.run()
    for reason in proof.skipped:
        print(f"skip {reason}")
    print(f"{proof.steps - proof.failures} of {proof.steps} steps passed")
    if proof.failures:
        print(f"logs: {home}")
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
