/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The lock on a data directory: a file LOCK, held by flock and naming the process.
 *
 * The lock ends with the process. The text in the file does not: whoever takes the lock and finds text there knows that
 * the last holder did not stop in an orderly way.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct fc_dirlock {
    int fd; /**< -1 when not held */
};

#define FC_DIRLOCK_INIT                                                                            \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/** STORE_LOCKED with the holder's process id; STORE_READ_ONLY when the file cannot be written. */
FC_MUST fc_rc fc_dirlock_take(const char *dir, struct fc_dirlock *ret, bool *ret_unclean,
                              struct fc_error *err);

/** `clean` empties the file: the next holder need not check anything. A lock that is not held is left alone. */
void fc_dirlock_release(struct fc_dirlock *lock, bool clean);
