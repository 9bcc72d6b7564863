/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The entities and feature tables that one reader found lately. Private to this room, one thread.
 *
 * A row is good for as long as nothing was committed since before it was read (fc_writer_generation): any commit makes
 * all of them stale, so there is nothing to invalidate and nothing to forget. Registries are read far more often than
 * written; while they are written, reads go to SQLite as before.
 */
#pragma once

#include "storage/registry.h"

/** What rows of one kind are made of. Two kinds are the same when their addresses are. */
struct fc_row_kind {
    size_t size;           /**< of the struct */
    const size_t *strings; /**< where each fc_str of it lies; the first two are project and name */
    size_t string_count;
};

/** One of its strings, within the row. */
static inline fc_str *fc_row_string(const struct fc_row_kind *kind, void *row, size_t number)
{
    return (fc_str *)((char *)row + kind->strings[number]);
}

struct fc_row_cache;

/** NULL when memory is out: the other functions take that as an empty cache. */
struct fc_row_cache *fc_row_cache_new(void);
void fc_row_cache_free(struct fc_row_cache *cache);

/** True when the row of that generation is there; its strings are copied to the arena. */
FC_MUST bool fc_row_cache_get(const struct fc_row_cache *cache, uint64_t generation,
                              const struct fc_row_kind *kind, fc_str project, fc_str name,
                              struct fc_arena *arena, void *ret);

/** Keeps a copy of a row that was read after the generation was asked for. */
void fc_row_cache_put(struct fc_row_cache *cache, uint64_t generation,
                      const struct fc_row_kind *kind, const void *row);
