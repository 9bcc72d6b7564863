/* SPDX-License-Identifier: Apache-2.0 */
#include "client/online_read.h"

#include <string.h>

#include "client/values.h"

static enum fc_exit load_table(struct fc_online_read *r, const char *name)
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

static enum fc_exit load_types(struct fc_online_read *r)
{
    struct fc_error err = FC_ERROR_INIT;

    r->types = fc_arena_calloc(r->cli->arena, r->table->n_entities + 1, sizeof *r->types);
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

static bool entity_index(const struct fc_online_read *r, const char *name, size_t len, size_t *ret)
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

static enum fc_exit unknown_entity(struct fc_online_read *r, const char *text, size_t len)
{
    const char *name = fc_arena_strndup(r->cli->arena, text, len);
    const char *nearest =
        name ? fc_str_nearest(name, (const char *const *)r->table->entities, r->table->n_entities)
             : NULL;

    return fc_cli_usage(r->cli, "table %s has no entity \"%.60s\"%s%s%s", r->table->name,
                        name ? name : "", nearest ? "; did you mean \"" : "",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

static enum fc_exit set_value(struct fc_online_read *r, fc_entity_row *row, size_t entity,
                              const char *text)
{
    struct fc_arena *arena = r->cli->arena;
    fc_entity_field *entry = fc_arena_calloc(arena, 1, sizeof *entry);
    Feast__Types__Value *value = fc_arena_calloc(arena, 1, sizeof *value);
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

static fc_entity_row *new_row(struct fc_online_read *r)
{
    fc_entity_row *row = fc_arena_calloc(r->cli->arena, 1, sizeof *row);

    if (!row)
        return NULL;
    feast__serving__get_online_features_request_v2__entity_row__init(row);
    row->fields = fc_arena_calloc(r->cli->arena, r->table->n_entities + 1, sizeof(void *));
    return row->fields ? row : NULL;
}

/* The n-th value of each entity belongs to the n-th row. */
static enum fc_exit read_entities(struct fc_online_read *r)
{
    size_t count = 0;
    const char *const *texts = fc_options_all(&r->cli->options, "entity", &count);
    size_t *given = fc_arena_calloc(r->cli->arena, r->table->n_entities + 1, sizeof *given);

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

static bool has_feature(const struct fc_online_read *r, const char *name)
{
    for (size_t i = 0; i < r->table->n_features; i++)
        if (strcmp(r->table->features[i]->name, name) == 0)
            return true;
    return false;
}

static enum fc_exit unknown_feature(struct fc_online_read *r, const char *name, const char **all)
{
    const char *nearest;

    for (size_t i = 0; i < r->table->n_features; i++)
        all[i] = r->table->features[i]->name;
    nearest = fc_str_nearest(name, all, r->table->n_features);
    return fc_cli_usage(r->cli, "table %s has no feature \"%.60s\"%s%s%s", r->table->name, name,
                        nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                        nearest ? "\"?" : "");
}

static enum fc_exit read_features(struct fc_online_read *r)
{
    size_t count = 0, prefix = strlen(r->table->name);
    const char *const *given = fc_options_all(&r->cli->options, "feature", &count);
    const char **names =
        fc_arena_calloc(r->cli->arena, count + r->table->n_features + 1, sizeof *names);

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

static enum fc_exit set_references(struct fc_online_read *r)
{
    Feast__Serving__FeatureReferenceV2 *refs =
        fc_arena_calloc(r->cli->arena, r->feature_count + 1, sizeof *refs);

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

enum fc_exit fc_online_read_init(struct fc_online_read *read, struct fc_cli *cli)
{
    enum fc_exit code;

    *read = (struct fc_online_read){
        .cli = cli, .request = FEAST__SERVING__GET_ONLINE_FEATURES_REQUEST_V2__INIT};
    code = load_table(read, cli->args[0]);
    if (code == FC_EXIT_OK && !read->table)
        return FC_EXIT_INTERNAL;
    if (code == FC_EXIT_OK)
        code = load_types(read);
    if (code == FC_EXIT_OK)
        code = read_entities(read);
    if (code == FC_EXIT_OK)
        code = read_features(read);
    return code == FC_EXIT_OK ? set_references(read) : code;
}
