/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/avro.h"

typedef struct fc_avro_type avro_type;

static struct fc_avro_plan *new_plan(struct fc_arena *arena)
{
    struct fc_avro_plan *plan = fc_arena_calloc(arena, 1, sizeof *plan);

    if (plan)
        plan->slot = FC_AVRO_NO_SLOT;
    return plan;
}

static struct fc_avro_plan *of_field(struct fc_arena *arena, struct fc_avro_plan *plan,
                                     const avro_type *record, size_t field)
{
    if (!plan->fields)
        plan->fields = fc_arena_calloc(arena, record->count, sizeof(struct fc_avro_plan *));
    if (plan->fields && !plan->fields[field])
        plan->fields[field] = new_plan(arena);
    return plan->fields ? plan->fields[field] : NULL;
}

static struct fc_avro_plan *of_key(struct fc_arena *arena, struct fc_avro_plan *plan, fc_str key)
{
    for (size_t i = 0; i < plan->key_count; i++)
        if (fc_str_eq(plan->keys[i].key, key))
            return plan->keys[i].plan;
    struct fc_avro_key *keys = fc_arena_calloc(arena, plan->key_count + 1, sizeof *keys);
    if (!keys)
        return NULL;
    for (size_t i = 0; i < plan->key_count; i++)
        keys[i] = plan->keys[i];
    keys[plan->key_count] = (struct fc_avro_key){.key = key, .plan = new_plan(arena)};
    plan->keys = keys;
    return keys[plan->key_count++].plan;
}

struct fc_avro_plan *fc_avro_plan_add(struct fc_arena *arena, struct fc_avro_plan *root,
                                      const avro_type *record, const char *path)
{
    struct fc_avro_plan *plan = root;
    const avro_type *at = record;

    for (unsigned depth = 0; plan && path; depth++) {
        const avro_type *from = fc_avro_unwrap(at);
        size_t field = 0;
        fc_str key = {.len = 0};
        at = depth < FC_COLUMNS_DEPTH_MAX ? fc_avro_step(from, &path, &field, &key) : NULL;
        if (!at)
            return NULL;
        plan = from->kind == FC_AVRO_MAP ? of_key(arena, plan, key)
                                         : of_field(arena, plan, from, field);
    }
    if (plan && plan->slot == FC_AVRO_NO_SLOT)
        plan->column = fc_avro_column_type(at, arena);
    return plan;
}
