/* SPDX-License-Identifier: Apache-2.0 */
/* What protobuf-c does with fields that we leave undeclared because generations disagree on them. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "feast/core/FeatureTable.pb-c.h"
#include "feast/types/Value.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "protos/descriptor_set.h"

/* FeatureTableSpec: name "t", entities ["e"], then field 9 as `inner`, then online_store {name "s"}. */
#define SPEC_WITH_FIELD_9(inner_length, inner)                                                     \
    "\x0a\x01t"                                                                                    \
    "\x1a\x01"                                                                                     \
    "e"                                                                                            \
    "\x4a" inner_length inner "\x52\x03\x0a\x01s"

static void keeps_field_9(const char *bytes, size_t size, const char *inner, size_t inner_size)
{
    Feast__Core__FeatureTableSpec *spec =
        feast__core__feature_table_spec__unpack(NULL, size, (const uint8_t *)bytes);
    assert_non_null(spec);
    assert_string_equal(spec->name, "t");
    assert_int_equal(spec->n_entities, 1);
    assert_string_equal(spec->entities[0], "e");
    assert_string_equal(spec->online_store->name, "s");
    assert_int_equal(spec->base.n_unknown_fields, 1);
    assert_int_equal(spec->base.unknown_fields[0].tag, 9);

    /* The length octet, then what the client put there. */
    assert_int_equal(spec->base.unknown_fields[0].len, inner_size + 1);
    assert_int_equal(spec->base.unknown_fields[0].data[0], inner_size);
    assert_memory_equal(spec->base.unknown_fields[0].data + 1, inner, inner_size);

    /* Unknown fields are packed last; the other octets keep their place. */
    assert_int_equal(feast__core__feature_table_spec__get_packed_size(spec), size);
    uint8_t *packed = malloc(size);
    assert_non_null(packed);
    assert_int_equal(feast__core__feature_table_spec__pack(spec, packed), size);
    assert_int_equal(packed[size - inner_size - 2], 0x4a);
    assert_memory_equal(packed + size - inner_size, inner, inner_size);
    free(packed);
    feast__core__feature_table_spec__free_unpacked(spec, NULL);
}

/* Clients of 0.9: staleness_threshold, here two hours. */
static void field_9_as_a_duration_survives(void **state)
{
    static const char bytes[] = SPEC_WITH_FIELD_9("\x03", "\x08\xa0\x38");
    (void)state;
    keeps_field_9(bytes, sizeof(bytes) - 1, "\x08\xa0\x38", 3);
}

/* Clients of 0.10 and 0.11: project. Read as a Duration, "default" is no valid message. */
static void field_9_as_a_string_survives(void **state)
{
    static const char bytes[] = SPEC_WITH_FIELD_9("\x07", "default");
    (void)state;
    keeps_field_9(bytes, sizeof(bytes) - 1, "default", 7);
}

/* unix_timestamp_val, of 0.11: no arm of ours, so the value reads as null, but nothing is lost. */
static void later_arm_of_a_value_is_kept_unread(void **state)
{
    static const char bytes[] = "\x40\x2a";
    (void)state;
    Feast__Types__Value *value =
        feast__types__value__unpack(NULL, sizeof(bytes) - 1, (const uint8_t *)bytes);
    assert_non_null(value);
    assert_int_equal(value->val_case, FEAST__TYPES__VALUE__VAL__NOT_SET);
    assert_int_equal(value->base.n_unknown_fields, 1);
    assert_int_equal(value->base.unknown_fields[0].tag, 8);
    feast__types__value__free_unpacked(value, NULL);
}

/* Reflection answers with a file and everything it imports. */
static void descriptor_set_is_closed_over_imports(void **state)
{
    (void)state;
    Google__Protobuf__FileDescriptorSet *set = google__protobuf__file_descriptor_set__unpack(
        NULL, fc_descriptor_set_size, fc_descriptor_set);
    assert_non_null(set);
    assert_true(set->n_file > 20);
    for (size_t i = 0; i < set->n_file; i++) {
        for (size_t d = 0; d < set->file[i]->n_dependency; d++) {
            /* Imports come before their users. */
            size_t j = 0;
            while (j < i && strcmp(set->file[j]->name, set->file[i]->dependency[d]) != 0)
                j++;
            assert_true(j < i);
        }
    }
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(field_9_as_a_duration_survives),
    cmocka_unit_test(field_9_as_a_string_survives),
    cmocka_unit_test(later_arm_of_a_value_is_kept_unread),
    cmocka_unit_test(descriptor_set_is_closed_over_imports),
};

FC_TEST_MAIN(cases)
