/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one ApplyFeatureTable:
 *
 *     rules of the request + a look at the state -> mistakes, or unchanged and its verdict satisfies the mode: answer
 *       -> admission (its own threads) -> refused: answer
 *         -> transaction: the state's rules again, table and report -> answer
 */
#include <string.h>

#include "server/registry/canonical.h"
#include "server/registry/encode.h"
#include "server/registry/feature_table.h"
#include "server/registry/hash.h"
#include "server/registry/names.h"
#include "server/services/core.h"
#include "server/services/table_state.h"

struct table_apply {
    struct core_write write;
    const char *project;
    const Feast__Core__FeatureTableSpec *spec; /* normalised */
    fc_str bytes;                              /* the same, encoded */
    char hash[FC_TABLE_HASH_SIZE];
    struct core_options options;
    struct fc_table_state state;
    Feast__Admin__V1__ValidationReport *report; /* of an admission that accepted; NULL without */
    struct fc_table_row row;                    /* as stored, or as it would be */
    bool unchanged;
};

static void add_verdict_trailer(struct fc_rpc_call *call, int32_t verdict)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__admin__v1__verdict__descriptor, verdict);

    if (value != NULL) {
        fc_rpc_add_trailer(call, "feast-validation-verdict", value->name);
    }
}

static void reply_table(struct core_write *write)
{
    const struct table_apply *apply = (const struct table_apply *)write;

    add_verdict_trailer(write->call, apply->row.verdict);
    core_reply_object(write->call, apply->row.reply);
}

static fc_rc encode_report(struct table_apply *apply, fc_str *ret, struct fc_error *err)
{
    apply->report->spec_hash = apply->hash;
    return fc_encode(apply->write.arena, &apply->report->base, ret) ? FC_OK
                                                                    : fc_request_too_large(err);
}

static void take_verdict(struct table_apply *apply)
{
    apply->row.verdict = apply->report == NULL ? (int32_t)FEAST__ADMIN__V1__VERDICT__NOT_CHECKED
                                               : (int32_t)apply->report->verdict;
    apply->row.mode = fc_str_from(fc_validation_mode_name(apply->options.mode));
    apply->row.report_id = 0;
}

/* A table that is there already names its new report at once; a new table must be there before its report. */
static fc_rc store(struct table_apply *apply, struct fc_txn *txn, struct fc_error *err)
{
    struct fc_table_row *row = &apply->row;
    bool insert = row->id == 0;
    fc_rc rc = FC_OK;
    fc_str report;

    if (apply->report == NULL) {
        return fc_table_put(txn, apply->state.project_id, row, err);
    }
    rc = encode_report(apply, &report, err);
    if (rc == FC_OK && insert) {
        rc = fc_table_put(txn, apply->state.project_id, row, err);
    }
    if (rc == FC_OK) {
        rc = fc_report_insert(txn, row->id, row->verdict, report, &row->report_id, err);
    }
    if (rc != FC_OK) {
        return rc;
    }
    return insert ? fc_table_set_verdict(txn, row->id, row->verdict, row->mode, row->report_id, err)
                  : fc_table_put(txn, apply->state.project_id, row, err);
}

/* The definition stays, but it was looked at anew. */
static fc_rc store_verdict(struct table_apply *apply, struct fc_txn *txn, struct fc_error *err)
{
    struct fc_table_row *row = &apply->row;
    fc_str report;

    if (apply->report == NULL) {
        return FC_OK;
    }
    take_verdict(apply);
    if (txn == NULL) {
        return FC_OK;
    }
    fc_rc rc = encode_report(apply, &report, err);
    if (rc == FC_OK) {
        rc = fc_report_insert(txn, row->id, row->verdict, report, &row->report_id, err);
    }
    return rc != FC_OK
               ? rc
               : fc_table_set_verdict(txn, row->id, row->verdict, row->mode, row->report_id, err);
}

/* What the row becomes: a create, an update or a revival, each one revision further. */
static fc_rc make_row(struct table_apply *apply, int64_t now_s, struct fc_error *err)
{
    struct fc_table_row *row = &apply->row;

    row->revision = row->id == 0 ? 0 : row->revision + 1;
    row->created_s = row->id == 0 ? now_s : row->created_s;
    row->updated_s = now_s;
    row->deleted = false;
    row->project = fc_str_from(apply->project);
    row->name = fc_str_from(apply->spec->name);
    row->hash = fc_str_from(apply->hash);
    row->spec = apply->bytes;
    take_verdict(apply);
    struct fc_table_meta meta = {row->created_s, row->updated_s, row->revision, apply->hash};
    return fc_encode_table(apply->write.arena, row->spec, &meta, &row->reply)
               ? FC_OK
               : fc_request_too_large(err);
}

static fc_rc apply_table(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                         int64_t now_s, struct fc_error *err)
{
    struct table_apply *apply = (struct table_apply *)write;
    struct fc_table_row *row = &apply->row;

    if (apply->spec == NULL) {
        return FC_OK; /* refused as such */
    }
    fc_rc rc = fc_table_state_check(reader, apply->project, apply->spec, &write->violations,
                                    &apply->state, err);
    if (rc != FC_OK || write->violations.count > 0) {
        return rc;
    }
    rc = fc_table_find(reader, fc_str_from(apply->project), fc_str_from(apply->spec->name),
                       write->arena, row, err);
    if (rc != FC_OK) {
        return rc;
    }
    apply->unchanged =
        row->id != 0 && !row->deleted && fc_table_unchanged(write->arena, apply->spec, row->spec);
    if (apply->unchanged) {
        return store_verdict(apply, txn, err);
    }
    rc = make_row(apply, now_s, err);
    return rc != FC_OK || txn == NULL ? rc : store(apply, txn, err);
}

/* The first look: unchanged tables are answered when what is known of their sources is good enough. */
static fc_rc look_at_table(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                           int64_t now_s, struct fc_error *err)
{
    struct table_apply *apply = (struct table_apply *)write;
    fc_rc rc = apply_table(write, reader, txn, now_s, err);

    if (rc != FC_OK || write->violations.count > 0 || !apply->unchanged) {
        return rc;
    }
    char *mode = fc_arena_strndup(write->arena, apply->row.mode.ptr, apply->row.mode.len);
    enum fc_validation_mode stored_mode = FC_VALIDATION_OFF;
    /* A mode that cannot be read counts as the one that says least. */
    if (mode == NULL || !fc_validation_mode_parse(mode, &stored_mode)) {
        stored_mode = FC_VALIDATION_OFF;
    }
    write->settled = apply->options.mode == FC_VALIDATION_OFF ||
                     fc_admission_satisfied(apply->row.verdict, stored_mode, apply->options.mode);
    return FC_OK;
}

static void finish(struct table_apply *apply)
{
    struct core_write *write = &apply->write;

    if (apply->options.dry_run) {
        if (apply->report != NULL) {
            apply->row.verdict = (int32_t)apply->report->verdict;
        }
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
        if (outcome->report != NULL) {
            add_verdict_trailer(call, (int32_t)outcome->report->verdict);
        }
        fc_rpc_fail(call, &outcome->error, &outcome->violations);
        return;
    }
    apply->report = outcome->report;
    finish(apply);
}

static void admit(struct table_apply *apply)
{
    struct core_write *write = &apply->write;
    struct fc_admission_request *request = fc_arena_calloc(write->arena, 1, sizeof *request);

    if (request == NULL) {
        fc_request_fail_too_large(write->call);
        return;
    }
    *request = (struct fc_admission_request){
        .project = apply->project,
        .spec = apply->spec,
        .entities = apply->state.entities,
        .entity_count = apply->state.entity_count,
        .mode = apply->options.mode,
        .deadline_ns = fc_rpc_deadline_ns(write->call),
        .arena = write->arena,
    };
    fc_admission_check(write->services->admission, request, admitted, apply);
}

static bool prepare(struct table_apply *apply, Feast__Core__FeatureTableSpec *spec)
{
    struct fc_arena *arena = apply->write.arena;

    apply->spec = spec;
    if (spec == NULL) {
        return true;
    }
    return fc_table_normalise(arena, spec) && fc_encode(arena, &spec->base, &apply->bytes) &&
           fc_table_hash(arena, spec, apply->hash);
}

void core_apply_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ApplyFeatureTableRequest *request =
        (const Feast__Core__ApplyFeatureTableRequest *)message;
    struct table_apply *apply = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *apply);

    if (apply == NULL) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&apply->write, call, ctx, look_at_table, reply_table);
    if (!prepare(apply, request->table_spec)) {
        fc_request_fail_too_large(call);
        return;
    }
    apply->project = fc_request_project(request->project);
    core_read_options(call, ctx, &apply->options, &apply->write.violations);
    fc_table_check(apply->spec, apply->project, &apply->write.violations);
    if (!core_write_look(&apply->write, false)) {
        return;
    }
    if (apply->options.mode == FC_VALIDATION_OFF) {
        finish(apply);
    } else {
        admit(apply);
    }
}
