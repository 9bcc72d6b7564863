/* SPDX-License-Identifier: Apache-2.0 */
/* Where AWS credentials are looked for; the services are stand-ins that answer as Amazon documents it. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/sys.h"
#include "base/time.h"
#include "tests/support/scratch.h"
#include "tests/support/web.h"
#include "worker/net/aws.h"
#include "worker/net/xml.h"

#define LATER "2099-01-01T00:00:00Z"

struct fixture {
    struct fc_arena *arena;
    struct fc_http *http;
    struct test_web *web;
    struct test_scratch scratch;
    struct fc_aws_credentials found;
    struct fc_error err;
    const char *expires;
    bool down; /* what is asked answers nothing of use */
    char seen[2048];
};

static const char *const VARIABLES[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
};

static bool answer(void *ctx, const struct test_web_request *request, int fd);

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct fc_http_options options = {.sys = fc_sys_real()};

    assert_non_null(f);
    for (size_t i = 0; i < FC_ARRAY_LEN(VARIABLES); i++)
        unsetenv(VARIABLES[i]);
    test_scratch_init(&f->scratch);
    setenv("HOME", f->scratch.path, 1);
    f->expires = LATER;
    f->arena = fc_arena_new((size_t)16 << 20);
    f->web = test_web_start(answer, f);
    assert_int_equal(fc_http_new(&options, &f->http, &f->err), FC_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fc_http_free(f->http);
    test_web_stop(f->web);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static bool reply_json(struct fixture *f, int fd)
{
    return test_web_reply(
        fd, "200 OK", "",
        fc_arena_printf(f->arena,
                        "{\"Code\":\"Success\",\"AccessKeyId\":\"remote\",\"SecretAccessKey\":"
                        "\"remote secret\",\"Token\":\"remote token\",\"Expiration\":\"%s\"}",
                        f->expires));
}

/* STS, a container's agent and the metadata service of an instance, all at one port. */
static bool answer(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;
    char token[64] = "";

    snprintf(f->seen, sizeof(f->seen), "%s", request->text);
    if (f->down)
        return test_web_reply(fd, "404 Not Found", "", "");
    if (strcmp(request->target, "/latest/api/token") == 0)
        return strcmp(request->method, "PUT") == 0 && test_web_reply(fd, "200 OK", "", "session");
    if (strncmp(request->target, "/latest/meta-data/", 18) == 0) {
        test_web_header(request, "X-aws-ec2-metadata-token", token, sizeof(token));
        if (strcmp(token, "session") != 0)
            return test_web_reply(fd, "401 Unauthorized", "", "");
        if (strcmp(request->target, "/latest/meta-data/iam/security-credentials/") == 0)
            return test_web_reply(fd, "200 OK", "", "my-role\n");
        return reply_json(f, fd);
    }
    if (strcmp(request->target, "/container") == 0)
        return reply_json(f, fd);
    if (strstr(request->body, "Action=AssumeRoleWithWebIdentity") &&
        strstr(request->body, "WebIdentityToken=bad"))
        return test_web_reply(
            fd, "400 Bad Request", "",
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
            "<Code>InvalidIdentityToken</Code><Message>No provider</Message></Error>"
            "</ErrorResponse>");
    return test_web_reply(
        fd, "200 OK", "",
        fc_arena_printf(f->arena,
                        "<AssumeRoleWithWebIdentityResponse "
                        "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                        "<AssumeRoleWithWebIdentityResult><Credentials>"
                        "<AccessKeyId>sts</AccessKeyId><SecretAccessKey>sts&amp;secret"
                        "</SecretAccessKey><SessionToken>sts token</SessionToken>"
                        "<Expiration>%s</Expiration></Credentials>"
                        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
                        f->expires));
}

static fc_rc ask(struct fixture *f)
{
    return fc_aws_credentials(f->http, f->arena, &f->found, &f->err);
}

static void environment_comes_first(void **state)
{
    struct fixture *f = *state;

    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_SESSION_TOKEN", "token", 1);
    assert_int_equal(ask(f), FC_OK);
    assert_string_equal(f->found.key_id, "id");
    assert_string_equal(f->found.secret, "secret");
    assert_string_equal(f->found.token, "token");
    assert_int_equal(test_web_requests(f->web), 0);
}

static void shared_files_have_profiles(void **state)
{
    struct fixture *f = *state;

    test_write(test_path(&f->scratch, "credentials"),
               "# mine\n[default]\naws_access_key_id = d\naws_secret_access_key=ds\n\n"
               "[ other ]\naws_access_key_id=o\naws_secret_access_key = os=+/ \n"
               "aws_session_token = ot\r\n");
    test_write(test_path(&f->scratch, "config"),
               "[default]\nregion = eu-west-1\ns3 =\n  region = nested\n"
               "[profile other]\nregion=ap-south-1\n[other]\nregion=wrong\n");
    setenv("AWS_SHARED_CREDENTIALS_FILE", test_path(&f->scratch, "credentials"), 1);
    setenv("AWS_CONFIG_FILE", test_path(&f->scratch, "config"), 1);
    assert_int_equal(ask(f), FC_OK);
    assert_string_equal(f->found.key_id, "d");
    assert_null(f->found.token);
    assert_string_equal(fc_aws_region(NULL, f->arena), "eu-west-1");
    setenv("AWS_PROFILE", "other", 1);
    assert_int_equal(ask(f), FC_OK);
    assert_string_equal(f->found.secret, "os=+/");
    assert_string_equal(f->found.token, "ot");
    assert_string_equal(fc_aws_region("", f->arena), "ap-south-1");
    setenv("AWS_DEFAULT_REGION", "us-west-2", 1);
    assert_string_equal(fc_aws_region(NULL, f->arena), "us-west-2");
    setenv("AWS_REGION", "us-west-1", 1);
    assert_string_equal(fc_aws_region(NULL, f->arena), "us-west-1");
    assert_string_equal(fc_aws_region("asked", f->arena), "asked");
}

static void profiles_that_run_programs_are_refused(void **state)
{
    struct fixture *f = *state;

    setenv("AWS_CONFIG_FILE", test_path(&f->scratch, "config"), 1);
    test_write(test_path(&f->scratch, "config"), "[default]\ncredential_process = /bin/false\n");
    assert_int_equal(ask(f), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "from a program"));
    test_write(test_path(&f->scratch, "config"), "[default]\nrole_arn=a\nsource_profile=b\n");
    assert_int_equal(ask(f), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "another profile"));
}

static void web_identity_goes_through_sts(void **state)
{
    struct fixture *f = *state;

    test_write(test_path(&f->scratch, "token"), "a+b/c=\n");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", test_path(&f->scratch, "token"), 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
    setenv("AWS_ENDPOINT_URL_STS", test_web_url(f->web, "/"), 1);
    assert_int_equal(ask(f), FC_OK);
    assert_string_equal(f->found.key_id, "sts");
    assert_string_equal(f->found.secret, "sts&secret");
    assert_non_null(strstr(f->seen, "WebIdentityToken=a%2Bb%2Fc%3D"));
    assert_non_null(strstr(f->seen, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"));
    assert_int_equal(ask(f), FC_OK);
    assert_int_equal(test_web_requests(f->web), 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/other", 1);
    test_write(test_path(&f->scratch, "token"), "bad");
    assert_int_equal(ask(f), FC_UNAVAILABLE);
    assert_string_equal(f->err.message, "AWS STS gives no credentials for the web identity: "
                                        "InvalidIdentityToken: No provider");
    /* Whoever replaces it may not have written it yet. */
    test_write(test_path(&f->scratch, "token"), "");
    assert_int_equal(ask(f), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "token is empty"));
}

static void containers_answer_with_their_token(void **state)
{
    struct fixture *f = *state;

    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", test_web_url(f->web, "/container"), 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc", 1);
    assert_int_equal(ask(f), FC_OK);
    assert_string_equal(f->found.token, "remote token");
    assert_non_null(strstr(f->seen, "Authorization: Basic abc\r\n"));
}

static void instances_are_asked_by_session(void **state)
{
    struct fixture *f = *state;

    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", test_web_url(f->web, ""), 1);
    assert_int_equal(ask(f), FC_OK);
    assert_string_equal(f->found.key_id, "remote");
    assert_int_equal(test_web_requests(f->web), 3);
    assert_int_equal(ask(f), FC_OK);
    assert_int_equal(test_web_requests(f->web), 3);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    assert_int_equal(ask(f), FC_OK);
    assert_null(f->found.key_id);
}

static void credentials_about_to_expire_are_renewed(void **state)
{
    struct fixture *f = *state;

    f->expires = "2000-01-01T00:00:00Z";
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", test_web_url(f->web, "/container"), 1);
    assert_int_equal(ask(f), FC_OK);
    assert_int_equal(ask(f), FC_OK);
    assert_int_equal(test_web_requests(f->web), 2);
}

/* They are renewed minutes before: that whoever gives them is away for a moment is no reason to do without. */
static void credentials_that_hold_are_used_when_they_are_not_renewed(void **state)
{
    static const char *const variables[][2] = {
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "/container"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", ""},
    };
    struct fixture *f = *state;
    char soon[FC_TIME_TEXT_MAX];

    fc_time_format(fc_now_ns(fc_sys_real()) / FC_NS_PER_S + 250, 0, soon);
    f->expires = fc_arena_strdup(f->arena, soon);
    for (size_t i = 0; i < FC_ARRAY_LEN(variables); i++) {
        setenv(variables[i][0], test_web_url(f->web, variables[i][1]), 1);
        assert_int_equal(ask(f), FC_OK);
        f->down = true;
        assert_int_equal(ask(f), FC_OK);
        assert_string_equal(f->found.key_id, "remote");
        assert_string_equal(f->found.secret, "remote secret");
        /* The next try has time. */
        unsigned asked = (unsigned)test_web_requests(f->web);
        assert_int_equal(ask(f), FC_OK);
        assert_string_equal(f->found.token, "remote token");
        assert_int_equal(test_web_requests(f->web), asked);
        f->down = false;
        unsetenv(variables[i][0]);
    }
}

static void nobody_there_means_no_credentials(void **state)
{
    struct fixture *f = *state;

    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
    assert_int_equal(ask(f), FC_OK);
    assert_null(f->found.key_id);
}

static void endpoints_follow_the_conventions(void **state FC_UNUSED)
{
    assert_null(fc_aws_endpoint("", "S3"));
    setenv("AWS_ENDPOINT_URL", "http://all", 1);
    assert_string_equal(fc_aws_endpoint(NULL, "S3"), "http://all");
    setenv("AWS_ENDPOINT_URL_STS", "http://sts", 1);
    assert_string_equal(fc_aws_endpoint(NULL, "STS"), "http://sts");
    assert_string_equal(fc_aws_endpoint("http://asked", "STS"), "http://asked");
    assert_string_equal(fc_aws_domain("cn-north-1"), "amazonaws.com.cn");
    assert_string_equal(fc_aws_domain("eu-west-1"), "amazonaws.com");
}

static fc_rc count_element(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    unsigned *count = ctx;

    if (strcmp(text, "stop") == 0)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "stopped at %s", path);
    ++*count;
    return FC_OK;
}

static void bad_xml_is_refused(void **state FC_UNUSED)
{
    static const char deep[] =
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
        "<a><a><a><a>";
    static const char *const bad[] = {
        "",         "<a><b></a>", "<a>&unknown;</a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<a/><b/>", deep,
    };
    struct fc_error err = FC_ERROR_INIT;
    unsigned count = 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++)
        assert_int_equal(fc_xml_read(fc_str_from(bad[i]), "S3", count_element, &count, &err),
                         FC_INVALID_ARGUMENT);
    assert_int_equal(
        fc_xml_read(FC_STR("<a><b>x</b><b>stop</b><b/></a>"), "S3", count_element, &count, &err),
        FC_INVALID_ARGUMENT);
    assert_string_equal(err.message, "stopped at a/b");
    count = 0;
    assert_int_equal(fc_xml_read(FC_STR("<n:a xmlns:n=\"u\"><b>x</b><c/></n:a>"), "S3",
                                 count_element, &count, &err),
                     FC_OK);
    assert_int_equal(count, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest cases[] = {
    CASE(environment_comes_first),
    CASE(shared_files_have_profiles),
    CASE(profiles_that_run_programs_are_refused),
    CASE(web_identity_goes_through_sts),
    CASE(containers_answer_with_their_token),
    CASE(instances_are_asked_by_session),
    CASE(credentials_about_to_expire_are_renewed),
    CASE(credentials_that_hold_are_used_when_they_are_not_renewed),
    CASE(nobody_there_means_no_credentials),
    CASE(endpoints_follow_the_conventions),
    CASE(bad_xml_is_refused),
};

FC_TEST_MAIN(cases)
