/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_rows.h"

#include <inttypes.h>

#include "worker/sources/bigquery_cell.h"
#include "worker/sources/bigquery_decimal.h"

/* Of a value that an error text shows. */
#define EXCERPT_MAX 60

static fc_rc no_memory(const char *what, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for its rows", what);
}

static fc_rc new_plan(const struct fc_bq_schema *schema, const char *const *names, size_t count,
                      const char *what, struct fc_arena *arena, struct fc_bq_plan *ret,
                      struct fc_error *err)
{
    *ret = (struct fc_bq_plan){.count = count};
    ret->places = fc_arena_calloc(arena, count + 1, sizeof *ret->places);
    ret->columns = fc_arena_calloc(arena, count + 1, sizeof *ret->columns);
    if (!ret->places || !ret->columns)
        return no_memory(what, err);
    for (size_t i = 0; i < count; i++) {
        const struct fc_bq_field *field = fc_bq_schema_find(schema, names[i]);
        if (!field)
            return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "%s: there is no column \"%s\"", what,
                           names[i]);
        ret->places[i].field = field;
        ret->columns[i] = (struct fc_source_column){.name = field->path, .type = field->type};
    }
    return FC_OK;
}

fc_rc fc_bq_plan_query(const struct fc_bq_schema *schema, const char *const *names, size_t count,
                       const char *what, struct fc_arena *arena, struct fc_bq_plan *ret,
                       struct fc_error *err)
{
    fc_rc rc = new_plan(schema, names, count, what, arena, ret, err);

    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        ret->places[i].steps[0] = i;
        ret->places[i].depth = 1;
    }
    ret->width = count;
    return FC_OK;
}

/* Whether the path is the field itself or leads into it. */
static bool leads_into(const char *path, const struct fc_bq_field *field)
{
    size_t length = strlen(field->path);

    return strncmp(path, field->path, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

/* The steps below the field that `place->steps` ends in. */
static void walk_down(struct fc_bq_place *place, const struct fc_bq_field *field)
{
    while (field != place->field && field->field_count > 0 && place->depth < FC_BQ_DEPTH_MAX) {
        size_t at = 0;
        while (at + 1 < field->field_count && !leads_into(place->field->path, &field->fields[at]))
            at++;
        place->steps[place->depth++] = at;
        field = &field->fields[at];
    }
}

fc_rc fc_bq_plan_table(const struct fc_bq_schema *schema, const char *const *names, size_t count,
                       const char *what, struct fc_arena *arena, struct fc_bq_plan *ret,
                       struct fc_error *err)
{
    struct fc_buf selected = FC_BUF_INIT;
    fc_rc rc = new_plan(schema, names, count, what, arena, ret, err);

    if (rc != FC_OK)
        return rc;
    for (size_t at = 0; at < schema->field_count; at++) {
        const struct fc_bq_field *field = &schema->fields[at];
        bool wanted = false;
        for (size_t i = 0; i < count; i++) {
            if (!leads_into(ret->places[i].field->path, field))
                continue;
            wanted = true;
            ret->places[i].steps[0] = ret->width;
            ret->places[i].depth = 1;
            walk_down(&ret->places[i], field);
        }
        if (wanted)
            fc_buf_printf(&selected, "%s%s", ret->width++ > 0 ? "," : "", field->name);
    }
    ret->selected = selected.failed ? NULL : fc_arena_strdup(arena, fc_buf_text(&selected));
    fc_buf_done(&selected);
    return ret->selected ? FC_OK : no_memory(what, err);
}

/* What turning one page into cells needs. */
struct reading {
    const struct fc_bq_plan *plan;
    const struct fc_bq_page *page;
    struct fc_arena *arena;
    struct fc_error *err;
};

static fc_rc misfit(const struct reading *r, size_t row, size_t column, const json_t *value,
                    const char *expected)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    fc_rc rc = fc_fail(r->err, FC_REASON_SOURCE_INVALID,
                       "%s: column \"%s\" of row %" PRId64 " is %.*s, expected %s", r->page->what,
                       r->plan->columns[column].name, r->page->first + (int64_t)row, EXCERPT_MAX,
                       text ? text : "something else", expected);
    free(text);
    return rc;
}

/* The "v" at the place; NULL when the row or a record on the way is null. False when the row is no such row. */
static bool find_value(const struct fc_bq_place *place, const json_t *row, size_t width,
                       const json_t **ret)
{
    const json_t *record = row;

    *ret = NULL;
    for (size_t i = 0; i < place->depth; i++) {
        const json_t *cells = json_object_get(record, "f");
        if (!json_is_array(cells) || (i == 0 && json_array_size(cells) != width))
            return false;
        const json_t *value = json_object_get(json_array_get(cells, place->steps[i]), "v");
        if (!value)
            return false;
        if (i + 1 == place->depth)
            *ret = value;
        else if (json_is_null(value))
            return true;
        record = value;
    }
    return true;
}

static fc_rc read_cell(const struct reading *r, size_t column, size_t row, struct fc_cell *ret)
{
    const struct fc_bq_place *place = &r->plan->places[column];
    const char *expected = "";
    const json_t *value = NULL;

    if (!find_value(place, json_array_get(r->page->rows, row), r->plan->width, &value))
        return misfit(r, row, column, json_array_get(r->page->rows, row),
                      "a row with a value for each column that was asked for");
    if (!value) {
        *ret = (struct fc_cell){.null = true};
        return FC_OK;
    }
    switch (fc_bq_cell_read(place->field, value, r->arena, ret, &expected)) {
    case FC_BQ_READ:
        return FC_OK;
    case FC_BQ_MISFIT:
        return misfit(r, row, column, value, expected);
    default:
        return no_memory(r->page->what, r->err);
    }
}

static fc_rc read_column(const struct reading *r, size_t column, struct fc_source_column *type,
                         struct fc_cell *cells)
{
    size_t rows = json_array_size(r->page->rows);
    const struct fc_bq_field *field = r->plan->places[column].field;
    fc_rc rc = FC_OK;

    for (size_t row = 0; rc == FC_OK && row < rows; row++)
        rc = read_cell(r, column, row, &cells[row]);
    if (rc != FC_OK || !field->wide)
        return rc;
    if (!fc_bq_decimal_settle(cells, rows, field->repeated, &type->type.scale))
        return fc_fail(r->err, FC_REASON_SOURCE_INVALID,
                       "%s: column \"%s\" is BIGNUMERIC, and its values from row %" PRId64
                       " on need more than 38 digits together, which is not read; cast it to "
                       "NUMERIC or FLOAT64 in a view",
                       r->page->what, type->name, r->page->first);
    type->type.precision = 38;
    return FC_OK;
}

fc_rc fc_bq_rows_read(const struct fc_bq_plan *plan, const struct fc_bq_page *page,
                      struct fc_arena *arena, struct fc_batch *ret, struct fc_error *err)
{
    const struct reading r = {.plan = plan, .page = page, .arena = arena, .err = err};
    size_t rows = json_array_size(page->rows);
    const struct fc_cell **cells = fc_arena_calloc(arena, plan->count + 1, sizeof *cells);
    struct fc_source_column *columns =
        fc_arena_memdup(arena, plan->columns, (plan->count + 1) * sizeof *columns);
    int64_t *positions = fc_arena_calloc(arena, rows + 1, sizeof *positions);

    if (!cells || !columns || !positions)
        return no_memory(page->what, err);
    for (size_t i = 0; i < plan->count; i++) {
        struct fc_cell *column = fc_arena_calloc(arena, rows + 1, sizeof *column);
        if (!column)
            return no_memory(page->what, err);
        cells[i] = column;
        fc_rc rc = read_column(&r, i, &columns[i], column);
        if (rc != FC_OK)
            return rc;
    }
    for (size_t row = 0; row < rows; row++)
        positions[row] = page->first + (int64_t)row;
    *ret = (struct fc_batch){.row_count = rows,
                             .column_count = plan->count,
                             .columns = columns,
                             .cells = cells,
                             .path = page->path,
                             .positions = positions};
    return FC_OK;
}
