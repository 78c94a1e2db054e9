#!/bin/sh
# Build the programs of the end-to-end suites from their Go modules; one folder a module and release in
# ${PLATC_CACHE:-$HOME/.cache/platc}, and what is there already stays.
#   build.sh MODULE …           the folders beside this script
#   build.sh --where MODULE …   print the folder of each, build nothing
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${PLATC_CACHE:-$HOME/.cache/platc}
export CGO_ENABLED=0 GOFLAGS=-mod=readonly

# main_module FOLDER: the module whose release names the folder in the cache.
main_module() {
    case $1 in
    compose) echo github.com/docker/compose/v5 ;;
    cyclonedx) echo github.com/CycloneDX/cyclonedx-gomod ;;
    dockerlint) echo github.com/moby/buildkit ;;
    flux) echo github.com/fluxcd/kustomize-controller ;;
    goreleaser) echo github.com/goreleaser/goreleaser/v2 ;;
    istio) echo istio.io/istio ;;
    kube-score) echo github.com/zegl/kube-score ;;
    kubernetes) echo k8s.io/kubernetes ;;
    kustomize) echo sigs.k8s.io/kustomize/kustomize/v5 ;;
    kwok) echo sigs.k8s.io/kwok ;;
    prometheus) echo github.com/prometheus/prometheus ;;
    sops) echo github.com/getsops/sops/v3 ;;
    *)
        echo "build.sh: no recipe for $1" >&2
        exit 1
        ;;
    esac
}

# release PATH: the version of a module that the go.mod here pins.
release() { go list -m -f '{{.Version}}' "$1"; }

# program PACKAGE [NAME [LDFLAGS]]: one program in $folder, complete or not at all.
program() {
    name=${2:-${1##*/}}
    [ ! -x "$folder/$name" ] || return 0
    mkdir -p "$folder"
    begun=$(date +%s)
    go build -trimpath -ldflags "-s -w ${3:-}" -o "$folder/.$name" "$1"
    mv "$folder/.$name" "$folder/$name"
    echo "built $name in $(($(date +%s) - begun)) s"
}

# Without a version, clients of the control plane misbehave.
build_kubernetes() {
    minor=${version#v1.}
    stamp=
    for pair in "gitVersion=$version" gitMajor=1 "gitMinor=${minor%%.*}" gitTreeState=clean; do
        stamp="$stamp -X k8s.io/component-base/version.$pair"
    done
    for name in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
        program "k8s.io/kubernetes/cmd/$name" "$name" "$stamp"
    done
    program go.etcd.io/etcd/server/v3 etcd
}

# The stages tell kwok how nodes, pods and volumes behave. The fast ones of its own source are enough: no test waits for a simulated delay.
build_kwok() {
    program sigs.k8s.io/kwok/cmd/kwok
    [ ! -f "$folder/stages.yaml" ] || return 0
    source=$(go mod download -json "sigs.k8s.io/kwok@$version" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
    for file in "$source"/kustomize/stage/node/fast/node-*.yaml "$source"/kustomize/stage/node/heartbeat-with-lease/node-*.yaml \
        "$source"/kustomize/stage/pod/fast/pod-*.yaml "$source"/kustomize/stage/volume/fast/pv*.yaml; do
        echo ---
        cat "$file"
    done >"$folder/.stages.yaml"
    cp "$source/kustomize/stage/volume/fast/storage-class.yaml" "$folder/.storage-class.yaml"
    mv "$folder/.storage-class.yaml" "$folder/storage-class.yaml"
    mv "$folder/.stages.yaml" "$folder/stages.yaml"
}

# The definitions of what they serve come with them.
build_flux() {
    for name in source-controller kustomize-controller; do
        program "github.com/fluxcd/$name"
    done
    [ ! -f "$folder/crds.yaml" ] || return 0
    for name in source-controller kustomize-controller; do
        for file in "$(go list -m -f '{{.Dir}}' "github.com/fluxcd/$name")"/config/crd/bases/*.yaml; do
            echo ---
            cat "$file"
        done
    done >"$folder/.crds.yaml"
    mv "$folder/.crds.yaml" "$folder/crds.yaml"
}

build_kustomize() { program sigs.k8s.io/kustomize/kustomize/v5 kustomize "-X sigs.k8s.io/kustomize/api/provenance.version=$version"; }

build_sops() { program github.com/getsops/sops/v3/cmd/sops; }

# It is called as Docker calls it: a plugin.
build_compose() { program github.com/docker/compose/v5/cmd docker-compose "-X github.com/docker/compose/v5/internal.Version=$version"; }

# A program of ours around BuildKit's linter, so that it changes without a release.
build_dockerlint() {
    [ -z "$(find main.go -newer "$folder/dockerlint" 2>/dev/null)" ] || rm -f "$folder/dockerlint"
    program . dockerlint
}

# Service discovery is most of Prometheus' code, and no part of checking rules and metrics.
build_prometheus() { GOFLAGS="$GOFLAGS -tags=remove_all_sd" program github.com/prometheus/prometheus/cmd/promtool; }

build_istio() { program istio.io/istio/istioctl/cmd/istioctl; }

# What `make release` runs; the second writes the bills of materials.
build_goreleaser() { program github.com/goreleaser/goreleaser/v2 goreleaser "-X main.version=${version#v}"; }

build_cyclonedx() { program github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod; }

build_kube_score() { program github.com/zegl/kube-score/cmd/kube-score; }

where=
if [ "${1:-}" = --where ]; then
    where=yes
    shift
fi
for module in "$@"; do
    main=$(main_module "$module")
    cd "$here/$module"
    version=$(release "$main")
    folder=$cache/$module-$version
    if [ -n "$where" ]; then
        echo "$folder"
    else
        "build_$(echo "$module" | tr - _)"
    fi
done
