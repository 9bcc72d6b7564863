/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Configuration from one table of keys: flags > environment > YAML file > defaults.
 *
 * A key `http.listen` is `--http-listen` on the command line, `<PREFIX>_HTTP_LISTEN` in the environment and
 * `http: {listen: …}` (or `http.listen: …`) in the file. The table makes help, `--print-config` and
 * docs/reference/configuration.md. Values are checked when they are set, so that a getter cannot fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/str.h"

enum fc_config_type {
    FC_CONFIG_STRING,
    FC_CONFIG_BOOL,
    FC_CONFIG_INT,      /**< min..max */
    FC_CONFIG_DURATION, /**< kept in nanoseconds; `10s` */
    FC_CONFIG_BYTES,    /**< `4MiB` */
    FC_CONFIG_ENUM,     /**< one of `choices`, separated by | */
    FC_CONFIG_DOUBLE,   /**< min..max as whole numbers */
    FC_CONFIG_LIST, /**< strings; a flag may be repeated, comma-separated in the environment, a sequence in YAML */
};

struct fc_config_key {
    const char *name; /**< dotted, lower case; NULL ends the table */
    enum fc_config_type type;
    const char *value;   /**< the default as text; "" when unset */
    const char *choices; /**< FC_CONFIG_ENUM: "enforce|strict|warn|off" */
    int64_t min, max;    /**< both 0: no bounds */
    bool secret;         /**< printed as ***; not accepted as a flag, since argv is public */
    const char *help;    /**< one sentence */
};

enum fc_config_origin { FC_CONFIG_DEFAULT, FC_CONFIG_FILE, FC_CONFIG_ENV, FC_CONFIG_FLAG };

struct fc_config;

/** The table must outlive the configuration. NULL when memory is out. */
struct fc_config *fc_config_new(const struct fc_config_key *table, const char *env_prefix);
void fc_config_free(struct fc_config *config);
FC_DEFINE_FREEP(struct fc_config, fc_config_free)

/** Unknown keys and bad values are refused with file, line and the nearest right key. */
FC_MUST fc_rc fc_config_load_file(struct fc_config *config, const char *path, struct fc_error *err);
/** An unknown variable with the prefix is refused: it is a typing mistake. */
FC_MUST fc_rc fc_config_load_env(struct fc_config *config, char *const *environment,
                                 struct fc_error *err);
/**
 * Reads `--key value` and `--key=value`. Flags without a key in the table (`--help`, `--version`, `--config`,
 * `--print-config`) are left to the caller: their names are in `others`, NULL-terminated; a name that ends in '=' takes
 * a value. `on_other` gets each of them.
 */
FC_MUST fc_rc fc_config_load_args(struct fc_config *config, int argc, char *const *argv,
                                  const char *const *others,
                                  void (*on_other)(void *ctx, const char *name, const char *value),
                                  void *ctx, struct fc_error *err);
FC_MUST fc_rc fc_config_set(struct fc_config *config, const char *name, const char *value,
                            enum fc_config_origin origin, const char *where, struct fc_error *err);

/* Getters: the key must be in the table and of that type (asserted). Pointers live until the next set. */
const char *fc_config_str(const struct fc_config *config, const char *name);
bool fc_config_bool(const struct fc_config *config, const char *name);
int64_t fc_config_int(const struct fc_config *config, const char *name);
int64_t fc_config_duration_ns(const struct fc_config *config, const char *name);
int64_t fc_config_bytes(const struct fc_config *config, const char *name);
double fc_config_double(const struct fc_config *config, const char *name);
size_t fc_config_list_len(const struct fc_config *config, const char *name);
const char *fc_config_list_at(const struct fc_config *config, const char *name, size_t index);

/** Every key with its value and origin (`flag --listen`, `file core.yaml:3`, `default`). */
void fc_config_print(const struct fc_config *config, FILE *out);
/** The keys as text for --help. */
void fc_config_print_help(const struct fc_config_key *table, FILE *out);
/** The keys as the Markdown table of docs/reference/configuration.md. */
void fc_config_print_markdown(const struct fc_config_key *table, const char *env_prefix, FILE *out);
