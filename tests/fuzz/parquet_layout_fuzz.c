/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte, what the rest is: a footer, the first bytes of a column chunk, or an offset index. Whatever it says,
 * chunks lie within the file, rows follow each other, and no more of a chunk is asked for than there is.
 */
#include "tests/fuzz/fuzz.h"

#include "worker/sources/parquet_layout.h"

enum { MEMORY = 64 << 20, FILE_BYTES = 1 << 20, ROWS = 1000 };

static void read_footer(fc_str footer)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    static const char *const names[] = {"id", "event_timestamp", "n", "s", "tags", ""};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_parquet_layout layout;
    int64_t row = 0;

    if (fc_parquet_layout(footer, FILE_BYTES, names, FC_ARRAY_LEN(names), arena, &layout, &err) !=
        FC_OK) {
        FUZZ_CHECK(err.message[0] != '\0', "a refusal without words");
        return;
    }
    for (size_t i = 0; i < layout.group_count; i++) {
        const struct fc_parquet_layout_group *group = &layout.groups[i];
        FUZZ_CHECK(group->first_row == row && group->rows >= 0, "rows do not follow each other");
        row += group->rows;
        for (size_t k = 0; k < group->chunk_count; k++) {
            const struct fc_parquet_chunk *chunk = &group->chunks[k];
            FUZZ_CHECK(chunk->first >= 0 && chunk->size >= 0 &&
                           chunk->first + chunk->size <= FILE_BYTES,
                       "a chunk outside of the file");
            FUZZ_CHECK(chunk->index_size >= 0 &&
                           chunk->index_first + chunk->index_size <= FILE_BYTES,
                       "an index outside of the file");
        }
    }
}

/* As a reader asks: with more and more of the chunk, until that is enough. */
static void read_pages(fc_str bytes)
{
    const struct fc_parquet_chunk chunk = {
        .first = 4, .size = (int64_t)bytes.len + 100, .values = ROWS};
    int64_t have = bytes.len < 16 ? (int64_t)bytes.len : 16;

    for (;;) {
        int64_t need =
            fc_parquet_pages_need((fc_str){.ptr = bytes.ptr, .len = (size_t)have}, &chunk, ROWS);
        FUZZ_CHECK(need >= 0 && need <= chunk.size, "more than there is is needed");
        if (need <= have || need > (int64_t)bytes.len)
            return;
        have = need;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fc_parquet_chunk chunk = {.first = 4, .size = 100000, .values = ROWS};
    fc_str rest = {.ptr = (const char *)data + 1, .len = size - 1};

    if (size == 0)
        return 0;
    if (data[0] == 'F')
        read_footer(rest);
    else if (data[0] == 'P')
        read_pages(rest);
    else {
        int64_t need = fc_parquet_index_need(rest, &chunk, ROWS);
        FUZZ_CHECK(need >= 0 && need <= chunk.size, "more than there is is needed");
    }
    return 0;
}
