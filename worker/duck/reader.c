/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of the engine into cells. */
#include <stdlib.h>

#include "base/sys.h"
#include "worker/duck/internal.h"

#define UUID_TEXT 36

static enum fc_column_kind kind_of(duckdb_type type)
{
    static const enum fc_column_kind kinds[] = {
        [DUCKDB_TYPE_SQLNULL] = FC_COLUMN_NULL,
        [DUCKDB_TYPE_BOOLEAN] = FC_COLUMN_BOOL,
        [DUCKDB_TYPE_TINYINT] = FC_COLUMN_INT8,
        [DUCKDB_TYPE_SMALLINT] = FC_COLUMN_INT16,
        [DUCKDB_TYPE_INTEGER] = FC_COLUMN_INT32,
        [DUCKDB_TYPE_BIGINT] = FC_COLUMN_INT64,
        [DUCKDB_TYPE_UTINYINT] = FC_COLUMN_UINT8,
        [DUCKDB_TYPE_USMALLINT] = FC_COLUMN_UINT16,
        [DUCKDB_TYPE_UINTEGER] = FC_COLUMN_UINT32,
        [DUCKDB_TYPE_UBIGINT] = FC_COLUMN_UINT64,
        [DUCKDB_TYPE_FLOAT] = FC_COLUMN_FLOAT32,
        [DUCKDB_TYPE_DOUBLE] = FC_COLUMN_FLOAT64,
        [DUCKDB_TYPE_DECIMAL] = FC_COLUMN_DECIMAL,
        [DUCKDB_TYPE_VARCHAR] = FC_COLUMN_STRING,
        [DUCKDB_TYPE_ENUM] = FC_COLUMN_STRING,
        [DUCKDB_TYPE_UUID] = FC_COLUMN_STRING,
        [DUCKDB_TYPE_BLOB] = FC_COLUMN_BINARY,
        [DUCKDB_TYPE_DATE] = FC_COLUMN_DATE,
        [DUCKDB_TYPE_TIME] = FC_COLUMN_TIME,
        [DUCKDB_TYPE_TIME_NS] = FC_COLUMN_TIME,
        [DUCKDB_TYPE_TIMESTAMP_TZ] = FC_COLUMN_TIMESTAMP_UTC,
        [DUCKDB_TYPE_TIMESTAMP] = FC_COLUMN_TIMESTAMP_NAIVE,
        [DUCKDB_TYPE_TIMESTAMP_S] = FC_COLUMN_TIMESTAMP_NAIVE,
        [DUCKDB_TYPE_TIMESTAMP_MS] = FC_COLUMN_TIMESTAMP_NAIVE,
        [DUCKDB_TYPE_TIMESTAMP_NS] = FC_COLUMN_TIMESTAMP_NAIVE,
        [DUCKDB_TYPE_LIST] = FC_COLUMN_LIST,
        [DUCKDB_TYPE_MAP] = FC_COLUMN_MAP,
        [DUCKDB_TYPE_STRUCT] = FC_COLUMN_STRUCT,
    };

    return (size_t)type < FC_ARRAY_LEN(kinds) ? kinds[type] : FC_COLUMN_UNKNOWN;
}

static bool load_dictionary(struct fc_duck_reader *reader, duckdb_logical_type type)
{
    reader->physical = duckdb_enum_internal_type(type);
    reader->dictionary_size = duckdb_enum_dictionary_size(type);
    reader->dictionary = calloc(reader->dictionary_size + 1, sizeof *reader->dictionary);
    if (!reader->dictionary)
        return false;
    for (size_t i = 0; i < reader->dictionary_size; i++) {
        reader->dictionary[i] = duckdb_enum_dictionary_value(type, i);
        if (!reader->dictionary[i])
            return false;
    }
    return true;
}

static bool load_element(struct fc_duck_reader *reader, duckdb_logical_type type)
{
    duckdb_logical_type child = duckdb_list_type_child_type(type);

    reader->element = fc_duck_reader_new(child);
    duckdb_destroy_logical_type(&child);
    if (!reader->element)
        return false;
    reader->type.element = reader->element->type.kind;
    reader->type.precision = reader->element->type.precision;
    reader->type.scale = reader->element->type.scale;
    return true;
}

struct fc_duck_reader *fc_duck_reader_new(duckdb_logical_type type)
{
    struct fc_duck_reader *reader = calloc(1, sizeof *reader);
    bool ok = true;

    if (!reader)
        return NULL;
    reader->logical = duckdb_get_type_id(type);
    reader->physical = reader->logical;
    reader->type.kind = kind_of(reader->logical);
    if (reader->logical == DUCKDB_TYPE_DECIMAL) {
        reader->type.precision = duckdb_decimal_width(type);
        reader->type.scale = duckdb_decimal_scale(type);
        reader->physical = duckdb_decimal_internal_type(type);
    } else if (reader->logical == DUCKDB_TYPE_ENUM) {
        ok = load_dictionary(reader, type);
    } else if (reader->logical == DUCKDB_TYPE_LIST) {
        ok = load_element(reader, type);
    }
    if (ok)
        return reader;
    fc_duck_reader_free(reader);
    return NULL;
}

void fc_duck_reader_free(struct fc_duck_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; reader->dictionary && i < reader->dictionary_size; i++)
        duckdb_free(reader->dictionary[i]);
    free(reader->dictionary);
    fc_duck_reader_free(reader->element);
    free(reader);
}

/* Rounds down, so that nanos count forward before 1970 too. */
static void set_time(struct fc_cell *cell, int64_t ticks, int64_t per_second)
{
    int64_t seconds = ticks / per_second;
    int64_t rest = ticks % per_second;

    if (rest < 0) {
        seconds--;
        rest += per_second;
    }
    cell->as.time.seconds = seconds;
    cell->as.time.nanos = (int32_t)(rest * (FC_NS_PER_S / per_second));
}

static int64_t ticks_per_second(duckdb_type type)
{
    switch (type) {
    case DUCKDB_TYPE_TIMESTAMP_S:
        return 1;
    case DUCKDB_TYPE_TIMESTAMP_MS:
        return 1000;
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIME_NS:
        return FC_NS_PER_S;
    default:
        return 1000000;
    }
}

/* The engine keeps a UUID as a number with its highest bit flipped, so that order is that of the text. */
static bool set_uuid(struct fc_cell *cell, duckdb_hugeint value, struct fc_arena *arena)
{
    static const char hex[] = "0123456789abcdef";
    uint64_t parts[2] = {(uint64_t)value.upper ^ (UINT64_C(1) << 63), value.lower};
    char *text = fc_arena_alloc(arena, UUID_TEXT);

    if (!text)
        return false;
    size_t at = 0;
    for (unsigned digit = 0; digit < 32; digit++) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20)
            text[at++] = '-';
        text[at++] = hex[(parts[digit / 16] >> (60 - 4 * (digit % 16))) & 15];
    }
    cell->as.bytes = (fc_str){.ptr = text, .len = UUID_TEXT};
    return true;
}

static void set_decimal(struct fc_cell *cell, int64_t value)
{
    cell->as.decimal.high = value < 0 ? -1 : 0;
    cell->as.decimal.low = (uint64_t)value;
}

static void set_wide_decimal(struct fc_cell *cell, duckdb_hugeint value)
{
    cell->as.decimal.high = value.upper;
    cell->as.decimal.low = value.lower;
}

#define EACH(type_, statement)                                                                     \
    do {                                                                                           \
        const type_ *values = (const type_ *)data + offset;                                        \
        for (size_t i = 0; i < count; i++)                                                         \
            statement;                                                                             \
    } while (0)

static void read_decimals(const struct fc_duck_reader *reader, const void *data, size_t offset,
                          size_t count, struct fc_cell *cells)
{
    switch (reader->physical) {
    case DUCKDB_TYPE_SMALLINT:
        EACH(int16_t, set_decimal(&cells[i], values[i]));
        break;
    case DUCKDB_TYPE_INTEGER:
        EACH(int32_t, set_decimal(&cells[i], values[i]));
        break;
    case DUCKDB_TYPE_BIGINT:
        EACH(int64_t, set_decimal(&cells[i], values[i]));
        break;
    default:
        EACH(duckdb_hugeint, set_wide_decimal(&cells[i], values[i]));
        break;
    }
}

static void set_entry(const struct fc_duck_reader *reader, struct fc_cell *cell, size_t index)
{
    cell->as.bytes = fc_str_from(index < reader->dictionary_size ? reader->dictionary[index] : "");
}

static void read_enums(const struct fc_duck_reader *reader, const void *data, size_t offset,
                       size_t count, struct fc_cell *cells)
{
    switch (reader->physical) {
    case DUCKDB_TYPE_UTINYINT:
        EACH(uint8_t, set_entry(reader, &cells[i], values[i]));
        break;
    case DUCKDB_TYPE_USMALLINT:
        EACH(uint16_t, set_entry(reader, &cells[i], values[i]));
        break;
    default:
        EACH(uint32_t, set_entry(reader, &cells[i], values[i]));
        break;
    }
}

/* Short strings lie within the vector itself, long ones elsewhere; both live as long as the chunk. */
static void read_strings(const void *data, size_t offset, size_t count, struct fc_cell *cells)
{
    const duckdb_string_t *values = (const duckdb_string_t *)data + offset;

    for (size_t i = 0; i < count; i++) {
        const duckdb_string_t *value = &values[i];
        uint32_t len = value->value.inlined.length;
        cells[i].as.bytes = (fc_str){.ptr = len <= sizeof(value->value.inlined.inlined)
                                                ? value->value.inlined.inlined
                                                : value->value.pointer.ptr,
                                     .len = len};
    }
}

static bool read_uuids(const void *data, size_t offset, size_t count, struct fc_cell *cells,
                       struct fc_arena *arena)
{
    const duckdb_hugeint *values = (const duckdb_hugeint *)data + offset;

    for (size_t i = 0; i < count; i++)
        if (!cells[i].null && !set_uuid(&cells[i], values[i], arena))
            return false;
    return true;
}

static bool read_lists(const struct fc_duck_reader *reader, duckdb_vector vector, size_t offset,
                       size_t count, struct fc_cell *cells, struct fc_arena *arena)
{
    const duckdb_list_entry *entries =
        (const duckdb_list_entry *)duckdb_vector_get_data(vector) + offset;
    bool scalars = reader->element->type.kind < FC_COLUMN_LIST;
    size_t total = duckdb_list_vector_get_size(vector);
    struct fc_cell *items = NULL;

    if (scalars) {
        items = fc_arena_alloc(arena, (total + 1) * sizeof *items);
        if (!items || !fc_duck_reader_read(reader->element, duckdb_list_vector_get_child(vector), 0,
                                           total, items, arena))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (cells[i].null)
            continue;
        cells[i].as.list.items = items ? items + entries[i].offset : NULL;
        cells[i].as.list.count = entries[i].length;
    }
    return true;
}

static void read_nulls(duckdb_vector vector, size_t offset, size_t count, struct fc_cell *cells)
{
    const uint64_t *validity = duckdb_vector_get_validity(vector);

    for (size_t i = 0; i < count; i++) {
        size_t at = offset + i;
        cells[i].null = validity && !(validity[at / 64] >> (at % 64) & 1);
    }
}

/* Values of null rows are read too: they are whatever the engine left there, and harmless. */
static void read_numbers(const struct fc_duck_reader *reader, const void *data, size_t offset,
                         size_t count, struct fc_cell *cells)
{
    switch (reader->logical) {
    case DUCKDB_TYPE_BOOLEAN:
        EACH(uint8_t, cells[i].as.boolean = values[i] != 0);
        break;
    case DUCKDB_TYPE_TINYINT:
        EACH(int8_t, cells[i].as.integer = (int)values[i]);
        break;
    case DUCKDB_TYPE_SMALLINT:
        EACH(int16_t, cells[i].as.integer = values[i]);
        break;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
        EACH(int32_t, cells[i].as.integer = values[i]);
        break;
    case DUCKDB_TYPE_BIGINT:
        EACH(int64_t, cells[i].as.integer = values[i]);
        break;
    case DUCKDB_TYPE_UTINYINT:
        EACH(uint8_t, cells[i].as.integer = values[i]);
        break;
    case DUCKDB_TYPE_USMALLINT:
        EACH(uint16_t, cells[i].as.integer = values[i]);
        break;
    case DUCKDB_TYPE_UINTEGER:
        EACH(uint32_t, cells[i].as.integer = values[i]);
        break;
    case DUCKDB_TYPE_UBIGINT:
        EACH(uint64_t, cells[i].as.natural = values[i]);
        break;
    case DUCKDB_TYPE_FLOAT:
        EACH(float, cells[i].as.real = (double)values[i]);
        break;
    default:
        EACH(double, cells[i].as.real = values[i]);
        break;
    }
}

bool fc_duck_reader_read(const struct fc_duck_reader *reader, duckdb_vector vector, size_t offset,
                         size_t count, struct fc_cell *cells, struct fc_arena *arena)
{
    const void *data = duckdb_vector_get_data(vector);
    int64_t per_second = ticks_per_second(reader->logical);

    read_nulls(vector, offset, count, cells);
    switch (reader->type.kind) {
    case FC_COLUMN_UNKNOWN:
    case FC_COLUMN_NULL:
    case FC_COLUMN_MAP:
    case FC_COLUMN_STRUCT:
        break;
    case FC_COLUMN_LIST:
        return read_lists(reader, vector, offset, count, cells, arena);
    case FC_COLUMN_STRING:
    case FC_COLUMN_BINARY:
        if (reader->logical == DUCKDB_TYPE_UUID)
            return read_uuids(data, offset, count, cells, arena);
        if (reader->logical == DUCKDB_TYPE_ENUM)
            read_enums(reader, data, offset, count, cells);
        else
            read_strings(data, offset, count, cells);
        break;
    case FC_COLUMN_DECIMAL:
        read_decimals(reader, data, offset, count, cells);
        break;
    case FC_COLUMN_TIME:
    case FC_COLUMN_TIMESTAMP_UTC:
    case FC_COLUMN_TIMESTAMP_NAIVE:
        EACH(int64_t, set_time(&cells[i], values[i], per_second));
        break;
    default:
        read_numbers(reader, data, offset, count, cells);
        break;
    }
    return true;
}
