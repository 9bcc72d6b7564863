#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks the pinned static DuckDB libraries and prints the directory they are in.
#
#   fetch-duckdb.sh CACHE_DIR [MACHINE]     MACHINE as `uname -m` names it
#
# The archive is DUCKDB_ZIP if that is set (sites without a network), else a Go module: any go command from
# 1.19 on serves as the downloader and honours the site's GOPROXY. Whatever the way, the archive must have
# the SHA-256 of third_party/duckdb/pins.txt.
set -eu

fail() {
    echo "fetch-duckdb: $*" >&2
    exit 1
}

pinned() {
    sed -n "s/^$1 //p" "$third_party/pins.txt"
}

# Runs go in a copy of the module file: newer tools would add lines to it.
download() {
    command -v go >/dev/null 2>&1 ||
        fail "needs the go command (Debian: golang-go) as a downloader, or DUCKDB_ZIP=/path/to/archive.zip"
    cp "$third_party/go.mod" "$third_party/go.sum" "$scratch"
    (
        cd "$scratch"
        GOTOOLCHAIN=local GOFLAGS=-mod=mod GONOSUMDB="$module" go mod download -json "$module@$module_version"
    ) >"$scratch/download.json" || fail "download failed: $(cat "$scratch/download.json")"
    sed -n 's/^[[:space:]]*"Zip": "\(.*\)",*$/\1/p' "$scratch/download.json"
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
third_party=$root/third_party/duckdb
[ $# -ge 1 ] || fail "usage: fetch-duckdb.sh CACHE_DIR [MACHINE]"
mkdir -p "$1"
cache=$(CDPATH='' cd -- "$1" && pwd)

machine=${2:-$(uname -m)}
case $machine in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "DuckDB is not prebuilt for $machine; configure with -DDUCKDB_PROVIDER=system or -DDUCKDB_ROOT" ;;
esac
module=github.com/duckdb/duckdb-go-bindings/lib/linux-$arch
module_version=$(awk -v m="$module" '$1 == m { print $2 }' "$third_party/go.mod")
sha256=$(pinned "sha256-$arch")
out=$cache/duckdb-$(pinned version)-linux-$arch

# Build directories that share the cache may come here at the same moment.
exec 9>"$cache/.lock"
flock 9
if [ "$(cat "$out/.sha256" 2>/dev/null || true)" = "$sha256" ]; then
    echo "$out"
    exit 0
fi

scratch=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
zip=${DUCKDB_ZIP:-$(download)}
[ -f "$zip" ] || fail "no archive at '$zip'"
found=$(sha256sum "$zip" | cut -d ' ' -f 1)
[ "$found" = "$sha256" ] || fail "$zip has SHA-256 $found, expected $sha256"

mkdir "$scratch/unpacked"
(cd "$scratch/unpacked" && cmake -E tar xf "$zip")
printf '%s\n' "$sha256" >"$scratch/unpacked/$module@$module_version/.sha256"
rm -rf "$out"
mv "$scratch/unpacked/$module@$module_version" "$out"
echo "$out"
