/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "server/registry/encode.h"
#include "server/registry/names.h"
#include "server/services/core.h"

/* Of one row in a list; a spec takes a few times its size when it is unpacked. */
#define SCRATCH_LIMIT ((size_t)64 * 1024 * 1024)
/* Of a status message. It stands in the trailers twice, and what it takes is missing for the list of violations. */
#define MESSAGE_LIMIT 1200
/* How often a list looks whether somebody still waits for it. */
#define ROWS_PER_LOOK 256

fc_rc core_violations(const struct fc_violations *violations, struct fc_error *err)
{
    const struct fc_violation *first = violations->items;

    return fc_fail_field(err, first->reason, first->field, "%s",
                         fc_violations_text(violations, MESSAGE_LIMIT));
}

void core_refuse(struct fc_rpc_call *call, const struct fc_violations *violations)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)core_violations(violations, &err);
    fc_rpc_fail(call, &err, violations);
}

void core_reply_object(struct fc_rpc_call *call, fc_str object)
{
    fc_str response;

    if (fc_encode_field(fc_rpc_arena(call), 1, object, &response))
        fc_rpc_reply_bytes(call, response);
    else
        fc_request_fail_too_large(call);
}

struct fc_reader *core_reader(struct fc_rpc_call *call, struct fc_services *services)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;

    if (fc_store_reader(services->store, &reader, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return NULL;
    }
    return reader;
}

void core_read_options(struct fc_rpc_call *call, const struct fc_services *services,
                       struct core_options *ret, struct fc_violations *violations)
{
    const char *dry_run = fc_rpc_metadata(call, "feast-dry-run");
    const char *mode = fc_rpc_metadata(call, "feast-validation");

    ret->dry_run = dry_run && strcmp(dry_run, "true") == 0;
    if (dry_run && !ret->dry_run && strcmp(dry_run, "false") != 0) {
        fc_violations_add(violations, FC_REASON_REQUEST_INVALID, "metadata.feast-dry-run",
                          "request metadata feast-dry-run is \"%s\", expected true or false",
                          fc_excerpt(violations->arena, dry_run));
    }
    ret->mode =
        !services->admission ? FC_VALIDATION_OFF : fc_admission_default_mode(services->admission);
    ret->mode_open = services->admission && !mode;
    enum fc_validation_mode wanted;
    if (mode && !fc_validation_mode_parse(mode, &wanted)) {
        fc_violations_add(violations, FC_REASON_REQUEST_INVALID, "metadata.feast-validation",
                          "request metadata feast-validation is \"%s\", expected enforce, strict, "
                          "warn or off",
                          fc_excerpt(violations->arena, mode));
    } else if (mode && services->admission) {
        ret->mode = wanted;
    }
}

bool core_list_begin(struct core_list *list, struct fc_rpc_call *call)
{
    *list = (struct core_list){.call = call, .scratch = fc_arena_new(SCRATCH_LIMIT)};
    if (!list->scratch) {
        fc_request_fail_too_large(call);
        return false;
    }
    return true;
}

struct fc_reader *core_list_of_project(struct core_list *list, struct fc_rpc_call *call,
                                       struct fc_services *services, const char *project)
{
    struct fc_violations violations;

    fc_violations_init(&violations, fc_rpc_arena(call));
    fc_name_check(&violations, FC_NAME_DASH, "project", "filter.project", project);
    if (violations.count > 0) {
        core_refuse(call, &violations);
        return NULL;
    }
    struct fc_reader *reader = core_reader(call, services);
    return reader && core_list_begin(list, call) ? reader : NULL;
}

fc_rc core_list_row(struct core_list *list, struct fc_error *err)
{
    fc_arena_reset(list->scratch);
    if (++list->rows % ROWS_PER_LOOK == 0 && fc_rpc_cancelled(list->call))
        return fc_fail(err, FC_REASON_CANCELLED, "the client no longer waits for the list");
    return FC_OK;
}

void core_list_end(struct core_list *list, fc_rc rc, const struct fc_error *err)
{
    if (rc != FC_OK)
        fc_rpc_fail(list->call, err, NULL);
    else if (list->reply.failed)
        fc_request_fail_too_large(list->call);
    else
        fc_rpc_reply_bytes(list->call, (fc_str){list->reply.ptr, list->reply.len});
    fc_buf_done(&list->reply);
    fc_arena_free(list->scratch);
}
