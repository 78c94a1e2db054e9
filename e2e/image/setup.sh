#!/bin/sh
# Install what builds images without an engine or a registry, and make the root file system of the base image, once.
# What is there already stays.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${PLATC_CACHE:-$HOME/.cache/platc}

missing=
for package in buildah debootstrap iproute2 python3 python3-yaml util-linux; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get -o DPkg::Lock::Timeout=300 -qq update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends $missing >/dev/null
fi

"$here/../binaries/build.sh" sops
"$here/../own/setup.sh" >/dev/null

# The Debian release of the emitted base image, with that release's Python in the place where the image has its own; its headers too, but neither
# compiler nor libraries, so that the Dockerfile has to install what it needs.
base=$cache/image-base-trixie.tar
if [ ! -f "$base" ]; then
    begun=$(date +%s)
    work=$(mktemp -d "${TMPDIR:-/tmp}/platc-base.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
    root=$work/root
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv trixie "$root" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
    # shellcheck disable=SC2016 # expanded inside
    chroot "$root" sh -euc '
        apt-get -qq update
        cd /tmp
        apt-get -qq download "lib$(basename "$(readlink /usr/bin/python3)")-dev" 2>/dev/null
        dpkg-deb -x lib*.deb /
        rm lib*.deb
        apt-get clean
        rm -rf /var/lib/apt/lists/*
        ln -s /usr/bin/python3 /usr/local/bin/python
        ln -s /usr/bin/pip3 /usr/local/bin/pip
        : >/etc/pip.conf
    '
    mkdir -p "$cache"
    tar -C "$root" --numeric-owner -cf "$base.new" .
    mv "$base.new" "$base"
    echo "made the base root file system in $(($(date +%s) - begun)) s"
fi
