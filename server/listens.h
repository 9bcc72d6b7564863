/* SPDX-License-Identifier: Apache-2.0 */
/** Configuration keys `listen`, `tls.*` and `allow_plaintext`: where calls are taken, and with which certificate. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/config.h"
#include "server/rpc/rpc.h"

struct fc_listens {
    struct fc_rpc_listen *items; /**< at least one */
    size_t count;
    bool loopback_only; /**< no other machine can reach any of them */
};

/**
 * Made in the arena; borrows texts of the configuration. CONFIG_INVALID names the key: no address, one of another form,
 * or one that other machines reach in plain text while that is not allowed. Reads no file and binds nothing.
 */
FC_MUST fc_rc fc_listens_config(const struct fc_config *config, struct fc_arena *arena,
                                struct fc_listens *ret, struct fc_error *err);

/** Reads the TLS files as a start does; the error names the one that is not in order. */
FC_MUST fc_rc fc_listens_check(const struct fc_listens *listens, struct fc_error *err);
