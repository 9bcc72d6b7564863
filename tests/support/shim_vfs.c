/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/shim_vfs.h"

#include <stdlib.h>
#include <string.h>

struct shim_file {
    sqlite3_file base;
    const char *path; /* SQLite keeps the name as long as the file is open */
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim_vfs;
static struct test_vfs_hooks hooks;

static struct shim_file *shim_of(sqlite3_file *file)
{
    return (struct shim_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return shim_of(file)->real;
}

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    int code = SQLITE_OK;
    if (hooks.read)
        code = hooks.read(hooks.ctx, shim_of(file)->path, size, offset);
    return code != SQLITE_OK ? code
                             : real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int shim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    int code = SQLITE_OK;
    if (hooks.write)
        code = hooks.write(hooks.ctx, shim_of(file)->path, data, size, offset);
    return code != SQLITE_OK ? code
                             : real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = SQLITE_OK;
    if (hooks.truncate)
        code = hooks.truncate(hooks.ctx, shim_of(file)->path, size);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    int code = SQLITE_OK;
    if (hooks.sync)
        code = hooks.sync(hooks.ctx, shim_of(file)->path);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_reserved(sqlite3_file *file, int *ret)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int shim_control(sqlite3_file *file, int operation, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, arg);
}

static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    struct shim_file *shim = shim_of(file);
    int code = SQLITE_OK;

    (void)vfs;
    shim->base.pMethods = NULL;
    shim->path = path;
    shim->real = (sqlite3_file *)(shim + 1);
    if (hooks.open && path)
        code = hooks.open(hooks.ctx, path, flags);
    if (code == SQLITE_OK)
        code = real_vfs->xOpen(real_vfs, path, shim->real, flags, ret_flags);
    if (code == SQLITE_OK)
        shim->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    int code = SQLITE_OK;

    (void)vfs;
    if (hooks.remove)
        code = hooks.remove(hooks.ctx, path);
    return code != SQLITE_OK ? code : real_vfs->xDelete(real_vfs, path, sync_dir);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
    (void)vfs;
    return real_vfs->xAccess(real_vfs, path, flags, ret);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret)
{
    (void)vfs;
    return real_vfs->xFullPathname(real_vfs, path, size, ret);
}

void test_vfs_install(const struct test_vfs_hooks *wanted)
{
    if (!real_vfs) {
        real_vfs = sqlite3_vfs_find(NULL);
        shim_vfs = *real_vfs;
        shim_vfs.zName = "test-shim";
        shim_vfs.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
        shim_vfs.pNext = NULL;
        shim_vfs.xOpen = vfs_open;
        shim_vfs.xDelete = vfs_delete;
        shim_vfs.xAccess = vfs_access;
        shim_vfs.xFullPathname = vfs_full_path;
        if (sqlite3_vfs_register(&shim_vfs, 1) != SQLITE_OK)
            abort();
    }
    hooks = wanted ? *wanted : (struct test_vfs_hooks){.ctx = NULL};
}
