#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs those packages of tools/packages-debian.txt that are missing.   deps-debian.sh GROUP...
# Does nothing when all are there; without the right to install, prints the line to run and exits with 1.
set -eu

list=$(dirname -- "$0")/packages-debian.txt

wanted() {
    for group; do
        awk -v group="$group" '!/^#/ && $2 == group { print $1 }' "$list"
    done
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "deps: this is not a Debian system; install the equivalents of: $(wanted "$@" | tr '\n' ' ')" >&2
    exit 1
fi

# Names of what is installed, and of what stands in for another: there are builds of nodejs that contain npm.
here=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
    sed -n 's/^installed //p' | tr ',' '\n' | awk '{ print $1 }')

missing=
for package in $(wanted "$@"); do
    if ! echo "$here" | grep -qxF -e "$package"; then
        missing="$missing $package"
    fi
done
if [ -z "$missing" ]; then
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
line="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null 2>&1; then
    root=sudo
else
    echo "deps: these Debian packages are missing; as root run:" >&2
    echo "  $line" >&2
    exit 1
fi
echo "deps: installing$missing"
# shellcheck disable=SC2086 # both are lists of words
if ! { $root apt-get update -q && $root $line; }; then
    echo "deps: installing failed; as root run:" >&2
    echo "  apt-get update && $line" >&2
    exit 1
fi
