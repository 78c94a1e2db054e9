"""Outside of any namespace: compile the graphs and install what their applications require.

A tree is emitted by platc, from examples/everything, from the graphs of `go run ./graphs` that have
an application, and from clients/arch.cue beside this file, whose custom API uses the clients
that have no routes of their own.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("PLATC_CACHE", Path.home() / ".cache" / "platc"))
# Debian's own: the users of pods may run it, wherever another one in PATH lies.
PYTHON = "/usr/bin/python3"
# What the examples want to be set; any value does.
ENVIRONMENT = {"REGISTRY_PASSWORD": "e2e-registry-password"}


@dataclass(frozen=True)
class Graph:
    """One architecture: its folder holds arch.cue, out/ and .platc/dev.agekey."""

    name: str
    folder: Path
    kinds: dict[str, str]

    @property
    def tree(self) -> Path:
        """The emitted tree."""
        return self.folder / "out"

    @property
    def applications(self) -> list[str]:
        """The components of kind fastapi."""
        return sorted(name for name, kind in self.kinds.items() if kind == "fastapi")


def command(*words: str | Path, cwd: Path | None = None, **extra: str) -> str:
    """Run a command and return its output, or fail with all that it said."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def build_platc(home: Path) -> Path:
    """Build the compiler of this checkout."""
    platc = home / "platc"
    command("go", "build", "-o", platc, "./cmd/platc", cwd=ROOT)
    return platc


def architectures(home: Path, full: bool) -> dict[str, Path]:
    """Return every candidate by the name of its folder; full has all architectures of one link."""
    generated = home / "generated"
    more = {"PLATC_E2E": "full"} if full else {}
    command("go", "run", "./graphs", generated, cwd=ROOT / "e2e", **more)
    found = {path.parent.name: path for path in sorted(generated.glob("*/arch.cue"))}
    if not found:
        raise RuntimeError("go run ./graphs made no graph")
    for path in (ROOT / "examples" / "everything" / "arch.cue", HERE / "clients" / "arch.cue"):
        if path.parent.name in found:
            raise RuntimeError(f"two graphs are called {path.parent.name}")
        found[path.parent.name] = path
    return found


def compile_graph(platc: Path, home: Path, name: str, source: Path) -> Graph | None:
    """Emit the tree of one architecture; None where it has no application."""
    folder = home / "graphs" / name
    shutil.copytree(source.parent, folder, ignore=shutil.ignore_patterns("want", "out", ".platc"))
    drawn = command(platc, "graph", "--json", "--quiet", "arch.cue", cwd=folder, **ENVIRONMENT)
    kinds = {node["id"]: node["kind"] for node in json.loads(drawn)["nodes"] if not node["parent"]}
    if "fastapi" not in kinds.values():
        shutil.rmtree(folder)
        return None
    (folder / "graph.json").write_text(drawn)
    command(platc, "build", "--quiet", "-o", "out", "arch.cue", cwd=folder, **ENVIRONMENT)
    return Graph(name, folder, kinds)


def compile_graphs(home: Path, wanted: list[str]) -> list[Graph]:
    """Emit the trees of all graphs that have an application, or of those that are wanted."""
    platc = build_platc(home)
    found = architectures(home, full=bool(wanted))
    unknown = sorted(set(wanted) - set(found))
    if unknown:
        raise RuntimeError(f"there is no graph {', '.join(unknown)}; there are {', '.join(found)}")
    chosen = [item for item in found.items() if not wanted or item[0] in wanted]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        graphs = list(threads.map(lambda item: compile_graph(platc, home, *item), chosen))
    return [graph for graph in graphs if graph is not None]


def pins(graphs: list[Graph]) -> list[str]:
    """Return the union of all requirements; two pins of one package are a failure."""
    seen: dict[str, tuple[str, str]] = {}
    for graph in graphs:
        for application in graph.applications:
            for file in ("requirements.txt", "requirements-test.txt"):
                path = graph.tree / application / file
                for line in path.read_text().splitlines():
                    if not line or line.startswith("#"):
                        continue
                    package = line.partition("==")[0]
                    known, where = seen.setdefault(package, (line, str(path)))
                    if known != line:
                        raise RuntimeError(f"{path} pins {line}, {where} pins {known}")
    return sorted(line for line, _ in seen.values())


def virtual_environment(graphs: list[Graph]) -> Path:
    """Return the environment that holds the pins of all graphs; it is made once per set of pins."""
    wanted = "".join(f"{pin}\n" for pin in pins(graphs))
    folder = CACHE / f"app-venv-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        command(PYTHON, "-m", "venv", folder)
        (folder / "requirements.txt").write_text(wanted)
        command(folder / "bin" / "pip", "install", "-q", "-r", folder / "requirements.txt")
        command(folder / "bin" / "pip", "check")
        (folder / "complete").touch()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def fitting_environment(graphs: list[Graph]) -> Path | None:
    """Return an environment that a run of all graphs has made and that holds these pins."""
    wanted = set(pins(graphs))
    for path in sorted(CACHE.glob("app-venv-*/complete"), key=lambda path: -path.stat().st_mtime):
        if wanted <= set((path.parent / "requirements.txt").read_text().splitlines()):
            return path.parent
    return None


def compile_java(target: Path) -> None:
    """Compile the programs that stand in for servers and operators in Java."""
    jars = [CACHE / "kafka-4.3.1", CACHE / "mongo-java-server-1.47.0"]
    path = ":".join(f"{folder}/*" for folder in jars)
    command("javac", "-nowarn", "-cp", path, "-d", target, *sorted(HERE.glob("*.java")))


def temporary_home() -> Path:
    """Return a folder for trees and logs that every user of a pod may pass through."""
    home = Path(tempfile.mkdtemp(prefix="platc-app-"))
    home.chmod(0o755)
    return home
