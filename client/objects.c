/* SPDX-License-Identifier: Apache-2.0 */
/* Entities and feature tables from the server, a page at a time. */
#include "client/get.h"
#include "feast/core/CoreService.pb-c.h"

#define PAGE 500

typedef Feast__Admin__V1__ListObjectsRequest__LabelsEntry labels_entry;

/* Of a map field of labels: protobuf-c gives each map an entry type of its own, all of one shape. */
struct entry {
    ProtobufCMessage base;
    char *key, *value;
};

const char *fc_labels_text(struct fc_arena *arena, size_t count, const void *entries)
{
    struct entry *const *labels = entries;
    const char *text = "";

    for (size_t i = 0; text && i < count; i++)
        text = fc_arena_printf(arena, "%s%s%s=%s", text, i ? "," : "", labels[i]->key,
                               labels[i]->value);
    return text;
}

bool fc_selection_labels(const struct fc_selection *selection, size_t count, const void *entries)
{
    struct entry *const *labels = entries;

    for (size_t w = 0; w < selection->label_count; w++) {
        const struct fc_label *wanted = &selection->labels[w];
        bool found = false;
        for (size_t i = 0; i < count && !found; i++)
            found = strcmp(labels[i]->key, wanted->key) == 0 &&
                    strcmp(labels[i]->value, wanted->value) == 0;
        if (!found)
            return false;
    }
    return true;
}

static bool put_labels(const struct fc_selection *selection, struct fc_arena *arena,
                       Feast__Admin__V1__ListObjectsRequest *request)
{
    size_t count = selection->label_count;
    labels_entry *entries = fc_arena_calloc(arena, count, sizeof *entries);

    request->labels = fc_arena_calloc(arena, count, sizeof(labels_entry *));
    for (size_t i = 0; entries && request->labels && i < count; i++) {
        feast__admin__v1__list_objects_request__labels_entry__init(&entries[i]);
        entries[i].key = selection->labels[i].key;
        entries[i].value = selection->labels[i].value;
        request->labels[request->n_labels++] = &entries[i];
    }
    return entries && request->labels;
}

enum fc_exit fc_objects_each(struct fc_cli *cli, Feast__Admin__V1__ObjectKind kind,
                             const struct fc_selection *selection, struct fc_arena *arena,
                             fc_object_fn fn, fc_page_fn page, void *ctx)
{
    Feast__Admin__V1__ListObjectsRequest request = FEAST__ADMIN__V1__LIST_OBJECTS_REQUEST__INIT;
    char token[512] = "";

    request.kind = kind;
    request.project = (char *)cli->project;
    request.all_projects = selection->all_projects;
    request.page_size = PAGE;
    request.page_token = token;
    if (!put_labels(selection, cli->arena, &request))
        return fc_cli_no_memory(cli);
    do {
        struct fc_call call = {
            .method = &fc_method_admin_list, .request = &request.base, .arena = arena};
        struct fc_error err = FC_ERROR_INIT;

        if (fc_client_call(cli, &call, &err) != FC_OK)
            return fc_client_fail(cli, &call, &err);
        const Feast__Admin__V1__ListObjectsResponse *reply = (const void *)call.reply.message;
        for (size_t i = 0; i < reply->n_objects; i++)
            if (!fn(ctx, reply->objects[i]))
                return fc_cli_no_memory(cli);
        if (page && !page(ctx))
            return fc_cli_no_memory(cli);
        snprintf(token, sizeof(token), "%s", reply->next_page_token);
        if (page)
            fc_arena_reset(arena);
    } while (token[0]);
    return FC_EXIT_OK;
}

fc_rc fc_object_get(struct fc_cli *cli, Feast__Admin__V1__ObjectKind kind, const char *project,
                    const char *name, struct fc_arena *arena, struct fc_call *call, fc_object *ret,
                    struct fc_error *err)
{
    Feast__Core__GetEntityRequest entity = FEAST__CORE__GET_ENTITY_REQUEST__INIT;
    Feast__Core__GetFeatureTableRequest table = FEAST__CORE__GET_FEATURE_TABLE_REQUEST__INIT;
    bool is_entity = kind == FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY;
    fc_rc rc;

    entity.name = table.name = (char *)name;
    entity.project = table.project = (char *)project;
    *call = (struct fc_call){.method =
                                 is_entity ? &fc_method_core_get_entity : &fc_method_core_get_table,
                             .request = is_entity ? &entity.base : &table.base,
                             .arena = arena};
    rc = fc_client_call(cli, call, err);
    call->request = NULL; /* it ends with this function */
    if (rc != FC_OK)
        return rc;
    feast__admin__v1__listed_object__init(ret);
    ret->project = (char *)project;
    if (is_entity) {
        ret->object_case = FEAST__ADMIN__V1__LISTED_OBJECT__OBJECT_ENTITY;
        ret->entity = ((Feast__Core__GetEntityResponse *)call->reply.message)->entity;
    } else {
        ret->object_case = FEAST__ADMIN__V1__LISTED_OBJECT__OBJECT_FEATURE_TABLE;
        ret->feature_table = ((Feast__Core__GetFeatureTableResponse *)call->reply.message)->table;
    }
    if ((is_entity && (!ret->entity || !ret->entity->spec)) ||
        (!is_entity && (!ret->feature_table || !ret->feature_table->spec)))
        return fc_fail(err, FC_REASON_MALFORMED_MESSAGE, "the server's answer has no object");
    return FC_OK;
}
