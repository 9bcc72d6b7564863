/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pbjson.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "all_types.pb-c.h"
#include "feast/core/Entity.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "tests/unit/harness.h"

struct fixture {
    struct fc_arena *arena;
    struct fc_violations violations;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->arena = fc_arena_new(16u * 1024 * 1024);
    fc_violations_init(&f->violations, f->arena);
    *state = f;
    return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static ProtobufCMessage *decode_as(struct fixture *f, const ProtobufCMessageDescriptor *type,
                                   const char *text)
{
    static const char *const tolerated[] = {"kind", "meta", NULL};
    struct fc_node_docs docs;

    fc_violations_init(&f->violations, f->arena);
    if (fc_node_parse(f->arena, "t.yaml", fc_str_from(text), &docs, &f->err) != FC_OK)
        fail_msg("%s", f->err.message);
    assert_int_equal(docs.count, 1);
    return fc_pbjson_decode(type, docs.docs[0], "t.yaml", tolerated, f->arena, &f->violations);
}

static Fc__Test__AllTypes *decode(struct fixture *f, const char *text)
{
    ProtobufCMessage *message = decode_as(f, &fc__test__all_types__descriptor, text);

    if (!message)
        fail_msg("%s", fc_violations_text(&f->violations, 1000));
    return (Fc__Test__AllTypes *)message;
}

static void refused(struct fixture *f, const char *text, const char *field, const char *part)
{
    assert_null(decode_as(f, &fc__test__all_types__descriptor, text));
    for (size_t i = 0; i < f->violations.count; i++) {
        const struct fc_violation *v = &f->violations.items[i];
        if (strcmp(v->field, field) == 0 && strstr(v->message, part))
            return;
    }
    fail_msg("no violation of %s with \"%s\" in: %s", field, part,
             fc_violations_text(&f->violations, 2000));
}

static void encodes_to(const ProtobufCMessage *message, unsigned flags, const char *expected)
{
    json_t *value = fc_pbjson_encode(message, flags);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void scalars_decode(void **state)
{
    const Fc__Test__AllTypes *m = decode(
        *state,
        "anInt32: -2147483648\naSint32: 1.0\naSfixed32: '7'\naUint32: 4294967295\naFixed32: 1e3\n"
        "anInt64: '-9223372036854775808'\naSint64: 9223372036854775807\naSfixed64: -1\n"
        "aUint64: 18446744073709551615\naFixed64: \"12\"\naFloat: 0.1\naDouble: -1.5e300\naBool: "
        "true\n"
        "aString: h\xc3\xa9\nsomeBytes: AP8=\naColor: BLUE\nat: 2021-01-01T00:00:00.5Z\nmaxAge: "
        "7200s\n");

    assert_true(m->an_int32 == INT32_MIN && m->a_sint32 == 1 && m->a_sfixed32 == 7);
    assert_true(m->a_uint32 == UINT32_MAX && m->a_fixed32 == 1000);
    assert_true(m->an_int64 == INT64_MIN && m->a_sint64 == INT64_MAX && m->a_sfixed64 == -1);
    assert_true(m->a_uint64 == UINT64_MAX && m->a_fixed64 == 12);
    assert_true(m->a_float == 0.1f && m->a_double == -1.5e300 && m->a_bool);
    assert_string_equal(m->a_string, "h\xc3\xa9");
    assert_int_equal(m->some_bytes.len, 2);
    assert_memory_equal(m->some_bytes.data, "\0\xff", 2);
    assert_int_equal(m->a_color, FC__TEST__COLOR__BLUE);
    assert_true(m->at->seconds == 1609459200 && m->at->nanos == 500000000);
    assert_true(m->max_age->seconds == 7200 && m->max_age->nanos == 0);
}

static void snake_case_and_null(void **state)
{
    const Fc__Test__AllTypes *m =
        decode(*state, "an_int32: 3\na_string: ~\ninner: null\nint32_list:\nlabels: "
                       "~\ninner_choice: null\nkind: X\n"
                       "meta: {anything: [1]}\n");

    assert_int_equal(m->an_int32, 3);
    assert_string_equal(m->a_string, "");
    assert_null(m->inner);
    assert_int_equal(m->n_int32_list, 0);
    assert_int_equal(m->choice_case, 0);
}

static void plain_words_are_texts(void **state)
{
    const Fc__Test__AllTypes *m =
        decode(*state, "aString: 1.10\nlabels: {a: true, 1: 2, null: x}\nstringList: [no, 3]");

    assert_string_equal(m->a_string, "1.10");
    assert_string_equal(m->labels[0]->value, "true");
    assert_string_equal(m->labels[1]->key, "1");
    assert_string_equal(m->labels[2]->key, "null");
    assert_string_equal(m->string_list[0], "no");
}

static void lists_and_maps_decode(void **state)
{
    const Fc__Test__AllTypes *m = decode(
        *state,
        "int32List: [1, 2]\nint64List: ['3']\ndoubleList: [NaN, -Infinity, .inf]\nboolList: [yes, "
        "off]\n"
        "bytesList: [aGk=, aGk, '']\ncolorList: [RED, 5, 9]\ninnerList: [{textValue: a}, {}]\n"
        "pairs: [{key: k, value: v}]\ninnerByName: {x: {textValue: b}}\nboolByNumber: {'-4': "
        "true}\n"
        "colorByBool: {false: BLUE}\ndoubleByName: {d: 2}\n");

    assert_true(m->n_int32_list == 2 && m->int32_list[1] == 2 && m->int64_list[0] == 3);
    assert_true(isnan(m->double_list[0]) && m->double_list[1] == -HUGE_VAL &&
                m->double_list[2] == HUGE_VAL);
    assert_true(m->bool_list[0] && !m->bool_list[1]);
    assert_int_equal(m->bytes_list[0].len, 2);
    assert_memory_equal(m->bytes_list[1].data, "hi", 2);
    assert_int_equal(m->bytes_list[2].len, 0);
    assert_int_equal(m->color_list[2], 9);
    assert_string_equal(m->inner_list[0]->text_value, "a");
    assert_string_equal(m->pairs[0]->value, "v");
    assert_string_equal(m->inner_by_name[0]->value->text_value, "b");
    assert_true(m->bool_by_number[0]->key == -4 && m->bool_by_number[0]->value);
    assert_int_equal(m->color_by_bool[0]->value, FC__TEST__COLOR__BLUE);
    assert_true(m->double_by_name[0]->value == 2.0);
}

static void durations_and_times(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
    } durations[] = {{"2h", 7200, 0},
                     {"7d", 604800, 0},
                     {"1.5s", 1, 500000000},
                     {"-1.5s", -1, -500000000},
                     {"0s", 0, 0},
                     {"90", 90, 0},
                     {"0.000000001s", 0, 1},
                     {"250ms", 0, 250000000},
                     {"'3600s'", 3600, 0},
                     {"315576000000s", 315576000000, 0},
                     {"{seconds: 5, nanos: 6}", 5, 6}};
    char text[64];

    for (size_t i = 0; i < FC_ARRAY_LEN(durations); i++) {
        snprintf(text, sizeof(text), "maxAge: %s", durations[i].text);
        const Fc__Test__AllTypes *m = decode(*state, text);
        assert_true(m->max_age->seconds == durations[i].seconds &&
                    m->max_age->nanos == durations[i].nanos);
    }
    assert_true(decode(*state, "at: '2021-01-01 02:00:00+02:00'")->at->seconds == 1609459200);
    assert_true(decode(*state, "at: 2021-01-01")->at->seconds == 1609459200);
    assert_true(decode(*state, "at: {seconds: '12'}")->at->seconds == 12);
    refused(*state, "maxAge: soon", "maxAge",
            "t.yaml:1:9: found \"soon\", expected a duration such as 7200s");
    refused(*state, "maxAge: 315576000001s", "maxAge", "expected a duration");
    refused(*state, "maxAge: [1]", "maxAge", "found a list, expected a duration");
    refused(*state, "at: yesterday", "at", "expected a time such as");
    refused(*state, "at: 2021-02-30", "at", "expected a time");
}

static void scalar_ranges(void **state)
{
    static const char *const bad[][2] = {
        {"anInt32", "2147483648"},
        {"anInt32", "-2147483649"},
        {"anInt32", "1.5"},
        {"anInt32", "abc"},
        {"anInt32", "''"},
        {"anInt32", "0x10"},
        {"anInt32", "1_000"},
        {"anInt32", "[1]"},
        {"anInt32", "'1 '"},
        {"anInt32", "1e10"},
        {"aUint32", "-1"},
        {"aUint32", "4294967296"},
        {"anInt64", "9223372036854775808"},
        {"aUint64", "18446744073709551616"},
        {"aUint64", "-0"},
        {"aFloat", "1e39"},
        {"aFloat", "x"},
        {"aDouble", "1e400"},
        {"aDouble", "1.2.3"},
        {"aDouble", "'1\\0'"},
        {"aBool", "'true'"},
        {"aBool", "1"},
        {"aBool", "tru"},
        {"aString", "[a]"},
        {"aString", "{a: b}"},
        {"someBytes", "'a'"},
        {"someBytes", "'a=b='"},
        {"someBytes", "'****'"},
        {"aColor", "[RED]"},
        {"aColor", "4294967296"},
    };
    char text[128];

    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        snprintf(text, sizeof(text), "%s: %s", bad[i][0], bad[i][1]);
        refused(*state, text, bad[i][0], "t.yaml:1:");
    }
    refused(*state, "aString: \"a\\0b\"", "aString", "holds a NUL character");
    refused(*state, "anInt32: 1.5", "anInt32",
            "t.yaml:1:10: found \"1.5\", expected a whole number from -2147483648 to 2147483647");
}

static void enums(void **state)
{
    refused(*state, "aColor: red", "aColor",
            "t.yaml:1:9: \"red\" is no Color; did you mean \"RED\"?");
    refused(*state, "aColor: BLEU", "aColor", "did you mean \"BLUE\"?");
    refused(*state, "aColor: something", "aColor", "expected one of COLOR_UNSET, RED, BLUE");
    refused(*state, "colorList: [RED, green]", "colorList[1]", "t.yaml:1:18:");
}

static void unknown_keys(void **state)
{
    struct fixture *f = *state;

    refused(f, "anInt23: 1", "anInt23",
            "t.yaml:1:1: there is no key \"anInt23\" in AllTypes; did you mean \"anInt32\"?");
    refused(f, "an_int23: 1", "an_int23", "did you mean \"an_int32\"?");
    refused(f, "inner: {textvalue: x}", "inner.textvalue", "did you mean \"textValue\"?");
    refused(f, "innerList:\n- textValue: a\n- qqqqqq: b", "innerList[1].qqqqqq",
            "t.yaml:3:3: there is no key \"qqqqqq\" in Inner; it has textValue, again");
    refused(f, "innerByName: {'a b': {x: 1}}", "innerByName[\"a b\"].x", "there is no key");
    refused(f, "inner: {kind: x}", "inner.kind", "there is no key");
    refused(f, "\"anInt32\\0x\": 1", "anInt32", "there is no key");
}

static void every_mistake_at_once(void **state)
{
    struct fixture *f = *state;

    refused(f,
            "anInt32: x\naBool: y\nnothing: 1\ninner: {textValue: [1]}\nint32List: [1, b, 3, c]\n",
            "int32List[3]", "t.yaml:5:22:");
    assert_int_equal(f->violations.count, 6);
}

static void mistakes_are_bounded(void **state)
{
    struct fixture *f = *state;
    char *text = malloc(64 * 1024);
    size_t used = 0;

    assert_non_null(text);
    for (int i = 0; i < 3000; i++)
        used += (size_t)snprintf(text + used, 64 * 1024 - used, "zzzz%d: 1\n", i);
    refused(f, text, "zzzz0", "there is no key");
    assert_int_equal(f->violations.count, 100);
    free(text);
}

static void duplicate_spellings(void **state)
{
    refused(*state, "anInt32: 1\nan_int32: 2\n", "an_int32",
            "t.yaml:2:1: key \"an_int32\" is given twice");
}

static void wrong_shapes(void **state)
{
    refused(*state, "[1]", "", "found a list, expected a mapping: AllTypes");
    refused(*state, "just text", "", "found \"just text\", expected a mapping");
    refused(*state, "inner: text", "inner", "found \"text\", expected a mapping: Inner");
    refused(*state, "int32List: 1", "int32List", "found \"1\", expected a list");
    refused(*state, "int32List: [1, ~]", "int32List[1]", "an element of a list must not be empty");
    refused(*state, "labels: [a]", "labels", "found a list, expected a mapping of `key: value`");
    refused(*state, "labels: {a: ~}", "labels[\"a\"]", "a value of a mapping must not be empty");
    refused(*state, "boolByNumber: {x: true}", "boolByNumber[\"x\"]",
            "found \"x\", expected a whole number");
}

static void oneofs(void **state)
{
    assert_int_equal(decode(*state, "intChoice: 0")->choice_case,
                     FC__TEST__ALL_TYPES__CHOICE_INT_CHOICE);
    assert_non_null(decode(*state, "innerChoice: {}")->inner_choice);
    refused(*state, "textChoice: a\nintChoice: 1", "intChoice",
            "t.yaml:2:1: only one of textChoice and intChoice can be given");
}

static void memory_runs_out(void **state)
{
    struct fixture *f = *state;
    struct fc_arena *small = fc_arena_new(512);
    struct fc_node_docs docs;

    assert_int_equal(fc_node_parse(f->arena, "t",
                                   FC_STR("int32List: [1,2,3]\nlabels: {a: b, c: d}"), &docs,
                                   &f->err),
                     FC_OK);
    fc_violations_init(&f->violations, f->arena);
    assert_null(fc_pbjson_decode(&fc__test__all_types__descriptor, docs.docs[0], "t", NULL, small,
                                 &f->violations));
    assert_true(f->violations.count > 0);
    assert_int_equal(f->violations.items[0].reason, FC_REASON_REQUEST_TOO_LARGE);
    fc_arena_free(small);
}

static void defaults_are_left_out(void **state)
{
    Fc__Test__AllTypes m = FC__TEST__ALL_TYPES__INIT;

    (void)state;
    encodes_to(&m.base, FC_PBJSON_DEFAULT, "{}");
    m.a_double = -0.0;
    m.choice_case = FC__TEST__ALL_TYPES__CHOICE_INT_CHOICE;
    encodes_to(&m.base, FC_PBJSON_DEFAULT, "{\"aDouble\":-0.0,\"intChoice\":0}");
}

static void defaults_on_request(void **state)
{
    Feast__Core__EntitySpecV2 spec = FEAST__CORE__ENTITY_SPEC_V2__INIT;
    Feast__Core__Entity entity = FEAST__CORE__ENTITY__INIT;

    (void)state;
    entity.spec = &spec;
    spec.name = (char *)"x";
    encodes_to(&entity.base, FC_PBJSON_EMIT_DEFAULTS | FC_PBJSON_SNAKE_CASE,
               "{\"spec\":{\"name\":\"x\",\"value_type\":\"INVALID\",\"description\":\"\","
               "\"labels\":{}}}");
}

static void scalars_encode(void **state)
{
    Fc__Test__AllTypes m = FC__TEST__ALL_TYPES__INIT;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Google__Protobuf__Duration age = GOOGLE__PROTOBUF__DURATION__INIT;
    uint8_t octets[] = {0xfb, 0xff, 0xfe, 0x01};

    (void)state;
    m.an_int32 = -1;
    m.a_fixed32 = UINT32_MAX;
    m.an_int64 = INT64_MIN;
    m.a_uint64 = UINT64_MAX;
    m.a_float = 0.1f;
    m.a_double = (double)NAN;
    m.a_bool = 1;
    m.a_string = (char *)"a\"\xc3\xa9";
    m.some_bytes = (ProtobufCBinaryData){.len = 4, .data = octets};
    m.a_color = FC__TEST__COLOR__RED;
    at.seconds = 1609459200;
    at.nanos = 1000;
    m.at = &at;
    age.seconds = -1;
    age.nanos = -500000000;
    m.max_age = &age;
    encodes_to(
        &m.base, FC_PBJSON_DEFAULT,
        "{\"anInt32\":-1,\"aFixed32\":4294967295,\"anInt64\":\"-9223372036854775808\","
        "\"aUint64\":\"18446744073709551615\",\"aFloat\":0.1,\"aDouble\":\"NaN\",\"aBool\":true,"
        "\"aString\":\"a\\\"\xc3\xa9\",\"someBytes\":\"+//+AQ==\",\"aColor\":\"RED\","
        "\"at\":\"2021-01-01T00:00:00.000001Z\",\"maxAge\":\"-1.500s\"}");
    m = (Fc__Test__AllTypes)FC__TEST__ALL_TYPES__INIT;
    m.a_color = (Fc__Test__Color)77;
    m.a_double = -HUGE_VAL;
    m.a_string = (char *)"bad\xff\xc3!";
    m.a_float = FLT_MAX;
    encodes_to(&m.base, FC_PBJSON_DEFAULT,
               "{\"aFloat\":3.4028235e38,\"aDouble\":\"-Infinity\",\"aString\":"
               "\"bad\xef\xbf\xbd\xef\xbf\xbd!\","
               "\"aColor\":77}");
}

static void maps_are_sorted(void **state)
{
    Fc__Test__AllTypes *m = decode(
        *state, "labels: {b: '2', a: '1', c: '3'}\npairs: [{key: k}]\nboolByNumber: {7: true}");

    encodes_to(&m->base, FC_PBJSON_DEFAULT,
               "{\"pairs\":[{\"key\":\"k\"}],\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"},"
               "\"boolByNumber\":{\"7\":true}}");
}

/* Out and in again, by both spellings, through JSON and YAML text. */
static void round_trip(void **state)
{
    struct fixture *f = *state;
    Fc__Test__AllTypes *m =
        decode(f, "anInt32: -5\naUint64: '18446744073709551615'\naFloat: 1.1754944e-38\naDouble: "
                  "0.1\naBool: true\n"
                  "aString: \"multi\\nline: # 'x' \\\"y\\\" \\u0085 \\u2028 \\ufeff "
                  "\\U0001f680\"\nsomeBytes: AAEC/w==\n"
                  "aColor: 5\ninner: {textValue: t, again: {aBool: true, innerList: [{}, {again: "
                  "{}}]}}\nat: 1969-12-31T23:59:59.999999999Z\n"
                  "maxAge: -0.000001s\nint32List: [1, 2]\ndoubleList: [1e300, NaN, 2]\nstringList: "
                  "['', yes, '1', ~x, '- a', 'a: b', ' a', 7200s]\n"
                  "bytesList: ['']\nlabels: {'': e, 'y': 'n', 'a b': '#c', 'true': "
                  "'1e3'}\ninnerByName: {q: {}}\ninnerChoice: {textValue: z}\n");
    json_t *expected = fc_pbjson_encode(&m->base, 0);

    for (unsigned flags = 0; flags < 8; flags++) {
        FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
        json_t *value = fc_pbjson_encode(&m->base, flags & 3);
        fc_rc rc = flags & 4 ? fc_json_to_yaml(value, &text, &f->err)
                             : fc_json_to_text(value, &text, &f->err);
        assert_int_equal(rc, FC_OK);
        json_decref(value);
        value = fc_pbjson_encode(&decode(f, fc_buf_text(&text))->base, 0);
        if (!json_equal(value, expected))
            fail_msg("%s became %s", fc_buf_text(&text), json_dumps(value, 0));
        json_decref(value);
    }
    json_decref(expected);
}

static void yaml_form(void **state)
{
    struct fixture *f = *state;
    ProtobufCMessage *table = decode_as(
        f, &feast__core__feature_table__descriptor,
        "spec:\n  name: flights\n  entities: [carrier]\n  features:\n  - {name: dep_delay, "
        "valueType: DOUBLE, labels: {a: 'b c'}}\n"
        "  - {name: n, valueType: INT64}\n  maxAge: 7200s\n  batchSource:\n    type: BATCH_FILE\n  "
        "  eventTimestampColumn: datetime\n"
        "    fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: 'file:///tmp/a.parquet'}\n");
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    assert_non_null(table);
    json_t *value = fc_pbjson_encode(table, 0);
    assert_int_equal(fc_json_to_yaml(value, &text, &f->err), FC_OK);
    json_decref(value);
    assert_string_equal(fc_buf_text(&text), "spec:\n"
                                            "  name: flights\n"
                                            "  entities:\n"
                                            "  - carrier\n"
                                            "  features:\n"
                                            "  - name: dep_delay\n"
                                            "    valueType: DOUBLE\n"
                                            "    labels:\n"
                                            "      a: b c\n"
                                            "  - name: \"n\"\n"
                                            "    valueType: INT64\n"
                                            "  maxAge: 7200s\n"
                                            "  batchSource:\n"
                                            "    type: BATCH_FILE\n"
                                            "    eventTimestampColumn: datetime\n"
                                            "    fileOptions:\n"
                                            "      fileFormat:\n"
                                            "        parquetFormat: {}\n"
                                            "      fileUrl: file:///tmp/a.parquet\n");
}

static void json_form(void **state)
{
    struct fixture *f = *state;
    json_t *value = json_pack("{s:[i,f,[]],s:{},s:{s:s}}", "a", 1, 0.1, "b", "c", "d", "e\n");
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    assert_int_equal(fc_json_to_text(value, &text, &f->err), FC_OK);
    assert_string_equal(fc_buf_text(&text),
                        "{\n  \"a\": [\n    1,\n    0.1,\n    []\n  ],\n  \"b\": {},\n  \"c\": {\n"
                        "    \"d\": \"e\\n\"\n  }\n}");
    json_decref(value);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Made of what is awkward in YAML. */
static void awkward_text(uint32_t *seed, size_t pieces, struct fc_buf *text)
{
    static const char plain[] = " :#-'\"\\\n\t\r{}[],&*!|>%@`?=~10.e_as/\x7f\x01";
    static const char *const odd[] = {"\xc2\x85",     "\xe2\x80\xa8",     "\xef\xbb\xbf",
                                      "\xef\xbf\xbf", "\xf0\x9f\x9a\x80", "---"};

    while (pieces-- > 0) {
        uint32_t pick = next_random(seed) % (sizeof(plain) - 1 + FC_ARRAY_LEN(odd));
        if (pick < sizeof(plain) - 1)
            fc_buf_putc(text, plain[pick]);
        else
            fc_buf_puts(text, odd[pick - (sizeof(plain) - 1)]);
    }
}

/* Any text must come back from YAML as it went in. */
static void yaml_texts_survive(void **state)
{
    struct fixture *f = *state;
    uint32_t seed = 12345;

    for (size_t round = 0; round < 4000; round++) {
        FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT, yaml = FC_BUF_INIT;
        struct fc_node_docs docs;
        awkward_text(&seed, 1 + round % 6, &text);
        const char *wanted = fc_buf_text(&text);
        json_t *value = json_pack("{s:s, s:[s]}", "k", wanted, wanted, wanted);
        fc_arena_reset(f->arena);
        assert_int_equal(fc_json_to_yaml(value, &yaml, &f->err), FC_OK);
        if (fc_node_parse(f->arena, "t", fc_str_from(fc_buf_text(&yaml)), &docs, &f->err) != FC_OK)
            fail_msg("round %zu: %s in %s", round, f->err.message, fc_buf_text(&yaml));
        assert_string_equal(docs.docs[0]->items[0]->text.ptr, wanted);
        assert_string_equal(docs.docs[0]->items[1]->items[0]->text.ptr, wanted);
        json_decref(value);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(scalars_decode),
    CASE(snake_case_and_null),
    CASE(plain_words_are_texts),
    CASE(lists_and_maps_decode),
    CASE(durations_and_times),
    CASE(scalar_ranges),
    CASE(enums),
    CASE(unknown_keys),
    CASE(every_mistake_at_once),
    CASE(mistakes_are_bounded),
    CASE(duplicate_spellings),
    CASE(wrong_shapes),
    CASE(oneofs),
    CASE(memory_runs_out),
    CASE(defaults_are_left_out),
    CASE(defaults_on_request),
    CASE(scalars_encode),
    CASE(maps_are_sorted),
    CASE(round_trip),
    CASE(yaml_form),
    CASE(json_form),
    CASE(yaml_texts_survive),
};

FC_TEST_MAIN(cases)
