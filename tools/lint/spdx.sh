#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every tracked source file names its licence in the first three lines. Formats without comments, prose,
# and data that tests read byte by byte are left out.
set -eu
code=0
for file in $(git ls-files); do
    case $file in
    LICENSE | VERSION | *.md | *.json | *.sum | *.mod | */data/* | */corpus/*) continue ;;
    esac
    # grep -I takes binary files as if nothing matched.
    if grep -Iq . "$file" && ! head -n 3 "$file" | grep -aq 'SPDX-License-Identifier: Apache-2.0'; then
        echo "$file: no SPDX-License-Identifier in the first three lines"
        code=1
    fi
done
exit $code
