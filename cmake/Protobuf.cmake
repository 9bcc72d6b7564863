# SPDX-License-Identifier: Apache-2.0
# fc_proto(<target> PROTOS <path>...)  a static library of protobuf-c code for .proto files.
# fc_proto_descriptors(<file> PROTOS <path>...)  a rule that writes them as one FileDescriptorSet.
#
# Paths are import paths ("feast/core/Entity.proto"): looked up in protos/, then where the system keeps
# google/protobuf. protobuf-c ships no generated well-known types, so they are listed like our own.

find_program(FC_PROTOC protoc)
find_program(FC_PROTOC_GEN_C protoc-gen-c)
if(NOT FC_PROTOC OR NOT FC_PROTOC_GEN_C)
    message(FATAL_ERROR "protoc or its C plugin is missing; on Debian they are the packages "
        "protobuf-compiler and protobuf-c-compiler")
endif()
find_path(FC_WELL_KNOWN_PROTOS google/protobuf/timestamp.proto)
if(NOT FC_WELL_KNOWN_PROTOS)
    message(FATAL_ERROR "google/protobuf/timestamp.proto is missing; on Debian it is in libprotobuf-dev")
endif()

set(FC_PROTO_DIR ${PROJECT_SOURCE_DIR}/protos)
set(_fc_protoc ${FC_PROTOC} -I ${FC_PROTO_DIR} -I ${FC_WELL_KNOWN_PROTOS})

function(fc_proto target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PROTOS")
    file(MAKE_DIRECTORY ${FC_GENERATED_DIR})
    set(sources)
    foreach(proto IN LISTS arg_PROTOS)
        string(REGEX REPLACE "\\.proto$" ".pb-c" stem ${proto})
        set(file ${FC_PROTO_DIR}/${proto})
        if(NOT EXISTS ${file})
            set(file ${FC_WELL_KNOWN_PROTOS}/${proto})
        endif()
        string(MAKE_C_IDENTIFIER ${proto} depfile)
        set(depfile ${CMAKE_CURRENT_BINARY_DIR}/${depfile}.d)
        add_custom_command(OUTPUT ${FC_GENERATED_DIR}/${stem}.c ${FC_GENERATED_DIR}/${stem}.h
            COMMAND ${_fc_protoc} --plugin=protoc-gen-c=${FC_PROTOC_GEN_C}
                --c_out=${FC_GENERATED_DIR} --dependency_out=${depfile} ${proto}
            DEPENDS ${file} DEPFILE ${depfile}
            COMMENT "Generating ${stem}.{c,h}" VERBATIM)
        list(APPEND sources ${FC_GENERATED_DIR}/${stem}.c ${FC_GENERATED_DIR}/${stem}.h)
    endforeach()
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} SYSTEM PUBLIC ${FC_GENERATED_DIR})
    target_link_libraries(${target} PUBLIC ProtobufC::protobuf-c PRIVATE fc_hardening fc_sanitize)
endfunction()

function(fc_proto_descriptors out)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PROTOS")
    set(depends ${arg_PROTOS})
    list(FILTER depends EXCLUDE REGEX "^google/protobuf/")
    list(TRANSFORM depends PREPEND ${FC_PROTO_DIR}/)
    add_custom_command(OUTPUT ${out}
        COMMAND ${_fc_protoc} --include_imports --descriptor_set_out=${out} ${arg_PROTOS}
        DEPENDS ${depends}
        COMMENT "Writing the descriptor set" VERBATIM)
endfunction()
