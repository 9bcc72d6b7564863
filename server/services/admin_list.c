/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entities and feature tables, a page at a time: a token is `<project>/<name>` of the last object seen, so that a list
 * goes on where it was whatever came or went meanwhile. Objects are copied as they are stored, never unpacked unless
 * labels ask for it.
 */
#include <string.h>

#include "server/registry/encode.h"
#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/services/admin.h"
#include "server/services/label_filter.h"

#define DEFAULT_PAGE 500
#define LARGEST_PAGE 5000
/* Of a page; clients that were not told otherwise accept 4 MiB. */
#define PAGE_BYTES ((size_t)2 * 1024 * 1024)
/* Of one row's spec when labels ask for it. */
#define SCRATCH_LIMIT ((size_t)64 * 1024 * 1024)

#define FIELD_OBJECTS       1
#define FIELD_TOKEN         2
#define FIELD_ENTITY        3
#define FIELD_FEATURE_TABLE 4

typedef Feast__Admin__V1__ListObjectsRequest list_request;

struct list {
    struct fc_rpc_call *call;
    const list_request *request;
    struct fc_arena *scratch;
    struct fc_buf page, object;
    size_t size, count;
    struct fc_buf last; /* token of the last object on the page */
    bool more;          /* there is another object behind it */
};

static fc_rc read_token(const list_request *request, struct fc_arena *arena,
                        struct fc_list_after *ret, struct fc_error *err)
{
    const char *slash = strchr(request->page_token, '/');
    const char *project = fc_request_project(request->project);

    *ret = (struct fc_list_after){.project = request->all_projects ? (fc_str){.ptr = "", .len = 0}
                                                                   : fc_str_from(project)};
    if (request->page_token[0] == '\0')
        return FC_OK;
    if (!slash || (!request->all_projects &&
                   !fc_str_eq(ret->project, (fc_str){request->page_token,
                                                     (size_t)(slash - request->page_token)}))) {
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "page_token",
                             "page_token is \"%s\", expected the next_page_token of an answer to "
                             "the same request",
                             fc_excerpt(arena, request->page_token));
    }
    ret->project = (fc_str){request->page_token, (size_t)(slash - request->page_token)};
    ret->name = fc_str_from(slash + 1);
    return FC_OK;
}

/* Ends the walk when the page is full; then the list goes on behind `last`. */
static bool is_full(struct list *list)
{
    list->more = list->count == list->size || list->page.len >= PAGE_BYTES;
    return list->more;
}

static fc_rc add(struct list *list, fc_str project, fc_str name, int32_t verdict, unsigned field,
                 fc_str reply, struct fc_error *err)
{
    Feast__Admin__V1__ListedObject head = FEAST__ADMIN__V1__LISTED_OBJECT__INIT;
    uint8_t packed[512];

    fc_buf_clear(&list->last);
    fc_buf_printf(&list->last, "%.*s/%.*s", (int)project.len, project.ptr, (int)name.len, name.ptr);
    head.project = fc_arena_strndup(list->scratch, project.ptr, project.len);
    head.verdict = (Feast__Admin__V1__Verdict)verdict;
    if (!head.project || feast__admin__v1__listed_object__get_packed_size(&head) > sizeof packed)
        return fc_request_too_large(err);
    fc_buf_clear(&list->object);
    fc_buf_append(&list->object, packed, feast__admin__v1__listed_object__pack(&head, packed));
    fc_buf_append_field(&list->object, field, reply);
    fc_buf_append_field(&list->page, FIELD_OBJECTS, (fc_str){list->object.ptr, list->object.len});
    list->count++;
    return list->page.failed || list->object.failed || list->last.failed ? fc_request_too_large(err)
                                                                         : FC_OK;
}

static fc_rc begin_row(struct list *list, struct fc_error *err)
{
    fc_arena_reset(list->scratch);
    return fc_rpc_cancelled(list->call)
               ? fc_fail(err, FC_REASON_CANCELLED, "the client no longer waits for the list")
               : FC_OK;
}

/* The walk is ended by a code that is no failure: `more` tells. */
static fc_rc end_walk(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_CANCELLED, "the page is full");
}

static fc_rc entity_row(void *ctx, const struct fc_entity_row *row, struct fc_error *err)
{
    struct list *list = ctx;
    bool has = false;
    fc_rc rc = begin_row(list, err);

    if (rc == FC_OK)
        rc = fc_entity_has_labels(row, FC_MAP(list->request, labels), list->scratch, &has, err);
    if (rc != FC_OK || !has)
        return rc;
    return is_full(list) ? end_walk(err)
                         : add(list, row->project, row->name, 0, FIELD_ENTITY, row->reply, err);
}

static fc_rc table_row(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    struct list *list = ctx;
    bool has = false;
    fc_rc rc = begin_row(list, err);

    if (rc == FC_OK)
        rc = fc_table_has_labels(row, FC_MAP(list->request, labels), list->scratch, &has, err);
    if (rc != FC_OK || !has)
        return rc;
    return is_full(list) ? end_walk(err)
                         : add(list, row->project, row->name, row->verdict, FIELD_FEATURE_TABLE,
                               row->reply, err);
}

static fc_rc walk(struct list *list, struct fc_reader *reader, struct fc_list_after after,
                  struct fc_error *err)
{
    bool all = list->request->all_projects;
    fc_rc rc;

    switch (list->request->kind) {
    case FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY:
        rc = fc_entity_each_after(reader, after, all, entity_row, list, err);
        break;
    case FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE:
        rc = fc_table_each_after(reader, after, all, table_row, list, err);
        break;
    default:
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "kind",
                             "kind is %d, expected OBJECT_KIND_ENTITY or "
                             "OBJECT_KIND_FEATURE_TABLE",
                             (int)list->request->kind);
    }
    if (list->more) {
        fc_buf_append_field(&list->page, FIELD_TOKEN, (fc_str){list->last.ptr, list->last.len});
        rc = FC_OK;
    }
    return rc == FC_OK && list->page.failed ? fc_request_too_large(err) : rc;
}

static fc_rc make_page(struct list *list, const struct fc_services *services, struct fc_error *err)
{
    const list_request *request = list->request;
    struct fc_arena *arena = fc_rpc_arena(list->call);
    struct fc_reader *reader = NULL;
    struct fc_violations violations;
    struct fc_list_after after;

    fc_violations_init(&violations, arena);
    if (!request->all_projects) {
        fc_name_check(&violations, FC_NAME_DASH, "project", "project",
                      fc_request_project(request->project));
    }
    if (fc_violations_to_error(&violations, err) != FC_OK ||
        read_token(request, arena, &after, err) != FC_OK)
        return err->rc;
    list->size = request->page_size == 0             ? DEFAULT_PAGE
                 : request->page_size > LARGEST_PAGE ? LARGEST_PAGE
                                                     : request->page_size;
    list->scratch = fc_arena_new(SCRATCH_LIMIT);
    if (!list->scratch)
        return fc_request_too_large(err);
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    return rc != FC_OK ? rc : walk(list, reader, after, err);
}

void admin_list_objects(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct list list = {.call = call, .request = (const void *)message};
    struct fc_error err = FC_ERROR_INIT;

    if (make_page(&list, ctx, &err) != FC_OK)
        fc_rpc_fail(call, &err, NULL);
    else
        fc_rpc_reply_bytes(call, (fc_str){list.page.ptr, list.page.len});
    fc_arena_free(list.scratch);
    fc_buf_done(&list.page);
    fc_buf_done(&list.object);
    fc_buf_done(&list.last);
}
