/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A layer around SQLite's own VFS through which a test sees, and may refuse, what is done to files.
 *
 * Becomes the default VFS of the process: the code under test needs no switch. Hooks are called before the operation,
 * from any thread, and return SQLITE_OK to let it happen or the code to fail with. They are set while no database is
 * open. Shared memory and locks pass unseen.
 */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

struct test_vfs_hooks {
    void *ctx;
    /** A file is opened with these SQLITE_OPEN_ flags. */
    int (*open)(void *ctx, const char *path, int flags);
    int (*read)(void *ctx, const char *path, int size, int64_t offset);
    int (*write)(void *ctx, const char *path, const void *data, int size, int64_t offset);
    int (*truncate)(void *ctx, const char *path, int64_t size);
    int (*sync)(void *ctx, const char *path);
    int (*remove)(void *ctx, const char *path);
};

/** NULL members see nothing. A second call replaces the hooks; NULL takes them away. */
void test_vfs_install(const struct test_vfs_hooks *hooks);
