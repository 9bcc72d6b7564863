/* SPDX-License-Identifier: Apache-2.0 */
/* How protoc names Java classes: package, outer class, nested classes. */
#include <string.h>

#include "worker/formats/proto_set.h"

static bool letter(char c, char first, char last)
{
    return c >= first && c <= last;
}

/* `my_file-v1.proto` is MyFileV1: letters after anything that is no letter are capitals. */
static char *camel_case(const char *file, struct fc_arena *arena)
{
    const char *slash = strrchr(file, '/');
    const char *at = slash ? slash + 1 : file;
    const char *dot = strrchr(at, '.');
    size_t size = dot ? (size_t)(dot - at) : strlen(at);
    char *out = fc_arena_calloc(arena, 1, size + 1);
    size_t count = 0;
    bool capital = true;

    for (size_t i = 0; out && i < size; i++) {
        char c = at[i];
        if (letter(c, 'a', 'z')) {
            out[count++] = (char)(capital ? c - 'a' + 'A' : c);
            capital = false;
        } else if (letter(c, 'A', 'Z')) {
            out[count++] = c;
            capital = false;
        } else {
            if (letter(c, '0', '9'))
                out[count++] = c;
            capital = true;
        }
    }
    return out;
}

static bool is(const char *name, const char *other)
{
    return name && strcmp(name, other) == 0;
}

/* A class within the outer one must not have its name. Recursion is bounded by that of the unpacked descriptor. */
static bool message_has(const Google__Protobuf__DescriptorProto *message, const char *name)
{
    bool found = is(message->name, name);

    for (size_t i = 0; !found && i < message->n_nested_type; i++)
        found = message_has(message->nested_type[i], name);
    for (size_t i = 0; !found && i < message->n_enum_type; i++)
        found = is(message->enum_type[i]->name, name);
    return found;
}

static bool file_has(const Google__Protobuf__FileDescriptorProto *file, const char *name)
{
    bool found = false;

    for (size_t i = 0; !found && i < file->n_message_type; i++)
        found = message_has(file->message_type[i], name);
    for (size_t i = 0; !found && i < file->n_enum_type; i++)
        found = is(file->enum_type[i]->name, name);
    for (size_t i = 0; !found && i < file->n_service; i++)
        found = is(file->service[i]->name, name);
    return found;
}

static const char *outer_class(const Google__Protobuf__FileDescriptorProto *file,
                               struct fc_arena *arena)
{
    if (file->options && file->options->java_outer_classname)
        return file->options->java_outer_classname;
    const char *name = camel_case(file->name ? file->name : "", arena);
    return name && file_has(file, name) ? fc_arena_printf(arena, "%sOuterClass", name) : name;
}

const char *fc_proto_java_prefix(const Google__Protobuf__FileDescriptorProto *file,
                                 struct fc_arena *arena)
{
    const Google__Protobuf__FileOptions *options = file->options;
    const char *package = options && options->java_package ? options->java_package : file->package;
    const char *dot = package && *package ? "." : "";

    package = package ? package : "";
    if (options && options->has_java_multiple_files && options->java_multiple_files)
        return fc_arena_printf(arena, "%s%s", package, dot);
    const char *outer = outer_class(file, arena);
    return outer ? fc_arena_printf(arena, "%s%s%s.", package, dot, outer) : NULL;
}
