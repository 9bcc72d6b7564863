#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A BigQuery server for tests: bqemulator, which runs queries on DuckDB.
#   setup.sh          makes its environment unless it is there
#   setup.sh --path   prints where it is or would be: bin/bqemulator, and home/ to run it with
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name bigquery-emulator "$here/requirements.txt" "$here/setup.sh"
peer_begin "${1:-}" "creating $out (once, a minute or two)"
peer_venv "$out"
peer_pip "$out" --no-deps -r "$here/requirements.txt"
# It loads extensions of DuckDB from its home directory, and from the network only what is not there.
for file in "$out"/lib/python3*/site-packages/duckdb_extension_*/extensions/v*/*.duckdb_extension; do
    version=$(basename "$(dirname "$file")")
    platform=$("$out/bin/python" -c 'import duckdb; print(duckdb.sql("pragma platform").fetchone()[0])')
    mkdir -p "$out/home/.duckdb/extensions/$version/$platform"
    cp "$file" "$out/home/.duckdb/extensions/$version/$platform/"
done
HOME=$out/home "$out/bin/python" -W ignore -c 'import bqemulator, duckdb; duckdb.sql("LOAD spatial")' ||
    peer_fail "the emulator was installed but cannot be used"
peer_done
