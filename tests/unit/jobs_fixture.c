/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/jobs_fixture.h"

int jobs_setup(void **state)
{
    struct jobs_fixture *f = test_calloc(1, sizeof *f);
    Feast__Core__FeatureTableSpec *other;

    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 * 1024 * 1024);
    f->store = test_store_open(test_path(&f->scratch, "data"));
    test_put_entity(f->store, "default", "driver_id", INT64_TYPE);
    test_put_table(f->store, "default", test_table(f->arena));
    other = test_table(f->arena);
    other->name = (char *)"other";
    test_put_table(f->store, "default", other);
    f->options = (struct fc_jobs_options){
        .store = f->store,
        .data_dir = fc_arena_strdup(f->arena, test_path(&f->scratch, "data")),
        .parallel = 4,
        .max_attempts = 2,
        .backoff_ns = FC_NS_PER_MS,
        .local_any = true,
        .access = test_files_only(),
    };
    *state = f;
    return 0;
}

int jobs_teardown(void **state)
{
    struct jobs_fixture *f = *state;

    fc_jobs_free(f->jobs);
    fc_store_close(f->store);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

void jobs_open(struct jobs_fixture *f, const char *worker)
{
    struct fc_error err = FC_ERROR_INIT;

    f->options.worker_path = worker;
    if (fc_jobs_new(&f->options, &f->jobs, &err) != FC_OK)
        fail_msg("%s", err.message);
}

void jobs_open_bad(struct jobs_fixture *f, const char *name)
{
    jobs_open(f, test_bad_worker(&f->scratch, name));
}

void jobs_close(struct jobs_fixture *f)
{
    fc_jobs_free(f->jobs);
    f->jobs = NULL;
}

static bool is_answered(void *ctx)
{
    return atomic_load(&((struct jobs_answer *)ctx)->answers) > 0;
}

static void started(void *ctx, const struct fc_job_row *row, const struct fc_error *err)
{
    struct jobs_answer *answer = ctx;

    if (err) {
        answer->err = *err;
    } else {
        (void)snprintf(answer->id, sizeof answer->id, "%.*s", (int)row->id.len, row->id.ptr);
        answer->created_ns = row->created_ns;
    }
    atomic_fetch_add(&answer->answers, 1);
}

void jobs_ask(struct jobs_fixture *f, const struct fc_batch_request *request,
              struct jobs_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    fc_jobs_start_batch(f->jobs, request, started, answer);
    test_wait_until(is_answered, answer, "the answer of a start");
    assert_int_equal(atomic_load(&answer->answers), 1);
}

/* Starts the ingestion of a table; its id lives as long as the arena. */
const char *jobs_start(struct jobs_fixture *f, const char *table)
{
    const struct fc_batch_request request = {.table_name = fc_str_from(table)};
    struct jobs_answer answer;

    jobs_ask(f, &request, &answer);
    if (answer.err.rc != FC_OK)
        fail_msg("%s", answer.err.message);
    return fc_arena_strdup(f->arena, answer.id);
}

struct fc_job_row jobs_row(struct jobs_fixture *f, const char *id)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_job_row row = {.type = 0};

    if (fc_store_reader(f->store, &reader, &err) != FC_OK ||
        fc_job_find(reader, fc_str_from(id), f->arena, &row, &err) != FC_OK)
        fail_msg("%s", err.message);
    return row;
}

struct wanted {
    struct jobs_fixture *f;
    const char *id;
    enum fc_job_state state;
};

static bool is_in_state(void *ctx)
{
    const struct wanted *wanted = ctx;

    return jobs_row(wanted->f, wanted->id).state == wanted->state;
}

struct fc_job_row jobs_wait(struct jobs_fixture *f, const char *id, enum fc_job_state state)
{
    struct wanted wanted = {f, id, state};

    test_wait_until(is_in_state, &wanted, "the state of a job");
    return jobs_row(f, id);
}

static bool has_ended(void *ctx)
{
    const struct wanted *wanted = ctx;
    enum fc_job_state state = jobs_row(wanted->f, wanted->id).state;

    return state != FC_JOB_PENDING && state != FC_JOB_RUNNING;
}

struct fc_job_row jobs_ended(struct jobs_fixture *f, const char *id)
{
    struct wanted wanted = {.f = f, .id = id};

    test_wait_until(has_ended, &wanted, "the end of a job");
    return jobs_row(f, id);
}

static bool text_has(fc_str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part));
}

void assert_says(fc_str text, const char *part)
{
    if (!text_has(text, part))
        fail_msg("\"%.*s\" does not say \"%s\"", (int)text.len, text.ptr, part);
}

void assert_text(fc_str text, const char *expected)
{
    assert_true(fc_str_eq(text, fc_str_from(expected)));
}

static void answered(void *ctx, const struct fc_error *err)
{
    struct jobs_answer *answer = ctx;

    if (err)
        answer->err = *err;
    atomic_fetch_add(&answer->answers, 1);
}

fc_rc jobs_cancel(struct jobs_fixture *f, const char *id, struct fc_error *ret_err)
{
    struct jobs_answer answer;

    memset(&answer, 0, sizeof answer);
    fc_jobs_cancel(f->jobs, fc_str_from(id), answered, &answer);
    test_wait_until(is_answered, &answer, "the answer of a cancel");
    *ret_err = answer.err;
    return answer.err.rc;
}

static bool is_waiting_again(void *ctx)
{
    const struct wanted *wanted = ctx;
    struct fc_job_row row = jobs_row(wanted->f, wanted->id);

    return row.state == FC_JOB_PENDING && row.attempts == 1;
}

void jobs_wait_for_pause(struct jobs_fixture *f, const char *id)
{
    struct wanted wanted = {.f = f, .id = id};

    test_wait_until(is_waiting_again, &wanted, "the second attempt to be planned");
}
