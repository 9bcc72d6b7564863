/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to Kinesis, and what its refusals mean. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/net/xml.h"
#include "worker/sources/kinesis.h"

/* Ten thousand records of one shard, or ten megabytes of them, in base64. */
#define ANSWER_MAX ((size_t)32 << 20)
/* How long throttling is sat out at first; it doubles. */
#define PAUSE_MS     50
#define PAUSE_MAX_MS 1600
/* Of one request of a reading that has no deadline. */
#define PATIENCE_NS (30 * FC_NS_PER_S)

const char *fc_kinesis_name(const struct fc_broker *self)
{
    return self->name ? self->name : "a stream";
}

enum meaning { THROTTLED, NO_STREAM, NOT_ALLOWED, BAD_LOGIN, EXPIRED, NOT_VALID };

/* By the service's own word. Messages about signatures are not repeated: they show what was signed. */
static const struct {
    const char *word;
    enum meaning meaning;
    const char *text;
} KNOWN[] = {
    {"ProvisionedThroughputExceededException", THROTTLED, NULL},
    {"LimitExceededException", THROTTLED, NULL},
    {"ThrottlingException", THROTTLED, NULL},
    {"KMSThrottlingException", THROTTLED, NULL},
    {"RequestLimitExceeded", THROTTLED, NULL},
    {"ResourceNotFoundException", NO_STREAM, NULL},
    {"AccessDeniedException", NOT_ALLOWED, NULL},
    {"AccessDenied", NOT_ALLOWED, NULL},
    {"KMSAccessDeniedException", NOT_ALLOWED, NULL},
    {"ExpiredTokenException", BAD_LOGIN, "the session token has expired"},
    {"ExpiredToken", BAD_LOGIN, "the session token has expired"},
    {"UnrecognizedClientException", BAD_LOGIN, "the access key id or session token is unknown"},
    {"InvalidClientTokenId", BAD_LOGIN, "the access key id is unknown"},
    {"InvalidSignatureException", BAD_LOGIN,
     "the signature does not match: the secret key is not the right one, or the clock is off"},
    {"SignatureDoesNotMatch", BAD_LOGIN,
     "the signature does not match: the secret key is not the right one, or the clock is off"},
    {"IncompleteSignatureException", BAD_LOGIN, "the signature is not complete"},
    {"MissingAuthenticationTokenException", BAD_LOGIN, "the request was not signed"},
    {"OptInRequired", BAD_LOGIN, "the account does not use this service or region"},
    {"ExpiredIteratorException", EXPIRED, NULL},
    {"ExpiredNextTokenException", EXPIRED, NULL},
    {"InvalidArgumentException", NOT_VALID, NULL},
    {"ValidationException", NOT_VALID, NULL},
};

/* Index into KNOWN, or FC_ARRAY_LEN. */
static size_t find(const char *word)
{
    size_t i = 0;

    while (i < FC_ARRAY_LEN(KNOWN) && strcmp(KNOWN[i].word, word) != 0)
        i++;
    return i;
}

/* Servers that speak like AWS, and gateways before it, answer some refusals in XML. */
static fc_rc take_element(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    json_t *body = ctx;
    const char *name = strrchr(path, '/');

    (void)err;
    if (name && strcmp(name, "/Code") == 0)
        json_object_set_new(body, "__type", json_string(text));
    else if (name && strcmp(name, "/Message") == 0)
        json_object_set_new(body, "message", json_string(text));
    return FC_OK;
}

/* What the answer says, as the service says it: {"__type": …, "message": …}. NULL when it says nothing. */
static json_t *read_body(fc_str body)
{
    struct fc_error ignored = FC_ERROR_INIT;
    json_t *answer = body.len > 0 ? json_loadb(body.ptr, body.len, 0, NULL) : NULL;

    if (answer || body.len == 0 || body.ptr[0] != '<')
        return answer;
    answer = json_object();
    if (answer && fc_xml_read(body, "Kinesis", take_element, answer, &ignored) != FC_OK)
        json_object_clear(answer);
    return answer;
}

/* `com.amazonaws.kinesis.v20131202#LimitExceededException` without what stands before the #. */
static const char *word_of(const json_t *body)
{
    const char *type = json_string_value(json_object_get(body, "__type"));
    const char *hash = type ? strrchr(type, '#') : NULL;

    return hash ? hash + 1 : type ? type : "";
}

static const char *message_of(const json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "message"));

    if (!text)
        text = json_string_value(json_object_get(body, "Message"));
    return text ? text : "";
}

static enum fc_kinesis_refusal refusal_of(size_t known, long status)
{
    static const enum fc_kinesis_refusal REFUSALS[] = {
        [THROTTLED] = FC_KINESIS_THROTTLED, [NO_STREAM] = FC_KINESIS_NO_STREAM,
        [NOT_ALLOWED] = FC_KINESIS_FINAL,   [BAD_LOGIN] = FC_KINESIS_FINAL,
        [EXPIRED] = FC_KINESIS_EXPIRED,     [NOT_VALID] = FC_KINESIS_NOT_VALID,
    };

    if (known < FC_ARRAY_LEN(KNOWN))
        return REFUSALS[KNOWN[known].meaning];
    return status == 429 || status >= 500 ? FC_KINESIS_PASSING : FC_KINESIS_FINAL;
}

static fc_rc explain(struct fc_broker *self, const char *doing, long status, const json_t *body,
                     struct fc_error *err)
{
    const char *word = word_of(body);
    const char *name = fc_kinesis_name(self);
    size_t at = find(word);

    self->refusal = refusal_of(at, status);
    if (at == FC_ARRAY_LEN(KNOWN))
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s failed: %.100s %.500s (HTTP %ld)",
                       name, doing, word, message_of(body), status);
    switch (KNOWN[at].meaning) {
    case EXPIRED:
    case NOT_VALID:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s failed: %.100s %.500s", name,
                       doing, word, message_of(body));
    case NO_STREAM:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no such stream", name);
    case NOT_ALLOWED:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: AWS does not allow it to this server, which needs "
                       "kinesis:DescribeStreamSummary, ListShards, GetShardIterator and "
                       "GetRecords (and kms:Decrypt for an encrypted stream): %.500s",
                       name, message_of(body));
    case BAD_LOGIN:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: AWS refuses this server's credentials: %s", name, KNOWN[at].text);
    case THROTTLED:
        break;
    }
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                   "%s: %s failed: too many requests or readers (%s)", name, doing, word);
}

/* Whether the service asks for patience, and there is time for it. */
static bool wait_for_it(const struct fc_broker *self, const json_t *body, int *pause_ms)
{
    size_t at = find(word_of(body));
    int64_t pause_ns = *pause_ms * FC_NS_PER_MS;

    if (self->following || at == FC_ARRAY_LEN(KNOWN) || KNOWN[at].meaning != THROTTLED ||
        fc_monotonic_ns(self->env->sys) + pause_ns >= self->deadline_ns)
        return false;
    const struct timespec pause = {.tv_sec = pause_ns / FC_NS_PER_S,
                                   .tv_nsec = pause_ns % FC_NS_PER_S};
    (void)nanosleep(&pause, NULL);
    *pause_ms = *pause_ms < PAUSE_MAX_MS ? *pause_ms * 2 : PAUSE_MAX_MS;
    return true;
}

static fc_rc send_action(struct fc_broker *self, const char *action, fc_str body,
                         struct fc_arena *scratch, struct fc_http_response *ret,
                         struct fc_error *err)
{
    struct fc_aws_credentials login = {.key_id = NULL};
    const char *target = fc_arena_printf(scratch, "X-Amz-Target: Kinesis_20131202.%s", action);
    const char *const headers[] = {"Content-Type: application/x-amz-json-1.1", target, NULL};

    fc_rc rc = fc_aws_credentials(self->http, scratch, &login, err);
    if (rc != FC_OK)
        return fc_error_prefix(err, "%s", fc_kinesis_name(self));
    if (!login.key_id)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: this server has no AWS credentials",
                       fc_kinesis_name(self));
    const struct fc_http_aws aws = {.service = "kinesis",
                                    .region = self->region,
                                    .key_id = login.key_id,
                                    .secret = login.secret,
                                    .token = login.token};
    const struct fc_http_request request = {.method = "POST",
                                            .url = self->url,
                                            .headers = headers,
                                            .aws = &aws,
                                            .trusted = self->endpoint,
                                            .body = body,
                                            .max_bytes = ANSWER_MAX,
                                            .what = fc_kinesis_name(self),
                                            .timeout_ns = self->following ? PATIENCE_NS : 0,
                                            .once = self->following};
    if (!target)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a request to Kinesis");
    return fc_http_call(self->http, &request, scratch, ret, err);
}

fc_rc fc_kinesis_call(struct fc_broker *self, const char *action, json_t *input, const char *doing,
                      struct fc_arena *scratch, json_t **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *taken = input;
    struct fc_http_response response = {.status = 0};
    int pause_ms = PAUSE_MS;
    /* Moments in seconds, no finer than milliseconds. */
    char *text = taken ? json_dumps(taken, JSON_COMPACT | JSON_REAL_PRECISION(13)) : NULL;
    const char *body = text ? fc_arena_strdup(scratch, text) : NULL;

    free(text);
    self->refusal = FC_KINESIS_FINAL;
    if (!body)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a request to Kinesis");
    for (;;) {
        fc_rc rc = send_action(self, action, fc_str_from(body), scratch, &response, err);
        bool silent = rc != FC_OK && (err->reason == FC_REASON_SOURCE_UNREACHABLE ||
                                      err->reason == FC_REASON_DEADLINE_EXCEEDED);
        self->refusal = silent || response.status == 200 ? FC_KINESIS_PASSING : FC_KINESIS_FINAL;
        if (rc != FC_OK)
            return rc;
        self->answered_ms = fc_http_date_ms(&response);
        FC_CLEANUP(fc_json_freep)
        json_t *answer = read_body(response.body);
        if (response.status == 200 && json_is_object(answer) && response.body.ptr[0] != '<') {
            *ret = fc_steal(answer);
            return FC_OK;
        }
        if (response.status == 200)
            return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: the answer is no JSON",
                           fc_kinesis_name(self));
        if (!wait_for_it(self, answer, &pause_ms))
            return explain(self, doing, response.status, answer, err);
    }
}
