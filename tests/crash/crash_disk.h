/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A disk that loses power. Sits under SQLite (tests/support/shim_vfs.h) in a process that exists to be ended.
 *
 * What was written since a file's last sync is kept as a list. At the chosen sync the power fails: each write of the
 * list is kept, dropped or torn at 512-byte sectors as the dice say, names of files that were made or removed without
 * a sync of their directory may be lost or come back, the files are left in that state and the process ends at once.
 *
 * Files that SQLite does not write (LOCK, RESERVE) and shared memory are no part of it; shared memory is removed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/sys.h"

struct crash_disk_options {
    const char *dir;  /**< what is there now is durable */
    uint64_t seed;    /**< of the dice */
    int fail_at_sync; /**< the power fails at the n-th sync of a file, counted from 1 */
    bool after_sync;  /**< just after it took effect instead of just before */
    bool lies; /**< syncs are acknowledged but do nothing: what the test must be able to notice */
};

/** Becomes the disk of the process. */
void crash_disk_install(const struct crash_disk_options *options);

/** fc_sys_real() with directory syncs that this disk sees. */
const struct fc_sys *crash_disk_sys(void);

/** Exit code of a process that lost power. */
#define CRASH_DISK_EXIT 42
