/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the online store to values with a status. The first that applies:
 *
 *     no row, no such feature in the table, or stored with another type than declared   NOT_FOUND
 *     older than the table's max_age, counted in whole seconds                          OUTSIDE_MAX_AGE
 *     null in the newest row                                                            NULL_VALUE
 *     else                                                                              PRESENT
 */
#include <string.h>

#include "server/services/online_cache.h"
#include "server/services/serving.h"
#include "storage/online/key.h"

#define STATUS(word) FEAST__SERVING__FIELD_STATUS__##word

/* Only read. */
static Feast__Types__Value empty_value = FEAST__TYPES__VALUE__INIT;

fc_rc serving_make_key(struct serving_read *read, const struct serving_table *table,
                       const serving_row *row, fc_str *ret, bool *ret_whole, struct fc_error *err)
{
    struct fc_online_entity *entities =
        fc_arena_calloc(read->arena, table->entity_count, sizeof *entities);

    if (!entities)
        return fc_request_too_large(err);
    for (size_t i = 0; i < table->entity_count; i++) {
        const struct fc_entity_type *entity = &table->entities[i];
        const Feast__Types__Value *value = serving_entity_value(row, entity->name);
        *ret_whole = serving_is_set(value);
        if (!*ret_whole)
            return FC_OK;
        entities[i].name = entity->name;
        entities[i].value = serving_key_value(read->arena, entity, value);
        if (!entities[i].value)
            return fc_request_too_large(err);
    }
    return fc_online_key_encode(read->project, entities, table->entity_count, read->arena, ret,
                                err);
}

fc_rc serving_find_row(struct serving_read *read, size_t t, size_t number,
                       struct serving_found *ret, struct fc_error *err)
{
    const struct serving_table *table = &read->tables[t];
    struct fc_online_reader *reader = NULL;
    bool whole = false, found = false;

    *ret = (struct serving_found){.row = NULL};
    if (table->store) {
        *ret = read->fetched[number * read->table_count + t];
        return FC_OK;
    }
    fc_rc rc =
        serving_make_key(read, table, read->request->entity_rows[number], &ret->key, &whole, err);
    if (rc != FC_OK || !whole)
        return rc;
    rc = fc_online_cache_get(table->path, &reader, err);
    if (rc != FC_OK || !reader)
        return rc;
    ret->store_exists = true;
    rc = fc_online_reader_get(reader, ret->key, read->arena, &ret->stored, &found, err);
    if (rc != FC_OK) {
        fc_online_cache_drop(table->path);
        return rc;
    }
    if (!found)
        return FC_OK;
    ret->row = feast__storage__online_row__unpack(fc_arena_allocator(read->arena),
                                                  ret->stored.features.len,
                                                  (const uint8_t *)ret->stored.features.ptr);
    return ret->row ? FC_OK : fc_request_too_large(err);
}

Feast__Types__Value *serving_stored_value(const struct serving_found *found, const char *name)
{
    for (size_t i = 0; found->row && i < found->row->n_features; i++)
        if (strcmp(found->row->features[i]->name, name) == 0)
            return found->row->features[i]->value;
    return NULL;
}

int64_t serving_age(const struct serving_found *found, int64_t at_s)
{
    int64_t event_s = found->stored.event.seconds, age;

    /* An age that overflows is that of an event in the remotest past or future. */
    if (__builtin_sub_overflow(at_s, event_s, &age))
        age = event_s < 0 ? INT64_MAX : INT64_MIN;
    return age;
}

int64_t serving_time(const serving_row *row, int64_t now_s)
{
    /* 0 is "now" on this wire, since it cannot be told from unset. */
    return row->timestamp && row->timestamp->seconds != 0 ? row->timestamp->seconds : now_s;
}

struct serving_value serving_judge(const struct serving_found *found,
                                   const struct serving_table *table,
                                   const struct serving_feature *feature, int64_t at_s)
{
    struct serving_value result = {.value = &empty_value, .status = STATUS(NOT_FOUND)};

    if (!found->row || !feature->spec)
        return result;
    /* A row is replaced as a whole, and nulls are left out of it. */
    Feast__Types__Value *value = serving_stored_value(found, feature->name);
    bool set = serving_is_set(value);
    if (set && (int)value->val_case != (int)feature->spec->value_type)
        return result;
    if (table->max_age_s > 0 && serving_age(found, at_s) > table->max_age_s)
        result.status = STATUS(OUTSIDE_MAX_AGE);
    else if (!set)
        result.status = STATUS(NULL_VALUE);
    else
        result = (struct serving_value){.value = value, .status = STATUS(PRESENT)};
    return result;
}

fc_rc serving_read_row(struct serving_read *read, size_t number, int64_t now_s,
                       struct serving_value *values, struct fc_error *err)
{
    const serving_row *row = read->request->entity_rows[number];
    int64_t at_s = serving_time(row, now_s);

    for (size_t t = 0; t < read->table_count; t++) {
        struct serving_found found;
        fc_rc rc = serving_find_row(read, t, number, &found, err);
        if (rc != FC_OK)
            return rc;
        for (size_t i = 0; i < read->feature_count; i++)
            if (read->features[i].table == t)
                values[i] = serving_judge(&found, &read->tables[t], &read->features[i], at_s);
    }
    return FC_OK;
}
