/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/proto_plan.h"

static const struct fc_proto_field *by_name(const struct fc_proto_message *message, fc_str name)
{
    for (size_t i = 0; i < message->field_count; i++)
        if (fc_str_eq(fc_str_from(message->fields[i].name), name))
            return &message->fields[i];
    return NULL;
}

/* One step along `*path` from a field to what lies below it; sets `*ret_key` when that is a map. */
static const struct fc_proto_field *step(const struct fc_proto_field *from, const char **path,
                                         fc_str *ret_key)
{
    if (fc_proto_is_map(from)) {
        const struct fc_proto_field *value = fc_proto_field(from->message, 2);
        /* Keys may have dots of their own: where nothing lies below, all that is left is the key. */
        if (value->message) {
            *ret_key = fc_columns_part(path);
        } else {
            *ret_key = fc_str_from(*path);
            *path = NULL;
        }
        return ret_key->len > 0 ? value : NULL;
    }
    return from->message && !from->repeated ? by_name(from->message, fc_columns_part(path)) : NULL;
}

const struct fc_proto_field *fc_proto_find(const struct fc_proto_message *message, const char *path)
{
    const struct fc_proto_field *at = by_name(message, fc_columns_part(&path));
    fc_str key = {.len = 0};

    for (unsigned depth = 1; at && path; depth++)
        at = depth < FC_COLUMNS_DEPTH_MAX ? step(at, &path, &key) : NULL;
    return at;
}

struct fc_proto_plan *fc_proto_plan_new(struct fc_arena *arena,
                                        const struct fc_proto_message *message)
{
    struct fc_proto_plan *plan = fc_arena_calloc(arena, 1, sizeof *plan);

    if (!plan)
        return NULL;
    plan->slot = FC_PROTO_NO_SLOT;
    plan->message = message;
    if (!message)
        return plan;
    plan->fields = fc_arena_calloc(arena, message->field_count + 1, sizeof(struct fc_proto_plan *));
    plan->oneofs = fc_arena_calloc(arena, message->oneof_count + 1, sizeof *plan->oneofs);
    return plan->fields && plan->oneofs ? plan : NULL;
}

static struct fc_proto_plan *of_field(struct fc_arena *arena, struct fc_proto_plan *plan,
                                      const struct fc_proto_field *field)
{
    struct fc_proto_plan **at = plan->message ? &plan->fields[field - plan->message->fields] : NULL;

    if (!at)
        return NULL;
    if (!*at) {
        bool nested = field->message && !field->repeated;
        *at = fc_proto_plan_new(arena, nested ? field->message : NULL);
        if (*at) {
            (*at)->field = field;
            (*at)->column = fc_proto_column_type(field, arena);
        }
    }
    return *at;
}

/* The plan of the entry's value. */
static struct fc_proto_plan *of_key(struct fc_arena *arena, struct fc_proto_plan *plan, fc_str key)
{
    const struct fc_proto_message *entry = plan->field->message;
    const struct fc_proto_field *value = fc_proto_field(entry, 2);
    struct fc_proto_plan *found = NULL;

    for (size_t i = 0; i < plan->key_count && !found; i++)
        if (fc_str_eq(plan->keys[i].key, key))
            found = plan->keys[i].plan;
    if (!found) {
        struct fc_proto_key *keys = fc_arena_calloc(arena, plan->key_count + 1, sizeof *keys);
        found = fc_proto_plan_new(arena, entry);
        if (!keys || !found)
            return NULL;
        for (size_t i = 0; i < plan->key_count; i++)
            keys[i] = plan->keys[i];
        keys[plan->key_count++] = (struct fc_proto_key){.key = key, .plan = found};
        plan->keys = keys;
    }
    return of_field(arena, found, value);
}

struct fc_proto_plan *fc_proto_plan_add(struct fc_arena *arena, struct fc_proto_plan *root,
                                        const char *path)
{
    const struct fc_proto_field *at = by_name(root->message, fc_columns_part(&path));
    struct fc_proto_plan *plan = at ? of_field(arena, root, at) : NULL;

    for (unsigned depth = 1; plan && path; depth++) {
        const struct fc_proto_field *from = at;
        fc_str key = {.len = 0};
        at = depth < FC_COLUMNS_DEPTH_MAX ? step(from, &path, &key) : NULL;
        if (!at)
            return NULL;
        plan = fc_proto_is_map(from) ? of_key(arena, plan, key) : of_field(arena, plan, at);
    }
    return plan;
}

/* Depth is that of a column's name. */
void fc_proto_plan_reset(struct fc_proto_plan *plan, struct fc_cell *cells)
{
    plan->seen = false;
    plan->items = NULL;
    plan->item_count = 0;
    plan->item_capacity = 0;
    if (plan->slot != FC_PROTO_NO_SLOT)
        cells[plan->slot] = (struct fc_cell){.null = true};
    for (size_t i = 0; i < plan->key_count; i++)
        fc_proto_plan_reset(plan->keys[i].plan, cells);
    if (!plan->message)
        return;
    for (size_t i = 0; i < plan->message->oneof_count; i++)
        plan->oneofs[i] = 0;
    for (size_t i = 0; i < plan->message->field_count; i++)
        if (plan->fields[i])
            fc_proto_plan_reset(plan->fields[i], cells);
}
