/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* A reader only ever waits while another connection recovers the WAL, which is once after an unclean stop. */
#define BUSY_MS 10000

static void setup_once(void)
{
    /* The statistics take one mutex of the whole process at every allocation; our caches are bounded without them.
     * Refused when SQLite runs already, which costs speed and nothing else. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_initialize();
}

void fc_sqlite_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, setup_once);
}

/* Settings that have no pragma, or whose pragma a schema could undo. */
static int configure(sqlite3 *handle, enum fc_sqlite_role role)
{
    const struct {
        int option, value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, role != FC_SQLITE_WRITER},
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(settings); i++) {
        int code = sqlite3_db_config(handle, settings[i].option, settings[i].value, NULL);
        if (code != SQLITE_OK)
            return code;
    }
    return sqlite3_busy_timeout(handle, BUSY_MS);
}

/* Every connection: no mapped file (an I/O error would be a signal), cells checked against damage, nothing on disk
 * but the database. Who checkpoints says so itself. */
#define COMMON_PRAGMAS                                                                             \
    "PRAGMA mmap_size = 0;"                                                                        \
    "PRAGMA cell_size_check = ON;"                                                                 \
    "PRAGMA temp_store = MEMORY;"                                                                  \
    "PRAGMA wal_autocheckpoint = 0;"

/* secure_delete: Debian's default writes zeros over freed pages, which no data of ours needs. */
#define WRITER_PRAGMAS                                                                             \
    "PRAGMA synchronous = FULL;"                                                                   \
    "PRAGMA secure_delete = OFF;"

int fc_sqlite_open(const char *path, enum fc_sqlite_role role, sqlite3 **ret)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

    fc_sqlite_setup();
    if (role == FC_SQLITE_WRITER)
        flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, ret, flags, NULL);
    if (code == SQLITE_OK)
        code = configure(*ret, role);
    if (code == SQLITE_OK)
        code = sqlite3_exec(*ret, COMMON_PRAGMAS, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        const char *pragmas = role == FC_SQLITE_WRITER ? WRITER_PRAGMAS : "PRAGMA query_only = ON;";
        code = sqlite3_exec(*ret, pragmas, NULL, NULL, NULL);
    }
    return code;
}

static enum fc_reason reason_of(int code, enum fc_reason disk)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        /* SQLite reports a failed allocation in its I/O layer under the code of I/O. */
        return code == SQLITE_IOERR_NOMEM ? FC_REASON_OUT_OF_MEMORY : disk;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    /* Our statements are the same everywhere: if one fails to compile, the schema or the file's format is damaged. */
    case SQLITE_ERROR:
        return FC_REASON_STORE_CORRUPT;
    case SQLITE_NOMEM:
        return FC_REASON_OUT_OF_MEMORY;
    case SQLITE_TOOBIG:
        return FC_REASON_REQUEST_TOO_LARGE;
    default:
        return FC_REASON_INTERNAL;
    }
}

/* What the system said, or "". SQLite does not keep it where it makes room in a -shm file, in which nothing else fails. */
static const char *system_word(sqlite3 *handle, int code)
{
    int number = code == SQLITE_IOERR_SHMSIZE ? ENOSPC : 0;

    if (number == 0 && handle && (code & 0xff) == SQLITE_IOERR)
        number = sqlite3_system_errno(handle);
    return number != 0 ? strerror(number) : "";
}

fc_rc fc_sqlite_fail(sqlite3 *handle, const char *name, int code, const char *doing,
                     enum fc_reason disk, struct fc_error *err)
{
    const char *general = sqlite3_errstr(code);
    const char *detail = "";

    if (handle && sqlite3_extended_errcode(handle) == code)
        detail = sqlite3_errmsg(handle);
    if (strcmp(detail, general) == 0)
        detail = "";
    if (*detail == '\0')
        detail = system_word(handle, code);
    return fc_fail(err, reason_of(code, disk), "%s: %s: %s%s%s (SQLite code %d)", name, doing,
                   general, *detail ? ": " : "", detail, code);
}
