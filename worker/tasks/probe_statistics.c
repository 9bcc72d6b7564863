/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample of an INT64 column does not prove that an INT32 feature holds all of it. The smallest and the largest value of
 * each row group do, or prove the opposite: who converts both converts all between them.
 */
#include <inttypes.h>

#include "worker/tasks/probe_internal.h"
#include "worker/text.h"

/* The conversion of validation and ingestion; ranges are taken of signed whole numbers only. */
static bool converts(struct fc_probe *p, size_t index, int64_t value)
{
    const struct fc_bound_column *bound = &p->binding.columns[index];
    const struct fc_cell cell = {.as.integer = value};
    Feast__Types__Value converted = FEAST__TYPES__VALUE__INIT;
    enum fc_fault fault = FC_FAULT_NONE;
    struct fc_error ignored = FC_ERROR_INIT;

    return fc_convert_value(&p->sample->columns[index].type, &cell, bound->declared, p->arena,
                            &converted, &fault, &ignored) == FC_OK;
}

/* How many rows of the range do not convert, at least. What does convert lies around 0, without a gap. */
static int64_t count_invalid(struct fc_probe *p, size_t index, const struct fc_source_range *range)
{
    bool min = converts(p, index, range->min);
    bool max = converts(p, index, range->max);
    int64_t values =
        range->nulls >= 0 && range->nulls < range->rows ? range->rows - range->nulls : 1;

    if (min && max)
        return 0;
    return (!min && range->min > 0) || (!max && range->max < 0) ? values : 1;
}

static void take(struct fc_probe *p, size_t index, const struct fc_source_range *range)
{
    struct fc_probe_statistics *s = &p->statistics[index];

    s->rows += range->rows;
    if (!range->known) {
        s->rows_unknown += range->nulls == range->rows ? 0 : range->rows;
        return;
    }
    s->min = !s->ranged || range->min < s->min ? range->min : s->min;
    s->max = !s->ranged || range->max > s->max ? range->max : s->max;
    s->ranged = true;
    s->invalid += count_invalid(p, index, range);
}

static bool is_checked(const struct fc_probe *p, size_t index)
{
    const struct fc_bound_column *bound = &p->binding.columns[index];

    return (bound->role == FC_ROLE(ENTITY) || bound->role == FC_ROLE(FEATURE)) &&
           p->report->columns[index]->level == FC_LEVEL_OF(CHECKED) &&
           bound->declared != FEAST__TYPES__VALUE_TYPE__ENUM__STRING;
}

static void told(void *ctx, size_t column, const struct fc_source_range *range)
{
    struct fc_probe *p = ctx;

    for (size_t i = 0; i < p->binding.count; i++) {
        const struct fc_sample_column *sampled = &p->sample->columns[i];
        if (sampled->present && sampled->slot == column && is_checked(p, i))
            take(p, i, range);
    }
}

fc_rc fc_probe_ask_statistics(struct fc_probe *p, struct fc_sample *sample)
{
    p->statistics = fc_arena_calloc(p->arena, p->binding.count, sizeof *p->statistics);
    if (!p->statistics)
        return fc_probe_no_memory(p->err);
    p->sample = sample;
    p->env.told = told;
    p->env.told_ctx = p;
    return FC_OK;
}

bool fc_probe_report_statistics(struct fc_probe *p, size_t index)
{
    const struct fc_probe_statistics *s = &p->statistics[index];
    Feast__Admin__V1__ColumnReport *column = p->report->columns[index];
    const char *text = NULL;

    if (!s->ranged)
        return true;
    column->rows_by_statistics = (uint64_t)s->rows;
    column->invalid_by_statistics = (uint64_t)s->invalid;
    if (s->invalid > 0)
        text =
            fc_arena_printf(p->arena,
                            "%s; by the statistics of the file values lie in %" PRId64
                            " to %" PRId64 ": %" PRId64 " of %" PRId64 " rows at least do not fit",
                            column->message, s->min, s->max, s->invalid, s->rows);
    else if (s->rows_unknown == 0 && s->rows == p->schema.rows_total)
        text = fc_arena_printf(p->arena,
                               "%s; by the statistics of the file all values lie in %" PRId64
                               " to %" PRId64 ", which fits",
                               column->message, s->min, s->max);
    else
        return true;
    column->message = text ? fc_probe_text(p, text) : column->message;
    return text != NULL;
}
