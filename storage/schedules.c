/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/schedules.h"

#include "storage/internal.h"

static uint64_t schedule_sum(const struct fc_schedule_row *row)
{
    const int64_t numbers[] = {row->deleted,    row->revision,   row->timespan_days,
                               row->created_ns, row->updated_ns, row->next_ns,
                               row->last_ns,    row->passed_over};
    const fc_str strings[] = {row->project,  row->table_name, row->cron,
                              row->last_job, row->reason,     row->message};
    uint64_t sum = fc_sum_numbers(FC_SUM_SCHEDULE, numbers, FC_ARRAY_LEN(numbers));

    for (size_t i = 0; i < FC_ARRAY_LEN(strings); i++)
        sum = fc_sum_bytes(sum, strings[i]);
    return sum;
}

/* Columns: id, project, table_name, deleted, revision, cron, timespan_days, created_ns, updated_ns, next_ns, last_ns,
 * last_job, passed_over, reason, message, checksum. */
static fc_rc read_row(const struct fc_query *query, struct fc_schedule_row *ret,
                      struct fc_error *err)
{
    *ret = (struct fc_schedule_row){
        .id = fc_column_int(query, 0),
        .project = fc_column_str(query, 1),
        .table_name = fc_column_str(query, 2),
        .deleted = fc_column_int(query, 3) != 0,
        .revision = fc_column_int(query, 4),
        .cron = fc_column_str(query, 5),
        .timespan_days = (int32_t)fc_column_int(query, 6),
        .created_ns = fc_column_int(query, 7),
        .updated_ns = fc_column_int(query, 8),
        .next_ns = fc_column_int(query, 9),
        .last_ns = fc_column_int(query, 10),
        .last_job = fc_column_str(query, 11),
        .passed_over = fc_column_int(query, 12),
        .reason = fc_column_str(query, 13),
        .message = fc_column_str(query, 14),
    };
    return fc_sum_check((uint64_t)fc_column_int(query, 15), schedule_sum(ret), err,
                        "schedule of feature table %.*s/%.*s", FC_STR_ARG(ret->project),
                        FC_STR_ARG(ret->table_name));
}

static fc_rc keep_strings(struct fc_arena *arena, struct fc_schedule_row *row, struct fc_error *err)
{
    fc_str *strings[] = {&row->project,  &row->table_name, &row->cron,
                         &row->last_job, &row->reason,     &row->message};
    fc_rc rc = FC_OK;

    for (size_t i = 0; i < FC_ARRAY_LEN(strings) && rc == FC_OK; i++)
        rc = fc_str_keep(arena, strings[i], err);
    return rc;
}

static fc_rc write_row(struct fc_db *db, enum fc_sql sql, const struct fc_schedule_row *row,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(db, sql, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, row->project);
    fc_bind_text(&query, 2, row->table_name);
    fc_bind_int(&query, 3, row->deleted);
    fc_bind_int(&query, 4, row->revision);
    fc_bind_text(&query, 5, row->cron);
    fc_bind_int(&query, 6, row->timespan_days);
    fc_bind_int(&query, 7, row->created_ns);
    fc_bind_int(&query, 8, row->updated_ns);
    fc_bind_int(&query, 9, row->next_ns);
    fc_bind_int(&query, 10, row->last_ns);
    fc_bind_text(&query, 11, row->last_job);
    fc_bind_int(&query, 12, row->passed_over);
    fc_bind_text(&query, 13, row->reason);
    fc_bind_text(&query, 14, row->message);
    fc_bind_int(&query, 15, (int64_t)schedule_sum(row));
    if (sql != FC_SQL_SCHEDULE_INSERT)
        fc_bind_int(&query, 16, row->id);
    if (sql == FC_SQL_SCHEDULE_UPDATE)
        fc_bind_int(&query, 17, row->revision);
    return fc_query_run(&query, err);
}

fc_rc fc_schedule_put(struct fc_txn *txn, struct fc_schedule_row *row, struct fc_error *err)
{
    struct fc_db *db = txn->reader.db;
    bool made = row->id == 0;
    fc_rc rc = write_row(db, made ? FC_SQL_SCHEDULE_INSERT : FC_SQL_SCHEDULE_REPLACE, row, err);

    if (rc != FC_OK)
        return rc;
    if (made)
        row->id = sqlite3_last_insert_rowid(db->handle);
    return fc_outbox_put(txn, FC_OBJECT_SCHEDULE, row->id, row->revision,
                         row->deleted ? FC_CHANGE_DELETED : FC_CHANGE_PUT, err);
}

fc_rc fc_schedule_update(struct fc_txn *txn, const struct fc_schedule_row *row,
                         struct fc_error *err)
{
    struct fc_db *db = txn->reader.db;
    fc_rc rc = write_row(db, FC_SQL_SCHEDULE_UPDATE, row, err);

    if (rc == FC_OK && sqlite3_changes(db->handle) != 1) {
        return fc_fail(err, FC_REASON_CANCELLED,
                       "the schedule of feature table %.*s/%.*s was changed meanwhile",
                       FC_STR_ARG(row->project), FC_STR_ARG(row->table_name));
    }
    return rc;
}

fc_rc fc_schedule_remove(struct fc_txn *txn, fc_str project, fc_str table_name,
                         struct fc_arena *arena, bool *ret_removed, struct fc_error *err)
{
    struct fc_schedule_row row;
    fc_rc rc = fc_schedule_find(fc_txn_reader(txn), project, table_name, arena, &row, err);

    if (rc != FC_OK)
        return rc;
    *ret_removed = row.id != 0 && !row.deleted;
    if (!*ret_removed)
        return FC_OK;
    row.deleted = true;
    row.revision++;
    row.updated_ns = fc_txn_now_ns(txn);
    return fc_schedule_put(txn, &row, err);
}

/* The one row of a query, or none. */
static fc_rc read_one(struct fc_query *query, struct fc_arena *arena, struct fc_schedule_row *ret,
                      struct fc_error *err)
{
    struct fc_schedule_row row = {.id = 0};
    bool found = false;
    fc_rc rc = fc_query_step(query, &found, err);

    if (rc == FC_OK && found)
        rc = read_row(query, &row, err);
    if (rc == FC_OK && found)
        rc = keep_strings(arena, &row, err);
    if (rc == FC_OK)
        *ret = row;
    return rc;
}

fc_rc fc_schedule_find(struct fc_reader *reader, fc_str project, fc_str table_name,
                       struct fc_arena *arena, struct fc_schedule_row *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_FIND, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, project);
    fc_bind_text(&query, 2, table_name);
    return read_one(&query, arena, ret, err);
}

fc_rc fc_schedule_get(struct fc_reader *reader, int64_t id, struct fc_arena *arena,
                      struct fc_schedule_row *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_GET, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, id);
    return read_one(&query, arena, ret, err);
}

static fc_rc read_rows(struct fc_query *query, struct fc_arena *arena,
                       struct fc_schedule_row **ret_rows, size_t *ret_count, struct fc_error *err)
{
    struct fc_array rows = {.size = sizeof(struct fc_schedule_row)};
    bool found = false;
    fc_rc rc = FC_OK;

    while (rc == FC_OK && (rc = fc_query_step(query, &found, err)) == FC_OK && found) {
        struct fc_schedule_row row;
        rc = read_row(query, &row, err);
        if (rc == FC_OK)
            rc = keep_strings(arena, &row, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &rows, &row, err);
    }
    if (rc == FC_OK) {
        *ret_rows = rows.items;
        *ret_count = rows.count;
    }
    return rc;
}

fc_rc fc_schedule_list(struct fc_reader *reader, const struct fc_schedule_filter *filter,
                       struct fc_arena *arena, struct fc_schedule_row **ret_rows, size_t *ret_count,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_LIST, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, filter->project);
    fc_bind_text(&query, 2, filter->table_name);
    return read_rows(&query, arena, ret_rows, ret_count, err);
}

fc_rc fc_schedule_due(struct fc_reader *reader, int64_t now_ns, size_t limit,
                      struct fc_arena *arena, struct fc_schedule_row **ret_rows, size_t *ret_count,
                      struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_DUE, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, now_ns);
    fc_bind_int(&query, 2, (int64_t)limit);
    return read_rows(&query, arena, ret_rows, ret_count, err);
}

/* A statement with one row of one number. */
static fc_rc read_number(struct fc_query *query, int64_t otherwise, int64_t *ret,
                         struct fc_error *err)
{
    bool found = false;
    fc_rc rc = fc_query_step(query, &found, err);

    if (rc == FC_OK)
        *ret = found ? fc_column_int(query, 0) : otherwise;
    return rc;
}

fc_rc fc_schedule_first(struct fc_reader *reader, int64_t after_ns, int64_t *ret_ns,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_FIRST, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, after_ns);
    return read_number(&query, INT64_MAX, ret_ns, err);
}

fc_rc fc_schedule_count(struct fc_reader *reader, int64_t *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_COUNT, &query, err);

    return rc == FC_OK ? read_number(&query, 0, ret, err) : rc;
}

fc_rc fc_verify_schedules(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_schedule_row row;
    bool found = false;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_SCHEDULE_ALL, &query, err);

    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found)
        rc = read_row(&query, &row, err);
    return rc;
}
