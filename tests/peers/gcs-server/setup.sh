#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fake-gcs-server, a Cloud Storage for tests.
#   setup.sh          builds it unless it is there
#   setup.sh --path   prints the directory where it is or would be
#
# Pinned by go.mod and go.sum; it lies outside the build, as the Feast client does.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(cat "$here/go.mod" "$here/go.sum" | sha256sum | cut -c 1-12)
out=$cache/gcs-server-$hash

if [ "${1:-}" = --path ]; then
    echo "$out"
    exit 0
fi

mkdir -p "$cache"
exec 9>"$out.lock"
flock 9
if [ -f "$out/complete" ]; then
    exit 0
fi

echo "gcs-server: building fake-gcs-server in $out (once, two or three minutes)"
rm -rf "$out"
mkdir "$out"
scratch=$(mktemp -d "$cache/gcs-server.XXXXXX")
# Go makes what it downloads read-only.
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cd "$here"
# Caches of its own: 500 MB that nobody needs afterwards.
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOMODCACHE="$scratch/mod" GOCACHE="$scratch/build" CGO_ENABLED=0
# shellcheck source=tests/peers/go.sh
. "$here/../go.sh"
"$go" build -trimpath -ldflags='-s -w' -o "$out/" github.com/fsouza/fake-gcs-server
: >"$out/complete"
