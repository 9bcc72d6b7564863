/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: kind, element, precision, scale and declared type, a byte each, then the bytes of cells. Every conversion ends
 * in a value of the declared type or in a fault with words; every cell has a text and is JSON.
 */
#include "tests/fuzz/cell.h"

#include <jansson.h>
#include <string.h>

#include "base/utf8.h"
#include "worker/contract/cell_json.h"
#include "worker/contract/convert.h"

enum { HEAD = 5, ITEMS_MAX = 8, TEXT_MAX = 80, SCALE_MAX = 38 };

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
    if (type.kind == FC_COLUMN_LIST)
        (void)fuzz_list(type.element, data, size, items, ITEMS_MAX, &cell);
    else
        (void)fuzz_cell(type.kind, data, size, &cell);
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
