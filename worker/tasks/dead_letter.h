/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rejected rows: counted by column and cause, and kept as JSON Lines where a path is given.
 *
 *     {"file":"/data/a.parquet","row":17,"column":"id","reason":"NULL","message":"…","values":{"id":null,…}}
 *     {"stream":"…","partition":"3","offset":"1204","time_ms":1609459200000,"key":"…","raw":"…",
 *      "column":"","reason":"UNDECODABLE","message":"…","values":null}
 *
 * `row` counts from 0 within the file. Binary values, keys and raw messages are base64, NaN and infinities are strings.
 */
#pragma once

#include "worker/sources/broker.h"
#include "worker/tasks/binding.h"
#include "worker/tasks/letter_file.h"

/** In place of a column: the message as a whole. */
#define FC_REJECTED_WHOLE SIZE_MAX

struct fc_dead_letters;

/** `path` "" keeps counts alone. */
FC_MUST fc_rc fc_dead_letters_open(const char *path, enum fc_letter_keep keep,
                                   const struct fc_binding *binding, struct fc_dead_letters **ret,
                                   struct fc_error *err);

/** Goes on from the counts of an earlier account of this table. */
void fc_dead_letters_resume(struct fc_dead_letters *letters,
                            const Feast__Worker__V1__Receipt *receipt);

/** Of the file so far; 0 when there is none. */
int64_t fc_dead_letters_bytes(const struct fc_dead_letters *letters);

/** What was added is with the disk. */
FC_MUST fc_rc fc_dead_letters_sync(struct fc_dead_letters *letters, struct fc_error *err);

/** Writes the last lines; an error of the disk is told here at the latest. */
FC_MUST fc_rc fc_dead_letters_finish(struct fc_dead_letters *letters, struct fc_error *err);
void fc_dead_letters_free(struct fc_dead_letters *letters);
FC_DEFINE_FREEP(struct fc_dead_letters, fc_dead_letters_free)

struct fc_rejection {
    const struct fc_batch *batch; /**< its columns are those of the binding */
    size_t row;                   /**< within the batch */
    size_t column;                /**< at fault; index into the binding, or FC_REJECTED_WHOLE */
    enum fc_fault fault;
    const char *message;
    const struct fc_message *raw; /**< that the row is from; NULL when it is of a file */
};
FC_MUST fc_rc fc_dead_letters_add(struct fc_dead_letters *letters,
                                  const struct fc_rejection *rejection, struct fc_error *err);

/** The counts as a receipt has them: most frequent first, at most 64; in the arena. */
FC_MUST fc_rc fc_dead_letters_report(const struct fc_dead_letters *letters, struct fc_arena *arena,
                                     Feast__Worker__V1__Receipt *receipt, struct fc_error *err);
