/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/row.h"

#include <stdlib.h>
#include <string.h>

#include "storage/online/key.h"
#include "worker/tasks/wire.h"

#define ROW_MAX ((size_t)256 << 20)

struct fc_row_maker {
    const char *project;
    const struct fc_binding *binding;
    struct fc_online_time max_age; /**< `set` when the table has one; a duration */
    struct fc_arena *arena;        /**< of one row */
    struct fc_buf features;
    struct fc_wire_name *names; /**< of the features, in the table's order */
    struct fc_online_entity *entities;
    Feast__Types__Value *keys; /**< one an entity */
    struct fc_error error;     /**< why the last row is bad */
};

fc_rc fc_row_maker_new(const char *project, const Feast__Core__FeatureTableSpec *spec,
                       const struct fc_binding *binding, struct fc_row_maker **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_row_maker_freep) struct fc_row_maker *maker = calloc(1, sizeof *maker);

    if (maker) {
        maker->project = project;
        maker->binding = binding;
        maker->arena = fc_arena_new(ROW_MAX);
        maker->names = calloc(binding->feature_count + 1, sizeof *maker->names);
        maker->entities = calloc(binding->entity_count + 1, sizeof *maker->entities);
        maker->keys = calloc(binding->entity_count + 1, sizeof *maker->keys);
    }
    if (!maker || !maker->arena || !maker->names || !maker->entities || !maker->keys)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rows");
    for (size_t i = 0; i < binding->feature_count; i++) {
        const char *name = binding->columns[binding->entity_count + i].name;
        maker->names[i] = (struct fc_wire_name){.name = name, .len = strlen(name)};
    }
    const Google__Protobuf__Duration *age = spec->max_age;
    if (age && age->seconds >= 0 && age->nanos >= 0 && age->nanos < (int32_t)FC_NS_PER_S)
        maker->max_age = (struct fc_online_time){.seconds = age->seconds,
                                                 .nanos = age->nanos,
                                                 .set = age->seconds > 0 || age->nanos > 0};
    *ret = fc_steal(maker);
    return FC_OK;
}

void fc_row_maker_free(struct fc_row_maker *maker)
{
    if (!maker)
        return;
    fc_arena_free(maker->arena);
    fc_buf_done(&maker->features);
    free(maker->names);
    free(maker->entities);
    free(maker->keys);
    free(maker);
}

/* A row under way: what the steps share. */
struct making {
    struct fc_row_maker *maker;
    const struct fc_batch *batch;
    size_t row;
    struct fc_row_verdict *verdict;
    struct fc_error *err;
};

/* A value that does not convert makes the row bad; anything else ends the work. */
static fc_rc settle(const struct making *m, size_t column, fc_rc rc)
{
    if (rc == FC_OK)
        return FC_OK;
    if (m->maker->error.reason != FC_REASON_FIELD_INVALID) {
        *m->err = m->maker->error;
        return rc;
    }
    m->verdict->kind = FC_ROW_BAD;
    m->verdict->column = column;
    m->verdict->message = m->maker->error.message;
    return FC_OK;
}

static void null_value(const struct making *m, size_t column)
{
    m->verdict->kind = FC_ROW_BAD;
    m->verdict->column = column;
    m->verdict->fault = FC_FAULT_NULL;
    m->verdict->message = "null where a value is needed";
}

static fc_rc time_of(const struct making *m, size_t column, struct fc_online_time *ret)
{
    const struct fc_cell *cell = &m->batch->cells[column][m->row];

    *ret = (struct fc_online_time){.set = false};
    if (cell->null)
        return FC_OK;
    fc_rc rc = fc_convert_timestamp(&m->batch->columns[column].type, cell, &ret->seconds,
                                    &ret->nanos, &m->verdict->fault, &m->maker->error);
    ret->set = rc == FC_OK;
    return settle(m, column, rc);
}

static bool is_before(const struct fc_online_time *time, const struct fc_moment *moment)
{
    return time->seconds != moment->seconds ? time->seconds < moment->seconds
                                            : time->nanos < moment->nanos;
}

static bool is_outside(const struct fc_online_time *time, const struct fc_moment *start,
                       const struct fc_moment *end)
{
    return (start->set && is_before(time, start)) || (end->set && !is_before(time, end));
}

static fc_rc make_key(const struct making *m, fc_str *ret)
{
    struct fc_row_maker *maker = m->maker;

    for (size_t i = 0; i < maker->binding->entity_count; i++) {
        const struct fc_cell *cell = &m->batch->cells[i][m->row];
        if (cell->null) {
            null_value(m, i);
            return FC_OK;
        }
        fc_rc rc =
            fc_convert_value(&m->batch->columns[i].type, cell, maker->binding->columns[i].declared,
                             maker->arena, &maker->keys[i], &m->verdict->fault, &maker->error);
        rc = settle(m, i, rc);
        if (rc != FC_OK || m->verdict->kind == FC_ROW_BAD)
            return rc;
        /* Set anew in each row: the encoder sorts them. */
        maker->entities[i] = (struct fc_online_entity){.name = maker->binding->columns[i].name,
                                                       .value = &maker->keys[i]};
    }
    return fc_online_key_encode(maker->project, maker->entities, maker->binding->entity_count,
                                maker->arena, ret, m->err);
}

/* A null feature is left out: in a row that replaces another as a whole, that clears it. */
static fc_rc make_features(const struct making *m, fc_str *ret)
{
    struct fc_row_maker *maker = m->maker;
    size_t first = maker->binding->entity_count;

    fc_buf_clear(&maker->features);
    for (size_t i = 0; i < maker->binding->feature_count; i++) {
        const struct fc_cell *cell = &m->batch->cells[first + i][m->row];
        Feast__Types__Value value;
        if (cell->null)
            continue;
        fc_rc rc = fc_convert_value(&m->batch->columns[first + i].type, cell,
                                    maker->binding->columns[first + i].declared, maker->arena,
                                    &value, &m->verdict->fault, &maker->error);
        rc = settle(m, first + i, rc);
        if (rc != FC_OK || m->verdict->kind == FC_ROW_BAD)
            return rc;
        fc_wire_feature(&maker->features, &maker->names[i], &value);
    }
    if (maker->features.failed)
        return fc_fail(m->err, FC_REASON_OUT_OF_MEMORY, "no memory for a row");
    *ret = (fc_str){.ptr = maker->features.ptr, .len = maker->features.len};
    return FC_OK;
}

/* Unset when the table has no age, and when the sum is further off than time goes. */
static struct fc_online_time add_age(const struct fc_online_time *event,
                                     const struct fc_online_time *age)
{
    struct fc_online_time sum = {.nanos = event->nanos + age->nanos, .set = age->set};

    if (sum.nanos >= (int32_t)FC_NS_PER_S)
        sum.nanos -= (int32_t)FC_NS_PER_S;
    if (__builtin_add_overflow(event->seconds + (sum.nanos < event->nanos), age->seconds,
                               &sum.seconds))
        sum.set = false;
    return sum;
}

static fc_rc make_times(const struct making *m, const struct fc_moment *start,
                        const struct fc_moment *end, struct fc_online_row *ret)
{
    const struct fc_binding *binding = m->maker->binding;

    fc_rc rc = time_of(m, binding->event, &ret->event);
    if (rc != FC_OK || m->verdict->kind != FC_ROW_GOOD)
        return rc;
    if (!ret->event.set) {
        null_value(m, binding->event);
        return FC_OK;
    }
    if (is_outside(&ret->event, start, end)) {
        m->verdict->kind = FC_ROW_OUTSIDE;
        return FC_OK;
    }
    ret->created = (struct fc_online_time){.set = false};
    size_t created = binding->event + 1;
    if (created < binding->count && binding->columns[created].role == FC_ROLE(CREATED_TIMESTAMP))
        rc = time_of(m, created, &ret->created);
    ret->expires = add_age(&ret->event, &m->maker->max_age);
    return rc;
}

fc_rc fc_row_make(struct fc_row_maker *maker, const struct fc_batch *batch, size_t row,
                  const struct fc_moment *start, const struct fc_moment *end,
                  struct fc_online_row *ret_row, struct fc_row_verdict *ret, struct fc_error *err)
{
    const struct making m = {
        .maker = maker, .batch = batch, .row = row, .verdict = ret, .err = err};

    *ret = (struct fc_row_verdict){.kind = FC_ROW_GOOD, .message = ""};
    fc_arena_reset(maker->arena);
    fc_rc rc = make_times(&m, start, end, ret_row);
    if (rc == FC_OK && ret->kind == FC_ROW_GOOD)
        rc = make_key(&m, &ret_row->key);
    if (rc == FC_OK && ret->kind == FC_ROW_GOOD)
        rc = make_features(&m, &ret_row->features);
    return rc;
}
