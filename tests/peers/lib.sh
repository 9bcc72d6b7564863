# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# What setup scripts of peers share; to be sourced with $here as the directory of the script.
#
# A peer lives outside the build, under FC_CACHE_DIR (default ~/.cache/feast-core), in a directory that is named after the
# hash of what pins it: every checkout with the same pins shares it, and changed pins make a new one. A file `complete`
# in it tells that it is whole.

fc_cache=${FC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/feast-core}

# peer_name <name> <file>...: $out becomes the directory of the peer that these files pin.
peer_name() {
    fc_peer=$1
    shift
    out=$fc_cache/$fc_peer-$(cat "$@" | sha256sum | cut -c 1-12)
}

# peer_begin <argument of the script> <what takes so long>: ends the script for --path, which prints $out, and when all is
# there. Else $out is an empty directory that no other script is at work in.
peer_begin() {
    if [ "$1" = --path ]; then
        echo "$out"
        exit 0
    fi
    mkdir -p "$fc_cache"
    exec 9>"$out.lock"
    flock 9
    if [ -f "$out/complete" ]; then
        exit 0
    fi
    echo "$fc_peer: $2"
    rm -rf "$out"
    mkdir "$out"
}

# peer_scratch: $scratch is a directory that goes when the script ends.
peer_scratch() {
    scratch=$(mktemp -d "$fc_cache/$fc_peer.XXXXXX")
    # Go makes what it downloads read-only.
    trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
}

# peer_go: caches of Go within $scratch: gigabytes, at times, that nobody needs afterwards.
peer_go() {
    export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
    export GOMODCACHE="$scratch/mod" GOCACHE="$scratch/build"
}

# peer_venv <directory>: a Python environment. The pins are for 3.11; another python3 may come first in PATH.
peer_venv() {
    for fc_python in /usr/bin/python3.11 /usr/bin/python3 python3.11 python3; do
        if "$fc_python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            "$fc_python" -m venv "$1"
            return
        fi
    done
    peer_fail "needs Python 3.11 with venv (Debian 12: python3-venv)"
}

# peer_pip <directory of the environment> <argument of pip install>...
peer_pip() {
    fc_venv=$1
    shift
    "$fc_venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-warn-script-location "$@"
}

peer_fail() {
    echo "$fc_peer: $*" >&2
    exit 1
}

peer_done() {
    : >"$out/complete"
}
