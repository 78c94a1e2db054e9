#!/usr/bin/env bash
# Everything that a control plane and independent judges say of what platc emits. What setup.sh makes is not looked for elsewhere: a
# missing part is a failure.
#   run.sh [REGEXP]      only the tests that match, as in: run.sh TestKubernetes/graphs/example-shop
set -euo pipefail

cd "$(dirname "$0")/.."
# one line a graph; the details of what fails, and the table at the end
go test ./kube -count=1 -v -timeout 60m -run "${1:-.}" | grep -vE '^=== |^ *--- PASS: [^/ ]+(/[^/ ]+){3}'
