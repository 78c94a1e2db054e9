#!/bin/sh
# The emitted Dockerfiles really build, and what they build runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/setup.sh"
# python3-yaml is Debian's, and not that of another Python in the way
exec /usr/bin/python3 "$here/image.py"
