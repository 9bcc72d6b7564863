/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of a probe. */
#pragma once

#include "worker/sources/source.h"
#include "worker/tasks/binding.h"
#include "worker/tasks/sample.h"

#define FC_LEVEL_OF(word) FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__##word

/** One probe. */
struct fc_probe {
    struct fc_arena *arena;
    const struct fc_sys *sys;
    struct fc_access access;
    struct fc_source_env env;
    const Feast__Core__FeatureTableSpec *spec;
    const Feast__Core__DataSource *source;
    struct fc_binding binding;
    struct fc_source_schema schema;
    struct fc_probe_statistics *statistics; /**< of each bound column */
    struct fc_sample *sample;
    Feast__Admin__V1__SourceReport *report;
    struct fc_error *err;
};

/** What the source's own statistics said of the values of a column. */
struct fc_probe_statistics {
    int64_t rows;
    int64_t rows_unknown; /**< of these, not known to be in the range below */
    int64_t invalid;      /**< of these, so many at least do not convert */
    bool ranged;
    int64_t min, max;
};

/** Text that a message may hold, in the arena. */
char *fc_probe_text(struct fc_probe *probe, const char *text);

/** Adds a note; NULL, and more than fit, are dropped. */
void fc_probe_note(struct fc_probe *probe, const char *text);

FC_MUST fc_rc fc_probe_no_memory(struct fc_error *err);

/** How often the source has the column; `*ret` is its first place. */
size_t fc_probe_find(const struct fc_probe *probe, const char *name, size_t *ret);

/** Fills in what to do about the column; `sampled` NULL while no value was seen. */
void fc_probe_advise(struct fc_probe *probe, const struct fc_bound_column *bound,
                     const struct fc_column_type *type, const struct fc_sample_column *sampled,
                     Feast__Admin__V1__ColumnReport *column);

/** Judges all columns by the schema, and says what is odd about the source. */
FC_MUST fc_rc fc_probe_report_schema(struct fc_probe *probe);

/** Has the source tell `probe->statistics` while it is sampled. */
FC_MUST fc_rc fc_probe_ask_statistics(struct fc_probe *probe, struct fc_sample *sample);

/** What statistics prove about a column whose values have to be looked at; false when memory is out. */
FC_MUST bool fc_probe_report_statistics(struct fc_probe *probe, size_t index);

/** What the sampled values say. */
FC_MUST fc_rc fc_probe_report_sample(struct fc_probe *probe, const struct fc_sample *sample,
                                     const struct fc_sample_stats *stats);
