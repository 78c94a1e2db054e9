#!/bin/sh
# What run.sh needs beside kube/setup.sh: git, and the controllers of Flux, built from their modules (a few minutes once a machine).
set -eu

e2e=$(cd "$(dirname "$0")/.." && pwd)

if ! command -v git >/dev/null; then
    apt-get -o DPkg::Lock::Timeout=300 update -q
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends git
fi
"$e2e/binaries/build.sh" flux
