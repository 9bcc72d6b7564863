/* SPDX-License-Identifier: Apache-2.0 */
/* The history of one object, a page at a time: a token is the number of the last revision seen. */
#include <inttypes.h>
#include <stdlib.h>

#include "server/registry/names.h"
#include "server/services/admin.h"
#include "server/services/job_view.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000
/* Of the specs of a page, the last of which may go beyond it; clients that were not told otherwise accept 4 MiB. */
#define PAGE_BYTES ((size_t)1024 * 1024)

typedef Feast__Admin__V1__ListRevisionsRequest list_request;

static fc_rc find_entity(const struct fc_services *services, const list_request *request,
                         struct fc_arena *arena, int64_t *ret_id, struct fc_error *err)
{
    const char *project = fc_request_project(request->project);
    struct fc_entity_row row = {.id = 0};
    struct fc_reader *reader = NULL;

    if (request->name[0] == '\0') {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "name",
                             "name is empty: it names the entity");
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK) {
        rc = fc_entity_find(reader, fc_str_from(project), fc_str_from(request->name), arena, &row,
                            err);
    }
    if (rc == FC_OK && row.id == 0) {
        return fc_fail_field(err, FC_REASON_ENTITY_NOT_FOUND, "name",
                             "Entity with name \"%s\" could not be found.",
                             fc_excerpt(arena, request->name));
    }
    *ret_id = row.id;
    return rc;
}

static fc_rc find_object(const struct fc_services *services, const list_request *request,
                         struct fc_arena *arena, int64_t *ret_id, struct fc_error *err)
{
    struct fc_table_row row = {.id = 0};

    switch (request->kind) {
    case FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY:
        return find_entity(services, request, arena, ret_id, err);
    case FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE: {
        fc_rc rc = admin_find_table(services, fc_request_project(request->project), "name",
                                    request->name, arena, &row, err);
        *ret_id = row.id;
        return rc;
    }
    default:
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "kind",
                             "kind is %d, expected OBJECT_KIND_ENTITY or "
                             "OBJECT_KIND_FEATURE_TABLE",
                             (int)request->kind);
    }
}

static Feast__Admin__V1__Revision *make_revision(const list_request *request,
                                                 const struct fc_revision_row *row,
                                                 struct fc_arena *arena)
{
    Feast__Admin__V1__Revision *revision = fc_arena_alloc(arena, sizeof *revision);
    ProtobufCAllocator *allocator = fc_arena_allocator(arena);
    const uint8_t *spec = (const uint8_t *)row->spec.ptr;

    if (!revision)
        return NULL;
    feast__admin__v1__revision__init(revision);
    revision->number = row->revision;
    revision->changed_at = fc_view_time(arena, row->at_ns);
    revision->deleted = row->deleted;
    if (request->kind == FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY) {
        revision->spec_case = FEAST__ADMIN__V1__REVISION__SPEC_ENTITY;
        revision->entity = feast__core__entity_spec_v2__unpack(allocator, row->spec.len, spec);
    } else {
        revision->spec_case = FEAST__ADMIN__V1__REVISION__SPEC_FEATURE_TABLE;
        revision->feature_table =
            feast__core__feature_table_spec__unpack(allocator, row->spec.len, spec);
    }
    return fc_arena_exhausted(arena) ? NULL : revision;
}

static bool fill_page(const list_request *request, const struct fc_revision_row *rows, size_t count,
                      struct fc_arena *arena, Feast__Admin__V1__ListRevisionsResponse *response)
{
    response->revisions = fc_arena_calloc(arena, count, sizeof(Feast__Admin__V1__Revision *));
    for (size_t i = 0; response->revisions && i < count; i++) {
        Feast__Admin__V1__Revision *revision = make_revision(request, &rows[i], arena);
        if (!revision)
            return false;
        response->revisions[response->n_revisions++] = revision;
    }
    if (count > 0 && rows[count - 1].revision > 0)
        response->next_page_token = fc_arena_printf(arena, "%" PRId64, rows[count - 1].revision);
    return !fc_arena_exhausted(arena);
}

void admin_list_revisions(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const list_request *request = (const void *)message;
    const struct fc_services *services = ctx;
    Feast__Admin__V1__ListRevisionsResponse response =
        FEAST__ADMIN__V1__LIST_REVISIONS_RESPONSE__INIT;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_revision_row *rows = NULL;
    struct fc_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_revision_page page = {
        .limit = request->page_size == 0             ? DEFAULT_PAGE
                 : request->page_size > LARGEST_PAGE ? LARGEST_PAGE
                                                     : request->page_size,
        .bytes = PAGE_BYTES,
    };
    int64_t id = 0;
    size_t count = 0;

    fc_rc rc = admin_read_token(request->page_token, arena, &page.below, &err);
    if (rc == FC_OK)
        rc = find_object(services, request, arena, &id, &err);
    if (rc == FC_OK)
        rc = fc_store_reader(services->store, &reader, &err);
    if (rc == FC_OK) {
        rc = fc_revision_list(reader, (enum fc_object_kind)request->kind, id, page, arena, &rows,
                              &count, &err);
    }
    if (rc != FC_OK)
        fc_rpc_fail(call, &err, NULL);
    else if (fill_page(request, rows, count, arena, &response))
        fc_rpc_reply(call, &response.base);
    else
        fc_request_fail_too_large(call);
}
