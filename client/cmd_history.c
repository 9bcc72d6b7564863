/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl history, and get --revision: every state that an object was in. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/pbjson.h"
#include "client/cli.h"
#include "client/cmd_get.h"
#include "client/spec_text.h"
#include "client/values.h"

typedef Feast__Admin__V1__Revision revision;

/* Called for each, newest first; false ends. */
typedef bool (*revision_fn)(void *ctx, const revision *found);

static enum fc_exit each_revision(struct fc_cli *cli, const struct fc_view *view, const char *name,
                                  struct fc_arena *arena, revision_fn fn, void *ctx)
{
    Feast__Admin__V1__ListRevisionsRequest request = FEAST__ADMIN__V1__LIST_REVISIONS_REQUEST__INIT;
    char token[64] = "";
    bool more = true;

    request.project = (char *)cli->project;
    request.kind = view->objects;
    request.name = (char *)name;
    request.page_token = token;
    while (more) {
        struct fc_call call = {
            .method = &fc_method_admin_revisions, .request = &request.base, .arena = arena};
        struct fc_error err = FC_ERROR_INIT;
        if (fc_client_call(cli, &call, &err) != FC_OK)
            return fc_client_fail(cli, &call, &err);
        const Feast__Admin__V1__ListRevisionsResponse *reply = (const void *)call.reply.message;
        for (size_t i = 0; more && i < reply->n_revisions; i++)
            more = fn(ctx, reply->revisions[i]);
        snprintf(token, sizeof(token), "%s", reply->next_page_token);
        more = more && token[0];
        fc_arena_reset(arena);
    }
    return FC_EXIT_OK;
}

static enum fc_exit check_view(struct fc_cli *cli, const struct fc_view *view, const char *name)
{
    if (view->add != fc_show_entity && view->add != fc_show_table)
        return fc_cli_usage(cli, "%s have no history; entities and tables have", view->names[0]);
    return name ? FC_EXIT_OK
                : fc_cli_usage(cli, "a history is that of one %s: name it", view->names[1]);
}

static json_t *spec_of(const revision *found)
{
    fc_object object = FEAST__ADMIN__V1__LISTED_OBJECT__INIT;
    Feast__Core__Entity entity = FEAST__CORE__ENTITY__INIT;
    Feast__Core__FeatureTable table = FEAST__CORE__FEATURE_TABLE__INIT;

    if (found->spec_case == FEAST__ADMIN__V1__REVISION__SPEC_ENTITY) {
        object.object_case = FEAST__ADMIN__V1__LISTED_OBJECT__OBJECT_ENTITY;
        object.entity = &entity;
        entity.spec = found->entity;
    } else {
        object.object_case = FEAST__ADMIN__V1__LISTED_OBJECT__OBJECT_FEATURE_TABLE;
        object.feature_table = &table;
        table.spec = found->feature_table;
    }
    return fc_spec_of_object(&object);
}

/* -- history ------------------------------------------------------------------------------------------------- */

struct history {
    struct fc_cli *cli;
    struct fc_table *table;
    struct fc_output output;
    bool diff, color, failed;
    struct fc_buf newer; /* text of the revision shown before, which came after */
    int64_t newer_number;
};

static bool add_row(void *ctx, const revision *found)
{
    struct history *h = ctx;

    if (fc_output_wanted(h->cli)) {
        char name[32];
        snprintf(name, sizeof(name), "%" PRId64, found->number);
        fc_output_add(&h->output, name, fc_pbjson_encode(&found->base, FC_PBJSON_DEFAULT));
        return true;
    }
    fc_table_row(h->table);
    fc_table_cellf(h->table, "%" PRId64, found->number);
    fc_table_cell(h->table, fc_time_text(h->cli->arena, found->changed_at));
    fc_table_cell(h->table, found->deleted       ? "deleted"
                            : found->number == 0 ? "created"
                                                 : "changed");
    return true;
}

static bool add_diff(void *ctx, const revision *found)
{
    struct history *h = ctx;
    FC_CLEANUP(fc_buf_done) struct fc_buf older = FC_BUF_INIT;
    char names[2][64];
    bool good = found->deleted || fc_spec_text(spec_of(found), &older);

    snprintf(names[0], sizeof(names[0]), "revision %" PRId64, found->number);
    snprintf(names[1], sizeof(names[1]), "revision %" PRId64, h->newer_number);
    if (h->newer_number >= 0)
        good = good && fc_diff_print(names[0], fc_buf_text(&older), names[1],
                                     fc_buf_text(&h->newer), h->color, h->cli->out);
    fc_buf_clear(&h->newer);
    fc_buf_append(&h->newer, fc_buf_text(&older), older.len);
    h->newer_number = found->number;
    h->failed = h->failed || !good || h->newer.failed;
    return good;
}

enum fc_exit fc_cmd_history(struct fc_cli *cli)
{
    static const struct fc_table_column columns[] = {
        {.title = "REVISION", .right = true}, {.title = "TIME"}, {.title = "CHANGE"}, {0}};
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(256u * 1024 * 1024);
    struct history h = {.cli = cli, .color = cli->color, .newer_number = -1};
    const struct fc_view *view;
    const char *name;
    enum fc_exit code = fc_get_parse(cli, &view, &name);

    if (code == FC_EXIT_OK)
        code = check_view(cli, view, name);
    if (code != FC_EXIT_OK)
        return code;
    h.table = fc_table_new(cli->arena, columns);
    h.diff = fc_options_given(&cli->options, "diff") && !fc_output_wanted(cli);
    if (!arena || !h.table)
        return fc_cli_no_memory(cli);
    fc_output_begin(&h.output, cli, "Revision", "revision", false);
    code = each_revision(cli, view, name, arena, h.diff ? add_diff : add_row, &h);
    fc_buf_done(&h.newer);
    if (code != FC_EXIT_OK)
        return code;
    if (fc_output_wanted(cli))
        return fc_output_end(&h.output);
    if (h.failed || (!h.diff && !fc_table_print(h.table, false, cli->out)))
        return fc_cli_no_memory(cli);
    return FC_EXIT_OK;
}

/* -- get --revision ------------------------------------------------------------------------------------------ */

struct wanted {
    struct fc_cli *cli;
    const struct fc_view *view;
    const char *name;
    int64_t number;
    enum fc_exit code; /* FC_EXIT_NOT_FOUND until it was found */
};

static bool print_if_wanted(void *ctx, const revision *found)
{
    struct wanted *w = ctx;
    json_t *spec;

    if (found->number != w->number)
        return true;
    if (found->deleted)
        fc_cli_warn(w->cli, "revision %" PRId64 " is a deletion; this is what was deleted",
                    found->number);
    spec = spec_of(found);
    if (w->cli->format == FC_FORMAT_JSON) {
        json_object_del(spec, "kind");
        w->code = fc_output_value(w->cli, w->view->kind, spec);
        return false;
    }
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    w->code = fc_spec_text(spec, &text) ? FC_EXIT_OK : fc_cli_no_memory(w->cli);
    fputs(fc_buf_text(&text), w->cli->out);
    return false;
}

enum fc_exit fc_get_revision(struct fc_cli *cli, const struct fc_view *view, const char *name)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(256u * 1024 * 1024);
    const char *text = fc_options_get(&cli->options, "revision");
    struct wanted w = {.cli = cli, .view = view, .name = name, .code = FC_EXIT_NOT_FOUND};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = check_view(cli, view, name);
    char *end = NULL;

    errno = 0;
    w.number = strtoll(text, &end, 10);
    if (code == FC_EXIT_OK && (errno || *end || end == text || w.number < 0))
        code = fc_cli_usage(cli,
                            "--revision is \"%.60s\", expected a number as `feastctl history` "
                            "shows it",
                            text);
    if (!arena)
        code = fc_cli_no_memory(cli);
    if (code == FC_EXIT_OK)
        code = each_revision(cli, view, name, arena, print_if_wanted, &w);
    if (code != FC_EXIT_OK || w.code != FC_EXIT_NOT_FOUND)
        return code != FC_EXIT_OK ? code : w.code;
    (void)fc_fail(&err, FC_REASON_TABLE_NOT_FOUND, "%s \"%.200s\" has no revision %" PRId64,
                  view->names[1], name, w.number);
    return fc_cli_fail(cli, &err);
}
