"""The emitted tests and the linters, in the image that Dockerfile.test describes."""

from __future__ import annotations

import re
from pathlib import Path

from application import Application, same
from images import Registry
from pods import run_to_end
from providers import Site


class Judges:
    """The test images of a graph's applications."""

    def __init__(self, site: Site, registry: Registry, cache: Path) -> None:
        """`cache` is mypy's, shared by all graphs: the types of libraries are read once."""
        self.site = site
        self.registry = registry
        self.cache = cache

    def prove(self, app: Application) -> str:
        """Run the command of Dockerfile.test, then what else must find nothing."""
        image = self.registry.application(app.name, "Dockerfile.test")
        image.mounts["/mypy-cache"] = str(self.cache)
        self.registry.applications[f"{app.name}-test"] = image
        said = []
        for name, words in (
            ("tests", image.command),
            ("format", ["ruff", "format", "--check", "--no-cache", "."]),
            ("compile", ["python", "-W", "error", "-c", COMPILE]),
        ):
            container = {
                "name": name,
                "image": f"{app.name}-test:e2e",
                "command": words,
                "env": [{"name": "MYPY_CACHE_DIR", "value": "/mypy-cache"}],
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                "securityContext": {"readOnlyRootFilesystem": True},
            }
            spec = {"containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}
            pod = self.site.pod(
                f"{app.name}-test-{name}", app.namespace, {"metadata": {}, "spec": spec}, []
            )
            code, text = run_to_end(pod)
            same(f"{name}: {text[-3000:]}", code, 0)
            said += re.findall(r"\d+ passed.*", text)
        return ", ".join(said)


COMPILE = """
import pathlib, sys
for path in sorted(pathlib.Path("src").rglob("*.py")):
    compile(path.read_text(), str(path), "exec")
"""
