/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of remote files: patterns over names, the bytes of columns, spools. */
#include "tests/unit/harness.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/support/scratch.h"
#include "worker/objects/spool.h"
#include "worker/sources/parquet_layout.h"
#include "worker/sources/pattern.h"

static bool matches(const char *text, const char *name)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_pattern pattern;

    assert_int_equal(fc_pattern_read(text, arena, &pattern, &err), FC_OK);
    return fc_pattern_matches(&pattern, name);
}

static void patterns(void **state FC_UNUSED)
{
    assert_true(matches("a/*.parquet", "a/b.parquet"));
    assert_false(matches("a/*.parquet", "a/b/c.parquet"));
    assert_true(matches("a/*/", "a/b/c.parquet"));
    assert_true(matches("a/dt=*", "a/dt=1/x/c.parquet"));
    assert_true(matches("{a,b{1,2}}/x[0-3]?", "b2/x1z"));
    assert_false(matches("{a,b{1,2}}/x[0-3]?", "b3/x1z"));
    assert_true(matches("{a", "{a"));
    assert_true(matches("a{,b}", "a"));
}

static void patterns_that_explode_are_refused(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_pattern pattern;

    assert_int_equal(
        fc_pattern_read("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", arena, &pattern, &err),
        FC_INVALID_ARGUMENT);
}

/* A file of Spark: one row group, a page index, lists. */
static void layout_of(const char *name, struct fc_arena *arena, struct fc_buf *file,
                      struct fc_parquet_layout *ret)
{
    static const char *const columns[] = {"n", "tags"};
    struct fc_error err = FC_ERROR_INIT;
    const char *path = fc_arena_printf(arena, FC_TEST_DATA_DIR "/parquet/spark/%s.parquet", name);

    assert_int_equal(fc_file_read(path, "test data", (size_t)1 << 20, file, &err), FC_OK);
    const char *end = file->ptr + file->len;
    int64_t footer = fc_parquet_footer_size(end - FC_PARQUET_TAIL, (int64_t)file->len);
    assert_true(footer > 0);
    const fc_str bytes = {.ptr = end - FC_PARQUET_TAIL - footer, .len = (size_t)footer};
    assert_int_equal(fc_parquet_layout(bytes, (int64_t)file->len, columns, 2, arena, ret, &err),
                     FC_OK);
}

static void places_of_columns(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)16 << 20);
    struct fc_buf file = FC_BUF_INIT;
    struct fc_parquet_layout layout;

    layout_of("pages_v2", arena, &file, &layout);
    assert_int_equal(layout.group_count, 1);
    assert_int_equal(layout.groups[0].rows, 200);
    assert_int_equal(layout.groups[0].chunk_count, 2);
    const struct fc_parquet_chunk *n = &layout.groups[0].chunks[0];
    const struct fc_parquet_chunk *tags = &layout.groups[0].chunks[1];
    assert_int_equal(n->values, 200);
    assert_int_equal(tags->values, 400);
    assert_true(n->index_size > 0 && n->first >= 4 && n->first + n->size <= tags->first + 128);
    const fc_str index = {.ptr = file.ptr + n->index_first, .len = (size_t)n->index_size};
    const fc_str pages = {.ptr = file.ptr + n->first, .len = (size_t)n->size};
    /* Both ways lead to the same page; of all rows all pages are needed. */
    assert_int_equal(fc_parquet_index_need(index, n, 1), fc_parquet_pages_need(pages, n, 1));
    assert_true(fc_parquet_index_need(index, n, 1) <= fc_parquet_index_need(index, n, 200));
    assert_true(fc_parquet_pages_need(pages, n, 200) <= n->size);
    fc_buf_done(&file);
}

static void damaged_footers(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)16 << 20);
    static const char *const columns[] = {"n"};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_parquet_layout layout;

    assert_int_equal(fc_parquet_footer_size("\1\0\0\0PAR1", 13), 1);
    assert_int_equal(fc_parquet_footer_size("\2\0\0\0PAR1", 13), -1);
    assert_int_equal(fc_parquet_footer_size("\1\0\0\0PARE", 13), -1);
    assert_int_equal(fc_parquet_layout(FC_STR("\x19\xfc"), 100, columns, 1, arena, &layout, &err),
                     FC_INVALID_ARGUMENT);
}

/* Three pages at 4, 104 and 304 with the rows from 0, 300 and 700. */
static void pages_by_their_index(void **state FC_UNUSED)
{
    static const unsigned char bytes[] = {
        0x19, 0x3c, 0x16, 0x08, 0x15, 0xc8, 0x01, 0x16, 0x00, 0x00, 0x16, 0xd0, 0x01, 0x15, 0x90,
        0x03, 0x16, 0xd8, 0x04, 0x00, 0x16, 0xe0, 0x04, 0x15, 0x64, 0x16, 0xf8, 0x0a, 0x00, 0x00};
    const fc_str index = {.ptr = (const char *)bytes, .len = sizeof(bytes)};
    const struct fc_parquet_chunk chunk = {.first = 4, .size = 1000, .values = 900};

    assert_int_equal(fc_parquet_index_need(index, &chunk, 1), 100);
    assert_int_equal(fc_parquet_index_need(index, &chunk, 300), 100);
    assert_int_equal(fc_parquet_index_need(index, &chunk, 301), 300);
    assert_int_equal(fc_parquet_index_need(index, &chunk, 900), 350);
    assert_int_equal(fc_parquet_index_need((fc_str){.ptr = index.ptr, .len = 9}, &chunk, 1), 1000);
}

/* A store that has one object, byte i of which is i modulo 251; a stand-in. */
struct fake {
    struct fc_store store;
    unsigned reads;
    int64_t bytes;
};

static fc_rc fake_read(struct fc_store *store, struct fc_object *object,
                       const struct fc_object_read *read, struct fc_error *err)
{
    struct fake *fake = (struct fake *)store;
    int64_t first = read->first < 0 ? fake->bytes + read->first : read->first;
    int64_t size = read->first < 0 ? fake->bytes - first : read->size;
    char data[4096];

    if (first < 0) {
        size += first;
        first = 0;
    }
    fake->reads++;
    object->bytes = fake->bytes;
    for (int64_t at = first; at < first + size;) {
        size_t n = first + size - at < 4096 ? (size_t)(first + size - at) : 4096;
        for (size_t i = 0; i < n; i++)
            data[i] = (char)((at + (int64_t)i) % 251);
        fc_rc rc = read->put(read->ctx, at, (fc_str){.ptr = data, .len = n}, err);
        if (rc != FC_OK)
            return rc;
        at += (int64_t)n;
    }
    return FC_OK;
}

static void spools_hold_what_was_needed(void **state FC_UNUSED)
{
    static const struct fc_store_ops ops = {.version = FC_STORE_VERSION, .read = fake_read};
    struct fake fake = {.store = {.ops = &ops}, .bytes = (int64_t)100 << 20};
    const struct fc_object object = {.key = "k", .name = "x://k", .bytes = -1};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_spool_dir dir;
    struct fc_spool *spool = NULL;
    unsigned char byte = 0;
    struct stat st;

    assert_int_equal(fc_spool_dir_open(&dir, &err), FC_OK);
    assert_int_equal(fc_spool_open(&dir, &fake.store, &object, 1000, &spool, &err), FC_OK);
    assert_int_equal(fc_spool_bytes(spool), fake.bytes);
    assert_int_equal(fake.reads, 1);
    /* Two that are near come by one request, the third by its own; the fourth is there. */
    const struct fc_span spans[] = {{.first = 5000, .size = 10},
                                    {.first = 4000, .size = 10},
                                    {.first = 9000000, .size = 100},
                                    {.first = fake.bytes - 10, .size = 10}};
    assert_int_equal(fc_spool_need(spool, spans, 4, &err), FC_OK);
    assert_int_equal(fake.reads, 3);
    assert_int_equal(fc_spool_need(spool, spans, 4, &err), FC_OK);
    assert_int_equal(fake.reads, 3);
    assert_int_equal(
        fc_spool_read(spool, (struct fc_span){.first = 9000005, .size = 1}, &byte, &err), FC_OK);
    assert_int_equal(byte, 9000005 % 251);
    assert_int_equal(stat(fc_spool_path(spool), &st), 0);
    assert_int_equal(st.st_size, fake.bytes);
    assert_true(st.st_blocks * 512 < 1 << 20);
    fc_spool_forget(spool, 8000000);
    assert_false(fc_spool_has(spool, spans[0]));
    assert_true(fc_spool_has(spool, spans[2]));
    const struct fc_span beyond = {.first = fake.bytes - 1, .size = 2};
    assert_int_equal(fc_spool_need(spool, &beyond, 1, &err), FC_INVALID_ARGUMENT);
    const struct fc_spool_dir before = dir;
    fc_spool_close(spool);
    fc_spool_dir_close(&dir);
    assert_int_equal(access(before.path, F_OK), -1);
}

/* What a killed worker left is removed by the next one; what another still uses is not. */
static void left_spools_are_removed(void **state FC_UNUSED)
{
    struct test_scratch scratch;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_spool_dir mine, next;

    test_scratch_init(&scratch);
    const char *before = getenv("TMPDIR");
    char *kept = before ? strdup(before) : NULL;
    setenv("TMPDIR", scratch.path, 1);
    assert_int_equal(mkdir(test_path(&scratch, "feast-spool-dead00"), 0700), 0);
    test_write(test_path(&scratch, "feast-spool-dead00/0.parquet"), "x");
    assert_int_equal(fc_spool_dir_open(&mine, &err), FC_OK);
    assert_int_equal(access(test_path(&scratch, "feast-spool-dead00"), F_OK), -1);
    assert_int_equal(fc_spool_dir_open(&next, &err), FC_OK);
    assert_int_equal(access(mine.path, F_OK), 0);
    fc_spool_dir_close(&mine);
    fc_spool_dir_close(&next);
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
    test_scratch_done(&scratch);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(patterns),
    cmocka_unit_test(patterns_that_explode_are_refused),
    cmocka_unit_test(places_of_columns),
    cmocka_unit_test(damaged_footers),
    cmocka_unit_test(pages_by_their_index),
    cmocka_unit_test(spools_hold_what_was_needed),
    cmocka_unit_test(left_spools_are_removed),
};

FC_TEST_MAIN(cases)
