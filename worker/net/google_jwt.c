/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "worker/net/google_internal.h"

#define LIFETIME_S 3600

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for Google credentials");
}

/* base64url without padding, as JWTs have it. */
static void put_base64url(struct fc_buf *out, const unsigned char *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at < 3 ? size - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < left ? data[at + i] : 0);
        for (size_t i = 0; i <= left; i++)
            fc_buf_putc(out, digits[group >> (18 - 6 * i) & 63]);
    }
}

static bool put_json(struct fc_buf *out, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (text)
        put_base64url(out, (const unsigned char *)text, strlen(text));
    free(text);
    json_decref(object);
    return text != NULL;
}

static bool put_claims(struct fc_buf *out, const struct fc_google_key *key, const char *scope,
                       int64_t now_s)
{
    json_t *header = json_pack("{s:s, s:s}", "alg", "RS256", "typ", "JWT");

    if (header && key->id)
        (void)json_object_set_new(header, "kid", json_string(key->id));
    bool ok = put_json(out, header);
    fc_buf_putc(out, '.');
    return ok && put_json(out, json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", key->email, "scope",
                                         scope, "aud", key->issuer, "iat", (json_int_t)now_s, "exp",
                                         (json_int_t)now_s + LIFETIME_S));
}

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void digest_freep(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static EVP_PKEY *read_key(const char *pem)
{
    FC_CLEANUP(bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);

    /* A passphrase, so that nobody is asked for one at a terminal. */
    return bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
}

static bool sign(EVP_PKEY *key, struct fc_buf *out)
{
    FC_CLEANUP(digest_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024]; /* RSA of 8192 bits */
    size_t size = sizeof(signature);

    if (!context || out->failed ||
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &size, (const unsigned char *)out->ptr, out->len) != 1)
        return false;
    fc_buf_putc(out, '.');
    put_base64url(out, signature, size);
    return true;
}

fc_rc fc_google_assertion(const struct fc_google_key *key, const char *scope, int64_t now_s,
                          struct fc_buf *out, struct fc_error *err)
{
    FC_CLEANUP(pkey_freep) EVP_PKEY *private_key = read_key(key->pem);

    if (!private_key || EVP_PKEY_base_id(private_key) != EVP_PKEY_RSA) {
        ERR_clear_error();
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "private_key of the service account \"%s\" is no RSA key in PEM",
                       key->email);
    }
    if (!put_claims(out, key, scope, now_s) || out->failed)
        return no_memory(err);
    if (!sign(private_key, out)) {
        ERR_clear_error();
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "private_key of the service account \"%s\" does not sign", key->email);
    }
    return out->failed ? no_memory(err) : FC_OK;
}
