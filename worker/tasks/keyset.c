/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/keyset.h"

#include <stdlib.h>
#include <xxhash.h>

#define SLOTS_FIRST ((size_t)1 << 12)
/* 32 MiB, three million keys. */
#define SLOTS_MAX ((size_t)1 << 22)

struct fc_keyset {
    uint64_t *slots; /**< 0 is free */
    size_t slot_count, count;
};

struct fc_keyset *fc_keyset_new(void)
{
    struct fc_keyset *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->slot_count = SLOTS_FIRST;
    set->slots = calloc(set->slot_count, sizeof *set->slots);
    if (set->slots)
        return set;
    free(set);
    return NULL;
}

void fc_keyset_free(struct fc_keyset *set)
{
    if (!set)
        return;
    free(set->slots);
    free(set);
}

static uint64_t hash_of(fc_str key)
{
    uint64_t hash = XXH3_64bits(key.ptr, key.len);

    return hash ? hash : 1;
}

static size_t find(const uint64_t *slots, size_t slot_count, uint64_t hash)
{
    size_t slot = hash & (slot_count - 1);

    while (slots[slot] != 0 && slots[slot] != hash)
        slot = (slot + 1) & (slot_count - 1);
    return slot;
}

/* False when it may not, or cannot, grow. */
static bool grow(struct fc_keyset *set)
{
    size_t slot_count = set->slot_count * 2;
    uint64_t *slots = slot_count <= SLOTS_MAX ? calloc(slot_count, sizeof *slots) : NULL;

    if (!slots)
        return false;
    for (size_t i = 0; i < set->slot_count; i++)
        if (set->slots[i] != 0)
            slots[find(slots, slot_count, set->slots[i])] = set->slots[i];
    free(set->slots);
    set->slots = slots;
    set->slot_count = slot_count;
    return true;
}

bool fc_keyset_add(struct fc_keyset *set, fc_str key)
{
    uint64_t hash = hash_of(key);
    size_t slot = find(set->slots, set->slot_count, hash);

    if (set->slots[slot] != 0)
        return true;
    if (set->count >= set->slot_count / 4 * 3) {
        if (!grow(set))
            return false;
        slot = find(set->slots, set->slot_count, hash);
    }
    set->slots[slot] = hash;
    set->count++;
    return false;
}

bool fc_keyset_has(const struct fc_keyset *set, fc_str key)
{
    return set->slots[find(set->slots, set->slot_count, hash_of(key))] != 0;
}
