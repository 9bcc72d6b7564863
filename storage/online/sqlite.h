/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The embedded SQLite online store: one file a feature table, `<root>/<project>/<table>.db`.
 *
 *     feature_row: key BLOB PRIMARY KEY (storage/online/key.h) | event_s, event_ns | created_s, created_ns (NULL: none)
 *                  | expires_s (NULL: never) | checksum of all columns | features BLOB = feast.storage.OnlineRow
 *
 * A row is replaced as a whole: a feature that is null in the newer row is gone. Writing compares: an older
 * (event, created) never replaces a newer one; equal ones overwrite, so that ingesting twice changes nothing. null
 * created sorts lowest. Writers take turns, a transaction each
 * (storage/online/writer_lock.h), and checkpoint within their turn; readers are query_only and never checkpoint (the
 * rule that avoids the WAL bug of SQLite before 3.51.3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct fc_online_time {
    int64_t seconds;
    int32_t nanos;
    bool set;
};

struct fc_online_row {
    fc_str key;
    struct fc_online_time event, created;
    /** event + max_age, whole seconds; unset when the table has none */
    struct fc_online_time expires;
    fc_str features; /**< feast.storage.OnlineRow */
};

/**
 * `<root>/<project>/<table>.db`; a table name too long for a file name is cut and carries its hash. Names were checked
 * by the registry and hold no separator (else NAME_INVALID).
 */
FC_MUST fc_rc fc_online_sqlite_path(const char *root, const char *project, const char *table,
                                    struct fc_arena *arena, const char **ret_path,
                                    struct fc_error *err);

struct fc_online_writer;
/** Creates directories and file. There may be several writers of a file, in one process or many. */
FC_MUST fc_rc fc_online_writer_open(const char *path, struct fc_online_writer **ret,
                                    struct fc_error *err);
void fc_online_writer_close(struct fc_online_writer *writer);
FC_DEFINE_FREEP(struct fc_online_writer, fc_online_writer_close)
/** How long begin waits for the transaction of another writer; a minute unless told. */
void fc_online_writer_patience(struct fc_online_writer *writer, int64_t patience_ns);
/** STORE_LOCKED when another writer's transaction does not end. */
FC_MUST fc_rc fc_online_writer_begin(struct fc_online_writer *writer, struct fc_error *err);
/** `*ret_written` is false when a newer row stays. */
FC_MUST fc_rc fc_online_writer_put(struct fc_online_writer *writer, const struct fc_online_row *row,
                                   bool *ret_written, struct fc_error *err);
/** Durable when it returns; also after a failure the transaction is over. */
FC_MUST fc_rc fc_online_writer_commit(struct fc_online_writer *writer, struct fc_error *err);

struct fc_online_reader;
/** FC_NOT_FOUND when nothing was ever written for the table. One thread. */
FC_MUST fc_rc fc_online_reader_open(const char *path, struct fc_online_reader **ret,
                                    struct fc_error *err);
void fc_online_reader_close(struct fc_online_reader *reader);
FC_DEFINE_FREEP(struct fc_online_reader, fc_online_reader_close)
/** `*ret_found` tells; strings are copied to the arena. */
FC_MUST fc_rc fc_online_reader_get(struct fc_online_reader *reader, fc_str key,
                                   struct fc_arena *arena, struct fc_online_row *ret,
                                   bool *ret_found, struct fc_error *err);
