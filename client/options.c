/* SPDX-License-Identifier: Apache-2.0 */
#include "client/options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define MAX_FLAGS 64

void fc_options_init(struct fc_options *options, struct fc_arena *arena,
                     const struct fc_option *global)
{
    *options = (struct fc_options){.arena = arena, .tables = {global, NULL}};
}

static const struct fc_option *find(const struct fc_options *options, const char *name, size_t len)
{
    for (size_t t = 0; t < FC_ARRAY_LEN(options->tables); t++) {
        for (const struct fc_option *o = options->tables[t]; o && o->name; o++)
            if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
                return o;
    }
    return NULL;
}

static const struct fc_option *find_letter(const struct fc_options *options, char letter)
{
    for (size_t t = 0; t < FC_ARRAY_LEN(options->tables); t++) {
        for (const struct fc_option *o = options->tables[t]; o && o->name; o++)
            if (o->letter == letter)
                return o;
    }
    return NULL;
}

static const struct fc_option *known(const struct fc_options *options, const char *name)
{
    const struct fc_option *option = find(options, name, strlen(name));

    assert(option);
    return option;
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
}

/* Doubles an array of the arena when it is full. */
static void *grown(struct fc_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity ? *capacity * 2 : 8;
    void *more;

    if (count < *capacity)
        return items;
    more = fc_arena_calloc(arena, wanted, size);
    if (!more)
        return NULL;
    if (count)
        memcpy(more, items, count * size);
    *capacity = wanted;
    return more;
}

static fc_rc add_value(struct fc_options *options, const struct fc_option *option, const char *text,
                       struct fc_error *err)
{
    void *values = grown(options->arena, options->values, options->count, &options->capacity,
                         sizeof *options->values);

    if (!values)
        return no_memory(err);
    options->values = values;
    options->values[options->count++] = (struct fc_option_value){option, text};
    return FC_OK;
}

static fc_rc add_word(struct fc_options *options, const char *word, struct fc_error *err)
{
    void *words = grown(options->arena, options->words, options->word_count,
                        &options->word_capacity, sizeof *options->words);

    if (!words)
        return no_memory(err);
    options->words = words;
    options->words[options->word_count++] = word;
    return FC_OK;
}

static fc_rc unknown(const struct fc_options *options, const char *flag, size_t len,
                     struct fc_error *err)
{
    const char *names[MAX_FLAGS];
    size_t count = 0;
    char word[80];
    const char *nearest;

    snprintf(word, sizeof(word), "%.*s", (int)len, flag);
    for (size_t t = 0; t < FC_ARRAY_LEN(options->tables); t++)
        for (const struct fc_option *o = options->tables[t]; o && o->name && count < MAX_FLAGS; o++)
            names[count++] = o->name;
    nearest = fc_str_nearest(word, names, count);
    if (nearest)
        return fc_fail(err, FC_REASON_USAGE, "there is no flag --%s; did you mean --%s?", word,
                       nearest);
    return fc_fail(err, FC_REASON_USAGE, "there is no flag --%s%s", word,
                   options->tables[1] ? "" : " that may stand before the command");
}

static void name_of(const struct fc_option *option, char out[80])
{
    if (option->letter)
        snprintf(out, 80, "-%c/--%s", option->letter, option->name);
    else
        snprintf(out, 80, "--%s", option->name);
}

static fc_rc take_value(struct fc_options *options, const struct fc_option *option,
                        const char *joined, int argc, char *const *argv, int *index,
                        struct fc_error *err)
{
    char name[80];

    if (joined)
        return add_value(options, option, joined, err);
    if (*index + 1 < argc)
        return add_value(options, option, argv[++*index], err);
    name_of(option, name);
    return fc_fail(err, FC_REASON_USAGE, "%s needs a value: %s", name, option->value);
}

static fc_rc take_long(struct fc_options *options, int argc, char *const *argv, int *index,
                       struct fc_error *err)
{
    const char *flag = argv[*index] + 2;
    const char *equals = strchr(flag, '=');
    size_t len = equals ? (size_t)(equals - flag) : strlen(flag);
    const struct fc_option *option = find(options, flag, len);

    if (!option)
        return unknown(options, flag, len, err);
    if (option->value)
        return take_value(options, option, equals ? equals + 1 : NULL, argc, argv, index, err);
    if (equals)
        return fc_fail(err, FC_REASON_USAGE, "--%s takes no value", option->name);
    return add_value(options, option, "", err);
}

static fc_rc take_short(struct fc_options *options, int argc, char *const *argv, int *index,
                        struct fc_error *err)
{
    for (const char *c = argv[*index] + 1; *c; c++) {
        const struct fc_option *option = find_letter(options, *c);
        fc_rc rc;

        if (!option)
            return fc_fail(err, FC_REASON_USAGE, "there is no flag -%c%s", *c,
                           options->tables[1] ? "" : " that may stand before the command");
        if (option->value) {
            const char *joined = c[1] == '=' ? c + 2 : c[1] ? c + 1 : NULL;
            return take_value(options, option, joined, argc, argv, index, err);
        }
        rc = add_value(options, option, "", err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

fc_rc fc_options_next(struct fc_options *options, int argc, char *const *argv, int *index,
                      const char **ret_word, struct fc_error *err)
{
    const char *argument = argv[*index];
    fc_rc rc;

    *ret_word = NULL;
    if (strcmp(argument, "--") == 0) {
        rc = FC_OK;
        while (++*index < argc && rc == FC_OK)
            rc = add_word(options, argv[*index], err);
        return rc;
    }
    if (strncmp(argument, "--", 2) == 0) {
        rc = take_long(options, argc, argv, index, err);
    } else if (argument[0] == '-' &&
               argument[1] != '\0') { /* `-` alone is a word: standard input */
        rc = take_short(options, argc, argv, index, err);
    } else {
        rc = add_word(options, argument, err);
        *ret_word = argument;
    }
    ++*index;
    return rc;
}

const char *fc_options_find(const struct fc_options *options, const char *name, char *origin,
                            size_t origin_size)
{
    const struct fc_option *option = known(options, name);
    const char *text;

    for (size_t i = options->count; i > 0; i--) {
        if (options->values[i - 1].option == option) {
            snprintf(origin, origin_size, "flag --%s", name);
            return options->values[i - 1].text;
        }
    }
    text = option->env ? getenv(option->env) : NULL;
    if (text && text[0]) {
        snprintf(origin, origin_size, "environment %s", option->env);
        return text;
    }
    for (size_t i = 0; i < options->setting_count; i++) {
        if (strcmp(options->settings[i].name, name) == 0) {
            snprintf(origin, origin_size, "%s", options->settings[i].origin);
            return options->settings[i].text;
        }
    }
    snprintf(origin, origin_size, "default");
    return option->initial;
}

const char *fc_options_get(const struct fc_options *options, const char *name)
{
    char origin[1]; /* is not asked for */

    return fc_options_find(options, name, origin, sizeof(origin));
}

/* 1 switched on, 0 off, -1 neither. */
static int switched(const char *text)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"0", "1"}, {"no", "yes"}, {"off", "on"}, {"", NULL}};

    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++) {
        if (strcasecmp(text, words[i][0]) == 0)
            return 0;
        if (words[i][1] && strcasecmp(text, words[i][1]) == 0)
            return 1;
    }
    return -1;
}

bool fc_options_on(const struct fc_options *options, const char *name)
{
    const char *text = fc_options_get(options, name);

    return fc_options_given(options, name) || (text && switched(text) == 1);
}

bool fc_options_has(const struct fc_options *options, const char *name)
{
    return find(options, name, strlen(name)) != NULL;
}

bool fc_options_given(const struct fc_options *options, const char *name)
{
    const struct fc_option *option = known(options, name);

    for (size_t i = 0; i < options->count; i++)
        if (options->values[i].option == option)
            return true;
    return false;
}

const char *const *fc_options_all(const struct fc_options *options, const char *name,
                                  size_t *ret_count)
{
    const struct fc_option *option = known(options, name);
    const char **all = fc_arena_calloc(options->arena, options->count + 1, sizeof *all);
    size_t count = 0;

    for (size_t i = 0; all && i < options->count; i++)
        if (options->values[i].option == option)
            all[count++] = options->values[i].text;
    *ret_count = count;
    return all;
}

static size_t times_given(const struct fc_options *options, const struct fc_option *option)
{
    size_t times = 0;

    for (size_t i = 0; i < options->count; i++)
        times += options->values[i].option == option;
    return times;
}

fc_rc fc_option_check(const struct fc_option *option, const char *name, const char *text,
                      struct fc_error *err)
{
    const char *expected = option->expected ? option->expected(text) : NULL;

    if (option->choices && !fc_is_choice(option->choices, text))
        return fc_fail(err, FC_REASON_USAGE, "%s is \"%.100s\", expected one of %s", name, text,
                       option->choices);
    if (!option->value && switched(text) < 0)
        expected = "true or false";
    if (expected)
        return fc_fail(err, FC_REASON_USAGE, "%s is \"%.100s\", expected %s", name, text, expected);
    return FC_OK;
}

static fc_rc check_option(const struct fc_options *options, const struct fc_option *option,
                          bool settings, struct fc_error *err)
{
    bool given = fc_options_given(options, option->name);
    const char *text;
    char name[512], origin[480];

    name_of(option, name);
    if (option->value && !option->repeats && times_given(options, option) > 1)
        return fc_fail(err, FC_REASON_USAGE, "%s is given twice", name);
    text = fc_options_find(options, option->name, origin, sizeof(origin));
    if (!text || (given ? !option->value : !settings))
        return FC_OK;
    if (strncmp(origin, "environment ", 12) == 0)
        snprintf(name, sizeof(name), "%s", origin + 12);
    else if (!given)
        snprintf(name, sizeof(name), "%.20s (%.400s)", option->name, origin);
    return fc_option_check(option, name, text, err);
}

fc_rc fc_options_check(const struct fc_options *options, bool settings, struct fc_error *err)
{
    for (size_t t = 0; t < FC_ARRAY_LEN(options->tables); t++) {
        for (const struct fc_option *o = options->tables[t]; o && o->name; o++) {
            fc_rc rc = check_option(options, o, settings, err);
            if (rc != FC_OK)
                return rc;
        }
    }
    return FC_OK;
}
