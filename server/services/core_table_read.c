/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/encode.h"
#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/services/core.h"
#include "server/services/label_filter.h"

void core_get_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__GetFeatureTableRequest *request =
        (const Feast__Core__GetFeatureTableRequest *)message;
    const char *project = fc_request_project(request->project);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_violations violations;
    struct fc_table_row row;

    fc_violations_init(&violations, fc_rpc_arena(call));
    fc_name_check(&violations, FC_NAME_DASH, "project", "project", project);
    fc_name_check(&violations, FC_NAME_PLAIN, "featureTable", "name", request->name);
    if (violations.count > 0) {
        core_refuse(call, &violations);
        return;
    }
    struct fc_reader *reader = core_reader(call, ctx);
    if (!reader)
        return;
    fc_rc rc = fc_table_find(reader, fc_str_from(project), fc_str_from(request->name),
                             fc_rpc_arena(call), &row, &err);
    if (rc == FC_OK && row.id == 0) {
        rc =
            fc_fail_field(&err, FC_REASON_TABLE_NOT_FOUND, "name",
                          "No such Feature Table: (project: %s, name: %s)", project, request->name);
    } else if (rc == FC_OK && row.deleted) {
        rc = fc_fail_field(&err, FC_REASON_TABLE_NOT_FOUND, "name",
                           "Feature Table has been deleted: (project: %s, name: %s)", project,
                           request->name);
    }
    if (rc == FC_OK)
        core_reply_object(call, row.reply);
    else
        fc_rpc_fail(call, &err, NULL);
}

struct table_list {
    struct core_list list;
    struct fc_map labels; /* all of them must be there */
};

static fc_rc list_row(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    struct table_list *tables = ctx;
    struct core_list *list = &tables->list;
    bool has = false;
    fc_rc rc = core_list_row(list, err);

    if (rc == FC_OK)
        rc = fc_table_has_labels(row, tables->labels, list->scratch, &has, err);
    if (rc == FC_OK && has)
        fc_buf_append_field(&list->reply, 1, row->reply);
    return rc;
}

void core_list_tables(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ListFeatureTablesRequest__Filter *filter =
        ((const Feast__Core__ListFeatureTablesRequest *)message)->filter;
    const char *project = fc_request_project(!filter ? "" : filter->project);
    struct fc_error err = FC_ERROR_INIT;
    struct table_list tables = {.labels = {0, NULL}};

    struct fc_reader *reader = core_list_of_project(&tables.list, call, ctx, project);
    if (!reader)
        return;
    if (filter)
        tables.labels = FC_MAP(filter, labels);
    fc_rc rc = fc_table_each(reader, fc_str_from(project), false, list_row, &tables, &err);
    core_list_end(&tables.list, rc, &err);
}
