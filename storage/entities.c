/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

static const size_t entity_strings[] = {
    offsetof(struct fc_entity_row, project),
    offsetof(struct fc_entity_row, name),
    offsetof(struct fc_entity_row, spec),
    offsetof(struct fc_entity_row, reply),
};
static const struct fc_row_kind entity_kind = {
    .size = sizeof(struct fc_entity_row),
    .strings = entity_strings,
    .string_count = FC_ARRAY_LEN(entity_strings),
};

static uint64_t entity_sum(int64_t project_id, const struct fc_entity_row *row)
{
    const int64_t numbers[] = {project_id, row->value_type, row->revision, row->created_s,
                               row->updated_s};
    uint64_t sum = fc_sum_numbers(FC_SUM_ENTITY, numbers, FC_ARRAY_LEN(numbers));
    sum = fc_sum_bytes(sum, row->name);
    sum = fc_sum_bytes(sum, row->spec);
    return fc_sum_bytes(sum, row->reply);
}

/* Columns: id, project_id, project, name, value_type, revision, created_s, updated_s, checksum, spec, reply. */
static fc_rc read_row(const struct fc_query *query, struct fc_entity_row *ret, struct fc_error *err)
{
    *ret = (struct fc_entity_row){
        .id = fc_column_int(query, 0),
        .project = fc_column_str(query, 2),
        .name = fc_column_str(query, 3),
        .value_type = (int32_t)fc_column_int(query, 4),
        .revision = fc_column_int(query, 5),
        .created_s = fc_column_int(query, 6),
        .updated_s = fc_column_int(query, 7),
        .spec = fc_column_str(query, 9),
        .reply = fc_column_str(query, 10),
    };
    return fc_sum_check((uint64_t)fc_column_int(query, 8), entity_sum(fc_column_int(query, 1), ret),
                        err, "entity %.*s of project %.*s (row %lld)", FC_STR_ARG(ret->name),
                        FC_STR_ARG(ret->project), (long long)ret->id);
}

static fc_rc find(struct fc_reader *reader, fc_str project, fc_str name, struct fc_arena *arena,
                  void *ret, bool *ret_found, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_entity_row row = {.id = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_ENTITY_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, project);
    fc_bind_text(&query, 2, name);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_row(&query, &row, err);
    if (rc == FC_OK && found)
        rc = fc_row_keep(&entity_kind, arena, &row, err);
    if (rc == FC_OK) {
        *(struct fc_entity_row *)ret = row;
        *ret_found = found;
    }
    return rc;
}

fc_rc fc_entity_find(struct fc_reader *reader, fc_str project, fc_str name, struct fc_arena *arena,
                     struct fc_entity_row *ret, struct fc_error *err)
{
    return fc_row_find(reader, &entity_kind, find, project, name, arena, ret, err);
}

static fc_rc walk(struct fc_query *query, fc_entity_fn fn, void *ctx, struct fc_error *err)
{
    bool found = false;
    fc_rc rc;

    while ((rc = fc_query_step(query, &found, err)) == FC_OK && found) {
        struct fc_entity_row row;
        rc = read_row(query, &row, err);
        if (rc == FC_OK)
            rc = fn(ctx, &row, err);
        if (rc != FC_OK)
            return rc;
    }
    return rc;
}

fc_rc fc_entity_each(struct fc_reader *reader, fc_str project, fc_entity_fn fn, void *ctx,
                     struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    fc_rc rc = fc_query_begin(
        reader->db, project.len > 0 ? FC_SQL_ENTITY_LIST : FC_SQL_ENTITY_LIST_ALL, &query, err);
    if (rc != FC_OK)
        return rc;
    if (project.len > 0)
        fc_bind_text(&query, 1, project);
    return walk(&query, fn, ctx, err);
}

fc_rc fc_entity_each_after(struct fc_reader *reader, struct fc_list_after after, bool all_projects,
                           fc_entity_fn fn, void *ctx, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    fc_rc rc = fc_query_begin(
        reader->db, all_projects ? FC_SQL_ENTITY_PAGE_ALL : FC_SQL_ENTITY_PAGE, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_text(&query, 1, after.project);
    fc_bind_text(&query, 2, after.name);
    return walk(&query, fn, ctx, err);
}

static void bind_row(struct fc_query *query, int64_t project_id, const struct fc_entity_row *row)
{
    fc_bind_int(query, 1, project_id);
    fc_bind_text(query, 2, row->name);
    fc_bind_int(query, 3, row->value_type);
    fc_bind_int(query, 4, row->revision);
    fc_bind_int(query, 5, row->created_s);
    fc_bind_int(query, 6, row->updated_s);
    fc_bind_int(query, 7, (int64_t)entity_sum(project_id, row));
    fc_bind_blob(query, 8, row->spec);
    fc_bind_blob(query, 9, row->reply);
}

fc_rc fc_entity_put(struct fc_txn *txn, int64_t project_id, struct fc_entity_row *row,
                    struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_db *db = txn->reader.db;
    bool insert = row->id == 0;

    if (insert && row->revision != 0) {
        return fc_fail(err, FC_REASON_INTERNAL,
                       "entity %.*s would begin with revision %lld instead of 0",
                       FC_STR_ARG(row->name), (long long)row->revision);
    }
    fc_rc rc =
        fc_query_begin(db, insert ? FC_SQL_ENTITY_INSERT : FC_SQL_ENTITY_UPDATE, &query, err);
    if (rc != FC_OK)
        return rc;
    bind_row(&query, project_id, row);
    if (!insert)
        fc_bind_int(&query, 10, row->id);
    rc = fc_query_run(&query, err);
    if (rc != FC_OK)
        return rc;
    if (!insert && sqlite3_changes(db->handle) != 1) {
        return fc_fail(err, FC_REASON_INTERNAL,
                       "entity %.*s (row %lld of project row %lld) has no revision %lld",
                       FC_STR_ARG(row->name), (long long)row->id, (long long)project_id,
                       (long long)row->revision - 1);
    }
    int64_t id = insert ? sqlite3_last_insert_rowid(db->handle) : row->id;
    rc = fc_history_put(txn, FC_OBJECT_ENTITY, id, row->revision, false, row->spec, err);
    if (rc == FC_OK)
        row->id = id;
    return rc;
}
