"""Prove one graph, in a machine of its own (world.py): python prove.py SETTINGS.json

Every step prints one line. What is probed follows from the graph and its emitted tree.
"""

from __future__ import annotations

import concurrent.futures
import difflib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

import load
from application import Application, Resource, same, true, worker_pod
from certificates import CertManager
from cluster import Deployment
from images import Registry
from judges import Judges
from pods import Object, Pod, data_of, labels_of, run_to_end, tail
from providers import KINDS, Kafka, Minio, Mongodb, Postgresql, Provider, Rabbitmq, Site
from recovery import Recovery
from rights import Rights
from routes import API, Routes
from waiting import CALL, Failure, until
from world import Network, enter

HERE = Path(__file__).resolve().parent
PYTHON = "/opt/packages/bin/python"
# The custom API of clients/arch.cue.
TOOLS = "tools"
WARNING = re.compile(r"(DeprecationWarning|PendingDeprecationWarning)")
# What libpq itself writes to stderr if PostgreSQL dies in the moment that a connection is made:
# the message follows ReadyForQuery, and psycopg2 takes messages over only when libpq has returned.
BY_LIBPQ = re.compile(r"FATAL:  terminating connection due to .*")


@dataclass(frozen=True)
class Settings:
    """What the run outside tells."""

    name: str
    folder: Path
    kinds: dict[str, str]
    namespaces: dict[str, str]
    logs: Path
    home: Path
    packages: Path
    cache: Path
    kustomize: Path
    sops: Path
    prometheus: Path
    # The component whose loss day 2 has to notice.
    day2_without: str
    # The long proofs: load, and an end under load as the kubelet ends a pod.
    full: bool


def database_of(job: Object) -> tuple[str, str]:
    """Return host and name of the database that a Job migrates."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    values = {item["name"]: item.get("value", "") for item in container["env"]}
    return values["PGHOST"], values["PGDATABASE"]


def settings_of(path: Path) -> Settings:
    """Read the settings."""
    raw = json.loads(path.read_text())
    paths = ("folder", "logs", "home", "packages", "cache", "kustomize", "sops", "prometheus")
    return Settings(**{**raw, **{name: Path(raw[name]) for name in paths}})


class Proof:
    """One graph: its objects, servers, applications, and the steps."""

    def __init__(self, settings: Settings) -> None:
        """Enter the world; nothing runs yet."""
        self.settings = settings
        self.failures = 0
        self.steps = 0
        self.providers: dict[str, Provider] = {}
        self.applications: list[Application] = []
        self.workers: list[Pod] = []
        self.processes: dict[str, list[Pod]] = {}

    def step(self, name: str, run: Callable[[], object]) -> bool:
        """Run one step and say how it went."""
        begun = time.monotonic()
        self.steps += 1
        try:
            note = run()
        except Exception as error:  # Whatever goes wrong is the step's result.
            self.failures += 1
            where = traceback.extract_tb(error.__traceback__)
            at = next((f for f in reversed(where) if f.filename.startswith(str(HERE))), where[-1])
            print(f"FAIL {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            print(f"     {type(error).__name__}: {error}", flush=True)
            print(f"     at {Path(at.filename).name}:{at.lineno} {at.name}", flush=True)
            return False
        text = f": {note}" if isinstance(note, str) and note else ""
        print(f"ok   {name} ({time.monotonic() - begun:.1f} s){text}", flush=True)
        return True

    # --- set-up ---------------------------------------------------------------------------------

    def deploy(self) -> str:
        """Run the emitted deploy.sh, and read what it applies."""
        settings = self.settings
        self.deployment = Deployment(
            settings.folder / "out",
            settings.folder / ".platc" / "dev.agekey",
            Path("/srv/deploy"),
            [settings.kustomize, settings.sops],
        )
        self.objects = self.deployment.objects()
        self.network = Network(self.objects.domain())
        self.certificates = CertManager(self.objects, Path("/srv/certificates"))
        if self.certificates.issue():
            # Who administers the servers here trusts all of them; a pod has variables of its own.
            bundle = self.certificates.home / "bundle"
            bundle.write_text(self.certificates.authorities())
            os.environ["SSL_CERT_FILE"] = str(bundle)
        names = [name for name, kind in settings.kinds.items() if kind == "fastapi"]
        encrypted = any(
            "ssl = on" in item["data"].get("postgresql.conf", "")
            for item in self.objects.of("ConfigMap")
        )
        self.registry = Registry(settings.folder / "out", names, settings.packages, encrypted)
        self.site = Site(self.network, self.objects, self.registry, settings.logs)
        for service in self.objects.of("Service"):
            meta, spec = service["metadata"], service["spec"]
            if spec.get("clusterIP") != "None" and spec.get("selector"):
                self.network.add_service(
                    meta["name"], meta["namespace"], spec["selector"], spec["ports"]
                )
        self.applications = [
            Application(self.site, settings.folder / "out", name, settings.namespaces[name])
            for name in sorted(names)
        ]
        for application in self.applications:
            self.workers += [worker_pod(self.site, item) for item in application.workers()]
            self.processes[application.name] = [
                worker_pod(self.site, item) for item in application.processes("Deployment")
            ]
        needed = {link.component for app in self.applications for link in app.links}
        needed |= {name for app in self.applications for name in app.further}
        needed |= {self.broker(name) for name in needed if settings.kinds.get(name) == "celery"}
        for name in sorted(needed):
            kind = KINDS.get(settings.kinds.get(name, ""))
            if kind is not None:
                self.providers[name] = kind(self.site, name, settings.namespaces[name])
        return f"{len(self.objects.found)} objects"

    def broker(self, worker: str) -> str:
        """Return the redis or rabbitmq that a celery is linked to."""
        graph = json.loads((self.settings.folder / "graph.json").read_text())
        return next(
            str(edge["target"])
            for edge in graph["edges"]
            if edge["source"] == worker
            and self.settings.kinds.get(edge["target"]) in ("redis", "rabbitmq")
        )

    def secrets(self) -> str:
        """No application's tree holds a secret that is not of one of its own identities."""
        known: dict[str, tuple[str, str]] = {}
        for item in self.objects.of("Secret"):
            data = data_of(item)
            # Without one it is an operator's.
            instance = labels_of(item).get("instance", "")
            if self.settings.kinds.get(instance, "service") in ("fastapi", "service", "celery"):
                continue
            # The owner of a value stands in its key, or beside it.
            beside = data.get("username", b"").decode().upper()
            for key, value in data.items():
                if len(value) >= 20 and re.search(r"PASSWORD|KEY|password", key):
                    known[value.decode()] = (instance, beside or key)
        for app in self.applications:
            brokers = [link.component for link in app.linked("celery")]
            mine = tuple(name.upper().replace("-", "_") + "_" for name in [app.name, *brokers])
            files = self.deployment.decrypted(app.name)
            for path, text in files.items():
                for secret, (component, owner) in known.items():
                    if not owner.startswith(mine):
                        true(f"{path} holds {owner} of {component}", secret not in text)
        return f"{len(known)} credentials of servers looked for"

    # --- absent backends ------------------------------------------------------------------------

    def absent(self) -> None:
        """Every application starts while no server is there."""
        early = [app for app in self.applications if not app.migrations]
        for app in early:
            self.start(app)
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            list(threads.map(self.alone, early))

    def start(self, app: Application) -> None:
        """Start an application, its processes, and what runs its tasks: all wait for migrations."""
        app.start()
        for pod in [*self.workers_of(app), *self.processes[app.name]]:
            pod.start()

    def workers_of(self, app: Application) -> list[Pod]:
        """Return Celery's pods of an application."""
        keys = ("platc.dev/application", "platc.dev/beat")
        return [pod for pod in self.workers if app.name in map(pod.endpoint.labels.get, keys)]

    def jobs(self, app: Application) -> str:
        """What ends, ends well."""
        for item in app.processes("CronJob", "Job"):
            name, spec = item["metadata"]["name"], item["spec"]
            template = spec.get("jobTemplate", item)["spec"]["template"]
            pod = self.site.pod(f"{name}-0", app.namespace, template, [])
            code, text = run_to_end(pod)
            same(f"{name}: {text[-2000:]}", code, 0)
        return ", ".join(item["metadata"]["name"] for item in app.processes("CronJob", "Job"))

    def migrate(self, app: Application) -> str:
        """The emitted Jobs migrate, also a second time, and the pod that waits for that starts."""
        for job in [*app.migrations, *app.migrations]:
            code, text = self.site.job(job)
            same(f"{job['metadata']['name']}: {text[-2000:]}", code, 0)
        self.start(app)
        migrated = {database_of(job) for job in app.migrations}
        for item in app.resources("postgresql", "cnpg"):
            server = self.providers[item.component]
            assert isinstance(server, Postgresql)
            if (server.host(), item.record[3]) not in migrated:
                continue
            migrated.remove((server.host(), item.record[3]))
            owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'migrated'"
            found = server.sql(owner, item.record[3])
            same("the owner of what it made", found, [(f"{item.record[3]}_owner",)])
            script = READ_MIGRATED.format(item.qualified)
            same("the application reads it", app.script(script), "[]")
        same("databases that are not the application's", migrated, set())
        return f"{len(app.migrations)} Jobs ran twice"

    def alone(self, app: Application) -> None:
        """An application without backends is healthy, not ready, and says so."""
        backends = [
            link.component for link in app.links if link.kind not in ("application", "fastapi")
        ]
        if not backends:
            until("/ready", lambda: app.status("GET", "/ready") == 200)
        app.call(503 if backends else 200, "GET", "/ready")
        health = app.call(200, "GET", "/health")
        same("services", health["services"], dict.fromkeys(app.modules, False))
        app.call(200, "GET", f"{API}/")
        for module in app.modules:
            listed = app.call(200, "GET", f"{API}/{module}/")
            same("module", listed["module"], module)
        self.unavailable(app, backends)

    def unavailable(self, app: Application, components: list[str]) -> None:
        """Routes of backends that are gone answer 503 in time, and say when to come again."""
        chosen: dict[str, Resource] = {}
        for link in app.links:
            for item in link.resources:
                if link.component in components and self.question(item):
                    chosen.setdefault(link.component, item)

        def ask(item: Resource) -> None:
            question = self.question(item)
            assert question is not None
            method, path, options = question
            # The client of the suite gives up where no answer comes at all.
            answer = app.http.request(method, path, **options)
            same(f"{method} {path} {answer.text[:200]}", answer.status_code, 503)
            true(f"{path}: Retry-After", answer.headers.get("retry-after", "").isdigit())

        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            list(threads.map(ask, chosen.values()))

    def question(self, item: Resource) -> tuple[str, str, dict[str, Any]] | None:
        """Return a request that goes to the server, as the access allows; None where none does."""
        name = item.qualified
        body = {"json": {"name": f"e2e-{uuid.uuid4()}", "payload": {}}}
        if item.provider in ("postgresql", "cnpg"):
            return "GET", f"{API}/postgresql/{name}/info", {}
        if item.provider == "mongodb":
            path = f"{API}/mongodb/{name}"
            return (
                ("GET", f"{path}/count", {}) if item.reads else ("POST", f"{path}/documents", body)
            )
        if item.provider == "minio":
            path = f"{API}/minio/{name}"
            if item.reads:
                return "GET", f"{path}/list", {}
            return "PUT", f"{path}/objects/platc-e2e", {"content": b"x"}
        if item.provider == "kafka":
            return "GET", f"{API}/kafka/topics/{name}/info", {}
        if item.provider == "rabbitmq" and item.kind == "queue":
            return "GET", f"{API}/rabbitmq/queues/{name}/info", {}
        if item.provider == "rabbitmq" and item.writes:
            sent = {"json": {"content": 1, "routing_key": "platc-e2e"}}
            return "POST", f"{API}/rabbitmq/exchanges/{name}/publish", sent
        return None

    # --- servers --------------------------------------------------------------------------------

    def serve(self, provider: Provider) -> str:
        """Start a server; its emitted bootstrap runs twice, and the second changes nothing."""
        provider.create()
        provider.start()
        provider.reconcile()
        jobs = provider.bootstrap()
        before = provider.state()
        provider.reconcile()
        provider.bootstrap()
        unchanged(provider, before)
        left = [name for pod in provider.pods for name in pod.left_out]
        notes = [provider.note] if provider.note else []
        notes += [f"{', '.join(jobs)} ran twice"] if jobs else []
        notes += [f"not run: {', '.join(left)}"] if left else []
        return "; ".join(notes)

    def start_servers(self) -> bool:
        """Start all servers, several at a time."""
        before = self.failures
        with concurrent.futures.ThreadPoolExecutor(3) as threads:
            for future in [
                threads.submit(
                    self.step,
                    f"{self.settings.kinds[name]} {name}",
                    partial(self.serve, provider),
                )
                for name, provider in self.providers.items()
            ]:
                future.result()
        return self.failures == before

    def ready(self) -> None:
        """Everything gets ready by itself."""
        for app in self.applications:
            app.ready()
            app.call(200, "GET", "/ready")
            app.pod.wait()
        for pod in [*self.workers, *(pod for pods in self.processes.values() for pod in pods)]:
            pod.wait()

    def seed(self, item: Resource) -> dict[str, Any]:
        """Put something into a resource as its server's administrator."""
        server = self.providers[item.component]
        name = f"seed-{uuid.uuid4()}"
        payload = {"seed": True}
        if isinstance(server, Postgresql):
            number = str(uuid.uuid4())
            values = f"'{number}', '{name}', '{json.dumps(payload)}'"
            text = f"INSERT INTO app.items (id, name, payload) VALUES ({values})"
            server.sql(text, item.record[3])
            return {"id": number, "name": name, "payload": payload}
        if isinstance(server, Minio):
            store = server.store(*server.root())
            store.put_object(item.record[1], name, io.BytesIO(name.encode()), len(name))
            return {"key": name, "content": name.encode()}
        if isinstance(server, Rabbitmq):
            vhost = next(
                queue["vhost"]
                for queue in server.api("GET", "/queues")
                if queue["name"] == item.name
            )
            body = {
                "properties": {"content_type": "application/json"},
                "routing_key": item.name,
                "payload": json.dumps(payload),
                "payload_encoding": "string",
            }
            where = "".join(f"%{byte:02X}" for byte in vhost.encode())
            server.api("POST", f"/exchanges/{where}/amq.default/publish", body)
            return payload
        if isinstance(server, Kafka):
            server.inside([PYTHON, "-c", PRODUCE, item.name], "")
            return payload
        assert isinstance(server, Mongodb)
        done = server.pods[0].exec(PYTHON, "-c", INSERT, item.name, item.record[4], name)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return {"id": done.stdout.strip(), "name": name, "payload": payload}

    # --- clients without routes -----------------------------------------------------------------

    def clients(self, app: Application) -> str:
        """The emitted clients work in the application's own pod and environment."""
        tried = []
        for link in app.linked("redis"):
            found = app.script(WITH_APPLICATION.format(USE_REDIS.format(link.component)))
            same("redis", found, "hello refused")
            tried.append(f"redis {link.component}")
        for link in app.linked("celery"):
            if self.keeps_results(link.component):
                found = app.script(WITH_APPLICATION.format(USE_CELERY.format(CALL)))
                same("a task's result", found, "ping")
            else:
                self.task_runs(app)
            tried.append(f"a task of {link.component}")
        for link in app.linked("fastapi"):
            found = app.script(WITH_APPLICATION.format(USE_CLIENT.format(link.component)))
            same("the other application", found, f"200 {link.component} 200")
            tried.append(f"application {link.component}")
        for pod in self.workers:
            pod.wait()
        if TOOLS in app.custom_apis:
            self.tools(app)
            tried.append("the same through HTTP")
        return ", ".join(tried)

    def keeps_results(self, worker: str) -> bool:
        """Return whether the broker of a celery keeps results: RabbitMQ does not."""
        return self.settings.kinds[self.broker(worker)] == "redis"

    def task_runs(self, app: Application) -> None:
        """A task that is sent is run by a worker of the application, as its log says."""
        number = app.script(WITH_APPLICATION.format(SEND_TASK))
        self.ran(app, rf"src\.tasks\.echo\[{number}\] succeeded")

    def schedules(self, app: Application) -> str:
        """What is due every minute is enqueued, and run."""
        for task in app.minutely:
            self.ran(app, rf"{re.escape(task)}\[[0-9a-f-]+\] succeeded")
        return ", ".join(app.minutely) or "none that is due soon"

    def ran(self, app: Application, said: str) -> None:
        """Wait until a worker of the application says so."""
        pods = [
            pod
            for pod in self.workers
            if pod.endpoint.labels.get("platc.dev/application") == app.name
        ]

        def done() -> bool:
            logs = [
                path.read_text(errors="replace")
                for pod in pods
                for path in self.settings.logs.glob(f"{pod.namespace}.{pod.name}.*.log")
            ]
            return any(re.search(said, text) for text in logs)

        until(f"a worker of {app.name} that says {said}", done)

    def tools(self, app: Application) -> None:
        """The custom API of clients/arch.cue uses them in requests."""
        found = app.call(200, "GET", f"{API}/{TOOLS}/cache")
        same("cache", found, {"value": "hello", "foreign": "refused"})
        same("task", app.call(200, "GET", f"{API}/{TOOLS}/task"), "ping")
        identity = {"X-Request-ID": "e2e-passed-on"}
        found = app.call(200, "GET", f"{API}/{TOOLS}/stock", headers=identity)
        same("stock", found, {"name": "stock", "request_id": "e2e-passed-on"})
        problem = app.call(500, "GET", f"{API}/{TOOLS}/boom")
        same("problem", set(problem), {"type", "title", "status", "request_id"})

    def tools_without(self, app: Application) -> None:
        """Without Redis, what the custom API does not catch is 503 with Retry-After."""
        for name in ("cache", "task"):
            path = f"{API}/{TOOLS}/{name}"
            answer = app.http.get(path)
            same(f"{path} {answer.text[:200]}", answer.status_code, 503)
            true(f"{path}: Retry-After", answer.headers.get("retry-after", "").isdigit())

    def hang(self, name: str) -> str:
        """A Redis that takes connections and answers nothing: 503, and no thread is kept."""
        users = [app for app in self.applications if TOOLS in app.custom_apis]
        recovery = self.watched(name)
        self.providers[name].hang(True)
        try:
            for app in users:
                self.tools_without(app)
        finally:
            recovery.begin()
            self.providers[name].hang(False)
        said = recovery.end()
        for app in users:
            self.tools(app)
        return said

    def quiet(self, app: Application) -> None:
        """No deprecation warning is of the application's own making at start."""
        app.script(WITH_APPLICATION.format("pass"))

    def metrics(self, app: Application) -> str:
        """/metrics parses, and counts the requests made."""
        if not app.metrics:
            return "no link"
        path = f"{API}/{app.modules[0]}/" if app.modules else f"{API}/"

        def counted() -> tuple[float, str]:
            text = app.http.get("/metrics").text
            done = subprocess.run(
                [self.settings.prometheus / "promtool", "check", "metrics"],
                input=text,
                capture_output=True,
                text=True,
                check=False,
            )
            same(f"promtool check metrics {done.stdout}{done.stderr}", done.returncode, 0)
            total = 0.0
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == "fastapi_http_requests_total" and sample.labels.get(
                        "handler", ""
                    ).rstrip("/") == path.rstrip("/"):
                        total += sample.value
            return total, text

        before, text = counted()
        for _ in range(17):
            app.call(200, "GET", path)
        after, _ = counted()
        same(f"requests of {path}", after - before, 17.0)
        for series in (
            "fastapi_http_requests_total",
            "fastapi_http_request_duration_seconds",
            "fastapi_http_active_requests",
            "fastapi_app_info_info",
            "fastapi_app_status",
            "process_",
        ):
            true(f"{series} is missing", series in text)
        for hidden in ("/health", "/ready", "/metrics"):
            true(f"{hidden} is counted", f'handler="{hidden}"' not in text)
        return "17 requests counted; promtool finds nothing"

    # --- day 2 ----------------------------------------------------------------------------------

    def day2(self, app: Application) -> tuple[int, str]:
        """Run the emitted Job's pod."""
        job = self.objects.get("Job", app.namespace, f"{app.name}-day2")
        return self.site.job(job)

    def day2_passes(self, app: Application) -> str:
        """Every check of day 2 passes or is skipped."""
        code, text = self.day2(app)
        same(f"exit code {text[-2000:]}", code, 0)
        found = json.loads(text)
        failed = [
            f"{item['name']}: {item['output']}" for item in found if item["status"] == "failed"
        ]
        same("failed", failed, [])
        keys = {"name", "description", "status", "severity", "output"}
        same("keys", {frozenset(item) for item in found}, {frozenset(keys)})
        return f"{len(found)} checks"

    def day2_fails(self) -> str:
        """Without a backend, day 2 ends with 1 and says which check failed."""
        name = self.settings.day2_without
        app = next(
            app for app in self.applications if name in {link.component for link in app.links}
        )
        self.providers[name].kill()
        try:
            self.noticed(app)
            code, text = self.day2(app)
        finally:
            self.restart(self.providers[name])
        same("exit code", code, 1)
        failed = [item["name"] for item in json.loads(text) if item["status"] == "failed"]
        true(f"only {failed} have failed", "ready" in failed)
        return f"without {name}: {', '.join(failed)}"

    # --- loss and return ------------------------------------------------------------------------

    def restart(self, provider: Provider) -> None:
        """Start a server again on its data."""
        provider.start()
        provider.reconcile()

    def noticed(self, app: Application) -> None:
        """Wait until the application knows of a loss: it remembers a success for seconds."""
        until(f"503 of {app.name}", lambda: app.status("GET", "/ready?all=1") == 503)

    def misses(self, app: Application, check: str) -> bool:
        """Return whether one of the checks of a module has failed."""
        checks = app.call(200, "GET", "/ready")["checks"]
        return any(name.startswith(check) and not fine for name, fine in checks.items())

    def watched(self, name: str) -> Recovery:
        """Watch every client of a server, in all applications."""
        recovery = Recovery(self.providers[name])
        for app in self.applications:
            for link in app.links:
                if link.component == name and link.kind == "redis":
                    recovery.redis(app, name)
                if link.kind == "celery" and self.broker(link.component) == name:
                    recovery.celery(app, self.keeps_results(link.component))
                for item in link.resources if link.component == name else ():
                    for question in filter(None, (self.question(item), self.sending(item))):
                        method, path, options = question
                        recovery.route(
                            f"{app.name}: {method} {path.removeprefix(API)}",
                            partial(self.served, app, method, path, options),
                        )
            if any(link.component == name for link in app.links):
                ready = partial(self.served, app, "GET", "/ready?all=1", {})
                recovery.route(f"{app.name}: readiness", ready)
        return recovery

    def sending(self, item: Resource) -> tuple[str, str, dict[str, Any]] | None:
        """Return a request that sends a message, which a client keeps for a broker that is gone."""
        if item.writes and item.provider == "kafka":
            return "POST", f"{API}/kafka/topics/{item.qualified}/produce", {"json": {"value": 1}}
        if item.writes and item.provider == "rabbitmq" and item.kind == "queue":
            path = f"{API}/rabbitmq/queues/{item.qualified}/publish"
            return "POST", path, {"json": {"content": 1}}
        return None

    def served(self, app: Application, method: str, path: str, options: dict[str, Any]) -> bool:
        """Ask a route; until it succeeds it may only answer 503."""
        answer = app.http.request(method, path, **options)
        if not answer.is_success:
            same(f"{method} {path} {answer.text[:200]}", answer.status_code, 503)
        return answer.is_success

    def loss(self, name: str) -> str:
        """A server is killed and comes back: 503 meanwhile, and as before afterwards."""
        provider = self.providers[name]
        users = [app for app in self.applications if name in {link.component for link in app.links}]
        before = provider.state()
        recovery = self.watched(name)
        provider.kill()
        try:
            for app in users:
                self.unavailable(app, [name])
            for app in users:
                if TOOLS in app.custom_apis and self.settings.kinds[name] == "redis":
                    self.tools_without(app)
                link = next(link for link in app.links if link.component == name)
                check = {"cnpg": "postgresql"}.get(link.kind, link.kind)
                # Another module may use the same server, and notice first: a task queue its broker.
                until(f"{app.name} says that it lost {name}", partial(self.misses, app, check))
                app.call(200, "GET", "/health")
                app.call(503, "GET", "/ready?all=1")
        finally:
            recovery.begin()
            self.restart(provider)
        said = recovery.end()
        # What is loaded at each start is loaded again: definitions, users.
        unchanged(provider, before)
        for app in users:
            app.ready()
            for link in app.links:
                if link.component == name:
                    for item in link.resources:
                        question = self.question(item)
                        if question is not None:
                            method, path, options = question
                            answer = app.http.request(method, path, **options)
                            true(f"{path} answers {answer.status_code}", answer.is_success)
        return said

    # --- certificates ---------------------------------------------------------------------------

    def encrypted(self) -> list[str]:
        """Return the servers with certificates."""
        return [name for name, provider in self.providers.items() if provider.encrypted]

    def clear_text(self) -> str:
        """No server with a certificate serves a client that does not encrypt."""
        for name in self.encrypted():
            provider = self.providers[name]
            true(f"{name} serves who encrypts", provider.serves(encrypted=True))
            true(f"{name} serves clear text", not provider.serves(encrypted=False))
        return ", ".join(self.encrypted())

    def certify(self, authority: Path | None, name: str) -> None:
        """Give every server a certificate of another authority or for another name, or its own."""

        def renew(provider: Provider) -> None:
            wanted = provider.certificate
            assert wanted is not None
            issuer = authority or self.certificates.issuer(wanted)
            names = [name] if name else wanted["spec"]["dnsNames"]
            provider.kill()
            self.certificates.sign(wanted, issuer, names)
            provider.start()

        with concurrent.futures.ThreadPoolExecutor(3) as threads:
            list(threads.map(renew, [self.providers[name] for name in self.encrypted()]))

    def distrusted(self, authority: Path | None, name: str, why: tuple[str, str]) -> str:
        """Every client refuses every server: routes are 503, and the log says why."""
        self.certify(authority, name)
        told: list[str] = []
        for app in self.applications:
            served = {link.component for link in app.links} & set(self.encrypted())
            self.unavailable(app, sorted(served))
            self.noticed(app)
            for component in sorted(served):
                said = partial(self.says, app, component, *why)
                until(f"{app.name} says {why[0]} of {component}", said)
                told.append(f"{app.name} of {component}")
        return ", ".join(told)

    def says(self, app: Application, component: str, code: str, text: str) -> bool:
        """Return whether the log of an application says why it lost a server.

        Two libraries say it themselves, while they go on trying.
        """
        app.status("GET", "/ready?all=1")
        library = {"kafka": "aiokafka", "rabbitmq": "aio_pika.robust_connection"}
        logger = library.get(self.settings.kinds[component])
        log = self.settings.logs / f"{app.namespace}.{app.pod.name}.app.log"
        return any(
            (line.get("component"), line.get("code")) == (component, code)
            or (line["logger"] == logger and text in line["msg"])
            for line in map(parsed, log.read_text().splitlines())
        )

    def trusted(self) -> str:
        """With their own certificates all is as before."""
        self.certify(None, "")
        for name in self.encrypted():
            self.providers[name].reconcile()
        for app in self.applications:
            app.ready()
            ready = partial(self.served, app, "GET", "/ready?all=1", {})
            until(f"{app.name} is ready", ready)
        return ", ".join(self.clients(app) for app in self.applications)

    # --- the end --------------------------------------------------------------------------------

    def body_route(self, app: Application) -> tuple[str, str, bytes] | None:
        """Return a route that is slow, or takes a body that comes slowly, and may be used."""
        if TOOLS in app.custom_apis:
            return "GET", f"{API}/{TOOLS}/slow?seconds=3", b""
        row = b'{"name": "NAME", "payload": {"slow": true}}'
        for item in app.resources("postgresql", "cnpg"):
            if item.writes:
                return "POST", f"{API}/postgresql/{item.qualified}/items", row
        for item in app.resources("mongodb"):
            if item.writes:
                return "POST", f"{API}/mongodb/{item.qualified}/documents", row
        for item in app.resources("minio"):
            if item.writes:
                return "PUT", f"{API}/minio/{item.qualified}/objects/slow", b"x" * 1000
        for item in app.resources("rabbitmq"):
            if item.kind == "queue" and item.writes:
                path = f"{API}/rabbitmq/queues/{item.qualified}/publish"
                return "POST", path, b'{"content": [1, 2, 3]}'
        for item in app.resources("kafka"):
            if item.writes:
                return "POST", f"{API}/kafka/topics/{item.qualified}/produce", b'{"value": [1, 2]}'
        return None

    def graceful(self, app: Application) -> str:
        """SIGTERM while requests are open: each of them is answered, and the exit code is 0."""
        route = self.body_route(app)
        slow: list[load.Slow] = []
        if route is not None:
            count = 3 if route[0] == "PUT" else 20
            slow = [load.Slow(app.host, app.key, *route) for _ in range(count)]
        full = self.settings.full
        until("the requests in the pod", lambda: app.pod.open_requests()[1] >= len(slow))
        background = load.Background(app.host, app.key, f"{API}/") if full else None
        if background is not None:
            until("load", partial(busy, background))
            # As Kubernetes ends a pod: the Service lets go of it, then preStop, then SIGTERM.
            self.network.withdraw(app.pod.endpoint)
        ended = threading.Thread(target=self.finish, args=(app.pod, slow))
        ended.start()
        begun = time.monotonic()
        codes = app.pod.stop(pre_stop=full)
        took = time.monotonic() - begun
        ended.join()
        statuses = [item.status() for item in slow]
        if route is not None:
            good = 201 if route[1].endswith(("/items", "/documents", "/objects/slow")) else 200
            same("slow requests", statuses, [good] * len(slow))
        # uvicorn ends by the signal that it got, which the first process of a container survives.
        same("exit codes", [code for code in codes.values() if code not in (0, -15)], [])
        note = f"{len(slow)} open requests answered; ended after {took:.1f} s"
        if background is not None:
            served, cut = background.stop()
            same("requests cut off", cut, [])
            note += f"; {served} requests beside them, none cut off"
            self.network.serve()
        return note

    def finish(self, pod: Pod, requests: list[load.Slow]) -> None:
        """Send the rest of each request once the pod takes no more, or has ended."""
        until(f"the end of {pod.name}", lambda: not pod.open_requests()[0], pause=0.05)
        load.finish(requests)

    def loaded(self, app: Application) -> str:
        """50 clients for 30 seconds: no 5xx, connections within the pool, bounded memory."""
        routes = []
        for item in app.resources("postgresql", "cnpg"):
            path = f"{API}/postgresql/{item.qualified}/items"
            if item.writes and item.reads:
                routes += [("GET", f"{path}?limit=5", b""), ("POST", path, b"ITEM")]
        for item in app.resources("rabbitmq"):
            path = f"{API}/rabbitmq/queues/{item.qualified}"
            if item.kind == "queue":
                routes.append(("GET", f"{path}/info", b""))
                if item.writes:
                    routes.append(("POST", f"{path}/publish", b'{"content": {"load": true}}'))
                if item.reads:
                    routes.append(("POST", f"{path}/get", b'{"max": 5}'))
        result = load.run(app.host, app.key, routes, 50, 30, app.pod.resident)
        true(f"5xx: {result.errors[:5]} of {len(result.errors)}", not result.errors)
        bound = int(app.environment.get("POOL_MAX", "5"))
        counts = []
        for item in app.resources("postgresql", "cnpg"):
            server = self.providers[item.component]
            assert isinstance(server, Postgresql)
            query = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{item.record[1]}'"
            count = int(server.sql(query)[0][0])
            true(f"{item.record[1]} has {count} connections", count <= bound)
            counts.append(count)
        for link in app.linked("rabbitmq"):
            server = self.providers[link.component]
            assert isinstance(server, Rabbitmq)
            until("an end of the channels", partial(few_channels, server))
            counts.append(len(server.api("GET", "/connections")))
            true(f"{counts[-1]} connections to {link.component}", counts[-1] <= 2 * 2)
        growth = result.last - result.warm
        true(f"memory grows by {growth // 2**20} MiB", growth < 64 * 2**20)
        return (
            f"{result.requests / result.seconds:.0f} requests a second over {len(routes)} routes, "
            f"{result.put_off} put off, slowest {result.slowest:.2f} s; connections {counts}; "
            f"memory {result.warm // 2**20} MiB after 5 s, {result.last // 2**20} MiB at the end"
        )

    def logs(self, app: Application) -> str:
        """Every line is JSON, and none holds a secret, a warning, or a probe."""
        secrets = Routes(app, self.seed).secrets()
        lines = 0
        pods = [app.pod, *self.workers]
        for pod in pods:
            for path in sorted(self.settings.logs.glob(f"{pod.namespace}.{pod.name}.*.log")):
                text = path.read_text(errors="replace")
                for secret in secrets:
                    true(f"a secret is in {path.name}", secret not in text)
                found = WARNING.findall(text)
                same(f"warnings in {path.name}", found, [])
                # What its init containers say is theirs.
                if pod is app.pod and path.name.endswith(".app.log"):
                    for line in text.splitlines():
                        if BY_LIBPQ.fullmatch(line):
                            continue
                        entry = parsed(line)
                        true(f"keys of {line}", {"ts", "level", "logger", "msg"} <= set(entry))
                        lines += 1
                    for hidden in ("GET /ready", "GET /health", "GET /metrics"):
                        true(f"{hidden} is logged", f'"{hidden} ' not in text)
        return f"{lines} lines"

    # --- all ------------------------------------------------------------------------------------

    def run(self) -> None:
        """Every step."""
        if not self.step("deploy.sh", self.deploy):
            return
        self.step("secrets stay with their owners", self.secrets)
        if not self.step("start without backends", self.absent):
            for app in self.applications:
                print(tail(self.settings.logs / f"{app.namespace}.{app.name}-0.app.log", 5))
            return
        if not self.start_servers():
            return
        for app in self.applications:
            if app.migrations and not self.step(
                f"{app.name}: migration", partial(self.migrate, app)
            ):
                return
        if not self.step("ready by itself", self.ready):
            return
        for app in self.applications:
            self.prove(app)
        for app in self.applications:
            self.step(f"{app.name}: day 2 passes", partial(self.day2_passes, app))
        judges = Judges(self.site, self.registry, self.settings.home / "mypy-cache")
        if self.settings.day2_without:
            with concurrent.futures.ThreadPoolExecutor(1) as threads:
                waiting = threads.submit(
                    self.step, "day 2 fails without a backend", self.day2_fails
                )
                self.judge(judges)
                waiting.result()
        else:
            self.judge(judges)
        loaded = [
            app
            for app in self.applications
            if app.resources("postgresql", "cnpg") and app.resources("rabbitmq")
        ]
        if self.settings.full and loaded:
            app = max(loaded, key=lambda app: sum(len(link.resources) for link in app.links))
            self.step(f"{app.name}: load", partial(self.loaded, app))
        # Of several servers of a kind the first: the others are no other.
        first = {self.settings.kinds[name]: name for name in reversed(self.providers)}
        for kind, name in sorted(first.items()):
            self.step(f"loss and return of {kind} {name}", partial(self.loss, name))
            if kind == "redis" and any(TOOLS in app.custom_apis for app in self.applications):
                self.step(f"{kind} {name} hangs and goes on", partial(self.hang, name))
        for app in self.applications:
            if app.linked("celery"):
                self.step(f"{app.name}: clients after the loss", partial(self.clients, app))
        if self.encrypted():
            self.step("clear text is refused", self.clear_text)
            other = self.certificates.authority("another")
            authority = "certificate_of_another_authority", "unable to get local issuer certificate"
            self.step(authority[0], partial(self.distrusted, other, "", authority))
            host = "certificate_of_another_host", "Hostname mismatch"
            self.step(host[0], partial(self.distrusted, None, "elsewhere.example.com", host))
            self.step("certificates that are right again", self.trusted)
        for app in self.applications:
            self.step(f"{app.name}: SIGTERM", partial(self.graceful, app))
            self.step(f"{app.name}: logs", partial(self.logs, app))

    def judge(self, judges: Judges) -> None:
        """Tests and linters of every application."""
        for app in self.applications:
            self.step(f"{app.name}: tests and linters", partial(judges.prove, app))

    def prove(self, app: Application) -> None:
        """The routes and the rights of one application."""
        routes = Routes(app, self.seed)
        rights = Rights(app, self.providers)
        for name, run in (
            ("system routes", routes.system),
            ("unlinked modules", routes.unlinked),
            ("listings and names", routes.modules),
            ("custom APIs", routes.custom),
            ("resources", routes.resources),
            ("least privilege", lambda: ", ".join(rights.prove())),
            ("clients", partial(self.clients, app)),
            ("schedules", partial(self.schedules, app)),
            ("jobs", partial(self.jobs, app)),
            ("metrics", partial(self.metrics, app)),
            ("no deprecation of its own", partial(self.quiet, app)),
        ):
            self.step(f"{app.name}: {name}", run)


def parsed(line: str) -> dict[str, Any]:
    """Return a line of a log, which is a JSON object."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        entry = None
    if not isinstance(entry, dict):
        raise Failure(f"no JSON object: {line}")
    return entry


def unchanged(provider: Provider, before: str) -> None:
    """Demand that a server's state is what it was; what is loaded at a start may take a while."""
    found = [""]

    def same_again() -> bool:
        found[0] = provider.state()
        return found[0] == before

    try:
        # A difference that stays is one; the server's own work is no sign of hope.
        until(f"the state of {provider.component}", same_again, lambda: found[0], pause=0.5)
    except Failure as error:
        lines = difflib.unified_diff(before.splitlines(), found[0].splitlines(), "before", "now")
        said = "\n".join(line for line in lines if line.startswith(("+", "-")))
        raise Failure(f"{error}\n{said[:3000]}") from error


def busy(background: load.Background) -> bool:
    """Return whether some requests were served beside the others."""
    return background.served > 20


def few_channels(server: Rabbitmq) -> bool:
    """Return whether no more channels are open than a pool holds."""
    return len(server.api("GET", "/channels")) <= 20


PRODUCE = """
import asyncio, sys
from aiokafka import AIOKafkaProducer
async def main():
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:9091")
    await producer.start()
    await producer.send_and_wait(sys.argv[1], b'{"seed": true}')
    await producer.stop()
asyncio.run(main())
"""
INSERT = """
import datetime, sys, pymongo
now = datetime.datetime.now(datetime.timezone.utc)
client = pymongo.MongoClient("127.0.0.1", 27018, directConnection=True)
row = {"name": sys.argv[3], "payload": {"seed": True}, "created_at": now, "updated_at": now}
print(client[sys.argv[1]][sys.argv[2]].insert_one(row).inserted_id)
"""
# The end of the interpreter is not what is tried: that of Debian's Python 3.11 crashes now and then
# while a thread of a client wakes up.
WITH_APPLICATION = """
import asyncio, os, sys, warnings
sys.path.insert(0, "/app")
for category in (DeprecationWarning, PendingDeprecationWarning):
    warnings.filterwarnings("error", category=category, module=r"src(\\.|$)")
from src.main import create_app
async def main():
    app = create_app()
    async with app.router.lifespan_context(app):
        {}
asyncio.run(main())
sys.stdout.flush()
os._exit(0)
"""
USE_REDIS = """
        from redis.exceptions import NoPermissionError
        from src.redis_client import connect
        store = connect(app, "{}")
        await store.redis.set(store.key("greeting"), "hello", ex=60)
        value = await store.redis.get(store.key("greeting"))
        try:
            await store.redis.set("other:key", "x")
            print("result:", value, "accepted")
        except NoPermissionError:
            print("result:", value, "refused")
"""
USE_CELERY = """
        from src.celery_app import send_task
        result = await asyncio.to_thread(send_task, app, "src.tasks.echo", "ping")
        print("result:", await asyncio.to_thread(result.get, timeout={}))
"""
READ_MIGRATED = """
import sys
sys.path.insert(0, "/app")
from src import deps
with deps.database("{}").opened() as database, database.transaction() as cursor:
    cursor.execute("SELECT * FROM app.migrated")
    print("result:", cursor.fetchall())
"""
SEND_TASK = """
        from src.celery_app import send_task
        result = await asyncio.to_thread(send_task, app, "src.tasks.echo", "ping")
        print("result:", result.id)
"""
USE_CLIENT = """
        from src.clients import connect
        other = connect(app, "{}")
        answer = await other.get("/info")
        guarded = await other.get("/api/v1/")
        print("result:", answer.status_code, answer.json()["name"], guarded.status_code)
"""


def entered(path: Path) -> Settings:
    """Read the settings and enter the machine."""
    settings = settings_of(path)
    cache = settings.cache
    store = next(cache.glob("minio-*"))
    enter(
        settings.home / f"root-{settings.name}",
        [HERE, settings.home, settings.packages, settings.kustomize, settings.sops]
        + [settings.prometheus],
        {
            HERE: "/opt/harness",
            settings.packages: "/opt/packages",
            settings.home / "classes": "/opt/classes",
            cache / "postgresql-18.6.3": "/opt/programs/postgresql-18",
            cache / "kafka-4.3.1": "/opt/programs/kafka",
            cache / "mongo-java-server-1.47.0": "/opt/programs/mongo-java-server",
            store / "minio": "/usr/local/bin/minio",
            store / "mc": "/usr/local/bin/mc",
        },
    )
    return settings


def main() -> int:
    """Prove the graph of the settings."""
    settings = entered(Path(sys.argv[1]))
    proof = Proof(settings)
    proof.run()
    print(f"== {settings.name}: {proof.steps - proof.failures} of {proof.steps} steps passed")
    return 1 if proof.failures else 0


if __name__ == "__main__":
    sys.exit(main())
