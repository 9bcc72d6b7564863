#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# grpcurl and grpc-health-probe, the tools that people point at a gRPC server.
#   setup.sh          builds them unless they are there
#   setup.sh --path   prints the directory where they are or would be
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name grpc-tools "$here/go.mod" "$here/go.sum"
peer_begin "${1:-}" "building grpcurl and grpc-health-probe in $out (once, about a minute)"
peer_scratch
peer_go
cd "$here"
go build -trimpath -ldflags='-s -w' -o "$out/" \
    github.com/fullstorydev/grpcurl/cmd/grpcurl github.com/grpc-ecosystem/grpc-health-probe
peer_done
