/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one ApplyFeatureTable:
 *
 *     rules of the request + a look at the state -> mistakes, or unchanged and its verdict satisfies the mode: answer
 *       -> admission (its own threads) -> refused: answer
 *         -> transaction: the state's rules again, table and report -> answer
 */
#include "server/registry/feature_table.h"
#include "server/services/core.h"
#include "server/services/table_change.h"

struct table_apply {
    struct core_write write;
    struct core_options options;
    struct fc_table_change change;
};

static void add_verdict_trailer(struct fc_rpc_call *call, int32_t verdict)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__admin__v1__verdict__descriptor, verdict);

    if (value)
        fc_rpc_add_trailer(call, "feast-validation-verdict", value->name);
}

static void reply_table(struct core_write *write)
{
    const struct table_apply *apply = (const struct table_apply *)write;

    add_verdict_trailer(write->call, apply->change.row.verdict);
    core_reply_object(write->call, apply->change.row.reply);
}

static fc_rc apply_table(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                         int64_t now_s, struct fc_error *err)
{
    struct table_apply *apply = (struct table_apply *)write;

    return fc_table_change_apply(&apply->change, reader, txn, now_s, &write->violations, err);
}

/* The first look: unchanged tables are answered when what is known of their sources is good enough. */
static fc_rc look_at_table(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                           int64_t now_s, struct fc_error *err)
{
    const struct fc_table_change *change = &((struct table_apply *)write)->change;
    fc_rc rc = apply_table(write, reader, txn, now_s, err);

    if (rc == FC_OK && write->violations.count == 0 && change->unchanged)
        write->settled = fc_table_change_settled(change);
    return rc;
}

static void finish(struct table_apply *apply)
{
    struct core_write *write = &apply->write;
    struct fc_table_change *change = &apply->change;

    if (apply->options.dry_run) {
        if (change->report)
            change->row.verdict = (int32_t)change->report->verdict;
        write->reply(write);
        return;
    }
    write->decide = apply_table;
    core_write_submit(write);
}

static void admitted(void *ctx, const struct fc_admission_outcome *outcome)
{
    struct table_apply *apply = ctx;
    struct fc_rpc_call *call = apply->write.call;

    if (!outcome->accepted) {
        if (outcome->report)
            add_verdict_trailer(call, (int32_t)outcome->report->verdict);
        fc_rpc_fail(call, &outcome->error, &outcome->violations);
        return;
    }
    apply->change.report = outcome->report;
    finish(apply);
}

static void admit(struct table_apply *apply)
{
    struct core_write *write = &apply->write;
    struct fc_admission_request *request = fc_arena_calloc(write->arena, 1, sizeof *request);

    if (!request) {
        fc_request_fail_too_large(write->call);
        return;
    }
    *request =
        fc_table_change_admission(&apply->change, fc_rpc_deadline_ns(write->call), write->arena);
    fc_admission_check(write->services->admission, request, admitted, apply);
}

void core_apply_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ApplyFeatureTableRequest *request =
        (const Feast__Core__ApplyFeatureTableRequest *)message;
    struct table_apply *apply = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *apply);

    if (!apply) {
        fc_request_fail_too_large(call);
        return;
    }
    struct fc_table_change *change = &apply->change;
    core_write_init(&apply->write, call, ctx, look_at_table, reply_table);
    change->arena = apply->write.arena;
    if (!fc_table_change_prepare(change, request->table_spec)) {
        fc_request_fail_too_large(call);
        return;
    }
    change->project = fc_request_project(request->project);
    core_read_options(call, ctx, &apply->options, &apply->write.violations);
    change->mode = apply->options.mode;
    change->mode_open = apply->options.mode_open;
    change->reverify = apply->write.services->reverify;
    fc_table_check(change->spec, change->project, &apply->write.violations);
    if (!core_write_look(&apply->write, false))
        return;
    if (change->mode == FC_VALIDATION_OFF)
        finish(apply);
    else
        admit(apply);
}
