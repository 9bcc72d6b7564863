#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deb.sh <directory for the packages> [release build with the prefix /usr]
# Makes the Debian packages of deploy/debian, from that build or from one of its own.
set -eu
out=$(mkdir -p "$1" && CDPATH='' cd -- "$1" && pwd)
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# debhelper wants debian/ at the top, and writes beside it.
mkdir "$scratch/feast-core"
if [ $# -gt 1 ]; then
    FC_BUILD_DIR=$(CDPATH='' cd -- "$2" && pwd)
    export FC_BUILD_DIR
else
    (cd "$top" && git ls-files -z | tar -c --null -T -) | tar -x -C "$scratch/feast-core"
fi
cp -r "$top/deploy/debian" "$scratch/feast-core/debian"
(cd "$scratch/feast-core" && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps)
mv "$scratch"/*.deb "$scratch"/*.changes "$scratch"/*.buildinfo "$out/"
