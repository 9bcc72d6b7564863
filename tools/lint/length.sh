#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No source file is longer than 600 lines: a longer one holds more than one concept.
# (Functions: clang-tidy's readability-function-size.)
set -eu
git ls-files -z '*.c' '*.h' '*.def' '*.proto' '*.sql' '*.py' '*.sh' '*.cmake' '*CMakeLists.txt' dev |
    xargs -0 wc -l | awk '
        $2 != "total" && $1 > 600 { print $2 ": " $1 " lines, at most 600 are allowed"; found = 1 }
        END { exit found }'
