/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"
#include "base/pbjson_internal.h"
#include "base/pbjson_scalar.h"

/* After so many a person has enough to mend, and a file of another kind altogether is not worth a line for each key. */
#define MAX_VIOLATIONS 100
#define MAX_PATH       512
/* Long values are quoted in part. */
#define SHOWN 60

struct decoder {
    const char *name;
    struct fc_arena *arena;
    struct fc_violations *violations;
    size_t before; /* violations of earlier documents */
};

static ProtobufCMessage *decode_message(struct decoder *d, const ProtobufCMessageDescriptor *type,
                                        const struct fc_node *node, const char *path,
                                        const char *const *tolerated);

static bool enough(const struct decoder *d)
{
    return d->violations->count - d->before >= MAX_VIOLATIONS || fc_arena_exhausted(d->arena);
}

/* For people: one that is too long is cut. */
FC_PRINTF(2, 3)
static void put_path(char out[MAX_PATH], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out, MAX_PATH, format, args);
    va_end(args);
}

FC_PRINTF(4, 5)
static void refuse(struct decoder *d, const struct fc_node *at, const char *path,
                   const char *format, ...)
{
    char text[640];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fc_violations_add(d->violations, FC_REASON_FIELD_INVALID, path, "%s:%u:%u: %s", d->name,
                      at->line, at->column, text);
}

static void no_memory(struct decoder *d, const char *path)
{
    fc_violations_add(d->violations, FC_REASON_REQUEST_TOO_LARGE, path,
                      "%s: needs more memory than is allowed", d->name);
}

/* What stands there, for messages: `"text"`, `a list`. */
static const char *found(const struct fc_node *node, char out[SHOWN + 16])
{
    switch (node->kind) {
    case FC_NODE_NULL:
        return "nothing";
    case FC_NODE_SEQUENCE:
        return "a list";
    case FC_NODE_MAPPING:
        return "a mapping";
    case FC_NODE_SCALAR:
        break;
    }
    snprintf(out, SHOWN + 16, "\"%.*s%s\"", SHOWN, node->text.ptr,
             node->text.len > SHOWN ? "..." : "");
    return out;
}

/* -- names --------------------------------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  const struct fc_node *node)
{
    const char *key = node->text.ptr;
    char camel[FC_PBJSON_NAME_MAX];

    if (strlen(key) != node->text.len)
        return NULL; /* a NUL within */
    for (unsigned i = 0; i < type->n_fields; i++) {
        fc_pbjson_camel(type->fields[i].name, camel);
        if (strcmp(key, camel) == 0 || strcmp(key, type->fields[i].name) == 0)
            return &type->fields[i];
    }
    return NULL;
}

static bool is_listed(const char *const *list, const char *word)
{
    for (size_t i = 0; list && list[i]; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

static const char *short_name(const ProtobufCMessageDescriptor *type)
{
    return type->short_name[0] ? type->short_name : type->name;
}

/* In the spelling that the document uses: with underscores or without. */
static const char *nearest_key(struct decoder *d, const ProtobufCMessageDescriptor *type,
                               const char *key)
{
    const char **names = fc_arena_calloc(d->arena, type->n_fields + 1, sizeof *names);
    bool snake = strchr(key, '_') != NULL;

    if (!names)
        return NULL;
    for (unsigned i = 0; i < type->n_fields; i++) {
        char camel[FC_PBJSON_NAME_MAX];
        fc_pbjson_camel(type->fields[i].name, camel);
        names[i] = snake ? type->fields[i].name : fc_arena_strdup(d->arena, camel);
        if (!names[i])
            return NULL;
        if (strcasecmp(names[i], key) == 0)
            return names[i];
    }
    return fc_str_nearest(key, names, type->n_fields);
}

static void list_keys(const ProtobufCMessageDescriptor *type, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < type->n_fields && used < size; i++) {
        char camel[FC_PBJSON_NAME_MAX];
        fc_pbjson_camel(type->fields[i].name, camel);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", camel);
    }
}

static void refuse_key(struct decoder *d, const ProtobufCMessageDescriptor *type,
                       const struct fc_node *key, const char *path)
{
    const char *nearest = nearest_key(d, type, key->text.ptr);
    char shown[SHOWN + 16], known[320];

    if (nearest) {
        refuse(d, key, path, "there is no key %s in %s; did you mean \"%s\"?", found(key, shown),
               short_name(type), nearest);
        return;
    }
    list_keys(type, known, sizeof(known));
    if (known[0])
        refuse(d, key, path, "there is no key %s in %s; it has %s", found(key, shown),
               short_name(type), known);
    else
        refuse(d, key, path, "there is no key %s in %s, which is empty", found(key, shown),
               short_name(type));
}

/* -- values -------------------------------------------------------------------------------------------------- */

/* `feast.types.ValueType.Enum` is known as ValueType: the message is there only to hold the enum. */
static void enum_name(const ProtobufCEnumDescriptor *type, char out[FC_PBJSON_NAME_MAX])
{
    const char *name = type->short_name, *end = NULL;

    if (strcmp(name, "Enum") == 0) {
        end = strrchr(type->name, '.');
        for (name = end; name && name > type->name && name[-1] != '.'; name--)
            ;
    }
    if (!end || name == end)
        snprintf(out, FC_PBJSON_NAME_MAX, "%s", type->short_name);
    else
        snprintf(out, FC_PBJSON_NAME_MAX, "%.*s", (int)(end - name), name);
}

static bool decode_enum(struct decoder *d, const ProtobufCEnumDescriptor *type,
                        const struct fc_node *node, const char *path, int *ret)
{
    char known[320] = "", shown[SHOWN + 16], name[FC_PBJSON_NAME_MAX];
    size_t used = 0;

    enum_name(type, name);
    if (fc_pbjson_read_enum(type, node, ret))
        return true;
    if (node->kind == FC_NODE_SCALAR) {
        const char **names = fc_arena_calloc(d->arena, type->n_value_names + 1, sizeof *names);
        const char *nearest = NULL;
        for (unsigned i = 0; names && i < type->n_value_names; i++) {
            names[i] = type->values_by_name[i].name;
            if (strcasecmp(names[i], node->text.ptr) == 0)
                nearest = names[i];
        }
        if (names && !nearest)
            nearest = fc_str_nearest(node->text.ptr, names, type->n_value_names);
        if (nearest) {
            refuse(d, node, path, "%s is no %s; did you mean \"%s\"?", found(node, shown), name,
                   nearest);
            return false;
        }
    }
    for (unsigned i = 0; i < type->n_values && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
                                 type->values[i].name);
    refuse(d, node, path, "found %s, expected one of %s", found(node, shown), known);
    return false;
}

static bool decode_nested(struct decoder *d, const ProtobufCFieldDescriptor *field,
                          const struct fc_node *node, const char *path, void *at)
{
    ProtobufCMessage *message = decode_message(d, field->descriptor, node, path, NULL);

    *(ProtobufCMessage **)at = message;
    return message != NULL;
}

/* One value that is not null, into memory of the element's size. */
static bool decode_value(struct decoder *d, const ProtobufCFieldDescriptor *field,
                         const struct fc_node *node, const char *path, void *at)
{
    char shown[SHOWN + 16];

    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return decode_nested(d, field, node, path, at);
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return decode_enum(d, field->descriptor, node, path, at);
    switch (fc_pbjson_read_scalar(field->type, node, d->arena, at)) {
    case FC_PBJSON_READ:
        return true;
    case FC_PBJSON_NO_MEMORY:
        no_memory(d, path);
        return false;
    case FC_PBJSON_HAS_NUL:
        refuse(d, node, path, "the text holds a NUL character, which no name or text may have");
        return false;
    case FC_PBJSON_WRONG:
        break;
    }
    refuse(d, node, path, "found %s, expected %s", found(node, shown),
           fc_pbjson_wanted(field->type));
    return false;
}

static void decode_list(struct decoder *d, const ProtobufCFieldDescriptor *field,
                        const struct fc_node *node, const char *path, char *base)
{
    size_t step = fc_pbjson_element_size(field->type);
    char shown[SHOWN + 16], item_path[MAX_PATH];
    char *items;

    if (node->kind != FC_NODE_SEQUENCE) {
        refuse(d, node, path, "found %s, expected a list", found(node, shown));
        return;
    }
    items = fc_arena_calloc(d->arena, node->count + 1, step);
    if (!items) {
        no_memory(d, path);
        return;
    }
    for (size_t i = 0; i < node->count && !enough(d); i++) {
        put_path(item_path, "%s[%zu]", path, i);
        if (node->items[i]->kind == FC_NODE_NULL)
            refuse(d, node->items[i], item_path, "an element of a list must not be empty");
        else
            (void)decode_value(d, field, node->items[i], item_path, items + i * step);
    }
    *(void **)fc_pbjson_member(base, field->offset) = items;
    *(size_t *)fc_pbjson_member(base, field->quantifier_offset) = node->count;
}

static ProtobufCMessage *new_message(struct decoder *d, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = fc_arena_calloc(d->arena, 1, type->sizeof_message);

    if (message)
        type->message_init(message);
    return message;
}

static void decode_entry(struct decoder *d, const ProtobufCMessageDescriptor *type,
                         const struct fc_node *key, const struct fc_node *value, const char *path,
                         char *entry)
{
    struct fc_node key_text = *key;

    if (key->kind == FC_NODE_NULL)
        key_text.kind = FC_NODE_SCALAR; /* `null: x` has the key "null" */
    (void)decode_value(d, &type->fields[0], &key_text, path, entry + type->fields[0].offset);
    if (value->kind == FC_NODE_NULL)
        refuse(d, value, path, "a value of a mapping must not be empty");
    else
        (void)decode_value(d, &type->fields[1], value, path, entry + type->fields[1].offset);
}

static void decode_map(struct decoder *d, const ProtobufCFieldDescriptor *field,
                       const struct fc_node *node, const char *path, char *base)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    char shown[SHOWN + 16], entry_path[MAX_PATH];
    ProtobufCMessage **entries;

    if (node->kind != FC_NODE_MAPPING) {
        refuse(d, node, path, "found %s, expected a mapping of `key: value`", found(node, shown));
        return;
    }
    entries = fc_arena_calloc(d->arena, node->count + 1, sizeof *entries);
    for (size_t i = 0; i < node->count && !enough(d); i++) {
        entries[i] = new_message(d, type);
        if (!entries[i])
            break;
        put_path(entry_path, "%s[\"%s\"]", path, node->keys[i]->text.ptr);
        decode_entry(d, type, node->keys[i], node->items[i], entry_path, (char *)entries[i]);
    }
    if (fc_arena_exhausted(d->arena)) {
        no_memory(d, path);
        return;
    }
    *(void **)fc_pbjson_member(base, field->offset) = entries;
    *(size_t *)fc_pbjson_member(base, field->quantifier_offset) = node->count;
}

/* -- messages ------------------------------------------------------------------------------------------------ */

static void decode_seconds_nanos(struct decoder *d, const ProtobufCMessageDescriptor *type,
                                 const struct fc_node *node, const char *path, char *base)
{
    bool is_time = fc_pbjson_is_timestamp(type);
    int64_t seconds = 0;
    int32_t nanos = 0;
    char shown[SHOWN + 16];
    bool good = is_time ? fc_pbjson_read_timestamp(node, &seconds, &nanos)
                        : fc_pbjson_read_duration(node, &seconds, &nanos);

    if (!good) {
        refuse(d, node, path, "found %s, expected %s", found(node, shown),
               is_time ? "a time such as 2021-01-31T12:00:00Z"
                       : "a duration such as 7200s, 2h or 7d");
        return;
    }
    *(int64_t *)fc_pbjson_member(base, type->fields[0].offset) = seconds;
    *(int32_t *)fc_pbjson_member(base, type->fields[1].offset) = nanos;
}

/* Marks the arm as chosen; false when another one was already. */
static bool choose_arm(struct decoder *d, const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const struct fc_node *key,
                       const char *path, char *base)
{
    uint32_t *chosen = (uint32_t *)fc_pbjson_member(base, field->quantifier_offset);

    if (*chosen != 0) {
        const ProtobufCFieldDescriptor *other =
            protobuf_c_message_descriptor_get_field(type, *chosen);
        char first[FC_PBJSON_NAME_MAX] = "", second[FC_PBJSON_NAME_MAX];
        if (other)
            fc_pbjson_camel(other->name, first);
        fc_pbjson_camel(field->name, second);
        refuse(d, key, path, "only one of %s and %s can be given", first, second);
        return false;
    }
    *chosen = field->id;
    return true;
}

static void decode_field(struct decoder *d, const ProtobufCMessageDescriptor *type,
                         const ProtobufCFieldDescriptor *field, const struct fc_node *key,
                         const struct fc_node *node, const char *path, char *base)
{
    void *at = fc_pbjson_member(base, field->offset);

    if (node->kind == FC_NODE_NULL)
        return; /* null means unset */
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (fc_pbjson_is_map(type, field))
            decode_map(d, field, node, path, base);
        else
            decode_list(d, field, node, path, base);
        return;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (!choose_arm(d, type, field, key, path, base))
            return;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
               field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING) {
        *(protobuf_c_boolean *)fc_pbjson_member(base, field->quantifier_offset) = 1;
    }
    (void)decode_value(d, field, node, path, at);
}

/* `valueType` and `value_type` in one mapping are the same key twice. */
static bool is_repeated_key(const ProtobufCMessageDescriptor *type, const struct fc_node *node,
                            size_t index, const ProtobufCFieldDescriptor *field)
{
    for (size_t i = 0; i < index; i++)
        if (find_field(type, node->keys[i]) == field)
            return true;
    return false;
}

static void decode_keys(struct decoder *d, const ProtobufCMessageDescriptor *type,
                        const struct fc_node *node, const char *path, const char *const *tolerated,
                        char *base)
{
    for (size_t i = 0; i < node->count && !enough(d); i++) {
        const struct fc_node *key = node->keys[i];
        const ProtobufCFieldDescriptor *field = find_field(type, key);
        char key_path[MAX_PATH];

        put_path(key_path, "%s%s%s", path, path[0] ? "." : "", key->text.ptr);
        if (is_listed(tolerated, key->text.ptr))
            continue;
        if (!field)
            refuse_key(d, type, key, key_path);
        else if (is_repeated_key(type, node, i, field))
            refuse(d, key, key_path, "key \"%s\" is given twice, in two spellings", key->text.ptr);
        else
            decode_field(d, type, field, key, node->items[i], key_path, base);
    }
}

/* A message also when a part of it was refused, so that its other parts are looked at; the list of violations tells. */
static ProtobufCMessage *decode_message(struct decoder *d, const ProtobufCMessageDescriptor *type,
                                        const struct fc_node *node, const char *path,
                                        const char *const *tolerated)
{
    ProtobufCMessage *message = new_message(d, type);
    char shown[SHOWN + 16];

    if (!message) {
        no_memory(d, path);
        return NULL;
    }
    if ((fc_pbjson_is_timestamp(type) || fc_pbjson_is_duration(type)) &&
        node->kind != FC_NODE_MAPPING)
        decode_seconds_nanos(d, type, node, path, (char *)message);
    else if (node->kind == FC_NODE_MAPPING)
        decode_keys(d, type, node, path, tolerated, (char *)message);
    else
        refuse(d, node, path, "found %s, expected a mapping: %s", found(node, shown),
               short_name(type));
    return message;
}

ProtobufCMessage *fc_pbjson_decode(const ProtobufCMessageDescriptor *type,
                                   const struct fc_node *node, const char *name,
                                   const char *const *tolerated, struct fc_arena *arena,
                                   struct fc_violations *violations)
{
    struct decoder d = {
        .name = name, .arena = arena, .violations = violations, .before = violations->count};
    ProtobufCMessage *message = decode_message(&d, type, node, "", tolerated);

    if (violations->count == d.before && fc_arena_exhausted(arena))
        no_memory(&d, "");
    return violations->count == d.before ? message : NULL;
}
