#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Spark for one machine, driven from Python, for `./dev bench spark`; Debian's Java 17 runs it.
#   setup.sh          fetches it unless it is there
#   setup.sh --path   prints the directory where it is or would be: venv/
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name pyspark "$here/build.txt" "$here/requirements.txt"
peer_begin "${1:-}" "fetching Spark into $out (once, 320 MB, about a minute)"
command -v java >/dev/null || peer_fail "needs a Java 17 runtime (Debian 12: openjdk-17-jre-headless; ./dev deps)"
peer_venv "$out/venv"
peer_pip "$out/venv" --require-hashes -r "$here/build.txt"
# Without isolation: what builds it is pinned too.
peer_pip "$out/venv" --require-hashes --no-deps --no-cache-dir --no-build-isolation --use-pep517 \
    -r "$here/requirements.txt"
"$out/venv/bin/python" -m pip --disable-pip-version-check check >/dev/null ||
    peer_fail "what is pinned does not fit together"
peer_done
