/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/probe.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/time.h"
#include "worker/sources/source.h"
#include "worker/tasks/binding.h"
#include "worker/tasks/sample.h"
#include "worker/text.h"

#define LEVEL(word) FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__##word
#define STATE(word) FEAST__ADMIN__V1__SOURCE_REPORT__STATE__##word
#define NOTES_MAX   16
/* A clock that is ahead is no finding; a day ahead is. */
#define FUTURE_SECONDS 86400

typedef Feast__Admin__V1__ColumnReport column_report;
typedef Feast__Admin__V1__SourceReport source_report;

/* One probe. */
struct probe {
    struct fc_arena *arena;
    const struct fc_sys *sys;
    struct fc_access access;
    struct fc_source_env env;
    const Feast__Core__DataSource *source;
    struct fc_binding binding;
    struct fc_source_schema schema;
    source_report *report;
    struct fc_error *err;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the report needs more memory than it may have");
}

static char *text_of(struct probe *p, const char *text)
{
    return text[0] ? fc_text_clean(p->arena, text) : (char *)protobuf_c_empty_string;
}

static void note(struct probe *p, const char *text)
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
static fc_rc begin_report(struct probe *p, const Feast__Worker__V1__Probe *probe)
{
    source_report *report = fc_arena_calloc(p->arena, 1, sizeof(*report));
    size_t count = p->binding.count;

    if (!report)
        return no_memory(p->err);
    feast__admin__v1__source_report__init(report);
    report->slot = probe->slot;
    report->kind = p->source->type;
    report->location = text_of(p, fc_source_location(p->source, p->arena));
    report->columns = fc_arena_calloc(p->arena, count, sizeof(column_report *));
    report->notes = fc_arena_calloc(p->arena, NOTES_MAX, sizeof(char *));
    column_report *columns = fc_arena_calloc(p->arena, count, sizeof(*columns));
    if (!report->columns || !report->notes || !columns)
        return no_memory(p->err);
    for (size_t i = 0; i < count; i++) {
        const struct fc_bound_column *bound = &p->binding.columns[i];
        feast__admin__v1__column_report__init(&columns[i]);
        columns[i].role = bound->role;
        columns[i].name = text_of(p, bound->name);
        columns[i].column = text_of(p, bound->column);
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
static fc_rc end_by(struct probe *p, const struct fc_error *error)
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
    p->report->reason = text_of(p, fc_reason_info(error->reason)->word);
    p->report->message = text_of(p, error->message);
    return FC_OK;
}

/* How often the name is there; `*ret` is its first place. */
static size_t find(const struct probe *p, const char *name, size_t *ret)
{
    size_t matches = 0;

    for (size_t i = 0; i < p->schema.column_count; i++) {
        if (strcmp(p->schema.columns[i].name, name) == 0 && matches++ == 0)
            *ret = i;
    }
    return matches;
}

/* The column that was probably meant: another case first, then the nearest spelling. */
static const char *hint(struct probe *p, const char *name)
{
    const char **names = fc_arena_calloc(p->arena, p->schema.column_count + 1, sizeof(char *));
    const char *nearest = NULL;

    for (size_t i = 0; names && i < p->schema.column_count; i++) {
        names[i] = p->schema.columns[i].name;
        if (strcasecmp(names[i], name) == 0)
            return fc_arena_printf(p->arena, "; names are case-sensitive, the source has \"%s\"",
                                   names[i]);
    }
    /* Among names of one or two letters each is near to each. */
    if (names && strlen(name) > 2)
        nearest = fc_str_nearest(name, names, p->schema.column_count);
    return nearest ? fc_arena_printf(p->arena, "; did you mean \"%s\"?", nearest) : "";
}

static void judge_absent(struct probe *p, const struct fc_bound_column *bound,
                         column_report *column)
{
    if (fc_bound_is_expression(bound)) {
        column->message = text_of(
            p, fc_arena_printf(p->arena,
                               "\"%s\" is no column but an expression, which this version does not "
                               "evaluate",
                               bound->column));
        return;
    }
    const char *tail = hint(p, bound->column);
    column->level = LEVEL(MISSING);
    column->message = text_of(p, fc_arena_printf(p->arena, "there is no column \"%s\"%s",
                                                 bound->column, tail ? tail : ""));
}

static const char *type_message(struct probe *p, const struct fc_bound_column *bound,
                                const struct fc_column_type *type,
                                const struct fc_contract_verdict *verdict)
{
    bool value = bound->role == FC_ROLE(ENTITY) || bound->role == FC_ROLE(FEATURE);

    if (verdict->level == FC_LEVEL_EXACT || (verdict->level == FC_LEVEL_WIDENING && value))
        return "";
    if (value)
        return fc_arena_printf(p->arena, "column \"%s\" is %s, declared %s (%s)", bound->column,
                               type->text, fc_value_type_name((int32_t)bound->declared),
                               verdict->why);
    return fc_arena_printf(p->arena, "column \"%s\" is %s (%s)", bound->column, type->text,
                           verdict->why);
}

static void judge_column(struct probe *p, const struct fc_bound_column *bound,
                         column_report *column)
{
    size_t at = 0;
    size_t matches = find(p, bound->column, &at);

    if (matches == 0) {
        judge_absent(p, bound, column);
        return;
    }
    const struct fc_column_type *type = &p->schema.columns[at].type;
    column->source_type = text_of(p, type->text);
    if (matches > 1) {
        column->level = LEVEL(REJECT);
        column->message = text_of(
            p, fc_arena_printf(p->arena, "there are %zu columns \"%s\"", matches, bound->column));
        return;
    }
    struct fc_contract_verdict verdict = fc_bound_verdict(bound, type);
    const char *message = type_message(p, bound, type, &verdict);
    column->level = (Feast__Admin__V1__ColumnReport__Level)verdict.level;
    column->message = message ? text_of(p, message) : (char *)protobuf_c_empty_string;
}

/* The engine reads these two to the microsecond. */
static void note_precision(struct probe *p, const struct fc_bound_column *bound)
{
    size_t at = 0;

    if (bound->role != FC_ROLE(EVENT_TIMESTAMP) && bound->role != FC_ROLE(CREATED_TIMESTAMP))
        return;
    if (find(p, bound->column, &at) == 0)
        return;
    const struct fc_column_type *type = &p->schema.columns[at].type;
    if (type->nanos && (type->int96 || type->kind == FC_COLUMN_TIMESTAMP_UTC))
        note(p, fc_arena_printf(p->arena, "nanoseconds of column \"%s\" are cut to microseconds",
                                bound->column));
}

static bool is_used(const struct probe *p, const char *column)
{
    for (size_t i = 0; i < p->binding.count; i++) {
        if (strcmp(p->binding.columns[i].column, column) == 0)
            return true;
    }
    return false;
}

static const char *disagreement_text(struct probe *p, const struct fc_source_disagreement *d)
{
    if (!d->type.text)
        return fc_arena_printf(p->arena, "%s has no column \"%s\", which is %s in %s", d->path,
                               d->column, d->first_text, d->first_path);
    if (!d->first_text)
        return fc_arena_printf(p->arena, "%s has no column \"%s\", which is %s in %s",
                               d->first_path, d->column, d->type.text, d->path);
    return fc_arena_printf(p->arena, "%s: column \"%s\" is %s, but %s in %s", d->path, d->column,
                           d->type.text, d->first_text, d->first_path);
}

/* Only columns that the table uses; what else the files differ in is a note. */
static fc_rc report_disagreements(struct probe *p)
{
    const struct fc_source_schema *schema = &p->schema;
    size_t others = 0;

    p->report->disagreements =
        fc_arena_calloc(p->arena, schema->disagreement_count + 1, sizeof(char *));
    if (!p->report->disagreements)
        return no_memory(p->err);
    for (size_t i = 0; i < schema->disagreement_count; i++) {
        if (!is_used(p, schema->disagreements[i].column)) {
            others++;
            continue;
        }
        const char *text = disagreement_text(p, &schema->disagreements[i]);
        if (!text)
            return no_memory(p->err);
        p->report->disagreements[p->report->n_disagreements++] = fc_text_clean(p->arena, text);
    }
    if (others > 0)
        note(p, "files differ in columns that the table does not use");
    if (schema->disagreements_cut)
        note(p, "files differ in more columns than are listed");
    return FC_OK;
}

static void report_schema(struct probe *p)
{
    const struct fc_source_schema *schema = &p->schema;

    p->report->files_total = schema->files_total;
    p->report->files_seen = schema->files_seen;
    for (size_t i = 0; i < p->binding.count; i++)
        judge_column(p, &p->binding.columns[i], p->report->columns[i]);
    for (size_t i = p->binding.event; i < p->binding.count; i++)
        note_precision(p, &p->binding.columns[i]);
    if (schema->files_seen < schema->files_total)
        note(p, fc_arena_printf(p->arena, "the schemas of %zu of %zu files were read",
                                schema->files_seen, schema->files_total));
}

static void note_event_time(struct probe *p, const struct fc_sample *sample)
{
    const struct fc_sample_column *event = &sample->columns[p->binding.event];
    int64_t now = fc_now_ns(p->sys) / FC_NS_PER_S;
    char text[FC_TIME_TEXT_MAX];

    if (!event->times.any)
        return;
    if (event->times.last > now + FUTURE_SECONDS) {
        fc_time_format(event->times.last, 0, text);
        note(p, fc_arena_printf(p->arena, "event times lie in the future, up to %s", text));
    }
    if (event->times.first < 0) {
        fc_time_format(event->times.first, 0, text);
        note(p, fc_arena_printf(p->arena, "event times lie before 1970, from %s", text));
    }
}

static void report_column(struct probe *p, const struct fc_sample *sample, size_t index)
{
    const struct fc_sample_column *from = &sample->columns[index];
    column_report *column = p->report->columns[index];

    if (!from->present)
        return;
    column->rows_sampled = sample->rows;
    column->null_count = from->nulls;
    column->invalid_count = from->invalid;
    column->min = text_of(p, fc_sample_text(from, &from->min, p->arena));
    column->max = text_of(p, fc_sample_text(from, &from->max, p->arena));
    column->first_bad_value = text_of(p, from->first_bad);
    if (from->invalid == 0)
        return;
    const char *message = fc_arena_printf(
        p->arena, "%s%s%" PRIu64 " of %" PRIu64 " sampled values are invalid: %s", column->message,
        column->message[0] ? "; " : "", from->invalid, sample->rows, from->first_reason);
    if (message)
        column->message = text_of(p, message);
}

static void report_sample(struct probe *p, const struct fc_sample *sample,
                          const struct fc_sample_stats *stats)
{
    p->report->rows_sampled = sample->rows;
    p->report->rows_invalid = sample->rows_invalid;
    p->report->bytes_read = stats->bytes_read > 0 ? (uint64_t)stats->bytes_read : 0;
    for (size_t i = 0; i < p->binding.count; i++)
        report_column(p, sample, i);
    if (stats->remark)
        note(p, stats->remark);
    else if (sample->rows == 0 && sample->wanted_count > 0)
        note(p, stats->cut ? "no row could be read in time" : "no rows seen");
    else if (stats->cut)
        note(p, "the sample was cut short by its limits");
    note_event_time(p, sample);
}

/* Samples the columns that are there; FC_OK also when the data turned out to be unreadable. */
static fc_rc sample(struct probe *p, const struct fc_source_ops *ops, struct fc_source *source)
{
    struct fc_error error = FC_ERROR_INIT;
    struct fc_sample_stats stats = {.cut = false};
    struct fc_sample *sample = NULL;

    fc_rc rc = fc_sample_new(&p->binding, p->arena, &sample, p->err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < p->binding.count; i++) {
        size_t at = 0;
        if (find(p, p->binding.columns[i].column, &at) == 1)
            fc_sample_want(sample, i, &p->schema.columns[at]);
    }
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
    report_sample(p, sample, &stats);
    return FC_OK;
}

static fc_rc look(struct probe *p)
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
    report_schema(p);
    rc = report_disagreements(p);
    if (rc == FC_OK)
        rc = sample(p, ops, source);
    ops->close(source);
    return rc;
}

fc_rc fc_probe_run(const Feast__Worker__V1__Probe *probe, struct fc_duck *duck,
                   const struct fc_sys *sys, struct fc_arena *arena, source_report **ret,
                   struct fc_error *err)
{
    int64_t start = fc_monotonic_ns(sys);
    const Feast__Worker__V1__Limits *limits = probe->limits;
    struct probe p = {.arena = arena, .sys = sys, .source = source_of(probe), .err = err};

    if (!p.source)
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order names no source to look at");
    p.access = (struct fc_access){.order = probe->access};
    p.env = (struct fc_source_env){.duck = duck, .sys = sys, .limits = limits, .access = &p.access};
    if (limits && limits->deadline_ms > 0)
        p.env.deadline_ns = start + (int64_t)limits->deadline_ms * FC_NS_PER_MS;
    fc_rc rc =
        fc_bind(probe->spec, p.source, probe->entities, probe->n_entities, arena, &p.binding, err);
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
