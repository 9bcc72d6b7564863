/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of hosts, for how long, and what each may have by it. */
#include "tests/unit/harness.h"

#include "base/sys.h"
#include "server/admission/hosts.h"

#define S FC_NS_PER_S

static struct fc_hosts hosts;

static int set_up(void **state)
{
    (void)state;
    hosts = (struct fc_hosts){.known = {{.key = 0}}};
    return 0;
}

static void names_have_keys_and_this_machine_has_none(void **state)
{
    (void)state;
    assert_true(fc_host_key_of(NULL) == 0);
    assert_true(fc_host_key_of("") != 0);
    assert_true(fc_host_key_of("a") == fc_host_key_of("a"));
    assert_true(fc_host_key_of("a:9092,b:9092") != fc_host_key_of("b:9092,a:9092"));
    fc_hosts_tell(&hosts, 0, false, 1);
    assert_int_equal(fc_hosts_standing(&hosts, 0, 1), FC_HOST_UNKNOWN);
}

static void silence_is_forgotten_later_each_time(void **state)
{
    static const int64_t UNTIL[] = {30, 60, 120, 240, 480, 480, 480};
    const fc_host_key key = fc_host_key_of("dead");
    int64_t now = 1000 * S;

    (void)state;
    assert_int_equal(fc_hosts_standing(&hosts, key, now), FC_HOST_UNKNOWN);
    for (size_t i = 0; i < FC_ARRAY_LEN(UNTIL); i++) {
        fc_hosts_tell(&hosts, key, false, now);
        assert_int_equal(fc_hosts_standing(&hosts, key, now + UNTIL[i] * S - 1), FC_HOST_SILENT);
        now += UNTIL[i] * S;
        assert_int_equal(fc_hosts_standing(&hosts, key, now), FC_HOST_UNKNOWN);
    }
    fc_hosts_tell(&hosts, key, true, now);
    assert_int_equal(fc_hosts_standing(&hosts, key, now + 3600 * S), FC_HOST_PROVEN);
    fc_hosts_tell(&hosts, key, false, now);
    assert_int_equal(fc_hosts_standing(&hosts, key, now + 30 * S - 1), FC_HOST_SILENT);
    assert_int_equal(fc_hosts_standing(&hosts, key, now + 30 * S), FC_HOST_UNKNOWN);
}

static void the_one_told_of_longest_ago_is_forgotten(void **state)
{
    (void)state;
    for (fc_host_key key = 1; key <= FC_HOSTS_MAX; key++)
        fc_hosts_tell(&hosts, key, true, (int64_t)key);
    fc_hosts_tell(&hosts, 1, true, 1000);
    fc_hosts_tell(&hosts, 2000, false, 1001);
    assert_int_equal(fc_hosts_standing(&hosts, 1, 1001), FC_HOST_PROVEN);
    assert_int_equal(fc_hosts_standing(&hosts, 2, 1001), FC_HOST_UNKNOWN);
    assert_int_equal(fc_hosts_standing(&hosts, 3, 1001), FC_HOST_PROVEN);
    assert_int_equal(fc_hosts_standing(&hosts, 2000, 1001), FC_HOST_SILENT);
}

static void a_load_counts_each_place_by_its_host(void **state)
{
    struct fc_host_load load = {.same = 0};

    (void)state;
    fc_hosts_tell(&hosts, 1, true, S);
    fc_hosts_tell(&hosts, 2, false, S);
    static const fc_host_key TAKEN[] = {0, 1, 1, 2, 3};
    for (size_t i = 0; i < FC_ARRAY_LEN(TAKEN); i++)
        fc_host_load_add(&load, &hosts, 1, TAKEN[i], S);
    assert_int_equal(load.same, 2);
    assert_int_equal(load.silent, 1);
    assert_int_equal(load.unproven, 2);
}

static void room_follows_from_the_standing(void **state)
{
    static const struct {
        unsigned places;
        unsigned proven, unknown,
            silent; /* how many places such hosts have, when nobody else has any */
    } ROWS[] = {{1, 1, 1, 1}, {2, 1, 1, 1}, {4, 2, 2, 1}, {8, 4, 4, 2}, {64, 32, 32, 16}};

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(ROWS); i++) {
        const unsigned most[] = {ROWS[i].proven, ROWS[i].unknown, ROWS[i].silent};
        for (int standing = FC_HOST_PROVEN; standing <= FC_HOST_SILENT; standing++) {
            struct fc_host_load load = {.same = 0};
            unsigned count = 0;
            while (fc_hosts_have_room(&load, (enum fc_host_standing)standing, ROWS[i].places)) {
                count++;
                load.same++;
                load.silent += standing == FC_HOST_SILENT ? 1 : 0;
                load.unproven += standing != FC_HOST_PROVEN ? 1 : 0;
            }
            assert_int_equal(count, most[standing]);
        }
    }
    /* Others that are not proven have three of four. */
    const struct fc_host_load crowd = {.unproven = 3, .silent = 1};
    assert_false(fc_hosts_have_room(&crowd, FC_HOST_UNKNOWN, 4));
    assert_true(fc_hosts_have_room(&crowd, FC_HOST_PROVEN, 4));
    assert_true(fc_hosts_have_room(&crowd, FC_HOST_UNKNOWN, 8));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup(names_have_keys_and_this_machine_has_none, set_up),
    cmocka_unit_test_setup(silence_is_forgotten_later_each_time, set_up),
    cmocka_unit_test_setup(the_one_told_of_longest_ago_is_forgotten, set_up),
    cmocka_unit_test_setup(a_load_counts_each_place_by_its_host, set_up),
    cmocka_unit_test_setup(room_follows_from_the_standing, set_up),
};

FC_TEST_MAIN(cases)
