/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/crash_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/shim_vfs.h"

#define FILES_MAX 16
#define SECTOR    512

struct image {
    char *bytes;
    size_t size, capacity;
};

struct change {
    struct change *next;
    char *data; /* NULL: the file is cut or grown to `offset` */
    size_t size;
    int64_t offset;
};

struct file {
    char path[400];
    struct image durable;
    struct change *first, **last; /* since the last sync */
    bool name_durable;            /* the directory knows what we know of the name */
    bool removed;
    bool had_ghost;
    struct image ghost; /* what the name meant before, while the directory does not know better */
};

static struct {
    struct crash_disk_options options;
    pthread_mutex_t lock;
    struct file files[FILES_MAX];
    size_t count;
    int syncs;
    uint64_t dice;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t roll(uint64_t sides)
{
    disk.dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (disk.dice ^ (disk.dice >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ (mixed >> 31)) % sides;
}

_Noreturn static void give_up(const char *what)
{
    perror(what);
    _Exit(1);
}

/* ---- Images ---- */

static void image_resize(struct image *image, size_t size)
{
    if (size > image->capacity || !image->bytes) {
        /* By halves: files grow page by page. */
        size_t capacity = size + size / 2 + SECTOR;
        char *bytes = realloc(image->bytes, capacity);
        if (!bytes)
            give_up("realloc");
        image->bytes = bytes;
        image->capacity = capacity;
    }
    if (size > image->size)
        memset(image->bytes + image->size, 0, size - image->size);
    image->size = size;
}

static void image_write(struct image *image, const char *data, size_t size, size_t offset)
{
    if (offset + size > image->size)
        image_resize(image, offset + size);
    memcpy(image->bytes + offset, data, size);
}

static struct image image_read(const char *path)
{
    struct image image = {.bytes = NULL};
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        give_up(path);
    image_resize(&image, (size_t)info.st_size);
    if (read(fd, image.bytes, image.size) != (ssize_t)image.size)
        give_up(path);
    (void)close(fd);
    return image;
}

static void image_store(const struct image *image, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0 || write(fd, image->bytes, image->size) != (ssize_t)image->size)
        give_up(path);
    (void)close(fd);
}

/* ---- Changes ---- */

static void apply(struct image *image, const struct change *change)
{
    if (!change->data)
        image_resize(image, (size_t)change->offset);
    else
        image_write(image, change->data, change->size, (size_t)change->offset);
}

/* Any of its sectors may have reached the disk. */
static void apply_torn(struct image *image, const struct change *change)
{
    size_t at = 0;
    while (at < change->size) {
        size_t offset = (size_t)change->offset + at;
        size_t part = SECTOR - offset % SECTOR;
        part = part > change->size - at ? change->size - at : part;
        if (roll(2) == 0)
            image_write(image, change->data + at, part, offset);
        at += part;
    }
}

static void forget_changes(struct file *file)
{
    while (file->first) {
        struct change *next = file->first->next;
        free(file->first->data);
        free(file->first);
        file->first = next;
    }
    file->last = &file->first;
}

static void sync_changes(struct file *file)
{
    for (const struct change *change = file->first; change; change = change->next)
        apply(&file->durable, change);
    forget_changes(file);
}

static struct file *find(const char *path)
{
    for (size_t i = 0; i < disk.count; i++)
        if (strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    return NULL;
}

static struct file *add(const char *path)
{
    if (disk.count == FILES_MAX)
        give_up("too many files");
    struct file *file = &disk.files[disk.count++];
    *file = (struct file){.removed = false};
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    file->last = &file->first;
    return file;
}

static void note(const char *path, const void *data, size_t size, int64_t offset)
{
    struct file *file = find(path);
    struct change *change = calloc(1, sizeof *change);

    if (!file || !change)
        give_up("a change of a file that was not opened");
    change->offset = offset;
    if (data) {
        change->size = size;
        change->data = malloc(size);
        if (!change->data)
            give_up("malloc");
        memcpy(change->data, data, size);
    }
    *file->last = change;
    file->last = &change->next;
}

/* ---- The power fails ---- */

static void settle(struct file *file)
{
    /* Whole lists are kept or lost often enough to be tried for themselves. */
    uint64_t mood = roll(6);

    for (const struct change *change = file->first; change; change = change->next) {
        uint64_t fate = mood == 0 ? 0 : mood == 1 ? 1 : roll(5);
        if (fate == 0 || fate == 3)
            apply(&file->durable, change);
        else if (fate == 2 && change->data)
            apply_torn(&file->durable, change);
    }
    bool as_we_know = file->name_durable || roll(2) == 0;
    bool there = as_we_know ? !file->removed : file->had_ghost;
    if (there)
        image_store(as_we_know ? &file->durable : &file->ghost, file->path);
    else
        (void)unlink(file->path);
}

static void fail_power(void)
{
    char path[500];

    for (size_t i = 0; i < disk.count; i++)
        settle(&disk.files[i]);
    (void)snprintf(path, sizeof path, "%s/registry.db-shm", disk.options.dir);
    (void)unlink(path);
    _exit(CRASH_DISK_EXIT);
}

/* ---- Hooks; shared memory never comes here ---- */

static int on_open(void *ctx, const char *path, int flags)
{
    (void)ctx;
    (void)pthread_mutex_lock(&disk.lock);
    struct file *file = find(path);
    if (!file) {
        /* New in this life: SQLite or the store made it, and no directory was synced since. */
        (void)add(path);
    } else if (file->removed && (flags & SQLITE_OPEN_CREATE) != 0) {
        file->removed = false;
        file->name_durable = false;
        image_resize(&file->durable, 0);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

static int on_write(void *ctx, const char *path, const void *data, int size, int64_t offset)
{
    (void)ctx;
    (void)pthread_mutex_lock(&disk.lock);
    note(path, data, (size_t)size, offset);
    (void)pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

static int on_truncate(void *ctx, const char *path, int64_t size)
{
    (void)ctx;
    (void)pthread_mutex_lock(&disk.lock);
    note(path, NULL, 0, size);
    (void)pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

/* A sync of the directory, the only one there is. */
static void sync_names(void)
{
    for (size_t i = 0; i < disk.count; i++) {
        disk.files[i].name_durable = true;
        disk.files[i].had_ghost = false;
    }
}

static int on_sync(void *ctx, const char *path)
{
    (void)ctx;
    (void)pthread_mutex_lock(&disk.lock);
    struct file *file = find(path);
    disk.syncs++;
    bool fails = disk.syncs == disk.options.fail_at_sync;
    if (fails && !disk.options.after_sync)
        fail_power();
    if (!disk.options.lies && file) {
        sync_changes(file);
        /* The unix VFS syncs the directory with the first sync of a WAL or journal that it made. */
        if (!file->name_durable && (strstr(path, "-wal") || strstr(path, "-journal")))
            sync_names();
    }
    if (fails)
        fail_power();
    (void)pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

static int on_remove(void *ctx, const char *path)
{
    (void)ctx;
    (void)pthread_mutex_lock(&disk.lock);
    struct file *file = find(path);
    if (file && !file->removed) {
        if (file->name_durable) {
            file->had_ghost = true;
            file->ghost = file->durable;
            file->durable = (struct image){.bytes = NULL};
        }
        forget_changes(file);
        file->removed = true;
        file->name_durable = false;
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-journal"};

/* Files that are there and that SQLite has not opened yet; their content counts as synced. */
static void add_those_there(void)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        char path[400];
        (void)snprintf(path, sizeof path, "%s/%s", disk.options.dir, names[i]);
        if (!find(path) && access(path, F_OK) == 0) {
            struct file *file = add(path);
            file->durable = image_read(path);
            file->name_durable = true;
        }
    }
}

static int sync_dir(void *ctx, const char *path)
{
    (void)pthread_mutex_lock(&disk.lock);
    if (!disk.options.lies) {
        add_those_there();
        sync_names();
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return fc_sys_real()->sync_dir(ctx, path);
}

const struct fc_sys *crash_disk_sys(void)
{
    static struct fc_sys sys;
    sys = *fc_sys_real();
    sys.sync_dir = sync_dir;
    return &sys;
}

void crash_disk_install(const struct crash_disk_options *options)
{
    static const struct test_vfs_hooks hooks = {.open = on_open,
                                                .write = on_write,
                                                .truncate = on_truncate,
                                                .sync = on_sync,
                                                .remove = on_remove};

    disk.options = *options;
    disk.dice = options->seed;
    add_those_there();
    test_vfs_install(&hooks);
}
