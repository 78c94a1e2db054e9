#!/bin/sh
# What run.sh needs on a fresh Debian, as root, with Go: tools of Debian, programs built from their modules (half an hour once a machine,
# into ${PLATC_CACHE:-$HOME/.cache/platc}), and custom resource definitions (from PLATC_CRD_DIR, or the network).
set -eu

e2e=$(cd "$(dirname "$0")/.." && pwd)

for program in awk git tar; do
    command -v "$program" >/dev/null && continue
    apt-get -o DPkg::Lock::Timeout=300 -q update
    apt-get -o DPkg::Lock::Timeout=300 -q -y install gawk git tar
done

"$e2e/binaries/build.sh" kubernetes kwok kustomize sops
cd "$e2e"
go run ./crds/fetch
