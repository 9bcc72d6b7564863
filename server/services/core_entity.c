/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/entity.h"

#include "server/registry/encode.h"
#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/services/core.h"
#include "server/services/label_filter.h"
#include "server/services/object_change.h"

void core_get_entity(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__GetEntityRequest *request = (const Feast__Core__GetEntityRequest *)message;
    const char *project = fc_request_project(request->project);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_violations violations;
    struct fc_entity_row row;

    fc_violations_init(&violations, fc_rpc_arena(call));
    fc_name_check(&violations, FC_NAME_PLAIN, "entity", "name", request->name);
    fc_name_check(&violations, FC_NAME_DASH, "project", "project", project);
    if (violations.count > 0) {
        core_refuse(call, &violations);
        return;
    }
    struct fc_reader *reader = core_reader(call, ctx);
    if (!reader)
        return;
    fc_rc rc = fc_entity_find(reader, fc_str_from(project), fc_str_from(request->name),
                              fc_rpc_arena(call), &row, &err);
    if (rc == FC_OK && row.id == 0) {
        rc = fc_fail_field(&err, FC_REASON_ENTITY_NOT_FOUND, "name",
                           "Entity with name \"%s\" could not be found.", request->name);
    }
    if (rc == FC_OK)
        core_reply_object(call, row.reply);
    else
        fc_rpc_fail(call, &err, NULL);
}

struct entity_list {
    struct core_list list;
    struct fc_map labels; /* all of them must be there */
};

static fc_rc list_row(void *ctx, const struct fc_entity_row *row, struct fc_error *err)
{
    struct entity_list *entities = ctx;
    struct core_list *list = &entities->list;
    bool has = false;
    fc_rc rc = core_list_row(list, err);

    if (rc == FC_OK)
        rc = fc_entity_has_labels(row, entities->labels, list->scratch, &has, err);
    if (rc == FC_OK && has)
        fc_buf_append_field(&list->reply, 1, row->reply);
    return rc;
}

void core_list_entities(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ListEntitiesRequest__Filter *filter =
        ((const Feast__Core__ListEntitiesRequest *)message)->filter;
    const char *project = fc_request_project(!filter ? "" : filter->project);
    struct fc_error err = FC_ERROR_INIT;
    struct entity_list entities = {.labels = {0, NULL}};

    struct fc_reader *reader = core_list_of_project(&entities.list, call, ctx, project);
    if (!reader)
        return;
    if (filter)
        entities.labels = FC_MAP(filter, labels);
    fc_rc rc = fc_entity_each(reader, fc_str_from(project), list_row, &entities, &err);
    core_list_end(&entities.list, rc, &err);
}

struct entity_apply {
    struct core_write write;
    struct fc_entity_change change;
};

static void reply_entity(struct core_write *write)
{
    core_reply_object(write->call, ((const struct entity_apply *)write)->change.reply);
}

static fc_rc apply_entity(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                          int64_t now_s, struct fc_error *err)
{
    struct fc_entity_change *change = &((struct entity_apply *)write)->change;
    fc_rc rc = fc_entity_change_apply(change, reader, txn, now_s, &write->violations, err);

    write->settled = rc == FC_OK && change->unchanged;
    return rc;
}

void core_apply_entity(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ApplyEntityRequest *request =
        (const Feast__Core__ApplyEntityRequest *)message;
    struct entity_apply *apply = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *apply);
    struct core_options options;

    if (!apply) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&apply->write, call, ctx, apply_entity, reply_entity);
    apply->change.arena = apply->write.arena;
    if (!fc_entity_change_prepare(&apply->change, request->spec)) {
        fc_request_fail_too_large(call);
        return;
    }
    apply->change.project = fc_request_project(request->project);
    core_read_options(call, ctx, &options, &apply->write.violations);
    fc_entity_check(apply->change.spec, &apply->write.violations);
    fc_name_check(&apply->write.violations, FC_NAME_DASH, "project", "project",
                  apply->change.project);
    if (core_write_look(&apply->write, options.dry_run))
        core_write_submit(&apply->write);
}
