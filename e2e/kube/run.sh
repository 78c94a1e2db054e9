#!/usr/bin/env bash
# What a control plane and independent judges say of everything that platc emits: every proof, then a table. A part that setup.sh makes and
# that is missing is a failure. Judges work beside the control plane, which waits more than it works; what they say comes after it.
#   run.sh [REGEXP]      only the control plane, and there only the tests that match: run.sh TestKubernetes/graphs/example-shop
set -uo pipefail

cd "$(dirname "$0")/.." || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# step NAME ARGUMENT …: one go test. One line a graph or judge: subtests are named when they fail.
step() {
	local name=$1 result=passed begun=$SECONDS
	shift
	go test -count=1 -timeout 60m "$@" | grep -vE '^=== |^ *--- PASS: [^/ ]+(/[^/ ]+){3}' || result=FAILED
	printf '%-16s %-8s %5d s\n' "$name" "$result" $((SECONDS - begun)) >>"$work/results"
}

if [ $# -gt 0 ]; then
	export PLATC_E2E=full
	step "control plane" -v ./kube -run "$1"
else
	step "parts" ./crds ./netpol ./world
	set -m # a process group of its own, which goes when this script does
	step "judges" -v ./judges >"$work/judges" 2>&1 &
	set +m
	trap 'kill -- "-$!" 2>/dev/null; rm -rf "$work"' EXIT
	step "control plane" -v ./kube
	wait
	cat "$work/judges"
fi
echo
cat "$work/results"
! grep -q FAILED "$work/results"
