#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fake-gcs-server, a Cloud Storage for tests.
#   setup.sh          builds it unless it is there
#   setup.sh --path   prints the directory where it is or would be
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name gcs-server "$here/go.mod" "$here/go.sum"
peer_begin "${1:-}" "building fake-gcs-server in $out (once, two or three minutes)"
peer_scratch
peer_go
cd "$here"
# shellcheck source=tests/peers/go.sh
. "$here/../go.sh"
"$go" build -trimpath -ldflags='-s -w' -o "$out/" github.com/fsouza/fake-gcs-server
peer_done
