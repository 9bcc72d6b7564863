/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/stream_rows.h"

static fc_rc take_batch(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err)
{
    struct fc_stream_rows *rows = ctx;
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < batch->count; i++)
        rc = fc_stream_rows_take(rows, &batch->messages[i], err);
    if (rc == FC_OK)
        rc = fc_stream_rows_flush(rows, err);
    return rc == FC_OK ? rows->follower->reached(rows->follower->ctx, batch, err) : rc;
}

fc_rc fc_stream_follow(struct fc_source *source, const char *const *columns, size_t count,
                       const struct fc_consume_options *options,
                       const struct fc_stream_follower *follower, struct fc_error *err)
{
    FC_CLEANUP(fc_stream_rows_done)
    struct fc_stream_rows rows = {.source = source, .follower = follower};

    fc_rc rc = fc_stream_rows_begin(&rows, columns, count, err);
    if (rc != FC_OK)
        return rc;
    if (!source->broker_ops->consume)
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                       "%s: this version looks at streams of %s but does not follow them",
                       source->location, source->broker_ops->kind);
    return source->broker_ops->consume(source->broker, options, take_batch, &rows, err);
}
