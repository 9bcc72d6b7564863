/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/parquet.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/sources/parquet_layout.h"

#define MAGIC           "PAR1"
#define MAGIC_ENCRYPTED "PARE"
#define MAGIC_SIZE      4
/* Magic, an empty footer's length, magic. */
#define SMALLEST   12
#define LAYOUT_MAX ((size_t)256 << 20)

static fc_rc no_memory(const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "%s: its footer needs more memory than it may have", path);
}

static fc_rc check_magic(int fd, const struct fc_parquet_place *place, int64_t size,
                         struct fc_error *err)
{
    const char *path = place->name;
    char head[MAGIC_SIZE];
    char tail[MAGIC_SIZE];

    if (size == 0)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s is no Parquet file: it is empty (0 bytes)", path);
    if (size < SMALLEST)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s is no Parquet file: it has %" PRId64 " bytes", path, size);
    if (pread(fd, head, sizeof(head), 0) != MAGIC_SIZE ||
        pread(fd, tail, sizeof(tail), size - MAGIC_SIZE) != MAGIC_SIZE)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s cannot be read: %s", path,
                       strerror(errno));
    if (memcmp(tail, MAGIC_ENCRYPTED, MAGIC_SIZE) == 0)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s is encrypted Parquet, which is not read",
                       path);
    if (place->sparse && memcmp(tail, MAGIC, MAGIC_SIZE) == 0)
        return FC_OK;
    if (memcmp(head, MAGIC, MAGIC_SIZE) != 0)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s is no Parquet file: it does not begin with PAR1", path);
    if (memcmp(tail, MAGIC, MAGIC_SIZE) != 0)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s is no whole Parquet file: it does not end with PAR1", path);
    return FC_OK;
}

/* Done by ourselves, so that a missing file, a denied one and a damaged one are told apart. */
static fc_rc check_file(const struct fc_parquet_place *place, struct fc_error *err)
{
    const char *path = place->name;
    struct stat st;
    int fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s", path, strerror(errno));
    fc_rc rc = FC_OK;
    if (fstat(fd, &st) != 0)
        rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "%s is no regular file", path);
    else
        rc = check_magic(fd, place, st.st_size, err);
    close(fd);
    return rc;
}

/* The engine names a local file that nobody else has heard of. */
static void put_name(const struct fc_parquet_file *file, const char *from, char *to, size_t size)
{
    const char *at = strcmp(file->path, file->name) != 0 ? strstr(from, file->path) : NULL;

    if (at)
        snprintf(to, size, "%.*s%s%s", (int)(at - from), from, file->name, at + strlen(file->path));
}

/*
 * What the engine says of parts of the format that it does not know: the codecs LZO and LZ4 as Hadoop frames it, and one
 * encoding of whole numbers. Such a file may be right, and nothing is known of its values.
 */
static const char *unread_part(const struct fc_error *engine)
{
    static const char *const PARTS[] = {"Unsupported compression codec",
                                        "BYTE_STREAM_SPLIT encoding is only supported"};
    const char *part = NULL;

    for (size_t i = 0; !part && i < FC_ARRAY_LEN(PARTS); i++)
        part = strstr(engine->message, PARTS[i]);
    return part;
}

fc_rc fc_parquet_error(const struct fc_parquet_file *file, struct fc_error *err)
{
    struct fc_error engine = *err;

    put_name(file, err->message, engine.message, sizeof(engine.message));
    const char *unread = engine.reason == FC_REASON_SOURCE_INVALID ? unread_part(&engine) : NULL;
    if (unread)
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                       "%s is Parquet that this version does not read, write it otherwise: %s",
                       file->name, unread);
    if (engine.reason == FC_REASON_SOURCE_INVALID || engine.reason == FC_REASON_IO_FAILED ||
        engine.reason == FC_REASON_INTERNAL)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s cannot be decoded as Parquet: %s",
                       file->name, engine.message);
    return fc_error_prefix(err, "%s", file->name);
}

/* The engine's answer, whole: these tables are small. Strings are copied to the arena. */
struct table {
    struct fc_cell **rows; /**< rows[row][column] */
    size_t row_count;
};

static bool keep_rows(struct table *table, const struct fc_cell *const *cells, size_t rows,
                      const struct fc_duck_result *result, struct fc_arena *arena)
{
    size_t columns = fc_duck_column_count(result);
    struct fc_cell **all =
        fc_arena_alloc(arena, (table->row_count + rows) * sizeof(struct fc_cell *));

    if (!all)
        return false;
    if (table->row_count > 0)
        memcpy(all, table->rows, table->row_count * sizeof(struct fc_cell *));
    table->rows = all;
    for (size_t row = 0; row < rows; row++) {
        struct fc_cell *copy = fc_arena_calloc(arena, columns, sizeof *copy);
        if (!copy)
            return false;
        for (size_t i = 0; i < columns; i++) {
            copy[i] = cells[i][row];
            if (copy[i].null || fc_duck_column_type(result, i).kind != FC_COLUMN_STRING)
                continue;
            copy[i].as.bytes.ptr =
                fc_arena_strndup(arena, copy[i].as.bytes.ptr, copy[i].as.bytes.len);
            if (!copy[i].as.bytes.ptr)
                return false;
        }
        table->rows[table->row_count++] = copy;
    }
    return true;
}

static fc_rc query_table(struct fc_duck *duck, const struct fc_parquet_file *file,
                         struct fc_buf *sql, struct fc_arena *arena, struct table *ret,
                         struct fc_error *err)
{
    FC_CLEANUP(fc_duck_result_freep) struct fc_duck_result *result = NULL;
    const struct fc_cell *const *cells = NULL;
    size_t rows = 0;

    *ret = (struct table){.rows = NULL};
    if (sql->failed)
        return no_memory(file->name, err);
    if (fc_duck_query(duck, fc_buf_text(sql), file->path, &result, err) != FC_OK)
        return fc_parquet_error(file, err);
    for (;;) {
        if (fc_duck_next(result, arena, &cells, &rows, err) != FC_OK)
            return fc_parquet_error(file, err);
        if (rows == 0)
            return FC_OK;
        if (!keep_rows(ret, cells, rows, result, arena))
            return no_memory(file->name, err);
    }
}

static const char *text_of(const struct fc_cell *cell)
{
    return cell->null ? NULL : cell->as.bytes.ptr;
}

static fc_rc read_columns(struct fc_duck *duck, struct fc_parquet_file *file,
                          struct fc_arena *arena, struct fc_error *err)
{
    struct fc_buf sql = FC_BUF_INIT;
    struct table table;

    fc_buf_puts(&sql,
                "SELECT name, type, type_length, repetition_type, converted_type, logical_type,"
                " duckdb_type, num_children FROM parquet_schema(?)");
    fc_rc rc = query_table(duck, file, &sql, arena, &table, err);
    fc_buf_done(&sql);
    if (rc != FC_OK)
        return rc;
    struct fc_parquet_element *elements =
        fc_arena_calloc(arena, table.row_count + 1, sizeof *elements);
    if (!elements)
        return no_memory(file->name, err);
    for (size_t i = 0; i < table.row_count; i++) {
        const struct fc_cell *row = table.rows[i];
        elements[i] = (struct fc_parquet_element){
            .name = text_of(&row[0]),
            .physical = text_of(&row[1]),
            .length = text_of(&row[2]),
            .repetition = text_of(&row[3]),
            .converted = text_of(&row[4]),
            .logical = text_of(&row[5]),
            .engine = text_of(&row[6]),
            .children = row[7].null ? 0 : row[7].as.integer,
        };
    }
    struct fc_parquet_schema schema;
    if (fc_parquet_columns(elements, table.row_count, arena, &schema)) {
        file->columns = schema.columns;
        file->fields = schema.fields;
        file->column_count = schema.count;
        file->top_count = schema.top_count;
        return FC_OK;
    }
    if (fc_arena_exhausted(arena))
        return no_memory(file->name, err);
    return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s has a schema that is no tree", file->name);
}

/* By our own reading of the footer: a query of the engine takes milliseconds. */
static fc_rc read_rows(struct fc_parquet_file *file, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(LAYOUT_MAX);
    struct fc_parquet_layout layout;

    if (!arena)
        return no_memory(file->name, err);
    fc_rc rc = fc_parquet_layout_of(file->path, file->name, NULL, 0, arena, &layout, err);
    if (rc == FC_OK)
        file->rows = layout.rows;
    return rc;
}

fc_rc fc_parquet_describe(struct fc_duck *duck, const struct fc_parquet_place *place,
                          struct fc_arena *arena, struct fc_parquet_file *ret, struct fc_error *err)
{
    *ret = (struct fc_parquet_file){.path = place->path, .name = place->name};
    fc_rc rc = check_file(place, err);
    if (rc == FC_OK)
        rc = read_columns(duck, ret, arena, err);
    return rc == FC_OK ? read_rows(ret, err) : rc;
}

fc_rc fc_parquet_may_be_null(struct fc_duck *duck, const struct fc_parquet_file *file,
                             size_t column, bool *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)16 << 20);
    struct fc_buf sql = FC_BUF_INIT;
    struct table table;

    /* A field is null where a struct around it is, too. */
    *ret = true;
    if (column >= file->top_count)
        return FC_OK;
    if (!arena)
        return no_memory(file->name, err);
    fc_buf_puts(&sql, "SELECT coalesce(bool_or(coalesce(stats_null_count, 1) > 0), true) FROM "
                      "parquet_metadata(?) WHERE path_in_schema = ");
    fc_duck_quote(&sql, file->columns[column].name);
    fc_rc rc = query_table(duck, file, &sql, arena, &table, err);
    fc_buf_done(&sql);
    if (rc != FC_OK)
        return rc;
    if (table.row_count != 1)
        return fc_fail(err, FC_REASON_INTERNAL, "%s: no account of its columns", file->name);
    *ret = table.rows[0][0].as.boolean;
    return FC_OK;
}

void fc_parquet_put_column(struct fc_buf *sql, const struct fc_parquet_file *file, size_t column)
{
    size_t depth = 0;

    for (size_t i = column; file->fields[i].parent != i; i = file->fields[i].parent, depth++)
        fc_buf_puts(sql, "struct_extract_at(");
    fc_buf_printf(sql, "fc_%zu", file->fields[column].top);
    for (; depth > 0; depth--) {
        size_t field = column;
        for (size_t i = 1; i < depth; i++)
            field = file->fields[field].parent;
        fc_buf_printf(sql, ", %zu)", file->fields[field].place);
    }
}

/*
 * Columns are named by their position: names may repeat, and the engine's own ignore case. The row's number
 * is the engine's virtual column, which no alias covers.
 */
static void put_scan(struct fc_buf *sql, const struct fc_parquet_file *file,
                     const struct fc_parquet_scan *scan)
{
    fc_buf_puts(sql, "SELECT ");
    for (size_t i = 0; i < scan->count; i++) {
        fc_parquet_put_column(sql, file, scan->columns[i]);
        fc_buf_puts(sql, ", ");
    }
    fc_buf_puts(sql, "file_row_number FROM read_parquet(?, hive_partitioning=false) AS source(");
    for (size_t i = 0; i < file->top_count; i++)
        fc_buf_printf(sql, "%sfc_%zu", i ? ", " : "", i);
    fc_buf_puts(sql, ") WHERE true");
    if (scan->row_count > 0)
        fc_buf_printf(sql, " AND file_row_number BETWEEN %" PRId64 " AND %" PRId64, scan->first_row,
                      scan->first_row + scan->row_count - 1);
    else if (scan->first_row > 0)
        fc_buf_printf(sql, " AND file_row_number >= %" PRId64, scan->first_row);
    if (scan->where)
        fc_buf_puts(sql, scan->where);
    /* Without it the engine would decode the rest of the row group to find that no row is in the span. */
    if (scan->row_count > 0)
        fc_buf_printf(sql, " LIMIT %" PRId64, scan->row_count);
}

static fc_rc opened(fc_rc rc, const struct fc_parquet_file *file, struct fc_error *err)
{
    return rc != FC_OK && err->reason != FC_REASON_OUT_OF_MEMORY ? fc_parquet_error(file, err) : rc;
}

fc_rc fc_parquet_open(struct fc_duck *duck, const struct fc_parquet_file *file,
                      const struct fc_parquet_scan *scan, struct fc_duck_result **ret,
                      struct fc_error *err)
{
    struct fc_buf sql = FC_BUF_INIT;

    put_scan(&sql, file, scan);
    fc_rc rc = sql.failed ? no_memory(file->name, err)
                          : fc_duck_query(duck, fc_buf_text(&sql), file->path, ret, err);
    fc_buf_done(&sql);
    return opened(rc, file, err);
}

struct fc_duck_beside *fc_parquet_open_beside(struct fc_duck *duck,
                                              const struct fc_parquet_file *file,
                                              const struct fc_parquet_scan *scan)
{
    struct fc_duck_beside *beside = NULL;
    struct fc_buf sql = FC_BUF_INIT;

    put_scan(&sql, file, scan);
    if (!sql.failed)
        beside = fc_duck_beside_start(duck, fc_buf_text(&sql), file->path);
    fc_buf_done(&sql);
    return beside;
}

fc_rc fc_parquet_join(struct fc_duck_beside *beside, const struct fc_parquet_file *file,
                      struct fc_duck_result **ret, struct fc_error *err)
{
    return opened(fc_duck_beside_join(beside, ret, err), file, err);
}
