/* SPDX-License-Identifier: Apache-2.0 */
/* Where values come from: a YAML file, the environment, the command line. All mistakes of one place at once. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_internal.h"
#include "base/node.h"

#define MAX_FILE  (1024u * 1024)
#define MAX_ARENA (64u * 1024 * 1024)
#define MAX_NAME  256

struct loader {
    struct fc_config *config;
    struct fc_arena *arena;
    struct fc_violations violations;
    const char *file;
};

void fc_config_form_key(const struct fc_config *config, const char *name, char *out, size_t size)
{
    (void)config;
    snprintf(out, size, "%s", name);
}

void fc_config_form_flag(const struct fc_config *config, const char *name, char *out, size_t size)
{
    (void)config;
    snprintf(out, size, "--%s", name);
    for (char *c = out; *c; c++)
        if (*c == '.' || *c == '_')
            *c = '-';
}

void fc_config_env_name(const char *prefix, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s_%s", prefix, name);
    for (char *c = out; *c; c++)
        *c = *c == '.' || *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

void fc_config_form_env(const struct fc_config *config, const char *name, char *out, size_t size)
{
    fc_config_env_name(config->env_prefix, name, out, size);
}

const char *fc_config_hint(const struct fc_config *config, const char *word, fc_config_form_fn form,
                           char *out, size_t size)
{
    char name[MAX_NAME];
    const char *nearest = NULL;
    size_t best = SIZE_MAX;

    out[0] = '\0';
    for (size_t i = 0; i < config->count; i++) {
        const char *candidate = name;
        form(config, config->entries[i].key->name, name, sizeof(name));
        if (!fc_str_nearest(word, &candidate, 1))
            continue;
        size_t distance = fc_str_distance(word, name, MAX_NAME);
        if (distance < best) {
            best = distance;
            nearest = config->entries[i].key->name;
        }
    }
    if (nearest) {
        form(config, nearest, name, sizeof(name));
        snprintf(out, size, "; did you mean \"%.100s\"?", name);
    }
    return out;
}

static fc_rc loader_begin(struct loader *l, struct fc_config *config, struct fc_error *err)
{
    *l = (struct loader){.config = config, .arena = fc_arena_new(MAX_ARENA)};
    if (!l->arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                       "out of memory while reading the configuration");
    fc_violations_init(&l->violations, l->arena);
    return FC_OK;
}

static fc_rc loader_end(struct loader *l, struct fc_error *err)
{
    fc_rc rc = fc_violations_to_error(&l->violations, err);

    fc_arena_free(l->arena);
    return rc;
}

static void put(struct loader *l, struct fc_config_entry *entry,
                const struct fc_config_value *value)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_config_put(entry, value, &err) != FC_OK)
        fc_violations_add(&l->violations, err.reason, err.field, "%s", err.message);
}

/* -- file ---------------------------------------------------------------------------------------------------- */

static void refuse_node(struct loader *l, const struct fc_node *node, const char *name,
                        const char *what)
{
    fc_violations_add(&l->violations, FC_REASON_CONFIG_INVALID, name, "%s:%u:%u: %s %s", l->file,
                      node->line, node->column, name, what);
}

static void load_list(struct loader *l, struct fc_config_entry *entry, const struct fc_node *node,
                      struct fc_config_value *value)
{
    const char **items = fc_arena_calloc(l->arena, node->count + 1, sizeof *items);

    if (!items)
        return;
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != FC_NODE_SCALAR) {
            refuse_node(l, node->items[i], entry->key->name, "must be a list of texts");
            return;
        }
        items[i] = node->items[i]->text.ptr;
    }
    value->items = items;
    value->item_count = node->count;
    put(l, entry, value);
}

static void load_value(struct loader *l, struct fc_config_entry *entry, const struct fc_node *node)
{
    struct fc_config_value value = {.origin = FC_CONFIG_FILE};
    char where[512];

    snprintf(where, sizeof(where), "file %s:%u", l->file, node->line);
    value.where = where;
    if (node->kind == FC_NODE_SEQUENCE && entry->key->type == FC_CONFIG_LIST) {
        load_list(l, entry, node, &value);
    } else if (node->kind == FC_NODE_SCALAR) {
        value.text = node->text.ptr;
        put(l, entry, &value);
    } else if (node->kind == FC_NODE_SEQUENCE || node->kind == FC_NODE_MAPPING) {
        refuse_node(l, node, entry->key->name, "must be a single value");
    }
    /* A key without a value leaves what was there. */
}

static bool is_group(const struct fc_config *config, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < config->count; i++)
        if (strncmp(config->entries[i].key->name, name, len) == 0 &&
            config->entries[i].key->name[len] == '.')
            return true;
    return false;
}

static void load_mapping(struct loader *l, const struct fc_node *mapping, const char *prefix)
{
    for (size_t i = 0; i < mapping->count; i++) {
        const struct fc_node *key = mapping->keys[i], *node = mapping->items[i];
        char name[MAX_NAME], hint[160];
        int length =
            snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "." : "", key->text.ptr);
        struct fc_config_entry *entry = fc_config_find(l->config, name);

        if (entry) {
            load_value(l, entry, node);
        } else if (length < MAX_NAME && is_group(l->config, name) &&
                   node->kind == FC_NODE_MAPPING) {
            load_mapping(l, node, name);
        } else if (is_group(l->config, name) && node->kind != FC_NODE_NULL) {
            refuse_node(l, node, name, "is a group of keys, not a value");
        } else if (!is_group(l->config, name)) {
            fc_violations_add(
                &l->violations, FC_REASON_CONFIG_INVALID, name,
                "%s:%u:%u: there is no key \"%s\"%s", l->file, key->line, key->column, name,
                fc_config_hint(l->config, name, fc_config_form_key, hint, sizeof(hint)));
        }
    }
}

static fc_rc read_file(struct loader *l, fc_str *ret, struct fc_error *err)
{
    char *text = fc_arena_alloc(l->arena, MAX_FILE + 1);
    size_t length = 0;
    ssize_t got = 0;
    int fd = open(l->file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fc_fail(err, FC_REASON_CONFIG_INVALID, "configuration file %s cannot be opened: %s",
                       l->file, strerror(errno));
    while (text && length <= MAX_FILE && (got = read(fd, text + length, MAX_FILE + 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    if (got < 0 || !text)
        return fc_fail(err, FC_REASON_CONFIG_INVALID, "configuration file %s cannot be read: %s",
                       l->file, strerror(errno));
    if (length > MAX_FILE)
        return fc_fail(err, FC_REASON_CONFIG_INVALID, "configuration file %s is larger than 1 MiB",
                       l->file);
    *ret = (fc_str){.ptr = text, .len = length};
    return FC_OK;
}

static fc_rc load_file(struct loader *l, struct fc_error *err)
{
    struct fc_node_docs docs = {0};
    fc_str text;
    fc_rc rc = read_file(l, &text, err);

    if (rc == FC_OK)
        rc = fc_node_parse(l->arena, l->file, text, &docs, err);
    if (rc != FC_OK)
        return rc;
    if (docs.count > 1)
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "%s:%u: a configuration file holds one document", l->file,
                       docs.docs[1]->line);
    if (docs.count == 1 && docs.docs[0]->kind != FC_NODE_MAPPING)
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "%s:%u: a configuration file holds `key: value` pairs", l->file,
                       docs.docs[0]->line);
    if (docs.count == 1)
        load_mapping(l, docs.docs[0], "");
    return FC_OK;
}

fc_rc fc_config_load_file(struct fc_config *config, const char *path, struct fc_error *err)
{
    struct loader l;
    fc_rc rc = loader_begin(&l, config, err);

    if (rc != FC_OK)
        return rc;
    l.file = path;
    rc = load_file(&l, err);
    if (rc != FC_OK) {
        fc_arena_free(l.arena);
        return rc;
    }
    return loader_end(&l, err);
}

/* -- environment --------------------------------------------------------------------------------------------- */

/*
 * Variables that others set under our prefix: clients know the server by <PREFIX>_URL and its kin, and Kubernetes gives
 * every pod the address of a Service that is named like us.
 */
static bool is_foreign(const char *suffix)
{
    static const char *const exact[] = {"URL", "ENABLE_SSL", "SERVER_SSL_CERT", "SERVICE_HOST",
                                        "PORT"};
    static const char *const start[] = {"SERVICE_PORT", "PORT_"};

    for (size_t i = 0; i < FC_ARRAY_LEN(exact); i++)
        if (strcmp(suffix, exact[i]) == 0)
            return true;
    for (size_t i = 0; i < FC_ARRAY_LEN(start); i++)
        if (strncmp(suffix, start[i], strlen(start[i])) == 0)
            return true;
    return false;
}

static struct fc_config_entry *find_by_form(const struct fc_config *config, const char *word,
                                            size_t len, fc_config_form_fn form)
{
    char name[MAX_NAME];

    for (size_t i = 0; i < config->count; i++) {
        form(config, config->entries[i].key->name, name, sizeof(name));
        if (strlen(name) == len && strncmp(name, word, len) == 0)
            return &config->entries[i];
    }
    return NULL;
}

static fc_rc load_variable(struct loader *l, const char *variable, struct fc_error *err)
{
    const char *equals = strchr(variable, '=');
    size_t prefix = strlen(l->config->env_prefix);
    size_t len = equals ? (size_t)(equals - variable) : 0;
    char name[MAX_NAME], where[MAX_NAME + 4], hint[160];
    struct fc_config_value value = {.origin = FC_CONFIG_ENV, .where = where};
    char **items = NULL;
    fc_rc rc = FC_OK;

    if (len <= prefix + 1 || len >= sizeof(name) ||
        strncmp(variable, l->config->env_prefix, prefix) != 0 || variable[prefix] != '_')
        return FC_OK;
    snprintf(name, sizeof(name), "%.*s", (int)len, variable);
    snprintf(where, sizeof(where), "env %s", name);
    struct fc_config_entry *entry = find_by_form(l->config, name, len, fc_config_form_env);
    if (!entry) {
        if (!is_foreign(name + prefix + 1))
            fc_violations_add(
                &l->violations, FC_REASON_CONFIG_INVALID, name,
                "the environment variable %s belongs to no key%s", name,
                fc_config_hint(l->config, name, fc_config_form_env, hint, sizeof(hint)));
        return FC_OK;
    }
    value.text = equals + 1;
    if (entry->key->type == FC_CONFIG_LIST) {
        rc = fc_config_split(equals + 1, &items, &value.item_count, err);
        value.items = (const char *const *)items;
    }
    if (rc == FC_OK)
        put(l, entry, &value);
    fc_config_list_free(items, value.item_count);
    return rc;
}

fc_rc fc_config_load_env(struct fc_config *config, char *const *environment, struct fc_error *err)
{
    struct loader l;
    fc_rc rc = loader_begin(&l, config, err);

    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; environment[i] && rc == FC_OK; i++)
        rc = load_variable(&l, environment[i], err);
    if (rc != FC_OK) {
        fc_arena_free(l.arena);
        return rc;
    }
    return loader_end(&l, err);
}

/* -- command line -------------------------------------------------------------------------------------------- */

struct args {
    struct loader l;
    int argc, at;
    char *const *argv;
    const char *const *others;
    void (*on_other)(void *ctx, const char *name, const char *value);
    void *ctx;
};

#define refuse_flag(a, ...) fc_violations_add(&(a)->l.violations, FC_REASON_USAGE, "", __VA_ARGS__)

/* Without `=` the value is the next argument. */
static const char *take_value(struct args *a, const char *inline_value)
{
    if (inline_value)
        return inline_value;
    return a->at + 1 < a->argc ? a->argv[++a->at] : NULL;
}

static bool take_other(struct args *a, const char *flag, size_t len, const char *inline_value)
{
    for (size_t i = 0; a->others && a->others[i]; i++) {
        const char *name = a->others[i];
        bool takes = name[strlen(name) - 1] == '=';
        char bare[MAX_NAME];

        snprintf(bare, sizeof(bare), "%.*s", (int)(strlen(name) - takes), name);
        if (strlen(bare) != len || strncmp(bare, flag, len) != 0)
            continue;
        const char *value = takes ? take_value(a, inline_value) : NULL;
        if (takes && !value)
            refuse_flag(a, "%s needs a value", bare);
        else if (!takes && inline_value)
            refuse_flag(a, "%s takes no value", bare);
        else
            a->on_other(a->ctx, bare, value);
        return true;
    }
    return false;
}

/* `--flag` alone means true; a value that follows is taken only when it reads as one. */
static const char *take_bool(struct args *a, const char *inline_value)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};

    if (inline_value)
        return inline_value;
    for (size_t i = 0; a->at + 1 < a->argc && i < FC_ARRAY_LEN(words); i++)
        if (strcmp(a->argv[a->at + 1], words[i]) == 0)
            return a->argv[++a->at];
    return "true";
}

static void take_key(struct args *a, struct fc_config_entry *entry, const char *inline_value)
{
    char flag[MAX_NAME], env[MAX_NAME], where[MAX_NAME + 8];
    struct fc_config_value value = {.origin = FC_CONFIG_FLAG, .where = where};

    fc_config_form_flag(a->l.config, entry->key->name, flag, sizeof(flag));
    if (entry->key->secret) {
        (void)take_value(a, inline_value);
        fc_config_form_env(a->l.config, entry->key->name, env, sizeof(env));
        refuse_flag(a,
                    "%s is a secret and not taken from the command line, which others can see; set "
                    "%s or the file",
                    flag, env);
        return;
    }
    value.text = entry->key->type == FC_CONFIG_BOOL ? take_bool(a, inline_value)
                                                    : take_value(a, inline_value);
    snprintf(where, sizeof(where), "flag %s", flag);
    if (!value.text)
        refuse_flag(a, "%s needs a value", flag);
    else
        put(&a->l, entry, &value);
}

static void take_flag(struct args *a, const char *argument)
{
    const char *equals = strchr(argument, '=');
    size_t len = equals ? (size_t)(equals - argument) : strlen(argument);
    const char *inline_value = equals ? equals + 1 : NULL;
    char word[MAX_NAME], hint[160];
    struct fc_config_entry *entry;

    if (take_other(a, argument, len, inline_value))
        return;
    entry = find_by_form(a->l.config, argument, len, fc_config_form_flag);
    if (entry) {
        take_key(a, entry, inline_value);
        return;
    }
    snprintf(word, sizeof(word), "%.*s", (int)len, argument);
    refuse_flag(a, "there is no flag %s%s", word,
                fc_config_hint(a->l.config, word, fc_config_form_flag, hint, sizeof(hint)));
}

fc_rc fc_config_load_args(struct fc_config *config, int argc, char *const *argv,
                          const char *const *others,
                          void (*on_other)(void *ctx, const char *name, const char *value),
                          void *ctx, struct fc_error *err)
{
    struct args a = {
        .argc = argc, .argv = argv, .others = others, .on_other = on_other, .ctx = ctx};
    fc_rc rc = loader_begin(&a.l, config, err);

    if (rc != FC_OK)
        return rc;
    for (a.at = 1; a.at < argc; a.at++)
        if (argv[a.at][0] == '-' && argv[a.at][1] != '\0')
            take_flag(&a, argv[a.at]);
        else
            refuse_flag(&a, "unexpected argument \"%.200s\"", argv[a.at]);
    return loader_end(&a.l, err);
}
