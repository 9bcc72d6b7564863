#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A BigQuery server for tests: bqemulator, which runs queries on DuckDB.
#   setup.sh          makes its environment unless it is there
#   setup.sh --path   prints where it is or would be: bin/bqemulator, and home/ to run it with
#
# It lives outside the build, as the Feast client does.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(cat "$here/requirements.txt" "$here/setup.sh" | sha256sum | cut -c 1-12)
venv=$cache/bigquery-emulator-$hash

if [ "${1:-}" = --path ]; then
    echo "$venv"
    exit 0
fi

fail() {
    echo "bigquery-emulator: $*" >&2
    exit 1
}

# The pins are for 3.11; another python3 may come first in PATH.
find_python() {
    for python in /usr/bin/python3.11 /usr/bin/python3 python3.11 python3; do
        if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    fail "needs Python 3.11 with venv (Debian 12: python3-venv)"
}

mkdir -p "$cache"
exec 9>"$venv.lock"
flock 9
if [ -f "$venv/complete" ]; then
    exit 0
fi

echo "bigquery-emulator: creating $venv (once, a minute or two)"
python=$(find_python)
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-warn-script-location --no-deps \
    -r "$here/requirements.txt"
# It loads extensions of DuckDB from its home directory, and from the network only what is not there.
for file in "$venv"/lib/python3*/site-packages/duckdb_extension_*/extensions/v*/*.duckdb_extension; do
    version=$(basename "$(dirname "$file")")
    platform=$("$venv/bin/python" -c 'import duckdb; print(duckdb.sql("pragma platform").fetchone()[0])')
    mkdir -p "$venv/home/.duckdb/extensions/$version/$platform"
    cp "$file" "$venv/home/.duckdb/extensions/$version/$platform/"
done
HOME=$venv/home "$venv/bin/python" -W ignore -c 'import bqemulator, duckdb; duckdb.sql("LOAD spatial")' ||
    fail "the emulator was installed but cannot be used"
: >"$venv/complete"
