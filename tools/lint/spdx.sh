#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every tracked source file names its licence in the first three lines. Formats without comments, prose,
# data that tests read byte by byte, and Debian's own files, of which debian/copyright speaks, are left out.
set -eu
code=0
for file in $(git ls-files); do
    case $file in
    LICENSE | VERSION | *.md | *.json | *.sum | *.mod | */data/* | */corpus/* | */golden/* | \
        deploy/debian/changelog | deploy/debian/copyright | deploy/debian/source/format) continue ;;
    esac
    # grep -I takes binary files as if nothing matched.
    if grep -Iq . "$file" && ! head -n 3 "$file" | grep -aq 'SPDX-License-Identifier: Apache-2.0'; then
        echo "$file: no SPDX-License-Identifier in the first three lines"
        code=1
    fi
done
exit $code
