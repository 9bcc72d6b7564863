/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that were decided, and that the disk then does not take. */
#include "tests/unit/whole_fixture.h"

#include <stdatomic.h>
#include <string.h>

#include "feast/admin/v1/admin.pb-c.h"
#include "tests/support/shim_vfs.h"

static atomic_int sync_code;

static int on_sync(void *ctx FC_UNUSED, const char *path)
{
    return strstr(path, "registry.db") ? atomic_load(&sync_code) : SQLITE_OK;
}

static int setup(void **state)
{
    static const struct test_vfs_hooks hooks = {.sync = on_sync};

    atomic_store(&sync_code, SQLITE_OK);
    test_vfs_install(&hooks);
    return whole_setup(state);
}

static int teardown(void **state)
{
    atomic_store(&sync_code, SQLITE_OK);
    int code = whole_teardown(state);
    test_vfs_install(NULL);
    return code;
}

static Feast__Admin__V1__ApplyBatchResponse *apply(struct whole_server *server, bool atomic)
{
    Feast__Admin__V1__ApplyBatchRequest request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;
    Feast__Admin__V1__BatchObject object = FEAST__ADMIN__V1__BATCH_OBJECT__INIT;
    Feast__Admin__V1__BatchObject *objects[] = {&object};

    object.object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_NEW_PROJECT;
    object.new_project = (char *)"rides";
    request.objects = objects;
    request.n_objects = FC_ARRAY_LEN(objects);
    request.atomic = atomic;
    return whole_call(server, "/feast.admin.v1.AdminService/ApplyBatch", &request.base,
                      &feast__admin__v1__apply_batch_response__descriptor);
}

/* The first transaction of a batch is rolled back and needs no sync; the second one does, when all is decided. */
static void fails_with_its_commit(struct whole_server *server, bool atomic)
{
    atomic_store(&sync_code, SQLITE_IOERR_FSYNC);
    must_fail(server, apply(server, atomic), STORE_UNAVAILABLE, "the registry could not write");
    atomic_store(&sync_code, SQLITE_OK);
    const Feast__Admin__V1__ApplyBatchResponse *answer = must_answer(server, apply(server, atomic));
    assert_true(answer->applied);
    assert_int_equal(answer->results[0]->change, FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__CREATED);
}

static void a_batch_fails_with_its_commit(void **state)
{
    fails_with_its_commit(*state, false);
}

static void an_atomic_batch_fails_with_its_commit(void **state)
{
    fails_with_its_commit(*state, true);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(a_batch_fails_with_its_commit),
    CASE(an_atomic_batch_fails_with_its_commit),
};

FC_TEST_MAIN(cases)
