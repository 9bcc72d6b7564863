/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Settings files, and the precedence among them:
 *
 *     flags > environment > --context or FEAST_CONTEXT > project file > current context > user file > system file
 *           > the old command line's ~/.feast/config > defaults
 *
 * A file is YAML: options by name (`server: core:6565`), `current-context: NAME` and `contexts: {NAME: {…}}`. The
 * project file is `.feastctl.yaml` in the working directory or the nearest one above it; since it comes with a checkout
 * it may not name credentials. The user file is `$XDG_CONFIG_HOME/feastctl/config.yaml`, that of the system
 * `/etc/feastctl/config.yaml`.
 */
#pragma once

#include <jansson.h>

#include "client/options.h"

/**
 * Reads what is there into `options->settings`; texts live in the arena. The error names file, line and column, or the
 * context that is not there unless `any_context`.
 */
FC_MUST fc_rc fc_settings_load(struct fc_options *options, bool any_context, struct fc_error *err);

/** The name of the context in use, or NULL. */
const char *fc_settings_context(const struct fc_options *options);

/** The path of the user file, in the arena; NULL when there is no home directory (or no memory). */
const char *fc_settings_user_path(struct fc_arena *arena);

/** The user file as a JSON object, an empty one when it is not there; caller owns a reference. */
FC_MUST fc_rc fc_settings_read_user(struct fc_arena *arena, json_t **ret, struct fc_error *err);
/** Replaces the user file as a whole; its directory is made. Mode 0600. Comments in it are lost. */
FC_MUST fc_rc fc_settings_write_user(struct fc_arena *arena, const json_t *file,
                                     struct fc_error *err);

/** Whether an option of this name may stand in a settings file. */
bool fc_settings_known(const struct fc_options *options, const char *name);
/** The nearest one that may, or NULL. */
const char *fc_settings_nearest(const struct fc_options *options, const char *name);
