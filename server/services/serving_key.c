/* SPDX-License-Identifier: Apache-2.0 */
/* Entity values as keys: the type is part of a key, so that a value of another type would silently find nothing. */
#include <inttypes.h>
#include <string.h>

#include "server/services/serving.h"

Feast__Types__Value *serving_entity_value(const serving_row *row, const char *name)
{
    /* Of a key that comes twice in a map, the last one counts. */
    for (size_t i = row->n_fields; i > 0; i--)
        if (strcmp(row->fields[i - 1]->key, name) == 0)
            return row->fields[i - 1]->value;
    return NULL;
}

bool serving_has_entity(const serving_row *row, const char *name)
{
    for (size_t i = 0; i < row->n_fields; i++)
        if (strcmp(row->fields[i]->key, name) == 0)
            return true;
    return false;
}

/* The numbers of the oneof's arms are those of the types. */
static const char *type_name(int32_t type)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__types__value_type__enum__descriptor, type);

    return value ? value->name : "an unknown type";
}

bool serving_key_fits(const struct fc_entity_type *entity, const Feast__Types__Value *value)
{
    switch ((int)value->val_case) {
    case FEAST__TYPES__VALUE__VAL_INT64_VAL:
        return entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT64 ||
               (entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT32 &&
                value->int64_val >= INT32_MIN && value->int64_val <= INT32_MAX);
    case FEAST__TYPES__VALUE__VAL_INT32_VAL:
        return entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT32 ||
               entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT64;
    default:
        return (int32_t)value->val_case == entity->value_type;
    }
}

const Feast__Types__Value *serving_key_value(struct fc_arena *arena,
                                             const struct fc_entity_type *entity,
                                             const Feast__Types__Value *value)
{
    if ((int32_t)value->val_case == entity->value_type)
        return value;
    Feast__Types__Value *made = fc_arena_alloc(arena, sizeof *made);
    if (!made)
        return NULL;
    feast__types__value__init(made);
    if (entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT32) {
        made->val_case = FEAST__TYPES__VALUE__VAL_INT32_VAL;
        made->int32_val = (int32_t)value->int64_val;
    } else {
        made->val_case = FEAST__TYPES__VALUE__VAL_INT64_VAL;
        made->int64_val = value->int32_val;
    }
    return made;
}

void serving_key_refuse(struct fc_violations *violations, const char *field,
                        const struct fc_entity_type *entity, const Feast__Types__Value *value)
{
    if (entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT32 &&
        value->val_case == FEAST__TYPES__VALUE__VAL_INT64_VAL) {
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, field,
                          "%s: entity \"%s\" is %" PRId64 ", which is out of range of INT32", field,
                          entity->name, value->int64_val);
    } else {
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, field,
                          "%s: entity \"%s\" is sent as %s, declared %s", field, entity->name,
                          type_name((int32_t)value->val_case), type_name(entity->value_type));
    }
}
