/* SPDX-License-Identifier: Apache-2.0 */
/** The file of rejected rows: lines, kept within bounds. */
#pragma once

#include "base/error.h"
#include "base/str.h"

/** Which lines stay when there are more than may be kept. */
enum fc_letter_keep {
    /** The first FC_LETTER_MAX bytes of a file that is begun anew: a job that starts again reads all rows again. */
    FC_LETTERS_FIRST,
    /** The same, of a file that has some: what was left out of it before is not known any more. */
    FC_LETTERS_MORE,
    /**
     * The last ones, of a file that is gone on with: at FC_LETTER_TURN bytes it becomes `<path>.1`, in place of the one
     * before, and a new one is begun. For work without an end.
     */
    FC_LETTERS_LAST,
};

#define FC_LETTER_MAX  (INT64_C(256) << 20)
#define FC_LETTER_TURN (INT64_C(64) << 20)

struct fc_letter_file;

FC_MUST fc_rc fc_letter_file_open(const char *path, enum fc_letter_keep keep,
                                  struct fc_letter_file **ret, struct fc_error *err);
/** Appends to this for one more line, then calls fc_letter_file_added; NULL when no more are kept. */
struct fc_buf *fc_letter_file_line(struct fc_letter_file *file);
FC_MUST fc_rc fc_letter_file_added(struct fc_letter_file *file, struct fc_error *err);
/** Bytes of the lines so far. */
int64_t fc_letter_file_bytes(const struct fc_letter_file *file);
/** All lines are with the disk. */
FC_MUST fc_rc fc_letter_file_sync(struct fc_letter_file *file, struct fc_error *err);
/** Writes the last lines; but for FC_LETTERS_LAST also how many were left out. An error of the disk is told here at the latest. */
FC_MUST fc_rc fc_letter_file_finish(struct fc_letter_file *file, struct fc_error *err);
void fc_letter_file_free(struct fc_letter_file *file);
FC_DEFINE_FREEP(struct fc_letter_file, fc_letter_file_free)
