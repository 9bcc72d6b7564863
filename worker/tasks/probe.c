/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/probe.h"

#include "base/str.h"
#include "worker/tasks/probe_internal.h"
#include "worker/text.h"

#define STATE(word) FEAST__ADMIN__V1__SOURCE_REPORT__STATE__##word
#define NOTES_MAX   16

typedef Feast__Admin__V1__ColumnReport column_report;
typedef Feast__Admin__V1__SourceReport source_report;

fc_rc fc_probe_no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the report needs more memory than it may have");
}

char *fc_probe_text(struct fc_probe *p, const char *text)
{
    return text[0] ? fc_text_clean(p->arena, text) : (char *)protobuf_c_empty_string;
}

void fc_probe_note(struct fc_probe *p, const char *text)
{
    if (p->report->n_notes < NOTES_MAX && text)
        p->report->notes[p->report->n_notes++] = fc_text_clean(p->arena, text);
}

static const Feast__Core__DataSource *source_of(const Feast__Worker__V1__Probe *probe)
{
    if (!probe->spec)
        return NULL;
    switch (probe->slot) {
    case FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH:
        return probe->spec->batch_source;
    case FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM:
        return probe->spec->stream_source;
    default:
        return NULL;
    }
}

/* The report before anything was looked at: what was asked, and nothing found. */
static fc_rc begin_report(struct fc_probe *p, const Feast__Worker__V1__Probe *probe)
{
    source_report *report = fc_arena_calloc(p->arena, 1, sizeof *report);
    size_t count = p->binding.count;

    if (!report)
        return fc_probe_no_memory(p->err);
    feast__admin__v1__source_report__init(report);
    report->slot = probe->slot;
    report->kind = p->source->type;
    report->location = fc_probe_text(p, fc_source_location(p->source, p->arena));
    report->columns = fc_arena_calloc(p->arena, count, sizeof(column_report *));
    report->notes = fc_arena_calloc(p->arena, NOTES_MAX, sizeof(char *));
    column_report *columns = fc_arena_calloc(p->arena, count, sizeof *columns);
    if (!report->columns || !report->notes || !columns)
        return fc_probe_no_memory(p->err);
    for (size_t i = 0; i < count; i++) {
        const struct fc_bound_column *bound = &p->binding.columns[i];
        feast__admin__v1__column_report__init(&columns[i]);
        columns[i].role = bound->role;
        columns[i].name = fc_probe_text(p, bound->name);
        columns[i].column = fc_probe_text(p, bound->column);
        columns[i].declared_type = bound->declared;
        report->columns[i] = &columns[i];
    }
    report->n_columns = count;
    p->report = report;
    return FC_OK;
}

/*
 * What ends a look at the source: out of reach, or there and unreadable. FC_OK when it is one of the two,
 * else the error stands.
 */
static fc_rc end_by(struct fc_probe *p, const struct fc_error *error)
{
    switch (error->reason) {
    case FC_REASON_SOURCE_UNREACHABLE:
    case FC_REASON_SOURCE_UNSUPPORTED:
    case FC_REASON_SOURCE_DENIED:
    case FC_REASON_DEADLINE_EXCEEDED:
    case FC_REASON_IO_FAILED:
        p->report->state = STATE(UNREACHABLE);
        break;
    case FC_REASON_SOURCE_INVALID:
    case FC_REASON_SOURCE_MISMATCH:
        p->report->state = STATE(UNREADABLE);
        break;
    default:
        *p->err = *error;
        return error->rc;
    }
    p->report->reason = fc_probe_text(p, fc_reason_info(error->reason)->word);
    p->report->message = fc_probe_text(p, error->message);
    return FC_OK;
}

static void done_sample(struct fc_sample **sample)
{
    fc_sample_done(*sample);
}

/* Types may fit where values do not: a source of which no value was seen is not known to fit. */
static fc_rc not_in_time(struct fc_probe *p)
{
    struct fc_error error = FC_ERROR_INIT;

    (void)fc_fail(&error, FC_REASON_DEADLINE_EXCEEDED,
                  "no row could be read within the time and the bytes of one look");
    return end_by(p, &error);
}

/* Samples the columns that are there; FC_OK also when the data turned out to be unreadable. */
static fc_rc sample(struct fc_probe *p, const struct fc_source_ops *ops, struct fc_source *source)
{
    struct fc_error error = FC_ERROR_INIT;
    struct fc_sample_stats stats = {.cut = false};
    FC_CLEANUP(done_sample) struct fc_sample *sample = NULL;

    fc_rc rc = fc_sample_new(&p->binding, p->arena, &sample, p->err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < p->binding.count; i++) {
        size_t at = 0;
        if (fc_probe_find(p, p->binding.columns[i].column, &at) == 1)
            fc_sample_want(sample, i, &p->schema.columns[at]);
    }
    rc = fc_probe_ask_statistics(p, sample);
    if (rc != FC_OK)
        return rc;
    if (sample->wanted_count > 0)
        rc = ops->sample(source, sample->wanted, sample->wanted_count, fc_sample_take, sample,
                         &stats, &error);
    /* A file without a column is told by the comparison of the schemas; the sample ends there. */
    if (rc != FC_OK &&
        !(error.reason == FC_REASON_SOURCE_MISMATCH && p->report->n_disagreements > 0)) {
        rc = end_by(p, &error);
        if (rc != FC_OK || p->report->state != STATE(READ))
            return rc;
    }
    if (stats.cut && sample->rows == 0 && sample->wanted_count > 0 && !stats.remark)
        return not_in_time(p);
    return fc_probe_report_sample(p, sample, &stats);
}

static fc_rc look(struct fc_probe *p)
{
    struct fc_error error = FC_ERROR_INIT;
    const struct fc_source_ops *ops = NULL;
    struct fc_source *source = NULL;

    fc_rc rc = fc_source_ops_for(p->source, &ops, &error);
    if (rc == FC_OK)
        rc = ops->open(&p->env, p->source, p->arena, &source, &error);
    if (rc != FC_OK)
        return end_by(p, &error);
    rc = ops->describe(source, p->arena, &p->schema, &error);
    if (rc != FC_OK) {
        ops->close(source);
        return end_by(p, &error);
    }
    p->report->state = STATE(READ);
    rc = fc_probe_report_schema(p);
    if (rc == FC_OK)
        rc = sample(p, ops, source);
    ops->close(source);
    return rc;
}

/* The names that the table uses: some columns are found only by looking for them. */
static fc_rc want_columns(struct fc_probe *p)
{
    const char **names = fc_arena_calloc(p->arena, p->binding.count, sizeof(char *));

    if (!names)
        return fc_probe_no_memory(p->err);
    for (size_t i = 0; i < p->binding.count; i++)
        names[i] = p->binding.columns[i].column;
    p->env.wanted = names;
    p->env.wanted_count = p->binding.count;
    return FC_OK;
}

fc_rc fc_probe_run(const Feast__Worker__V1__Probe *probe, struct fc_duck *duck,
                   const struct fc_sys *sys, struct fc_arena *arena, source_report **ret,
                   struct fc_error *err)
{
    int64_t start = fc_monotonic_ns(sys);
    const Feast__Worker__V1__Limits *limits = probe->limits;
    struct fc_probe p = {
        .arena = arena, .sys = sys, .spec = probe->spec, .source = source_of(probe), .err = err};

    if (!p.source)
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order names no source to look at");
    p.access = (struct fc_access){.order = probe->access};
    p.env = (struct fc_source_env){.duck = duck, .sys = sys, .limits = limits, .access = &p.access};
    if (limits && limits->deadline_ms > 0)
        p.env.deadline_ns = start + (int64_t)limits->deadline_ms * FC_NS_PER_MS;
    fc_rc rc =
        fc_bind(probe->spec, p.source, probe->entities, probe->n_entities, arena, &p.binding, err);
    if (rc == FC_OK)
        rc = want_columns(&p);
    if (rc == FC_OK)
        rc = begin_report(&p, probe);
    if (rc == FC_OK)
        rc = look(&p);
    if (rc != FC_OK)
        return rc;
    p.report->seconds = (double)(fc_monotonic_ns(sys) - start) / (double)FC_NS_PER_S;
    *ret = p.report;
    return FC_OK;
}
