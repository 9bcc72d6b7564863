/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl online get */
#include <string.h>

#include "client/client.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"

typedef Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow entity_row;
typedef Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow__FieldsEntry field_entry;
typedef Feast__Serving__GetOnlineFeaturesResponse__FieldValues field_values;

struct read {
    struct fc_cli *cli;
    const Feast__Core__FeatureTableSpec *table;
    int *types; /* of the entities, in table order */
    const char **features;
    size_t feature_count;
    Feast__Serving__GetOnlineFeaturesRequestV2 request;
};

static enum fc_exit load_table(struct read *r, const char *name)
{
    Feast__Core__GetFeatureTableRequest request = FEAST__CORE__GET_FEATURE_TABLE_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_get_table, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.name = (char *)name;
    request.project = (char *)r->cli->project;
    if (fc_client_call(r->cli, &call, &err) != FC_OK)
        return fc_client_fail(r->cli, &call, &err);
    const Feast__Core__GetFeatureTableResponse *reply = (const void *)call.reply.message;
    if (!reply->table || !reply->table->spec)
        return FC_EXIT_INTERNAL;
    r->table = reply->table->spec;
    return FC_EXIT_OK;
}

static enum fc_exit load_types(struct read *r)
{
    struct fc_error err = FC_ERROR_INIT;

    r->types = fc_arena_calloc(r->cli->arena, r->table->n_entities + 1, sizeof(*r->types));
    for (size_t i = 0; r->types && i < r->table->n_entities; i++) {
        Feast__Core__GetEntityRequest request = FEAST__CORE__GET_ENTITY_REQUEST__INIT;
        struct fc_call call = {.method = &fc_method_core_get_entity, .request = &request.base};

        request.name = r->table->entities[i];
        request.project = (char *)r->cli->project;
        if (fc_client_call(r->cli, &call, &err) != FC_OK)
            return fc_client_fail(r->cli, &call, &err);
        const Feast__Core__Entity *entity =
            ((Feast__Core__GetEntityResponse *)call.reply.message)->entity;
        r->types[i] = entity && entity->spec ? (int)entity->spec->value_type : 0;
    }
    return r->types ? FC_EXIT_OK : fc_cli_no_memory(r->cli);
}

/* -- what is asked for --------------------------------------------------------------------------------------- */

static bool entity_index(const struct read *r, const char *name, size_t len, size_t *ret)
{
    for (size_t i = 0; i < r->table->n_entities; i++) {
        if (strlen(r->table->entities[i]) == len &&
            strncmp(r->table->entities[i], name, len) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static enum fc_exit unknown_entity(struct read *r, const char *text, size_t len)
{
    const char *name = fc_arena_strndup(r->cli->arena, text, len);
    const char *nearest =
        name ? fc_str_nearest(name, (const char *const *)r->table->entities, r->table->n_entities)
             : NULL;

    return fc_cli_usage(r->cli, "table %s has no entity \"%.60s\"%s%s%s", r->table->name,
                        name ? name : "", nearest ? "; did you mean \"" : "",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

static enum fc_exit set_value(struct read *r, entity_row *row, size_t entity, const char *text)
{
    struct fc_arena *arena = r->cli->arena;
    field_entry *entry = fc_arena_calloc(arena, 1, sizeof(*entry));
    Feast__Types__Value *value = fc_arena_calloc(arena, 1, sizeof(*value));
    struct fc_error err = FC_ERROR_INIT;

    if (!entry || !value)
        return fc_cli_no_memory(r->cli);
    if (fc_value_parse(arena, r->types[entity], text, value, &err) != FC_OK)
        return fc_cli_usage(r->cli, "entity %s: %s", r->table->entities[entity], err.message);
    feast__serving__get_online_features_request_v2__entity_row__fields_entry__init(entry);
    entry->key = r->table->entities[entity];
    entry->value = value;
    row->fields[row->n_fields++] = entry;
    return FC_EXIT_OK;
}

static entity_row *new_row(struct read *r)
{
    entity_row *row = fc_arena_calloc(r->cli->arena, 1, sizeof(*row));

    if (!row)
        return NULL;
    feast__serving__get_online_features_request_v2__entity_row__init(row);
    row->fields = fc_arena_calloc(r->cli->arena, r->table->n_entities + 1, sizeof(void *));
    return row->fields ? row : NULL;
}

/* The n-th value of each entity belongs to the n-th row. */
static enum fc_exit read_entities(struct read *r)
{
    size_t count = 0;
    const char *const *texts = fc_options_all(&r->cli->options, "entity", &count);
    size_t *given = fc_arena_calloc(r->cli->arena, r->table->n_entities + 1, sizeof(*given));

    r->request.entity_rows = fc_arena_calloc(r->cli->arena, count + 1, sizeof(void *));
    if (!texts || !given || !r->request.entity_rows)
        return fc_cli_no_memory(r->cli);
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(texts[i], '=');
        size_t entity = 0;
        if (!equals)
            return fc_cli_usage(r->cli, "--entity is \"%.60s\", expected NAME=VALUE", texts[i]);
        if (!entity_index(r, texts[i], (size_t)(equals - texts[i]), &entity))
            return unknown_entity(r, texts[i], (size_t)(equals - texts[i]));
        size_t index = given[entity]++;
        if (index == r->request.n_entity_rows) {
            r->request.entity_rows[index] = new_row(r);
            if (!r->request.entity_rows[index])
                return fc_cli_no_memory(r->cli);
            r->request.n_entity_rows++;
        }
        enum fc_exit code = set_value(r, r->request.entity_rows[index], entity, equals + 1);
        if (code != FC_EXIT_OK)
            return code;
    }
    for (size_t i = 0; i < r->table->n_entities; i++) {
        if (given[i] == 0 || given[i] != r->request.n_entity_rows)
            return fc_cli_usage(r->cli, "entity %s has %zu values, expected %zu: --entity %s=VALUE",
                                r->table->entities[i], given[i],
                                r->request.n_entity_rows ? r->request.n_entity_rows : 1,
                                r->table->entities[i]);
    }
    return FC_EXIT_OK;
}

static bool has_feature(const struct read *r, const char *name)
{
    for (size_t i = 0; i < r->table->n_features; i++) {
        if (strcmp(r->table->features[i]->name, name) == 0)
            return true;
    }
    return false;
}

static enum fc_exit unknown_feature(struct read *r, const char *name, const char **all)
{
    const char *nearest;

    for (size_t i = 0; i < r->table->n_features; i++)
        all[i] = r->table->features[i]->name;
    nearest = fc_str_nearest(name, all, r->table->n_features);
    return fc_cli_usage(r->cli, "table %s has no feature \"%.60s\"%s%s%s", r->table->name, name,
                        nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                        nearest ? "\"?" : "");
}

static enum fc_exit read_features(struct read *r)
{
    size_t count = 0, prefix = strlen(r->table->name);
    const char *const *given = fc_options_all(&r->cli->options, "feature", &count);
    const char **names =
        fc_arena_calloc(r->cli->arena, count + r->table->n_features + 1, sizeof(*names));

    if (!given || !names)
        return fc_cli_no_memory(r->cli);
    for (size_t i = 0; i < count; i++) {
        const char *name = given[i];
        if (strncmp(name, r->table->name, prefix) == 0 && name[prefix] == ':')
            name += prefix + 1;
        if (!has_feature(r, name))
            return unknown_feature(r, name, names);
        names[r->feature_count++] = name;
    }
    for (size_t i = 0; count == 0 && i < r->table->n_features; i++)
        names[r->feature_count++] = r->table->features[i]->name;
    r->features = names;
    return FC_EXIT_OK;
}

static enum fc_exit set_references(struct read *r)
{
    Feast__Serving__FeatureReferenceV2 *refs =
        fc_arena_calloc(r->cli->arena, r->feature_count + 1, sizeof(*refs));

    r->request.features = fc_arena_calloc(r->cli->arena, r->feature_count + 1, sizeof(void *));
    if (!refs || !r->request.features)
        return fc_cli_no_memory(r->cli);
    for (size_t i = 0; i < r->feature_count; i++) {
        feast__serving__feature_reference_v2__init(&refs[i]);
        refs[i].feature_table = r->table->name;
        refs[i].name = (char *)r->features[i];
        r->request.features[r->request.n_features++] = &refs[i];
    }
    r->request.project = (char *)r->cli->project;
    return FC_EXIT_OK;
}

/* -- what was found ------------------------------------------------------------------------------------------ */

static const Feast__Types__Value *value_of(const field_values *row, const char *key)
{
    for (size_t i = 0; i < row->n_fields; i++) {
        if (strcmp(row->fields[i]->key, key) == 0)
            return row->fields[i]->value;
    }
    return NULL;
}

static const char *status_of(const field_values *row, const char *key)
{
    for (size_t i = 0; i < row->n_statuses; i++) {
        if (strcmp(row->statuses[i]->key, key) == 0) {
            const ProtobufCEnumValue *status = protobuf_c_enum_descriptor_get_value(
                &feast__serving__field_status__descriptor, (int)row->statuses[i]->value);
            return status ? status->name : "?";
        }
    }
    return "?";
}

static const char *feature_key(struct read *r, size_t feature)
{
    const char *key = fc_arena_printf(r->cli->arena, "%s:%s", r->table->name, r->features[feature]);

    return key ? key : "";
}

static json_t *row_object(struct read *r, const entity_row *asked, const field_values *row)
{
    json_t *entities = json_object(), *features = json_object();

    for (size_t i = 0; i < asked->n_fields; i++)
        json_object_set_new(entities, asked->fields[i]->key,
                            fc_value_json(asked->fields[i]->value));
    for (size_t i = 0; i < r->feature_count; i++) {
        const char *key = feature_key(r, i);
        json_object_set_new(features, r->features[i],
                            json_pack("{s:o, s:s}", "value", fc_value_json(value_of(row, key)),
                                      "status", status_of(row, key)));
    }
    return json_pack("{s:o, s:o}", "entities", entities, "features", features);
}

static enum fc_exit print_object(struct read *r,
                                 const Feast__Serving__GetOnlineFeaturesResponse *reply)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < reply->n_field_values; i++)
        json_array_append_new(rows,
                              row_object(r, r->request.entity_rows[i], reply->field_values[i]));
    return fc_output_value(r->cli, "OnlineFeatures",
                           json_pack("{s:s, s:o}", "table", r->table->name, "rows", rows));
}

static const char *key_text(struct read *r, const entity_row *row)
{
    const char *text = "";

    for (size_t i = 0; i < row->n_fields && text; i++)
        text = fc_arena_printf(r->cli->arena, "%s%s%s=%s", text, i ? " " : "", row->fields[i]->key,
                               fc_value_text(r->cli->arena, row->fields[i]->value));
    return text;
}

static enum fc_exit print_table(struct read *r,
                                const Feast__Serving__GetOnlineFeaturesResponse *reply)
{
    static const struct fc_table_column columns[] = {
        {.title = "KEY"}, {.title = "FEATURE"}, {.title = "VALUE"}, {.title = "STATUS"}, {0}};
    struct fc_table *table = fc_table_new(r->cli->arena, columns);

    for (size_t i = 0; table && i < reply->n_field_values; i++) {
        for (size_t f = 0; f < r->feature_count; f++) {
            const char *key = feature_key(r, f);
            fc_table_row(table);
            fc_table_cell(table, key_text(r, r->request.entity_rows[i]));
            fc_table_cell(table, r->features[f]);
            fc_table_cell(table,
                          fc_value_text(r->cli->arena, value_of(reply->field_values[i], key)));
            fc_table_cell(table, status_of(reply->field_values[i], key));
        }
    }
    return table && fc_table_print(table, true, r->cli->out) ? FC_EXIT_OK
                                                             : fc_cli_no_memory(r->cli);
}

static enum fc_exit ask(struct read *r)
{
    struct fc_call call = {.method = &fc_method_serving_get, .request = &r->request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_client_call(r->cli, &call, &err) != FC_OK)
        return fc_client_fail(r->cli, &call, &err);
    const Feast__Serving__GetOnlineFeaturesResponse *reply = (const void *)call.reply.message;
    if (reply->n_field_values != r->request.n_entity_rows) {
        (void)fc_fail(&err, FC_REASON_INTERNAL, "%zu rows were asked for and %zu came",
                      r->request.n_entity_rows, reply->n_field_values);
        return fc_cli_fail(r->cli, &err);
    }
    return fc_output_wanted(r->cli) ? print_object(r, reply) : print_table(r, reply);
}

enum fc_exit fc_cmd_online_get(struct fc_cli *cli)
{
    struct read r = {.cli = cli, .request = FEAST__SERVING__GET_ONLINE_FEATURES_REQUEST_V2__INIT};
    enum fc_exit code = load_table(&r, cli->args[0]);

    if (code != FC_EXIT_OK || !r.table)
        return code;
    code = load_types(&r);
    if (code == FC_EXIT_OK)
        code = read_entities(&r);
    if (code == FC_EXIT_OK)
        code = read_features(&r);
    if (code == FC_EXIT_OK)
        code = set_references(&r);
    return code == FC_EXIT_OK ? ask(&r) : code;
}
