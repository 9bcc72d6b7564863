/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/binding.h"

#include <ctype.h>
#include <string.h>

/* Event timestamp, created timestamp, date partition. */
#define TIME_COLUMNS 3

static const char *mapped_name(const Feast__Core__DataSource *source, const char *name)
{
    for (size_t i = 0; i < source->n_field_mapping; i++)
        if (strcmp(source->field_mapping[i]->key, name) == 0)
            return source->field_mapping[i]->value;
    return NULL;
}

static void add(struct fc_binding *binding, fc_role role, const char *name, const char *column,
                Feast__Types__ValueType__Enum declared, bool mapped)
{
    binding->columns[binding->count++] = (struct fc_bound_column){
        .role = role, .name = name, .column = column, .declared = declared, .mapped = mapped};
}

static void add_value(struct fc_binding *binding, const Feast__Core__DataSource *source,
                      fc_role role, const char *name, Feast__Types__ValueType__Enum declared)
{
    const char *mapped = mapped_name(source, name);

    add(binding, role, name, mapped ? mapped : name, declared, mapped != NULL);
}

static fc_rc add_entity(struct fc_binding *binding, const Feast__Core__DataSource *source,
                        const char *name, Feast__Worker__V1__EntityType *const *entities,
                        size_t count, struct fc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entities[i]->name, name) == 0) {
            add_value(binding, source, FC_ROLE(ENTITY), name, entities[i]->value_type);
            return FC_OK;
        }
    }
    return fc_fail(err, FC_REASON_REQUEST_INVALID,
                   "the order does not tell the type of entity \"%s\"", name);
}

fc_rc fc_bind(const Feast__Core__FeatureTableSpec *spec, const Feast__Core__DataSource *source,
              Feast__Worker__V1__EntityType *const *entities, size_t entity_count,
              struct fc_arena *arena, struct fc_binding *ret, struct fc_error *err)
{
    size_t most = spec->n_entities + spec->n_features + TIME_COLUMNS;

    *ret = (struct fc_binding){.entity_count = spec->n_entities, .feature_count = spec->n_features};
    ret->columns = fc_arena_calloc(arena, most, sizeof *ret->columns);
    if (!ret->columns)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu columns", most);
    for (size_t i = 0; i < spec->n_entities; i++) {
        fc_rc rc = add_entity(ret, source, spec->entities[i], entities, entity_count, err);
        if (rc != FC_OK)
            return rc;
    }
    for (size_t i = 0; i < spec->n_features; i++)
        add_value(ret, source, FC_ROLE(FEATURE), spec->features[i]->name,
                  spec->features[i]->value_type);
    if (source->event_timestamp_column[0] == '\0')
        return fc_fail(err, FC_REASON_REQUEST_INVALID,
                       "feature table \"%s\" names no event timestamp column", spec->name);
    ret->event = ret->count;
    add(ret, FC_ROLE(EVENT_TIMESTAMP), "", source->event_timestamp_column, 0, false);
    if (source->created_timestamp_column[0] != '\0')
        add(ret, FC_ROLE(CREATED_TIMESTAMP), "", source->created_timestamp_column, 0, false);
    if (source->date_partition_column[0] != '\0')
        add(ret, FC_ROLE(DATE_PARTITION), "", source->date_partition_column, 0, false);
    return FC_OK;
}

/* "a", "a.b": what leads to a column or a field, and nothing else. */
static bool is_path(const char *text)
{
    bool begins = true;

    for (; *text; text++) {
        if (begins ? !isalpha((unsigned char)*text) && *text != '_'
                   : !isalnum((unsigned char)*text) && *text != '_' && *text != '.')
            return false;
        begins = *text == '.';
    }
    return !begins;
}

/* Letters beyond ASCII are in expressions within quotes only. */
static bool is_foreign(const char *text)
{
    char quote = '\0';

    for (; *text; text++)
        if (quote)
            quote = *text == quote ? '\0' : quote;
        else if (strchr("'\"`", *text))
            quote = *text;
        else if ((unsigned char)*text >= 0x80)
            return true;
    return false;
}

/* Of whose parts sources tell nothing: a map's keys are data, the fields of a list's elements are many. */
static bool is_opaque(enum fc_column_kind kind)
{
    return kind == FC_COLUMN_MAP || kind == FC_COLUMN_LIST || kind == FC_COLUMN_UNION ||
           kind == FC_COLUMN_UNKNOWN;
}

static bool leads_into_opaque(const char *path, const struct fc_source_schema *schema)
{
    for (size_t i = 0; i < schema->column_count; i++) {
        const char *name = schema->columns[i].name;
        size_t length = strlen(name);
        if (strncmp(path, name, length) == 0 && path[length] == '.' &&
            is_opaque(schema->columns[i].type.kind))
            return true;
    }
    return false;
}

bool fc_bound_is_expression(const struct fc_bound_column *column,
                            const struct fc_source_schema *schema)
{
    const char *text = column->column;

    if (!column->mapped || is_foreign(text))
        return false;
    return is_path(text) ? leads_into_opaque(text, schema) : true;
}

fc_rc fc_bound_columns(const struct fc_binding *binding, struct fc_arena *arena,
                       const char *const **ret, struct fc_error *err)
{
    const char **columns = fc_arena_calloc(arena, binding->count, sizeof *columns);

    if (!columns)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu columns", binding->count);
    for (size_t i = 0; i < binding->count; i++)
        columns[i] = binding->columns[i].column;
    *ret = columns;
    return FC_OK;
}

struct fc_contract_verdict fc_bound_verdict(const struct fc_bound_column *column,
                                            const struct fc_column_type *type)
{
    switch (column->role) {
    case FC_ROLE(EVENT_TIMESTAMP):
    case FC_ROLE(CREATED_TIMESTAMP):
        return fc_contract_timestamp(type);
    case FC_ROLE(DATE_PARTITION):
        return fc_contract_date_partition(type);
    default:
        return fc_contract_value(type, column->declared);
    }
}

const char *fc_bound_subject(const struct fc_bound_column *column, struct fc_arena *arena)
{
    const char *text = NULL;

    switch (column->role) {
    case FC_ROLE(ENTITY):
        text = fc_arena_printf(arena, "entity \"%s\"", column->name);
        break;
    case FC_ROLE(FEATURE):
        text = fc_arena_printf(arena, "feature \"%s\"", column->name);
        break;
    case FC_ROLE(EVENT_TIMESTAMP):
        text = "event timestamp";
        break;
    case FC_ROLE(CREATED_TIMESTAMP):
        text = "created timestamp";
        break;
    default:
        text = "date partition";
        break;
    }
    return text ? text : "column";
}
