# SPDX-License-Identifier: Apache-2.0
# Language level, build types and places of the outputs: what holds for every target.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_definitions(_GNU_SOURCE)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, RelWithDebInfo or Release" FORCE)
endif()
# Assertions stay on while we develop; only Release switches them off.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Everything that a build generates lies under one root and is included by its full name.
set(FC_GENERATED_DIR ${CMAKE_BINARY_DIR}/gen)
configure_file(${PROJECT_SOURCE_DIR}/cmake/version.h.in ${FC_GENERATED_DIR}/base/version.h @ONLY)

find_program(FC_CCACHE ccache)
if(FC_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${FC_CCACHE})
endif()

find_package(Threads REQUIRED)
