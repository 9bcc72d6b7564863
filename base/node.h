/* SPDX-License-Identifier: Apache-2.0 */
/**
 * YAML (and JSON, its subset) as a tree that knows where each value stood, so that an error can point at line and
 * column. Parsed with libyaml; anchors and aliases are resolved within the size limit, tags are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum fc_node_kind { FC_NODE_NULL, FC_NODE_SCALAR, FC_NODE_SEQUENCE, FC_NODE_MAPPING };

struct fc_node {
    enum fc_node_kind kind;
    unsigned line, column;  /**< from 1 */
    bool quoted;            /**< a scalar in quotes: always a string */
    fc_str text;            /**< scalar; NUL-terminated */
    size_t count;           /**< items, or pairs of a mapping */
    struct fc_node **items; /**< sequence: items; mapping: values */
    struct fc_node **keys;  /**< mapping: scalars, in order, without duplicates */
};

struct fc_node_docs {
    size_t count;
    struct fc_node **docs;
};

/** All documents of a text; empty documents are left out. `name` is for messages ("file.yaml"). */
FC_MUST fc_rc fc_node_parse(struct fc_arena *arena, const char *name, fc_str text,
                            struct fc_node_docs *ret, struct fc_error *err);

/** The value of a key, or NULL. */
const struct fc_node *fc_node_get(const struct fc_node *mapping, const char *key);
