/* SPDX-License-Identifier: Apache-2.0 */
/* Values: read, checked, kept. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_internal.h"
#include "base/str.h"
#include "base/time.h"

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory while reading the configuration");
}

void fc_config_list_free(char **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(items[i]);
    free(items);
}

fc_rc fc_config_split(const char *text, char ***ret_items, size_t *ret_count, struct fc_error *err)
{
    size_t capacity = 1, count = 0;
    char **items;

    for (const char *c = text; *c; c++)
        capacity += *c == ',';
    items = calloc(capacity, sizeof *items);
    if (!items)
        return no_memory(err);
    while (*text) {
        size_t len = strcspn(text, ",");
        fc_str word = fc_str_trim((fc_str){.ptr = text, .len = len});
        char *item = strndup(word.ptr, word.len);
        if (!item) {
            fc_config_list_free(items, count);
            return no_memory(err);
        }
        if (*item)
            items[count++] = item;
        else
            free(item);
        text += len + (text[len] == ',');
    }
    *ret_items = items;
    *ret_count = count;
    return FC_OK;
}

void fc_config_type_text(const struct fc_config_key *key, char *out, size_t size)
{
    bool bounded = key->min != 0 || key->max != 0;

    switch (key->type) {
    case FC_CONFIG_BOOL:
        snprintf(out, size, "true or false");
        return;
    case FC_CONFIG_INT:
        snprintf(out, size, "a whole number");
        break;
    case FC_CONFIG_DOUBLE:
        snprintf(out, size, "a number");
        break;
    case FC_CONFIG_DURATION:
        snprintf(out, size, "a duration such as 250ms, 10s or 6h");
        return;
    case FC_CONFIG_BYTES:
        snprintf(out, size, "a size such as 64KiB or 4MiB");
        return;
    case FC_CONFIG_ENUM:
        snprintf(out, size, "one of %s", key->choices);
        return;
    case FC_CONFIG_LIST:
        snprintf(out, size, "a list");
        return;
    case FC_CONFIG_STRING:
        snprintf(out, size, "a text");
        return;
    }
    if (bounded) {
        size_t len = strlen(out);
        snprintf(out + len, size - len, " from %lld to %lld", (long long)key->min,
                 (long long)key->max);
    }
}

static bool read_bool(const char *text, bool *ret)
{
    static const char *const words[][2] = {
        {"true", "false"}, {"yes", "no"}, {"on", "off"}, {"1", "0"}};

    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++) {
        for (size_t j = 0; j < 2; j++) {
            if (strcasecmp(text, words[i][j]) == 0) {
                *ret = j == 0;
                return true;
            }
        }
    }
    return false;
}

static bool read_int(const char *text, int64_t *ret)
{
    char *end = NULL;

    if (!isdigit((unsigned char)text[0]) && !(text[0] == '-' && isdigit((unsigned char)text[1])))
        return false;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool read_double(const char *text, double *ret)
{
    char *end = NULL;

    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *ret = strtod(text, &end);
    return *end == '\0' && isfinite(*ret);
}

static bool within(const struct fc_config_key *key, int64_t number)
{
    return (key->min == 0 && key->max == 0) || (number >= key->min && number <= key->max);
}

static bool within_real(const struct fc_config_key *key, double number)
{
    return (key->min == 0 && key->max == 0) ||
           (number >= (double)key->min && number <= (double)key->max);
}

/* The value of a scalar key; false when the text is none of its type or out of bounds. */
static bool read_value(struct fc_config_entry *entry, const char *text)
{
    const struct fc_config_key *key = entry->key;

    switch (key->type) {
    case FC_CONFIG_BOOL:
        return read_bool(text, &entry->value.truth);
    case FC_CONFIG_INT:
        return read_int(text, &entry->value.number) && within(key, entry->value.number);
    case FC_CONFIG_DURATION:
        return fc_duration_parse(text, &entry->value.number) && within(key, entry->value.number);
    case FC_CONFIG_BYTES:
        return fc_bytes_parse(text, &entry->value.number) && within(key, entry->value.number);
    case FC_CONFIG_DOUBLE:
        return read_double(text, &entry->value.real) && within_real(key, entry->value.real);
    case FC_CONFIG_ENUM:
        return fc_is_choice(key->choices, text);
    case FC_CONFIG_STRING:
        return true;
    case FC_CONFIG_LIST:
        break;
    }
    return false;
}

static fc_rc refuse(const struct fc_config_key *key, const struct fc_config_value *value,
                    struct fc_error *err)
{
    const char *where = value->where ? value->where : "default";
    char wanted[160];

    fc_config_type_text(key, wanted, sizeof(wanted));
    if (key->secret)
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key->name, "%s: %s must be %s", where,
                             key->name, wanted);
    if (key->type == FC_CONFIG_DURATION || key->type == FC_CONFIG_BYTES) {
        int64_t number;
        bool reads = key->type == FC_CONFIG_DURATION ? fc_duration_parse(value->text, &number)
                                                     : fc_bytes_parse(value->text, &number);
        if (reads)
            return fc_fail_field(
                err, FC_REASON_CONFIG_INVALID, key->name,
                "%s: %s is \"%.200s\", which is out of its range (%lld to %lld %s)", where,
                key->name, value->text, (long long)key->min, (long long)key->max,
                key->type == FC_CONFIG_DURATION ? "ns" : "bytes");
    }
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key->name,
                         "%s: %s is \"%.200s\", expected %s", where, key->name, value->text,
                         wanted);
}

static fc_rc copy_list(const struct fc_config_value *value, char ***ret, struct fc_error *err)
{
    size_t count = value->items ? value->item_count : 1;
    char **items = calloc(count ? count : 1, sizeof *items);

    if (!items)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        items[i] = strdup(value->items ? value->items[i] : value->text);
        if (!items[i]) {
            fc_config_list_free(items, i);
            return no_memory(err);
        }
    }
    *ret = items;
    return FC_OK;
}

/* A repeated flag adds to what the flags before it gave; every other origin replaces. */
static fc_rc put_list(struct fc_config_entry *entry, const struct fc_config_value *value,
                      struct fc_error *err)
{
    size_t count = value->items ? value->item_count : 1;
    char **items = NULL;
    fc_rc rc = copy_list(value, &items, err);

    if (rc != FC_OK)
        return rc;
    if (value->origin == FC_CONFIG_FLAG && entry->origin == FC_CONFIG_FLAG) {
        char **all = reallocarray(entry->list, entry->list_len + count, sizeof *all);
        if (!all) {
            fc_config_list_free(items, count);
            return no_memory(err);
        }
        memcpy(all + entry->list_len, items, count * sizeof *all);
        free(items);
        entry->list = all;
        entry->list_len += count;
        return FC_OK;
    }
    fc_config_list_free(entry->list, entry->list_len);
    entry->list = items;
    entry->list_len = count;
    return FC_OK;
}

static fc_rc refuse_empty_element(const struct fc_config_key *key,
                                  const struct fc_config_value *value, struct fc_error *err)
{
    for (size_t i = 0; i < (value->items ? value->item_count : 1); i++) {
        if ((value->items ? value->items[i] : value->text)[0] == '\0')
            return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key->name,
                                 "%s: %s has an empty element",
                                 value->where ? value->where : "default", key->name);
    }
    return FC_OK;
}

static fc_rc put_scalar(struct fc_config_entry *entry, const struct fc_config_value *value,
                        struct fc_error *err)
{
    char *text = strdup(value->text);

    if (!text)
        return no_memory(err);
    free(entry->text);
    entry->text = text;
    return FC_OK;
}

/* "" as a default means that there is none. */
static bool is_unset(const struct fc_config_value *value)
{
    return value->origin == FC_CONFIG_DEFAULT && value->text[0] == '\0';
}

fc_rc fc_config_put(struct fc_config_entry *entry, const struct fc_config_value *value,
                    struct fc_error *err)
{
    struct fc_config_entry read = *entry;
    bool is_list = entry->key->type == FC_CONFIG_LIST;
    char *where = NULL;
    fc_rc rc = FC_OK;

    if (is_list)
        rc = refuse_empty_element(entry->key, value, err);
    else if (!is_unset(value) && !read_value(&read, value->text))
        rc = refuse(entry->key, value, err);
    if (rc != FC_OK || value->origin < entry->origin)
        return rc;
    if (value->where) {
        where = strdup(value->where);
        if (!where)
            return no_memory(err);
    }
    rc = is_list ? put_list(entry, value, err) : put_scalar(entry, value, err);
    if (rc != FC_OK) {
        free(where);
        return rc;
    }
    free(entry->where);
    entry->where = where;
    entry->value = read.value;
    entry->origin = value->origin;
    return FC_OK;
}
