/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/net/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/url.h"

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define DIGEST_SIZE 32
#define PARAMS_MAX  64

struct digest {
    unsigned char bytes[DIGEST_SIZE];
};

struct hex {
    char text[DIGEST_SIZE * 2 + 1];
};

/* One signed header: name in lower case, value trimmed. */
struct header {
    const char *name, *value;
};

struct signing {
    const struct fc_http_aws *aws;
    const struct fc_sigv4_request *request;
    struct fc_arena *arena;
    bool s3;
    char date[9];   /* 20150830 */
    char stamp[17]; /* 20150830T123600Z */
    struct hex payload;
    struct header headers[FC_SIGV4_HEADERS_MAX];
    size_t header_count;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to sign a request");
}

static struct hex hex_of(const struct digest *digest)
{
    static const char digits[] = "0123456789abcdef";
    struct hex hex;

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        hex.text[2 * i] = digits[digest->bytes[i] >> 4];
        hex.text[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    hex.text[sizeof(hex.text) - 1] = '\0';
    return hex;
}

static bool sha256(const void *data, size_t len, struct hex *ret)
{
    struct digest digest;

    if (EVP_Digest(len ? data : "", len, digest.bytes, NULL, EVP_sha256(), NULL) != 1)
        return false;
    *ret = hex_of(&digest);
    return true;
}

static bool hmac(const void *key, size_t key_len, const char *text, struct digest *ret)
{
    return HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text),
                ret->bytes, NULL) != NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What the other side makes of an escaped text, escaped by the one rule that both sides share. */
static void put_normalised(struct fc_buf *out, fc_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%' && i + 2 < text.len && hex_digit(text.ptr[i + 1]) >= 0 &&
            hex_digit(text.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(text.ptr[i + 1]) * 16 + hex_digit(text.ptr[i + 2]));
            i += 2;
        }
        fc_url_put(out, c);
    }
}

/* S3 takes the path as it is sent; the other services want it escaped once more. */
static void put_path(struct fc_buf *out, const struct signing *s)
{
    const char *path = s->request->path;

    if (path[0] == '\0')
        fc_buf_putc(out, '/');
    for (; *path; path++)
        if (s->s3 || *path == '/')
            fc_buf_putc(out, *path);
        else
            fc_url_put(out, *path);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `name` NUL `value` as one text: so names are compared first, as the rule wants. */
static fc_rc put_query(struct fc_buf *out, const struct signing *s, struct fc_error *err)
{
    const char *params[PARAMS_MAX] = {NULL};
    size_t count = 0;

    for (const char *at = s->request->query; at && *at;) {
        size_t len = strcspn(at, "&");
        const char *equals = memchr(at, '=', len);
        size_t name = equals ? (size_t)(equals - at) : len;
        struct fc_buf param = FC_BUF_INIT;
        if (count == PARAMS_MAX)
            return fc_fail(err, FC_REASON_INTERNAL, "a request has more than %d parameters",
                           PARAMS_MAX);
        put_normalised(&param, (fc_str){.ptr = at, .len = name});
        fc_buf_putc(&param, '\1');
        if (equals)
            put_normalised(&param, (fc_str){.ptr = equals + 1, .len = len - name - 1});
        params[count] =
            param.failed ? NULL : fc_arena_strndup(s->arena, fc_buf_text(&param), param.len);
        fc_buf_done(&param);
        if (!params[count++])
            return no_memory(err);
        at += len + (at[len] == '&');
    }
    qsort(params, count, sizeof *params, compare_texts);
    for (size_t i = 0; i < count; i++) {
        size_t name = strcspn(params[i], "\1");
        fc_buf_puts(out, i ? "&" : "");
        fc_buf_append(out, params[i], name);
        fc_buf_putc(out, '=');
        fc_buf_puts(out, params[i] + name + 1);
    }
    return FC_OK;
}

static int compare_headers(const void *a, const void *b)
{
    return strcmp(((const struct header *)a)->name, ((const struct header *)b)->name);
}

/* Ends trimmed, runs of blanks within made one. */
static char *trimmed(struct fc_arena *arena, const char *value)
{
    char *out = fc_arena_strdup(arena, value);
    size_t to = 0;

    for (const char *at = value; out && *at; at++)
        if (*at != ' ' && *at != '\t')
            out[to++] = *at;
        else if (to > 0 && out[to - 1] != ' ')
            out[to++] = ' ';
    while (out && to > 0 && out[to - 1] == ' ')
        to--;
    if (out)
        out[to] = '\0';
    return out;
}

static fc_rc add_header(struct signing *s, const char *name, size_t name_len, const char *value,
                        struct fc_error *err)
{
    char *lower = fc_arena_strndup(s->arena, name, name_len);
    char *text = trimmed(s->arena, value);

    if (s->header_count == FC_SIGV4_HEADERS_MAX)
        return fc_fail(err, FC_REASON_INTERNAL, "a request has more than %d headers",
                       FC_SIGV4_HEADERS_MAX);
    if (!lower || !text)
        return no_memory(err);
    for (char *at = lower; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at | 0x20);
    s->headers[s->header_count++] = (struct header){.name = lower, .value = text};
    return FC_OK;
}

static fc_rc add_named(struct signing *s, const char *name, const char *value, struct fc_error *err)
{
    return value ? add_header(s, name, strlen(name), value, err) : FC_OK;
}

static fc_rc gather_headers(struct signing *s, struct fc_error *err)
{
    const char *const *given = s->request->headers;
    fc_rc rc = add_named(s, "host", s->request->host, err);

    for (size_t i = 0; rc == FC_OK && given && given[i]; i++) {
        size_t name = strcspn(given[i], ":");
        rc = add_header(s, given[i], name, given[i][name] ? given[i] + name + 1 : "", err);
    }
    if (rc == FC_OK)
        rc = add_named(s, "x-amz-date", s->stamp, err);
    if (rc == FC_OK)
        rc = add_named(s, "x-amz-security-token", s->aws->token, err);
    if (rc == FC_OK)
        rc = add_named(s, "x-amz-content-sha256", s->s3 ? s->payload.text : NULL, err);
    qsort(s->headers, s->header_count, sizeof *s->headers, compare_headers);
    return rc;
}

static void put_signed_names(struct fc_buf *out, const struct signing *s)
{
    for (size_t i = 0; i < s->header_count; i++)
        fc_buf_printf(out, "%s%s", i ? ";" : "", s->headers[i].name);
}

static fc_rc hash_request(struct signing *s, struct hex *ret, struct fc_error *err)
{
    struct fc_buf text = FC_BUF_INIT;

    fc_buf_printf(&text, "%s\n", s->request->method);
    put_path(&text, s);
    fc_buf_putc(&text, '\n');
    fc_rc rc = put_query(&text, s, err);
    fc_buf_putc(&text, '\n');
    for (size_t i = 0; i < s->header_count; i++)
        fc_buf_printf(&text, "%s:%s\n", s->headers[i].name, s->headers[i].value);
    fc_buf_putc(&text, '\n');
    put_signed_names(&text, s);
    fc_buf_printf(&text, "\n%s", s->payload.text);
    if (rc == FC_OK && (text.failed || !sha256(text.ptr, text.len, ret)))
        rc = no_memory(err);
    fc_buf_done(&text);
    return rc;
}

/* The key of one day, region and service. */
static bool derive_key(const struct signing *s, struct digest *ret)
{
    char *start = fc_arena_printf(s->arena, "AWS4%s", s->aws->secret);

    if (!start)
        return false;
    bool ok = hmac(start, strlen(start), s->date, ret) &&
              hmac(ret->bytes, DIGEST_SIZE, s->aws->region, ret) &&
              hmac(ret->bytes, DIGEST_SIZE, s->aws->service, ret) &&
              hmac(ret->bytes, DIGEST_SIZE, "aws4_request", ret);
    OPENSSL_cleanse(start, strlen(start));
    return ok;
}

static fc_rc authorization(struct signing *s, const char **ret, struct fc_error *err)
{
    struct fc_buf names = FC_BUF_INIT;
    struct digest key, signature;
    struct hex hash;

    fc_rc rc = hash_request(s, &hash, err);
    if (rc != FC_OK)
        return rc;
    const char *scope = fc_arena_printf(s->arena, "%s/%s/%s/aws4_request", s->date, s->aws->region,
                                        s->aws->service);
    const char *text =
        scope ? fc_arena_printf(s->arena, ALGORITHM "\n%s\n%s\n%s", s->stamp, scope, hash.text)
              : NULL;
    put_signed_names(&names, s);
    if (!text || names.failed || !derive_key(s, &key) ||
        !hmac(key.bytes, DIGEST_SIZE, text, &signature)) {
        fc_buf_done(&names);
        return no_memory(err);
    }
    *ret = fc_arena_printf(
        s->arena, "Authorization: " ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
        s->aws->key_id, scope, fc_buf_text(&names), hex_of(&signature).text);
    fc_buf_done(&names);
    return *ret ? FC_OK : no_memory(err);
}

static bool set_time(struct signing *s)
{
    time_t seconds = (time_t)s->request->seconds;
    struct tm tm;

    return gmtime_r(&seconds, &tm) && strftime(s->date, sizeof(s->date), "%Y%m%d", &tm) > 0 &&
           strftime(s->stamp, sizeof(s->stamp), "%Y%m%dT%H%M%SZ", &tm) > 0;
}

fc_rc fc_sigv4_sign(const struct fc_http_aws *aws, const struct fc_sigv4_request *request,
                    struct fc_arena *arena, const char *const **ret, struct fc_error *err)
{
    struct signing s = {.aws = aws, .request = request, .arena = arena};
    const char **headers = fc_arena_calloc(arena, 5, sizeof *headers);
    size_t count = 0;

    s.s3 = strcmp(aws->service, "s3") == 0;
    if (!headers || !sha256(request->body.ptr, request->body.len, &s.payload))
        return no_memory(err);
    if (!set_time(&s))
        return fc_fail(err, FC_REASON_INTERNAL, "the clock shows no date that can be signed");
    fc_rc rc = gather_headers(&s, err);
    if (rc == FC_OK)
        rc = authorization(&s, &headers[count++], err);
    if (rc != FC_OK)
        return rc;
    headers[count++] = fc_arena_printf(arena, "X-Amz-Date: %s", s.stamp);
    if (aws->token)
        headers[count++] = fc_arena_printf(arena, "X-Amz-Security-Token: %s", aws->token);
    if (s.s3)
        headers[count++] = fc_arena_printf(arena, "X-Amz-Content-Sha256: %s", s.payload.text);
    for (size_t i = 0; i < count; i++)
        if (!headers[i])
            return no_memory(err);
    *ret = headers;
    return FC_OK;
}
