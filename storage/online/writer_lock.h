/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who may write to a file of the embedded online store, among processes: one transaction at a time, checkpoints
 * included, for SQLite before 3.51.3 can damage a WAL that two connections move into the file at once. Whoever waits
 * is the next: one that writes without a pause lets the other in between two of its transactions. A process that dies
 * holds nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct fc_writer_lock {
    int fd; /**< -1: none */
    bool held;
};

#define FC_WRITER_LOCK_INIT                                                                        \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/** Opens `<path>.lock`, which stays where it is for ever. */
FC_MUST fc_rc fc_writer_lock_open(struct fc_writer_lock *lock, const char *path,
                                  struct fc_error *err);
/** Waits for its turn; STORE_LOCKED when that did not come within `patience_ns`. Not while it is held. */
FC_MUST fc_rc fc_writer_lock_take(struct fc_writer_lock *lock, const char *path,
                                  int64_t patience_ns, struct fc_error *err);
/** Fine when it is not held. */
void fc_writer_lock_give(struct fc_writer_lock *lock);
void fc_writer_lock_close(struct fc_writer_lock *lock);
