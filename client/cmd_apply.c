/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl apply: all documents are checked before the first is sent. */
#include <stdlib.h>
#include <string.h>

#include "client/ask.h"
#include "client/batch.h"
#include "client/cli.h"
#include "client/output.h"
#include "client/wait.h"

struct apply {
    struct fc_batch *batch;
    struct fc_cli *cli;
    json_t *items;
    size_t failed;
    enum fc_exit code; /* of the first failure */
};

static void record(struct apply *a, const struct fc_batch_item *item, const fc_batch_result *result)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "kind", item->kind, "name", item->name,
                               "project", item->project, "result", fc_batch_word(result));

    if (object && item->is_table && !fc_batch_refused(result))
        json_object_set_new(object, "validation",
                            json_string(fc_verdict_name((int)result->verdict)));
    if (object && fc_batch_refused(result))
        json_object_set_new(object, "message", json_string(result->message));
    json_array_append_new(a->items, object);
}

/* The command that tells all of it; "" for what was never a file. */
static const char *telling(const struct apply *a, const struct fc_batch_item *item)
{
    bool elsewhere = strcmp(item->project, a->cli->project) != 0;
    const char *text = "";

    if (!a->batch->dry_run)
        text = fc_arena_printf(a->cli->arena, "; `feastctl report %s%s%s` tells more", item->name,
                               elsewhere ? " -p " : "", elsewhere ? item->project : "");
    else if (a->cli->command->run != fc_cmd_import)
        text = fc_arena_printf(a->cli->arena, "; `feastctl validate -f %s` tells more",
                               item->doc->file);
    return text ? text : "";
}

/* Why a table that was accepted is not OK, from its report. */
static void explain_verdict(struct apply *a, const struct fc_batch_item *item,
                            const fc_batch_result *result)
{
    const char *reason = NULL;

    for (size_t i = 0; result->report && i < result->report->n_sources && !reason; i++)
        if (result->report->sources[i]->message[0])
            reason = result->report->sources[i]->message;
    if (!result->report || result->verdict == FEAST__ADMIN__V1__VERDICT__OK)
        return;
    fc_cli_warn(a->cli, "table %s %s registered%s%s%s%s", item->name,
                a->batch->dry_run ? "would be" : "is", fc_batch_verdict_text(result),
                reason ? ": " : "", reason ? reason : "", telling(a, item));
}

static void tell(void *ctx, size_t index, const fc_batch_result *result)
{
    struct apply *a = ctx;
    struct fc_batch_item item = fc_batch_item(a->batch, index);

    record(a, &item, result);
    if (fc_batch_refused(result)) {
        enum fc_exit code = fc_batch_print_refusal(a->batch, index, result);
        if (a->failed++ == 0)
            a->code = code;
        return;
    }
    if (a->batch->atomic && !a->batch->applied && !a->batch->dry_run)
        return; /* it did not happen */
    if (a->cli->format == FC_FORMAT_NAME)
        fprintf(a->cli->out, "%s/%s\n", item.word, item.name);
    else if (!fc_output_wanted(a->cli))
        fprintf(a->cli->out, "%s/%s %s%s%s\n", item.word, item.name, fc_batch_word(result),
                item.is_table ? fc_batch_verdict_text(result) : "",
                a->batch->dry_run ? " (dry run)" : "");
    if (item.is_table)
        explain_verdict(a, &item, result);
}

static enum fc_exit conclude(struct apply *a)
{
    struct fc_cli *cli = a->cli;
    size_t total = a->batch->docs.count + a->batch->removal_count;
    json_t *items = fc_steal(a->items);
    enum fc_exit code = FC_EXIT_OK;
    size_t sent = json_array_size(items);
    bool happened = a->batch->applied;

    if (cli->format == FC_FORMAT_JSON || cli->format == FC_FORMAT_YAML)
        code = fc_output_value(cli, "ApplyResult",
                               json_pack("{s:b, s:b, s:o}", "dryRun", a->batch->dry_run, "applied",
                                         happened, "items", items));
    else
        json_decref(items);
    fflush(cli->out);
    if (a->batch->stopped != FC_EXIT_OK && sent < total)
        fc_cli_note(cli, "Stopped; %zu of %zu documents were not sent.", total - sent, total);
    if (a->failed > 0 && a->batch->atomic && !a->batch->dry_run)
        fc_cli_note(cli, "Nothing was applied: %zu of %zu documents were refused.", a->failed,
                    total);
    else if (a->failed > 0 && total > 1)
        fc_cli_note(cli, "%zu of %zu documents were refused.", a->failed, total);
    if (a->failed > 0)
        return a->code;
    return a->batch->stopped != FC_EXIT_OK ? a->batch->stopped : code;
}

/* Tables without a source in a stream have nothing that begins by itself. */
static enum fc_exit wait_for_streams(struct apply *a)
{
    enum fc_exit code = FC_EXIT_OK;

    for (size_t i = 0; code == FC_EXIT_OK && i < a->batch->docs.count; i++) {
        const struct fc_doc *doc = &a->batch->docs.items[i];
        const fc_batch_result *result = a->batch->results[i];
        if (doc->kind == FC_DOC_TABLE && doc->table->stream_source)
            code = fc_wait_for_stream(a->cli, doc->project, doc->name,
                                      result ? result->stream_hash : "");
    }
    return code;
}

static enum fc_exit prepare(struct fc_cli *cli, struct fc_batch *batch)
{
    enum fc_exit code = fc_batch_read(cli, batch);

    if (code != FC_EXIT_OK || !fc_options_given(&cli->options, "prune"))
        return code;
    code = fc_batch_prune(batch);
    if (code != FC_EXIT_OK || batch->removal_count == 0 ||
        fc_options_given(&cli->options, "dry-run"))
        return code;
    return fc_ask(cli, "%zu feature tables are in none of the files (the first is %s/%s). Delete?",
                  batch->removal_count, batch->removals[0].project, batch->removals[0].name);
}

enum fc_exit fc_apply_batch(struct fc_cli *cli, struct fc_batch *batch)
{
    struct apply a = {.batch = batch, .cli = cli, .items = json_array()};

    if (!a.items)
        return fc_cli_no_memory(cli);
    batch->atomic = fc_options_given(&cli->options, "atomic");
    batch->dry_run = fc_options_given(&cli->options, "dry-run");
    fc_batch_send(batch, tell, &a);
    enum fc_exit code = conclude(&a);
    if (code == FC_EXIT_OK && fc_options_has(&cli->options, "wait") &&
        fc_options_given(&cli->options, "wait") && !batch->dry_run)
        code = wait_for_streams(&a);
    return code;
}

enum fc_exit fc_cmd_apply(struct fc_cli *cli)
{
    struct fc_batch batch;
    enum fc_exit code = prepare(cli, &batch);

    return code == FC_EXIT_OK ? fc_apply_batch(cli, &batch) : code;
}
