#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What operators define in Kubernetes and the chart makes objects of: the definitions come in the operators' Go modules.
#   setup.sh          fetches them unless they are there
#   setup.sh --path   prints the directory where they are or would be: a YAML file each
#
# modules.txt has a line each: module, version, its checksum as Go has it, path of the definition in it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"

peer_name crds "$here/modules.txt" "$here/setup.sh"
peer_begin "${1:-}" "fetching definitions of operators to $out (once, half a minute)"
peer_scratch
peer_go
cd "$scratch"
grep -v "^#" "$here/modules.txt" | while read -r module version sum path; do
    GOFLAGS='' go mod download -json "$module@$version" >module.json
    [ "$(sed -n 's/^\t"Sum": "\(.*\)",$/\1/p' module.json)" = "$sum" ] ||
        peer_fail "$module $version is not what it was: expected $sum"
    cp "$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' module.json)/$path" "$out/"
done
chmod -R u+w "$out"
peer_done
