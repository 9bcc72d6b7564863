/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_error.h"

#include <string.h>
#include <strings.h>

/* Of a message that is handed on. */
#define MESSAGE_MAX 600

/* BigQuery's own words for the reason; a status alone says too little. */
static const struct {
    const char *reason;
    enum fc_bq_problem problem;
} REASONS[] = {
    {"accessDenied", FC_BQ_DENIED},    {"notFound", FC_BQ_NOT_FOUND},
    {"rateLimitExceeded", FC_BQ_RATE}, {"jobRateLimitExceeded", FC_BQ_RATE},
    {"quotaExceeded", FC_BQ_QUOTA},    {"billingNotEnabled", FC_BQ_QUOTA},
    {"blocked", FC_BQ_QUOTA},          {"bytesBilledLimitExceeded", FC_BQ_EXPENSIVE},
    {"backendError", FC_BQ_DOWN},      {"internalError", FC_BQ_DOWN},
    {"jobBackendError", FC_BQ_DOWN},   {"jobInternalError", FC_BQ_DOWN},
    {"tableUnavailable", FC_BQ_DOWN},  {"stopped", FC_BQ_DOWN},
    {"timeout", FC_BQ_DOWN},
};

/*
 * The first error: that of the request itself, {"error": {"errors": […]}}, or of a job that failed, {"errors": […]}.
 */
static const json_t *first_error(const json_t *body)
{
    const json_t *error = json_object_get(body, "error");

    return json_array_get(json_object_get(error ? error : body, "errors"), 0);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static const char *message_of(const json_t *body)
{
    const char *message = text_of(json_object_get(body, "error"), "message");

    return message[0] ? message : text_of(first_error(body), "message");
}

static enum fc_bq_problem by_status(long status)
{
    switch (status) {
    case 401:
        return FC_BQ_UNAUTHENTICATED;
    case 403:
        return FC_BQ_DENIED;
    case 404:
        return FC_BQ_NOT_FOUND;
    case 429:
        return FC_BQ_RATE;
    default:
        return status >= 500 ? FC_BQ_DOWN : FC_BQ_INVALID;
    }
}

/* A job that failed comes with status 200: then it has errors and no schema of a result. */
static bool is_fine(const struct fc_bq_refusal *refusal)
{
    const json_t *body = refusal->body;

    if (refusal->status < 200 || refusal->status >= 300 || json_object_get(body, "error"))
        return false;
    return json_array_size(json_object_get(body, "errors")) == 0 ||
           json_array_size(json_object_get(json_object_get(body, "schema"), "fields")) > 0;
}

enum fc_bq_problem fc_bq_problem_of(const struct fc_bq_refusal *refusal)
{
    const char *reason = text_of(first_error(refusal->body), "reason");
    const char *message = message_of(refusal->body);

    if (is_fine(refusal))
        return FC_BQ_FINE;
    if (refusal->status == 401)
        return FC_BQ_UNAUTHENTICATED;
    if (strstr(message, "without a filter over column"))
        return FC_BQ_NEEDS_FILTER;
    if (strstr(message, "exceeded limit for bytes billed"))
        return FC_BQ_EXPENSIVE;
    for (size_t i = 0; i < FC_ARRAY_LEN(REASONS); i++)
        if (strcmp(reason, REASONS[i].reason) == 0)
            return REASONS[i].problem;
    return by_status(refusal->status);
}

static fc_rc unauthenticated(const struct fc_bq_refusal *r, const char *message,
                             struct fc_error *err)
{
    if (r->anonymous)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: BigQuery wants to know who asks (status 401) and the server has no "
                       "Google credentials; set GOOGLE_APPLICATION_CREDENTIALS",
                       r->what);
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                   "%s: BigQuery does not take the server's Google credentials (status 401): %.*s",
                   r->what, MESSAGE_MAX, message);
}

/* The word after "Not found: "; the parts of the name are in the message. */
static fc_rc not_found(const struct fc_bq_refusal *r, const char *message, struct fc_error *err)
{
    static const char prefix[] = "Not found: ";
    static const char *const kinds[] = {"project", "dataset", "table"};
    bool told = strncmp(message, prefix, sizeof(prefix) - 1) == 0;
    const char *kind = told ? message + sizeof(prefix) - 1 : "";

    for (size_t i = 0; i < FC_ARRAY_LEN(kinds); i++) {
        if (strncasecmp(kind, kinds[i], strlen(kinds[i])) == 0)
            return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                           "%s: there is no such %s (status 404): %.*s", r->what, kinds[i],
                           MESSAGE_MAX, message);
    }
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s is not there (status 404): %.*s", r->what,
                   MESSAGE_MAX, message);
}

static fc_rc denied(const struct fc_bq_refusal *r, const char *message, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                   "%s: access is denied (status %ld): %.*s; the account needs %s%s%s", r->what,
                   r->status, MESSAGE_MAX, message, r->needs, r->project ? ", in project " : "",
                   r->project ? r->project : "");
}

fc_rc fc_bq_refuse(const struct fc_bq_refusal *r, struct fc_error *err)
{
    const char *reason = text_of(first_error(r->body), "reason");
    const char *message = message_of(r->body);
    enum fc_reason as = FC_REASON_SOURCE_UNREACHABLE;
    const char *text = "BigQuery cannot answer now";

    if (message[0] == '\0')
        message = "it does not say why";
    switch (fc_bq_problem_of(r)) {
    case FC_BQ_UNAUTHENTICATED:
        return unauthenticated(r, message, err);
    case FC_BQ_NOT_FOUND:
        return not_found(r, message, err);
    case FC_BQ_DENIED:
        return denied(r, message, err);
    case FC_BQ_RATE:
        text = "BigQuery is asked too often";
        break;
    case FC_BQ_QUOTA:
        text = "the quota or the billing of the project does not allow it";
        break;
    case FC_BQ_EXPENSIVE:
        text = "the query would read more than it may";
        break;
    case FC_BQ_NEEDS_FILTER:
        as = FC_REASON_SOURCE_INVALID;
        text = "the table is only read with a filter on its partitions";
        break;
    case FC_BQ_INVALID:
        as = FC_REASON_SOURCE_INVALID;
        text = "BigQuery does not accept the request";
        break;
    default:
        break;
    }
    return fc_fail(err, as, "%s: %s (status %ld%s%s): %.*s", r->what, text, r->status,
                   reason[0] ? ", " : "", reason, MESSAGE_MAX, message);
}
