/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: an Avro schema on the first line, what follows is a datum. A schema parses or is refused with words; its columns
 * have names, texts and kinds; the datum is cells that have a text and an order, or no message of the schema, with words.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "worker/contract/convert.h"
#include "worker/formats/format.h"

enum { COLUMNS_MAX = 32 };

static struct fc_format *open_format(char *schema, struct fc_arena *arena)
{
    const struct fc_format_env env = {.sys = fc_sys_real()};
    Feast__Core__StreamFormat__AvroFormat avro;
    Feast__Core__StreamFormat format;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_format *ret = NULL;

    feast__core__stream_format__avro_format__init(&avro);
    feast__core__stream_format__init(&format);
    avro.schema_json = schema;
    format.format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT;
    format.avro_format = &avro;
    if (fc_format_avro.open(&env, &format, arena, &ret, &err) != FC_OK)
        FUZZ_CHECK(err.message[0] != '\0', "a refusal without words");
    return ret;
}

static void read_datum(struct fc_format *format, const struct fc_source_column *columns,
                       size_t count, fc_str datum, struct fc_arena *arena)
{
    const char *names[COLUMNS_MAX];
    struct fc_cell cells[COLUMNS_MAX];
    struct fc_error err = FC_ERROR_INIT;

    for (size_t i = 0; i < count; i++)
        names[i] = columns[i].name;
    fc_rc rc = fc_format_avro.select(format, names, count, &err);
    if (rc == FC_OK)
        rc = fc_format_avro.decode(format, datum, arena, cells, &err);
    FUZZ_CHECK(rc == FC_OK || err.message[0] != '\0', "a refusal without words");
    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        if (cells[i].null)
            continue;
        FUZZ_CHECK(fc_cell_text(&columns[i].type, &cells[i], arena) != NULL, "no text");
        FUZZ_CHECK(fc_cell_cmp(&columns[i].type, &cells[i], &cells[i]) == 0,
                   "a cell unlike itself");
    }
    (void)fc_format_avro.remark(format, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const wanted[] = {"a.b.c", "a.a.a.a.a.a.a.a.a.a", "m.k", "r.m.k"};
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t head = end ? (size_t)(end - data) : size;
    struct fc_arena *arena = fuzz_arena((size_t)64 << 20);
    char *schema = fc_arena_strndup(arena, (const char *)data, head);
    struct fc_source_column *columns = NULL;
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;

    struct fc_format *format = open_format(schema, arena);
    if (format && fc_format_avro.describe(format, wanted, FC_ARRAY_LEN(wanted), arena, &columns,
                                          &count, &err) == FC_OK) {
        for (size_t i = 0; i < count; i++)
            FUZZ_CHECK(columns[i].name && columns[i].type.text &&
                           columns[i].type.kind < FC_COLUMN_KINDS,
                       "a column");
        const fc_str datum = {.ptr = (const char *)data + head + 1,
                              .len = end ? size - head - 1 : 0};
        read_datum(format, columns, count < COLUMNS_MAX ? count : COLUMNS_MAX, datum, arena);
    }
    fc_arena_free(arena);
    return 0;
}
