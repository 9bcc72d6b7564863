# SPDX-License-Identifier: Apache-2.0
# fc_hardening: the compiler's and linker's defences, in every build that is not instrumented.

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(fc_hardening INTERFACE)
target_compile_options(fc_hardening INTERFACE -fstack-protector-strong)
target_link_options(fc_hardening INTERFACE
    -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    target_compile_options(fc_hardening INTERFACE -fcf-protection=full -fstack-clash-protection)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    target_compile_options(fc_hardening INTERFACE -mbranch-protection=standard)
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        target_compile_options(fc_hardening INTERFACE -fstack-clash-protection)
    endif()
endif()
if(NOT FC_SANITIZE AND NOT FC_COVERAGE)
    # The checked variants of libc hide errors from sanitizers and need an optimising build.
    target_compile_options(fc_hardening INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
