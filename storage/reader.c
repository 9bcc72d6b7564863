/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers. A thread's own reader is found through one process-wide pthread key that holds the thread's slots, one a
 * store. A slot belongs to its thread and to its store, and either may end first: whoever comes first closes the
 * connection, whoever comes last frees the slot. All of that happens under one mutex that no read ever takes.
 */
#include <stdlib.h>

#include "storage/internal.h"

struct fc_reader_slot {
    uint64_t store_id;
    struct fc_reader *reader;              /* NULL once closed */
    bool of_thread, of_store;              /* who still refers to it */
    struct fc_reader_slot *next_of_thread; /* followed by the thread alone */
    struct fc_reader_slot *next_of_store, **link_of_store;
};

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

fc_rc fc_reader_open(struct fc_store *store, struct fc_reader **ret, struct fc_error *err)
{
    struct fc_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection to %s",
                       store->db_path);
    }
    fc_rc rc = fc_db_open(store->db_path, FC_SQLITE_READER, &reader->own, err);
    if (rc != FC_OK) {
        free(reader);
        return rc;
    }
    reader->db = &reader->own;
    reader->writer = store->writer;
    reader->rows = fc_row_cache_new();
    *ret = reader;
    return FC_OK;
}

void fc_reader_close(struct fc_reader *reader)
{
    if (reader) {
        fc_db_close(&reader->own);
        fc_row_cache_free(reader->rows);
        free(reader);
    }
}

static void leave_store_locked(struct fc_reader_slot *slot)
{
    if (slot->of_store) {
        *slot->link_of_store = slot->next_of_store;
        if (slot->next_of_store)
            slot->next_of_store->link_of_store = slot->link_of_store;
        slot->of_store = false;
    }
}

static void free_if_unused_locked(struct fc_reader_slot *slot)
{
    if (!slot->of_thread && !slot->of_store)
        free(slot);
}

/* Runs when a thread ends, with its slots. */
static void thread_ends(void *first)
{
    struct fc_reader_slot *slot = first;
    while (slot) {
        struct fc_reader_slot *next = slot->next_of_thread;
        (void)pthread_mutex_lock(&slots_lock);
        struct fc_reader *reader = fc_steal(slot->reader);
        leave_store_locked(slot);
        slot->of_thread = false;
        free_if_unused_locked(slot);
        (void)pthread_mutex_unlock(&slots_lock);
        fc_reader_close(reader);
        slot = next;
    }
}

void fc_readers_close_all(struct fc_store *store)
{
    for (;;) {
        (void)pthread_mutex_lock(&slots_lock);
        struct fc_reader_slot *slot = store->slots;
        struct fc_reader *reader = NULL;
        if (slot) {
            reader = fc_steal(slot->reader);
            leave_store_locked(slot);
            free_if_unused_locked(slot);
        }
        (void)pthread_mutex_unlock(&slots_lock);
        if (!slot)
            return;
        fc_reader_close(reader);
    }
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, thread_ends) == 0;
}

/* Slots of stores that were closed meanwhile; without this, a thread that outlives many stores would gather them. */
static struct fc_reader_slot *without_dead_locked(struct fc_reader_slot *first)
{
    struct fc_reader_slot **link = &first;
    while (*link) {
        struct fc_reader_slot *slot = *link;
        if (slot->of_store) {
            link = &slot->next_of_thread;
        } else {
            *link = slot->next_of_thread;
            slot->of_thread = false;
            free_if_unused_locked(slot);
        }
    }
    return first;
}

static fc_rc add_slot(struct fc_store *store, struct fc_reader *reader, struct fc_error *err)
{
    struct fc_reader_slot *slot = calloc(1, sizeof *slot);
    if (!slot) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection to %s",
                       store->db_path);
    }
    *slot = (struct fc_reader_slot){
        .store_id = store->id, .reader = reader, .of_thread = true, .of_store = true};

    (void)pthread_mutex_lock(&slots_lock);
    slot->next_of_thread = without_dead_locked(pthread_getspecific(key));
    /* Set before the slot is anyone's: when memory is out the thread must not lose its list. */
    bool set = pthread_setspecific(key, slot) == 0;
    if (set) {
        slot->next_of_store = store->slots;
        slot->link_of_store = &store->slots;
        if (store->slots)
            store->slots->link_of_store = &slot->next_of_store;
        store->slots = slot;
    }
    (void)pthread_mutex_unlock(&slots_lock);
    if (!set) {
        free(slot);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection to %s",
                       store->db_path);
    }
    return FC_OK;
}

fc_rc fc_store_reader(struct fc_store *store, struct fc_reader **ret, struct fc_error *err)
{
    (void)pthread_once(&key_once, make_key);
    if (!key_made) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no pthread key is left for connections to %s",
                       store->db_path);
    }
    for (struct fc_reader_slot *slot = pthread_getspecific(key); slot;
         slot = slot->next_of_thread) {
        if (slot->store_id == store->id) {
            *ret = slot->reader;
            return FC_OK;
        }
    }
    FC_CLEANUP(fc_reader_closep) struct fc_reader *reader = NULL;
    fc_rc rc = fc_reader_open(store, &reader, err);
    if (rc == FC_OK)
        rc = add_slot(store, reader, err);
    if (rc == FC_OK)
        *ret = fc_steal(reader);
    return rc;
}
