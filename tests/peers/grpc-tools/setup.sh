#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# grpcurl and grpc-health-probe, the tools that people point at a gRPC server.
#   setup.sh          builds them unless they are there
#   setup.sh --path   prints the directory where they are or would be
#
# Pinned by go.mod and go.sum; they lie outside the build, as the Feast client does.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}
hash=$(cat "$here/go.mod" "$here/go.sum" | sha256sum | cut -c 1-12)
out=$cache/grpc-tools-$hash

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

echo "grpc-tools: building grpcurl and grpc-health-probe in $out (once, about a minute)"
rm -rf "$out"
mkdir "$out"
scratch=$(mktemp -d "$cache/grpc-tools.XXXXXX")
# Go makes what it downloads read-only.
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cd "$here"
# Caches of its own: 500 MB that nobody needs afterwards.
GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOMODCACHE=$scratch/mod GOCACHE=$scratch/build CGO_ENABLED=0 \
    go build -trimpath -ldflags='-s -w' -o "$out/" \
    github.com/fullstorydev/grpcurl/cmd/grpcurl github.com/grpc-ecosystem/grpc-health-probe
: >"$out/complete"
