/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on a terminal is one line that is redrawn; elsewhere it is a line every few seconds. */
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/sys.h"
#include "client/job.h"

#define LINE_EVERY_NS (5 * FC_NS_PER_S)
#define POLL_NS       (500 * FC_NS_PER_MS)
#define BAR           30

struct follow {
    struct fc_cli *cli;
    const char *id;
    int64_t began, last_line;
    bool ended, drawn;
};

static bool has_ended(Feast__Admin__V1__JobState state)
{
    return state >= FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_DONE;
}

static void bar(double percent, char out[BAR + 3])
{
    int full = percent < 0 ? 0 : percent >= 100 ? BAR : (int)(percent / 100 * BAR);

    out[0] = '[';
    for (int i = 0; i < BAR; i++)
        out[1 + i] = i < full ? '#' : '-';
    out[BAR + 1] = ']';
    out[BAR + 2] = '\0';
}

static void progress_text(const Feast__Admin__V1__JobProgress *p, double seconds, char *out,
                          size_t size)
{
    bool is_stream = p->newest_event || p->behind > 0 || p->partitions > 0;
    /* Why nothing comes, or why it is tried again. */
    const char *why =
        p->state == FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_PENDING ? p->message : p->trouble;
    int used = snprintf(out, size, "%s", fc_job_state_name(p->state));

    if (p->percent >= 0 && p->state == FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_RUNNING)
        used += snprintf(out + used, size - (size_t)used, " %.0f%%", p->percent);
    if (p->attempt > 1)
        used += snprintf(out + used, size - (size_t)used, ", attempt %" PRIu32, p->attempt);
    used += snprintf(out + used, size - (size_t)used,
                     ", %" PRIu64 " rows read, %" PRIu64 " written", p->rows_read, p->rows_written);
    if (p->rows_rejected > 0)
        used +=
            snprintf(out + used, size - (size_t)used, ", %" PRIu64 " rejected", p->rows_rejected);
    used += snprintf(out + used, size - (size_t)used, ", %.0f s", seconds);
    if (p->rows_per_second >= 1)
        used += snprintf(out + used, size - (size_t)used, ", %.0f rows/s", p->rows_per_second);
    if (p->seconds_left >= 1)
        used += snprintf(out + used, size - (size_t)used, ", %.0f s left", p->seconds_left);
    if (is_stream && p->behind >= 0)
        used += snprintf(out + used, size - (size_t)used, ", %" PRId64 " behind", p->behind);
    else if (is_stream && p->behind_ms > 0)
        used += snprintf(out + used, size - (size_t)used, ", %.1f s behind",
                         (double)p->behind_ms / 1e3);
    if (used < (int)size && why[0])
        snprintf(out + used, size - (size_t)used, "; %.300s", why);
}

static int width(FILE *terminal)
{
    struct winsize size = {.ws_col = 0};

    /* Wide enough for the bar and the state in any case. */
    return ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 60 ? size.ws_col : 80;
}

static void show(struct follow *f, const Feast__Admin__V1__JobProgress *p)
{
    int64_t now = fc_monotonic_ns(fc_sys_real());
    char text[600], drawing[BAR + 3];

    if (f->cli->quiet)
        return;
    progress_text(p, (double)(now - f->began) / 1e9, text, sizeof(text));
    if (f->cli->live) {
        bar(has_ended(p->state) ? 100 : p->percent, drawing);
        /* A line that is redrawn must be one. */
        fprintf(f->cli->err, "\r\033[K%s %.*s", drawing, width(f->cli->err) - BAR - 4, text);
        fflush(f->cli->err);
        f->drawn = true;
    } else if (has_ended(p->state) || f->last_line == 0 || now - f->last_line >= LINE_EVERY_NS) {
        f->last_line = now;
        fprintf(f->cli->err, "%s: %s\n", f->id, text);
    }
}

static bool on_progress(void *ctx, const ProtobufCMessage *message)
{
    struct follow *f = ctx;
    const Feast__Admin__V1__JobProgress *progress = (const void *)message;

    show(f, progress);
    f->ended = has_ended(progress->state);
    return true; /* the server ends the stream */
}

/* The states of the old service have the same numbers up to ERROR. */
static enum fc_exit poll_job(struct follow *f)
{
    struct fc_cli *cli = f->cli;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(16u * 1024 * 1024);

    if (!arena)
        return fc_cli_no_memory(cli);
    while (!f->ended) {
        FeastSpark__Api__GetJobRequest request = FEAST_SPARK__API__GET_JOB_REQUEST__INIT;
        Feast__Admin__V1__JobProgress progress = FEAST__ADMIN__V1__JOB_PROGRESS__INIT;
        struct fc_call call = {
            .method = &fc_method_jobs_get, .request = &request.base, .arena = arena};
        struct fc_error err = FC_ERROR_INIT;

        request.job_id = (char *)f->id;
        if (fc_client_call(cli, &call, &err) != FC_OK)
            return fc_client_fail(cli, &call, &err);
        const FeastSpark__Api__Job *job =
            ((FeastSpark__Api__GetJobResponse *)call.reply.message)->job;
        progress.state = job ? (Feast__Admin__V1__JobState)job->status : 0;
        progress.percent = -1;
        show(f, &progress);
        f->ended = has_ended(progress.state);
        fc_arena_reset(arena);
        if (!f->ended)
            nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    return FC_EXIT_OK;
}

static enum fc_exit watch(struct follow *f)
{
    Feast__Admin__V1__WatchJobRequest request = FEAST__ADMIN__V1__WATCH_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_watch_job, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc;

    request.job_id = (char *)f->id;
    rc = fc_client_stream(f->cli, &call, on_progress, f, &err);
    /* Without the stream the job is asked for now and then: an old server, or one that went away and may come back. */
    if (rc == FC_UNIMPLEMENTED || (rc == FC_OK && !f->ended))
        return poll_job(f);
    return rc == FC_OK ? FC_EXIT_OK : fc_client_fail(f->cli, &call, &err);
}

enum fc_exit fc_job_follow(struct fc_cli *cli, const char *id)
{
    struct follow f = {.cli = cli, .id = id, .began = fc_monotonic_ns(fc_sys_real())};
    enum fc_exit code = watch(&f);

    if (f.drawn)
        fputc('\n', cli->err);
    if (code != FC_EXIT_OK)
        fc_cli_note(cli, "The job goes on without this program: feastctl jobs get %s", id);
    return code;
}
