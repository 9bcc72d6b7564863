/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "worker/formats/descriptors.h"
#include "worker/formats/format.h"
#include "worker/formats/proto_read.h"
#include "worker/formats/proto_wire.h"

struct fc_format {
    struct fc_arena *arena;
    const struct fc_proto_message *message;
    struct fc_proto_plan *plan;
    size_t *slots; /* of each selected column: some may share a cell */
    size_t column_count;
    uint64_t bare, framed;
    struct fc_proto_oddities oddities;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the descriptors need more memory than they may");
}

static bool accepts(const Feast__Core__StreamFormat *format)
{
    return format->format_case == FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT;
}

static fc_rc proto_open(const struct fc_format_env *env, const Feast__Core__StreamFormat *format,
                        struct fc_arena *arena, struct fc_format **ret, struct fc_error *err)
{
    const char *class_path = format->proto_format->class_path;
    struct fc_format *proto = fc_arena_calloc(arena, 1, sizeof *proto);
    const struct fc_proto_set *set = NULL;
    const char *place = NULL;

    if (!proto)
        return no_memory(err);
    fc_rc rc = fc_descriptors_load(env, arena, &set, &place, err);
    if (rc != FC_OK)
        return rc;
    proto->arena = arena;
    proto->message = fc_proto_set_find(set, class_path);
    if (proto->message) {
        *ret = proto;
        return FC_OK;
    }
    const char *near = fc_proto_set_nearest(set, class_path, arena);
    return fc_fail(err, FC_REASON_SOURCE_INVALID,
                   "class \"%s\" is none of the %zu messages of the descriptor sets at %s%s%s%s",
                   class_path, fc_proto_set_count(set), place, near ? "; did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
}

static fc_rc proto_describe(struct fc_format *proto, const char *const *wanted, size_t wanted_count,
                            struct fc_arena *arena, struct fc_source_column **ret,
                            size_t *ret_count, struct fc_error *err)
{
    struct fc_columns columns = {.arena = arena};

    fc_proto_list(proto->message, &columns);
    for (size_t i = 0; i < wanted_count; i++) {
        const struct fc_proto_field *field = fc_proto_find(proto->message, wanted[i]);
        if (!field || fc_columns_has(&columns, wanted[i]))
            continue;
        struct fc_column_type column = fc_proto_column_type(field, arena);
        fc_columns_add(&columns, wanted[i], &column, true);
    }
    if (columns.failed)
        return no_memory(err);
    *ret = columns.items;
    *ret_count = columns.count;
    return FC_OK;
}

static fc_rc proto_select(struct fc_format *proto, const char *const *columns, size_t count,
                          struct fc_error *err)
{
    proto->plan = fc_proto_plan_new(proto->arena, proto->message);
    proto->slots = fc_arena_calloc(proto->arena, count + 1, sizeof *proto->slots);
    proto->column_count = count;
    if (!proto->plan || !proto->slots)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const char *name = fc_arena_strdup(proto->arena, columns[i]);
        struct fc_proto_plan *plan =
            name ? fc_proto_plan_add(proto->arena, proto->plan, name) : NULL;
        if (!plan && fc_arena_exhausted(proto->arena))
            return no_memory(err);
        if (!plan)
            return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "message %s has no field \"%s\"",
                           proto->message->name, columns[i]);
        if (plan->slot == FC_PROTO_NO_SLOT)
            plan->slot = i;
        proto->slots[i] = plan->slot;
    }
    return FC_OK;
}

/*
 * Confluent's serializers put a zero byte, the number of a schema and the path of the message within its file before the
 * message. No message begins with a zero byte. Passes over it; false when it is no such frame.
 */
static bool unframe(fc_str *message)
{
    struct fc_proto_wire wire = fc_proto_wire(*message);
    uint64_t count = 0;
    uint64_t value = 0;

    if (message->len < 6 || message->ptr[0] != 0)
        return false;
    wire.at += 5;
    if (!fc_proto_varint(&wire, &count))
        return false;
    /* Zigzag, and 0 is short for the one index 0. */
    for (count /= 2; count > 0; count--)
        if (!fc_proto_varint(&wire, &value))
            return false;
    *message = (fc_str){.ptr = (const char *)wire.at, .len = (size_t)(wire.end - wire.at)};
    return true;
}

static fc_rc proto_decode(struct fc_format *proto, fc_str message, struct fc_arena *arena,
                          struct fc_cell *ret, struct fc_error *err)
{
    bool framed = unframe(&message);

    fc_rc rc = fc_proto_read(proto->plan, message, arena, ret, &proto->oddities, err);
    if (rc != FC_OK)
        return rc;
    proto->framed += framed;
    proto->bare += !framed;
    for (size_t i = 0; i < proto->column_count; i++)
        ret[i] = ret[proto->slots[i]];
    return FC_OK;
}

static const char *proto_remark(const struct fc_format *proto, struct fc_arena *arena)
{
    const struct fc_proto_oddities *odd = &proto->oddities;

    if (odd->mistyped > 0)
        return fc_arena_printf(arena,
                               "%" PRIu64
                               " values are of another wire type than their field has in "
                               "the descriptor (first \"%s\") and were passed over: the messages "
                               "were written with another schema",
                               odd->mistyped, odd->mistyped_name);
    if (odd->unnamed > 0)
        return fc_arena_printf(
            arena,
            "%" PRIu64 " values of enums have no name in the descriptor and are "
            "taken as their number: the descriptor set is older than the messages",
            odd->unnamed);
    if (proto->framed > 0)
        return fc_arena_printf(arena,
                               "%" PRIu64 " of %" PRIu64
                               " messages begin with a frame of Confluent's schema registry; "
                               "what follows was read as %s of the descriptor set",
                               proto->framed, proto->framed + proto->bare, proto->message->name);
    return NULL;
}

const struct fc_format_ops fc_format_protobuf = {
    .version = FC_FORMAT_VERSION,
    .kind = "protobuf",
    .accepts = accepts,
    .open = proto_open,
    .describe = proto_describe,
    .select = proto_select,
    .decode = proto_decode,
    .remark = proto_remark,
};
