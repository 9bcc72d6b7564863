/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a byte that picks a message type, then a message of it. It is cells that have a text and an order, or no message
 * of the type, with words; and the same bytes give the same cells.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "worker/contract/convert.h"
#include "worker/formats/format.h"

enum { COLUMNS_MAX = 96 };

static const char *const CLASSES[] = {"demo.trips.Trip", "demo.old.OldStyle", "demo.many.Outer"};
static const char *const WANTED[] = {"f_counts.k", "f_stops.1.lat", "f_time.seconds",
                                     "f_place.last.f_place.last.f_int32",
                                     "deep.again.deep.again.id"};

static struct fc_format *open_class(const char *name, struct fc_arena *arena)
{
    Feast__Worker__V1__Access order;
    const struct fc_access access = {.order = &order};
    const struct fc_format_env env = {.sys = fc_sys_real(), .access = &access};
    Feast__Core__StreamFormat__ProtoFormat proto;
    Feast__Core__StreamFormat format;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_format *ret = NULL;

    feast__worker__v1__access__init(&order);
    feast__core__stream_format__proto_format__init(&proto);
    feast__core__stream_format__init(&format);
    order.descriptors = fc_arena_strdup(arena, FC_TEST_DESCRIPTORS);
    proto.class_path = fc_arena_strdup(arena, name);
    format.format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT;
    format.proto_format = &proto;
    fc_rc rc = fc_format_protobuf.open(&env, &format, arena, &ret, &err);
    FUZZ_CHECK(rc == FC_OK, "%s", err.message);
    return ret;
}

static struct kind {
    struct fc_format *format;
    const struct fc_source_column *columns;
    size_t count;
} kinds[FC_ARRAY_LEN(CLASSES)];

/* Once: reading descriptors is another target. */
static void open_classes(void)
{
    struct fc_arena *arena = fuzz_arena((size_t)64 << 20);

    for (size_t i = 0; i < FC_ARRAY_LEN(CLASSES); i++) {
        const char *names[COLUMNS_MAX];
        struct fc_source_column *columns = NULL;
        struct fc_error err = FC_ERROR_INIT;
        size_t count = 0;
        kinds[i].format = open_class(CLASSES[i], arena);
        fc_rc rc = fc_format_protobuf.describe(kinds[i].format, WANTED, FC_ARRAY_LEN(WANTED), arena,
                                               &columns, &count, &err);
        FUZZ_CHECK(rc == FC_OK && count <= COLUMNS_MAX, "%zu columns", count);
        for (size_t at = 0; at < count; at++)
            names[at] = columns[at].name;
        rc = fc_format_protobuf.select(kinds[i].format, names, count, &err);
        FUZZ_CHECK(rc == FC_OK, "%s", err.message);
        kinds[i].columns = columns;
        kinds[i].count = count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str input = {.ptr = (const char *)data, .len = size};
    struct fc_cell cells[COLUMNS_MAX];
    struct fc_cell again[COLUMNS_MAX];
    struct fc_error err = FC_ERROR_INIT;

    if (!kinds[0].format)
        open_classes();
    const struct kind *kind = &kinds[fuzz_take(&input) % FC_ARRAY_LEN(CLASSES)];
    struct fc_arena *arena = fuzz_arena((size_t)64 << 20);
    fc_rc rc = fc_format_protobuf.decode(kind->format, input, arena, cells, &err);
    FUZZ_CHECK(rc == FC_OK || err.message[0] != '\0', "a refusal without words");
    FUZZ_CHECK(fc_format_protobuf.decode(kind->format, input, arena, again, &err) == rc,
               "another verdict on the same bytes");
    for (size_t i = 0; rc == FC_OK && i < kind->count; i++) {
        FUZZ_CHECK(cells[i].null == again[i].null, "another cell of the same bytes");
        if (cells[i].null)
            continue;
        FUZZ_CHECK(fc_cell_text(&kind->columns[i].type, &cells[i], arena) != NULL, "no text");
        FUZZ_CHECK(fc_cell_cmp(&kind->columns[i].type, &cells[i], &again[i]) == 0,
                   "another value of the same bytes");
    }
    fc_arena_free(arena);
    return 0;
}
