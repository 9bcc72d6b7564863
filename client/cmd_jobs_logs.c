/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl jobs logs, jobs watch */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/sys.h"
#include "client/cli.h"
#include "client/job.h"

#define POLL_NS (300 * FC_NS_PER_MS)

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

enum fc_exit fc_cmd_jobs_logs(struct fc_cli *cli)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(16u * 1024 * 1024);
    Feast__Admin__V1__ReadJobLogRequest request = FEAST__ADMIN__V1__READ_JOB_LOG_REQUEST__INIT;
    bool follow = fc_options_given(&cli->options, "follow");
    enum fc_exit code = read_tail(cli, &request.tail_lines);

    if (code != FC_EXIT_OK || !arena)
        return arena ? code : fc_cli_no_memory(cli);
    request.job_id = (char *)fc_job_named(cli);
    for (;;) {
        struct fc_call call = {
            .method = &fc_method_admin_job_log, .request = &request.base, .arena = arena};
        struct fc_error err = FC_ERROR_INIT;
        if (fc_client_call(cli, &call, &err) != FC_OK)
            return fc_client_fail(cli, &call, &err);
        const Feast__Admin__V1__ReadJobLogResponse *reply = (const void *)call.reply.message;
        bool empty = reply->data.len == 0;
        put_log(cli, &reply->data);
        request.tail_lines = 0;
        request.offset = reply->next_offset;
        if (reply->end || (empty && !follow))
            return FC_EXIT_OK;
        fc_arena_reset(arena);
        if (empty)
            nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
}

enum fc_exit fc_cmd_jobs_watch(struct fc_cli *cli)
{
    enum fc_exit code = fc_job_follow(cli, fc_job_named(cli));

    return code == FC_EXIT_OK ? fc_job_print(cli, fc_job_named(cli)) : code;
}
