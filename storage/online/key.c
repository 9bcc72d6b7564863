/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/online/key.h"

#include <stdlib.h>
#include <string.h>

#include "feast/storage/Redis.pb-c.h"

static int by_name(const void *a, const void *b)
{
    const struct fc_online_entity *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static fc_rc check(const struct fc_online_entity *entities, size_t count, struct fc_error *err)
{
    if (count == 0)
        return fc_fail(err, FC_REASON_FIELD_REQUIRED, "an online key needs at least one entity");
    for (size_t i = 0; i < count; i++) {
        const struct fc_online_entity *entity = &entities[i];
        if (i > 0 && strcmp(entities[i - 1].name, entity->name) == 0) {
            return fc_fail(err, FC_REASON_NAME_CLASH, "entity %s stands twice in one online key",
                           entity->name);
        }
        if (!entity->value || entity->value->val_case == FEAST__TYPES__VALUE__VAL__NOT_SET) {
            return fc_fail(err, FC_REASON_FIELD_REQUIRED,
                           "entity %s has no value; an online key needs a value for each entity",
                           entity->name);
        }
    }
    return FC_OK;
}

/* protobuf-c leaves a string out when it points at the library's own empty string, which for a oneof means unset. */
static fc_rc with_own_text(const Feast__Types__Value *value, struct fc_arena *arena,
                           Feast__Types__Value **ret, struct fc_error *err)
{
    Feast__Types__Value *copy = fc_arena_memdup(arena, value, sizeof *value);
    if (copy && copy->val_case == FEAST__TYPES__VALUE__VAL_STRING_VAL &&
        (!copy->string_val || copy->string_val[0] == '\0'))
        copy->string_val = fc_arena_strdup(arena, "");
    if (fc_arena_exhausted(arena)) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "an online key does not fit the memory of its request");
    }
    *ret = copy;
    return FC_OK;
}

static fc_rc pack(const char *project, const struct fc_online_entity *entities, size_t count,
                  struct fc_arena *arena, fc_str *ret_key, struct fc_error *err)
{
    Feast__Storage__RedisKeyV2 key = FEAST__STORAGE__REDIS_KEY_V2__INIT;
    char **names = fc_arena_calloc(arena, count, sizeof *names);
    Feast__Types__Value **values = fc_arena_calloc(arena, count, sizeof *values);

    for (size_t i = 0; i < count && !fc_arena_exhausted(arena); i++) {
        fc_rc rc = with_own_text(entities[i].value, arena, &values[i], err);
        if (rc != FC_OK)
            return rc;
        names[i] = (char *)entities[i].name;
    }
    key.project = (char *)project;
    key.n_entity_names = key.n_entity_values = count;
    key.entity_names = names;
    key.entity_values = values;
    if (fc_arena_exhausted(arena)) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "an online key does not fit the memory of its request");
    }
    size_t len = feast__storage__redis_key_v2__get_packed_size(&key);
    uint8_t *bytes = fc_arena_alloc(arena, len);
    if (!bytes) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "an online key of %zu bytes does not fit the memory of its request", len);
    }
    (void)feast__storage__redis_key_v2__pack(&key, bytes);
    *ret_key = (fc_str){.ptr = (const char *)bytes, .len = len};
    return FC_OK;
}

fc_rc fc_online_key_encode(const char *project, struct fc_online_entity *entities, size_t count,
                           struct fc_arena *arena, fc_str *ret_key, struct fc_error *err)
{
    if (count > 1)
        qsort(entities, count, sizeof *entities, by_name);
    fc_rc rc = check(entities, count, err);
    return rc == FC_OK ? pack(project, entities, count, arena, ret_key, err) : rc;
}
