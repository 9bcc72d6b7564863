/* SPDX-License-Identifier: Apache-2.0 */
/* Revisions, and the outbox that tells of them. */
#include <stdarg.h>
#include <stdio.h>

#include "storage/internal.h"

fc_rc fc_sum_check(uint64_t stored, uint64_t computed, struct fc_error *err, const char *format,
                   ...)
{
    if (stored == computed)
        return FC_OK;
    char object[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(object, sizeof object, format, args);
    va_end(args);
    return fc_fail(err, FC_REASON_STORE_CORRUPT,
                   "%s: the stored row does not match its checksum (stored %016llx, computed "
                   "%016llx); restore it "
                   "from a backup",
                   object, (unsigned long long)stored, (unsigned long long)computed);
}

static uint64_t revision_sum(int64_t kind, int64_t object_id, const struct fc_revision_row *row)
{
    const int64_t numbers[] = {kind, object_id, row->revision, row->at_ns, row->deleted};
    uint64_t sum = fc_sum_numbers(FC_SUM_REVISION, numbers, FC_ARRAY_LEN(numbers));
    return fc_sum_bytes(sum, row->spec);
}

fc_rc fc_outbox_put(struct fc_txn *txn, enum fc_object_kind kind, int64_t object_id,
                    int64_t revision, enum fc_change change, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_OUTBOX_INSERT, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, txn->now_ns);
    fc_bind_int(&query, 2, kind);
    fc_bind_int(&query, 3, object_id);
    fc_bind_int(&query, 4, revision);
    fc_bind_int(&query, 5, change);
    return fc_query_run(&query, err);
}

fc_rc fc_history_put(struct fc_txn *txn, enum fc_object_kind kind, int64_t object_id,
                     int64_t revision, bool deleted, fc_str spec, struct fc_error *err)
{
    const struct fc_revision_row row = {
        .revision = revision, .at_ns = txn->now_ns, .deleted = deleted, .spec = spec};
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;

    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_REVISION_INSERT, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, kind);
    fc_bind_int(&query, 2, object_id);
    fc_bind_int(&query, 3, revision);
    fc_bind_int(&query, 4, row.at_ns);
    fc_bind_int(&query, 5, deleted);
    fc_bind_int(&query, 6, (int64_t)revision_sum(kind, object_id, &row));
    fc_bind_blob(&query, 7, spec);
    rc = fc_query_run(&query, err);
    if (rc != FC_OK)
        return rc;
    return fc_outbox_put(txn, kind, object_id, revision,
                         deleted ? FC_CHANGE_DELETED : FC_CHANGE_PUT, err);
}

fc_rc fc_outbox_old(struct fc_reader *reader, int64_t before_ns, size_t limit, int64_t *ret_seq,
                    size_t *ret_count, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    int64_t seq = 0;
    size_t count = 0;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_OUTBOX_OLDEST, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, (int64_t)limit);
    while ((rc = fc_query_step(&query, &found, err)) == FC_OK && found &&
           fc_column_int(&query, 1) < before_ns) {
        seq = fc_column_int(&query, 0);
        count++;
    }
    if (rc == FC_OK) {
        *ret_seq = seq;
        *ret_count = count;
    }
    return rc;
}

fc_rc fc_outbox_last(struct fc_reader *reader, int64_t *ret_seq, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_OUTBOX_LAST, &query, err);
    if (rc == FC_OK)
        rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK)
        *ret_seq = found ? fc_column_int(&query, 0) : 0;
    return rc;
}

fc_rc fc_outbox_remove(struct fc_txn *txn, int64_t seq, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(txn->reader.db, FC_SQL_OUTBOX_REMOVE, &query, err);

    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, seq);
    return fc_query_run(&query, err);
}

/* Columns from `first` on: revision, at_ns, deleted, checksum, spec. */
static fc_rc read_revision(const struct fc_query *query, int first, int64_t kind, int64_t object_id,
                           struct fc_revision_row *ret, struct fc_error *err)
{
    *ret = (struct fc_revision_row){.revision = fc_column_int(query, first),
                                    .at_ns = fc_column_int(query, first + 1),
                                    .deleted = fc_column_int(query, first + 2) != 0,
                                    .spec = fc_column_str(query, first + 4)};
    return fc_sum_check((uint64_t)fc_column_int(query, first + 3),
                        revision_sum(kind, object_id, ret), err,
                        "revision %lld of object %lld (kind %lld)", (long long)ret->revision,
                        (long long)object_id, (long long)kind);
}

fc_rc fc_revision_list(struct fc_reader *reader, enum fc_object_kind kind, int64_t object_id,
                       struct fc_revision_page page, struct fc_arena *arena,
                       struct fc_revision_row **ret_rows, size_t *ret_count, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_array rows = {.size = sizeof(struct fc_revision_row)};
    size_t bytes = 0;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_REVISION_LIST, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, kind);
    fc_bind_int(&query, 2, object_id);
    fc_bind_int(&query, 3, page.below);
    fc_bind_int(&query, 4, page.limit);
    while (rc == FC_OK && bytes < page.bytes &&
           (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        struct fc_revision_row row;
        rc = read_revision(&query, 0, kind, object_id, &row, err);
        if (rc == FC_OK)
            rc = fc_str_keep(arena, &row.spec, err);
        if (rc == FC_OK)
            rc = fc_array_add(arena, &rows, &row, err);
        bytes += row.spec.len;
    }
    if (rc == FC_OK) {
        *ret_rows = rows.items;
        *ret_count = rows.count;
    }
    return rc;
}

fc_rc fc_verify_revisions(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    struct fc_revision_row row;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_REVISION_ALL, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        rc =
            read_revision(&query, 2, fc_column_int(&query, 0), fc_column_int(&query, 1), &row, err);
    }
    return rc;
}
