"""A machine of its own for one graph: mounts, processes and network end with the process.

The root file system is the lower layer of an overlay whose upper layer lies in memory, so that a
pod may write at any absolute path. Every pod has its own network namespace and address; a Service
is an address that is translated to that of its pod, port by port, as kube-proxy does it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GATEWAY = "169.254.1.1"
USERS = {
    "root": (0, "/root"),
    "postgres": (999, "/var/lib/postgresql"),
    "cnpg": (26, "/var/lib/postgresql"),
    "nobody": (65534, "/nonexistent"),
}


def run(*words: str | Path, text: str | None = None) -> str:
    """Run a command of the machine and return its output, or fail with all that it said."""
    done = subprocess.run(
        [str(word) for word in words], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def enter(memory: Path, keep: Iterable[Path], bind: Mapping[Path, str]) -> None:
    """Make a root file system of our own and move this process into it.

    `memory` is a folder for the upper layer. `keep` are folders that stay at their paths; `bind`
    maps folders to further paths, for users who may not pass through the folder's own parents.
    """
    memory.mkdir()
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", memory)
    for name in ("upper", "work", "root"):
        (memory / name).mkdir()
    root = memory / "root"
    layers = f"lowerdir=/,upperdir={memory}/upper,workdir={memory}/work"
    run("mount", "-t", "overlay", "overlay", "-o", layers, root)
    run("mount", "--rbind", "/dev", root / "dev")
    run("mount", "-t", "tmpfs", "tmpfs", root / "dev" / "shm")
    run("mount", "-t", "proc", "proc", root / "proc")
    run("mount", "-t", "sysfs", "sysfs", root / "sys")
    for name in ("tmp", "run"):
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / name)
    # A volume is a device of its own: several MinIO refuse one that is part of the root.
    (root / "srv" / "volumes").mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "srv" / "volumes")
    targets = [(path, str(path)) for path in keep] + list(bind.items())
    for source, target in targets:
        inside = root / target.lstrip("/")
        if source.is_dir():
            inside.mkdir(parents=True, exist_ok=True)
        else:
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()
        run("mount", "--rbind", source, inside)
    old = root / "old-root"
    old.mkdir()
    os.chdir(root)
    run("pivot_root", ".", "old-root")
    os.chdir("/")
    run("umount", "-l", "/old-root")
    prepare_files()
    run("ip", "link", "set", "lo", "up")
    # The machine's own address, from which it reaches Services.
    run("ip", "addr", "add", "10.244.0.1/32", "dev", "lo")
    run("ip", "route", "add", "10.96.0.0/16", "dev", "lo", "src", "10.244.0.1")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def prepare_files() -> None:
    """Write the users that images have, and a resolver that knows /etc/hosts alone."""
    names = set(USERS)
    numbers = {str(number) for number, _ in USERS.values()}
    for path, line in (
        (Path("/etc/passwd"), "{0}:x:{1}:{1}::{2}:/bin/sh"),
        (Path("/etc/group"), "{0}:x:{1}:"),
    ):
        others = [
            old
            for old in path.read_text().splitlines()
            if old.split(":")[0] not in names and old.split(":")[2] not in numbers
        ]
        ours = [line.format(name, number, at) for name, (number, at) in USERS.items()]
        path.write_text("\n".join([*ours, *others]) + "\n")
    for path, content in (
        (Path("/etc/resolv.conf"), ""),
        (Path("/etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\n"),
        (Path("/etc/hostname"), "platc\n"),
    ):
        if path.is_symlink() or path.exists():
            path.unlink()
        path.write_text(content)
    Path("/run/lock").mkdir(exist_ok=True)


@dataclass
class Endpoint:
    """A pod as the network sees it."""

    name: str
    namespace: str
    labels: dict[str, str]
    ports: dict[str, int]
    address: str = ""
    net: str = ""


@dataclass
class Service:
    """A name, its address and the translation of its ports."""

    name: str
    namespace: str
    selector: dict[str, str]
    ports: list[dict[str, Any]]
    address: str = ""
    # The pod that serves; None while there is none.
    endpoint: Endpoint | None = None
    rules: list[tuple[str, ...]] = field(default_factory=list)


class Network:
    """Pods, Services and names."""

    def __init__(self, domain: str) -> None:
        """Refuse what goes to a Service without a pod, as kube-proxy does."""
        self.domain = domain
        self.lock = threading.RLock()
        self.endpoints: list[Endpoint] = []
        self.services: dict[tuple[str, str], Service] = {}
        self.namespaces: set[str] = set()
        self.records: dict[str, list[tuple[str, str]]] = {}
        for chain in ("FORWARD", "OUTPUT"):
            for protocol, answer in (
                (("-p", "tcp"), "tcp-reset"),
                ((), "icmp-port-unreachable"),
            ):
                run(
                    *("iptables", "-w", "-A", chain, "-d", "10.96.0.0/16", *protocol),
                    *("-j", "REJECT", "--reject-with", answer),
                )
        self.write_hosts()

    # --- pods -----------------------------------------------------------------------------------

    def attach(self, endpoint: Endpoint) -> None:
        """Give a pod its network: one end of a pair of devices, routed by this namespace."""
        with self.lock:
            self.connect(endpoint)
            self.endpoints.append(endpoint)
            self.serve()

    def connect(self, endpoint: Endpoint) -> None:
        """Make the devices, addresses and routes of a pod."""
        number = len(self.endpoints) + 2
        endpoint.address = f"10.244.{number // 250}.{number % 250 + 1}"
        endpoint.net = f"p{number}"
        outside = f"veth{number}"
        run("ip", "netns", "add", endpoint.net)
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", f"eth{number}")
        run("ip", "link", "set", f"eth{number}", "netns", endpoint.net, "name", "eth0")
        run("ip", "addr", "add", f"{GATEWAY}/32", "dev", outside)
        run("ip", "link", "set", outside, "up")
        run("ip", "route", "add", f"{endpoint.address}/32", "dev", outside)
        inside = ("ip", "-n", endpoint.net)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "addr", "add", f"{endpoint.address}/32", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "route", "add", GATEWAY, "dev", "eth0", "scope", "link")
        run(*inside, "route", "add", "default", "via", GATEWAY, "dev", "eth0")

    # --- Services -------------------------------------------------------------------------------

    def add_service(
        self, name: str, namespace: str, selector: Mapping[str, str], ports: list[dict[str, Any]]
    ) -> None:
        """Make a Service known under every name that a resolver of the cluster would answer."""
        key = (namespace, name)
        with self.lock:
            if key in self.services:
                return
            number = len(self.services) + 1
            service = Service(name, namespace, dict(selector), ports)
            service.address = f"10.96.{number // 250}.{number % 250 + 1}"
            self.services[key] = service
            self.serve()
            self.add_name(namespace, name, service.address)

    def add_name(self, namespace: str, name: str, address: str) -> None:
        """Write a name of a namespace into the files of hosts."""
        with self.lock:
            self.records.setdefault(namespace, []).append((name, address))
            self.write_hosts()

    def serve(self) -> None:
        """Translate each Service without a pod to the first pod that it selects."""
        with self.lock:
            self.serve_each()

    def serve_each(self) -> None:
        """Look for the pod of each Service that has none."""
        for service in self.services.values():
            if service.endpoint is None:
                for endpoint in self.endpoints:
                    if selects(service, endpoint):
                        self.translate(service, endpoint)
                        break

    def translate(self, service: Service, endpoint: Endpoint) -> None:
        """Translate the ports of a Service to those of a pod."""
        service.endpoint = endpoint
        for port in service.ports:
            target = port.get("targetPort", port["port"])
            number = endpoint.ports[target] if isinstance(target, str) else target
            for chain in ("PREROUTING", "OUTPUT"):
                rule = (
                    *(chain, "-d", f"{service.address}/32", "-p", "tcp"),
                    *("--dport", str(port["port"])),
                    *("-j", "DNAT", "--to-destination", f"{endpoint.address}:{number}"),
                )
                run("iptables", "-w", "-t", "nat", "-A", *rule)
                service.rules.append(rule)

    def withdraw(self, endpoint: Endpoint) -> list[Service]:
        """Take a pod out of its Services; connections that are open stay."""
        gone = [service for service in self.services.values() if service.endpoint is endpoint]
        for service in gone:
            for rule in service.rules:
                run("iptables", "-w", "-t", "nat", "-D", *rule)
            service.rules.clear()
            service.endpoint = None
        return gone

    # --- names ----------------------------------------------------------------------------------

    def hosts_of(self, namespace: str) -> Path:
        """Return the file of hosts of a namespace's pods: they may use short names."""
        with self.lock:
            if namespace not in self.namespaces:
                self.namespaces.add(namespace)
                self.write_hosts()
        return Path(f"/srv/hosts/{namespace}")

    def write_hosts(self) -> None:
        """Write every file of hosts in place, since pods have it mounted."""
        lines = ["127.0.0.1 localhost"]
        for namespace, records in sorted(self.records.items()):
            for name, address in records:
                parts = (f".svc.{self.domain}", ".svc", "")
                full = [f"{name}.{namespace}{part}" for part in parts]
                lines.append(f"{address} {' '.join(full)}")
        Path("/etc/hosts").write_text("\n".join(lines) + "\n")
        Path("/srv/hosts").mkdir(parents=True, exist_ok=True)
        for own in self.namespaces:
            short = [f"{address} {name}" for name, address in self.records.get(own, [])]
            Path(f"/srv/hosts/{own}").write_text("\n".join([*lines, *short]) + "\n")


def selects(service: Service, endpoint: Endpoint) -> bool:
    """Return whether a Service selects a pod."""
    return (
        service.namespace == endpoint.namespace
        and bool(service.selector)
        and all(endpoint.labels.get(key) == value for key, value in service.selector.items())
    )
