# SPDX-License-Identifier: Apache-2.0
# DuckDB::duckdb, the data engine. Only the worker links it: the registry process never parses source data.
#
#   DUCKDB_PROVIDER=bundled   the pinned static libraries, fetched once into FC_DEPS_DIR (environment;
#                             default .deps/ in the checkout) by tools/fetch-duckdb.sh
#   DUCKDB_PROVIDER=system    a libduckdb of the machine
#   DUCKDB_ROOT=<dir>         libraries already unpacked there; DUCKDB_ZIP=<file> the pinned archive

set(DUCKDB_PROVIDER bundled CACHE STRING "bundled or system")
set_property(CACHE DUCKDB_PROVIDER PROPERTY STRINGS bundled system)
set(DUCKDB_ROOT "" CACHE PATH "Directory with unpacked DuckDB libraries and duckdb.h")
set(DUCKDB_ZIP "" CACHE FILEPATH "The pinned DuckDB archive, for builds without a network")

set(_pins ${PROJECT_SOURCE_DIR}/third_party/duckdb/pins.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_pins})
file(STRINGS ${_pins} DUCKDB_PIN REGEX "^version ")
string(REPLACE "version " "" DUCKDB_PIN "${DUCKDB_PIN}")

# Sets <out> to the directory of the bundled libraries, fetching them if need be.
function(_duckdb_fetch out)
    set(cache $ENV{FC_DEPS_DIR})
    if(NOT cache)
        set(cache ${PROJECT_SOURCE_DIR}/.deps)
    endif()
    set(environment)
    if(DUCKDB_ZIP)
        set(environment DUCKDB_ZIP=${DUCKDB_ZIP})
    endif()
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env ${environment}
            ${PROJECT_SOURCE_DIR}/tools/fetch-duckdb.sh ${cache} ${CMAKE_SYSTEM_PROCESSOR}
        OUTPUT_VARIABLE dir OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE rc)
    if(NOT rc EQUAL 0)
        message(FATAL_ERROR "DuckDB ${DUCKDB_PIN} could not be fetched (the reason stands above). Without a "
            "network: -DDUCKDB_ZIP=<archive>, -DDUCKDB_ROOT=<dir> or -DDUCKDB_PROVIDER=system")
    endif()
    set(${out} ${dir} PARENT_SCOPE)
endfunction()

if(DUCKDB_PROVIDER STREQUAL "system")
    find_path(DUCKDB_INCLUDE_DIR duckdb.h)
    find_library(DUCKDB_LIBRARY duckdb)
    if(NOT DUCKDB_INCLUDE_DIR OR NOT DUCKDB_LIBRARY)
        message(FATAL_ERROR "DUCKDB_PROVIDER=system, but duckdb.h or libduckdb is not installed")
    endif()
    add_library(DuckDB::duckdb UNKNOWN IMPORTED)
    set_target_properties(DuckDB::duckdb PROPERTIES
        IMPORTED_LOCATION ${DUCKDB_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE_DIR})
elseif(DUCKDB_PROVIDER STREQUAL "bundled")
    if(DUCKDB_ROOT)
        set(_dir ${DUCKDB_ROOT})
    else()
        _duckdb_fetch(_dir)
    endif()
    file(GLOB _archives ${_dir}/*.a)
    # malloc stays glibc's: a predictable resident size, and sanitizers see every allocation.
    # The benchmark generators (tpch, tpcds) and the shell's autocompletion are of no use to a worker,
    # but DuckDB's extension table names them, so they must be there to link.
    list(FILTER _archives EXCLUDE REGEX "jemalloc")
    if(NOT _archives OR NOT EXISTS ${_dir}/duckdb.h)
        message(FATAL_ERROR "${_dir} holds no duckdb.h with static libraries")
    endif()
    add_library(DuckDB::duckdb INTERFACE IMPORTED)
    target_include_directories(DuckDB::duckdb INTERFACE ${_dir})
    # -I and not -isystem: a duckdb.h of the machine must not come first.
    set_target_properties(DuckDB::duckdb PROPERTIES IMPORTED_NO_SYSTEM ON)
    target_compile_definitions(DuckDB::duckdb INTERFACE DUCKDB_STATIC_BUILD)
    target_link_libraries(DuckDB::duckdb INTERFACE "$<LINK_GROUP:RESCAN,${_archives}>"
        stdc++ m ${CMAKE_DL_LIBS} Threads::Threads)
    target_link_options(DuckDB::duckdb INTERFACE -Wl,--gc-sections -Wl,--exclude-libs,ALL)
else()
    message(FATAL_ERROR "DUCKDB_PROVIDER is '${DUCKDB_PROVIDER}', expected bundled or system")
endif()

# Whatever the provider: header and library must agree, and the built-in extensions must be there.
# The result is cached per provider and directory, since linking the probe takes seconds.
string(MD5 _key "${DUCKDB_PROVIDER};${_dir};${DUCKDB_LIBRARY};${DUCKDB_PIN}")
if(NOT CMAKE_CROSSCOMPILING AND NOT DUCKDB_PROBED STREQUAL _key)
    try_run(_run _built ${CMAKE_BINARY_DIR}/duckdb-probe
        SOURCES ${PROJECT_SOURCE_DIR}/cmake/duckdb_probe.c LINK_LIBRARIES DuckDB::duckdb
        COMPILE_OUTPUT_VARIABLE _compile_output RUN_OUTPUT_VARIABLE _output)
    if(NOT _built)
        message(FATAL_ERROR "a program with DuckDB does not link:\n${_compile_output}")
    elseif(NOT _run EQUAL 0)
        message(FATAL_ERROR "this DuckDB cannot be used: ${_output}")
    endif()
    message(STATUS "DuckDB (${DUCKDB_PROVIDER}): ${_output}")
    set(DUCKDB_PROBED ${_key} CACHE INTERNAL "What the probe last passed for")
    unset(_run CACHE)
    unset(_built CACHE)
endif()
