/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: an answer of BigQuery's REST API, with "schema" and "rows", or with "error". Rows are read as those of a table
 * and as those of a query: cells come out that have texts and convert or not, or an error with words. Names of columns
 * stay within their quotes in a query.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "worker/contract/convert.h"
#include "worker/sources/bigquery_error.h"
#include "worker/sources/bigquery_rows.h"
#include "worker/sources/bigquery_sql.h"

enum { COLUMNS_MAX = 64, TEXT_MAX = 80, SCALE_MAX = 38 };

static void check_cell(const struct fc_column_type *type, const struct fc_cell *cell,
                       struct fc_arena *arena)
{
    struct fc_error err = FC_ERROR_INIT;
    enum fc_fault fault = FC_FAULT_NONE;
    const char *text = fc_cell_text(type, cell, arena);
    Feast__Types__Value value;
    int64_t seconds = 0;
    int32_t nanos = 0;

    FUZZ_CHECK(strlen(text) <= TEXT_MAX && fc_utf8_valid(text, strlen(text)), "a text too long");
    if (cell->null)
        return;
    for (int declared = 1; declared < 19; declared++)
        (void)!fc_convert_value(type, cell, (Feast__Types__ValueType__Enum)declared, arena, &value,
                                &fault, &err);
    (void)!fc_convert_timestamp(type, cell, &seconds, &nanos, &fault, &err);
}

static void check_batch(const struct fc_batch *batch, size_t rows, struct fc_arena *arena)
{
    FUZZ_CHECK(batch->row_count == rows, "rows are lost");
    for (size_t i = 0; i < batch->column_count; i++) {
        FUZZ_CHECK(batch->columns[i].type.scale <= SCALE_MAX, "a scale beyond 38");
        for (size_t row = 0; row < rows; row++)
            check_cell(&batch->columns[i].type, &batch->cells[i][row], arena);
    }
}

static void read_rows(const struct fc_bq_plan *plan, const json_t *rows, struct fc_arena *arena)
{
    const struct fc_bq_page page = {.rows = rows, .what = "table", .path = "p.d.t"};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_batch batch;

    if (fc_bq_rows_read(plan, &page, arena, &batch, &err) == FC_OK)
        check_batch(&batch, json_array_size(rows), arena);
    else
        FUZZ_CHECK(err.message[0], "no reason");
}

/* Quotes open and close as often as names are written, whatever is in the names. */
static void check_sql(const char *const *names, size_t count)
{
    struct fc_buf sql = FC_BUF_INIT;
    bool quoted = false;

    fc_bq_sql_select(&sql, "p.d.t", names, count);
    for (size_t i = 0; i < sql.len; i++) {
        if (quoted && sql.ptr[i] == '\\')
            i++;
        else if (sql.ptr[i] == '`')
            quoted = !quoted;
        else
            FUZZ_CHECK(quoted || strchr("SELECT FROM AS,.fc_0123456789", sql.ptr[i]),
                       "a name leaves its quotes: %s", sql.ptr);
    }
    FUZZ_CHECK(!quoted, "an open quote: %s", fc_buf_text(&sql));
    fc_buf_done(&sql);
}

static void read_answer(const json_t *root, struct fc_arena *arena)
{
    struct fc_error err = FC_ERROR_INIT;
    const char *names[COLUMNS_MAX];
    struct fc_bq_schema schema;
    struct fc_bq_plan plan;
    size_t count = 0;

    if (fc_bq_schema_read(json_object_get(root, "schema"), "table", arena, &schema, &err) !=
        FC_OK) {
        FUZZ_CHECK(err.message[0], "no reason");
        return;
    }
    for (; count < schema.column_count && count < COLUMNS_MAX; count++) {
        FUZZ_CHECK(fc_bq_schema_find(&schema, schema.columns[count].name), "a lost column");
        names[count] = schema.columns[count].name;
    }
    if (fc_bq_plan_table(&schema, names, count, "table", arena, &plan, &err) == FC_OK)
        read_rows(&plan, json_object_get(root, "rows"), arena);
    if (fc_bq_plan_query(&schema, names, count, "table", arena, &plan, &err) == FC_OK)
        read_rows(&plan, json_object_get(root, "rows"), arena);
    check_sql(names, count);
}

static void read_refusal(const json_t *root)
{
    static const long statuses[] = {200, 400, 401, 403, 404, 429, 500};

    for (size_t i = 0; i < FC_ARRAY_LEN(statuses); i++) {
        const struct fc_bq_refusal refusal = {
            .status = statuses[i], .body = root, .what = "table", .needs = "permissions"};
        struct fc_error err = FC_ERROR_INIT;
        if (fc_bq_problem_of(&refusal) == FC_BQ_FINE)
            FUZZ_CHECK(statuses[i] == 200, "a refusal that is fine");
        else
            FUZZ_CHECK(fc_bq_refuse(&refusal, &err) != FC_OK && err.message[0], "no reason");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
    struct fc_arena *arena = fuzz_arena((size_t)1 << 26);

    if (root) {
        read_answer(root, arena);
        read_refusal(root);
    }
    json_decref(root);
    fc_arena_free(arena);
    return 0;
}
