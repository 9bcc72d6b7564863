/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: kind, element, precision, scale and declared type, a byte each, then the bytes of cells. Every conversion ends
 * in a value of the declared type or in a fault with words; every cell has a text and is JSON.
 */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <string.h>

#include "base/utf8.h"
#include "worker/contract/cell_json.h"
#include "worker/contract/convert.h"

enum { HEAD = 5, ITEMS_MAX = 8, TEXT_MAX = 80, SCALE_MAX = 38 };

/* Takes up to 16 bytes for one cell; strings are what is left, so that they are of every length. */
static size_t make_cell(enum fc_column_kind kind, const uint8_t *data, size_t size,
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

static void check_value(const Feast__Types__Value *value, int declared)
{
    size_t size = feast__types__value__get_packed_size(value);

    FUZZ_CHECK((int)value->val_case == declared, "a value of another type");
    FUZZ_CHECK(size > 0, "an empty value");
    if (value->val_case == FEAST__TYPES__VALUE__VAL_STRING_VAL)
        FUZZ_CHECK(fc_utf8_valid(value->string_val, strlen(value->string_val)),
                   "a string that is no text");
}

static void check_texts(const struct fc_column_type *type, const struct fc_cell *cell,
                        struct fc_arena *arena)
{
    struct fc_buf json = FC_BUF_INIT;
    const char *text = fc_cell_text(type, cell, arena);

    FUZZ_CHECK(strlen(text) <= TEXT_MAX && fc_utf8_valid(text, strlen(text)),
               "a text too long, or none");
    fc_cell_json(&json, type, cell);
    json_t *parsed = json_loadb(fc_buf_text(&json), json.len,
                                JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(parsed, "no JSON");
    json_decref(parsed);
    fc_buf_done(&json);
    FUZZ_CHECK(fc_cell_cmp(type, cell, cell) == 0, "a cell unlike itself");
}

static void check_times(const struct fc_column_type *type, const struct fc_cell *cell)
{
    struct fc_error err = FC_ERROR_INIT;
    enum fc_fault fault = FC_FAULT_NONE;
    int64_t seconds = 0;
    int64_t days = 0;
    int32_t nanos = 0;

    if (fc_convert_timestamp(type, cell, &seconds, &nanos, &fault, &err) == FC_OK)
        FUZZ_CHECK(nanos >= 0 && nanos < 1000000000, "nanoseconds");
    else
        FUZZ_CHECK(fault != FC_FAULT_NONE && err.message[0], "no reason");
    (void)!fc_convert_date(type, cell, &days, &fault, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fc_cell items[ITEMS_MAX];
    struct fc_error err = FC_ERROR_INIT;
    enum fc_fault fault = FC_FAULT_NONE;
    Feast__Types__Value value;
    struct fc_cell cell;

    if (size < HEAD)
        return 0;
    struct fc_column_type type = {.kind = (enum fc_column_kind)(data[0] % FC_COLUMN_KINDS),
                                  .element = (enum fc_column_kind)(data[1] % FC_COLUMN_KINDS),
                                  .precision = data[2],
                                  .scale = data[3] % (SCALE_MAX + 1),
                                  .text = "fuzz"};
    int declared = data[4] % 20;
    struct fc_arena *arena = fc_arena_new((size_t)1 << 24);
    FUZZ_CHECK(arena, "no memory");
    data += HEAD;
    size -= HEAD;
    if (type.kind == FC_COLUMN_LIST) {
        size_t count = 0;
        for (; count < ITEMS_MAX && size > 0; count++) {
            size_t used = make_cell(type.element, data, size, &items[count]);
            items[count].null = data[0] == 0xff;
            data += used;
            size -= used;
        }
        bool nested = type.element >= FC_COLUMN_LIST;
        cell = (struct fc_cell){.as.list = {.items = nested ? NULL : items, .count = count}};
    } else {
        (void)make_cell(type.kind, data, size, &cell);
    }
    fc_rc rc = fc_convert_value(&type, &cell, (Feast__Types__ValueType__Enum)declared, arena,
                                &value, &fault, &err);
    if (rc == FC_OK)
        check_value(&value, declared);
    else
        FUZZ_CHECK(fault != FC_FAULT_NONE && err.message[0], "no reason");
    check_texts(&type, &cell, arena);
    check_times(&type, &cell);
    fc_arena_free(arena);
    return 0;
}
