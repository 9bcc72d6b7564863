/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_service.h"

#include <stdlib.h>
#include <time.h>

#include "worker/net/google.h"

#define GOOGLE "https://bigquery.googleapis.com"
/* BigQuery keeps a page of rows below 20 MB. */
#define ANSWER_MAX ((size_t)32 << 20)
/* Tries of a call that came too fast, and the first pause between them. */
#define TRIES    5
#define PAUSE_NS (250 * FC_NS_PER_MS)

static fc_rc no_memory(const struct fc_bq_service *service, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a request", service->what);
}

/* "http://127.0.0.1:9050/", or "127.0.0.1:9050" as the emulators' documentation has it. */
static const char *endpoint(const char *text, struct fc_arena *arena)
{
    char *url = fc_arena_printf(arena, "%s%s", strstr(text, "://") ? "" : "http://", text);
    size_t length = url ? strlen(url) : 0;

    while (length > 0 && url[length - 1] == '/')
        url[--length] = '\0';
    return url;
}

fc_rc fc_bq_service_open(const struct fc_source_env *env, const char *what, struct fc_arena *arena,
                         struct fc_bq_service *ret, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = env->access ? env->access->order : NULL;
    const char *emulator = getenv("BIGQUERY_EMULATOR_HOST");
    struct fc_bq_service made = {.sys = env->sys, .deadline_ns = env->deadline_ns, .what = what};
    const struct fc_http_options options = {
        .access = env->access, .sys = env->sys, .deadline_ns = env->deadline_ns};

    if (order && order->bigquery_endpoint[0]) {
        made.base = endpoint(order->bigquery_endpoint, arena);
    } else if (emulator && emulator[0]) {
        made.base = endpoint(emulator, arena);
        made.anonymous = true;
    } else {
        made.base = GOOGLE;
    }
    if (!made.base)
        return no_memory(&made, err);
    fc_rc rc = fc_access_scheme(env->access, "bigquery", err);
    if (rc == FC_OK)
        rc = fc_http_new(&options, &made.http, err);
    if (rc == FC_OK)
        *ret = made;
    return rc;
}

void fc_bq_service_close(struct fc_bq_service *service)
{
    fc_http_free(service->http);
    service->http = NULL;
}

/* False when the deadline comes first. */
static bool pause_before(const struct fc_bq_service *service, unsigned attempt)
{
    int64_t pause = PAUSE_NS << attempt;

    if (service->deadline_ns != 0 && fc_monotonic_ns(service->sys) + pause >= service->deadline_ns)
        return false;
    const struct timespec span = {.tv_sec = (time_t)(pause / FC_NS_PER_S),
                                  .tv_nsec = (long)(pause % FC_NS_PER_S)};
    (void)nanosleep(&span, NULL);
    return true;
}

/* One request and its answer; `*ret_json` is NULL when the body is no JSON. */
static fc_rc ask(struct fc_bq_service *service, const struct fc_http_request *request,
                 struct fc_arena *arena, struct fc_bq_refusal *answer, json_t **ret_json,
                 struct fc_error *err)
{
    struct fc_http_response response;
    struct fc_http_request with_token = *request;

    if (!service->anonymous) {
        fc_rc rc = fc_google_token(service->http, FC_GOOGLE_SCOPE_BIGQUERY, arena,
                                   &with_token.bearer, err);
        if (rc != FC_OK)
            return fc_error_prefix(err, "%s", service->what);
    }
    fc_rc rc = fc_http_call(service->http, &with_token, arena, &response, err);
    if (rc != FC_OK)
        return rc;
    /* Strings of BigQuery may hold a NUL. */
    *ret_json = json_loadb(response.body.ptr ? response.body.ptr : "", response.body.len,
                           JSON_ALLOW_NUL, NULL);
    answer->status = response.status;
    answer->body = *ret_json;
    answer->anonymous = !with_token.bearer;
    return FC_OK;
}

/* Whether another try may do better: later, or with a new token. */
static bool may_do_better(const struct fc_bq_service *service, enum fc_bq_problem problem,
                          const struct fc_bq_refusal *answer, unsigned attempt)
{
    if (problem == FC_BQ_RATE)
        return attempt + 1 < TRIES && pause_before(service, attempt);
    if (problem != FC_BQ_UNAUTHENTICATED || answer->anonymous || attempt > 0)
        return false;
    fc_google_forget(FC_GOOGLE_SCOPE_BIGQUERY);
    return true;
}

static fc_rc talk(struct fc_bq_service *service, const struct fc_bq_request *from,
                  const struct fc_http_request *request, struct fc_arena *arena, json_t **ret,
                  enum fc_bq_problem *ret_problem, struct fc_error *err)
{
    struct fc_bq_refusal answer = {
        .what = service->what, .needs = from->needs, .project = from->project};

    for (unsigned attempt = 0;; attempt++) {
        FC_CLEANUP(fc_bq_json_freep) json_t *json = NULL;
        fc_rc rc = ask(service, request, arena, &answer, &json, err);
        if (rc != FC_OK)
            return rc;
        enum fc_bq_problem problem = fc_bq_problem_of(&answer);
        if (problem == FC_BQ_FINE && !json)
            return fc_fail(err, FC_REASON_SOURCE_INVALID,
                           "%s: what answered with status %ld is not BigQuery: its body is no JSON",
                           service->what, answer.status);
        if (problem == FC_BQ_FINE) {
            *ret = fc_steal(json);
            return FC_OK;
        }
        if (may_do_better(service, problem, &answer, attempt))
            continue;
        *ret_problem = problem;
        return fc_bq_refuse(&answer, err);
    }
}

fc_rc fc_bq_call(struct fc_bq_service *service, const struct fc_bq_request *request,
                 struct fc_arena *arena, json_t **ret, enum fc_bq_problem *ret_problem,
                 struct fc_error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct fc_http_request http = {.max_bytes = ANSWER_MAX, .what = service->what};

    *ret_problem = FC_BQ_FINE;
    http.url = fc_arena_printf(arena, "%s/bigquery/v2%s", service->base, request->path);
    if (!http.url)
        return no_memory(service, err);
    if (!request->body)
        return talk(service, request, &http, arena, ret, ret_problem, err);
    char *text = json_dumps(request->body, JSON_COMPACT);
    if (!text)
        return no_memory(service, err);
    http.method = "POST";
    http.headers = headers;
    http.body = fc_str_from(text);
    fc_rc rc = talk(service, request, &http, arena, ret, ret_problem, err);
    free(text);
    return rc;
}
