#!/bin/sh
# run.sh [GRAPH...]: `platc up` on a Docker Engine of this script's own, or, called by podman.sh, on Podman: examples/shop; servers that encrypt, with workers and code of a team's own (tls/); a new user's hour (../hour); with
# PLATC_E2E=full also Kafka that encrypts, two environments of examples/stages beside each other, and examples/everything.
# No registry of images is needed: those of servers are stand-ins of Debian's packages and of what other suites have fetched (images/). Kong,
# APISIX and MongoDB cannot be had this way, and are left out.
set -eu
graphs=${*:-shop tls hour$([ "${PLATC_E2E:-}" != full ] || echo " stages everything")}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
cache=${PLATC_CACHE:-$HOME/.cache/platc}
work=$(mktemp -d "${TMPDIR:-/tmp}/platc-local.XXXXXX")
memory=$(mktemp -d /dev/shm/platc-local.XXXXXX)
engine=${PLATC_ENGINE:-docker}
group=platc-local.$$
[ "$engine" = docker ] || group=libpod_parent
watch=
begun=$(date +%s)

say() { echo "$(($(date +%s) - begun)) s: $*"; }
worked() { # seconds that processors have worked in containers, those that build images too
    if [ -f "/sys/fs/cgroup/cpuacct/$group/cpuacct.usage" ]; then
        echo $(($(cat "/sys/fs/cgroup/cpuacct/$group/cpuacct.usage") / 1000000000))
    else
        sed -n 's/^usage_usec \([0-9]*\)[0-9]\{6\}$/\1/p' "/sys/fs/cgroup/$group/cpu.stat" 2>/dev/null || echo 0 # no container was started yet
    fi
}
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
        xargs kill <"$work/pid"
        wait || true
    fi
    rm -rf --one-file-system "$work" "$memory"
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
    exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

# The engine's data is in memory: layers are small, and a disk is slow.
export DOCKER_BUILDKIT=0 DOCKER_CONFIG="$work/config" XDG_RUNTIME_DIR="$memory"
mkdir -p "$DOCKER_CONFIG/cli-plugins"
case $engine in
docker) # Without the bounds, no container starts where nobody may raise them.
    export DOCKER_HOST="unix://$work/docker.sock"
    dockerd --host "$DOCKER_HOST" --data-root "$memory/data" --exec-root "$memory/exec" --pidfile "$work/pid" --default-ulimit nofile=1024:1024 \
        --default-ulimit nproc=4096:4096 --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$group" >"$work/dockerd.log" 2>&1 &
    # images are built by the engine itself: a plugin for it is not needed
    ln -s "$("$root/e2e/binaries/build.sh" --where compose)/docker-compose" "$DOCKER_CONFIG/cli-plugins/docker-compose"
    ;;
podman) # The program of Docker is there for what this script asks of containers; without a plugin for Compose, platc does not take it.
    export DOCKER_HOST=unix:///run/podman/podman.sock
    mkdir -p /run/podman
    podman system service --time 0 "$DOCKER_HOST" >"$work/podman.log" 2>&1 &
    echo $! >"$work/pid"
    # Podman has systemd ask containers how they are, of which there is none here.
    while sleep 1; do for container in $(podman ps --quiet); do podman healthcheck run "$container" >/dev/null 2>&1 || true; done; done &
    echo $! >>"$work/pid"
    ;;
esac
patiently 60 sh -c 'docker info >/dev/null 2>&1'
say "$engine runs"

# images are built as this machine reaches its registries; a context has no more than its image needs, since all of it is sent
mkdir "$memory/base" "$memory/kafka" "$memory/minio"
cp /etc/ssl/certs/ca-certificates.crt "$here/images/base/Dockerfile" "$memory/base"
index=${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n%s\n' "${index:+index-url = $index}" >"$memory/base/pip.conf"
cp "$cache"/kafka-*/*.jar "$here"/images/kafka/* "$memory/kafka"
cp "$cache"/minio-*/minio "$cache"/minio-*/mc "$here"/images/minio/* "$memory/minio"
built() { # STAGE CONTEXT
    docker build --quiet --target "$1" --tag "platc-$1" "$2" >"$work/images.log" 2>&1 || {
        cat "$work/images.log" >&2
        failed "the image of $1 was not built"
    }
}
# Debian's packages are unpacked once a machine.
kept=$cache/local-images-$({ cat "$memory"/base/*; stat -c '%s %Y' "$cache/image-base-trixie.tar"; } | sha256sum | cut -c 1-12).tar
if [ -f "$kept" ]; then
    docker load --quiet --input "$kept" >/dev/null
else
    docker import "$cache/image-base-trixie.tar" platc-base >/dev/null
    for stage in python debian java; do built "$stage" "$memory/base"; done
    rm -f "$cache"/local-images-*
    docker save --output "$kept.new" platc-python platc-debian platc-java
    mv "$kept.new" "$kept"
fi
say "Debian's packages are unpacked"
stands=
made() { # STAGE NAME [CONTEXT]: the image of a stage, under the names that the files of graphs have for it; without a context it is there
    names=$(sed -n -e "s|^ *image: \($2:.*\)|\1|p" -e "s|^FROM \($2:[^ ]*\).*|\1|p" "$work"/trees/*/local/compose.yaml "$work"/trees/*/*/Dockerfile | sort -u)
    [ -n "$names" ] || return 0
    [ -z "${3:-}" ] || built "$1" "$3"
    for name in $names; do docker tag "platc-$1" "$name"; done
    stands="$stands ${2##*/}"
}

if [ "$engine" = docker ]; then (cd "$root" && go build -o "$work/platc" ./cmd/platc); else ln -s "$(command -v platc)" "$work/platc"; fi
for graph in $graphs; do
    case $graph in
    tls)
        cp -r "$here/tls" "$work/tls"
        [ "${PLATC_E2E:-}" = full ] || sed -i '/bus/d' "$work/tls/arch.cue" # Kafka is half of the work
        ;;
    hour) # what the images are made for: the architecture and the code that the hour ends with in containers
        mkdir "$work/hour"
        cp -r "$root/e2e/hour/files/arch.cue" "$root/e2e/hour/files/code.cue" "$root/e2e/hour/files/code" "$work/hour"
        ;;
    *) cp -r "$root/examples/$graph" "$work/$graph" ;;
    esac
    # everything that has a stand-in
    [ "$graph" != everything ] || sed -i -e '/^\t\(docs\|edge\|border\): {/,/^\t}/d' -e '/^\t\t\t\t*\("docs\/catalog"\|edge\|border\): {}/d' "$work/everything/arch.cue"
    # an environment is a tree of its own
    NOBODY_SETS_THIS=x DB_ADMIN_PASSWORD=x REGISTRY_PASSWORD=x "$work/platc" build --quiet -o "$work/all" "$work/$graph" >"$work/build.log" 2>&1 || failed "the build of $graph: $(cat "$work/build.log")"
    mkdir -p "$work/trees"
    mv "$work/all" "$work/trees/$graph"
    if [ -d "$work/trees/$graph/env" ]; then mv "$work/trees/$graph/env/dev/local" "$work/trees/$graph/local"; fi
    rm -rf "$work/$graph/.platc"
done
made python python
made debian quay.io/prometheus/prometheus
made postgres postgres "$here/images"
made rabbitmq rabbitmq "$here/images"
made kafka quay.io/strimzi/kafka "$memory/kafka"
made valkey valkey/valkey "$here/images"
made minio quay.io/minio/minio "$memory/minio"
made mc quay.io/minio/mc "$memory/minio"
made postgres-exporter quay.io/prometheuscommunity/postgres-exporter "$here/images"
made redis-exporter oliver006/redis_exporter "$here/images"
made busybox busybox "$here/images"
rm -rf "$memory/base" "$memory/kafka" "$memory/minio"
if ! docker run --rm --network none platc-busybox true >"$work/first.log" 2>&1; then
    if [ "$engine" = docker ] || [ "${PLATC_E2E:-}" = full ]; then failed "$engine starts no container: $(cat "$work/first.log")"; fi
    say "left out: Podman, which starts no container here: $(cat "$work/first.log")"
    exit 0
fi
say "images of servers are made, $(worked) s of work; stand-ins:$stands"
say "left out: Kong, APISIX and MongoDB, whose programs cannot be had"

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
    API_KEY=$(handed "$1" "$2/k8s/deploy/base/secret/cloud.env" | sed -n 's/^API_KEY=//p') # none where the application asks for none
    export API_KEY
    docker run --rm --env API_KEY --network "$(project "$1")_default" --volume "$PWD/${tree%/*}:/app/day2:ro" --volume "$PWD/.platc/local/out/$2/k8s/deploy/base/files:/app/files:ro" --env "BASE_URL=$host" --env DAY2_PUBLISH=true \
        "$(docker inspect -f '{{.Image}}' "$container")" python /app/day2/fastapi-test.py >"$work/day2.json" || failed "day 2 of $2: $(cat "$work/day2.json")"
}
down() { # ARCHITECTURE...: nothing stays
    "$work/platc" down --volumes
    [ -z "$(docker ps -aq)$(docker volume ls -q)$(docker network ls -q --filter "name=$1")" ] || failed "something is left of the containers of $1"
    [ -z "$(find "$memory" -mindepth 1 -maxdepth 1 -name "platc-$1-*")" ] || failed "secrets of $1 are left in memory"
}

prove_shop() {
    started=$(date +%s) before=$(worked)
    up orders prom
    ready orders || failed "orders is not ready"
    say "platc up of examples/shop: ready $(($(date +%s) - started)) s after its start, with the image of orders made; $(($(worked) - before)) s of work of processors in containers"
    curl -fsS -m 10 "http://$(address prom)/-/ready" >/dev/null
    day2 shop orders
    say "day 2 of examples/shop: an item and a message through every module"

    # no secret is in a file of the tree, and none in a command line of the engine's
    secret=$(handed shop db/k8s/deploy/base/secret/postgresql.env.d/POSTGRES_PASSWORD)
    [ -n "$secret" ] || failed "no password was handed over"
    ! grep -r -q -F "$secret" . || failed "a password is in the tree"
    ! docker ps -aq | xargs docker inspect -f '{{json .Config.Cmd}} {{json .Config.Entrypoint}} {{json .Config.Healthcheck}} {{json .Config.Labels}} {{json .Mounts}}' | grep -q -F "$secret" || failed "a password is in a command"

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
    started=$(date +%s) before=$(worked)
    up orders prom
    [ "$secret" = "$(handed shop db/k8s/deploy/base/secret/postgresql.env.d/POSTGRES_PASSWORD)" ] || failed "a password changed"
    ready orders || failed "orders is not ready after the second platc up"
    day2 shop orders
    say "platc up, again, with another queue: ready $(($(date +%s) - started)) s after its start; $(($(worked) - before)) s of work"

    # a second checkout has containers, ports and data of its own
    cp -r "$work/shop" "$work/second"
    rm -rf "$work/second/.platc"
    first=$(project shop)
    (cd "$work/second" && "$work/platc" up db >"$work/second.log" 2>&1) || failed "platc up of a second checkout: $(cat "$work/second.log")"
    # unless something else had the usual port when the first was started
    [ "$(docker port "$first-db-1" 5432)" != 127.0.0.1:5432 ] || grep -q '^db .*the usual port is in use' "$work/second.log" || failed "a second checkout does not say which port it has instead"
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
    : >"$work/up.log"
    "$work/platc" up --watch >>"$work/up.log" 2>&1 &
    watch=$!
    watched() { # ROUNDS: it goes on after a round that failed, which ends the proof
        ! reason=$(grep -m 1 -E '^(platc: |error\[)' "$work/up.log") || failed "a round of platc up --watch: $reason"
        kill -0 "$watch" 2>/dev/null || failed "platc up --watch ended"
        [ "$(grep -c 'is ready; ' "$work/up.log")" -ge "$1" ]
    }
    patiently 900 watched 1
    grep -q 'NOBODY_SETS_THIS, which is not set: one is drawn' "$work/up.log" || failed "a secret that nobody gives is not named"
    ready orders || failed "orders is not ready with servers that encrypt"
    day2 tls orders
    say "servers that encrypt ($(sed -n 's/^\t\([a-z]*\): {kind: "\([a-z]*\)".* tls: true.*/\2/p' arch.cue | tr '\n' ' ')): day 2 passes"
    "$work/platc" env orders -- python3 "$here/encrypted.py" >"$work/encrypted.log" 2>&1 || failed "servers that encrypt: $(cat "$work/encrypted.log")"
    say "clients verify, and clear text is refused: $(sed -n 's/: verified; clear text is refused$//p' "$work/encrypted.log" | tr '\n' ' ')"
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

# a new user's first hour, with everything in containers
prove_hour() {
    HOUR_UP=yes PATH="$work:$PATH" "$root/e2e/hour/hour.sh"
    [ -z "$(docker ps -aq)$(docker volume ls -q)" ] || failed "something is left of the hour"
    say "a new user's hour"
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

# every kind at once
prove_everything() {
    started=$(date +%s)
    up
    for application in orders billing; do ready "$application" || failed "$application of everything is not ready"; done
    says prom '/api/v1/targets?state=active' '"health":"up"' || failed "prom of everything scrapes nothing"
    say "platc up of examples/everything: ready $(($(date +%s) - started)) s after its start, with images made"
    for application in orders billing; do day2 everything "$application"; done
    say "day 2 of examples/everything: an item and a message through every module"
    down everything
    say "platc down --volumes left nothing"
}

for graph in $graphs; do
    cd "$work/$graph"
    if [ "$graph" != shop ]; then # the engine's old builder makes an image for each of its containers at once; now they all find its layers
        for dockerfile in "$work/trees/$graph"/*/Dockerfile; do
            docker build --quiet "${dockerfile%/*}" >"$work/up.log" 2>&1 || failed "an image of $graph was not built"
        done
    fi
    "prove_$graph"
done
say "all graphs passed; $(worked) s of work in containers"
[ "${PLATC_E2E:-}" = full ] || echo "left out: two environments of examples/stages, examples/everything, and Kafka that encrypts (PLATC_E2E=full)"
