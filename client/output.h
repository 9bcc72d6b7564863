/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Objects as JSON, YAML or names, printed as they come: a list of any length takes the memory of one object.
 *
 * JSON is one value with `schemaVersion` (1) and `kind`; a list is `{"kind": "EntityList", "items": [...]}`. YAML is
 * one document an object, with `kind`, as `feastctl apply` takes them.
 */
#pragma once

#include <jansson.h>

#include "base/str.h"
#include "client/context.h"

#define FC_OUTPUT_SCHEMA 1

struct fc_output {
    struct fc_cli *cli;
    const char *kind;   /**< "Entity"; of a mixed list that of the list without "List" */
    const char *prefix; /**< "entity", for -o name */
    bool single;        /**< one object was asked for by name */
    size_t count;       /**< objects so far */
    bool failed;
};

void fc_output_begin(struct fc_output *output, struct fc_cli *cli, const char *kind,
                     const char *prefix, bool single);

/** Prints an object; takes the reference. `name` for -o name. */
void fc_output_add(struct fc_output *output, const char *name, json_t *object);
/** The same of another kind than the list's. */
void fc_output_add_as(struct fc_output *output, const char *kind, const char *prefix,
                      const char *name, json_t *object);

/** Ends the list. */
enum fc_exit fc_output_end(struct fc_output *output);

/** Whether the format asks for objects instead of a table. */
static inline bool fc_output_wanted(const struct fc_cli *cli)
{
    return cli->format >= FC_FORMAT_JSON;
}

/** One object that is no list and has no name, such as versions: JSON or YAML. Takes the reference. */
enum fc_exit fc_output_value(struct fc_cli *cli, const char *kind, json_t *object);
