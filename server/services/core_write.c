/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/core.h"

void core_write_init(struct core_write *write, struct fc_rpc_call *call,
                     struct fc_services *services, core_write_fn decide,
                     void (*reply)(struct core_write *write))
{
    *write = (struct core_write){
        .call = call,
        .services = services,
        .arena = fc_rpc_arena(call),
        .decide = decide,
        .reply = reply,
    };
    fc_violations_init(&write->violations, write->arena);
}

/* What the state decided before is forgotten: it may have changed since. */
static fc_rc decide(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                    int64_t now_ns, struct fc_error *err)
{
    if (fc_arena_exhausted(write->arena))
        return fc_request_too_large(err);
    write->violations.count = write->of_request;
    write->settled = false;
    fc_rc rc = write->decide(write, reader, txn, now_ns / FC_NS_PER_S, err);
    if (rc == FC_OK && write->violations.count > 0)
        rc = core_violations(&write->violations, err);
    if (rc == FC_OK && fc_arena_exhausted(write->arena))
        rc = fc_request_too_large(err);
    return rc;
}

static void fail(struct core_write *write, const struct fc_error *err)
{
    fc_rpc_fail(write->call, err, write->violations.count > 0 ? &write->violations : NULL);
}

bool core_write_look(struct core_write *write, bool dry_run)
{
    const struct fc_sys *sys = write->services->sys;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = core_reader(write->call, write->services);

    write->of_request = write->violations.count;
    if (!reader)
        return false;
    if (decide(write, reader, NULL, fc_now_ns(sys ? sys : fc_sys_real()), &err) != FC_OK) {
        fail(write, &err);
        return false;
    }
    if (write->settled || dry_run) {
        write->reply(write);
        return false;
    }
    return true;
}

static fc_rc run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct core_write *write = ctx;

    /* Nobody would learn of the change, and a retry may follow it. */
    if (fc_rpc_cancelled(write->call)) {
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED,
                       "the deadline passed or the caller left before the change was made");
    }
    return decide(write, fc_txn_reader(txn), txn, fc_txn_now_ns(txn), err);
}

static void done(void *ctx, const struct fc_error *err)
{
    struct core_write *write = ctx;

    if (err)
        fail(write, err);
    else
        write->reply(write);
}

void core_write_submit(struct core_write *write)
{
    fc_store_submit(write->services->store, run, done, write);
}

void core_reply_empty(struct core_write *write)
{
    fc_rpc_reply_bytes(write->call, (fc_str){0});
}
