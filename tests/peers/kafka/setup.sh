#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Kafka broker (jars for a Java 17 runtime) and the Python client that fills its topics.
#   setup.sh          fetches them unless they are there
#   setup.sh --path   prints the directory where they are or would be: libs/ and python/
#
# Pinned by pom.xml and requirements.txt; they lie outside the build, as the Feast client does.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(cat "$here/pom.xml" "$here/requirements.txt" | sha256sum | cut -c 1-12)
out=$cache/kafka-$hash

if [ "${1:-}" = --path ]; then
    echo "$out"
    exit 0
fi

mkdir -p "$cache"
exec 9>"$out.lock"
flock 9
if [ -f "$out/complete" ]; then
    exit 0
fi

echo "kafka: fetching a broker into $out (once, half a minute)"
rm -rf "$out"
mkdir "$out"
scratch=$(mktemp -d "$cache/kafka.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# A repository of its own: 90 MB that nobody needs afterwards.
mvn -B -q -Dmaven.repo.local="$scratch/repository" -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$out/libs"
# A directory, not an environment: it goes behind the packages of the tests' own interpreter.
/usr/bin/python3 -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip --disable-pip-version-check install --quiet --target "$out/python" \
    -r "$here/requirements.txt"
: >"$out/complete"
