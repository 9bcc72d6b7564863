#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Python environment with the real Feast client.
#   setup.sh          makes it unless it is there
#   setup.sh --path   prints where it is or would be
#
# It lives outside the build, under FC_CACHE_DIR (default ~/.cache/feast-core), named after the hash of what
# it holds: every checkout with the same pins shares it, and changed pins make a new one.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(sha256sum "$here/requirements.txt" | cut -c 1-12)
venv=$cache/feast-client-$hash

if [ "${1:-}" = --path ]; then
    echo "$venv"
    exit 0
fi

fail() {
    echo "feast-client: $*" >&2
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

echo "feast-client: creating $venv (once, some minutes)"
python=$(find_python)
rm -rf "$venv"
"$python" -m venv "$venv"
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-warn-script-location "$@"
}
# Later versions of pip refuse the client's metadata (PyYAML>=5.4.*).
pip 'pip<=23.2'
pip --no-deps -r "$here/requirements.txt"
HOME=$venv FEAST_TELEMETRY=False "$venv/bin/python" -W ignore -c 'import feast, feast_spark' ||
    fail "the client was installed but cannot be imported"
: >"$venv/complete"
