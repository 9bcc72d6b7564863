/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

static const size_t table_strings[] = {
    offsetof(struct fc_table_row, project), offsetof(struct fc_table_row, name),
    offsetof(struct fc_table_row, hash),    offsetof(struct fc_table_row, mode),
    offsetof(struct fc_table_row, spec),    offsetof(struct fc_table_row, reply),
};
static const struct fc_row_kind table_kind = {
    .size = sizeof(struct fc_table_row),
    .strings = table_strings,
    .string_count = FC_ARRAY_LEN(table_strings),
};

static uint64_t table_sum(int64_t project_id, const struct fc_table_row *row)
{
    const int64_t numbers[] = {project_id,     row->deleted, row->revision, row->created_s,
                               row->updated_s, row->verdict, row->report_id};
    uint64_t sum = fc_sum_numbers(FC_SUM_TABLE, numbers, FC_ARRAY_LEN(numbers));
    sum = fc_sum_bytes(sum, row->name);
    sum = fc_sum_bytes(sum, row->hash);
    sum = fc_sum_bytes(sum, row->mode);
    sum = fc_sum_bytes(sum, row->spec);
    return fc_sum_bytes(sum, row->reply);
}

/* Columns: id, project_id, project, name, deleted, revision, created_s, updated_s, hash, verdict, mode, report_id,
 * checksum, spec, reply. */
static fc_rc read_row(const struct fc_query *query, struct fc_table_row *ret, struct fc_error *err)
{
    *ret = (struct fc_table_row){
        .id = fc_column_int(query, 0),
        .project = fc_column_str(query, 2),
        .name = fc_column_str(query, 3),
        .deleted = fc_column_int(query, 4) != 0,
        .revision = fc_column_int(query, 5),
        .created_s = fc_column_int(query, 6),
        .updated_s = fc_column_int(query, 7),
        .hash = fc_column_str(query, 8),
        .verdict = (int32_t)fc_column_int(query, 9),
        .mode = fc_column_str(query, 10),
        .report_id = fc_column_int(query, 11),
        .spec = fc_column_str(query, 13),
        .reply = fc_column_str(query, 14),
    };
    return fc_sum_check((uint64_t)fc_column_int(query, 12), table_sum(fc_column_int(query, 1), ret),
                        err, "feature table %.*s of project %.*s (row %lld)", FC_STR_ARG(ret->name),
                        FC_STR_ARG(ret->project), (long long)ret->id);
}

static fc_rc find(struct fc_reader *reader, fc_str project, fc_str name, struct fc_arena *arena,
                  void *ret, bool *ret_found, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_table_row row = {.id = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_TABLE_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, project);
    fc_bind_text(&query, 2, name);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_row(&query, &row, err);
    if (rc == FC_OK && found)
        rc = fc_row_keep(&table_kind, arena, &row, err);
    if (rc == FC_OK) {
        *(struct fc_table_row *)ret = row;
        *ret_found = found;
    }
    return rc;
}

fc_rc fc_table_find(struct fc_reader *reader, fc_str project, fc_str name, struct fc_arena *arena,
                    struct fc_table_row *ret, struct fc_error *err)
{
    return fc_row_find(reader, &table_kind, find, project, name, arena, ret, err);
}

static fc_rc walk(struct fc_query *query, fc_table_fn fn, void *ctx, struct fc_error *err)
{
    bool found = false;
    fc_rc rc;

    while ((rc = fc_query_step(query, &found, err)) == FC_OK && found) {
        struct fc_table_row row;
        rc = read_row(query, &row, err);
        if (rc == FC_OK)
            rc = fn(ctx, &row, err);
        if (rc != FC_OK)
            return rc;
    }
    return rc;
}

fc_rc fc_table_each(struct fc_reader *reader, fc_str project, bool with_deleted, fc_table_fn fn,
                    void *ctx, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    fc_rc rc = fc_query_begin(
        reader->db, project.len > 0 ? FC_SQL_TABLE_LIST : FC_SQL_TABLE_LIST_ALL, &query, err);
    if (rc != FC_OK)
        return rc;
    if (project.len > 0) {
        fc_bind_text(&query, 1, project);
        fc_bind_int(&query, 2, with_deleted);
    } else {
        fc_bind_int(&query, 1, with_deleted);
    }
    return walk(&query, fn, ctx, err);
}

fc_rc fc_table_each_after(struct fc_reader *reader, struct fc_list_after after, bool all_projects,
                          fc_table_fn fn, void *ctx, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    fc_rc rc = fc_query_begin(reader->db, all_projects ? FC_SQL_TABLE_PAGE_ALL : FC_SQL_TABLE_PAGE,
                              &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, after.project);
    fc_bind_text(&query, 2, after.name);
    return walk(&query, fn, ctx, err);
}

static void bind_row(struct fc_query *query, int64_t project_id, const struct fc_table_row *row)
{
    fc_bind_int(query, 1, project_id);
    fc_bind_text(query, 2, row->name);
    fc_bind_int(query, 3, row->deleted);
    fc_bind_int(query, 4, row->revision);
    fc_bind_int(query, 5, row->created_s);
    fc_bind_int(query, 6, row->updated_s);
    fc_bind_text(query, 7, row->hash);
    fc_bind_int(query, 8, row->verdict);
    fc_bind_text(query, 9, row->mode);
    fc_bind_int(query, 10, row->report_id);
    fc_bind_int(query, 11, (int64_t)table_sum(project_id, row));
    fc_bind_blob(query, 12, row->spec);
    fc_bind_blob(query, 13, row->reply);
}

fc_rc fc_table_put(struct fc_txn *txn, int64_t project_id, struct fc_table_row *row,
                   struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_db *db = txn->reader.db;
    bool insert = row->id == 0;

    if (insert && row->revision != 0) {
        return fc_fail(err, FC_REASON_INTERNAL,
                       "feature table %.*s would begin with revision %lld instead of 0",
                       FC_STR_ARG(row->name), (long long)row->revision);
    }
    fc_rc rc = fc_query_begin(db, insert ? FC_SQL_TABLE_INSERT : FC_SQL_TABLE_UPDATE, &query, err);
    if (rc != FC_OK)
        return rc;
    bind_row(&query, project_id, row);
    if (!insert)
        fc_bind_int(&query, 14, row->id);
    rc = fc_query_run(&query, err);
    if (rc != FC_OK)
        return rc;
    if (!insert && sqlite3_changes(db->handle) != 1) {
        return fc_fail(err, FC_REASON_INTERNAL,
                       "feature table %.*s (row %lld of project row %lld) has no revision %lld",
                       FC_STR_ARG(row->name), (long long)row->id, (long long)project_id,
                       (long long)row->revision - 1);
    }
    int64_t id = insert ? sqlite3_last_insert_rowid(db->handle) : row->id;
    rc = fc_history_put(txn, FC_OBJECT_TABLE, id, row->revision, row->deleted, row->spec, err);
    if (rc == FC_OK)
        row->id = id;
    return rc;
}

static fc_rc write_verdict(struct fc_txn *txn, int64_t project_id, const struct fc_table_row *row,
                           struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_TABLE_SET_VERDICT, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, row->id);
    fc_bind_int(&query, 2, row->verdict);
    fc_bind_text(&query, 3, row->mode);
    fc_bind_int(&query, 4, row->report_id);
    fc_bind_int(&query, 5, (int64_t)table_sum(project_id, row));
    rc = fc_query_run(&query, err);
    return rc != FC_OK ? rc
                       : fc_outbox_put(txn, FC_OBJECT_TABLE, row->id, row->revision,
                                       FC_CHANGE_VERDICT, err);
}

fc_rc fc_table_set_verdict(struct fc_txn *txn, int64_t table_id, int32_t verdict, fc_str mode,
                           int64_t report_id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_table_row row;
    bool found = false;

    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_TABLE_GET, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, table_id);
    rc = fc_query_step(&query, &found, err);
    if (rc != FC_OK)
        return rc;
    if (!found) {
        return fc_fail(err, FC_REASON_TABLE_NOT_FOUND,
                       "there is no feature table with the row id %lld", (long long)table_id);
    }
    rc = read_row(&query, &row, err);
    if (rc != FC_OK)
        return rc;
    row.verdict = verdict;
    row.mode = mode;
    row.report_id = report_id;
    return write_verdict(txn, fc_column_int(&query, 1), &row, err);
}
