/* SPDX-License-Identifier: Apache-2.0 */
/** Documents on their way to the server: read from -f, sent in batches, each with what became of it. */
#pragma once

#include "client/client.h"
#include "client/docs.h"
#include "client/get.h"

typedef Feast__Admin__V1__BatchResult fc_batch_result;

struct fc_removal {
    const char *project, *name; /**< of a feature table that no document has any more */
};

struct fc_batch {
    struct fc_cli *cli;
    struct fc_docs docs;
    struct fc_removal *removals;
    size_t removal_count;
    bool atomic, dry_run;
    Feast__Admin__V1__ValidationReport__Mode mode;
    /** Of each document, then of each removal; NULL: not sent. In the arena of the command line. */
    const fc_batch_result **results;
    bool applied;         /**< what was sent is in the registry, refusals apart */
    enum fc_exit stopped; /**< why the rest was not sent; FC_EXIT_OK when all was */
};

/** An empty batch with what the command line says of it; documents are then read into `docs`. */
void fc_batch_begin(struct fc_cli *cli, struct fc_batch *batch);
/** The documents are all there: what is wrong with them is said, and they are made ready to be sent. */
enum fc_exit fc_batch_documents(struct fc_cli *cli, struct fc_batch *batch);

/** Reads the documents that -f names, and --validation. What is wrong with them has been said when it is not OK. */
enum fc_exit fc_batch_read(struct fc_cli *cli, struct fc_batch *batch);

/**
 * Finds the feature tables that have the labels of -l, are in a project of the documents and are in no document: the
 * removals.
 */
enum fc_exit fc_batch_prune(struct fc_batch *batch);

/** `index` counts documents, then removals. */
typedef void (*fc_batch_fn)(void *ctx, size_t index, const fc_batch_result *result);

/**
 * Sends all of it, an atomic batch at once, others in parts; `fn` is called for each result as it comes. A failed call
 * has been told; nothing is sent after it.
 */
void fc_batch_send(struct fc_batch *batch, fc_batch_fn fn, void *ctx);

/** Sends all of it and prints what became of each document, as `apply` does (client/cmd_apply.c). */
enum fc_exit fc_apply_batch(struct fc_cli *cli, struct fc_batch *batch);

/** What a result is about; documents come first, then removals. */
struct fc_batch_item {
    const struct fc_doc *doc; /**< NULL for a removal */
    const char *word, *kind;  /**< "table", "FeatureTable" */
    const char *project, *name;
    bool is_table; /**< a feature table that is applied */
};
struct fc_batch_item fc_batch_item(const struct fc_batch *batch, size_t index);

/** "created" … "refused"; "not sent" for NULL. */
const char *fc_batch_word(const fc_batch_result *result);
bool fc_batch_refused(const fc_batch_result *result);
/** Says why a document was refused, with the places in its file; the exit code. */
enum fc_exit fc_batch_print_refusal(struct fc_batch *batch, size_t index,
                                    const fc_batch_result *result);
/** ", its source fits" and the like; "" for what has no source. */
const char *fc_batch_verdict_text(const fc_batch_result *result);
