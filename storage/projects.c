/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

/* What the table has beyond the public row. */
struct stored {
    struct fc_project_row row;
    int64_t revision;
};

static uint64_t project_sum(const struct stored *stored)
{
    const int64_t numbers[] = {stored->row.archived, stored->revision};
    uint64_t sum = fc_sum_numbers(FC_SUM_PROJECT, numbers, FC_ARRAY_LEN(numbers));
    sum = fc_sum_bytes(sum, stored->row.name);
    /* Rows from before there was this column have a sum without it. */
    return stored->row.validation.len > 0 ? fc_sum_bytes(sum, stored->row.validation) : sum;
}

/* Columns: id, name, archived, revision, checksum, validation. */
static fc_rc read_row(const struct fc_query *query, struct stored *ret, struct fc_error *err)
{
    *ret = (struct stored){.row = {.id = fc_column_int(query, 0),
                                   .name = fc_column_str(query, 1),
                                   .archived = fc_column_int(query, 2) != 0,
                                   .validation = fc_column_str(query, 5)},
                           .revision = fc_column_int(query, 3)};
    return fc_sum_check((uint64_t)fc_column_int(query, 4), project_sum(ret), err,
                        "project %.*s (row %lld)", FC_STR_ARG(ret->row.name),
                        (long long)ret->row.id);
}

static fc_rc keep_strings(struct fc_arena *arena, struct fc_project_row *row, struct fc_error *err)
{
    fc_rc rc = fc_str_keep(arena, &row->name, err);

    return rc == FC_OK ? fc_str_keep(arena, &row->validation, err) : rc;
}

fc_rc fc_project_find(struct fc_reader *reader, fc_str name, struct fc_arena *arena,
                      struct fc_project_row *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct stored stored = {.revision = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_PROJECT_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, name);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_row(&query, &stored, err);
    if (rc == FC_OK && found)
        rc = keep_strings(arena, &stored.row, err);
    if (rc == FC_OK)
        *ret = stored.row;
    return rc;
}

fc_rc fc_project_list(struct fc_reader *reader, bool with_archived, struct fc_arena *arena,
                      struct fc_project_row **ret_rows, size_t *ret_count, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array rows = {.size = sizeof(struct fc_project_row)};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_PROJECT_LIST, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, with_archived);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        struct stored stored;
        rc = read_row(&query, &stored, err);
        if (rc == FC_OK)
            rc = keep_strings(arena, &stored.row, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &rows, &stored.row, err);
    }
    if (rc == FC_OK) {
        *ret_rows = rows.items;
        *ret_count = rows.count;
    }
    return rc;
}

fc_rc fc_project_insert(struct fc_txn *txn, fc_str name, int64_t *ret_id, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_db *db = txn->reader.db;
    const struct stored stored = {.row = {.name = name}};

    fc_rc rc = fc_query_begin(db, FC_SQL_PROJECT_INSERT, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, name);
    fc_bind_int(&query, 2, stored.row.archived);
    fc_bind_int(&query, 3, stored.revision);
    fc_bind_int(&query, 4, (int64_t)project_sum(&stored));
    rc = fc_query_run(&query, err);
    if (rc != FC_OK) {
        if (sqlite3_extended_errcode(db->handle) == SQLITE_CONSTRAINT_UNIQUE) {
            return fc_fail(err, FC_REASON_PROJECT_EXISTS, "project %.*s exists already",
                           FC_STR_ARG(name));
        }
        return rc;
    }
    int64_t id = sqlite3_last_insert_rowid(db->handle);
    rc = fc_history_put(txn, FC_OBJECT_PROJECT, id, stored.revision, false, FC_STR(""), err);
    if (rc == FC_OK)
        *ret_id = id;
    return rc;
}

static fc_rc change(struct fc_txn *txn, struct stored *stored, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    stored->revision++;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_PROJECT_UPDATE, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, stored->row.id);
    fc_bind_int(&query, 2, stored->row.archived);
    fc_bind_int(&query, 3, stored->revision);
    fc_bind_int(&query, 4, (int64_t)project_sum(stored));
    fc_bind_text(&query, 5, stored->row.validation);
    rc = fc_query_run(&query, err);
    return rc != FC_OK ? rc
                       : fc_history_put(txn, FC_OBJECT_PROJECT, stored->row.id, stored->revision,
                                        stored->row.archived, FC_STR(""), err);
}

/* What is to be different in a project; NULL members stay. */
struct difference {
    const bool *archived;
    const fc_str *validation;
};

static bool take(struct fc_project_row *row, const struct difference *wanted)
{
    if (wanted->archived && row->archived != *wanted->archived) {
        row->archived = *wanted->archived;
        return true;
    }
    if (wanted->validation && !fc_str_eq(row->validation, *wanted->validation)) {
        row->validation = *wanted->validation;
        return true;
    }
    return false;
}

static fc_rc change_project(struct fc_txn *txn, int64_t id, const struct difference *wanted,
                            struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct stored stored;
    bool found = false;

    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_PROJECT_GET, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, id);
    rc = fc_query_step(&query, &found, err);
    if (rc != FC_OK)
        return rc;
    if (!found) {
        return fc_fail(err, FC_REASON_PROJECT_NOT_FOUND, "there is no project with the row id %lld",
                       (long long)id);
    }
    rc = read_row(&query, &stored, err);
    return rc != FC_OK || !take(&stored.row, wanted) ? rc : change(txn, &stored, err);
}

fc_rc fc_project_set_archived(struct fc_txn *txn, int64_t id, bool archived, struct fc_error *err)
{
    const struct difference wanted = {.archived = &archived};

    return change_project(txn, id, &wanted, err);
}

fc_rc fc_project_set_validation(struct fc_txn *txn, int64_t id, fc_str mode, struct fc_error *err)
{
    const struct difference wanted = {.validation = &mode};

    return change_project(txn, id, &wanted, err);
}
