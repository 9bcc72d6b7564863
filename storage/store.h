/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The registry database: SQLite in one data directory, one writer thread, any number of readers.
 *
 *     services --fc_store_submit--> queue --> writer thread: BEGIN; SAVEPOINT a request; COMMIT (fsync) --> done()
 *     services --fc_reader_*------> a query_only connection of the calling thread
 *
 * `done` runs after the fsync of the group that held the request, so whatever was answered survives a power cut.
 * The directory is locked against a second server; see docs/internals/storage.md for pragmas and their reasons.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sys.h"

struct fc_store;
struct fc_reader;
struct fc_txn;

struct fc_store_options {
    const char *data_dir;     /**< created when missing; holds registry.db and LOCK */
    const struct fc_sys *sys; /**< NULL for the real one */
    unsigned group_limit;     /**< requests in one COMMIT at most; 0 means 256 */
    /** requests waiting at most, further ones are refused UNAVAILABLE; 0 means 65536 */
    unsigned queue_limit;
    int64_t check_interval_ns; /**< between two checks of the whole file; 0 means none */
};

/**
 * Locks the directory, opens or creates the database, checks it after an unclean stop, migrates it and starts the
 * writer. Refuses with what to do: STORE_LOCKED, STORE_TOO_NEW, STORE_CORRUPT, STORE_READ_ONLY.
 */
FC_MUST fc_rc fc_store_open(const struct fc_store_options *options, struct fc_store **ret,
                            struct fc_error *err);

/**
 * Finishes what is queued, checkpoints, closes. All readers must be closed, and no other thread may be inside a call of
 * this store. What callbacks submit meanwhile is refused.
 */
void fc_store_close(struct fc_store *store);
FC_DEFINE_FREEP(struct fc_store, fc_store_close)

/** Runs on the writer thread inside its own savepoint; a failure rolls back this request only. Must not block. */
typedef fc_rc (*fc_txn_fn)(struct fc_txn *txn, void *ctx, struct fc_error *err);

/** Runs once on the writer thread after the commit (err NULL) or the failure (err set). Must not block. */
typedef void (*fc_txn_done_fn)(void *ctx, const struct fc_error *err);

/**
 * Queues a request; any thread. `done` (may be NULL) is called exactly once. A request that is not even queued, since
 * the queue is full, memory is out or the store is closing, is told so on the calling thread before this returns: hold
 * no lock that `done` takes.
 */
void fc_store_submit(struct fc_store *store, fc_txn_fn run, fc_txn_done_fn done, void *ctx);

/** Like fc_store_submit, but waits for the end. Not from the writer thread. */
FC_MUST fc_rc fc_store_run(struct fc_store *store, fc_txn_fn run, void *ctx, struct fc_error *err);

/** A reader for one thread; kept open. */
FC_MUST fc_rc fc_reader_open(struct fc_store *store, struct fc_reader **ret, struct fc_error *err);
void fc_reader_close(struct fc_reader *reader);
FC_DEFINE_FREEP(struct fc_reader, fc_reader_close)

/** The calling thread's own reader of this store, opened at its first use, closed when the thread or store ends. */
FC_MUST fc_rc fc_store_reader(struct fc_store *store, struct fc_reader **ret, struct fc_error *err);

/** What the request sees of the database, its own changes included; for the rules that run inside the transaction. */
struct fc_reader *fc_txn_reader(struct fc_txn *txn);

/** The time of the transaction, the same for all its rows: nanoseconds since 1970. */
int64_t fc_txn_now_ns(const struct fc_txn *txn);

/** False while writes fail (disk full, I/O error). Turns true again by itself. Any thread. */
bool fc_store_writable(struct fc_store *store);

/** What the checks of the whole file found while it was served (docs/internals/storage.md). */
struct fc_store_checks {
    uint64_t done;
    /** as the last one found it; answers may be false, and nothing should be added */
    bool damaged;
    char finding[512]; /**< what is damaged, "" when nothing is */
};
/** Any thread. */
void fc_store_checks(struct fc_store *store, struct fc_store_checks *ret);

/**
 * The version of the SQLite library if it is one that can damage the file when it is written to, or checkpointed, by two
 * connections at once (3.7.0 to 3.51.2), which this room rules out for itself but not for other programs; else NULL.
 */
const char *fc_store_risky_sqlite(void);

/**
 * Copy into a new file, beside which a .tmp lives until it is whole: one moment's state, integrity and the checksum of
 * every row checked, synced. Blocks the caller, not the writer. REQUEST_INVALID when `path` is there already.
 */
FC_MUST fc_rc fc_store_backup(struct fc_store *store, const char *path, int64_t *ret_bytes,
                              struct fc_error *err);

/**
 * Puts a backup in the place of the registry in `data_dir`, which no server may use meanwhile. The backup is checked as
 * a new one is and brought to the present schema by the next start. What was there is kept beside it, named
 * registry.db.before-restore-<time>, with a number behind it when that is taken. A file `restored` notes the name of the
 * backup: when it is there already, nothing is done and `*ret_done` is false, so that a start which always asks for the
 * same backup restores it once.
 */
FC_MUST fc_rc fc_store_restore(const char *data_dir, const char *backup, const struct fc_sys *sys,
                               bool *ret_done, struct fc_error *err);

/** Whether the last backup that was restored there had this name. */
bool fc_store_was_restored(const char *data_dir, const char *name);

struct fc_store_stats {
    uint64_t requests, commits, failures; /**< of the writer since start */
    uint64_t queue_depth;
    int64_t database_bytes, wal_bytes;
};
void fc_store_stats(struct fc_store *store, struct fc_store_stats *ret);
