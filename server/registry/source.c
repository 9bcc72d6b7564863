/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/source.h"

#include "server/registry/names.h"
#include "server/registry/source_check.h"

#define BATCH_TYPES  "BATCH_FILE or BATCH_BIGQUERY"
#define STREAM_TYPES "STREAM_KAFKA or STREAM_KINESIS"

const char *fc_source_type_name(int32_t type)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &feast__core__data_source__source_type__descriptor, type);

    return !value ? NULL : value->name;
}

const char *fc_source_field(const struct source_check *check, const char *name)
{
    const char *field =
        fc_arena_printf(check->violations->arena, "table_spec.%s.%s", check->slot, name);

    return !field ? check->slot : field;
}

/* Unset and unknown types are UNIMPLEMENTED, as with the peers; a known one in the wrong slot is the user's mistake. */
static bool check_type(const struct source_check *check, enum fc_source_slot slot, int32_t type)
{
    const char *field = fc_source_field(check, "type");
    const char *expected = slot == FC_SOURCE_BATCH ? BATCH_TYPES : STREAM_TYPES;
    bool stream = type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA ||
                  type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS;

    if (type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__INVALID) {
        fc_violations_add(check->violations, FC_REASON_SOURCE_UNSUPPORTED, field,
                          "%s: type is not set, expected %s", check->slot, expected);
        return false;
    }
    if (!fc_source_type_name(type)) {
        fc_violations_add(check->violations, FC_REASON_SOURCE_UNSUPPORTED, field,
                          "%s: type %d is not served, expected %s", check->slot, type, expected);
        return false;
    }
    if (slot == FC_SOURCE_BATCH && type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS) {
        fc_violations_add(check->violations, FC_REASON_SOURCE_INVALID, field,
                          "%s: type is STREAM_KINESIS (4), expected %s; MaxCompute, which later "
                          "generations number 4 here, is not served",
                          check->slot, expected);
        return false;
    }
    if (stream != (slot == FC_SOURCE_STREAM)) {
        fc_violations_add(check->violations, FC_REASON_SOURCE_INVALID, field,
                          "%s: type is %s, expected %s", check->slot, fc_source_type_name(type),
                          expected);
        return false;
    }
    return true;
}

static void check_columns(const struct source_check *check, const Feast__Core__DataSource *source)
{
    const char *event = fc_source_field(check, "event_timestamp_column");

    if (*source->event_timestamp_column == '\0') {
        fc_violations_add(check->violations, FC_REASON_FIELD_REQUIRED, event,
                          "%s: event_timestamp_column is required: the column that holds the time "
                          "of each row",
                          check->slot);
    }
    fc_length_check(check->violations, check->slot, event, source->event_timestamp_column);
    fc_length_check(check->violations, check->slot,
                    fc_source_field(check, "created_timestamp_column"),
                    source->created_timestamp_column);
    fc_length_check(check->violations, check->slot, fc_source_field(check, "date_partition_column"),
                    source->date_partition_column);
}

void fc_source_check(enum fc_source_slot slot, const Feast__Core__DataSource *source,
                     const struct fc_table_names *names, struct fc_violations *violations)
{
    struct source_check check = {
        .violations = violations,
        .slot = slot == FC_SOURCE_BATCH ? "batch_source" : "stream_source",
    };

    if (check_type(&check, slot, (int32_t)source->type))
        fc_source_check_options(&check, source);
    check_columns(&check, source);
    fc_source_check_mapping(&check, source, names);
}
