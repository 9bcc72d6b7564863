/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte that picks a type, then what is said to be a message of it.
 * Whatever the check lets through unpacks, packs again, and is the same when it is read back.
 */
#include "tests/fuzz/fuzz.h"

#include "base/pbcheck.h"
#include "base/pbjson.h"
#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"
#include "feast/types/Value.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

enum { MEMORY = 256 << 20 };

/* Has required fields, which the check does not ask for. */
#define PROTO2 (&google__protobuf__file_descriptor_set__descriptor)

static const ProtobufCMessageDescriptor *const types[] = {
    &feast__core__apply_feature_table_request__descriptor,
    &feast__core__apply_entity_request__descriptor,
    &feast__core__list_features_request__descriptor,
    &feast__core__update_store_request__descriptor,
    &feast__serving__get_online_features_request_v2__descriptor,
    &feast_spark__api__list_jobs_request__descriptor,
    &feast__types__value__descriptor,
    &feast__worker__v1__work_order__descriptor,
    &feast__worker__v1__worker_message__descriptor,
    &feast__admin__v1__validation_report__descriptor,
    &grpc__reflection__v1__server_reflection_request__descriptor,
    &google__rpc__status__descriptor,
    PROTO2,
};

static fc_str pack(struct fc_arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = fc_arena_alloc(arena, size > 0 ? size : 1);

    FUZZ_CHECK(bytes != NULL, "%zu bytes to pack", size);
    FUZZ_CHECK(protobuf_c_message_pack(message, bytes) == size, "sizes of packing");
    return (fc_str){.ptr = (const char *)bytes, .len = size};
}

static ProtobufCMessage *unpack(struct fc_arena *arena, const ProtobufCMessageDescriptor *type,
                                fc_str bytes)
{
    return protobuf_c_message_unpack(type, fc_arena_allocator(arena), bytes.len,
                                     (const uint8_t *)bytes.ptr);
}

static void passed(struct fc_arena *arena, const ProtobufCMessageDescriptor *type, fc_str bytes)
{
    struct fc_error err = FC_ERROR_INIT;
    ProtobufCMessage *message = unpack(arena, type, bytes);
    fc_str once, twice;

    if (!message && (fc_arena_exhausted(arena) || type == PROTO2))
        return;
    FUZZ_CHECK(message != NULL, "%s passed the check and does not unpack", type->name);
    once = pack(arena, message);
    FUZZ_CHECK(fc_pb_check(type, once, NULL, &err) == FC_OK, "packed again: %s", err.message);
    message = unpack(arena, type, once);
    FUZZ_CHECK(message != NULL, "%s does not unpack when packed again", type->name);
    twice = pack(arena, message);
    FUZZ_CHECK(fc_str_eq(once, twice), "%s changes when it is read back", type->name);
    json_decref(fc_pbjson_encode(message, FC_PBJSON_EMIT_DEFAULTS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str input = {.ptr = (const char *)data, .len = size};
    const ProtobufCMessageDescriptor *type = types[fuzz_take(&input) % FC_ARRAY_LEN(types)];
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    struct fc_error err = FC_ERROR_INIT;

    if (fc_pb_check(type, input, NULL, &err) == FC_OK)
        passed(arena, type, input);
    else
        FUZZ_CHECK(err.message[0] != '\0', "a refusal without words");
    return 0;
}
