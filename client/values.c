/* SPDX-License-Identifier: Apache-2.0 */
#include "client/values.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/node.h"
#include "base/pbjson.h"
#include "base/pbjson_scalar.h"
#include "base/time.h"
#include "base/url.h"

const char *fc_type_name(int type)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__types__value_type__enum__descriptor, type);

    return value ? value->name : "?";
}

const char *fc_time_text(struct fc_arena *arena, const Google__Protobuf__Timestamp *time)
{
    char text[FC_TIME_TEXT_MAX];

    if (!time)
        return "";
    fc_time_format(time->seconds, 0, text);
    return fc_arena_strdup(arena, text);
}

const char *fc_source_text(struct fc_arena *arena, const Feast__Core__DataSource *source)
{
    if (!source)
        return "";
    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS:
        return fc_url_public(source->file_options->file_url, arena);
    case FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS:
        return fc_arena_printf(arena, "bigquery:%s", source->bigquery_options->table_ref);
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        return fc_arena_printf(arena, "kafka:%s/%s", source->kafka_options->bootstrap_servers,
                               source->kafka_options->topic);
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        return fc_arena_printf(arena, "kinesis:%s/%s", source->kinesis_options->region,
                               source->kinesis_options->stream_name);
    default:
        return "";
    }
}

/* JSON of one value without quotes around a text. */
static void put_json(const json_t *value, struct fc_buf *out)
{
    size_t i;
    json_t *item;

    if (json_is_string(value)) {
        fc_buf_puts(out, json_string_value(value));
    } else if (json_is_number(value) || json_is_boolean(value)) {
        fc_json_atom(value, out);
    } else if (json_is_array(value)) {
        fc_buf_putc(out, '[');
        json_array_foreach (value, i, item) {
            fc_buf_puts(out, i ? ", " : "");
            put_json(item, out);
        }
        fc_buf_putc(out, ']');
    }
}

json_t *fc_value_json(const Feast__Types__Value *value)
{
    json_t *object, *arm, *list;

    if (!value || value->val_case == 0)
        return json_null();
    object = fc_pbjson_encode(&value->base, FC_PBJSON_DEFAULT);
    arm = object ? json_object_iter_value(json_object_iter(object)) : NULL;
    list = json_object_get(arm, "val"); /* of a list, unless it is empty */
    if (json_is_object(arm))
        arm = list ? json_incref(list) : json_array();
    else
        json_incref(arm);
    json_decref(object);
    return arm;
}

const char *fc_value_text(struct fc_arena *arena, const Feast__Types__Value *value)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    json_t *json = fc_value_json(value);

    put_json(json, &text);
    json_decref(json);
    return text.failed ? NULL : fc_arena_strdup(arena, fc_buf_text(&text));
}

/* The scalar types have the numbers of the value's fields. */
static ProtobufCType wire_type(int type)
{
    static const ProtobufCType types[] = {PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_BYTES,
                                          PROTOBUF_C_TYPE_STRING,  PROTOBUF_C_TYPE_INT32,
                                          PROTOBUF_C_TYPE_INT64,   PROTOBUF_C_TYPE_DOUBLE,
                                          PROTOBUF_C_TYPE_FLOAT,   PROTOBUF_C_TYPE_BOOL};

    return type >= 0 && (size_t)type < FC_ARRAY_LEN(types) ? types[type] : PROTOBUF_C_TYPE_MESSAGE;
}

fc_rc fc_value_parse(struct fc_arena *arena, int type, const char *text, Feast__Types__Value *ret,
                     struct fc_error *err)
{
    const ProtobufCFieldDescriptor *field;
    struct fc_node node = {.kind = FC_NODE_SCALAR, .text = {.ptr = text, .len = strlen(text)}};
    ProtobufCType wire = wire_type(type);

    if (wire == PROTOBUF_C_TYPE_MESSAGE)
        return fc_fail(err, FC_REASON_USAGE, "type %s cannot be given on the command line",
                       fc_type_name(type));
    feast__types__value__init(ret);
    field =
        protobuf_c_message_descriptor_get_field(&feast__types__value__descriptor, (unsigned)type);
    switch (fc_pbjson_read_scalar(wire, &node, arena, (char *)ret + field->offset)) {
    case FC_PBJSON_READ:
        ret->val_case = (Feast__Types__Value__ValCase)type;
        return FC_OK;
    case FC_PBJSON_NO_MEMORY:
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    default:
        return fc_fail(err, FC_REASON_USAGE, "\"%.100s\" is no %s, expected %s", text,
                       fc_type_name(type), fc_pbjson_wanted(wire));
    }
}
