/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rpc/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)

/* What the files held, as PEM text. */
struct pem {
    struct fc_buf certificate, key, client_ca;
};

struct fc_tls {
    char *certificate_file, *key_file, *client_ca_file; /* the last may be NULL */
    pthread_mutex_t mutex;                              /* of what follows */
    struct pem pem;
    bool fresh; /* gRPC has not fetched it yet */
};

static void pem_done(struct pem *pem)
{
    if (pem->key.ptr)
        explicit_bzero(pem->key.ptr, pem->key.len);
    fc_buf_done(&pem->certificate);
    fc_buf_done(&pem->key);
    fc_buf_done(&pem->client_ca);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_x509(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* A key with a passphrase: there is nobody to ask for it. */
static int no_passphrase(char *buffer FC_UNUSED, int size FC_UNUSED, int writing FC_UNUSED,
                         void *ctx FC_UNUSED)
{
    return -1;
}

static BIO *reader(const struct fc_buf *text)
{
    return BIO_new_mem_buf(fc_buf_text(text), (int)text->len);
}

static X509 *first_certificate(const struct fc_buf *text)
{
    FC_CLEANUP(free_bio) BIO *bio = reader(text);

    return bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
}

static EVP_PKEY *private_key(const struct fc_buf *text)
{
    FC_CLEANUP(free_bio) BIO *bio = reader(text);

    return bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
}

static fc_rc refuse(struct fc_error *err, const char *what, const char *path, const char *why)
{
    ERR_clear_error();
    return fc_fail(err, FC_REASON_CONFIG_INVALID, "the TLS %s %s %s", what, path, why);
}

/* gRPC would take nearly anything and then fail each handshake. */
static fc_rc check(const struct fc_tls *tls, const struct pem *pem, struct fc_error *err)
{
    FC_CLEANUP(free_x509) X509 *certificate = first_certificate(&pem->certificate);
    FC_CLEANUP(free_key) EVP_PKEY *key = private_key(&pem->key);
    FC_CLEANUP(free_x509)
    X509 *authority = tls->client_ca_file ? first_certificate(&pem->client_ca) : NULL;

    if (!certificate)
        return refuse(err, "certificate", tls->certificate_file,
                      "holds no certificate in PEM form");
    if (!key)
        return refuse(err, "key", tls->key_file,
                      "holds no private key in PEM form without a passphrase");
    if (X509_check_private_key(certificate, key) != 1)
        return refuse(err, "key", tls->key_file, "does not belong to the certificate");
    if (tls->client_ca_file && !authority)
        return refuse(err, "client CA", tls->client_ca_file, "holds no certificate in PEM form");
    /* Not refused: clients will, and a server that does not start helps nobody. */
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        fc_log(FC_LOG_WARN, "the TLS certificate has expired",
               FC_LOG_STR("file", tls->certificate_file));
    return FC_OK;
}

static fc_rc read_pem(const struct fc_tls *tls, struct pem *pem, struct fc_error *err)
{
    fc_rc rc = fc_file_read(tls->certificate_file, "TLS certificate", MAX_FILE_BYTES,
                            &pem->certificate, err);

    if (rc == FC_OK)
        rc = fc_file_read(tls->key_file, "TLS key", MAX_FILE_BYTES, &pem->key, err);
    if (rc == FC_OK && tls->client_ca_file)
        rc = fc_file_read(tls->client_ca_file, "TLS client CA", MAX_FILE_BYTES, &pem->client_ca,
                          err);
    return rc == FC_OK ? check(tls, pem, err) : rc;
}

fc_rc fc_tls_reload(struct fc_tls *tls, struct fc_error *err)
{
    FC_CLEANUP(pem_done) struct pem fresh = {.certificate = FC_BUF_INIT};
    struct pem old;
    fc_rc rc = read_pem(tls, &fresh, err);

    if (rc != FC_OK)
        return rc;
    pthread_mutex_lock(&tls->mutex);
    old = tls->pem;
    tls->pem = fresh;
    tls->fresh = true;
    pthread_mutex_unlock(&tls->mutex);
    fresh = old; /* to be wiped */
    return FC_OK;
}

static bool copy_name(char **ret, const char *name)
{
    *ret = name && name[0] ? strdup(name) : NULL;
    return *ret || !name || !name[0];
}

fc_rc fc_tls_new(const struct fc_rpc_tls *files, struct fc_tls **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_tls_freep) struct fc_tls *tls = calloc(1, sizeof *tls);
    fc_rc rc;

    if (!tls)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for TLS");
    pthread_mutex_init(&tls->mutex, NULL);
    if (!copy_name(&tls->certificate_file, files->certificate_file) ||
        !copy_name(&tls->key_file, files->key_file) ||
        !copy_name(&tls->client_ca_file, files->client_ca_file))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for TLS");
    if (!tls->certificate_file || !tls->key_file)
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "TLS needs a certificate file and a key file");
    rc = fc_tls_reload(tls, err);
    if (rc != FC_OK)
        return rc;
    *ret = fc_steal(tls);
    return FC_OK;
}

void fc_tls_free(struct fc_tls *tls)
{
    if (!tls)
        return;
    pem_done(&tls->pem);
    free(tls->certificate_file);
    free(tls->key_file);
    free(tls->client_ca_file);
    pthread_mutex_destroy(&tls->mutex);
    free(tls);
}

/* gRPC asks at the start and before each handshake. */
static grpc_ssl_certificate_config_reload_status fetch(void *ctx,
                                                       grpc_ssl_server_certificate_config **ret)
{
    struct fc_tls *tls = ctx;
    grpc_ssl_certificate_config_reload_status status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;

    pthread_mutex_lock(&tls->mutex);
    if (tls->fresh) {
        const grpc_ssl_pem_key_cert_pair pair = {.private_key = fc_buf_text(&tls->pem.key),
                                                 .cert_chain = fc_buf_text(&tls->pem.certificate)};
        /* gRPC insists on roots even where no client certificate is asked for and nobody uses them. */
        const char *roots =
            fc_buf_text(tls->client_ca_file ? &tls->pem.client_ca : &tls->pem.certificate);
        *ret = grpc_ssl_server_certificate_config_create(roots, &pair, 1);
        status =
            *ret ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
        tls->fresh = false;
    }
    pthread_mutex_unlock(&tls->mutex);
    return status;
}

grpc_server_credentials *fc_tls_credentials(struct fc_tls *tls)
{
    grpc_ssl_client_certificate_request_type request =
        tls->client_ca_file ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                            : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    grpc_ssl_server_credentials_options *options =
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, fetch, tls);

    return options ? grpc_ssl_server_credentials_create_with_options(options) : NULL;
}

fc_rc fc_rpc_tls_check(const struct fc_rpc_tls *files, struct fc_error *err)
{
    FC_CLEANUP(fc_tls_freep) struct fc_tls *tls = NULL;
    return fc_tls_new(files, &tls, err);
}
