"""Build the emitted Dockerfiles with buildah, look into the images, boot them and ask /health.

The base image is made of Debian's packages under the name that the Dockerfiles ask for: no registry
is needed. Without arguments it proves all; `image.py boot FILE` is its second half, in a network
namespace of its own, where the image's command may listen on every address.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

import layers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("PLATC_CACHE") or Path.home() / ".cache" / "platc")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Times that no machine needs, however busy it is: for an answer, and for a start or an end.
CALL = 300.0
PATIENCE = 900.0

# Architectures and the applications in them whose images are built: every module, none, and code of
# a team's own.
APPLICATIONS = (("everything", "orders"), ("kind-fastapi", "fastapi"), ("own", "backend"))
# An architecture and a service in it whose image has a Dockerfile of its team's, and what it is
# built upon.
SERVICE = ("own", "web", "node:22-trixie-slim")
# What the application of the team's own has at its root.
PAGE = "<title>Depot</title>"

# What nobody may find in an image, whatever the tree holds.
DECOYS = (
    ".env",
    "dev.agekey",
    "keys.txt",
    "src/prod.env",
    "src/secret/token",
    "src/__pycache__/x.pyc",
)


T = TypeVar("T")


class Failed(Exception):
    """Something is not as it should be."""


@dataclass
class Boot:
    """What is started, and what it must answer."""

    buildah: list[str]
    image: str
    command: list[str]
    health: list[str]
    environment: dict[str, str]
    user: int
    port: int
    key: str
    # What its own page has; "" where the modules are listed.
    page: str = ""
    # Any other program than an emitted application.
    service: bool = False


def step(name: str, work: Callable[[], T]) -> T:
    """Do one thing and say what it took."""
    begun = time.monotonic()
    result = work()
    print(f"ok  {name} ({time.monotonic() - begun:.1f} s)", flush=True)
    return result


def call(
    *command: str | Path,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    stdin: Path = Path(os.devnull),
) -> str:
    """Run a program and give its output; a failure shows all that it said."""
    with stdin.open("rb") as read:
        done = subprocess.run(
            [str(c) for c in command],
            cwd=cwd,
            env=env,
            stdin=read,
            text=True,
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-6000:]
        raise Failed(f"{' '.join(str(c) for c in command)}: exit {done.returncode}\n{said}")
    return done.stdout


class Builder:
    """buildah with images of its own below the cache: none of the machine's is used or touched."""

    def __init__(self, work: Path) -> None:
        store = CACHE / "buildah"
        self.command = ["buildah", "--root", str(store), "--runroot", str(work / "run")]
        self.work = work
        # pip in the build reaches the registry as it does here; mounted files are in no layer
        self.pip = work / "pip.conf"
        index = os.environ.get("PIP_INDEX_URL") or ""
        self.pip.write_text(
            f"[global]\ncert = {CERTIFICATES}\n" + (f"index-url = {index}\n" if index else "")
        )
        self.npm = work / "npmrc"
        self.npm.write_text(f"cafile={CERTIFICATES}\n")

    def __call__(self, *args: str | Path) -> str:
        return call(*self.command, *args)

    def base(self, name: str) -> set[str]:
        """Import the base root file system under the name of an image; gives its diff ids."""
        reference = f"docker.io/library/{name}"
        stamp = (CACHE / "image-base-trixie.tar").stat().st_mtime_ns
        label = f"platc.base={stamp}"
        if label not in self("images", "--all", "--filter", f"label={label}", "--format", label):
            container = self("from", "scratch").strip()
            self("add", "--quiet", container, CACHE / "image-base-trixie.tar", "/")
            path = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
            self("config", "--env", path, "--cmd", '["python3"]', "--label", label, container)
            self("commit", "--quiet", "--rm", "--format", "docker", container, reference)
        return self.diff_ids(reference)

    def diff_ids(self, reference: str) -> set[str]:
        """Return the layers of an image."""
        inspected = json.loads(self("inspect", "--type", "image", reference))
        return set(inspected["OCIv1"]["rootfs"]["diff_ids"])

    def node(self, name: str, base: str) -> set[str]:
        """Put Node and npm upon the base root file system; gives the diff ids."""
        folder = Path(call(ROOT / "e2e" / "own" / "setup.sh").strip())
        reference = f"docker.io/library/{name}"
        label = f"platc.node={folder.name}"
        if label not in self("images", "--all", "--filter", f"label={label}", "--format", label):
            container = self("from", "--pull-never", base).strip()
            modules = folder / "node_modules"
            self("copy", "--quiet", container, modules / "node/bin/node", "/usr/local/bin/node")
            self("copy", "--quiet", container, modules / "npm", "/usr/local/lib/node_modules/npm")
            link = "ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm"
            self("run", "--isolation", "chroot", container, "--", "sh", "-c", link)
            self("config", "--cmd", '["node"]', "--label", label, container)
            self("commit", "--quiet", "--rm", "--format", "docker", container, reference)
        return self.diff_ids(reference)

    def build(self, context: Path, dockerfile: str, tag: str) -> None:
        """Build as the build Jobs do: this context, this Dockerfile, nothing pulled."""
        ignore = context / f"{dockerfile}.dockerignore"
        if not ignore.exists():
            ignore = context / ".dockerignore"
        options = self.options()
        options += ["--ignorefile", str(ignore)] if ignore.exists() else []
        self("bud", *options, "--file", context / dockerfile, "--tag", tag, context)

    def build_archive(self, archive: Path, tag: str) -> None:
        """Build from an archive alone, with the Dockerfile and the .dockerignore at its root."""
        call(*self.command, "bud", *self.options(), "--tag", tag, "-", stdin=archive)

    def options(self) -> list[str]:
        """Return what all builds have in common."""
        mounts = [f"{CERTIFICATES}:{CERTIFICATES}:ro", f"{self.pip}:/etc/pip.conf:ro"]
        mounts.append(f"{self.npm}:/root/.npmrc:ro")
        options = [
            "--isolation",
            "chroot",
            "--network",
            "host",
            "--pull-never",
            "--format",
            "docker",
        ]
        return options + [f"--volume={m}" for m in mounts] + ["--layers"]

    def inspect(self, tag: str) -> dict[str, Any]:
        """The configuration as Docker knows it: OCI has no health check."""
        config: dict[str, Any] = json.loads(self("inspect", "--type", "image", tag))["Docker"][
            "config"
        ]
        return config

    def layout(self, tag: str, skip: set[str]) -> layers.Image:
        """Push an image into a folder and read it."""
        folder = self.work / "oci" / tag.replace(":", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self("push", "--quiet", "--format", "oci", tag, f"oci:{folder}:{tag.partition(':')[2]}")
        return layers.read(folder, skip)


def trees(work: Path) -> dict[str, Path]:
    """Build the architectures; gives the folders of arch.cue."""
    platc = work / "platc"
    call("go", "build", "-o", platc, "./cmd/platc", cwd=ROOT)
    call("go", "run", "./graphs", work / "graphs", cwd=ROOT / "e2e")
    found = {}
    for name, _ in APPLICATIONS:
        folder = work / "trees" / name
        places = (ROOT / "examples" / name, work / "graphs" / name, ROOT / "e2e" / name / "project")
        source = next(place for place in places if place.exists())
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("want"))
        env = os.environ | {"REGISTRY_PASSWORD": "registry-password-of-the-suite"}
        call(platc, "build", "--quiet", "-o", "out", ".", cwd=folder, env=env)
        found[name] = folder
    return found


def python_image(work: Path) -> str:
    """The one base image that platc pins."""
    for line in call(work / "platc", "version").splitlines():
        name, _, value = line.partition(" ")
        if name == "versions.images.python":
            return value.strip()
    raise Failed("platc version names no image of Python")


def opened(folder: Path) -> dict[str, dict[str, str]]:
    """All dotenv files of a tree in clear, by their path."""
    sops = Path(call(HERE.parent / "binaries" / "build.sh", "--where", "sops").strip()) / "sops"
    env = os.environ | {"SOPS_AGE_KEY_FILE": str(folder / ".platc" / "dev.agekey")}
    found = {}
    for file in sorted((folder / "out").glob("*/k8s/*/base/secret/*.env")):
        text = call(sops, "--decrypt", file, env=env)
        pairs = (line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")
        found[str(file.relative_to(folder / "out"))] = dict(pairs)
    return found


def secrets(folder: Path) -> list[str]:
    """Every password of a tree: what is long and was ciphertext; of a record list, its fields,
    and of an address its password.
    """
    found: set[str] = set()
    for path, values in opened(folder).items():
        closed = (folder / "out" / path).read_text()
        for name, value in values.items():
            if f"\n{name}=ENC[" in closed:
                parts = re.split("[:;,@/]", value)
                if "://" in value:
                    parts = [urllib.parse.urlsplit(value).password or ""]
                found.update(part for part in parts if len(part) >= 16)
    if len(found) < 2 and (folder / "out" / "orders").exists():
        raise Failed(f"only {len(found)} secrets were found in {folder}")
    return sorted(found)


def settings(folder: Path, application: str, kind: str) -> dict[str, str]:
    """The environment of the application: its ConfigMap, and its decrypted Secret."""
    text = (folder / "out" / application / f"k8s/deploy/base/{kind}.yaml").read_text()
    found: dict[str, str] = {}
    for o in yaml.safe_load_all(text):
        if o["kind"] == "ConfigMap":
            found |= o["data"]
    if kind == "fastapi" and "PORT" not in found:
        raise Failed(f"the ConfigMap of {application} has no PORT")
    return found | opened(folder)[f"{application}/k8s/deploy/base/secret/cloud.env"]


def descendants(pid: int) -> list[int]:
    """Processes below one, in no order."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, wanted = [], [pid]
    while wanted:
        below = children.get(wanted.pop(), [])
        found += below
        wanted += below
    return found


def ask(port: int, path: str, key: str = "") -> tuple[int, Any]:
    """One request: status and answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if key:
        request.add_header("X-API-Key", key)
    try:
        with urllib.request.urlopen(request, timeout=CALL) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def boot(plan: Boot) -> None:
    """Run the image's command as its user with the emitted environment, and ask it.

    The network namespace is this process's own.
    """
    call("ip", "link", "set", "lo", "up")
    container = call(*plan.buildah, "from", "--pull-never", plan.image).strip()
    run = [*plan.buildah, "run", "--isolation", "chroot", "--network", "host"]
    run += [f"--env={k}={v}" for k, v in sorted(plan.environment.items())] + [container, "--"]
    started = subprocess.Popen(
        [*run, *plan.command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    said = ""
    try:
        (check_service if plan.service else check_answers)(plan, started)
        server = server_below(started.pid, plan.command[0] if plan.service else "uvicorn")
        check_user(plan, run, server)
        os.kill(server, signal.SIGTERM)
        said, _ = started.communicate(timeout=PATIENCE)
        # uvicorn ends by the signal itself, once all is closed
        closed = plan.service or '"Application shutdown complete."' in said
        if not closed or Path(f"/proc/{server}").exists():
            raise Failed(f"after SIGTERM it did not shut down\n{said[-3000:]}")
    finally:
        if started.poll() is None:
            for pid in descendants(started.pid):
                os.kill(pid, signal.SIGKILL)
            said, _ = started.communicate()
            print(said[-3000:], file=sys.stderr)
        call(*plan.buildah, "rm", container)
    for line in said.splitlines() if not plan.service else ():
        json.loads(line)  # APP-10: every line of its log


def server_below(pid: int, program: str) -> int:
    """The process that serves, among those below one."""
    for one in descendants(pid):
        words = Path(f"/proc/{one}/cmdline").read_bytes().decode().split("\0")
        # A script is behind its interpreter.
        if words[0] == program or len(words) > 1 and words[1].endswith(f"/{program}"):
            return one
    raise Failed(f"the image's command has started no {program}")


def answered(plan: Boot, started: subprocess.Popen[str], path: str) -> tuple[int, Any]:
    """Ask until it answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask(plan.port, path)
        except OSError as e:
            if started.poll() is not None:
                said = started.stdout.read() if started.stdout else ""
                raise Failed(f"it ended with {started.returncode}\n{said[-3000:]}") from e
            if time.monotonic() > deadline:
                raise Failed(f"it does not answer: {e}") from e
            time.sleep(0.2)


def check_service(plan: Boot, started: subprocess.Popen[str]) -> None:
    """Without its database it is alive, and says that it cannot serve."""
    status, answer = answered(plan, started, plan.health[0])
    if status != 200:
        raise Failed(f"{plan.health[0]}: {status} {answer}")
    status, answer = ask(plan.port, "/")
    if status != 503:
        raise Failed(f"/: {status} {answer}")


def check_answers(plan: Boot, started: subprocess.Popen[str]) -> None:
    """Without any backend it is alive, not ready, and asks for its key."""
    status, answer = answered(plan, started, "/health")
    if status != 200 or answer["status"] != "healthy" or any(answer["services"].values()):
        raise Failed(f"/health: {status} {answer}")
    status, ready = ask(plan.port, "/ready")
    if status != (503 if answer["services"] else 200):
        raise Failed(f"/ready: {status} {ready}")
    status, index = ask(plan.port, "/api/v1/", plan.key)
    listed = {m["name"] for m in index["modules"]} if status == 200 else set()
    if status != 200 or not plan.page and not set(answer["services"]) <= listed:
        raise Failed(f"/api/v1/: {status} {index}")
    if plan.page:
        with urllib.request.urlopen(f"http://127.0.0.1:{plan.port}/", timeout=CALL) as page:
            if plan.page not in page.read().decode():
                raise Failed("/ is not the application's own page")
    if plan.key and ask(plan.port, "/api/v1/")[0] != 401:
        raise Failed("/api/v1/ answers without a key")


def check_user(plan: Boot, run: list[str], server: int) -> None:
    """The process is the image's user, who cannot change the code; the health check passes."""
    status = Path(f"/proc/{server}/status").read_text()
    uids = re.search(r"^Uid:\s+(.*)$", status, re.MULTILINE)
    if not uids or set(uids.group(1).split()) != {str(plan.user)}:
        raise Failed(f"it runs as {uids.group(1) if uids else 'nobody'}, not as {plan.user}")
    folders = "/app" if plan.service else "/app /app/src /opt/venv"
    script = f'for d in {folders}; do if touch "$d/x" 2>/dev/null; then exit 9; fi; done'
    call(*run, "sh", "-c", script)
    if not plan.service:
        call(*run, *plan.health)


def prove(buildah: Builder, folder: Path, application: str, base: set[str], user: int) -> None:
    """One application: its image is built, looked at and booted; then its source changes."""
    tag = f"{application}:e2e"
    context = buildah.work / "contexts" / application
    shutil.copytree(folder / "out" / application, context)
    for decoy in DECOYS:
        (context / decoy).parent.mkdir(parents=True, exist_ok=True)
        (context / decoy).write_text("not for any image\n")
    step(f"{application}: its Dockerfile builds", lambda: buildah.build(context, "Dockerfile", tag))

    hidden = [*secrets(folder), "not for any image"]
    image = buildah.layout(tag, base)
    wrong = layers.findings(image, f"{user}:{user}", hidden, application)
    if wrong:
        raise Failed(f"{application}: " + "\n".join(wrong))
    files = sum(len(layer.entries) for layer in image.layers)
    print(
        f"ok  {application}: {len(image.layers)} layers with {files} files of its own, "
        f"and none of {len(hidden)} secrets in them"
    )

    config = buildah.inspect(tag)
    environment = settings(folder, application, "fastapi")
    own = (context / "app").exists()
    plan = Boot(
        buildah.command,
        tag,
        config["Cmd"],
        config["Healthcheck"]["Test"][1:],
        environment,
        user,
        int(environment["PORT"]),
        environment.get("API_KEY", ""),
        PAGE if own else "",
    )
    start(buildah, application, plan)

    main = context / ("app" if own else "src") / "main.py"
    main.write_text(main.read_text() + "# changed\n")
    step(
        f"{application}: its changed source builds",
        lambda: buildah.build(context, "Dockerfile", f"{application}:changed"),
    )
    before = [layer.diff_id for layer in image.layers]
    after = [layer.diff_id for layer in buildah.layout(f"{application}:changed", base).layers]
    holding = [
        number
        for number, layer in enumerate(image.layers)
        if any(e.path == f"app/{main.relative_to(context)}" for e in layer.entries)
    ]
    changed = [n for n, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    # What is copied after it is copied again.
    if len(holding) != 1 or changed != list(range(holding[0], len(after))):
        raise Failed(
            f"{application}: a changed source changes more than its layer\n{before}\n{after}"
        )
    print(f"ok  {application}: a changed source changes the last {len(changed)} layers")


def start(buildah: Builder, name: str, plan: Boot) -> None:
    """Start an image in a network namespace of its own, and ask it."""
    file = buildah.work / f"{name}.json"
    file.write_text(json.dumps(asdict(plan)))
    step(
        f"{name}: the image's command answers as {plan.user} and ends in peace",
        lambda: call("unshare", "--net", sys.executable, HERE / "image.py", "boot", file),
    )


def prove_service(buildah: Builder, folder: Path, name: str, base: set[str]) -> None:
    """The image of a service is built from its context alone and started as its pod is."""
    archive = buildah.work / f"{name}.tar"
    call(buildah.work / "platc", "image", "context", name, "-o", archive, cwd=folder)
    tag = f"{name}:e2e"
    step(
        f"{name}: the archive of its context builds",
        lambda: buildah.build_archive(archive, tag),
    )
    hidden = [secret.encode() for secret in secrets(folder)]
    layout = buildah.layout(tag, base)
    files = [entry for layer in layout.layers for entry in layer.entries]
    if any(secret in entry.data for entry in files for secret in hidden):
        raise Failed(f"{name}: a file of its image holds a secret")
    print(f"ok  {name}: {len(files)} files of its own, and none of {len(hidden)} secrets in them")
    text = (folder / "out" / name / "k8s/deploy/base/service.yaml").read_text()
    objects = {o["kind"]: o for o in yaml.safe_load_all(text)}
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    port, probe = pod["containers"][0]["ports"][0], pod["containers"][0]["livenessProbe"]
    plan = Boot(
        buildah.command,
        tag,
        buildah.inspect(tag)["Cmd"],
        [probe["httpGet"]["path"]],
        settings(folder, name, "service"),
        pod["securityContext"]["runAsUser"],
        port["containerPort"],
        "",
        service=True,
    )
    start(buildah, name, plan)


def prove_tests(buildah: Builder, folder: Path, application: str) -> None:
    """The test image builds, and its command passes as its user, without network."""
    tag = f"{application}:tests"
    context = folder / "out" / application
    step(
        f"{application}: its Dockerfile.test builds",
        lambda: buildah.build(context, "Dockerfile.test", tag),
    )
    config = buildah.inspect(tag)
    container = buildah("from", "--pull-never", tag).strip()
    run = [*buildah.command, "run", "--isolation", "chroot", "--network", "host", container, "--"]
    script = 'ip link set lo up && exec "$@"'
    step(
        f"{application}: its tests pass in it",
        lambda: call("unshare", "--net", "sh", "-c", script, "sh", *run, *config["Cmd"]),
    )
    buildah("rm", container)


def prove_all(buildah: Builder) -> None:
    """Every application: first what is quick."""
    work = buildah.work
    folders = step("the architectures are built", lambda: trees(work))
    name = python_image(work)
    base = step(f"the base image is there as {name}", lambda: buildah.base(name))
    container = buildah("from", "--pull-never", name).strip()
    version = buildah(
        "run", "--isolation", "chroot", container, "--", "python", "--version"
    ).strip()
    print(f"note: {name} stands here for a base of Debian trixie with its own {version}")
    for architecture, application in APPLICATIONS:
        prove(buildah, folders[architecture], application, base, 10001)
    architecture, service, upon = SERVICE
    base = step(f"the base image is there as {upon}", lambda: buildah.node(upon, name))
    print(f"note: {upon} stands here for a base of Debian trixie with Node and npm from npm")
    prove_service(buildah, folders[architecture], service, base)
    for architecture, application in APPLICATIONS:
        prove_tests(buildah, folders[architecture], application)


def main() -> int:
    """Prove it all. The images stay in the cache: the next run finds unchanged steps there."""
    begun = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="platc-image-"))
    buildah = Builder(work)
    with (CACHE / "buildah.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one run at a time, since they share their images
        try:
            prove_all(buildah)
        except Failed as e:
            print(f"FAILED {e}", file=sys.stderr)
            return 1
        finally:
            buildah("rm", "--all")
            shutil.rmtree(work, ignore_errors=True)
    print(f"the images are proved in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["boot"]:
        try:
            boot(Boot(**json.loads(Path(sys.argv[2]).read_text())))
        except Failed as failed:
            sys.exit(str(failed))
    else:
        sys.exit(main())
