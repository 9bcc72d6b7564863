/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

static uint64_t report_sum(int64_t table_id, int64_t verdict, int64_t at_ns, fc_str body)
{
    const int64_t numbers[] = {table_id, verdict, at_ns};
    return fc_sum_bytes(fc_sum_numbers(FC_SUM_REPORT, numbers, FC_ARRAY_LEN(numbers)), body);
}

/* Makes room for one more. The report that the table's row names stays until the row names another. */
static fc_rc prune(struct fc_txn *txn, int64_t table_id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_REPORT_PRUNE, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, table_id);
    fc_bind_int(&query, 2, FC_REPORTS_KEPT - 1);
    return fc_query_run(&query, err);
}

fc_rc fc_report_insert(struct fc_txn *txn, int64_t table_id, int32_t verdict, fc_str body,
                       int64_t *ret_id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_db *db = txn->reader.db;

    fc_rc rc = prune(txn, table_id, err);
    if (rc == FC_OK)
        rc = fc_query_begin(db, FC_SQL_REPORT_INSERT, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, table_id);
    fc_bind_int(&query, 2, verdict);
    fc_bind_int(&query, 3, txn->now_ns);
    fc_bind_int(&query, 4, (int64_t)report_sum(table_id, verdict, txn->now_ns, body));
    fc_bind_blob(&query, 5, body);
    rc = fc_query_run(&query, err);
    if (rc == FC_OK)
        *ret_id = sqlite3_last_insert_rowid(db->handle);
    return rc;
}

/* Columns: table_id, verdict, at_ns, checksum, body. */
static fc_rc read_report(const struct fc_query *query, int64_t id, fc_str *ret_body,
                         struct fc_error *err)
{
    fc_str body = fc_column_str(query, 4);
    uint64_t sum =
        report_sum(fc_column_int(query, 0), fc_column_int(query, 1), fc_column_int(query, 2), body);
    *ret_body = body;
    return fc_sum_check((uint64_t)fc_column_int(query, 3), sum, err,
                        "validation report %lld (of feature table row %lld)", (long long)id,
                        (long long)fc_column_int(query, 0));
}

fc_rc fc_report_find(struct fc_reader *reader, int64_t report_id, struct fc_arena *arena,
                     fc_str *ret_body, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_str body = {.len = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_REPORT_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, report_id);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_report(&query, report_id, &body, err);
    if (rc == FC_OK && found)
        rc = fc_str_keep(arena, &body, err);
    if (rc == FC_OK)
        *ret_body = body;
    return rc;
}

fc_rc fc_report_remove(struct fc_txn *txn, int64_t report_id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_REPORT_REMOVE, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, report_id);
    return fc_query_run(&query, err);
}

fc_rc fc_report_list(struct fc_reader *reader, int64_t table_id, int64_t below, size_t limit,
                     struct fc_arena *arena, struct fc_report_row **ret_rows, size_t *ret_count,
                     struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array rows = {.size = sizeof(struct fc_report_row)};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_REPORT_LIST, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, table_id);
    fc_bind_int(&query, 2, below);
    fc_bind_int(&query, 3, (int64_t)limit);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        struct fc_report_row row = {.id = fc_column_int(&query, 5)};
        rc = read_report(&query, row.id, &row.body, err);
        if (rc == FC_OK)
            rc = fc_str_keep(arena, &row.body, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &rows, &row, err);
    }
    if (rc == FC_OK) {
        *ret_rows = rows.items;
        *ret_count = rows.count;
    }
    return rc;
}

fc_rc fc_verify_reports(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_str body;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_REPORT_ALL, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found)
        rc = read_report(&query, fc_column_int(&query, 5), &body, err);
    return rc;
}
