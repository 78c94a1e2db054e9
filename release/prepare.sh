#!/bin/sh
# Makes what a release has beside its programs: scripts for shell completion, and manual pages.
set -eu
cd "$(dirname "$0")/.."
rm -rf release/made
mkdir -p release/made/completions
go build -trimpath -o release/made/platc ./cmd/platc
for shell in bash zsh fish powershell; do
	release/made/platc completion "$shell" >"release/made/completions/platc.$shell"
done
release/made/platc man release/made/man
rm release/made/platc
