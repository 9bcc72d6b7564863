# SPDX-License-Identifier: Apache-2.0
# How tests come into CTest. Labels: unit, integration, conformance.

# What a sanitizer finds must fail the test, wherever it is found.
set(FC_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1"
    "LSAN_OPTIONS=print_suppressions=0:suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    # gRPC and its kin are not instrumented: what they do is marked where we meet them (server/rpc/internal.h).
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp"
    "LC_ALL=C.UTF-8"
    "TZ=UTC")

set(FC_DISCOVER_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/DiscoverTests.cmake)

# fc_unit_test(<name> SOURCES <file>... [DEPS <target>...] [TIMEOUT <seconds>])
# A cmocka program (tests/unit/harness.h) whose cases appear in CTest as unit.<name>.<case>.
function(fc_unit_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPS")
    set(target test_${name})
    set(list ${CMAKE_CURRENT_BINARY_DIR}/${target}_cases.cmake)
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    add_executable(${target} ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${target} PRIVATE ${arg_DEPS} Cmocka::cmocka)
    fc_own_code(${target})
    target_compile_definitions(${target} PRIVATE
        FC_TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data" FC_TEST_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
    add_custom_command(TARGET ${target} POST_BUILD
        COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DPROGRAM=$<TARGET_FILE:${target}> -DOUT=${list}
            -DTIMEOUT=${arg_TIMEOUT} "-DENVIRONMENT=${FC_TEST_ENVIRONMENT}" -P ${FC_DISCOVER_SCRIPT}
        BYPRODUCTS ${list} VERBATIM)
    # Until the program is built there is one test that says so, instead of silence.
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake
        "if(EXISTS \"${list}\")\n  include(\"${list}\")\n"
        "else()\n  add_test(unit.${name}_NOT_BUILT ${target}_NOT_BUILT)\nendif()\n")
    set_property(DIRECTORY APPEND PROPERTY
        TEST_INCLUDE_FILES ${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake)
endfunction()

# fc_script_test(<name> SCRIPT <file.py> LABEL <label> [CLIENT] [ARGS <arg>...] [TIMEOUT <seconds>]
#                [SERIAL])
# A Python script; exit code 0 passes, 77 is a skip. CLIENT runs it by the interpreter that has the real
# Feast client (`./dev deps` makes it), else Debian's own python3. The script finds the build through
# FC_SOURCE_DIR, FC_BUILD_DIR and FC_BIN_DIR, and tests/lib on its import path.
function(fc_script_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "CLIENT;SERIAL" "SCRIPT;LABEL;TIMEOUT" "ARGS")
    if(arg_CLIENT)
        set(python ${PROJECT_SOURCE_DIR}/tests/peers/feast-client/python)
    else()
        set(python /usr/bin/python3)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 600)
    endif()
    set(test ${arg_LABEL}.${name})
    add_test(NAME ${test} COMMAND ${python} ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SCRIPT} ${arg_ARGS})
    set_tests_properties(${test} PROPERTIES
        LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
        RUN_SERIAL $<BOOL:${arg_SERIAL}>
        ENVIRONMENT "${FC_TEST_ENVIRONMENT};FC_SOURCE_DIR=${PROJECT_SOURCE_DIR};FC_BUILD_DIR=${CMAKE_BINARY_DIR};FC_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONDONTWRITEBYTECODE=1;PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/lib")
endfunction()

# fc_fuzz_target(<name> SOURCES <file>... [DEPS <target>...] [MUTATIONS <number>])
# A file with LLVMFuzzerTestOneInput and its corpus in tests/fuzz/corpus/<name>/. In the fuzz preset it is
# linked with libFuzzer as fuzz/<name>; in every other build, with any compiler, the same function is run
# over the corpus, and over MUTATIONS (default 50000) inputs made from it, as the test unit.fuzz_<name>.
function(fc_fuzz_target name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "MUTATIONS" "SOURCES;DEPS")
    if(NOT DEFINED arg_MUTATIONS)
        set(arg_MUTATIONS 50000)
    endif()
    set(target fuzz_${name})
    set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    if("fuzzer" IN_LIST FC_SANITIZE)
        add_executable(${target} ${arg_SOURCES})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${target} ${arg_SOURCES} 
            ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c ${PROJECT_SOURCE_DIR}/tests/fuzz/mutate.c)
        add_test(NAME unit.${target} COMMAND ${target} ${arg_MUTATIONS} ${corpus})
        set_tests_properties(unit.${target} PROPERTIES
            LABELS unit TIMEOUT 300 ENVIRONMENT "${FC_TEST_ENVIRONMENT}")
    endif()
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(${target} PRIVATE ${arg_DEPS})
    fc_own_code(${target})
endfunction()
