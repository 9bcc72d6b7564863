/* SPDX-License-Identifier: Apache-2.0 */
/* feast-core: the registry server. Reads its configuration, starts the rooms, waits for a signal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "server/app.h"
#include "server/config_table.h"
#include "server/restore.h"

#define TICK_NS 250000000L /* how soon health follows the state of the store */

enum exit_code { EXIT_CODE_OK = 0, EXIT_CODE_FAILED = 1, EXIT_CODE_USAGE = 2 };

struct command_line {
    bool help, version, print_config, check_config;
    const char *config_path, *restore_path;
};

static void on_flag(void *ctx, const char *name, const char *value)
{
    struct command_line *line = ctx;
    if (strcmp(name, "--help") == 0)
        line->help = true;
    else if (strcmp(name, "--version") == 0)
        line->version = true;
    else if (strcmp(name, "--print-config") == 0)
        line->print_config = true;
    else if (strcmp(name, "--check-config") == 0)
        line->check_config = true;
    else if (strcmp(name, "--restore") == 0)
        line->restore_path = value;
    else
        line->config_path = value;
}

static void ignore_flag(void *ctx FC_UNUSED, const char *name FC_UNUSED,
                        const char *value FC_UNUSED)
{
}

static void print_help(void)
{
    puts(
        "usage: feast-core [--config FILE] [--KEY VALUE]...\n"
        "\n"
        "The registry server: stores entities and feature tables, checks feature tables against "
        "their\n"
        "sources, runs ingestion jobs and serves online features.\n"
        "\n"
        "  feast-core --data-dir /var/lib/feast-core --listen 127.0.0.1:6565\n"
        "  feast-core --config core.yaml --print-config\n"
        "\n"
        "  --config FILE    YAML file with the keys below\n"
        "  --check-config   tell whether a server could be started with it, then exit\n"
        "  --restore FILE   put a backup (a file, or s3://BUCKET/KEY) in the place of the registry "
        "in\n"
        "                   data_dir, then exit; what was there is kept beside it, and the same "
        "backup is\n"
        "                   restored only once\n"
        "  --print-config   print every key with its value and where it comes from, then exit\n"
        "  --version        print the version, then exit\n"
        "  --help           print this, then exit\n"
        "\n"
        "Keys: flags > environment > file > default. http.listen is the flag --http-listen, the "
        "variable\n"
        "FEAST_CORE_HTTP_LISTEN, and `http: {listen: ...}` in the file.\n");
    fc_config_print_help(fc_server_config_table, stdout);
}

/* Flags win over the file that one of them names: so the command line is read first for its path, and again at last. */
static fc_rc load_config(int argc, char **argv, struct fc_config *config, struct command_line *line,
                         struct fc_error *err)
{
    static const char *const others[] = {"--config=",      "--restore=",     "--help", "--version",
                                         "--print-config", "--check-config", NULL};
    FC_CLEANUP(fc_config_freep)
    struct fc_config *scratch = fc_config_new(fc_server_config_table, FC_SERVER_ENV_PREFIX);

    if (!scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the configuration");
    fc_rc rc = fc_config_load_args(scratch, argc, argv, others, on_flag, line, err);
    if (rc != FC_OK || line->help || line->version)
        return rc;
    if (line->config_path)
        rc = fc_config_load_file(config, line->config_path, err);
    if (rc == FC_OK)
        rc = fc_config_load_env(config, environ, err);
    return rc != FC_OK ? rc
                       : fc_config_load_args(config, argc, argv, others, ignore_flag, NULL, err);
}

static void start_log(const struct fc_config *config)
{
    enum fc_log_level level = FC_LOG_INFO;
    bool json = strcmp(fc_config_str(config, "log.format"), "json") == 0;

    if (!fc_log_level_parse(fc_config_str(config, "log.level"), &level))
        level = FC_LOG_INFO; /* the table admits no other word */
    fc_log_init("feast-core", level, json ? FC_LOG_JSON : FC_LOG_LOGFMT);
}

/* Before any thread exists, so that all of them inherit the mask and only this one takes the signals. */
static void block_signals(sigset_t *ret_set)
{
    (void)sigemptyset(ret_set);
    (void)sigaddset(ret_set, SIGTERM);
    (void)sigaddset(ret_set, SIGINT);
    (void)sigaddset(ret_set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, ret_set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, not our end */
}

static int wait_for_stop(struct fc_app *app, const sigset_t *signals)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    for (;;) {
        int got = sigtimedwait(signals, NULL, &tick);
        if (got == SIGTERM || got == SIGINT)
            return got;
        if (got == SIGHUP)
            fc_app_reload(app);
        fc_app_tick(app);
    }
}

static void print_failure(const struct fc_error *err)
{
    bool named = err->field[0] == '\0' || strstr(err->message, err->field);

    fprintf(stderr, "feast-core: %s%s%s\n", named ? "" : err->field, named ? "" : ": ",
            err->message);
    if (err->reason != FC_REASON_NONE)
        fprintf(stderr, "feast-core: what to do: %s\n", fc_reason_info(err->reason)->remedy);
}

static int serve(const struct fc_config *config)
{
    FC_CLEANUP(fc_app_stopp) struct fc_app *app = NULL;
    struct fc_error err = FC_ERROR_INIT;
    sigset_t signals;

    start_log(config);
    block_signals(&signals);
    if (fc_app_start(config, &app, &err) != FC_OK) {
        print_failure(&err);
        return err.reason == FC_REASON_CONFIG_INVALID ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
    }
    int got = wait_for_stop(app, &signals);
    fc_log(FC_LOG_INFO, "stopping", FC_LOG_STR("signal", strsignal(got)));
    return EXIT_CODE_OK;
}

static int restore(const struct fc_config *config, const char *path)
{
    const char *data_dir = fc_config_str(config, "data_dir");
    struct fc_error err = FC_ERROR_INIT;
    bool done = false;

    if (fc_restore(config, path, &done, &err) != FC_OK) {
        print_failure(&err);
        return EXIT_CODE_FAILED;
    }
    printf(done ? "feast-core: %s is now the registry in %s\n"
                : "feast-core: %s was restored to %s before and is left as it is\n",
           path, data_dir);
    return EXIT_CODE_OK;
}

static int check(const struct fc_config *config)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_app_check(config, &err) != FC_OK) {
        print_failure(&err);
        return EXIT_CODE_USAGE;
    }
    puts("feast-core: the configuration is in order");
    return EXIT_CODE_OK;
}

int main(int argc, char **argv)
{
    FC_CLEANUP(fc_config_freep)
    struct fc_config *config = fc_config_new(fc_server_config_table, FC_SERVER_ENV_PREFIX);
    struct command_line line = {0};
    struct fc_error err = FC_ERROR_INIT;

    if (!config || load_config(argc, argv, config, &line, &err) != FC_OK) {
        fprintf(stderr, "feast-core: %s\n", !config ? "no memory" : err.message);
        fputs("feast-core: --help lists flags and keys\n", stderr);
        return EXIT_CODE_USAGE;
    }
    if (line.help)
        print_help();
    else if (line.version)
        puts("feast-core " FC_VERSION);
    else if (line.print_config)
        fc_config_print(config, stdout);
    else if (line.check_config)
        return check(config);
    else if (line.restore_path)
        return restore(config, line.restore_path);
    else
        return serve(config);
    return EXIT_CODE_OK;
}
