/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How far a batch is, told with its progress, so that another attempt goes on from there instead of from the beginning.
 *
 * All rows before the place are with the store or in the dead letters. What comes after it may be there too, and is
 * read again: writing a row twice changes nothing. Of the account up to there the rows read and rejected are exact, and
 * so is the sum of the others; which of the rows of a key were written, late or superseded is known for each attempt by
 * itself only.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/sources/source.h"

struct fc_batch_place {
    struct fc_scan_place scan;                 /**< path NULL: the beginning */
    int64_t letter_bytes;                      /**< of the dead letters */
    const Feast__Worker__V1__Receipt *receipt; /**< up to there; NULL at the beginning */
    struct fc_arena *arena;                    /**< of the receipt, when it is a copy */
    char offset[24];
    Feast__Worker__V1__Position position, *positions[1];
};

/**
 * The place of an earlier attempt at the order; the beginning when it told none, the source is another one by its state
 * (or never resumes), or dead letters from before are gone. Borrows from the order.
 */
void fc_batch_place_find(const Feast__Worker__V1__Ingest *order, const char *state, bool resumes,
                         struct fc_batch_place *ret);

/** Moves on. The receipt is copied; `scan.path` is borrowed. */
FC_MUST fc_rc fc_batch_place_set(struct fc_batch_place *place, const struct fc_scan_place *scan,
                                 int64_t letter_bytes, const Feast__Worker__V1__Receipt *receipt,
                                 struct fc_error *err);

/** Adds it to what is told; borrows from the place. */
void fc_batch_place_tell(struct fc_batch_place *place, Feast__Worker__V1__Progress *progress);

void fc_batch_place_done(struct fc_batch_place *place);
