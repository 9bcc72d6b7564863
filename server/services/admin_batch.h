/* SPDX-License-Identifier: Apache-2.0 */
/** ApplyBatch in its parts: objects and their turn, the looks at sources, the transaction. Private to this RPC. */
#pragma once

#include <pthread.h>

#include "server/services/admin.h"
#include "server/services/object_change.h"
#include "server/services/table_change.h"

typedef Feast__Admin__V1__BatchObject batch_object;
typedef Feast__Admin__V1__BatchResult batch_result;
typedef Feast__Admin__V1__BatchResult__Change batch_change;

#define CHANGE(word) FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__##word

/** One object of the batch. */
struct batch_entry {
    const batch_object *object;
    const char *project;
    union {
        struct fc_online_store_change store;
        struct fc_entity_change entity;
        struct fc_table_change table;
        struct fc_table_removal removal;
    } as;
    struct fc_violations violations;
    size_t of_request;   /**< of these, the number that the request alone decided */
    batch_change change; /**< as of the last time that it was decided */
    int64_t revision;
    char stream_hash[FC_JOB_HASH_SIZE]; /**< of the job of its stream; "" without one */
    bool looked_at;                     /**< its sources were; `outcome` is set */
    struct fc_error *error;             /**< of a refusal that is no violation; NULL */
    struct fc_arena *arena;             /**< of the look at its sources; NULL before */
    struct fc_admission_request admission;
    Feast__Admin__V1__ValidationReport *report; /**< of the look, also of one that refused */
    struct batch *batch;
};

struct batch {
    struct fc_rpc_call *call;
    struct fc_services *services;
    struct fc_arena *arena;
    struct batch_entry *entries;
    size_t count;
    size_t *order; /**< of the entries' turns */
    bool atomic, dry_run;
    enum fc_validation_mode mode;
    bool mode_open; /* none was asked for */
    bool decided;   /**< the transaction came to its end, though it was to be rolled back */
    /** it found a table whose sources were not looked at, which needed no look before */
    bool unseen;

    pthread_mutex_t lock; /**< of what follows */
    size_t next, looking; /**< turn that looks next; looks under way */
    bool starting;        /**< a thread starts looks */
};

/** The entry as a transaction (or, with NULL, a reader) decides it: sets `change`, `revision` and what is wrong. */
FC_MUST fc_rc batch_decide(struct batch_entry *entry, struct fc_txn *txn, struct fc_error *err);

/** Fills in the entry of an object and checks what the request alone decides. False: arena exhausted. */
FC_MUST bool batch_entry_init(struct batch_entry *entry, struct batch *batch,
                              const batch_object *object);

/** True for a table whose sources are to be looked at, and were not, by what the last transaction found. */
bool batch_needs_look(const struct batch_entry *entry);
/** Looks at the sources of every table that needs it; `batch_looked` follows, from any thread. */
void batch_look_at_sources(struct batch *batch);
void batch_looked(struct batch *batch);

static inline bool batch_entry_refused(const struct batch_entry *entry)
{
    return entry->violations.count > 0 || entry->error;
}
