/* SPDX-License-Identifier: Apache-2.0 */
/* The looks at the sources of a batch: some at a time, each with an arena of its own since each has its own thread. */
#include "server/services/admin_batch.h"

/* As many as the admission makes at once by default; those that wait would wait on their own deadlines. */
#define LOOKS_AT_ONCE 4
/* Of one report and its violations. */
#define LOOK_ARENA ((size_t)16 * 1024 * 1024)

bool batch_needs_look(const struct batch_entry *entry)
{
    const struct fc_table_change *change = &entry->as.table;

    return entry->object->object_case == FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_FEATURE_TABLE &&
           !entry->looked_at && !batch_entry_refused(entry) && change->mode != FC_VALIDATION_OFF &&
           !(change->unchanged && fc_table_change_settled(change));
}

static void take_outcome(struct batch_entry *entry, const struct fc_admission_outcome *outcome)
{
    struct fc_violations *mine = &entry->violations;

    entry->report = outcome->report;
    if (outcome->accepted) {
        entry->as.table.report = outcome->report;
        return;
    }
    /* Kept beside the report; the list is replaced, since its arena belongs to other threads too. */
    *mine = outcome->violations;
    entry->of_request = mine->count;
    entry->error = fc_arena_alloc(entry->arena, sizeof *entry->error);
    if (entry->error)
        *entry->error = outcome->error;
}

static void start_looks(struct batch *batch);

static void done(void *ctx, const struct fc_admission_outcome *outcome)
{
    struct batch_entry *entry = ctx;
    struct batch *batch = entry->batch;

    take_outcome(entry, outcome);
    (void)pthread_mutex_lock(&batch->lock);
    batch->looking--;
    bool start = !batch->starting;
    batch->starting = true;
    (void)pthread_mutex_unlock(&batch->lock);
    if (start)
        start_looks(batch);
}

static bool start_look(struct batch_entry *entry)
{
    struct batch *batch = entry->batch;

    entry->arena = fc_arena_new(LOOK_ARENA);
    if (!entry->arena) {
        fc_violations_add(&entry->violations, FC_REASON_OUT_OF_MEMORY, "table_spec",
                          "no memory to look at the sources");
        entry->of_request = entry->violations.count;
        return false;
    }
    entry->looked_at = true;
    entry->admission =
        fc_table_change_admission(&entry->as.table, fc_rpc_deadline_ns(batch->call), entry->arena);
    fc_admission_check(batch->services->admission, &entry->admission, done, entry);
    return true;
}

/* Called with `starting` set; whoever finds it set leaves the starting to this thread. */
static void start_looks(struct batch *batch)
{
    bool all = false;

    (void)pthread_mutex_lock(&batch->lock);
    while (batch->next < batch->count && batch->looking < LOOKS_AT_ONCE) {
        struct batch_entry *entry = &batch->entries[batch->order[batch->next++]];
        if (!batch_needs_look(entry))
            continue;
        batch->looking++;
        (void)pthread_mutex_unlock(&batch->lock);
        bool started = start_look(entry);
        (void)pthread_mutex_lock(&batch->lock);
        batch->looking -= started ? 0 : 1;
    }
    batch->starting = false;
    all = batch->next == batch->count && batch->looking == 0;
    (void)pthread_mutex_unlock(&batch->lock);
    if (all)
        batch_looked(batch);
}

void batch_look_at_sources(struct batch *batch)
{
    batch->next = 0;
    batch->starting = true;
    start_looks(batch);
}
