/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says about sources becomes the Access of orders; mistakes name their key. */
#include "tests/unit/harness.h"

#include <ctype.h>
#include <stdlib.h>

#include "server/admission/worker_env.h"
#include "server/config_table.h"
#include "server/sources.h"

static const struct fc_sources_local anywhere = {.any = true};

struct fixture {
    struct fc_config *config;
    struct fc_arena *arena;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    f->config = fc_config_new(fc_server_config_table, FC_SERVER_ENV_PREFIX);
    f->arena = fc_arena_new((size_t)1024 * 1024);
    assert_non_null(f->config);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_config_free(f->config);
    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static void set(struct fixture *f, const char *key, const char *value)
{
    char *entry = fc_arena_printf(f->arena, "FEAST_CORE_%s=%s", key, value);
    char *const environment[] = {entry, NULL};
    struct fc_error err = FC_ERROR_INIT;

    for (char *c = entry; *c != '='; c++)
        *c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
    if (fc_config_load_env(f->config, environment, &err) != FC_OK)
        fail_msg("%s", err.message);
}

static void nothing_is_forbidden_by_default(void **state)
{
    struct fixture *f = *state;
    const Feast__Worker__V1__Access *access = NULL;
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_sources_access(f->config, &anywhere, f->arena, &access, &err), FC_OK);
    assert_int_equal(access->n_schemes, 0);
    assert_int_equal(access->n_hosts, 0);
    assert_int_equal(access->n_denied, 0);
    assert_false(access->allow_link_local);
    assert_false(access->deny_private);
    assert_string_equal(access->s3_endpoint, "");
}

static void roots_go_with_the_order(void **state)
{
    static const char *const roots[] = {"/data", "/more", NULL};
    const struct fc_sources_local local = {.roots = roots};
    struct fixture *f = *state;
    const Feast__Worker__V1__Access *access = NULL;
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_sources_access(f->config, &local, f->arena, &access, &err), FC_OK);
    assert_true(access->confine_reads);
    assert_int_equal(access->n_local_roots, 2);
    assert_string_equal(access->local_roots[1], "/more");
}

static void every_key_has_its_field(void **state)
{
    struct fixture *f = *state;
    const Feast__Worker__V1__Access *access = NULL;
    struct fc_error err = FC_ERROR_INIT;

    set(f, "sources.schemes", "file,s3a");
    set(f, "sources.hosts", "*.example.org,10.0.0.0/8");
    set(f, "sources.denied_hosts", "fd00::/8");
    set(f, "sources.allow_link_local", "true");
    set(f, "sources.deny_private", "true");
    set(f, "sources.ca_file", "/dev/null");
    set(f, "sources.s3.endpoint", "http://minio:9000");
    set(f, "sources.s3.region", "eu-west-1");
    set(f, "sources.s3.path_style", "true");
    set(f, "sources.s3.anonymous", "true");
    set(f, "sources.gcs.endpoint", "http://gcs:1");
    set(f, "sources.gcs.anonymous", "true");
    set(f, "sources.bigquery.endpoint", "HTTPS://bq");
    set(f, "sources.bigquery.project", "billed");
    set(f, "sources.kinesis.endpoint", "https://kinesis");
    set(f, "sources.kafka_config", "/dev/null");
    set(f, "stream.descriptors", "/descriptors");
    assert_int_equal(fc_sources_access(f->config, &anywhere, f->arena, &access, &err), FC_OK);
    assert_int_equal(access->n_schemes, 2);
    assert_string_equal(access->schemes[1], "s3a");
    assert_int_equal(access->n_hosts, 2);
    assert_string_equal(access->hosts[0], "*.example.org");
    assert_int_equal(access->n_denied, 1);
    assert_string_equal(access->denied[0], "fd00::/8");
    assert_true(access->allow_link_local);
    assert_true(access->deny_private);
    assert_string_equal(access->ca_file, "/dev/null");
    assert_string_equal(access->s3_endpoint, "http://minio:9000");
    assert_string_equal(access->s3_region, "eu-west-1");
    assert_true(access->s3_path_style);
    assert_true(access->s3_anonymous);
    assert_string_equal(access->gcs_endpoint, "http://gcs:1");
    assert_true(access->gcs_anonymous);
    assert_string_equal(access->bigquery_endpoint, "HTTPS://bq");
    assert_string_equal(access->bigquery_project, "billed");
    assert_string_equal(access->kinesis_endpoint, "https://kinesis");
    assert_string_equal(access->kafka_config, "/dev/null");
    assert_string_equal(access->descriptors, "/descriptors");
}

static void mistakes_name_their_key(void **state)
{
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"sources.schemes", "hdfs"},
        {"sources.hosts", "https://a.b"},
        {"sources.hosts", "10.0.0.1/8"},
        {"sources.denied_hosts", "a.b:80"},
        {"sources.ca_file", "/nowhere/ca.pem"},
        {"sources.kafka_config", "/nowhere/kafka"},
        {"sources.s3.endpoint", "minio:9000"},
        {"sources.gcs.endpoint", "ftp://x"},
        {"sources.bigquery.endpoint", "x"},
        {"sources.kinesis.endpoint", "x"},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        const Feast__Worker__V1__Access *access = NULL;
        struct fc_error err = FC_ERROR_INIT;
        struct fixture *f;
        (void)teardown(state);
        (void)setup(state);
        f = *state;
        set(f, rows[i].key, rows[i].value);
        assert_int_equal(fc_sources_access(f->config, &anywhere, f->arena, &access, &err),
                         FC_INVALID_ARGUMENT);
        assert_int_equal(err.reason, FC_REASON_CONFIG_INVALID);
        assert_string_equal(err.field, rows[i].key);
        assert_non_null(strstr(err.message, rows[i].value));
    }
}

static bool has_entry(const char *const *entries, const char *wanted)
{
    for (size_t i = 0; entries[i]; i++)
        if (strcmp(entries[i], wanted) == 0)
            return true;
    return false;
}

static void workers_get_what_sources_need_and_no_more(void **state FC_UNUSED)
{
    const char *entries[FC_WORKER_ENV_MAX];

    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1), 0);
    assert_int_equal(setenv("AWS_SECRET", "other", 1), 0);
    assert_int_equal(setenv("HTTPS_PROXY", "http://proxy", 1), 0);
    assert_int_equal(setenv("LD_PRELOAD_OF_TEST", "x", 1), 0);
    fc_worker_env("TMPDIR=/x", entries);
    assert_true(has_entry(entries, "AWS_SECRET_ACCESS_KEY=s3cret"));
    assert_true(has_entry(entries, "TMPDIR=/x"));
    assert_true(has_entry(entries, "TZ=UTC"));
    assert_false(has_entry(entries, "AWS_SECRET=other"));
    assert_false(has_entry(entries, "HTTPS_PROXY=http://proxy"));
    assert_false(has_entry(entries, "LD_PRELOAD_OF_TEST=x"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(nothing_is_forbidden_by_default),
    CASE(roots_go_with_the_order),
    CASE(every_key_has_its_field),
    CASE(mistakes_name_their_key),
    CASE(workers_get_what_sources_need_and_no_more),
};

FC_TEST_MAIN(cases)
