/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/table_change.h"

#include "server/registry/canonical.h"
#include "server/registry/encode.h"
#include "server/registry/feature_table.h"
#include "server/services/request.h"

bool fc_table_change_prepare(struct fc_table_change *change, Feast__Core__FeatureTableSpec *spec)
{
    change->spec = spec;
    if (!spec)
        return true;
    return fc_table_normalise(change->arena, spec) &&
           fc_encode(change->arena, &spec->base, &change->bytes) &&
           fc_table_hash(change->arena, spec, change->hash);
}

static fc_rc encode_report(const struct fc_table_change *change, fc_str *ret, struct fc_error *err)
{
    change->report->spec_hash = (char *)change->hash;
    change->report->table_revision = change->row.revision;
    change->report->origin = FEAST__ADMIN__V1__VALIDATION_REPORT__ORIGIN__APPLY;
    return fc_encode(change->arena, &change->report->base, ret) ? FC_OK : fc_request_too_large(err);
}

static void take_verdict(struct fc_table_change *change)
{
    change->row.verdict = !change->report ? (int32_t)FEAST__ADMIN__V1__VERDICT__NOT_CHECKED
                                          : (int32_t)change->report->verdict;
    change->row.mode = fc_str_from(fc_validation_mode_name(change->mode));
    change->row.report_id = 0;
}

/* A verdict of now begins a new count of looks. */
static fc_rc schedule(struct fc_table_change *change, struct fc_txn *txn, struct fc_error *err)
{
    int64_t failures = change->row.verdict == (int32_t)FEAST__ADMIN__V1__VERDICT__UNVERIFIED;

    return fc_reverify_schedule(change->reverify, txn, change->row.id, change->row.verdict,
                                failures, err);
}

/* A table that is there already names its new report at once; a new table must be there before its report. */
static fc_rc put(struct fc_table_change *change, struct fc_txn *txn, struct fc_error *err)
{
    struct fc_table_row *row = &change->row;
    bool insert = row->id == 0;
    fc_rc rc = FC_OK;
    fc_str report;

    if (!change->report)
        return fc_table_put(txn, change->state.project_id, row, err);
    rc = encode_report(change, &report, err);
    if (rc == FC_OK && insert)
        rc = fc_table_put(txn, change->state.project_id, row, err);
    if (rc == FC_OK)
        rc = fc_report_insert(txn, row->id, row->verdict, report, &row->report_id, err);
    if (rc != FC_OK)
        return rc;
    return insert ? fc_table_set_verdict(txn, row->id, row->verdict, row->mode, row->report_id, err)
                  : fc_table_put(txn, change->state.project_id, row, err);
}

static fc_rc store(struct fc_table_change *change, struct fc_txn *txn, struct fc_error *err)
{
    fc_rc rc = put(change, txn, err);

    return rc == FC_OK ? schedule(change, txn, err) : rc;
}

/* The definition stays, but it was looked at anew. */
static fc_rc store_verdict(struct fc_table_change *change, struct fc_txn *txn, struct fc_error *err)
{
    struct fc_table_row *row = &change->row;
    fc_str report;

    if (!change->report)
        return FC_OK;
    take_verdict(change);
    if (!txn)
        return FC_OK;
    fc_rc rc = encode_report(change, &report, err);
    if (rc == FC_OK)
        rc = fc_report_insert(txn, row->id, row->verdict, report, &row->report_id, err);
    if (rc == FC_OK)
        rc = fc_table_set_verdict(txn, row->id, row->verdict, row->mode, row->report_id, err);
    return rc == FC_OK ? schedule(change, txn, err) : rc;
}

/* What the row becomes: a create, an update or a revival, each one revision further. */
static fc_rc make_row(struct fc_table_change *change, int64_t now_s, struct fc_error *err)
{
    struct fc_table_row *row = &change->row;

    row->revision = row->id == 0 ? 0 : row->revision + 1;
    row->created_s = row->id == 0 ? now_s : row->created_s;
    row->updated_s = now_s;
    row->deleted = false;
    row->project = fc_str_from(change->project);
    row->name = fc_str_from(change->spec->name);
    row->hash = fc_str_from(change->hash);
    row->spec = change->bytes;
    take_verdict(change);
    struct fc_table_meta meta = {row->created_s, row->updated_s, row->revision, change->hash};
    return fc_encode_table(change->arena, row->spec, &meta, &row->reply)
               ? FC_OK
               : fc_request_too_large(err);
}

fc_rc fc_table_change_apply(struct fc_table_change *change, struct fc_reader *reader,
                            struct fc_txn *txn, int64_t now_s, struct fc_violations *violations,
                            struct fc_error *err)
{
    struct fc_table_row *row = &change->row;

    if (!change->spec)
        return FC_OK; /* refused as such */
    fc_rc rc = fc_table_state_check(reader, change->project, change->spec, violations,
                                    &change->state, err);
    if (rc != FC_OK || violations->count > 0)
        return rc;
    if (change->mode_open) {
        change->mode = change->state.has_mode ? change->state.mode : change->mode;
        change->mode_open = false; /* under which the sources are looked at, and no other */
    }
    rc = fc_table_find(reader, fc_str_from(change->project), fc_str_from(change->spec->name),
                       change->arena, row, err);
    if (rc != FC_OK)
        return rc;
    change->existed = row->id != 0 && !row->deleted;
    change->unchanged =
        change->existed && fc_table_unchanged(change->arena, change->spec, row->spec);
    if (change->unchanged)
        return store_verdict(change, txn, err);
    rc = make_row(change, now_s, err);
    return rc != FC_OK || !txn ? rc : store(change, txn, err);
}

bool fc_table_change_settled(const struct fc_table_change *change)
{
    char *mode = fc_arena_strndup(change->arena, change->row.mode.ptr, change->row.mode.len);
    enum fc_validation_mode stored_mode = FC_VALIDATION_OFF;

    /* A mode that cannot be read counts as the one that says least. */
    if (!mode || !fc_validation_mode_parse(mode, &stored_mode))
        stored_mode = FC_VALIDATION_OFF;
    return change->mode == FC_VALIDATION_OFF ||
           fc_admission_satisfied(change->row.verdict, stored_mode, change->mode);
}

struct fc_admission_request fc_table_change_admission(const struct fc_table_change *change,
                                                      int64_t deadline_ns, struct fc_arena *arena)
{
    return (struct fc_admission_request){
        .project = change->project,
        .spec = change->spec,
        .entities = change->state.entities,
        .entity_count = change->state.entity_count,
        .mode = change->mode,
        .deadline_ns = deadline_ns,
        .arena = arena,
    };
}
