/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Places that keep whole objects by name: S3, Google Cloud Storage, web servers. Behind one table, so that finding,
 * pinning and spooling files is written once. Each kind is one file.
 *
 * What is wrong is told apart in the text; the reason is SOURCE_UNREACHABLE for what is missing, denied or does not
 * answer, SOURCE_INVALID for a server that breaks the rules, SOURCE_UNSUPPORTED for what this kind cannot do.
 */
#pragma once

#include "worker/net/http.h"

#define FC_STORE_VERSION 2

struct fc_object {
    const char *key;  /**< as the store knows it */
    const char *name; /**< for people: "s3://bucket/key"; without credentials */
    int64_t bytes;    /**< -1 until known */
    /** What reads are pinned to: an ETag (with its quotes) or a generation. NULL until known, or where there is none. */
    const char *version;
};

/** One of a listing. Borrowed until the callback returns. `*ret_stop` ends the listing. */
typedef fc_rc (*fc_object_fn)(void *ctx, const struct fc_object *object, bool *ret_stop,
                              struct fc_error *err);

/** Takes bytes of an object at their offset. Size and version of the object are known by then. */
typedef fc_rc (*fc_object_put_fn)(void *ctx, int64_t offset, fc_str data, struct fc_error *err);

struct fc_object_read {
    int64_t first, size; /**< a negative first counts from the end, to which the range then goes */
    fc_object_put_fn put;
    void *ctx;
};

struct fc_store_env {
    struct fc_http *http;
    const struct fc_access *access; /**< NULL forbids nothing and has all defaults */
    struct fc_arena *scratch;       /**< of requests; reset by each call */
};

struct fc_store;

struct fc_store_ops {
    unsigned version;           /**< FC_STORE_VERSION */
    const char *const *schemes; /**< "s3", …; NULL-terminated */
    /** Understands the URL; nothing is asked yet. */
    fc_rc (*open)(const struct fc_store_env *env, const char *url, struct fc_arena *arena,
                  struct fc_store **ret, struct fc_error *err);
    /**
     * Objects whose key begins with the prefix, in byte order of their keys; no object is no error. NULL where nothing
     * can be listed.
     */
    fc_rc (*list)(struct fc_store *store, const char *prefix, fc_object_fn fn, void *ctx,
                  struct fc_error *err);
    /**
     * Reads a range and fills what was not known of the object: strings in the store's arena. A server without ranges
     * may hand over the whole object instead, from offset 0. NOT_FOUND when there is no such object (the reason is
     * SOURCE_UNREACHABLE all the same).
     */
    fc_rc (*read)(struct fc_store *store, struct fc_object *object,
                  const struct fc_object_read *read, struct fc_error *err);
    /** Makes the object of the first `bytes` bytes of a file, whole or not at all. NULL where nothing is written. */
    fc_rc (*write)(struct fc_store *store, const char *key, int fd, int64_t bytes,
                   struct fc_error *err);
    /** Removes it; that there is none is no error. NULL where nothing is written. */
    fc_rc (*remove)(struct fc_store *store, const char *key, struct fc_error *err);
};

/** What all kinds begin with. */
struct fc_store {
    const struct fc_store_ops *ops;
    struct fc_store_env env;
    struct fc_arena *arena;
    const char *root; /**< for people, before each key: "s3://bucket/" */
    const char *key;  /**< what the URL names within the store: a key, a prefix or a pattern */
    bool literal;     /**< `key` is never a pattern */
};

/** The kind that serves this URL, or NULL: a local path, or a scheme that nobody serves. */
const struct fc_store_ops *fc_store_ops_for(const char *url);

/** True when the place is there, but no such object: keys may still begin with its name. */
bool fc_store_is_missing(const struct fc_error *err);

extern const struct fc_store_ops fc_store_s3, fc_store_gcs, fc_store_web;
