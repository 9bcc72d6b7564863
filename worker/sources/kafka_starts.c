/* SPDX-License-Identifier: Apache-2.0 */
/* Where a reading of a topic begins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kafka_consume.h"

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for places in a topic");
}

fc_rc fc_kafka_given(const struct fc_kafka_consumption *c, size_t id, int64_t *ret,
                     struct fc_error *err)
{
    const struct fc_consume_options *o = c->options;
    char name[24], *end = NULL;

    *ret = -1;
    (void)snprintf(name, sizeof(name), "%zu", id);
    for (size_t i = 0; i < o->position_count; i++) {
        if (strcmp(o->positions[i].partition, name) != 0)
            continue;
        *ret = strtoll(o->positions[i].offset, &end, 10);
        if (*end || end == o->positions[i].offset || *ret < 0)
            return fc_fail(err, FC_REASON_SOURCE_INVALID,
                           "%s: \"%.40s\" is no offset of partition %s", fc_kafka_name(c->broker),
                           o->positions[i].offset, name);
    }
    return FC_OK;
}

/*
 * Offsets of the partitions `ids` by the start of the options. A moment that has no message yet is the end: as it was
 * before the moment was looked for, since what comes between the two answers is not to be passed over.
 */
static fc_rc ask_starts(struct fc_kafka_consumption *c, const int32_t *ids, size_t count,
                        int64_t *offsets, struct fc_error *err)
{
    const struct fc_consume_options *o = c->options;
    int64_t *found = fc_arena_calloc(c->broker->arena, count + 1, sizeof *found);

    if (!found)
        return no_memory(err);
    fc_rc rc = fc_kafka_offsets(c->broker, ids, count,
                                o->start == FC_BROKER_EARLIEST ? RD_KAFKA_OFFSET_BEGINNING
                                                               : RD_KAFKA_OFFSET_END,
                                offsets, err);
    if (rc != FC_OK || o->start != FC_BROKER_AT_TIME)
        return rc;
    rc = fc_kafka_offsets(c->broker, ids, count, o->time_ms, found, err);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        if (found[i] >= 0)
            offsets[i] = found[i];
    return rc;
}

fc_rc fc_kafka_find_starts(struct fc_kafka_consumption *c, struct fc_error *err)
{
    struct fc_arena *arena = c->broker->arena;
    int32_t *ids = fc_arena_calloc(arena, c->partition_count + 1, sizeof *ids);
    int64_t *offsets = fc_arena_calloc(arena, c->partition_count + 1, sizeof *offsets);
    size_t count = 0;

    if (!ids || !offsets)
        return no_memory(err);
    for (size_t i = 0; i < c->partition_count; i++) {
        fc_rc rc = fc_kafka_given(c, i, &c->partitions[i].next, err);
        if (rc != FC_OK)
            return rc;
        if (c->partitions[i].next < 0)
            ids[count++] = (int32_t)i;
    }
    fc_rc rc = ask_starts(c, ids, count, offsets, err);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        c->partitions[ids[i]].next = offsets[i];
    return rc;
}
