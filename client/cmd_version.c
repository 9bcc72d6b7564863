/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl version */
#include "client/cli.h"
#include "client/client.h"
#include "client/output.h"
#include "feast/core/CoreService.pb-c.h"

static enum fc_exit print_versions(struct fc_cli *cli, const char *server)
{
    if (cli->format == FC_FORMAT_JSON || cli->format == FC_FORMAT_YAML) {
        json_t *object = json_pack("{s:s}", "client", fc_client_version());
        if (object && server)
            json_object_set_new(object, "server",
                                json_pack("{s:s, s:s}", "url", cli->server, "version", server));
        return fc_output_value(cli, "Version", object);
    }
    fprintf(cli->out, "feastctl     %s\n", fc_client_version());
    if (server)
        fprintf(cli->out, "feast-core   %s at %s\n", server, cli->server);
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_version(struct fc_cli *cli)
{
    Feast__Core__GetFeastCoreVersionRequest request =
        FEAST__CORE__GET_FEAST_CORE_VERSION_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_version, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc;

    if (fc_options_given(&cli->options, "client"))
        return print_versions(cli, NULL);
    rc = fc_client_call(cli, &call, &err);
    if (rc != FC_OK) {
        (void)print_versions(cli, NULL);
        return fc_client_fail(cli, &call, &err);
    }
    return print_versions(
        cli, ((Feast__Core__GetFeastCoreVersionResponse *)call.reply.message)->version);
}
