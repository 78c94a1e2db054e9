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

# jars GROUP ARTIFACT VERSION FOLDER: the artifact and what it needs at run time, by Maven itself.
jars() {
    [ -e "$cache/$4/.complete" ] && return
    if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
            default-jdk-headless maven
    fi
    mkdir -p "$cache/$4"
    cat >"$cache/$4/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>e2e</groupId><artifactId>$4</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version>
  </dependency></dependencies>
</project>
POM
    mvn -q -B -f "$cache/$4/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$cache/$4"
    touch "$cache/$4/.complete"
}

kafka() { jars org.apache.kafka kafka_2.13 "$kafka_version" kafka; }
mongodb() { jars de.bwaldvogel mongo-java-server "$mongo_version" mongo-java-server; }

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
