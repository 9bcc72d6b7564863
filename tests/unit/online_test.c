/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded online store: the rules of replacing a row, its files, reading while writing. */
#include "tests/unit/harness.h"

#include <ftw.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "storage/online/sqlite.h"
#include "storage/online/sqlite_file.h"

struct fixture {
    char dir[128];
    const char *path;
    struct fc_arena *arena;
    struct fc_error err;
};

static int setup(void **state)
{
    const char *base = getenv("TMPDIR");
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (!fixture)
        return -1;
    (void)snprintf(fixture->dir, sizeof fixture->dir, "%s/fc-online-XXXXXX", base ? base : "/tmp");
    fixture->arena = fc_arena_new((size_t)16 * 1024 * 1024);
    if (!mkdtemp(fixture->dir) || !fixture->arena ||
        fc_online_sqlite_path(fixture->dir, "default", "trips", fixture->arena, &fixture->path,
                              &fixture->err) != FC_OK)
        return -1;
    *state = fixture;
    return 0;
}

static int remove_one(const char *path, const struct stat *info FC_UNUSED, int kind FC_UNUSED,
                      struct FTW *walk FC_UNUSED)
{
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)nftw(fixture->dir, remove_one, 32, FTW_DEPTH | FTW_PHYS);
    fc_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void check_ok(struct fixture *fixture, fc_rc rc, int line)
{
    if (rc != FC_OK)
        fail_msg("line %d: %s: %s", line, fc_rc_name(rc), fixture->err.message);
}
#define assert_ok(fixture, rc) check_ok((fixture), (rc), __LINE__)

static void assert_message_has(const struct fixture *fixture, const char *text)
{
    if (!strstr(fixture->err.message, text))
        fail_msg("'%s' is not in: %s", text, fixture->err.message);
}

/* ---- Rows ---- */

static struct fc_online_time at(int64_t seconds, int32_t nanos)
{
    return (struct fc_online_time){.seconds = seconds, .nanos = nanos, .set = true};
}

static const struct fc_online_time none = {.set = false};

static struct fc_online_row row_of(const char *key, struct fc_online_time event,
                                   struct fc_online_time created, const char *features)
{
    return (struct fc_online_row){.key = fc_str_from(key),
                                  .event = event,
                                  .created = created,
                                  .features = fc_str_from(features)};
}

static bool put(struct fixture *fixture, struct fc_online_writer *writer, struct fc_online_row row)
{
    bool written = false;
    assert_ok(fixture, fc_online_writer_put(writer, &row, &written, &fixture->err));
    return written;
}

static struct fc_online_writer *open_writer(struct fixture *fixture)
{
    struct fc_online_writer *writer = NULL;
    assert_ok(fixture, fc_online_writer_open(fixture->path, &writer, &fixture->err));
    return writer;
}

static struct fc_online_reader *open_reader(struct fixture *fixture)
{
    struct fc_online_reader *reader = NULL;
    assert_ok(fixture, fc_online_reader_open(fixture->path, &reader, &fixture->err));
    return reader;
}

static bool get(struct fixture *fixture, struct fc_online_reader *reader, const char *key,
                struct fc_online_row *ret)
{
    bool found = false;
    assert_ok(fixture, fc_online_reader_get(reader, fc_str_from(key), fixture->arena, ret, &found,
                                            &fixture->err));
    return found;
}

static void assert_features(struct fixture *fixture, struct fc_online_reader *reader,
                            const char *key, const char *features)
{
    struct fc_online_row row;
    assert_true(get(fixture, reader, key, &row));
    assert_int_equal(row.features.len, strlen(features));
    assert_memory_equal(row.features.ptr, features, row.features.len);
}

static void a_row_comes_back_as_it_was_put(void **state)
{
    struct fixture *fixture = *state;
    struct fc_online_writer *writer = open_writer(fixture);
    static const char bytes[] = "\x00\xff key\x00", features[] = "\x01\x00 features";
    struct fc_online_row all = {.key = {bytes, sizeof bytes},
                                .event = at(-5, 999999999),
                                .created = at(7, 8),
                                .expires = at(95, 0),
                                .features = {features, sizeof features}};
    struct fc_online_row got;
    bool found = false;

    assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
    assert_true(put(fixture, writer, all));
    assert_true(put(fixture, writer, row_of("bare", at(1, 0), none, "")));
    assert_ok(fixture, fc_online_writer_commit(writer, &fixture->err));
    fc_online_writer_close(writer);

    struct fc_online_reader *reader = open_reader(fixture);
    assert_ok(fixture,
              fc_online_reader_get(reader, all.key, fixture->arena, &got, &found, &fixture->err));
    assert_true(found);
    assert_true(fc_str_eq(got.key, all.key));
    assert_int_equal(got.event.seconds, -5);
    assert_int_equal(got.event.nanos, 999999999);
    assert_true(got.created.set);
    assert_int_equal(got.created.seconds, 7);
    assert_int_equal(got.created.nanos, 8);
    assert_true(got.expires.set);
    assert_int_equal(got.expires.seconds, 95);
    assert_true(fc_str_eq(got.features, all.features));
    assert_true(get(fixture, reader, "bare", &got));
    assert_false(got.created.set);
    assert_false(got.expires.set);
    assert_int_equal(got.features.len, 0);
    assert_false(get(fixture, reader, "absent", &got));
    assert_false(get(fixture, reader, "", &got));
    fc_online_reader_close(reader);
}

/* Each step against the row that the steps before left. */
static void an_older_row_never_replaces_a_newer_one(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t never = INT64_MIN;
    static const struct {
        int64_t event_s;
        int32_t event_ns;
        int64_t created_s;
        int32_t created_ns;
        bool written;
    } steps[] = {
        {100, 0, INT64_MIN, 0, true},   /* the first */
        {99, 999999999, 500, 0, false}, /* late by a nanosecond, though created later */
        {100, 0, INT64_MIN, 0, true},   /* equal: ingesting twice */
        {100, 0, 10, 0, true},          /* null created sorts lowest */
        {100, 0, INT64_MIN, 0, false},
        {100, 0, 10, 1, true}, /* later by a nanosecond of creation */
        {100, 0, 10, 0, false},
        {100, 0, 9, 999999999, false},
        {100, 1, INT64_MIN, 0, true}, /* event time comes first */
        {100, 0, 999, 0, false},
        {101, 0, -7, 0, true},
        {101, 0, INT64_MIN, 0, false}, /* even a creation before 1970 is later than none */
        {101, 0, -8, 0, false},
        {101, 0, -7, 0, true},
    };
    struct fc_online_writer *writer = open_writer(fixture);
    char kept[16] = "";

    for (size_t i = 0; i < FC_ARRAY_LEN(steps); i++) {
        char features[16];
        struct fc_online_time created =
            steps[i].created_s == never ? none : at(steps[i].created_s, steps[i].created_ns);
        (void)snprintf(features, sizeof features, "step %zu", i);
        assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
        bool written = put(fixture, writer,
                           row_of("k", at(steps[i].event_s, steps[i].event_ns), created, features));
        assert_ok(fixture, fc_online_writer_commit(writer, &fixture->err));
        if (written != steps[i].written)
            fail_msg("step %zu was %swritten", i, written ? "" : "not ");
        if (written)
            memcpy(kept, features, sizeof kept);
        struct fc_online_reader *reader = open_reader(fixture);
        assert_features(fixture, reader, "k", kept);
        fc_online_reader_close(reader);
    }
    fc_online_writer_close(writer);
}

static void rows_of_one_transaction_meet_the_same_rules(void **state)
{
    struct fixture *fixture = *state;
    struct fc_online_writer *writer = open_writer(fixture);

    assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
    assert_true(put(fixture, writer, row_of("a", at(2, 0), none, "a2")));
    assert_false(put(fixture, writer, row_of("a", at(1, 0), none, "a1")));
    assert_true(put(fixture, writer, row_of("b", at(1, 0), none, "b1")));
    assert_true(put(fixture, writer, row_of("b", at(1, 0), none, "b1 again")));
    assert_ok(fixture, fc_online_writer_commit(writer, &fixture->err));
    struct fc_online_reader *reader = open_reader(fixture);
    assert_features(fixture, reader, "a", "a2");
    assert_features(fixture, reader, "b", "b1 again");
    fc_online_reader_close(reader);
    fc_online_writer_close(writer);
}

static void what_was_not_committed_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    struct fc_online_writer *writer = open_writer(fixture);
    struct fc_online_row row = row_of("k", at(1, 0), none, "x");
    bool written = true;

    assert_int_equal(fc_online_writer_put(writer, &row, &written, &fixture->err), FC_INTERNAL);
    assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
    row.event.set = false;
    assert_int_equal(fc_online_writer_put(writer, &row, &written, &fixture->err), FC_INTERNAL);
    assert_true(put(fixture, writer, row_of("k", at(1, 0), none, "x")));
    fc_online_writer_close(writer);
    struct fc_online_reader *reader = open_reader(fixture);
    assert_false(get(fixture, reader, "k", &row));
    fc_online_reader_close(reader);
}

/* ---- Files ---- */

static void paths_of_long_names_stay_distinct_and_short(void **state)
{
    struct fixture *fixture = *state;
    char a[256], b[256];
    const char *path_a = NULL, *path_b = NULL;

    assert_string_equal(strrchr(fixture->path, '/'), "/trips.db");
    memset(a, 'n', 255);
    a[255] = '\0';
    memcpy(b, a, sizeof b);
    b[254] = 'm';
    assert_ok(fixture,
              fc_online_sqlite_path(fixture->dir, a, a, fixture->arena, &path_a, &fixture->err));
    assert_ok(fixture,
              fc_online_sqlite_path(fixture->dir, a, b, fixture->arena, &path_b, &fixture->err));
    assert_string_not_equal(path_a, path_b);
    fixture->path = path_a;
    fc_online_writer_close(open_writer(fixture));
    assert_int_equal(fc_online_sqlite_path(fixture->dir, "default", "../x", fixture->arena, &path_a,
                                           &fixture->err),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(
        fc_online_sqlite_path(fixture->dir, "..", "x", fixture->arena, &path_a, &fixture->err),
        FC_INVALID_ARGUMENT);
    assert_int_equal(
        fc_online_sqlite_path(fixture->dir, "", "x", fixture->arena, &path_a, &fixture->err),
        FC_INVALID_ARGUMENT);
}

static void reading_before_anything_was_written_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct fc_online_reader *reader = NULL;

    assert_int_equal(fc_online_reader_open(fixture->path, &reader, &fixture->err), FC_NOT_FOUND);
    assert_null(reader);
    /* A writer that died before its first commit: the file is there and empty. */
    fc_online_writer_close(open_writer(fixture));
    assert_int_equal(truncate(fixture->path, 0), 0);
    assert_int_equal(fc_online_reader_open(fixture->path, &reader, &fixture->err), FC_NOT_FOUND);
}

static void writers_take_turns(void **state)
{
    struct fixture *fixture = *state;
    struct fc_online_writer *first = open_writer(fixture), *second = open_writer(fixture);
    struct fc_online_row row = row_of("key", at(2, 0), none, "first");
    bool written = false;

    fc_online_writer_patience(second, FC_NS_PER_MS);
    assert_ok(fixture, fc_online_writer_begin(first, &fixture->err));
    assert_int_equal(fc_online_writer_begin(second, &fixture->err), FC_FAILED_PRECONDITION);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_LOCKED);
    assert_message_has(fixture, "is being written by another job");
    assert_ok(fixture, fc_online_writer_put(first, &row, &written, &fixture->err));
    assert_ok(fixture, fc_online_writer_commit(first, &fixture->err));
    /* It sees what the first wrote, and is not in its way once it has ended. */
    row = row_of("key", at(1, 0), none, "second");
    assert_ok(fixture, fc_online_writer_begin(second, &fixture->err));
    assert_ok(fixture, fc_online_writer_put(second, &row, &written, &fixture->err));
    assert_false(written);
    fc_online_writer_close(second);
    fc_online_writer_patience(first, FC_NS_PER_MS);
    assert_ok(fixture, fc_online_writer_begin(first, &fixture->err));
    assert_ok(fixture, fc_online_writer_commit(first, &fixture->err));
    fc_online_writer_close(first);
}

/* In turns of some hundred pages, so that each moves the WAL into the file now and then. */
enum { TURNS = 40, TURN_ROWS = 200, TURN_KEYS = 5000 };

/* Row `number` is of second `number`: whoever writes a key last, the greatest number stays. */
static bool write_turns(const char *path, int from)
{
    struct fc_online_writer *writer = NULL;
    struct fc_error err = FC_ERROR_INIT;
    char key[16], features[1000];
    bool written = false, well = fc_online_writer_open(path, &writer, &err) == FC_OK;

    for (int turn = 0; well && turn < TURNS; turn++) {
        well = fc_online_writer_begin(writer, &err) == FC_OK;
        for (int i = 0; well && i < TURN_ROWS; i++) {
            int number = from + 2 * (turn * TURN_ROWS + i);
            memset(features, 'a' + number % 26, sizeof features);
            (void)snprintf(key, sizeof key, "%d", (int)((number * 7919L) % TURN_KEYS));
            struct fc_online_row row = row_of(key, at(number + 1, 0), none, "");
            row.features = (fc_str){.ptr = features, .len = sizeof features};
            well = fc_online_writer_put(writer, &row, &written, &err) == FC_OK;
        }
        well = well && fc_online_writer_commit(writer, &err) == FC_OK;
    }
    fc_online_writer_close(writer);
    return well;
}

static void two_processes_write_at_once(void **state)
{
    struct fixture *fixture = *state;
    static int newest[TURN_KEYS];
    struct fc_online_row row;
    pid_t child = fork();
    char key[16];
    int status = 0;

    if (child == 0)
        _exit(write_turns(fixture->path, 0) ? 0 : 1);
    assert_true(child > 0);
    assert_true(write_turns(fixture->path, 1));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int number = 0; number < 2 * TURNS * TURN_ROWS; number++)
        newest[(number * 7919L) % TURN_KEYS] = number + 1;
    /* Each row has a checksum, which reading looks at. */
    struct fc_online_reader *reader = open_reader(fixture);
    for (int i = 0; i < TURN_KEYS; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        assert_int_equal(get(fixture, reader, key, &row), newest[i] > 0);
        assert_true(newest[i] == 0 || row.event.seconds == newest[i]);
    }
    fc_online_reader_close(reader);
}

static void a_writer_that_was_killed_leaves_its_commits_and_no_lock(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = fork();

    if (child == 0) {
        struct fc_online_writer *writer = NULL;
        struct fc_error err = FC_ERROR_INIT;
        struct fc_online_row kept = row_of("kept", at(1, 0), none, "kept");
        struct fc_online_row lost = row_of("lost", at(1, 0), none, "lost");
        bool written;
        bool well = fc_online_writer_open(fixture->path, &writer, &err) == FC_OK &&
                    fc_online_writer_begin(writer, &err) == FC_OK &&
                    fc_online_writer_put(writer, &kept, &written, &err) == FC_OK &&
                    fc_online_writer_commit(writer, &err) == FC_OK &&
                    fc_online_writer_begin(writer, &err) == FC_OK &&
                    fc_online_writer_put(writer, &lost, &written, &err) == FC_OK;
        _exit(well ? 0 : 1); /* nothing is closed */
    }
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    struct fc_online_row row;
    struct fc_online_reader *reader = open_reader(fixture);
    assert_features(fixture, reader, "kept", "kept");
    assert_false(get(fixture, reader, "lost", &row));
    struct fc_online_writer *writer = open_writer(fixture);
    assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
    assert_true(put(fixture, writer, row_of("lost", at(1, 0), none, "now")));
    assert_ok(fixture, fc_online_writer_commit(writer, &fixture->err));
    assert_features(fixture, reader, "lost", "now");
    fc_online_writer_close(writer);
    fc_online_reader_close(reader);
}

static void raw_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_changed_row_is_found_and_a_foreign_file_refused(void **state)
{
    struct fixture *fixture = *state;
    struct fc_online_writer *writer = open_writer(fixture);
    struct fc_online_reader *reader = NULL;
    struct fc_online_row row;
    bool found;

    assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
    assert_true(put(fixture, writer, row_of("k", at(1, 0), none, "x")));
    assert_ok(fixture, fc_online_writer_commit(writer, &fixture->err));
    fc_online_writer_close(writer);
    raw_sql(fixture->path, "UPDATE feature_row SET event_s = 2");
    reader = open_reader(fixture);
    assert_int_equal(
        fc_online_reader_get(reader, FC_STR("k"), fixture->arena, &row, &found, &fixture->err),
        FC_DATA_LOSS);
    fc_online_reader_close(reader);
    reader = NULL;

    raw_sql(fixture->path, "PRAGMA user_version = 99");
    assert_int_equal(fc_online_reader_open(fixture->path, &reader, &fixture->err),
                     FC_FAILED_PRECONDITION);
    assert_int_equal(fc_online_writer_open(fixture->path, &writer, &fixture->err),
                     FC_FAILED_PRECONDITION);
    assert_message_has(fixture, "99");
    raw_sql(fixture->path, "PRAGMA application_id = 7");
    assert_int_equal(fc_online_reader_open(fixture->path, &reader, &fixture->err), FC_DATA_LOSS);
    assert_int_equal(fc_online_writer_open(fixture->path, &writer, &fixture->err), FC_DATA_LOSS);
}

/* ---- Reading while writing ---- */

#define KEYS 50

struct load {
    struct fixture *fixture;
    atomic_bool stop;
    atomic_int torn, reads;
};

/* All rows of one commit carry the same number: a reader that sees a lower one later saw time go back. */
static void *read_on(void *ctx)
{
    struct load *load = ctx;
    struct fc_arena *arena = fc_arena_new((size_t)1024 * 1024);
    struct fc_online_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    int64_t last = 0;

    if (fc_online_reader_open(load->fixture->path, &reader, &err) != FC_OK)
        atomic_fetch_add(&load->torn, 1);
    while (reader && !atomic_load(&load->stop)) {
        for (int i = 0; i < KEYS; i++) {
            char key[16];
            struct fc_online_row row = {.event = {.seconds = -1}};
            bool found = false;
            (void)snprintf(key, sizeof key, "k%d", i);
            if (fc_online_reader_get(reader, fc_str_from(key), arena, &row, &found, &err) !=
                    FC_OK ||
                !found || row.event.seconds < last)
                atomic_fetch_add(&load->torn, 1);
            last = row.event.seconds;
            fc_arena_reset(arena);
        }
        atomic_fetch_add(&load->reads, 1);
    }
    fc_online_reader_close(reader);
    fc_arena_free(arena);
    return NULL;
}

static void put_all(struct fixture *fixture, struct fc_online_writer *writer, int64_t number)
{
    assert_ok(fixture, fc_online_writer_begin(writer, &fixture->err));
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_true(
            put(fixture, writer, row_of(key, at(number, 0), none, "features of some length")));
    }
    assert_ok(fixture, fc_online_writer_commit(writer, &fixture->err));
}

static void a_reader_sees_whole_commits_while_writing_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct load load = {.fixture = fixture};
    struct fc_online_writer *writer = open_writer(fixture);
    pthread_t threads[3];

    put_all(fixture, writer, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &load), 0);
    for (int64_t number = 2; number < 400 || (atomic_load(&load.reads) < 100 && number < 100000);
         number++) {
        put_all(fixture, writer, number);
        if (number % 100 == 0) {
            /* The next job takes over while readers stay. */
            fc_online_writer_close(writer);
            writer = open_writer(fixture);
        }
    }
    atomic_store(&load.stop, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    fc_online_writer_close(writer);
    assert_int_equal(atomic_load(&load.torn), 0);
    assert_true(atomic_load(&load.reads) > 0);
}

/* Makes the tables when the reader has read the first of its numbers. */
static int make_tables(unsigned event FC_UNUSED, void *ctx, void *stmt, void *text FC_UNUSED)
{
    struct fixture *fixture = ctx;
    struct fc_online_writer *writer = NULL;
    const char *sql = sqlite3_sql(stmt);

    if (sql && strcmp(sql, "PRAGMA user_version") == 0) {
        assert_ok(fixture, fc_online_writer_open(fixture->path, &writer, &fixture->err));
        fc_online_writer_close(writer);
    }
    return 0;
}

static void tables_that_are_made_meanwhile_are_not_there_yet(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *handle = NULL;
    int64_t version = -1;

    /* A file without tables, as a writer has it for a moment. */
    char *slash = strrchr(fixture->path, '/');
    *slash = '\0';
    assert_int_equal(fc_mkdirs(fixture->path, 0750), 0);
    *slash = '/';
    assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_trace_v2(handle, SQLITE_TRACE_STMT, make_tables, fixture), SQLITE_OK);
    assert_ok(fixture, fc_online_check_schema(handle, fixture->path, &version, &fixture->err));
    assert_int_equal(version, 0);
    assert_int_equal(sqlite3_trace_v2(handle, 0, NULL, NULL), SQLITE_OK);
    assert_ok(fixture, fc_online_check_schema(handle, fixture->path, &version, &fixture->err));
    assert_int_equal(version, FC_ONLINE_SCHEMA_VERSION);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_row_comes_back_as_it_was_put, setup, teardown),
    cmocka_unit_test_setup_teardown(an_older_row_never_replaces_a_newer_one, setup, teardown),
    cmocka_unit_test_setup_teardown(rows_of_one_transaction_meet_the_same_rules, setup, teardown),
    cmocka_unit_test_setup_teardown(what_was_not_committed_is_not_there, setup, teardown),
    cmocka_unit_test_setup_teardown(paths_of_long_names_stay_distinct_and_short, setup, teardown),
    cmocka_unit_test_setup_teardown(reading_before_anything_was_written_is_not_found, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(tables_that_are_made_meanwhile_are_not_there_yet, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(writers_take_turns, setup, teardown),
    cmocka_unit_test_setup_teardown(two_processes_write_at_once, setup, teardown),
    cmocka_unit_test_setup_teardown(a_writer_that_was_killed_leaves_its_commits_and_no_lock, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(a_changed_row_is_found_and_a_foreign_file_refused, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(a_reader_sees_whole_commits_while_writing_goes_on, setup,
                                    teardown),
};

FC_TEST_MAIN(cases)
