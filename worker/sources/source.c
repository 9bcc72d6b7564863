/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/source.h"

#include "base/url.h"

static const struct fc_source_ops *const KINDS[] = {&fc_source_file, &fc_source_bigquery,
                                                    &fc_source_stream};

static const char *kind_name(const Feast__Core__DataSource *source)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &feast__core__data_source__source_type__descriptor, (int)source->type);

    return value ? value->name : "unknown";
}

fc_rc fc_source_ops_for(const Feast__Core__DataSource *source, const struct fc_source_ops **ret,
                        struct fc_error *err)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++) {
        if (KINDS[i]->accepts(source)) {
            *ret = KINDS[i];
            return FC_OK;
        }
    }
    return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                   "%s sources are not looked at by this version", kind_name(source));
}

const char *fc_source_location(const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    const char *text = "";

    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS:
        text = fc_url_public(source->file_options->file_url, arena);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS:
        text = source->bigquery_options->table_ref;
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        text = fc_arena_printf(arena, "%s/%s", source->kafka_options->bootstrap_servers,
                               source->kafka_options->topic);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        text = fc_arena_printf(arena, "%s/%s", source->kinesis_options->region,
                               source->kinesis_options->stream_name);
        break;
    default:
        break;
    }
    return text ? text : "";
}
