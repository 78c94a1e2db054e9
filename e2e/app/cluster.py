"""What the cluster would get: the emitted deploy.sh runs, and a stand-in of kubectl keeps it.

Decryption by sops, rendering by kustomize and the order of start-up are the script's own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from pods import Object, Objects, labels_of

KUBECTL = r"""#!/bin/sh
# A stand-in of kubectl: keeps what is applied, and finds every Job complete.
set -eu
echo "$*" >>"$KEEP/calls"
case " $* " in
*" apply "*)
    number=$(find "$KEEP" -name '*.yaml' | wc -l)
    cat >"$KEEP/$(printf '%03d' "$number").yaml"
    ;;
*" get job "*) echo "Complete " ;;
*" config view "*) echo "stand-in" ;;
*" api-resources "*) echo "namespaces ns v1 false Namespace" ;;
*" get "*" --filename "*) ;; # nothing is there yet
*" delete job "* | *" rollout status "* | *" wait "* | *" logs "*) ;;
*)
    echo "kubectl stand-in: what is: $*" >&2
    exit 1
    ;;
esac
"""


class Deployment:
    """The emitted tree of a graph, and what its deploy.sh applies."""

    def __init__(self, tree: Path, key: Path, home: Path, programs: list[Path]) -> None:
        """Make the stand-in of kubectl."""
        self.tree = tree
        self.home = home
        self.programs = home / "bin"
        self.programs.mkdir(parents=True)
        kubectl = self.programs / "kubectl"
        kubectl.write_text(KUBECTL)
        kubectl.chmod(0o755)
        self.environment = {
            "HOME": str(home),
            "PATH": ":".join(map(str, [self.programs, *programs, os.environ["PATH"]])),
            "SOPS_AGE_KEY_FILE": str(key),
        }

    def deploy(self, *words: str) -> list[Object]:
        """Run the script and return the objects in the order of their application."""
        keep = self.home / "-".join(["applied", *[word.lstrip("-") for word in words]])
        keep.mkdir()
        done = subprocess.run(
            [self.tree / "scripts" / "deploy.sh", *words],
            env={**self.environment, "KEEP": str(keep)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"deploy.sh {' '.join(words)}:\n{done.stdout}{done.stderr}")
        return [
            item
            for path in sorted(keep.glob("*.yaml"))
            for item in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
            if item is not None
        ]

    def objects(self) -> Objects:
        """Return everything that is applied, the Jobs of day 2 too."""
        found = Objects(self.deploy())
        for item in self.deploy("--day2"):
            # The script applies what its selector says.
            if labels_of(item).get("component") == "day2":
                found.add(item)
        return found

    def decrypted(self, component: str) -> dict[str, str]:
        """Return every file of a component as text, its secrets opened by stock sops."""
        found: dict[str, str] = {}
        for path in sorted((self.tree / component).rglob("*")):
            if not path.is_file():
                continue
            if path.parent.name == "secret":
                done = subprocess.run(
                    ["sops", "-d", path],
                    env=self.environment,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                found[str(path.relative_to(self.tree))] = done.stdout
            else:
                found[str(path.relative_to(self.tree))] = path.read_text()
        return found
