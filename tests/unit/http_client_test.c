/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a server that behaves, and one that does not. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "tests/support/web.h"
#include "worker/net/http.h"

struct fixture {
    struct fc_arena *arena;
    struct fc_http *http;
    struct test_web *web;
    Feast__Worker__V1__Access order;
    struct fc_access access;
    struct fc_http_response response;
    struct fc_error err;
    test_web_fn fn;
    unsigned failures; /* answers that go wrong before one goes well */
    const char *first; /* where the first request was redirected to */
    char seen[512];
};

static bool dispatch(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;

    return f->fn(f, request, fd);
}

static void open_client(struct fixture *f, int64_t deadline_ns)
{
    const struct fc_http_options options = {
        .access = &f->access, .sys = fc_sys_real(), .deadline_ns = deadline_ns};

    fc_http_free(f->http);
    f->http = NULL;
    assert_int_equal(fc_http_new(&options, &f->http, &f->err), FC_OK);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    feast__worker__v1__access__init(&f->order);
    f->access.order = &f->order;
    f->arena = fc_arena_new((size_t)64 << 20);
    f->web = test_web_start(dispatch, f);
    open_client(f, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fc_http_free(f->http);
    test_web_stop(f->web);
    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static fc_rc call(struct fixture *f, test_web_fn fn, struct fc_http_request request)
{
    f->fn = fn;
    if (!request.url)
        request.url = test_web_url(f->web, "/x");
    request.what = "object x";
    return fc_http_call(f->http, &request, f->arena, &f->response, &f->err);
}

static bool hello(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;

    snprintf(f->seen, sizeof(f->seen), "%s %s", request->method, request->target);
    return test_web_reply(fd, "200 OK", "ETag: \"1\"\r\nX-Own: a\r\n", "hello");
}

static void answers_come_whole(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, hello, (struct fc_http_request){.url = NULL}), FC_OK);
    assert_int_equal(f->response.status, 200);
    assert_true(fc_str_eq(f->response.body, FC_STR("hello")));
    assert_string_equal(f->response.etag, "\"1\"");
    assert_string_equal(fc_http_header(&f->response, "x-own"), "a");
    assert_null(fc_http_header(&f->response, "x-other"));
    assert_int_equal(f->response.content_length, 5);
    assert_int_equal(fc_http_stats(f->http).requests, 1);
    assert_int_equal(fc_http_stats(f->http).bytes, 5);
}

static bool count_connections(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;

    f->failures = request->connection;
    return test_web_reply(fd, "200 OK", "", "");
}

static void connections_are_kept_apart_from_trusted_ones(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, count_connections, (struct fc_http_request){.url = NULL}), FC_OK);
    assert_int_equal(call(f, count_connections, (struct fc_http_request){.url = NULL}), FC_OK);
    assert_int_equal(f->failures, 0);
    assert_int_equal(call(f, count_connections, (struct fc_http_request){.trusted = true}), FC_OK);
    assert_int_equal(f->failures, 1);
    f->order.deny_private = true;
    assert_int_equal(call(f, count_connections, (struct fc_http_request){.trusted = true}), FC_OK);
}

static void what_the_policy_forbids_is_not_asked(void **state)
{
    struct fixture *f = *state;
    char *const denied[] = {(char *)(uintptr_t) "*.example.org"};

    f->order.deny_private = true;
    assert_int_equal(call(f, hello, (struct fc_http_request){.url = NULL}), FC_PERMISSION_DENIED);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_DENIED);
    assert_non_null(strstr(f->err.message, "object x"));
    f->order.denied = (char **)(uintptr_t)denied;
    f->order.n_denied = 1;
    assert_int_equal(call(f, hello, (struct fc_http_request){.url = "http://data.example.org/x"}),
                     FC_PERMISSION_DENIED);
    assert_int_equal(test_web_requests(f->web), 0);
}

static bool show_head(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;
    char range[64] = "";

    test_web_header(request, "Range", range, sizeof(range));
    snprintf(f->seen, sizeof(f->seen), "%s %s %s", request->method, range, request->body);
    return test_web_reply(fd, "206 Partial Content", "Content-Range: bytes 2-4/10\r\n", "abc");
}

static void ranges_and_bodies_are_sent(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        call(f, show_head, (struct fc_http_request){.range_first = 2, .range_size = 3}), FC_OK);
    assert_string_equal(f->seen, "GET bytes=2-4 ");
    assert_string_equal(f->response.content_range, "bytes 2-4/10");
    assert_int_equal(
        call(f, show_head, (struct fc_http_request){.range_first = -8, .range_size = 8}), FC_OK);
    assert_string_equal(f->seen, "GET bytes=-8 ");
    assert_int_equal(
        call(f, show_head, (struct fc_http_request){.method = "POST", .body = FC_STR("a=b")}),
        FC_OK);
    assert_string_equal(f->seen, "POST  a=b");
}

static bool busy_at_first(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;

    return request->number < f->failures ? test_web_reply(fd, "503 Slow Down", "", "busy")
                                         : test_web_reply(fd, "200 OK", "", "done");
}

static void busy_servers_are_asked_again(void **state)
{
    struct fixture *f = *state;

    f->failures = 2;
    assert_int_equal(call(f, busy_at_first, (struct fc_http_request){.url = NULL}), FC_OK);
    assert_int_equal(f->response.status, 200);
    assert_int_equal(test_web_requests(f->web), 3);
    f->failures = 100;
    assert_int_equal(call(f, busy_at_first, (struct fc_http_request){.once = true}), FC_OK);
    assert_int_equal(f->response.status, 503);
    assert_int_equal(test_web_requests(f->web), 4);
}

static bool reset_at_first(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;

    return request->number < f->failures ? test_web_reset(fd)
                                         : test_web_reply(fd, "200 OK", "", "done");
}

static void broken_connections_are_tried_again_for_reads(void **state)
{
    struct fixture *f = *state;

    f->failures = 1;
    assert_int_equal(call(f, reset_at_first, (struct fc_http_request){.url = NULL}), FC_OK);
    assert_int_equal(test_web_requests(f->web), 2);
    f->failures = 100;
    open_client(f, 0); /* on a kept connection it could have been closed for its age */
    assert_int_equal(
        call(f, reset_at_first, (struct fc_http_request){.method = "POST", .url = NULL}),
        FC_UNAVAILABLE);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNREACHABLE);
    assert_int_equal(test_web_requests(f->web), 3);
}

static bool short_body(void *ctx, const struct test_web_request *request, int fd)
{
    (void)ctx;
    (void)request;
    (void)test_web_raw(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    return false;
}

static void short_bodies_are_told(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, short_body, (struct fc_http_request){.once = true}), FC_UNAVAILABLE);
    assert_string_equal(f->err.message, "object x: the answer ended after 9 of 100 bytes");
}

static bool say_nothing(void *ctx, const struct test_web_request *request, int fd)
{
    (void)ctx;
    (void)request;
    (void)fd;
    return true;
}

static void silence_ends_at_the_deadline(void **state)
{
    struct fixture *f = *state;
    int64_t start = fc_monotonic_ns(fc_sys_real());

    open_client(f, start + 200 * FC_NS_PER_MS);
    assert_int_equal(call(f, say_nothing, (struct fc_http_request){.url = NULL}),
                     FC_DEADLINE_EXCEEDED);
    assert_true(fc_monotonic_ns(fc_sys_real()) - start >= 190 * FC_NS_PER_MS);
    open_client(f, 0);
    assert_int_equal(
        call(f, say_nothing, (struct fc_http_request){.timeout_ns = 50 * FC_NS_PER_MS}),
        FC_DEADLINE_EXCEEDED);
}

static bool large(void *ctx, const struct test_web_request *request, int fd)
{
    char body[1001];

    (void)ctx;
    (void)request;
    memset(body, 'x', sizeof(body));
    body[1000] = '\0';
    return test_web_reply(fd, "200 OK", "", body);
}

static void answers_that_are_too_large_end_early(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, large, (struct fc_http_request){.max_bytes = 1000}), FC_OK);
    assert_int_equal(call(f, large, (struct fc_http_request){.max_bytes = 999}),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    assert_int_equal(test_web_requests(f->web), 2);
}

static bool many_headers(void *ctx, const struct test_web_request *request, int fd)
{
    (void)ctx;
    (void)request;
    (void)test_web_raw(fd, "HTTP/1.1 200 OK\r\n");
    while (test_web_raw(fd, "X-More: 0123456789012345678901234567890123456789\r\n"))
        ;
    return false;
}

static void endless_heads_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, many_headers, (struct fc_http_request){.once = true}),
                     FC_INVALID_ARGUMENT);
}

static bool redirect_once(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;
    char head[600];
    char value[128];

    if (strcmp(request->target, "/x") != 0) {
        snprintf(f->seen, sizeof(f->seen), "%s %s %s %s", request->method, request->target,
                 test_web_header(request, "Authorization", value, sizeof(value)) ? "token" : "bare",
                 test_web_header(request, "Range", value, sizeof(value)) ? value : "");
        return test_web_reply(fd, "200 OK", "", "there");
    }
    snprintf(head, sizeof(head), "Location: %s\r\n", f->first);
    return test_web_reply(fd, "302 Found", head, "elsewhere");
}

static void redirects_are_followed_without_credentials(void **state)
{
    struct fixture *f = *state;

    f->first = "/y?z=1";
    assert_int_equal(
        call(f, redirect_once,
             (struct fc_http_request){.bearer = "secret", .range_first = 0, .range_size = 4}),
        FC_OK);
    assert_string_equal(f->seen, "GET /y?z=1 bare bytes=0-3");
    assert_true(fc_str_eq(f->response.body, FC_STR("there")));
}

static void redirects_are_held_against_the_policy(void **state)
{
    struct fixture *f = *state;
    char *const schemes[] = {(char *)(uintptr_t) "https"};

    f->first = "http://169.254.169.254/latest/meta-data/";
    assert_int_equal(call(f, redirect_once, (struct fc_http_request){.url = NULL}),
                     FC_PERMISSION_DENIED);
    f->first = "file:///etc/passwd";
    assert_int_equal(call(f, redirect_once, (struct fc_http_request){.url = NULL}),
                     FC_INVALID_ARGUMENT);
    f->first = "/y";
    f->order.schemes = (char **)(uintptr_t)schemes;
    f->order.n_schemes = 1;
    assert_int_equal(call(f, redirect_once, (struct fc_http_request){.url = NULL}),
                     FC_PERMISSION_DENIED);
}

static bool redirect_for_ever(void *ctx, const struct test_web_request *request, int fd)
{
    (void)ctx;
    (void)request;
    return test_web_reply(fd, "307 Temporary Redirect", "Location: /x\r\n", "");
}

static void circles_of_redirects_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, redirect_for_ever, (struct fc_http_request){.url = NULL}),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(test_web_requests(f->web), 6);
}

static void signed_and_trusted_requests_follow_nothing(void **state)
{
    struct fixture *f = *state;
    const struct fc_http_aws aws = {
        .service = "s3", .region = "r", .key_id = "id", .secret = "secret"};

    f->first = "/y";
    assert_int_equal(call(f, redirect_once, (struct fc_http_request){.aws = &aws}), FC_OK);
    assert_int_equal(f->response.status, 302);
    assert_int_equal(call(f, redirect_once, (struct fc_http_request){.trusted = true}), FC_OK);
    assert_int_equal(f->response.status, 302);
}

struct pieces {
    char text[64];
    bool refuse;
};

static fc_rc take_piece(void *ctx, const struct fc_http_response *head, int64_t offset, fc_str data,
                        struct fc_error *err)
{
    struct pieces *pieces = ctx;

    if (pieces->refuse)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "status %ld is not wanted", head->status);
    assert_true((size_t)offset + data.len < sizeof(pieces->text));
    memcpy(pieces->text + offset, data.ptr, data.len);
    return FC_OK;
}

static void bodies_can_be_taken_piece_by_piece(void **state)
{
    struct fixture *f = *state;
    struct pieces pieces = {.refuse = false};
    struct fc_http_request request = {.on_body = take_piece, .ctx = &pieces};

    assert_int_equal(call(f, hello, request), FC_OK);
    assert_string_equal(pieces.text, "hello");
    assert_int_equal(f->response.body.len, 0);
    pieces.refuse = true;
    assert_int_equal(call(f, hello, request), FC_INVALID_ARGUMENT);
    assert_string_equal(f->err.message, "status 200 is not wanted");
    assert_int_equal(test_web_requests(f->web), 2);
}

static void places_without_anybody_are_told_apart(void **state)
{
    struct fixture *f = *state;

    /* Port 1 of loopback: nobody listens. */
    assert_int_equal(
        call(f, hello, (struct fc_http_request){.url = "http://127.0.0.1:1/", .once = true}),
        FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "refuses the connection"));
    assert_int_equal(
        call(f, hello, (struct fc_http_request){.url = "http://name.invalid/", .once = true}),
        FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "name.invalid does not resolve"));
    assert_int_equal(call(f, hello, (struct fc_http_request){.url = "http://", .once = true}),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(
        call(f, hello, (struct fc_http_request){.url = "ftp://127.0.0.1/", .once = true}),
        FC_INVALID_ARGUMENT);
}

static void credentials_in_a_url_are_not_told(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, hello,
                          (struct fc_http_request){
                              .url = "http://user:hidden@127.0.0.1:1/?t=hidden", .once = true}),
                     FC_UNAVAILABLE);
    assert_null(strstr(f->err.message, "hidden"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest cases[] = {
    CASE(answers_come_whole),
    CASE(connections_are_kept_apart_from_trusted_ones),
    CASE(what_the_policy_forbids_is_not_asked),
    CASE(ranges_and_bodies_are_sent),
    CASE(busy_servers_are_asked_again),
    CASE(broken_connections_are_tried_again_for_reads),
    CASE(short_bodies_are_told),
    CASE(silence_ends_at_the_deadline),
    CASE(answers_that_are_too_large_end_early),
    CASE(endless_heads_end),
    CASE(redirects_are_followed_without_credentials),
    CASE(redirects_are_held_against_the_policy),
    CASE(circles_of_redirects_end),
    CASE(signed_and_trusted_requests_follow_nothing),
    CASE(bodies_can_be_taken_piece_by_piece),
    CASE(places_without_anybody_are_told_apart),
    CASE(credentials_in_a_url_are_not_told),
};

FC_TEST_MAIN(cases)
