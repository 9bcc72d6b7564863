/* SPDX-License-Identifier: Apache-2.0 */
/* The stored reports of one feature table, a page at a time: a token is the id of the last report seen. */
#include <inttypes.h>
#include <stdlib.h>

#include "server/registry/names.h"
#include "server/services/admin.h"

#define LARGEST_PAGE FC_REPORTS_KEPT

typedef Feast__Admin__V1__ListValidationReportsRequest list_request;
typedef Feast__Admin__V1__ListValidationReportsResponse list_response;

static bool fill_page(const struct fc_report_row *rows, size_t count, size_t size,
                      struct fc_arena *arena, list_response *response)
{
    ProtobufCAllocator *allocator = fc_arena_allocator(arena);

    response->reports = fc_arena_calloc(arena, size, sizeof(Feast__Admin__V1__ValidationReport *));
    for (size_t i = 0; response->reports && i < count && i < size; i++) {
        response->reports[response->n_reports++] = feast__admin__v1__validation_report__unpack(
            allocator, rows[i].body.len, (const uint8_t *)rows[i].body.ptr);
    }
    if (count > size)
        response->next_page_token = fc_arena_printf(arena, "%" PRId64, rows[size - 1].id);
    return !fc_arena_exhausted(arena);
}

static fc_rc list(const struct fc_services *services, const list_request *request, size_t size,
                  struct fc_arena *arena, list_response *response, struct fc_error *err)
{
    struct fc_table_row row = {.id = 0};
    struct fc_report_row *rows = NULL;
    struct fc_reader *reader = NULL;
    int64_t below = 0;
    size_t count = 0;

    fc_rc rc = admin_read_token(request->page_token, arena, &below, err);
    if (rc == FC_OK) {
        rc = admin_find_table(services, fc_request_project(request->project), "table",
                              request->table, arena, &row, err);
    }
    if (rc == FC_OK)
        rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK) {
        /* One more than the page has tells whether there is another. */
        rc = fc_report_list(reader, row.id, below, size + 1, arena, &rows, &count, err);
    }
    if (rc == FC_OK && !fill_page(rows, count, size, arena, response))
        rc = fc_request_too_large(err);
    return rc;
}

void admin_list_reports(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const list_request *request = (const void *)message;
    list_response response = FEAST__ADMIN__V1__LIST_VALIDATION_REPORTS_RESPONSE__INIT;
    struct fc_error err = FC_ERROR_INIT;
    size_t size = request->page_size == 0 || request->page_size > LARGEST_PAGE ? LARGEST_PAGE
                                                                               : request->page_size;

    if (list(ctx, request, size, fc_rpc_arena(call), &response, &err) == FC_OK)
        fc_rpc_reply(call, &response.base);
    else
        fc_rpc_fail(call, &err, NULL);
}
