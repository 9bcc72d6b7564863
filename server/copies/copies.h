/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Backups on object stores: a worker carries each file there, or back. Workers have the clients of the clouds and get
 * their credentials by environment; this process has neither a client nor a key.
 *
 * One copy at a time; it blocks whoever asked. fc_copies_stop may be called from another thread.
 */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"

struct fc_copies;

/** s3://bucket, with or without a prefix: a place that backups can be kept at. */
bool fc_copies_is_url(const char *text);

/**
 * How the stores are reached is in the configuration (backup.*). What sources may not reach does not bound it: the operator
 * names the place. CONFIG_INVALID names the key. Nothing is started yet; configuration, path and arena must live as long.
 */
FC_MUST fc_rc fc_copies_new(const struct fc_config *config, const char *worker_path,
                            struct fc_arena *arena, struct fc_copies **ret, struct fc_error *err);
/** The copy that is under way fails, and so do all that come later. */
void fc_copies_stop(struct fc_copies *copies);
void fc_copies_free(struct fc_copies *copies);
FC_DEFINE_FREEP(struct fc_copies, fc_copies_free)

/**
 * The file becomes the object, whole or not at all. With `keep`, the oldest of the backups beside it that are named by
 * time are removed until so many are left; `*ret_removed` counts them. BACKUP_FAILED, WORKER_FAILED.
 */
FC_MUST fc_rc fc_copies_upload(struct fc_copies *copies, const char *path, const char *url,
                               uint32_t keep, uint32_t *ret_removed, struct fc_error *err);

/** The object becomes the file. Errors as above. */
FC_MUST fc_rc fc_copies_download(struct fc_copies *copies, const char *url, const char *path,
                                 struct fc_error *err);
