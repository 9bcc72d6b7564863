/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/file_rows.h"

static struct fc_parquet_scan scan_of(const struct fc_file_reader *reader,
                                      const struct fc_file_run *run, size_t first, size_t count)
{
    return (struct fc_parquet_scan){.columns = reader->read + first,
                                    .count = count,
                                    .where = run->where,
                                    .first_row = run->first_row,
                                    .row_count = run->row_count};
}

fc_rc fc_file_rows_open(struct fc_source *source, const struct fc_file_reader *reader,
                        const struct fc_file_run *run, struct fc_file_rows *ret,
                        struct fc_error *err)
{
    struct fc_duck *duck = source->env->duck;
    struct fc_duck_beside *beside = NULL;
    size_t half = reader->read_count / 2;

    ret->parquet = &reader->parquet;
    if (run->beside && half > 0) {
        const struct fc_parquet_scan scan = scan_of(reader, run, reader->read_count - half, half);
        beside = fc_parquet_open_beside(duck, &reader->parquet, &scan);
    }
    ret->counts[1] = beside ? half : 0;
    ret->counts[0] = reader->read_count - ret->counts[1];
    const struct fc_parquet_scan scan = scan_of(reader, run, 0, ret->counts[0]);
    fc_rc rc = fc_parquet_open(duck, &reader->parquet, &scan, &ret->parts[0], err);
    if (beside) {
        struct fc_error other = FC_ERROR_INIT;
        fc_rc joined =
            fc_parquet_join(beside, &reader->parquet, &ret->parts[1], rc == FC_OK ? err : &other);
        rc = rc == FC_OK ? joined : rc;
    }
    return rc;
}

void fc_file_rows_done(struct fc_file_rows *rows)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(rows->parts); i++) {
        fc_duck_result_free(rows->parts[i]);
        rows->parts[i] = NULL;
    }
}

struct fc_column_type fc_file_rows_type(const struct fc_file_rows *rows, size_t column)
{
    return column < rows->counts[0] ? fc_duck_column_type(rows->parts[0], column)
                                    : fc_duck_column_type(rows->parts[1], column - rows->counts[0]);
}

/* Of each part the columns, then the numbers of the rows. */
static fc_rc join(const struct fc_file_rows *rows, const struct fc_cell *const *cells[2],
                  const size_t counts[2], struct fc_arena *arena,
                  const struct fc_cell *const **ret_cells, struct fc_error *err)
{
    const struct fc_cell *numbers[2] = {cells[0][rows->counts[0]], cells[1][rows->counts[1]]};
    size_t columns = rows->counts[0] + rows->counts[1];
    const struct fc_cell **all = fc_arena_calloc(arena, columns + 1, sizeof *all);

    if (!all)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu columns", columns);
    bool same = counts[0] == counts[1];
    for (size_t i = 0; same && i < counts[0]; i++)
        same = numbers[0][i].as.integer == numbers[1][i].as.integer;
    if (!same)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "its columns are not of the same rows");
    for (size_t i = 0; i < columns; i++)
        all[i] = i < rows->counts[0] ? cells[0][i] : cells[1][i - rows->counts[0]];
    all[columns] = numbers[0];
    *ret_cells = all;
    return FC_OK;
}

fc_rc fc_file_rows_next(struct fc_file_rows *rows, struct fc_arena *arena,
                        const struct fc_cell *const **ret_cells, size_t *ret_rows,
                        struct fc_error *err)
{
    const struct fc_cell *const *cells[2] = {NULL};
    size_t counts[2] = {0};
    size_t parts = rows->parts[1] ? 2 : 1;

    for (size_t i = 0; i < parts; i++)
        if (fc_duck_next(rows->parts[i], arena, &cells[i], &counts[i], err) != FC_OK)
            return fc_parquet_error(rows->parquet, err);
    *ret_rows = counts[0];
    *ret_cells = cells[0];
    if (parts == 1 || (counts[0] == 0 && counts[1] == 0))
        return FC_OK;
    return join(rows, cells, counts, arena, ret_cells, err) == FC_OK
               ? FC_OK
               : fc_parquet_error(rows->parquet, err);
}
