/* SPDX-License-Identifier: Apache-2.0 */
/* Entity values as keys: the type is part of a key, so that a value of another type would silently find nothing. */
#include <inttypes.h>
#include <string.h>

#include "server/services/serving.h"

Feast__Types__Value *serving_entity_value(const serving_row *row, const char *name)
{
    /* Of a key that comes twice in a map, the last one counts. */
    for (size_t i = row->n_fields; i > 0; i--) {
        if (strcmp(row->fields[i - 1]->key, name) == 0) {
            return row->fields[i - 1]->value;
        }
    }
    return NULL;
}

/* The numbers of the oneof's arms are those of the types. */
static const char *type_name(int32_t type)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__types__value_type__enum__descriptor, type);

    return value != NULL ? value->name : "an unknown type";
}

static const Feast__Types__Value *make_int32(struct fc_violations *violations, const char *field,
                                             const struct fc_entity_type *entity, int64_t number)
{
    if (number < INT32_MIN || number > INT32_MAX) {
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, field,
                          "%s: entity \"%s\" is %" PRId64 ", which is out of range of INT32", field,
                          entity->name, number);
        return NULL;
    }
    Feast__Types__Value *made = fc_arena_alloc(violations->arena, sizeof *made);
    if (made != NULL) {
        feast__types__value__init(made);
        made->val_case = FEAST__TYPES__VALUE__VAL_INT32_VAL;
        made->int32_val = (int32_t)number;
    }
    return made;
}

static const Feast__Types__Value *make_int64(struct fc_arena *arena, int32_t number)
{
    Feast__Types__Value *made = fc_arena_alloc(arena, sizeof *made);

    if (made != NULL) {
        feast__types__value__init(made);
        made->val_case = FEAST__TYPES__VALUE__VAL_INT64_VAL;
        made->int64_val = number;
    }
    return made;
}

const Feast__Types__Value *serving_key_value(struct fc_violations *violations, const char *field,
                                             const struct fc_entity_type *entity,
                                             const Feast__Types__Value *value)
{
    int32_t sent = (int32_t)value->val_case;

    if (sent == entity->value_type) {
        return value;
    }
    if (entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT32 &&
        value->val_case == FEAST__TYPES__VALUE__VAL_INT64_VAL) {
        return make_int32(violations, field, entity, value->int64_val);
    }
    if (entity->value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT64 &&
        value->val_case == FEAST__TYPES__VALUE__VAL_INT32_VAL) {
        return make_int64(violations->arena, value->int32_val);
    }
    fc_violations_add(violations, FC_REASON_FIELD_INVALID, field,
                      "%s: entity \"%s\" is sent as %s, declared %s", field, entity->name,
                      type_name(sent), type_name(entity->value_type));
    return NULL;
}
