/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/recheck.h"

#include "storage/internal.h"

static uint64_t recheck_sum(const struct fc_recheck_row *row)
{
    const int64_t numbers[] = {row->table_id, row->next_ns, row->failures};
    return fc_sum_numbers(FC_SUM_RECHECK, numbers, FC_ARRAY_LEN(numbers));
}

/* Columns: table_id, next_ns, failures, checksum. */
static fc_rc read_row(const struct fc_query *query, struct fc_recheck_row *ret,
                      struct fc_error *err)
{
    *ret = (struct fc_recheck_row){.table_id = fc_column_int(query, 0),
                                   .next_ns = fc_column_int(query, 1),
                                   .failures = fc_column_int(query, 2)};
    return fc_sum_check((uint64_t)fc_column_int(query, 3), recheck_sum(ret), err,
                        "time of the next look at feature table row %lld",
                        (long long)ret->table_id);
}

fc_rc fc_recheck_put(struct fc_txn *txn, const struct fc_recheck_row *row, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_RECHECK_PUT, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, row->table_id);
    fc_bind_int(&query, 2, row->next_ns);
    fc_bind_int(&query, 3, row->failures);
    fc_bind_int(&query, 4, (int64_t)recheck_sum(row));
    return fc_query_run(&query, err);
}

fc_rc fc_recheck_remove(struct fc_txn *txn, int64_t table_id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_RECHECK_REMOVE, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, table_id);
    return fc_query_run(&query, err);
}

fc_rc fc_recheck_find(struct fc_reader *reader, int64_t table_id, struct fc_recheck_row *ret,
                      struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_recheck_row row = {.table_id = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_RECHECK_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, table_id);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_row(&query, &row, err);
    if (rc == FC_OK)
        *ret = row;
    return rc;
}

fc_rc fc_recheck_due(struct fc_reader *reader, int64_t now_ns, size_t limit, struct fc_arena *arena,
                     struct fc_recheck_row **ret_rows, size_t *ret_count, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array rows = {.size = sizeof(struct fc_recheck_row)};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_RECHECK_DUE, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, now_ns);
    fc_bind_int(&query, 2, (int64_t)limit);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        struct fc_recheck_row row;
        rc = read_row(&query, &row, err);
        row.project = fc_column_str(&query, 4);
        row.name = fc_column_str(&query, 5);
        if (rc == FC_OK)
            rc = fc_str_keep(arena, &row.project, err);
        if (rc == FC_OK)
            rc = fc_str_keep(arena, &row.name, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &rows, &row, err);
    }
    if (rc == FC_OK) {
        *ret_rows = rows.items;
        *ret_count = rows.count;
    }
    return rc;
}

fc_rc fc_recheck_first(struct fc_reader *reader, int64_t *ret_ns, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_RECHECK_FIRST, &query, err);
    if (rc == FC_OK)
        rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK)
        *ret_ns = found ? fc_column_int(&query, 0) : INT64_MAX;
    return rc;
}

fc_rc fc_recheck_missing(struct fc_reader *reader, int32_t from, int32_t to, size_t limit,
                         int64_t *ret_ids, size_t *ret_count, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    size_t count = 0;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_RECHECK_MISSING, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, from);
    fc_bind_int(&query, 2, to);
    fc_bind_int(&query, 3, (int64_t)limit);
    while ((rc = fc_query_step(&query, &found, err)) == FC_OK && found && count < limit)
        ret_ids[count++] = fc_column_int(&query, 0);
    if (rc == FC_OK)
        *ret_count = count;
    return rc;
}

fc_rc fc_verify_rechecks(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_recheck_row row;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_RECHECK_ALL, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found)
        rc = read_row(&query, &row, err);
    return rc;
}
