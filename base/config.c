/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_internal.h"

static fc_rc put_default(struct fc_config_entry *entry, struct fc_error *err)
{
    struct fc_config_value value = {.text = entry->key->value, .origin = FC_CONFIG_DEFAULT};
    char **items = NULL;
    size_t count = 0;

    if (entry->key->type == FC_CONFIG_LIST) {
        fc_rc rc = fc_config_split(entry->key->value, &items, &count, err);
        if (rc != FC_OK)
            return rc;
        value.items = (const char *const *)items;
        value.item_count = count;
    }
    fc_rc rc = fc_config_put(entry, &value, err);
    fc_config_list_free(items, count);
    return rc;
}

struct fc_config *fc_config_new(const struct fc_config_key *table, const char *env_prefix)
{
    FC_CLEANUP(fc_config_freep) struct fc_config *config = calloc(1, sizeof *config);
    struct fc_error err = FC_ERROR_INIT;

    if (!config)
        return NULL;
    config->table = table;
    config->env_prefix = env_prefix;
    while (table[config->count].name)
        config->count++;
    config->entries = calloc(config->count ? config->count : 1, sizeof *config->entries);
    if (!config->entries)
        return NULL;
    for (size_t i = 0; i < config->count; i++)
        config->entries[i].key = &table[i];
    for (size_t i = 0; i < config->count; i++) {
        fc_rc rc = put_default(&config->entries[i], &err);
        /* A default that its own row does not allow is a mistake in the table, which a test finds. */
        assert(rc == FC_OK || err.reason == FC_REASON_OUT_OF_MEMORY);
        if (rc != FC_OK)
            return NULL;
    }
    return fc_steal(config);
}

void fc_config_free(struct fc_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; config->entries && i < config->count; i++) {
        struct fc_config_entry *entry = &config->entries[i];
        free(entry->where);
        free(entry->text);
        fc_config_list_free(entry->list, entry->list_len);
    }
    free(config->entries);
    free(config);
}

struct fc_config_entry *fc_config_find(const struct fc_config *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++)
        if (strcmp(config->entries[i].key->name, name) == 0)
            return &config->entries[i];
    return NULL;
}

fc_rc fc_config_set(struct fc_config *config, const char *name, const char *value,
                    enum fc_config_origin origin, const char *where, struct fc_error *err)
{
    struct fc_config_entry *entry = fc_config_find(config, name);
    char hint[160];

    if (!entry)
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, name, "%s: there is no key \"%s\"%s",
                             where, name,
                             fc_config_hint(config, name, fc_config_form_key, hint, sizeof(hint)));
    return fc_config_put(
        entry, &(struct fc_config_value){.text = value, .origin = origin, .where = where}, err);
}

static const struct fc_config_entry *expect(const struct fc_config *config, const char *name,
                                            enum fc_config_type type)
{
    const struct fc_config_entry *entry = fc_config_find(config, name);

    assert(entry && entry->key->type == type);
    (void)type;
    return entry;
}

const char *fc_config_str(const struct fc_config *config, const char *name)
{
    const struct fc_config_entry *entry = fc_config_find(config, name);

    assert(entry && (entry->key->type == FC_CONFIG_STRING || entry->key->type == FC_CONFIG_ENUM));
    return entry->text;
}

bool fc_config_bool(const struct fc_config *config, const char *name)
{
    return expect(config, name, FC_CONFIG_BOOL)->value.truth;
}

int64_t fc_config_int(const struct fc_config *config, const char *name)
{
    return expect(config, name, FC_CONFIG_INT)->value.number;
}

int64_t fc_config_duration_ns(const struct fc_config *config, const char *name)
{
    return expect(config, name, FC_CONFIG_DURATION)->value.number;
}

int64_t fc_config_bytes(const struct fc_config *config, const char *name)
{
    return expect(config, name, FC_CONFIG_BYTES)->value.number;
}

double fc_config_double(const struct fc_config *config, const char *name)
{
    return expect(config, name, FC_CONFIG_DOUBLE)->value.real;
}

size_t fc_config_list_len(const struct fc_config *config, const char *name)
{
    return expect(config, name, FC_CONFIG_LIST)->list_len;
}

const char *fc_config_list_at(const struct fc_config *config, const char *name, size_t index)
{
    const struct fc_config_entry *entry = expect(config, name, FC_CONFIG_LIST);

    assert(index < entry->list_len);
    return entry->list[index];
}
