/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream's worker keeps: places in the stream, what it tells of itself, and the file of rejected messages. */
#include "tests/unit/harness.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/scratch.h"
#include "worker/tasks/letter_file.h"
#include "worker/tasks/places.h"
#include "worker/tasks/stream_account.h"

#define ARENA_BYTES ((size_t)4 << 20)

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new(ARENA_BYTES);
    *state = f;
    return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

/* ---- Places ---- */

static void set(struct fixture *f, struct fc_places *places, const char *part, const char *offset)
{
    assert_int_equal(fc_places_set(places, part, offset, &f->err), FC_OK);
}

static void the_last_place_of_each_partition_is_kept(void **state)
{
    struct fixture *f = *state;
    FC_CLEANUP(fc_places_freep) struct fc_places *places = fc_places_new();
    Feast__Worker__V1__Progress progress = FEAST__WORKER__V1__PROGRESS__INIT;
    char part[16], offset[16];

    assert_string_equal(fc_places_text(places, f->arena), "");
    for (int i = 0; i < 300; i++) {
        (void)snprintf(part, sizeof(part), "%d", i * 7 % 100);
        (void)snprintf(offset, sizeof(offset), "%d", i);
        set(f, places, part, offset);
    }
    assert_int_equal(fc_places_count(places), 100);
    for (int i = 3; i < 100; i++) {
        (void)snprintf(part, sizeof(part), "%d", i);
        fc_places_forget(places, part);
    }
    fc_places_forget(places, "nowhere");
    assert_int_equal(fc_places_report(places, f->arena, &progress, &f->err), FC_OK);
    assert_int_equal(progress.n_positions, 3);
    for (int i = 0; i < 3; i++) {
        /* i = 7 * 43 * i modulo 100, in the last of three rounds */
        (void)snprintf(part, sizeof(part), "%d", i);
        (void)snprintf(offset, sizeof(offset), "%d", 200 + 43 * i % 100);
        assert_string_equal(progress.positions[i]->part, part);
        assert_string_equal(progress.positions[i]->offset, offset);
    }
    assert_string_equal(fc_places_text(places, f->arena), "0:200, 1:243, 2:286");
}

static void many_places_make_a_text_that_is_cut(void **state)
{
    struct fixture *f = *state;
    FC_CLEANUP(fc_places_freep) struct fc_places *places = fc_places_new();
    char part[16];

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(part, sizeof(part), "%d", i);
        set(f, places, part, "1");
    }
    const char *text = fc_places_text(places, f->arena);
    assert_in_range(strlen(text), 1000, 1020);
    assert_string_equal(text + strlen(text) - 5, ", ...");
}

/* ---- The account ---- */

struct telling {
    int count;
    char trouble[64];
    uint64_t read, lost;
    size_t positions;
    char places[64];
    int64_t behind, behind_ms;
    double pace;
};

static fc_rc take(void *ctx, const Feast__Worker__V1__Progress *progress, struct fc_error *err)
{
    struct telling *telling = ctx;

    (void)err;
    telling->count++;
    (void)snprintf(telling->trouble, sizeof(telling->trouble), "%s", progress->trouble);
    telling->read = progress->receipt->rows_read;
    telling->lost = progress->receipt->messages_lost;
    telling->positions = progress->n_positions;
    telling->places[0] = '\0';
    for (size_t i = 0; i < progress->n_positions; i++) {
        size_t at = strlen(telling->places);
        (void)snprintf(telling->places + at, sizeof(telling->places) - at, " %s:%s",
                       progress->positions[i]->part, progress->positions[i]->offset);
    }
    telling->behind = progress->behind;
    telling->behind_ms = progress->behind_ms;
    telling->pace = progress->rows_per_second;
    assert_int_equal(progress->rows_read, telling->read);
    assert_true(progress->percent < 0);
    return FC_OK;
}

struct clock {
    struct fc_sys sys;
    int64_t now;
};

static int64_t clock_now(void *ctx)
{
    return ((struct clock *)ctx)->now;
}

/* An order that goes on from an account: ten rows read, all rejected, four messages lost, 2.5 seconds. */
struct earlier {
    Feast__Worker__V1__Ingest order;
    Feast__Worker__V1__Progress from;
    Feast__Worker__V1__Receipt receipt;
    Feast__Worker__V1__Receipt__Rejection rejection, *rejections[1];
};

static void make_earlier(struct fixture *f, struct earlier *e)
{
    feast__worker__v1__ingest__init(&e->order);
    feast__worker__v1__progress__init(&e->from);
    feast__worker__v1__receipt__init(&e->receipt);
    feast__worker__v1__receipt__rejection__init(&e->rejection);
    e->order.from = &e->from;
    e->order.spec_revision = 3;
    e->from.receipt = &e->receipt;
    e->receipt.rows_read = e->receipt.rows_rejected = 10;
    e->receipt.messages_lost = 4;
    e->receipt.seconds = 2.5;
    e->receipt.rejections = e->rejections;
    e->receipt.n_rejections = 1;
    e->rejections[0] = &e->rejection;
    e->rejection.column = fc_arena_strdup(f->arena, "id");
    e->rejection.reason = fc_arena_strdup(f->arena, "NULL");
    e->rejection.first_value = fc_arena_strdup(f->arena, "null");
    e->rejection.count = 10;
}

struct begun {
    struct earlier earlier;
    struct clock clock;
    struct fc_bound_column column;
    struct fc_binding binding;
    struct fc_dead_letters *letters;
    struct fc_stream_account account;
    struct telling telling;
};

static void begin(struct fixture *f, struct begun *b)
{
    b->clock = (struct clock){.sys = *fc_sys_real(), .now = 100 * FC_NS_PER_S};
    b->clock.sys.ctx = &b->clock;
    b->clock.sys.monotonic_ns = clock_now;
    b->column = (struct fc_bound_column){.column = "id"};
    b->binding = (struct fc_binding){.columns = &b->column, .count = 1};
    make_earlier(f, &b->earlier);
    assert_int_equal(fc_dead_letters_open("", FC_LETTERS_LAST, &b->binding, &b->letters, &f->err),
                     FC_OK);
    fc_dead_letters_resume(b->letters, &b->earlier.receipt);
    assert_int_equal(
        fc_stream_account_begin(&b->account, &b->clock.sys, &b->earlier.order, b->letters, &f->err),
        FC_OK);
}

static void end(struct begun *b)
{
    fc_stream_account_done(&b->account);
    fc_dead_letters_free(b->letters);
}

static void tell(struct fixture *f, struct begun *b, const char *phase)
{
    assert_int_equal(fc_stream_account_tell(&b->account, phase, take, &b->telling, &f->err), FC_OK);
}

static void reach(struct fixture *f, struct begun *b, const struct fc_consume_batch *batch)
{
    assert_int_equal(fc_stream_account_reached(&b->account, batch, &f->err), FC_OK);
}

static void the_account_of_an_earlier_worker_goes_on(void **state)
{
    struct fixture *f = *state;
    const struct fc_broker_position next[] = {{.partition = "0", .offset = "5"},
                                              {.partition = "1", .offset = "6"}};
    const struct fc_consume_batch batch = {
        .next = next, .next_count = 2, .partitions = 2, .lost = 3};
    Feast__Worker__V1__Receipt *last = NULL;
    struct begun b = {.letters = NULL};

    begin(f, &b);
    assert_int_equal(fc_stream_account_receipt(&b.account, f->arena, &last, &f->err), FC_OK);
    assert_null(last);
    tell(f, &b, "open");
    assert_int_equal(b.telling.read, 10);
    b.account.receipt.rows_read++;
    reach(f, &b, &batch);
    b.clock.now += 2 * FC_NS_PER_S;
    tell(f, &b, "read");
    assert_int_equal(b.telling.read, 11);
    assert_int_equal(b.telling.lost, 7);
    assert_int_equal(b.telling.positions, 2);

    assert_int_equal(fc_stream_account_receipt(&b.account, f->arena, &last, &f->err), FC_OK);
    end(&b);
    assert_int_equal(last->rows_read, 11);
    assert_int_equal(last->spec_revision, 3);
    assert_string_equal(last->source_version, "0:5, 1:6");
    assert_true(last->seconds > 4.4 && last->seconds < 4.6);
    assert_int_equal(last->n_rejections, 1);
    assert_int_equal(last->rejections[0]->count, 10);
    assert_string_equal(last->rejections[0]->reason, "NULL");
}

static void it_is_told_soon_when_there_is_news_and_now_and_then_else(void **state)
{
    struct fixture *f = *state;
    const struct fc_broker_position next = {.partition = "0", .offset = "5"};
    struct fc_consume_batch batch = {.next = &next, .next_count = 1, .partitions = 1};
    struct begun b = {.letters = NULL};

    begin(f, &b);
    tell(f, &b, "open");
    reach(f, &b, &batch);
    assert_false(fc_stream_account_due(&b.account));
    b.clock.now += FC_NS_PER_S;
    assert_true(fc_stream_account_due(&b.account));
    tell(f, &b, "read");
    batch.next_count = 0;
    reach(f, &b, &batch);
    b.clock.now += FC_NS_PER_S;
    assert_false(fc_stream_account_due(&b.account));
    batch.trouble = "no broker";
    reach(f, &b, &batch);
    assert_true(fc_stream_account_due(&b.account));
    tell(f, &b, "read");
    assert_string_equal(b.telling.trouble, "no broker");
    reach(f, &b, &batch);
    b.clock.now += FC_NS_PER_S;
    assert_false(fc_stream_account_due(&b.account));
    b.clock.now += 10 * FC_NS_PER_S;
    assert_true(fc_stream_account_due(&b.account));
    end(&b);
}

static void waits(struct fixture *f, struct begun *b, const char *why)
{
    assert_int_equal(fc_stream_account_waits(&b->account, why, take, &b->telling, &f->err), FC_OK);
}

/* A message that was read and waits for its store is in no account yet, and neither are the places before it. */
static void a_store_that_is_waited_for_is_told_with_the_account_told_last(void **state)
{
    struct fixture *f = *state;
    const struct fc_broker_position next = {.partition = "0", .offset = "5"};
    const struct fc_consume_batch batch = {
        .next = &next, .next_count = 1, .count = 1, .partitions = 1};
    struct begun b = {.letters = NULL};

    begin(f, &b);
    waits(f, &b, "before anything was told");
    assert_int_equal(b.telling.count, 0);
    tell(f, &b, "open");
    b.account.receipt.rows_read++;
    reach(f, &b, &batch);
    b.account.receipt.rows_read++;
    waits(f, &b, "Redis is away");
    assert_int_equal(b.telling.count, 2);
    assert_string_equal(b.telling.trouble, "Redis is away");
    assert_int_equal(b.telling.read, 10);
    assert_int_equal(b.telling.positions, 0);
    waits(f, &b, "Redis is away");
    assert_int_equal(b.telling.count, 2);
    b.clock.now += 10 * FC_NS_PER_S;
    waits(f, &b, "Redis is away");
    assert_int_equal(b.telling.count, 3);
    waits(f, &b, "Redis is loading");
    assert_string_equal(b.telling.trouble, "Redis is loading");
    reach(f, &b, &batch);
    b.clock.now += FC_NS_PER_S;
    assert_true(fc_stream_account_due(&b.account));
    tell(f, &b, "read");
    assert_string_equal(b.telling.trouble, "");
    assert_int_equal(b.telling.read, 12);
    assert_int_equal(b.telling.positions, 1);
    end(&b);
}

/* Rows of a batch were written after the last progress, then the store went away: the places told then are told again. */
static void a_store_that_is_waited_for_is_told_with_the_places_told_last(void **state)
{
    struct fixture *f = *state;
    struct fc_broker_position next[] = {{.partition = "0", .offset = "500"},
                                        {.partition = "1", .offset = "600"}};
    const struct fc_consume_batch batch = {
        .next = next, .next_count = 2, .count = 1, .partitions = 2};
    struct begun b = {.letters = NULL};

    begin(f, &b);
    reach(f, &b, &batch);
    tell(f, &b, "read");
    assert_string_equal(b.telling.places, " 0:500 1:600");
    next[0].offset = "501";
    next[1].offset = "601";
    reach(f, &b, &batch);
    waits(f, &b, "Redis is away");
    assert_string_equal(b.telling.places, " 0:500 1:600");
    tell(f, &b, "read");
    assert_string_equal(b.telling.places, " 0:501 1:601");
    fc_places_forget(b.account.places, "1");
    waits(f, &b, "Redis is loading");
    assert_string_equal(b.telling.places, " 0:501 1:601");
    end(&b);
}

static void how_late_it_is_is_told_as_the_broker_tells_it(void **state)
{
    struct fixture *f = *state;
    const struct fc_consume_batch messages = {.behind = 12, .behind_ms = -1},
                                  time = {.behind = -1, .behind_ms = 2500};
    struct begun b = {.letters = NULL};

    begin(f, &b);
    tell(f, &b, "open");
    assert_int_equal(b.telling.behind, -1);
    assert_int_equal(b.telling.behind_ms, -1);
    reach(f, &b, &messages);
    tell(f, &b, "read");
    assert_int_equal(b.telling.behind, 12);
    assert_int_equal(b.telling.behind_ms, -1);
    reach(f, &b, &time);
    tell(f, &b, "read");
    assert_int_equal(b.telling.behind, -1);
    assert_int_equal(b.telling.behind_ms, 2500);
    end(&b);
}

/* 100 rows a second for a minute, then none: what was read by an earlier worker is no part of it. */
static void the_pace_is_that_of_the_last_seconds(void **state)
{
    struct fixture *f = *state;
    struct begun b = {.letters = NULL};

    begin(f, &b);
    tell(f, &b, "open");
    assert_true(b.telling.pace == 0);
    for (int i = 0; i < 60; i++) {
        b.clock.now += FC_NS_PER_S;
        b.account.receipt.rows_read += 100;
        tell(f, &b, "read");
        assert_true(b.telling.pace > 99.9 && b.telling.pace < 100.1);
    }
    b.clock.now += 3 * FC_NS_PER_S;
    tell(f, &b, "read");
    assert_true(b.telling.pace > 0 && b.telling.pace < 100);
    for (int i = 0; i < 4; i++) {
        b.clock.now += 3 * FC_NS_PER_S;
        tell(f, &b, "read");
    }
    assert_true(b.telling.pace == 0);
    end(&b);
}

/* ---- The file ---- */

static off_t size_of(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? info.st_size : -1;
}

static void add_line(struct fixture *f, struct fc_letter_file *file, size_t size, char c)
{
    struct fc_buf *line = fc_letter_file_line(file);

    assert_non_null(line);
    assert_true(fc_buf_reserve(line, size));
    memset(line->ptr + line->len, c, size - 1);
    line->len += size - 1;
    fc_buf_putc(line, '\n');
    assert_int_equal(fc_letter_file_added(file, &f->err), FC_OK);
}

static void the_last_letters_are_kept_within_bounds(void **state)
{
    struct fixture *f = *state;
    const char *path = fc_arena_strdup(f->arena, test_path(&f->scratch, "letters"));
    const char *older = fc_arena_strdup(f->arena, test_path(&f->scratch, "letters.1"));
    const size_t size = (size_t)1 << 20;
    struct fc_letter_file *file = NULL;

    assert_int_equal(fc_letter_file_open(path, FC_LETTERS_LAST, &file, &f->err), FC_OK);
    for (int i = 0; i < 150; i++)
        add_line(f, file, size, (char)('a' + i / 50));
    assert_int_equal(fc_letter_file_sync(file, &f->err), FC_OK);
    assert_int_equal(size_of(older), FC_LETTER_TURN);
    assert_int_equal(size_of(path), 150 * (int64_t)size - 2 * FC_LETTER_TURN);
    /* Killed in the middle of a line: the next begins on one of its own. */
    fc_letter_file_free(file);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(fc_letter_file_open(path, FC_LETTERS_LAST, &file, &f->err), FC_OK);
    add_line(f, file, 10, 'z');
    assert_int_equal(fc_letter_file_finish(file, &f->err), FC_OK);
    fc_letter_file_free(file);
    FILE *read = fopen(path, "r");
    char text[200] = "";
    assert_non_null(read);
    assert_int_equal(fread(text, 1, sizeof(text), read), 111);
    fclose(read);
    assert_string_equal(text + 100, "\nzzzzzzzzz\n");
}

static void a_full_disk_is_told(void **state)
{
    struct fixture *f = *state;
    struct fc_letter_file *file = NULL;

    assert_int_equal(fc_letter_file_open("/dev/full", FC_LETTERS_LAST, &file, &f->err), FC_OK);
    fc_buf_puts(fc_letter_file_line(file), "line\n");
    assert_int_equal(fc_letter_file_added(file, &f->err), FC_OK);
    assert_int_equal(fc_letter_file_sync(file, &f->err), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "dead letters cannot be written to /dev/full"));
    fc_letter_file_free(file);
    assert_int_equal(
        fc_letter_file_open(test_path(&f->scratch, "no/such"), FC_LETTERS_LAST, &file, &f->err),
        FC_UNAVAILABLE);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Half of a line fits: none of it stays, and with room again all of it is there once. */
static void a_line_that_does_not_fit_leaves_no_half(void **state)
{
    static const enum fc_letter_keep keeps[] = {FC_LETTERS_FIRST, FC_LETTERS_MORE, FC_LETTERS_LAST};
    struct fixture *f = *state;

    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (size_t i = 0; i < FC_ARRAY_LEN(keeps); i++) {
        const char *path = fc_arena_strdup(f->arena, test_path(&f->scratch, "letters"));
        struct fc_letter_file *file = NULL;
        assert_int_equal(fc_letter_file_open(path, keeps[i], &file, &f->err), FC_OK);
        add_line(f, file, 100, 'a');
        assert_int_equal(fc_letter_file_sync(file, &f->err), FC_OK);
        limit_files(150);
        add_line(f, file, 100, 'b');
        assert_int_equal(fc_letter_file_sync(file, &f->err), FC_UNAVAILABLE);
        assert_int_equal(size_of(path), 100);
        limit_files(RLIM_INFINITY);
        assert_int_equal(fc_letter_file_finish(file, &f->err), FC_OK);
        assert_int_equal(size_of(path), 200);
        fc_letter_file_free(file);
        assert_int_equal(unlink(path), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(the_last_place_of_each_partition_is_kept),
    CASE(many_places_make_a_text_that_is_cut),
    CASE(the_account_of_an_earlier_worker_goes_on),
    CASE(it_is_told_soon_when_there_is_news_and_now_and_then_else),
    CASE(a_store_that_is_waited_for_is_told_with_the_account_told_last),
    CASE(a_store_that_is_waited_for_is_told_with_the_places_told_last),
    CASE(how_late_it_is_is_told_as_the_broker_tells_it),
    CASE(the_pace_is_that_of_the_last_seconds),
    CASE(the_last_letters_are_kept_within_bounds),
    CASE(a_full_disk_is_told),
    CASE(a_line_that_does_not_fit_leaves_no_half),
};

FC_TEST_MAIN(cases)
