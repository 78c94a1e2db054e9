#!/bin/sh
# Install Node and npm below the cache, from npm; what is there already stays. Prints the folder of both.
set -eu

node=22.23.5
npm=10.9.9
folder=${PLATC_CACHE:-$HOME/.cache/platc}/node-$node-$npm

case $(uname -m) in
x86_64) platform=x64 ;;
aarch64) platform=arm64 ;;
*)
    echo "setup.sh: there is no Node for $(uname -m)" >&2
    exit 1
    ;;
esac
if ! command -v npm >/dev/null; then
    apt-get -q -o DPkg::Lock::Timeout=300 update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends npm >&2
fi
if [ ! -d "$folder" ]; then
    mkdir -p "${folder%/*}"
    rm -rf "$folder.new"
    npm install --silent --no-save --ignore-scripts --prefix "$folder.new" "node-linux-$platform@$node" "npm@$npm" >&2
    ln -s "node-linux-$platform" "$folder.new/node_modules/node"
    mv "$folder.new" "$folder"
fi
echo "$folder"
