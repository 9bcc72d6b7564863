/* SPDX-License-Identifier: Apache-2.0 */
#include "client/token.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sys.h"
#include "base/url.h"
#include "client/http.h"
#include "client/settings_legacy.h"

#define MAX_TOKEN  ((size_t)64 * 1024)
#define MAX_ANSWER ((size_t)1024 * 1024)
#define TIMEOUT_NS (10 * FC_NS_PER_S)

/* Without the line end that editors put behind it. */
static fc_rc bearer(struct fc_arena *arena, const char *token, const char *what, const char **ret,
                    struct fc_error *err)
{
    size_t len = strcspn(token, "\r\n");

    if (len == 0)
        return fc_fail(err, FC_REASON_USAGE, "the token of %s is empty", what);
    for (size_t i = 0; i < len; i++) {
        if (token[i] <= ' ' || token[i] > '~')
            return fc_fail(err, FC_REASON_USAGE,
                           "the token of %s has a character that no token has", what);
    }
    *ret = fc_arena_printf(arena, "Bearer %.*s", (int)len, token);
    return *ret ? FC_OK : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
}

static fc_rc secret_file(const char *path, const char *what, struct fc_buf *ret,
                         struct fc_error *err)
{
    if (fc_file_read(path, what, MAX_TOKEN, ret, err) == FC_OK)
        return FC_OK;
    err->reason = FC_REASON_USAGE;
    return err->rc = FC_INVALID_ARGUMENT;
}

fc_rc fc_token_from_file(struct fc_cli *cli, const char *path, const char **ret,
                         struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    fc_rc rc = secret_file(path, "token file", &text, err);

    if (rc == FC_OK)
        rc = bearer(cli->arena, fc_buf_text(&text), path, ret, err);
    if (text.ptr)
        explicit_bzero(text.ptr, text.len);
    return rc;
}

/* -- OpenID Connect ------------------------------------------------------------------------------------------ */

static fc_rc fetch_json(struct fc_cli *cli, const char *url, const char *form, json_t **ret,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf body = FC_BUF_INIT;
    struct fc_web_request request = {.url = url,
                                     .form = form,
                                     .ca_file = fc_options_get(&cli->options, "oidc-ca"),
                                     .max_bytes = MAX_ANSWER,
                                     .timeout_ns = TIMEOUT_NS};
    fc_rc rc = fc_web_fetch(&request, &body, err);

    if (rc != FC_OK)
        return rc;
    *ret = json_loadb(fc_buf_text(&body), body.len, 0, NULL);
    if (body.ptr)
        explicit_bzero(body.ptr, body.len);
    return *ret ? FC_OK : fc_fail(err, FC_REASON_USAGE, "the answer of %s is no JSON", url);
}

static fc_rc find_endpoint(struct fc_cli *cli, const char **ret, struct fc_error *err)
{
    const char *issuer = fc_options_get(&cli->options, "oidc-issuer");
    const char *url = fc_options_get(&cli->options, "oidc-token-url");
    json_t *about = NULL;
    fc_rc rc;

    *ret = url;
    if (url || !issuer)
        return FC_OK;
    url = fc_arena_printf(cli->arena, "%s%s.well-known/openid-configuration", issuer,
                          issuer[strlen(issuer) - 1] == '/' ? "" : "/");
    if (!url)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    rc = fetch_json(cli, url, NULL, &about, err);
    if (rc != FC_OK)
        return rc;
    const char *endpoint = json_string_value(json_object_get(about, "token_endpoint"));
    *ret = endpoint ? fc_arena_strdup(cli->arena, endpoint) : NULL;
    json_decref(about);
    return *ret ? FC_OK : fc_fail(err, FC_REASON_USAGE, "%s names no token_endpoint", url);
}

static fc_rc client_secret(struct fc_cli *cli, struct fc_buf *ret, struct fc_error *err)
{
    const char *path = fc_options_get(&cli->options, "oidc-client-secret-file");
    const char *text = getenv("FEAST_OIDC_CLIENT_SECRET");

    if (path)
        return secret_file(path, "OIDC client secret file", ret, err);
    if (!text || !text[0])
        text = getenv("FEAST_OAUTH_CLIENT_SECRET");
    if (!text || !text[0])
        return fc_fail(err, FC_REASON_USAGE,
                       "OpenID Connect needs the client's secret: --oidc-client-secret-file or "
                       "FEAST_OIDC_CLIENT_SECRET");
    fc_buf_puts(ret, text);
    return FC_OK;
}

static fc_rc make_form(struct fc_cli *cli, struct fc_buf *form, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf secret = FC_BUF_INIT;
    const char *id = fc_options_get(&cli->options, "oidc-client-id");
    const char *audience = fc_options_get(&cli->options, "oidc-audience");
    const char *scope = fc_options_get(&cli->options, "oidc-scope");
    fc_rc rc;

    if (!id)
        return fc_fail(err, FC_REASON_USAGE, "OpenID Connect needs --oidc-client-id");
    rc = client_secret(cli, &secret, err);
    if (rc != FC_OK)
        return rc;
    if (secret.ptr)
        secret.ptr[strcspn(secret.ptr, "\r\n")] = '\0';
    fc_url_form_add(form, "grant_type", "client_credentials");
    fc_url_form_add(form, "client_id", id);
    fc_url_form_add(form, "client_secret", fc_buf_text(&secret));
    if (audience)
        fc_url_form_add(form, "audience", audience);
    if (scope)
        fc_url_form_add(form, "scope", scope);
    if (secret.ptr)
        explicit_bzero(secret.ptr, secret.len);
    return form->failed ? fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory") : FC_OK;
}

static fc_rc from_oidc(struct fc_cli *cli, const char *endpoint, const char **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf form = FC_BUF_INIT;
    json_t *answer = NULL;
    fc_rc rc = make_form(cli, &form, err);

    if (rc == FC_OK)
        rc = fetch_json(cli, endpoint, fc_buf_text(&form), &answer, err);
    if (form.ptr)
        explicit_bzero(form.ptr, form.len);
    if (rc != FC_OK)
        return rc;
    const char *token = json_string_value(json_object_get(answer, "access_token"));
    rc = token ? bearer(cli->arena, token, endpoint, ret, err)
               : fc_fail(err, FC_REASON_USAGE, "%s gave no access_token", endpoint);
    json_decref(answer);
    return rc;
}

/* -- which --------------------------------------------------------------------------------------------------- */

static const char *token_of_environment(void)
{
    static const char *const names[] = {"FEAST_TOKEN", "FEAST_AUTH_TOKEN"};

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        const char *text = getenv(names[i]);
        if (text && text[0])
            return text;
    }
    return NULL;
}

static fc_rc find(struct fc_cli *cli, const char **ret, struct fc_error *err)
{
    const char *path = fc_options_get(&cli->options, "token-file");
    const char *text = token_of_environment(), *endpoint = NULL;
    fc_rc rc;

    if (path && (fc_options_given(&cli->options, "token-file") || !text))
        return fc_token_from_file(cli, path, ret, err);
    if (text)
        return bearer(cli->arena, text, "the environment", ret, err);
    rc = find_endpoint(cli, &endpoint, err);
    if (rc != FC_OK || endpoint)
        return rc != FC_OK ? rc : from_oidc(cli, endpoint, ret, err);
    text = fc_settings_legacy_token(cli->arena);
    return text ? bearer(cli->arena, text, "~/.feast/config", ret, err) : FC_OK;
}

/* A checkout that names a server must not get the token of whoever works in it. */
static fc_rc check_server(struct fc_cli *cli, struct fc_error *err)
{
    char origin[4200];

    (void)fc_options_find(&cli->options, "server", origin, sizeof(origin));
    if (strstr(origin, "/.feastctl.yaml:"))
        return fc_fail(err, FC_REASON_USAGE,
                       "a token is not sent to a server that a project file names (%s); name it "
                       "with --server or in a context",
                       origin);
    return FC_OK;
}

fc_rc fc_token_find(struct fc_cli *cli, const char **ret, struct fc_error *err)
{
    fc_rc rc;

    *ret = NULL;
    rc = find(cli, ret, err);
    return rc == FC_OK && *ret ? check_server(cli, err) : rc;
}
