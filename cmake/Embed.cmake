# SPDX-License-Identifier: Apache-2.0
# Files as constant C arrays. Run as a script (cmake -P) it writes one; included, it offers the functions.
#
# fc_embed(<target> SYMBOL <name> FILE <path> [DEPENDS <dep>...])
#   adds to <target>:  const unsigned char <name>[];  const size_t <name>_size;
#   The bytes are followed by a NUL that the size does not count, so that text can be used as a string.
# fc_embed_table(<target> SYMBOL <name> FILES <path>...)
#   adds to <target>:  const struct fc_embedded_file <name>[];  const size_t <name>_count;
#   (see base/embedded_file.h), in the order given, each with its file name without the directory.

function(_fc_embed_bytes out path)
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    set(${out} "${hex}0x00" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
    set(text "#include <stddef.h>\n\n")
    if(TABLE)
        string(APPEND text "#include \"base/embedded_file.h\"\n\n")
        set(rows "")
        set(n 0)
        foreach(path IN LISTS FILES)
            _fc_embed_bytes(bytes ${path})
            cmake_path(GET path FILENAME name)
            string(APPEND text "static const unsigned char data_${n}[] = {\n${bytes}};\n\n")
            string(APPEND rows "    {\"${name}\", data_${n}, sizeof(data_${n}) - 1},\n")
            math(EXPR n "${n} + 1")
        endforeach()
        string(APPEND text
            "extern const struct fc_embedded_file ${SYMBOL}[];\n"
            "extern const size_t ${SYMBOL}_count;\n"
            "const struct fc_embedded_file ${SYMBOL}[] = {\n${rows}};\n"
            "const size_t ${SYMBOL}_count = ${n};\n")
    else()
        _fc_embed_bytes(bytes ${FILES})
        string(APPEND text
            "extern const unsigned char ${SYMBOL}[];\n"
            "extern const size_t ${SYMBOL}_size;\n"
            "const unsigned char ${SYMBOL}[] = {\n${bytes}};\n"
            "const size_t ${SYMBOL}_size = sizeof(${SYMBOL}) - 1;\n")
    endif()
    file(WRITE ${OUT} "${text}")
    return()
endif()

set(FC_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(_fc_embed_rule target symbol table files depends)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/embed/${symbol}.c)
    set(paths)
    foreach(file IN LISTS files)
        cmake_path(ABSOLUTE_PATH file NORMALIZE)
        list(APPEND paths ${file})
    endforeach()
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DTABLE=${table} "-DFILES=${paths}" -DOUT=${out}
            -P ${FC_EMBED_SCRIPT}
        DEPENDS ${paths} ${depends} ${FC_EMBED_SCRIPT}
        COMMENT "Embedding ${symbol}" VERBATIM)
    target_sources(${target} PRIVATE ${out})
endfunction()

function(fc_embed target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SYMBOL;FILE" "DEPENDS")
    _fc_embed_rule(${target} ${arg_SYMBOL} OFF "${arg_FILE}" "${arg_DEPENDS}")
endfunction()

function(fc_embed_table target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SYMBOL" "FILES")
    _fc_embed_rule(${target} ${arg_SYMBOL} ON "${arg_FILES}" "")
endfunction()
