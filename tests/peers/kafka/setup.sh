#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Kafka broker (jars for a Java 17 runtime) and the Python client that fills its topics.
#   setup.sh          fetches them unless they are there
#   setup.sh --path   prints the directory where they are or would be: libs/ and python/
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name kafka "$here/pom.xml" "$here/requirements.txt"
peer_begin "${1:-}" "fetching a broker into $out (once, half a minute)"
peer_scratch
# A repository of its own: 90 MB that nobody needs afterwards.
mvn -B -q -Dmaven.repo.local="$scratch/repository" -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$out/libs"
# A directory, not an environment: it goes behind the packages of the tests' own interpreter.
peer_venv "$scratch/venv"
peer_pip "$scratch/venv" --target "$out/python" -r "$here/requirements.txt"
peer_done
