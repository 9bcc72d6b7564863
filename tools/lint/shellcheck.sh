#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every shell script, by its name or by its first line.
set -eu
git ls-files | while read -r file; do
    case $file in
    *.sh) echo "$file" ;;
    *) if [ -f "$file" ] && head -n 1 "$file" | grep -aqE '^#!.*[/ ](ba|da)?sh$'; then echo "$file"; fi ;;
    esac
done | xargs -r shellcheck
