/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is out when a request is to be undone: nothing of it may stay, and nobody may hear of damage. */
#include "tests/unit/store_fixture.h"

#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>

static sqlite3_mem_methods plain;
static atomic_bool next_fails;

static void *sqlite_malloc(int size)
{
    return atomic_exchange(&next_fails, false) ? NULL : plain.xMalloc(size);
}

static int group_setup(void **state FC_UNUSED)
{
    static sqlite3_mem_methods scarce;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK)
        return -1;
    scarce = plain;
    scarce.xMalloc = sqlite_malloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce) == SQLITE_OK ? 0 : -1;
}

/* A request of a group, and what became of it. */
struct member {
    const char *name;
    bool refuse;
    fc_rc rc;
    sem_t done;
};

/* One that is refused has written by then, and the first thing that its undoing asks memory for is not given. */
static fc_rc run_member(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct member *member = ctx;
    struct put_entity put = {.project_id = 1, .row = store_entity_row(member->name, "x")};
    fc_rc rc = run_put_entity(txn, &put, err);

    if (rc != FC_OK || !member->refuse)
        return rc;
    atomic_store(&next_fails, true);
    return fc_fail(err, FC_REASON_ENTITY_TYPE_CHANGED, "refused after the write");
}

static void member_done(void *ctx, const struct fc_error *err)
{
    struct member *member = ctx;

    member->rc = err ? err->rc : FC_OK;
    (void)sem_post(&member->done);
}

static void submit(struct store_fixture *fixture, struct member *member)
{
    assert_int_equal(sem_init(&member->done, 0, 0), 0);
    fc_store_submit(fixture->store, run_member, member_done, member);
}

static bool has_entity(struct store_fixture *fixture, const char *name)
{
    struct fc_entity_row row;

    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), fc_str_from(name),
                                      fixture->arena, &row, &fixture->err));
    return row.id != 0;
}

struct gate {
    sem_t entered, open;
};

/* Holds the writer, so that what is submitted meanwhile is one group. */
static fc_rc run_gate(struct fc_txn *txn FC_UNUSED, void *ctx, struct fc_error *err FC_UNUSED)
{
    struct gate *gate = ctx;

    (void)sem_post(&gate->entered);
    (void)sem_wait(&gate->open);
    return FC_OK;
}

static void a_request_that_cannot_be_undone_is_not_committed(void **state)
{
    struct store_fixture *fixture = *state;
    struct member refused = {.name = "refused", .refuse = true}, good = {.name = "good"};
    struct gate gate;

    assert_int_equal(sem_init(&gate.entered, 0, 0), 0);
    assert_int_equal(sem_init(&gate.open, 0, 0), 0);
    fc_store_submit(fixture->store, run_gate, NULL, &gate);
    (void)sem_wait(&gate.entered);
    submit(fixture, &refused);
    submit(fixture, &good);
    (void)sem_post(&gate.open);
    (void)sem_wait(&good.done);
    assert_false(atomic_load(&next_fails));
    assert_int_not_equal(refused.rc, FC_OK);
    assert_false(has_entity(fixture, "refused"));
    /* The two were one transaction. */
    assert_int_equal(good.rc, FC_RESOURCE_EXHAUSTED);
    assert_false(has_entity(fixture, "good"));
    (void)store_add_entity(fixture, "after");
}

static void a_transaction_that_cannot_be_undone_harms_no_later_one(void **state)
{
    struct store_fixture *fixture = *state;
    struct member refused = {.name = "refused", .refuse = true};

    submit(fixture, &refused);
    (void)sem_wait(&refused.done);
    assert_int_equal(refused.rc, FC_INVALID_ARGUMENT);
    (void)store_add_entity(fixture, "after");
    assert_false(atomic_load(&next_fails));
    assert_false(has_entity(fixture, "refused"));
    assert_true(has_entity(fixture, "after"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, store_setup, store_teardown)

static const struct CMUnitTest cases[] = {
    CASE(a_request_that_cannot_be_undone_is_not_committed),
    CASE(a_transaction_that_cannot_be_undone_harms_no_later_one),
};

FC_TEST_MAIN_GROUP(cases, group_setup, NULL)
