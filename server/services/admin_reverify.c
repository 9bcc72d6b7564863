/* SPDX-License-Identifier: Apache-2.0 */
/* Feature tables are made due for the background: one, those of a project, or all. */
#include "server/registry/names.h"
#include "server/services/admin.h"
#include "server/services/job_view.h"
#include "storage/recheck.h"

/* In the arena of its call. */
struct reverify {
    struct fc_rpc_call *call;
    struct fc_services *services;
    struct fc_arena *arena;
    const char *project; /* NULL: every one */
    const char *table;   /* "": every one */
    int64_t asked_ns;
    uint32_t count;
    struct fc_txn *txn; /* while it runs */
};

static fc_rc hasten(struct reverify *reverify, int64_t table_id, struct fc_error *err)
{
    struct fc_recheck_row row = {.table_id = 0};
    fc_rc rc = fc_recheck_find(fc_txn_reader(reverify->txn), table_id, &row, err);

    if (rc != FC_OK)
        return rc;
    row.table_id = table_id;
    row.next_ns = reverify->asked_ns;
    reverify->count++;
    return fc_recheck_put(reverify->txn, &row, err);
}

static fc_rc hasten_row(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    return hasten(ctx, row->id, err);
}

static fc_rc hasten_table(struct reverify *reverify, struct fc_error *err)
{
    struct fc_table_row row = {.id = 0};
    fc_rc rc = fc_table_find(fc_txn_reader(reverify->txn), fc_str_from(reverify->project),
                             fc_str_from(reverify->table), reverify->arena, &row, err);

    if (rc != FC_OK)
        return rc;
    if (row.id == 0 || row.deleted) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, "table",
                             "No such Feature Table: (project: %s, name: %s)",
                             fc_excerpt(reverify->arena, reverify->project),
                             fc_excerpt(reverify->arena, reverify->table));
    }
    return hasten(reverify, row.id, err);
}

static fc_rc hasten_project(struct reverify *reverify, struct fc_error *err)
{
    struct fc_project_row row = {.id = 0};
    fc_str project = fc_str_from(reverify->project);
    fc_rc rc = fc_project_find(fc_txn_reader(reverify->txn), project, reverify->arena, &row, err);

    if (rc == FC_OK && row.id == 0) {
        return fc_fail_field(err, FC_REASON_PROJECT_NOT_FOUND, "project",
                             "Could not find project: \"%s\"",
                             fc_excerpt(reverify->arena, reverify->project));
    }
    return rc != FC_OK ? rc
                       : fc_table_each(fc_txn_reader(reverify->txn), project, false, hasten_row,
                                       reverify, err);
}

static fc_rc run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct reverify *reverify = ctx;

    reverify->txn = txn;
    reverify->asked_ns = fc_txn_now_ns(txn);
    reverify->count = 0;
    if (!reverify->project)
        return fc_table_each(fc_txn_reader(txn), FC_STR(""), false, hasten_row, reverify, err);
    return reverify->table[0] != '\0' ? hasten_table(reverify, err) : hasten_project(reverify, err);
}

static void done(void *ctx, const struct fc_error *err)
{
    const struct reverify *reverify = ctx;
    Feast__Admin__V1__ReverifyResponse response = FEAST__ADMIN__V1__REVERIFY_RESPONSE__INIT;

    if (err) {
        fc_rpc_fail(reverify->call, err, NULL);
        return;
    }
    fc_reverify_wake(reverify->services->reverify);
    response.tables = reverify->count;
    response.asked_at = fc_view_time(reverify->arena, reverify->asked_ns);
    fc_rpc_reply(reverify->call, &response.base);
}

void admin_reverify(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__ReverifyRequest *request = (const void *)message;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct reverify *reverify = fc_arena_calloc(arena, 1, sizeof *reverify);
    struct fc_services *services = ctx;
    struct fc_error err = FC_ERROR_INIT;

    if (!reverify) {
        fc_request_fail_too_large(call);
        return;
    }
    if (request->all_projects && (request->project[0] != '\0' || request->table[0] != '\0')) {
        (void)fc_fail_field(&err, FC_REASON_FIELD_INVALID, "all_projects",
                            "all_projects is set beside a project or a table; expected one or the "
                            "other");
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    *reverify = (struct reverify){
        .call = call,
        .services = services,
        .arena = arena,
        .project = request->all_projects ? NULL : fc_request_project(request->project),
        .table = request->table,
    };
    fc_store_submit(services->store, run, done, reverify);
}
