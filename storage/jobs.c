/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/jobs.h"

#include "storage/internal.h"

static const char *state_name(enum fc_job_state state)
{
    static const char *const names[] = {
        [FC_JOB_PENDING] = "PENDING", [FC_JOB_RUNNING] = "RUNNING",     [FC_JOB_DONE] = "DONE",
        [FC_JOB_ERROR] = "ERROR",     [FC_JOB_CANCELLED] = "CANCELLED",
    };
    return state >= FC_JOB_PENDING && state <= FC_JOB_CANCELLED ? names[state] : "unknown";
}

bool fc_job_transition_allowed(enum fc_job_state from, enum fc_job_state to)
{
    /* One bit a target state. */
#define TO(state) (1u << (state))
    static const unsigned allowed[] = {
        [FC_JOB_PENDING] = TO(FC_JOB_RUNNING) | TO(FC_JOB_ERROR) | TO(FC_JOB_CANCELLED),
        [FC_JOB_RUNNING] =
            TO(FC_JOB_DONE) | TO(FC_JOB_ERROR) | TO(FC_JOB_PENDING) | TO(FC_JOB_CANCELLED),
        [FC_JOB_DONE] = 0,
        [FC_JOB_ERROR] = 0,
        [FC_JOB_CANCELLED] = 0,
    };
    return from >= FC_JOB_PENDING && from <= FC_JOB_CANCELLED && to >= FC_JOB_PENDING &&
           to <= FC_JOB_CANCELLED && (allowed[from] & TO(to)) != 0;
#undef TO
}

static uint64_t job_sum(const struct fc_job_row *row)
{
    const int64_t numbers[] = {row->type,     row->state,       row->created_ns, row->started_ns,
                               row->ended_ns, row->next_try_ns, row->attempts};
    const fc_str strings[] = {
        row->id,       row->project, row->table_name, row->hash,          row->order,
        row->progress, row->receipt, row->reason,     row->error_message, row->log_uri};
    uint64_t sum = fc_sum_numbers(FC_SUM_JOB, numbers, FC_ARRAY_LEN(numbers));
    for (size_t i = 0; i < FC_ARRAY_LEN(strings); i++)
        sum = fc_sum_bytes(sum, strings[i]);
    return sum;
}

/* Columns: id, type, state, project, table_name, hash, created_ns, started_ns, ended_ns, next_try_ns, attempts,
 * reason, error_message, log_uri, checksum, work_order, progress, receipt. */
static fc_rc read_row(const struct fc_query *query, struct fc_job_row *ret, struct fc_error *err)
{
    *ret = (struct fc_job_row){
        .id = fc_column_str(query, 0),
        .type = (enum fc_job_type)fc_column_int(query, 1),
        .state = (enum fc_job_state)fc_column_int(query, 2),
        .project = fc_column_str(query, 3),
        .table_name = fc_column_str(query, 4),
        .hash = fc_column_str(query, 5),
        .created_ns = fc_column_int(query, 6),
        .started_ns = fc_column_int(query, 7),
        .ended_ns = fc_column_int(query, 8),
        .next_try_ns = fc_column_int(query, 9),
        .attempts = (int32_t)fc_column_int(query, 10),
        .reason = fc_column_str(query, 11),
        .error_message = fc_column_str(query, 12),
        .log_uri = fc_column_str(query, 13),
        .order = fc_column_str(query, 15),
        .progress = fc_column_str(query, 16),
        .receipt = fc_column_str(query, 17),
    };
    return fc_sum_check((uint64_t)fc_column_int(query, 14), job_sum(ret), err, "job %.*s",
                        FC_STR_ARG(ret->id));
}

static fc_rc keep_strings(struct fc_arena *arena, struct fc_job_row *row, struct fc_error *err)
{
    fc_str *strings[] = {
        &row->id,       &row->project, &row->table_name, &row->hash,          &row->order,
        &row->progress, &row->receipt, &row->reason,     &row->error_message, &row->log_uri};
    fc_rc rc = FC_OK;
    for (size_t i = 0; i < FC_ARRAY_LEN(strings) && rc == FC_OK; i++)
        rc = fc_str_keep(arena, strings[i], err);
    return rc;
}

static fc_rc write_row(struct fc_db *db, enum fc_sql sql, const struct fc_job_row *row,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(db, sql, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, row->id);
    fc_bind_int(&query, 2, row->type);
    fc_bind_int(&query, 3, row->state);
    fc_bind_text(&query, 4, row->project);
    fc_bind_text(&query, 5, row->table_name);
    fc_bind_text(&query, 6, row->hash);
    fc_bind_int(&query, 7, row->created_ns);
    fc_bind_int(&query, 8, row->started_ns);
    fc_bind_int(&query, 9, row->ended_ns);
    fc_bind_int(&query, 10, row->next_try_ns);
    fc_bind_int(&query, 11, row->attempts);
    fc_bind_text(&query, 12, row->reason);
    fc_bind_text(&query, 13, row->error_message);
    fc_bind_text(&query, 14, row->log_uri);
    fc_bind_int(&query, 15, (int64_t)job_sum(row));
    fc_bind_blob(&query, 16, row->order);
    fc_bind_blob(&query, 17, row->progress);
    fc_bind_blob(&query, 18, row->receipt);
    return fc_query_run(&query, err);
}

fc_rc fc_job_insert(struct fc_txn *txn, const struct fc_job_row *row, struct fc_error *err)
{
    if (row->state != FC_JOB_PENDING) {
        return fc_fail(err, FC_REASON_INTERNAL, "job %.*s would begin as %s instead of PENDING",
                       FC_STR_ARG(row->id), state_name(row->state));
    }
    return write_row(txn->reader.db, FC_SQL_JOB_INSERT, row, err);
}

/* `found` false: no such job. The strings of `ret` are those of the query. */
static fc_rc find(struct fc_query *query, struct fc_db *db, fc_str id, struct fc_job_row *ret,
                  bool *ret_found, struct fc_error *err)
{
    fc_rc rc = fc_query_begin(db, FC_SQL_JOB_FIND, query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(query, 1, id);
    rc = fc_query_step(query, ret_found, err);
    return rc == FC_OK && *ret_found ? read_row(query, ret, err) : rc;
}

fc_rc fc_job_update(struct fc_txn *txn, const struct fc_job_row *row, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_db *db = txn->reader.db;
    struct fc_job_row before = {.state = row->state};
    bool found = false;

    fc_rc rc = find(&query, db, row->id, &before, &found, err);
    fc_query_end(&query);
    if (rc != FC_OK)
        return rc;
    if (!found)
        return fc_fail(err, FC_REASON_JOB_NOT_FOUND, "there is no job %.*s", FC_STR_ARG(row->id));
    if (before.state != row->state && !fc_job_transition_allowed(before.state, row->state)) {
        return fc_fail(err, FC_REASON_INTERNAL, "job %.*s cannot go from %s to %s",
                       FC_STR_ARG(row->id), state_name(before.state), state_name(row->state));
    }
    rc = write_row(db, FC_SQL_JOB_UPDATE, row, err);
    if (rc == FC_OK && sqlite3_changes(db->handle) != 1) {
        return fc_fail(err, FC_REASON_INTERNAL, "job %.*s has another type or time of creation",
                       FC_STR_ARG(row->id));
    }
    return rc;
}

fc_rc fc_job_find(struct fc_reader *reader, fc_str id, struct fc_arena *arena,
                  struct fc_job_row *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_job_row row = {.type = 0};
    bool found = false;

    fc_rc rc = find(&query, reader->db, id, &row, &found, err);
    if (rc == FC_OK && found)
        rc = keep_strings(arena, &row, err);
    if (rc == FC_OK)
        *ret = row;
    return rc;
}

static enum fc_sql list_statement(const struct fc_job_filter *filter)
{
    if (!filter->with_terminated)
        return FC_SQL_JOB_LIST_ACTIVE;
    bool by_table = filter->project.len > 0 && filter->table_name.len > 0;
    return by_table ? FC_SQL_JOB_LIST_TABLE : FC_SQL_JOB_LIST_ALL;
}

/* The rows of a query that was begun. */
static fc_rc collect(struct fc_query *query, bool brief, struct fc_arena *arena,
                     struct fc_job_row **ret_rows, size_t *ret_count, struct fc_error *err)
{
    struct fc_array rows = {.size = sizeof(struct fc_job_row)};
    bool found = false;
    fc_rc rc = FC_OK;

    while (rc == FC_OK && (rc = fc_query_step(query, &found, err)) == FC_OK && found) {
        struct fc_job_row row;
        rc = read_row(query, &row, err);
        if (brief)
            row.order = row.progress = row.receipt = FC_STR("");
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

fc_rc fc_job_list(struct fc_reader *reader, const struct fc_job_filter *filter,
                  struct fc_arena *arena, struct fc_job_row **ret_rows, size_t *ret_count,
                  struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    fc_rc rc = fc_query_begin(reader->db, list_statement(filter), &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, filter->project);
    fc_bind_text(&query, 2, filter->table_name);
    return collect(&query, filter->brief, arena, ret_rows, ret_count, err);
}

fc_rc fc_stream_job_last(struct fc_reader *reader, fc_str project, fc_str table_name, size_t limit,
                         struct fc_arena *arena, struct fc_job_row **ret_rows, size_t *ret_count,
                         struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(reader->db, FC_SQL_JOB_LIST_STREAM, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, project);
    fc_bind_text(&query, 2, table_name);
    fc_bind_int(&query, 3, (int64_t)limit);
    return collect(&query, true, arena, ret_rows, ret_count, err);
}

fc_rc fc_job_list_old(struct fc_reader *reader, int64_t before_ns, size_t limit,
                      struct fc_arena *arena, fc_str **ret_ids, size_t *ret_count,
                      struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array ids = {.size = sizeof(fc_str)};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_JOB_OLD, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, before_ns);
    fc_bind_int(&query, 2, FC_JOBS_KEPT - 1);
    fc_bind_int(&query, 3, (int64_t)limit);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        fc_str id = fc_column_str(&query, 0);
        rc = fc_str_keep(arena, &id, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &ids, &id, err);
    }
    if (rc == FC_OK) {
        *ret_ids = ids.items;
        *ret_count = ids.count;
    }
    return rc;
}

fc_rc fc_job_remove(struct fc_txn *txn, fc_str id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_JOB_REMOVE, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, id);
    return fc_query_run(&query, err);
}

fc_rc fc_verify_jobs(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_job_row row;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_JOB_LIST_ALL, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, FC_STR(""));
    fc_bind_text(&query, 2, FC_STR(""));
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found)
        rc = read_row(&query, &row, err);
    return rc;
}
