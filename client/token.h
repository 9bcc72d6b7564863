/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The bearer token of calls. From the first of these that is given:
 *
 *     --token-file | FEAST_TOKEN or FEAST_AUTH_TOKEN | FEAST_TOKEN_FILE or the setting token-file
 *     | OpenID Connect client credentials (--oidc-…) | auth_token of the old ~/.feast/config
 */
#pragma once

#include "client/context.h"

/** `*ret` is "Bearer …" in the arena, NULL when none is given. Never shown: not in messages, not in argv. */
FC_MUST fc_rc fc_token_find(struct fc_cli *cli, const char **ret, struct fc_error *err);

/** "Bearer …" of the token that a file holds, in the arena. USAGE for a file that has none. */
FC_MUST fc_rc fc_token_from_file(struct fc_cli *cli, const char *path, const char **ret,
                                 struct fc_error *err);
