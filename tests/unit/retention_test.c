/* SPDX-License-Identifier: Apache-2.0 */
/* What is not kept for ever: by age, the newest in any case, in slices, with the files of jobs. */
#include "server/retention.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/sys.h"
#include "tests/unit/store_fixture.h"

#define DAY_NS   (24 * 3600 * FC_NS_PER_S)
#define NOW_NS   (1700000000 * FC_NS_PER_S)
#define JOBS     120
#define ID_BYTES 33

/* The clock of the store and of retention; the store's writer reads it too. */
static atomic_int_fast64_t now;

static int64_t read_clock(void *ctx FC_UNUSED)
{
    return atomic_load(&now);
}

static struct fc_sys stopped_clock;

static int setup(void **state)
{
    stopped_clock = *fc_sys_real();
    stopped_clock.now_ns = read_clock;
    atomic_store(&now, NOW_NS);
    if (store_setup_closed(state) != 0)
        return -1;
    struct store_fixture *fixture = *state;
    fixture->options.sys = &stopped_clock;
    store_fixture_open(fixture);
    return 0;
}

struct retained {
    struct fc_retention *retention;
    struct fc_retention_removed removed;
};

/* Its own thread looks in an hour: all that happens, happens here. */
static struct retained look(struct store_fixture *fixture, int64_t jobs_keep_ns,
                            int64_t outbox_keep_ns)
{
    const struct fc_retention_options options = {
        .sys = &stopped_clock,
        .store = fixture->store,
        .data_dir = fixture->dir,
        .jobs_keep_ns = jobs_keep_ns,
        .outbox_keep_ns = outbox_keep_ns,
        .interval_ns = 3600 * FC_NS_PER_S,
    };
    struct retained ret = {.retention = NULL};

    assert_ok(fixture, fc_retention_new(&options, &ret.retention, &fixture->err));
    assert_ok(fixture, fc_retention_run(ret.retention, &ret.removed, &fixture->err));
    fc_retention_free(ret.retention);
    return ret;
}

static int64_t number_of(struct store_fixture *fixture, const char *sql)
{
    store_fixture_close(fixture);
    int64_t number = store_raw_number(fixture, sql);
    store_fixture_open(fixture);
    return number;
}

static fc_rc put_job(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct fc_job_row *row = ctx;
    enum fc_job_state last = row->state;

    row->state = FC_JOB_PENDING;
    fc_rc rc = fc_job_insert(txn, row, err);
    row->state = last;
    return rc == FC_OK && last != FC_JOB_PENDING ? fc_job_update(txn, row, err) : rc;
}

static void job_id(int number, char id[ID_BYTES])
{
    (void)snprintf(id, ID_BYTES, "%032x", (unsigned)number);
}

/* With a log, as a worker leaves one. */
static void add_job(struct store_fixture *fixture, int number, const char *table,
                    enum fc_job_state job_state, int64_t ended_ns)
{
    char id[ID_BYTES], path[128];
    job_id(number, id);
    struct fc_job_row row = {.id = fc_str_from(id),
                             .type = FC_JOB_BATCH_INGESTION,
                             .state = job_state,
                             .project = FC_STR("default"),
                             .table_name = fc_str_from(table),
                             .created_ns = ended_ns,
                             .ended_ns = ended_ns};
    assert_ok(fixture, store_run(fixture, put_job, &row));
    (void)snprintf(path, sizeof path, "jobs/%s", id);
    assert_int_equal(fc_mkdirs(store_path(fixture, path), 0700), 0);
    (void)snprintf(path, sizeof path, "jobs/%s/worker.log", id);
    FILE *log = fopen(store_path(fixture, path), "w");
    assert_non_null(log);
    assert_int_equal(fclose(log), 0);
}

static bool has_row(struct store_fixture *fixture, int number)
{
    struct fc_job_row row;
    char id[ID_BYTES];

    job_id(number, id);
    assert_ok(fixture, fc_job_find(store_reader(fixture), fc_str_from(id), fixture->arena, &row,
                                   &fixture->err));
    return row.id.len > 0;
}

static bool has_job(struct store_fixture *fixture, int number)
{
    char id[ID_BYTES], path[64];
    bool row = has_row(fixture, number);

    job_id(number, id);
    (void)snprintf(path, sizeof path, "jobs/%s", id);
    /* The files live as long as the row. */
    assert_int_equal(access(store_path(fixture, path), F_OK) == 0, row);
    return row;
}

static void old_jobs_go_with_their_files(void **state)
{
    struct store_fixture *fixture = *state;

    /* More than two slices of old ones, of one table. */
    for (int i = 0; i < JOBS + FC_JOBS_KEPT; i++) {
        add_job(fixture, i, "trips", i % 2 == 0 ? FC_JOB_CANCELLED : FC_JOB_ERROR,
                NOW_NS - 31 * DAY_NS + i);
    }
    assert_int_equal(look(fixture, 30 * DAY_NS, 0).removed.jobs, JOBS);
    for (int i = 0; i < JOBS + FC_JOBS_KEPT; i++)
        assert_int_equal(has_job(fixture, i), i >= JOBS);
    assert_int_equal(look(fixture, 30 * DAY_NS, 0).removed.jobs, 0);
}

static void young_and_active_jobs_stay(void **state)
{
    struct store_fixture *fixture = *state;

    add_job(fixture, 0, "trips", FC_JOB_PENDING, 0);
    add_job(fixture, 1, "trips", FC_JOB_CANCELLED, NOW_NS - 30 * DAY_NS);
    add_job(fixture, 2, "trips", FC_JOB_CANCELLED, NOW_NS - 30 * DAY_NS - 1);
    for (int i = 3; i < 3 + FC_JOBS_KEPT; i++)
        add_job(fixture, i, "trips", FC_JOB_CANCELLED, NOW_NS);
    add_job(fixture, 100, "other", FC_JOB_CANCELLED, NOW_NS - 300 * DAY_NS);

    assert_int_equal(look(fixture, 30 * DAY_NS, 0).removed.jobs, 1);
    assert_true(has_job(fixture, 0));
    assert_true(has_job(fixture, 1));
    assert_false(has_job(fixture, 2));
    assert_true(has_job(fixture, 100)); /* old, but the newest of its table */
}

static void changes_go_by_age_and_the_newest_stays(void **state)
{
    struct store_fixture *fixture = *state;
    char name[32];

    /* More than a slice, one a request; then one that is younger. */
    for (int i = 0; i < 600; i++) {
        (void)snprintf(name, sizeof name, "entity_%d", i);
        (void)store_add_entity(fixture, name);
    }
    int64_t all = number_of(fixture, "SELECT count(*) FROM outbox");
    int64_t last = number_of(fixture, "SELECT max(seq) FROM outbox");
    assert_int_equal(look(fixture, 0, 7 * DAY_NS).removed.outbox, 0);

    atomic_store(&now, NOW_NS + 7 * DAY_NS);
    assert_int_equal(look(fixture, 0, 7 * DAY_NS).removed.outbox, 0);
    (void)store_add_entity(fixture, "younger");
    atomic_store(&now, NOW_NS + 7 * DAY_NS + 1);
    assert_int_equal(look(fixture, 0, 7 * DAY_NS).removed.outbox, all);
    assert_int_equal(number_of(fixture, "SELECT min(seq) FROM outbox"), last + 1);

    atomic_store(&now, NOW_NS + 70 * DAY_NS);
    assert_int_equal(look(fixture, 0, 7 * DAY_NS).removed.outbox, 0); /* the newest */
    (void)store_add_entity(fixture, "youngest");
    assert_int_equal(look(fixture, 0, 7 * DAY_NS).removed.outbox, 1);
    assert_int_equal(number_of(fixture, "SELECT min(seq) FROM outbox"), last + 2);
    /* The history of objects is another thing. */
    assert_int_equal(number_of(fixture, "SELECT count(*) FROM revision WHERE kind = 2"), 602);
}

static void nothing_goes_when_all_is_kept(void **state)
{
    struct store_fixture *fixture = *state;

    for (int i = 0; i < 2 * FC_JOBS_KEPT; i++)
        add_job(fixture, i, "trips", FC_JOB_CANCELLED, 1);
    (void)store_add_entity(fixture, "carrier");
    (void)store_add_entity(fixture, "rider");
    atomic_store(&now, NOW_NS + 10000 * DAY_NS);
    struct retained kept = look(fixture, 0, 0);
    assert_int_equal(kept.removed.jobs + kept.removed.outbox, 0);
}

static bool is_gone(void *ctx)
{
    return !has_row(ctx, 0);
}

static void the_thread_looks_by_itself(void **state)
{
    struct store_fixture *fixture = *state;
    const struct fc_retention_options options = {
        .sys = &stopped_clock,
        .store = fixture->store,
        .data_dir = fixture->dir,
        .jobs_keep_ns = DAY_NS,
        .interval_ns = FC_NS_PER_MS,
    };
    struct fc_retention *retention = NULL;

    add_job(fixture, 0, "trips", FC_JOB_CANCELLED, NOW_NS - 2 * DAY_NS);
    assert_ok(fixture, fc_retention_new(&options, &retention, &fixture->err));
    for (int i = 1; i <= FC_JOBS_KEPT; i++)
        add_job(fixture, i, "trips", FC_JOB_CANCELLED, NOW_NS);
    store_wait(is_gone, fixture);
    fc_retention_free(retention);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(old_jobs_go_with_their_files, setup, store_teardown),
    cmocka_unit_test_setup_teardown(young_and_active_jobs_stay, setup, store_teardown),
    cmocka_unit_test_setup_teardown(changes_go_by_age_and_the_newest_stays, setup, store_teardown),
    cmocka_unit_test_setup_teardown(nothing_goes_when_all_is_kept, setup, store_teardown),
    cmocka_unit_test_setup_teardown(the_thread_looks_by_itself, setup, store_teardown),
};

FC_TEST_MAIN(cases)
