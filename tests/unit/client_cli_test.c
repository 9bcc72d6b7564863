/* SPDX-License-Identifier: Apache-2.0 */
/* The program without a server: help, mistakes, files. */
#include "client/cli.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "tests/support/scratch.h"
#include "tests/unit/harness.h"

struct fixture {
    char *out, *err;
    size_t out_size, err_size;
    struct test_scratch scratch;
    const char *directory;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    test_scratch_init(&f->scratch);
    f->directory = f->scratch.path;
    unsetenv("FEAST_CORE_URL");
    unsetenv("FEAST_PROJECT");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    test_scratch_done(&f->scratch);
    free(f->out);
    free(f->err);
    free(f);
    return 0;
}

static enum fc_exit run(struct fixture *f, const char *input, const char *const *args)
{
    char *argv[32] = {(char *)"feastctl"};
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)args[argc - 1];
    free(f->out);
    free(f->err);
    f->out = f->err = NULL;
    FILE *in = fmemopen((void *)input, strlen(input), "r");
    FILE *out = open_memstream(&f->out, &f->out_size), *err = open_memstream(&f->err, &f->err_size);
    enum fc_exit code = fc_cli_main(argc, argv, in, out, err);
    fclose(in);
    fclose(out);
    fclose(err);
    return code;
}

#define RUN(f, ...) run((f), "\n", (const char *const[]){__VA_ARGS__, NULL})

static void contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void put_file(struct fixture *f, const char *name, const char *text)
{
    test_write(test_path(&f->scratch, "%s", name), text);
}

static void help_everywhere(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "--help"), FC_EXIT_OK);
    contains(f->out, "Commands:\n  apply ");
    assert_string_equal(f->err, "");
    assert_int_equal(RUN(f, "help"), FC_EXIT_OK);
    assert_int_equal(RUN(f, NULL), FC_EXIT_USAGE);
    contains(f->err, "Commands:\n  apply ");
    assert_string_equal(f->out, "");
    assert_int_equal(RUN(f, "jobs"), FC_EXIT_USAGE);
    contains(f->err, "jobs list");
    assert_int_equal(RUN(f, "help", "jobs"), FC_EXIT_OK);
    contains(f->out, "jobs cancel");
    assert_int_equal(RUN(f, "--version"), FC_EXIT_OK);
    contains(f->out, fc_client_version());
}

/* Every command: help with examples before the rest, by both ways, and each example is a command that is there. */
static void help_of_each_command(void **state)
{
    struct fixture *f = *state;

    for (const struct fc_command *c = fc_commands; c->words; c++) {
        char words[64], *rest = NULL, *first, *second;

        snprintf(words, sizeof(words), "%s", c->words);
        first = strtok_r(words, " ", &rest);
        second = strtok_r(NULL, " ", &rest);
        assert_int_equal(second ? RUN(f, "help", first, second) : RUN(f, "help", first),
                         FC_EXIT_OK);
        char *by_word = strdup(f->out);
        assert_int_equal(second ? RUN(f, first, second, "-h") : RUN(f, first, "--help"),
                         FC_EXIT_OK);
        assert_string_equal(f->out, by_word);
        assert_true(strstr(by_word, "Examples:") < strstr(by_word, "Usage:"));
        contains(by_word, c->words);
        free(by_word);
        assert_non_null(c->run);
        assert_non_null(c->summary);
        for (const char *const *e = c->examples; e[0]; e += 2)
            contains(e[0], c->words);
    }
}

/* One letter or name means one thing: no flag of a command hides a global one. */
static void flags_do_not_clash(void **state)
{
    (void)state;
    for (const struct fc_command *c = fc_commands; c->words; c++) {
        for (const struct fc_option *o = c->options; o && o->name; o++) {
            for (const struct fc_option *g = fc_global_options; g->name; g++) {
                assert_string_not_equal(o->name, g->name);
                assert_true(o->letter == 0 || o->letter != g->letter);
            }
        }
    }
}

static void mistyped(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "aply"), FC_EXIT_USAGE);
    assert_string_equal(
        f->err, "error: there is no command `aply`; did you mean `apply`?\nSee `feastctl help`.\n");
    assert_string_equal(f->out, "");
    assert_int_equal(RUN(f, "jbos"), FC_EXIT_USAGE);
    contains(f->err, "did you mean `jobs`?");
    assert_int_equal(RUN(f, "jobs", "lits"), FC_EXIT_USAGE);
    contains(f->err, "there is no command `jobs lits`; did you mean `jobs list`?");
    assert_int_equal(RUN(f, "xyzzy"), FC_EXIT_USAGE);
    assert_string_equal(f->err, "error: there is no command `xyzzy`\nSee `feastctl help`.\n");
    assert_int_equal(RUN(f, "help", "reprot"), FC_EXIT_USAGE);
    contains(f->err, "did you mean `report`?");
    assert_int_equal(RUN(f, "get", "tabels"), FC_EXIT_USAGE);
    assert_string_equal(
        f->err, "error: there is nothing called \"tabels\" to get; did you mean \"tables\"?\n"
                "See `feastctl help get`.\n");
    assert_int_equal(RUN(f, "get", "xyzzy"), FC_EXIT_USAGE);
    contains(f->err,
             "it is one of projects, entities, tables, features, stores, sources, reports, jobs");
    assert_int_equal(RUN(f, "get", "--slector=a=b"), FC_EXIT_USAGE);
    contains(f->err, "there is no flag --slector; did you mean --selector?");
}

static void wrong_arguments(void **state)
{
    static const char *const servers[] = {"h:99999", "h:0", "h:",        ":1",
                                          "",        "h:x", "127.0.0.1", "::1"};
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "get"), FC_EXIT_USAGE);
    contains(f->err,
             "something is missing: feastctl get "
             "projects|entities|tables|features|stores|sources|reports|jobs|schedules [NAME]");
    assert_int_equal(RUN(f, "report", "a", "b"), FC_EXIT_USAGE);
    contains(f->err, "\"b\" is too much: feastctl report TABLE");
    assert_int_equal(RUN(f, "get", "table/a", "b"), FC_EXIT_USAGE);
    assert_int_equal(RUN(f, "get", "tables", ""), FC_EXIT_USAGE);
    assert_int_equal(RUN(f, "get", "tables", "-l", "nokey"), FC_EXIT_USAGE);
    contains(f->err, "-l has \"nokey\", expected key=value");
    assert_int_equal(RUN(f, "get", "projects", "-l", "a=b"), FC_EXIT_USAGE);
    assert_int_equal(RUN(f, "get", "tables", "--active"), FC_EXIT_USAGE);
    assert_int_equal(RUN(f, "get", "tables", "--entities", "a"), FC_EXIT_USAGE);
    assert_int_equal(RUN(f, "get", "tables", "x", "-l", "a=b"), FC_EXIT_USAGE);
    assert_int_equal(RUN(f, "version", "--timeout", "soon"), FC_EXIT_USAGE);
    contains(f->err, "--timeout is \"soon\", expected a duration");
    assert_int_equal(RUN(f, "version", "-s", "http://x:1"), FC_EXIT_USAGE);
    contains(f->err, "expected HOST:PORT without a scheme");
    assert_int_equal(RUN(f, "import", "--from", "h:99999"), FC_EXIT_USAGE);
    contains(f->err, "--from is \"h:99999\", expected HOST:PORT, a port from 1 to 65535");
    for (size_t i = 0; i < FC_ARRAY_LEN(servers); i++) {
        assert_int_equal(RUN(f, "version", "-s", servers[i]), FC_EXIT_USAGE);
        contains(f->err, "expected HOST:PORT");
    }
    assert_int_equal(RUN(f, "ingest", "t", "--from", "yesterday"), FC_EXIT_USAGE);
    contains(f->err, "--from is \"yesterday\", expected a date such as 2021-01-31");
}

static void no_server(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "version", "--server=127.0.0.1:1"), FC_EXIT_UNAVAILABLE);
    contains(f->out, fc_client_version());
    contains(f->err, "cannot reach the server at 127.0.0.1:1");
    contains(f->err, "hint: --server or FEAST_CORE_URL names the server");
    assert_int_equal(RUN(f, "version", "--client", "-o", "json"), FC_EXIT_OK);
    contains(f->out, "\"schemaVersion\": 1,\n  \"kind\": \"Version\",\n  \"client\": \"");
    setenv("FEAST_CORE_URL", "127.0.0.1:2", 1);
    assert_int_equal(RUN(f, "get", "projects"), FC_EXIT_UNAVAILABLE);
    contains(f->err, "127.0.0.1:2");
}

static void apply_needs_something(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "apply"), FC_EXIT_USAGE);
    contains(f->err, "nothing to apply: name a file");
    assert_int_equal(RUN(f, "apply", "-f", "/nonexistent.yaml"), FC_EXIT_USAGE);
    contains(f->err, "/nonexistent.yaml cannot be read: No such file");
    assert_int_equal(RUN(f, "apply", "-f", f->directory), FC_EXIT_USAGE);
    contains(f->err, "has no .yaml, .yml or .json file");
    put_file(f, "empty.yaml", "# nothing\n");
    assert_int_equal(RUN(f, "apply", "-f", f->directory), FC_EXIT_USAGE);
    contains(f->err, "there is no document in what -f names");
    assert_int_equal(RUN(f, "apply", "-f", ""), FC_EXIT_USAGE);
}

/* Nothing is sent (there is no server, and it is not missed) when one of the documents is wrong. */
static void apply_checks_everything_first(void **state)
{
    struct fixture *f = *state;
    put_file(f, "b.yaml", "spec: {name: e, valueTpye: INT64}\n");
    put_file(f, "a.json", "{\"spec\": {\"name\": \"t\", \"entities\": \"e\"}}");
    put_file(f, "notes.txt", "not: [looked at");
    put_file(f, ".hidden.yaml", "not: [looked at");
    assert_int_equal(mkdir(test_path(&f->scratch, "below"), 0700), 0);
    put_file(f, "below/c.yml", "not: [closed");
    assert_int_equal(RUN(f, "apply", "-s", "127.0.0.1:1", "-f", f->directory), FC_EXIT_REFUSED);
    contains(f->err, "/a.json:1:36: found \"e\", expected a list\n");
    contains(f->err, "/b.yaml:1:17: there is no key \"valueTpye\" in EntitySpecV2; did you mean "
                     "\"valueType\"?\n");
    contains(f->err, "/below/c.yml:2:1: ");
    contains(f->err, "Nothing was applied.\n");
    assert_null(strstr(f->err, "looked at"));
    assert_null(strstr(f->err, "cannot reach"));
    assert_string_equal(f->out, "");
}

static void apply_reads_standard_input(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "kind: Entity\nspec: {name: x, valueType: 99x}\n",
                         (const char *const[]){"apply", "-f", "-", "-q", NULL}),
                     FC_EXIT_REFUSED);
    contains(f->err, "(standard input):2:28: ");
    assert_null(strstr(f->err, "Nothing was applied"));
}

static void binary_junk(void **state)
{
    struct fixture *f = *state;

    put_file(f, "junk.yaml", "PAR1\x15\x04\x15\x90\xff\x01");
    assert_int_equal(RUN(f, "apply", "-f", f->directory), FC_EXIT_REFUSED);
    contains(f->err, "/junk.yaml:1:5: control characters are not allowed");
}

static void reference_page(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    fc_help_markdown(out);
    fclose(out);
    for (const struct fc_command *c = fc_commands; c->words; c++)
        contains(text, c->summary);
    contains(text, "| 5 | A document, a rule or the source check refused it. |\n");
    contains(text, "table\\|wide\\|json");
    free(text);
}

static void output_that_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    char *argv[] = {(char *)"feastctl", (char *)"help"};
    FILE *full = fopen("/dev/full", "w"), *err = open_memstream(&f->err, &f->err_size);

    assert_non_null(full);
    assert_int_equal(fc_cli_main(2, argv, stdin, full, err), FC_EXIT_INTERNAL);
    fclose(err);
    fclose(full);
    contains(f->err, "the output cannot be written: No space left on device");
}

/* What the shells are offered; without a server names are left out, quickly and without a word. */
static void completion(void **state)
{
    static const struct {
        const char *words[6], *offered;
    } table[] = {
        {{"a"}, "apply\tRegister or update projects, online stores, entities and feature tables\n"},
        {{"jo"}, "jobs\t\n"},
        {{"-q", "-p", "x", "jobs", "c"}, "cancel\tEnd a job\n"},
        {{"get", "t"}, "tables\t\n"},
        {{"apply", "--dr"}, "--dry-run\tCheck everything, sources too, and change nothing.\n"},
        {{"apply", "--validation", "s"}, "strict\t\n"},
        {{"apply", "--validation", "=", "s"}, "strict\t\n"},
        {{"apply", "--validation", "="}, "strict\t\nenforce\t\nwarn\t\noff\t\n"},
        {{"apply", "--validation=s"}, "--validation=strict\t\n"},
        {{"apply", "--filename=s"}, ""},
        {{"get", "-o", "j"}, "json\t\n"},
        {{"apply", "-f", "x"}, ":files\n"},
        {{"help", "online", ""},
         "get\tRead feature values from the online store\n"
         "explain\tTell what the online store has under a key, and why a value is missing\n"},
        {{"--server=127.0.0.1:1", "report", ""}, ""},
        {{"-s", "127.0.0.1:1", "get", "table", ""}, ""},
        {{"no", "such", "thing"}, ""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        const char *args[8] = {"__complete"};
        for (size_t w = 0; w < FC_ARRAY_LEN(table[i].words) && table[i].words[w]; w++)
            args[w + 1] = table[i].words[w];
        assert_int_equal(run(f, "\n", args), FC_EXIT_OK);
        assert_string_equal(f->out, table[i].offered);
        assert_string_equal(f->err, "");
    }
    assert_int_equal(RUN(f, "__complete"), FC_EXIT_OK);
    contains(f->out, "apply\tRegister");
}

/* The scripts ask the program and know no command themselves. */
static void completion_scripts(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(shells); i++) {
        assert_int_equal(RUN(f, "completion", shells[i]), FC_EXIT_OK);
        contains(f->out, "feastctl __complete ");
    }
    assert_int_equal(RUN(f, "completion", "tcsh"), FC_EXIT_USAGE);
    contains(f->err, "it is bash, zsh or fish");
}

static void manual_page(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    fc_help_man(out);
    fclose(out);
    for (const struct fc_command *c = fc_commands; c->words; c++)
        contains(text, c->words);
    contains(text, "\\fB\\-\\-dry\\-run\\fR\n");
    assert_null(strstr(text, "\n'"));
    free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(help_everywhere),
    CASE(help_of_each_command),
    CASE(flags_do_not_clash),
    CASE(mistyped),
    CASE(wrong_arguments),
    CASE(no_server),
    CASE(apply_needs_something),
    CASE(apply_checks_everything_first),
    CASE(apply_reads_standard_input),
    CASE(binary_junk),
    CASE(reference_page),
    CASE(completion),
    CASE(completion_scripts),
    CASE(manual_page),
    CASE(output_that_cannot_be_written),
};

FC_TEST_MAIN(cases)
