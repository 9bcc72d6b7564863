# SPDX-License-Identifier: Apache-2.0
# fc_warnings: what our own sources must compile without. Generated and vendored code does not link it.

option(FC_WERROR "Treat warnings as errors" ON)

add_library(fc_warnings INTERFACE)
target_compile_options(fc_warnings INTERFACE
    -Wall
    -Wextra
    -Wcast-align
    -Wconversion
    -Wdate-time
    -Wdouble-promotion
    -Wformat=2
    -Wmissing-prototypes
    -Wold-style-definition
    -Wpointer-arith
    -Wshadow
    -Wstrict-prototypes
    -Wundef
    -Wvla
    -Wwrite-strings
    $<$<BOOL:${FC_WERROR}>:-Werror>)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(fc_warnings INTERFACE
        -Walloca -Wduplicated-branches -Wduplicated-cond -Wimplicit-fallthrough=5 -Wlogical-op)
    if(FC_SANITIZE OR FC_COVERAGE)
        # Both rest on value ranges, which instrumentation hides from gcc: false alarms there.
        target_compile_options(fc_warnings INTERFACE -Wno-format-truncation -Wno-maybe-uninitialized)
    endif()
else()
    target_compile_options(fc_warnings INTERFACE
        -Walloca -Wimplicit-fallthrough)
endif()
