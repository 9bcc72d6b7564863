/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl health: what load balancers ask, for images and units that have no other program to ask with. */
#include "client/cli.h"
#include "client/client.h"
#include "client/output.h"
#include "grpc/health/v1/health.pb-c.h"

static const char *word_of(Grpc__Health__V1__HealthCheckResponse__ServingStatus status)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &grpc__health__v1__health_check_response__serving_status__descriptor, (int)status);

    return value ? value->name : "UNKNOWN";
}

enum fc_exit fc_cmd_health(struct fc_cli *cli)
{
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_health_check, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = FC_EXIT_OK;

    if (cli->arg_count > 0)
        request.service = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    Grpc__Health__V1__HealthCheckResponse__ServingStatus status =
        ((const Grpc__Health__V1__HealthCheckResponse *)call.reply.message)->status;
    if (fc_output_wanted(cli))
        code = fc_output_value(cli, "Health", json_pack("{s:s}", "status", word_of(status)));
    else
        fprintf(cli->out, "%s\n", word_of(status));
    if (code != FC_EXIT_OK)
        return code;
    return status == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
               ? FC_EXIT_OK
               : FC_EXIT_FINDING;
}
