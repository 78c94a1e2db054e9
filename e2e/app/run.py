"""Compile the graphs, then prove each in a machine of its own, two or more at a time.

run.py [--keep] [GRAPH …]       without names: all
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import trees
from trees import CACHE, HERE, Graph

# A graph with more applications is the disjoint union of others: it is for the control plane.
MOST_APPLICATIONS = 4
PROVIDERS = ("postgresql", "cnpg", "mongodb", "rabbitmq", "minio", "kafka", "redis")
# Without a line of a graph, and for a graph in all: no machine that works needs so long.
QUIET_MINUTES = 20
MINUTES = 90


def chosen_losses(graphs: list[Graph]) -> dict[str, str]:
    """Return, by graph, the component whose loss day 2 has to notice: each kind in one graph.

    The check waits for two minutes, so the graphs with the fewest components do it.
    """
    found: dict[str, str] = {}
    for kind in PROVIDERS:
        for graph in sorted(graphs, key=lambda graph: (len(graph.kinds), graph.name)):
            edges = json.loads((graph.folder / "graph.json").read_text())["edges"]
            linked = {
                edge["target"].partition("/")[0]
                for edge in edges
                if graph.kinds.get(edge["source"]) == "fastapi"
            }
            names = sorted(name for name in linked if graph.kinds[name] == kind)
            if names and graph.name not in found:
                found[graph.name] = names[0]
                break
    return found


def releases() -> str:
    """Say which programs stand in for the images."""
    names = {
        "postgresql": "PostgreSQL (for cnpg, since it has TLS)",
        "redis-server": "Redis (for valkey)",
        "rabbitmq-server": "RabbitMQ",
        "python3": "Python",
    }
    found = [
        f"{said} {trees.command('dpkg-query', '-W', '-f', '${Version}', package)}"
        for package, said in names.items()
    ]
    for path in sorted(CACHE.glob("*")):
        if path.name.startswith(("kafka-", "minio-", "mongo-java-server-", "postgresql-")):
            found.append(path.name)
    return ", ".join(found)


def program(module: str) -> str:
    """Return the folder of a program that e2e/binaries built."""
    script = trees.ROOT / "e2e" / "binaries" / "build.sh"
    return trees.command(script, "--where", module).strip()


class Run:
    """All graphs and what they gave."""

    def __init__(
        self, home: Path, graphs: list[Graph], packages: Path, script: str = "prove.py"
    ) -> None:
        """Prepare what the graphs share."""
        self.home = home
        self.script = script
        self.packages = packages
        self.losses = chosen_losses(graphs)
        self.programs = {name: program(name) for name in ("kustomize", "prometheus", "sops")}
        (home / "mypy-cache").mkdir()
        (home / "mypy-cache").chmod(0o1777)
        trees.compile_java(home / "classes")
        # The longest first. Those that lose a backend for day 2 wait for most of their time.
        ordered = sorted(graphs, key=lambda graph: (-self.weight(graph), graph.name))
        self.waiting = [graph for graph in ordered if graph.name in self.losses]
        self.working = [graph for graph in ordered if graph.name not in self.losses]
        self.failed: list[str] = []
        self.took: list[str] = []
        self.lock = threading.Lock()
        self.processes: set[subprocess.Popen[bytes]] = set()

    def weight(self, graph: Graph) -> int:
        """Return about how much there is to do for a graph."""
        return len(graph.applications) + len(graph.kinds)

    def settings(self, graph: Graph) -> Path:
        """Write what the machine of a graph is told."""
        logs = self.home / "logs" / graph.name
        logs.mkdir(parents=True)
        nodes = json.loads((graph.folder / "graph.json").read_text())["nodes"]
        path = self.home / f"{graph.name}.json"
        linked = {name for name in graph.kinds if graph.kinds[name] in (*PROVIDERS, "celery")}
        path.write_text(
            json.dumps(
                {
                    "name": graph.name,
                    "folder": str(graph.folder),
                    "kinds": graph.kinds,
                    "namespaces": {node["id"]: node["namespace"] for node in nodes},
                    "logs": str(logs),
                    "home": str(self.home),
                    "packages": str(self.packages),
                    "cache": str(CACHE),
                    **self.programs,
                    "day2_without": self.losses.get(graph.name, ""),
                    # Load and an end under load, where an application has many servers.
                    "full": len(linked) >= 6,
                }
            )
        )
        return path

    def worker(self, todo: list[Graph]) -> None:
        """Prove graphs until none is left."""
        while True:
            with self.lock:
                if not todo:
                    return
                graph = todo.pop(0)
            try:
                self.prove(graph)
            except Exception as error:  # A thread that ends by itself must not pass for a proof.
                with self.lock:
                    self.failed.append(graph.name)
                    print(f"FAIL {graph.name} was not proved: {error!r}", flush=True)

    def prove(self, graph: Graph) -> None:
        """Prove one graph; its lines are printed together."""
        begun = time.monotonic()
        settings = self.settings(graph)
        said = self.home / "logs" / graph.name / "steps"
        with open(said, "w") as output:
            process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig=KILL"),
                    *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"),
                    *("--mount-proc", self.packages / "bin" / "python", HERE / self.script),
                    settings,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
            )
        with self.lock:
            self.processes.add(process)
        late = ""
        while process.poll() is None:
            time.sleep(0.2)
            quiet = time.time() - said.stat().st_mtime
            if quiet > QUIET_MINUTES * 60 or time.monotonic() - begun > MINUTES * 60:
                process.kill()
                process.wait()
                late = f"FAIL {graph.name} has not ended, its last line is {quiet:.0f} s old\n"
        text = said.read_text() + late
        with self.lock:
            self.processes.discard(process)
            if process.returncode != 0:
                self.failed.append(graph.name)
            took = time.monotonic() - begun
            self.took.append(f"{took:6.0f} s  {text.splitlines()[-1].removeprefix('== ')}")
            print(f"== {graph.name} ({took:.0f} s)\n{text}", end="", flush=True)

    def run(self, workers: int) -> bool:
        """Prove all; return whether all is well."""
        threads = [
            threading.Thread(target=self.worker, args=(todo,), daemon=True)
            for todo, count in ((self.working, workers), (self.waiting, 2 * workers))
            for _ in range(count)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for process in self.processes:
                process.kill()
        return not self.failed


def main() -> int:
    """Run."""
    begun = time.monotonic()
    words = sys.argv[1:]
    keep = "--keep" in words
    home = trees.temporary_home()
    well = False
    try:
        wanted = [word for word in words if word != "--keep"]
        graphs = trees.compile_graphs(home, wanted)
        packages = trees.fitting_environment(graphs) if wanted else None
        if packages is None:
            everything = graphs
            if wanted:
                (home / "all").mkdir()
                everything = trees.compile_graphs(home / "all", [])
            packages = trees.virtual_environment(everything)
        trees.command(packages / "bin" / "pip", "check")
        print(f"servers: {releases()}")
        print(f"compiled {len(graphs)} graphs after {time.monotonic() - begun:.0f} s", flush=True)
        large = [graph.name for graph in graphs if len(graph.applications) > MOST_APPLICATIONS]
        if large:
            print(f"not run, since it repeats other graphs: {', '.join(large)}")
        graphs = [graph for graph in graphs if graph.name not in large]
        run = Run(home, graphs, packages)
        # one more than processors: much of a proof is waiting, such as day 2 for a lost backend
        workers = (os.cpu_count() or 1) + 1
        well = run.run(int(os.environ.get("PLATC_E2E_WORKERS", workers)))
        print("\n".join(["== summary", *sorted(run.took)]))
        if run.failed:
            print(f"failed: {', '.join(sorted(run.failed))}; logs: {home}/logs")
    finally:
        if well and not keep:
            shutil.rmtree(home, ignore_errors=True)
        else:
            print(f"trees and logs stay in {home}")
    print(f"{'passed' if well else 'FAILED'} after {time.monotonic() - begun:.0f} s")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
