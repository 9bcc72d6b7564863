/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/version.h"
#include "client/token.h"

/* Of one call, the token not counted. */
#define MAX_METADATA   4
#define FIRST_PAUSE_NS (100 * FC_NS_PER_MS)

struct fc_client {
    struct fc_channel *channel;
    const char *token; /* "Bearer …", or NULL */
};

const char *fc_client_version(void)
{
    return FC_VERSION;
}

void fc_client_free(struct fc_client *client)
{
    if (!client)
        return;
    fc_channel_close(client->channel);
    free(client);
}

static struct fc_channel_options channel_options(const struct fc_cli *cli)
{
    struct fc_channel_options options = {
        .tls = fc_options_on(&cli->options, "tls"),
        .ca_file = fc_options_get(&cli->options, "tls-ca"),
        .certificate_file = fc_options_get(&cli->options, "tls-cert"),
        .key_file = fc_options_get(&cli->options, "tls-key"),
        .server_name = fc_options_get(&cli->options, "tls-server-name"),
    };

    options.tls = options.tls || options.ca_file || options.certificate_file || options.key_file ||
                  options.server_name;
    return options;
}

static bool is_loopback(const char *server)
{
    static const char *const names[] = {"localhost:", "127.", "[::1]:", "unix:"};

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        if (strncmp(server, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static fc_rc open_client(struct fc_cli *cli, struct fc_client *client, struct fc_error *err)
{
    struct fc_channel_options options = channel_options(cli);
    fc_rc rc = fc_token_find(cli, &client->token, err);

    if (rc == FC_OK && client->token && !options.tls && !is_loopback(cli->server))
        fc_cli_warn(cli, "the token goes to %s in plain text; --tls protects it", cli->server);
    return rc == FC_OK ? fc_channel_open(cli->server, &options, &client->channel, err) : rc;
}

static fc_rc connect_once(struct fc_cli *cli, struct fc_error *err)
{
    if (!cli->client) {
        cli->client = calloc(1, sizeof *cli->client);
        if (!cli->client)
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    }
    return cli->client->channel ? FC_OK : open_client(cli, cli->client, err);
}

/* The call's own metadata and the token; `room` is one larger than what the call has. */
static struct fc_channel_request request_of(const struct fc_cli *cli, const struct fc_call *call,
                                            struct fc_channel_metadata *room)
{
    size_t count = call->metadata_count;

    if (count > 0)
        memcpy(room, call->metadata, count * sizeof *room);
    if (cli->client->token)
        room[count++] = (struct fc_channel_metadata){"authorization", cli->client->token};
    return (struct fc_channel_request){.path = call->method->path,
                                       .message = call->request,
                                       .response = call->method->response,
                                       .timeout_ns =
                                           call->timeout_ns ? call->timeout_ns : cli->timeout_ns,
                                       .metadata = room,
                                       .metadata_count = count,
                                       .arena = call->arena ? call->arena : cli->arena};
}

static void tell(struct fc_cli *cli, const struct fc_call *call, fc_rc rc, int64_t began)
{
    if (cli->verbose)
        fc_cli_note(cli, "%s %s: %s, %.1f ms", cli->server, call->method->path, fc_rc_name(rc),
                    (double)(fc_monotonic_ns(fc_sys_real()) - began) / 1e6);
}

/* Waits before the next try: twice as long each time, some of it by chance, so that many clients do not come at once. */
static void back_off(unsigned tries)
{
    int64_t pause = FIRST_PAUSE_NS << (tries < 6 ? tries : 6);

    pause = pause / 2 + fc_monotonic_ns(fc_sys_real()) % (pause / 2);
    nanosleep(&(struct timespec){.tv_sec = pause / FC_NS_PER_S, .tv_nsec = pause % FC_NS_PER_S},
              NULL);
}

static bool try_again(const struct fc_cli *cli, const struct fc_call *call, fc_rc rc,
                      unsigned tries, int64_t began)
{
    int64_t spent = fc_monotonic_ns(fc_sys_real()) - began;

    return rc == FC_UNAVAILABLE && call->method->idempotent && tries < cli->retries &&
           (cli->timeout_ns == 0 || spent < cli->timeout_ns);
}

fc_rc fc_client_call(struct fc_cli *cli, struct fc_call *call, struct fc_error *err)
{
    struct fc_channel_metadata metadata[MAX_METADATA + 1];
    int64_t began = fc_monotonic_ns(fc_sys_real());
    fc_rc rc = connect_once(cli, err);

    if (rc == FC_OK) {
        struct fc_channel_request request = request_of(cli, call, metadata);
        for (unsigned tries = 0;; tries++) {
            rc = fc_channel_call(cli->client->channel, &request, &call->reply, err);
            if (!try_again(cli, call, rc, tries, began))
                break;
            if (cli->verbose)
                fc_cli_note(cli, "%s; trying again", err->message);
            back_off(tries);
        }
    }
    tell(cli, call, rc, began);
    return rc;
}

fc_rc fc_client_stream(struct fc_cli *cli, struct fc_call *call, fc_channel_message_fn fn,
                       void *ctx, struct fc_error *err)
{
    struct fc_channel_metadata metadata[MAX_METADATA + 1];
    int64_t began = fc_monotonic_ns(fc_sys_real());
    fc_rc rc = connect_once(cli, err);

    if (rc == FC_OK) {
        struct fc_channel_request request = request_of(cli, call, metadata);
        request.timeout_ns = 0;
        rc = fc_channel_stream(cli->client->channel, &request, fn, ctx, &call->reply, err);
    }
    tell(cli, call, rc, began);
    return rc;
}

enum fc_exit fc_client_fail(struct fc_cli *cli, const struct fc_call *call,
                            const struct fc_error *err)
{
    const struct fc_violations *violations = &call->reply.violations;
    const char *remedy = fc_reason_info(err->reason)->remedy;
    enum fc_exit code = fc_cli_fail(cli, err);

    for (size_t i = 0; violations->count > 1 && i < violations->count; i++)
        fprintf(cli->err, "  %s: %s\n", violations->items[i].field, violations->items[i].message);
    /* Without a channel it was the issuer of the token that could not be reached. */
    if (err->rc == FC_UNAVAILABLE && err->reason == FC_REASON_UNREACHABLE && cli->client->channel)
        fprintf(cli->err, "hint: --server or FEAST_CORE_URL names the server, now %s\n",
                cli->server);
    else if (err->rc == FC_INTERNAL || err->rc == FC_DATA_LOSS || err->rc == FC_UNAVAILABLE)
        fprintf(cli->err, "hint: %s\n", remedy);
    if (call->reply.request_id && (cli->verbose || code == FC_EXIT_INTERNAL))
        fprintf(cli->err, "request id: %s\n", call->reply.request_id);
    return code;
}

const char *fc_client_trailer(const struct fc_call *call, const char *key)
{
    for (size_t i = 0; i < call->reply.trailer_count; i++)
        if (strcmp(call->reply.trailers[i].key, key) == 0)
            return call->reply.trailers[i].value;
    return NULL;
}
