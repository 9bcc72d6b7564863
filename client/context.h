/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a command of feastctl is, what it gets to work with, and how it speaks: data goes to `out`, messages to `err`. A
 * command returns its exit code after it has said what went wrong. One thread.
 */
/**
 * What a command of feastctl is, what it gets to work with, and how it speaks: data goes to `out`, messages to `err`. A command
 * returns its exit code after it has said what went wrong. One thread.
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

/* Messages; all end the line. */
/** `error: …`, also with quiet. */
void fc_cli_error(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);
/** The same of what failed; returns the exit code that the error stands for. */
enum fc_exit fc_cli_fail(struct fc_cli *cli, const struct fc_error *err);
enum fc_exit fc_cli_usage(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);
void fc_cli_warn(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);
/** Left out with quiet. */
void fc_cli_note(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);

/** Out of memory is the one failure that any step can meet; this says so and returns FC_EXIT_INTERNAL. */
enum fc_exit fc_cli_no_memory(struct fc_cli *cli);
