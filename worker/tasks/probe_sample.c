/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/time.h"
#include "worker/contract/advice.h"
#include "worker/tasks/probe_internal.h"
#include "worker/text.h"

/* A clock that is ahead is no finding; a day ahead is. */
#define FUTURE_SECONDS 86400

typedef Feast__Admin__V1__ColumnReport column_report;

static void note_event_time(struct fc_probe *p, const struct fc_sample *sample)
{
    const struct fc_sample_column *event = &sample->columns[p->binding.event];
    int64_t now = fc_now_ns(p->sys) / FC_NS_PER_S;
    char text[FC_TIME_TEXT_MAX];

    if (!event->times.any)
        return;
    if (event->times.last > now + FUTURE_SECONDS) {
        fc_time_format(event->times.last, 0, text);
        fc_probe_note(p,
                      fc_arena_printf(p->arena, "event times lie in the future, up to %s", text));
    }
    if (event->times.first < 0) {
        fc_time_format(event->times.first, 0, text);
        fc_probe_note(p, fc_arena_printf(p->arena, "event times lie before 1970, from %s", text));
    }
}

static bool is_whole(enum fc_column_kind kind)
{
    return kind >= FC_COLUMN_INT8 && kind <= FC_COLUMN_UINT32;
}

void fc_probe_advise(struct fc_probe *p, const struct fc_bound_column *bound,
                     const struct fc_column_type *type, const struct fc_sample_column *sampled,
                     column_report *column)
{
    const bool ranged = sampled && sampled->min.set && sampled->max.set && is_whole(type->kind);
    const struct fc_finding finding = {
        .value = bound->role == FC_ROLE(ENTITY) || bound->role == FC_ROLE(FEATURE),
        .declared = bound->declared,
        .type = type,
        .level = (enum fc_contract_level)column->level,
        .faults = sampled ? sampled->faults : NULL,
        .range_known = ranged,
        .min = ranged ? sampled->min.cell.as.integer : 0,
        .max = ranged ? sampled->max.cell.as.integer : 0,
    };

    column->advice = fc_probe_text(p, fc_contract_advice(&finding, p->arena));
}

/* Counts by reason; false when memory is out. */
static bool report_faults(struct fc_probe *p, const struct fc_sample_column *from,
                          column_report *column)
{
    typedef Feast__Admin__V1__ColumnReport__Fault fault_report;
    fault_report *faults = fc_arena_calloc(p->arena, FC_FAULT_COUNT, sizeof *faults);

    column->faults = fc_arena_calloc(p->arena, FC_FAULT_COUNT, sizeof(fault_report *));
    if (!faults || !column->faults)
        return false;
    for (size_t i = 1; i < FC_FAULT_COUNT; i++) {
        if (from->faults[i] == 0)
            continue;
        feast__admin__v1__column_report__fault__init(&faults[i]);
        faults[i].reason = fc_probe_text(p, fc_fault_word((enum fc_fault)i));
        faults[i].count = from->faults[i];
        column->faults[column->n_faults++] = &faults[i];
    }
    return true;
}

static bool report_column(struct fc_probe *p, const struct fc_sample *sample, size_t index)
{
    const struct fc_sample_column *from = &sample->columns[index];
    column_report *column = p->report->columns[index];

    if (!from->present)
        return true;
    column->rows_sampled = sample->rows - sample->undecodable;
    column->null_count = from->nulls;
    column->invalid_count = from->invalid;
    column->min = fc_probe_text(p, fc_sample_text(from, &from->min, p->arena));
    column->max = fc_probe_text(p, fc_sample_text(from, &from->max, p->arena));
    column->first_bad_value = fc_probe_text(p, from->first_bad);
    if (from->type.kind != FC_COLUMN_UNKNOWN || from->invalid > 0)
        fc_probe_advise(p, &p->binding.columns[index], &from->type, from, column);
    if (!fc_probe_report_statistics(p, index))
        return false;
    if (from->invalid == 0)
        return true;
    const char *message = fc_arena_printf(
        p->arena, "%s%s%" PRIu64 " of %" PRIu64 " sampled values are invalid: %s", column->message,
        column->message[0] ? "; " : "", from->invalid, column->rows_sampled, from->first_reason);
    if (message)
        column->message = fc_probe_text(p, message);
    return report_faults(p, from, column);
}

static Google__Protobuf__Timestamp *moment(struct fc_probe *p, int64_t seconds)
{
    Google__Protobuf__Timestamp *time = fc_arena_alloc(p->arena, sizeof *time);

    if (time) {
        google__protobuf__timestamp__init(time);
        time->seconds = seconds;
    }
    return time;
}

/* How fresh it is; and whether anything of it would be given out, were it all that the online store had. */
static void report_freshness(struct fc_probe *p, const struct fc_sample_column *event)
{
    int64_t now = fc_now_ns(p->sys) / FC_NS_PER_S;
    int64_t max_age = p->spec->max_age ? p->spec->max_age->seconds : 0;
    char text[FC_TIME_TEXT_MAX];

    if (!event->times.any)
        return;
    p->report->oldest_event = moment(p, event->times.first);
    p->report->newest_event = moment(p, event->times.last);
    if (max_age <= 0 || now - event->times.last <= max_age)
        return;
    fc_time_format(event->times.last, 0, text);
    fc_probe_note(p, fc_arena_printf(p->arena,
                                     "the newest event sampled is of %s, longer ago than max_age "
                                     "(%" PRId64 " s): online it would count as expired",
                                     text, max_age));
}

static void report_duplicates(struct fc_probe *p, const struct fc_sample *sample)
{
    p->report->rows_duplicate = sample->duplicates;
    if (sample->duplicates > 0)
        fc_probe_note(p, fc_arena_printf(p->arena,
                                         "%" PRIu64 " of %" PRIu64
                                         " sampled rows have the %s of another: of "
                                         "such rows the last one read is kept",
                                         sample->duplicates, sample->rows,
                                         p->source->created_timestamp_column[0]
                                             ? "key, event time and created time"
                                             : "key and event time"));
}

fc_rc fc_probe_report_sample(struct fc_probe *p, const struct fc_sample *sample,
                             const struct fc_sample_stats *stats)
{
    const struct fc_sample_column *event = &sample->columns[p->binding.event];

    p->report->rows_sampled = sample->rows;
    p->report->rows_invalid = sample->rows_invalid;
    p->report->rows_undecodable = sample->undecodable;
    p->report->first_undecodable = fc_probe_text(p, sample->first_undecodable);
    p->report->bytes_read = stats->bytes_read > 0 ? (uint64_t)stats->bytes_read : 0;
    for (size_t i = 0; i < p->binding.count; i++)
        if (!report_column(p, sample, i))
            return fc_probe_no_memory(p->err);
    if (stats->remark)
        fc_probe_note(p, stats->remark);
    else if (sample->rows == 0 && sample->wanted_count > 0)
        fc_probe_note(p, "no rows seen");
    else if (stats->cut)
        fc_probe_note(p, "the sample was cut short by its limits");
    for (size_t i = 0; i < FC_SAMPLE_NOTES && stats->notes[i]; i++)
        fc_probe_note(p, stats->notes[i]);
    if (sample->undecodable > 0)
        fc_probe_note(p, fc_arena_printf(p->arena,
                                         "%" PRIu64 " of %" PRIu64
                                         " messages could not be decoded, the first at %s",
                                         sample->undecodable, sample->rows,
                                         sample->first_undecodable));
    note_event_time(p, sample);
    report_freshness(p, event);
    report_duplicates(p, sample);
    return FC_OK;
}
