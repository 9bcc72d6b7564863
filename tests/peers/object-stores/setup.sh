#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# moto, an S3 that verifies signatures, and pyarrow, which writes the corpus of Parquet files.
#   setup.sh          makes their environment unless it is there
#   setup.sh --path   prints where it is or would be: bin/python, bin/moto_server
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name object-stores "$here/requirements.txt"
peer_begin "${1:-}" "creating $out (once, less than a minute)"
peer_venv "$out"
peer_pip "$out" --no-deps -r "$here/requirements.txt"
"$out/bin/python" -W ignore -c 'import moto.server, boto3, pyarrow.parquet' ||
    peer_fail "moto was installed but cannot be used"
peer_done
