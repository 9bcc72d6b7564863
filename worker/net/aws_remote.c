/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that a service hands out. All of it is the operator's own infrastructure: no source names these places,
 * so the access policy is not asked.
 */
#include <jansson.h>

#include "base/file.h"
#include "base/time.h"
#include "base/url.h"
#include "worker/net/aws_internal.h"
#include "worker/net/xml.h"

#define TOKEN_MAX       ((size_t)64 << 10)
#define INSTANCE_NS     (1 * FC_NS_PER_S)
#define CONTAINER_NS    (5 * FC_NS_PER_S)
#define STS_NS          (10 * FC_NS_PER_S)
#define TOKEN_SECONDS   "21600"
#define CREDENTIALS_URL "/latest/meta-data/iam/security-credentials/"

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for AWS credentials");
}

static fc_rc unreachable(const char *what, const struct fc_http_response *response,
                         struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s answered status %ld", what,
                   response->status);
}

/* Expiry as text; what cannot be read counts as soon. */
static int64_t expiry(const char *text)
{
    int64_t seconds = 0;
    int32_t nanos = 0;

    return text && fc_time_parse(text, &seconds, &nanos) ? seconds : 1;
}

static const char *copy_member(const json_t *object, const char *name, struct fc_arena *arena)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0] ? fc_arena_strdup(arena, text) : NULL;
}

/* What container and instance answer alike. */
static fc_rc read_json(const char *what, fc_str body, struct fc_arena *arena,
                       struct fc_aws_lease *ret, struct fc_error *err)
{
    json_t *root = json_loadb(body.ptr, body.len, 0, NULL);

    *ret = (struct fc_aws_lease){
        .credentials = {.key_id = copy_member(root, "AccessKeyId", arena),
                        .secret = copy_member(root, "SecretAccessKey", arena),
                        .token = copy_member(root, "Token", arena)},
        .expires_s = expiry(json_string_value(json_object_get(root, "Expiration"))),
    };
    json_decref(root);
    if (!ret->credentials.key_id || !ret->credentials.secret)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s answered no credentials", what);
    return FC_OK;
}

/* The token as the file has it now: whoever issues it replaces it. */
static fc_rc put_token(struct fc_buf *form, const char *path, struct fc_error *err)
{
    struct fc_buf token = FC_BUF_INIT;

    fc_rc rc = fc_file_read(path, "web identity token", TOKEN_MAX, &token, err);
    size_t length = strcspn(fc_buf_text(&token), " \t\r\n");
    if (rc == FC_OK && length == 0)
        rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "the web identity token %s is empty", path);
    if (rc == FC_OK) {
        token.ptr[length] = '\0';
        fc_url_form_add(form, "WebIdentityToken", token.ptr);
    }
    fc_buf_done(&token);
    return rc;
}

struct answer {
    struct fc_arena *arena;
    struct fc_aws_lease *lease;
    const char *code, *message;
};

static fc_rc read_element(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    struct answer *answer = ctx;
    struct fc_aws_credentials *credentials = &answer->lease->credentials;
    const char *name = strrchr(path, '/');
    const struct {
        const char *name;
        const char **field;
    } fields[] = {
        {"/AccessKeyId", &credentials->key_id}, {"/SecretAccessKey", &credentials->secret},
        {"/SessionToken", &credentials->token}, {"/Code", &answer->code},
        {"/Message", &answer->message},
    };

    for (size_t i = 0; name && i < FC_ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        *fields[i].field = fc_arena_strdup(answer->arena, text);
        if (!*fields[i].field)
            return no_memory(err);
    }
    if (name && strcmp(name, "/Expiration") == 0)
        answer->lease->expires_s = expiry(text);
    return FC_OK;
}

static fc_rc read_sts(const struct fc_http_response *response, struct fc_arena *arena,
                      struct fc_aws_lease *ret, struct fc_error *err)
{
    struct answer answer = {.arena = arena, .lease = ret};
    struct fc_error ignored = FC_ERROR_INIT;

    *ret = (struct fc_aws_lease){.expires_s = 1};
    if (response->status != 200) {
        if (fc_xml_read(response->body, "AWS STS", read_element, &answer, &ignored) != FC_OK ||
            !answer.code)
            return unreachable("AWS STS", response, err);
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "AWS STS gives no credentials for the web identity: %.100s: %.300s",
                       answer.code, answer.message ? answer.message : "");
    }
    fc_rc rc = fc_xml_read(response->body, "AWS STS", read_element, &answer, err);
    if (rc == FC_OK && (!ret->credentials.key_id || !ret->credentials.secret))
        rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "AWS STS answered no credentials");
    return rc;
}

fc_rc fc_aws_assume_role(struct fc_http *http, const struct fc_aws_role *role,
                         struct fc_arena *arena, struct fc_aws_lease *ret, struct fc_error *err)
{
    static const char *const headers[] = {
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8", NULL};
    const char *region = fc_aws_region(NULL, arena);
    const char *url = fc_aws_endpoint(NULL, "STS");
    struct fc_buf form = FC_BUF_INIT;
    struct fc_http_response response;

    if (!url)
        url = region ? fc_arena_printf(arena, "https://sts.%s.%s/", region, fc_aws_domain(region))
                     : "https://sts.amazonaws.com/";
    fc_buf_puts(&form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    fc_url_form_add(&form, "RoleArn", role->arn);
    fc_url_form_add(&form, "RoleSessionName", role->session ? role->session : "feast-core");
    fc_rc rc = put_token(&form, role->token_file, err);
    if (rc == FC_OK && (form.failed || !url))
        rc = no_memory(err);
    const struct fc_http_request request = {.method = "POST",
                                            .url = url,
                                            .headers = headers,
                                            .trusted = true,
                                            .body = {.ptr = form.ptr, .len = form.len},
                                            .timeout_ns = STS_NS,
                                            .what = "AWS STS"};
    if (rc == FC_OK)
        rc = fc_http_call(http, &request, arena, &response, err);
    if (rc == FC_OK)
        rc = read_sts(&response, arena, ret, err);
    fc_buf_done(&form);
    return rc;
}

fc_rc fc_aws_from_container(struct fc_http *http, const char *url, struct fc_arena *arena,
                            struct fc_aws_lease *ret, struct fc_error *err)
{
    const char *token = fc_aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    const char *file = fc_aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    struct fc_buf text = FC_BUF_INIT;
    const char *headers[] = {NULL, NULL};
    struct fc_http_response response;
    fc_rc rc = FC_OK;

    if (file) {
        rc = fc_file_read(file, "container authorization token", TOKEN_MAX, &text, err);
        token = fc_buf_text(&text);
    }
    if (rc == FC_OK && token) {
        headers[0] =
            fc_arena_printf(arena, "Authorization: %.*s", (int)strcspn(token, "\r\n"), token);
        if (!headers[0])
            rc = no_memory(err);
    }
    const struct fc_http_request request = {.url = url,
                                            .headers = headers,
                                            .trusted = true,
                                            .timeout_ns = CONTAINER_NS,
                                            .what = "AWS container credentials"};
    if (rc == FC_OK)
        rc = fc_http_call(http, &request, arena, &response, err);
    if (rc == FC_OK && response.status != 200)
        rc = unreachable(request.what, &response, err);
    if (rc == FC_OK)
        rc = read_json(request.what, response.body, arena, ret, err);
    fc_buf_done(&text);
    return rc;
}

struct instance {
    struct fc_http *http;
    const char *endpoint;
    struct fc_arena *arena;
};

static fc_rc ask_instance(const struct instance *instance, const char *method, const char *path,
                          const char *header, struct fc_http_response *ret, struct fc_error *err)
{
    const char *headers[] = {header, NULL};
    const struct fc_http_request request = {
        .method = method,
        .url = fc_arena_printf(instance->arena, "%s%s", instance->endpoint, path),
        .headers = headers,
        .trusted = true,
        .timeout_ns = INSTANCE_NS,
        .once = true,
        .what = "AWS instance metadata"};

    if (!request.url || !header)
        return no_memory(err);
    return fc_http_call(instance->http, &request, instance->arena, ret, err);
}

fc_rc fc_aws_from_instance(struct fc_http *http, const char *endpoint, struct fc_arena *arena,
                           struct fc_aws_lease *ret, struct fc_error *err)
{
    const struct instance instance = {.http = http, .endpoint = endpoint, .arena = arena};
    struct fc_error ignored = FC_ERROR_INIT;
    struct fc_http_response response;

    *ret = (struct fc_aws_lease){.expires_s = 0};
    /* Most machines are no such instance: nobody answering is no error. */
    if (ask_instance(&instance, "PUT", "/latest/api/token",
                     "X-aws-ec2-metadata-token-ttl-seconds: " TOKEN_SECONDS, &response,
                     &ignored) != FC_OK ||
        response.status != 200)
        return FC_OK;
    const char *token = fc_arena_printf(arena, "X-aws-ec2-metadata-token: %.*s",
                                        (int)strcspn(response.body.ptr, "\r\n"), response.body.ptr);
    fc_rc rc = ask_instance(&instance, "GET", CREDENTIALS_URL, token, &response, err);
    if (rc != FC_OK)
        return rc;
    if (response.status == 404)
        return FC_OK;
    if (response.status != 200)
        return unreachable("AWS instance metadata", &response, err);
    const char *path = fc_arena_printf(arena, CREDENTIALS_URL "%.*s",
                                       (int)strcspn(response.body.ptr, "\r\n"), response.body.ptr);
    if (!path)
        return no_memory(err);
    rc = ask_instance(&instance, "GET", path, token, &response, err);
    if (rc == FC_OK && response.status != 200)
        rc = unreachable("AWS instance metadata", &response, err);
    return rc == FC_OK ? read_json("AWS instance metadata", response.body, arena, ret, err) : rc;
}
