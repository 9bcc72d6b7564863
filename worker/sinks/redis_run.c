/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sinks/redis_run.h"

#include <string.h>

#include "storage/online/redis_dump.h"
#include "storage/redis/wire.h"

/* Rows in one call of the script: it costs as much as a row by itself, and nobody else is served meanwhile. */
#define SCRIPT_ROWS ((size_t)32)
/* Words of the script's call: EVALSHA, its sum, the number of keys, then of all rows, of each key and of each row. */
#define CALL_WORDS ((size_t)3)
#define HEAD_WORDS ((size_t)4)
#define ROW_WORDS  ((size_t)5)

extern const unsigned char fc_redis_put_script[];
extern const size_t fc_redis_put_script_size;

fc_rc fc_redis_runner_open(struct fc_redis_runner *runner,
                           const struct fc_redis_writer_options *options, struct fc_error *err)
{
    const fc_str script = {.ptr = (const char *)fc_redis_put_script,
                           .len = fc_redis_put_script_size};

    runner->config = options->config;
    runner->layout = options->layout;
    runner->fields = options->fields;
    fc_rc rc = fc_redis_client_new(options->config, &runner->client, err);
    return rc == FC_OK ? fc_redis_client_script(runner->client, script, runner->sha, err) : rc;
}

void fc_redis_runner_close(struct fc_redis_runner *runner)
{
    fc_redis_client_free(runner->client);
    runner->client = NULL;
    fc_buf_done(&runner->commands);
    fc_buf_done(&runner->pack);
}

static fc_str part(const struct fc_redis_batch *batch, size_t at, size_t len)
{
    return (fc_str){.ptr = batch->bytes.ptr + at, .len = len};
}

/* ---- Rows that may be new ---- */

/* What could not be created is for the script, which says what else may be wrong. */
static void judge(struct fc_redis_runner *runner, struct fc_redis_batch *batch, size_t row,
                  const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return;
    if (strncmp(reply->str, "BUSYKEY", 7) == 0)
        batch->there++;
    else
        batch->refused = true;
    runner->rows[runner->row_count++] = row;
}

/* Rows that have no command of their own are for the script as well. */
static fc_rc create(struct fc_redis_runner *runner, struct fc_redis_batch *batch,
                    struct fc_error *err)
{
    size_t count = 0, call = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct fc_redis_place *place = &batch->places[i];
        if (place->command_len == 0)
            continue;
        runner->calls[count++] =
            (struct fc_redis_call){.key = part(batch, place->stored_at, place->stored_len),
                                   .bytes = part(batch, place->command_at, place->command_len)};
    }
    fc_rc rc = count > 0 ? fc_redis_run(runner->client, runner->calls, count, err) : FC_OK;
    for (size_t i = 0; rc == FC_OK && i < batch->count; i++)
        if (batch->places[i].command_len == 0)
            runner->rows[runner->row_count++] = i;
        else
            judge(runner, batch, i, runner->calls[call++].reply);
    fc_redis_calls_done(runner->calls, count);
    return rc;
}

/* ---- The script ---- */

static fc_rc add_row(struct fc_redis_runner *runner, const struct fc_redis_batch *batch,
                     const struct fc_redis_place *place, struct fc_error *err)
{
    struct fc_buf *out = &runner->commands;
    fc_str fields = part(batch, place->fields_at, place->fields_len);

    if (place->command_len > 0) {
        fc_buf_clear(&runner->pack);
        if (!fc_redis_dump_to_pack(fields, &runner->pack))
            return fc_fail(err, FC_REASON_INTERNAL, "a row on its way to Redis cannot be read");
        fields = (fc_str){.ptr = runner->pack.ptr, .len = runner->pack.len};
    }
    fc_redis_word(out, (fc_str){.ptr = place->time, .len = place->time_len});
    fc_redis_word(out, (fc_str){.ptr = place->order, .len = sizeof(place->order)});
    if (place->expires)
        fc_redis_number(out, place->expiry);
    else
        fc_redis_word(out, FC_STR(""));
    fc_redis_word(out, fields);
    fc_redis_word(out, part(batch, place->nulls_at, place->nulls_len));
    return FC_OK;
}

static fc_rc add_call(struct fc_redis_runner *runner, const struct fc_redis_batch *batch,
                      const size_t *rows, size_t count, struct fc_error *err)
{
    struct fc_buf *out = &runner->commands;
    fc_rc rc = FC_OK;

    fc_redis_begin(out, CALL_WORDS + HEAD_WORDS + count * (1 + ROW_WORDS));
    fc_redis_word(out, FC_STR("EVALSHA"));
    fc_redis_word(out, (fc_str){.ptr = runner->sha, .len = 40});
    fc_redis_number(out, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct fc_redis_place *place = &batch->places[rows[i]];
        fc_redis_word(out, part(batch, place->stored_at, place->stored_len));
    }
    fc_redis_word(out, fc_str_from(fc_redis_layout_text(runner->layout)));
    fc_redis_word(out, runner->fields->time);
    fc_redis_word(out, runner->fields->order);
    fc_redis_word(out, runner->fields->expiry);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        rc = add_row(runner, batch, &batch->places[rows[i]], err);
    return rc;
}

/* The numbers of the rows that are late, from 1. */
static fc_rc take_answer(const struct fc_redis_runner *runner, struct fc_redis_batch *batch,
                         const size_t *rows, size_t count, const redisReply *reply,
                         struct fc_error *err)
{
    fc_rc rc = fc_redis_reply_check(runner->client, reply, err);
    bool good = rc == FC_OK && reply->type == REDIS_REPLY_ARRAY;

    for (size_t i = 0; good && i < reply->elements; i++) {
        const redisReply *late = reply->element[i];
        good = late->type == REDIS_REPLY_INTEGER && late->integer >= 1 &&
               late->integer <= (long long)count;
        if (good)
            batch->places[rows[late->integer - 1]].late = true;
    }
    if (rc == FC_OK && !good)
        rc = fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                     "the online store %s does not tell which rows are late", runner->config->url);
    return rc;
}

/* All keys of a call must be in one slot of a cluster: there each row has its own. */
static fc_rc compare(struct fc_redis_runner *runner, struct fc_redis_batch *batch,
                     struct fc_error *err)
{
    size_t step = runner->config->cluster ? 1 : SCRIPT_ROWS, calls = 0;
    size_t ends[FC_REDIS_BATCH_ROWS];
    fc_rc rc = FC_OK;

    fc_buf_clear(&runner->commands);
    for (size_t i = 0; rc == FC_OK && i < runner->row_count; i += step) {
        size_t left = runner->row_count - i;
        rc = add_call(runner, batch, &runner->rows[i], left < step ? left : step, err);
        ends[calls++] = runner->commands.len;
    }
    if (rc == FC_OK && (runner->commands.failed || runner->pack.failed))
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rows on their way to Redis");
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < calls; i++) {
        const struct fc_redis_place *first = &batch->places[runner->rows[i * step]];
        size_t begin = i > 0 ? ends[i - 1] : 0;
        runner->calls[i] = (struct fc_redis_call){
            .key = part(batch, first->stored_at, first->stored_len),
            .bytes = {.ptr = runner->commands.ptr + begin, .len = ends[i] - begin},
            .script = true};
    }
    rc = fc_redis_run(runner->client, runner->calls, calls, err);
    for (size_t i = 0; rc == FC_OK && i < calls; i++) {
        size_t left = runner->row_count - i * step;
        rc = take_answer(runner, batch, &runner->rows[i * step], left < step ? left : step,
                         runner->calls[i].reply, err);
    }
    fc_redis_calls_done(runner->calls, calls);
    return rc;
}

fc_rc fc_redis_run_batch(struct fc_redis_runner *runner, struct fc_redis_batch *batch,
                         struct fc_error *err)
{
    runner->row_count = 0;
    /* Without the attempt no row has a command of its own, and all are for the script. */
    fc_rc rc = create(runner, batch, err);
    return rc == FC_OK && runner->row_count > 0 ? compare(runner, batch, err) : rc;
}
