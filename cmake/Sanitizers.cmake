# SPDX-License-Identifier: Apache-2.0
# fc_sanitize: FC_SANITIZE=address;undefined | thread | fuzzer;address;undefined, and FC_COVERAGE.
# Generated code is instrumented as well: wrong use of it is what we want to see.

set(FC_SANITIZE "" CACHE STRING "Sanitizers for every target of ours (a CMake list)")
option(FC_COVERAGE "Instrument for line and branch coverage" OFF)

add_library(fc_sanitize INTERFACE)
if(FC_SANITIZE)
    set(_compile ${FC_SANITIZE})
    if("fuzzer" IN_LIST FC_SANITIZE)
        if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
            message(FATAL_ERROR "FC_SANITIZE=fuzzer needs clang (Debian: clang-14, libclang-rt-14-dev)")
        endif()
        # libFuzzer's main goes into fuzz targets alone (see fc_fuzz_target).
        list(TRANSFORM _compile REPLACE "^fuzzer$" "fuzzer-no-link")
    endif()
    list(JOIN _compile "," _compile)
    target_compile_options(fc_sanitize INTERFACE
        -fsanitize=${_compile} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(fc_sanitize INTERFACE -fsanitize=${_compile})
endif()
if(FC_COVERAGE)
    target_compile_options(fc_sanitize INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(fc_sanitize INTERFACE --coverage)
endif()
