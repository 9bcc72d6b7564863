/* SPDX-License-Identifier: Apache-2.0 */
/* When a table is looked at again, and what a look makes of its verdict. */
#include "tests/unit/harness.h"

#include "base/attr.h"
#include "feast/admin/v1/report.pb-c.h"
#include "server/reverify/plan.h"

#define VERDICT(word) ((int32_t)FEAST__ADMIN__V1__VERDICT__##word)
#define MIDDLE        UINT32_C(0x80000000)

static const struct fc_reverify_plan plan = {
    .interval_ns = 100000, .retry_min_ns = 1000, .retry_max_ns = 20000};

static int64_t pause_of(int32_t verdict, int64_t failures, uint32_t random)
{
    int64_t next = 0;

    assert_true(fc_reverify_next(&plan, verdict, failures, 7, random, &next));
    return next - 7;
}

static void judged_tables_wait_for_the_interval(void **state FC_UNUSED)
{
    assert_int_equal(pause_of(VERDICT(OK), 0, MIDDLE), 100000);
    assert_int_equal(pause_of(VERDICT(MISMATCHED), 0, MIDDLE), 100000);
}

static void pauses_double_up_to_a_limit(void **state FC_UNUSED)
{
    static const int64_t pauses[] = {1000, 1000, 2000, 4000, 8000, 16000, 20000, 20000};

    for (int64_t failures = 0; failures < (int64_t)FC_ARRAY_LEN(pauses); failures++) {
        assert_int_equal(pause_of(VERDICT(UNVERIFIED), failures, MIDDLE), pauses[failures]);
        assert_int_equal(pause_of(VERDICT(DRIFTED), failures, MIDDLE), pauses[failures]);
    }
    assert_int_equal(pause_of(VERDICT(UNVERIFIED), INT64_MAX, MIDDLE), 20000);
}

static void looks_are_spread(void **state FC_UNUSED)
{
    assert_int_equal(pause_of(VERDICT(OK), 0, 0), 90000);
    assert_in_range(pause_of(VERDICT(OK), 0, UINT32_MAX), 109999, 110000);
}

static void some_tables_have_no_next_look(void **state FC_UNUSED)
{
    const struct fc_reverify_plan never = {.retry_min_ns = 1000, .retry_max_ns = 2000};
    int64_t next = 0;

    assert_false(fc_reverify_next(&plan, VERDICT(NOT_CHECKED), 0, 0, 0, &next));
    assert_false(fc_reverify_next(&never, VERDICT(OK), 0, 0, 0, &next));
    assert_false(fc_reverify_next(&never, VERDICT(MISMATCHED), 0, 0, 0, &next));
    assert_true(fc_reverify_next(&never, VERDICT(UNVERIFIED), 1, 0, 0, &next));
    assert_true(fc_reverify_next(&never, VERDICT(DRIFTED), 1, 0, 0, &next));
}

static void verdicts_follow_what_was_found(void **state FC_UNUSED)
{
    static const struct {
        int32_t before, found, after;
        bool keep;
    } rows[] = {
        {VERDICT(OK), VERDICT(OK), VERDICT(OK), false},
        {VERDICT(OK), VERDICT(MISMATCHED), VERDICT(DRIFTED), false},
        {VERDICT(OK), VERDICT(UNVERIFIED), VERDICT(UNVERIFIED), false},
        {VERDICT(UNVERIFIED), VERDICT(OK), VERDICT(OK), false},
        {VERDICT(UNVERIFIED), VERDICT(MISMATCHED), VERDICT(DRIFTED), false},
        {VERDICT(UNVERIFIED), VERDICT(UNVERIFIED), VERDICT(UNVERIFIED), false},
        {VERDICT(DRIFTED), VERDICT(OK), VERDICT(OK), false},
        {VERDICT(DRIFTED), VERDICT(MISMATCHED), VERDICT(DRIFTED), false},
        {VERDICT(DRIFTED), VERDICT(UNVERIFIED), VERDICT(DRIFTED), true},
        {VERDICT(MISMATCHED), VERDICT(OK), VERDICT(OK), false},
        {VERDICT(MISMATCHED), VERDICT(MISMATCHED), VERDICT(MISMATCHED), false},
        {VERDICT(MISMATCHED), VERDICT(UNVERIFIED), VERDICT(MISMATCHED), true},
        {VERDICT(NOT_CHECKED), VERDICT(MISMATCHED), VERDICT(MISMATCHED), false},
        {VERDICT(NOT_CHECKED), VERDICT(UNVERIFIED), VERDICT(UNVERIFIED), false},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        bool keep = !rows[i].keep;
        assert_int_equal(fc_reverify_verdict(rows[i].before, rows[i].found, &keep), rows[i].after);
        assert_int_equal(keep, rows[i].keep);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(judged_tables_wait_for_the_interval),
    cmocka_unit_test(pauses_double_up_to_a_limit),
    cmocka_unit_test(looks_are_spread),
    cmocka_unit_test(some_tables_have_no_next_look),
    cmocka_unit_test(verdicts_follow_what_was_found),
};

FC_TEST_MAIN(cases)
