#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the checks of .clang-tidy, over every C file that the dev preset compiles.
set -eu
cmake --preset dev >/dev/null
# Headers that do not exist cannot be analysed.
cmake --build --preset dev --target fc_protos fc_test_protos >/dev/null
git ls-files '*.c' | while read -r file; do
    if grep -q "\"file\": \".*/$file\"" build/compile_commands.json; then
        echo "$file"
    fi
done | xargs -r -P "${FC_JOBS:-$(nproc)}" -n 1 \
    clang-tidy-14 -p build --quiet --extra-arg=-Wno-unknown-warning-option
