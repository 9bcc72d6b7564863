/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bigquery_fixture.h"

#include <stdlib.h>

static bool reply(void *ctx, const struct test_web_request *request, int fd)
{
    struct bq_fixture *f = ctx;
    char token[200] = "";

    if (strstr(request->target, "/token")) {
        static const char body[] = "{\"access_token\":\"%s\",\"expires_in\":3600}";
        char text[200];
        (void)snprintf(text, sizeof(text), body, f->token);
        return test_web_reply(fd, "200 OK", "Metadata-Flavor: Google\r\n", text);
    }
    (void)snprintf(f->seen, sizeof(f->seen), "%s %s %s", request->method, request->target,
                   request->body ? request->body : "");
    (void)!test_web_header(request, "Authorization", token, sizeof(token));
    size_t at = f->asked++;
    if (at >= f->answer_count || !strstr(f->seen, f->answers[at].request) ||
        strcmp(token, f->token ? "Bearer secret-token" : "") != 0) {
        if (!f->wrong[0])
            (void)snprintf(f->wrong, sizeof(f->wrong), "request %zu: %.2000s (%s)", at, f->seen,
                           token);
        return test_web_reply(fd, "418 Teapot", "", "{}");
    }
    return test_web_reply(fd, f->answers[at].status, "", f->answers[at].body);
}

int bq_set_up(void **state)
{
    struct bq_fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    unsetenv("CLOUDSDK_CONFIG");
    unsetenv("GCE_METADATA_HOST");
    unsetenv("BIGQUERY_EMULATOR_HOST");
    setenv("NO_GCE_CHECK", "true", 1);
    test_scratch_init(&f->scratch);
    setenv("HOME", f->scratch.path, 1);
    f->arena = fc_arena_new((size_t)64 << 20);
    f->web = test_web_start(reply, f);
    feast__worker__v1__access__init(&f->order);
    feast__worker__v1__limits__init(&f->limits);
    feast__core__data_source__init(&f->data);
    feast__core__data_source__big_query_options__init(&f->options);
    f->order.bigquery_endpoint = fc_arena_strdup(f->arena, test_web_url(f->web, "/"));
    f->access.order = &f->order;
    f->limits.rows = 100;
    f->data.type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY;
    f->data.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS;
    f->data.bigquery_options = &f->options;
    f->options.table_ref = (char *)(uintptr_t) "p:d.t";
    f->env =
        (struct fc_source_env){.sys = fc_sys_real(), .limits = &f->limits, .access = &f->access};
    *state = f;
    return 0;
}

int bq_tear_down(void **state)
{
    struct bq_fixture *f = *state;

    if (f->source)
        BQ_OPS->close(f->source);
    test_web_stop(f->web);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    free(f);
    return 0;
}

void bq_expect(struct bq_fixture *f, const char *request, const char *status, const char *body)
{
    assert_true(f->answer_count < BQ_ANSWERS_MAX);
    f->answers[f->answer_count++] =
        (struct bq_answer){.request = request, .status = status, .body = body};
}

void bq_all_asked(const struct bq_fixture *f)
{
    if (f->wrong[0])
        fprintf(stderr, "%s\n", f->wrong);
    assert_string_equal(f->wrong, "");
    assert_int_equal(f->asked, f->answer_count);
}

fc_rc bq_open_source(struct bq_fixture *f)
{
    f->err = (struct fc_error)FC_ERROR_INIT;
    return BQ_OPS->open(&f->env, &f->data, f->arena, &f->source, &f->err);
}

void bq_opens(struct bq_fixture *f)
{
    if (bq_open_source(f) != FC_OK)
        fprintf(stderr, "%s\n%s\n", f->err.message, f->wrong);
    assert_non_null(f->source);
}

void bq_refuses(struct bq_fixture *f, enum fc_reason reason, const char *text)
{
    assert_int_not_equal(bq_open_source(f), FC_OK);
    if (!strstr(f->err.message, text))
        fprintf(stderr, "found: %s\nexpected: %s\n", f->err.message, text);
    assert_non_null(strstr(f->err.message, text));
    assert_int_equal(f->err.reason, reason);
    bq_all_asked(f);
}

static fc_rc take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct bq_fixture *f = ctx;

    (void)err;
    for (size_t row = 0; row < batch->row_count; row++) {
        f->last = batch->cells[0][row].as.integer;
        f->first = f->rows == 0 ? f->last : f->first;
        f->rows++;
    }
    return FC_OK;
}

fc_rc bq_sample(struct bq_fixture *f, struct fc_sample_stats *ret)
{
    f->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = BQ_OPS->sample(f->source, BQ_COLUMNS, 2, take, f, ret, &f->err);
    if (rc != FC_OK)
        fprintf(stderr, "%s\n", f->err.message);
    return rc;
}

static fc_rc scan(struct bq_fixture *f, const struct fc_scan_request *request)
{
    struct fc_scan_progress progress;

    f->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = BQ_OPS->scan(f->source, request, take, f, &progress, &f->err);
    if (rc != FC_OK)
        fprintf(stderr, "%s\n", f->err.message);
    return rc;
}

fc_rc bq_scan(struct bq_fixture *f, const char *const *columns, size_t count,
              const char *date_partition, bool bounded)
{
    const struct fc_scan_request request = {
        .columns = columns,
        .count = count,
        .event = 1,
        .date_partition = date_partition,
        .start = {.seconds = 1609459200, .nanos = 500, .set = bounded},
        .end = {.seconds = 1609545600, .set = bounded}};

    return scan(f, &request);
}

fc_rc bq_scan_span(struct bq_fixture *f, const char *const *columns, size_t count, int64_t start,
                   int64_t end)
{
    const struct fc_scan_request request = {.columns = columns,
                                            .count = count,
                                            .event = 1,
                                            .date_partition = count == 3 ? columns[2] : NULL,
                                            .start = {.seconds = start, .set = true},
                                            .end = {.seconds = end, .set = true}};

    return scan(f, &request);
}

void bq_use_token(struct bq_fixture *f)
{
    f->token = "secret-token";
    setenv("GCE_METADATA_HOST", test_web_url(f->web, "") + strlen("http://"), 1);
}
