/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte that picks the object, then its spec as a client sends it, or as it comes back from storage. The rules
 * take it or say why not; what they took keeps its meaning, and its hash, in every order and through storage.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/pbcheck.h"
#include "server/registry/canonical.h"
#include "server/registry/encode.h"
#include "server/registry/entity.h"
#include "server/registry/feature_table.h"
#include "server/registry/hash.h"

enum { MEMORY = 64 << 20 };

static const char project[] = "default";

static fc_str encode(struct fc_arena *arena, const ProtobufCMessage *message)
{
    fc_str bytes = {0};

    FUZZ_CHECK(fc_encode(arena, message, &bytes), "the arena is exhausted");
    return bytes;
}

static ProtobufCMessage *decode(struct fc_arena *arena, const ProtobufCMessageDescriptor *type,
                                fc_str bytes)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_pb_check(type, bytes, NULL, &err) != FC_OK)
        return NULL;
    return protobuf_c_message_unpack(type, fc_arena_allocator(arena), bytes.len,
                                     (const uint8_t *)bytes.ptr);
}

static Feast__Core__FeatureTableSpec *decode_table(struct fc_arena *arena, fc_str bytes)
{
    return (Feast__Core__FeatureTableSpec *)decode(
        arena, &feast__core__feature_table_spec__descriptor, bytes);
}

static void said_something(const struct fc_violations *violations)
{
    struct fc_error err = FC_ERROR_INIT;

    FUZZ_CHECK(fc_violations_to_error(violations, &err) != FC_OK && err.message[0] != '\0',
               "a refusal without words");
    for (size_t i = 0; i < violations->count; i++)
        FUZZ_CHECK(violations->items[i].reason != FC_REASON_INTERNAL, "%s",
                   violations->items[i].message);
}

static void reverse(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    char **entities = fc_arena_calloc(arena, spec->n_entities, sizeof *entities);
    Feast__Core__FeatureSpecV2 **features =
        fc_arena_calloc(arena, spec->n_features, sizeof(Feast__Core__FeatureSpecV2 *));

    FUZZ_CHECK(entities && features, "the arena is exhausted");
    for (size_t i = 0; i < spec->n_entities; i++)
        entities[i] = spec->entities[spec->n_entities - 1 - i];
    for (size_t i = 0; i < spec->n_features; i++)
        features[i] = spec->features[spec->n_features - 1 - i];
    spec->entities = entities;
    spec->features = features;
}

static void job_hash(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                     char ret[FC_JOB_HASH_SIZE])
{
    struct fc_entity_type *entities = fc_arena_calloc(arena, spec->n_entities, sizeof *entities);
    struct fc_error err = FC_ERROR_INIT;

    FUZZ_CHECK(entities != NULL, "the arena is exhausted");
    for (size_t i = 0; i < spec->n_entities; i++)
        entities[i] = (struct fc_entity_type){.name = spec->entities[i], .value_type = 4};
    FUZZ_CHECK(fc_job_hash(arena, project, spec, entities, spec->n_entities, spec->batch_source,
                           ret, &err) == FC_OK,
               "%s", err.message);
}

static void table_was_taken(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    char hash[FC_TABLE_HASH_SIZE], again[FC_TABLE_HASH_SIZE];
    char job[FC_JOB_HASH_SIZE], job_again[FC_JOB_HASH_SIZE];
    struct fc_table_meta meta = {.revision = 1, .hash = hash};
    fc_str stored = encode(arena, &spec->base);
    Feast__Core__FeatureTableSpec *back = decode_table(arena, stored);
    fc_str reply;

    FUZZ_CHECK(back != NULL, "what is stored cannot be read");
    FUZZ_CHECK(fc_table_hash(arena, spec, hash), "the arena is exhausted");
    job_hash(arena, spec, job);
    FUZZ_CHECK(fc_table_unchanged(arena, spec, stored), "an identical apply is a change");
    reverse(arena, back);
    FUZZ_CHECK(fc_table_unchanged(arena, back, stored), "another order is a change");
    FUZZ_CHECK(fc_table_hash(arena, back, again) && strcmp(hash, again) == 0,
               "%s, %s in another order", hash, again);
    job_hash(arena, back, job_again);
    FUZZ_CHECK(strcmp(job, job_again) == 0, "%s, %s in another order", job, job_again);
    FUZZ_CHECK(fc_encode_table(arena, stored, &meta, &reply), "the arena is exhausted");
    FUZZ_CHECK(decode(arena, &feast__core__feature_table__descriptor, reply) != NULL,
               "the reply cannot be read");
}

static void try_table(struct fc_arena *arena, fc_str bytes)
{
    Feast__Core__FeatureTableSpec *spec = decode_table(arena, bytes), *back;
    struct fc_violations violations;
    fc_str once;

    if (!spec || !fc_table_normalise(arena, spec))
        return;
    once = encode(arena, &spec->base);
    back = decode_table(arena, once);
    FUZZ_CHECK(back && fc_table_normalise(arena, back), "what was normalised cannot be read");
    FUZZ_CHECK(fc_str_eq(once, encode(arena, &back->base)), "normalising twice is not once");
    fc_violations_init(&violations, arena);
    fc_table_check(spec, project, &violations);
    if (fc_arena_exhausted(arena))
        return;
    if (violations.count > 0)
        said_something(&violations);
    else
        table_was_taken(arena, spec);
}

/* The rules with less memory than they need: nothing is told but that it is too large. */
static void try_table_in(size_t memory, fc_str bytes)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(memory);
    Feast__Core__FeatureTableSpec *spec = decode_table(arena, bytes);
    char hash[FC_TABLE_HASH_SIZE];
    struct fc_violations violations;

    if (!spec || !fc_table_normalise(arena, spec))
        return;
    fc_violations_init(&violations, arena);
    fc_table_check(spec, project, &violations);
    if (violations.count > 0)
        said_something(&violations);
    else if (!fc_arena_exhausted(arena))
        (void)!fc_table_hash(arena, spec, hash);
}

static void try_entity(struct fc_arena *arena, fc_str bytes)
{
    Feast__Core__EntitySpecV2 *spec =
        (Feast__Core__EntitySpecV2 *)decode(arena, &feast__core__entity_spec_v2__descriptor, bytes);
    struct fc_violations violations;
    fc_str reply;

    if (!spec || !fc_entity_normalise(arena, spec))
        return;
    fc_violations_init(&violations, arena);
    fc_entity_check(spec, &violations);
    if (violations.count > 0) {
        said_something(&violations);
        return;
    }
    FUZZ_CHECK(fc_encode_entity(arena, encode(arena, &spec->base), 1, 2, &reply),
               "the arena is exhausted");
    FUZZ_CHECK(decode(arena, &feast__core__entity__descriptor, reply) != NULL,
               "the reply cannot be read");
}

/* Rows of an older or a damaged registry are not held against any rule before they are read. */
static void try_stored(struct fc_arena *arena, fc_str bytes)
{
    Feast__Core__FeatureTableSpec spec = FEAST__CORE__FEATURE_TABLE_SPEC__INIT;

    spec.name = (char *)"flights";
    FUZZ_CHECK(fc_table_normalise(arena, &spec), "the arena is exhausted");
    (void)!fc_table_unchanged(arena, &spec, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    fc_str input = {.ptr = (const char *)data, .len = size};
    unsigned object = fuzz_take(&input) % 3;

    if (object == 0) {
        try_table(arena, input);
        try_table_in(fc_arena_used(arena) / 2, input);
        try_table_in(fc_arena_used(arena) / 8, input);
    } else if (object == 1) {
        try_entity(arena, input);
    } else {
        try_stored(arena, input);
    }
    return 0;
}
