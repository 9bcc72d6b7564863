/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded online store: storage/online knows the layout, this file when a transaction is open. */
#include "worker/sinks/sink.h"

struct fc_sink {
    struct fc_sink_told told;
    struct fc_online_writer *writer;
    bool begun;
};

static bool accepts(const Feast__Worker__V1__Ingest *order)
{
    return order->sink_case == FEAST__WORKER__V1__INGEST__SINK_SQLITE;
}

static fc_rc sqlite_open(const Feast__Worker__V1__Ingest *order, const struct fc_sink_told *told,
                         struct fc_arena *arena, struct fc_sink **ret, struct fc_error *err)
{
    struct fc_sink *sink = fc_arena_calloc(arena, 1, sizeof *sink);

    if (!sink)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sink");
    if (order->sqlite->path[0] != '/')
        return fc_fail(err, FC_REASON_REQUEST_INVALID,
                       "the online store's path \"%s\" is not absolute", order->sqlite->path);
    sink->told = *told;
    fc_rc rc = fc_online_writer_open(order->sqlite->path, &sink->writer, err);
    if (rc == FC_OK)
        *ret = sink;
    return rc;
}

static fc_rc sqlite_put(struct fc_sink *sink, const struct fc_online_row *row, struct fc_error *err)
{
    bool written = false;

    if (!sink->begun) {
        fc_rc rc = fc_online_writer_begin(sink->writer, err);
        if (rc != FC_OK)
            return rc;
        sink->begun = true;
    }
    fc_rc rc = fc_online_writer_put(sink->writer, row, &written, err);
    if (rc == FC_OK)
        sink->told.fn(sink->told.ctx, row->key, written);
    return rc;
}

static fc_rc sqlite_commit(struct fc_sink *sink, struct fc_error *err)
{
    if (!sink->begun)
        return FC_OK;
    sink->begun = false;
    return fc_online_writer_commit(sink->writer, err);
}

static void sqlite_close(struct fc_sink *sink)
{
    fc_online_writer_close(sink->writer);
    sink->writer = NULL;
}

const struct fc_sink_ops fc_sink_sqlite = {
    .version = FC_SINK_VERSION,
    .kind = "sqlite",
    .accepts = accepts,
    .open = sqlite_open,
    .put = sqlite_put,
    .commit = sqlite_commit,
    .close = sqlite_close,
};
