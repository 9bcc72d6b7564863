/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model check: random requests, several at once and some that give up half way, against a reference in memory. After
 * each group the outcome of every request must be the reference's, and now and then all that the store holds.
 *
 * FC_TEST_SEED repeats a run, FC_TEST_GROUPS makes it longer.
 */
#include "tests/unit/store_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "tests/unit/store_model.h"

#define GROUP_MAX 8

struct pending {
    struct op op;
    fc_rc rc;
    enum fc_reason reason;
    atomic_int *done;
};

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t new_seed(void)
{
    uint64_t seed = 0;
    assert_int_equal(fc_sys_real()->random(NULL, &seed, sizeof seed), 0);
    return seed % 1000000007;
}

static fc_rc run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return model_run(txn, &((struct pending *)ctx)->op, err);
}

static void answered(void *ctx, const struct fc_error *err)
{
    struct pending *pending = ctx;
    pending->rc = err ? err->rc : FC_OK;
    pending->reason = err ? err->reason : FC_REASON_NONE;
    atomic_fetch_add(pending->done, 1);
}

static struct op draw(uint64_t *state, const struct model *model, uint64_t serial)
{
    uint64_t dice = model_random(state);
    struct op op = {
        .kind = (enum op_kind)(dice % OP_KINDS),
        .project = (int)((dice >> 8) % MODEL_PROJECTS),
        .object = (int)((dice >> 16) % MODEL_OBJECTS),
        .fail = (dice >> 24) % 10 == 0,
        .tag = model_random(state),
        .to = (enum fc_job_state)(1 + (dice >> 32) % 5),
    };
    if (op.kind == OP_PROJECT && (op.project == 0 || (dice >> 40) % 4 != 0))
        op.kind = OP_ENTITY; /* the default project stays as it is, the others appear slowly */
    if (op.kind == OP_STORE)
        op.object %= MODEL_STORES;
    if (op.kind == OP_JOB && model->job_count + GROUP_MAX >= MODEL_JOBS)
        op.kind = OP_JOB_MOVE;
    if (op.kind == OP_JOB_MOVE && model->job_count == 0)
        op.kind = OP_JOB;
    if (op.kind == OP_JOB)
        (void)snprintf(op.job_id, sizeof op.job_id, "%032llx", (unsigned long long)serial);
    else if (op.kind == OP_JOB_MOVE)
        memcpy(op.job_id, model->jobs[(dice >> 48) % model->job_count].id, sizeof op.job_id);
    return op;
}

struct group {
    struct pending items[GROUP_MAX];
    int count;
    atomic_int done;
};

static bool all_answered(void *ctx)
{
    struct group *group = ctx;
    return atomic_load(&group->done) == group->count;
}

static void run_group(struct store_fixture *fixture, struct model *model, uint64_t *state,
                      uint64_t serial)
{
    struct group group = {.count = 1 + (int)(model_random(state) % GROUP_MAX)};

    for (int i = 0; i < group.count; i++) {
        struct pending *pending = &group.items[i];
        pending->op = draw(state, model, serial * GROUP_MAX + (uint64_t)i);
        pending->op.arena = fc_arena_new((size_t)1024 * 1024);
        pending->done = &group.done;
        assert_non_null(pending->op.arena);
        fc_store_submit(fixture->store, run, answered, pending);
    }
    store_wait(all_answered, &group);
    for (int i = 0; i < group.count; i++) {
        struct pending *pending = &group.items[i];
        bool expected = model_apply(model, &pending->op);
        if (expected != (pending->rc == FC_OK)) {
            fail_msg("request of kind %d: expected %s, got %s (%s)", (int)pending->op.kind,
                     expected ? "success" : "a refusal", fc_rc_name(pending->rc),
                     fc_reason_info(pending->reason)->word);
        }
        fc_arena_free(pending->op.arena);
    }
}

static void random_requests_have_the_outcome_of_the_reference(void **state)
{
    struct store_fixture *fixture = *state;
    struct model *model = calloc(1, sizeof *model);
    uint64_t seed = number_from("FC_TEST_SEED", new_seed()), random = seed;
    uint64_t groups = number_from("FC_TEST_GROUPS", 1000);

    assert_non_null(model);
    print_message("FC_TEST_SEED=%llu\n", (unsigned long long)seed);
    fixture->options.group_limit = 1 + (unsigned)(seed % 6);
    store_fixture_reopen(fixture);
    model->projects[0].id = store_default_project(fixture);
    model->projects[0].changes = 1;
    for (uint64_t i = 1; i <= groups; i++) {
        run_group(fixture, model, &random, i);
        if (i % 50 == 0)
            model_compare(model, store_reader(fixture));
        if (i % 130 == 0) {
            store_fixture_reopen(fixture);
            model_compare(model, store_reader(fixture));
        }
    }
    store_fixture_reopen(fixture);
    model_compare(model, store_reader(fixture));
    store_fixture_close(fixture);
    assert_int_equal(
        store_raw_number(fixture, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM revision"),
                     store_raw_number(fixture, "SELECT count(*) FROM outbox WHERE change <> 3"));
    free(model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(random_requests_have_the_outcome_of_the_reference, store_setup,
                                    store_teardown),
};

FC_TEST_MAIN(cases)
