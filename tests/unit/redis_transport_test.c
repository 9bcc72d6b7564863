/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted connections to Redis, of which one breaks. The servers are stand-ins. */
#include "tests/unit/harness.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sys.h"
#include "storage/redis/transport.h"
#include "tests/support/local_port.h"
#include "tests/support/scratch.h"

struct fixture {
    SSL_CTX *context;
    struct test_scratch scratch;
    const char *ca_file;
    int listener;
    struct fc_redis_node_name node;
    pthread_t thread;
    struct fc_redis_transport *broken, *good;
    struct fc_error err;
};

/* Of this machine, signed by itself. */
static void issue(struct fixture *f)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *made = X509_new();
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");

    assert_true(key && made && names);
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 24 * 3600);
    X509_set_pubkey(made, key);
    X509_NAME *name = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"redis", -1, -1, 0);
    X509_set_issuer_name(made, name);
    X509_add_ext(made, names, -1);
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    f->context = SSL_CTX_new(TLS_server_method());
    /* Those, and whatever else is of a handshake, would have OpenSSL forget its errors. */
    assert_int_equal(SSL_CTX_set_num_tickets(f->context, 0), 1);
    assert_int_equal(SSL_CTX_use_certificate(f->context, made), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(f->context, key), 1);
    f->ca_file = test_path(&f->scratch, "ca.pem");
    FILE *file = fopen(f->ca_file, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, made), 1);
    assert_int_equal(fclose(file), 0);
    X509_EXTENSION_free(names);
    X509_free(made);
    EVP_PKEY_free(key);
}

static SSL *take_one(struct fixture *f)
{
    SSL *tls = SSL_new(f->context);
    int fd = accept(f->listener, NULL, NULL);

    if (fd < 0 || SSL_set_fd(tls, fd) != 1 || SSL_accept(tls) != 1) {
        SSL_free(tls);
        return NULL;
    }
    return tls;
}

static void hang_up(SSL *tls)
{
    int fd = tls ? SSL_get_fd(tls) : -1;

    SSL_free(tls);
    if (fd >= 0)
        (void)close(fd);
}

/* The first is told what is no TLS, the second gets back the byte it sends. */
static void *serve(void *ctx)
{
    struct fixture *f = ctx;
    SSL *broken = take_one(f), *good = NULL;
    char byte = 0;

    if (broken && write(SSL_get_fd(broken), "this is no record", 17) == 17)
        good = take_one(f);
    if (good && SSL_read(good, &byte, 1) == 1)
        (void)SSL_write(good, &byte, 1);
    hang_up(broken);
    hang_up(good);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    *state = f;
    test_scratch_init(&f->scratch);
    issue(f);
    f->node = (struct fc_redis_node_name){.host = "127.0.0.1"};
    f->listener = test_local_port(&f->node.port);
    assert_int_equal(listen(f->listener, 4), 0);
    return pthread_create(&f->thread, NULL, serve, f);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_redis_transport_close(f->broken);
    fc_redis_transport_close(f->good);
    /* Ends the accept. */
    (void)shutdown(f->listener, SHUT_RDWR);
    (void)pthread_join(f->thread, NULL);
    (void)close(f->listener);
    test_scratch_done(&f->scratch);
    SSL_CTX_free(f->context);
    free(f);
    return 0;
}

static struct fc_redis_transport *opened(struct fixture *f)
{
    const struct fc_redis_config config = {.url = "rediss://127.0.0.1",
                                           .nodes = &f->node,
                                           .node_count = 1,
                                           .tls = true,
                                           .username = "",
                                           .password = "",
                                           .ca_file = f->ca_file,
                                           .cert_file = "",
                                           .key_file = "",
                                           .timeout_ns = 60 * FC_NS_PER_S};
    struct fc_redis_transport *transport = NULL;

    if (fc_redis_transport_open(&config, &f->node, &transport, &f->err) != FC_OK)
        fail_msg("%s", f->err.message);
    return transport;
}

/* What comes next: 0 is nothing yet. */
static ssize_t read_next(struct fc_redis_transport *transport, char *into, size_t size)
{
    ssize_t moved = 0;

    while (moved == 0) {
        assert_true(fc_redis_transport_wait(transport, false, 60 * FC_NS_PER_S));
        moved = fc_redis_transport_read(transport, into, size);
    }
    return moved;
}

/* OpenSSL keeps errors by thread, not by connection. */
static void what_broke_one_connection_is_not_held_against_another(void **state)
{
    struct fixture *f = *state;
    char bytes[16] = "";

    f->broken = opened(f);
    f->good = opened(f);
    assert_int_equal(read_next(f->broken, bytes, sizeof(bytes)), -1);
    assert_int_equal(fc_redis_transport_read(f->good, bytes, sizeof(bytes)), 0);
    assert_int_equal(fc_redis_transport_write(f->good, "x", 1), 1);
    assert_int_equal(read_next(f->good, bytes, sizeof(bytes)), 1);
    assert_int_equal(bytes[0], 'x');
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(what_broke_one_connection_is_not_held_against_another, setup,
                                    teardown),
};

FC_TEST_MAIN(cases)
