#!/bin/sh
# The first hour of somebody who has a clone: they build platc from it and follow hour.sh. With a Docker Engine that answers, `platc up` is part of it;
# images come from where that engine has them. Without one, or with HOUR_UP=no, this says so: e2e/local has an engine of its own.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/platc-hour.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM

git clone --quiet --no-hardlinks "$root" "$work/platc"
mkdir "$work/bin" "$work/user"
(cd "$work/platc" && GOBIN="$work/bin" GOFLAGS=-trimpath go install ./cmd/platc)
export PATH="$work/bin:$PATH"
platc version | head -n 1
if [ "${HOUR_UP:-}" = no ]; then
    unset HOUR_UP
    echo "without platc up, which e2e/local proves"
elif docker info >/dev/null 2>&1; then
    export HOUR_UP=yes
else
    echo "no Docker Engine answers: e2e/local proves platc up"
fi
cd "$work/user"
"$work/platc/e2e/hour/hour.sh"
