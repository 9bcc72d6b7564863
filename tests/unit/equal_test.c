/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a change of a feature table, and how objects are encoded for storage and replies. */
#include "server/registry/canonical.h"

#include "server/registry/encode.h"
#include "server/registry/feature_table.h"
#include "tests/unit/rules_fixture.h"

static fc_str stored(struct rules *rules, Feast__Core__FeatureTableSpec *spec)
{
    fc_str bytes;

    assert_true(fc_table_normalise(rules->arena, spec));
    assert_true(fc_encode(rules->arena, &spec->base, &bytes));
    return bytes;
}

static bool unchanged(struct rules *rules, Feast__Core__FeatureTableSpec *spec, fc_str old)
{
    assert_true(fc_table_normalise(rules->arena, spec));
    return fc_table_unchanged(rules->arena, spec, old);
}

static void identical_tables_are_equal(void **state)
{
    struct rules *rules = *state;

    assert_true(
        unchanged(rules, test_table(rules->arena), stored(rules, test_table(rules->arena))));
}

static void order_of_entities_features_and_map_keys_does_not_count(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *one = test_table(rules->arena), *two = test_table(rules->arena);

    test_add_entity(rules->arena, one, "area_id");
    TEST_TABLE_LABEL(rules->arena, one, "a", "1");
    TEST_TABLE_LABEL(rules->arena, one, "b", "2");
    test_add_entity(rules->arena, two, "area_id");
    TEST_TABLE_LABEL(rules->arena, two, "b", "2");
    TEST_TABLE_LABEL(rules->arena, two, "a", "1");
    char *entity = two->entities[0];
    two->entities[0] = two->entities[1];
    two->entities[1] = entity;
    Feast__Core__FeatureSpecV2 *feature = two->features[0];
    two->features[0] = two->features[1];
    two->features[1] = feature;
    assert_true(unchanged(rules, two, stored(rules, one)));
    assert_string_equal(two->entities[0], "area_id"); /* nothing was moved in the spec itself */
}

static void fractions_of_max_age_do_not_count(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    spec->max_age->nanos = 5;
    assert_true(unchanged(rules, spec, stored(rules, test_table(rules->arena))));
}

static void unset_max_age_is_zero(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *unset = test_table(rules->arena),
                                  *zero = test_table(rules->arena);

    unset->max_age = NULL;
    zero->max_age->seconds = 0;
    assert_true(unchanged(rules, unset, stored(rules, zero)));
    assert_false(unchanged(rules, unset, stored(rules, test_table(rules->arena))));
}

typedef void (*bend)(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec);

static void bend_label(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    TEST_TABLE_LABEL(arena, spec, "a", "");
}

static void bend_feature_label(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    TEST_FEATURE_LABEL(arena, spec->features[0], "a", "1");
}

static void bend_feature_type(struct fc_arena *arena FC_UNUSED, Feast__Core__FeatureTableSpec *spec)
{
    spec->features[0]->value_type = FEAST__TYPES__VALUE_TYPE__ENUM__INT64;
}

static void bend_features(struct fc_arena *arena FC_UNUSED, Feast__Core__FeatureTableSpec *spec)
{
    spec->n_features = 1;
}

static void bend_entities(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    test_add_entity(arena, spec, "area_id");
}

static void bend_batch(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    TEST_MAPPING(arena, spec->batch_source, "rating", "r");
}

static void bend_stream(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    spec->stream_source = test_kafka_source(arena);
}

static void bend_age(struct fc_arena *arena FC_UNUSED, Feast__Core__FeatureTableSpec *spec)
{
    spec->max_age->seconds++;
}

static void bend_format_presence(struct fc_arena *arena FC_UNUSED,
                                 Feast__Core__FeatureTableSpec *spec)
{
    spec->batch_source->file_options->file_format->format_case =
        FEAST__CORE__FILE_FORMAT__FORMAT__NOT_SET;
}

static void every_other_difference_counts(void **state)
{
    static const bend bends[] = {bend_label,    bend_feature_label, bend_feature_type,
                                 bend_features, bend_entities,      bend_batch,
                                 bend_stream,   bend_age,           bend_format_presence};
    struct rules *rules = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(bends); i++) {
        Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);
        bends[i](rules->arena, spec);
        assert_false(unchanged(rules, spec, stored(rules, test_table(rules->arena))));
        fc_str bent = stored(rules, spec);
        assert_false(unchanged(rules, test_table(rules->arena), bent));
        assert_true(unchanged(rules, spec, bent));
    }
}

static void unknown_fields_count_and_survive(void **state)
{
    static const char field_9[] = "\x4a\x02\x08\x3c";
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *plain = test_table(rules->arena);

    void *with = test_with_bytes(rules->arena, &plain->base, field_9, 4);
    fc_str bytes = stored(rules, with);
    assert_non_null(memmem(bytes.ptr, bytes.len, field_9, 4));
    assert_true(unchanged(rules, with, bytes));
    assert_false(unchanged(rules, plain, bytes));
    assert_false(unchanged(rules, with, stored(rules, plain)));
}

static void unreadable_bytes_are_a_change(void **state)
{
    struct rules *rules = *state;

    assert_false(unchanged(rules, test_table(rules->arena), FC_STR("\x0a\xff")));
}

static void encoded_objects_are_what_clients_decode(void **state)
{
    struct rules *rules = *state;
    ProtobufCAllocator *allocator = fc_arena_allocator(rules->arena);
    struct fc_table_meta meta = {1600000000, 1700000000, 7, "a3503765"};
    Feast__Core__FeatureTableSpec *large = test_table(rules->arena);
    fc_str table, wrapped, entity;

    TEST_TABLE_LABEL(rules->arena, large, "owner", "a text that makes the length take two bytes");
    fc_str spec = stored(rules, large);
    assert_true(fc_encode_table(rules->arena, spec, &meta, &table));
    Feast__Core__FeatureTable *back =
        feast__core__feature_table__unpack(allocator, table.len, (const uint8_t *)table.ptr);
    assert_non_null(back);
    assert_string_equal(back->spec->name, "driver_trips");
    assert_int_equal(back->meta->created_timestamp->seconds, 1600000000);
    assert_int_equal(back->meta->last_updated_timestamp->seconds, 1700000000);
    assert_int_equal(back->meta->revision, 7);
    assert_string_equal(back->meta->hash, "a3503765");
    assert_true(fc_encode_field(rules->arena, 1, table, &wrapped));
    assert_int_equal(wrapped.ptr[0], 0x0a);
    assert_true(table.len > 127);
    assert_int_equal(wrapped.len, table.len + 3);
    assert_true(fc_encode_entity(rules->arena, FC_STR(""), 1, 2, &entity));
    Feast__Core__Entity *none =
        feast__core__entity__unpack(allocator, entity.len, (const uint8_t *)entity.ptr);
    assert_non_null(none);
    assert_non_null(none->spec);
    assert_int_equal(none->meta->last_updated_timestamp->seconds, 2);
}

static const struct CMUnitTest cases[] = {
    RULES_CASE(identical_tables_are_equal),
    RULES_CASE(order_of_entities_features_and_map_keys_does_not_count),
    RULES_CASE(fractions_of_max_age_do_not_count),
    RULES_CASE(unset_max_age_is_zero),
    RULES_CASE(every_other_difference_counts),
    RULES_CASE(unknown_fields_count_and_survive),
    RULES_CASE(unreadable_bytes_are_a_change),
    RULES_CASE(encoded_objects_are_what_clients_decode),
};

FC_TEST_MAIN(cases)
