/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl jobs logs, jobs watch */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/sys.h"
#include "client/cli.h"
#include "client/job.h"

#define PAUSE_NS (300 * FC_NS_PER_MS)

/* A log that is being read. */
struct reading {
    struct fc_cli *cli;
    Feast__Admin__V1__ReadJobLogRequest request; /* where to go on */
    bool end, empty;                             /* of the last part */
};

/* Control characters of a log may not move the cursor; its line ends and tabs stay. */
static void put_log(struct fc_cli *cli, const ProtobufCBinaryData *data)
{
    for (size_t i = 0; i < data->len; i++) {
        uint8_t c = data->data[i];
        fputc((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, cli->out);
    }
    fflush(cli->out);
}

static enum fc_exit read_tail(struct fc_cli *cli, uint32_t *ret)
{
    const char *text = fc_options_get(&cli->options, "tail");
    char *end = NULL;
    unsigned long lines;

    *ret = 0;
    if (!text)
        return FC_EXIT_OK;
    errno = 0;
    lines = strtoul(text, &end, 10);
    if (errno || *end || end == text || lines > 1000000)
        return fc_cli_usage(cli, "--tail is \"%.40s\", expected a number of lines", text);
    *ret = (uint32_t)lines;
    return FC_EXIT_OK;
}

static bool on_part(void *ctx, const ProtobufCMessage *message)
{
    struct reading *reading = ctx;
    const Feast__Admin__V1__ReadJobLogResponse *part = (const void *)message;

    put_log(reading->cli, &part->data);
    reading->request.tail_lines = 0;
    reading->request.offset = part->next_offset;
    reading->end = part->end;
    reading->empty = part->data.len == 0;
    return true; /* the server ends the stream */
}

/* What is there already, a part at a time. */
static enum fc_exit read_on(struct reading *reading, struct fc_arena *arena)
{
    do {
        struct fc_call call = {
            .method = &fc_method_admin_job_log, .request = &reading->request.base, .arena = arena};
        struct fc_error err = FC_ERROR_INIT;
        if (fc_client_call(reading->cli, &call, &err) != FC_OK)
            return fc_client_fail(reading->cli, &call, &err);
        on_part(reading, call.reply.message);
        fc_arena_reset(arena);
    } while (!reading->end && !reading->empty);
    return FC_EXIT_OK;
}

/* What comes, until the job has ended or the server stops: then it is asked again for what is there. */
static enum fc_exit follow(struct reading *reading)
{
    struct fc_call call = {.method = &fc_method_admin_follow_log,
                           .request = &reading->request.base};
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = fc_client_stream(reading->cli, &call, on_part, reading, &err);

    if (rc != FC_OK && rc != FC_UNAVAILABLE)
        return fc_client_fail(reading->cli, &call, &err);
    if (!reading->end)
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_jobs_logs(struct fc_cli *cli)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(16u * 1024 * 1024);
    struct reading reading = {.cli = cli, .request = FEAST__ADMIN__V1__READ_JOB_LOG_REQUEST__INIT};
    enum fc_exit code = read_tail(cli, &reading.request.tail_lines);

    if (code != FC_EXIT_OK || !arena)
        return arena ? code : fc_cli_no_memory(cli);
    reading.request.job_id = (char *)fc_job_named(cli);
    for (;;) {
        code = read_on(&reading, arena);
        if (code != FC_EXIT_OK || reading.end || !fc_options_given(&cli->options, "follow"))
            return code;
        code = follow(&reading);
        if (code != FC_EXIT_OK || reading.end)
            return code;
    }
}

enum fc_exit fc_cmd_jobs_watch(struct fc_cli *cli)
{
    enum fc_exit code = fc_job_follow(cli, fc_job_named(cli));

    return code == FC_EXIT_OK ? fc_job_print(cli, fc_job_named(cli)) : code;
}
