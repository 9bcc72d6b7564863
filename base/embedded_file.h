/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/**
 * A file of the source tree that was compiled into the program (cmake/Embed.cmake: fc_embed_table).
 * Constant data: nobody owns it, any thread may read it.
 */
struct fc_embedded_file {
    const char *name;          /* without its directory, e.g. "0001_init.sql" */
    const unsigned char *data; /* data[size] is a NUL */
    size_t size;
};
