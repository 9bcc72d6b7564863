/* SPDX-License-Identifier: Apache-2.0 */
/* What S3 answers when it does not answer the question. */
#include "worker/net/xml.h"
#include "worker/objects/s3.h"

struct reading {
    struct fc_arena *arena;
    struct fc_s3_fault *fault;
};

static fc_rc read_element(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    struct reading *r = ctx;
    struct fc_s3_fault *fault = r->fault;
    const struct {
        const char *path;
        const char **field;
    } fields[] = {
        {"Error/Code", &fault->code},
        {"Error/Message", &fault->message},
        {"Error/Region", &fault->region},
        {"Error/ServerTime", &fault->server_time},
    };

    (void)err;
    for (size_t i = 0; i < FC_ARRAY_LEN(fields); i++)
        if (strcmp(fields[i].path, path) == 0)
            *fields[i].field = fc_arena_strdup(r->arena, text);
    return FC_OK;
}

void fc_s3_fault(const struct fc_http_response *response, struct fc_arena *arena,
                 struct fc_s3_fault *ret)
{
    struct reading r = {.arena = arena, .fault = ret};
    struct fc_error ignored = FC_ERROR_INIT;

    /* An answer that is no XML comes from something on the way; the status then says all there is. */
    *ret = (struct fc_s3_fault){.code = NULL};
    if (response->body.len > 0 &&
        fc_xml_read(response->body, "S3", read_element, &r, &ignored) != FC_OK)
        *ret = (struct fc_s3_fault){.code = NULL};
}

/* What to do about it, by S3's own word. */
static const struct {
    const char *code, *text;
} KNOWN[] = {
    {"AccessDenied", "access is denied to these credentials"},
    {"AllAccessDisabled", "all access to it is disabled"},
    {"InvalidAccessKeyId", "the access key id is unknown there"},
    {"SignatureDoesNotMatch", "the signature does not match: the secret key is not the right one"},
    {"ExpiredToken", "the session token has expired"},
    {"TokenRefreshRequired", "the session token has to be renewed"},
    {"InvalidToken", "the session token is not valid"},
    {"AuthorizationHeaderMalformed", "the request is signed for another region"},
    {"PermanentRedirect", "the bucket is at another endpoint"},
    {"TemporaryRedirect", "the bucket is at another endpoint for now"},
    {"IllegalLocationConstraintException", "the bucket is in another region"},
    {"InvalidObjectState", "the object is archived and has to be restored first"},
    {"SlowDown", "too many requests; the server asks to slow down"},
    {"ServiceUnavailable", "the service is not available at the moment"},
    {"InternalError", "the service failed"},
};

static const char *known(const char *code)
{
    for (size_t i = 0; code && i < FC_ARRAY_LEN(KNOWN); i++)
        if (strcmp(KNOWN[i].code, code) == 0)
            return KNOWN[i].text;
    return NULL;
}

static fc_rc explain_forbidden(const char *what, const struct fc_s3_fault *fault, bool credentials,
                               struct fc_error *err)
{
    if (!credentials)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: access is denied without credentials, and none were found (403%s%s)",
                       what, fault->code ? " " : "", fault->code ? fault->code : "");
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: access is denied (403)", what);
}

fc_rc fc_s3_explain(const struct fc_s3 *s3, const char *what,
                    const struct fc_http_response *response, const struct fc_s3_fault *fault,
                    bool credentials, struct fc_error *err)
{
    const char *code = fault->code;
    const char *text = known(code);
    const char *region = fc_http_header(response, "x-amz-bucket-region");

    if (code && strcmp(code, "NoSuchBucket") == 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no bucket \"%s\"", what,
                       s3->bucket);
    if (response->status == 404) {
        (void)fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no such object (404)", what);
        return fc_fetch_missing(err);
    }
    if (code && strcmp(code, "RequestTimeTooSkewed") == 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: the clock of this machine is too far from that of S3, which has %s",
                       what, fault->server_time ? fault->server_time : "another time");
    if (response->status == 403 && (!code || !text || !credentials))
        return explain_forbidden(what, fault, credentials, err);
    if (text)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s (%ld %s%s%s)", what, text,
                       response->status, code, region ? ", the bucket is in " : "",
                       region ? region : "");
    if (code)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: status %ld, %.60s: %.300s", what,
                       response->status, code, fault->message ? fault->message : "");
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: status %ld%s%s", what, response->status,
                   region ? ", the bucket is in " : "", region ? region : "");
}
