# SPDX-License-Identifier: Apache-2.0
# The libraries of the system, each as one imported target. docs/dependencies.md says what for.

find_package(PkgConfig REQUIRED)
include(GNUInstallDirs)

# fc_dep(<target> PKG <pkg-config module> MIN <version> DEB <package> LIBS <library>...)
# Only the libraries named are linked: the .pc files of Debian also list what a static link
# would need (grpc.pc: sixty libraries of abseil), which --as-needed would have to drop again.
function(fc_dep target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PKG;MIN;DEB" "LIBS")
    string(MAKE_C_IDENTIFIER "FC_PC_${arg_PKG}" pc)
    pkg_check_modules(${pc} QUIET "${arg_PKG}>=${arg_MIN}")
    if(NOT ${pc}_FOUND)
        message(FATAL_ERROR "${arg_PKG} >= ${arg_MIN} is missing; on Debian it is the package ${arg_DEB} "
            "(`./dev deps` installs all of them)")
    endif()
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} INTERFACE ${${pc}_INCLUDE_DIRS})
    foreach(lib IN LISTS arg_LIBS)
        string(MAKE_C_IDENTIFIER "FC_LIB_${lib}" var)
        find_library(${var} ${lib} HINTS ${${pc}_LIBRARY_DIRS})
        mark_as_advanced(${var})
        if(NOT ${var})
            message(FATAL_ERROR "lib${lib} is missing although ${arg_PKG} is there; reinstall ${arg_DEB}")
        endif()
        target_link_libraries(${target} INTERFACE ${${var}})
    endforeach()
endfunction()

fc_dep(Grpc::grpc PKG grpc MIN 29 DEB libgrpc-dev LIBS grpc gpr)
fc_dep(ProtobufC::protobuf-c PKG libprotobuf-c MIN 1.4 DEB libprotobuf-c-dev LIBS protobuf-c)
fc_dep(SQLite::sqlite3 PKG sqlite3 MIN 3.40 DEB libsqlite3-dev LIBS sqlite3)
fc_dep(Jansson::jansson PKG jansson MIN 2.14 DEB libjansson-dev LIBS jansson)
fc_dep(Yaml::yaml PKG yaml-0.1 MIN 0.2.5 DEB libyaml-dev LIBS yaml)
fc_dep(Curl::curl PKG libcurl MIN 7.88 DEB libcurl4-openssl-dev LIBS curl)
fc_dep(Seccomp::seccomp PKG libseccomp MIN 2.5 DEB libseccomp-dev LIBS seccomp)
fc_dep(Expat::expat PKG expat MIN 2.5 DEB libexpat1-dev LIBS expat)
fc_dep(Rdkafka::rdkafka PKG rdkafka MIN 2.0 DEB librdkafka-dev LIBS rdkafka)
fc_dep(Hiredis::hiredis PKG hiredis MIN 0.14.1 DEB libhiredis-dev LIBS hiredis)
fc_dep(Microhttpd::microhttpd PKG libmicrohttpd MIN 0.9.75 DEB libmicrohttpd-dev LIBS microhttpd)
fc_dep(XxHash::xxhash PKG libxxhash MIN 0.8 DEB libxxhash-dev LIBS xxhash)
fc_dep(Zlib::zlib PKG zlib MIN 1.2.13 DEB zlib1g-dev LIBS z)
fc_dep(OpenSSL::both PKG openssl MIN 3.0 DEB libssl-dev LIBS ssl crypto)

option(FC_TESTS "Build the tests" ON)
if(FC_TESTS)
    fc_dep(Cmocka::cmocka PKG cmocka MIN 1.1.5 DEB libcmocka-dev LIBS cmocka)
endif()
