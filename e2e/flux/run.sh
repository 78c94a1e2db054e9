#!/usr/bin/env bash
# Flux reconciles a control plane with an emitted tree in a git repository; what Argo CD would apply is rendered. Needs kube/setup.sh and setup.sh.
#   run.sh [REGEXP]   only the proofs that match
set -euo pipefail

cd "$(dirname "$0")/.."
go test -count=1 -timeout 30m -v ./flux ${1:+-run "$1"}
