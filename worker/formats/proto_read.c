/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/proto_read.h"

#include <inttypes.h>
#include <string.h>

#include "worker/formats/proto_value.h"

typedef struct fc_proto_field proto_field;
typedef struct fc_proto_message proto_message;
typedef struct fc_proto_plan proto_plan;

struct reading {
    struct fc_arena *arena;
    struct fc_cell *cells;
    struct fc_proto_oddities *oddities;
    const uint8_t *start;
    struct fc_error *err;
};

/* A message or group whose fields are being read. */
struct place {
    const proto_message *message;
    proto_plan *plan; /* NULL when nothing of it is wanted */
    uint32_t group;   /* number that ends it, 0 for a message */
    unsigned depth;
    uint64_t missing; /* required fields not seen so far */
};

static fc_rc read_message(struct reading *r, struct fc_proto_wire *wire, struct place *place);

static fc_rc broken(struct reading *r, const struct fc_proto_wire *wire,
                    const proto_message *message, const char *name, const char *what)
{
    return fc_fail(r->err, FC_REASON_SOURCE_INVALID, "%s%s%s at byte %td: %s", message->name,
                   name ? "." : "", name ? name : "", wire->at - r->start, what);
}

static fc_rc no_memory(struct reading *r)
{
    return fc_fail(r->err, FC_REASON_OUT_OF_MEMORY, "a message needs more memory than it may");
}

static bool is_list(const proto_plan *plan)
{
    return plan->field && plan->field->repeated && plan->slot != FC_PROTO_NO_SLOT &&
           plan->column.kind == FC_COLUMN_LIST;
}

/* Where the next value of the field goes; NULL when the arena is exhausted. */
static struct fc_cell *place_for(struct reading *r, proto_plan *plan)
{
    plan->seen = true;
    if (!is_list(plan))
        return &r->cells[plan->slot];
    if (plan->item_count == plan->item_capacity) {
        size_t capacity = plan->item_capacity ? plan->item_capacity * 2 : 8;
        struct fc_cell *grown = fc_arena_calloc(r->arena, capacity, sizeof *grown);
        if (!grown)
            return NULL;
        if (plan->item_count > 0)
            memcpy(grown, plan->items, plan->item_count * sizeof *grown);
        plan->items = grown;
        plan->item_capacity = capacity;
    }
    return &plan->items[plan->item_count++];
}

static fc_rc read_scalar(struct reading *r, struct fc_proto_wire *wire, const struct place *place,
                         const proto_field *field, proto_plan *plan)
{
    struct fc_cell ignored;
    struct fc_cell *cell = plan && plan->slot != FC_PROTO_NO_SLOT ? place_for(r, plan) : &ignored;

    if (!cell)
        return no_memory(r);
    if (!fc_proto_scalar(field, wire, r->arena, &r->oddities->unnamed, cell))
        return broken(r, wire, place->message, field->name, "the message ends within a value");
    return FC_OK;
}

static fc_rc read_packed(struct reading *r, struct fc_proto_wire *wire, const struct place *place,
                         const proto_field *field, proto_plan *plan)
{
    fc_str bytes;

    if (!fc_proto_bytes(wire, &bytes))
        return broken(r, wire, place->message, field->name, "the message ends within a value");
    struct fc_proto_wire run = fc_proto_wire(bytes);
    while (run.at < run.end) {
        fc_rc rc = read_scalar(r, &run, place, field, plan);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

/* The key of a map entry as text, by which columns name it; of two keys in one entry the last counts. */
static fc_str entry_key(struct reading *r, const proto_message *entry, fc_str bytes)
{
    const proto_field *field = fc_proto_field(entry, 1);
    struct fc_proto_wire wire = fc_proto_wire(bytes);
    struct fc_cell key;

    fc_proto_default(field, r->arena, &key);
    while (wire.at < wire.end) {
        uint32_t number = 0;
        unsigned type = 0;
        if (!fc_proto_tag(&wire, &number, &type))
            break;
        bool is_key = number == 1 && type == fc_proto_wire_of(field);
        if (is_key ? !fc_proto_scalar(field, &wire, r->arena, &r->oddities->unnamed, &key)
                   : !fc_proto_skip(&wire, number, type, 0))
            break;
    }
    switch (fc_proto_column_type(field, r->arena).kind) {
    case FC_COLUMN_STRING:
        return key.as.bytes;
    case FC_COLUMN_BOOL:
        return key.as.boolean ? FC_STR("true") : FC_STR("false");
    case FC_COLUMN_UINT64:
        return fc_str_from(fc_arena_printf(r->arena, "%" PRIu64, key.as.natural));
    default:
        return fc_str_from(fc_arena_printf(r->arena, "%" PRId64, key.as.integer));
    }
}

static proto_plan *plan_of_key(struct reading *r, const proto_field *field, proto_plan *plan,
                               fc_str bytes)
{
    if (plan->key_count == 0)
        return NULL;
    fc_str key = entry_key(r, field->message, bytes);
    for (size_t i = 0; i < plan->key_count; i++) {
        if (fc_str_eq(plan->keys[i].key, key)) {
            fc_proto_plan_reset(plan->keys[i].plan, r->cells);
            return plan->keys[i].plan;
        }
    }
    return NULL;
}

/* The value of a whole submessage that is one: a timestamp, a wrapper, or nothing but that it is there. */
static fc_rc take_message(struct reading *r, const struct fc_proto_wire *wire,
                          const struct place *place, const proto_field *field, proto_plan *plan,
                          fc_str bytes)
{
    enum fc_column_kind kind = fc_proto_known_kind(field->type_name);

    plan->seen = true;
    if (plan->slot == FC_PROTO_NO_SLOT)
        return FC_OK;
    struct fc_cell *cell = place_for(r, plan);
    if (!cell)
        return no_memory(r);
    *cell = (struct fc_cell){.null = false};
    if (kind != FC_COLUMN_UNKNOWN && !fc_proto_known(kind, bytes, cell))
        return broken(r, wire, place->message, field->name, "the value is no valid message");
    return FC_OK;
}

static fc_rc read_submessage(struct reading *r, struct fc_proto_wire *wire,
                             const struct place *place, const proto_field *field, proto_plan *plan)
{
    struct place inner = {.message = field->message, .depth = place->depth + 1};
    fc_rc rc = FC_OK;
    fc_str bytes;

    if (!fc_proto_bytes(wire, &bytes))
        return broken(r, wire, place->message, field->name, "the message ends within a value");
    if (plan)
        rc = take_message(r, wire, place, field, plan, bytes);
    if (rc != FC_OK || !field->message)
        return rc;
    if (fc_proto_is_map(field))
        inner.plan = plan ? plan_of_key(r, field, plan, bytes) : NULL;
    else
        inner.plan = plan && plan->message ? plan : NULL;
    if (inner.plan)
        inner.plan->seen = true;
    struct fc_proto_wire run = fc_proto_wire(bytes);
    return read_message(r, &run, &inner);
}

static fc_rc read_group(struct reading *r, struct fc_proto_wire *wire, const struct place *place,
                        const proto_field *field, proto_plan *plan)
{
    struct place inner = {.message = field->message,
                          .plan = plan && plan->message ? plan : NULL,
                          .group = field->number,
                          .depth = place->depth + 1};
    fc_rc rc = plan ? take_message(r, wire, place, field, plan, (fc_str){.len = 0}) : FC_OK;

    return rc == FC_OK ? read_message(r, wire, &inner) : rc;
}

/* Of the members of a oneof the last on the wire stands; the one before is forgotten. */
static void enter_oneof(struct reading *r, const proto_field *field, proto_plan *plan)
{
    uint32_t before = plan->oneofs[field->oneof];
    const proto_field *other = before ? fc_proto_field(plan->message, before) : NULL;
    proto_plan *others = other ? plan->fields[other - plan->message->fields] : NULL;

    plan->oneofs[field->oneof] = field->number;
    if (others && before != field->number)
        fc_proto_plan_reset(others, r->cells);
}

static fc_rc read_field(struct reading *r, struct fc_proto_wire *wire, struct place *place,
                        const proto_field *field, unsigned type)
{
    proto_plan *plan = place->plan ? place->plan->fields[field - place->message->fields] : NULL;

    place->missing &= ~field->needs;
    if (field->oneof >= 0 && place->plan)
        enter_oneof(r, field, place->plan);
    if (field->type == FC_PROTO_TYPE(MESSAGE))
        return read_submessage(r, wire, place, field, plan);
    if (field->type == FC_PROTO_TYPE(GROUP))
        return read_group(r, wire, place, field, plan);
    if (type == FC_WIRE_BYTES && fc_proto_packable(field))
        return read_packed(r, wire, place, field, plan);
    return read_scalar(r, wire, place, field, plan);
}

static bool has_wire_type(const proto_field *field, unsigned type)
{
    if (field->type == FC_PROTO_TYPE(GROUP) && !field->message)
        return false;
    return type == fc_proto_wire_of(field) || (type == FC_WIRE_BYTES && fc_proto_packable(field));
}

static const char *first_missing(const struct place *place)
{
    for (size_t i = 0; i < place->message->field_count; i++)
        if (place->message->fields[i].needs & place->missing)
            return place->message->fields[i].name;
    return "";
}

static fc_rc end_message(struct reading *r, const struct fc_proto_wire *wire,
                         const struct place *place)
{
    if (place->missing != 0)
        return broken(r, wire, place->message, first_missing(place),
                      "the field is required and not there");
    return FC_OK;
}

static fc_rc read_message(struct reading *r, struct fc_proto_wire *wire, struct place *place)
{
    place->missing = place->message->needs;
    if (place->depth > FC_PROTO_DEPTH_MAX)
        return broken(r, wire, place->message, NULL, "messages are nested too deep");
    while (wire->at < wire->end) {
        uint32_t number = 0;
        unsigned type = 0;
        if (!fc_proto_tag(wire, &number, &type))
            return broken(r, wire, place->message, NULL, "this is no tag of a field");
        if (type == FC_WIRE_GROUP_END) {
            return number == place->group
                       ? end_message(r, wire, place)
                       : broken(r, wire, place->message, NULL, "a group ends that did not begin");
        }
        const proto_field *field = fc_proto_field(place->message, number);
        if (field && has_wire_type(field, type)) {
            fc_rc rc = read_field(r, wire, place, field, type);
            if (rc != FC_OK)
                return rc;
            continue;
        }
        if (field && r->oddities->mistyped++ == 0)
            r->oddities->mistyped_name = field->name;
        if (!fc_proto_skip(wire, number, type, place->depth))
            return broken(r, wire, place->message, field ? field->name : NULL,
                          "the message ends within a value");
    }
    if (place->group != 0)
        return broken(r, wire, place->message, NULL, "a group does not end");
    return end_message(r, wire, place);
}

/* What was not on the wire: null where absence is told apart or the message around it is absent, else the default. */
static void finish_value(struct reading *r, proto_plan *plan, bool present)
{
    struct fc_cell *cell = &r->cells[plan->slot];
    const proto_field *field = plan->field;

    if (!present) {
        *cell = (struct fc_cell){.null = true};
    } else if (is_list(plan)) {
        bool nested = plan->column.element >= FC_COLUMN_LIST;
        *cell = (struct fc_cell){.null = false};
        cell->as.list.items = nested ? NULL : plan->items;
        cell->as.list.count = plan->item_count;
    } else if (field->repeated) {
        *cell = (struct fc_cell){.null = false};
    } else if (!plan->seen) {
        if (field->presence && !field->default_text)
            *cell = (struct fc_cell){.null = true};
        else
            fc_proto_default(field, r->arena, cell);
    }
}

static void finish(struct reading *r, proto_plan *plan, bool present)
{
    for (size_t i = 0; i < plan->key_count; i++)
        finish(r, plan->keys[i].plan, present && plan->keys[i].plan->seen);
    for (size_t i = 0; plan->message && i < plan->message->field_count; i++) {
        proto_plan *inner = plan->fields[i];
        if (!inner)
            continue;
        bool whole = inner->key_count > 0 || !inner->message;
        if (inner->slot != FC_PROTO_NO_SLOT)
            finish_value(r, inner, present);
        finish(r, inner, whole ? present : present && inner->seen);
    }
}

fc_rc fc_proto_read(proto_plan *plan, fc_str bytes, struct fc_arena *arena, struct fc_cell *cells,
                    struct fc_proto_oddities *oddities, struct fc_error *err)
{
    struct fc_proto_wire wire = fc_proto_wire(bytes);
    struct reading r = {
        .arena = arena, .cells = cells, .oddities = oddities, .start = wire.at, .err = err};
    struct place root = {.message = plan->message, .plan = plan};

    fc_proto_plan_reset(plan, cells);
    fc_rc rc = read_message(&r, &wire, &root);
    if (rc != FC_OK)
        return rc;
    finish(&r, plan, true);
    return fc_arena_exhausted(arena) ? no_memory(&r) : FC_OK;
}
