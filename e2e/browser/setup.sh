#!/bin/sh
# Install Chromium and Node from Debian, and the driver and axe from npm into ${PLATC_CACHE:-$HOME/.cache/platc}. What is there already stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
packages=
command -v chromium >/dev/null || packages="chromium fonts-dejavu-core"
command -v npm >/dev/null || packages="$packages nodejs npm"
if [ -n "$packages" ]; then
    apt-get -o DPkg::Lock::Timeout=300 -qq update
    # shellcheck disable=SC2086 # words
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends $packages >/dev/null
fi
folder=${PLATC_CACHE:-$HOME/.cache/platc}/browser-$(sha256sum "$here/package-lock.json" | cut -c1-12)
[ ! -f "$folder/done" ] || exit 0
mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$folder"
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent
touch "$folder/done"
