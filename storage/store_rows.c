/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

/* What the table has beyond the public row. */
struct stored {
    struct fc_store_row row;
    int64_t revision;
};

static uint64_t store_sum(int64_t kind, const struct stored *stored)
{
    const int64_t numbers[] = {kind, stored->row.archived, stored->revision};
    uint64_t sum = fc_sum_numbers(FC_SUM_STORE, numbers, FC_ARRAY_LEN(numbers));
    return fc_sum_bytes(fc_sum_bytes(sum, stored->row.name), stored->row.body);
}

/* Columns: id, kind, name, archived, revision, checksum, body. */
static fc_rc read_row(const struct fc_query *query, struct stored *ret, struct fc_error *err)
{
    *ret = (struct stored){.row = {.id = fc_column_int(query, 0),
                                   .name = fc_column_str(query, 2),
                                   .archived = fc_column_int(query, 3) != 0,
                                   .body = fc_column_str(query, 6)},
                           .revision = fc_column_int(query, 4)};
    int64_t kind = fc_column_int(query, 1);
    return fc_sum_check((uint64_t)fc_column_int(query, 5), store_sum(kind, ret), err,
                        "%s %.*s (row %lld)", kind == FC_STORE_ONLINE ? "online store" : "store",
                        FC_STR_ARG(ret->row.name), (long long)ret->row.id);
}

static fc_rc keep_strings(struct fc_arena *arena, struct fc_store_row *row, struct fc_error *err)
{
    fc_rc rc = fc_str_keep(arena, &row->name, err);
    return rc == FC_OK ? fc_str_keep(arena, &row->body, err) : rc;
}

/* `arena` NULL: the strings are of no interest and are left empty. */
static fc_rc find(struct fc_db *db, enum fc_store_kind kind, fc_str name, struct fc_arena *arena,
                  struct stored *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct stored stored = {.revision = 0};
    bool found = false;

    fc_rc rc = fc_query_begin(db, FC_SQL_STORE_FIND, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, kind);
    fc_bind_text(&query, 2, name);
    rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK && found)
        rc = read_row(&query, &stored, err);
    if (rc == FC_OK && found && arena)
        rc = keep_strings(arena, &stored.row, err);
    if (rc == FC_OK) {
        *ret = stored;
        if (!arena)
            ret->row.name = ret->row.body = FC_STR("");
    }
    return rc;
}

fc_rc fc_store_row_find(struct fc_reader *reader, enum fc_store_kind kind, fc_str name,
                        struct fc_arena *arena, struct fc_store_row *ret, struct fc_error *err)
{
    struct stored stored;
    fc_rc rc = find(reader->db, kind, name, arena, &stored, err);
    if (rc == FC_OK)
        *ret = stored.row;
    return rc;
}

fc_rc fc_store_row_list(struct fc_reader *reader, enum fc_store_kind kind, bool with_archived,
                        struct fc_arena *arena, struct fc_store_row **ret_rows, size_t *ret_count,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array rows = {.size = sizeof(struct fc_store_row)};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_STORE_LIST, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, kind);
    fc_bind_int(&query, 2, with_archived);
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

static fc_rc write_row(struct fc_db *db, enum fc_store_kind kind, const struct stored *stored,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    bool insert = stored->row.id == 0;

    fc_rc rc = fc_query_begin(db, insert ? FC_SQL_STORE_INSERT : FC_SQL_STORE_UPDATE, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, kind);
    fc_bind_text(&query, 2, stored->row.name);
    fc_bind_int(&query, 3, stored->row.archived);
    fc_bind_int(&query, 4, stored->revision);
    fc_bind_int(&query, 5, (int64_t)store_sum(kind, stored));
    fc_bind_blob(&query, 6, stored->row.body);
    if (!insert)
        fc_bind_int(&query, 7, stored->row.id);
    return fc_query_run(&query, err);
}

fc_rc fc_store_row_put(struct fc_txn *txn, enum fc_store_kind kind, struct fc_store_row *row,
                       struct fc_error *err)
{
    struct fc_db *db = txn->reader.db;
    struct stored stored = {.revision = 0};
    fc_rc rc = FC_OK;

    if (row->id != 0) {
        rc = find(db, kind, row->name, NULL, &stored, err);
        if (rc == FC_OK && stored.row.id != row->id) {
            rc = fc_fail(err, FC_REASON_INTERNAL, "store %.*s (kind %d) has the row %lld, not %lld",
                         FC_STR_ARG(row->name), (int)kind, (long long)stored.row.id,
                         (long long)row->id);
        }
        stored.revision++;
    }
    stored.row = *row;
    if (rc == FC_OK)
        rc = write_row(db, kind, &stored, err);
    if (rc != FC_OK)
        return rc;
    int64_t id = row->id == 0 ? sqlite3_last_insert_rowid(db->handle) : row->id;
    rc = fc_history_put(txn, FC_OBJECT_STORE, id, stored.revision, row->archived, row->body, err);
    if (rc == FC_OK)
        row->id = id;
    return rc;
}
