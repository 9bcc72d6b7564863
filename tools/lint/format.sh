#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# C files are laid out as .clang-format says. `clang-format-14 -i <file>` mends a finding.
set -eu
git ls-files -z '*.c' '*.h' | xargs -0 -r clang-format-14 --dry-run -Werror
