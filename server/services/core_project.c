/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/encode.h"
#include "server/registry/names.h"
#include "server/services/core.h"

struct project_write {
    struct core_write write;
    const char *name;
};

static fc_rc create(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                    int64_t now_s FC_UNUSED, struct fc_error *err)
{
    const struct project_write *create = (const struct project_write *)write;
    fc_str name = fc_str_from(create->name);
    struct fc_project_row row;
    int64_t id;

    if (write->of_request > 0)
        return FC_OK;
    fc_rc rc = fc_project_find(reader, name, write->arena, &row, err);
    if (rc == FC_OK && row.id != 0) {
        return fc_fail_field(err, FC_REASON_PROJECT_EXISTS, "name", "Project already exists: %s",
                             create->name);
    }
    return rc != FC_OK || !txn ? rc : fc_project_insert(txn, name, &id, err);
}

static fc_rc archive(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                     int64_t now_s FC_UNUSED, struct fc_error *err)
{
    const struct project_write *archive = (const struct project_write *)write;
    struct fc_project_row row;

    if (write->of_request > 0)
        return FC_OK;
    fc_rc rc = fc_project_find(reader, fc_str_from(archive->name), write->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    if (row.id == 0) {
        return fc_fail_field(err, FC_REASON_PROJECT_NOT_FOUND, "name",
                             "Could not find project: \"%s\"", archive->name);
    }
    if (fc_str_eq(row.name, FC_STR(FC_DEFAULT_PROJECT))) {
        return fc_fail_field(err, FC_REASON_PROJECT_PROTECTED, "name",
                             "Project \"default\" cannot be archived");
    }
    write->settled = row.archived;
    return !txn || row.archived ? FC_OK : fc_project_set_archived(txn, row.id, true, err);
}

static void start(struct fc_rpc_call *call, void *ctx, const char *name, core_write_fn decide)
{
    struct project_write *write = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *write);

    if (!write) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&write->write, call, ctx, decide, core_reply_empty);
    write->name = name;
    fc_name_check(&write->write.violations, FC_NAME_DASH, "project", "name", name);
    if (core_write_look(&write->write, false))
        core_write_submit(&write->write);
}

void core_create_project(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request)
{
    start(call, ctx, ((const Feast__Core__CreateProjectRequest *)request)->name, create);
}

void core_archive_project(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request)
{
    start(call, ctx, ((const Feast__Core__ArchiveProjectRequest *)request)->name, archive);
}

void core_list_projects(struct fc_rpc_call *call, void *ctx,
                        const ProtobufCMessage *request FC_UNUSED)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = core_reader(call, ctx);
    struct fc_project_row *rows;
    struct core_list list;
    size_t count = 0;

    if (!reader || !core_list_begin(&list, call))
        return;
    fc_rc rc = fc_project_list(reader, false, list.scratch, &rows, &count, &err);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        fc_buf_append_field(&list.reply, 1, rows[i].name);
    core_list_end(&list, rc, &err);
}
