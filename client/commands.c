/* SPDX-License-Identifier: Apache-2.0 */
/* Every command and flag: one row each. Help, dispatch and docs/reference/feastctl.md come from here. */
#include "client/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const struct fc_option fc_global_options[] = {
    {.name = "server",
     .letter = 's',
     .value = "HOST:PORT",
     .env = "FEAST_CORE_URL",
     .initial = "localhost:6565",
     .help = "Server to talk to."},
    {.name = "project",
     .letter = 'p',
     .value = "NAME",
     .env = "FEAST_PROJECT",
     .initial = "default",
     .help = "Project to work in."},
    {.name = "output",
     .letter = 'o',
     .value = "FORMAT",
     .choices = "table|wide|json|yaml|name",
     .initial = "table",
     .help = "Form of the output."},
    {.name = "timeout",
     .value = "DURATION",
     .initial = "30s",
     .help = "Longest time for one call to the server; 0 for no limit."},
    {.name = "tls", .help = "Talk TLS to the server; the other --tls flags imply it."},
    {.name = "tls-ca",
     .value = "PATH",
     .env = "FEAST_TLS_CA",
     .help = "PEM file of authorities to verify the server by, instead of the system's."},
    {.name = "tls-cert",
     .value = "PATH",
     .env = "FEAST_TLS_CERT",
     .help = "PEM file with the certificate to show to the server."},
    {.name = "tls-key",
     .value = "PATH",
     .env = "FEAST_TLS_KEY",
     .help = "PEM file with the key of that certificate."},
    {.name = "no-color", .help = "Plain text, as with NO_COLOR or without a terminal."},
    {.name = "quiet", .letter = 'q', .help = "Errors and data only."},
    {.name = "verbose", .letter = 'v', .help = "Also tell each call and its time."},
    {.name = "help", .letter = 'h', .help = "Show help for the command."},
    {.name = "version", .help = "Show the version of this program."},
    {0},
};

static const struct fc_option apply_options[] = {
    {.name = "filename",
     .letter = 'f',
     .value = "PATH",
     .repeats = true,
     .help = "File, directory (its .yaml, .yml and .json files) or - for standard input."},
    {.name = "validation",
     .value = "MODE",
     .choices = "strict|enforce|warn|off",
     .help = "What the sources must prove; the server has a default."},
    {.name = "dry-run", .help = "Check everything, sources too, and change nothing."},
    {0},
};
static const char *const apply_examples[] = {
    "feastctl apply -f flights.yaml",
    "Register what a file describes",
    "feastctl apply -f features/ -p production",
    "A whole directory, into a project",
    "feastctl apply -f flights.yaml --dry-run",
    "Look at the sources without registering anything",
    "feastctl get tables -p staging -o yaml | feastctl apply -p production -f -",
    "Copy feature tables from one project to another",
    NULL,
};

static const struct fc_option get_options[] = {
    {.name = "selector",
     .letter = 'l',
     .value = "K=V[,K=V]",
     .repeats = true,
     .help = "Only objects that have these labels."},
    {.name = "entities",
     .value = "NAME[,NAME]",
     .help = "Of features: only those of tables with exactly these entities."},
    {.name = "active", .help = "Of jobs: only those that have not ended."},
    {0},
};
static const char *const get_examples[] = {
    "feastctl get tables",
    "Feature tables of the project",
    "feastctl get table flights -o yaml",
    "One of them as apply takes it",
    "feastctl get features -l owner=ops",
    "Features by label",
    "feastctl get entity/carrier -o json",
    "Type and name in one word",
    NULL,
};

static const struct fc_option ingest_options[] = {
    {.name = "from", .value = "TIME", .help = "First event time, inclusive; a date or RFC 3339."},
    {.name = "to", .value = "TIME", .help = "End of event times, exclusive; a date or RFC 3339."},
    {.name = "no-wait", .help = "Start the job, print its id and leave it alone."},
    {0},
};
static const char *const ingest_examples[] = {
    "feastctl ingest flights",
    "Everything in the table's batch source",
    "feastctl ingest flights --from 2021-01-01 --to 2021-02-01",
    "The events of one month",
    NULL,
};

static const struct fc_option jobs_list_options[] = {
    {.name = "table", .letter = 't', .value = "TABLE", .help = "Only jobs of this feature table."},
    {.name = "active", .help = "Only jobs that have not ended."},
    {0},
};
static const char *const jobs_list_examples[] = {
    "feastctl jobs list --active",
    "Jobs at work or waiting",
    NULL,
};
static const char *const jobs_get_examples[] = {
    "feastctl jobs get JOB",
    "State, counters and rejected rows of one job",
    "feastctl jobs get JOB -o json",
    "The same for a program",
    NULL,
};
static const char *const jobs_cancel_examples[] = {
    "feastctl jobs cancel JOB",
    "End a job that waits or runs",
    NULL,
};

static const struct fc_option online_get_options[] = {
    {.name = "entity",
     .letter = 'e',
     .value = "NAME=VALUE",
     .repeats = true,
     .help = "Value of an entity; all entities of the table are needed. The n-th value of each "
             "makes the n-th row."},
    {.name = "feature",
     .letter = 'f',
     .value = "NAME",
     .repeats = true,
     .help = "Feature to read; without it all features of the table."},
    {0},
};
static const char *const online_get_examples[] = {
    "feastctl online get flights --entity carrier=UA --entity flight=1545",
    "Every feature of one key",
    "feastctl online get flights -e carrier=UA -e flight=1545 -e carrier=B6 -e flight=725 -f dest",
    "One feature of two keys",
    NULL,
};

static const char *const report_examples[] = {
    "feastctl report flights",
    "What was found when the table's sources were looked at",
    "feastctl report flights -o json",
    "The same for a program",
    NULL,
};

static const struct fc_option version_options[] = {
    {.name = "client", .letter = 'c', .help = "Of this program only; no server is asked."},
    {0},
};
static const char *const version_examples[] = {"feastctl version", "This program and the server",
                                               NULL};
static const char *const completion_examples[] = {
    "source <(feastctl completion bash)",
    "Completion in this bash",
    "feastctl completion zsh >\"${fpath[1]}/_feastctl\"",
    "In every zsh to come",
    "feastctl completion fish >~/.config/fish/completions/feastctl.fish",
    "In every fish to come",
    NULL,
};
static const char *const help_examples[] = {"feastctl help apply", "Help for one command", NULL};

const struct fc_command fc_commands[] = {
    {.words = "apply",
     .args = "-f PATH [-f PATH...]",
     .summary = "Register or update projects, entities and feature tables",
     .details = "Documents are YAML or JSON, several to a file; those of the old `feast` command "
                "line work as they "
                "are. All of them are checked before the first is sent; then projects are applied, "
                "then entities, "
                "then feature tables. The server looks at the sources of a feature table and "
                "refuses one that does "
                "not fit; --validation tells how strictly.",
     .examples = apply_examples,
     .options = apply_options,
     .max_args = 0,
     .run = fc_cmd_apply},
    {.words = "get",
     .args = "projects|entities|tables|features|jobs [NAME]",
     .summary = "Show what is registered",
     .details = "With -o yaml the output is what `apply` takes.",
     .examples = get_examples,
     .options = get_options,
     .min_args = 1,
     .max_args = 2,
     .run = fc_cmd_get},
    {.words = "report",
     .args = "TABLE",
     .summary = "Show what was found in the sources of a feature table",
     .details =
         "The report of the last look, a line for each column: what the table declares, what the "
         "source has, "
         "how well that fits and what to do. The exit code is 1 when the source does not fit.",
     .examples = report_examples,
     .min_args = 1,
     .max_args = 1,
     .run = fc_cmd_report},
    {.words = "ingest",
     .args = "TABLE [--from TIME] [--to TIME]",
     .summary = "Write a feature table's batch source to its online store",
     .details = "Starts a job on the server, follows it and prints its receipt: rows read, "
                "written, rejected and why. "
                "The job goes on when this program is stopped.",
     .examples = ingest_examples,
     .options = ingest_options,
     .min_args = 1,
     .max_args = 1,
     .run = fc_cmd_ingest},
    {.words = "jobs list",
     .args = "",
     .summary = "List jobs",
     .examples = jobs_list_examples,
     .options = jobs_list_options,
     .run = fc_cmd_jobs_list},
    {.words = "jobs get",
     .args = "JOB",
     .summary = "Show one job in detail",
     .details = "The exit code is 1 when the job failed or was cancelled.",
     .examples = jobs_get_examples,
     .min_args = 1,
     .max_args = 1,
     .run = fc_cmd_jobs_get},
    {.words = "jobs cancel",
     .args = "JOB",
     .summary = "End a job",
     .examples = jobs_cancel_examples,
     .min_args = 1,
     .max_args = 1,
     .run = fc_cmd_jobs_cancel},
    {.words = "online get",
     .args = "TABLE --entity NAME=VALUE...",
     .summary = "Read feature values from the online store",
     .details = "Values are read as the types that the table's entities have. Each feature comes "
                "with its status: "
                "PRESENT, NULL_VALUE, NOT_FOUND or OUTSIDE_MAX_AGE.",
     .examples = online_get_examples,
     .options = online_get_options,
     .min_args = 1,
     .max_args = 1,
     .run = fc_cmd_online_get},
    {.words = "completion",
     .args = "bash|zsh|fish",
     .summary = "Print a script that completes commands, flags and names in a shell",
     .examples = completion_examples,
     .min_args = 1,
     .max_args = 1,
     .run = fc_cmd_completion},
    {.words = "version",
     .args = "",
     .summary = "Show the versions of this program and of the server",
     .examples = version_examples,
     .options = version_options,
     .run = fc_cmd_version},
    {.words = "help",
     .args = "[COMMAND]",
     .summary = "Show help",
     .examples = help_examples,
     .max_args = 2,
     .run = fc_cmd_help},
    {0},
};

const struct fc_command *fc_command_find(const char *words)
{
    for (const struct fc_command *c = fc_commands; c->words; c++) {
        if (strcmp(c->words, words) == 0)
            return c;
    }
    return NULL;
}

const char *fc_command_nearest(const char *word)
{
    const char *names[32];
    char firsts[32][16];
    size_t count = 0;
    const char *nearest;

    for (const struct fc_command *c = fc_commands; c->words && count < FC_ARRAY_LEN(names); c++) {
        snprintf(firsts[count], sizeof(firsts[count]), "%.*s", (int)strcspn(c->words, " "),
                 c->words);
        names[count] = firsts[count];
        count++;
    }
    nearest = fc_str_nearest(word, names, count);
    for (size_t i = 0; nearest && i < count; i++) {
        if (names[i] == nearest)
            return fc_commands[i].words;
    }
    return NULL;
}
