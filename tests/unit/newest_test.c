/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that ingestion keeps rows in on their way: packed features, the newest of each key, the set of keys. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "feast/storage/OnlineRow.pb-c.h"
#include "worker/tasks/keyset.h"
#include "worker/tasks/newest.h"
#include "worker/tasks/wire.h"

#define KEYS 300
#define ROWS 20000

/* Pseudo-random, the same in each run. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void check_wire(const Feast__Types__Value *value)
{
    const struct fc_wire_name name = {.name = "a_feature", .len = 9};
    Feast__Storage__OnlineRow row = FEAST__STORAGE__ONLINE_ROW__INIT;
    Feast__Storage__OnlineRow__Feature feature = FEAST__STORAGE__ONLINE_ROW__FEATURE__INIT;
    Feast__Storage__OnlineRow__Feature *features[] = {&feature, &feature};
    struct fc_buf ours = FC_BUF_INIT;
    uint8_t theirs[4096];

    feature.name = (char *)name.name;
    feature.value = (Feast__Types__Value *)value;
    row.features = features;
    row.n_features = 2;
    fc_wire_feature(&ours, &name, value);
    fc_wire_feature(&ours, &name, value);
    assert_false(ours.failed);
    assert_int_equal(feast__storage__online_row__get_packed_size(&row), ours.len);
    assert_int_equal(feast__storage__online_row__pack(&row, theirs), ours.len);
    assert_memory_equal(ours.ptr, theirs, ours.len);
    fc_buf_done(&ours);
}

#define CHECK(Case, member, ...)                                                                   \
    do {                                                                                           \
        Feast__Types__Value value_ = FEAST__TYPES__VALUE__INIT;                                    \
        value_.val_case = FEAST__TYPES__VALUE__VAL_##Case;                                         \
        value_.member = __VA_ARGS__;                                                               \
        check_wire(&value_);                                                                       \
    } while (0)

static void features_are_packed_as_protobuf_c_does(void **state)
{
    static const int64_t numbers[] = {0,         1,         127, 128,       16383,    16384,
                                      INT32_MAX, INT64_MAX, -1,  INT32_MIN, INT64_MIN};
    char text[1001];
    int64_t items[] = {1, 300, -1};
    Feast__Types__Int64List list = FEAST__TYPES__INT64_LIST__INIT;

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(numbers); i++) {
        CHECK(INT64_VAL, int64_val, numbers[i]);
        CHECK(INT32_VAL, int32_val, (int32_t)numbers[i]);
        CHECK(DOUBLE_VAL, double_val, (double)numbers[i] / 3);
        CHECK(FLOAT_VAL, float_val, (float)numbers[i] / 3);
    }
    CHECK(BOOL_VAL, bool_val, 0);
    CHECK(BOOL_VAL, bool_val, 1);
    CHECK(DOUBLE_VAL, double_val, 0.0);
    CHECK(DOUBLE_VAL, double_val, -0.0);
    CHECK(FLOAT_VAL, float_val, 0.0f);
    for (size_t len = 0; len <= 1000; len = len < 5 ? len + 1 : len * 3) {
        memset(text, 'x', len);
        text[len] = '\0';
        CHECK(STRING_VAL, string_val, text);
        CHECK(BYTES_VAL, bytes_val, (ProtobufCBinaryData){.len = len, .data = (uint8_t *)text});
    }
    CHECK(INT64_LIST_VAL, int64_list_val, &list);
    list.val = items;
    list.n_val = 3;
    CHECK(INT64_LIST_VAL, int64_list_val, &list);
}

/* What should be left, kept the simple way. */
struct model {
    bool set;
    int64_t event, created; /* created -1: none */
    uint64_t serial;
};

struct drained {
    const struct model *models;
    size_t count;
    uint32_t last;
};

static fc_rc compare(void *ctx, const struct fc_online_row *row, struct fc_error *err)
{
    struct drained *drained = ctx;
    uint32_t number = 0;
    uint64_t serial = 0;

    (void)err;
    assert_int_equal(row->key.len, sizeof(number));
    for (size_t i = 0; i < sizeof(number); i++)
        number = number << 8 | (unsigned char)row->key.ptr[i];
    assert_true(drained->count == 0 || number > drained->last);
    assert_true(row->features.len >= sizeof(serial));
    memcpy(&serial, row->features.ptr, sizeof(serial));
    const struct model *model = &drained->models[number];
    assert_true(model->set);
    assert_true(serial == model->serial);
    assert_true(row->event.seconds == model->event);
    assert_int_equal(row->created.set, model->created >= 0);
    drained->last = number;
    drained->count++;
    return FC_OK;
}

static void put_random(struct fc_newest *newest, struct model *models, uint64_t *random,
                       uint64_t serial)
{
    uint32_t number = (uint32_t)(next_random(random) % KEYS);
    int64_t event = (int64_t)(next_random(random) % 50);
    int64_t created = (int64_t)(next_random(random) % 4) - 1;
    size_t size = sizeof(serial) + next_random(random) % 100;
    char key[4] = {0, 0, (char)(number >> 8), (char)number};
    char features[sizeof(serial) + 100] = {0};
    struct model *model = &models[number];
    struct fc_error err = FC_ERROR_INIT;

    memcpy(features, &serial, sizeof(serial));
    const struct fc_online_row row = {.key = {key, sizeof(key)},
                                      .event = {.seconds = event, .set = true},
                                      .created = {.seconds = created, .set = created >= 0},
                                      .features = {features, size}};
    assert_int_equal(fc_newest_put(newest, &row, &err), FC_OK);
    if (!model->set || event > model->event || (event == model->event && created >= model->created))
        *model = (struct model){.set = true, .event = event, .created = created, .serial = serial};
}

static void the_newest_row_of_each_key_is_kept(void **state)
{
    struct fc_newest *newest = NULL;
    struct fc_error err = FC_ERROR_INIT;
    uint64_t random = 20130208, overtaken = 0;

    (void)state;
    assert_int_equal(fc_newest_new((size_t)64 << 20, (size_t)1 << 19, &overtaken, &newest, &err),
                     FC_OK);
    for (int round = 0; round < 3; round++) {
        struct model models[KEYS] = {{0}};
        struct drained drained = {.models = models};
        overtaken = 0;
        for (uint64_t i = 0; i < ROWS; i++)
            put_random(newest, models, &random, i);
        assert_int_equal(fc_newest_drain(newest, compare, &drained, &err), FC_OK);
        assert_int_equal(drained.count, ROWS - overtaken);
        for (size_t i = 0; i < KEYS; i++)
            drained.count -= models[i].set;
        assert_int_equal(drained.count, 0);
    }
    fc_newest_free(newest);
}

static fc_rc count(void *ctx, const struct fc_online_row *row, struct fc_error *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)ctx;
    return FC_OK;
}

/* Beginnings of all lengths, zero bytes, and keys that differ far behind: as memcmp has them, shorter ones first. */
static fc_rc in_order(void *ctx, const struct fc_online_row *row, struct fc_error *err)
{
    struct fc_buf *last = ctx;

    (void)err;
    assert_true(last->len == 0 || fc_str_cmp((fc_str){last->ptr, last->len}, row->key) < 0);
    fc_buf_clear(last);
    fc_buf_append(last, row->key.ptr, row->key.len);
    return FC_OK;
}

static void keys_come_in_order(void **state)
{
    static const char letters[] = {'\0', 'a', '\xff'};
    struct fc_newest *newest = NULL;
    struct fc_error err = FC_ERROR_INIT;
    uint64_t random = 19700101, overtaken = 0;

    (void)state;
    assert_int_equal(fc_newest_new((size_t)64 << 20, 4096, &overtaken, &newest, &err), FC_OK);
    for (size_t common = 0; common < 40; common++) {
        FC_CLEANUP(fc_buf_done) struct fc_buf last = FC_BUF_INIT;
        for (size_t i = 0; i < 1000; i++) {
            char key[64] = {0};
            size_t len = common + 1 + next_random(&random) % 20;
            for (size_t at = common; at < len; at++)
                key[at] = letters[next_random(&random) % (at % 3 + 1)];
            const struct fc_online_row row = {.key = {key, len}};
            assert_int_equal(fc_newest_put(newest, &row, &err), FC_OK);
        }
        assert_int_equal(fc_newest_drain(newest, in_order, &last, &err), FC_OK);
    }
    assert_true(overtaken > 0);
    fc_newest_free(newest);
}

static void it_is_full_by_bytes_and_by_rows(void **state)
{
    struct fc_newest *newest = NULL;
    struct fc_error err = FC_ERROR_INIT;
    static char features[10000];
    size_t drained = 0;
    uint64_t overtaken = 0;
    size_t rows = 0;

    (void)state;
    assert_int_equal(fc_newest_new(100000, 1000, &overtaken, &newest, &err), FC_OK);
    while (!fc_newest_full(newest)) {
        struct fc_online_row row = {.key = {(const char *)&rows, sizeof(rows)},
                                    .features = {features, sizeof(features)}};
        assert_int_equal(fc_newest_put(newest, &row, &err), FC_OK);
        rows++;
    }
    assert_true(rows <= 11);
    fc_newest_free(newest);
    assert_int_equal(fc_newest_new((size_t)64 << 20, 1000, &overtaken, &newest, &err), FC_OK);
    for (rows = 0; !fc_newest_full(newest); rows++) {
        struct fc_online_row row = {.key = {(const char *)&rows, sizeof(rows)}};
        assert_int_equal(fc_newest_put(newest, &row, &err), FC_OK);
    }
    assert_int_equal(rows, 1024);
    assert_int_equal(fc_newest_drain(newest, count, &drained, &err), FC_OK);
    assert_int_equal(drained, rows);
    assert_int_equal(overtaken, 0);
    fc_newest_free(newest);
}

static void a_set_remembers_keys(void **state)
{
    struct fc_keyset *set = fc_keyset_new();

    (void)state;
    assert_non_null(set);
    for (uint64_t i = 0; i < 100000; i++)
        assert_false(fc_keyset_add(set, (fc_str){(const char *)&i, sizeof(i)}));
    for (uint64_t i = 0; i < 100000; i++) {
        assert_true(fc_keyset_has(set, (fc_str){(const char *)&i, sizeof(i)}));
        assert_true(fc_keyset_add(set, (fc_str){(const char *)&i, sizeof(i)}));
    }
    assert_false(fc_keyset_has(set, FC_STR("another")));
    assert_false(fc_keyset_add(set, FC_STR("")));
    assert_true(fc_keyset_has(set, FC_STR("")));
    fc_keyset_free(set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(features_are_packed_as_protobuf_c_does),
    cmocka_unit_test(the_newest_row_of_each_key_is_kept),
    cmocka_unit_test(keys_come_in_order),
    cmocka_unit_test(it_is_full_by_bytes_and_by_rows),
    cmocka_unit_test(a_set_remembers_keys),
};

FC_TEST_MAIN(cases)
