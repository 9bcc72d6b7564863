/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of this room share about a store, a reader and a transaction. Private to this room. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "storage/checksum.h"
#include "storage/db.h"
#include "storage/dirlock.h"
#include "storage/registry.h"
#include "storage/row_cache.h"
#include "storage/store.h"

/** One transaction reads through the writer's connection, every other reader has a connection of its own. */
struct fc_reader {
    struct fc_db *db;
    struct fc_db own;
    struct fc_writer *writer;  /**< whose commits make the cache stale; NULL in a transaction */
    struct fc_row_cache *rows; /**< NULL in a transaction */
};

struct fc_txn {
    struct fc_reader reader;
    int64_t now_ns;
    bool torn; /**< a request in it could not be ended alone: not to be committed */
};

struct fc_writer;

struct fc_store {
    const struct fc_sys *sys;
    char *dir;     /**< absolute */
    char *db_path; /**< <dir>/registry.db */
    char *wal_path;
    uint64_t id; /**< of this opening; never used twice in a process */
    struct fc_dirlock lock;
    bool suspect; /**< the checks at opening were not passed */
    struct fc_writer *writer;
    struct fc_scrub *scrub;       /**< NULL: the file is not checked while it is served */
    struct fc_reader_slot *slots; /**< readers of threads; guarded by reader.c's mutex */
};

/** Copies the strings of a row to the arena; before, they last as long as the step of the query. */
FC_MUST fc_rc fc_row_keep(const struct fc_row_kind *kind, struct fc_arena *arena, void *row,
                          struct fc_error *err);
/** Reads one row from the database, its strings in the arena. When there is none, `ret` becomes a row of id 0. */
typedef fc_rc (*fc_row_fn)(struct fc_reader *reader, fc_str project, fc_str name,
                           struct fc_arena *arena, void *ret, bool *ret_found,
                           struct fc_error *err);
/** What the reader remembers, if nothing was committed since it read that, else what `find` finds. */
FC_MUST fc_rc fc_row_find(struct fc_reader *reader, const struct fc_row_kind *kind, fc_row_fn find,
                          fc_str project, fc_str name, struct fc_arena *arena, void *ret,
                          struct fc_error *err);

/** Closes the readers that fc_store_reader opened, whatever thread they belong to. */
void fc_readers_close_all(struct fc_store *store);

/** Starts the thread; it owns `db` from here on, also when it could not be started. */
FC_MUST fc_rc fc_writer_start(struct fc_store *store, struct fc_db *db, unsigned group_limit,
                              unsigned queue_limit, struct fc_writer **ret, struct fc_error *err);
/** Finishes the queue and ends the thread; what is submitted later is refused. NULL is a no-op. */
void fc_writer_stop(struct fc_writer *writer);
/** Checkpoints and closes the connection of a stopped writer. True when nothing is left in the WAL. NULL: true. */
bool fc_writer_free(struct fc_writer *writer);
/** Grows with every commit, and is odd while one is under way. Any thread. */
uint64_t fc_writer_generation(const struct fc_writer *writer);
void fc_writer_stats(struct fc_writer *writer, struct fc_store_stats *ret);

/** Like a request, but on the calling thread, before the writer was started. */
FC_MUST fc_rc fc_txn_run(struct fc_db *db, const struct fc_sys *sys, fc_txn_fn run, void *ctx,
                         struct fc_error *err);

/** Writes the state that an object is in from now on, and the outbox row for it. */
FC_MUST fc_rc fc_history_put(struct fc_txn *txn, enum fc_object_kind kind, int64_t object_id,
                             int64_t revision, bool deleted, fc_str spec, struct fc_error *err);
enum fc_change { FC_CHANGE_PUT = 1, FC_CHANGE_DELETED = 2, FC_CHANGE_VERDICT = 3 };
FC_MUST fc_rc fc_outbox_put(struct fc_txn *txn, enum fc_object_kind kind, int64_t object_id,
                            int64_t revision, enum fc_change change, struct fc_error *err);

/**
 * A copy of what `db` sees at one moment as a database of its own, whole, checked and synced, or no file at all.
 * `with_rows`: the checksum of every row too, which takes the schema of this program.
 */
FC_MUST fc_rc fc_db_copy(struct fc_db *db, const struct fc_sys *sys, const char *path,
                         bool with_rows, int64_t *ret_bytes, struct fc_error *err);

/** STORE_CORRUPT when a restore was cut off after it had moved away what was there: an empty registry is not it. */
FC_MUST fc_rc fc_restore_check(const char *dir, struct fc_error *err);

/** Reads every row of the registry, so that each checksum is looked at. */
FC_MUST fc_rc fc_verify_rows(struct fc_reader *reader, struct fc_error *err);

/* Its parts, each beside the code that reads such rows. */
FC_MUST fc_rc fc_verify_revisions(struct fc_reader *reader, struct fc_error *err);
FC_MUST fc_rc fc_verify_reports(struct fc_reader *reader, struct fc_error *err);
FC_MUST fc_rc fc_verify_rechecks(struct fc_reader *reader, struct fc_error *err);
FC_MUST fc_rc fc_verify_schedules(struct fc_reader *reader, struct fc_error *err);
FC_MUST fc_rc fc_verify_streams(struct fc_reader *reader, struct fc_error *err);
FC_MUST fc_rc fc_verify_jobs(struct fc_reader *reader, struct fc_error *err);

/** STORE_CORRUPT unless the sums are equal; `format` names the object. */
FC_MUST fc_rc fc_sum_check(uint64_t stored, uint64_t computed, struct fc_error *err,
                           const char *format, ...) FC_PRINTF(4, 5);

/** The arguments of a "%.*s" for a string. */
#define FC_STR_ARG(str) (int)((str).len > 300 ? 300 : (str).len), (str).ptr
