#!/bin/sh
# podman.sh [GRAPH...]: what run.sh does, here with examples/shop, on Podman instead of Docker: that of Debian 13, in a root file system of that release, which is made once a machine.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${PLATC_CACHE:-$HOME/.cache/platc}
memory=$(mktemp -d /dev/shm/platc-podman.XXXXXX)
trap 'umount --lazy "$memory/root" 2>/dev/null || true; rm -rf --one-file-system "$memory"' EXIT
trap 'exit 1' INT TERM

packages="aardvark-dns curl iptables netavark podman procps runc"
kept=$cache/podman-$({ echo "$packages"; stat -c '%s %Y' "$cache/image-base-trixie.tar"; } | sha256sum | cut -c 1-12)
if [ ! -d "$kept" ]; then
    mkdir "$memory/new"
    tar -xf "$cache/image-base-trixie.tar" -C "$memory/new"
    cp /etc/ssl/certs/ca-certificates.crt "$memory/new/etc/ssl/certs"
    # shellcheck disable=SC2086 # a list
    { chroot "$memory/new" apt-get -qq update && DEBIAN_FRONTEND=noninteractive chroot "$memory/new" apt-get -qq install -y --no-install-recommends $packages; } >"$memory/log" 2>&1 || {
        cat "$memory/log" >&2
        exit 1
    }
    rm -rf "$cache"/podman-* "$memory"/new/var/cache/apt "$memory"/new/var/lib/apt/lists
    cp -r --preserve=all "$memory/new" "$kept.new"
    mv "$kept.new" "$kept"
    rm -rf "$memory/new"
fi

(cd "$root" && go build -o "$memory/platc" ./cmd/platc)
compose=$("$here/../binaries/build.sh" --where compose)/docker-compose
mkdir "$memory/upper" "$memory/work" "$memory/root"
mount -t overlay -o "lowerdir=$kept,upperdir=$memory/upper,workdir=$memory/work" overlay "$memory/root"
cd "$memory/root"
cp /etc/resolv.conf etc/resolv.conf
cp "$compose" usr/local/bin/docker-compose
cp "$(command -v docker)" usr/local/bin/docker
cp "$memory/platc" usr/local/bin/platc
# Without the bounds, no container starts where nobody may raise them; crun runs none beside control groups of two versions.
cat >etc/containers/containers.conf <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
compose_providers = ["/usr/local/bin/docker-compose"]
compose_warning_logs = false
events_logger = "file"
runtime = "runc"
[network]
firewall_driver = "iptables"
CONF
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$memory" "$memory" >etc/containers/storage.conf
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >etc/containers/policy.json
index=$(pip config get global.index-url 2>/dev/null || true)

# The root has to be one of a mount namespace: what runs in a container is else started outside of it.
# shellcheck disable=SC2016 # expanded inside
PIP_INDEX_URL=$index PLATC_CACHE=$cache PLATC_ENGINE=podman PODMAN_IGNORE_CGROUPSV1_WARNING=1 unshare --mount sh -euc '
    root=$1 project=$2
    shift 2
    mount --make-rprivate /
    for folder in tmp run var/tmp; do mount -t tmpfs tmpfs "$root/$folder"; done
    for folder in proc sys dev "$project" "$PLATC_CACHE"; do
        mkdir -p "$root/$folder"
        mount --rbind "/$folder" "$root/$folder"
    done
    mkdir -p "$root/old"
    cd "$root"
    pivot_root . old
    umount -l /old
    cd /
    exec "$project/e2e/local/run.sh" "$@"
' sh "$memory/root" "$root" "${@:-shop}"
