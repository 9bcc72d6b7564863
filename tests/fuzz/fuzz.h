/* SPDX-License-Identifier: Apache-2.0 */
/** What fuzz targets share: an input that is consumed from the front, and properties that must hold. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A property that holds for every input; the message is for the one who finds that it does not. */
#define FUZZ_CHECK(condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold: ", __FILE__, __LINE__, #condition);          \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/** The first byte, 0 when there is none: picks a type or a parser. */
static inline unsigned fuzz_take(fc_str *input)
{
    unsigned char byte;

    if (input->len == 0)
        return 0;
    byte = (unsigned char)input->ptr[0];
    input->ptr++;
    input->len--;
    return byte;
}

static inline struct fc_arena *fuzz_arena(size_t limit)
{
    struct fc_arena *arena = fc_arena_new(limit);

    FUZZ_CHECK(arena != NULL, "out of memory");
    return arena;
}
