/* SPDX-License-Identifier: Apache-2.0 */
/** The job supervisor on a real store, with workers of the test's choice. Failures abort the test. */
#pragma once

#include "tests/unit/harness.h"

#include <stdatomic.h>

#include "server/jobs/jobs.h"
#include "tests/support/registry.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"

#define INT64_TYPE FEAST__TYPES__VALUE_TYPE__ENUM__INT64

/** Tables driver_trips and other (tests/support/specs.h) are in the default project. */
struct jobs_fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_store *store;
    struct fc_jobs_options options; /**< change before the supervisor is opened */
    struct fc_jobs *jobs;
};

/** The answer of a start or a cancel. */
struct jobs_answer {
    atomic_int answers;
    char id[40];
    int64_t created_ns;
    struct fc_error err;
};

int jobs_setup(void **state);
int jobs_teardown(void **state);
#define JOBS_CASE(name) cmocka_unit_test_setup_teardown(name, jobs_setup, jobs_teardown)

void jobs_open(struct jobs_fixture *f, const char *worker);
/** With a worker of tests/support/bad_worker.c. */
void jobs_open_bad(struct jobs_fixture *f, const char *name);
void jobs_close(struct jobs_fixture *f);

void jobs_ask(struct jobs_fixture *f, const struct fc_batch_request *request,
              struct jobs_answer *answer);
/** Starts the ingestion of a table; the id lives as long as the fixture. */
const char *jobs_start(struct jobs_fixture *f, const char *table);
fc_rc jobs_cancel(struct jobs_fixture *f, const char *id, struct fc_error *ret_err);

struct fc_job_row jobs_row(struct jobs_fixture *f, const char *id);
/** Waits until the stored row is in this state. */
struct fc_job_row jobs_wait(struct jobs_fixture *f, const char *id, enum fc_job_state state);
/** Waits until the job has ended. */
struct fc_job_row jobs_ended(struct jobs_fixture *f, const char *id);
/** Waits until the first attempt is lost and the second planned. */
void jobs_wait_for_pause(struct jobs_fixture *f, const char *id);

void assert_says(fc_str text, const char *part);
void assert_text(fc_str text, const char *expected);
