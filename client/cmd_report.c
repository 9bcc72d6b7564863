/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl report */
#include "base/pbjson.h"
#include "client/cli.h"
#include "client/output.h"
#include "client/report_print.h"

enum fc_exit fc_cmd_report(struct fc_cli *cli)
{
    Feast__Admin__V1__GetValidationReportRequest request =
        FEAST__ADMIN__V1__GET_VALIDATION_REPORT_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_report, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code;

    request.project = (char *)cli->project;
    request.table = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const Feast__Admin__V1__ValidationReport *report =
        ((Feast__Admin__V1__GetValidationReportResponse *)call.reply.message)->report;
    if (!report)
        return FC_EXIT_INTERNAL;
    if (fc_output_wanted(cli))
        code = fc_output_value(cli, "ValidationReport", fc_pbjson_encode(&report->base, 0));
    else
        code = fc_report_print(cli, cli->args[0], report);
    return code == FC_EXIT_OK && fc_report_is_finding(report->verdict) ? FC_EXIT_FINDING : code;
}
