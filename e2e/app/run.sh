#!/bin/sh
# Judge the application's Python in many combinations of links, then prove it against real servers.
# run.sh [SERVER …]: see prove.py. Set-up is setup.sh's.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PLATC_CACHE:-$HOME/.cache/platc}/venv/bin/python
export PYTHONDONTWRITEBYTECODE=1
trees=$(mktemp -d)
trap 'rm -rf "$trees"' EXIT
"$python" "$here/assemble.py" --check "$trees"
"$python" "$here/prove.py" "$@"
