/* SPDX-License-Identifier: Apache-2.0 */
#include "server/restore.h"

#include <string.h>
#include <unistd.h>

#include "server/copies/copies.h"
#include "server/worker_path.h"
#include "storage/store.h"

/* Of paths, and of the configuration as the worker gets it. */
#define TEXTS_BYTES ((size_t)64 << 10)

static fc_rc fetch(const struct fc_config *config, const char *url, const char *path,
                   struct fc_arena *texts, struct fc_error *err)
{
    FC_CLEANUP(fc_copies_freep) struct fc_copies *copies = NULL;
    const char *worker = NULL;

    fc_rc rc = fc_worker_path(config, texts, &worker, err);
    if (rc == FC_OK)
        rc = fc_copies_new(config, worker, texts, &copies, err);
    return rc == FC_OK ? fc_copies_download(copies, url, path, err) : rc;
}

/* It lies in the data directory, under its own name, as long as it takes. */
static fc_rc restore_object(const struct fc_config *config, const char *data_dir, const char *url,
                            struct fc_arena *texts, bool *ret_done, struct fc_error *err)
{
    const char *name = strrchr(url, '/') + 1;
    const char *dir = fc_arena_printf(texts, "%s/restoring", data_dir);
    const char *path = fc_arena_printf(texts, "%s/restoring/%s", data_dir, name);

    if (!dir || !path)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a path");
    if (name[0] == '\0') {
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "--restore is \"%s\", expected the URL of a backup", url);
    }
    *ret_done = false;
    if (fc_store_was_restored(data_dir, name))
        return FC_OK;
    int code = fc_mkdirs(dir, 0750);
    if (code < 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot make the directory %s: %s", dir,
                       strerror(-code));
    }
    fc_rc rc = fetch(config, url, path, texts, err);
    if (rc == FC_OK)
        rc = fc_store_restore(data_dir, path, fc_sys_real(), ret_done, err);
    (void)unlink(path);
    (void)rmdir(dir);
    return rc;
}

fc_rc fc_restore(const struct fc_config *config, const char *from, bool *ret_done,
                 struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *texts = fc_arena_new(TEXTS_BYTES);
    const char *data_dir = fc_config_str(config, "data_dir");

    if (!texts)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to restore");
    return fc_copies_is_url(from) ? restore_object(config, data_dir, from, texts, ret_done, err)
                                  : fc_store_restore(data_dir, from, fc_sys_real(), ret_done, err);
}
