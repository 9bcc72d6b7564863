/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The feature tables that one reader found lately. Private to this room, one thread.
 *
 * A row is good for as long as nothing was committed since before it was read (fc_writer_generation): any commit makes
 * all of them stale, so there is nothing to invalidate and nothing to forget. Registries are read far more often than
 * written; while they are written, reads go to SQLite as before.
 */
#pragma once

#include "storage/registry.h"

struct fc_table_cache;

/** NULL when memory is out: the other functions take that as an empty cache. */
struct fc_table_cache *fc_table_cache_new(void);
void fc_table_cache_free(struct fc_table_cache *cache);

/** True when the table of that generation is there; its strings are copied to the arena. */
FC_MUST bool fc_table_cache_get(const struct fc_table_cache *cache, uint64_t generation,
                                fc_str project, fc_str name, struct fc_arena *arena,
                                struct fc_table_row *ret);

/** Keeps a copy of a row that was read after the generation was asked for. */
void fc_table_cache_put(struct fc_table_cache *cache, uint64_t generation,
                        const struct fc_table_row *row);
