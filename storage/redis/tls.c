/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "base/host.h"

static const char *library_error(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text ? text : "no reason given";
}

static fc_rc bad_file(const char *what, const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED, "the %s of the online store, %s: %s", what,
                   path, library_error());
}

static fc_rc load(SSL_CTX *context, const struct fc_redis_config *config, struct fc_error *err)
{
    if (config->ca_file[0] != '\0') {
        if (SSL_CTX_load_verify_locations(context, config->ca_file, NULL) != 1)
            return bad_file("authorities", config->ca_file, err);
    } else if (SSL_CTX_set_default_verify_paths(context) != 1) {
        return bad_file("authorities", "those of the system", err);
    }
    if (config->cert_file[0] == '\0')
        return FC_OK;
    if (SSL_CTX_use_certificate_chain_file(context, config->cert_file) != 1)
        return bad_file("client certificate", config->cert_file, err);
    if (SSL_CTX_use_PrivateKey_file(context, config->key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return bad_file("client key", config->key_file, err);
    return FC_OK;
}

static bool expect_name(SSL *tls, const char *host)
{
    struct fc_ip ip;

    if (fc_ip_from_text(host, &ip))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

fc_rc fc_redis_tls_new(const struct fc_redis_config *config, const struct fc_redis_node_name *node,
                       int fd, SSL **ret, struct fc_error *err)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *tls = NULL;

    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(context);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "TLS cannot be set up: %s", library_error());
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(context,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    fc_rc rc = load(context, config, err);
    if (rc == FC_OK) {
        tls = SSL_new(context);
        if (!tls || SSL_set_fd(tls, fd) != 1 || !expect_name(tls, node->host))
            rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "TLS cannot be set up: %s", library_error());
    }
    SSL_CTX_free(context); /* the session keeps it */
    if (rc != FC_OK) {
        SSL_free(tls);
        return rc;
    }
    *ret = tls;
    return FC_OK;
}

void fc_redis_tls_why(int wants, char *text, size_t size)
{
    const char *why = wants == SSL_ERROR_ZERO_RETURN ? "it closed the connection"
                      : wants == SSL_ERROR_SYSCALL   ? strerror(errno != 0 ? errno : ECONNRESET)
                                                     : library_error();

    (void)snprintf(text, size, "%s", why);
}

fc_rc fc_redis_tls_fail(const SSL *tls, const struct fc_redis_node_name *node, int wants,
                        struct fc_error *err)
{
    long verdict = SSL_get_verify_result(tls);
    char why[256];

    if (verdict != X509_V_OK) {
        return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                       "the TLS certificate of Redis at %s:%u is not trusted: %s", node->host,
                       node->port, X509_verify_cert_error_string(verdict));
    }
    fc_redis_tls_why(wants, why, sizeof why);
    /* Cut off without a word: a server that is starting or stopping, which is worth another try. */
    return fc_fail(err,
                   wants == SSL_ERROR_SSL ? FC_REASON_ONLINE_STORE_REFUSED
                                          : FC_REASON_ONLINE_STORE_UNAVAILABLE,
                   "the TLS handshake with Redis at %s:%u failed: %s", node->host, node->port, why);
}
