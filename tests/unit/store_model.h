/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the registry should hold, as plain arrays: the reference of store_model_test.
 *
 * Contents of specs are not kept but made again from a number, their tag.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "storage/jobs.h"
#include "storage/registry.h"

enum {
    MODEL_PROJECTS = 4,
    MODEL_OBJECTS = 12,
    MODEL_STORES = 5,
    MODEL_JOBS = 64,
    MODEL_HISTORY = 512
};

struct model_change {
    bool deleted;
    uint64_t tag;
};

/** An object with its whole history; the last change is what is current. */
struct model_object {
    int64_t id; /**< 0: never put */
    size_t changes;
    struct model_change history[MODEL_HISTORY];
    int32_t verdict;
    int64_t report_id;
    uint64_t report_tag;
};

struct model_job {
    char id[33];
    int project, table;
    enum fc_job_state state;
    int32_t attempts;
    uint64_t tag;
};

struct model {
    struct model_object projects[MODEL_PROJECTS];
    struct model_object entities[MODEL_PROJECTS][MODEL_OBJECTS];
    struct model_object tables[MODEL_PROJECTS][MODEL_OBJECTS];
    struct model_object stores[2][MODEL_STORES];
    struct model_job jobs[MODEL_JOBS];
    size_t job_count;
};

enum op_kind {
    OP_PROJECT,
    OP_ENTITY,
    OP_TABLE,
    OP_TABLE_DELETE,
    OP_VERDICT,
    OP_STORE,
    OP_JOB,
    OP_JOB_MOVE,
    OP_KINDS,
};

/** One request: what it is to do, and what it found out while doing it. */
struct op {
    enum op_kind kind;
    int project, object;
    uint64_t tag;
    bool fail; /**< gives up after its writes */
    char job_id[33];
    struct fc_arena *arena;
    int64_t id, report_id;
    enum fc_job_state to;
};

/** A well-mixed number after `*state`. */
uint64_t model_random(uint64_t *state);

/** The bytes that belong to a tag, in the arena. */
fc_str model_bytes(uint64_t tag, struct fc_arena *arena);
const char *model_project_name(int project);
const char *model_object_name(int object);

/** The request as the services would make it: reads inside the transaction, then writes. */
fc_rc model_run(struct fc_txn *txn, void *ctx, struct fc_error *err);

/** Does the same to the model. False when the request must have been refused; then nothing was changed. */
bool model_apply(struct model *model, const struct op *op);

/** Compares all that the store has with the model; fails the running test where they differ. */
void model_compare(const struct model *model, struct fc_reader *reader);
