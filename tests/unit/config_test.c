/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static const struct fc_config_key table[] = {
    {.name = "listen", .type = FC_CONFIG_LIST, .value = "0.0.0.0:6565", .help = "Addresses."},
    {.name = "http.listen",
     .type = FC_CONFIG_STRING,
     .value = "0.0.0.0:8080",
     .help = "Address | port."},
    {.name = "http.enabled", .type = FC_CONFIG_BOOL, .value = "true", .help = "Whether."},
    {.name = "http.max_body",
     .type = FC_CONFIG_BYTES,
     .value = "4MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "Most."},
    {.name = "validation.mode",
     .type = FC_CONFIG_ENUM,
     .value = "enforce",
     .choices = "enforce|strict|warn|off",
     .help = "How."},
    {.name = "validation.max_invalid_ratio",
     .type = FC_CONFIG_DOUBLE,
     .value = "0.05",
     .max = 1,
     .help = "Share."},
    {.name = "validation.deadline",
     .type = FC_CONFIG_DURATION,
     .value = "5s",
     .min = 1000000,
     .max = INT64_C(60000000000),
     .help = "Time."},
    {.name = "jobs.parallel",
     .type = FC_CONFIG_INT,
     .value = "2",
     .min = 1,
     .max = 64,
     .help = "Count."},
    {.name = "sources.local_roots", .type = FC_CONFIG_LIST, .value = "", .help = "Roots."},
    {.name = "auth.token", .type = FC_CONFIG_STRING, .value = "", .secret = true, .help = "Token."},
    {.name = "data_dir", .type = FC_CONFIG_STRING, .value = "", .help = "Directory."},
    {0},
};

struct fixture {
    struct fc_config *config;
    struct fc_error err;
    char path[64];
    char others[256];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->config = fc_config_new(table, "T_CORE");
    *state = f;
    return f->config ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->path[0])
        unlink(f->path);
    fc_config_free(f->config);
    free(f);
    return 0;
}

static void expect_error(struct fixture *f, fc_rc rc, const char *part)
{
    assert_int_equal(rc, FC_INVALID_ARGUMENT);
    if (!strstr(f->err.message, part))
        fail_msg("\"%s\" does not contain \"%s\"", f->err.message, part);
}

static fc_rc load_text(struct fixture *f, const char *text)
{
    if (!f->path[0]) {
        strcpy(f->path, "/tmp/fc-config-XXXXXX");
        close(mkstemp(f->path));
    }
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return fc_config_load_file(f->config, f->path, &f->err);
}

static void on_other(void *ctx, const char *name, const char *value)
{
    struct fixture *f = ctx;
    size_t used = strlen(f->others);

    snprintf(f->others + used, sizeof(f->others) - used, "%s=%s;", name, value ? value : "");
}

static fc_rc load_args(struct fixture *f, const char *const *args)
{
    static const char *const others[] = {"--help", "--config=", NULL};
    char *argv[16] = {(char *)"program"};
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)args[argc - 1];
    return fc_config_load_args(f->config, argc, argv, others, on_other, f, &f->err);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void defaults(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fc_config_list_len(f->config, "listen"), 1);
    assert_string_equal(fc_config_list_at(f->config, "listen", 0), "0.0.0.0:6565");
    assert_string_equal(fc_config_str(f->config, "http.listen"), "0.0.0.0:8080");
    assert_true(fc_config_bool(f->config, "http.enabled"));
    assert_int_equal(fc_config_bytes(f->config, "http.max_body"), 4 * 1024 * 1024);
    assert_string_equal(fc_config_str(f->config, "validation.mode"), "enforce");
    assert_true(fc_config_double(f->config, "validation.max_invalid_ratio") > 0.049);
    assert_true(fc_config_duration_ns(f->config, "validation.deadline") == INT64_C(5000000000));
    assert_int_equal(fc_config_int(f->config, "jobs.parallel"), 2);
    assert_int_equal(fc_config_list_len(f->config, "sources.local_roots"), 0);
    assert_string_equal(fc_config_str(f->config, "data_dir"), "");
}

static void file_nested_and_dotted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        load_text(f, "http:\n  listen: 127.0.0.1:1\n  enabled: off\nvalidation.mode: warn\n"
                     "sources: {local_roots: [/a, '/b,c']}\njobs:\ndata_dir:\n"),
        FC_OK);
    assert_string_equal(fc_config_str(f->config, "http.listen"), "127.0.0.1:1");
    assert_false(fc_config_bool(f->config, "http.enabled"));
    assert_string_equal(fc_config_str(f->config, "validation.mode"), "warn");
    assert_int_equal(fc_config_list_len(f->config, "sources.local_roots"), 2);
    assert_string_equal(fc_config_list_at(f->config, "sources.local_roots", 1), "/b,c");
}

static void file_lists_every_mistake(void **state)
{
    struct fixture *f = *state;
    fc_rc rc = load_text(
        f, "http:\n  lisen: x\nvalidation:\n  mode: enfroce\njobs: 3\nhttp.max_body: [1]\n");

    expect_error(f, rc, ":2:3: there is no key \"http.lisen\"; did you mean \"http.listen\"?");
    expect_error(f, rc,
                 ":4: validation.mode is \"enfroce\", expected one of enforce|strict|warn|off");
    expect_error(f, rc, ":5:7: jobs is a group of keys, not a value");
    expect_error(f, rc, ":6:16: http.max_body must be a single value");
}

static void file_refusals(void **state)
{
    struct fixture *f = *state;

    expect_error(f, load_text(f, "- a\n"), "holds `key: value` pairs");
    expect_error(f, load_text(f, "a: 1\n---\nb: 2\n"), "one document");
    expect_error(f, load_text(f, "listen: [[a]]\n"), "listen must be a list of texts");
    expect_error(f, load_text(f, "listen: ['']\n"), "listen has an empty element");
    expect_error(f, load_text(f, "listen: {a: b}\n"), "listen must be a single value");
    expect_error(f, load_text(f, "a: [\n"), ":2:1:");
    expect_error(f, fc_config_load_file(f->config, "/nonexistent/core.yaml", &f->err),
                 "/nonexistent/core.yaml cannot be opened: No such file");
    assert_int_equal(load_text(f, ""), FC_OK);
}

static void environment(void **state)
{
    struct fixture *f = *state;
    char *const env[] = {(char *)"T_CORE_HTTP_LISTEN=1.2.3.4:5",
                         (char *)"T_CORE_LISTEN=a:1, b:2,",
                         (char *)"PATH=/bin",
                         (char *)"T_CORE_AUTH_TOKEN=s3cret",
                         (char *)"T_COREX=1",
                         (char *)"T_CORE_SERVICE_HOST=10.0.0.1",
                         (char *)"T_CORE_PORT_6565_TCP=tcp://x",
                         (char *)"T_CORE_URL=localhost:6565",
                         NULL};

    assert_int_equal(fc_config_load_env(f->config, env, &f->err), FC_OK);
    assert_string_equal(fc_config_str(f->config, "http.listen"), "1.2.3.4:5");
    assert_int_equal(fc_config_list_len(f->config, "listen"), 2);
    assert_string_equal(fc_config_list_at(f->config, "listen", 1), "b:2");
    assert_string_equal(fc_config_str(f->config, "auth.token"), "s3cret");
}

static void environment_mistakes(void **state)
{
    struct fixture *f = *state;
    char *const env[] = {(char *)"T_CORE_DATADIR=/x", (char *)"T_CORE_JOBS_PARALLEL=100",
                         (char *)"T_CORE_ZZZZZZZ=1", NULL};
    fc_rc rc = fc_config_load_env(f->config, env, &f->err);

    expect_error(f, rc, "T_CORE_DATADIR belongs to no key; did you mean \"T_CORE_DATA_DIR\"?");
    expect_error(
        f, rc,
        "env T_CORE_JOBS_PARALLEL: jobs.parallel is \"100\", expected a whole number from 1 to 64");
    expect_error(f, rc, "T_CORE_ZZZZZZZ belongs to no key");
}

static void arguments(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load_args(f, ARGS("--http-listen", "x:1", "--listen=a:1", "--listen", "b:2",
                                       "--http-enabled=false", "--validation-mode=off", "--config",
                                       "c.yaml", "--help", "--data-dir", "-x")),
                     FC_OK);
    assert_string_equal(fc_config_str(f->config, "http.listen"), "x:1");
    assert_int_equal(fc_config_list_len(f->config, "listen"), 2);
    assert_string_equal(fc_config_list_at(f->config, "listen", 1), "b:2");
    assert_false(fc_config_bool(f->config, "http.enabled"));
    assert_string_equal(fc_config_str(f->config, "data_dir"), "-x");
    assert_string_equal(f->others, "--config=c.yaml;--help=;");
}

static void bool_flags(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load_args(f, ARGS("--http-enabled", "no")), FC_OK);
    assert_false(fc_config_bool(f->config, "http.enabled"));
    assert_int_equal(load_args(f, ARGS("--http-enabled", "--data-dir=/d")), FC_OK);
    assert_true(fc_config_bool(f->config, "http.enabled"));
    assert_string_equal(fc_config_str(f->config, "data_dir"), "/d");
    expect_error(f, load_args(f, ARGS("--http-enabled=maybe")),
                 "http.enabled is \"maybe\", expected true or false");
}

static void argument_mistakes(void **state)
{
    struct fixture *f = *state;
    fc_rc rc = load_args(
        f, ARGS("--http-lisen=x", "stray", "--help=1", "--jobs-parallel", "0", "--config"));

    expect_error(f, rc, "there is no flag --http-lisen; did you mean \"--http-listen\"?");
    expect_error(f, rc, "unexpected argument \"stray\"");
    expect_error(f, rc, "--help takes no value");
    expect_error(f, rc, "flag --jobs-parallel: jobs.parallel is \"0\"");
    expect_error(f, rc, "--config needs a value");
    expect_error(f, load_args(f, ARGS("--data-dir")), "--data-dir needs a value");
}

static void secrets_stay_secret(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    size_t size = 0;

    expect_error(f, load_args(f, ARGS("--auth-token", "hunter2")),
                 "set T_CORE_AUTH_TOKEN or the file");
    assert_null(strstr(f->err.message, "hunter2"));
    assert_int_equal(
        fc_config_set(f->config, "auth.token", "hunter2", FC_CONFIG_FILE, "file x:1", &f->err),
        FC_OK);
    FILE *out = open_memstream(&text, &size);
    fc_config_print(f->config, out);
    fclose(out);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "# auth.token: ***  # file x:1"));
    free(text);
}

static void precedence_does_not_depend_on_order(void **state)
{
    struct fixture *f = *state;
    char *const env[] = {(char *)"T_CORE_JOBS_PARALLEL=5", (char *)"T_CORE_DATA_DIR=/env", NULL};

    assert_int_equal(load_args(f, ARGS("--jobs-parallel=7", "--listen=flag:1")), FC_OK);
    assert_int_equal(fc_config_load_env(f->config, env, &f->err), FC_OK);
    assert_int_equal(
        load_text(f, "jobs.parallel: 3\ndata_dir: /file\nhttp.listen: file:1\nlisten: [file:2]\n"),
        FC_OK);
    assert_int_equal(fc_config_int(f->config, "jobs.parallel"), 7);
    assert_string_equal(fc_config_str(f->config, "data_dir"), "/env");
    assert_string_equal(fc_config_str(f->config, "http.listen"), "file:1");
    assert_int_equal(fc_config_list_len(f->config, "listen"), 1);
    assert_string_equal(fc_config_list_at(f->config, "listen", 0), "flag:1");
    /* What is overruled is checked all the same. */
    expect_error(f, load_text(f, "jobs.parallel: none\n"), "jobs.parallel is \"none\"");
}

static void bounds_and_types(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[][2] = {
        {"jobs.parallel", "1.5"},
        {"jobs.parallel", " 3"},
        {"jobs.parallel", "0x3"},
        {"jobs.parallel", "99999999999999999999"},
        {"http.max_body", "12"},
        {"http.max_body", "big"},
        {"validation.deadline", "2m"},
        {"validation.deadline", "soon"},
        {"validation.mode", "enf"},
        {"validation.mode", ""},
        {"validation.mode", "warn|off"},
        {"validation.max_invalid_ratio", "1.5"},
        {"validation.max_invalid_ratio", "nan"},
        {"jobs.parallel", ""},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++)
        expect_error(
            f, fc_config_set(f->config, bad[i][0], bad[i][1], FC_CONFIG_FLAG, "flag", &f->err),
            bad[i][0]);
    assert_int_equal(fc_config_int(f->config, "jobs.parallel"), 2);
    expect_error(f,
                 fc_config_set(f->config, "http.max_body", "12", FC_CONFIG_FLAG, "flag", &f->err),
                 "out of its range");
    expect_error(f, fc_config_set(f->config, "jobs.paralel", "1", FC_CONFIG_FLAG, "flag", &f->err),
                 "flag: there is no key \"jobs.paralel\"; did you mean \"jobs.parallel\"?");
}

/* What --print-config shows can be loaded and gives the same. */
static void print_is_a_file_again(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    size_t size = 0;

    assert_int_equal(load_args(f, ARGS("--data-dir=/a \"b\"\\c", "--listen=x", "--listen=y",
                                       "--jobs-parallel=3")),
                     FC_OK);
    FILE *out = open_memstream(&text, &size);
    fc_config_print(f->config, out);
    fclose(out);
    assert_non_null(strstr(text, "jobs.parallel: 3  # flag --jobs-parallel\n"));
    assert_non_null(strstr(text, "listen: [\"x\", \"y\"]  # flag --listen\n"));
    assert_non_null(strstr(text, "validation.deadline: 5s  # default\n"));

    fc_config_free(f->config);
    f->config = fc_config_new(table, "T_CORE");
    assert_int_equal(load_text(f, text), FC_OK);
    assert_string_equal(fc_config_str(f->config, "data_dir"), "/a \"b\"\\c");
    assert_int_equal(fc_config_list_len(f->config, "listen"), 2);
    free(text);
}

static void help_and_markdown(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    fc_config_print_help(table, out);
    fc_config_print_markdown(table, "T_CORE", out);
    fclose(out);
    assert_non_null(strstr(
        text, "  --validation-mode enforce|strict|warn|off\n      How. (default enforce)\n"));
    assert_null(strstr(text, "  --auth-token"));
    assert_non_null(strstr(text,
                           "| `http.listen` | `--http-listen` | `T_CORE_HTTP_LISTEN` | a text | "
                           "`0.0.0.0:8080` | Address \\| port. |\n"));
    assert_non_null(strstr(
        text, "| `auth.token` | not as a flag: a secret | `T_CORE_AUTH_TOKEN` | a text | unset |"));
    free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(defaults),
    CASE(file_nested_and_dotted),
    CASE(file_lists_every_mistake),
    CASE(file_refusals),
    CASE(environment),
    CASE(environment_mistakes),
    CASE(arguments),
    CASE(bool_flags),
    CASE(argument_mistakes),
    CASE(secrets_stay_secret),
    CASE(precedence_does_not_depend_on_order),
    CASE(bounds_and_types),
    CASE(print_is_a_file_again),
    CASE(help_and_markdown),
};

FC_TEST_MAIN(cases)
