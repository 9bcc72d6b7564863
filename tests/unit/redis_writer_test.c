/* SPDX-License-Identifier: Apache-2.0 */
/* In which form rows go to a Redis, by what it refused before. The server is a stand-in: one from before Redis 7. */
#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sys.h"
#include "storage/online/redis_dump.h"
#include "storage/redis/wire.h"
#include "tests/support/local_port.h"
#include "worker/sinks/redis_writer.h"

#define BATCHES   12
#define WORDS_MAX 16
#define WORD_MAX  256
/* Of a dump: a listpack, which came with Redis 7. */
#define TYPE_COMPACT 16

struct fixture {
    int listener;
    uint16_t port;
    pthread_t thread;
    bool joined;
    unsigned refused, created, compared; /* commands; of the thread until it is joined */
    size_t told;
    struct fc_error err;
};

/* A command's words, each with its end; false when there is none any more. */
static bool read_command(FILE *stream, char words[WORDS_MAX][WORD_MAX])
{
    char line[64];

    if (!fgets(line, sizeof(line), stream) || line[0] != '*')
        return false;
    long count = strtol(line + 1, NULL, 10);
    for (long i = 0; i < count; i++) {
        char bytes[8192];
        if (!fgets(line, sizeof(line), stream) || line[0] != '$')
            return false;
        size_t len = strtoul(line + 1, NULL, 10);
        if (len + 2 > sizeof(bytes) || fread(bytes, 1, len + 2, stream) != len + 2)
            return false;
        if (i < WORDS_MAX)
            (void)snprintf(words[i], WORD_MAX, "%.*s", (int)len, bytes);
    }
    return true;
}

static void answer(struct fixture *f, FILE *stream, char words[WORDS_MAX][WORD_MAX])
{
    bool restore = strcmp(words[0], "RESTORE") == 0;

    if (restore && words[3][0] == TYPE_COMPACT) {
        f->refused++;
        fputs("-ERR Bad data format\r\n", stream);
    } else if (restore) {
        f->created++;
        fputs("+OK\r\n", stream);
    } else if (strcmp(words[0], "EVALSHA") == 0) {
        f->compared++;
        fputs("*0\r\n", stream);
    } else {
        fputs("+OK\r\n", stream);
    }
    (void)fflush(stream);
}

static void *serve(void *ctx)
{
    struct fixture *f = ctx;
    char words[WORDS_MAX][WORD_MAX] = {{0}};
    int fd = accept(f->listener, NULL, NULL);
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");

    while (in && out && read_command(in, words))
        answer(f, out, words);
    if (in)
        (void)fclose(in);
    if (out)
        (void)fclose(out);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    *state = f;
    f->listener = test_local_port(&f->port);
    assert_int_equal(listen(f->listener, 1), 0);
    return pthread_create(&f->thread, NULL, serve, f);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)shutdown(f->listener, SHUT_RDWR);
    if (!f->joined)
        (void)pthread_join(f->thread, NULL);
    (void)close(f->listener);
    free(f);
    return 0;
}

static size_t add(struct fc_buf *out, fc_str bytes)
{
    size_t at = out->len;

    fc_buf_append(out, bytes.ptr, bytes.len);
    return at;
}

/* One row under a key of its own, as the sink makes it in the batch's form. */
static void add_row(struct fc_redis_batch *batch, unsigned number)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf dump = FC_BUF_INIT;
    const struct fc_redis_pair pair = {.name = FC_STR("name"), .value = FC_STR("value")};
    struct fc_redis_place *place = &batch->places[batch->count++];
    struct fc_buf *out = &batch->bytes;
    char key[16];

    (void)snprintf(key, sizeof(key), "key%u", number);
    *place = (struct fc_redis_place){.key_len = strlen(key), .stored_len = strlen(key)};
    place->key_at = place->stored_at = add(out, fc_str_from(key));
    if (batch->form == FC_REDIS_NO_DUMP) {
        place->fields_at = place->nulls_at = out->len;
        return;
    }
    fc_redis_dump(&dump, &pair, 1, batch->form == FC_REDIS_COMPACT);
    place->command_at = out->len;
    fc_redis_begin(out, 4);
    fc_redis_word(out, FC_STR("RESTORE"));
    fc_redis_word(out, fc_str_from(key));
    fc_redis_number(out, 0);
    fc_redis_word(out, (fc_str){.ptr = dump.ptr, .len = dump.len});
    place->command_len = out->len - place->command_at;
    place->fields_len = dump.len;
    place->fields_at = place->nulls_at = out->len - 2 - dump.len;
}

static void count_told(void *ctx, fc_str key, bool written)
{
    struct fixture *f = ctx;

    (void)key;
    f->told += written;
}

/* What one batch was refused is known from then on; the batches after it, which use its memory, were refused nothing. */
static void what_was_refused_once_does_not_count_again(void **state)
{
    struct fixture *f = *state;
    const struct fc_redis_node_name node = {.host = "127.0.0.1", .port = f->port};
    const struct fc_redis_config config = {.url = "redis://127.0.0.1",
                                           .nodes = &node,
                                           .node_count = 1,
                                           .username = "",
                                           .password = "",
                                           .ca_file = "",
                                           .cert_file = "",
                                           .key_file = "",
                                           .timeout_ns = 60 * FC_NS_PER_S,
                                           .patience_ns = 60 * FC_NS_PER_S};
    const struct fc_redis_fields fields = {.time = FC_STR("_ts")};
    const struct fc_sink_told told = {.fn = count_told, .ctx = f};
    const struct fc_redis_writer_options options = {
        .config = &config, .layout = FC_REDIS_LAYOUT_A, .fields = &fields, .told = &told};
    struct fc_redis_writer *writer = NULL;
    enum fc_redis_form last = FC_REDIS_NO_DUMP;

    assert_int_equal(fc_redis_writer_open(&options, &writer, &f->err), FC_OK);
    for (unsigned i = 0; i < BATCHES; i++) {
        struct fc_redis_batch *batch = fc_redis_writer_batch(writer);
        last = batch->form;
        add_row(batch, i);
        assert_int_equal(fc_redis_writer_finish(writer, &f->err), FC_OK);
    }
    fc_redis_writer_close(writer);
    /* The connection has ended, and the thread with it. */
    (void)pthread_join(f->thread, NULL);
    f->joined = true;
    assert_int_equal(f->told, BATCHES);
    assert_int_equal(last, FC_REDIS_PLAIN);
    /* The second one was begun before the first was answered. */
    assert_int_equal(f->refused, 2);
    assert_int_equal(f->compared, 2);
    assert_int_equal(f->created, BATCHES - 2);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(what_was_refused_once_does_not_count_again, setup, teardown),
};

FC_TEST_MAIN(cases)
