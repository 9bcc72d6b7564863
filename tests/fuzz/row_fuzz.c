/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: how many entities and features, flags (created timestamp, date partition, span, max_age); for each column six
 * bytes (kind, element, precision, scale, declared type, length of a mapping) and the mapping; then the cells of a row,
 * each with a byte that makes it null and one that bounds its length. What is bound names every column of the table; a
 * row becomes a key and values of the declared types within the span, or has a column and a cause.
 */
#include <string.h>

#include "base/sys.h"
#include "feast/storage/OnlineRow.pb-c.h"
#include "feast/storage/Redis.pb-c.h"
#include "tests/fuzz/cell.h"
#include "worker/tasks/ingest_check.h"
#include "worker/tasks/row.h"

enum {
    ENTITIES = 3,
    FEATURES = 4,
    COLUMNS = ENTITIES + FEATURES + 3,
    ITEMS = 8,
    SCALE_MAX = 38,
    AGE = 3600,
    SPAN = 1600000000,
};
enum { CREATED = 1, PARTITION = 2, IN_SPAN = 4, AGED = 8 };

/* A table, its source and one row of it. */
struct table {
    fc_str input;
    unsigned flags;
    struct fc_arena *arena;
    Feast__Core__FeatureTableSpec spec;
    Feast__Core__DataSource source;
    Google__Protobuf__Duration max_age;
    Feast__Worker__V1__EntityType types[ENTITIES], *type_list[ENTITIES];
    Feast__Core__FeatureSpecV2 features[FEATURES], *feature_list[FEATURES];
    char *entities[ENTITIES];
    Feast__Core__DataSource__FieldMappingEntry mappings[COLUMNS], *mapping_list[COLUMNS];
    struct fc_binding binding;
    struct fc_source_column columns[COLUMNS];
    struct fc_cell cells[COLUMNS], items[COLUMNS][ITEMS];
    const struct fc_cell *cell_list[COLUMNS];
};

static char *take_text(struct table *t, size_t len)
{
    size_t most = len < t->input.len ? len : t->input.len;
    char *text = fc_arena_strndup(t->arena, t->input.ptr, most);

    FUZZ_CHECK(text, "no memory");
    t->input.ptr += most;
    t->input.len -= most;
    return text;
}

static void take_mapping(struct table *t, char *name, size_t len)
{
    Feast__Core__DataSource__FieldMappingEntry *entry = &t->mappings[t->source.n_field_mapping];

    if (len == 0)
        return;
    feast__core__data_source__field_mapping_entry__init(entry);
    entry->key = name;
    entry->value = take_text(t, len);
    t->mapping_list[t->source.n_field_mapping++] = entry;
}

/* The type of a column that is in the source, and what is declared of it. */
static unsigned take_type(struct table *t, size_t column)
{
    struct fc_column_type *type = &t->columns[column].type;

    type->kind = (enum fc_column_kind)(fuzz_take(&t->input) % FC_COLUMN_KINDS);
    type->element = (enum fc_column_kind)(fuzz_take(&t->input) % FC_COLUMN_KINDS);
    type->precision = (uint8_t)fuzz_take(&t->input);
    type->scale = (uint8_t)(fuzz_take(&t->input) % (SCALE_MAX + 1));
    type->text = "fuzz";
    return fuzz_take(&t->input);
}

static void take_entity(struct table *t)
{
    /* Not in their order, which the key has. */
    static char names[ENTITIES][3] = {"e2", "e0", "e1"};
    size_t i = t->spec.n_entities++;

    t->entities[i] = names[i];
    feast__worker__v1__entity_type__init(&t->types[i]);
    t->types[i].name = names[i];
    t->types[i].value_type = (Feast__Types__ValueType__Enum)(1 + take_type(t, i) % 7);
    t->type_list[i] = &t->types[i];
    take_mapping(t, names[i], fuzz_take(&t->input));
}

static void take_feature(struct table *t)
{
    static char names[FEATURES][3] = {"f0", "f1", "f2", "f3"};
    size_t i = t->spec.n_features++;

    feast__core__feature_spec_v2__init(&t->features[i]);
    t->features[i].name = names[i];
    t->features[i].value_type =
        (Feast__Types__ValueType__Enum)(take_type(t, t->spec.n_entities + i) % 20);
    t->feature_list[i] = &t->features[i];
    take_mapping(t, names[i], fuzz_take(&t->input));
}

static void take_table(struct table *t)
{
    feast__core__feature_table_spec__init(&t->spec);
    feast__core__data_source__init(&t->source);
    google__protobuf__duration__init(&t->max_age);
    t->max_age.seconds = AGE;
    t->spec.name = (char *)"table";
    t->spec.entities = t->entities;
    t->spec.features = t->feature_list;
    t->source.field_mapping = t->mapping_list;
    unsigned entities = 1 + fuzz_take(&t->input) % ENTITIES;
    unsigned features = fuzz_take(&t->input) % (FEATURES + 1);
    t->flags = fuzz_take(&t->input);
    for (unsigned i = 0; i < entities; i++)
        take_entity(t);
    for (unsigned i = 0; i < features; i++)
        take_feature(t);
    t->source.event_timestamp_column = (char *)"event";
    if (t->flags & CREATED)
        t->source.created_timestamp_column = (char *)"created";
    if (t->flags & PARTITION)
        t->source.date_partition_column = (char *)"day";
    t->spec.max_age = t->flags & AGED ? &t->max_age : NULL;
    for (size_t i = entities + features; i < COLUMNS; i++)
        (void)take_type(t, i);
}

static void take_row(struct table *t)
{
    for (size_t i = 0; i < t->binding.count; i++) {
        bool null = fuzz_take(&t->input) == 0xff;
        size_t most = fuzz_take(&t->input), used;
        const uint8_t *data = (const uint8_t *)t->input.ptr;
        const struct fc_column_type *type = &t->columns[i].type;

        most = most < t->input.len ? most : t->input.len;
        used = type->kind == FC_COLUMN_LIST
                   ? fuzz_list(type->element, data, most, t->items[i], ITEMS, &t->cells[i])
                   : fuzz_cell(type->kind, data, most, &t->cells[i]);
        t->cells[i].null = null || type->kind == FC_COLUMN_NULL;
        t->cell_list[i] = &t->cells[i];
        t->columns[i].name = t->binding.columns[i].column;
        t->input.ptr += used;
        t->input.len -= used;
    }
}

static void check_binding(struct table *t)
{
    const struct fc_binding *b = &t->binding;
    struct fc_source_schema schema = {.columns = t->columns, .column_count = b->count};
    struct fc_error err = FC_ERROR_INIT;

    FUZZ_CHECK(b->count <= COLUMNS && b->event == t->spec.n_entities + t->spec.n_features,
               "places of columns");
    for (size_t i = 0; i < b->count; i++) {
        const struct fc_bound_column *column = &b->columns[i];
        FUZZ_CHECK(column->column && column->name, "a column without a name");
        FUZZ_CHECK(column->mapped || !fc_bound_is_expression(column, &schema),
                   "an expression by itself");
    }
    if (fc_ingest_check(b, &schema, t->arena, &err) != FC_OK)
        FUZZ_CHECK(err.reason == FC_REASON_SOURCE_MISMATCH && err.message[0], "%s", err.message);
}

static void check_key(const struct table *t, fc_str bytes)
{
    const Feast__Storage__RedisKeyV2 *key = feast__storage__redis_key_v2__unpack(
        fc_arena_allocator(t->arena), bytes.len, (const uint8_t *)bytes.ptr);

    FUZZ_CHECK(key && key->n_entity_names == t->spec.n_entities &&
                   key->n_entity_values == t->spec.n_entities,
               "no key of these entities");
    for (size_t i = 0; i < key->n_entity_names; i++) {
        FUZZ_CHECK(key->entity_values[i]->val_case != FEAST__TYPES__VALUE__VAL__NOT_SET,
                   "an entity without a value");
        FUZZ_CHECK(i == 0 || strcmp(key->entity_names[i - 1], key->entity_names[i]) < 0, "order");
    }
}

static void check_features(const struct table *t, fc_str bytes)
{
    const Feast__Storage__OnlineRow *row = feast__storage__online_row__unpack(
        fc_arena_allocator(t->arena), bytes.len, (const uint8_t *)bytes.ptr);
    size_t at = 0;

    FUZZ_CHECK(row, "features that are no message");
    for (size_t i = 0; i < t->spec.n_features; i++) {
        const Feast__Storage__OnlineRow__Feature *feature =
            at < row->n_features ? row->features[at] : NULL;
        if (t->cells[t->spec.n_entities + i].null)
            continue;
        FUZZ_CHECK(feature && strcmp(feature->name, t->features[i].name) == 0, "a feature amiss");
        FUZZ_CHECK((int)feature->value->val_case == (int)t->features[i].value_type,
                   "a value of another type");
        at++;
    }
    FUZZ_CHECK(at == row->n_features, "a feature too many");
}

static void check_times(const struct table *t, const struct fc_online_row *row,
                        const struct fc_moment *start, const struct fc_moment *end)
{
    FUZZ_CHECK(row->event.set && row->event.nanos >= 0 && row->event.nanos < (int32_t)FC_NS_PER_S,
               "an event time");
    FUZZ_CHECK(!start->set ||
                   (row->event.seconds >= start->seconds && row->event.seconds < end->seconds),
               "a row outside of the span");
    FUZZ_CHECK(!row->created.set || (t->flags & CREATED), "a created time of nothing");
    FUZZ_CHECK(!row->expires.set || row->expires.seconds == row->event.seconds + AGE, "an age");
}

static void check_row(struct table *t)
{
    FC_CLEANUP(fc_row_maker_freep) struct fc_row_maker *maker = NULL;
    const struct fc_moment start = {.seconds = -SPAN, .set = t->flags & IN_SPAN};
    const struct fc_moment end = {.seconds = SPAN, .set = t->flags & IN_SPAN};
    const struct fc_batch batch = {.row_count = 1,
                                   .column_count = t->binding.count,
                                   .columns = t->columns,
                                   .cells = t->cell_list,
                                   .path = ""};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_row_verdict verdict;
    struct fc_online_row row;

    FUZZ_CHECK(fc_row_maker_new("p", &t->spec, &t->binding, &maker, &err) == FC_OK, "memory");
    fc_rc rc = fc_row_make(maker, &batch, 0, &start, &end, &row, &verdict, &err);
    FUZZ_CHECK(rc == FC_OK, "%s", err.message);
    if (verdict.kind == FC_ROW_BAD) {
        FUZZ_CHECK(verdict.column < t->binding.count && verdict.fault != FC_FAULT_NONE &&
                       verdict.message[0],
                   "no cause");
    } else if (verdict.kind == FC_ROW_GOOD) {
        check_key(t, row.key);
        check_features(t, row.features);
        check_times(t, &row, &start, &end);
    } else {
        FUZZ_CHECK(start.set, "outside of no span");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table t = {.input = {.ptr = (const char *)data, .len = size},
                      .arena = fuzz_arena((size_t)1 << 24)};
    struct fc_error err = FC_ERROR_INIT;

    take_table(&t);
    FUZZ_CHECK(fc_bind(&t.spec, &t.source, t.type_list, t.spec.n_entities, t.arena, &t.binding,
                       &err) == FC_OK,
               "%s", err.message);
    take_row(&t);
    check_binding(&t);
    check_row(&t);
    fc_arena_free(t.arena);
    return 0;
}
