#!/bin/sh
# The emitted Dockerfiles really build, and what they build runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/setup.sh"
# python3-yaml is Debian's, and not that of another Python in the way
export PYTHONDONTWRITEBYTECODE=1
cd "$here"
/usr/bin/python3 -m unittest -q
exec /usr/bin/python3 image.py
