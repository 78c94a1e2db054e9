#!/bin/sh
# Install Docker Engine, Compose, and what the images of servers are made of. What is there already stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v dockerd >/dev/null || ! command -v curl >/dev/null; then
    apt-get -o DPkg::Lock::Timeout=300 -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends curl docker.io >/dev/null
fi
"$here/../app/setup.sh"
"$here/../image/setup.sh"
"$here/../binaries/build.sh" compose
