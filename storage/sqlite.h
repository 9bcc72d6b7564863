/* SPDX-License-Identifier: Apache-2.0 */
/** What every SQLite connection of ours has in common: process-wide setup, safe settings, errors. Private to this room. */
#pragma once

#include <sqlite3.h>

#include "base/error.h"

/** Process-wide settings of SQLite; before any other use of it, any number of times, any thread. */
void fc_sqlite_setup(void);

enum fc_sqlite_role {
    FC_SQLITE_WRITER, /**< creates the file; the only one that writes and checkpoints */
    FC_SQLITE_READER, /**< query_only, never checkpoints, also not when it is the last to close */
};

/**
 * Opens with the settings of the role that hold for all our databases; `*ret` is set on failure too and then takes
 * part in fc_sqlite_fail. A result code of SQLite.
 */
int fc_sqlite_open(const char *path, enum fc_sqlite_role role, sqlite3 **ret);

/**
 * The error for SQLite's extended code `code`, while `doing` something with the file called `name`; never FC_OK.
 * `disk` is the reason for whatever the disk refused. `handle` may be NULL.
 */
fc_rc fc_sqlite_fail(sqlite3 *handle, const char *name, int code, const char *doing,
                     enum fc_reason disk, struct fc_error *err);
