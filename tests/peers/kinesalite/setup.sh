#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kinesalite, a Kinesis whose shards can be split and merged.
#   setup.sh          fetches it unless it is there
#   setup.sh --path   prints the directory where it is or would be: node_modules/
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name kinesalite "$here/package-lock.json"
peer_begin "${1:-}" "fetching it into $out (once, some seconds)"
command -v npm >/dev/null || peer_fail "needs node and npm (Debian 12: nodejs, npm)"
cp "$here/package.json" "$here/package-lock.json" "$out"
# The one package that would be compiled comes with what was compiled for this kind of machine.
(cd "$out" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
node -e "require('$out/node_modules/kinesalite'); require('$out/node_modules/leveldown')" ||
    peer_fail "it was installed but cannot be used"
peer_done
