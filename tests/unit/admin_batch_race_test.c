/* SPDX-License-Identifier: Apache-2.0 */
/* What others change between the two transactions of a batch. */
#include "tests/unit/whole_fixture.h"

#include <stdatomic.h>

#include "feast/admin/v1/admin.pb-c.h"
#include "storage/registry.h"

void __real_fc_store_submit(struct fc_store *store, fc_txn_fn run, fc_txn_done_fn done, void *ctx);
void __wrap_fc_store_submit(struct fc_store *store, fc_txn_fn run, fc_txn_done_fn done, void *ctx);

static atomic_int before; /* the number of the transaction, from now on, that `other` goes before */

static fc_rc other(struct fc_txn *txn, void *ctx FC_UNUSED, struct fc_error *err)
{
    struct fc_project_row project;
    struct fc_arena *arena = fc_arena_new(4096);
    struct fc_entity_row row = {.name = FC_STR("rider_id"),
                                .value_type = FEAST__TYPES__VALUE_TYPE__ENUM__INT64,
                                .spec = FC_STR(""),
                                .reply = FC_STR("")};

    fc_rc rc = fc_project_find(fc_txn_reader(txn), FC_STR("default"), arena, &project, err);
    if (rc == FC_OK)
        rc = fc_entity_put(txn, project.id, &row, err);
    fc_arena_free(arena);
    return rc;
}

void __wrap_fc_store_submit(struct fc_store *store, fc_txn_fn run, fc_txn_done_fn done, void *ctx)
{
    if (atomic_fetch_sub(&before, 1) == 1)
        __real_fc_store_submit(store, other, NULL, NULL);
    __real_fc_store_submit(store, run, done, ctx);
}

/* Refused at first, so that its sources are not looked at; then another makes the entity that was missing. */
static void a_table_that_becomes_right_is_looked_at(void **state)
{
    struct whole_server *server = *state;
    Feast__Admin__V1__ApplyBatchRequest request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;
    Feast__Admin__V1__BatchObject object = FEAST__ADMIN__V1__BATCH_OBJECT__INIT;
    Feast__Admin__V1__BatchObject *objects[] = {&object};

    object.object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_FEATURE_TABLE;
    object.feature_table = test_table(server->arena);
    object.feature_table->entities[0] = (char *)"rider_id";
    request.objects = objects;
    request.n_objects = FC_ARRAY_LEN(objects);
    atomic_store(&before, 2);
    const Feast__Admin__V1__ApplyBatchResponse *answer = must_answer(
        server, whole_call(server, "/feast.admin.v1.AdminService/ApplyBatch", &request.base,
                           &feast__admin__v1__apply_batch_response__descriptor));
    assert_true(atomic_load(&before) <= 0);
    assert_int_equal(answer->results[0]->change, FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__CREATED);
    assert_int_equal(answer->results[0]->verdict, FEAST__ADMIN__V1__VERDICT__OK);
    assert_non_null(answer->results[0]->report);
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(a_table_that_becomes_right_is_looked_at),
};

FC_TEST_MAIN(cases)
