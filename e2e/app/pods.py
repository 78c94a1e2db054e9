"""Run the containers of a pod template on this machine: only the image is another one.

Command, arguments, environment, volumes, users, read-only root, probes, preStop and the grace
period are those of the template.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from waiting import CALL, QUIET, Failure, ended, until
from world import Endpoint, Network

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VOLUMES = Path("/srv/volumes")
Object = dict[str, Any]


class Objects:
    """What was applied, by kind, namespace and name."""

    def __init__(self, documents: Iterable[Object]) -> None:
        """Keep the last of each."""
        self.found: dict[tuple[str, str, str], Object] = {}
        for item in documents:
            self.add(item)

    def add(self, item: Object) -> None:
        """Keep one object."""
        meta = item["metadata"]
        self.found[(item["kind"], meta.get("namespace", ""), meta["name"])] = item

    def domain(self) -> str:
        """Return the domain of the cluster, which all names of Services have in common."""
        text = json.dumps(list(self.found.values()))
        found = set(re.findall(r"\.svc\.([a-z0-9-]+(?:\.[a-z0-9-]+)*)", text))
        if len(found) > 1:
            raise Failure(f"names of Services end in {', '.join(sorted(found))}")
        return found.pop() if found else "cluster.local"

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """Return one object, which has to be there."""
        return self.found[(kind, namespace, name)]

    def of(self, kind: str, namespace: str | None = None, **labels: str) -> list[Object]:
        """Return all of a kind, sorted; labels are given by the last part of their key."""
        return [
            item
            for (found, where, _), item in sorted(self.found.items())
            if found == kind
            and namespace in (None, where)
            and all(labels_of(item).get(key) == value for key, value in labels.items())
        ]


def labels_of(item: Object) -> dict[str, str]:
    """Return the labels of app.kubernetes.io by their short names."""
    labels: dict[str, str] = item["metadata"].get("labels", {})
    return {key.partition("/")[2] or key: value for key, value in labels.items()}


def data_of(item: Object) -> dict[str, bytes]:
    """Return the data of a Secret or ConfigMap."""
    found = {key: value.encode() for key, value in item.get("data", {}).items()}
    if item["kind"] == "Secret":
        found = {key: base64.b64decode(value) for key, value in found.items()}
    found |= {key: value.encode() for key, value in item.get("stringData", {}).items()}
    found |= {key: base64.b64decode(value) for key, value in item.get("binaryData", {}).items()}
    return found


@dataclass
class Image:
    """What stands in for an image: programs of this machine and what its image file sets."""

    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: int = 0
    mounts: dict[str, str] = field(default_factory=dict)
    # No program of this machine stands in for it; its container is left out.
    absent: bool = False


@dataclass
class Container:
    """A container that runs, or has run."""

    name: str
    spec: Object
    image: Image
    environment: dict[str, str]
    words: list[str]
    prefix: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Return whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def progress(self) -> tuple[int, int]:
        """Return what grows while it does something: its CPU time and its log."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # It has just ended.
                continue
            # The session is the container's own, of all its processes; children that ended count.
            if self.process is not None and int(fields[3]) == self.process.pid:
                ticks += sum(map(int, fields[11:15]))
        return ticks, self.log.stat().st_size if self.log.exists() else 0


class Pod:
    """One pod of a template."""

    def __init__(
        self,
        network: Network,
        objects: Objects,
        images: Callable[[str], Image],
        logs: Path,
        name: str,
        namespace: str,
        template: Object,
        claims: Iterable[str] = (),
    ) -> None:
        """Give it a network, and folders for its volumes; nothing runs yet."""
        self.network = network
        self.objects = objects
        self.images = images
        self.logs = logs
        self.name = name
        self.spec: Object = template["spec"]
        self.namespace = namespace
        containers = [*self.spec.get("initContainers", []), *self.spec["containers"]]
        ports = {
            port["name"]: port["containerPort"]
            for item in containers
            for port in item.get("ports", [])
            if "name" in port
        }
        labels = dict(template["metadata"].get("labels", {}))
        self.endpoint = Endpoint(name, namespace, labels, ports)
        network.attach(self.endpoint)
        network.hosts_of(namespace)
        self.claims = set(claims)
        self.folder = VOLUMES / f"{namespace}.{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.containers: list[Container] = []
        self.left_out: list[str] = []
        self.sources = {volume["name"]: volume for volume in self.spec.get("volumes", [])}
        self.group = self.spec.get("securityContext", {}).get("fsGroup")

    # --- volumes --------------------------------------------------------------------------------

    def volume(self, name: str) -> Path:
        """Return the folder of a volume, filled."""
        folder = self.folder / name
        fresh = not folder.exists()
        folder.mkdir(exist_ok=True)
        source = self.sources.get(name, {})
        if name in self.claims or "emptyDir" in source or "persistentVolumeClaim" in source:
            if fresh:
                folder.chmod(0o2777 if self.group is not None else 0o777)
                if self.group is not None:
                    os.chown(folder, 0, self.group)
            return folder
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        for one in source.get("projected", {}).get("sources", [source]):
            if "configMap" in one:
                self.fill(folder, one["configMap"], "ConfigMap", one["configMap"]["name"])
            elif "secret" in one:
                item = one["secret"]
                # Of a projected volume it is `name`.
                self.fill(folder, item, "Secret", item.get("secretName", item.get("name")))
            else:
                raise NotImplementedError(f"volume {name} of {self.name}: {source}")
        return folder

    def fill(self, folder: Path, item: Object, kind: str, name: str) -> None:
        """Write the keys of a ConfigMap or Secret as files."""
        data = data_of(self.objects.get(kind, self.namespace, name))
        chosen = {entry["key"]: entry["path"] for entry in item.get("items", [])}
        mode = item.get("defaultMode", 0o644)
        for key, value in data.items():
            if chosen and key not in chosen:
                continue
            path = folder / chosen.get(key, key)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(value)
            # The group of the volume may read it, as the kubelet sees to.
            path.chmod(mode | 0o440)
            if self.group is not None:
                os.chown(path, 0, self.group)

    # --- environment ----------------------------------------------------------------------------

    def environment(self, spec: Object, image: Image) -> dict[str, str]:
        """Return the variables of a container."""
        found: dict[str, str] = {}
        for source in spec.get("envFrom", []):
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if key in source:
                    item = self.objects.get(kind, self.namespace, source[key]["name"])
                    for name, value in data_of(item).items():
                        found[source.get("prefix", "") + name] = value.decode()
        for entry in spec.get("env", []):
            found[entry["name"]] = self.value(entry, found)
        user = self.identity(spec, image)[0]
        base = {"PATH": PATH, "HOME": "/", "HOSTNAME": self.name}
        if user == 0:
            base["HOME"] = "/root"
        return {**base, **image.environment, **found}

    def value(self, entry: Object, found: dict[str, str]) -> str:
        """Return the value of one entry of `env`."""
        if "value" in entry:
            return expand(entry["value"], found)
        source = entry.get("valueFrom")
        if source is None:
            return ""
        for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if key in source:
                item = self.objects.get(kind, self.namespace, source[key]["name"])
                return data_of(item)[source[key]["key"]].decode()
        path = source.get("fieldRef", {}).get("fieldPath", "")
        fields = {
            "metadata.name": self.name,
            "metadata.namespace": self.namespace,
            "status.podIP": self.endpoint.address,
        }
        return fields[path]

    def identity(self, spec: Object, image: Image) -> tuple[int, int]:
        """Return user and group of a container."""
        context = {**self.spec.get("securityContext", {}), **spec.get("securityContext", {})}
        user = int(context.get("runAsUser", image.user))
        return user, int(context.get("runAsGroup", user))

    # --- containers -----------------------------------------------------------------------------

    def container(self, spec: Object) -> Container:
        """Prepare a container: its command, and what mounts its volumes before."""
        image = self.images(spec["image"])
        environment = self.environment(spec, image)
        if "command" in spec:
            words = [*spec["command"], *spec.get("args", [])]
        else:
            words = [*image.entrypoint, *spec.get("args", image.command)]
        words = [expand(word, environment) for word in words]
        user, group = self.identity(spec, image)
        mounts = [("/etc/hosts", str(self.network.hosts_of(self.namespace)), False)]
        mounts += [(target, source, False) for target, source in image.mounts.items()]
        for mount in spec.get("volumeMounts", []):
            source = self.volume(mount["name"])
            if "subPath" in mount:
                source /= mount["subPath"]
            mounts.append((mount["mountPath"], str(source), mount.get("readOnly", False)))
        lines = []
        for target, origin, read_only in sorted(mounts):
            at, of = shlex.quote(target), shlex.quote(origin)
            make = f"mkdir -p {at}" if Path(origin).is_dir() else f"test -e {at} || : >{at}"
            lines += [make, f"/usr/bin/mount --bind {of} {at}"]
            if read_only:
                lines.append(f"/usr/bin/mount -o remount,bind,ro {at}")
        if spec.get("securityContext", {}).get("readOnlyRootFilesystem"):
            lines.append("/usr/bin/mount -o remount,bind,ro /")
        folder = spec.get("workingDir", image.folder)
        lines += [f"cd {shlex.quote(folder)}", 'exec "$@"']
        groups = f"--groups={self.group}" if self.group is not None else "--clear-groups"
        drop = ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={group}", groups]
        if user != 0:
            drop += ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        prefix = [
            *("/usr/bin/nsenter", f"--net=/run/netns/{self.endpoint.net}"),
            *("/usr/bin/unshare", "--mount", "--propagation", "private"),
            *("/bin/sh", "-ec", "\n".join(lines), "sh", *drop),
        ]
        log = self.logs / f"{self.namespace}.{self.name}.{spec['name']}.log"
        return Container(spec["name"], spec, image, environment, words, prefix, log)

    def launch(self, container: Container) -> None:
        """Start the process of a container."""
        with open(container.log, "ab") as output:
            container.process = subprocess.Popen(
                [*container.prefix, *container.words],
                env=container.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        """Run the init containers one after the other, then start the containers."""
        for spec in self.spec.get("initContainers", []):
            container = self.container(spec)
            if container.image.absent:
                self.left_out.append(spec["name"])
                continue
            self.launch(container)
            assert container.process is not None
            what = f"{spec['name']} of {self.name}"
            if ended(what, container.process, container.progress) != 0:
                raise RuntimeError(f"{self.name}: {spec['name']} fails:\n{tail(container.log)}")
        for spec in self.spec["containers"]:
            container = self.container(spec)
            if container.image.absent:
                self.left_out.append(spec["name"])
                continue
            self.containers.append(container)
            self.launch(container)

    def main(self) -> Container:
        """Return the first container."""
        return self.containers[0]

    def progress(self) -> list[tuple[int, int]]:
        """Return what grows while its containers do something."""
        return [container.progress() for container in self.containers]

    def inside(self, *words: str) -> list[str]:
        """Return a command that runs in the first container: its user, mounts and network."""
        container = self.main()
        assert container.process is not None
        start = container.prefix.index("/usr/bin/setpriv")
        folder = container.spec.get("workingDir", container.image.folder)
        return [
            *("/usr/bin/nsenter", f"--target={container.process.pid}", "--mount", "--net"),
            *("/bin/sh", "-ec", f'cd {shlex.quote(folder)}; exec "$@"', "sh"),
            *container.prefix[start:],
            *words,
        ]

    def exec(
        self, *words: str, text: str | None = None, seconds: float = CALL
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the first container, with its environment, and wait for its end."""
        return subprocess.run(
            self.inside(*words),
            env=self.main().environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    # --- probes ---------------------------------------------------------------------------------

    def probe(self, container: Container, name: str) -> bool:
        """Ask one probe of a container once; what has none passes."""
        probe = container.spec.get(name)
        if probe is None:
            return True
        # Longer than the kubelet, which is not the one that is judged here.
        seconds = probe.get("timeoutSeconds", 1) + 30
        if "exec" in probe:
            try:
                return self.exec(*probe["exec"]["command"], seconds=seconds).returncode == 0
            except subprocess.TimeoutExpired:
                return False
        where = probe.get("httpGet") or probe["tcpSocket"]
        number = self.endpoint.ports.get(where["port"], where["port"])
        try:
            if "tcpSocket" in probe:
                socket.create_connection((self.endpoint.address, number), seconds).close()
                return True
            path = where.get("path", "/")
            scheme = where.get("scheme", "HTTP").lower()
            address = f"{scheme}://{self.endpoint.address}:{number}{path}"
            # The kubelet verifies nobody.
            trusting = ssl._create_unverified_context() if scheme == "https" else None
            with urllib.request.urlopen(address, timeout=seconds, context=trusting) as answer:
                return bool(answer.status < 400)
        except (OSError, urllib.error.URLError):
            return False

    def wait(self, names: tuple[str, ...] = ()) -> None:
        """Wait until the probes of every container pass; an end before that is a failure."""
        for container in self.containers:
            for name in names or ("startupProbe", "readinessProbe", "livenessProbe"):
                what = f"the success of {name} of {container.name} in {self.name}"
                try:
                    until(what, partial(self.passes, container, name), container.progress)
                except Failure as error:
                    raise Failure(f"{error}:\n{tail(container.log)}") from error

    def passes(self, container: Container, name: str) -> bool:
        """Ask a probe of a container that may not have ended."""
        if self.probe(container, name):
            return True
        if not container.alive:
            raise RuntimeError(f"{self.name} has ended:\n{tail(container.log)}")
        return False

    # --- the end --------------------------------------------------------------------------------

    def kill(self) -> None:
        """End every process at once, as a crash does; its volumes and address stay."""
        for container in self.containers:
            if container.process is not None:
                kill_group(container.process)
        self.containers.clear()
        for name, source in self.sources.items():
            if "emptyDir" in source:
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to every process."""
        for container in self.containers:
            if container.alive:
                assert container.process is not None
                os.killpg(container.process.pid, number)

    def stop(self, pre_stop: bool = False) -> dict[str, int]:
        """End it as the kubelet does, and return the exit codes.

        A failure is to do nothing for the grace period: a busy machine may need more of it.
        """
        grace = float(self.spec.get("terminationGracePeriodSeconds", 30))
        if pre_stop:
            pauses = [
                container.spec.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
                for container in self.containers
            ]
            time.sleep(max(float(pause.get("seconds", 0)) for pause in pauses))
        for container in self.containers:
            if container.process is not None and container.alive:
                container.process.send_signal(signal.SIGTERM)
        codes: dict[str, int] = {}
        for container in self.containers:
            assert container.process is not None
            what = f"{container.name} of {self.name}"
            try:
                codes[container.name] = ended(what, container.process, container.progress, grace)
            except Failure:
                kill_group(container.process)
                raise
        self.containers.clear()
        return codes

    def open_requests(self) -> tuple[bool, int]:
        """Return whether it takes connections, and how many it holds whose bytes it has read."""
        container = self.main()
        if not container.alive:
            return False, 0
        assert container.process is not None
        ports = {f"{number:04X}" for number in self.endpoint.ports.values()}
        takes, held = False, 0
        try:
            lines = Path(f"/proc/{container.process.pid}/net/tcp").read_text().splitlines()[1:]
        except OSError:
            return False, 0
        for line in lines:
            _, local, _, state, queues = line.split()[:5]
            if local.partition(":")[2] in ports:
                takes = takes or state == "0A"
                held += state == "01" and queues.partition(":")[2] == "00000000"
        return takes, held

    def resident(self) -> int:
        """Return the bytes that its processes hold in memory."""
        total = 0
        for container in self.containers:
            assert container.process is not None
            for line in Path(f"/proc/{container.process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total


def run_to_end(pod: Pod, quiet: float = QUIET) -> tuple[int, str]:
    """Run a Job's pod to its end; return the worst exit code and what its containers said."""
    try:
        pod.start()
        codes = []
        for container in pod.containers:
            assert container.process is not None
            what = f"{container.name} of {pod.name}"
            try:
                codes.append(ended(what, container.process, container.progress, quiet))
            except Failure:
                kill_group(container.process)
                codes.append(124)
    except RuntimeError as error:
        return 1, str(error)
    text = "".join(container.log.read_text(errors="replace") for container in pod.containers)
    return max(abs(code) for code in codes), text


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def expand(text: str, values: dict[str, str]) -> str:
    """Replace $(NAME) as Kubernetes does; $$ stands for one dollar in front of it."""

    def replace(found: re.Match[str]) -> str:
        if found.group(0).startswith("$$"):
            return found.group(0)[1:]
        return values.get(found.group(1), found.group(0))

    return re.sub(r"\$?\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)", replace, text)


def tail(path: Path, lines: int = 25) -> str:
    """Return the end of a file."""
    if not path.exists():
        return f"there is no {path}"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
