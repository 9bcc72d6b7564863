/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/murmur3.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"
#include "base/violations.h"

static void error_carries_reason_code_and_field(void **state FC_UNUSED)
{
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(
        fc_fail_field(&err, FC_REASON_NAME_INVALID, "spec.name", "name is '%s'", "a b"),
        FC_INVALID_ARGUMENT);
    assert_int_equal(err.reason, FC_REASON_NAME_INVALID);
    assert_string_equal(err.field, "spec.name");
    assert_string_equal(err.message, "name is 'a b'");
    assert_false(err.retryable);
    assert_int_equal(fc_error_prefix(&err, "document %d", 3), FC_INVALID_ARGUMENT);
    assert_string_equal(err.message, "document 3: name is 'a b'");
}

static void error_may_quote_itself(void **state FC_UNUSED)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_fail(&err, FC_REASON_IO_FAILED, "disk is full");
    (void)fc_fail(&err, FC_REASON_STORE_UNAVAILABLE, "cannot write: %s", err.message);
    assert_string_equal(err.message, "cannot write: disk is full");
    assert_true(err.retryable);
}

static void reason_words_are_unique_and_found(void **state FC_UNUSED)
{
    for (int i = 0; i < FC_REASON_COUNT; i++)
        assert_int_equal(fc_reason_from_word(fc_reason_info((enum fc_reason)i)->word), i);
    assert_int_equal(fc_reason_from_word("NO_SUCH_WORD"), FC_REASON_COUNT);
}

static void arena_keeps_to_its_limit(void **state FC_UNUSED)
{
    struct fc_arena *arena = fc_arena_new(10000);

    assert_non_null(fc_arena_alloc(arena, 6000));
    assert_null(fc_arena_alloc(arena, 6000));
    assert_true(fc_arena_exhausted(arena));
    assert_non_null(fc_arena_alloc(arena, 100)); /* what fits still fits */
    fc_arena_reset(arena);
    assert_false(fc_arena_exhausted(arena));
    assert_int_equal(fc_arena_used(arena), 0);
    assert_non_null(fc_arena_alloc(arena, 9000));
    assert_null(fc_arena_alloc(arena, SIZE_MAX));
    assert_null(fc_arena_calloc(arena, SIZE_MAX / 2, 3));
    fc_arena_free(arena);
    fc_arena_free(NULL);
}

static void arena_memory_is_aligned_and_stays(void **state FC_UNUSED)
{
    struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    char *texts[500];

    for (size_t i = 0; i < FC_ARRAY_LEN(texts); i++) {
        texts[i] = fc_arena_printf(arena, "text %zu", i);
        assert_int_equal((uintptr_t)texts[i] % _Alignof(max_align_t), 0);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(texts); i++) {
        char wanted[32];
        (void)snprintf(wanted, sizeof wanted, "text %zu", i);
        assert_string_equal(texts[i], wanted);
    }
    fc_arena_free(arena);
}

static void violations_are_all_reported(void **state FC_UNUSED)
{
    struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    struct fc_violations list;
    struct fc_error err = FC_ERROR_INIT;

    fc_violations_init(&list, arena);
    assert_int_equal(fc_violations_to_error(&list, &err), FC_OK);
    fc_violations_add(&list, FC_REASON_NAME_INVALID, "name", "name is empty");
    assert_int_equal(fc_violations_to_error(&list, &err), FC_INVALID_ARGUMENT);
    assert_string_equal(err.message, "name is empty");
    fc_violations_add(&list, FC_REASON_FIELD_INVALID, "max_age", "max_age is -1 s");
    assert_int_equal(fc_violations_to_error(&list, &err), FC_INVALID_ARGUMENT);
    assert_string_equal(err.message, "name is empty; max_age is -1 s");
    assert_int_equal(err.reason, FC_REASON_NAME_INVALID);
    fc_arena_free(arena);
}

static void violations_beyond_the_message_are_counted(void **state FC_UNUSED)
{
    struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    struct fc_violations list;
    struct fc_error err = FC_ERROR_INIT;

    fc_violations_init(&list, arena);
    for (int i = 0; i < 200; i++) {
        fc_violations_add(&list, FC_REASON_NAME_INVALID, "name",
                          "feature %d has a name that is not allowed", i);
    }
    assert_int_equal(fc_violations_to_error(&list, &err), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "feature 0 has"));
    assert_non_null(strstr(err.message, " more"));
    assert_true(strlen(fc_violations_text(&list, 4096)) <= 4096);
    fc_arena_free(arena);
}

static void violations_survive_an_exhausted_arena(void **state FC_UNUSED)
{
    struct fc_arena *arena = fc_arena_new(16);
    struct fc_violations list;
    struct fc_error err = FC_ERROR_INIT;

    fc_violations_init(&list, arena);
    fc_violations_add(&list, FC_REASON_NAME_INVALID, "name",
                      "a text that has no room in sixteen bytes");
    fc_violations_add(&list, FC_REASON_NAME_INVALID, "name", "another");
    assert_int_equal(fc_violations_to_error(&list, &err), FC_RESOURCE_EXHAUSTED);
    fc_arena_free(arena);
}

static void strings_compare_by_bytes(void **state FC_UNUSED)
{
    assert_true(fc_str_eq(FC_STR("ab"), fc_str_from("ab")));
    assert_false(fc_str_eq(FC_STR("ab"), FC_STR("abc")));
    assert_true(fc_str_eq((fc_str){0}, FC_STR("")));
    assert_true(fc_str_cmp(FC_STR("ab"), FC_STR("abc")) < 0);
    assert_true(fc_str_cmp(FC_STR("b"), FC_STR("abc")) > 0);
    assert_int_equal(fc_str_cmp(FC_STR(""), (fc_str){0}), 0);
}

static void white_space_is_cut_off(void **state FC_UNUSED)
{
    char padded[] = " \t a b\r\n", blank[] = " \t ", plain[] = "x";
    fc_str inner = fc_str_trim(FC_STR("  a b\n"));

    assert_true(fc_str_eq(inner, FC_STR("a b")));
    assert_int_equal(fc_str_trim(FC_STR(" \t\n")).len, 0);
    assert_int_equal(fc_str_trim((fc_str){0}).len, 0);
    assert_string_equal(fc_trim(padded), "a b");
    assert_string_equal(fc_trim(blank), "");
    assert_string_equal(fc_trim(plain), "x");
}

static void nearest_word_is_suggested(void **state FC_UNUSED)
{
    static const char *const keys[] = {"batchSource", "entities", "features", "maxAge"};

    assert_string_equal(fc_str_nearest("batchSuorce", keys, 4), "batchSource");
    assert_string_equal(fc_str_nearest("feature", keys, 4), "features");
    assert_null(fc_str_nearest("zzz", keys, 4));
    assert_int_equal(fc_str_distance("abcd", "acbd", 9), 1);
    assert_int_equal(fc_str_distance("", "abc", 9), 3);
}

static void buffer_grows_and_stays_terminated(void **state FC_UNUSED)
{
    struct fc_buf buf = FC_BUF_INIT;

    assert_string_equal(fc_buf_text(&buf), "");
    for (int i = 0; i < 1000; i++)
        fc_buf_printf(&buf, "%d,", i);
    assert_false(buf.failed);
    assert_int_equal(strlen(buf.ptr), buf.len);
    assert_memory_equal(buf.ptr, "0,1,2,3,", 8);
    fc_buf_clear(&buf);
    assert_string_equal(fc_buf_text(&buf), "");
    assert_false(fc_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    fc_buf_done(&buf);
}

static void murmur3_matches_known_vectors(void **state FC_UNUSED)
{
    assert_int_equal(fc_murmur3_32("", 0, 0), 0);
    assert_int_equal(fc_murmur3_32("a", 1, 0), 0x3c2569b2);
    assert_int_equal(fc_murmur3_32("driver_statistics:avg_daily_trips", 33, 0), 0x6b3f5477);
    assert_int_equal(fc_murmur3_32("driver_statistics:conv_rate", 27, 0), 0xdadf4bd9);
    assert_int_equal(fc_murmur3_32("_ts:driver_statistics", 21, 0), 0xdbf903f6);
}

static void check_time(int64_t seconds, int32_t nanos, const char *text)
{
    char got[FC_TIME_TEXT_MAX];
    int64_t back_seconds;
    int32_t back_nanos;

    fc_time_format(seconds, nanos, got);
    assert_string_equal(got, text);
    assert_true(fc_time_parse(text, &back_seconds, &back_nanos));
    assert_int_equal(back_seconds, seconds);
    assert_int_equal(back_nanos, nanos);
}

static void times_go_to_text_and_back(void **state FC_UNUSED)
{
    check_time(0, 0, "1970-01-01T00:00:00Z");
    check_time(1609459200, 0, "2021-01-01T00:00:00Z");
    check_time(951782400, 0, "2000-02-29T00:00:00Z");
    check_time(-1, 500000000, "1969-12-31T23:59:59.500Z");
    check_time(253402300799, 999999999, "9999-12-31T23:59:59.999999999Z");
    check_time(1609459200, 120000, "2021-01-01T00:00:00.000120Z");
}

static void times_are_read_as_people_write_them(void **state FC_UNUSED)
{
    int64_t seconds;
    int32_t nanos;

    assert_true(fc_time_parse("2021-01-01", &seconds, &nanos));
    assert_int_equal(seconds, 1609459200);
    assert_true(fc_time_parse("2021-01-01 00:00:00", &seconds, &nanos));
    assert_int_equal(seconds, 1609459200);
    assert_true(fc_time_parse("2021-01-01T02:00:00+02:00", &seconds, &nanos));
    assert_int_equal(seconds, 1609459200);
    assert_true(fc_time_parse("2020-12-31T19:30:00-04:30", &seconds, &nanos));
    assert_int_equal(seconds, 1609459200);

    static const char *const wrong[] = {
        "",
        "2021",
        "2021-13-01",
        "2021-02-29",
        "2021-01-01T25:00:00Z",
        "2021-1-1",
        "yesterday",
        "2021-01-01T00:00:00X",
        "2021-01-01T00:00:00.Z",
        "2021-01-01T00:00:00.0000000001Z",
        "2021-01-01T00:00",
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(wrong); i++)
        assert_false(fc_time_parse(wrong[i], &seconds, &nanos));
}

static void quantities_are_read_with_units(void **state FC_UNUSED)
{
    int64_t value;

    assert_true(fc_duration_parse("90", &value));
    assert_int_equal(value, 90 * FC_NS_PER_S);
    assert_true(fc_duration_parse("1.5h", &value));
    assert_int_equal(value, 5400 * FC_NS_PER_S);
    assert_true(fc_duration_parse("250ms", &value));
    assert_int_equal(value, 250 * FC_NS_PER_MS);
    assert_true(fc_bytes_parse("4MiB", &value));
    assert_int_equal(value, 4 * 1024 * 1024);
    assert_true(fc_bytes_parse("10MB", &value));
    assert_int_equal(value, 10000000);
    assert_false(fc_duration_parse("-5s", &value));
    assert_false(fc_duration_parse("5 parsecs", &value));
    assert_false(fc_duration_parse("", &value));
    assert_false(fc_duration_parse("inf", &value));
    assert_false(fc_duration_parse("0x10", &value));
    assert_false(fc_duration_parse("99999999999d", &value));
}

static void directories_are_made_with_parents(void **state FC_UNUSED)
{
    char root[] = "/tmp/fc-base-XXXXXX";
    char path[64];

    assert_non_null(mkdtemp(root));
    (void)snprintf(path, sizeof path, "%s/a/b/c", root);
    assert_int_equal(fc_mkdirs(path, 0700), 0);
    assert_int_equal(fc_mkdirs(path, 0700), 0);
    assert_int_equal(fc_sys_real()->sync_dir(NULL, path), 0);
    (void)snprintf(path, sizeof path, "%s/a/b/c", root);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = '\0';
    }
    assert_int_equal(rmdir(root), 0);
    assert_true(fc_mkdirs("/dev/null/x", 0700) < 0);
}

static void random_ids_differ(void **state FC_UNUSED)
{
    char a[33], b[33];

    assert_int_equal(fc_random_hex(fc_sys_real(), a), 0);
    assert_int_equal(fc_random_hex(fc_sys_real(), b), 0);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
}

/* Runs one log call with stderr in a pipe and gives what was written. */
static void capture_log(enum fc_log_format format, char *buffer, size_t size)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    fc_log_init("test", FC_LOG_INFO, format);
    fc_log(FC_LOG_DEBUG, "dropped");
    fc_log(FC_LOG_WARN, "seen", FC_LOG_STR("text", "a \"b\"\n=c"), FC_LOG_INT("n", -5),
           FC_LOG_BOOL("ok", true), FC_LOG_STR("plain", "x.y"));
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    (void)close(ends[1]);
    ssize_t got = read(ends[0], buffer, size - 1);
    assert_true(got > 0);
    buffer[got] = '\0';
    (void)close(ends[0]);
}

static void log_lines_are_one_line(void **state FC_UNUSED)
{
    char line[512];

    capture_log(FC_LOG_LOGFMT, line, sizeof line);
    assert_non_null(strstr(line, " level=warn component=test event=seen text=\"a \\\"b\\\"\\n=c\" "
                                 "n=-5 ok=true plain=x.y\n"));
    assert_null(strstr(line, "dropped"));
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
    capture_log(FC_LOG_JSON, line, sizeof line);
    assert_int_equal(line[0], '{');
    assert_non_null(strstr(line, "\"event\":\"seen\",\"text\":\"a "
                                 "\\\"b\\\"\\n=c\",\"n\":-5,\"ok\":true,\"plain\":\"x.y\"}\n"));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(error_carries_reason_code_and_field),
        cmocka_unit_test(error_may_quote_itself),
        cmocka_unit_test(reason_words_are_unique_and_found),
        cmocka_unit_test(arena_keeps_to_its_limit),
        cmocka_unit_test(arena_memory_is_aligned_and_stays),
        cmocka_unit_test(violations_are_all_reported),
        cmocka_unit_test(violations_beyond_the_message_are_counted),
        cmocka_unit_test(violations_survive_an_exhausted_arena),
        cmocka_unit_test(strings_compare_by_bytes),
        cmocka_unit_test(white_space_is_cut_off),
        cmocka_unit_test(nearest_word_is_suggested),
        cmocka_unit_test(buffer_grows_and_stays_terminated),
        cmocka_unit_test(murmur3_matches_known_vectors),
        cmocka_unit_test(times_go_to_text_and_back),
        cmocka_unit_test(times_are_read_as_people_write_them),
        cmocka_unit_test(quantities_are_read_with_units),
        cmocka_unit_test(directories_are_made_with_parents),
        cmocka_unit_test(random_ids_differ),
        cmocka_unit_test(log_lines_are_one_line),
    };
    return fc_test_run(argc, argv, cases, FC_ARRAY_LEN(cases), NULL, NULL);
}
