/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker_path.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char *beside_us(struct fc_arena *arena)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    self[len > 0 ? len : 0] = '\0';
    const char *slash = strrchr(self, '/');
    return !slash ? NULL : fc_arena_printf(arena, "%.*s/feast-worker", (int)(slash - self), self);
}

fc_rc fc_worker_path(const struct fc_config *config, struct fc_arena *arena, const char **ret,
                     struct fc_error *err)
{
    const char *configured = fc_config_str(config, "worker.path");
    const char *path = configured[0] != '\0' ? configured : beside_us(arena);

    if (!path || access(path, X_OK) != 0) {
        return fc_fail_field(
            err, FC_REASON_CONFIG_INVALID, "worker.path",
            "the worker program '%s' is missing or cannot be executed; install feast-worker beside "
            "feast-core or set worker.path",
            path ? path : "feast-worker");
    }
    *ret = path;
    return FC_OK;
}
