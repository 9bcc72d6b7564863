/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: YAML or JSON as users write it for `apply`. Each document is read as an entity and as a feature table. What is
 * one can be printed as JSON and as YAML, and both read back as the same (by their JSON, which knows no order of maps).
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/node.h"
#include "base/pbcheck.h"
#include "base/pbjson.h"
#include "feast/core/Entity.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"

enum { MEMORY = 64 << 20 };

static const char *const tolerated[] = {"kind", "apiVersion", "meta", NULL};

static ProtobufCMessage *decode(struct fc_arena *arena, const ProtobufCMessageDescriptor *type,
                                const struct fc_node *node, struct fc_violations *violations)
{
    fc_violations_init(violations, arena);
    return fc_pbjson_decode(type, node, "input.yaml", tolerated, arena, violations);
}

/* The message as JSON text and as YAML. */
static void show(const ProtobufCMessage *message, struct fc_buf *json, struct fc_buf *yaml)
{
    struct fc_error err = FC_ERROR_INIT;
    json_t *value = fc_pbjson_encode(message, FC_PBJSON_DEFAULT);

    FUZZ_CHECK(value != NULL, "a message that was read cannot be shown");
    FUZZ_CHECK(fc_json_to_text(value, json, &err) == FC_OK, "%s", err.message);
    FUZZ_CHECK(fc_json_to_yaml(value, yaml, &err) == FC_OK, "%s", err.message);
    json_decref(value);
}

static void reads_back(struct fc_arena *arena, const ProtobufCMessageDescriptor *type,
                       const struct fc_buf *text, const struct fc_buf *json)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf json_again = FC_BUF_INIT;
    FC_CLEANUP(fc_buf_done) struct fc_buf yaml_again = FC_BUF_INIT;
    fc_str bytes = {.ptr = text->ptr, .len = text->len};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_violations violations;
    struct fc_node_docs docs;
    ProtobufCMessage *again;

    FUZZ_CHECK(fc_node_parse(arena, "our own", bytes, &docs, &err) == FC_OK, "%s\n%s", err.message,
               fc_buf_text(text));
    FUZZ_CHECK(docs.count == 1, "%zu documents in\n%s", docs.count, fc_buf_text(text));
    again = decode(arena, type, docs.docs[0], &violations);
    FUZZ_CHECK(again != NULL, "%s\n%s", fc_violations_text(&violations, 1000), fc_buf_text(text));
    show(again, &json_again, &yaml_again);
    FUZZ_CHECK(strcmp(fc_buf_text(json), fc_buf_text(&json_again)) == 0, "%s\n reads back as\n%s",
               fc_buf_text(text), fc_buf_text(&json_again));
}

static void round_trip(const ProtobufCMessage *message)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    FC_CLEANUP(fc_buf_done) struct fc_buf json = FC_BUF_INIT;
    FC_CLEANUP(fc_buf_done) struct fc_buf yaml = FC_BUF_INIT;
    FC_CLEANUP(fc_buf_done) struct fc_buf packed = FC_BUF_INIT;
    size_t size = protobuf_c_message_get_packed_size(message);
    struct fc_error err = FC_ERROR_INIT;

    FUZZ_CHECK(fc_buf_reserve(&packed, size), "out of memory");
    protobuf_c_message_pack(message, (uint8_t *)packed.ptr);
    FUZZ_CHECK(fc_pb_check(message->descriptor, (fc_str){packed.ptr, size}, NULL, &err) == FC_OK,
               "%s", err.message);
    show(message, &json, &yaml);
    reads_back(arena, message->descriptor, &json, &json);
    reads_back(arena, message->descriptor, &yaml, &json);
}

static void read_as(struct fc_arena *arena, const ProtobufCMessageDescriptor *type,
                    const struct fc_node *node)
{
    struct fc_violations violations;
    ProtobufCMessage *message = decode(arena, type, node, &violations);

    FUZZ_CHECK((!message) == (violations.count > 0), "%zu violations", violations.count);
    if (message)
        round_trip(message);
    else
        FUZZ_CHECK(fc_violations_text(&violations, 4096)[0] != '\0', "a refusal without words");
}

/* Returns the memory that it took. */
static size_t read_documents(fc_str text, size_t memory)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(memory);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_node_docs docs;

    if (fc_node_parse(arena, "input.yaml", text, &docs, &err) != FC_OK) {
        FUZZ_CHECK(err.message[0] != '\0', "a refusal without words");
        return fc_arena_used(arena);
    }
    for (size_t i = 0; i < docs.count && !fc_arena_exhausted(arena); i++) {
        read_as(arena, &feast__core__entity_spec_v2__descriptor, docs.docs[i]);
        read_as(arena, &feast__core__feature_table_spec__descriptor, docs.docs[i]);
    }
    return fc_arena_used(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str text = {.ptr = (const char *)data, .len = size};
    size_t used = read_documents(text, MEMORY);

    /* The same with too little memory, which runs out at one place or another. */
    read_documents(text, used / 2);
    read_documents(text, used - used / 8);
    return 0;
}
