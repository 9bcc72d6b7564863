/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and single objects, printed page by page. */
#include <stdlib.h>
#include <string.h>

#include "client/get.h"

/* Of one page, and of one object. */
#define PAGE_BYTES ((size_t)256 * 1024 * 1024)

void fc_show_row(struct fc_show *show, const char *project)
{
    show->shown++;
    fc_table_row(show->table);
    fc_table_cell(show->table, project);
}

void fc_show_object(struct fc_show *show, const char *project, const char *name, json_t *object)
{
    json_t *all = object;

    show->shown++;
    if (show->selection->all_projects) {
        all = json_pack("{s:s}", "project", project);
        if (all && object)
            json_object_update(all, object);
        json_decref(object);
    }
    fc_output_add(&show->output, name, all);
}

static bool add(void *ctx, const fc_object *object)
{
    struct fc_show *show = ctx;
    bool entity = object->object_case == FEAST__ADMIN__V1__LISTED_OBJECT__OBJECT_ENTITY;

    if (entity ? object->entity->spec != NULL : object->feature_table->spec != NULL)
        show->view->add(show, object);
    return true;
}

static bool end_page(void *ctx)
{
    struct fc_show *show = ctx;

    if (fc_output_wanted(show->cli) || show->shown == 0)
        return true;
    return fc_table_flush(show->table, show->cli->format == FC_FORMAT_WIDE, show->cli->out);
}

static enum fc_exit show_one(struct fc_show *show, const char *name)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_call call;
    fc_object object;

    if (fc_object_get(show->cli, show->view->objects, show->cli->project, name, show->arena, &call,
                      &object, &err) != FC_OK)
        return fc_client_fail(show->cli, &call, &err);
    (void)add(show, &object);
    return end_page(show) ? FC_EXIT_OK : fc_cli_no_memory(show->cli);
}

/* Features, sources and reports are parts of tables; their names are `table:feature`, `table/batch` and `table`. */
static bool is_part(const struct fc_view *view)
{
    return view->add == fc_show_features || view->add == fc_show_sources;
}

static enum fc_exit no_such_part(struct fc_show *show)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_fail(&err, FC_REASON_REQUEST_INVALID, "there is no %s \"%.200s\" in project %s",
                  show->view->prefix, show->selection->name, show->cli->project);
    err.rc = FC_NOT_FOUND;
    return fc_cli_fail(show->cli, &err);
}

static enum fc_exit run(struct fc_show *show)
{
    const struct fc_selection *selection = show->selection;
    struct fc_selection listed = *selection;
    enum fc_exit code;

    if (selection->name && !is_part(show->view))
        code = show_one(show, selection->name);
    else {
        if (is_part(show->view))
            listed.label_count = 0; /* those of the part are meant, not those of its table */
        code = fc_objects_each(show->cli, show->view->objects, &listed, show->arena, add, end_page,
                               show);
    }
    if (code != FC_EXIT_OK)
        return code;
    if (show->shown == 0 && selection->name)
        return no_such_part(show);
    if (fc_output_wanted(show->cli))
        return fc_output_end(&show->output);
    if (show->shown == 0)
        fc_get_nothing(show->cli, show->view->plural);
    return FC_EXIT_OK;
}

enum fc_exit fc_view_run(struct fc_cli *cli, const struct fc_view *view,
                         const struct fc_selection *selection)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *page = fc_arena_new(PAGE_BYTES);
    struct fc_show show = {.cli = cli, .view = view, .selection = selection, .arena = page};

    if (view->run)
        return view->run(cli, selection);
    show.table = fc_table_new(cli->arena, view->columns);
    if (!page || !show.table)
        return fc_cli_no_memory(cli);
    fc_table_rows_in(show.table, page);
    if (!selection->all_projects)
        fc_table_hide(show.table, 0);
    fc_output_begin(&show.output, cli, view->kind, view->prefix, selection->name != NULL);
    return run(&show);
}

void fc_get_nothing(struct fc_cli *cli, const char *what)
{
    fc_cli_note(cli, "No %s in project %s.", what, cli->project);
}
