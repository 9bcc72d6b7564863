/* SPDX-License-Identifier: Apache-2.0 */
/* The last report of a feature table, as it was stored, and when the next look is due. */
#include <string.h>

#include "base/name_form.h"
#include "server/registry/encode.h"
#include "server/services/admin.h"
#include "server/services/job_view.h"
#include "storage/recheck.h"

/* A table that was applied with validation off has no report of its own: this is what it would say. */
static bool report_of_row(const struct fc_table_row *row, struct fc_arena *arena, fc_str *ret)
{
    Feast__Admin__V1__ValidationReport report = FEAST__ADMIN__V1__VALIDATION_REPORT__INIT;

    report.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    report.verdict = (Feast__Admin__V1__Verdict)row->verdict;
    report.spec_hash = fc_view_text(arena, row->hash);
    return report.spec_hash && fc_encode(arena, &report.base, ret);
}

/* When the next look is due stands beside the report: the wire lets a field follow the message that it belongs to. */
static fc_rc add_next_check(struct fc_reader *reader, int64_t table_id, struct fc_arena *arena,
                            fc_str *report, struct fc_error *err)
{
    Feast__Admin__V1__ValidationReport more = FEAST__ADMIN__V1__VALIDATION_REPORT__INIT;
    struct fc_recheck_row row = {.table_id = 0};
    fc_str tail;
    fc_rc rc = fc_recheck_find(reader, table_id, &row, err);

    if (rc != FC_OK || row.table_id == 0)
        return rc;
    more.next_check_at = fc_view_time(arena, row.next_ns);
    if (!more.next_check_at || !fc_encode(arena, &more.base, &tail))
        return fc_request_too_large(err);
    char *both = fc_arena_alloc(arena, report->len + tail.len);
    if (!both)
        return fc_request_too_large(err);
    memcpy(both, report->ptr, report->len);
    memcpy(both + report->len, tail.ptr, tail.len);
    *report = (fc_str){both, report->len + tail.len};
    return FC_OK;
}

static fc_rc find_report(const struct fc_services *services, const struct fc_table_row *row,
                         struct fc_arena *arena, fc_str *ret, struct fc_error *err)
{
    struct fc_reader *reader = NULL;

    if (row->report_id == 0) {
        return report_of_row(row, arena, ret)
                   ? FC_OK
                   : fc_fail(err, FC_REASON_REQUEST_TOO_LARGE, "no memory for the report");
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_report_find(reader, row->report_id, arena, ret, err);
    if (rc == FC_OK && ret->len > 0)
        rc = add_next_check(reader, row->id, arena, ret, err);
    if (rc == FC_OK && ret->len == 0) {
        return fc_fail(err, FC_REASON_REPORT_NOT_FOUND,
                       "there is no validation report of feature table \"%.*s\"",
                       (int)row->name.len, row->name.ptr);
    }
    return rc;
}

static fc_rc find_table(const struct fc_services *services, const char *project, const char *name,
                        struct fc_arena *arena, struct fc_table_row *ret, struct fc_error *err)
{
    fc_rc rc = admin_find_table(services, project, "table", name, arena, ret, err);

    if (rc == FC_OK && ret->deleted) {
        rc = fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, "table",
                           "Feature Table has been deleted: (project: %s, name: %s)",
                           fc_excerpt(arena, project), fc_excerpt(arena, name));
    }
    return rc;
}

/* The report that the row named may be gone when it is read: a new one took its place, and the row names that. */
static fc_rc find(const struct fc_services *services, const char *project, const char *name,
                  struct fc_arena *arena, fc_str *ret, struct fc_error *err)
{
    struct fc_table_row row = {.id = 0};
    int64_t gone;
    fc_rc rc;

    do {
        gone = row.report_id;
        rc = find_table(services, project, name, arena, &row, err);
        if (rc == FC_OK)
            rc = find_report(services, &row, arena, ret, err);
    } while (rc != FC_OK && err->reason == FC_REASON_REPORT_NOT_FOUND && row.report_id != gone);
    return rc;
}

void admin_get_report(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__GetValidationReportRequest *request = (const void *)message;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_error err = FC_ERROR_INIT;
    fc_str report, response;

    if (find(ctx, fc_request_project(request->project), request->table, arena, &report, &err) !=
        FC_OK)
        fc_rpc_fail(call, &err, NULL);
    else if (fc_encode_field(arena, 1, report, &response))
        fc_rpc_reply_bytes(call, response);
    else
        fc_request_fail_too_large(call);
}
