/* SPDX-License-Identifier: Apache-2.0 */
/** An order of ingestion from a Parquet file into the embedded store, and what became of it; for the programs about it. */
#pragma once

#include "tests/unit/harness.h"

#include "feast/storage/OnlineRow.pb-c.h"
#include "storage/online/sqlite.h"
#include "tests/support/parquet.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"
#include "worker/tasks/ingest_batch.h"

struct ingest_fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    Feast__Worker__V1__Ingest *order;
    Google__Protobuf__Timestamp start, end;
    Feast__Core__FeatureTableSpec *spec;
    Feast__Worker__V1__Receipt *receipt;
    int progresses;
    Feast__Worker__V1__Progress last;
    struct fc_error err;
};

/** driver_id INT64, trips INT32, rating FLOAT, max_age one hour, at <scratch>/t.parquet. */
int ingest_setup(void **state);
int ingest_teardown(void **state);

/** Follows the order; what a receipt must add up to, and that progress only grows, is looked at. */
fc_rc ingest(struct ingest_fixture *f);
/** It must come to a good end. */
void ingest_ok(struct ingest_fixture *f);
/** Rows of a SELECT as the file. */
void ingest_source(struct ingest_fixture *f, const char *select);
/** Of the last receipt. */
void ingest_counts(const struct ingest_fixture *f, uint64_t read, uint64_t written,
                   uint64_t rejected, uint64_t late, uint64_t superseded);
/** What the store has of a driver, in the arena; NULL when nothing. `*ret` has the times. */
Feast__Storage__OnlineRow *ingest_stored(struct ingest_fixture *f, int64_t driver,
                                         struct fc_online_row *ret);
/** The value of `trips`, -1 when the row has none, -2 when there is no row. */
int64_t ingest_trips(struct ingest_fixture *f, int64_t driver);
