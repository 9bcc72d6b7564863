#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The generated pages of docs/reference are what the code would generate now.
set -eu
cmake --preset dev >/dev/null
cmake --build --preset dev --target gendocs >/dev/null
exec tools/docs.sh build/bin/gendocs --check
