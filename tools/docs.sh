#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs.sh <gendocs program> [--check]: writes every generated page, or tells which ones are stale.
set -eu
gendocs=$1
check=${2:-}
new=$(mktemp)
trap 'rm -f "$new"' EXIT
code=0
pages=$("$gendocs")
while read -r name file; do
    "$gendocs" "$name" >"$new"
    if [ "$check" = --check ]; then
        if ! diff -u "$file" "$new"; then
            echo "$file is stale: run ./dev docs" >&2
            code=1
        fi
    else
        mkdir -p "$(dirname -- "$file")"
        cmp -s "$new" "$file" || cat "$new" >"$file"
    fi
done <<END
$pages
END
# Of the chart, from the comments of its values.
"$(dirname -- "$0")/chart-readme.py" ${check:+"$check"} || code=1
exit $code
