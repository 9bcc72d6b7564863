/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/scrub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/pause.h"
#include "storage/internal.h"

#define FIRST_AFTER_NS (60 * FC_NS_PER_S)
/* Not the lowest: a check that gets no time at all would keep its snapshot, and the WAL from beginning anew, for ever. */
#define NICENESS 15
/* Steps of SQLite's machine between two looks at whether to stop. */
#define STEPS 100000

struct fc_scrub {
    char *db_path;
    int64_t interval_ns;
    pthread_t thread;
    struct fc_pause pause;
    pthread_mutex_t lock; /* of `result` */
    struct fc_store_checks result;
};

static int is_stopping(void *scrub)
{
    return fc_pause_is_over(&((struct fc_scrub *)scrub)->pause);
}

static fc_rc check(struct fc_scrub *scrub, struct fc_error *err)
{
    FC_CLEANUP(fc_db_close) struct fc_db db = {.handle = NULL};
    struct fc_reader reader = {.db = &db};

    fc_rc rc = fc_db_open(scrub->db_path, FC_SQLITE_READER, &db, err);
    if (rc == FC_OK) {
        sqlite3_progress_handler(db.handle, STEPS, is_stopping, scrub);
        rc = fc_db_check(&db, "integrity_check", err);
    }
    return rc == FC_OK ? fc_verify_rows(&reader, err) : rc;
}

/* What kept us from looking (memory, I/O, the end) is no finding, and takes none back. */
static void note(struct fc_scrub *scrub, fc_rc rc, const struct fc_error *err)
{
    bool damaged = rc != FC_OK && err->reason == FC_REASON_STORE_CORRUPT;

    if (rc != FC_OK && !damaged)
        return;
    (void)pthread_mutex_lock(&scrub->lock);
    scrub->result.done++;
    scrub->result.damaged = damaged;
    (void)snprintf(scrub->result.finding, sizeof scrub->result.finding, "%.*s",
                   (int)sizeof scrub->result.finding - 1, damaged ? err->message : "");
    (void)pthread_mutex_unlock(&scrub->lock);
}

static void *run(void *arg)
{
    struct fc_scrub *scrub = arg;
    int64_t pause = scrub->interval_ns < FIRST_AFTER_NS ? scrub->interval_ns : FIRST_AFTER_NS;

    /* Of this thread alone: Linux has a niceness for each. A check that could not be made nice is made all the same. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    while (fc_pause_for(&scrub->pause, pause)) {
        struct fc_error err = FC_ERROR_INIT;
        note(scrub, check(scrub, &err), &err);
        pause = scrub->interval_ns;
    }
    return NULL;
}

static void free_scrub(struct fc_scrub *scrub)
{
    fc_pause_done(&scrub->pause);
    (void)pthread_mutex_destroy(&scrub->lock);
    free(scrub->db_path);
    free(scrub);
}

fc_rc fc_scrub_start(const char *db_path, int64_t interval_ns, struct fc_scrub **ret,
                     struct fc_error *err)
{
    struct fc_scrub *scrub = calloc(1, sizeof *scrub);

    if (!scrub)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to check %s", db_path);
    (void)pthread_mutex_init(&scrub->lock, NULL);
    fc_pause_init(&scrub->pause);
    scrub->interval_ns = interval_ns;
    scrub->db_path = strdup(db_path);
    int code = !scrub->db_path ? ENOMEM : pthread_create(&scrub->thread, NULL, run, scrub);
    if (code != 0) {
        free_scrub(scrub);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the thread that checks %s: %s",
                       db_path, strerror(code));
    }
    *ret = scrub;
    return FC_OK;
}

void fc_scrub_stop(struct fc_scrub *scrub)
{
    if (!scrub)
        return;
    fc_pause_end(&scrub->pause);
    (void)pthread_join(scrub->thread, NULL);
    free_scrub(scrub);
}

void fc_scrub_result(struct fc_scrub *scrub, struct fc_store_checks *ret)
{
    if (!scrub) {
        *ret = (struct fc_store_checks){.done = 0};
        return;
    }
    (void)pthread_mutex_lock(&scrub->lock);
    *ret = scrub->result;
    (void)pthread_mutex_unlock(&scrub->lock);
}
