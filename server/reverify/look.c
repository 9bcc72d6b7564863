/* SPDX-License-Identifier: Apache-2.0 */
/* One look at one stored table: the row is read, admission judges its sources, a transaction keeps what changed. */
#include <string.h>

#include "base/log.h"
#include "server/registry/encode.h"
#include "server/reverify/internal.h"

/* Of one table with its spec, its report and what the worker said. */
#define LOOK_LIMIT ((size_t)64 * 1024 * 1024)

struct look {
    struct fc_look link; /* first */
    struct fc_arena *arena;
    struct fc_recheck_row row;
    struct fc_table_row table; /* as it was when the look began */
    struct fc_admission_request request;
    Feast__Admin__V1__ValidationReport *report; /* NULL when none could be made */
    int32_t verdict;                            /* what the table has now */
    bool stored, unjudged;
};

static fc_rc out_of_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to look at a table again");
}

static void end(struct look *look)
{
    struct fc_arena *arena = look->arena;

    fc_look_ended(&look->link);
    fc_arena_free(arena);
}

static fc_rc forget(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_recheck_remove(txn, *(const int64_t *)ctx, err);
}

/* The mode of the last apply goes on. A table that was applied with validation off is here because someone asked. */
static enum fc_validation_mode mode_of(const struct look *look)
{
    enum fc_validation_mode mode = FC_VALIDATION_OFF;
    const char *text = fc_arena_strndup(look->arena, look->table.mode.ptr, look->table.mode.len);

    if (!text || !fc_validation_mode_parse(text, &mode) || mode == FC_VALIDATION_OFF)
        return FC_VALIDATION_WARN;
    return mode;
}

static fc_rc find_entities(struct look *look, struct fc_reader *reader,
                           const Feast__Core__FeatureTableSpec *spec, struct fc_error *err)
{
    struct fc_entity_type *entities =
        fc_arena_calloc(look->arena, spec->n_entities, sizeof *entities);
    size_t count = 0;

    if (!entities)
        return out_of_memory(err);
    for (size_t i = 0; i < spec->n_entities; i++) {
        struct fc_entity_row row = {.id = 0};
        fc_rc rc = fc_entity_find(reader, look->table.project, fc_str_from(spec->entities[i]),
                                  look->arena, &row, err);
        if (rc != FC_OK)
            return rc;
        if (row.id != 0) {
            entities[count++] =
                (struct fc_entity_type){.name = spec->entities[i], .value_type = row.value_type};
        }
    }
    look->request.entities = entities;
    look->request.entity_count = count;
    return FC_OK;
}

static fc_rc prepare(struct look *look, struct fc_reader *reader, struct fc_error *err)
{
    const struct fc_table_row *table = &look->table;
    const Feast__Core__FeatureTableSpec *spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(look->arena), table->spec.len, (const uint8_t *)table->spec.ptr);
    const char *project = fc_arena_strndup(look->arena, table->project.ptr, table->project.len);

    if (!spec || !project)
        return out_of_memory(err);
    look->request = (struct fc_admission_request){
        .project = project,
        .spec = spec,
        .mode = mode_of(look),
        .background = true,
        .arena = look->arena,
    };
    return find_entities(look, reader, spec, err);
}

/* The last background report says the same of the same spec: the new one takes its place. */
static fc_rc drop_last(struct look *look, struct fc_txn *txn, struct fc_error *err)
{
    fc_str body = {.len = 0};
    fc_rc rc =
        look->table.report_id == 0
            ? FC_OK
            : fc_report_find(fc_txn_reader(txn), look->table.report_id, look->arena, &body, err);
    if (rc != FC_OK || body.len == 0)
        return rc;
    const Feast__Admin__V1__ValidationReport *last = feast__admin__v1__validation_report__unpack(
        fc_arena_allocator(look->arena), body.len, (const uint8_t *)body.ptr);
    if (!last)
        return out_of_memory(err);
    bool same = last->origin == FEAST__ADMIN__V1__VALIDATION_REPORT__ORIGIN__BACKGROUND &&
                (int32_t)last->verdict == look->verdict &&
                last->table_revision == look->table.revision &&
                strcmp(last->reason, look->report->reason) == 0;
    return same ? fc_report_remove(txn, look->table.report_id, err) : FC_OK;
}

static fc_rc store_report(struct look *look, struct fc_txn *txn, struct fc_error *err)
{
    Feast__Admin__V1__ValidationReport *report = look->report;
    int64_t report_id = 0;
    fc_str body;

    report->verdict = (Feast__Admin__V1__Verdict)look->verdict;
    report->origin = FEAST__ADMIN__V1__VALIDATION_REPORT__ORIGIN__BACKGROUND;
    report->table_revision = look->table.revision;
    report->spec_hash = fc_arena_strndup(look->arena, look->table.hash.ptr, look->table.hash.len);
    if (!report->spec_hash || !fc_encode(look->arena, &report->base, &body))
        return out_of_memory(err);
    fc_rc rc = fc_report_insert(txn, look->table.id, look->verdict, body, &report_id, err);
    if (rc == FC_OK) {
        rc = fc_table_set_verdict(txn, look->table.id, look->verdict,
                                  fc_str_from(fc_validation_mode_name(look->request.mode)),
                                  report_id, err);
    }
    return rc == FC_OK ? drop_last(look, txn, err) : rc;
}

static fc_rc store_outcome(struct look *look, struct fc_txn *txn, struct fc_error *err)
{
    bool keep = true;
    fc_rc rc = FC_OK;

    if (look->report) {
        look->unjudged = look->report->verdict == FEAST__ADMIN__V1__VERDICT__UNVERIFIED;
        look->verdict =
            fc_reverify_verdict(look->table.verdict, (int32_t)look->report->verdict, &keep);
    }
    if (!keep)
        rc = store_report(look, txn, err);
    bool settled = !keep && (look->verdict == FEAST__ADMIN__V1__VERDICT__OK ||
                             look->verdict == FEAST__ADMIN__V1__VERDICT__MISMATCHED);
    look->stored = rc == FC_OK;
    /* A pause that grows holds for what could not be judged as well. */
    int32_t paced = keep ? (int32_t)FEAST__ADMIN__V1__VERDICT__UNVERIFIED : look->verdict;
    return rc != FC_OK ? rc
                       : fc_reverify_schedule(look->link.reverify, txn, look->table.id, paced,
                                              settled ? 0 : look->row.failures + 1, err);
}

static fc_rc keep(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct look *look = ctx;
    struct fc_table_row now = {.id = 0};

    look->verdict = look->table.verdict;
    fc_rc rc = fc_table_find(fc_txn_reader(txn), look->row.project, look->row.name, look->arena,
                             &now, err);
    if (rc != FC_OK)
        return rc;
    if (now.deleted)
        return fc_recheck_remove(txn, now.id, err);
    if (now.revision != look->table.revision || now.report_id != look->table.report_id)
        return FC_OK; /* applied meanwhile, which set the next look too */
    return store_outcome(look, txn, err);
}

static void tell(const struct look *look, const char *event, enum fc_log_level level)
{
    fc_log(level, event, FC_LOG_STR("project", look->request.project),
           FC_LOG_STR("table", look->request.spec->name),
           FC_LOG_STR("reason", look->report ? look->report->reason : ""));
}

static void kept(void *ctx, const struct fc_error *err)
{
    struct look *look = ctx;
    struct fc_reverify *reverify = look->link.reverify;

    if (err || !look->report)
        atomic_fetch_add(&reverify->failures, 1);
    if (err) {
        fc_reverify_pause(reverify);
        fc_log(FC_LOG_WARN, "reverify_failed", FC_LOG_STR("table", look->request.spec->name),
               FC_LOG_ERR(err));
    } else if (look->stored) {
        atomic_fetch_add(&reverify->judged, 1);
        atomic_fetch_add(&reverify->unjudged, look->unjudged ? 1 : 0);
    }
    if (!err && look->verdict != look->table.verdict) {
        if (look->verdict == FEAST__ADMIN__V1__VERDICT__DRIFTED) {
            atomic_fetch_add(&reverify->drifted, 1);
            tell(look, "table_drifted", FC_LOG_WARN);
        } else if (look->verdict == FEAST__ADMIN__V1__VERDICT__OK) {
            atomic_fetch_add(&reverify->recovered, 1);
            tell(look, "table_verified", FC_LOG_INFO);
        } else {
            tell(look, "table_verdict_changed", FC_LOG_INFO);
        }
    }
    end(look);
}

static void judged(void *ctx, const struct fc_admission_outcome *outcome)
{
    struct look *look = ctx;
    struct fc_reverify *reverify = look->link.reverify;

    look->report = outcome->report;
    if (atomic_load(&reverify->stopping)) {
        end(look); /* what a worker says that is being stopped is no finding */
        return;
    }
    fc_store_submit(reverify->store, keep, kept, look);
}

fc_rc fc_look_begin(struct fc_reverify *reverify, const struct fc_recheck_row *row,
                    struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(LOOK_LIMIT);
    struct look *look = arena ? fc_arena_calloc(arena, 1, sizeof *look) : NULL;
    struct fc_reader *reader = NULL;
    int64_t id = row->table_id;

    if (!look)
        return out_of_memory(err);
    look->arena = arena;
    look->link = (struct fc_look){.reverify = reverify, .table_id = row->table_id};
    look->row = *row;
    look->row.project.ptr = fc_arena_memdup(arena, row->project.ptr, row->project.len);
    look->row.name.ptr = fc_arena_memdup(arena, row->name.ptr, row->name.len);
    fc_rc rc = fc_arena_exhausted(arena) ? out_of_memory(err)
                                         : fc_store_reader(reverify->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_table_find(reader, look->row.project, look->row.name, arena, &look->table, err);
    if (rc == FC_OK && look->table.deleted)
        return fc_store_run(reverify->store, forget, &id, err);
    if (rc == FC_OK)
        rc = prepare(look, reader, err);
    if (rc != FC_OK)
        return rc;
    (void)fc_steal(arena); /* the look's own from here on */
    fc_look_begun(&look->link);
    fc_admission_check(reverify->admission, &look->request, judged, look);
    return FC_OK;
}
