/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text column with bytes that are no UTF-8: the engine reads none of it, whatever it is asked to take it for, and says
 * neither column nor row. Both are found by asking again, which only a reading that has failed does.
 */
#include <inttypes.h>
#include <string.h>

#include "worker/sources/file.h"

#define SCRATCH_MAX ((size_t)256 << 20)
/* How the engine begins and ends what it says of such a value. */
#define BEFORE "Invalid string encoding"
#define VALUE  "value "
#define AFTER  " is not valid UTF8"

static bool is_about_text(const struct fc_error *err)
{
    return err->reason == FC_REASON_SOURCE_INVALID && strstr(err->message, BEFORE);
}

static bool is_text(const struct fc_column_type *type)
{
    return type->kind == FC_COLUMN_STRING ||
           (type->kind == FC_COLUMN_LIST && type->element == FC_COLUMN_STRING);
}

/* Whether these rows of one column fail for that reason. */
static bool fails(struct fc_source *source, const struct fc_file_reader *reader,
                  const struct fc_parquet_scan *scan, struct fc_arena *arena)
{
    FC_CLEANUP(fc_duck_result_freep) struct fc_duck_result *result = NULL;
    const struct fc_cell *const *cells = NULL;
    struct fc_error err = FC_ERROR_INIT;
    size_t rows = 1;

    fc_rc rc = fc_parquet_open(source->env->duck, &reader->parquet, scan, &result, &err);
    while (rc == FC_OK && rows > 0) {
        fc_arena_reset(arena);
        rc = fc_duck_next(result, arena, &cells, &rows, &err);
    }
    return rc != FC_OK && is_about_text(&err);
}

/* The engine decodes a row group at a time, and may have begun the next one. */
static int64_t last_row_suspected(const struct fc_file_reader *reader, int64_t row)
{
    const struct fc_parquet_layout *layout = &reader->layout;
    size_t group = 0;

    while (group + 1 < layout->group_count && layout->groups[group + 1].first_row <= row)
        group++;
    group += group + 1 < layout->group_count ? 1 : 0;
    return layout->group_count > 0
               ? layout->groups[group].first_row + layout->groups[group].rows - 1
               : row;
}

/* The value as the engine shows it, which escapes it; "" when it does not. */
static fc_str shown_value(const char *message)
{
    const char *start = strstr(message, VALUE);
    const char *end = start ? strstr(start, AFTER) : NULL;

    return end ? (fc_str){.ptr = start + strlen(VALUE),
                          .len = (size_t)(end - start) - strlen(VALUE)}
               : (fc_str){.ptr = "", .len = 0};
}

fc_rc fc_file_blame_text(struct fc_source *source, const struct fc_file_reader *reader, int64_t row,
                         struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(SCRATCH_MAX);
    int64_t last = last_row_suspected(reader, row);
    struct fc_error said = *err;

    for (size_t i = 0; arena && is_about_text(err) && i < reader->read_count; i++) {
        const struct fc_source_column *column = &reader->parquet.columns[reader->read[i]];
        const struct fc_parquet_scan scan = {
            .columns = &reader->read[i], .count = 1, .first_row = row, .row_count = last - row + 1};
        if (!is_text(&column->type) || !fails(source, reader, &scan, arena))
            continue;
        fc_str value = shown_value(said.message);
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s: column \"%s\" is text by the footer, but one of its rows %" PRId64
                       " to %" PRId64 " is not UTF-8%s%.*s; nothing of the column can be read: "
                       "write it as binary, or as text that is UTF-8",
                       reader->parquet.name, column->name, row, last, value.len ? ": " : "",
                       (int)value.len, value.ptr);
    }
    return err->rc;
}
