/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The schema of the registry database: numbered SQL files, each run once in a transaction of its own.
 *
 * `PRAGMA user_version` is the number of the last one, the table schema_migration holds the checksum of each text, and
 * `PRAGMA application_id` tells the file from other SQLite databases. Private to this room.
 */
#pragma once

#include "base/embedded_file.h"
#include "base/sys.h"
#include "storage/db.h"

/** "FCOR" */
#define FC_APPLICATION_ID 0x46434f52

/** The files of migrations/: the n-th, counted from 1, has the number n and a name that begins with it. */
struct fc_migrations {
    const struct fc_embedded_file *files;
    size_t count;
};

/** Those that this program was built with. */
struct fc_migrations fc_migrations_built_in(void);

/**
 * Reads only. FC_OK when the database is empty or ours and not newer than `migrations`; else STORE_CORRUPT (another
 * program's, or a migration's text differs from what was run) or STORE_TOO_NEW.
 */
FC_MUST fc_rc fc_schema_check(struct fc_db *db, struct fc_migrations migrations,
                              struct fc_error *err);

/** Checks and brings the schema up to date; a database with content is first copied to `<dir>/registry.v<N>.<ns>.bak`. */
FC_MUST fc_rc fc_schema_migrate(struct fc_db *db, struct fc_migrations migrations,
                                const struct fc_sys *sys, const char *dir, struct fc_error *err);
