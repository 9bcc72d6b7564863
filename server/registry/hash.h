/* SPDX-License-Identifier: Apache-2.0 */
/** The two hashes by which others see that a feature table changed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "server/registry/entity.h"

#define FC_TABLE_HASH_SIZE 9
#define FC_JOB_HASH_SIZE   33

/**
 * FeatureTableMeta.hash: what ingestion needs of the table, and nothing else. Murmur3 (32 bit, seed 0) over a
 * FeatureTableSpec with entities and features sorted by name, max_age, batch_source and stream_source (an empty one
 * when there is none); 8 hex digits, low byte first, and a NUL. The spec must be normalised. False: arena exhausted.
 */
FC_MUST bool fc_table_hash(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                           char ret[FC_TABLE_HASH_SIZE]);

/**
 * The identity of an ingestion job, by which the peers' job service recognises it: MD5 over the canonical JSON of table
 * and source, 32 hex digits and a NUL. `source` is the stream source of a stream job and the batch source of a batch
 * job; `entities` are the table's, in any order.
 */
FC_MUST fc_rc fc_job_hash(struct fc_arena *arena, const char *project,
                          const Feast__Core__FeatureTableSpec *spec,
                          const struct fc_entity_type *entities, size_t entity_count,
                          const Feast__Core__DataSource *source, char ret[FC_JOB_HASH_SIZE],
                          struct fc_error *err);

/** The canonical JSON that fc_job_hash digests, NUL-terminated in the arena; NULL when that is exhausted. */
const char *fc_job_identity(struct fc_arena *arena, const char *project,
                            const Feast__Core__FeatureTableSpec *spec,
                            const struct fc_entity_type *entities, size_t entity_count,
                            const Feast__Core__DataSource *source);
