/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reverify/reverify.h"

#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "server/reverify/internal.h"

/* How long a row that was made in a transaction that took its time may go unnoticed. */
#define LONGEST_SLEEP_NS FC_NS_PER_S
/* After a failure of the store. */
#define FAILED_SLEEP_NS (5 * FC_NS_PER_S)
#define ROWS_LIMIT      ((size_t)4 * 1024 * 1024)
/* Tables that get their missing times in one transaction. */
#define FILL_AT_ONCE 500
#define MAX_PARALLEL 64

static uint32_t random_number(const struct fc_reverify *reverify)
{
    uint32_t number = 0;

    /* Without randomness looks fall together, which is no harm worth an error. */
    (void)reverify->sys->random(reverify->sys->ctx, &number, sizeof number);
    return number;
}

fc_rc fc_reverify_schedule(struct fc_reverify *reverify, struct fc_txn *txn, int64_t table_id,
                           int32_t verdict, int64_t failures, struct fc_error *err)
{
    struct fc_recheck_row row = {.table_id = table_id, .failures = failures};

    if (!reverify)
        return FC_OK;
    if (!fc_reverify_next(&reverify->plan, verdict, failures, fc_txn_now_ns(txn),
                          random_number(reverify), &row.next_ns))
        return fc_recheck_remove(txn, table_id, err);
    return fc_recheck_put(txn, &row, err);
}

void fc_reverify_wake(struct fc_reverify *reverify)
{
    if (!reverify)
        return;
    (void)pthread_mutex_lock(&reverify->mutex);
    reverify->woken = true;
    (void)pthread_cond_signal(&reverify->changed);
    (void)pthread_mutex_unlock(&reverify->mutex);
}

void fc_reverify_stop(struct fc_reverify *reverify)
{
    if (!reverify)
        return;
    atomic_store(&reverify->stopping, true);
    fc_reverify_wake(reverify);
    /* It may be at the beginning of a look, for which the admission has to be there. */
    if (reverify->started)
        (void)pthread_join(reverify->thread, NULL);
    reverify->started = false;
}

void fc_reverify_pause(struct fc_reverify *reverify)
{
    atomic_store(&reverify->pause_until_ns, fc_monotonic_ns(reverify->sys) + FAILED_SLEEP_NS);
}

void fc_look_begun(struct fc_look *look)
{
    struct fc_reverify *reverify = look->reverify;

    (void)pthread_mutex_lock(&reverify->mutex);
    look->next = reverify->looks;
    reverify->looks = look;
    reverify->looking++;
    (void)pthread_mutex_unlock(&reverify->mutex);
}

void fc_look_ended(struct fc_look *look)
{
    struct fc_reverify *reverify = look->reverify;

    (void)pthread_mutex_lock(&reverify->mutex);
    struct fc_look **link = &reverify->looks;
    while (*link != look)
        link = &(*link)->next;
    *link = look->next;
    reverify->looking--;
    reverify->woken = true;
    (void)pthread_cond_signal(&reverify->changed);
    (void)pthread_mutex_unlock(&reverify->mutex);
}

static bool under_way(struct fc_reverify *reverify, int64_t table_id)
{
    bool found = false;

    (void)pthread_mutex_lock(&reverify->mutex);
    for (const struct fc_look *look = reverify->looks; look; look = look->next)
        found = found || look->table_id == table_id;
    (void)pthread_mutex_unlock(&reverify->mutex);
    return found;
}

static unsigned room_for(struct fc_reverify *reverify)
{
    (void)pthread_mutex_lock(&reverify->mutex);
    unsigned room = reverify->parallel - reverify->looking;
    (void)pthread_mutex_unlock(&reverify->mutex);
    return room;
}

/* A recheck row whose look could not even begin is tried again later, so that it does not hold the others up. */
static fc_rc postpone(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct fc_recheck_row row = *(const struct fc_recheck_row *)ctx;

    row.next_ns = fc_txn_now_ns(txn) + FAILED_SLEEP_NS;
    row.failures++;
    return fc_recheck_put(txn, &row, err);
}

static void begin_look(struct fc_reverify *reverify, struct fc_recheck_row *row)
{
    struct fc_error err = FC_ERROR_INIT, second = FC_ERROR_INIT;

    if (fc_look_begin(reverify, row, &err) == FC_OK)
        return;
    atomic_fetch_add(&reverify->failures, 1);
    fc_log(FC_LOG_WARN, "reverify_failed", FC_LOG_INT("table_id", row->table_id), FC_LOG_ERR(&err));
    if (fc_store_run(reverify->store, postpone, row, &second) != FC_OK) {
        fc_log(FC_LOG_WARN, "reverify_not_postponed", FC_LOG_ERR(&second));
        fc_reverify_pause(reverify);
    }
}

/* Begins what is due and has room; `*ret_sleep_ns` until there is more to do. */
static fc_rc begin_due(struct fc_reverify *reverify, struct fc_reader *reader,
                       struct fc_arena *arena, int64_t *ret_sleep_ns, struct fc_error *err)
{
    unsigned room = room_for(reverify);
    int64_t now = fc_now_ns(reverify->sys), first = INT64_MAX;
    struct fc_recheck_row *rows = NULL;
    size_t count = 0;

    *ret_sleep_ns = LONGEST_SLEEP_NS;
    if (room == 0 ||
        fc_monotonic_ns(reverify->sys) < (int64_t)atomic_load(&reverify->pause_until_ns))
        return FC_OK;
    fc_rc rc = fc_recheck_first(reader, &first, err);
    if (rc != FC_OK || first > now) {
        *ret_sleep_ns = first - now < LONGEST_SLEEP_NS ? first - now : LONGEST_SLEEP_NS;
        return rc;
    }
    /* Those under way are still due: they are passed over. */
    rc = fc_recheck_due(reader, now, reverify->parallel, arena, &rows, &count, err);
    for (size_t i = 0; rc == FC_OK && i < count && room > 0 && !atomic_load(&reverify->stopping);
         i++) {
        if (!under_way(reverify, rows[i].table_id)) {
            begin_look(reverify, &rows[i]);
            room--;
        }
    }
    return rc;
}

static void sleep_until_changed(struct fc_reverify *reverify, int64_t sleep_ns)
{
    struct timespec until = fc_cond_after(sleep_ns);

    (void)pthread_mutex_lock(&reverify->mutex);
    while (!reverify->woken && fc_cond_wait_until(&reverify->changed, &reverify->mutex, &until)) {
    }
    reverify->woken = false;
    (void)pthread_mutex_unlock(&reverify->mutex);
}

/* Tables that came from before there were times, or from a configuration without an interval. */
struct fill {
    struct fc_reverify *reverify;
    int32_t from, to;
    size_t count;
};

static fc_rc fill_some(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct fill *fill = ctx;
    const struct fc_reverify *reverify = fill->reverify;
    int64_t ids[FILL_AT_ONCE], span = reverify->plan.interval_ns;

    fc_rc rc = fc_recheck_missing(fc_txn_reader(txn), fill->from, fill->to, FC_ARRAY_LEN(ids), ids,
                                  &fill->count, err);
    span = span > 0 && span < reverify->plan.retry_max_ns ? span : reverify->plan.retry_max_ns;
    for (size_t i = 0; rc == FC_OK && i < fill->count; i++) {
        const struct fc_recheck_row row = {
            .table_id = ids[i],
            .next_ns = fc_txn_now_ns(txn) +
                       (int64_t)((double)span * (random_number(reverify) / 4294967296.0)),
        };
        rc = fc_recheck_put(txn, &row, err);
    }
    return rc;
}

static fc_rc fill_missing(struct fc_reverify *reverify, struct fc_error *err)
{
    struct fill fill = {
        .reverify = reverify,
        .from = reverify->plan.interval_ns > 0 ? FEAST__ADMIN__V1__VERDICT__OK
                                               : FEAST__ADMIN__V1__VERDICT__UNVERIFIED,
        .to = reverify->plan.interval_ns > 0 ? FEAST__ADMIN__V1__VERDICT__DRIFTED
                                             : FEAST__ADMIN__V1__VERDICT__UNVERIFIED,
    };
    fc_rc rc;

    do {
        rc = fc_store_run(reverify->store, fill_some, &fill, err);
    } while (rc == FC_OK && fill.count == FILL_AT_ONCE && !atomic_load(&reverify->stopping));
    return rc;
}

static fc_rc work(struct fc_reverify *reverify, struct fc_error *err)
{
    FC_CLEANUP(fc_reader_closep) struct fc_reader *reader = NULL;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ROWS_LIMIT);
    fc_rc rc = arena ? fc_reader_open(reverify->store, &reader, err)
                     : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the background");

    if (rc == FC_OK)
        rc = fill_missing(reverify, err);
    while (rc == FC_OK && !atomic_load(&reverify->stopping)) {
        int64_t sleep_ns = LONGEST_SLEEP_NS;
        fc_arena_reset(arena);
        rc = begin_due(reverify, reader, arena, &sleep_ns, err);
        if (rc == FC_OK)
            sleep_until_changed(reverify, sleep_ns);
    }
    return rc;
}

/* A store that fails now may work later; until then there is nothing to look at. */
static void *run(void *ctx)
{
    struct fc_reverify *reverify = ctx;

    while (!atomic_load(&reverify->stopping)) {
        struct fc_error err = FC_ERROR_INIT;
        if (work(reverify, &err) != FC_OK) {
            fc_log(FC_LOG_WARN, "reverify_waits", FC_LOG_ERR(&err));
            sleep_until_changed(reverify, FAILED_SLEEP_NS);
        }
    }
    return NULL;
}

fc_rc fc_reverify_new(const struct fc_reverify_options *options, struct fc_reverify **ret,
                      struct fc_error *err)
{
    FC_CLEANUP(fc_reverify_freep) struct fc_reverify *reverify = calloc(1, sizeof *reverify);

    if (!reverify)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the background");
    reverify->sys = options->sys ? options->sys : fc_sys_real();
    reverify->store = options->store;
    reverify->admission = options->admission;
    reverify->plan = options->plan;
    reverify->parallel = options->parallel > 0 ? options->parallel : 1;
    reverify->parallel = reverify->parallel < MAX_PARALLEL ? reverify->parallel : MAX_PARALLEL;
    (void)pthread_mutex_init(&reverify->mutex, NULL);
    fc_cond_init(&reverify->changed);
    int failed = pthread_create(&reverify->thread, NULL, run, reverify);
    if (failed != 0) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the background: %s",
                       strerror(failed));
    }
    reverify->started = true;
    *ret = fc_steal(reverify);
    return FC_OK;
}

void fc_reverify_free(struct fc_reverify *reverify)
{
    if (!reverify)
        return;
    fc_reverify_stop(reverify);
    (void)pthread_mutex_lock(&reverify->mutex);
    while (reverify->looking > 0)
        (void)pthread_cond_wait(&reverify->changed, &reverify->mutex);
    (void)pthread_mutex_unlock(&reverify->mutex);
    pthread_cond_destroy(&reverify->changed);
    pthread_mutex_destroy(&reverify->mutex);
    free(reverify);
}

void fc_reverify_stats(const struct fc_reverify *reverify, struct fc_reverify_stats *ret)
{
    *ret = (struct fc_reverify_stats){0};
    if (reverify) {
        ret->looks = atomic_load(&reverify->judged);
        ret->unjudged = atomic_load(&reverify->unjudged);
        ret->drifted = atomic_load(&reverify->drifted);
        ret->recovered = atomic_load(&reverify->recovered);
        ret->failures = atomic_load(&reverify->failures);
    }
}
