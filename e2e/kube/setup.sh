#!/bin/sh
# What run.sh needs on a fresh Debian, as root, with Go: programs built from their modules (half an hour once a machine, into
# ${PLATC_CACHE:-$HOME/.cache/platc}), custom resource definitions (from PLATC_CRD_DIR, or the network), and the judges.
set -eu

e2e=$(cd "$(dirname "$0")/.." && pwd)

"$e2e/binaries/build.sh" kubernetes kwok kustomize sops
"$e2e/judges/setup.sh"
cd "$e2e"
go run ./crds/fetch
