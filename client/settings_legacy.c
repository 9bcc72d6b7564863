/* SPDX-License-Identifier: Apache-2.0 */
#include "client/settings_legacy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

/* `auth_token` is read with the token itself, not as a setting: settings are shown. */
static const struct {
    const char *key;  /* in the file */
    const char *env;  /* NULL: the option has a variable of this name already */
    const char *name; /* ours */
} keys[] = {
    {"core_url", NULL, "server"},
    {"project", NULL, "project"},
    {"core_enable_ssl", "FEAST_CORE_ENABLE_SSL", "tls"},
    {"core_server_ssl_cert", "FEAST_CORE_SERVER_SSL_CERT", "tls-ca"},
    {"oauth_client_id", "FEAST_OAUTH_CLIENT_ID", "oidc-client-id"},
    {"oauth_token_request_url", "FEAST_OAUTH_TOKEN_REQUEST_URL", "oidc-token-url"},
    {"oauth_audience", "FEAST_OAUTH_AUDIENCE", "oidc-audience"},
};

size_t fc_settings_legacy_env(struct fc_arena *arena, struct fc_setting *out, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(keys) && count < room; i++) {
        const char *text = keys[i].env ? getenv(keys[i].env) : NULL;
        const char *origin =
            text && text[0] ? fc_arena_printf(arena, "environment %s", keys[i].env) : NULL;
        if (origin)
            out[count++] = (struct fc_setting){keys[i].name, text, origin};
    }
    return count;
}

static const char *config_path(struct fc_arena *arena)
{
    const char *directory = getenv("FEAST_CONFIG"), *home = getenv("HOME");

    if (!directory || !directory[0])
        directory = ".feast";
    if (directory[0] == '/')
        return fc_arena_printf(arena, "%s/config", directory);
    return home ? fc_arena_printf(arena, "%s/%s/config", home, directory) : NULL;
}

static const char *name_of(const char *key)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(keys); i++)
        if (strcasecmp(keys[i].key, key) == 0)
            return keys[i].name;
    return NULL;
}

struct pair {
    char line[4096];
    const char *key, *value;
    unsigned number;
};

/* The next `key = value` of the section [general]; false at the end. */
static bool next_pair(FILE *in, bool *general, struct pair *ret)
{
    while (fgets(ret->line, sizeof(ret->line), in)) {
        char *text = fc_trim(ret->line), *equals = strpbrk(text, "=:");
        ret->number++;
        if (text[0] == '[')
            *general = strcmp(text, "[general]") == 0;
        if (!*general || !equals || strchr("#;[", text[0]))
            continue;
        *equals = '\0';
        ret->key = fc_trim(text);
        ret->value = fc_trim(equals + 1);
        return true;
    }
    return false;
}

size_t fc_settings_legacy_file(struct fc_arena *arena, struct fc_setting *out, size_t room)
{
    const char *path = config_path(arena);
    FILE *in = path ? fopen(path, "re") : NULL;
    struct pair pair = {.number = 0};
    bool general = false;
    size_t count = 0;

    while (in && count < room && next_pair(in, &general, &pair)) {
        const char *name = name_of(pair.key);
        const char *value = name ? fc_arena_strdup(arena, pair.value) : NULL;
        const char *origin = fc_arena_printf(arena, "file %s:%u", path, pair.number);
        if (value && value[0] && origin)
            out[count++] = (struct fc_setting){name, value, origin};
    }
    if (in)
        fclose(in);
    return count;
}

const char *fc_settings_legacy_token(struct fc_arena *arena)
{
    const char *path = config_path(arena), *token = NULL;
    FILE *in = path ? fopen(path, "re") : NULL;
    struct pair pair = {.number = 0};
    bool general = false, enabled = false;

    while (in && next_pair(in, &general, &pair))
        if (strcasecmp(pair.key, "enable_auth") == 0)
            enabled = strcasecmp(pair.value, "true") == 0;
        else if (strcasecmp(pair.key, "auth_token") == 0 && pair.value[0])
            token = fc_arena_strdup(arena, pair.value);
    if (in)
        fclose(in);
    explicit_bzero(pair.line, sizeof(pair.line));
    return enabled ? token : NULL;
}
