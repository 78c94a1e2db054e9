"""An application of a team's own, as if there were no platc, with nothing but arch.cue added.

own.py [--keep] [PLATC]     the compiler to use; without, that of this checkout

The project is ../own/project. This compiles it and installs what its processes need; own_prove.py
runs them in a machine of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import trees

OWN = trees.HERE.parent / "own"
EVERYTHING = trees.ROOT / "examples" / "everything" / "arch.cue"


def install(node: Path, folder: Path) -> None:
    """Install what the lock file of a folder says, as its Dockerfile does."""
    programs = node / "node_modules"
    words = [programs / "node" / "bin" / "node", programs / "npm" / "bin" / "npm-cli.js"]
    trees.command(*words, "ci", "--silent", "--omit=dev", cwd=folder)


def compiled(home: Path, platc: Path) -> tuple[trees.Graph, Path]:
    """Compile the project; return it with an environment for it and for the harness."""
    graph = trees.compile_graph(platc, home, "own", OWN / "project" / "arch.cue")
    # The harness has clients of every server: those of this example.
    other = trees.compile_graph(platc, home, "everything", EVERYTHING)
    if graph is None or other is None:
        raise RuntimeError("there is no application")
    return graph, trees.virtual_environment([graph, other])


def settings(home: Path, graph: trees.Graph, packages: Path) -> Path:
    """Write what the machine of the project is told: prove.Settings."""
    logs = home / "logs"
    logs.mkdir()
    nodes = json.loads((graph.folder / "graph.json").read_text())["nodes"]
    script = trees.ROOT / "e2e" / "binaries" / "build.sh"
    programs = {
        name: trees.command(script, "--where", name).strip()
        for name in ("kustomize", "prometheus", "sops")
    }
    told = {
        "name": graph.name,
        "folder": str(graph.folder),
        "kinds": graph.kinds,
        "namespaces": {node["id"]: node["namespace"] for node in nodes},
        "logs": str(logs),
        "home": str(home),
        "packages": str(packages),
        "cache": str(trees.CACHE),
        **programs,
        "day2_without": "",
        "full": False,
    }
    path = home / "own.json"
    path.write_text(json.dumps(told))
    return path


def prove(home: Path, given: list[str]) -> int:
    """Prove it; return the exit code."""
    begun = time.monotonic()
    platc = Path(given[0]).resolve() if given else trees.build_platc(home)
    graph, packages = compiled(home, platc)
    node = Path(trees.command(OWN / "setup.sh").strip())
    web = home / "web"
    shutil.copytree(OWN / "project" / "web", web)
    install(node, web)
    (home / "mypy-cache").mkdir()
    (home / "mypy-cache").chmod(0o1777)
    path = settings(home, graph, packages)
    print(f"ok   compiled, and packages installed ({time.monotonic() - begun:.1f} s)", flush=True)
    words = [
        *("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--net", "--pid", "--fork"),
        *("--kill-child", "--mount-proc", packages / "bin" / "python"),
        *(trees.HERE / "own_prove.py", path, node, web),
    ]
    return subprocess.run([str(word) for word in words], check=False).returncode


def main() -> int:
    """Prove it in a folder of its own."""
    begun = time.monotonic()
    words = sys.argv[1:]
    home = trees.temporary_home()
    code = 1
    try:
        code = prove(home, [word for word in words if word != "--keep"])
    finally:
        if code == 0 and "--keep" not in words:
            shutil.rmtree(home, ignore_errors=True)
        else:
            print(f"tree and logs stay in {home}")
    print(f"{'passed' if code == 0 else 'FAILED'} after {time.monotonic() - begun:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
