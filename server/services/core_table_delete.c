/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/names.h"
#include "server/services/core.h"
#include "server/services/object_change.h"

struct table_delete {
    struct core_write write;
    struct fc_table_removal removal;
};

static fc_rc delete_table(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                          int64_t now_s, struct fc_error *err)
{
    struct fc_table_removal *removal = &((struct table_delete *)write)->removal;

    if (write->of_request > 0)
        return FC_OK;
    fc_rc rc = fc_table_removal_apply(removal, reader, txn, now_s, err);
    write->settled = rc == FC_OK && removal->unchanged;
    return rc;
}

void core_delete_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__DeleteFeatureTableRequest *request =
        (const Feast__Core__DeleteFeatureTableRequest *)message;
    struct table_delete *delete = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *delete);

    if (!delete) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&delete->write, call, ctx, delete_table, core_reply_empty);
    delete->removal.arena = delete->write.arena;
    delete->removal.project = fc_request_project(request->project);
    delete->removal.name = request->name;
    fc_name_check(&delete->write.violations, FC_NAME_DASH, "project", "project",
                  delete->removal.project);
    fc_name_check(&delete->write.violations, FC_NAME_PLAIN, "featureTable", "name",
                  delete->removal.name);
    if (core_write_look(&delete->write, false))
        core_write_submit(&delete->write);
}
