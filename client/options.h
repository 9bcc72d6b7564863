/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Flags of a command line, described by a table. Short flags may be joined (`-qv`, `-ojson`), values follow or stand
 * after `=`, `--` ends the flags, and flags may stand before, between and after words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct fc_option {
    const char *name;    /**< "output", without dashes; NULL ends a table */
    char letter;         /**< 'o', or 0 */
    const char *value;   /**< what stands for its value in help ("FORMAT"); NULL: takes none */
    const char *choices; /**< "table|wide|json"; NULL: any */
    /** What is expected ("a duration such as 10s") instead of a text that will not do, NULL for one that will. */
    const char *(*expected)(const char *text);
    const char *env;     /**< variable that gives the value when the flag is absent, or NULL */
    const char *initial; /**< the value otherwise, or NULL */
    bool repeats;        /**< may be given more than once */
    bool setting;        /**< may stand in a settings file, under its name */
    const char *help;    /**< one sentence */
};

/** What a settings file, or a variable that goes by another name, says of an option. */
struct fc_setting {
    const char *name, *text;
    const char *origin; /**< for people: "file /home/ann/.config/feastctl/config.yaml:3" */
};

struct fc_option_value {
    const struct fc_option *option;
    const char *text; /* of flags without value "" */
};

/** What was given. `tables` are searched in order. Lives in the arena; texts are those of argv and the environment. */
struct fc_options {
    struct fc_arena *arena;
    const struct fc_option *tables[2];
    struct fc_option_value *values;
    size_t count, capacity;
    const struct fc_setting *settings; /* the first one with a name counts */
    size_t setting_count;
    const char **words; /* what is no flag */
    size_t word_count, word_capacity;
};

void fc_options_init(struct fc_options *options, struct fc_arena *arena,
                     const struct fc_option *global);

/**
 * Reads the next argument or arguments: a flag with its value, or a word. `*index` is moved past what was read.
 * `*ret_word` is the word, or NULL when it was a flag. Called until argc is reached; the second table may be set
 * between calls, when the words so far tell the command.
 */
FC_MUST fc_rc fc_options_next(struct fc_options *options, int argc, char *const *argv, int *index,
                              const char **ret_word, struct fc_error *err);

/**
 * The last value given, else the environment's, else that of the settings, else the initial one, else NULL. The name must
 * be in a table.
 */
const char *fc_options_get(const struct fc_options *options, const char *name);
/** The same; `*ret_origin` tells where it is from: "flag --server", "environment FEAST_PROJECT", "file …", "default". */
const char *fc_options_find(const struct fc_options *options, const char *name, char *origin,
                            size_t origin_size);
/** Of a flag without a value: given, or switched on by environment or settings ("true", "1", "yes"). */
bool fc_options_on(const struct fc_options *options, const char *name);
/** Whether a table has an option of this name. */
bool fc_options_has(const struct fc_options *options, const char *name);
/** Whether it stands on the command line. */
bool fc_options_given(const struct fc_options *options, const char *name);
/** All values of a repeatable flag, in order; the array is NULL-terminated and in the arena. NULL: out of memory. */
const char *const *fc_options_all(const struct fc_options *options, const char *name,
                                  size_t *ret_count);

/** Checks the value of one option; the error calls it by the name. */
FC_MUST fc_rc fc_option_check(const struct fc_option *option, const char *name, const char *text,
                              struct fc_error *err);

/** Checks the values of all; without `settings` only what stands on the command line. */
FC_MUST fc_rc fc_options_check(const struct fc_options *options, bool settings,
                               struct fc_error *err);
