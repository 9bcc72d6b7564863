/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/attr.h"
#include "base/cond.h"
#include "base/pause.h"
#include "base/sys.h"

static void a_moment_carries_its_nanoseconds(void **state FC_UNUSED)
{
    const int64_t span = 3 * FC_NS_PER_S + FC_NS_PER_S - 1;
    int64_t before = fc_monotonic_ns(fc_sys_real());
    struct timespec moment = fc_cond_after(span);
    int64_t at = (int64_t)moment.tv_sec * FC_NS_PER_S + moment.tv_nsec;

    assert_in_range(moment.tv_nsec, 0, FC_NS_PER_S - 1);
    assert_true(at >= before + span && at <= fc_monotonic_ns(fc_sys_real()) + span);
}

static void a_pause_passes(void **state FC_UNUSED)
{
    struct fc_pause pause;
    int64_t before = fc_monotonic_ns(fc_sys_real());

    fc_pause_init(&pause);
    assert_true(fc_pause_for(&pause, 2 * FC_NS_PER_MS));
    assert_true(fc_monotonic_ns(fc_sys_real()) >= before + 2 * FC_NS_PER_MS);
    fc_pause_done(&pause);
}

static void *pause_long(void *pause)
{
    return fc_pause_for(pause, 3600 * FC_NS_PER_S) ? pause : NULL;
}

static void the_end_ends_pauses_under_way_and_later_ones(void **state FC_UNUSED)
{
    struct fc_pause pause;
    pthread_t threads[3];
    void *passed = NULL;

    fc_pause_init(&pause);
    for (size_t i = 0; i < FC_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pause_long, &pause), 0);
    assert_false(fc_pause_is_over(&pause));
    fc_pause_end(&pause);
    for (size_t i = 0; i < FC_ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &passed), 0);
        assert_null(passed);
    }
    assert_true(fc_pause_is_over(&pause));
    assert_null(pause_long(&pause));
    fc_pause_done(&pause);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_moment_carries_its_nanoseconds),
        cmocka_unit_test(a_pause_passes),
        cmocka_unit_test(the_end_ends_pauses_under_way_and_later_ones),
    };
    return fc_test_run(argc, argv, cases, FC_ARRAY_LEN(cases), NULL, NULL);
}
