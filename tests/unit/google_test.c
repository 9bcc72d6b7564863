/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of Google services. The token endpoint and the metadata server are stand-ins; the endpoint takes an assertion
 * only when its signature, audience, times and scope are right.
 */
#include "tests/unit/harness.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "tests/support/scratch.h"
#include "tests/support/web.h"
#include "worker/net/google_internal.h"

#define SCOPE FC_GOOGLE_SCOPE_BIGQUERY
#define EMAIL "reader@p.iam.gserviceaccount.com"

struct fixture {
    struct fc_arena *arena;
    struct fc_http *http;
    struct test_web *web;
    struct test_scratch scratch;
    struct fc_error err;
    char audience[200];
    int lifetime;
    const char *refusal; /* NULL: the endpoint gives tokens */
    const char *flavor;
    char *pem;
};

static EVP_PKEY *private_key;

static const char *const VARIABLES[] = {"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG",
                                        "GCE_METADATA_HOST", "NO_GCE_CHECK"};

static bool answer(void *ctx, const struct test_web_request *request, int fd);

static int set_up_key(void **state)
{
    (void)state;
    private_key = EVP_RSA_gen(2048);
    return private_key ? 0 : -1;
}

static int tear_down_key(void **state)
{
    (void)state;
    EVP_PKEY_free(private_key);
    return 0;
}

static char *pem_of(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    size_t size = (size_t)BIO_get_mem_data(bio, &data);
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memcpy(text, data, size);
    BIO_free(bio);
    return text;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct fc_http_options options = {.sys = fc_sys_real()};

    assert_non_null(f);
    for (size_t i = 0; i < FC_ARRAY_LEN(VARIABLES); i++)
        unsetenv(VARIABLES[i]);
    fc_google_forget(SCOPE);
    test_scratch_init(&f->scratch);
    setenv("HOME", f->scratch.path, 1);
    f->lifetime = 3600;
    f->flavor = "Metadata-Flavor: Google\r\n";
    f->arena = fc_arena_new((size_t)16 << 20);
    f->web = test_web_start(answer, f);
    (void)snprintf(f->audience, sizeof(f->audience), "%s", test_web_url(f->web, "/token"));
    f->pem = pem_of(private_key);
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
    free(f->pem);
    free(f);
    return 0;
}

/* base64url into bytes; the size, 0 when it is none. */
static size_t decode(const char *text, size_t length, unsigned char *ret, size_t limit)
{
    char padded[4096];
    size_t size = 0;

    if (length + 4 > sizeof(padded))
        return 0;
    for (size_t i = 0; i < length; i++)
        padded[size++] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    while (size % 4 != 0)
        padded[size++] = '=';
    if (size / 4 * 3 > limit)
        return 0;
    int n = EVP_DecodeBlock(ret, (const unsigned char *)padded, (int)size);
    return n < 0 ? 0 : (size_t)n - (size - length);
}

static json_t *part(const char *text, size_t length)
{
    unsigned char bytes[4096];
    size_t size = decode(text, length, bytes, sizeof(bytes));

    return json_loadb((const char *)bytes, size, 0, NULL);
}

static bool is_signed(const char *assertion, const char *dot)
{
    unsigned char signature[1024];
    size_t size = decode(dot + 1, strlen(dot + 1), signature, sizeof(signature));
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, private_key) == 1 &&
                EVP_DigestVerify(context, signature, size, (const unsigned char *)assertion,
                                 (size_t)(dot - assertion)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static bool has_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strcmp(text, wanted) == 0;
}

/* NULL when a token may be given for it, else what is wrong. */
static const char *judge(const char *assertion, const char *audience)
{
    int64_t now = fc_now_ns(fc_sys_real()) / FC_NS_PER_S;
    const char *first = strchr(assertion, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    const char *wrong = NULL;

    if (!second || !is_signed(assertion, second))
        return "Invalid JWT Signature.";
    json_t *header = part(assertion, (size_t)(first - assertion));
    json_t *claims = part(first + 1, (size_t)(second - first - 1));
    int64_t issued = json_integer_value(json_object_get(claims, "iat"));
    int64_t expires = json_integer_value(json_object_get(claims, "exp"));
    if (!has_text(header, "alg", "RS256") || !has_text(header, "typ", "JWT") ||
        !has_text(header, "kid", "key-1"))
        wrong = "header";
    else if (!has_text(claims, "iss", EMAIL) || !has_text(claims, "aud", audience) ||
             !has_text(claims, "scope", SCOPE))
        wrong = "claims";
    else if (issued > now || issued < now - 60 || expires <= now || expires > issued + 3600)
        wrong = "times";
    json_decref(header);
    json_decref(claims);
    return wrong;
}

static bool reply_token(const struct fixture *f, const struct test_web_request *request, int fd,
                        const char *headers, const char *kind)
{
    char body[200];

    (void)snprintf(body, sizeof(body),
                   "{\"access_token\":\"%s-%u\",\"expires_in\":%d,\"token_type\":\"Bearer\"}", kind,
                   request->number, f->lifetime);
    return test_web_reply(fd, "200 OK", headers, body);
}

static bool refuse(int fd, const char *why)
{
    char body[300];

    (void)snprintf(body, sizeof(body), "{\"error\":\"invalid_grant\",\"error_description\":\"%s\"}",
                   why);
    return test_web_reply(fd, "400 Bad Request", "", body);
}

#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
#define USER                                                                                       \
    "grant_type=refresh_token&client_id=id%2F1&client_secret=secret%2B1&refresh_token=refresh%3D1"

static bool answer(void *ctx, const struct test_web_request *request, int fd)
{
    const struct fixture *f = ctx;
    char flavor[40];

    if (f->refusal)
        return refuse(fd, f->refusal);
    if (strcmp(request->method, "POST") == 0 && strcmp(request->target, "/token") == 0) {
        if (strcmp(request->body, USER) == 0)
            return reply_token(f, request, fd, "", "user");
        if (strncmp(request->body, GRANT, strlen(GRANT)) != 0)
            return refuse(fd, "no such grant");
        const char *wrong = judge(request->body + strlen(GRANT), f->audience);
        return wrong ? refuse(fd, wrong) : reply_token(f, request, fd, "", "account");
    }
    if (strcmp(request->target,
               "/computeMetadata/v1/instance/service-accounts/default/"
               "token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fbigquery") == 0 &&
        test_web_header(request, "Metadata-Flavor", flavor, sizeof(flavor)) &&
        strcmp(flavor, "Google") == 0)
        return reply_token(f, request, fd, f->flavor, "machine");
    return test_web_reply(fd, "404 Not Found", "", "");
}

/* A key file that GOOGLE_APPLICATION_CREDENTIALS names. */
static void use_file(struct fixture *f, json_t *root)
{
    const char *path = test_path(&f->scratch, "credentials.json");

    assert_int_equal(json_dump_file(root, path, 0), 0);
    json_decref(root);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", path, 1);
}

static json_t *account(const struct fixture *f, const char *pem)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "client_email", EMAIL,
                     "private_key_id", "key-1", "private_key", pem, "token_uri", f->audience);
}

static json_t *user(const struct fixture *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "authorized_user", "client_id", "id/1",
                     "client_secret", "secret+1", "refresh_token", "refresh=1", "token_uri",
                     f->audience);
}

static const char *token(struct fixture *f)
{
    const char *found = "unset";

    f->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = fc_google_token(f->http, SCOPE, f->arena, &found, &f->err);
    if (rc != FC_OK)
        fprintf(stderr, "%s\n", f->err.message);
    assert_int_equal(rc, FC_OK);
    return found;
}

static void refused(struct fixture *f, const char *text)
{
    const char *found = NULL;

    f->err = (struct fc_error)FC_ERROR_INIT;
    assert_int_not_equal(fc_google_token(f->http, SCOPE, f->arena, &found, &f->err), FC_OK);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNREACHABLE);
    if (!strstr(f->err.message, text))
        fprintf(stderr, "found: %s\nexpected: %s\n", f->err.message, text);
    assert_non_null(strstr(f->err.message, text));
    assert_null(strstr(f->err.message, "PRIVATE"));
    assert_null(strstr(f->err.message, "refresh=1"));
    assert_null(strstr(f->err.message, "secret+1"));
}

static void service_account(void **state)
{
    struct fixture *f = *state;

    use_file(f, account(f, f->pem));
    assert_string_equal(token(f), "account-0");
}

static void kept_until_it_expires(void **state)
{
    struct fixture *f = *state;

    use_file(f, account(f, f->pem));
    assert_string_equal(token(f), "account-0");
    assert_string_equal(token(f), "account-0");
    fc_google_forget(SCOPE);
    /* Five minutes before its end a token counts as gone. */
    f->lifetime = 299;
    assert_string_equal(token(f), "account-1");
    assert_string_equal(token(f), "account-2");
    assert_int_equal(test_web_requests(f->web), 3);
}

static void another_key(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *other = EVP_RSA_gen(2048);
    char *pem = pem_of(other);

    use_file(f, account(f, pem));
    refused(f, "status 400, invalid_grant: Invalid JWT Signature.");
    EVP_PKEY_free(other);
    free(pem);
}

static void authorized_user(void **state)
{
    struct fixture *f = *state;

    use_file(f, user(f));
    assert_string_equal(token(f), "user-0");
    fc_google_forget(SCOPE);
    f->refusal = "Token has been expired or revoked.";
    refused(f, "Token has been expired or revoked.");
}

static void well_known_file(void **state)
{
    struct fixture *f = *state;
    char path[600];

    setenv("CLOUDSDK_CONFIG", f->scratch.path, 1);
    (void)snprintf(path, sizeof(path), "%s/application_default_credentials.json", f->scratch.path);
    json_t *root = user(f);
    assert_int_equal(json_dump_file(root, path, 0), 0);
    assert_string_equal(token(f), "user-0");
    unsetenv("CLOUDSDK_CONFIG");
    (void)snprintf(path, sizeof(path), "%s/.config/gcloud", f->scratch.path);
    assert_int_equal(fc_mkdirs(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/.config/gcloud/application_default_credentials.json",
                   f->scratch.path);
    assert_int_equal(json_dump_file(root, path, 0), 0);
    json_decref(root);
    assert_string_equal(token(f), "user-1");
}

static void use_metadata(const struct fixture *f)
{
    setenv("GCE_METADATA_HOST", test_web_url(f->web, "") + strlen("http://"), 1);
}

static void metadata_server(void **state)
{
    struct fixture *f = *state;

    use_metadata(f);
    assert_string_equal(token(f), "machine-0");
    assert_string_equal(token(f), "machine-0");
}

static void metadata_server_fails(void **state)
{
    struct fixture *f = *state;

    use_metadata(f);
    f->refusal = "no account here";
    refused(f, "the metadata server of Google Cloud gave no token: status 400");
}

static void no_credentials(void **state)
{
    struct fixture *f = *state;

    setenv("NO_GCE_CHECK", "true", 1);
    assert_null(token(f));
}

static void odd_files(void **state)
{
    struct fixture *f = *state;

    use_file(f, json_pack("{s:s}", "type", "external_account"));
    refused(f, "credentials of type \"external_account\", expected service_account or");
    use_file(f, json_pack("{}"));
    refused(f, "credentials of type \"\"");
    use_file(f, json_pack("{s:s, s:s}", "type", "service_account", "client_email", EMAIL));
    refused(f, "client_email and private_key are needed");
    use_file(f, json_pack("{s:s, s:s}", "type", "authorized_user", "client_id", "a"));
    refused(f, "there is no client_secret");
    use_file(f, account(f, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    refused(f, "is no RSA key in PEM");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", f->scratch.path, 1);
    refused(f, f->scratch.path);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json", 1);
    refused(f, "/nonexistent/key.json");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest CASES[] = {
    CASE(service_account),       CASE(kept_until_it_expires), CASE(another_key),
    CASE(authorized_user),       CASE(well_known_file),       CASE(metadata_server),
    CASE(metadata_server_fails), CASE(no_credentials),        CASE(odd_files),
};

FC_TEST_MAIN_GROUP(CASES, set_up_key, tear_down_key)
