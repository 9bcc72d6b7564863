# SPDX-License-Identifier: Apache-2.0
# Run after a unit test program was linked: asks it for its cases and writes them as CTest commands.

execute_process(COMMAND ${PROGRAM} --list OUTPUT_VARIABLE cases RESULT_VARIABLE rc
    OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT rc EQUAL 0 OR cases STREQUAL "")
    message(FATAL_ERROR "${PROGRAM} --list named no test case (exit ${rc})")
endif()
string(REPLACE "\n" ";" cases "${cases}")
set(text "")
foreach(case IN LISTS cases)
    string(APPEND text
        "add_test([==[unit.${NAME}.${case}]==] [==[${PROGRAM}]==] [==[${case}]==])\n"
        "set_tests_properties([==[unit.${NAME}.${case}]==] PROPERTIES LABELS unit TIMEOUT ${TIMEOUT}"
        " ENVIRONMENT [==[${ENVIRONMENT}]==])\n")
endforeach()
file(WRITE ${OUT} "${text}")
