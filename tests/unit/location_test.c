/* SPDX-License-Identifier: Apache-2.0 */
/* Which sources are read, and which local files a request may make the server read. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/admission/location.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    char real[PATH_MAX]; /* of the scratch directory, links resolved */
    const char *roots[3];
    struct fc_location_policy policy;
};

/*
 *     scratch/root/file.parquet          scratch/outside/file.parquet
 *     scratch/root/dir/part.parquet      scratch/rootling/file.parquet
 *     scratch/root/link -> ../outside    scratch/way-in -> root
 *     scratch/root/back -> dir
 */
static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)1024 * 1024);
    assert_non_null(realpath(f->scratch.path, f->real));
    assert_int_equal(mkdir(test_path(&f->scratch, "root"), 0700), 0);
    assert_int_equal(mkdir(test_path(&f->scratch, "root/dir"), 0700), 0);
    assert_int_equal(mkdir(test_path(&f->scratch, "outside"), 0700), 0);
    assert_int_equal(mkdir(test_path(&f->scratch, "rootling"), 0700), 0);
    test_write(test_path(&f->scratch, "root/file.parquet"), "");
    test_write(test_path(&f->scratch, "root/dir/part.parquet"), "");
    test_write(test_path(&f->scratch, "outside/file.parquet"), "");
    test_write(test_path(&f->scratch, "rootling/file.parquet"), "");
    assert_int_equal(symlink("../outside", test_path(&f->scratch, "root/link")), 0);
    assert_int_equal(symlink("dir", test_path(&f->scratch, "root/back")), 0);
    assert_int_equal(symlink("root", test_path(&f->scratch, "way-in")), 0);
    f->roots[0] = fc_arena_strdup(f->arena, "/nowhere/at/all");
    f->roots[1] = fc_arena_strdup(f->arena, test_path(&f->scratch, "root"));
    f->policy.local_roots = f->roots;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static fc_rc check(struct fixture *f, const char *url, const char **ret_url)
{
    struct fc_error err = FC_ERROR_INIT;
    Feast__Core__DataSource *source = test_file_source(f->arena);

    *ret_url = NULL;
    source->file_options->file_url = fc_arena_strdup(f->arena, url);
    fc_rc rc = fc_location_check(&f->policy, source, f->arena, ret_url, &err);
    if (rc != FC_OK) {
        assert_true(err.message[0] != '\0');
        return (fc_rc)err.reason;
    }
    return FC_OK;
}

static void expect(struct fixture *f, const char *prefix, const char *path, const char *resolved)
{
    const char *found, *url = fc_arena_printf(f->arena, "%s%s/%s", prefix, f->scratch.path, path);

    if (check(f, url, &found) != FC_OK) {
        print_error("%s is refused\n", url);
        fail();
    }
    assert_string_equal(found, fc_arena_printf(f->arena, "%s/%s", f->real, resolved));
}

static void expect_not(struct fixture *f, const char *path, enum fc_reason reason)
{
    const char *found, *url = fc_arena_printf(f->arena, "file://%s/%s", f->scratch.path, path);

    if ((int)check(f, url, &found) != (int)reason) {
        print_error("%s is not %s\n", url, fc_reason_info(reason)->word);
        fail();
    }
}

static void below_a_root_is_resolved(void **state)
{
    struct fixture *f = *state;

    expect(f, "file://", "root/file.parquet", "root/file.parquet");
    expect(f, "file://localhost", "root/file.parquet", "root/file.parquet");
    expect(f, "file:", "root/file.parquet", "root/file.parquet");
    expect(f, "FILE://", "root/file.parquet", "root/file.parquet");
    expect(f, "", "root/file.parquet", "root/file.parquet");
    expect(f, "", "root", "root");
    expect(f, "", "root/dir/", "root/dir");
    expect(f, "", "root/back/part.parquet", "root/dir/part.parquet");
    expect(f, "", "way-in/file.parquet", "root/file.parquet");
    expect(f, "", "outside/../root/file.parquet", "root/file.parquet");
}

static void patterns_keep_their_wildcards(void **state)
{
    struct fixture *f = *state;

    expect(f, "file://", "root/*.parquet", "root/*.parquet");
    expect(f, "", "root/back/p?rt.parquet", "root/dir/p?rt.parquet");
    expect(f, "", "root/**/*.parquet", "root/**/*.parquet");
    expect_not(f, "*/file.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/*/../../outside/file.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/*/..", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/link/*.parquet", FC_REASON_SOURCE_DENIED);
}

static void outside_is_denied_by_whatever_way(void **state)
{
    struct fixture *f = *state;

    expect_not(f, "outside/file.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "rootling/file.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/link/file.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/../outside/file.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/dir/../../outside", FC_REASON_SOURCE_DENIED);
    expect_not(f, "", FC_REASON_SOURCE_DENIED);
}

/* What is outside is not told apart by whether it is there. */
static void missing_is_told_only_below_a_root(void **state)
{
    struct fixture *f = *state;

    expect_not(f, "root/absent.parquet", FC_REASON_SOURCE_UNREACHABLE);
    expect_not(f, "root/a/b/c.parquet", FC_REASON_SOURCE_UNREACHABLE);
    expect_not(f, "outside/absent.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "root/link/absent.parquet", FC_REASON_SOURCE_DENIED);
    expect_not(f, "absent/file.parquet", FC_REASON_SOURCE_DENIED);
}

static void without_roots_nothing_is_read(void **state)
{
    struct fixture *f = *state;
    const char *found;

    f->policy.local_roots = NULL;
    expect_not(f, "root/file.parquet", FC_REASON_SOURCE_DENIED);
    f->policy.local_any = true;
    assert_int_equal(check(f, "file:///any/where.parquet", &found), FC_OK);
    assert_string_equal(found, "/any/where.parquet");
    assert_int_equal(check(f, "file://localhost/any/where.parquet", &found), FC_OK);
    assert_string_equal(found, "/any/where.parquet");
}

static void the_root_of_all_holds_everything(void **state)
{
    struct fixture *f = *state;

    f->roots[0] = "/";
    expect(f, "", "outside/file.parquet", "outside/file.parquet");
}

static const char *unsupported(struct fixture *f, const char *url)
{
    Feast__Core__DataSource *source = test_file_source(f->arena);

    source->file_options->file_url = fc_arena_strdup(f->arena, url);
    return fc_location_unsupported(source, f->arena);
}

static void kinds_that_are_read_and_others(void **state)
{
    struct fixture *f = *state;
    struct fc_arena *arena = f->arena;

    assert_null(fc_location_unsupported(test_bigquery_source(arena, "p:d.t"), arena));
    assert_null(fc_location_unsupported(test_kafka_source(arena), arena));
    assert_null(fc_location_unsupported(test_kinesis_source(arena), arena));
    assert_null(unsupported(f, "s3://bucket/x.parquet"));
    assert_null(unsupported(f, "S3A://bucket/x.parquet"));
    assert_null(unsupported(f, "s3n://bucket/x.parquet"));
    assert_null(unsupported(f, "gs://bucket/x"));
    assert_null(unsupported(f, "http://host/x"));
    assert_null(unsupported(f, "HTTPS://host/x"));
    assert_string_equal(unsupported(f, "hdfs://host/x"), "\"hdfs:\" locations");
    assert_string_equal(unsupported(f, "s3x://bucket/x"), "\"s3x:\" locations");
    assert_string_equal(unsupported(f, "file://otherhost/x"),
                        "file URLs that name a machine (expected file:///path)");
    assert_null(unsupported(f, "file:///x"));
    assert_null(unsupported(f, "/x"));
    assert_null(unsupported(f, "x/y.parquet"));
    assert_null(unsupported(f, "./a:b"));
}

static fc_rc reason_of(struct fixture *f, const Feast__Core__DataSource *source, const char **ret)
{
    struct fc_error err = FC_ERROR_INIT;

    return fc_location_check(&f->policy, source, f->arena, ret, &err) == FC_OK ? FC_OK
                                                                               : (fc_rc)err.reason;
}

static void schemes_are_held_against_the_list(void **state)
{
    static char *schemes[] = {(char *)"s3", (char *)"kafka"};
    Feast__Worker__V1__Access access = FEAST__WORKER__V1__ACCESS__INIT;
    struct fixture *f = *state;
    struct fc_arena *arena = f->arena;
    const char *url;

    assert_int_equal(check(f, "gs://bucket/x", &url), FC_OK);
    assert_string_equal(url, "gs://bucket/x");
    f->policy.access = &access;
    assert_int_equal(check(f, "gs://bucket/x", &url), FC_OK);
    access.schemes = schemes;
    access.n_schemes = FC_ARRAY_LEN(schemes);
    assert_int_equal((int)check(f, "gs://bucket/x", &url), FC_REASON_SOURCE_DENIED);
    assert_int_equal((int)check(f, "https://bucket/x", &url), FC_REASON_SOURCE_DENIED);
    assert_int_equal((int)check(f, "/plain", &url), FC_REASON_SOURCE_DENIED);
    assert_int_equal((int)check(f, "file:///plain", &url), FC_REASON_SOURCE_DENIED);
    assert_int_equal(check(f, "s3a://bucket/x", &url), FC_OK);
    assert_string_equal(url, "s3a://bucket/x");
    assert_int_equal(reason_of(f, test_kafka_source(arena), &url), FC_OK);
    assert_null(url);
    assert_int_equal((int)reason_of(f, test_kinesis_source(arena), &url), FC_REASON_SOURCE_DENIED);
    assert_int_equal((int)reason_of(f, test_bigquery_source(arena, "p:d.t"), &url),
                     FC_REASON_SOURCE_DENIED);
}

static void texts_hold_no_credentials(void **state)
{
    struct fixture *f = *state;
    Feast__Core__DataSource *source = test_file_source(f->arena);

    source->file_options->file_url = (char *)"https://me:secret@host/x@y.parquet";
    assert_string_equal(fc_location_text(source, f->arena), "https://***@host/x@y.parquet");
    source->file_options->file_url = (char *)"s3://bucket/user@host";
    assert_string_equal(fc_location_text(source, f->arena), "s3://bucket/user@host");
    source->file_options->file_url = (char *)"/plain/path@x";
    assert_string_equal(fc_location_text(source, f->arena), "/plain/path@x");
    assert_string_equal(fc_location_text(test_bigquery_source(f->arena, "p:d.t"), f->arena),
                        "p:d.t");
    assert_string_equal(fc_location_text(test_kafka_source(f->arena), f->arena),
                        "trips at kafka:9092");
    assert_string_equal(fc_location_text(test_kinesis_source(f->arena), f->arena),
                        "trips in eu-west-1");
    source->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS__NOT_SET;
    assert_string_equal(fc_location_text(source, f->arena), "");
}

static const char *host_of(struct fixture *f, const char *url)
{
    Feast__Core__DataSource *source = test_file_source(f->arena);

    source->file_options->file_url = (char *)(uintptr_t)url;
    return fc_location_host(source, f->arena);
}

static void hosts_are_told_apart(void **state)
{
    struct fixture *f = *state;

    assert_null(host_of(f, "/plain/path@x"));
    assert_null(host_of(f, "file:///plain"));
    assert_string_equal(host_of(f, "https://me:secret@host:8443/x@y.parquet"), "host:8443");
    assert_string_equal(host_of(f, "http://host?x=/y@z"), "host");
    assert_string_equal(host_of(f, "s3a://bucket/user@host"), "bucket");
    assert_string_equal(host_of(f, "gs://bucket"), "bucket");
    assert_string_equal(fc_location_host(test_kafka_source(f->arena), f->arena), "kafka:9092");
    assert_string_equal(fc_location_host(test_kinesis_source(f->arena), f->arena), "eu-west-1");
    assert_string_equal(fc_location_host(test_bigquery_source(f->arena, "p:d.t"), f->arena),
                        "bigquery");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(below_a_root_is_resolved),          CASE(patterns_keep_their_wildcards),
    CASE(outside_is_denied_by_whatever_way), CASE(missing_is_told_only_below_a_root),
    CASE(without_roots_nothing_is_read),     CASE(the_root_of_all_holds_everything),
    CASE(kinds_that_are_read_and_others),    CASE(schemes_are_held_against_the_list),
    CASE(texts_hold_no_credentials),         CASE(hosts_are_told_apart),
};

FC_TEST_MAIN(cases)
