/* SPDX-License-Identifier: Apache-2.0 */
/* Which places an order lets a worker read: schemes, names, addresses. */
#include "tests/unit/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/host.h"
#include "worker/net/access.h"

struct policy {
    Feast__Worker__V1__Access order;
    struct fc_access access;
    struct fc_error err;
};

static int set_up(void **state)
{
    static struct policy policy;

    feast__worker__v1__access__init(&policy.order);
    policy.access.order = &policy.order;
    *state = &policy;
    return 0;
}

#define LIST(member, ...)                                                                          \
    do {                                                                                           \
        static const char *const list[] = {__VA_ARGS__};                                           \
        policy->order.member = (char **)list;                                                      \
        policy->order.n_##member = FC_ARRAY_LEN(list);                                             \
    } while (0)

static bool host_passes(struct policy *policy, const char *host)
{
    policy->err = (struct fc_error)FC_ERROR_INIT;
    if (fc_access_host(&policy->access, host, &policy->err) == FC_OK)
        return true;
    assert_int_equal(policy->err.reason, FC_REASON_SOURCE_DENIED);
    assert_non_null(strstr(policy->err.message, host));
    return false;
}

static bool address_passes(struct policy *policy, const char *host, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    const struct sockaddr *socket = (const struct sockaddr *)&in;

    if (strchr(address, ':')) {
        assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
        socket = (const struct sockaddr *)&in6;
    } else {
        assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
    }
    policy->err = (struct fc_error)FC_ERROR_INIT;
    if (fc_access_address(&policy->access, host, socket, &policy->err) == FC_OK)
        return true;
    assert_int_equal(policy->err.reason, FC_REASON_SOURCE_DENIED);
    assert_non_null(strstr(policy->err.message, host));
    return false;
}

static void without_an_order_all_is_allowed(void **state FC_UNUSED)
{
    const struct fc_access none = {.order = NULL};
    const struct sockaddr_in in = {.sin_family = AF_INET};
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_access_scheme(&none, "x", &err), FC_OK);
    assert_int_equal(fc_access_host(&none, "169.254.169.254", &err), FC_OK);
    assert_int_equal(fc_access_address(&none, "a", (const struct sockaddr *)&in, &err), FC_OK);
    assert_int_equal(fc_access_host(NULL, "169.254.169.254", &err), FC_OK);
}

static void schemes_are_those_of_the_list(void **state)
{
    struct policy *policy = *state;
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_access_scheme(&policy->access, "gs", &err), FC_OK);
    LIST(schemes, "s3", "HTTPS");
    assert_int_equal(fc_access_scheme(&policy->access, "s3a", &err), FC_OK);
    assert_int_equal(fc_access_scheme(&policy->access, "S3N", &err), FC_OK);
    assert_int_equal(fc_access_scheme(&policy->access, "https", &err), FC_OK);
    assert_int_equal(fc_access_scheme(&policy->access, "http", &err), FC_PERMISSION_DENIED);
    assert_non_null(strstr(err.message, "\"http\" locations are not read"));
    assert_int_equal(fc_access_scheme(&policy->access, "file", &err), FC_PERMISSION_DENIED);
}

static void metadata_is_refused_under_every_name(void **state)
{
    struct policy *policy = *state;
    static const char *const hosts[] = {
        "169.254.169.254",
        "[fd00:ec2::254]",
        "::ffff:169.254.169.254",
        "metadata.google.internal",
        "Metadata",
        "METADATA.google.internal.",
        "0xa9fea9fe",
        "2852039166",
        "[fe80::1%25eth0]",
        "169.254.170.2",
        "instance-data",
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(hosts); i++) {
        if (host_passes(policy, hosts[i]))
            fail_msg("\"%s\" passes", hosts[i]);
        assert_non_null(strstr(policy->err.message, "sources.allow_link_local"));
    }
    assert_true(host_passes(policy, "example.org"));
    assert_false(address_passes(policy, "example.org", "169.254.169.254"));
    assert_false(address_passes(policy, "example.org", "::ffff:169.254.169.254"));
    assert_false(address_passes(policy, "example.org", "fd00:ec2::254"));
    assert_non_null(strstr(policy->err.message, "host \"example.org\" (fd00:ec2::254) is"));
    policy->order.allow_link_local = true;
    for (size_t i = 0; i < FC_ARRAY_LEN(hosts); i++)
        assert_true(host_passes(policy, hosts[i]));
    assert_true(address_passes(policy, "example.org", "169.254.169.254"));
}

static void a_listed_name_does_not_open_metadata(void **state)
{
    struct policy *policy = *state;

    LIST(hosts, "*.example.org", "metadata.google.internal", "169.254.169.254");
    assert_false(host_passes(policy, "metadata.google.internal"));
    assert_false(host_passes(policy, "169.254.169.254"));
    assert_true(host_passes(policy, "a.example.org"));
    assert_false(address_passes(policy, "a.example.org", "169.254.169.254"));
}

static void what_is_no_host_is_refused_always(void **state)
{
    struct policy *policy = *state;

    policy->order.allow_link_local = true;
    assert_false(host_passes(policy, "0.0.0.0"));
    assert_false(host_passes(policy, "0"));
    assert_false(host_passes(policy, "[::]"));
    assert_false(address_passes(policy, "a.example.org", "0.0.0.0"));
    assert_false(address_passes(policy, "a.example.org", "224.0.0.1"));
    assert_false(address_passes(policy, "a.example.org", "ff02::1"));
    const struct sockaddr local = {.sa_family = AF_UNIX};
    assert_int_equal(fc_access_address(&policy->access, "a", &local, &policy->err),
                     FC_PERMISSION_DENIED);
}

static void private_networks_can_be_denied(void **state)
{
    struct policy *policy = *state;
    static const char *const hosts[] = {"localhost", "db.localhost", "127.0.0.1", "127.1",
                                        "[::1]",     "10.0.0.1",     "fd12::1",   "192.168.3.4"};

    for (size_t i = 0; i < FC_ARRAY_LEN(hosts); i++)
        assert_true(host_passes(policy, hosts[i]));
    assert_true(address_passes(policy, "minio", "127.0.0.1"));
    policy->order.deny_private = true;
    for (size_t i = 0; i < FC_ARRAY_LEN(hosts); i++) {
        assert_false(host_passes(policy, hosts[i]));
        assert_non_null(strstr(policy->err.message, "sources.deny_private"));
    }
    assert_true(host_passes(policy, "minio"));
    assert_false(address_passes(policy, "minio", "127.0.0.1"));
    assert_false(address_passes(policy, "minio", "::ffff:172.16.0.9"));
    assert_true(address_passes(policy, "example.org", "93.184.216.34"));
}

static void lists_of_names(void **state)
{
    struct policy *policy = *state;

    LIST(hosts, "*.example.org", "minio");
    assert_true(host_passes(policy, "minio"));
    assert_true(address_passes(policy, "minio", "10.0.0.9"));
    assert_true(host_passes(policy, "s3.example.org"));
    assert_false(host_passes(policy, "example.org"));
    assert_non_null(strstr(policy->err.message, "sources.hosts"));
    assert_false(host_passes(policy, "10.0.0.9"));
    LIST(denied, "secret.example.org", "10.0.0.0/24");
    assert_false(host_passes(policy, "secret.example.org."));
    assert_non_null(strstr(policy->err.message, "sources.denied_hosts"));
    assert_false(address_passes(policy, "minio", "10.0.0.9"));
    assert_true(address_passes(policy, "minio", "10.0.1.9"));
}

static void lists_of_networks(void **state)
{
    struct policy *policy = *state;

    LIST(hosts, "10.0.0.0/8", "fd00:1::/32");
    assert_true(host_passes(policy, "10.3.4.5"));
    assert_true(host_passes(policy, "::ffff:10.3.4.5"));
    assert_false(host_passes(policy, "11.0.0.1"));
    /* A name may stand for an address of the network: that one is looked at. */
    assert_true(host_passes(policy, "broker"));
    assert_true(address_passes(policy, "broker", "10.3.4.5"));
    assert_true(address_passes(policy, "broker", "fd00:1::5"));
    assert_false(address_passes(policy, "broker", "11.0.0.1"));
    assert_non_null(strstr(policy->err.message, "host \"broker\" (11.0.0.1) is not among"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(without_an_order_all_is_allowed),
    cmocka_unit_test_setup(schemes_are_those_of_the_list, set_up),
    cmocka_unit_test_setup(metadata_is_refused_under_every_name, set_up),
    cmocka_unit_test_setup(a_listed_name_does_not_open_metadata, set_up),
    cmocka_unit_test_setup(what_is_no_host_is_refused_always, set_up),
    cmocka_unit_test_setup(private_networks_can_be_denied, set_up),
    cmocka_unit_test_setup(lists_of_names, set_up),
    cmocka_unit_test_setup(lists_of_networks, set_up),
};

FC_TEST_MAIN(cases)
