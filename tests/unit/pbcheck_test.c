/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/pbcheck.h"
#include "base/utf8.h"
#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "feast/types/Value.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"

#define TABLE          (&feast__core__feature_table_spec__descriptor)
#define BYTES(literal) FC_STR(literal)

static void accepted(const ProtobufCMessageDescriptor *type, fc_str bytes)
{
    struct fc_error err = FC_ERROR_INIT;
    if (fc_pb_check(type, bytes, NULL, &err) != FC_OK)
        fail_msg("refused: %s", err.message);
}

static void refused(const ProtobufCMessageDescriptor *type, fc_str bytes, const char *field,
                    const char *text)
{
    struct fc_error err = FC_ERROR_INIT;
    assert_int_equal(fc_pb_check(type, bytes, NULL, &err), FC_INVALID_ARGUMENT);
    assert_int_equal(err.reason, FC_REASON_MALFORMED_MESSAGE);
    assert_string_equal(err.field, field);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" does not say \"%s\"", err.message, text);
}

static void real_message_passes(void **state FC_UNUSED)
{
    Feast__Core__FeatureSpecV2 feature = FEAST__CORE__FEATURE_SPEC_V2__INIT;
    Feast__Core__FeatureSpecV2 *features[] = {&feature, &feature};
    char *entities[] = {(char *)"carrier", (char *)"origin", (char *)"Z\xc3\xbcrich"};
    Feast__Core__FeatureTableSpec spec = FEAST__CORE__FEATURE_TABLE_SPEC__INIT;
    uint8_t *packed;
    size_t size;

    feature.name = (char *)"dep_delay";
    feature.value_type = FEAST__TYPES__VALUE_TYPE__ENUM__FLOAT;
    spec.name = (char *)"flights";
    spec.entities = entities;
    spec.n_entities = FC_ARRAY_LEN(entities);
    spec.features = features;
    spec.n_features = FC_ARRAY_LEN(features);
    size = feast__core__feature_table_spec__get_packed_size(&spec);
    packed = malloc(size);
    assert_non_null(packed);
    feast__core__feature_table_spec__pack(&spec, packed);
    accepted(TABLE, (fc_str){.ptr = (char *)packed, .len = size});
    /* No prefix of it makes the check read past its end; ASan watches. */
    for (size_t cut = 0; cut < size; cut++) {
        struct fc_error err = FC_ERROR_INIT;
        char *copy = malloc(cut ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, packed, cut);
        (void)!fc_pb_check(TABLE, (fc_str){.ptr = copy, .len = cut}, NULL, &err);
        free(copy);
    }
    free(packed);
}

static void empty_and_unknown_fields_pass(void **state FC_UNUSED)
{
    accepted(TABLE, (fc_str){0});
    /* 500: varint, fixed64, length, fixed32 */
    accepted(TABLE, BYTES("\xa0\x1f\x96\x01"
                          "\xa1\x1f"
                          "12345678"
                          "\xa2\x1f\x02\xff\xff"
                          "\xa5\x1f"
                          "1234"));
}

static void bad_tags_are_refused(void **state FC_UNUSED)
{
    refused(TABLE, BYTES("\x00\x01"), "", "bad field tag at byte 0");
    refused(TABLE, BYTES("\x80"), "", "bad field tag");
    refused(TABLE, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "", "bad field tag");
    refused(TABLE, BYTES("\xff\xff\xff\xff\x1f\x00"), "", "bad field tag");
    refused(TABLE, BYTES("\x0e"), "name", "wire type that does not exist");
    refused(TABLE, BYTES("\x0b\x0c"), "name", "group");
    refused(TABLE, BYTES("\xa3\x1f\xa4\x1f"), "#500", "group");
}

static void cut_short_is_refused(void **state FC_UNUSED)
{
    refused(TABLE,
            BYTES("\x0a\x05"
                  "abc"),
            "name", "cut short");
    refused(TABLE, BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "name", "cut short");
    refused(TABLE, BYTES("\x08"), "name", "cut short");
    refused(TABLE,
            BYTES("\xa1\x1f"
                  "1234567"),
            "#500", "cut short");
    refused(TABLE,
            BYTES("\xa5\x1f"
                  "123"),
            "#500", "cut short");
    refused(TABLE, BYTES("\xa0\x1f\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), "#500",
            "cut short");
}

static void wrong_wire_type_of_known_field_is_refused(void **state FC_UNUSED)
{
    refused(TABLE, BYTES("\x08\x01"), "name", "not encoded as its type is");
    /* A scalar that is not repeated cannot be packed: FeatureSpecV2.value_type. */
    refused(&feast__core__feature_spec_v2__descriptor, BYTES("\x12\x01\x01"), "value_type",
            "not encoded as its type is");
}

static void strings_are_checked(void **state FC_UNUSED)
{
    refused(TABLE,
            BYTES("\x0a\x03"
                  "a\0b"),
            "name", "NUL");
    refused(TABLE,
            BYTES("\x0a\x04"
                  "ab\xc3\x28"),
            "name", "not UTF-8 at byte 2");
    /* bytes are not text: Value.bytes_val */
    accepted(&feast__types__value__descriptor, BYTES("\x0a\x02\x00\xff"));
}

static void path_has_indices(void **state FC_UNUSED)
{
    fc_str second_bad = BYTES("\x0a\x01x"
                              "\x22\x03\x0a\x01"
                              "a"
                              "\x22\x03\x0a\x01\xff");
    refused(TABLE, second_bad, "features[1].name", "feast.core.FeatureTableSpec: field");
    refused(TABLE, BYTES("\x22\x01\x80"), "features[0]", "bad field tag");
}

static void packed_lists(void **state FC_UNUSED)
{
    /* Int64List.val = 1, FloatList.val = 1, DoubleList */
    accepted(&feast__types__int64_list__descriptor, BYTES("\x0a\x03\x01\xac\x02"));
    accepted(&feast__types__int64_list__descriptor, BYTES("\x08\x01\x08\x02"));
    accepted(&feast__types__int64_list__descriptor, BYTES("\x0a\x00"));
    accepted(&feast__types__float_list__descriptor, BYTES("\x0a\x08"
                                                          "12345678"));
    refused(&feast__types__int64_list__descriptor, BYTES("\x0a\x02\x01\x80"), "val[0]",
            "packed list with a bad number");
    refused(&feast__types__float_list__descriptor,
            BYTES("\x0a\x07"
                  "1234567"),
            "val[0]", "packed list that is cut short");
    refused(&feast__types__double_list__descriptor,
            BYTES("\x0a\x04"
                  "1234"),
            "val[0]", "packed list that is cut short");
}

/* DescriptorProto.nested_type (3) may hold itself without end. */
static fc_str nested(unsigned levels)
{
    struct fc_buf out = FC_BUF_INIT;

    for (unsigned i = 0; i < levels; i++) {
        struct fc_buf outer = FC_BUF_INIT;
        size_t length = out.len;

        fc_buf_putc(&outer, 0x1a);
        do {
            fc_buf_putc(&outer, (char)((length & 0x7f) | (length > 0x7f ? 0x80 : 0)));
            length >>= 7;
        } while (length);
        fc_buf_append(&outer, out.ptr, out.len);
        fc_buf_done(&out);
        out = outer;
    }
    assert_false(out.failed);
    return (fc_str){.ptr = out.ptr, .len = out.len};
}

static void overlong_tags_and_lengths_are_refused(void **state FC_UNUSED)
{
    /* protobuf-c would give up without a word at the sixth byte. */
    refused(TABLE, BYTES("\x0a\x80\x80\x80\x80\x80\x00"), "name", "cut short");
    refused(TABLE, BYTES("\x8a\x80\x80\x80\x80\x00\x00"), "", "bad field tag");
    accepted(TABLE, BYTES("\x0a\x80\x80\x80\x80\x00"));
    accepted(TABLE, BYTES("\x8a\x80\x80\x80\x00\x00"));
}

static void single_message_stands_once(void **state FC_UNUSED)
{
    /* protobuf-c would fail to merge the two stores, since neither has a config. */
    refused(&feast__core__update_store_request__descriptor, BYTES("\x0a\x00\x0a\x00"), "store",
            "stands twice");
    /* Scalars and members of a list may: of scalars the last one counts. */
    accepted(TABLE, BYTES("\x0a\x01"
                          "a\x0a\x01"
                          "b\x1a\x00\x1a\x00"));
}

static void depth_is_bounded(void **state FC_UNUSED)
{
    const ProtobufCMessageDescriptor *type = &google__protobuf__descriptor_proto__descriptor;
    fc_str fits = nested(63), too_deep = nested(64), absurd = nested(10000);
    struct fc_pb_limits flat = {.max_depth = 2};
    struct fc_error err = FC_ERROR_INIT;

    accepted(type, fits);
    assert_int_equal(fc_pb_check(type, too_deep, NULL, &err), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "nested too deeply"));
    assert_int_equal(fc_pb_check(type, absurd, NULL, &err), FC_INVALID_ARGUMENT);
    assert_int_equal(fc_pb_check(type, fits, &flat, &err), FC_INVALID_ARGUMENT);
    assert_string_equal(err.field, "nested_type[0].nested_type[0]");
    free((char *)fits.ptr);
    free((char *)too_deep.ptr);
    free((char *)absurd.ptr);
}

static void elements_are_bounded(void **state FC_UNUSED)
{
    struct fc_pb_limits three = {.max_elements = 3};
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_pb_check(TABLE, BYTES("\x22\x00\x22\x00\x22\x00"), &three, &err), FC_OK);
    assert_int_equal(fc_pb_check(TABLE, BYTES("\x22\x00\x22\x00\x22\x00\x22\x00"), &three, &err),
                     FC_RESOURCE_EXHAUSTED);
    assert_int_equal(err.reason, FC_REASON_REQUEST_TOO_LARGE);
    assert_string_equal(err.field, "features[3]");
    assert_int_equal(fc_pb_check(&feast__types__int64_list__descriptor,
                                 BYTES("\x0a\x03\x01\x01\x01"), &three, &err),
                     FC_RESOURCE_EXHAUSTED);
}

/* Random damage to a real message: the check either refuses it, or protobuf-c can unpack it. */
static void accepted_means_unpackable(void **state FC_UNUSED)
{
    static const char sample[] = "\x0a\x07"
                                 "flights\x1a\x07"
                                 "carrier\x22\x0d\x0a\x09"
                                 "dep_delay\x10\x06\x2a\x0a\x0a\x04"
                                 "team\x12\x02ml\x32\x03\x08\x80\x1e";
    unsigned seed = 20211;
    size_t passed = 0;

    for (unsigned round = 0; round < 20000; round++) {
        char bytes[sizeof(sample) - 1];
        fc_str damaged = {.ptr = bytes, .len = sizeof(bytes)};
        struct fc_error err = FC_ERROR_INIT;

        memcpy(bytes, sample, sizeof(bytes));
        for (unsigned flips = (unsigned)rand_r(&seed) % 4; flips > 0; flips--)
            bytes[(unsigned)rand_r(&seed) % sizeof(bytes)] = (char)rand_r(&seed);
        if (fc_pb_check(TABLE, damaged, NULL, &err) == FC_OK) {
            ProtobufCMessage *message =
                protobuf_c_message_unpack(TABLE, NULL, damaged.len, (uint8_t *)bytes);
            if (!message)
                fail_msg("round %u: the check passed what protobuf-c cannot unpack", round);
            protobuf_c_message_free_unpacked(message, NULL);
            passed++;
        }
    }
    assert_true(passed > 1000);
}

static void utf8_borders(void **state FC_UNUSED)
{
    static const struct {
        const char *text;
        size_t size, valid;
    } rows[] = {
        {"", 0, 0},
        {"plain ascii of some length", 26, 26},
        {"\xc2\x80", 2, 2},
        {"\xdf\xbf", 2, 2},
        {"\xe0\xa0\x80", 3, 3},
        {"\xed\x9f\xbf", 3, 3},
        {"\xee\x80\x80", 3, 3},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\x80", 1, 0},
        {"\xc0\x80", 2, 0},
        {"\xc1\xbf", 2, 0},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xed\xa0\x80", 3, 0},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf4\x90\x80\x80", 4, 0},
        {"\xf5\x80\x80\x80", 4, 0},
        {"\xff", 1, 0},
        {"ab\xe2\x82", 4, 2},
        {"ab\xe2\x28\xac", 5, 2},
        {"12345678\xf0\x90\x80", 11, 8},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        assert_int_equal(fc_utf8_valid_prefix(rows[i].text, rows[i].size), rows[i].valid);
        assert_int_equal(fc_utf8_valid(rows[i].text, rows[i].size), rows[i].valid == rows[i].size);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(real_message_passes),
    cmocka_unit_test(empty_and_unknown_fields_pass),
    cmocka_unit_test(bad_tags_are_refused),
    cmocka_unit_test(cut_short_is_refused),
    cmocka_unit_test(wrong_wire_type_of_known_field_is_refused),
    cmocka_unit_test(strings_are_checked),
    cmocka_unit_test(path_has_indices),
    cmocka_unit_test(packed_lists),
    cmocka_unit_test(overlong_tags_and_lengths_are_refused),
    cmocka_unit_test(single_message_stands_once),
    cmocka_unit_test(depth_is_bounded),
    cmocka_unit_test(elements_are_bounded),
    cmocka_unit_test(accepted_means_unpackable),
    cmocka_unit_test(utf8_borders),
};

FC_TEST_MAIN(cases)
