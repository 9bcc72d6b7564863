/* SPDX-License-Identifier: Apache-2.0 */
/* The validation mode of a project. */
#include "server/registry/names.h"
#include "server/services/admin.h"
#include "server/services/table_state.h"

typedef Feast__Admin__V1__ValidationReport__Mode wire_mode;

static enum fc_validation_mode server_mode(const struct fc_services *services)
{
    return services->admission ? fc_admission_default_mode(services->admission) : FC_VALIDATION_OFF;
}

static fc_rc find(struct fc_reader *reader, const char *project, struct fc_arena *arena,
                  struct fc_project_row *ret, struct fc_error *err)
{
    fc_rc rc = fc_project_find(reader, fc_str_from(project), arena, ret, err);

    if (rc == FC_OK && ret->id == 0) {
        return fc_fail_field(err, FC_REASON_PROJECT_NOT_FOUND, "project",
                             "Could not find project: \"%s\"", fc_excerpt(arena, project));
    }
    return rc;
}

void admin_get_project_validation(struct fc_rpc_call *call, void *ctx,
                                  const ProtobufCMessage *message)
{
    const Feast__Admin__V1__GetProjectValidationRequest *request = (const void *)message;
    Feast__Admin__V1__GetProjectValidationResponse response =
        FEAST__ADMIN__V1__GET_PROJECT_VALIDATION_RESPONSE__INIT;
    const struct fc_services *services = ctx;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_project_row row = {.id = 0};
    struct fc_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    enum fc_validation_mode mode = server_mode(services);

    fc_rc rc = fc_store_reader(services->store, &reader, &err);
    if (rc == FC_OK)
        rc = find(reader, fc_request_project(request->project), arena, &row, &err);
    if (rc != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    if (fc_project_mode(&row, arena, &mode))
        response.setting = fc_validation_mode_to_wire(mode);
    response.effective = fc_validation_mode_to_wire(mode);
    fc_rpc_reply(call, &response.base);
}

/* In the arena of its call. */
struct set_mode {
    struct fc_rpc_call *call;
    const struct fc_services *services;
    const char *project;
    wire_mode asked;
    enum fc_validation_mode mode; /* the server's when the project shall have none */
};

static fc_rc run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct set_mode *set = ctx;
    struct fc_project_row row = {.id = 0};
    bool own = set->asked != FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT;
    fc_rc rc = find(fc_txn_reader(txn), set->project, fc_rpc_arena(set->call), &row, err);

    return rc != FC_OK
               ? rc
               : fc_project_set_validation(
                     txn, row.id,
                     own ? fc_str_from(fc_validation_mode_name(set->mode)) : FC_STR(""), err);
}

static void done(void *ctx, const struct fc_error *err)
{
    const struct set_mode *set = ctx;
    Feast__Admin__V1__SetProjectValidationResponse response =
        FEAST__ADMIN__V1__SET_PROJECT_VALIDATION_RESPONSE__INIT;

    if (err) {
        fc_rpc_fail(set->call, err, NULL);
        return;
    }
    response.setting = set->asked;
    response.effective = fc_validation_mode_to_wire(set->mode);
    fc_rpc_reply(set->call, &response.base);
}

void admin_set_project_validation(struct fc_rpc_call *call, void *ctx,
                                  const ProtobufCMessage *message)
{
    const Feast__Admin__V1__SetProjectValidationRequest *request = (const void *)message;
    struct set_mode *set = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *set);
    const struct fc_services *services = ctx;
    struct fc_error err = FC_ERROR_INIT;

    if (!set) {
        fc_request_fail_too_large(call);
        return;
    }
    *set = (struct set_mode){
        .call = call,
        .services = services,
        .project = fc_request_project(request->project),
        .asked = request->mode,
    };
    if (admin_read_mode(services, request->mode, &set->mode, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    fc_store_submit(services->store, run, done, set);
}
