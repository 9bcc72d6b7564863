/* SPDX-License-Identifier: Apache-2.0 */
/** `feastctl get`: one function a kind of object. */
#pragma once

#include "client/client.h"

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
    bool active;       /* of jobs */
    const char *table; /* of jobs; NULL: any */
};

enum fc_exit fc_get_projects(struct fc_cli *cli, const struct fc_selection *selection);
enum fc_exit fc_get_entities(struct fc_cli *cli, const struct fc_selection *selection);
enum fc_exit fc_get_tables(struct fc_cli *cli, const struct fc_selection *selection);
enum fc_exit fc_get_features(struct fc_cli *cli, const struct fc_selection *selection);
/** The name is a job's id. */
enum fc_exit fc_get_jobs(struct fc_cli *cli, const struct fc_selection *selection);

/** "No entities in project x." on stderr: an empty list is no error and prints nothing on stdout. */
void fc_get_nothing(struct fc_cli *cli, const char *what);
/** `a=1,b=2` in the arena, "" when there are none; NULL when memory is out. */
const char *fc_labels_text(struct fc_arena *arena, const struct fc_label *labels, size_t count);
