/* SPDX-License-Identifier: Apache-2.0 */
#include "client/connection.h"

#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define DEFAULT_MAX_MESSAGE ((size_t)64 << 20)
#define MAX_PEM_BYTES       ((size_t)1 << 20)
/* Until a server that was not there is looked for again, longer each time: gRPC's own second outlasts three retries. */
#define FIRST_BACKOFF_MS 100

struct fc_connection {
    grpc_channel *handle;
    grpc_channel_credentials *credentials;
    char *target, *server_name;
    size_t max_message_bytes;
    pthread_mutex_t mutex;
    bool tried; /* `handle` stays what it is */
};

static bool given(const char *text)
{
    return text && text[0];
}

/* What the TLS options name, read; the key is wiped. */
struct pem {
    struct fc_buf ca, certificate, key;
};

static void pem_done(struct pem *pem)
{
    if (pem->key.ptr)
        explicit_bzero(pem->key.ptr, pem->key.len);
    fc_buf_done(&pem->ca);
    fc_buf_done(&pem->certificate);
    fc_buf_done(&pem->key);
}

/* gRPC takes what is none as well, and then says of the server that it has no address. */
static fc_rc read_pem(const char *path, const char *what, struct fc_buf *ret, struct fc_error *err)
{
    if (fc_file_read(path, what, MAX_PEM_BYTES, ret, err) != FC_OK) {
        err->reason = FC_REASON_CONFIG_INVALID;
        return err->rc = FC_INVALID_ARGUMENT;
    }
    return strstr(fc_buf_text(ret), "-----BEGIN ")
               ? FC_OK
               : fc_fail(err, FC_REASON_CONFIG_INVALID,
                         "the %s %s is no PEM file: it has no line -----BEGIN ...-----", what,
                         path);
}

static fc_rc tls_credentials(const struct fc_channel_options *options,
                             grpc_channel_credentials **ret, struct fc_error *err)
{
    FC_CLEANUP(pem_done) struct pem pem = {.ca = FC_BUF_INIT};
    grpc_ssl_pem_key_cert_pair pair;
    bool own = given(options->certificate_file) && given(options->key_file);
    fc_rc rc = FC_OK;

    if (given(options->certificate_file) != given(options->key_file))
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "a client certificate needs its key, and a key its certificate");
    if (given(options->ca_file))
        rc = read_pem(options->ca_file, "TLS CA", &pem.ca, err);
    if (rc == FC_OK && own)
        rc = read_pem(options->certificate_file, "TLS certificate", &pem.certificate, err);
    if (rc == FC_OK && own)
        rc = read_pem(options->key_file, "TLS key", &pem.key, err);
    if (rc != FC_OK)
        return rc;
    pair = (grpc_ssl_pem_key_cert_pair){.private_key = fc_buf_text(&pem.key),
                                        .cert_chain = fc_buf_text(&pem.certificate)};
    *ret = grpc_ssl_credentials_create_ex(pem.ca.ptr, own ? &pair : NULL, NULL, NULL);
    return *ret ? FC_OK : fc_fail(err, FC_REASON_CONFIG_INVALID, "the TLS files are not in order");
}

static grpc_channel *make_channel(const struct fc_connection *connection)
{
    grpc_arg list[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = (int)connection->max_message_bytes},
        /* A connection of its own: else gRPC shares one among all channels of the same target. */
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
         .value.integer = 1},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
         .value.integer = FIRST_BACKOFF_MS},
        {.type = GRPC_ARG_STRING,
         .key = (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
         .value.string = connection->server_name},
    };
    grpc_channel_args args = {
        .num_args = FC_ARRAY_LEN(list) - (given(connection->server_name) ? 0 : 1), .args = list};

    return grpc_channel_create(connection->target, connection->credentials, &args);
}

fc_rc fc_connection_new(const char *target, const struct fc_channel_options *options,
                        struct fc_connection **ret, struct fc_error *err)
{
    static const struct fc_channel_options defaults = {.tls = false};
    FC_CLEANUP(fc_connection_freep)
    struct fc_connection *connection = calloc(1, sizeof *connection);
    fc_rc rc = FC_OK;

    if (!connection)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection to %s", target);
    grpc_init();
    (void)pthread_mutex_init(&connection->mutex, NULL);
    if (!options)
        options = &defaults;
    connection->max_message_bytes =
        options->max_message_bytes ? options->max_message_bytes : DEFAULT_MAX_MESSAGE;
    connection->target = strdup(target);
    connection->server_name = strdup(options->server_name ? options->server_name : "");
    if (!connection->target || !connection->server_name)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection to %s", target);
    if (options->tls)
        rc = tls_credentials(options, &connection->credentials, err);
    else
        connection->credentials = grpc_insecure_credentials_create();
    if (rc != FC_OK)
        return rc;
    connection->handle = make_channel(connection);
    *ret = fc_steal(connection);
    return FC_OK;
}

void fc_connection_free(struct fc_connection *connection)
{
    if (!connection)
        return;
    if (connection->handle)
        grpc_channel_destroy(connection->handle);
    if (connection->credentials)
        grpc_channel_credentials_release(connection->credentials);
    pthread_mutex_destroy(&connection->mutex);
    free(connection->target);
    free(connection->server_name);
    free(connection);
    grpc_shutdown();
}

/* Connects and waits until it is, or cannot be. */
static grpc_connectivity_state connect_now(grpc_channel *handle, gpr_timespec deadline)
{
    grpc_completion_queue *queue = grpc_completion_queue_create_for_pluck(NULL);
    grpc_connectivity_state state = grpc_channel_check_connectivity_state(handle, 1);
    bool in_time = true;

    while (in_time && (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING)) {
        grpc_channel_watch_connectivity_state(handle, state, deadline, queue, queue);
        in_time =
            grpc_completion_queue_pluck(queue, queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL)
                .success != 0;
        state = grpc_channel_check_connectivity_state(handle, 1);
    }
    grpc_completion_queue_shutdown(queue);
    grpc_completion_queue_destroy(queue);
    return state;
}

/*
 * gRPC core 1.51 looks at the errno of connect() only after it took locks and memory, which may set another: a connection
 * that is under way is then taken for failed, "No such file or directory". So the first one that fails is begun anew.
 */
grpc_channel *fc_connection_use(struct fc_connection *connection, gpr_timespec deadline)
{
    pthread_mutex_lock(&connection->mutex);
    if (!connection->tried &&
        connect_now(connection->handle, deadline) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
        grpc_channel_destroy(connection->handle);
        connection->handle = make_channel(connection);
    }
    connection->tried = true;
    grpc_channel *handle = connection->handle;
    pthread_mutex_unlock(&connection->mutex);
    return handle;
}
