/* SPDX-License-Identifier: Apache-2.0 */
/* Who is asked for a token, and how long the answer is kept. */
#include <jansson.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/url.h"
#include "worker/net/google_internal.h"

#define FILE_MAX ((size_t)256 << 10)
/* Asked again so long before the end: a scan must not be caught by it. */
#define RENEW_S 300
/* That there are none is looked up again after this. */
#define NONE_S       600
#define TOKEN_NS     (10 * FC_NS_PER_S)
#define METADATA_NS  (1 * FC_NS_PER_S) /* where nobody may be */
#define METADATA     "169.254.169.254"
#define TOKEN_URI    "https://oauth2.googleapis.com/token"
#define WELL_KNOWN   "application_default_credentials.json"
#define KEPT_MAX     4
#define EXPIRES_DAYS 86400

/* `from` says whose, since the environment of a test may change. */
static struct {
    char *from, *scope;
    char *token; /**< NULL: there are no credentials */
    int64_t until_s;
} kept[KEPT_MAX];
static size_t kept_next;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

/* One call: whose credentials, for what. */
struct asking {
    struct fc_http *http;
    const char *scope;
    struct fc_arena *arena;
    struct fc_error *err;
    const char *path; /**< of the credentials' file; NULL for the metadata server */
    bool named;       /**< by GOOGLE_APPLICATION_CREDENTIALS or GCE_METADATA_HOST: must be there */
    const char *host; /**< of the metadata server; NULL when it is not asked */
};

struct lease {
    const char *token; /**< NULL: there are no credentials */
    int64_t seconds;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for Google credentials");
}

static int64_t now_s(void)
{
    return fc_now_ns(fc_sys_real()) / FC_NS_PER_S;
}

static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0] ? text : NULL;
}

static bool recall(const char *from, const struct asking *ask, const char **ret)
{
    bool found = false;

    pthread_mutex_lock(&kept_lock);
    for (size_t i = 0; i < KEPT_MAX && !found; i++) {
        if (!kept[i].from || strcmp(kept[i].from, from) != 0 ||
            strcmp(kept[i].scope, ask->scope) != 0 || now_s() >= kept[i].until_s)
            continue;
        *ret = kept[i].token ? fc_arena_strdup(ask->arena, kept[i].token) : NULL;
        found = *ret || !kept[i].token;
    }
    pthread_mutex_unlock(&kept_lock);
    return found;
}

static void drop(size_t i)
{
    free(kept[i].from);
    free(kept[i].scope);
    free(kept[i].token);
    memset(&kept[i], 0, sizeof(kept[i]));
}

static void keep(const char *from, const char *scope, const struct lease *lease)
{
    size_t at = KEPT_MAX;

    pthread_mutex_lock(&kept_lock);
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (kept[i].from && strcmp(kept[i].from, from) == 0 && strcmp(kept[i].scope, scope) == 0)
            at = i;
    if (at == KEPT_MAX)
        at = kept_next++ % KEPT_MAX;
    drop(at);
    kept[at].from = strdup(from);
    kept[at].scope = strdup(scope);
    kept[at].token = lease->token ? strdup(lease->token) : NULL;
    kept[at].until_s = now_s() + (lease->token ? lease->seconds - RENEW_S : NONE_S);
    if (!kept[at].from || !kept[at].scope || (lease->token && !kept[at].token))
        drop(at); /* no memory: it is asked for again */
    pthread_mutex_unlock(&kept_lock);
}

void fc_google_forget(const char *scope)
{
    pthread_mutex_lock(&kept_lock);
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (kept[i].scope && strcmp(kept[i].scope, scope) == 0)
            drop(i);
    pthread_mutex_unlock(&kept_lock);
}

/* A refusal has {"error": "invalid_grant", "error_description": "…"}; neither repeats what was sent. */
static fc_rc read_answer(const struct asking *ask, const char *who,
                         const struct fc_http_response *response, struct lease *ret)
{
    json_t *root = json_loadb(response->body.ptr, response->body.len, 0, NULL);
    const char *token = member(root, "access_token");
    const char *problem = member(root, "error");
    const char *description = member(root, "error_description");
    const json_t *seconds = json_object_get(root, "expires_in");
    fc_rc rc = FC_OK;

    if (response->status == 200 && token) {
        ret->token = fc_arena_strdup(ask->arena, token);
        ret->seconds = json_is_integer(seconds) ? (int64_t)json_integer_value(seconds) : 0;
        if (ret->seconds > EXPIRES_DAYS)
            ret->seconds = EXPIRES_DAYS;
        rc = ret->token ? FC_OK : no_memory(ask->err);
    } else {
        rc = fc_fail(ask->err, FC_REASON_SOURCE_UNREACHABLE, "%s gave no token: status %ld%s%s%s%s",
                     who, response->status, problem ? ", " : "", problem ? problem : "",
                     description ? ": " : "", description ? description : "");
    }
    json_decref(root);
    return rc;
}

static fc_rc post_form(const struct asking *ask, const char *uri, struct fc_buf *form,
                       struct lease *ret)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    const char *who =
        fc_arena_printf(ask->arena, "%s, asked with the credentials of %s,", uri, ask->path);
    struct fc_http_response response;

    if (form->failed || !who)
        return no_memory(ask->err);
    const struct fc_http_request request = {.method = "POST",
                                            .url = uri,
                                            .headers = headers,
                                            .trusted = true,
                                            .body = {.ptr = form->ptr, .len = form->len},
                                            .what = "token endpoint of Google credentials",
                                            .timeout_ns = TOKEN_NS};
    fc_rc rc = fc_http_call(ask->http, &request, ask->arena, &response, ask->err);
    return rc == FC_OK ? read_answer(ask, who, &response, ret) : rc;
}

static fc_rc by_key(const struct asking *ask, const json_t *root, struct fc_buf *form,
                    struct lease *ret)
{
    const struct fc_google_key key = {
        .email = member(root, "client_email"),
        .pem = member(root, "private_key"),
        .id = member(root, "private_key_id"),
        .issuer = member(root, "token_uri") ? member(root, "token_uri") : TOKEN_URI};
    struct fc_buf assertion = FC_BUF_INIT;

    if (!key.email || !key.pem)
        return fc_fail(ask->err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s is no service account key: client_email and private_key are needed",
                       ask->path);
    fc_rc rc = fc_google_assertion(&key, ask->scope, now_s(), &assertion, ask->err);
    if (rc == FC_OK) {
        fc_url_form_add(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        fc_url_form_add(form, "assertion", assertion.ptr);
        rc = post_form(ask, key.issuer, form, ret);
    } else {
        rc = fc_error_prefix(ask->err, "%s", ask->path);
    }
    fc_buf_done(&assertion);
    return rc;
}

static fc_rc by_user(const struct asking *ask, const json_t *root, struct fc_buf *form,
                     struct lease *ret)
{
    static const char *const names[] = {"client_id", "client_secret", "refresh_token"};
    const char *uri = member(root, "token_uri");

    fc_url_form_add(form, "grant_type", "refresh_token");
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        const char *value = member(root, names[i]);
        if (!value)
            return fc_fail(ask->err, FC_REASON_SOURCE_UNREACHABLE,
                           "%s is no user's credentials: there is no %s", ask->path, names[i]);
        fc_url_form_add(form, names[i], value);
    }
    return post_form(ask, uri ? uri : TOKEN_URI, form, ret);
}

static fc_rc by_json(const struct asking *ask, const json_t *root, struct lease *ret)
{
    const char *type = member(root, "type");
    struct fc_buf form = FC_BUF_INIT;
    fc_rc rc = FC_OK;

    if (type && strcmp(type, "service_account") == 0)
        rc = by_key(ask, root, &form, ret);
    else if (type && strcmp(type, "authorized_user") == 0)
        rc = by_user(ask, root, &form, ret);
    else
        rc = fc_fail(ask->err, FC_REASON_SOURCE_UNREACHABLE,
                     "%s holds credentials of type \"%s\", expected service_account or "
                     "authorized_user",
                     ask->path, type ? type : "");
    if (form.ptr)
        OPENSSL_cleanse(form.ptr, form.len);
    fc_buf_done(&form);
    return rc;
}

static fc_rc by_file(const struct asking *ask, struct lease *ret)
{
    struct fc_buf text = FC_BUF_INIT;

    fc_rc rc = fc_file_read(ask->path, "Google credentials", FILE_MAX, &text, ask->err);
    if (rc != FC_OK) {
        ask->err->reason = FC_REASON_SOURCE_UNREACHABLE;
        fc_buf_done(&text);
        return rc;
    }
    json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len, 0, NULL);
    rc = root ? by_json(ask, root, ret)
              : fc_fail(ask->err, FC_REASON_SOURCE_UNREACHABLE, "Google credentials %s are no JSON",
                        ask->path);
    json_decref(root);
    if (text.ptr)
        OPENSSL_cleanse(text.ptr, text.len);
    fc_buf_done(&text);
    return rc;
}

/* Whoever answers must say that it is what was looked for: anything may listen at an address. */
static bool is_metadata(const struct fc_http_response *response)
{
    const char *flavor = fc_http_header(response, "Metadata-Flavor");

    return flavor && strcmp(flavor, "Google") == 0;
}

static fc_rc by_metadata(const struct asking *ask, struct lease *ret)
{
    static const char *const headers[] = {"Metadata-Flavor: Google", NULL};
    struct fc_buf url = FC_BUF_INIT;
    struct fc_http_response response = {.status = 0};

    *ret = (struct lease){.token = NULL};
    if (!ask->host)
        return FC_OK;
    fc_url_form_add(&url, "scopes", ask->scope);
    const char *text = fc_arena_printf(
        ask->arena, "http://%s/computeMetadata/v1/instance/service-accounts/default/token?%s",
        ask->host, fc_buf_text(&url));
    bool failed = url.failed || !text;
    fc_buf_done(&url);
    if (failed)
        return no_memory(ask->err);
    const struct fc_http_request request = {.url = text,
                                            .headers = headers,
                                            .trusted = true,
                                            .what = "metadata server of Google Cloud",
                                            .timeout_ns = ask->named ? TOKEN_NS : METADATA_NS,
                                            .once = !ask->named};
    fc_rc rc = fc_http_call(ask->http, &request, ask->arena, &response, ask->err);
    if (!ask->named && (rc != FC_OK || !is_metadata(&response) || response.status == 404))
        return FC_OK;
    return rc == FC_OK ? read_answer(ask, "the metadata server of Google Cloud", &response, ret)
                       : rc;
}

static void choose_metadata(struct asking *ask)
{
    const char *host = env("GCE_METADATA_HOST");
    const char *pass = env("NO_GCE_CHECK");

    ask->named = host != NULL;
    if (host || !pass || strcmp(pass, "true") != 0)
        ask->host = host ? host : METADATA;
}

/* Sets where credentials are; no file is read. */
static fc_rc choose(struct asking *ask)
{
    const char *config = env("CLOUDSDK_CONFIG");
    const char *home = env("HOME");

    ask->path = env("GOOGLE_APPLICATION_CREDENTIALS");
    ask->named = ask->path != NULL;
    if (ask->named)
        return FC_OK;
    if (config)
        ask->path = fc_arena_printf(ask->arena, "%s/" WELL_KNOWN, config);
    else if (home)
        ask->path = fc_arena_printf(ask->arena, "%s/.config/gcloud/" WELL_KNOWN, home);
    if ((config || home) && !ask->path)
        return no_memory(ask->err);
    if (!ask->path || access(ask->path, F_OK) != 0) {
        ask->path = NULL;
        choose_metadata(ask);
    }
    return FC_OK;
}

fc_rc fc_google_token(struct fc_http *http, const char *scope, struct fc_arena *arena,
                      const char **ret, struct fc_error *err)
{
    struct asking ask = {.http = http, .scope = scope, .arena = arena, .err = err};
    struct lease lease = {.token = NULL};

    fc_rc rc = choose(&ask);
    if (rc != FC_OK)
        return rc;
    const char *from = ask.path ? ask.path : ask.host ? ask.host : "";
    if (recall(from, &ask, ret))
        return FC_OK;
    rc = ask.path ? by_file(&ask, &lease) : by_metadata(&ask, &lease);
    if (rc != FC_OK)
        return rc;
    keep(from, scope, &lease);
    *ret = lease.token;
    return FC_OK;
}
