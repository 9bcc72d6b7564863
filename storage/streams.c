/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/streams.h"

#include "storage/internal.h"

static uint64_t position_sum(const struct fc_stream_position *row)
{
    const fc_str strings[] = {row->project, row->table_name, row->source, row->store,
                              row->positions};
    uint64_t sum = fc_sum_numbers(FC_SUM_STREAM_POSITION, &row->updated_ns, 1);

    for (size_t i = 0; i < FC_ARRAY_LEN(strings); i++)
        sum = fc_sum_bytes(sum, strings[i]);
    return sum;
}

/* Columns: project, table_name, source, store, updated_ns, checksum, positions. */
static fc_rc read_position(const struct fc_query *query, struct fc_stream_position *ret,
                           struct fc_error *err)
{
    *ret = (struct fc_stream_position){.project = fc_column_str(query, 0),
                                       .table_name = fc_column_str(query, 1),
                                       .source = fc_column_str(query, 2),
                                       .store = fc_column_str(query, 3),
                                       .updated_ns = fc_column_int(query, 4),
                                       .positions = fc_column_str(query, 6)};
    return fc_sum_check((uint64_t)fc_column_int(query, 5), position_sum(ret), err,
                        "positions of the stream of feature table %.*s in project %.*s",
                        FC_STR_ARG(ret->table_name), FC_STR_ARG(ret->project));
}

fc_rc fc_stream_position_put(struct fc_txn *txn, const struct fc_stream_position *row,
                             struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_stream_position stamped = *row;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_STREAM_POSITION_PUT, &query, err);

    if (rc != FC_OK)
        return rc;
    stamped.updated_ns = fc_txn_now_ns(txn);
    fc_bind_text(&query, 1, row->project);
    fc_bind_text(&query, 2, row->table_name);
    fc_bind_text(&query, 3, row->source);
    fc_bind_text(&query, 4, row->store);
    fc_bind_int(&query, 5, stamped.updated_ns);
    fc_bind_int(&query, 6, (int64_t)position_sum(&stamped));
    fc_bind_blob(&query, 7, row->positions);
    return fc_query_run(&query, err);
}

static fc_rc keep_all(struct fc_arena *arena, fc_str *const *strings, size_t count,
                      struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; i < count && rc == FC_OK; i++)
        rc = fc_str_keep(arena, strings[i], err);
    return rc;
}

fc_rc fc_stream_position_find(struct fc_reader *reader, const struct fc_stream_position *key,
                              struct fc_arena *arena, struct fc_stream_position *ret,
                              struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_stream_position row = {.updated_ns = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_STREAM_POSITION_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, key->project);
    fc_bind_text(&query, 2, key->table_name);
    fc_bind_text(&query, 3, key->source);
    fc_bind_text(&query, 4, key->store);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_position(&query, &row, err);
    if (rc == FC_OK && found) {
        fc_str *const strings[] = {&row.project, &row.table_name, &row.source, &row.store,
                                   &row.positions};
        rc = keep_all(arena, strings, FC_ARRAY_LEN(strings), err);
    }
    if (rc == FC_OK)
        *ret = row;
    return rc;
}

static uint64_t halt_sum(const struct fc_stream_halt *row)
{
    uint64_t sum = fc_sum_numbers(FC_SUM_STREAM_HALT, &row->at_ns, 1);

    sum = fc_sum_bytes(sum, row->project);
    sum = fc_sum_bytes(sum, row->table_name);
    return fc_sum_bytes(sum, row->hash);
}

/* Columns: project, table_name, hash, at_ns, checksum. */
static fc_rc read_halt(const struct fc_query *query, struct fc_stream_halt *ret,
                       struct fc_error *err)
{
    *ret = (struct fc_stream_halt){.project = fc_column_str(query, 0),
                                   .table_name = fc_column_str(query, 1),
                                   .hash = fc_column_str(query, 2),
                                   .at_ns = fc_column_int(query, 3)};
    return fc_sum_check((uint64_t)fc_column_int(query, 4), halt_sum(ret), err,
                        "cancelled stream of feature table %.*s in project %.*s",
                        FC_STR_ARG(ret->table_name), FC_STR_ARG(ret->project));
}

static fc_rc keep_halt(struct fc_arena *arena, struct fc_stream_halt *row, struct fc_error *err)
{
    fc_str *const strings[] = {&row->project, &row->table_name, &row->hash};

    return keep_all(arena, strings, FC_ARRAY_LEN(strings), err);
}

fc_rc fc_stream_halt_put(struct fc_txn *txn, const struct fc_stream_halt *row, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_stream_halt stamped = *row;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_STREAM_HALT_PUT, &query, err);

    if (rc != FC_OK)
        return rc;
    stamped.at_ns = fc_txn_now_ns(txn);
    fc_bind_text(&query, 1, row->project);
    fc_bind_text(&query, 2, row->table_name);
    fc_bind_text(&query, 3, row->hash);
    fc_bind_int(&query, 4, stamped.at_ns);
    fc_bind_int(&query, 5, (int64_t)halt_sum(&stamped));
    return fc_query_run(&query, err);
}

fc_rc fc_stream_halt_remove(struct fc_txn *txn, fc_str project, fc_str table_name,
                            struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_STREAM_HALT_REMOVE, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, project);
    fc_bind_text(&query, 2, table_name);
    return fc_query_run(&query, err);
}

fc_rc fc_stream_halt_find(struct fc_reader *reader, fc_str project, fc_str table_name,
                          struct fc_arena *arena, struct fc_stream_halt *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_stream_halt row = {.at_ns = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_STREAM_HALT_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, project);
    fc_bind_text(&query, 2, table_name);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_halt(&query, &row, err);
    if (rc == FC_OK && found)
        rc = keep_halt(arena, &row, err);
    if (rc == FC_OK)
        *ret = row;
    return rc;
}

fc_rc fc_stream_halt_list(struct fc_reader *reader, struct fc_arena *arena,
                          struct fc_stream_halt **ret_rows, size_t *ret_count, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array rows = {.size = sizeof(struct fc_stream_halt)};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_STREAM_HALT_ALL, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        struct fc_stream_halt row;
        rc = read_halt(&query, &row, err);
        if (rc == FC_OK)
            rc = keep_halt(arena, &row, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &rows, &row, err);
    }
    if (rc == FC_OK) {
        *ret_rows = rows.items;
        *ret_count = rows.count;
    }
    return rc;
}

static fc_rc verify_positions(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_stream_position row;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_STREAM_POSITION_ALL, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found)
        rc = read_position(&query, &row, err);
    return rc;
}

fc_rc fc_verify_streams(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_stream_halt row;
    bool found = false;

    fc_rc rc = verify_positions(reader, err);
    if (rc == FC_OK)
        rc = fc_query_begin(reader->db, FC_SQL_STREAM_HALT_ALL, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found)
        rc = read_halt(&query, &row, err);
    return rc;
}
