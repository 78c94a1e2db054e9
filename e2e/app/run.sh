#!/bin/sh
# Prove the emitted applications against real servers. Set-up is setup.sh's.
#   run.sh [--keep] [GRAPH ...]      without names: all graphs
set -eu

here=$(cd "$(dirname "$0")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
[ "$(id -u)" = 0 ] || {
    echo "run.sh: only root may make namespaces, mounts and users of pods" >&2
    exit 1
}
exec /usr/bin/python3 "$here/run.py" "$@"
