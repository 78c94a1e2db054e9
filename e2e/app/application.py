"""One application of a graph: what its tree says it is linked to, and a client of its routes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from pods import Object, Pod, labels_of
from providers import Site
from waiting import CALL, Failure, until

# Modules with routes, and clients without, that no link may bring by mistake.
MODULES = ("kafka", "minio", "mongodb", "postgresql", "rabbitmq")
CLIENTS = ("celery", "redis")
MODULE_OF = {"cnpg": "postgresql"}
LISTS = {
    "POSTGRES": "DATABASES",
    "CNPG": "DATABASES",
    "MONGODB": "DATABASES",
    "MINIO": "BUCKETS",
}


def same(what: str, found: object, expected: object) -> None:
    """Demand that two values are equal."""
    if found != expected:
        raise Failure(f"{what}: found {found!r}, expected {expected!r}")


def true(what: str, found: object) -> None:
    """Demand something."""
    if not found:
        raise Failure(what)


@dataclass(frozen=True)
class Resource:
    """A resource that a link gives, with the fields of its record where it has one."""

    component: str
    provider: str
    kind: str
    name: str
    access: str
    record: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """Its unambiguous name in a path."""
        return f"{self.component}.{self.name}"

    @property
    def reads(self) -> bool:
        """Whether the link may read."""
        return "read" in self.access

    @property
    def writes(self) -> bool:
        """Whether the link may write."""
        return "write" in self.access


@dataclass(frozen=True)
class Link:
    """One provider that the application is linked to."""

    component: str
    family: str
    kind: str
    values: dict[str, str]
    resources: tuple[Resource, ...]


class Application:
    """The application, its pod and a client of its Service."""

    def __init__(self, site: Site, tree: Path, name: str, namespace: str) -> None:
        """Read the emitted wiring and the applied objects."""
        self.site = site
        self.name = name
        self.namespace = namespace
        self.folder = tree / name
        self.deployment: Object = site.objects.get("Deployment", namespace, name)
        template = self.deployment["spec"]["template"]
        self.pod = site.pod(f"{name}-0", namespace, template, [])
        container = next(item for item in template["spec"]["containers"] if item["name"] == "app")
        self.environment = self.pod.environment(container, site.images(container["image"]))
        wiring: dict[str, Any] = {"Provider": dict, "Resource": dict}
        text = (self.folder / "src" / "wiring.py").read_text()
        text = text.replace("from src.common import Provider, Resource\n", "")
        exec(compile(text, "wiring.py", "exec"), wiring)
        # Pods whose databases are migrated by the application wait for that.
        self.migrations = self.site.objects.of("Job", namespace, instance=name, component="migrate")
        self.modules: tuple[str, ...] = wiring["MODULES"]
        self.custom_apis: tuple[str, ...] = wiring["CUSTOM_APIS"]
        self.clients: tuple[str, ...] = wiring["CLIENTS"]
        self.metrics: bool = wiring["METRICS"]
        # Another application serves what this one does not, its errors too.
        self.asgi: str = wiring["ASGI"]
        # What processes are linked to besides.
        self.further = {
            item["component"] for found in wiring["PROCESSES"].values() for item in found
        }
        beat = wiring.get("BEAT", ())
        self.minutely = [task for _, task, cron, _ in beat if cron == "* * * * *"]
        self.guarded: bool = wiring["AUTH"] == "api_key"
        self.links = tuple(self.link(item) for item in wiring["PROVIDERS"])
        self.key = self.environment.get("API_KEY", "")
        self.host = site.service(name, namespace)
        self.http = httpx2.Client(
            base_url=f"http://{self.host}",
            headers={"X-API-Key": self.key} if self.guarded else {},
            timeout=CALL,
            trust_env=False,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def link(self, item: dict[str, Any]) -> Link:
        """Return a link with the values of its variables."""
        values = {
            key: self.environment[name]
            for key, name in item["variables"].items()
            if name in self.environment
        }
        records: dict[str, tuple[str, ...]] = {}
        listed = values.get(LISTS.get(item["family"], ""), "")
        for record in filter(None, listed.split(";")):
            fields = tuple(record.split(":"))
            records[fields[0]] = fields
        resources = tuple(
            Resource(
                item["component"],
                item["kind"],
                entry["kind"],
                entry["name"],
                entry["access"],
                records.get(entry["name"], ()),
            )
            for entry in item["resources"]
        )
        return Link(item["component"], item["family"], item["kind"], values, resources)

    def linked(self, *kinds: str) -> list[Link]:
        """Return the links to providers of these kinds."""
        return [link for link in self.links if link.kind in kinds]

    def resources(self, *kinds: str) -> list[Resource]:
        """Return the resources of providers of these kinds."""
        return [item for link in self.linked(*kinds) for item in link.resources]

    def reads(self, module: str, name: str) -> bool:
        """Return whether a name addresses one resource of a module, and the link may read it."""
        kinds = [kind for kind in (module, *MODULE_OF) if MODULE_OF.get(kind, kind) == module]
        found = [item for item in self.resources(*kinds) if item.name == name]
        return len(found) == 1 and found[0].reads

    def workers(self) -> list[Object]:
        """Return the Deployments of Celery's workers and schedulers that run its image."""
        return [
            item
            for item in self.site.objects.of("Deployment", component="worker")
            if self.name in map(labels_of(item["spec"]["template"]).get, ("application", "beat"))
        ]

    def processes(self, *kinds: str) -> list[Object]:
        """Return the workloads of its own workers or jobs."""
        return [
            item
            for kind in kinds
            for item in self.site.objects.of(kind, self.namespace, instance=self.name)
            if labels_of(item).get("component") in ("worker", "job")
        ]

    # --- requests -------------------------------------------------------------------------------

    def call(self, status: int, method: str, path: str, **options: Any) -> Any:
        """Send a request, demand its status, return its JSON, or the answer where it has none."""
        answer = self.http.request(method, path, **options)
        same(f"{self.name}: {method} {path} {answer.text[:300]}", answer.status_code, status)
        kind = answer.headers.get("content-type", "")
        # /ready tells which check fails, in the form of its own.
        if status >= 400 and not path.startswith("/ready") and not self.asgi:
            true(f"{method} {path}: an error is a problem, not {kind}", "problem+json" in kind)
        return answer.json() if "json" in kind and answer.content else answer

    def status(self, method: str, path: str, **options: Any) -> int:
        """Return the status of a request, or 0 where none comes."""
        try:
            return int(self.http.request(method, path, **options).status_code)
        except httpx2.TransportError:
            return 0

    # --- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the pod, and wait until it serves."""
        self.pod.start()
        self.pod.wait(names=("startupProbe", "livenessProbe"))
        until(f"an answer of {self.name}", lambda: self.status("GET", "/health") == 200)

    def ready(self) -> None:
        """Wait until every backend answers."""
        said = [""]

        def ready() -> bool:
            answer = self.http.get("/ready?all=1")
            said[0] = answer.text
            return answer.status_code == 200

        try:
            until(f"readiness of {self.name}", ready)
        except Failure as error:
            raise Failure(f"{error}: {said[0]}") from error

    def script(self, text: str) -> str:
        """Run Python in the pod, beside the application; return what it prints as its result."""
        done = self.pod.exec("python", "-", text=text)
        if done.returncode != 0:
            said = (done.stdout + done.stderr)[-2000:]
            raise Failure(f"{self.name}: a script in the pod ends with {done.returncode}: {said}")
        lines = [line for line in done.stdout.splitlines() if line.startswith("result: ")]
        return lines[-1].removeprefix("result: ") if lines else ""


def worker_pod(site: Site, deployment: Object) -> Pod:
    """Make the pod of a worker."""
    meta = deployment["metadata"]
    return site.pod(f"{meta['name']}-0", meta["namespace"], deployment["spec"]["template"], [])
