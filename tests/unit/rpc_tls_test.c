/* SPDX-License-Identifier: Apache-2.0 */
/* TLS, mutual TLS and new certificates without a restart. The certificates are made here. */
#include "tests/unit/rpc_fixture.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct issued {
    EVP_PKEY *key;
    X509 *certificate;
};

struct fixture {
    struct rpc_fixture base;
    char directory[32];
    struct issued authority, stranger; /* two CAs that know nothing of each other */
    char paths[12][64];
    size_t path_count;
};

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A certificate of that name; signed by itself as a CA when there is no issuer. */
static struct issued issue(const char *name, const struct issued *issuer)
{
    static long serial;
    struct issued made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509_NAME *subject;

    assert_non_null(made.key);
    assert_non_null(made.certificate);
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), 24 * 3600);
    X509_set_pubkey(made.certificate, made.key);
    subject = X509_get_subject_name(made.certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made.certificate,
                         issuer ? X509_get_subject_name(issuer->certificate) : subject);
    if (issuer)
        add_extension(made.certificate, issuer->certificate, NID_subject_alt_name,
                      "DNS:localhost,IP:127.0.0.1");
    else
        add_extension(made.certificate, made.certificate, NID_basic_constraints,
                      "critical,CA:TRUE");
    assert_true(X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
    return made;
}

static void drop(struct issued *issued)
{
    EVP_PKEY_free(issued->key);
    X509_free(issued->certificate);
}

static const char *new_path(struct fixture *fixture, const char *name)
{
    char *path = fixture->paths[fixture->path_count++];

    assert_true(fixture->path_count <= FC_ARRAY_LEN(fixture->paths));
    snprintf(path, sizeof(fixture->paths[0]), "%s/%s", fixture->directory, name);
    return path;
}

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

/* Certificate and key into the two files. */
static void write_issued(const char *certificate_file, const char *key_file,
                         const struct issued *issued)
{
    write_certificate(certificate_file, issued->certificate);
    write_key(key_file, issued->key);
}

static const struct fc_rpc_method methods[] = {RPC_METHOD("/test.Service/Echo", rpc_echo)};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    strcpy(fixture->directory, "/tmp/fc-tls-XXXXXX");
    if (!mkdtemp(fixture->directory))
        return -1;
    fixture->authority = issue("authority", NULL);
    fixture->stranger = issue("stranger", NULL);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    rpc_fixture_done(&fixture->base);
    for (size_t i = 0; i < fixture->path_count; i++)
        unlink(fixture->paths[i]);
    rmdir(fixture->directory);
    drop(&fixture->authority);
    drop(&fixture->stranger);
    free(fixture);
    return 0;
}

static fc_rc start(struct fixture *fixture, const struct fc_rpc_tls *tls)
{
    const struct fc_rpc_options options = {.threads = 1};
    struct fc_rpc_listen listen = {.address = "127.0.0.1:0", .tls = tls};
    struct rpc_fixture *base = &fixture->base;
    fc_rc rc;

    fc_rpc_server_free(base->server);
    base->server = NULL;
    assert_int_equal(fc_rpc_server_new(&options, &base->server, &base->err), FC_OK);
    assert_int_equal(fc_rpc_server_add(base->server, methods, 1, &base->err), FC_OK);
    rc = fc_rpc_server_start(base->server, &listen, 1, &base->err);
    snprintf(base->target, sizeof(base->target), "127.0.0.1:%d", listen.bound_port);
    if (!base->arena)
        base->arena = fc_arena_new(1 << 20);
    return rc;
}

/* One call on a new connection. */
static fc_rc call(struct fixture *fixture, const struct fc_channel_options *options)
{
    struct rpc_fixture *base = &fixture->base;
    fc_rc rc;

    base->err = (struct fc_error)FC_ERROR_INIT;
    assert_int_equal(fc_channel_open(base->target, options, &base->channel, &base->err), FC_OK);
    rc = rpc_call_name(base, "/test.Service/Echo", "x", NULL);
    fc_channel_close(base->channel);
    base->channel = NULL;
    return rc;
}

static void server_is_verified(void **state)
{
    struct fixture *fixture = *state;
    const char *certificate = new_path(fixture, "server.pem"),
               *key = new_path(fixture, "server.key");
    const char *ca = new_path(fixture, "ca.pem"), *other_ca = new_path(fixture, "other.pem");
    struct issued server = issue("server", &fixture->authority);
    const struct fc_rpc_tls tls = {
        .certificate_file = certificate, .key_file = key, .client_ca_file = ""};

    write_issued(certificate, key, &server);
    write_certificate(ca, fixture->authority.certificate);
    write_certificate(other_ca, fixture->stranger.certificate);
    assert_int_equal(start(fixture, &tls), FC_OK);
    assert_int_equal(call(fixture, &(struct fc_channel_options){.tls = true, .ca_file = ca}),
                     FC_OK);
    assert_int_equal(call(fixture, &(struct fc_channel_options){.tls = true, .ca_file = other_ca}),
                     FC_UNAVAILABLE);
    assert_int_equal(fixture->base.err.reason, FC_REASON_UNREACHABLE);
    assert_int_equal(call(fixture, &(struct fc_channel_options){.tls = true}), FC_UNAVAILABLE);
    assert_int_equal(
        call(fixture,
             &(struct fc_channel_options){.tls = true, .ca_file = ca, .server_name = "elsewhere"}),
        FC_UNAVAILABLE);
    assert_int_equal(call(fixture, NULL), FC_UNAVAILABLE); /* plain text to a TLS port */
    assert_int_equal(call(fixture, &(struct fc_channel_options){.tls = true, .ca_file = ca}),
                     FC_OK);
    drop(&server);
}

static void clients_are_verified(void **state)
{
    struct fixture *fixture = *state;
    const char *certificate = new_path(fixture, "server.pem"),
               *key = new_path(fixture, "server.key");
    const char *ca = new_path(fixture, "ca.pem");
    const char *mine = new_path(fixture, "client.pem"), *my_key = new_path(fixture, "client.key");
    const char *wrong = new_path(fixture, "wrong.pem"), *wrong_key = new_path(fixture, "wrong.key");
    struct issued server = issue("server", &fixture->authority),
                  client = issue("client", &fixture->authority);
    struct issued impostor = issue("client", &fixture->stranger);
    const struct fc_rpc_tls tls = {
        .certificate_file = certificate, .key_file = key, .client_ca_file = ca};
    struct fc_channel_options options = {.tls = true, .ca_file = ca};
    struct fc_channel *none = NULL;

    write_issued(certificate, key, &server);
    write_issued(mine, my_key, &client);
    write_issued(wrong, wrong_key, &impostor);
    write_certificate(ca, fixture->authority.certificate);
    assert_int_equal(start(fixture, &tls), FC_OK);
    assert_int_equal(call(fixture, &options), FC_UNAVAILABLE);
    options.ca_file = "/dev/null"; /* must not mean the system's authorities */
    assert_int_equal(fc_channel_open("localhost:1", &options, &none, &fixture->base.err),
                     FC_INVALID_ARGUMENT);
    options.ca_file = ca;
    options.certificate_file = mine;
    assert_int_equal(fc_channel_open("localhost:1", &options, &none, &fixture->base.err),
                     FC_INVALID_ARGUMENT);
    options.key_file = my_key;
    assert_int_equal(call(fixture, &options), FC_OK);
    options.certificate_file = wrong;
    options.key_file = wrong_key;
    assert_int_equal(call(fixture, &options), FC_UNAVAILABLE);
    drop(&server);
    drop(&client);
    drop(&impostor);
}

static void new_certificates_without_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct rpc_fixture *base = &fixture->base;
    const char *certificate = new_path(fixture, "server.pem"),
               *key = new_path(fixture, "server.key");
    const char *ca = new_path(fixture, "ca.pem"), *new_ca = new_path(fixture, "new.pem");
    struct issued old = issue("server", &fixture->authority),
                  fresh = issue("server", &fixture->stranger);
    const struct fc_rpc_tls tls = {.certificate_file = certificate, .key_file = key};
    const struct fc_channel_options trusts_old = {.tls = true, .ca_file = ca},
                                    trusts_new = {.tls = true, .ca_file = new_ca};
    struct fc_channel *kept;

    write_issued(certificate, key, &old);
    write_certificate(ca, fixture->authority.certificate);
    write_certificate(new_ca, fixture->stranger.certificate);
    assert_int_equal(start(fixture, &tls), FC_OK);
    assert_int_equal(fc_channel_open(base->target, &trusts_old, &kept, &base->err), FC_OK);
    base->channel = kept;
    assert_int_equal(rpc_call_name(base, "/test.Service/Echo", "x", NULL), FC_OK);
    /* Half of the change is refused and changes nothing. */
    write_certificate(certificate, fresh.certificate);
    assert_int_equal(fc_rpc_server_reload(base->server, &base->err), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(base->err.message, "does not belong"));
    base->channel = NULL;
    assert_int_equal(call(fixture, &trusts_old), FC_OK);
    write_issued(certificate, key, &fresh);
    assert_int_equal(fc_rpc_server_reload(base->server, &base->err), FC_OK);
    assert_int_equal(call(fixture, &trusts_new), FC_OK);
    assert_int_equal(call(fixture, &trusts_old), FC_UNAVAILABLE);
    /* Connections that were there go on. */
    base->channel = kept;
    assert_int_equal(rpc_call_name(base, "/test.Service/Echo", "x", NULL), FC_OK);
    drop(&old);
    drop(&fresh);
}

static void files_that_are_not_in_order_are_named(void **state)
{
    struct fixture *fixture = *state;
    const char *certificate = new_path(fixture, "server.pem"),
               *key = new_path(fixture, "server.key");
    const char *other_key = new_path(fixture, "other.key"),
               *garbage = new_path(fixture, "garbage.pem");
    struct issued server = issue("server", &fixture->authority);
    const struct {
        struct fc_rpc_tls tls;
        const char *file, *text;
    } rows[] = {
        {{.certificate_file = certificate}, "", "key file"},
        {{.certificate_file = "/nonexistent.pem", .key_file = key},
         "/nonexistent.pem",
         "No such file"},
        {{.certificate_file = "/tmp", .key_file = key}, "/tmp", "directory"},
        {{.certificate_file = garbage, .key_file = key}, garbage, "no certificate"},
        {{.certificate_file = certificate, .key_file = garbage}, garbage, "no private key"},
        {{.certificate_file = certificate, .key_file = other_key}, other_key, "does not belong"},
        {{.certificate_file = certificate, .key_file = key, .client_ca_file = garbage},
         garbage,
         "no certificate"},
    };
    FILE *file = fopen(garbage, "we");

    assert_non_null(file);
    fputs("-----BEGIN NOTHING-----\n", file);
    fclose(file);
    write_issued(certificate, key, &server);
    write_key(other_key, fixture->authority.key);
    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        struct rpc_fixture *base = &fixture->base;
        assert_int_not_equal(start(fixture, &rows[i].tls), FC_OK);
        if (!strstr(base->err.message, rows[i].file) || !strstr(base->err.message, rows[i].text))
            fail_msg("row %zu: \"%s\"", i, base->err.message);
    }
    drop(&server);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest cases[] = {
    CASE(server_is_verified),
    CASE(clients_are_verified),
    CASE(new_certificates_without_a_restart),
    CASE(files_that_are_not_in_order_are_named),
};

FC_TEST_MAIN(cases)
