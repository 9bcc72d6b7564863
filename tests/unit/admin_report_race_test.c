/* SPDX-License-Identifier: Apache-2.0 */
/* A report that is replaced between the look at the row that names it and the look at itself. */
#include "tests/unit/whole_fixture.h"

#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "storage/registry.h"

fc_rc __real_fc_report_find(struct fc_reader *reader, int64_t report_id, struct fc_arena *arena,
                            fc_str *ret_body, struct fc_error *err);
fc_rc __wrap_fc_report_find(struct fc_reader *reader, int64_t report_id, struct fc_arena *arena,
                            fc_str *ret_body, struct fc_error *err);

static struct fc_store
    *_Atomic store; /* whose report is replaced at the next look at one; NULL: none is */

struct replacing {
    int64_t report_id;
    struct fc_arena *arena;
};

/* As the background does when it finds what it found before. */
static fc_rc replace(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct replacing *replacing = ctx;
    struct fc_table_row row;
    int64_t fresh = 0;
    fc_str body;

    fc_rc rc = fc_table_find(fc_txn_reader(txn), FC_STR("default"), FC_STR("driver_trips"),
                             replacing->arena, &row, err);
    if (rc == FC_OK)
        rc = __real_fc_report_find(fc_txn_reader(txn), replacing->report_id, replacing->arena,
                                   &body, err);
    if (rc == FC_OK)
        rc = fc_report_insert(txn, row.id, row.verdict, body, &fresh, err);
    if (rc == FC_OK)
        rc = fc_table_set_verdict(txn, row.id, row.verdict, row.mode, fresh, err);
    return rc == FC_OK ? fc_report_remove(txn, replacing->report_id, err) : rc;
}

fc_rc __wrap_fc_report_find(struct fc_reader *reader, int64_t report_id, struct fc_arena *arena,
                            fc_str *ret_body, struct fc_error *err)
{
    struct fc_store *mine = store;
    struct replacing replacing = {.report_id = report_id, .arena = arena};

    store = NULL;
    if (mine && fc_store_run(mine, replace, &replacing, err) != FC_OK)
        return err->rc;
    return __real_fc_report_find(reader, report_id, arena, ret_body, err);
}

static void a_report_that_is_replaced_is_found(void **state)
{
    struct whole_server *server = *state;
    Feast__Core__ApplyFeatureTableRequest apply = FEAST__CORE__APPLY_FEATURE_TABLE_REQUEST__INIT;
    Feast__Admin__V1__GetValidationReportRequest get =
        FEAST__ADMIN__V1__GET_VALIDATION_REPORT_REQUEST__INIT;

    apply.table_spec = test_table(server->arena);
    (void)must_answer(server,
                      whole_call(server, "/feast.core.CoreService/ApplyFeatureTable", &apply.base,
                                 &feast__core__apply_feature_table_response__descriptor));
    get.table = (char *)"driver_trips";
    store = server->store;
    const Feast__Admin__V1__GetValidationReportResponse *answer = must_answer(
        server, whole_call(server, "/feast.admin.v1.AdminService/GetValidationReport", &get.base,
                           &feast__admin__v1__get_validation_report_response__descriptor));
    assert_null(store);
    assert_int_equal(answer->report->verdict, FEAST__ADMIN__V1__VERDICT__OK);
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(a_report_that_is_replaced_is_found),
};

FC_TEST_MAIN(cases)
