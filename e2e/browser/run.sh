#!/bin/sh
# The page of `platc graph --format html`, and the picture, in a real Chromium: examples/shop, and generated architectures of 5 to 300 components.
# PLATC_SHOTS=DIR keeps a picture of each size, in light and dark.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
work=$(mktemp -d "${TMPDIR:-/tmp}/platc-browser.XXXXXX")
trap 'rm -rf "$work"' EXIT
folder=${PLATC_CACHE:-$HOME/.cache/platc}/browser-$(sha256sum "$here/package-lock.json" | cut -c1-12)
(cd "$root" && go build -o "$work/platc" ./cmd/platc)
(cd "$root/e2e" && go run ./browser/sizes "$work" 5 30 100 300)
mkdir "$work/shop" && cp "$root/examples/shop/arch.cue" "$work/shop"
for name in shop 5 30 100 300; do
    "$work/platc" graph --format html "$work/$name/arch.cue" >"$work/$name.html"
    [ "$name" != shop ] && [ -z "${PLATC_SHOTS:-}" ] || "$work/platc" graph --format svg "$work/$name/arch.cue" >"$work/$name.svg"
    "$work/platc" graph --json "$work/$name/arch.cue" >"$work/$name.json"
done
"$work/platc" impact db --format html "$work/shop/arch.cue" >"$work/impact.html"
cp "$here/page.test.mjs" "$here/package.json" "$work"
ln -s "$folder/node_modules" "$work/node_modules"
PLATC_WORK=$work node --test --test-concurrency=1 "$work/page.test.mjs"
