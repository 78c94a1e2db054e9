#!/bin/sh
# Install what run.sh needs; what is there already stays.  setup.sh [base] [minio] [kafka] [mongodb]
# Without arguments: all of it. Everything lands in ${PLATC_CACHE:-$HOME/.cache/platc}.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${PLATC_CACHE:-$HOME/.cache/platc}
kafka_version=4.1.0
mongo_version=1.47.0
minio_version=latest
mc_version=latest
mkdir -p "$cache/bin"

base() {
    missing=
    for package in postgresql redis-server rabbitmq-server gcc libpq-dev python3-dev python3-venv; do
        dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        apt-get update -q
        # shellcheck disable=SC2086 # one word a package
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
    fi
    stamp=$(cksum <"$here/requirements.txt")
    if [ "$(cat "$cache/venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
        [ -x "$cache/venv/bin/python" ] || python3 -m venv "$cache/venv"
        "$cache/venv/bin/pip" install -q --no-compile -r "$here/requirements.txt"
        echo "$stamp" >"$cache/venv/.stamp"
    fi
}

minio() {
    for pair in "minio $minio_version" "mc $mc_version"; do
        name=${pair% *}
        [ -x "$cache/bin/$name" ] && continue
        GOBIN="$cache/bin" CGO_ENABLED=0 GOFLAGS=-mod=mod \
            go install -trimpath -ldflags '-s -w' "github.com/minio/$name@${pair#* }"
    done
}

# jars FOLDER GROUP:ARTIFACT:VERSION …: the artifacts and what they need at run time, by Maven.
jars() {
    folder=$cache/$1
    name=$1
    shift
    [ "$(cat "$folder/.complete" 2>/dev/null)" = "$*" ] && return
    if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
            default-jdk-headless maven
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        echo "<groupId>e2e</groupId><artifactId>$name</artifactId><version>1</version><dependencies>"
        for coordinate in "$@"; do
            group=${coordinate%%:*}
            rest=${coordinate#*:}
            echo "<dependency><groupId>$group</groupId><artifactId>${rest%%:*}</artifactId>"
            echo "<version>${rest#*:}</version></dependency>"
        done
        echo '</dependencies></project>'
    } >"$folder/pom.xml"
    mvn -q -B -f "$folder/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$folder"
    echo "$*" >"$folder/.complete"
}

kafka() {
    jars kafka "org.apache.kafka:kafka_2.13:$kafka_version" "org.apache.kafka:kafka-tools:$kafka_version"
}
mongodb() { jars mongo-java-server "de.bwaldvogel:mongo-java-server:$mongo_version"; }

[ $# -gt 0 ] || set -- base minio kafka mongodb
for part in "$@"; do
    case $part in
    base | minio | kafka | mongodb) "$part" ;;
    *)
        echo "setup.sh: no part $part" >&2
        exit 2
        ;;
    esac
done
