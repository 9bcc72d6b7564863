/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/feature_table.h"

#include <string.h>

#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/registry/source.h"
#include "server/registry/table_names.h"
#include "server/registry/value_type.h"
#include "server/registry/wire.h"

/* The longest span that a protobuf Duration may hold: about 10 000 years. */
#define DURATION_MAX_S INT64_C(315576000000)
#define NANOS_PER_S    1000000000

static bool max_age_is_sane(const Google__Protobuf__Duration *age)
{
    return age->seconds >= 0 && age->seconds <= DURATION_MAX_S && age->nanos >= 0 &&
           age->nanos < NANOS_PER_S;
}

static bool normalise_max_age(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    if (!spec->max_age) {
        spec->max_age = fc_arena_alloc(arena, sizeof *spec->max_age);
        if (!spec->max_age)
            return false;
        google__protobuf__duration__init(spec->max_age);
    } else if (max_age_is_sane(spec->max_age)) {
        spec->max_age->nanos = 0;
    }
    return true;
}

static bool is_empty(const ProtobufCMessage *message)
{
    return protobuf_c_message_get_packed_size(message) == 0;
}

static bool normalise_source(struct fc_arena *arena, Feast__Core__DataSource *source)
{
    return !source || fc_map_normalise(arena, &source->n_field_mapping, source->field_mapping);
}

bool fc_table_normalise(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    if (spec->stream_source && is_empty(&spec->stream_source->base))
        spec->stream_source = NULL;
    if (spec->online_store && is_empty(&spec->online_store->base))
        spec->online_store = NULL;
    for (size_t i = 0; i < spec->n_features; i++) {
        Feast__Core__FeatureSpecV2 *feature = spec->features[i];
        if (!fc_map_normalise(arena, &feature->n_labels, feature->labels))
            return false;
    }
    return normalise_max_age(arena, spec) &&
           fc_map_normalise(arena, &spec->n_labels, spec->labels) &&
           normalise_source(arena, spec->batch_source) &&
           normalise_source(arena, spec->stream_source);
}

static void check_presence(const Feast__Core__FeatureTableSpec *spec, const char *what,
                           struct fc_violations *violations)
{
    if (spec->n_entities == 0) {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "table_spec.entities",
                          "%s: entities is empty, at least one entity is required", what);
    }
    if (spec->n_features == 0) {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "table_spec.features",
                          "%s: features is empty, at least one feature is required", what);
    }
    if (!spec->batch_source) {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "table_spec.batch_source",
                          "%s: batch_source is not set, a batch source is required", what);
    }
}

static void check_entities(const Feast__Core__FeatureTableSpec *spec,
                           struct fc_violations *violations)
{
    struct fc_arena *arena = violations->arena;

    for (size_t i = 0; i < spec->n_entities && !fc_arena_exhausted(arena); i++) {
        const char *field = fc_arena_printf(arena, "table_spec.entities[%zu]", i);
        fc_name_check(violations, FC_NAME_PLAIN, "entity", !field ? "table_spec.entities" : field,
                      spec->entities[i]);
    }
}

/* Hardly any feature needs the texts below, which take longer to write than all checks together. */
static bool is_plain_and_fine(const Feast__Core__FeatureSpecV2 *feature)
{
    return fc_name_has_form(FC_NAME_PLAIN, feature->name) && strlen(feature->name) <= FC_NAME_MAX &&
           feature->n_labels == 0 &&
           feature->value_type != FEAST__TYPES__VALUE_TYPE__ENUM__INVALID &&
           fc_value_type_name((int32_t)feature->value_type);
}

static void check_feature(const Feast__Core__FeatureSpecV2 *feature, size_t index,
                          struct fc_violations *violations)
{
    struct fc_arena *arena = violations->arena;
    const char *what = fc_arena_printf(arena, "Feature \"%s\"", fc_excerpt(arena, feature->name));
    const char *name = fc_arena_printf(arena, "table_spec.features[%zu].name", index);
    const char *type = fc_arena_printf(arena, "table_spec.features[%zu].value_type", index);
    const char *labels = fc_arena_printf(arena, "table_spec.features[%zu].labels", index);

    if (!what || !name || !type || !labels)
        return; /* the exhausted arena fails the request */
    fc_name_check(violations, FC_NAME_PLAIN, "Feature", name, feature->name);
    fc_value_type_check(violations, what, type, (int32_t)feature->value_type);
    fc_labels_check(violations, what, labels, FC_MAP(feature, labels));
}

static void check_max_age(const Feast__Core__FeatureTableSpec *spec, const char *what,
                          struct fc_violations *violations)
{
    const Google__Protobuf__Duration *age = spec->max_age;

    if (age && !max_age_is_sane(age)) {
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, "table_spec.max_age",
                          "%s: max_age is %lld s and %d ns, expected a duration that is not "
                          "negative and at most %lld s",
                          what, (long long)age->seconds, age->nanos, (long long)DURATION_MAX_S);
    }
}

static void check_online_store(const Feast__Core__FeatureTableSpec *spec, const char *what,
                               struct fc_violations *violations)
{
    if (spec->online_store && *spec->online_store->name == '\0') {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "table_spec.online_store.name",
                          "%s: online_store has no name, the name of a registered online store is "
                          "required",
                          what);
    }
}

/* Clients of 0.10 and 0.11 put the project into the spec as well; the request's own decides, and must not differ. */
static void check_project_twice(const Feast__Core__FeatureTableSpec *spec, const char *project,
                                const char *what, struct fc_violations *violations)
{
    fc_str inner;

    if (fc_wire_read(FC_WIRE_TABLE_9, &spec->base, &inner) == FC_WIRE_TEXT &&
        !fc_str_eq(inner, fc_str_from(project))) {
        const char *text = fc_arena_strndup(violations->arena, inner.ptr, inner.len);
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, "table_spec.project",
                          "%s: the spec is for project \"%s\", the request for project \"%s\"",
                          what, !text ? "" : fc_excerpt(violations->arena, text), project);
    }
}

void fc_table_check(const Feast__Core__FeatureTableSpec *spec, const char *project,
                    struct fc_violations *violations)
{
    struct fc_arena *arena = violations->arena;
    struct fc_table_names names;

    fc_name_check(violations, FC_NAME_DASH, "project", "project", project);
    if (!spec) {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "table_spec",
                          "the request has no table_spec, a feature table specification is "
                          "required");
        return;
    }
    const char *what =
        fc_arena_printf(arena, "Feature table \"%s\"", fc_excerpt(arena, spec->name));
    if (!what || !fc_table_names_init(&names, arena, spec)) {
        fc_violations_add(violations, FC_REASON_REQUEST_TOO_LARGE, "table_spec",
                          "the feature table is too large to be checked");
        return;
    }
    fc_name_check(violations, FC_NAME_PLAIN, "FeatureTable", "table_spec.name", spec->name);
    fc_labels_check(violations, what, "table_spec.labels", FC_MAP(spec, labels));
    check_presence(spec, what, violations);
    check_entities(spec, violations);
    for (size_t i = 0; i < spec->n_features && !fc_arena_exhausted(arena); i++)
        if (!is_plain_and_fine(spec->features[i]))
            check_feature(spec->features[i], i, violations);
    fc_table_names_check(&names, violations);
    check_max_age(spec, what, violations);
    check_online_store(spec, what, violations);
    check_project_twice(spec, project, what, violations);
    if (spec->batch_source)
        fc_source_check(FC_SOURCE_BATCH, spec->batch_source, &names, violations);
    if (spec->stream_source)
        fc_source_check(FC_SOURCE_STREAM, spec->stream_source, &names, violations);
}

void fc_table_entity_unknown(const Feast__Core__FeatureTableSpec *spec, size_t index,
                             const char *project, struct fc_violations *violations)
{
    const char *field = fc_arena_printf(violations->arena, "table_spec.entities[%zu]", index);

    fc_violations_add(violations, FC_REASON_ENTITY_UNKNOWN, !field ? "table_spec.entities" : field,
                      "Feature Table refers to no existent Entity: (table: %s, entity: %s, "
                      "project: %s)",
                      spec->name, spec->entities[index], project);
}

void fc_table_online_store_unusable(const Feast__Core__FeatureTableSpec *spec, bool archived,
                                    struct fc_violations *violations)
{
    fc_violations_add(violations, FC_REASON_ONLINE_STORE_UNKNOWN, "table_spec.online_store.name",
                      "Feature table \"%s\": online store \"%s\" %s", spec->name,
                      fc_excerpt(violations->arena, spec->online_store->name),
                      archived ? "is archived" : "is not registered");
}
