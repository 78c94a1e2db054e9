#!/bin/sh
# Compare the Go benchmarks of the checkout with those of another revision: compare.sh BASE [PATTERN [COUNT]].
# The two run in turn, so that a machine whose speed drifts is fair to both.
set -eu

base=$1 pattern=${2:-'/(10|100)$'} count=${3:-6}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'git -C "$root" worktree remove --force "$work/base" 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM

"$root/bench/tools/build.sh" benchstat
git -C "$root" worktree add --quiet --detach "$work/base" "$base"
(cd "$work/base" && go test -c -o "$work/old.test" ./bench)
(cd "$root" && go test -c -o "$work/new.test" ./bench)
for run in $(seq "$count"); do
    echo "run $run of $count" >&2
    for side in old new; do
        (cd "$root/bench" && "$work/$side.test" -test.run '^$' -test.bench "$pattern" -test.benchmem -test.timeout 60m >>"$work/$side.txt")
    done
done
"$("$root/bench/tools/build.sh" --where benchstat)/benchstat" base="$work/old.txt" now="$work/new.txt"
