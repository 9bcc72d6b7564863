/* SPDX-License-Identifier: Apache-2.0 */
/** A look at the batch source of a table, and what its report says; for the programs about looks. */
#pragma once

#include "tests/unit/harness.h"

#include "tests/support/parquet.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"
#include "worker/tasks/probe.h"

struct probe_fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    Feast__Worker__V1__Probe probe;
    Feast__Worker__V1__Limits limits;
    Feast__Core__FeatureTableSpec *spec;
    struct fc_error err;
};

/** driver_id INT64, trips INT32, rating FLOAT, event column `ts`, at <scratch>/t.parquet; 1000 rows of up to 32 files. */
int probe_setup(void **state);
int probe_teardown(void **state);

/** Looks, with a fresh engine; the report is in the arena. */
fc_rc probe_run(struct probe_fixture *f, Feast__Admin__V1__SourceReport **ret);
/** The report of a look, which must come to one. */
Feast__Admin__V1__SourceReport *probe_look(struct probe_fixture *f);
/** The same with the rows of a SELECT as the file. */
Feast__Admin__V1__SourceReport *probe_look_at(struct probe_fixture *f, const char *select);

/** Of an entity, a feature or a time column; fails when there is none of that name. */
const Feast__Admin__V1__ColumnReport *probe_column(const Feast__Admin__V1__SourceReport *report,
                                                   const char *name);
/** Whether a note has this text. */
bool probe_noted(const Feast__Admin__V1__SourceReport *report, const char *text);
/** Fails unless the text has this part. */
void probe_holds(const char *text, const char *part);
