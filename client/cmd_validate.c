/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl validate: the checks of an apply, sources included, without registering anything. */
#include "base/pbjson.h"
#include "client/batch.h"
#include "client/cli.h"
#include "client/output.h"
#include "client/report_print.h"

static json_t *item(const struct fc_doc *doc, const fc_batch_result *result)
{
    json_t *violations = json_array();
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:b, s:s}", "kind", fc_doc_kind_name(doc->kind), "name",
                  doc->name, "project", doc->project, "acceptable",
                  result && !fc_batch_refused(result), "result", fc_batch_word(result));

    for (size_t i = 0; result && i < result->n_violations; i++)
        json_array_append_new(violations,
                              json_pack("{s:s, s:s}", "field", result->violations[i]->field,
                                        "message", result->violations[i]->description));
    json_object_set_new(object, "violations", violations);
    if (result && result->report)
        json_object_set_new(object, "report", fc_pbjson_encode(&result->report->base, 0));
    return object;
}

static enum fc_exit print_objects(struct fc_batch *batch)
{
    json_t *items = json_array();

    for (size_t i = 0; i < batch->docs.count; i++)
        json_array_append_new(items, item(&batch->docs.items[i], batch->results[i]));
    return fc_output_value(batch->cli, "ValidationResult", json_pack("{s:o}", "items", items));
}

static enum fc_exit print_text(struct fc_batch *batch)
{
    struct fc_cli *cli = batch->cli;
    bool first = true;

    for (size_t i = 0; i < batch->docs.count; i++) {
        const struct fc_doc *doc = &batch->docs.items[i];
        const fc_batch_result *result = batch->results[i];
        if (!result)
            continue;
        if (result->report) {
            fputs(first ? "" : "\n", cli->out);
            if (fc_report_print(cli, doc->name, result->report) != FC_EXIT_OK)
                return FC_EXIT_INTERNAL;
        } else if (!fc_batch_refused(result)) {
            fprintf(cli->out, "%s/%s is in order\n", fc_doc_word(doc->kind), doc->name);
        }
        first = false;
        fflush(cli->out);
        if (fc_batch_refused(result))
            (void)fc_batch_print_refusal(batch, i, result);
    }
    return FC_EXIT_OK;
}

/* A table whose sources were looked at before, as it is, is looked at again: that is what was asked for. */
static enum fc_exit look_again(struct fc_batch *batch)
{
    for (size_t i = 0; i < batch->docs.count; i++) {
        const struct fc_doc *doc = &batch->docs.items[i];
        Feast__Admin__V1__ValidateRequest request = FEAST__ADMIN__V1__VALIDATE_REQUEST__INIT;
        struct fc_call call = {.method = &fc_method_admin_validate, .request = &request.base};
        struct fc_error err = FC_ERROR_INIT;
        fc_batch_result *made;

        if (doc->kind != FC_DOC_TABLE || !batch->results[i] || batch->results[i]->report ||
            fc_batch_refused(batch->results[i]))
            continue;
        request.project = (char *)doc->project;
        request.table_spec = doc->table;
        request.mode = batch->mode;
        if (fc_client_call(batch->cli, &call, &err) != FC_OK)
            return fc_client_fail(batch->cli, &call, &err);
        const Feast__Admin__V1__ValidateResponse *reply = (const void *)call.reply.message;
        made = fc_arena_alloc(batch->cli->arena, sizeof *made);
        if (!made)
            return fc_cli_no_memory(batch->cli);
        *made = *batch->results[i];
        made->report = reply->report;
        if (!reply->acceptable)
            made->change = FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__REFUSED;
        if (!reply->acceptable)
            made->message = (char *)"its sources do not fit any more";
        batch->results[i] = made;
    }
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_validate(struct fc_cli *cli)
{
    struct fc_batch batch;
    enum fc_exit code = fc_batch_read(cli, &batch);

    if (code != FC_EXIT_OK)
        return code;
    batch.dry_run = true;
    fc_batch_send(&batch, NULL, NULL);
    if (batch.stopped != FC_EXIT_OK)
        return batch.stopped;
    code = look_again(&batch);
    if (code != FC_EXIT_OK)
        return code;
    code = fc_output_wanted(cli) ? print_objects(&batch) : print_text(&batch);
    for (size_t i = 0; code == FC_EXIT_OK && i < batch.docs.count; i++) {
        const fc_batch_result *result = batch.results[i];
        if (fc_batch_refused(result) || (result && fc_report_is_finding(result->verdict)))
            code = FC_EXIT_FINDING;
    }
    return code;
}
