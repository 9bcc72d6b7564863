/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf: how classes are found, fields become columns, and bytes become cells or a reason. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/support/scratch.h"
#include "tests/support/web.h"
#include "worker/contract/convert.h"
#include "worker/formats/descriptors.h"

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    Feast__Worker__V1__Access order;
    struct fc_access access;
    struct fc_format *format;
    struct fc_source_column *columns;
    size_t column_count;
    struct fc_error err;
};

#define TRIP "com.example.trips.TripEvents.Trip"
#define OLD  "demo.old.OldStyleOuterClass.OldStyle"

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    unsetenv("STENCIL_URL");
    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 << 20);
    feast__worker__v1__access__init(&f->order);
    f->order.descriptors = fc_arena_strdup(f->arena, FC_TEST_DESCRIPTORS);
    f->access.order = &f->order;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    unsetenv("STENCIL_URL");
    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

static fc_rc try_open(struct fixture *f, const char *class_path)
{
    const struct fc_format_env env = {.sys = fc_sys_real(), .access = &f->access};
    Feast__Core__StreamFormat__ProtoFormat proto;
    Feast__Core__StreamFormat format;

    feast__core__stream_format__proto_format__init(&proto);
    feast__core__stream_format__init(&format);
    proto.class_path = fc_arena_strdup(f->arena, class_path);
    format.format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT;
    format.proto_format = &proto;
    f->err = (struct fc_error)FC_ERROR_INIT;
    return fc_format_protobuf.open(&env, &format, f->arena, &f->format, &f->err);
}

static void must(struct fixture *f, fc_rc rc)
{
    if (rc != FC_OK)
        fail_msg("%s", f->err.message);
}

static void holds(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' does not hold '%s'", text ? text : "(null)", part);
}

static void open_class(struct fixture *f, const char *class_path)
{
    must(f, try_open(f, class_path));
    must(f, fc_format_protobuf.describe(f->format, NULL, 0, f->arena, &f->columns, &f->column_count,
                                        &f->err));
}

static fc_rc try_read(struct fixture *f, const char *column, const char *bytes, size_t size,
                      struct fc_cell *ret)
{
    const fc_str message = {.ptr = fc_arena_memdup(f->arena, bytes, size), .len = size};

    f->err = (struct fc_error)FC_ERROR_INIT;
    must(f, fc_format_protobuf.select(f->format, &column, 1, &f->err));
    return fc_format_protobuf.decode(f->format, message, f->arena, ret, &f->err);
}

#define READ(f, column, bytes)                                                                     \
    (__extension__({                                                                               \
        struct fc_cell cell_;                                                                      \
        must((f), try_read((f), (column), (bytes), sizeof(bytes) - 1, &cell_));                    \
        cell_;                                                                                     \
    }))

#define REFUSED(f, column, bytes, part)                                                            \
    do {                                                                                           \
        struct fc_cell cell_;                                                                      \
        assert_int_equal(try_read((f), (column), (bytes), sizeof(bytes) - 1, &cell_),              \
                         FC_INVALID_ARGUMENT);                                                     \
        assert_int_equal((f)->err.reason, FC_REASON_SOURCE_INVALID);                               \
        holds((f)->err.message, (part));                                                           \
    } while (0)

static void same_text(struct fc_cell cell, const char *text)
{
    if (!fc_str_eq(cell.as.bytes, fc_str_from(text)))
        fail_msg("'%.*s' is not '%s'", (int)cell.as.bytes.len, cell.as.bytes.ptr, text);
}

static void classes_by_java_name_and_by_full_name(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {
        TRIP,
        "com.example.trips.TripEvents$Trip",
        "com.example.trips.TripEvents.Trip.Place",
        "com.example.trips.TripEvents$Trip$Place",
        "demo.trips.Trip",
        "demo.trips.Trip.Place",
        OLD,
        "demo.old.OldStyle",
        "com.example.many.Outer",
        "com.example.many.Outer.Inner",
        "com.example.many.Outer$Inner",
        "demo.many.Outer.Inner",
        "google.protobuf.Timestamp",
        "com.google.protobuf.Timestamp",
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        must(f, try_open(f, names[i]));
    static const char *const none[] = {
        "com.example.trips.Trip",       "demo.old.OldStyleO",           "Trip",
        "com.example.trips.TripEvents", "demo.trips.Trip.FCountsEntry", "demo.trips.Payment",
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(none); i++) {
        assert_int_equal(try_open(f, none[i]), FC_INVALID_ARGUMENT);
        assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    }
    assert_int_equal(try_open(f, "com.wrong.Trip"), FC_INVALID_ARGUMENT);
    holds(f->err.message, "did you mean \"" TRIP "\"?");
}

/* What a URL is asked, and a clock that is set. */
struct served {
    char if_none_match[64], authorization[64];
    bool gone;
};

static bool serve_set(void *ctx, const struct test_web_request *request, int fd)
{
    struct served *served = ctx;
    struct fc_buf body = FC_BUF_INIT;
    struct fc_error err = FC_ERROR_INIT;
    char head[160];

    if (!test_web_header(request, "If-None-Match", served->if_none_match,
                         sizeof(served->if_none_match)))
        served->if_none_match[0] = '\0';
    if (!test_web_header(request, "Authorization", served->authorization,
                         sizeof(served->authorization)))
        served->authorization[0] = '\0';
    if (served->gone)
        return test_web_reply(fd, "404 Not Found", "", "");
    if (strcmp(served->if_none_match, "\"v1\"") == 0)
        return test_web_raw(fd, "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    bool fine = fc_file_read(FC_TEST_DESCRIPTORS "/trip_events.desc", "set", (size_t)1 << 20, &body,
                             &err) == FC_OK;
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: %zu\r\n\r\n",
             body.len);
    fine = fine && test_web_raw(fd, head) && write(fd, body.ptr, body.len) == (ssize_t)body.len;
    fc_buf_done(&body);
    return fine;
}

static int64_t fake_ns;

static int64_t fake_monotonic(void *ctx)
{
    (void)ctx;
    return fake_ns;
}

static fc_rc load(struct fixture *f, const struct fc_sys *sys)
{
    const struct fc_format_env env = {.sys = sys, .access = &f->access};
    const struct fc_proto_set *set = NULL;
    const char *place = NULL;

    f->err = (struct fc_error)FC_ERROR_INIT;
    return fc_descriptors_load(&env, f->arena, &set, &place, &f->err);
}

static void a_url_is_asked_seldom(void **state)
{
    struct fixture *f = *state;
    struct served served = {.gone = false};
    struct test_web *web = test_web_start(serve_set, &served);
    struct fc_sys sys = *fc_sys_real();

    fake_ns = fc_monotonic_ns(fc_sys_real());
    sys.monotonic_ns = fake_monotonic;
    fc_descriptors_forget();
    setenv("STENCIL_TOKEN", "hush", 1);
    f->order.descriptors = fc_arena_strdup(f->arena, test_web_url(web, "/sets"));
    must(f, load(f, &sys));
    assert_string_equal(served.authorization, "Bearer hush");
    assert_string_equal(served.if_none_match, "");
    fake_ns += FC_DESCRIPTORS_TTL_NS - 1;
    must(f, load(f, &sys));
    assert_int_equal(test_web_requests(web), 1);
    fake_ns += 1;
    must(f, load(f, &sys));
    assert_int_equal(test_web_requests(web), 2);
    assert_string_equal(served.if_none_match, "\"v1\"");
    must(f, load(f, &sys));
    assert_int_equal(test_web_requests(web), 2);
    must(f, try_open(f, TRIP));
    fake_ns += FC_DESCRIPTORS_TTL_NS;
    served.gone = true;
    assert_int_equal(load(f, &sys), FC_UNAVAILABLE);
    holds(f->err.message, "HTTP status 404; nothing is there");
    unsetenv("STENCIL_TOKEN");
    fc_descriptors_forget();
    test_web_stop(web);
}

static void places_of_descriptor_sets(void **state)
{
    struct fixture *f = *state;

    f->order.descriptors =
        fc_arena_printf(f->arena, "file://%s/trip_events.desc", FC_TEST_DESCRIPTORS);
    must(f, try_open(f, TRIP));
    assert_int_equal(try_open(f, OLD), FC_INVALID_ARGUMENT);
    f->order.descriptors = fc_arena_strdup(f->arena, "");
    assert_int_equal(try_open(f, TRIP), FC_UNAVAILABLE);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNREACHABLE);
    holds(f->err.message, "no descriptor sets are configured");
    setenv("STENCIL_URL", FC_TEST_DESCRIPTORS, 1);
    must(f, try_open(f, TRIP));
    f->order.descriptors = fc_arena_strdup(f->arena, test_path(&f->scratch, "none"));
    assert_int_equal(try_open(f, TRIP), FC_UNAVAILABLE);
    holds(f->err.message, "No such file or directory");
    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "none"), 0755), 0);
    assert_int_equal(try_open(f, TRIP), FC_UNAVAILABLE);
    holds(f->err.message, "no file *.desc");
    test_write(test_path(&f->scratch, "none/a.desc"), "no descriptor set at all");
    assert_int_equal(try_open(f, TRIP), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    holds(f->err.message, "a.desc is no descriptor set");
}

static const struct {
    const char *name, *text;
    enum fc_column_kind kind, element;
} TYPES[] = {
    {"f_int32", "int32", FC_COLUMN_INT32, 0},
    {"f_int64", "int64", FC_COLUMN_INT64, 0},
    {"f_uint32", "uint32", FC_COLUMN_UINT32, 0},
    {"f_uint64", "uint64", FC_COLUMN_UINT64, 0},
    {"f_sint32", "sint32", FC_COLUMN_INT32, 0},
    {"f_sint64", "sint64", FC_COLUMN_INT64, 0},
    {"f_fixed32", "fixed32", FC_COLUMN_UINT32, 0},
    {"f_fixed64", "fixed64", FC_COLUMN_UINT64, 0},
    {"f_sfixed32", "sfixed32", FC_COLUMN_INT32, 0},
    {"f_sfixed64", "sfixed64", FC_COLUMN_INT64, 0},
    {"f_float", "float", FC_COLUMN_FLOAT32, 0},
    {"f_double", "double", FC_COLUMN_FLOAT64, 0},
    {"f_bool", "bool", FC_COLUMN_BOOL, 0},
    {"f_string", "string", FC_COLUMN_STRING, 0},
    {"f_bytes", "bytes", FC_COLUMN_BINARY, 0},
    {"f_enum", "enum demo.trips.Payment", FC_COLUMN_STRING, 0},
    {"f_optional", "int32", FC_COLUMN_INT32, 0},
    {"f_place", "message demo.trips.Trip.Place", FC_COLUMN_STRUCT, 0},
    {"f_place.lat", "double", FC_COLUMN_FLOAT64, 0},
    {"f_place.last", "message demo.trips.Trip", FC_COLUMN_STRUCT, 0},
    {"f_ints", "repeated int32", FC_COLUMN_LIST, FC_COLUMN_INT32},
    {"f_strings", "repeated string", FC_COLUMN_LIST, FC_COLUMN_STRING},
    {"f_places", "repeated message demo.trips.Trip.Place", FC_COLUMN_LIST, FC_COLUMN_STRUCT},
    {"f_counts", "map<string, int64>", FC_COLUMN_MAP, 0},
    {"f_time", "google.protobuf.Timestamp", FC_COLUMN_TIMESTAMP_UTC, 0},
    {"f_wrapped", "google.protobuf.Int64Value", FC_COLUMN_INT64, 0},
    {"f_wrapped_text", "google.protobuf.StringValue", FC_COLUMN_STRING, 0},
    {"f_duration", "message google.protobuf.Duration", FC_COLUMN_STRUCT, 0},
    {"f_duration.seconds", "int64", FC_COLUMN_INT64, 0},
    {"f_times", "repeated google.protobuf.Timestamp", FC_COLUMN_LIST, FC_COLUMN_TIMESTAMP_UTC},
    {"f_enums", "repeated enum demo.trips.Payment", FC_COLUMN_LIST, FC_COLUMN_STRING},
};

static const struct fc_source_column *column(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->column_count; i++)
        if (strcmp(f->columns[i].name, name) == 0)
            return &f->columns[i];
    fail_msg("there is no column %s", name);
    return NULL;
}

static void every_type_is_a_column(void **state)
{
    struct fixture *f = *state;
    const char *const wanted[] = {"f_counts.a.b",    "f_stops.3.lat",
                                  "f_time.seconds",  "f_place.last.f_place.lat",
                                  "f_wrapped.value", "f_places.lat"};

    open_class(f, TRIP);
    for (size_t i = 0; i < FC_ARRAY_LEN(TYPES); i++) {
        const struct fc_column_type *type = &column(f, TYPES[i].name)->type;
        assert_string_equal(type->text, TYPES[i].text);
        assert_int_equal(type->kind, TYPES[i].kind);
        assert_int_equal(type->element, TYPES[i].element);
    }
    size_t before = f->column_count;
    must(f, fc_format_protobuf.describe(f->format, wanted, FC_ARRAY_LEN(wanted), f->arena,
                                        &f->columns, &f->column_count, &f->err));
    assert_int_equal(f->column_count, before + FC_ARRAY_LEN(wanted) - 1);
    assert_int_equal(column(f, "f_counts.a.b")->type.kind, FC_COLUMN_INT64);
    assert_int_equal(column(f, "f_stops.3.lat")->type.kind, FC_COLUMN_FLOAT64);
}

/* What the peers' readers make of each type, and the level that it has here. */
static void types_against_declared_ones(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        int declared;
        enum fc_contract_level level;
    } cases[] = {
        {"f_bool", 7, FC_LEVEL_EXACT},         {"f_int32", 3, FC_LEVEL_EXACT},
        {"f_sfixed32", 3, FC_LEVEL_EXACT},     {"f_uint32", 4, FC_LEVEL_WIDENING},
        {"f_uint32", 3, FC_LEVEL_CHECKED},     {"f_fixed32", 4, FC_LEVEL_WIDENING},
        {"f_int64", 4, FC_LEVEL_EXACT},        {"f_sint64", 4, FC_LEVEL_EXACT},
        {"f_uint64", 4, FC_LEVEL_CHECKED},     {"f_float", 6, FC_LEVEL_EXACT},
        {"f_double", 5, FC_LEVEL_EXACT},       {"f_string", 2, FC_LEVEL_EXACT},
        {"f_bytes", 1, FC_LEVEL_EXACT},        {"f_enum", 2, FC_LEVEL_EXACT},
        {"f_enum", 3, FC_LEVEL_REJECT},        {"f_wrapped", 4, FC_LEVEL_EXACT},
        {"f_wrapped_text", 2, FC_LEVEL_EXACT}, {"f_time", 4, FC_LEVEL_CHECKED},
        {"f_time", 2, FC_LEVEL_REJECT},        {"f_ints", 13, FC_LEVEL_EXACT},
        {"f_ints", 3, FC_LEVEL_REJECT},        {"f_strings", 12, FC_LEVEL_EXACT},
        {"f_enums", 12, FC_LEVEL_EXACT},       {"f_places", 12, FC_LEVEL_REJECT},
        {"f_counts", 4, FC_LEVEL_REJECT},      {"f_place", 2, FC_LEVEL_REJECT},
    };

    open_class(f, TRIP);
    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++)
        assert_int_equal(fc_contract_value(&column(f, cases[i].name)->type,
                                           (Feast__Types__ValueType__Enum)cases[i].declared)
                             .level,
                         cases[i].level);
    assert_int_equal(fc_contract_timestamp(&column(f, "f_time")->type).level, FC_LEVEL_EXACT);
    assert_int_equal(fc_contract_timestamp(&column(f, "f_duration")->type).level, FC_LEVEL_REJECT);
}

static void numbers(void **state)
{
    struct fixture *f = *state;

    open_class(f, TRIP);
    assert_int_equal(READ(f, "f_int32", "\x08\x05").as.integer, 5);
    assert_int_equal(READ(f, "f_int32", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").as.integer,
                     -1);
    assert_true(READ(f, "f_uint64", "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").as.natural ==
                UINT64_MAX);
    assert_int_equal(READ(f, "f_uint32", "\x18\xff\xff\xff\xff\x0f").as.integer, UINT32_MAX);
    assert_int_equal(READ(f, "f_sint32", "\x28\x03").as.integer, -2);
    assert_int_equal(READ(f, "f_sint64", "\x30\x03").as.integer, -2);
    assert_int_equal(READ(f, "f_sfixed32", "\x4d\xfe\xff\xff\xff").as.integer, -2);
    assert_int_equal(READ(f, "f_sfixed64", "\x51\xfe\xff\xff\xff\xff\xff\xff\xff").as.integer, -2);
    assert_int_equal(READ(f, "f_fixed32", "\x3d\xfe\xff\xff\xff").as.integer, 0xfffffffeu);
    assert_true(READ(f, "f_float", "\x5d\x00\x00\xc0\x3f").as.real == 1.5);
    assert_true(READ(f, "f_double", "\x61\x00\x00\x00\x00\x00\x00\xf8\x3f").as.real == 1.5);
    assert_true(READ(f, "f_bool", "\x68\x02").as.boolean);
    same_text(READ(f, "f_enum", "\x80\x01\x02"), "CARD");
    assert_int_equal(READ(f, "f_int32", "\x08\x05\x08\x06").as.integer, 6);
    assert_null(fc_format_protobuf.remark(f->format, f->arena));
    same_text(READ(f, "f_enum", "\x80\x01\x07"), "7");
    holds(fc_format_protobuf.remark(f->format, f->arena), "1 values of enums have no name");
}

static void what_is_absent(void **state)
{
    struct fixture *f = *state;

    open_class(f, TRIP);
    assert_int_equal(READ(f, "f_int32", "").as.integer, 0);
    assert_false(READ(f, "f_int32", "").null);
    same_text(READ(f, "f_string", ""), "");
    same_text(READ(f, "f_enum", ""), "UNKNOWN");
    assert_true(READ(f, "f_optional", "").null);
    assert_false(READ(f, "f_optional", "\x88\x01\x00").null);
    assert_true(READ(f, "f_place", "").null);
    assert_true(READ(f, "f_place.lat", "").null);
    assert_true(READ(f, "f_place.lat", "\x92\x01\x00").as.real == 0);
    assert_false(READ(f, "f_place.lat", "\x92\x01\x00").null);
    assert_int_equal(READ(f, "f_ints", "").as.list.count, 0);
    assert_false(READ(f, "f_ints", "").null);
    assert_false(READ(f, "f_counts", "").null);
    assert_true(READ(f, "f_counts.x", "").null);
    assert_true(READ(f, "f_time", "").null);
    assert_true(READ(f, "f_wrapped", "").null);
    assert_int_equal(READ(f, "f_wrapped", "\xea\x01\x00").as.integer, 0);
    assert_false(READ(f, "f_wrapped", "\xea\x01\x00").null);
}

static void lists_and_maps(void **state)
{
    struct fixture *f = *state;
    struct fc_cell cell;

    open_class(f, TRIP);
    cell = READ(f, "f_ints", "\x9a\x01\x02\x01\x02\x98\x01\x03");
    assert_int_equal(cell.as.list.count, 3);
    assert_int_equal(cell.as.list.items[2].as.integer, 3);
    cell = READ(f, "f_unpacked", "\xa0\x01\x01\xa2\x01\x02\x02\x03");
    assert_int_equal(cell.as.list.count, 3);
    cell = READ(f, "f_strings", "\xaa\x01\x01x\xaa\x01\x00");
    assert_int_equal(cell.as.list.count, 2);
    same_text(cell.as.list.items[0], "x");
    cell = READ(f, "f_places", "\xb2\x01\x00\xb2\x01\x00");
    assert_int_equal(cell.as.list.count, 2);
    assert_null(cell.as.list.items);
#define COUNTS "\xba\x01\x05\x0a\x01k\x10\x07\xba\x01\x03\x0a\x01z\xba\x01\x05\x0a\x01k\x10\x09"
    assert_int_equal(READ(f, "f_counts.k", COUNTS).as.integer, 9);
    assert_int_equal(READ(f, "f_counts.z", COUNTS).as.integer, 0);
    assert_false(READ(f, "f_counts.z", COUNTS).null);
    assert_true(READ(f, "f_counts.y", COUNTS).null);
    assert_true(
        READ(f, "f_stops.-3.lat",
             "\xc2\x01\x16\x08\xfd\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x09\x09\x00\x00\x00\x00"
             "\x00\x00\xf8\x3f")
            .as.real == 1.5);
    REFUSED(f, "f_ints", "\x9a\x01\x02\x01\x80", "f_ints");
}

static void one_of_several(void **state)
{
    struct fixture *f = *state;
    const char *const columns[] = {"f_first", "f_second", "f_third", "f_third.lat"};
    struct fc_cell cells[4];

    open_class(f, TRIP);
    must(f, fc_format_protobuf.select(f->format, columns, 4, &f->err));
    /* first = 5, third = {lat 1.5}, second = "x" */
    must(f, fc_format_protobuf.decode(
                f->format,
                FC_STR("\xc8\x01\x05\xda\x01\x09\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\xd2\x01\x01x"),
                f->arena, cells, &f->err));
    assert_true(cells[0].null && cells[2].null && cells[3].null);
    same_text(cells[1], "x");
    must(f, fc_format_protobuf.decode(f->format, FC_STR("\xd2\x01\x01x\xc8\x01\x00"), f->arena,
                                      cells, &f->err));
    assert_true(cells[1].null);
    assert_false(cells[0].null);
    assert_int_equal(cells[0].as.integer, 0);
}

static void well_known_messages(void **state)
{
    struct fixture *f = *state;
    struct fc_cell cell;

    open_class(f, TRIP);
    cell = READ(f, "f_time", "\xe2\x01\x04\x08\x64\x10\x05");
    assert_int_equal(cell.as.time.seconds, 100);
    assert_int_equal(cell.as.time.nanos, 5);
    assert_int_equal(READ(f, "f_time.seconds", "\xe2\x01\x04\x08\x64\x10\x05").as.integer, 100);
    REFUSED(f, "f_time", "\xe2\x01\x06\x10\x80\x94\xeb\xdc\x03", "f_time");
    assert_int_equal(READ(f, "f_wrapped", "\xea\x01\x02\x08\x07").as.integer, 7);
    assert_int_equal(READ(f, "f_wrapped.value", "\xea\x01\x02\x08\x07").as.integer, 7);
    same_text(READ(f, "f_wrapped_text", "\xf2\x01\x03\x0a\x01t"), "t");
    cell = READ(f, "f_times", "\x82\x02\x02\x08\x01\x82\x02\x02\x08\x02");
    assert_int_equal(cell.as.list.count, 2);
    assert_int_equal(cell.as.list.items[1].as.time.seconds, 2);
}

static void proto2(void **state)
{
    struct fixture *f = *state;

    open_class(f, OLD);
#define ID "\x08\x01"
    REFUSED(f, "id", "\x10\x01", "demo.old.OldStyle.id");
    holds(f->err.message, "required and not there");
    assert_int_equal(READ(f, "id", ID).as.integer, 1);
    assert_true(READ(f, "plain", ID).null);
    assert_int_equal(READ(f, "number", ID).as.integer, -7);
    same_text(READ(f, "text", ID), "none");
    assert_true(fc_str_eq(READ(f, "raw", ID).as.bytes, FC_STR("a\001\"\xff\n")));
    assert_true(READ(f, "ratio", ID).as.real > 1e308);
    assert_true(READ(f, "flag", ID).as.boolean);
    same_text(READ(f, "color", ID), "GREEN");
    assert_true(READ(f, "first", ID).null);
    assert_int_equal(READ(f, "stop", ID "\x53\x0a\x01x\x54\x53\x0a\x01y\x54").as.list.count, 2);
    REFUSED(f, "stop", ID "\x53\x54", "OldStyle.Stop.name");
    REFUSED(f, "stop", ID "\x53\x0a\x01x", "a group does not end");
    REFUSED(f, "stop", ID "\x54", "a group ends that did not begin");
    assert_int_equal(READ(f, "deep.level", ID "\x5b\x08\x09\x5c").as.integer, 9);
    assert_int_equal(READ(f, "deep.again.id", ID "\x5b\x12\x02\x08\x04\x5c").as.integer, 4);
    assert_int_equal(READ(f, "many", ID "\x60\x01\x62\x02\x02\x03").as.list.count, 3);
    /* An extension, and an unknown group with a group within. */
    assert_int_equal(READ(f, "id", ID "\xa2\x06\x01x\xb3\x06\x0b\x0c\xb4\x06").as.integer, 1);
}

static void bytes_that_are_no_message(void **state)
{
    struct fixture *f = *state;
    struct fc_buf deep = FC_BUF_INIT;
    struct fc_cell cell;

    open_class(f, TRIP);
    REFUSED(f, "f_int32", "\x08", "f_int32 at byte 1: the message ends within a value");
    REFUSED(f, "f_int32", "\x07", "no tag of a field");
    REFUSED(f, "f_int32", "\x72\x05x", "f_string");
    REFUSED(f, "f_int32", "\x92\x01\x02\x09\x00", "Place.lat");
    REFUSED(f, "f_int32", "\xba\x3f\x05x", "ends within a value");
    assert_int_equal(READ(f, "f_int32", "\x0d\x01\x00\x00\x00").as.integer, 0);
    holds(fc_format_protobuf.remark(f->format, f->arena), "another wire type");
    open_class(f, OLD);
    for (int i = 0; i < 120; i++)
        fc_buf_puts(&deep, "\x5b");
    assert_int_equal(try_read(f, "id", deep.ptr, deep.len, &cell), FC_INVALID_ARGUMENT);
    for (int i = 0; i < 120; i++)
        fc_buf_puts(&deep, "\xa3\x3f");
    assert_int_equal(try_read(f, "id", deep.ptr, deep.len, &cell), FC_INVALID_ARGUMENT);
    fc_buf_done(&deep);
}

static void confluent_frames(void **state)
{
    struct fixture *f = *state;

    open_class(f, TRIP);
    assert_int_equal(READ(f, "f_int32", "\x00\x00\x00\x00\x09\x00\x08\x05").as.integer, 5);
    assert_int_equal(READ(f, "f_int32", "\x00\x00\x00\x00\x09\x04\x02\x00\x08\x05").as.integer, 5);
    holds(fc_format_protobuf.remark(f->format, f->arena), "2 of 2 messages begin with a frame");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(classes_by_java_name_and_by_full_name, setup, teardown),
    cmocka_unit_test_setup_teardown(places_of_descriptor_sets, setup, teardown),
    cmocka_unit_test_setup_teardown(every_type_is_a_column, setup, teardown),
    cmocka_unit_test_setup_teardown(types_against_declared_ones, setup, teardown),
    cmocka_unit_test_setup_teardown(numbers, setup, teardown),
    cmocka_unit_test_setup_teardown(a_url_is_asked_seldom, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_absent, setup, teardown),
    cmocka_unit_test_setup_teardown(lists_and_maps, setup, teardown),
    cmocka_unit_test_setup_teardown(one_of_several, setup, teardown),
    cmocka_unit_test_setup_teardown(well_known_messages, setup, teardown),
    cmocka_unit_test_setup_teardown(proto2, setup, teardown),
    cmocka_unit_test_setup_teardown(bytes_that_are_no_message, setup, teardown),
    cmocka_unit_test_setup_teardown(confluent_frames, setup, teardown),
};

FC_TEST_MAIN(cases)
