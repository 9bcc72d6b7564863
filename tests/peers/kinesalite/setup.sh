#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kinesalite, a Kinesis whose shards can be split and merged.
#   setup.sh          fetches it unless it is there
#   setup.sh --path   prints the directory where it is or would be: node_modules/
#
# Pinned by package-lock.json; it lies outside the build, as the Feast client does.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(sha256sum <"$here/package-lock.json" | cut -c 1-12)
out=$cache/kinesalite-$hash

if [ "${1:-}" = --path ]; then
    echo "$out"
    exit 0
fi

fail() {
    echo "kinesalite: $*" >&2
    exit 1
}

mkdir -p "$cache"
exec 9>"$out.lock"
flock 9
if [ -f "$out/complete" ]; then
    exit 0
fi

command -v npm >/dev/null || fail "needs node and npm (Debian 12: nodejs, npm)"
echo "kinesalite: fetching it into $out (once, some seconds)"
rm -rf "$out"
mkdir "$out"
cp "$here/package.json" "$here/package-lock.json" "$out"
# The one package that would be compiled comes with what was compiled for this kind of machine.
(cd "$out" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
node -e "require('$out/node_modules/kinesalite'); require('$out/node_modules/leveldown')" ||
    fail "it was installed but cannot be used"
: >"$out/complete"
