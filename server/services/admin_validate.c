/* SPDX-License-Identifier: Apache-2.0 */
/* What an apply would meet: the rules of the spec, those of the registry's state, and its sources. */
#include "server/registry/feature_table.h"
#include "server/registry/hash.h"
#include "server/services/admin.h"
#include "server/services/table_state.h"

/* In the arena of its call. */
struct validate {
    struct fc_rpc_call *call;
    const struct fc_services *services;
    struct fc_arena *arena;
    const char *project;
    const Feast__Core__FeatureTableSpec *spec;
    struct fc_table_state state;
    char hash[FC_TABLE_HASH_SIZE];
    struct fc_violations violations;
    struct fc_admission_request admission;
    bool mode_open; /* none was asked for: that of the project goes first */
};

static void reply(const struct validate *validate, bool acceptable,
                  Feast__Admin__V1__ValidationReport *report)
{
    Feast__Admin__V1__ValidateResponse response = FEAST__ADMIN__V1__VALIDATE_RESPONSE__INIT;

    if (!admin_add_violations(&validate->violations, validate->arena, &response.violations,
                              &response.n_violations)) {
        fc_request_fail_too_large(validate->call);
        return;
    }
    response.acceptable = acceptable;
    response.report = report;
    if (report)
        report->spec_hash = (char *)validate->hash;
    fc_rpc_reply(validate->call, &response.base);
}

static void judged(void *ctx, const struct fc_admission_outcome *outcome)
{
    const struct validate *validate = ctx;

    if (!outcome->report && !outcome->accepted) {
        fc_rpc_fail(validate->call, &outcome->error, NULL);
        return;
    }
    reply(validate, outcome->accepted, outcome->report);
}

static fc_rc check_state(struct validate *validate, struct fc_error *err)
{
    struct fc_reader *reader = NULL;
    fc_rc rc = fc_store_reader(validate->services->store, &reader, err);

    return rc != FC_OK ? rc
                       : fc_table_state_check(reader, validate->project, validate->spec,
                                              &validate->violations, &validate->state, err);
}

/* The spec of the request is ours to normalise. */
static fc_rc prepare(struct validate *validate, const Feast__Admin__V1__ValidateRequest *request,
                     struct fc_error *err)
{
    Feast__Core__FeatureTableSpec *spec = request->table_spec;

    if (!spec) {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "table_spec",
                             "table_spec is missing: it is what to validate");
    }
    if (admin_read_mode(validate->services, request->mode, &validate->admission.mode, err) != FC_OK)
        return err->rc;
    validate->mode_open = request->mode == FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT;
    if (!fc_table_normalise(validate->arena, spec) ||
        !fc_table_hash(validate->arena, spec, validate->hash))
        return fc_request_too_large(err);
    validate->spec = spec;
    validate->project = fc_request_project(request->project);
    fc_table_check(spec, validate->project, &validate->violations);
    return check_state(validate, err);
}

void admin_validate(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct fc_arena *arena = fc_rpc_arena(call);
    struct validate *validate = fc_arena_calloc(arena, 1, sizeof *validate);
    struct fc_error err = FC_ERROR_INIT;

    if (!validate) {
        fc_request_fail_too_large(call);
        return;
    }
    validate->call = call;
    validate->services = ctx;
    validate->arena = arena;
    fc_violations_init(&validate->violations, arena);
    if (prepare(validate, (const void *)message, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    if (validate->violations.count > 0 || !validate->services->admission) {
        reply(validate, validate->violations.count == 0, NULL);
        return;
    }
    if (validate->mode_open && validate->state.has_mode)
        validate->admission.mode = validate->state.mode;
    validate->admission = (struct fc_admission_request){
        .project = validate->project,
        .spec = validate->spec,
        .entities = validate->state.entities,
        .entity_count = validate->state.entity_count,
        .mode = validate->admission.mode,
        .deadline_ns = fc_rpc_deadline_ns(call),
        .arena = arena,
    };
    fc_admission_check(validate->services->admission, &validate->admission, judged, validate);
}
