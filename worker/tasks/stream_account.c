/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/stream_account.h"

#include <string.h>

#include "worker/text.h"

#define CHANGE_NS (500 * FC_NS_PER_MS)
/* The registry gives up on a worker that says nothing. */
#define HEARTBEAT_NS (3 * FC_NS_PER_S)
/* The pace is that of the last 5 to 10 s; none is told of less than half a second. */
#define PACE_NS     (5 * FC_NS_PER_S)
#define PACE_MIN_NS (FC_NS_PER_S / 2)
#define TOLD_BYTES  ((size_t)64 << 20)

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the account of a stream");
}

/* Counts go on; what is text is made anew when it is told. */
static void resume(struct fc_stream_account *account, const Feast__Worker__V1__Progress *from)
{
    const Feast__Worker__V1__Receipt *receipt = from->receipt;

    if (from->newest_event)
        account->newest_event = (struct fc_moment){.seconds = from->newest_event->seconds,
                                                   .nanos = from->newest_event->nanos,
                                                   .set = true};
    if (!receipt)
        return;
    account->receipt.rows_read = receipt->rows_read;
    account->receipt.rows_written = receipt->rows_written;
    account->receipt.rows_rejected = receipt->rows_rejected;
    account->receipt.rows_late = receipt->rows_late;
    account->receipt.rows_superseded = receipt->rows_superseded;
    account->receipt.bytes_read = receipt->bytes_read;
    account->receipt.messages_lost = account->lost_before = receipt->messages_lost;
    account->seconds_before = receipt->seconds;
}

fc_rc fc_stream_account_begin(struct fc_stream_account *account, const struct fc_sys *sys,
                              const Feast__Worker__V1__Ingest *order,
                              struct fc_dead_letters *letters, struct fc_error *err)
{
    const Feast__Worker__V1__Progress *from = order->from;
    fc_rc rc = FC_OK;

    *account = (struct fc_stream_account){.sys = sys,
                                          .letters = letters,
                                          .places = fc_places_new(),
                                          .told = fc_arena_new(TOLD_BYTES),
                                          .started_ns = fc_monotonic_ns(sys),
                                          .behind = -1,
                                          .behind_ms = -1,
                                          .changed = true};
    feast__worker__v1__receipt__init(&account->receipt);
    feast__worker__v1__progress__init(&account->message);
    google__protobuf__timestamp__init(&account->newest);
    account->receipt.spec_revision = order->spec_revision;
    if (!account->places || !account->told)
        return no_memory(err);
    if (from)
        resume(account, from);
    for (size_t i = 0; i < FC_ARRAY_LEN(account->marks); i++)
        account->marks[i] = (struct fc_stream_mark){.at_ns = account->started_ns,
                                                    .rows = account->receipt.rows_read};
    for (size_t i = 0; rc == FC_OK && from && i < from->n_positions; i++)
        rc = fc_places_set(account->places, from->positions[i]->part, from->positions[i]->offset,
                           err);
    return rc;
}

void fc_stream_account_done(struct fc_stream_account *account)
{
    fc_places_free(account->places);
    fc_arena_free(account->told);
}

fc_rc fc_stream_account_reached(struct fc_stream_account *account,
                                const struct fc_consume_batch *batch, struct fc_error *err)
{
    uint64_t lost = account->lost_before + (uint64_t)batch->lost;

    for (size_t i = 0; i < batch->next_count; i++) {
        fc_rc rc =
            fc_places_set(account->places, batch->next[i].partition, batch->next[i].offset, err);
        if (rc != FC_OK)
            return rc;
    }
    for (size_t i = 0; i < batch->gone_count; i++)
        fc_places_forget(account->places, batch->gone[i]);
    if (fc_text_put(account->trouble, sizeof account->trouble, batch->trouble) ||
        batch->count > 0 || batch->next_count > 0 || batch->gone_count > 0 ||
        batch->partitions != account->partitions || lost != account->receipt.messages_lost)
        account->changed = true;
    account->behind = batch->behind;
    account->behind_ms = batch->behind_ms;
    account->partitions = batch->partitions;
    account->receipt.messages_lost = lost;
    return FC_OK;
}

bool fc_stream_account_due(const struct fc_stream_account *account)
{
    int64_t silent = fc_monotonic_ns(account->sys) - account->told_ns;

    return silent >= (account->changed ? CHANGE_NS : HEARTBEAT_NS);
}

static fc_rc make_receipt(struct fc_stream_account *account, Feast__Worker__V1__Receipt **ret,
                          struct fc_error *err)
{
    Feast__Worker__V1__Receipt *receipt =
        fc_arena_memdup(account->told, &account->receipt, sizeof(account->receipt));

    if (!receipt)
        return no_memory(err);
    receipt->seconds =
        account->seconds_before +
        (double)(fc_monotonic_ns(account->sys) - account->started_ns) / (double)FC_NS_PER_S;
    receipt->source_version = fc_places_text(account->places, account->told);
    if (!receipt->source_version)
        return no_memory(err);
    *ret = receipt;
    return fc_dead_letters_report(account->letters, account->told, receipt, err);
}

static double pace(struct fc_stream_account *account)
{
    struct fc_stream_mark *marks = account->marks;
    const struct fc_stream_mark now = {.at_ns = fc_monotonic_ns(account->sys),
                                       .rows = account->receipt.rows_read};

    if (now.at_ns - marks[1].at_ns >= PACE_NS) {
        marks[0] = marks[1];
        marks[1] = now;
    }
    int64_t passed = now.at_ns - marks[0].at_ns;
    return passed < PACE_MIN_NS
               ? 0
               : (double)(now.rows - marks[0].rows) * (double)FC_NS_PER_S / (double)passed;
}

fc_rc fc_stream_account_tell(struct fc_stream_account *account, const char *phase,
                             fc_progress_fn progress, void *ctx, struct fc_error *err)
{
    Feast__Worker__V1__Progress message = FEAST__WORKER__V1__PROGRESS__INIT;
    Feast__Worker__V1__Receipt *receipt = NULL;

    account->message.receipt = NULL;
    fc_arena_reset(account->told);
    fc_rc rc = make_receipt(account, &receipt, err);
    if (rc == FC_OK)
        rc = fc_places_report(account->places, account->told, &message, err);
    if (rc != FC_OK)
        return rc;
    message.receipt = receipt;
    message.rows_read = receipt->rows_read;
    message.rows_written = receipt->rows_written;
    message.rows_rejected = receipt->rows_rejected;
    message.rows_late = receipt->rows_late;
    message.bytes_read = receipt->bytes_read;
    message.percent = -1;
    message.phase = (char *)(uintptr_t)phase;
    message.rows_per_second = pace(account);
    message.behind = account->behind;
    message.behind_ms = account->behind_ms;
    message.partitions = (uint32_t)account->partitions;
    message.trouble = account->trouble;
    account->newest.seconds = account->newest_event.seconds;
    account->newest.nanos = account->newest_event.nanos;
    message.newest_event = account->newest_event.set ? &account->newest : NULL;
    account->message = message;
    account->told_ns = fc_monotonic_ns(account->sys);
    account->changed = false;
    return progress(ctx, &account->message, err);
}

fc_rc fc_stream_account_waits(struct fc_stream_account *account, const char *trouble,
                              fc_progress_fn progress, void *ctx, struct fc_error *err)
{
    int64_t now_ns = fc_monotonic_ns(account->sys);
    bool news = fc_text_put(account->trouble, sizeof account->trouble, trouble);

    if (!account->message.receipt || (!news && now_ns - account->told_ns < HEARTBEAT_NS))
        return FC_OK;
    account->message.rows_per_second = 0;
    account->told_ns = now_ns;
    return progress(ctx, &account->message, err);
}

static Feast__Worker__V1__Receipt__Rejection *
copy_rejection(const Feast__Worker__V1__Receipt__Rejection *from, struct fc_arena *arena)
{
    Feast__Worker__V1__Receipt__Rejection *to = fc_arena_memdup(arena, from, sizeof *from);

    if (!to)
        return NULL;
    to->column = fc_arena_strdup(arena, from->column);
    to->reason = fc_arena_strdup(arena, from->reason);
    to->first_value = fc_arena_strdup(arena, from->first_value);
    return to->column && to->reason && to->first_value ? to : NULL;
}

fc_rc fc_stream_account_receipt(const struct fc_stream_account *account, struct fc_arena *arena,
                                Feast__Worker__V1__Receipt **ret, struct fc_error *err)
{
    const Feast__Worker__V1__Receipt *from = account->message.receipt;
    Feast__Worker__V1__Receipt *to = from ? fc_arena_memdup(arena, from, sizeof *from) : NULL;

    *ret = NULL;
    if (!from)
        return FC_OK;
    if (!to)
        return no_memory(err);
    to->source_version = fc_arena_strdup(arena, from->source_version);
    to->rejections = fc_arena_calloc(arena, from->n_rejections + 1, sizeof(void *));
    if (!to->source_version || !to->rejections)
        return no_memory(err);
    for (size_t i = 0; i < from->n_rejections; i++) {
        to->rejections[i] = copy_rejection(from->rejections[i], arena);
        if (!to->rejections[i])
            return no_memory(err);
    }
    *ret = to;
    return FC_OK;
}
