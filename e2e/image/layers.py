"""What lies in an image: its configuration and layers, read from an OCI layout."""

import io
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Entry:
    """One file of a layer; only a regular one has data. The path has no leading slash."""

    path: str
    uid: int
    gid: int
    mode: int
    regular: bool
    data: bytes


@dataclass
class Layer:
    """One layer: the digest of its plain tar, the instruction that made it, and its files."""

    diff_id: str
    made_by: str
    entries: list[Entry]


@dataclass
class Image:
    """An image: what it runs, and its layers from the lowest up."""

    config: dict[str, Any]
    text: str  # configuration and history as they stand
    layers: list[Layer]


def read(layout: Path, skip: set[str]) -> Image:
    """Read an OCI layout; layers whose diff id is in skip have no entries."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(_blob(layout, index["manifests"][0]["digest"]))
    text = _blob(layout, manifest["config"]["digest"]).decode()
    config = json.loads(text)
    made_by = [h.get("created_by", "") for h in config["history"] if not h.get("empty_layer")]
    layers = []
    diff_ids = config["rootfs"]["diff_ids"]
    for diff_id, descriptor, by in zip(diff_ids, manifest["layers"], made_by, strict=True):
        entries = [] if diff_id in skip else list(_entries(_blob(layout, descriptor["digest"])))
        layers.append(Layer(diff_id, by, entries))
    return Image(config["config"], text, layers)


def _blob(layout: Path, digest: str) -> bytes:
    algorithm, _, value = digest.partition(":")
    return (layout / "blobs" / algorithm / value).read_bytes()


def _entries(blob: bytes) -> list[Entry]:
    found = []
    with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            data = stream.read() if stream else b""
            path = member.name.removeprefix("./").strip("/")
            found.append(Entry(path, member.uid, member.gid, member.mode, member.isfile(), data))
    return found


FORBIDDEN = re.compile(
    r"(^|/)(\.git|\.platc|secret|k8s|day2)(/|$)|\.(agekey|env|pem|key)$|\.dec\.|(^|/)keys\.txt$|(^|/)Dockerfile|(^|/)\.dockerignore$"
)
# certificates of authorities that packages of Python and Debian bring: no secret
KNOWN = re.compile(r"^(etc/ssl/|usr/|var/lib/dpkg/|opt/venv/lib/python[0-9.]+/site-packages/)")


def findings(image: Image, user: str, secrets: list[str], application: str) -> list[str]:
    """Say what is wrong with an image: who it runs as, what lies in it, and in which order."""
    found = []
    config = image.config
    if config.get("User") != user:
        found.append(f"it runs as {config.get('User')!r}, not as {user}")
    for name in ("Cmd", "ExposedPorts", "Labels"):
        if not config.get(name):
            found.append(f"its configuration has no {name}")
    if config.get("Labels", {}).get("org.opencontainers.image.title") != application:
        found.append("its title is not the application's name")
    needle = re.compile(b"|".join(re.escape(s.encode()) for s in secrets))
    if needle.search(image.text.encode()):
        found.append("its configuration or history holds a secret")
    for layer in image.layers:
        for e in layer.entries:
            if e.regular and FORBIDDEN.search(e.path) and not KNOWN.search(e.path):
                found.append(f"{e.path} does not belong into it")
            if needle.search(e.data):
                found.append(f"{e.path} holds a secret")
            if e.path.startswith(("app", "opt/venv")):
                if (e.uid, e.gid) != (0, 0):
                    found.append(f"{e.path} belongs to {e.uid}:{e.gid}, not to root")
                if e.regular and e.mode & 0o022:
                    found.append(f"{e.path} has mode {e.mode:o}")
    if any(
        e.path in ("etc/pip.conf", "etc/ssl/certs/ca-certificates.crt") and e.data
        for layer in image.layers
        for e in layer.entries
    ):
        found.append("it holds settings of the machine that built it")
    source = [
        i
        for i, layer in enumerate(image.layers)
        if any(e.path.startswith("app/src/") for e in layer.entries)
    ]
    packages = [
        i
        for i, layer in enumerate(image.layers)
        if any(e.path.startswith("opt/venv/") and "site-packages/" in e.path for e in layer.entries)
    ]
    if not source or not packages or max(packages) >= min(source):
        found.append(
            f"its packages are in the layers {packages}, its source in {source}: "
            "a change of the source installs all anew"
        )
    return found
