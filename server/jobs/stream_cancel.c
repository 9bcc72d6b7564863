/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cancellation of a stream that has failed. Its job has ended and stays as it is, but the loop would start another
 * in its place: that it shall not is what is remembered.
 */
#include <stdlib.h>

#include "server/jobs/internal.h"
#include "storage/streams.h"

#define HALT_BYTES ((size_t)64 * 1024)

struct stream_cancel {
    struct fc_arena *arena;
    struct fc_stream_halt halt; /* of the job that was named */
    struct fc_canceller *who;
};

static void stream_cancel_free(struct stream_cancel *cancel)
{
    if (cancel) {
        fc_arena_free(cancel->arena);
        free(cancel);
    }
}
FC_DEFINE_FREEP(struct stream_cancel, stream_cancel_free)

/* A later job that runs, or one of another definition, is not what was cancelled. */
static fc_rc put_halt(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct stream_cancel *cancel = ctx;
    const struct fc_stream_halt *halt = &cancel->halt;
    struct fc_job_row *rows = NULL;
    size_t count = 0;
    fc_rc rc = fc_stream_job_last(fc_txn_reader(txn), halt->project, halt->table_name, 1,
                                  cancel->arena, &rows, &count, err);

    return rc == FC_OK && count > 0 && rows[0].state == FC_JOB_ERROR &&
                   fc_str_eq(rows[0].hash, halt->hash)
               ? fc_stream_halt_put(txn, halt, err)
               : rc;
}

static void answer(void *ctx, const struct fc_error *err)
{
    struct stream_cancel *cancel = ctx;

    cancel->who->done(cancel->who->ctx, err);
    free(cancel->who);
    stream_cancel_free(cancel);
}

static bool keep(struct fc_arena *arena, fc_str text, fc_str *ret)
{
    const char *copy = fc_arena_strndup(arena, text.ptr, text.len);

    *ret = (fc_str){.ptr = copy, .len = text.len};
    return copy != NULL;
}

void fc_stream_cancel_failed(struct fc_jobs *jobs, const struct fc_job_row *row,
                             struct fc_canceller *who)
{
    FC_CLEANUP(stream_cancel_freep) struct stream_cancel *cancel = calloc(1, sizeof *cancel);
    struct fc_error err = FC_ERROR_INIT;

    if (!cancel || !(cancel->arena = fc_arena_new(HALT_BYTES)) ||
        !keep(cancel->arena, row->project, &cancel->halt.project) ||
        !keep(cancel->arena, row->table_name, &cancel->halt.table_name) ||
        !keep(cancel->arena, row->hash, &cancel->halt.hash)) {
        (void)fc_fail(&err, FC_REASON_OUT_OF_MEMORY, "no memory to cancel a job");
        who->done(who->ctx, &err);
        free(who);
        return;
    }
    cancel->who = who;
    fc_store_submit(jobs->store, put_halt, answer, fc_steal(cancel));
}
