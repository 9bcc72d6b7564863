/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes. It takes all that waits, up to the group limit, as one transaction:
 *
 *     BEGIN IMMEDIATE; (SAVEPOINT; run; RELEASE | ROLLBACK TO)...; COMMIT, which syncs; done()...
 *
 * What arrives during the sync is the next group: load makes groups larger by itself, and no timer delays a single
 * request. A request that fails is rolled back alone; when it cannot be, the whole group fails. When the disk fails, so
 * does the whole group and the writer is broken: until a small write succeeds, requests are refused without being run.
 */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "storage/internal.h"
#include "storage/reserve.h"

/* Pages in the WAL that make a checkpoint worth its two syncs, and those from which it may wait for readers' places. */
#define CHECKPOINT_FRAMES 2000
#define RESTART_FRAMES    16000
/* How often a broken writer tries whether the disk takes writes again. */
#define PROBE_NS FC_NS_PER_S
/* How long a lock that a reader took in passing is borne with: first without sleeping, then a millisecond each. */
#define BUSY_YIELDS 200
#define BUSY_PAUSES 10000

struct request {
    struct request *next;
    fc_txn_fn run;
    fc_txn_done_fn done;
    void *ctx;
    struct fc_error *err; /* of its group's array; rc FC_OK while all is well */
};

struct fc_writer {
    struct fc_store *store;
    struct fc_txn txn;
    struct fc_db db;
    pthread_t thread;
    unsigned group_limit, queue_limit;
    struct fc_error *errors; /* one for each request of a group */

    pthread_mutex_t lock; /* guards what follows, up to the counters */
    pthread_cond_t wake;
    struct request *first, **last;
    size_t queued;
    bool stopping;

    atomic_bool writable;
    atomic_uint_fast64_t requests, commits, failures, depth;
    atomic_uint_fast64_t generation;

    int wal_frames, checkpoint_at; /* of the thread alone */
};

/* ---- One request ---- */

static void begin_txn(struct fc_txn *txn, const struct fc_sys *sys)
{
    int64_t now = fc_now_ns(sys);
    /* A clock that was set back must not make a later row older than an earlier one. */
    txn->now_ns = now > txn->now_ns ? now : txn->now_ns;
}

static fc_rc run_in_savepoint(struct fc_txn *txn, fc_txn_fn run, void *ctx, struct fc_error *err)
{
    struct fc_db *db = txn->reader.db;
    struct fc_error undo = FC_ERROR_INIT;

    fc_rc rc = fc_db_run(db, FC_SQL_SAVEPOINT, err);
    if (rc != FC_OK)
        return rc;
    rc = run(txn, ctx, err);
    if (rc == FC_OK) {
        rc = fc_db_run(db, FC_SQL_RELEASE, err);
        txn->torn = rc != FC_OK;
        return rc;
    }
    if (sqlite3_get_autocommit(db->handle) != 0) {
        /* SQLite gave up the whole transaction, savepoint included; the caller sees that too. */
        return rc;
    }
    if (fc_db_run(db, FC_SQL_ROLLBACK_TO, &undo) != FC_OK ||
        fc_db_run(db, FC_SQL_RELEASE, &undo) != FC_OK) {
        txn->torn = true;
        *err = undo;
        return undo.rc;
    }
    return rc;
}

static void rollback(struct fc_db *db)
{
    struct fc_error ignored = FC_ERROR_INIT;
    if (sqlite3_get_autocommit(db->handle) == 0 &&
        fc_db_run(db, FC_SQL_ROLLBACK, &ignored) != FC_OK) {
        /* SQLite ends the transaction whatever ROLLBACK reports, unless there was no memory to say it: see begin(). */
        return;
    }
}

static fc_rc begin(struct fc_db *db, struct fc_error *err)
{
    rollback(db);
    return fc_db_run(db, FC_SQL_BEGIN, err);
}

fc_rc fc_txn_run(struct fc_db *db, const struct fc_sys *sys, fc_txn_fn run, void *ctx,
                 struct fc_error *err)
{
    struct fc_txn txn = {.reader = {.db = db}};

    begin_txn(&txn, sys);
    fc_rc rc = begin(db, err);
    if (rc == FC_OK)
        rc = run_in_savepoint(&txn, run, ctx, err);
    if (rc == FC_OK)
        rc = fc_db_run(db, FC_SQL_COMMIT, err);
    rollback(db);
    return rc;
}

struct fc_reader *fc_txn_reader(struct fc_txn *txn)
{
    return &txn->reader;
}

int64_t fc_txn_now_ns(const struct fc_txn *txn)
{
    return txn->now_ns;
}

/* ---- One group ---- */

/* Not of the request alone. Only an error of this room has this reason: it says that the disk failed. */
static bool is_of_group(const struct fc_writer *writer, const struct fc_error *err)
{
    return writer->txn.torn || err->reason == FC_REASON_STORE_UNAVAILABLE ||
           sqlite3_get_autocommit(writer->db.handle) != 0;
}

/* Whoever sees an even generation, and the same one later, knows that no commit began in between. */
static fc_rc commit(struct fc_writer *writer, struct fc_error *err)
{
    atomic_fetch_add(&writer->generation, 1);
    fc_rc rc = fc_db_run(&writer->db, FC_SQL_COMMIT, err);
    atomic_fetch_add(&writer->generation, 1);
    atomic_fetch_add(&writer->commits, rc == FC_OK ? 1 : 0);
    return rc;
}

static fc_rc run_requests(struct fc_writer *writer, struct request *group, struct fc_error *err)
{
    fc_rc rc = begin(&writer->db, err);
    if (rc != FC_OK)
        return rc;
    writer->txn.torn = false;
    /* A request without neighbours has the transaction to itself: it needs no savepoint to be undone alone. */
    bool alone = !group->next;
    for (struct request *at = group; at; at = at->next) {
        begin_txn(&writer->txn, writer->store->sys);
        at->err->rc = alone ? at->run(&writer->txn, at->ctx, at->err)
                            : run_in_savepoint(&writer->txn, at->run, at->ctx, at->err);
        if (at->err->rc != FC_OK && is_of_group(writer, at->err)) {
            *err = *at->err;
            return err->rc;
        }
    }
    return alone && group->err->rc != FC_OK ? FC_OK : commit(writer, err);
}

static fc_rc probe(struct fc_writer *writer, struct fc_error *err)
{
    fc_rc rc = begin(&writer->db, err);
    if (rc == FC_OK)
        rc = fc_db_run(&writer->db, FC_SQL_PROBE, err);
    if (rc == FC_OK)
        rc = fc_db_run(&writer->db, FC_SQL_COMMIT, err);
    rollback(&writer->db);
    if (rc == FC_OK)
        atomic_store(&writer->writable, true);
    return rc;
}

static void fail_all(struct request *group, const struct fc_error *err)
{
    for (struct request *at = group; at; at = at->next) {
        /* A request keeps what it was refused for itself; the disk's failure does not change it. */
        if (at->err->rc == FC_OK || at->err->reason == FC_REASON_STORE_UNAVAILABLE)
            *at->err = *err;
    }
}

static void run_group(struct fc_writer *writer, struct request *group)
{
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = FC_OK;

    if (!atomic_load(&writer->writable))
        rc = probe(writer, &err);
    if (rc == FC_OK) {
        rc = run_requests(writer, group, &err);
        rollback(&writer->db);
    }
    if (rc != FC_OK) {
        if (err.reason != FC_REASON_OUT_OF_MEMORY)
            atomic_store(&writer->writable, false);
        (void)fc_error_prefix(&err, "the registry could not write");
        fail_all(group, &err);
    }
}

static void finish_group(struct fc_writer *writer, struct request *group)
{
    while (group) {
        struct request *next = group->next;
        bool failed = group->err->rc != FC_OK;
        atomic_fetch_add(&writer->requests, 1);
        atomic_fetch_add(&writer->failures, failed ? 1 : 0);
        if (group->done)
            group->done(group->ctx, failed ? group->err : NULL);
        free(group);
        group = next;
    }
}

/* ---- The thread ---- */

static int note_wal_size(void *ctx, sqlite3 *handle FC_UNUSED, const char *name FC_UNUSED,
                         int frames)
{
    struct fc_writer *writer = ctx;
    if (frames < writer->wal_frames)
        writer->checkpoint_at = CHECKPOINT_FRAMES; /* the WAL began anew */
    writer->wal_frames = frames;
    return SQLITE_OK;
}

/*
 * The writer has no rival, but a reader that meets the WAL's index half written takes the writer's lock for some
 * microseconds to look again. Anything longer is none of ours.
 */
static int bear_with_readers(void *ctx FC_UNUSED, int tries)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    if (tries < BUSY_YIELDS)
        (void)sched_yield();
    else
        (void)nanosleep(&pause, NULL);
    return tries < BUSY_YIELDS + BUSY_PAUSES;
}

/*
 * After the answers, so that no request waits for it. PASSIVE copies what no reader needs and waits for nobody. Only
 * when readers have kept the WAL from beginning anew for long, RESTART asks for it; without a busy handler it gives up
 * at once when a reader is there. A failure loses nothing: the WAL is the truth until it was copied.
 */
static void checkpoint_if_due(struct fc_writer *writer)
{
    sqlite3 *handle = writer->db.handle;
    if (writer->wal_frames < writer->checkpoint_at)
        return;
    int mode = writer->wal_frames >= RESTART_FRAMES ? SQLITE_CHECKPOINT_RESTART
                                                    : SQLITE_CHECKPOINT_PASSIVE;
    (void)sqlite3_busy_handler(handle, NULL, NULL);
    (void)sqlite3_wal_checkpoint_v2(handle, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_handler(handle, bear_with_readers, NULL);
    writer->checkpoint_at = writer->wal_frames + CHECKPOINT_FRAMES;
}

static struct request *take_group_locked(struct fc_writer *writer)
{
    struct request *group = writer->first, **link = &writer->first;
    size_t count = 0;

    while (*link && count < writer->group_limit) {
        writer->errors[count] = (struct fc_error)FC_ERROR_INIT;
        (*link)->err = &writer->errors[count];
        count++;
        link = &(*link)->next;
    }
    if (count == 0)
        return NULL;
    writer->first = *link;
    if (!writer->first)
        writer->last = &writer->first;
    *link = NULL;
    writer->queued -= count;
    atomic_store(&writer->depth, writer->queued);
    return group;
}

/* Waits for requests, for the end, or, while broken, for the time of the next probe. */
static struct request *next_group(struct fc_writer *writer, bool *ret_stop)
{
    struct timespec until = fc_cond_after(PROBE_NS);
    bool in_time = true;

    (void)pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->stopping && in_time)
        if (atomic_load(&writer->writable))
            (void)pthread_cond_wait(&writer->wake, &writer->lock);
        else
            in_time = fc_cond_wait_until(&writer->wake, &writer->lock, &until);
    struct request *group = take_group_locked(writer);
    *ret_stop = group == NULL && writer->stopping;
    (void)pthread_mutex_unlock(&writer->lock);
    return group;
}

static void *writer_main(void *arg)
{
    struct fc_writer *writer = arg;
    bool stop = false;

    while (!stop) {
        struct request *group = next_group(writer, &stop);
        if (group) {
            run_group(writer, group);
            finish_group(writer, group);
            checkpoint_if_due(writer);
        } else if (!atomic_load(&writer->writable)) {
            struct fc_error ignored = FC_ERROR_INIT;
            (void)!probe(writer, &ignored);
        }
    }
    return NULL;
}

/* Signals are for the main thread: the server waits for them there. */
static int start_thread(struct fc_writer *writer)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&writer->thread, NULL, writer_main, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0)
        (void)pthread_setname_np(writer->thread, "fc-writer");
    return code;
}

static void init_sync(struct fc_writer *writer)
{
    (void)pthread_mutex_init(&writer->lock, NULL);
    fc_cond_init(&writer->wake);
}

static void free_parts(struct fc_writer *writer)
{
    fc_db_close(&writer->db);
    (void)pthread_cond_destroy(&writer->wake);
    (void)pthread_mutex_destroy(&writer->lock);
    free(writer->errors);
    free(writer);
}

fc_rc fc_writer_start(struct fc_store *store, struct fc_db *db, unsigned group_limit,
                      unsigned queue_limit, struct fc_writer **ret, struct fc_error *err)
{
    struct fc_writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the writer of %s",
                       store->db_path);
    }
    init_sync(writer);
    writer->store = store;
    writer->group_limit = group_limit;
    writer->queue_limit = queue_limit;
    writer->last = &writer->first;
    writer->checkpoint_at = CHECKPOINT_FRAMES;
    atomic_init(&writer->writable, true);
    writer->errors = calloc(group_limit, sizeof *writer->errors);
    writer->db = *db;
    *db = (struct fc_db){.handle = NULL};
    writer->txn.reader.db = &writer->db;
    (void)sqlite3_wal_hook(writer->db.handle, note_wal_size, writer);
    (void)sqlite3_busy_handler(writer->db.handle, bear_with_readers, NULL);
    int code = !writer->errors ? ENOMEM : start_thread(writer);
    if (code != 0) {
        free_parts(writer);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the writer of %s: %s",
                       store->db_path, strerror(code));
    }
    *ret = writer;
    return FC_OK;
}

void fc_writer_stop(struct fc_writer *writer)
{
    if (!writer)
        return;
    (void)pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    (void)pthread_cond_signal(&writer->wake);
    (void)pthread_mutex_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);
}

bool fc_writer_free(struct fc_writer *writer)
{
    if (!writer)
        return true;
    sqlite3 *handle = writer->db.handle;
    int code = sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if ((code & 0xff) == SQLITE_FULL) {
        /* The room that was set aside for this moment. */
        fc_reserve_release(writer->store->dir);
        code = sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    free_parts(writer);
    return code == SQLITE_OK;
}

/* ---- Any thread ---- */

static void refuse(fc_txn_done_fn done, void *ctx, enum fc_reason reason, const char *why)
{
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc FC_UNUSED = fc_fail(&err, reason, "%s", why);
    if (done)
        done(ctx, &err);
}

void fc_store_submit(struct fc_store *store, fc_txn_fn run, fc_txn_done_fn done, void *ctx)
{
    struct fc_writer *writer = store->writer;
    struct request *request = calloc(1, sizeof *request);

    if (!request) {
        refuse(done, ctx, FC_REASON_OUT_OF_MEMORY, "no memory to queue a request for the registry");
        return;
    }
    *request = (struct request){.run = run, .done = done, .ctx = ctx};
    (void)pthread_mutex_lock(&writer->lock);
    bool stopping = writer->stopping;
    bool full = writer->queued >= writer->queue_limit;
    if (!stopping && !full) {
        *writer->last = request;
        writer->last = &request->next;
        writer->queued++;
        atomic_store(&writer->depth, writer->queued);
    }
    (void)pthread_mutex_unlock(&writer->lock);
    if (!stopping && !full) {
        /* Outside of the lock: the writer would wake up only to wait for it. */
        (void)pthread_cond_signal(&writer->wake);
    }
    if (stopping) {
        free(request);
        refuse(done, ctx, FC_REASON_SHUTTING_DOWN, "the registry is closing");
    } else if (full) {
        free(request);
        refuse(done, ctx, FC_REASON_STORE_UNAVAILABLE,
               "as many requests as are allowed to wait for the registry's writer wait already; "
               "try again");
    }
}

struct waiter {
    sem_t finished;
    fc_txn_fn run;
    void *ctx;
    struct fc_error *err;
    fc_rc rc;
};

static fc_rc waiter_run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct waiter *waiter = ctx;
    return waiter->run(txn, waiter->ctx, err);
}

static void waiter_done(void *ctx, const struct fc_error *err)
{
    struct waiter *waiter = ctx;
    if (err) {
        *waiter->err = *err;
        waiter->rc = err->rc;
    }
    (void)sem_post(&waiter->finished);
}

fc_rc fc_store_run(struct fc_store *store, fc_txn_fn run, void *ctx, struct fc_error *err)
{
    struct waiter waiter = {.run = run, .ctx = ctx, .err = err};

    if (pthread_equal(pthread_self(), store->writer->thread)) {
        return fc_fail(err, FC_REASON_INTERNAL,
                       "a request to the registry waits for another one on the writer's thread");
    }
    (void)sem_init(&waiter.finished, 0, 0); /* cannot fail for a value of 0 */
    fc_store_submit(store, waiter_run, waiter_done, &waiter);
    while (sem_wait(&waiter.finished) != 0) {
        /* A signal came; nothing else ends the wait early. */
    }
    (void)sem_destroy(&waiter.finished);
    return waiter.rc;
}

bool fc_store_writable(struct fc_store *store)
{
    return atomic_load(&store->writer->writable);
}

uint64_t fc_writer_generation(const struct fc_writer *writer)
{
    return atomic_load(&writer->generation);
}

void fc_writer_stats(struct fc_writer *writer, struct fc_store_stats *ret)
{
    ret->requests = atomic_load(&writer->requests);
    ret->commits = atomic_load(&writer->commits);
    ret->failures = atomic_load(&writer->failures);
    ret->queue_depth = atomic_load(&writer->depth);
}
