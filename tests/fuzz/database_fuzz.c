/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte (odd: after an unclean stop), then changes to a small registry database, each of four bytes: three of a
 * place (more than the file has: counted from its start again), one that is XORed there. The store is refused with words,
 * or opens, and then no row that it tells is other than the one that was written.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/internal.h"
#include "tests/support/registry.h"
#include "tests/support/specs.h"

enum { MEMORY = 64 << 20, ENTITIES = 12, TABLES = 8, CHANGES_MAX = 4096 };

struct object {
    char name[32];
    fc_str reply;
};

/* Made once: a database, and what it says. */
static struct {
    char dir[64], database[96], lock[96], wal[96], shm[96];
    struct fc_arena *arena;
    fc_str image;
    struct object objects[ENTITIES + TABLES];
    size_t count;
    bool learning;
} truth;

static void row_is_true(fc_str name, fc_str reply)
{
    struct object *known = &truth.objects[truth.count];

    if (truth.learning) {
        snprintf(known->name, sizeof(known->name), "%.*s", (int)name.len, name.ptr);
        known->reply.ptr = fc_arena_memdup(truth.arena, reply.ptr, reply.len);
        known->reply.len = reply.len;
        truth.count++;
        return;
    }
    for (size_t i = 0; i < truth.count; i++) {
        if (fc_str_eq(name, fc_str_from(truth.objects[i].name))) {
            FUZZ_CHECK(fc_str_eq(reply, truth.objects[i].reply), "a false %s",
                       truth.objects[i].name);
            return;
        }
    }
    FUZZ_CHECK(false, "a row that was never written: %.*s", (int)name.len, name.ptr);
}

static fc_rc see_entity(void *ctx, const struct fc_entity_row *row, struct fc_error *err)
{
    (void)ctx;
    (void)err;
    row_is_true(row->name, row->reply);
    return FC_OK;
}

static fc_rc see_table(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    (void)ctx;
    (void)err;
    row_is_true(row->name, row->reply);
    return FC_OK;
}

static void said_why(fc_rc rc, const struct fc_error *err)
{
    FUZZ_CHECK(rc == FC_OK || err->message[0] != '\0', "a refusal without words");
    /* A row that a damaged index hides is found again by the constraint when it is written anew. */
    FUZZ_CHECK(rc == FC_OK || err->reason != FC_REASON_INTERNAL ||
                   strstr(err->message, "constraint failed"),
               "%s", err->message);
}

static void read_all(struct fc_store *store)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    fc_rc rc = fc_reader_open(store, &reader, &err);

    said_why(rc, &err);
    if (rc != FC_OK)
        return;
    said_why(fc_entity_each(reader, FC_STR("default"), see_entity, NULL, &err), &err);
    said_why(fc_table_each(reader, FC_STR(""), true, see_table, NULL, &err), &err);
    if (!truth.learning)
        said_why(fc_verify_rows(reader, &err), &err);
    fc_reader_close(reader);
}

static void put_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    FUZZ_CHECK(file && fwrite(data, 1, size, file) == size && fclose(file) == 0,
               "%s cannot be written", path);
}

static void remove_all(void)
{
    static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-shm", "LOCK",
                                        "RESERVE"};
    char path[128];

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", truth.dir, names[i]);
        unlink(path);
    }
    rmdir(truth.dir);
    fc_arena_free(truth.arena);
}

static void fill(struct fc_store *store)
{
    Feast__Core__FeatureTableSpec *spec = test_table(truth.arena);
    char name[32];

    for (int i = 0; i < ENTITIES; i++) {
        snprintf(name, sizeof(name), "entity_%d", i);
        test_put_entity(store, "default", name, 4);
    }
    for (int i = 0; i < TABLES; i++) {
        snprintf(name, sizeof(name), "table_%d", i);
        spec->name = name;
        test_put_table(store, "default", spec);
    }
    test_delete_table(store, "default", "table_1");
}

static void learn(void)
{
    const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    struct fc_store *store;
    struct stat info;
    FILE *file;
    char *image;

    truth.arena = fuzz_arena(MEMORY);
    snprintf(truth.dir, sizeof(truth.dir), "%s/fc-fuzz-XXXXXX", memory);
    FUZZ_CHECK(mkdtemp(truth.dir) != NULL, "no directory in %s", memory);
    atexit(remove_all);
    snprintf(truth.database, sizeof(truth.database), "%s/registry.db", truth.dir);
    snprintf(truth.lock, sizeof(truth.lock), "%s/LOCK", truth.dir);
    snprintf(truth.wal, sizeof(truth.wal), "%s/registry.db-wal", truth.dir);
    snprintf(truth.shm, sizeof(truth.shm), "%s/registry.db-shm", truth.dir);
    store = test_store_open(truth.dir);
    fill(store);
    truth.learning = true;
    read_all(store);
    truth.learning = false;
    fc_store_close(store);
    FUZZ_CHECK(truth.count == ENTITIES + TABLES, "%zu objects", truth.count);
    file = fopen(truth.database, "rb");
    FUZZ_CHECK(file && fstat(fileno(file), &info) == 0, "%s is gone", truth.database);
    image = fc_arena_alloc(truth.arena, (size_t)info.st_size);
    FUZZ_CHECK(image && fread(image, 1, (size_t)info.st_size, file) == (size_t)info.st_size,
               "%s cannot be read", truth.database);
    fclose(file);
    truth.image = (fc_str){image, (size_t)info.st_size};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str input = {.ptr = (const char *)data, .len = size};
    struct fc_store_options options = {.data_dir = truth.dir};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_store *store = NULL;
    bool unclean;
    char *image;
    fc_rc rc;

    if (truth.image.len == 0)
        learn();
    unclean = fuzz_take(&input) & 1;
    image = malloc(truth.image.len);
    FUZZ_CHECK(image != NULL, "out of memory");
    memcpy(image, truth.image.ptr, truth.image.len);
    for (size_t i = 0; input.len >= 4 && i < CHANGES_MAX; i++) {
        size_t place = (size_t)fuzz_take(&input) << 16;
        place |= (size_t)fuzz_take(&input) << 8;
        place |= fuzz_take(&input);
        image[place % truth.image.len] ^= (char)fuzz_take(&input);
    }
    put_file(truth.database, image, truth.image.len);
    put_file(truth.lock, "1\n", unclean ? 2 : 0);
    unlink(truth.wal);
    unlink(truth.shm);
    free(image);
    rc = fc_store_open(&options, &store, &err);
    said_why(rc, &err);
    if (rc == FC_OK)
        read_all(store);
    fc_store_close(store);
    return 0;
}
