/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rows of the registry: projects, entities, feature tables, stores, revisions, reports.
 *
 * Reads take a reader (a thread's own, or a transaction's) and copy what they find into the caller's arena. `_find`
 * gives FC_OK with `*ret` zeroed (`id` 0) when there is no such row: whether that is an error is a rule, and rules live
 * elsewhere. Every stored spec carries a checksum that is verified when it is read (STORE_CORRUPT names the object).
 *
 * `revision` of a row is 0 when it is inserted and the previous one + 1 with each later put, also across deleting and
 * reviving; anything else is refused (INTERNAL), so that histories have no gap. Project and name of a row never change.
 *
 * A row keeps the spec as applied, byte for byte (unknown fields survive), and the reply as pre-encoded
 * `feast.core.Entity` / `feast.core.FeatureTable` bytes, so that Get and List copy and never pack.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "storage/store.h"

struct fc_project_row {
    int64_t id;
    fc_str name;
    bool archived;
    /** mode of its feature tables: enforce, strict, warn, off; "": the server's */
    fc_str validation;
};

struct fc_entity_row {
    int64_t id;
    fc_str project, name;
    int32_t value_type;
    int64_t revision;
    int64_t created_s, updated_s; /**< whole seconds, as the wire has them */
    fc_str spec;                  /**< feast.core.EntitySpecV2 as applied */
    fc_str reply;                 /**< feast.core.Entity */
};

/** What validation last said of a table; the numbers are feast.admin.v1.Verdict. */
struct fc_table_row {
    int64_t id;
    fc_str project, name;
    bool deleted;
    int64_t revision;
    int64_t created_s, updated_s;
    fc_str hash;       /**< FeatureTableMeta.hash */
    int32_t verdict;   /**< feast.admin.v1.Verdict of the last report */
    fc_str mode;       /**< validation mode of the last report: enforce, strict, warn, off */
    int64_t report_id; /**< 0 when none */
    fc_str spec;       /**< feast.core.FeatureTableSpec, normalised by the rules */
    fc_str reply;      /**< feast.core.FeatureTable */
};

/* Projects */
FC_MUST fc_rc fc_project_find(struct fc_reader *reader, fc_str name, struct fc_arena *arena,
                              struct fc_project_row *ret, struct fc_error *err);
/** By name; archived ones only when asked for. */
FC_MUST fc_rc fc_project_list(struct fc_reader *reader, bool with_archived, struct fc_arena *arena,
                              struct fc_project_row **ret_rows, size_t *ret_count,
                              struct fc_error *err);
/** PROJECT_EXISTS when it does. */
FC_MUST fc_rc fc_project_insert(struct fc_txn *txn, fc_str name, int64_t *ret_id,
                                struct fc_error *err);
FC_MUST fc_rc fc_project_set_archived(struct fc_txn *txn, int64_t id, bool archived,
                                      struct fc_error *err);

/** `mode` as in the row. */
FC_MUST fc_rc fc_project_set_validation(struct fc_txn *txn, int64_t id, fc_str mode,
                                        struct fc_error *err);

/** Called once a row, in name order; a code other than FC_OK ends the walk and is returned. Strings live until it returns. */
typedef fc_rc (*fc_entity_fn)(void *ctx, const struct fc_entity_row *row, struct fc_error *err);
typedef fc_rc (*fc_table_fn)(void *ctx, const struct fc_table_row *row, struct fc_error *err);

/* Entities */
FC_MUST fc_rc fc_entity_find(struct fc_reader *reader, fc_str project, fc_str name,
                             struct fc_arena *arena, struct fc_entity_row *ret,
                             struct fc_error *err);
/** An empty `project` walks all projects, by project and name. */
FC_MUST fc_rc fc_entity_each(struct fc_reader *reader, fc_str project, fc_entity_fn fn, void *ctx,
                             struct fc_error *err);

/** Where a page of a list begins: behind this object, which need not be there. Both empty: at the first. */
struct fc_list_after {
    fc_str project, name;
};
/**
 * Like fc_entity_each, behind `after`: of its project (which must be named), or of all projects that are not archived.
 */
FC_MUST fc_rc fc_entity_each_after(struct fc_reader *reader, struct fc_list_after after,
                                   bool all_projects, fc_entity_fn fn, void *ctx,
                                   struct fc_error *err);

/** Writes the row (insert when `row->id` is 0, which it then sets), a revision and an outbox row. */
FC_MUST fc_rc fc_entity_put(struct fc_txn *txn, int64_t project_id, struct fc_entity_row *row,
                            struct fc_error *err);

/* Feature tables; `_find` also returns deleted ones (see `deleted`), `_each` only when asked for. */
FC_MUST fc_rc fc_table_find(struct fc_reader *reader, fc_str project, fc_str name,
                            struct fc_arena *arena, struct fc_table_row *ret, struct fc_error *err);
/** An empty `project` walks all projects, by project and name. */
FC_MUST fc_rc fc_table_each(struct fc_reader *reader, fc_str project, bool with_deleted,
                            fc_table_fn fn, void *ctx, struct fc_error *err);
/** Like fc_entity_each_after; without deleted ones. */
FC_MUST fc_rc fc_table_each_after(struct fc_reader *reader, struct fc_list_after after,
                                  bool all_projects, fc_table_fn fn, void *ctx,
                                  struct fc_error *err);
FC_MUST fc_rc fc_table_put(struct fc_txn *txn, int64_t project_id, struct fc_table_row *row,
                           struct fc_error *err);

/** A change of the verdict alone: no revision, an outbox row. */
FC_MUST fc_rc fc_table_set_verdict(struct fc_txn *txn, int64_t table_id, int32_t verdict,
                                   fc_str mode, int64_t report_id, struct fc_error *err);

/* Revisions: every spec that was ever current. */
struct fc_revision_row {
    int64_t revision;
    int64_t at_ns;
    bool deleted;
    fc_str spec;
};
enum fc_object_kind {
    FC_OBJECT_PROJECT = 1,
    FC_OBJECT_ENTITY = 2,
    FC_OBJECT_TABLE = 3,
    FC_OBJECT_STORE = 4,
    FC_OBJECT_SCHEDULE = 5, /**< in the outbox alone: a schedule has no history of what it was */
};
/** Revisions below a number, `limit` at most; the first with which their specs reach `bytes` is the last. */
struct fc_revision_page {
    int64_t below, limit;
    size_t bytes;
};
#define FC_REVISIONS_ALL                                                                           \
    ((struct fc_revision_page){.below = INT64_MAX, .limit = INT64_MAX, .bytes = SIZE_MAX})
/** Newest first; the last of all is number 0. */
FC_MUST fc_rc fc_revision_list(struct fc_reader *reader, enum fc_object_kind kind,
                               int64_t object_id, struct fc_revision_page page,
                               struct fc_arena *arena, struct fc_revision_row **ret_rows,
                               size_t *ret_count, struct fc_error *err);

/** Number of the last change; 0 before the first. Grows with every change of an object. */
FC_MUST fc_rc fc_outbox_last(struct fc_reader *reader, int64_t *ret_seq, struct fc_error *err);
/**
 * The last of the oldest rows of the outbox, `limit` of them at most, that were all written before `before_ns`; 0 when
 * there is none. The newest row is never among them, so that its number does not come back.
 */
FC_MUST fc_rc fc_outbox_old(struct fc_reader *reader, int64_t before_ns, size_t limit,
                            int64_t *ret_seq, size_t *ret_count, struct fc_error *err);
/** Removes that row and all before it. */
FC_MUST fc_rc fc_outbox_remove(struct fc_txn *txn, int64_t seq, struct fc_error *err);

/*
 * Validation reports (feast.admin.v1.ValidationReport bytes). A table keeps its newest FC_REPORTS_KEPT, and that which
 * its row names: an insert removes others. `*ret_body` is empty when there is no such report.
 */
#define FC_REPORTS_KEPT 20
FC_MUST fc_rc fc_report_insert(struct fc_txn *txn, int64_t table_id, int32_t verdict, fc_str body,
                               int64_t *ret_id, struct fc_error *err);
FC_MUST fc_rc fc_report_find(struct fc_reader *reader, int64_t report_id, struct fc_arena *arena,
                             fc_str *ret_body, struct fc_error *err);
/** Nothing when there is none. */
FC_MUST fc_rc fc_report_remove(struct fc_txn *txn, int64_t report_id, struct fc_error *err);
struct fc_report_row {
    int64_t id;
    fc_str body;
};
/** Those of a table with an id below `below` (INT64_MAX: all), newest first, at most `limit`. */
FC_MUST fc_rc fc_report_list(struct fc_reader *reader, int64_t table_id, int64_t below,
                             size_t limit, struct fc_arena *arena, struct fc_report_row **ret_rows,
                             size_t *ret_count, struct fc_error *err);

/* Stores: legacy feast.core.Store and feast.core.OnlineStore, kept as their bytes. */
enum fc_store_kind { FC_STORE_LEGACY = 1, FC_STORE_ONLINE = 2 };
struct fc_store_row {
    int64_t id;
    fc_str name;
    bool archived;
    fc_str body;
};
FC_MUST fc_rc fc_store_row_find(struct fc_reader *reader, enum fc_store_kind kind, fc_str name,
                                struct fc_arena *arena, struct fc_store_row *ret,
                                struct fc_error *err);
FC_MUST fc_rc fc_store_row_list(struct fc_reader *reader, enum fc_store_kind kind,
                                bool with_archived, struct fc_arena *arena,
                                struct fc_store_row **ret_rows, size_t *ret_count,
                                struct fc_error *err);
FC_MUST fc_rc fc_store_row_put(struct fc_txn *txn, enum fc_store_kind kind,
                               struct fc_store_row *row, struct fc_error *err);

/** Counts for metrics. */
struct fc_registry_counts {
    int64_t projects;      /**< active ones */
    int64_t entities;      /**< all */
    int64_t tables;        /**< that are not deleted */
    int64_t tables_ever;   /**< deleted ones too */
    int64_t legacy_stores; /**< rows of kind FC_STORE_LEGACY */
};
FC_MUST fc_rc fc_registry_count(struct fc_reader *reader, struct fc_registry_counts *ret,
                                struct fc_error *err);

/** Live feature tables by feast.admin.v1.Verdict. */
#define FC_VERDICTS 5
FC_MUST fc_rc fc_registry_count_verdicts(struct fc_reader *reader, int64_t ret[FC_VERDICTS],
                                         struct fc_error *err);
