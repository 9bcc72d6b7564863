/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rejected rows: counted by column and cause, and kept as JSON Lines where a path is given.
 *
 *     {"file":"/data/a.parquet","row":17,"column":"id","reason":"NULL","message":"…","values":{"id":null,…}}
 *
 * `row` counts from 0 within the file. Binary values are base64, NaN and infinities are strings.
 */
#pragma once

#include "worker/tasks/binding.h"

/** After so many bytes no further row is kept; the last line says how many were left out. */
#define FC_DEAD_LETTER_MAX (INT64_C(256) << 20)

struct fc_dead_letters;

/** `path` "" keeps counts alone. The file is begun anew: a job that starts again reads all rows again. */
FC_MUST fc_rc fc_dead_letters_open(const char *path, const struct fc_binding *binding,
                                   struct fc_dead_letters **ret, struct fc_error *err);

/** Writes the last lines; an error of the disk is told here at the latest. */
FC_MUST fc_rc fc_dead_letters_finish(struct fc_dead_letters *letters, struct fc_error *err);
void fc_dead_letters_free(struct fc_dead_letters *letters);
FC_DEFINE_FREEP(struct fc_dead_letters, fc_dead_letters_free)

struct fc_rejection {
    const struct fc_batch *batch; /**< its columns are those of the binding */
    size_t row;                   /**< within the batch */
    size_t column;                /**< at fault; index into the binding */
    enum fc_fault fault;
    const char *message;
};
FC_MUST fc_rc fc_dead_letters_add(struct fc_dead_letters *letters,
                                  const struct fc_rejection *rejection, struct fc_error *err);

/** The counts as a receipt has them: most frequent first, at most 64; in the arena. */
FC_MUST fc_rc fc_dead_letters_report(const struct fc_dead_letters *letters, struct fc_arena *arena,
                                     Feast__Worker__V1__Receipt *receipt, struct fc_error *err);
