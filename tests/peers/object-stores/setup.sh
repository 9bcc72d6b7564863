#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# moto, an S3 that verifies signatures, and pyarrow, which writes the corpus of Parquet files.
#   setup.sh          makes their environment unless it is there
#   setup.sh --path   prints where it is or would be: bin/python, bin/moto_server
#
# It lives outside the build, as the Feast client does.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(sha256sum <"$here/requirements.txt" | cut -c 1-12)
venv=$cache/object-stores-$hash

if [ "${1:-}" = --path ]; then
    echo "$venv"
    exit 0
fi

fail() {
    echo "object-stores: $*" >&2
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

echo "object-stores: creating $venv (once, less than a minute)"
python=$(find_python)
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-warn-script-location --no-deps \
    -r "$here/requirements.txt"
"$venv/bin/python" -W ignore -c 'import moto.server, boto3, pyarrow.parquet' ||
    fail "moto was installed but cannot be used"
: >"$venv/complete"
