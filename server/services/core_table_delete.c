/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/encode.h"
#include "server/registry/names.h"
#include "server/services/core.h"

struct table_delete {
    struct core_write write;
    const char *project, *name;
};

static void reply_empty(struct core_write *write)
{
    fc_rpc_reply_bytes(write->call, (fc_str){NULL, 0});
}

/* A deletion is a revision like any other; the row stays, so that an apply can revive it. */
static fc_rc put_deleted(struct core_write *write, struct fc_txn *txn, int64_t project_id,
                         struct fc_table_row *row, int64_t now_s, struct fc_error *err)
{
    row->deleted = true;
    row->revision++;
    row->updated_s = now_s;
    struct fc_table_meta meta = {
        .created_s = row->created_s,
        .updated_s = row->updated_s,
        .revision = row->revision,
        .hash = fc_arena_strndup(write->arena, row->hash.ptr, row->hash.len),
    };
    if (meta.hash == NULL || !fc_encode_table(write->arena, row->spec, &meta, &row->reply)) {
        return fc_request_too_large(err);
    }
    return fc_table_put(txn, project_id, row, err);
}

static fc_rc delete_table(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                          int64_t now_s, struct fc_error *err)
{
    const struct table_delete *delete = (const struct table_delete *)write;
    fc_str project_name = fc_str_from(delete->project);
    struct fc_project_row project;
    struct fc_table_row row;

    if (write->of_request > 0) {
        return FC_OK;
    }
    fc_rc rc =
        fc_table_find(reader, project_name, fc_str_from(delete->name), write->arena, &row, err);
    if (rc != FC_OK) {
        return rc;
    }
    if (row.id == 0) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, "name",
                             "No such Feature Table: (project: %s, name: %s)", delete->project,
                             delete->name);
    }
    write->settled = row.deleted;
    if (row.deleted || txn == NULL) {
        return FC_OK;
    }
    rc = fc_project_find(reader, project_name, write->arena, &project, err);
    return rc != FC_OK ? rc : put_deleted(write, txn, project.id, &row, now_s, err);
}

void core_delete_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__DeleteFeatureTableRequest *request =
        (const Feast__Core__DeleteFeatureTableRequest *)message;
    struct table_delete *delete = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *delete);

    if (delete == NULL) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&delete->write, call, ctx, delete_table, reply_empty);
    delete->project = fc_request_project(request->project);
    delete->name = request->name;
    fc_name_check(&delete->write.violations, FC_NAME_DASH, "project", "project", delete->project);
    fc_name_check(&delete->write.violations, FC_NAME_PLAIN, "featureTable", "name", delete->name);
    if (core_write_look(&delete->write, false)) {
        core_write_submit(&delete->write);
    }
}
