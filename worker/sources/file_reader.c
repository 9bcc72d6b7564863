/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "worker/sources/file.h"
#include "worker/sources/file_rows.h"

#define BATCH_MAX ((size_t)512 << 20)

static fc_rc no_memory(const struct fc_file *file, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s needs more memory than it may have",
                   file->path);
}

static bool find_key(const struct fc_file_list *list, const char *name, size_t *ret)
{
    for (size_t i = 0; i < list->key_count; i++) {
        if (strcmp(list->keys[i].name, name) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* Several asked-for columns may be the same one of the file: it is read once. */
static size_t slot_for(struct fc_file_reader *reader, size_t index)
{
    for (size_t i = 0; i < reader->read_count; i++)
        if (reader->read[i] == index)
            return i;
    reader->read[reader->read_count] = index;
    return reader->read_count++;
}

static fc_rc find_in_file(struct fc_file_reader *reader, const char *name, size_t at,
                          struct fc_error *err)
{
    const struct fc_parquet_file *parquet = &reader->parquet;
    size_t matches = 0;

    for (size_t i = 0; i < parquet->column_count; i++) {
        if (strcmp(parquet->columns[i].name, name) != 0)
            continue;
        if (matches++ == 0)
            reader->from[at].index = i;
    }
    if (matches == 0)
        return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "%s has no column \"%s\"", parquet->name,
                       name);
    if (matches > 1)
        return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "%s has %zu columns \"%s\"", parquet->name,
                       matches, name);
    reader->from[at].slot = slot_for(reader, reader->from[at].index);
    reader->columns[at] = parquet->columns[reader->from[at].index];
    return FC_OK;
}

fc_rc fc_file_reader_layout(const struct fc_file_reader *reader, const size_t *columns,
                            size_t count, struct fc_arena *arena, struct fc_parquet_layout *ret,
                            struct fc_error *err)
{
    const char **names = fc_arena_calloc(arena, count + 1, sizeof *names);

    if (!names)
        return no_memory(reader->file, err);
    for (size_t i = 0; i < count; i++)
        names[i] = reader->parquet.columns[reader->parquet.fields[columns[i]].top].name;
    return fc_parquet_layout_of(reader->parquet.path, reader->parquet.name, names, count, arena,
                                ret, err);
}

fc_rc fc_file_reader_open(struct fc_source *source, const struct fc_file *file,
                          const char *const *columns, size_t count, struct fc_arena *arena,
                          struct fc_file_reader *ret, struct fc_error *err)
{
    *ret = (struct fc_file_reader){.file = file, .count = count};
    fc_rc rc = fc_file_footer(source, file, arena, &ret->parquet, err);
    if (rc != FC_OK)
        return rc;
    ret->from = fc_arena_calloc(arena, count + 1, sizeof *ret->from);
    ret->columns = fc_arena_calloc(arena, count + 1, sizeof *ret->columns);
    ret->read = fc_arena_calloc(arena, count + 1, sizeof *ret->read);
    if (!ret->from || !ret->columns || !ret->read)
        return no_memory(file, err);
    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        ret->from[i].partition = find_key(&source->list, columns[i], &ret->from[i].index);
        if (ret->from[i].partition)
            ret->columns[i] = source->list.keys[ret->from[i].index];
        else
            rc = find_in_file(ret, columns[i], i, err);
    }
    return rc == FC_OK
               ? fc_file_reader_layout(ret, ret->read, ret->read_count, arena, &ret->layout, err)
               : rc;
}

/* Half floats are read as floats, all-null columns as whatever; the engine has no type for either. */
static bool reads_as(enum fc_column_kind footer, enum fc_column_kind engine)
{
    if (footer == FC_COLUMN_NULL || footer == FC_COLUMN_UNKNOWN)
        return true;
    return footer == engine || (footer == FC_COLUMN_FLOAT16 && engine == FC_COLUMN_FLOAT32);
}

static bool is_nested(enum fc_column_kind kind)
{
    return kind == FC_COLUMN_LIST || kind == FC_COLUMN_MAP || kind == FC_COLUMN_STRUCT;
}

/* Footer and engine must mean the same by a type, since the one is judged and the other is read. */
static bool agree(const struct fc_column_type *footer, const struct fc_column_type *engine)
{
    if (!reads_as(footer->kind, engine->kind))
        return false;
    if (footer->kind == FC_COLUMN_LIST &&
        !(is_nested(footer->element) && is_nested(engine->element)) &&
        !reads_as(footer->element, engine->element))
        return false;
    bool decimal = footer->kind == FC_COLUMN_DECIMAL ||
                   (footer->kind == FC_COLUMN_LIST && footer->element == FC_COLUMN_DECIMAL);
    return !decimal || footer->scale == engine->scale;
}

static fc_rc check_types(const struct fc_file_reader *reader, const struct fc_file_rows *rows,
                         struct fc_error *err)
{
    for (size_t i = 0; i < reader->read_count; i++) {
        const struct fc_source_column *column = &reader->parquet.columns[reader->read[i]];
        struct fc_column_type engine = fc_file_rows_type(rows, i);
        if (!agree(&column->type, &engine))
            return fc_fail(err, FC_REASON_SOURCE_INVALID,
                           "%s: column \"%s\" is %s by its footer and cannot be read as that",
                           reader->parquet.name, column->name, column->type.text);
    }
    return FC_OK;
}

/* A partition value is the same in each row of the file; a column of type null is null, whatever is in it. */
static const struct fc_cell *constant(const struct fc_source *source,
                                      const struct fc_file_reader *reader, size_t at, size_t rows,
                                      struct fc_arena *arena)
{
    struct fc_cell *cells = fc_arena_alloc(arena, rows * sizeof *cells);
    struct fc_cell cell = {.null = true};

    if (reader->from[at].partition)
        fc_file_partition_cell(&source->list, reader->file, reader->from[at].index, &cell);
    for (size_t i = 0; cells && i < rows; i++)
        cells[i] = cell;
    return cells;
}

/* The engine's arrays in the order that was asked for. */
static bool arrange(const struct fc_source *source, const struct fc_file_reader *reader,
                    const struct fc_cell *const *cells, size_t rows, struct fc_arena *arena,
                    struct fc_batch *ret)
{
    const struct fc_cell **arranged = fc_arena_calloc(arena, reader->count + 1, sizeof *arranged);
    int64_t *positions = fc_arena_alloc(arena, rows * sizeof *positions);

    if (!arranged || !positions)
        return false;
    for (size_t i = 0; i < reader->count; i++) {
        bool same = reader->from[i].partition || reader->columns[i].type.kind == FC_COLUMN_NULL;
        arranged[i] = same ? constant(source, reader, i, rows, arena) : cells[reader->from[i].slot];
        if (!arranged[i])
            return false;
    }
    for (size_t i = 0; i < rows; i++)
        positions[i] = cells[reader->read_count][i].as.integer;
    *ret = (struct fc_batch){.row_count = rows,
                             .column_count = reader->count,
                             .columns = reader->columns,
                             .cells = arranged,
                             .path = reader->file->path,
                             .positions = positions};
    return true;
}

/* The engine is asked again, for which nothing may be under way. */
static fc_rc blame(struct fc_source *source, const struct fc_file_reader *reader,
                   struct fc_file_rows *from, int64_t row, struct fc_error *err)
{
    fc_file_rows_done(from);
    return fc_file_blame_text(source, reader, row, err);
}

fc_rc fc_file_reader_query(struct fc_source *source, struct fc_file_reader *reader,
                           const struct fc_file_run *run, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(BATCH_MAX);
    FC_CLEANUP(fc_file_rows_done) struct fc_file_rows from = {.parquet = NULL};
    const struct fc_cell *const *cells = NULL;
    struct fc_batch batch;
    size_t rows = 0;

    if (!arena)
        return no_memory(reader->file, err);
    int64_t next = run->first_row;
    fc_rc rc = fc_file_rows_open(source, reader, run, &from, err);
    if (rc != FC_OK)
        return blame(source, reader, &from, next, err);
    rc = check_types(reader, &from, err);
    if (rc == FC_OK && run->ahead)
        fc_duck_read_ahead(from.parts[0]);
    while (rc == FC_OK) {
        fc_arena_reset(arena);
        if (fc_file_rows_next(&from, arena, &cells, &rows, err) != FC_OK)
            return blame(source, reader, &from, next, err);
        if (rows == 0)
            break;
        if (!arrange(source, reader, cells, rows, arena, &batch))
            return no_memory(reader->file, err);
        reader->batches++;
        next = batch.positions[rows - 1] + 1;
        rc = run->fn(run->ctx, &batch, err);
    }
    return rc;
}

fc_rc fc_file_reader_run(struct fc_source *source, struct fc_file_reader *reader,
                         const struct fc_file_run *run, struct fc_error *err)
{
    return source->remote ? fc_file_remote_run(source, reader, run, err)
                          : fc_file_reader_query(source, reader, run, err);
}
