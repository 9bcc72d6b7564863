/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of config share; not for users of it. */
#pragma once

#include "base/config.h"
#include "base/violations.h"

struct fc_config_entry {
    const struct fc_config_key *key;
    enum fc_config_origin origin;
    char *where; /* "file core.yaml:3"; NULL for the default */
    char *text;  /* as given; of lists NULL */
    union {
        bool truth;
        int64_t number; /* INT, DURATION in ns, BYTES */
        double real;
    } value;
    char **list;
    size_t list_len;
};

struct fc_config {
    const struct fc_config_key *table;
    const char *env_prefix;
    struct fc_config_entry *entries;
    size_t count;
};

/* One value as read from a flag, a variable, a file or the table. */
struct fc_config_value {
    const char *text;         /* NULL for a sequence */
    const char *const *items; /* LIST: its elements; NULL: `text` is the one element */
    size_t item_count;
    enum fc_config_origin origin;
    const char *where;
};

struct fc_config_entry *fc_config_find(const struct fc_config *config, const char *name);

/** Checks the value and keeps it unless one of higher precedence is there. */
FC_MUST fc_rc fc_config_put(struct fc_config_entry *entry, const struct fc_config_value *value,
                            struct fc_error *err);

/** `; did you mean "x"?` into the buffer, or "" when nothing is near. `form` makes the spelling of a key's name. */
typedef void (*fc_config_form_fn)(const struct fc_config *config, const char *name, char *out,
                                  size_t size);
const char *fc_config_hint(const struct fc_config *config, const char *word, fc_config_form_fn form,
                           char *out, size_t size);

/** Spellings of a key: `http.listen`, `--http-listen`, `FEAST_CORE_HTTP_LISTEN`. */
void fc_config_form_key(const struct fc_config *config, const char *name, char *out, size_t size);
void fc_config_form_flag(const struct fc_config *config, const char *name, char *out, size_t size);
void fc_config_form_env(const struct fc_config *config, const char *name, char *out, size_t size);
/** The same for callers that have a prefix but no configuration. */
void fc_config_env_name(const char *prefix, const char *name, char *out, size_t size);

/** "a duration such as 10s", for messages and help. */
void fc_config_type_text(const struct fc_config_key *key, char *out, size_t size);

/** The elements of a comma-separated list, trimmed, empty ones left out; free with fc_config_list_free. */
FC_MUST fc_rc fc_config_split(const char *text, char ***ret_items, size_t *ret_count,
                              struct fc_error *err);
void fc_config_list_free(char **items, size_t count);
