"""Every route of the modules, with the access that each link has."""

from __future__ import annotations

import os
import re
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any

import httpx2

from application import CLIENTS, MODULE_OF, MODULES, Application, Resource, same, true
from waiting import Failure, until

API = "/api/v1"
INJECTIONS = (
    "'; DROP TABLE app.items; --",
    '" OR 1=1 --',
    '{"$gt": ""}',
    "${jndi:ldap://localhost/x}",
    "$(reboot)",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "..",
    "db.orders;db.audit",
)
# Names of rows may not hold it; names of resources are refused anyway.
HEADER = "a\r\nX-Injected: 1"
JSON = {"Content-Type": "application/json"}
MEBIBYTE = 1024 * 1024


def quoted(text: str) -> str:
    """Return text as one segment of a path."""
    return urllib.parse.quote(text, safe="")


class Routes:
    """The routes of one application; `seed` puts data where the application may only read."""

    def __init__(
        self, application: Application, seed: Callable[[Resource], dict[str, Any]]
    ) -> None:
        """Keep both."""
        self.app = application
        self.call = application.call
        self.seed = seed

    # --- what every application has -------------------------------------------------------------

    def system(self) -> None:
        """The open routes, the key, the errors and the request id."""
        app = self.app
        names = sorted([*app.modules, *app.custom_apis])
        root = self.call(200, "GET", "/")
        if not app.asgi:
            same("HEAD /", app.status("HEAD", "/"), 200)
            same("/", sorted(root), ["docs", "name", "version"])
            same("name", root["name"], app.environment["APP_NAME"])
        health = self.call(200, "GET", "/health")
        same("services", health["services"], dict.fromkeys(app.modules, True))
        same("families", sorted(set(health) - {"status", "services"}), self.families())
        for path in ("/ready", "/ready?all=1", "/health/", "/ready/"):
            self.call(200, "GET", path)
        same("/info", sorted(self.call(200, "GET", "/info")["modules"]), names)
        docs = 200 if app.environment["DOCS_ENABLED"] == "true" else 404
        for path in ("/docs", "/openapi.json"):
            self.call(docs, "GET", path)
        self.call(200 if app.metrics else 404, "GET", "/metrics")
        same("the same below the API", self.call(200, "GET", f"{API}/health"), health)
        for family in self.families():
            module = family.partition("_")[0]
            for name in health[family]:
                if app.reads(module, name):
                    self.call(200, "GET", f"{API}/{module}/{quoted(name)}/info")
        listed = self.call(200, "GET", f"{API}/")
        same("modules", sorted(item["name"] for item in listed["modules"]), names)
        for item in listed["modules"]:
            true(f"{item} is no path", str(item["path"]).startswith(f"{API}/"))
        if app.guarded:
            same("the key's length", len(app.key), 40)
            for headers in ({"X-API-Key": "wrong"}, {"X-API-Key": ""}):
                self.call(401, "GET", f"{API}/", headers=headers)
                for name in names:
                    self.call(401, "GET", f"{API}/{name}/", headers=headers)
        else:
            self.call(200, "GET", f"{API}/", headers={"X-API-Key": "anything"})
        answer = app.http.get("/health", headers={"X-Request-ID": "e2e-1"})
        same("request id", answer.headers["x-request-id"], "e2e-1")
        answer = app.http.get("/health", headers={"X-Request-ID": "no good; x"})
        true("a bad id is replaced", answer.headers["x-request-id"] not in ("", "no good; x"))
        true("the server has no name", "server" not in answer.headers)
        text = str(health) + str(root)
        for secret in self.secrets():
            true("a secret is shown", secret not in text)

    def families(self) -> list[str]:
        """Return the lists of names that /health has."""
        found = {
            "kafka": ["kafka_topics"],
            "minio": ["minio_buckets"],
            "mongodb": ["mongodb_databases"],
            "postgresql": ["postgresql_databases"],
            "rabbitmq": ["rabbitmq_exchanges", "rabbitmq_queues"],
        }
        return sorted({name for module in self.app.modules for name in found.get(module, [])})

    def secrets(self) -> list[str]:
        """Return every secret of the application's environment."""
        found = [item.record[2] for item in self.app.resources("postgresql", "cnpg", "mongodb")]
        found += [item.record[3] for item in self.app.resources("minio")]
        for link in self.app.links:
            found += [link.values[key] for key in ("API_KEY", "PASSWORD") if key in link.values]
        found += self.app.environment.get("API_KEYS", "").split(",")
        return [*filter(None, [*found, self.app.key])]

    def unlinked(self) -> None:
        """What no link brings is 404."""
        for name in {*MODULES, *CLIENTS} - set(self.app.modules):
            if name not in self.app.custom_apis:
                for path in (f"{API}/{name}/", f"{API}/{name}", f"{API}/{name}/x/items"):
                    self.call(404, "GET", path)

    def modules(self) -> None:
        """Exactly the linked resources are listed, and no name is interpreted."""
        lookups = {
            "postgresql": "/{}/items",
            "mongodb": "/{}/documents",
            "rabbitmq": "/queues/{}/info",
            "minio": "/{}/list",
            "kafka": "/topics/{}/info",
        }
        for module in self.app.modules:
            base = f"{API}/{module}"
            expected = sorted(
                (item.qualified, item.component) for item in self.app.resources(*self.kinds(module))
            )
            for path in (base, f"{base}/"):
                listed = self.call(200, "GET", path)
                same("module", listed["module"], module)
                found = [(x["qualified_name"], x["component"]) for x in listed["resources"]]
                same(f"resources of {module}", sorted(found), expected)
            self.call(404, "GET", base + lookups[module].format("nothing"))
            for text in (*INJECTIONS, HEADER):
                path = base + lookups[module].format(quoted(text))
                status = self.app.status("GET", path)
                true(f"GET {path} answers {status}", status in (404, 422))

    def kinds(self, module: str) -> list[str]:
        """Return the kinds of providers that a module serves."""
        return [module, *(kind for kind, name in MODULE_OF.items() if name == module)]

    def custom(self) -> None:
        """Custom APIs answer."""
        for name in self.app.custom_apis:
            status = self.app.status("GET", f"{API}/{name}/")
            true(f"{name} answers {status}", status == 200)

    def resources(self) -> None:
        """Every resource of every module."""
        probes = {
            "postgresql": self.database,
            "cnpg": self.database,
            "mongodb": self.collection,
            "rabbitmq": self.exchange_or_queue,
            "minio": self.bucket,
            "kafka": self.topic,
        }
        for link in self.app.links:
            for item in link.resources:
                probes[link.kind](item)
        if "rabbitmq" in self.app.modules:
            for kind, path in (("queue", "queues"), ("exchange", "exchanges")):
                names = [x for x in self.app.resources("rabbitmq") if x.kind == kind]
                listed = self.call(200, "GET", f"{API}/rabbitmq/{path}")
                same(path, len(listed), len(names))
        if "kafka" in self.app.modules:
            topics = self.call(200, "GET", f"{API}/kafka/topics")
            same("topics", len(topics), len(self.app.resources("kafka")))

    # --- rows and documents ---------------------------------------------------------------------

    def database(self, item: Resource) -> None:
        """Items of a database."""
        base = f"{API}/postgresql/{item.qualified}"
        info = self.call(200, "GET", f"{base}/info")
        same("component", info["component"], item.component)
        true("a version", re.match(r"\d+", info["server_version"]))
        self.rows(item, f"{base}/items", str(uuid.uuid4()), "not-a-uuid")
        if item.writes and item.reads:
            self.unique(f"{base}/items")

    def collection(self, item: Resource) -> None:
        """Documents of a collection."""
        base = f"{API}/mongodb/{item.qualified}"
        info = self.call(200, "GET", f"{base}/info")
        same("collection", info["collection"], item.record[4])
        self.call(200 if item.reads else 403, "GET", f"{base}/count")
        self.rows(item, f"{base}/documents", "0" * 24, "0" * 23)
        if item.writes and item.reads:
            body = {"name": "x", "payload": {"$where": "1", "a.b": {"$gt": 0}}}
            created = self.call(201, "POST", f"{base}/documents", json=body)
            one = f"{base}/documents/{created['id']}"
            same("literal", self.call(200, "GET", one)["payload"], body["payload"])
            self.call(204, "DELETE", one)
            big = {"name": "x", "payload": {"n": 2**64}}
            self.call(422, "POST", f"{base}/documents", json=big)

    def rows(self, item: Resource, path: str, unknown: str, malformed: str) -> None:
        """Create, list, read, replace and delete, as far as the access allows."""
        body = {"name": f"e2e-{uuid.uuid4()}", "payload": {"a": [1, 2.5, None, True, "é\u4e16"]}}
        other = {"name": f"e2e-{uuid.uuid4()}", "payload": {"b": 1}}
        self.call(422, "GET", f"{path}/{malformed}")
        if item.access == "read":
            seeded = self.seed(item)
            page = self.call(200, "GET", path)
            true("the seed is listed", seeded["name"] in [row["name"] for row in page["items"]])
            one = f"{path}/{seeded['id']}"
            same("the seed", self.call(200, "GET", one)["payload"], seeded["payload"])
            self.call(403, "POST", path, json=body)
            self.call(403, "PUT", one, json=other)
            self.call(403, "DELETE", one)
            same("the seed stays", self.call(200, "GET", one)["name"], seeded["name"])
            return
        if item.access == "write":
            created = self.call(201, "POST", path, json=body)
            one = f"{path}/{created['id']}"
            self.call(403, "GET", path)
            self.call(403, "GET", one)
            self.call(200, "PUT", one, json=other)
            self.call(204, "DELETE", one)
            self.call(404, "DELETE", one)
            return
        before = self.call(200, "GET", f"{path}?limit=1")["total"]
        created = self.call(201, "POST", path, json=body)
        one = f"{path}/{created['id']}"
        same("payload", created["payload"], body["payload"])
        same("read", self.call(200, "GET", one), created)
        same("total", self.call(200, "GET", f"{path}/?limit=1")["total"], before + 1)
        self.pages(path)
        changed = self.call(200, "PUT", one, json=other)
        same("created_at", changed["created_at"], created["created_at"])
        same("replaced", self.call(200, "GET", one), changed)
        self.call(204, "DELETE", one)
        for gone in (one, f"{path}/{unknown}"):
            self.call(404, "GET", gone)
            self.call(404, "PUT", gone, json=other)
            self.call(404, "DELETE", gone)
        self.mistakes(path)
        for text in INJECTIONS:
            created = self.call(201, "POST", path, json={"name": text, "payload": {text: text}})
            found = self.call(200, "GET", f"{path}/{created['id']}")
            same("kept as it is", (found["name"], found["payload"]), (text, {text: text}))
            self.call(204, "DELETE", f"{path}/{created['id']}")
        same("total", self.call(200, "GET", f"{path}?limit=1")["total"], before)

    def pages(self, path: str) -> None:
        """A page goes on where the one before ends, without counting; together they are all."""
        more = [
            self.call(201, "POST", path, json={"name": f"page-{uuid.uuid4()}", "payload": {}})
            for _ in range(3)
        ]
        wanted = [row["id"] for row in self.call(200, "GET", f"{path}?limit=200")["items"]]
        true("the last are the newest", wanted[-3:] == [row["id"] for row in more])
        found: list[str] = []
        page = self.call(200, "GET", f"{path}?limit=2")
        same("counted", page["total"], len(wanted))
        while True:
            found += [row["id"] for row in page["items"]]
            if page["next"] is None:
                break
            after = urllib.parse.quote(page["next"], safe="")
            page = self.call(200, "GET", f"{path}?limit=2&after={after}")
            same("not counted", page["total"], None)
        same("pages", found, wanted)
        self.call(422, "GET", f"{path}?after=x")
        for row in more:
            self.call(204, "DELETE", f"{path}/{row['id']}")

    def mistakes(self, path: str) -> None:
        """What is not valid is refused."""
        bad: tuple[dict[str, Any], ...] = (
            {"name": "", "payload": {}},
            {"name": "x" * 201, "payload": {}},
            {"name": "x\x00", "payload": {}},
            {"name": HEADER, "payload": {}},
            {"name": "x", "payload": []},
            {"name": "x", "payload": {"k": "\x00"}},
            {"payload": {}},
        )
        for body in bad:
            self.call(422, "POST", path, json=body)
        for text in (
            '{"name": "x", "payload": {"k": "\\ud800"}}',
            '{"name": "x", "payload": {"k": NaN}}',
            '{"name": "x", ',
            "[]",
        ):
            self.call(422, "POST", path, content=text, headers=JSON)
        self.call(413, "POST", path, content=b" " * (MEBIBYTE + 1), headers=JSON)
        for query in ("limit=0", "limit=201", "offset=-1", "limit=x"):
            self.call(422, "GET", f"{path}?{query}")
        self.call(200, "GET", f"{path}?offset=9223372036854775807")

    def unique(self, path: str) -> None:
        """A name is there once."""
        body = {"name": f"unique-{uuid.uuid4()}", "payload": {}}
        first = self.call(201, "POST", path, json=body)
        self.call(409, "POST", path, json=body)
        other = self.call(201, "POST", path, json={**body, "name": f"other-{uuid.uuid4()}"})
        self.call(409, "PUT", f"{path}/{other['id']}", json=body)
        for row in (first, other):
            self.call(204, "DELETE", f"{path}/{row['id']}")

    # --- messages -------------------------------------------------------------------------------

    def exchange_or_queue(self, item: Resource) -> None:
        """Publish and take."""
        (self.queue if item.kind == "queue" else self.exchange)(item)

    def queue(self, item: Resource) -> None:
        """A queue."""
        base = f"{API}/rabbitmq/queues/{item.qualified}"
        info = self.call(200, "GET", f"{base}/info")
        same("name", info["name"], item.name)
        content = {"order": [1, None, "é"], "x": INJECTIONS[0]}
        if item.writes:
            for number in range(3):
                body = {"content": {**content, "number": number}}
                sent = self.call(200, "POST", f"{base}/publish", json=body)
                same("sent", (sent["published"], sent["routed"]), (True, True))
        else:
            self.call(403, "POST", f"{base}/publish", json={"content": 1})
            for _ in range(3):
                self.seed(item)
        if not item.reads:
            self.call(403, "POST", f"{base}/get", json={"max": 1})
            return

        def waiting() -> bool:
            return bool(self.call(200, "GET", f"{base}/info")["messages"] >= 3)

        until("three messages", waiting)
        taken = self.call(200, "POST", f"{base}/get", json={"max": 2})["messages"]
        same("taken", len(taken), 2)
        rest = self.call(200, "POST", f"{base}/get", json={"max": 100})["messages"]
        if item.writes:
            found = [message["content"] for message in [*taken, *rest]]
            true("in order", [x["number"] for x in found][-3:] == [0, 1, 2])
            same("content", {k: found[-1][k] for k in content}, content)
        same("empty", self.call(200, "POST", f"{base}/get", json={})["messages"], [])
        self.call(422, "POST", f"{base}/get", json={"max": 101})

    def exchange(self, item: Resource) -> None:
        """An exchange."""
        path = f"{API}/rabbitmq/exchanges/{item.qualified}/publish"
        body = {"content": 1, "routing_key": "platc-e2e"}
        if not item.writes:
            self.call(403, "POST", path, json=body)
            return
        same("published", self.call(200, "POST", path, json=body)["published"], True)
        self.call(422, "POST", path, json={"content": 1, "routing_key": "é" * 128})

    # --- objects --------------------------------------------------------------------------------

    def bucket(self, item: Resource) -> None:
        """A bucket."""
        base = f"{API}/minio/{item.qualified}"
        objects = f"{base}/objects"
        if item.access == "read":
            seeded = self.seed(item)
            same("exists", self.call(200, "GET", f"{base}/exists")["exists"], True)
            listed = self.call(200, "GET", f"{base}/list?prefix={seeded['key']}")
            same("the seed", [x["key"] for x in listed["objects"]], [seeded["key"]])
            answer = self.app.http.get(f"{objects}/{seeded['key']}")
            same("bytes", (answer.status_code, answer.content), (200, seeded["content"]))
            self.call(404, "GET", f"{objects}/none")
            self.call(403, "PUT", f"{objects}/a", content=b"x")
            self.call(403, "DELETE", f"{objects}/{seeded['key']}")
            return
        if item.access == "write":
            self.call(201, "PUT", f"{objects}/a", content=b"x")
            for path in ("exists", "list", "objects/a"):
                self.call(403, "GET", f"{base}/{path}")
            self.call(204, "DELETE", f"{objects}/a")
            return
        same("exists", self.call(200, "GET", f"{base}/exists")["exists"], True)
        data = os.urandom(700 * 1024)
        keys = ("a", "2026/07/ä b+c%.pdf", "x/y/", "dots...txt", "a" * 200 + "/" + "b" * 200)
        for key in (*keys, "'; DROP TABLE x; --", "${HOME}"):
            path = f"{objects}/{'/'.join(quoted(part) for part in key.split('/'))}"
            stored = self.call(201, "PUT", path, content=data)
            same("stored", (stored["key"], stored["size"]), (key, len(data)))
            answer = self.app.http.get(path)
            same("bytes", (answer.status_code, answer.content == data), (200, True))
            disposition = answer.headers["content-disposition"]
            true("an attachment", disposition.startswith("attachment"))
            listed = self.call(200, "GET", f"{base}/list", params={"prefix": key})
            same("listed", [found["key"] for found in listed["objects"]], [key])
            self.call(204, "DELETE", path)
            self.call(404, "GET", path)
        for bad in ("", "%2Fa", "a/%2E%2E/b", "%2E%2E", "a" * 1025, "a%00"):
            self.call(422, "PUT", f"{objects}/{bad}", content=b"x")
        self.large(objects)
        for number in range(3):
            self.call(201, "PUT", f"{objects}/many/{number}", content=b"x")
        some = self.call(200, "GET", f"{base}/list?prefix=many/&max_results=2")
        same("some", (some["total_count"], len(some["objects"])), (3, 2))
        rest = self.call(200, "GET", f"{base}/list?prefix=many/&start_after={some['next']}")
        same(
            "the rest",
            ([item["key"] for item in rest["objects"]], rest["next"]),
            (["many/2"], None),
        )
        for number in range(30):
            # Half read, then left: every connection must come back.
            with self.app.http.stream("GET", f"{objects}/exact") as answer:
                same(f"download {number}", answer.status_code, 200)
        for key in ("exact", "empty", "many/0", "many/1", "many/2"):
            self.call(204, "DELETE", f"{objects}/{key}")

    def large(self, objects: str) -> None:
        """The limit of an upload, told in advance and not."""
        limit = int(self.app.environment.get("MAX_UPLOAD_BYTES", 10 * MEBIBYTE))
        large = b"x" * (limit + 1)
        for content in (large, iter([large[: limit // 2], large[limit // 2 :]])):
            try:
                answer = self.app.http.put(f"{objects}/large", content=content)
            except httpx2.TransportError as error:
                raise Failure(f"an upload that is too large has no answer: {error}") from error
            same("too large", answer.status_code, 413)
        self.call(201, "PUT", f"{objects}/exact", content=large[:-1])
        self.call(201, "PUT", f"{objects}/empty", content=b"")
        same("empty", self.app.http.get(f"{objects}/empty").content, b"")

    # --- records --------------------------------------------------------------------------------

    def topic(self, item: Resource) -> None:
        """A topic."""
        base = f"{API}/kafka/topics/{item.qualified}"
        info = self.call(200, "GET", f"{base}/info")
        true("partitions", info["partitions"] >= 1)
        if item.writes:
            for number in range(6):
                body = {"key": f"k{number}", "value": {"number": number, "text": INJECTIONS[0]}}
                sent = self.call(200, "POST", f"{base}/produce", json=body)
                same("topic", sent["topic"], item.name)
        else:
            self.call(403, "POST", f"{base}/produce", json={"value": 1})
            for _ in range(6):
                self.seed(item)
        if not item.reads:
            self.call(403, "POST", f"{base}/consume", json={})
            return
        seen: list[Any] = []

        def all_seen() -> bool:
            taken = self.call(200, "POST", f"{base}/consume", json={"max": 5})["messages"]
            same("at most", len(taken) <= 5, True)
            seen.extend((message["partition"], message["offset"]) for message in taken)
            return len(seen) >= 6

        until("six records", all_seen)
        same("each once", len(set(seen)), len(seen))
        self.call(422, "POST", f"{base}/consume", json={"max": 0})
