/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/batch_work.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "worker/text.h"

#define PROGRESS_NS (200 * FC_NS_PER_MS)
/* Of a receipt, with the causes of rejections. */
#define RECEIPT_BYTES ((size_t)4 << 20)

double fc_batch_percent(const struct fc_batch_work *work)
{
    return work->rows_total > 0 ? 100 * (double)work->scan.rows_passed / (double)work->rows_total
                                : -1;
}

static double seconds_since_start(const struct fc_batch_work *work)
{
    return (double)(fc_monotonic_ns(work->ingest->sys) - work->started_ns) / (double)FC_NS_PER_S;
}

/* By what this attempt did in its time. */
static void tell_pace(const struct fc_batch_work *work, Feast__Worker__V1__Progress *progress)
{
    double seconds = seconds_since_start(work);
    double gained = progress->percent - work->earlier.percent;

    progress->seconds_left = -1;
    if (seconds <= 0)
        return;
    progress->rows_per_second = (double)(progress->rows_read - work->earlier.rows_read) / seconds;
    if (progress->percent >= 0 && gained > 0)
        progress->seconds_left = seconds * (100 - progress->percent) / gained;
}

fc_rc fc_batch_tell(struct fc_batch_work *work, const char *phase, bool now, struct fc_error *err)
{
    int64_t at = fc_monotonic_ns(work->ingest->sys);
    Feast__Worker__V1__Progress progress = FEAST__WORKER__V1__PROGRESS__INIT;

    if (!now && at - work->told_ns < PROGRESS_NS)
        return FC_OK;
    work->told_ns = at;
    progress.rows_read = work->receipt->rows_read;
    progress.rows_written = work->earlier.rows_written + work->writes;
    progress.rows_rejected = work->receipt->rows_rejected;
    progress.rows_late = work->receipt->rows_late;
    progress.bytes_read = (uint64_t)work->scan.bytes_read;
    progress.percent = fc_batch_percent(work);
    progress.phase = (char *)(uintptr_t)phase;
    progress.trouble = work->trouble;
    tell_pace(work, &progress);
    fc_batch_place_tell(&work->place, &progress);
    return work->ingest->progress(work->ingest->progress_ctx, &progress, err);
}

fc_rc fc_batch_waits(struct fc_batch_work *work, const char *why, struct fc_error *err)
{
    bool news = fc_text_put(work->trouble, sizeof work->trouble, why);

    return fc_batch_tell(work, "write", news, err);
}

fc_rc fc_batch_settle(const struct fc_batch_work *work, struct fc_arena *arena,
                      Feast__Worker__V1__Receipt *receipt, struct fc_error *err)
{
    uint64_t rewrites = work->rewrites < work->writes ? work->rewrites : work->writes;

    receipt->rows_written = work->earlier.rows_written + work->writes - rewrites;
    receipt->rows_superseded += work->rewrites;
    receipt->bytes_read = (uint64_t)work->scan.bytes_read;
    receipt->seconds = work->earlier.seconds + seconds_since_start(work);
    return work->letters ? fc_dead_letters_report(work->letters, arena, receipt, err) : FC_OK;
}

fc_rc fc_batch_keep_place(struct fc_batch_work *work, const struct fc_batch *batch, size_t row,
                          struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = NULL;
    Feast__Worker__V1__Receipt receipt = *work->receipt;

    if (!work->resumes || !batch->positions)
        return FC_OK;
    arena = fc_arena_new(RECEIPT_BYTES);
    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the account of a job");
    struct fc_scan_place place = {
        .path = batch->path, .row = batch->positions[row] + 1, .progress = work->scan};
    place.progress.rows_passed -= batch->positions[batch->row_count - 1] - batch->positions[row];
    fc_rc rc = fc_dead_letters_sync(work->letters, err);
    if (rc == FC_OK)
        rc = fc_batch_settle(work, arena, &receipt, err);
    if (rc == FC_OK)
        rc = fc_batch_place_set(&work->place, &place, fc_dead_letters_bytes(work->letters),
                                &receipt, err);
    return rc == FC_OK ? fc_batch_tell(work, "write", true, err) : rc;
}

/* The account of earlier attempts is this one's beginning. */
static void go_on(struct fc_batch_work *work)
{
    const Feast__Worker__V1__Receipt *from = work->place.receipt;
    Feast__Worker__V1__Receipt *receipt = work->receipt;

    work->request.from = work->place.scan;
    work->scan = work->place.scan.progress;
    work->earlier.rows_read = receipt->rows_read = from->rows_read;
    work->earlier.rows_written = from->rows_written;
    work->earlier.seconds = from->seconds;
    receipt->rows_rejected = from->rows_rejected;
    receipt->rows_late = from->rows_late;
    receipt->rows_superseded = from->rows_superseded;
    fc_dead_letters_resume(work->letters, from);
}

/* Dead letters from after the place are written again. */
fc_rc fc_batch_find_place(struct fc_batch_work *work, const struct fc_source_ops *ops,
                          struct fc_source *source, struct fc_error *err)
{
    const Feast__Worker__V1__Ingest *order = work->ingest->order;
    const char *state = ops->state(source, work->arena);

    work->receipt->source_version = state ? fc_text_clean(work->arena, state) : NULL;
    if (!work->receipt->source_version)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the state of the source");
    work->resumes = ops->resumes(source);
    fc_batch_place_find(order, work->receipt->source_version, work->resumes, &work->place);
    bool more = work->place.letter_bytes > 0 && order->dead_letter_path[0] != '\0';
    if (more && truncate(order->dead_letter_path, work->place.letter_bytes) != 0)
        return fc_fail(err, FC_REASON_IO_FAILED, "dead letters cannot be written to %s: %s",
                       order->dead_letter_path, strerror(errno));
    fc_rc rc =
        fc_dead_letters_open(order->dead_letter_path, more ? FC_LETTERS_MORE : FC_LETTERS_FIRST,
                             &work->binding, &work->letters, err);
    if (rc == FC_OK && work->place.receipt)
        go_on(work);
    return rc;
}
