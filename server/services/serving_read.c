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

#include "feast/storage/OnlineRow.pb-c.h"
#include "server/services/online_cache.h"
#include "server/services/serving.h"
#include "storage/online/key.h"

#define STATUS(word) FEAST__SERVING__FIELD_STATUS__##word

/* Only read. */
static Feast__Types__Value empty_value = FEAST__TYPES__VALUE__INIT;

/* A row as it is stored; `row` NULL when there is none. */
struct found {
    const Feast__Storage__OnlineRow *row;
    int64_t event_s;
};

/* `*ret_whole` is false when a key is null: nothing is stored under such a key. */
static fc_rc make_key(struct serving_read *read, const struct serving_table *table,
                      const serving_row *row, fc_str *ret, bool *ret_whole, struct fc_error *err)
{
    struct fc_online_entity *entities =
        fc_arena_calloc(read->arena, table->entity_count, sizeof *entities);

    if (entities == NULL) {
        return fc_request_too_large(err);
    }
    for (size_t i = 0; i < table->entity_count; i++) {
        const struct serving_entity *entity = &table->entities[i];
        const Feast__Types__Value *value = serving_entity_value(row, entity->name);
        *ret_whole = serving_is_set(value);
        if (!*ret_whole) {
            return FC_OK;
        }
        entities[i].name = entity->name;
        entities[i].value = serving_key_value(&read->violations, "", entity, value);
        if (entities[i].value == NULL) {
            return fc_request_too_large(err); /* its type was checked before */
        }
    }
    return fc_online_key_encode(read->project, entities, table->entity_count, read->arena, ret,
                                err);
}

static fc_rc find_row(struct serving_read *read, const struct serving_table *table,
                      const serving_row *row, struct found *ret, struct fc_error *err)
{
    struct fc_online_reader *reader = NULL;
    struct fc_online_row stored;
    bool whole = false, found = false;
    fc_str key = {0};

    *ret = (struct found){.row = NULL};
    fc_rc rc = make_key(read, table, row, &key, &whole, err);
    if (rc != FC_OK || !whole) {
        return rc;
    }
    rc = fc_online_cache_get(table->path, &reader, err);
    if (rc != FC_OK || reader == NULL) {
        return rc;
    }
    rc = fc_online_reader_get(reader, key, read->arena, &stored, &found, err);
    if (rc != FC_OK) {
        fc_online_cache_drop(table->path);
        return rc;
    }
    if (!found) {
        return FC_OK;
    }
    ret->event_s = stored.event.seconds;
    ret->row = feast__storage__online_row__unpack(
        fc_arena_allocator(read->arena), stored.features.len, (const uint8_t *)stored.features.ptr);
    return ret->row != NULL ? FC_OK : fc_request_too_large(err);
}

static Feast__Types__Value *stored_value(const Feast__Storage__OnlineRow *row, const char *name)
{
    for (size_t i = 0; i < row->n_features; i++) {
        if (strcmp(row->features[i]->name, name) == 0) {
            return row->features[i]->value;
        }
    }
    return NULL;
}

static struct serving_value judge(const struct found *found, const struct serving_table *table,
                                  const struct serving_feature *feature, int64_t at_s)
{
    struct serving_value result = {.value = &empty_value, .status = STATUS(NOT_FOUND)};
    int64_t age;

    if (found->row == NULL || feature->spec == NULL) {
        return result;
    }
    /* A row is replaced as a whole, and nulls are left out of it. */
    Feast__Types__Value *value = stored_value(found->row, feature->name);
    bool set = serving_is_set(value);
    if (set && (int)value->val_case != (int)feature->spec->value_type) {
        return result;
    }
    /* An age that overflows is that of an event in the remotest past or future. */
    if (__builtin_sub_overflow(at_s, found->event_s, &age)) {
        age = found->event_s < 0 ? INT64_MAX : INT64_MIN;
    }
    if (table->max_age_s > 0 && age > table->max_age_s) {
        result.status = STATUS(OUTSIDE_MAX_AGE);
    } else if (!set) {
        result.status = STATUS(NULL_VALUE);
    } else {
        result = (struct serving_value){.value = value, .status = STATUS(PRESENT)};
    }
    return result;
}

fc_rc serving_read_row(struct serving_read *read, size_t number, int64_t now_s,
                       struct serving_value *values, struct fc_error *err)
{
    const serving_row *row = read->request->entity_rows[number];
    /* 0 is "now" on this wire, since it cannot be told from unset. */
    int64_t at_s =
        row->timestamp != NULL && row->timestamp->seconds != 0 ? row->timestamp->seconds : now_s;

    for (size_t t = 0; t < read->table_count; t++) {
        struct found found;
        fc_rc rc = find_row(read, &read->tables[t], row, &found, err);
        if (rc != FC_OK) {
            return rc;
        }
        for (size_t i = 0; i < read->feature_count; i++) {
            if (read->features[i].table == t) {
                values[i] = judge(&found, &read->tables[t], &read->features[i], at_s);
            }
        }
    }
    return FC_OK;
}
