/* SPDX-License-Identifier: Apache-2.0 */
/**
 * map<string, string> fields of any message. protobuf-c gives each of them an entry type of its own, all of one shape,
 * keeps the order of the wire and does not remove duplicates; here they become what a map is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/violations.h"

/** Borrowed view of such a field. */
struct fc_map {
    size_t count;
    const void *entries; /**< array of `count` pointers to entries */
};

#define FC_MAP(message, field) ((struct fc_map){(message)->n_##field, (message)->field})

const char *fc_map_key(struct fc_map map, size_t index);
const char *fc_map_value(struct fc_map map, size_t index);

/** The value of a key, or NULL. The map must be normalised. */
const char *fc_map_get(struct fc_map map, const char *key);

/**
 * Sorts the entries by key and keeps the last of equal keys, as every protobuf reader does. Done in place; false when
 * the arena is exhausted. Use: `fc_map_normalise(arena, &spec->n_labels, spec->labels)`.
 */
FC_MUST bool fc_map_normalise(struct fc_arena *arena, size_t *count, void *entries);

/** True when `map` holds every pair of `wanted`, keys and values exactly. `map` must be normalised. */
FC_MUST bool fc_map_contains(struct fc_map map, struct fc_map wanted);

/** Adds a violation when a key of `labels` is empty; `what` names the object. Values are free. */
void fc_labels_check(struct fc_violations *violations, const char *what, const char *field,
                     struct fc_map labels);
