#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Python environment with the real Feast client.
#   setup.sh          makes it unless it is there
#   setup.sh --path   prints where it is or would be
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name feast-client "$here/requirements.txt"
peer_begin "${1:-}" "creating $out (once, some minutes)"
peer_venv "$out"
# Later versions of pip refuse the client's metadata (PyYAML>=5.4.*).
peer_pip "$out" 'pip<=23.2'
peer_pip "$out" --no-deps -r "$here/requirements.txt"
HOME=$out FEAST_TELEMETRY=False "$out/bin/python" -W ignore -c 'import feast, feast_spark' ||
    peer_fail "the client was installed but cannot be imported"
peer_done
