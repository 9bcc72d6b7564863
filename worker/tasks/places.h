/* SPDX-License-Identifier: Apache-2.0 */
/** How far each partition of a stream was read: what is told to the registry, and what a later reading goes on from. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "feast/worker/v1/worker.pb-c.h"

struct fc_places;

/** NULL when memory is out. */
struct fc_places *fc_places_new(void);
void fc_places_free(struct fc_places *places);
FC_DEFINE_FREEP(struct fc_places, fc_places_free)

/** The next message of a partition; in place of what was known of it. */
FC_MUST fc_rc fc_places_set(struct fc_places *places, const char *part, const char *offset,
                            struct fc_error *err);
/** A partition that will not be read again; fine when it is not known. */
void fc_places_forget(struct fc_places *places, const char *part);
size_t fc_places_count(const struct fc_places *places);

/** As messages have them, sorted by partition; all in the arena: what is told may be told again when the places moved on. */
FC_MUST fc_rc fc_places_report(const struct fc_places *places, struct fc_arena *arena,
                               Feast__Worker__V1__Progress *progress, struct fc_error *err);

/** "0:1204, 1:88"; cut when there are many. NULL when the arena is exhausted. */
char *fc_places_text(const struct fc_places *places, struct fc_arena *arena);
