#!/usr/bin/env bash
# What a control plane and independent judges say of everything that platc emits: every proof, then a table. A part that setup.sh makes and
# that is missing is a failure.
#   run.sh [REGEXP]      only the control plane, and there only the tests that match: run.sh TestKubernetes/graphs/example-shop
set -uo pipefail

cd "$(dirname "$0")/.." || exit
status=0
results=()

# step NAME ARGUMENT …: one go test. One line a graph or judge: subtests are named when they fail.
step() {
	local name=$1 result=passed begun=$SECONDS
	shift
	go test -count=1 -timeout 60m "$@" | grep -vE '^=== |^ *--- PASS: [^/ ]+(/[^/ ]+){3}' || {
		result=FAILED
		status=1
	}
	results+=("$(printf '%-16s %-8s %5d s' "$name" "$result" $((SECONDS - begun)))")
}

if [ $# -gt 0 ]; then
	step "control plane" -v ./kube -run "$1"
else
	step "parts" ./crds ./netpol ./world
	step "judges" -v ./judges
	step "control plane" -v ./kube
fi
printf '%s\n' '' "${results[@]}"
exit "$status"
