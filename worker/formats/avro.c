/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/avro.h"

#include <inttypes.h>
#include <string.h>

#include "worker/formats/format.h"

/* Confluent's serializers: a zero byte and the number of a schema in their registry, then the datum. */
#define FRAME_SIZE 5

struct fc_format {
    const struct fc_avro_type *datum; /**< a record, or a union of one and null */
    struct fc_arena *arena;
    struct fc_avro_plan *plan;
    size_t *slots; /* of each selected column: some may share a cell */
    size_t column_count;
    uint64_t bare, framed;
    uint32_t schema_id; /* of the first framed message */
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the Avro schema needs more memory than it may");
}

static bool accepts(const Feast__Core__StreamFormat *format)
{
    return format->format_case == FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT;
}

static fc_rc avro_open(const struct fc_format_env *env, const Feast__Core__StreamFormat *format,
                       struct fc_arena *arena, struct fc_format **ret, struct fc_error *err)
{
    const char *problem = NULL;
    struct fc_format *avro = fc_arena_calloc(arena, 1, sizeof *avro);

    (void)env;
    if (!avro)
        return no_memory(err);
    const struct fc_avro_type *type =
        fc_avro_parse(arena, format->avro_format->schema_json, &problem);
    if (!type)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "schema_json is no Avro schema: %s", problem);
    const struct fc_avro_type *record = fc_avro_unwrap(type);
    if (record->kind != FC_AVRO_RECORD)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "schema_json is the Avro schema of a value of type %s, expected a record "
                       "whose fields are the columns",
                       fc_avro_kind_name(record->kind));
    avro->datum = type;
    avro->arena = arena;
    *ret = avro;
    return FC_OK;
}

static fc_rc avro_describe(struct fc_format *avro, const char *const *wanted, size_t wanted_count,
                           struct fc_arena *arena, struct fc_source_column **ret, size_t *ret_count,
                           struct fc_error *err)
{
    struct fc_columns columns = {.arena = arena};

    fc_avro_list(fc_avro_unwrap(avro->datum), &columns);
    for (size_t i = 0; i < wanted_count; i++) {
        const struct fc_avro_type *type = fc_avro_find(avro->datum, wanted[i]);
        if (!type || fc_columns_has(&columns, wanted[i]))
            continue;
        struct fc_column_type column = fc_avro_column_type(type, arena);
        fc_columns_add(&columns, wanted[i], &column, true);
    }
    if (columns.failed)
        return no_memory(err);
    *ret = columns.items;
    *ret_count = columns.count;
    return FC_OK;
}

static fc_rc avro_select(struct fc_format *avro, const char *const *columns, size_t count,
                         struct fc_error *err)
{
    avro->plan = fc_arena_calloc(avro->arena, 1, sizeof *avro->plan);
    avro->slots = fc_arena_calloc(avro->arena, count + 1, sizeof *avro->slots);
    avro->column_count = count;
    if (!avro->plan || !avro->slots)
        return no_memory(err);
    avro->plan->slot = FC_AVRO_NO_SLOT;
    for (size_t i = 0; i < count; i++) {
        const char *name = fc_arena_strdup(avro->arena, columns[i]);
        struct fc_avro_plan *plan =
            name ? fc_avro_plan_add(avro->arena, avro->plan, avro->datum, name) : NULL;
        if (!plan && fc_arena_exhausted(avro->arena))
            return no_memory(err);
        if (!plan)
            return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "the Avro schema has no field \"%s\"",
                           columns[i]);
        if (plan->slot == FC_AVRO_NO_SLOT)
            plan->slot = i;
        avro->slots[i] = plan->slot;
    }
    return FC_OK;
}

static fc_rc read_bare(struct fc_format *avro, fc_str bytes, struct fc_arena *arena,
                       struct fc_cell *cells, struct fc_error *err)
{
    for (size_t i = 0; i < avro->column_count; i++)
        cells[i] = (struct fc_cell){.null = true};
    fc_rc rc = fc_avro_read(avro->datum, avro->plan, bytes, arena, cells, err);
    for (size_t i = 0; rc == FC_OK && i < avro->column_count; i++)
        cells[i] = cells[avro->slots[i]];
    return rc;
}

static void note_frame(struct fc_format *avro, fc_str message, bool framed)
{
    const uint8_t *at = (const uint8_t *)message.ptr;

    if (framed && avro->framed == 0)
        avro->schema_id =
            (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
    avro->framed += framed;
    avro->bare += !framed;
}

/*
 * A frame cannot be told from a datum that begins with five bytes of that kind; but hardly a datum is one both with and
 * without them. What the messages before were is tried first.
 */
static fc_rc avro_decode(struct fc_format *avro, fc_str message, struct fc_arena *arena,
                         struct fc_cell *ret, struct fc_error *err)
{
    bool may_be_framed = message.len >= FRAME_SIZE && message.ptr[0] == 0;
    bool framed_first = may_be_framed && avro->framed > avro->bare;
    struct fc_error errors[2] = {FC_ERROR_INIT, FC_ERROR_INIT};
    fc_rc rc = FC_OK;

    for (int attempt = 0; attempt < 1 + may_be_framed; attempt++) {
        bool framed = (attempt == 0) == framed_first;
        size_t skipped = framed ? FRAME_SIZE : 0;
        const fc_str bytes = {.ptr = message.ptr + skipped, .len = message.len - skipped};
        rc = read_bare(avro, bytes, arena, ret, &errors[attempt]);
        if (rc == FC_OK) {
            note_frame(avro, message, framed);
            return FC_OK;
        }
        if (errors[attempt].reason != FC_REASON_SOURCE_INVALID) {
            *err = errors[attempt];
            return rc;
        }
    }
    *err = errors[0];
    return rc;
}

static const char *avro_remark(const struct fc_format *avro, struct fc_arena *arena)
{
    if (avro->framed == 0)
        return NULL;
    return fc_arena_printf(
        arena,
        "%" PRIu64 " of %" PRIu64 " messages begin with a frame of Confluent's schema registry (a "
        "zero byte and a schema id, first %" PRIu32 "); what follows was read with the schema_json "
        "of the table, not with that schema: keep the two alike",
        avro->framed, avro->framed + avro->bare, avro->schema_id);
}

const struct fc_format_ops fc_format_avro = {
    .version = FC_FORMAT_VERSION,
    .kind = "avro",
    .accepts = accepts,
    .open = avro_open,
    .describe = avro_describe,
    .select = avro_select,
    .decode = avro_decode,
    .remark = avro_remark,
};
