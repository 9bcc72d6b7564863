/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/migrate.h"

#include <limits.h>
#include <stdio.h>

#include "storage/internal.h"

extern const struct fc_embedded_file fc_migration_files[];
extern const size_t fc_migration_files_count;

struct fc_migrations fc_migrations_built_in(void)
{
    return (struct fc_migrations){.files = fc_migration_files, .count = fc_migration_files_count};
}

static uint64_t text_sum(const struct fc_embedded_file *file)
{
    return fc_sum_bytes(FC_SUM_MIGRATION,
                        (fc_str){.ptr = (const char *)file->data, .len = file->size});
}

static fc_rc read_versions(struct fc_db *db, int64_t *ret_application, int64_t *ret_version,
                           int64_t *ret_objects, struct fc_error *err)
{
    fc_rc rc = fc_db_number(db, "PRAGMA application_id", ret_application, err);
    if (rc == FC_OK)
        rc = fc_db_number(db, "PRAGMA user_version", ret_version, err);
    return rc == FC_OK ? fc_db_number(db, "SELECT count(*) FROM sqlite_schema", ret_objects, err)
                       : rc;
}

/* The text that was run against the text at hand: an edited migration means two schemas under one number. */
static fc_rc check_texts(struct fc_db *db, struct fc_migrations migrations, int64_t version,
                         struct fc_error *err)
{
    for (int64_t number = 1; number <= version; number++) {
        const struct fc_embedded_file *file = &migrations.files[number - 1];
        char sql[128];
        int64_t stored = 0;
        (void)snprintf(sql, sizeof sql,
                       "SELECT (SELECT checksum FROM schema_migration WHERE version = %lld)",
                       (long long)number);
        fc_rc rc = fc_db_number(db, sql, &stored, err);
        if (rc != FC_OK)
            return rc;
        if ((uint64_t)stored != text_sum(file)) {
            return fc_fail(
                err, FC_REASON_STORE_CORRUPT,
                "%s: migration %lld (%s) was run with another text than this program has (checksum "
                "%016llx, here %016llx); use the program that wrote the database, or a backup",
                db->name, (long long)number, file->name, (unsigned long long)stored,
                (unsigned long long)text_sum(file));
        }
    }
    return FC_OK;
}

static fc_rc check(struct fc_db *db, struct fc_migrations migrations, int64_t *ret_version,
                   struct fc_error *err)
{
    int64_t application, version, objects;
    fc_rc rc = read_versions(db, &application, &version, &objects, err);
    if (rc != FC_OK)
        return rc;
    bool empty = application == 0 && version == 0 && objects == 0;
    if (!empty && application != FC_APPLICATION_ID) {
        return fc_fail(
            err, FC_REASON_STORE_CORRUPT,
            "%s is no registry: its application_id is 0x%08llx, expected 0x%08x; use another data "
            "directory",
            db->name, (unsigned long long)application, FC_APPLICATION_ID);
    }
    if (version > (int64_t)migrations.count) {
        return fc_fail(err, FC_REASON_STORE_TOO_NEW,
                       "%s has schema version %lld, this program knows versions up to %zu; run the "
                       "newer program, or "
                       "restore a backup made before the upgrade",
                       db->name, (long long)version, migrations.count);
    }
    *ret_version = version;
    return check_texts(db, migrations, version, err);
}

fc_rc fc_schema_check(struct fc_db *db, struct fc_migrations migrations, struct fc_error *err)
{
    int64_t version;
    return check(db, migrations, &version, err);
}

/* Before the first migration there is no table to note it in. */
static fc_rc prepare(struct fc_db *db, struct fc_error *err)
{
    char sql[64];
    fc_rc rc =
        fc_db_exec(db,
                   "CREATE TABLE schema_migration ("
                   "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL, "
                   "applied_ns INTEGER NOT NULL) STRICT",
                   err);
    if (rc != FC_OK)
        return rc;
    (void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d", FC_APPLICATION_ID);
    return fc_db_exec(db, sql, err);
}

static fc_rc note(struct fc_db *db, int64_t number, const struct fc_embedded_file *file,
                  int64_t now_ns, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    char sql[64];

    fc_rc rc = fc_query_begin(db, FC_SQL_MIGRATION_INSERT, &query, err);
    if (rc != FC_OK)
        return rc;
    fc_bind_int(&query, 1, number);
    fc_bind_text(&query, 2, fc_str_from(file->name));
    fc_bind_int(&query, 3, (int64_t)text_sum(file));
    fc_bind_int(&query, 4, now_ns);
    rc = fc_query_run(&query, err);
    if (rc != FC_OK)
        return rc;
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)number);
    return fc_db_exec(db, sql, err);
}

static fc_rc run_one(struct fc_db *db, int64_t number, const struct fc_embedded_file *file,
                     int64_t now_ns, struct fc_error *err)
{
    fc_rc rc = fc_db_exec(db, "BEGIN IMMEDIATE", err);
    if (rc != FC_OK)
        return rc;
    rc = number == 1 ? prepare(db, err) : FC_OK;
    if (rc == FC_OK &&
        sqlite3_exec(db->handle, (const char *)file->data, NULL, NULL, NULL) != SQLITE_OK)
        rc = fc_db_fail(db, sqlite3_extended_errcode(db->handle), file->name, err);
    if (rc == FC_OK)
        rc = note(db, number, file, now_ns, err);
    if (rc == FC_OK)
        rc = fc_db_exec(db, "COMMIT", err);
    if (sqlite3_get_autocommit(db->handle) == 0)
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return rc == FC_OK ? rc
                       : fc_error_prefix(err, "migration %lld (%s)", (long long)number, file->name);
}

static fc_rc copy_before(struct fc_db *db, const struct fc_sys *sys, const char *dir,
                         int64_t version, struct fc_error *err)
{
    char path[PATH_MAX];
    int64_t bytes;
    int len = snprintf(path, sizeof path, "%s/registry.v%lld.%lld.bak", dir, (long long)version,
                       (long long)fc_now_ns(sys));
    if (len >= (int)sizeof path) {
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "the path of the data directory is too long: %s", dir);
    }
    fc_rc rc = fc_db_copy(db, sys, path, false, &bytes, err);
    return rc == FC_OK
               ? rc
               : fc_error_prefix(err, "the database has to be copied before its schema is changed");
}

fc_rc fc_schema_migrate(struct fc_db *db, struct fc_migrations migrations, const struct fc_sys *sys,
                        const char *dir, struct fc_error *err)
{
    int64_t version;
    fc_rc rc = check(db, migrations, &version, err);
    if (rc == FC_OK && version > 0 && version < (int64_t)migrations.count)
        rc = copy_before(db, sys, dir, version, err);
    while (rc == FC_OK && version < (int64_t)migrations.count) {
        version++;
        rc = run_one(db, version, &migrations.files[version - 1], fc_now_ns(sys), err);
    }
    return rc;
}
