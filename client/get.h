/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What can be looked at. A view is a row of one table (client/views.c): how a kind of object is called, where it is
 * listed, what its columns are.
 */
#pragma once

#include "client/client.h"
#include "client/output.h"
#include "client/table.h"
#include "feast/admin/v1/admin.pb-c.h"

struct fc_label {
    char *key, *value;
};

/** What to show. */
struct fc_selection {
    const char *name; /* NULL: a list */
    const struct fc_label *labels;
    size_t label_count;
    const char *const *entities; /* of features */
    size_t entity_count;
    bool all_projects;
    bool active;       /* of jobs */
    const char *table; /* of jobs; NULL: any */
};

/** A list as it is printed, whatever the format. */
struct fc_show {
    struct fc_cli *cli;
    const struct fc_view *view;
    const struct fc_selection *selection;
    struct fc_table *table;
    struct fc_output output;
    struct fc_arena *arena; /* of the objects at hand; reset with each page */
    size_t shown;
};

typedef Feast__Admin__V1__ListedObject fc_object;

struct fc_view {
    const char *names[6]; /* the first is the one that help shows */
    const char *kind, *prefix;
    const char *plural;                    /* for people */
    const struct fc_table_column *columns; /* the first is PROJECT */
    Feast__Admin__V1__ObjectKind objects;  /* that it is listed from; 0: it has a way of its own */
    void (*add)(struct fc_show *show, const fc_object *object); /* rows of one of these */
    enum fc_exit (*run)(struct fc_cli *cli, const struct fc_selection *selection);
    bool labels; /* its objects have some */
};

extern const struct fc_view fc_views[];
extern const size_t fc_view_count;

const struct fc_view *fc_view_find(const char *word, size_t len);

/** Prints the view of what the selection names, or of all. */
enum fc_exit fc_view_run(struct fc_cli *cli, const struct fc_view *view,
                         const struct fc_selection *selection);

/** `table NAME` or `table/NAME` of the arguments; the name may be NULL. Says what is wrong. */
enum fc_exit fc_get_parse(struct fc_cli *cli, const struct fc_view **ret_view,
                          const char **ret_name);
/** Reads -l, --entities, --all-projects and --active of the command line. */
enum fc_exit fc_selection_read(struct fc_cli *cli, struct fc_selection *ret);
/** Whether all labels of the selection are among these. */
bool fc_selection_labels(const struct fc_selection *selection, size_t count, const void *entries);

/** `get`'s way for one function a kind that is not listed from objects. */
enum fc_exit fc_get_projects(struct fc_cli *cli, const struct fc_selection *selection);
enum fc_exit fc_get_stores(struct fc_cli *cli, const struct fc_selection *selection);
/** The name is a job's id. */
enum fc_exit fc_get_jobs(struct fc_cli *cli, const struct fc_selection *selection);
/** The name is that of the table. */
enum fc_exit fc_get_schedules(struct fc_cli *cli, const struct fc_selection *selection);

/**
 * Calls `fn` for each object of a kind, pages behind it; false means that memory is out. Objects live until `page`
 * returns, or with NULL as long as the arena.
 */
typedef bool (*fc_object_fn)(void *ctx, const fc_object *object);
typedef bool (*fc_page_fn)(void *ctx);
enum fc_exit fc_objects_each(struct fc_cli *cli, Feast__Admin__V1__ObjectKind kind,
                             const struct fc_selection *selection, struct fc_arena *arena,
                             fc_object_fn fn, fc_page_fn page, void *ctx);
/** One of them by name; in the arena. Fails as the server does; prints nothing. */
FC_MUST fc_rc fc_object_get(struct fc_cli *cli, Feast__Admin__V1__ObjectKind kind,
                            const char *project, const char *name, struct fc_arena *arena,
                            struct fc_call *call, fc_object *ret, struct fc_error *err);

/* Rows */
/** Begins a row of the table, with the project. */
void fc_show_row(struct fc_show *show, const char *project);
/** Adds an object to the output, with its project when all projects are shown; takes the reference. */
void fc_show_object(struct fc_show *show, const char *project, const char *name, json_t *object);

void fc_show_entity(struct fc_show *show, const fc_object *object);
void fc_show_table(struct fc_show *show, const fc_object *object);
void fc_show_features(struct fc_show *show, const fc_object *object);
void fc_show_sources(struct fc_show *show, const fc_object *object);
void fc_show_report(struct fc_show *show, const fc_object *object);
extern const struct fc_table_column fc_entity_columns[], fc_feature_table_columns[],
    fc_feature_columns[], fc_source_columns[], fc_report_columns[];

/** "No entities in project x." on stderr: an empty list is no error and prints nothing on stdout. */
void fc_get_nothing(struct fc_cli *cli, const char *what);
/** `a=1,b=2` in the arena of any map of labels, "" when there are none; NULL when memory is out. */
const char *fc_labels_text(struct fc_arena *arena, size_t count, const void *entries);
/** "OK", "DRIFTED" … */
const char *fc_verdict_name(int verdict);
