/* SPDX-License-Identifier: Apache-2.0 */
/* What an online read asks for, held against the registry. */
#include <string.h>

#include "server/jobs/entities.h"
#include "server/registry/names.h"
#include "server/services/serving.h"
#include "storage/online/sqlite.h"
#include "storage/registry.h"

/* A request with more mistakes than this is not looked at further. */
#define MAX_VIOLATIONS 100

static void check_form(struct serving_read *read)
{
    const serving_request *request = read->request;
    char field[64];

    if (request->n_features == 0) {
        fc_violations_add(&read->violations, FC_REASON_FIELD_REQUIRED, "features",
                          "features is empty: it names what to read");
    }
    if (request->n_entity_rows == 0) {
        fc_violations_add(&read->violations, FC_REASON_FIELD_REQUIRED, "entity_rows",
                          "entity_rows is empty: each row names one key to read");
    }
    for (size_t i = 0; i < request->n_features && read->violations.count < MAX_VIOLATIONS; i++) {
        const Feast__Serving__FeatureReferenceV2 *ref = request->features[i];
        bool table = ref->feature_table[0] != '\0';
        if (!table || ref->name[0] == '\0') {
            (void)snprintf(field, sizeof field, "features[%zu].%s", i,
                           table ? "name" : "feature_table");
            fc_violations_add(&read->violations, FC_REASON_FIELD_REQUIRED, field,
                              "%s is empty: a feature is named by its feature table and its name",
                              field);
        }
    }
}

static void table_unknown(struct serving_read *read, const char *name, size_t feature, bool deleted)
{
    char field[64];

    (void)snprintf(field, sizeof field, "features[%zu].feature_table", feature);
    fc_violations_add(&read->violations, FC_REASON_TABLE_NOT_FOUND, field,
                      deleted ? "Feature Table has been deleted: (project: %s, name: %s)"
                              : "No such Feature Table: (project: %s, name: %s)",
                      fc_excerpt(read->arena, read->project), fc_excerpt(read->arena, name));
}

/* Adds the table named by reference number `feature` unless it is unknown, which is a violation. */
static fc_rc add_table(struct serving_read *read, struct fc_reader *reader, const char *name,
                       size_t feature, struct fc_error *err)
{
    struct serving_table *table = &read->tables[read->table_count];
    struct fc_table_row row = {.id = 0};

    fc_rc rc = fc_table_find(reader, fc_str_from(read->project), fc_str_from(name), read->arena,
                             &row, err);
    if (rc != FC_OK)
        return rc;
    if (row.id == 0 || row.deleted) {
        table_unknown(read, name, feature, row.id != 0);
        return FC_OK;
    }
    *table = (struct serving_table){.name = name};
    table->spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(read->arena), row.spec.len, (const uint8_t *)row.spec.ptr);
    if (!table->spec)
        return fc_request_too_large(err);
    table->max_age_s = table->spec->max_age ? table->spec->max_age->seconds : 0;
    table->entity_count = table->spec->n_entities;
    rc = fc_table_entities(reader, read->project, table->spec, read->arena, &table->entities, err);
    if (rc == FC_OK) {
        rc = fc_online_stores_find(read->services->stores, table->spec->online_store, &table->store,
                                   err);
    }
    if (rc == FC_OK) {
        rc = fc_online_sqlite_path(read->services->online_root, read->project, name, read->arena,
                                   &table->path, err);
    }
    if (rc == FC_OK)
        read->table_count++;
    return rc;
}

static const Feast__Core__FeatureSpecV2 *find_feature(const Feast__Core__FeatureTableSpec *spec,
                                                      const char *name)
{
    for (size_t i = 0; i < spec->n_features; i++)
        if (strcmp(spec->features[i]->name, name) == 0)
            return spec->features[i];
    return NULL;
}

static bool is_asked_for(const struct serving_read *read, size_t table, const char *name)
{
    for (size_t i = 0; i < read->feature_count; i++)
        if (read->features[i].table == table && strcmp(read->features[i].name, name) == 0)
            return true;
    return false;
}

static char *append(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}

/* "<table>:<feature>", as the Feast SDK names it. By hand: there is one for each feature of each read. */
static const char *feature_key(struct fc_arena *arena, const char *table, const char *name)
{
    size_t table_len = strlen(table), name_len = strlen(name);
    char *key = fc_arena_alloc(arena, table_len + 1 + name_len + 1);

    if (key)
        (void)append(append(append(key, table, table_len), ":", 1), name, name_len + 1);
    return key;
}

static fc_rc add_feature(struct serving_read *read, struct fc_reader *reader, size_t number,
                         struct fc_error *err)
{
    const Feast__Serving__FeatureReferenceV2 *ref = read->request->features[number];
    size_t at = 0;

    while (at < read->table_count && strcmp(read->tables[at].name, ref->feature_table) != 0)
        at++;
    if (at == read->table_count) {
        fc_rc rc = add_table(read, reader, ref->feature_table, number, err);
        if (rc != FC_OK || at == read->table_count)
            return rc;
    }
    /* Asked for twice, it is answered once: the answer is a map. */
    if (is_asked_for(read, at, ref->name))
        return FC_OK;
    const char *key = feature_key(read->arena, ref->feature_table, ref->name);
    if (!key)
        return fc_request_too_large(err);
    read->features[read->feature_count++] = (struct serving_feature){
        .table = at,
        .key = key,
        .name = ref->name,
        .spec = find_feature(read->tables[at].spec, ref->name),
    };
    return FC_OK;
}

static void check_entity(struct serving_read *read, const struct serving_table *table,
                         const struct fc_entity_type *entity, size_t number)
{
    const serving_row *row = read->request->entity_rows[number];
    const Feast__Types__Value *value = serving_entity_value(row, entity->name);
    char field[400];

    if (serving_is_set(value) ? serving_key_fits(entity, value)
                              : serving_has_entity(row, entity->name))
        return;
    (void)snprintf(field, sizeof field, "entity_rows[%zu].fields[\"%s\"]", number, entity->name);
    if (serving_is_set(value)) {
        serving_key_refuse(&read->violations, field, entity, value);
    } else {
        fc_violations_add(&read->violations, FC_REASON_FIELD_REQUIRED, field,
                          "entity_rows[%zu] has no entity \"%s\", which feature table "
                          "\"%s\" needs",
                          number, entity->name, table->name);
    }
}

/* Every row must name every key of every table. */
static void check_row(struct serving_read *read, size_t number)
{
    for (size_t t = 0; t < read->table_count; t++) {
        const struct serving_table *table = &read->tables[t];
        for (size_t e = 0; e < table->entity_count; e++)
            check_entity(read, table, &table->entities[e], number);
    }
}

fc_rc serving_resolve(struct serving_read *read, struct fc_error *err)
{
    const serving_request *request = read->request;
    struct fc_reader *reader = NULL;

    check_form(read);
    if (read->violations.count > 0)
        return FC_OK;
    read->tables = fc_arena_calloc(read->arena, request->n_features, sizeof *read->tables);
    read->features = fc_arena_calloc(read->arena, request->n_features, sizeof *read->features);
    if (!read->tables || !read->features)
        return fc_request_too_large(err);
    fc_rc rc = fc_store_reader(read->services->store, &reader, err);
    for (size_t i = 0;
         rc == FC_OK && i < request->n_features && read->violations.count < MAX_VIOLATIONS; i++)
        rc = add_feature(read, reader, i, err);
    for (size_t i = 0;
         rc == FC_OK && i < request->n_entity_rows && read->violations.count < MAX_VIOLATIONS; i++)
        check_row(read, i);
    return rc;
}

fc_rc serving_begin(struct serving_read *read, struct fc_arena *arena,
                    const struct fc_services *services, const serving_request *request,
                    struct fc_error *err)
{
    read->arena = arena;
    read->services = services;
    read->request = request;
    read->project = fc_request_project(request->project);
    fc_violations_init(&read->violations, arena);
    fc_rc rc = serving_resolve(read, err);
    return rc == FC_OK ? fc_violations_to_error(&read->violations, err) : rc;
}
