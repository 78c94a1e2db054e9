"""Run the project of ../own, process by process as its emitted pods: see own.py.

PostgreSQL, Redis, RabbitMQ, uvicorn, Celery and Node are real; the cluster operator of RabbitMQ is
a stand-in (providers.py), and images are programs of this machine (images.py).
"""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg2
import psycopg2.errors

from application import Application, same, true
from judges import Judges
from pods import Object, Pod, tail
from prove import HERE, PYTHON, Proof, Settings, settings_of
from providers import Postgresql, Rabbitmq
from waiting import CALL, Failure, until
from world import enter

SCANS = 400
USER = {"email": "ada@example.com", "password": "open sesame"}
# What each answer has of its own, and what platc adds to every answer.
CHANGING = {"date", "server", "x-process-time", "x-request-id"}
ORIGIN = {"Origin": "https://www.example.com"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "POST"}
STRANGER = {"Origin": "https://evil.example.org", "Access-Control-Request-Method": "POST"}
SCAN = {"id": "2c1a9df1-6f3e-4f0e-9f57-0f8f3b8f4a11", "status": "lost"}
WRONG = {"username": USER["email"], "password": "open barley"}
# Requests that change nothing, or the second time nothing.
REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/", {}),
    ("HEAD", "/", {}),
    ("GET", "/index.html", {}),
    ("GET", "/style.css", {}),
    ("GET", "/no-such-page", {}),
    ("GET", "/openapi.json", {}),
    ("GET", "/docs", {}),
    ("GET", "/redoc", {}),
    ("GET", "/docs/oauth2-redirect", {}),
    ("OPTIONS", "/items", {"headers": PREFLIGHT}),
    ("OPTIONS", "/items", {"headers": STRANGER}),
    ("GET", "/items", {"headers": ORIGIN}),
    ("GET", "/items", {}),
    ("GET", "/items/", {}),
    ("GET", "/users/me/", {}),
    ("PUT", "/items", {}),
    ("DELETE", "/", {}),
    ("POST", "/users", {"json": USER}),
    ("POST", "/users", {"json": {"email": 7}}),
    ("POST", "/users", {"content": b"{"}),
    ("POST", "/login", {"data": WRONG}),
    ("POST", "/login", {}),
    ("GET", "/users/me", {"headers": {"Authorization": "Bearer x.y.z"}}),
)
# The same with a token.
KNOWN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/users/me", {}),
    ("GET", "/items", {}),
    ("POST", "/items", {"json": {}}),
    ("POST", "/items/1/scans", {"json": SCAN}),
    ("POST", "/items/x/scans", {"json": SCAN}),
)
DDL = (
    "CREATE TABLE other (id int)",
    "CREATE TABLE public.other (id int)",
    "CREATE SCHEMA other",
    "ALTER TABLE items ADD COLUMN other int",
    "DROP TABLE scans",
    "TRUNCATE scans",
    "UPDATE alembic_version SET version_num = '0001' WHERE false; DROP TABLE alembic_version",
    "CREATE INDEX other ON items (name)",
)
WRITING = (
    "INSERT INTO users (email, password_hash) VALUES ('x', 'x')",
    "UPDATE items SET name = 'x'",
    "DELETE FROM scans",
)


class Own(Proof):
    """The project: its servers, pods, and the steps."""

    def __init__(self, settings: Settings, modules: Path) -> None:
        """Enter the world; nothing runs yet."""
        super().__init__(settings)
        self.modules = modules
        self.starting: list[Starting] = []
        self.token = ""

    # --- set-up ---------------------------------------------------------------------------------

    def by_itself(self) -> str:
        """The project's own tests pass without platc."""
        done = subprocess.run(
            [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "app/tests"],
            cwd=self.settings.folder / "backend",
            capture_output=True,
            text=True,
            check=False,
        )
        same(done.stdout[-3000:] + done.stderr[-1000:], done.returncode, 0)
        return done.stdout.strip().splitlines()[-1]

    def pods_made(self) -> str:
        """Every pod of the project is made from its emitted workload."""
        self.registry.service("web", self.modules / "node_modules")
        self.backend = self.applications[0]
        consumer = self.objects.get("Deployment", "depot", "backend-consumer")
        same("replicas", consumer["spec"]["replicas"], 2)
        second = self.site.pod("backend-consumer-1", "depot", consumer["spec"]["template"], [])
        self.consumers = [*self.processes["backend"], second]
        web = self.objects.get("Deployment", "web", "web")["spec"]["template"]
        self.web = self.site.pod("web-0", "web", web, [])
        for name in ("cache", "bus", "db"):
            true(f"{name} is linked", name in self.providers)
        return f"{len(self.workers)} of Celery, 2 consumers, backend, web"

    def begin(self) -> str:
        """What waits for the migration starts while no server is there; Node serves at once."""
        self.starting = [Starting(pod) for pod in self.pods()]
        self.web.start()
        self.web.wait()
        same("without a database", self.node("/")[0], 503)
        return "the page answers 503 without its database"

    def node(self, path: str) -> tuple[int, Any]:
        """Ask the page through its Service."""
        host = f"http://{self.site.service('web', 'web')}:3000"
        answer = httpx2.get(host + path, timeout=CALL, trust_env=False)
        return answer.status_code, answer.json()

    # --- migrations -----------------------------------------------------------------------------

    @property
    def db(self) -> Postgresql:
        """The database's server."""
        server = self.providers["db"]
        assert isinstance(server, Postgresql)
        return server

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the project's database as its administrator."""
        return self.db.sql(query, "depot")

    def held(self) -> str:
        """Nothing of the application runs before its migration."""
        # The scheduler asks no database: it only enqueues.
        ended = {i.pod.name: i.error for i in self.starting if not i.thread.is_alive()}
        same("pods that do not wait, and why", ended, {"tasks-beat-backend-0": ""})
        same("tables", self.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'app'"), [(0,)])
        return "backend, consumers and the worker of Celery wait"

    def pods(self) -> list[Pod]:
        """Return the pods that wait for the migration."""
        return [self.backend.pod, *self.consumers, *self.workers]

    def identity(self, template: Object, name: str, *, init: bool = False) -> str:
        """Return the user of DATABASE_URL in a container of a template."""
        pod = self.site.pod(f"identity-{uuid.uuid4().hex[:8]}", "depot", template, [])
        containers = template["spec"]["initContainers" if init else "containers"]
        spec = next(item for item in containers if item["name"] == name)
        url = pod.environment(spec, self.registry(spec["image"]))["DATABASE_URL"]
        return url.partition("://")[2].partition(":")[0]

    def migrated(self) -> str:
        """The emitted Job migrates by the team's command as a user of its own, then all start."""
        job = self.objects.get("Job", "depot", "backend-migrate-depot")
        template = job["spec"]["template"]
        command = next(
            item["command"]
            for item in template["spec"]["initContainers"]
            if item["name"] == "migrate"
        )
        same("command", command, ["alembic", "upgrade", "head"])
        migrates = self.identity(template, "migrate", init=True)
        serves = self.identity(self.backend.deployment["spec"]["template"], "app")
        true("the migration has a user of its own", migrates != serves)
        for _ in range(2):
            code, text = self.site.job(job)
            same(f"{job['metadata']['name']}: {text[-3000:]}", code, 0)
        same("version", self.rows("SELECT version_num FROM app.alembic_version"), [("0003",)])
        owners = self.rows(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename IN"
            " ('users', 'items', 'scans', 'alembic_version')"
        )
        same("owner of the tables", owners, [("depot_owner",)])
        for item in self.starting:
            item.end()
        for pod in self.pods():
            pod.wait()
        return f"{migrates} migrates, {serves} serves; ran twice"

    def refused(self) -> str:
        """The roles that serve may not change tables, and that of the page may not write."""
        backend = self.environment(self.backend.pod)["DATABASE_URL"]
        consumer = self.environment(self.consumers[0])["DATABASE_URL"]
        page = self.environment(self.web)["DATABASE_URL"]
        count = 0
        for url, texts in ((backend, DDL), (consumer, DDL), (page, (*DDL, *WRITING))):
            connection = psycopg2.connect(url.replace("postgresql+psycopg2:", "postgresql:"))
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM items")
                for text in texts:
                    try:
                        cursor.execute(text)
                    except psycopg2.errors.InsufficientPrivilege:
                        count += 1
                        continue
                    raise Failure(f"{connection.info.user} may: {text}")
            connection.close()
        return f"{count} statements"

    def environment(self, pod: Pod) -> dict[str, str]:
        """Return the variables of a pod's first container."""
        return pod.main().environment

    # --- its URLs -------------------------------------------------------------------------------

    def urls(self) -> str:
        """Each answer is that of the application by itself: status, body and headers."""
        template = copy.deepcopy(self.backend.deployment["spec"]["template"])
        template["metadata"]["labels"] = {}
        container = template["spec"]["containers"][0]
        words = ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
        container["command"] = words
        container["startupProbe"] = {"tcpSocket": {"port": 8000}}
        for probe in ("readinessProbe", "livenessProbe"):
            container.pop(probe, None)
        pod = self.site.pod("by-itself-0", "depot", template, [])
        pod.start()
        pod.wait()
        try:
            plain = httpx2.Client(
                base_url=f"http://{pod.endpoint.address}:8000", timeout=CALL, trust_env=False
            )
            host = {"Host": self.backend.host}
            plain.headers.update(host)
            same("a new user", self.backend.http.post("/users", json=USER).status_code, 201)
            for request in REQUESTS:
                self.alike(plain, request)
            self.token = self.logged_in()
            bearer = {"Authorization": f"Bearer {self.token}"}
            for method, path, options in KNOWN:
                self.alike(plain, (method, path, {**options, "headers": bearer}))
        finally:
            pod.kill()
        return f"{len(REQUESTS) + len(KNOWN)} requests"

    def alike(self, plain: httpx2.Client, request: tuple[str, str, dict[str, Any]]) -> None:
        """Demand the same answer of both."""
        method, path, options = request
        answers = [client.request(method, path, **options) for client in (plain, self.backend.http)]
        found = [
            (
                item.status_code,
                item.text,
                {key: value for key, value in item.headers.items() if key not in CHANGING},
                "x-process-time" in item.headers,
            )
            for item in answers
        ]
        same(f"{method} {path}", found[1], found[0])

    def logged_in(self) -> str:
        """Return a token."""
        form = {"username": USER["email"], "password": USER["password"]}
        answer = self.backend.http.post("/login", data=form)
        same("login", answer.status_code, 200)
        return str(answer.json()["access_token"])

    def signed(self) -> str:
        """The secret that signs tokens was drawn by platc, and no pod but the backend's has it."""
        key = self.environment(self.backend.pod)["SECRET_KEY"]
        true("SECRET_KEY is long", len(key) >= 32)
        true("the page has it", key not in self.environment(self.web).values())
        me = self.call(200, "GET", "/users/me")
        same("who is logged in", me["email"], USER["email"])
        return f"{len(key)} characters"

    def call(self, status: int, method: str, path: str, **options: Any) -> Any:
        """Ask the backend with a token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.backend.http.request(method, path, headers=headers, **options)
        same(f"{method} {path}: {answer.text[:300]}", answer.status_code, status)
        return answer.json()

    # --- the consumer ---------------------------------------------------------------------------

    def recorded(self) -> int:
        """Return how many scans are written down."""
        return int(self.rows("SELECT count(*) FROM app.scans")[0][0])

    def consumes_again(self) -> bool:
        """Start the consumer again where it ends before the broker takes it: the kubelet does."""
        pod = self.consumers[1]
        if not pod.main().alive:
            pod.containers.clear()
            pod.start()
        return pod.main().log.read_text().count("consuming scans") > 1

    def more_than(self, count: int) -> bool:
        """Say whether more scans are written down."""
        return self.recorded() > count

    def losses(self) -> str:
        """Each scan that was accepted is written down, though broker and a consumer are killed."""
        item = self.call(201, "POST", "/items", json={"name": "lamp"})["id"]
        sender = Sender(self.backend, self.token, item)
        threads = [threading.Thread(target=sender.run, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        broker = self.providers["bus"]
        assert isinstance(broker, Rabbitmq)
        said = []
        for part in (1, 2):
            until("scans", partial(self.more_than, part * SCANS // 4), self.recorded)
            if part == 2:
                self.consumers[1].kill()
            broker.kill()
            said.append(self.recorded())
            broker.start()
            if part == 2:
                self.consumers[1].start()
                until("the consumer that was killed", self.consumes_again)
        for thread in threads:
            thread.join()
        same("errors", sender.errors, [])
        same("accepted", len(sender.accepted), SCANS)
        until("every scan", lambda: self.recorded() >= SCANS, self.recorded)
        found = {str(row[0]) for row in self.rows("SELECT id FROM app.scans")}
        same("scans that are lost", sender.accepted - found, set())
        same("scans that nobody sent", found - sender.accepted, set())
        listed = self.call(200, "GET", "/items")
        same("the item", [(x["status"], x["scans"]) for x in listed], [("delivered", SCANS)])
        return f"killed after {said} of {SCANS}; {sender.put_off} requests were put off"

    # --- tasks and jobs -------------------------------------------------------------------------

    def task(self) -> str:
        """The emitted worker runs the task that a request enqueues."""
        kept = self.call(201, "POST", "/items", json={"name": "chair"})["id"]
        number = str(self.call(202, "POST", "/items/purge")["task"])
        self.ran(self.backend, rf"app\.tasks\.purge\[{number}\] succeeded in .*: 1")
        same("what is left", [item["id"] for item in self.call(200, "GET", "/items")], [kept])
        return number

    def beat(self) -> str:
        """The emitted scheduler enqueues what is due every minute, and the worker runs it."""
        return self.schedules(self.backend)

    def report(self) -> str:
        """The pod of the emitted CronJob ends well; the task that it enqueues is run."""
        name = self.jobs(self.backend)
        text = (self.settings.logs / f"depot.{name}-0.job.log").read_text()
        said, _, number = text.strip().partition("\ntask: ")
        same("output", said, "announced: 1")
        self.ran(self.backend, rf"app\.tasks\.count\[{number}\] succeeded")
        return f"{said}, task {number}"

    # --- the page -------------------------------------------------------------------------------

    def page(self) -> str:
        """Node reads the database with its own user, and asks the backend where its link says."""
        same("travelling", self.node("/"), (200, {"travelling": 1}))
        status, answer = self.node("/api")
        same("the backend", (status, answer["status"]), (200, 200))
        true("its page", "<title>Depot</title>" in answer["text"])
        done = self.web.exec("node", "--version")
        url = self.environment(self.web)["DATABASE_URL"]
        return f"node {done.stdout.strip()}, as {url.partition('://')[2].partition(':')[0]}"

    # --- the end --------------------------------------------------------------------------------

    def ended(self) -> str:
        """Every process ends by SIGTERM."""
        codes: dict[str, dict[str, int]] = {}
        for pod in (self.backend.pod, *self.consumers, self.web, *self.workers):
            codes[pod.name] = pod.stop()
        bad = {name: found for name, found in codes.items() if set(found.values()) - {0, -15}}
        same("exit codes", bad, {})
        return f"{len(codes)} pods"

    def run(self) -> None:
        """Every step."""
        steps = (
            ("its tests, without platc", self.by_itself),
            ("deploy.sh", self.deploy),
            ("secrets stay with their owners", self.secrets),
            ("pods", self.pods_made),
            ("start without servers", self.begin),
            ("servers", self.all_served),
            ("nothing serves before the migration", self.held),
            ("migration", self.migrated),
            ("ready", self.backend_ready),
            ("no DDL for who serves", self.refused),
            ("its URLs", self.urls),
            ("its secret", self.signed),
            ("the broker is killed", self.losses),
            ("a task", self.task),
            ("a job", self.report),
            ("the page of Node", self.page),
            ("day 2", lambda: self.day2_passes(self.backend)),
            ("tests and linters", self.judged),
            ("beat", self.beat),
            ("SIGTERM", self.ended),
            ("logs", lambda: self.logs(self.backend)),
        )
        for name, run in steps:
            if not self.step(name, run):
                for path in sorted(self.settings.logs.glob("*.log")):
                    print(f"--- {path.name}\n{tail(path, 8)}")
                return

    def all_served(self) -> None:
        """Every server starts."""
        true("a server does not start", self.start_servers())

    def backend_ready(self) -> None:
        """Readiness, of every server."""
        self.backend.ready()
        for pod in self.workers:
            pod.wait()

    def judged(self) -> str:
        """The emitted tests, with those of the project, and the linters."""
        judges = Judges(self.site, self.registry, self.settings.home / "mypy-cache")
        return judges.prove(self.backend)


class Starting:
    """A pod whose init containers may take long."""

    def __init__(self, pod: Pod) -> None:
        """Begin."""
        self.pod = pod
        self.error = ""
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Start it."""
        try:
            self.pod.start()
        except Exception as error:  # Whatever it is, it is told where it is waited for.
            self.error = str(error)

    def end(self) -> None:
        """Wait until its containers have started."""
        self.thread.join()
        same(f"{self.pod.name} starts", self.error, "")


class Sender:
    """Devices: each scan is sent until it is accepted."""

    def __init__(self, backend: Application, token: str, item: int) -> None:
        """Draw the numbers."""
        self.backend = backend
        self.path = f"/items/{item}/scans"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.waiting = [str(uuid.uuid4()) for _ in range(SCANS)]
        self.accepted: set[str] = set()
        self.put_off = 0
        self.errors: list[str] = []

    def run(self) -> None:
        """Send what is left."""
        while self.waiting and not self.errors:
            number = self.waiting.pop()
            until(f"scan {number}", partial(self.taken, number), pause=0.1)
            time.sleep(0.05)

    def taken(self, number: str) -> bool:
        """Send one, and say whether it was accepted: 503 comes while the broker is away."""
        body = {"id": number, "status": "delivered"}
        answer = self.backend.http.post(self.path, json=body, headers=self.headers)
        if answer.status_code == 202:
            self.accepted.add(number)
        elif answer.status_code == 503:
            self.put_off += 1
        else:
            self.errors.append(f"{answer.status_code} {answer.text[:200]}")
        return answer.status_code != 503


def main() -> int:
    """Prove the project of the settings, with Node and with the page's packages."""
    settings, node, web = settings_of(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
    programs = [settings.kustomize, settings.sops, settings.prometheus]
    enter(
        settings.home / "root-own",
        [HERE, settings.home, settings.packages, *programs],
        {
            HERE: "/opt/harness",
            settings.packages: "/opt/packages",
            settings.cache / "postgresql-18.6.3": "/opt/programs/postgresql-18",
            node / "node_modules" / "node" / "bin" / "node": "/usr/local/bin/node",
        },
    )
    proof = Own(settings, web)
    proof.run()
    print(f"== own: {proof.steps - proof.failures} of {proof.steps} steps passed")
    return 1 if proof.failures else 0


if __name__ == "__main__":
    sys.exit(main())
