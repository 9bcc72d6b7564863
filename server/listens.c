/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listens.h"

#include <string.h>

#include "server/address.h"

/* NULL without TLS. Any of its keys asks for it, so that one that was forgotten is told and not passed over. */
static const struct fc_rpc_tls *make_tls(const struct fc_config *config, struct fc_rpc_tls *ret)
{
    *ret = (struct fc_rpc_tls){
        .certificate_file = fc_config_str(config, "tls.certificate"),
        .key_file = fc_config_str(config, "tls.key"),
        .client_ca_file = fc_config_str(config, "tls.client_ca"),
    };
    bool on = ret->certificate_file[0] != '\0' || ret->key_file[0] != '\0' ||
              ret->client_ca_file[0] != '\0';
    return on ? ret : NULL;
}

static fc_rc refuse_plaintext(const char *address, struct fc_error *err)
{
    return fc_fail_field(
        err, FC_REASON_CONFIG_INVALID, "listen",
        "address '%s' can be reached from other machines and TLS is not configured; "
        "set tls.certificate and tls.key, or say --allow-plaintext=true if the network "
        "is trusted",
        address);
}

fc_rc fc_listens_config(const struct fc_config *config, struct fc_arena *arena,
                        struct fc_listens *ret, struct fc_error *err)
{
    struct fc_listens made = {.count = fc_config_list_len(config, "listen"), .loopback_only = true};

    if (made.count == 0) {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "listen",
                             "no address to listen on is configured");
    }
    struct fc_rpc_tls *files = fc_arena_alloc(arena, sizeof *files);
    made.items = fc_arena_calloc(arena, made.count, sizeof *made.items);
    if (!files || !made.items) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu listen addresses",
                       made.count);
    }
    const struct fc_rpc_tls *tls = make_tls(config, files);
    for (size_t i = 0; i < made.count; i++) {
        const char *address = fc_config_list_at(config, "listen", i);
        fc_rc rc = fc_address_check(address, err);
        if (rc != FC_OK)
            return rc;
        made.items[i].address = address;
        made.items[i].tls = strncmp(address, "unix:", 5) != 0 ? tls : NULL;
        if (!fc_address_is_loopback(address)) {
            made.loopback_only = false;
            if (!tls && !fc_config_bool(config, "allow_plaintext"))
                return refuse_plaintext(address, err);
        }
    }
    *ret = made;
    return FC_OK;
}

fc_rc fc_listens_check(const struct fc_listens *listens, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < listens->count; i++) {
        const struct fc_rpc_tls *tls = listens->items[i].tls;
        rc = !tls ? FC_OK : fc_rpc_tls_check(tls, err);
    }
    return rc;
}
