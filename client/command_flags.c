/* SPDX-License-Identifier: Apache-2.0 */
#include "client/command_flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/host.h"
#include "base/time.h"
#include "client/cli.h"

/* -- what settings must be ----------------------------------------------------------------------------------- */

static bool is_number(const char *text, unsigned long least, unsigned long most)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);

    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number >= least && number <= most;
}

/* A name without a port is left to gRPC, which takes that of HTTPS. */
static const char *expected_server(const char *text)
{
    const char *colon = strrchr(text, ':');
    struct fc_ip ip;

    if (strncmp(text, "unix:", 5) == 0)
        return NULL;
    if (strstr(text, "://"))
        return "HOST:PORT without a scheme";
    if (text[0] == '\0' || text == colon || fc_ip_from_text(text, &ip))
        return "HOST:PORT";
    return !colon || is_number(colon + 1, 1, 65535) ? NULL : "HOST:PORT, a port from 1 to 65535";
}

static const char *expected_duration(const char *text)
{
    int64_t ns;

    return fc_duration_parse(text, &ns) ? NULL : "a duration such as 10s or 2m";
}

static const char *expected_retries(const char *text)
{
    return is_number(text, 0, 100) ? NULL : "a number up to 100";
}

/* ------------------------------------------------------------------------------------------------------------ */

const struct fc_option fc_global_options[] = {
    {.name = "server",
     .letter = 's',
     .value = "HOST:PORT",
     .expected = expected_server,
     .env = "FEAST_CORE_URL",
     .setting = true,
     .initial = "localhost:6565",
     .help = "Server to talk to."},
    {.name = "project",
     .letter = 'p',
     .value = "NAME",
     .env = "FEAST_PROJECT",
     .setting = true,
     .initial = "default",
     .help = "Project to work in."},
    {.name = "context",
     .value = "NAME",
     .env = "FEAST_CONTEXT",
     .setting = true,
     .help = "Settings of this name in the settings file; see `feastctl help config use`."},
    {.name = "output",
     .letter = 'o',
     .value = "FORMAT",
     .choices = "table|wide|json|yaml|name",
     .initial = "table",
     .env = "FEAST_OUTPUT",
     .setting = true,
     .help = "Form of the output."},
    {.name = "timeout",
     .value = "DURATION",
     .expected = expected_duration,
     .initial = "30s",
     .env = "FEAST_TIMEOUT",
     .setting = true,
     .help = "Longest time for one call to the server; 0 for no limit."},
    {.name = "retries",
     .value = "N",
     .expected = expected_retries,
     .initial = "3",
     .env = "FEAST_RETRIES",
     .setting = true,
     .help =
         "How often a call that may be repeated is tried again when the server is not available."},
    {.name = "tls",
     .env = "FEAST_TLS",
     .setting = true,
     .help = "Talk TLS to the server; the other --tls flags imply it."},
    {.name = "tls-ca",
     .value = "PATH",
     .env = "FEAST_TLS_CA",
     .setting = true,
     .help = "PEM file of authorities to verify the server by, instead of the system's."},
    {.name = "tls-cert",
     .value = "PATH",
     .env = "FEAST_TLS_CERT",
     .setting = true,
     .help = "PEM file with the certificate to show to the server."},
    {.name = "tls-key",
     .value = "PATH",
     .env = "FEAST_TLS_KEY",
     .setting = true,
     .help = "PEM file with the key of that certificate."},
    {.name = "tls-server-name",
     .value = "NAME",
     .env = "FEAST_TLS_SERVER_NAME",
     .setting = true,
     .help = "Name that the server's certificate must have, instead of the host of --server."},
    {.name = "token-file",
     .value = "PATH",
     .env = "FEAST_TOKEN_FILE",
     .setting = true,
     .help = "File with the bearer token to send; FEAST_TOKEN has the token itself."},
    {.name = "oidc-issuer",
     .value = "URL",
     .env = "FEAST_OIDC_ISSUER",
     .setting = true,
     .help = "OpenID Connect issuer to get a token from, by client credentials."},
    {.name = "oidc-token-url",
     .value = "URL",
     .env = "FEAST_OIDC_TOKEN_URL",
     .setting = true,
     .help = "Its token endpoint, when it should not be asked for."},
    {.name = "oidc-client-id",
     .value = "ID",
     .env = "FEAST_OIDC_CLIENT_ID",
     .setting = true,
     .help = "Client to get the token as."},
    {.name = "oidc-client-secret-file",
     .value = "PATH",
     .env = "FEAST_OIDC_CLIENT_SECRET_FILE",
     .setting = true,
     .help = "File with the client's secret; FEAST_OIDC_CLIENT_SECRET has the secret itself."},
    {.name = "oidc-audience",
     .value = "NAME",
     .env = "FEAST_OIDC_AUDIENCE",
     .setting = true,
     .help = "Audience to ask the token for."},
    {.name = "oidc-scope",
     .value = "SCOPE",
     .env = "FEAST_OIDC_SCOPE",
     .setting = true,
     .help = "Scope to ask the token for."},
    {.name = "oidc-ca",
     .value = "PATH",
     .env = "FEAST_OIDC_CA",
     .setting = true,
     .help = "PEM file of authorities to verify the issuer by."},
    {.name = "pager",
     .value = "COMMAND",
     .env = "FEAST_PAGER",
     .setting = true,
     .help =
         "Shows long output on a terminal; PAGER, then less, by default; \"\" or cat for none."},
    {.name = "no-color", .help = "Plain text, as with NO_COLOR or without a terminal."},
    {.name = "quiet", .letter = 'q', .help = "Errors and data only."},
    {.name = "verbose", .letter = 'v', .help = "Also tell each call and its time."},
    {.name = "help", .letter = 'h', .help = "Show help for the command."},
    {.name = "version", .help = "Show the version of this program."},
    {0},
};

#define FILENAME                                                                                   \
    {                                                                                              \
        .name = "filename", .letter = 'f', .value = "PATH", .repeats = true,                       \
        .help = "File, directory (its .yaml, .yml and .json files), URL or - for standard input."  \
    }
#define VALIDATION                                                                                 \
    {                                                                                              \
        .name = "validation", .value = "MODE", .choices = "strict|enforce|warn|off",               \
        .help = "What the sources must prove; the server has a default."                           \
    }
#define SELECTOR                                                                                   \
    {                                                                                              \
        .name = "selector", .letter = 'l', .value = "K=V[,K=V]", .repeats = true,                  \
        .help = "Only objects that have these labels."                                             \
    }
#define ALL_PROJECTS                                                                               \
    {                                                                                              \
        .name = "all-projects", .letter = 'A',                                                     \
        .help = "Those of every project, archived ones left out."                                  \
    }
#define PRUNE                                                                                      \
    {                                                                                              \
        .name = "prune",                                                                           \
        .help = "Delete feature tables that have the labels of -l and are in none of the files."   \
    }
#define YES                                                                                        \
    {                                                                                              \
        .name = "yes", .letter = 'y', .help = "Delete without asking."                             \
    }

const struct fc_option fc_flags_apply[] = {
    FILENAME,
    VALIDATION,
    {.name = "dry-run", .help = "Check everything, sources too, and change nothing."},
    {.name = "atomic", .help = "All or nothing: one refusal refuses all."},
    PRUNE,
    SELECTOR,
    YES,
    {.name = "wait", .help = "Then wait until the stream ingestion of the tables runs."},
    {0},
};
const struct fc_option fc_flags_backup[] = {
    {.name = "keep",
     .value = "N",
     .initial = "0",
     .help =
         "Then remove the oldest of the backups named by time until N are left; 0 removes none."},
    {0},
};
const struct fc_option fc_flags_import[] = {
    {.name = "from",
     .value = "HOST:PORT",
     .expected = expected_server,
     .help = "Server to copy; any Feast Core since 0.9."},
    {.name = "from-tls", .help = "Talk TLS to it."},
    {.name = "from-tls-ca",
     .value = "PATH",
     .help = "PEM file of authorities to verify it by, instead of the system's."},
    {.name = "from-tls-cert",
     .value = "PATH",
     .help = "PEM file with the certificate to show it, when it asks for one."},
    {.name = "from-tls-key", .value = "PATH", .help = "PEM file with the key of that certificate."},
    {.name = "from-token-file",
     .value = "PATH",
     .help = "File with the bearer token for it; that of --server does not go there."},
    VALIDATION,
    {.name = "dry-run", .help = "Check everything, sources too, and change nothing."},
    {.name = "atomic", .help = "All or nothing: one refusal refuses all."},
    {0},
};
const struct fc_option fc_flags_plan[] = {FILENAME, VALIDATION, PRUNE, SELECTOR, {0}};
const struct fc_option fc_flags_check[] = {FILENAME, VALIDATION, {0}};
const struct fc_option fc_flags_diff[] = {FILENAME, {0}};

const struct fc_option fc_flags_get[] = {
    SELECTOR,
    {.name = "entities",
     .value = "NAME[,NAME]",
     .help = "Of features: only those of tables with exactly these entities."},
    ALL_PROJECTS,
    {.name = "active", .help = "Of jobs: only those that have not ended."},
    {.name = "revision", .value = "N", .help = "Of an entity or a table: as it was then."},
    {0},
};
const struct fc_option fc_flags_list[] = {SELECTOR, ALL_PROJECTS, {0}};
const struct fc_option fc_flags_export[] = {SELECTOR, ALL_PROJECTS, {0}};
const struct fc_option fc_flags_history[] = {
    {.name = "diff", .help = "Show what each revision changed."}, {0}};
const struct fc_option fc_flags_yes[] = {YES, {0}};

const struct fc_option fc_flags_ingest[] = {
    {.name = "from", .value = "TIME", .help = "First event time, inclusive; a date or RFC 3339."},
    {.name = "to", .value = "TIME", .help = "End of event times, exclusive; a date or RFC 3339."},
    {.name = "no-wait", .help = "Start the job, print its id and leave it alone."},
    {0},
};
const struct fc_option fc_flags_stream[] = {
    {.name = "follow", .letter = 'f', .help = "Show its progress until it is interrupted."}, {0}};
const struct fc_option fc_flags_schedule[] = {
    {.name = "cron", .value = "FIELDS", .help = "When: five fields, such as \"0 3 * * *\"."},
    {.name = "days", .value = "N", .initial = "1", .help = "Days before each run that it covers."},
    {0},
};
const struct fc_option fc_flags_jobs_list[] = {
    {.name = "table", .letter = 't', .value = "TABLE", .help = "Only jobs of this feature table."},
    {.name = "active", .help = "Only jobs that have not ended."},
    ALL_PROJECTS,
    {0},
};
const struct fc_option fc_flags_jobs_logs[] = {
    {.name = "follow", .letter = 'f', .help = "Go on until the job has ended."},
    {.name = "tail", .value = "N", .help = "Begin this many lines before the end."},
    {0},
};
const struct fc_option fc_flags_online[] = {
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
const struct fc_option fc_flags_version[] = {
    {.name = "client", .letter = 'c', .help = "Of this program only; no server is asked."}, {0}};
const struct fc_option fc_flags_config_view[] = {
    {.name = "show-origin", .help = "Also tell where each value comes from."}, {0}};
