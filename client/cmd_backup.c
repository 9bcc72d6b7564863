/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl backup: the server copies its registry while it goes on working. */
#include <errno.h>
#include <stdlib.h>

#include "client/cli.h"
#include "client/client.h"
#include "client/output.h"
#include "feast/admin/v1/admin.pb-c.h"

/* At most this many, so that a slip is told and not a disk that fills. */
#define KEEP_MAX 100000

static bool read_keep(const struct fc_cli *cli, uint32_t *ret)
{
    const char *text = fc_options_get(&cli->options, "keep");
    char *end = NULL;

    errno = 0;
    long keep = strtol(text, &end, 10);
    *ret = (uint32_t)keep;
    return end != text && *end == '\0' && errno == 0 && keep >= 0 && keep <= KEEP_MAX;
}

static enum fc_exit print(struct fc_cli *cli, const Feast__Admin__V1__BackupResponse *made)
{
    if (fc_output_wanted(cli))
        return fc_output_value(cli, "Backup",
                               json_pack("{s:s, s:I, s:f, s:i}", "path", made->path, "bytes",
                                         (json_int_t)made->bytes, "seconds", made->seconds,
                                         "removed", (int)made->removed));
    fprintf(cli->out, "%s\n", made->path);
    fc_cli_note(cli, "%llu bytes in %.1f s on the server; %u older backups removed.",
                (unsigned long long)made->bytes, made->seconds, made->removed);
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_backup(struct fc_cli *cli)
{
    Feast__Admin__V1__BackupRequest request = FEAST__ADMIN__V1__BACKUP_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_backup, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (!read_keep(cli, &request.keep))
        return fc_cli_usage(cli, "--keep is \"%.40s\", expected a number from 0 to %d",
                            fc_options_get(&cli->options, "keep"), KEEP_MAX);
    if (cli->arg_count > 0)
        request.path = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    return print(cli, (const void *)call.reply.message);
}
