/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl diff: files against the registry. 0: the same; 1: they differ; more: it could not be told. */
#include <string.h>
#include <unistd.h>

#include "client/batch.h"
#include "client/cli.h"
#include "client/output.h"
#include "client/spec_text.h"
#include "feast/core/CoreService.pb-c.h"

/* The registered object as text, empty when there is none. */
static enum fc_exit registered_store(struct fc_cli *cli, const struct fc_doc *doc,
                                     struct fc_arena *arena, struct fc_buf *ret)
{
    Feast__Core__GetOnlineStoreRequest request = FEAST__CORE__GET_ONLINE_STORE_REQUEST__INIT;
    struct fc_call call = {
        .method = &fc_method_core_get_online_store, .request = &request.base, .arena = arena};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_doc found = {.kind = FC_DOC_STORE};
    fc_rc rc;

    request.name = (char *)doc->name;
    rc = fc_client_call(cli, &call, &err);
    if (rc == FC_NOT_FOUND)
        return FC_EXIT_OK;
    if (rc != FC_OK)
        return fc_client_fail(cli, &call, &err);
    found.store = ((Feast__Core__GetOnlineStoreResponse *)call.reply.message)->online_store;
    return fc_spec_text(fc_spec_of_doc(&found), ret) ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

static enum fc_exit registered_object(struct fc_cli *cli, const struct fc_doc *doc,
                                      struct fc_arena *arena, struct fc_buf *ret)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_call call;
    fc_object object;
    fc_rc rc = fc_object_get(cli,
                             doc->kind == FC_DOC_ENTITY
                                 ? FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY
                                 : FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE,
                             doc->project, doc->name, arena, &call, &object, &err);

    if (rc == FC_NOT_FOUND)
        return FC_EXIT_OK;
    if (rc != FC_OK)
        return fc_client_fail(cli, &call, &err);
    return fc_spec_text(fc_spec_of_object(&object), ret) ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

static enum fc_exit diff_document(struct fc_cli *cli, const struct fc_doc *doc,
                                  struct fc_arena *arena, bool color)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf old = FC_BUF_INIT, new = FC_BUF_INIT;
    const char *word = fc_doc_word(doc->kind);
    const char *there = fc_arena_printf(arena, "%s/%s in the registry", word, doc->name);
    const char *here = fc_arena_printf(arena, "%s/%s in %s", word, doc->name, doc->file);
    enum fc_exit code = FC_EXIT_OK;

    if (doc->kind == FC_DOC_STORE)
        code = registered_store(cli, doc, arena, &old);
    else if (doc->kind != FC_DOC_PROJECT)
        code = registered_object(cli, doc, arena, &old);
    if (code != FC_EXIT_OK)
        return code;
    if (!there || !here || !fc_spec_text(fc_spec_of_doc(doc), &new) ||
        !fc_diff_print(there, fc_buf_text(&old), here, fc_buf_text(&new), color, cli->out))
        return fc_cli_no_memory(cli);
    return FC_EXIT_OK;
}

static bool differs(const fc_batch_result *result)
{
    return !result || result->change != FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__UNCHANGED;
}

static enum fc_exit print_objects(const struct fc_batch *batch)
{
    json_t *items = json_array();

    for (size_t i = 0; i < batch->docs.count; i++) {
        const struct fc_doc *doc = &batch->docs.items[i];
        json_array_append_new(items,
                              json_pack("{s:s, s:s, s:s, s:b, s:s}", "kind",
                                        fc_doc_kind_name(doc->kind), "name", doc->name, "project",
                                        doc->project, "differs", differs(batch->results[i]),
                                        "result", fc_batch_word(batch->results[i])));
    }
    return fc_output_value(batch->cli, "Diff", json_pack("{s:o}", "items", items));
}

static enum fc_exit print_text(struct fc_batch *batch, struct fc_arena *arena, bool *ret_differs)
{
    struct fc_cli *cli = batch->cli;
    bool color = cli->color && isatty(fileno(cli->out));
    enum fc_exit code = FC_EXIT_OK;

    for (size_t i = 0; code == FC_EXIT_OK && i < batch->docs.count; i++) {
        if (!differs(batch->results[i]))
            continue;
        *ret_differs = true;
        if (!fc_output_wanted(cli))
            code = diff_document(cli, &batch->docs.items[i], arena, color);
        fc_arena_reset(arena);
    }
    return code == FC_EXIT_OK && fc_output_wanted(cli) ? print_objects(batch) : code;
}

enum fc_exit fc_cmd_diff(struct fc_cli *cli)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(256u * 1024 * 1024);
    struct fc_batch batch;
    bool any = false;
    enum fc_exit code = arena ? fc_batch_read(cli, &batch) : fc_cli_no_memory(cli);

    if (code != FC_EXIT_OK)
        return code;
    batch.dry_run = true;
    batch.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    fc_batch_send(&batch, NULL, NULL);
    if (batch.stopped != FC_EXIT_OK)
        return batch.stopped;
    for (size_t i = 0; i < batch.docs.count; i++) {
        /* It does not differ from what it could never become: that is a mistake. */
        if (fc_batch_refused(batch.results[i]))
            code = fc_batch_print_refusal(&batch, i, batch.results[i]);
    }
    if (code != FC_EXIT_OK)
        return code;
    code = print_text(&batch, arena, &any);
    return code == FC_EXIT_OK && any ? FC_EXIT_FINDING : code;
}
