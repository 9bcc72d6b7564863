/* SPDX-License-Identifier: Apache-2.0 */
/** feastctl as a whole: the table of commands, from which come dispatch, help and the reference page. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "client/context.h"

extern const struct fc_command fc_commands[];
extern const struct fc_option fc_global_options[];

/** The whole program: 0..70 as in client/exit.h. The streams are the caller's; argv[0] is skipped. */
enum fc_exit fc_cli_main(int argc, char *const *argv, FILE *in, FILE *out, FILE *err);

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
