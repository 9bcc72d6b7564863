/* SPDX-License-Identifier: Apache-2.0 */
/** Cells of a source, made from bytes as a source would: what the kind cannot hold is not made. */
#pragma once

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "worker/contract/column.h"

/** Takes up to 16 bytes for one cell; strings are all that is left, so that they are of every length. No LIST. */
static inline size_t fuzz_cell(enum fc_column_kind kind, const uint8_t *data, size_t size,
                               struct fc_cell *cell)
{
    uint8_t raw[16] = {0};
    int64_t number = 0;
    size_t used = size < sizeof(raw) ? size : sizeof(raw);

    *cell = (struct fc_cell){.null = false};
    if (used > 0)
        memcpy(raw, data, used);
    memcpy(&number, raw, sizeof(number));
    switch (kind) {
    case FC_COLUMN_BOOL:
        cell->as.boolean = number & 1;
        break;
    case FC_COLUMN_FLOAT16:
    case FC_COLUMN_FLOAT32:
    case FC_COLUMN_FLOAT64:
        memcpy(&cell->as.real, raw, sizeof(cell->as.real));
        break;
    case FC_COLUMN_DECIMAL:
        memcpy(&cell->as.decimal, raw, sizeof(raw));
        break;
    case FC_COLUMN_STRING:
    case FC_COLUMN_BINARY:
        cell->as.bytes = (fc_str){.ptr = (const char *)data, .len = size};
        return size;
    case FC_COLUMN_DATE:
        cell->as.integer = (int32_t)number;
        break;
    case FC_COLUMN_TIME:
    case FC_COLUMN_TIMESTAMP_UTC:
    case FC_COLUMN_TIMESTAMP_NAIVE:
        /* What 64-bit microseconds and the like can hold. */
        cell->as.time.seconds = number / 1000000;
        cell->as.time.nanos = (int32_t)(((uint64_t)number % 1000000) * 1000);
        break;
    default:
        cell->as.integer = number;
        break;
    }
    return used;
}

/** The items of a LIST, one after the other; 0xff first makes a null. Nested ones have no items. */
static inline size_t fuzz_list(enum fc_column_kind element, const uint8_t *data, size_t size,
                               struct fc_cell *items, size_t most, struct fc_cell *cell)
{
    size_t count = 0, used = 0;

    for (; count < most && used < size; count++) {
        const uint8_t *at = data + used;
        used += fuzz_cell(element, at, size - used, &items[count]);
        items[count].null = at[0] == 0xff;
    }
    *cell = (struct fc_cell){
        .as.list = {.items = element >= FC_COLUMN_LIST ? NULL : items, .count = count}};
    return used;
}
