#!/bin/sh
# Build the programs that platc is measured beside, at the releases pinned here, in ${PLATC_CACHE:-$HOME/.cache/platc}; what is there stays.
#   build.sh [NAME …]          the programs, all of them without a name; one that a registry does not serve is said and left out
#   build.sh --where NAME …    print the folder of each, build nothing
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
cache=${PLATC_CACHE:-$HOME/.cache/platc}
export CGO_ENABLED=0 GOFLAGS=-mod=readonly

# version NAME: the release that is pinned.
version() {
    case $1 in
    cue) cd "$root" && go list -modfile=tools.mod -m -f '{{.Version}}' cuelang.org/go ;;
    helm) cd "$here/helm" && go list -m -f '{{.Version}}' helm.sh/helm/v3 ;;
    kompose) cd "$here/kompose" && go list -m -f '{{.Version}}' github.com/kubernetes/kompose ;;
    benchstat) cd "$here/benchstat" && go list -m -f '{{.Version}}' golang.org/x/perf ;;
    cdk8s) sed -n 's/.*"cdk8s": "\(.*\)".*/\1/p' "$here/cdk8s/package.json" ;;
    *)
        echo "build.sh: no recipe for $1" >&2
        exit 1
        ;;
    esac
}

# program FOLDER PACKAGE NAME [FLAG …]: one program, complete or not at all.
program() {
    into=$1 package=$2 name=$3
    shift 3
    [ ! -x "$into/$name" ] || return 0
    mkdir -p "$into"
    go build "$@" -trimpath -ldflags '-s -w' -o "$into/.$name" "$package"
    mv "$into/.$name" "$into/$name"
}

# A program of JavaScript is its packages and our script beside them.
build_cdk8s() {
    mkdir -p "$1"
    cp "$here/cdk8s/package.json" "$here/cdk8s/package-lock.json" "$here/cdk8s/synth.js" "$1"
    [ -d "$1/node_modules/cdk8s" ] || (cd "$1" && npm ci --no-audit --no-fund --silent)
}

build() {
    case $1 in
    kustomize) "$root/e2e/binaries/build.sh" kustomize ;;
    cue) cd "$root" && program "$2" cuelang.org/go/cmd/cue cue -modfile=tools.mod ;;
    helm) cd "$here/helm" && program "$2" helm.sh/helm/v3/cmd/helm helm ;;
    kompose) cd "$here/kompose" && program "$2" github.com/kubernetes/kompose kompose ;;
    benchstat) cd "$here/benchstat" && program "$2" golang.org/x/perf/cmd/benchstat benchstat ;;
    cdk8s) build_cdk8s "$2" ;;
    esac
}

# folder NAME: where the program is.
folder() {
    if [ "$1" = kustomize ]; then
        "$root/e2e/binaries/build.sh" --where kustomize
    else
        pinned=$(version "$1")
        echo "$cache/bench-$1-$pinned"
    fi
}

if [ "${1:-}" = --where ]; then
    shift
    for name in "$@"; do folder "$name"; done
    exit 0
fi
[ $# -gt 0 ] || set -- cue helm kustomize kompose cdk8s
for name in "$@"; do
    into=$(folder "$name")
    (build "$name" "$into") || echo "$name cannot be built here, and is left out" >&2
done
