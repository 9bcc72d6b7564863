/* SPDX-License-Identifier: Apache-2.0 */
/**
 * feastctl as a whole: the table of commands and what each of them gets to work with.
 *
 * Data goes to `out`, messages to `err`. A command returns its exit code after it has said what went wrong.
 * From the table come dispatch, help and the reference page.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "client/exit.h"
#include "client/options.h"

struct fc_client;

enum fc_format { FC_FORMAT_TABLE, FC_FORMAT_WIDE, FC_FORMAT_JSON, FC_FORMAT_YAML, FC_FORMAT_NAME };

struct fc_cli {
    FILE *in, *out, *err;
    struct fc_arena *arena; /* everything that lives until the end */
    struct fc_options options;
    const char *const *args; /* words after the command */
    size_t arg_count;
    const struct fc_command *command;
    struct fc_client *client; /* made at the first call */

    const char *server;  /* HOST:PORT */
    const char *project; /* never NULL */
    enum fc_format format;
    int64_t timeout_ns; /* of one call; 0: none */
    unsigned retries;   /* of idempotent calls that find no server */
    bool color;         /* on stderr and tables */
    bool live;          /* stderr is a terminal: progress may be redrawn */
    bool quiet, verbose;
};

struct fc_command {
    const char *words;           /* "jobs list"; NULL ends the table */
    const char *args;            /* "TABLE", for the usage line */
    const char *summary;         /* one line */
    const char *details;         /* paragraphs, or NULL */
    const char *const *examples; /* command and comment in turn, NULL-terminated */
    const struct fc_option *options;
    unsigned min_args, max_args;
    bool old;   /* a word of the old command line for what has one of its own */
    bool paged; /* its output goes through a pager on a terminal */
    enum fc_exit (*run)(struct fc_cli *cli);
};

extern const struct fc_command fc_commands[];
extern const struct fc_option fc_global_options[];

/** The whole program: 0..70 as in client/exit.h. The streams are the caller's; argv[0] is skipped. */
enum fc_exit fc_cli_main(int argc, char *const *argv, FILE *in, FILE *out, FILE *err);

/* Messages; all end the line. */
/** `error: …`, also with quiet. Returns the exit code that the error stands for. */
enum fc_exit fc_cli_fail(struct fc_cli *cli, const struct fc_error *err);
enum fc_exit fc_cli_usage(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);
void fc_cli_warn(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);
/** Left out with quiet. */
void fc_cli_note(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);

/** Out of memory is the one failure that any step can meet; this says so and returns FC_EXIT_INTERNAL. */
enum fc_exit fc_cli_no_memory(struct fc_cli *cli);

/* Help, made from the table. */
void fc_help_program(FILE *out);
void fc_help_command(const struct fc_command *command, FILE *out);
/** Commands that begin with the word ("jobs"); false when there is none. */
bool fc_help_group(const char *word, FILE *out);
/** The sentence of a flag with what its row tells besides: choices, default, variable. */
void fc_help_flag(const struct fc_option *option, char *out, size_t size);
/** docs/reference/feastctl.md. */
void fc_help_markdown(FILE *out);
/** The manual page, in man(7). */
void fc_help_man(FILE *out);

/**
 * What may stand where the last word is, for the completion of shells: a line for each, with its meaning after a tab;
 * `:files` asks for paths. `words` are those after the program's name; names of feature tables come from the server.
 */
enum fc_exit fc_complete(struct fc_cli *cli, size_t count, char *const *words);

/** The command with exactly these words, or NULL. */
const struct fc_command *fc_command_find(const char *words);
/** `did you mean` for a first word, or NULL. */
const char *fc_command_nearest(const char *word);

/* Commands; each in a file cmd_*.c. */
enum fc_exit fc_cmd_apply(struct fc_cli *cli);
enum fc_exit fc_cmd_backup(struct fc_cli *cli);
enum fc_exit fc_cmd_completion(struct fc_cli *cli);
enum fc_exit fc_cmd_config_contexts(struct fc_cli *cli);
enum fc_exit fc_cmd_config_get(struct fc_cli *cli);
enum fc_exit fc_cmd_config_list(struct fc_cli *cli);
enum fc_exit fc_cmd_config_set(struct fc_cli *cli);
enum fc_exit fc_cmd_config_unset(struct fc_cli *cli);
enum fc_exit fc_cmd_config_use(struct fc_cli *cli);
enum fc_exit fc_cmd_config_view(struct fc_cli *cli);
enum fc_exit fc_cmd_delete(struct fc_cli *cli);
enum fc_exit fc_cmd_describe(struct fc_cli *cli);
enum fc_exit fc_cmd_diff(struct fc_cli *cli);
enum fc_exit fc_cmd_entities_describe(struct fc_cli *cli);
enum fc_exit fc_cmd_entities_list(struct fc_cli *cli);
enum fc_exit fc_cmd_export(struct fc_cli *cli);
enum fc_exit fc_cmd_get(struct fc_cli *cli);
enum fc_exit fc_cmd_health(struct fc_cli *cli);
enum fc_exit fc_cmd_help(struct fc_cli *cli);
enum fc_exit fc_cmd_history(struct fc_cli *cli);
enum fc_exit fc_cmd_import(struct fc_cli *cli);
enum fc_exit fc_cmd_ingest(struct fc_cli *cli);
enum fc_exit fc_cmd_jobs_cancel(struct fc_cli *cli);
enum fc_exit fc_cmd_jobs_get(struct fc_cli *cli);
enum fc_exit fc_cmd_jobs_list(struct fc_cli *cli);
enum fc_exit fc_cmd_jobs_logs(struct fc_cli *cli);
enum fc_exit fc_cmd_jobs_watch(struct fc_cli *cli);
enum fc_exit fc_cmd_online_explain(struct fc_cli *cli);
enum fc_exit fc_cmd_online_get(struct fc_cli *cli);
enum fc_exit fc_cmd_plan(struct fc_cli *cli);
enum fc_exit fc_cmd_projects_archive(struct fc_cli *cli);
enum fc_exit fc_cmd_projects_create(struct fc_cli *cli);
enum fc_exit fc_cmd_projects_list(struct fc_cli *cli);
enum fc_exit fc_cmd_report(struct fc_cli *cli);
enum fc_exit fc_cmd_schedule(struct fc_cli *cli);
enum fc_exit fc_cmd_stream(struct fc_cli *cli);
enum fc_exit fc_cmd_tables_delete(struct fc_cli *cli);
enum fc_exit fc_cmd_tables_describe(struct fc_cli *cli);
enum fc_exit fc_cmd_tables_list(struct fc_cli *cli);
enum fc_exit fc_cmd_unschedule(struct fc_cli *cli);
enum fc_exit fc_cmd_validate(struct fc_cli *cli);
enum fc_exit fc_cmd_version(struct fc_cli *cli);
