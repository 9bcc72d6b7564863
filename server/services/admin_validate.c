/* SPDX-License-Identifier: Apache-2.0 */
/* What an apply would meet: the rules of the spec, those of the registry's state, and its sources. */
#include "server/registry/feature_table.h"
#include "server/registry/hash.h"
#include "server/registry/names.h"
#include "server/services/admin.h"
#include "server/services/job_view.h"

/* A request with more unknown entities than this has its lookups ended. */
#define MAX_UNKNOWN 100

/* In the arena of its call. */
struct validate {
    struct fc_rpc_call *call;
    const struct fc_services *services;
    struct fc_arena *arena;
    const char *project;
    const Feast__Core__FeatureTableSpec *spec;
    struct fc_admission_entity *entities;
    size_t entity_count;
    char hash[FC_TABLE_HASH_SIZE];
    struct fc_violations violations;
    struct fc_admission_request admission;
};

static bool add_violations(const struct fc_violations *violations, struct fc_arena *arena,
                           Feast__Admin__V1__ValidateResponse *response)
{
    Google__Rpc__BadRequest__FieldViolation *made =
        fc_arena_calloc(arena, violations->count, sizeof *made);

    response->violations = fc_arena_calloc(arena, violations->count,
                                           sizeof(Google__Rpc__BadRequest__FieldViolation *));
    if (made == NULL || response->violations == NULL) {
        return false;
    }
    for (size_t i = 0; i < violations->count; i++) {
        google__rpc__bad_request__field_violation__init(&made[i]);
        made[i].field = (char *)violations->items[i].field;
        made[i].description = (char *)violations->items[i].message;
        response->violations[response->n_violations++] = &made[i];
    }
    return true;
}

static void reply(const struct validate *validate, bool acceptable,
                  Feast__Admin__V1__ValidationReport *report)
{
    Feast__Admin__V1__ValidateResponse response = FEAST__ADMIN__V1__VALIDATE_RESPONSE__INIT;

    if (!add_violations(&validate->violations, validate->arena, &response)) {
        fc_view_too_large(validate->call);
        return;
    }
    response.acceptable = acceptable;
    response.report = report;
    if (report != NULL) {
        report->spec_hash = (char *)validate->hash;
    }
    fc_rpc_reply(validate->call, &response.base);
}

static void judged(void *ctx, const struct fc_admission_outcome *outcome)
{
    const struct validate *validate = ctx;

    if (outcome->report == NULL && !outcome->accepted) {
        fc_rpc_fail(validate->call, &outcome->error, NULL);
        return;
    }
    reply(validate, outcome->accepted, outcome->report);
}

static fc_rc check_project(struct validate *validate, struct fc_reader *reader,
                           struct fc_error *err)
{
    struct fc_project_row row = {.id = 0};
    fc_rc rc = fc_project_find(reader, fc_str_from(validate->project), validate->arena, &row, err);

    if (rc == FC_OK && row.archived) {
        fc_violations_add(&validate->violations, FC_REASON_PROJECT_ARCHIVED, "project",
                          "Project is archived: %s", validate->project);
    }
    return rc;
}

static fc_rc check_entities(struct validate *validate, struct fc_reader *reader,
                            struct fc_error *err)
{
    const Feast__Core__FeatureTableSpec *spec = validate->spec;
    size_t unknown = 0;

    for (size_t i = 0; i < spec->n_entities && unknown < MAX_UNKNOWN; i++) {
        struct fc_entity_row row = {.id = 0};
        if (!fc_name_has_form(FC_NAME_PLAIN, spec->entities[i])) {
            continue; /* refused as a name */
        }
        fc_rc rc = fc_entity_find(reader, fc_str_from(validate->project),
                                  fc_str_from(spec->entities[i]), validate->arena, &row, err);
        if (rc != FC_OK) {
            return rc;
        }
        if (row.id == 0) {
            fc_table_entity_unknown(spec, i, validate->project, &validate->violations);
            unknown++;
        } else {
            validate->entities[validate->entity_count++] = (struct fc_admission_entity){
                .name = spec->entities[i], .value_type = row.value_type};
        }
    }
    return FC_OK;
}

static fc_rc check_online_store(struct validate *validate, struct fc_reader *reader,
                                struct fc_error *err)
{
    const Feast__Core__OnlineStore *store = validate->spec->online_store;
    struct fc_store_row row = {.id = 0};

    if (store == NULL || store->name[0] == '\0') {
        return FC_OK;
    }
    fc_rc rc = fc_store_row_find(reader, FC_STORE_ONLINE, fc_str_from(store->name), validate->arena,
                                 &row, err);
    if (rc == FC_OK && (row.id == 0 || row.archived)) {
        fc_table_online_store_unusable(validate->spec, row.archived, &validate->violations);
    }
    return rc;
}

static fc_rc check_state(struct validate *validate, struct fc_error *err)
{
    struct fc_reader *reader = NULL;
    fc_rc rc = fc_store_reader(validate->services->store, &reader, err);

    if (rc == FC_OK) {
        rc = check_project(validate, reader, err);
    }
    if (rc == FC_OK) {
        rc = check_entities(validate, reader, err);
    }
    return rc == FC_OK ? check_online_store(validate, reader, err) : rc;
}

static bool read_mode(const struct fc_services *services,
                      Feast__Admin__V1__ValidationReport__Mode asked, enum fc_validation_mode *ret)
{
    switch (asked) {
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT:
        *ret = services->admission != NULL ? fc_admission_default_mode(services->admission)
                                           : FC_VALIDATION_OFF;
        return true;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF:
        *ret = FC_VALIDATION_OFF;
        return true;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__WARN:
        *ret = FC_VALIDATION_WARN;
        return true;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE:
        *ret = FC_VALIDATION_ENFORCE;
        return true;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT:
        *ret = FC_VALIDATION_STRICT;
        return true;
    default:
        return false;
    }
}

/* The spec of the request is ours to normalise. */
static fc_rc prepare(struct validate *validate, const Feast__Admin__V1__ValidateRequest *request,
                     struct fc_error *err)
{
    Feast__Core__FeatureTableSpec *spec = request->table_spec;

    if (spec == NULL) {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "table_spec",
                             "table_spec is missing: it is what to validate");
    }
    if (!read_mode(validate->services, request->mode, &validate->admission.mode)) {
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "mode",
                             "mode is %d, expected DEFAULT, OFF, WARN, ENFORCE or STRICT",
                             (int)request->mode);
    }
    validate->entities =
        fc_arena_calloc(validate->arena, spec->n_entities, sizeof *validate->entities);
    if (validate->entities == NULL || !fc_table_normalise(validate->arena, spec) ||
        !fc_table_hash(validate->arena, spec, validate->hash)) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "the request needs more memory than one call may take");
    }
    validate->spec = spec;
    validate->project = admin_project(request->project);
    fc_table_check(spec, validate->project, &validate->violations);
    return check_state(validate, err);
}

void admin_validate(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct fc_arena *arena = fc_rpc_arena(call);
    struct validate *validate = fc_arena_calloc(arena, 1, sizeof *validate);
    struct fc_error err = FC_ERROR_INIT;

    if (validate == NULL) {
        fc_view_too_large(call);
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
    if (validate->violations.count > 0 || validate->services->admission == NULL) {
        reply(validate, validate->violations.count == 0, NULL);
        return;
    }
    validate->admission = (struct fc_admission_request){
        .project = validate->project,
        .spec = validate->spec,
        .entities = validate->entities,
        .entity_count = validate->entity_count,
        .mode = validate->admission.mode,
        .deadline_ns = fc_rpc_deadline_ns(call),
        .arena = arena,
    };
    fc_admission_check(validate->services->admission, &validate->admission, judged, validate);
}
