/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a descriptor set. It is refused with words, or its messages are found by all their names, have columns, and read
 * any bytes, the set's own among them.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "worker/formats/proto_read.h"

enum { COLUMNS_MAX = 16, SIZE_MAX_ = 1 << 16 };

static void read_message(const struct fc_proto_message *message, const struct fc_columns *columns,
                         fc_str bytes, struct fc_arena *arena)
{
    struct fc_proto_plan *plan = fc_proto_plan_new(arena, message);
    struct fc_proto_oddities oddities = {.unnamed = 0};
    struct fc_cell cells[COLUMNS_MAX];
    struct fc_error err = FC_ERROR_INIT;
    size_t slots = 0;

    for (size_t i = 0; plan && i < columns->count && i < COLUMNS_MAX; i++) {
        struct fc_proto_plan *at = fc_proto_plan_add(arena, plan, columns->items[i].name);
        /* Names with dots, or empty ones, lead elsewhere or nowhere. */
        if (at && at->slot == FC_PROTO_NO_SLOT)
            at->slot = slots++;
    }
    if (plan && fc_proto_read(plan, bytes, arena, cells, &oddities, &err) != FC_OK)
        FUZZ_CHECK(err.message[0] != '\0', "a refusal without words");
}

static void look_at(const struct fc_proto_set *set, const char *name, fc_str bytes,
                    struct fc_arena *arena)
{
    const struct fc_proto_message *message = fc_proto_set_find(set, name);
    struct fc_columns columns = {.arena = arena};

    (void)fc_proto_set_nearest(set, name, arena);
    if (!message)
        return;
    fc_proto_list(message, &columns);
    for (size_t i = 0; !columns.failed && i < columns.count; i++)
        FUZZ_CHECK(columns.items[i].type.kind < FC_COLUMN_KINDS, "a column");
    if (!columns.failed)
        read_message(message, &columns, bytes, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"demo.trips.Trip",
                                        "com.example.trips.TripEvents$Trip",
                                        "demo.old.OldStyle",
                                        "A",
                                        "demo.old.OldStyleOuterClass.OldStyle",
                                        "google.protobuf.Timestamp",
                                        "a.B",
                                        "com.example.many.Outer.Inner"};
    const fc_str bytes = {.ptr = (const char *)data, .len = size};
    struct fc_arena *arena = fuzz_arena((size_t)64 << 20);
    struct fc_proto_set *set = fc_proto_set_new(arena);
    struct fc_error err = FC_ERROR_INIT;

    fc_rc rc =
        size <= SIZE_MAX_ ? fc_proto_set_add(set, bytes, "the input", &err) : FC_OUT_OF_RANGE;
    if (rc == FC_OK)
        rc = fc_proto_set_link(set, &err);
    for (size_t i = 0; rc == FC_OK && i < FC_ARRAY_LEN(names); i++)
        look_at(set, names[i], bytes, arena);
    fc_arena_free(arena);
    return 0;
}
