/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and their rows. */
#include <stdlib.h>

#include "worker/duck/ahead.h"
#include "worker/duck/duck.h"
#include "worker/duck/internal.h"

struct fc_duck_result {
    struct fc_turns *turns;
    duckdb_result result;
    duckdb_data_chunk chunk;
    duckdb_data_chunk first;     /**< was fetched already, and comes next */
    struct fc_duck_ahead *ahead; /**< NULL: chunks are decoded as they are asked for */
    size_t column_count;
    struct fc_duck_reader **readers;
};

static enum fc_reason reason_of(duckdb_error_type type)
{
    switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY:
        return FC_REASON_OUT_OF_MEMORY;
    case DUCKDB_ERROR_INTERRUPT:
        return FC_REASON_CANCELLED;
    case DUCKDB_ERROR_IO:
        return FC_REASON_IO_FAILED;
    case DUCKDB_ERROR_PARSER:
    case DUCKDB_ERROR_SYNTAX:
    case DUCKDB_ERROR_CATALOG:
    case DUCKDB_ERROR_BINDER:
    case DUCKDB_ERROR_FATAL:
        return FC_REASON_INTERNAL;
    default:
        return FC_REASON_SOURCE_INVALID;
    }
}

/* Where the C API gives a text but no type: the text begins with the type's name. */
static duckdb_error_type type_of_text(const char *text)
{
    static const struct {
        const char *prefix;
        duckdb_error_type type;
    } known[] = {
        {"IO Error", DUCKDB_ERROR_IO},
        {"Out of Memory Error", DUCKDB_ERROR_OUT_OF_MEMORY},
        {"Binder Error", DUCKDB_ERROR_BINDER},
        {"Parser Error", DUCKDB_ERROR_PARSER},
        {"Catalog Error", DUCKDB_ERROR_CATALOG},
    };

    for (size_t i = 0; text && i < FC_ARRAY_LEN(known); i++)
        if (strncmp(text, known[i].prefix, strlen(known[i].prefix)) == 0)
            return known[i].type;
    return DUCKDB_ERROR_INVALID_INPUT;
}

fc_rc fc_duck_error(duckdb_error_type type, const char *text, struct fc_error *err)
{
    const char *message = text ? text : "the engine gave no reason";
    const char *colon = strstr(message, "Error: ");
    const char *end = strchr(message, '\n');

    if (colon && (!end || colon < end))
        message = colon + strlen("Error: ");
    end = strchr(message, '\n');
    size_t len = end ? (size_t)(end - message) : strlen(message);
    return fc_fail(err, reason_of(type), "%.*s", (int)(len < 400 ? len : 400), message);
}

static fc_rc bind_path(duckdb_prepared_statement statement, const char *path, struct fc_error *err)
{
    struct fc_buf pattern = FC_BUF_INIT;
    fc_rc rc = FC_OK;

    fc_duck_put_pattern(&pattern, path);
    if (pattern.failed)
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query");
    else if (duckdb_bind_varchar(statement, 1, fc_buf_text(&pattern)) != DuckDBSuccess)
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "its name is not UTF-8");
    fc_buf_done(&pattern);
    return rc;
}

/* `path` is what a `?` stands for; NULL when there is none. */
static fc_rc start(duckdb_connection connection, const char *sql, const char *path,
                   duckdb_result *result, struct fc_error *err)
{
    duckdb_prepared_statement statement = NULL;
    duckdb_pending_result pending = NULL;
    fc_rc rc = FC_OK;

    if (duckdb_prepare(connection, sql, &statement) != DuckDBSuccess) {
        const char *text = duckdb_prepare_error(statement);
        rc = fc_duck_error(type_of_text(text), text, err);
    } else if (path && (rc = bind_path(statement, path, err)) != FC_OK) {
        /* told already */
    } else if (duckdb_pending_prepared_streaming(statement, &pending) != DuckDBSuccess) {
        const char *text = duckdb_pending_error(pending);
        rc = fc_duck_error(type_of_text(text), text, err);
    } else if (duckdb_execute_pending(pending, result) != DuckDBSuccess) {
        rc = fc_duck_error(duckdb_result_error_type(result), duckdb_result_error(result), err);
    }
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&statement);
    return rc;
}

static fc_rc query(duckdb_connection connection, struct fc_turns *turns, const char *sql,
                   const char *path, struct fc_duck_result **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_duck_result_freep) struct fc_duck_result *result = calloc(1, sizeof *result);

    if (!result)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query");
    result->turns = turns;
    fc_turns_take(result->turns);
    fc_rc rc = start(connection, sql, path, &result->result, err);
    if (rc != FC_OK)
        return rc;
    result->column_count = duckdb_column_count(&result->result);
    result->readers = calloc(result->column_count + 1, sizeof *result->readers);
    if (!result->readers)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query");
    for (size_t i = 0; i < result->column_count; i++) {
        duckdb_logical_type type = duckdb_column_logical_type(&result->result, i);
        result->readers[i] = fc_duck_reader_new(type);
        duckdb_destroy_logical_type(&type);
        if (!result->readers[i])
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query");
    }
    *ret = fc_steal(result);
    return FC_OK;
}

fc_rc fc_duck_query(struct fc_duck *duck, const char *sql, const char *path,
                    struct fc_duck_result **ret, struct fc_error *err)
{
    return query(duck->connection, duck->turns, sql, path, ret, err);
}

fc_rc fc_duck_query_second(struct fc_duck *duck, const char *sql, const char *path,
                           struct fc_duck_result **ret, struct fc_error *err)
{
    fc_rc rc = query(duck->second, NULL, sql, path, ret, err);

    if (rc == FC_OK)
        (*ret)->first = duckdb_stream_fetch_chunk((*ret)->result);
    return rc;
}

void fc_duck_result_free(struct fc_duck_result *result)
{
    if (!result)
        return;
    for (size_t i = 0; result->readers && i < result->column_count; i++)
        fc_duck_reader_free(result->readers[i]);
    free(result->readers);
    duckdb_destroy_data_chunk(&result->chunk);
    duckdb_destroy_data_chunk(&result->first);
    fc_duck_ahead_stop(result->ahead);
    duckdb_destroy_result(&result->result);
    fc_turns_give(result->turns);
    free(result);
}

void fc_duck_read_ahead(struct fc_duck_result *result)
{
    if (!result->ahead)
        result->ahead = fc_duck_ahead_start(&result->result);
}

size_t fc_duck_column_count(const struct fc_duck_result *result)
{
    return result->column_count;
}

struct fc_column_type fc_duck_column_type(const struct fc_duck_result *result, size_t column)
{
    return result->readers[column]->type;
}

static fc_rc read_chunk(struct fc_duck_result *result, size_t rows, struct fc_arena *arena,
                        const struct fc_cell *const **ret_cells, struct fc_error *err)
{
    const struct fc_cell **columns =
        fc_arena_calloc(arena, result->column_count + 1, sizeof *columns);

    for (size_t i = 0; columns && i < result->column_count; i++) {
        struct fc_cell *cells = fc_arena_alloc(arena, rows * sizeof *cells);
        if (!cells ||
            !fc_duck_reader_read(result->readers[i], duckdb_data_chunk_get_vector(result->chunk, i),
                                 0, rows, cells, arena))
            columns = NULL;
        else
            columns[i] = cells;
    }
    if (!columns)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%zu rows need more memory than they may have",
                       rows);
    *ret_cells = columns;
    return FC_OK;
}

static duckdb_data_chunk next_chunk(struct fc_duck_result *result)
{
    duckdb_data_chunk first = result->first;

    result->first = NULL;
    if (first)
        return first;
    return result->ahead ? fc_duck_ahead_next(result->ahead)
                         : duckdb_stream_fetch_chunk(result->result);
}

fc_rc fc_duck_next(struct fc_duck_result *result, struct fc_arena *arena,
                   const struct fc_cell *const **ret_cells, size_t *ret_rows, struct fc_error *err)
{
    size_t rows = 0;

    do {
        duckdb_destroy_data_chunk(&result->chunk);
        result->chunk = next_chunk(result);
        if (!result->chunk) {
            const char *text = duckdb_result_error(&result->result);
            if (text)
                return fc_duck_error(duckdb_result_error_type(&result->result), text, err);
            *ret_rows = 0;
            return FC_OK;
        }
        rows = duckdb_data_chunk_get_size(result->chunk);
    } while (rows == 0);
    fc_rc rc = read_chunk(result, rows, arena, ret_cells, err);
    if (rc == FC_OK)
        *ret_rows = rows;
    return rc;
}

void fc_duck_quote(struct fc_buf *sql, const char *text)
{
    fc_buf_putc(sql, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            fc_buf_putc(sql, '\'');
        fc_buf_putc(sql, *text);
    }
    fc_buf_putc(sql, '\'');
}

void fc_duck_put_pattern(struct fc_buf *out, const char *path)
{
    for (; *path; path++)
        if (*path == '*' || *path == '?' || *path == '[')
            fc_buf_printf(out, "[%c]", *path);
        else
            fc_buf_putc(out, *path);
}
