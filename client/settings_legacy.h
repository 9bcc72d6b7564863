/* SPDX-License-Identifier: Apache-2.0 */
/** What the old command line `feast` was told: its variables and its `~/.feast/config`. Belongs to settings.c. */
#pragma once

#include "client/options.h"

/** Variables whose names are the old ones only. Returns how many settings were put into `out`. */
size_t fc_settings_legacy_env(struct fc_arena *arena, struct fc_setting *out, size_t room);

/**
 * `[general]` of `$FEAST_CONFIG/config` (a directory; below the home directory unless absolute; `.feast` by default).
 * Keys that mean nothing here, and a file that cannot be read, are passed over: it is not ours.
 */
size_t fc_settings_legacy_file(struct fc_arena *arena, struct fc_setting *out, size_t room);

/** The `auth_token` of that file when its `enable_auth` is on, in the arena; NULL otherwise. */
const char *fc_settings_legacy_token(struct fc_arena *arena);
