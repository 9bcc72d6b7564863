# SPDX-License-Identifier: Apache-2.0
# The two shapes that our own code takes. Headers are included from the root: "base/error.h".

# What every target of ours shares, tests and fuzz targets included.
function(fc_own_code target)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_include_directories(${target} SYSTEM PRIVATE ${FC_GENERATED_DIR})
    target_link_libraries(${target} PRIVATE fc_warnings fc_hardening fc_sanitize Threads::Threads)
endfunction()

# fc_room(<name> SOURCES <file>... [DEPS <target>...])
# A static library fc_<name>. DEPS are public: whoever links a room links what it stands on.
function(fc_room name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
    add_library(fc_${name} STATIC ${arg_SOURCES})
    target_link_libraries(fc_${name} PUBLIC ${arg_DEPS})
    fc_own_code(fc_${name})
endfunction()

# fc_program(<name> SOURCES <file>... [DEPS <target>...])
# An executable bin/<name> of the build directory.
function(fc_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_DEPS})
    fc_own_code(${name})
    install(TARGETS ${name} RUNTIME)
endfunction()
