/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/online_cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct entry {
    char *path; /* NULL: free */
    struct fc_online_reader *reader;
    dev_t device;
    ino_t inode;
    uint64_t used; /* when, in uses */
};

struct cache {
    struct entry entries[FC_ONLINE_CACHE_READERS];
    uint64_t uses;
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static void clear(struct entry *entry)
{
    fc_online_reader_close(entry->reader);
    free(entry->path);
    *entry = (struct entry){.path = NULL};
}

static void thread_ends(void *arg)
{
    struct cache *cache = arg;

    for (size_t i = 0; i < FC_ARRAY_LEN(cache->entries); i++)
        clear(&cache->entries[i]);
    free(cache);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, thread_ends) == 0;
}

static struct cache *own_cache(void)
{
    (void)pthread_once(&key_once, make_key);
    struct cache *cache = key_made ? pthread_getspecific(key) : NULL;
    if (!cache && key_made) {
        cache = calloc(1, sizeof *cache);
        if (cache && pthread_setspecific(key, cache) != 0) {
            free(cache);
            cache = NULL;
        }
    }
    return cache;
}

static struct entry *find(struct cache *cache, const char *path)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(cache->entries); i++) {
        struct entry *entry = &cache->entries[i];
        if (entry->path && strcmp(entry->path, path) == 0)
            return entry;
    }
    return NULL;
}

/* A free place, else that of the entry which was not used for the longest time. */
static struct entry *make_room(struct cache *cache)
{
    struct entry *oldest = &cache->entries[0];

    for (size_t i = 0; i < FC_ARRAY_LEN(cache->entries); i++) {
        struct entry *entry = &cache->entries[i];
        if (!entry->path)
            return entry;
        if (entry->used < oldest->used)
            oldest = entry;
    }
    clear(oldest);
    return oldest;
}

static fc_rc open_entry(struct cache *cache, const char *path, const struct stat *info,
                        struct entry **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_online_reader_closep) struct fc_online_reader *reader = NULL;
    fc_rc rc = fc_online_reader_open(path, &reader, err);

    if (rc != FC_OK)
        return rc;
    char *name = strdup(path);
    if (!name)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to open %s", path);
    *ret = make_room(cache);
    **ret = (struct entry){
        .path = name, .reader = fc_steal(reader), .device = info->st_dev, .inode = info->st_ino};
    return FC_OK;
}

fc_rc fc_online_cache_get(const char *path, struct fc_online_reader **ret, struct fc_error *err)
{
    struct cache *cache = own_cache();
    struct stat info;

    if (!cache)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to open %s", path);
    struct entry *entry = find(cache, path);
    if (stat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            return fc_fail(err, FC_REASON_IO_FAILED, "cannot look at %s: %s", path,
                           strerror(errno));
        }
        if (entry)
            clear(entry);
        *ret = NULL;
        return FC_OK;
    }
    if (entry && (entry->device != info.st_dev || entry->inode != info.st_ino)) {
        clear(entry);
        entry = NULL;
    }
    fc_rc rc = entry ? FC_OK : open_entry(cache, path, &info, &entry, err);
    if (rc == FC_NOT_FOUND) {
        *ret = NULL;
        return FC_OK;
    }
    if (rc == FC_OK) {
        entry->used = ++cache->uses;
        *ret = entry->reader;
    }
    return rc;
}

void fc_online_cache_drop(const char *path)
{
    struct cache *cache = own_cache();
    struct entry *entry = cache ? find(cache, path) : NULL;

    if (entry)
        clear(entry);
}
