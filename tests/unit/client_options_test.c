/* SPDX-License-Identifier: Apache-2.0 */
#include "client/options.h"

#include <stdlib.h>

#include "tests/unit/harness.h"

static const struct fc_option global[] = {
    {.name = "server",
     .letter = 's',
     .value = "HOST",
     .env = "FC_TEST_SERVER",
     .initial = "here",
     .help = "."},
    {.name = "output",
     .letter = 'o',
     .value = "FORMAT",
     .choices = "table|json",
     .initial = "table",
     .help = "."},
    {.name = "quiet", .letter = 'q', .help = "."},
    {.name = "verbose", .letter = 'v', .help = "."},
    {0},
};
static const struct fc_option own[] = {
    {.name = "filename", .letter = 'f', .value = "PATH", .repeats = true, .help = "."},
    {.name = "mode", .value = "MODE", .choices = "a|b", .env = "FC_TEST_MODE", .help = "."},
    {0},
};

struct fixture {
    struct fc_arena *arena;
    struct fc_options options;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->arena = fc_arena_new(1024 * 1024);
    unsetenv("FC_TEST_SERVER");
    unsetenv("FC_TEST_MODE");
    *state = f;
    return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    free(f);
    return 0;
}

/* The command's table counts from the first word on. */
static fc_rc parse(struct fixture *f, const char *const *args)
{
    char *argv[32];
    int argc = 0;
    fc_rc rc = FC_OK;

    while (args[argc]) {
        argv[argc] = (char *)args[argc];
        argc++;
    }
    fc_options_init(&f->options, f->arena, global);
    for (int i = 0; i < argc && rc == FC_OK;) {
        const char *word = NULL;
        rc = fc_options_next(&f->options, argc, argv, &i, &word, &f->err);
        if (word)
            f->options.tables[1] = own;
    }
    return rc == FC_OK ? fc_options_check(&f->options, true, &f->err) : rc;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void good(struct fixture *f, const char *const *args)
{
    if (parse(f, args) != FC_OK)
        fail_msg("%s", f->err.message);
}

static void refused(struct fixture *f, const char *const *args, const char *message)
{
    assert_int_equal(parse(f, args), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_USAGE);
    assert_string_equal(f->err.message, message);
}

static void flags_and_words_mix(void **state)
{
    struct fixture *f = *state;
    size_t count;

    good(f, ARGS("-q", "apply", "-f", "a", "x", "--filename=b", "--server", "h:1", "y", "-f=c",
                 "-fd"));
    assert_int_equal(f->options.word_count, 3);
    assert_string_equal(f->options.words[1], "x");
    assert_string_equal(fc_options_get(&f->options, "server"), "h:1");
    const char *const *files = fc_options_all(&f->options, "filename", &count);
    assert_int_equal(count, 4);
    assert_string_equal(files[0], "a");
    assert_string_equal(files[2], "c");
    assert_string_equal(files[3], "d");
    assert_null(files[4]);
    assert_true(fc_options_given(&f->options, "quiet"));
    assert_false(fc_options_given(&f->options, "verbose"));
}

static void joined_letters(void **state)
{
    struct fixture *f = *state;

    good(f, ARGS("-qvojson", "get"));
    assert_true(fc_options_given(&f->options, "quiet"));
    assert_true(fc_options_given(&f->options, "verbose"));
    assert_string_equal(fc_options_get(&f->options, "output"), "json");
}

static void dashes_end_the_flags(void **state)
{
    struct fixture *f = *state;

    good(f, ARGS("get", "-", "--", "-q", "--server"));
    assert_int_equal(f->options.word_count, 4);
    assert_string_equal(f->options.words[1], "-");
    assert_string_equal(f->options.words[3], "--server");
    assert_false(fc_options_given(&f->options, "quiet"));
}

static void values_come_from_somewhere(void **state)
{
    struct fixture *f = *state;

    good(f, ARGS("get"));
    assert_string_equal(fc_options_get(&f->options, "server"), "here");
    assert_null(fc_options_get(&f->options, "mode"));
    setenv("FC_TEST_SERVER", "there", 1);
    assert_string_equal(fc_options_get(&f->options, "server"), "there");
    setenv("FC_TEST_SERVER", "", 1);
    assert_string_equal(fc_options_get(&f->options, "server"), "here");
    setenv("FC_TEST_SERVER", "there", 1);
    good(f, ARGS("get", "-s", "flag"));
    assert_string_equal(fc_options_get(&f->options, "server"), "flag");
    /* A value may look like a flag. */
    good(f, ARGS("get", "-s", "-q"));
    assert_string_equal(fc_options_get(&f->options, "server"), "-q");
    assert_false(fc_options_given(&f->options, "quiet"));
}

static void mistakes(void **state)
{
    struct fixture *f = *state;

    refused(f, ARGS("get", "--sever=x"), "there is no flag --sever; did you mean --server?");
    refused(f, ARGS("get", "--filname", "x"),
            "there is no flag --filname; did you mean --filename?");
    refused(f, ARGS("--filename", "x"),
            "there is no flag --filename that may stand before the command");
    refused(f, ARGS("-f", "x", "get"), "there is no flag -f that may stand before the command");
    refused(f, ARGS("get", "-x"), "there is no flag -x");
    refused(f, ARGS("get", "--server"), "-s/--server needs a value: HOST");
    refused(f, ARGS("get", "-qf"), "-f/--filename needs a value: PATH");
    refused(f, ARGS("get", "--quiet=1"), "--quiet takes no value");
    refused(f, ARGS("get", "-s", "a", "--server", "b"), "-s/--server is given twice");
    refused(f, ARGS("get", "-o", "xml"), "-o/--output is \"xml\", expected one of table|json");
    refused(f, ARGS("get", "--mode", ""), "--mode is \"\", expected one of a|b");
    setenv("FC_TEST_MODE", "c", 1);
    refused(f, ARGS("get"), "FC_TEST_MODE is \"c\", expected one of a|b");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(flags_and_words_mix),        CASE(joined_letters), CASE(dashes_end_the_flags),
    CASE(values_come_from_somewhere), CASE(mistakes),
};

FC_TEST_MAIN(cases)
