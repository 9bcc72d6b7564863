/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binary Avro: no tags, no lengths of fields; what a byte means follows from the schema alone. So everything is walked,
 * wanted or not, and bytes of another schema mostly end in a contradiction: a length beyond the end, a branch that is not
 * there, bytes left over.
 */
#include <string.h>

#include "worker/formats/avro_reader.h"

/* Values within values, and values in all: a schema may hold values that take no byte, as many as it likes. */
#define DEPTH_MAX 128
#define STEPS_MAX (1 << 22)
#define ITEMS_MAX (1 << 20)

typedef struct fc_avro_type avro_type;
typedef struct fc_avro_plan avro_plan;

static fc_rc read_value(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan,
                        struct fc_cell *ret);

static fc_rc read_union(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan,
                        struct fc_cell *ret)
{
    size_t index = 0;

    fc_rc rc = fc_avro_read_index(r, "branch", type->count, &index);
    if (rc != FC_OK)
        return rc;
    const avro_type *branch = type->as.branches[index];
    rc = read_value(r, branch, plan, ret);
    /* A number among floats is a float there. */
    if (rc == FC_OK && branch->kind == FC_AVRO_INT && plan &&
        plan->column.kind == FC_COLUMN_FLOAT64)
        ret->as.real = (double)ret->as.integer;
    return rc;
}

static fc_rc read_record(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan)
{
    const char *outer = r->field;

    for (size_t i = 0; i < type->count; i++) {
        const avro_plan *inner = plan && plan->fields ? plan->fields[i] : NULL;
        struct fc_cell ignored;
        bool kept = inner && inner->slot != FC_AVRO_NO_SLOT;
        r->field = type->as.fields[i].name;
        fc_rc rc =
            read_value(r, type->as.fields[i].type, inner, kept ? &r->cells[inner->slot] : &ignored);
        if (rc != FC_OK)
            return rc;
    }
    r->field = outer;
    return FC_OK;
}

/* The items of the next block; 0 ends an array or a map. */
static fc_rc read_block(struct fc_avro_reader *r, size_t before, size_t *ret)
{
    int64_t count = 0;
    int64_t bytes = 0;

    fc_rc rc = fc_avro_read_long(r, &count);
    if (rc == FC_OK && count < 0) {
        rc = fc_avro_read_long(r, &bytes);
        count = count == INT64_MIN ? INT64_MAX : -count;
    }
    if (rc != FC_OK)
        return rc;
    if (count > ITEMS_MAX || before + (size_t)count > ITEMS_MAX)
        return fc_avro_refusef(r, "more than %d items", ITEMS_MAX);
    *ret = (size_t)count;
    return FC_OK;
}

struct items {
    struct fc_cell *at;
    size_t count, capacity;
};

static struct fc_cell *next_item(struct fc_avro_reader *r, struct items *items)
{
    if (items->count == items->capacity) {
        size_t capacity = items->capacity ? items->capacity * 2 : 8;
        struct fc_cell *grown = fc_arena_calloc(r->arena, capacity, sizeof *grown);
        if (!grown)
            return NULL;
        if (items->count > 0)
            memcpy(grown, items->at, items->count * sizeof *grown);
        items->at = grown;
        items->capacity = capacity;
    }
    return &items->at[items->count];
}

static fc_rc read_array(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan,
                        struct fc_cell *ret)
{
    bool kept =
        plan && plan->column.kind == FC_COLUMN_LIST && plan->column.element < FC_COLUMN_LIST;
    /* Items of a union of numbers are made what the column says. */
    const avro_plan item_plan = {.slot = FC_AVRO_NO_SLOT,
                                 .column = {.kind = kept ? plan->column.element : 0}};
    struct items items = {.at = NULL};
    size_t block = 0;
    fc_rc rc = read_block(r, 0, &block);

    while (rc == FC_OK && block > 0) {
        for (; rc == FC_OK && block > 0; block--) {
            struct fc_cell ignored;
            struct fc_cell *item = kept ? next_item(r, &items) : &ignored;
            if (!item)
                return fc_avro_refuse(r, NULL);
            rc = read_value(r, type->as.branches[0], kept ? &item_plan : NULL, item);
            items.count++;
        }
        if (rc == FC_OK)
            rc = read_block(r, items.count, &block);
    }
    ret->as.list.items = items.at;
    ret->as.list.count = items.count;
    return rc;
}

static fc_rc read_entry(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan)
{
    const avro_plan *inner = NULL;
    struct fc_cell ignored;
    fc_str key;

    fc_rc rc = fc_avro_read_bytes(r, &key);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; plan && i < plan->key_count; i++)
        if (fc_str_eq(plan->keys[i].key, key))
            inner = plan->keys[i].plan;
    bool kept = inner && inner->slot != FC_AVRO_NO_SLOT;
    return read_value(r, type->as.branches[0], inner, kept ? &r->cells[inner->slot] : &ignored);
}

static fc_rc read_map(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan)
{
    size_t block = 0;
    size_t count = 0;
    fc_rc rc = read_block(r, 0, &block);

    while (rc == FC_OK && block > 0) {
        count += block;
        for (; rc == FC_OK && block > 0; block--)
            rc = read_entry(r, type, plan);
        if (rc == FC_OK)
            rc = read_block(r, count, &block);
    }
    return rc;
}

static fc_rc read_kind(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan,
                       struct fc_cell *ret)
{
    switch (type->kind) {
    case FC_AVRO_RECORD:
        return read_record(r, type, plan);
    case FC_AVRO_ARRAY:
        return read_array(r, type, plan, ret);
    case FC_AVRO_MAP:
        return read_map(r, type, plan);
    case FC_AVRO_UNION:
        return read_union(r, type, plan, ret);
    default:
        return fc_avro_read_scalar(r, type, ret);
    }
}

static fc_rc read_value(struct fc_avro_reader *r, const avro_type *type, const avro_plan *plan,
                        struct fc_cell *ret)
{
    *ret = (struct fc_cell){.null = false};
    if (r->depth == DEPTH_MAX)
        return fc_avro_refusef(r, "values are nested more than %d deep", DEPTH_MAX);
    if (r->steps++ == STEPS_MAX)
        return fc_avro_refusef(r, "the message has more than %d values", STEPS_MAX);
    r->depth++;
    fc_rc rc = read_kind(r, type, plan, ret);
    r->depth--;
    return rc;
}

fc_rc fc_avro_read(const avro_type *type, const avro_plan *plan, fc_str bytes,
                   struct fc_arena *arena, struct fc_cell *cells, struct fc_error *err)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *start = bytes.len > 0 ? (const uint8_t *)bytes.ptr : nothing;
    struct fc_avro_reader r = {.start = start,
                               .at = start,
                               .end = start + bytes.len,
                               .arena = arena,
                               .cells = cells,
                               .err = err};
    struct fc_cell ignored;

    fc_rc rc = read_value(&r, type, plan, &ignored);
    if (rc == FC_OK && r.at != r.end)
        return fc_avro_refusef(&r, "%zu bytes are left over", (size_t)(r.end - r.at));
    return rc == FC_OK && fc_arena_exhausted(arena) ? fc_avro_refuse(&r, NULL) : rc;
}
