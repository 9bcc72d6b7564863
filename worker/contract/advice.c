/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/contract/advice.h"

#define TYPE(word)  FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define LIST_OFFSET 10

/* A type of ours that takes in every value of the kind, 0 where there is none; and the word for the kind. */
static const struct {
    const char *word;
    int natural;
} KINDS[FC_COLUMN_KINDS] = {
    [FC_COLUMN_UNKNOWN] = {"unknown", 0},
    [FC_COLUMN_NULL] = {"null", 0},
    [FC_COLUMN_BOOL] = {"bool", TYPE(BOOL)},
    [FC_COLUMN_INT8] = {"int8", TYPE(INT32)},
    [FC_COLUMN_INT16] = {"int16", TYPE(INT32)},
    [FC_COLUMN_INT32] = {"int32", TYPE(INT32)},
    [FC_COLUMN_INT64] = {"int64", TYPE(INT64)},
    [FC_COLUMN_UINT8] = {"uint8", TYPE(INT32)},
    [FC_COLUMN_UINT16] = {"uint16", TYPE(INT32)},
    [FC_COLUMN_UINT32] = {"uint32", TYPE(INT64)},
    [FC_COLUMN_UINT64] = {"uint64", TYPE(INT64)},
    [FC_COLUMN_FLOAT16] = {"float16", TYPE(FLOAT)},
    [FC_COLUMN_FLOAT32] = {"float", TYPE(FLOAT)},
    [FC_COLUMN_FLOAT64] = {"double", TYPE(DOUBLE)},
    [FC_COLUMN_DECIMAL] = {"decimal", TYPE(DOUBLE)},
    [FC_COLUMN_STRING] = {"string", TYPE(STRING)},
    [FC_COLUMN_BINARY] = {"binary", TYPE(BYTES)},
    [FC_COLUMN_DATE] = {"date", 0},
    [FC_COLUMN_TIME] = {"time", 0},
    [FC_COLUMN_TIMESTAMP_UTC] = {"timestamp", 0},
    [FC_COLUMN_TIMESTAMP_NAIVE] = {"timestamp without zone", 0},
    [FC_COLUMN_LIST] = {"list", 0},
    [FC_COLUMN_MAP] = {"map", 0},
    [FC_COLUMN_STRUCT] = {"struct", 0},
    [FC_COLUMN_UNION] = {"union", 0},
};

static const char *scalar_text(enum fc_column_kind kind, const struct fc_column_type *type,
                               struct fc_arena *arena)
{
    const char *text = kind == FC_COLUMN_DECIMAL
                           ? fc_arena_printf(arena, "decimal(%u,%u)", type->precision, type->scale)
                           : KINDS[kind].word;

    return text ? text : "";
}

const char *fc_kind_text(const struct fc_column_type *type, struct fc_arena *arena)
{
    if (type->kind != FC_COLUMN_LIST)
        return scalar_text(type->kind, type, arena);
    const char *text = fc_arena_printf(arena, "list<%s>", scalar_text(type->element, type, arena));
    return text ? text : "";
}

bool fc_kind_same(const struct fc_column_type *a, const struct fc_column_type *b)
{
    bool list = a->kind == FC_COLUMN_LIST;
    enum fc_column_kind kind = list ? a->element : a->kind;

    return a->kind == b->kind && (!list || a->element == b->element) &&
           (kind != FC_COLUMN_DECIMAL || (a->precision == b->precision && a->scale == b->scale));
}

/* The unit that whole numbers since 1970 would have, were they the times of this century: by their size. */
static const char *unit_of(int64_t min, int64_t max)
{
    static const struct {
        const char *unit;
        int64_t per_second;
    } units[] = {{"seconds", 1},
                 {"milliseconds", 1000},
                 {"microseconds", 1000000},
                 {"nanoseconds", 1000000000}};
    const int64_t first = 946684800; /* 2000 */
    const int64_t last = 4102444800; /* 2100 */

    for (size_t i = 0; i < FC_ARRAY_LEN(units); i++)
        if (min / units[i].per_second >= first && max / units[i].per_second < last)
            return units[i].unit;
    return NULL;
}

static const char *time_advice(const struct fc_finding *f, struct fc_arena *arena)
{
    const char *unit = NULL;

    switch (f->type->kind) {
    case FC_COLUMN_TIMESTAMP_NAIVE:
        return "store it with its zone, or make sure that it is UTC";
    case FC_COLUMN_STRING:
        return "parse it where it is written, and store a timestamp";
    default:
        break;
    }
    if (f->range_known)
        unit = unit_of(f->min, f->max);
    const char *text =
        unit ? fc_arena_printf(arena, "its values look like %s since 1970: store a timestamp", unit)
             : NULL;
    return text ? text : "name a column that holds a timestamp, or store one";
}

static const char *value_advice(const struct fc_finding *f, struct fc_arena *arena)
{
    bool list = f->type->kind == FC_COLUMN_LIST;
    int natural = KINDS[list ? f->type->element : f->type->kind].natural;
    const char *text = NULL;

    if (f->type->kind == FC_COLUMN_STRUCT)
        return "map the name to a field within it, such as \"a.b\"";
    if (f->type->kind == FC_COLUMN_MAP)
        return "map the name to one of its keys, such as \"m.key\"";
    if (f->type->kind == FC_COLUMN_UNION)
        return "give it one type in the schema of the messages";
    if (natural == 0)
        return "convert it at the source";
    natural += list ? LIST_OFFSET : 0;
    if (natural == (int)f->declared)
        return "keep its values within what the declared type holds";
    text = fc_arena_printf(arena, "declare %s, or convert it at the source",
                           fc_contract_type_name(natural));
    return text ? text : "";
}

/* The most frequent reason is the one to begin with. */
static const char *fault_advice(const struct fc_finding *f)
{
    static const char *const texts[FC_FAULT_COUNT] = {
        [FC_FAULT_NONE] = "",
        [FC_FAULT_NULL] = "rows without it are left out by ingestion: fill it, or leave them out "
                          "at the source",
        [FC_FAULT_WRONG_TYPE] = "convert it at the source",
        [FC_FAULT_OUT_OF_RANGE] = "rows with such values are left out by ingestion: declare a "
                                  "wider type, or mend the values",
        [FC_FAULT_NOT_INTEGRAL] =
            "rows with such values are left out by ingestion: declare DOUBLE, "
            "or round at the source",
        [FC_FAULT_NOT_TEXT] = "rows with such values are left out by ingestion: write UTF-8, or "
                              "declare BYTES",
        [FC_FAULT_NULL_ELEMENT] = "rows with such lists are left out by ingestion: leave nulls out "
                                  "of lists at the source",
        [FC_FAULT_UNDECODABLE] = "",
    };
    size_t worst = FC_FAULT_NONE;

    for (size_t i = 1; f->faults && i < FC_FAULT_COUNT; i++)
        if (f->faults[i] > (worst ? f->faults[worst] : 0))
            worst = i;
    return texts[worst];
}

const char *fc_contract_advice(const struct fc_finding *f, struct fc_arena *arena)
{
    switch (f->level) {
    case FC_LEVEL_REJECT:
        return f->value ? value_advice(f, arena) : time_advice(f, arena);
    case FC_LEVEL_CHECKED: {
        const char *fault = fault_advice(f);
        if (*fault)
            return fault;
        return f->value ? value_advice(f, arena) : time_advice(f, arena);
    }
    default:
        return fault_advice(f);
    }
}
