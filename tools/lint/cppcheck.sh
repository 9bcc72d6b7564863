#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck, as a second opinion on what clang-tidy sees one file at a time.
set -eu
git ls-files '*.c' | cppcheck --file-list=- --quiet --std=c11 -I . -j "${FC_JOBS:-$(nproc)}" \
    --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
    --template='{file}:{line}: {severity}: {message} [{id}]'
