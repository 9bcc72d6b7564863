/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in every spelling, what they are for, and entries of lists of hosts. */
#include "tests/unit/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/attr.h"
#include "base/host.h"

static void every_spelling_is_one_address(void **state FC_UNUSED)
{
    static const struct {
        const char *text, *canonical;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"127.1", "127.0.0.1"},
        {"0x7f000001", "127.0.0.1"},
        {"2130706433", "127.0.0.1"},
        {"0177.0.0.1", "127.0.0.1"},
        {"::ffff:127.0.0.1", "127.0.0.1"},
        {"[::ffff:7f00:1]", "127.0.0.1"},
        {"[::1]", "::1"},
        {"::1", "::1"},
        {"FE80::1%eth0", "fe80::1"},
        {"[fe80::1%25lo]", "fe80::1"},
        {"2001:DB8::1", "2001:db8::1"},
    };
    static const char *const names[] = {"",        "localhost", "example.org", "1.2.3.4.5",  "[]",
                                        "1.2.3.x", "::g",       "10.0.0.0/8",  "127.0.0.1 x"};
    char text[FC_IP_TEXT_SIZE];
    struct fc_ip ip;

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        assert_true(fc_ip_from_text(rows[i].text, &ip));
        fc_ip_text(&ip, text);
        assert_string_equal(text, rows[i].canonical);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        assert_false(fc_ip_from_text(names[i], &ip));
}

static void socket_addresses_are_read(void **state FC_UNUSED)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    const struct sockaddr other = {.sa_family = AF_UNIX};
    char text[FC_IP_TEXT_SIZE];
    struct fc_ip ip;

    assert_int_equal(inet_pton(AF_INET, "10.1.2.3", &in.sin_addr), 1);
    assert_true(fc_ip_from_sockaddr((const struct sockaddr *)&in, &ip));
    fc_ip_text(&ip, text);
    assert_string_equal(text, "10.1.2.3");
    assert_int_equal(inet_pton(AF_INET6, "fd00::7", &in6.sin6_addr), 1);
    assert_true(fc_ip_from_sockaddr((const struct sockaddr *)&in6, &ip));
    fc_ip_text(&ip, text);
    assert_string_equal(text, "fd00::7");
    assert_false(fc_ip_from_sockaddr(&other, &ip));
}

static const struct {
    const char *text;
    enum fc_ip_kind kind;
} kinds[] = {
    {"8.8.8.8", FC_IP_PUBLIC},
    {"2606:4700::1111", FC_IP_PUBLIC},
    {"172.15.255.255", FC_IP_PUBLIC},
    {"172.32.0.0", FC_IP_PUBLIC},
    {"100.63.255.255", FC_IP_PUBLIC},
    {"100.128.0.0", FC_IP_PUBLIC},
    {"64:ff9b::8.8.8.8", FC_IP_PUBLIC},
    {"223.255.255.255", FC_IP_PUBLIC},
    {"127.0.0.1", FC_IP_PRIVATE},
    {"127.255.255.254", FC_IP_PRIVATE},
    {"::1", FC_IP_PRIVATE},
    {"::ffff:127.0.0.1", FC_IP_PRIVATE},
    {"::127.0.0.1", FC_IP_PRIVATE},
    {"10.255.0.1", FC_IP_PRIVATE},
    {"172.16.0.1", FC_IP_PRIVATE},
    {"172.31.255.255", FC_IP_PRIVATE},
    {"192.168.1.1", FC_IP_PRIVATE},
    {"100.64.0.1", FC_IP_PRIVATE},
    {"fd12:3456::1", FC_IP_PRIVATE},
    {"fc00::1", FC_IP_PRIVATE},
    {"64:ff9b::10.0.0.1", FC_IP_PRIVATE},
    {"2002:c0a8:0101::1", FC_IP_PRIVATE},
    {"169.254.169.254", FC_IP_LINK_LOCAL},
    {"169.254.170.2", FC_IP_LINK_LOCAL},
    {"::ffff:169.254.169.254", FC_IP_LINK_LOCAL},
    {"::ffff:a9fe:a9fe", FC_IP_LINK_LOCAL},
    {"64:ff9b::a9fe:a9fe", FC_IP_LINK_LOCAL},
    {"2002:a9fe:a9fe::", FC_IP_LINK_LOCAL},
    {"2852039166", FC_IP_LINK_LOCAL},
    {"0xa9.0xfe.0xa9.0xfe", FC_IP_LINK_LOCAL},
    {"fe80::1", FC_IP_LINK_LOCAL},
    {"febf::1", FC_IP_LINK_LOCAL},
    {"fd00:ec2::254", FC_IP_LINK_LOCAL},
    {"fd00:ec2::23", FC_IP_LINK_LOCAL},
    {"168.63.129.16", FC_IP_LINK_LOCAL},
    {"100.100.100.200", FC_IP_LINK_LOCAL},
    {"0.0.0.0", FC_IP_NO_TARGET},
    {"0.1.2.3", FC_IP_NO_TARGET},
    {"::", FC_IP_NO_TARGET},
    {"::ffff:0.0.0.0", FC_IP_NO_TARGET},
    {"64:ff9b::0.0.0.0", FC_IP_NO_TARGET},
    {"224.0.0.1", FC_IP_NO_TARGET},
    {"239.255.255.250", FC_IP_NO_TARGET},
    {"255.255.255.255", FC_IP_NO_TARGET},
    {"240.0.0.1", FC_IP_NO_TARGET},
    {"ff02::1", FC_IP_NO_TARGET},
};

static void kinds_of_addresses(void **state FC_UNUSED)
{
    struct fc_ip ip;

    for (size_t i = 0; i < FC_ARRAY_LEN(kinds); i++) {
        assert_true(fc_ip_from_text(kinds[i].text, &ip));
        if (fc_ip_kind(&ip) != kinds[i].kind) {
            fail_msg("%s is of kind %d, expected %d", kinds[i].text, (int)fc_ip_kind(&ip),
                     (int)kinds[i].kind);
        }
    }
}

static void entries_are_well_formed_or_not(void **state FC_UNUSED)
{
    static const char *const good[] = {
        "example.org", "a",        "*.example.org", "a_b.c-d", "10.0.0.0/8", "10.1.2.3",
        "::1",         "fd00::/8", "0.0.0.0/0",     "::/0",    "[::1]",      "192.168.0.0/16",
    };
    static const char *const bad[] = {
        "",
        "*",
        "*.",
        "a..b",
        ".a",
        "10.0.0.256",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.1/8",
        "::/129",
        "https://a.b",
        "a.b:9092",
        "a b",
        "fd00::/x",
        "*.*.a",
        "a.*",
        "10.0.0.0/+8",
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(good); i++)
        if (!fc_host_entry_valid(good[i]))
            fail_msg("\"%s\" should be an entry", good[i]);
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++)
        if (fc_host_entry_valid(bad[i]))
            fail_msg("\"%s\" should be no entry", bad[i]);
    assert_true(fc_host_entry_is_network("10.0.0.0/8"));
    assert_true(fc_host_entry_is_network("::1"));
    assert_false(fc_host_entry_is_network("example.org"));
}

static void names_match_whole_labels(void **state FC_UNUSED)
{
    assert_true(fc_host_entry_has_name("example.org", "EXAMPLE.org"));
    assert_true(fc_host_entry_has_name("example.org", "example.org."));
    assert_false(fc_host_entry_has_name("example.org", "a.example.org"));
    assert_true(fc_host_entry_has_name("*.example.org", "a.example.org"));
    assert_true(fc_host_entry_has_name("*.example.org", "a.b.Example.org."));
    assert_false(fc_host_entry_has_name("*.example.org", "example.org"));
    assert_false(fc_host_entry_has_name("*.example.org", "notexample.org"));
    assert_false(fc_host_entry_has_name("*.example.org", ".example.org.evil"));
}

static void networks_hold_every_form_of_an_address(void **state FC_UNUSED)
{
    static const struct {
        const char *entry, *address;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"10.0.0.0/8", "64:ff9b::10.0.0.1", true},
        {"::ffff:10.0.0.0/104", "10.0.0.1", true},
        {"192.168.128.0/17", "192.168.127.1", false},
        {"192.168.128.0/17", "192.168.129.1", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fc00::1", false},
        {"::/0", "1.2.3.4", true},
        {"0.0.0.0/0", "1.2.3.4", true},
        {"0.0.0.0/0", "2606:4700::1", false},
        {"1.2.3.4", "1.2.3.4", true},
        {"1.2.3.4", "1.2.3.5", false},
        {"example.org", "1.2.3.4", false},
    };
    struct fc_ip ip;

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        assert_true(fc_ip_from_text(rows[i].address, &ip));
        if (fc_host_entry_has_ip(rows[i].entry, &ip) != rows[i].inside)
            fail_msg("%s in %s should be %d", rows[i].address, rows[i].entry, rows[i].inside);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_spelling_is_one_address),
    cmocka_unit_test(socket_addresses_are_read),
    cmocka_unit_test(kinds_of_addresses),
    cmocka_unit_test(entries_are_well_formed_or_not),
    cmocka_unit_test(names_match_whole_labels),
    cmocka_unit_test(networks_hold_every_form_of_an_address),
};

FC_TEST_MAIN(cases)
