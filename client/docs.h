/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Documents that `feastctl apply` takes: projects, online stores, entities and feature tables as YAML or JSON.
 *
 * A document says what it is by `kind`, or by the keys of its spec as in the files of the old command line. `meta`,
 * `apiVersion` and what our own output adds are passed over. Lists (`kind: EntityList`, `items: […]`) count as the
 * documents in them. Pure: no files, no server.
 */
#pragma once

#include "base/node.h"
#include "base/str.h"
#include "base/violations.h"
#include "feast/core/Entity.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "feast/core/OnlineStore.pb-c.h"

/** In the order in which they are applied. */
enum fc_doc_kind { FC_DOC_PROJECT, FC_DOC_STORE, FC_DOC_ENTITY, FC_DOC_TABLE };

struct fc_doc {
    enum fc_doc_kind kind;
    const char *file; /**< for messages */
    const struct fc_node *node;
    /** that it is applied to; of a project its own name, of an online store "" */
    const char *project;
    const char *name;
    Feast__Core__OnlineStore *store;
    Feast__Core__EntitySpecV2 *entity;
    Feast__Core__FeatureTableSpec *table;
    size_t order; /**< place in the input */
};

struct fc_docs {
    struct fc_arena *arena;
    struct fc_doc *items;
    size_t count, capacity;
    struct fc_violations violations; /**< of all documents; messages begin with file:line:column */
    const char *project;             /**< where documents without `project` go */
    bool project_forced;             /**< it was asked for: documents may not name another one */
};

void fc_docs_init(struct fc_docs *docs, struct fc_arena *arena, const char *project,
                  bool project_forced);

/** Reads all documents of a text. What is wrong goes to `violations`; `name` and `text` must stay. */
void fc_docs_read(struct fc_docs *docs, const char *name, fc_str text);

/** Refuses what is described twice and puts projects first, then online stores, entities, tables. */
void fc_docs_finish(struct fc_docs *docs);

/** "project", "store", "entity", "table": the word in `entity/carrier`. */
const char *fc_doc_word(enum fc_doc_kind kind);
/** "Project", "OnlineStore", "Entity", "FeatureTable". */
const char *fc_doc_kind_name(enum fc_doc_kind kind);

/**
 * Where the field of a request (`table_spec.features[2].name`, `spec.labels["a"]`) stands in the document: the
 * deepest part of the path that is there.
 */
const struct fc_node *fc_doc_locate(const struct fc_doc *doc, const char *field);
