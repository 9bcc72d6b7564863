#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck, as a second opinion on what clang-tidy sees one file at a time.
# It does not know the cleanup attribute, so every object that FC_CLEANUP frees looks leaked to it: leaks are for
# LeakSanitizer and clang's analyzer. legacyUninitvar is its old checker, which takes partly filled structures for
# uninitialised ones; uninitvar stays on.
set -eu
git ls-files '*.c' | cppcheck --file-list=- --quiet --std=c11 -I . -j "${FC_JOBS:-$(nproc)}" \
    --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=memleak --suppress=resourceLeak --suppress=legacyUninitvar \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
    --template='{file}:{line}: {severity}: {message} [{id}]'
