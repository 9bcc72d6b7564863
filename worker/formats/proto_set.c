/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/proto_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/pbcheck.h"
#include "worker/formats/proto_set_internal.h"

/* Descriptors with their comments: some megabytes of them are a large company. */
#define ELEMENTS_MAX ((size_t)4 << 20)

struct fc_proto_set *fc_proto_set_new(struct fc_arena *arena)
{
    struct fc_proto_set *set = fc_arena_calloc(arena, 1, sizeof *set);

    if (set)
        set->arena = arena;
    return set;
}

size_t fc_proto_set_count(const struct fc_proto_set *set)
{
    return set->messages.count;
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "the descriptor sets need more memory than they may");
}

/* A place for one more pointer at the end; NULL when the arena is exhausted. */
static void **add_slot(struct fc_arena *arena, struct fc_proto_list *list)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        void **copy = fc_arena_calloc(arena, capacity, sizeof(void *));
        if (!copy)
            return NULL;
        if (list->count > 0)
            memcpy(copy, list->items, list->count * sizeof(void *));
        list->items = copy;
        list->capacity = capacity;
    }
    return &list->items[list->count++];
}

static const char *full_name(struct fc_arena *arena, const char *outer, const char *name)
{
    return *outer ? fc_arena_printf(arena, "%s.%s", outer, name) : fc_arena_strdup(arena, name);
}

static bool add_enum(struct fc_proto_set *set, const char *outer,
                     const Google__Protobuf__EnumDescriptorProto *from)
{
    struct fc_proto_enum *entry = fc_arena_calloc(set->arena, 1, sizeof *entry);
    void **slot = add_slot(set->arena, &set->enums);

    if (!entry || !slot)
        return false;
    entry->name = full_name(set->arena, outer, from->name ? from->name : "");
    entry->from = from;
    *slot = entry;
    return entry->name != NULL;
}

/* Depth is bounded by the check of the bytes. */
static bool add_message(struct fc_proto_set *set, const struct fc_proto_file *file,
                        const char *outer, const char *outer_path,
                        const Google__Protobuf__DescriptorProto *from)
{
    struct fc_proto_message *entry = fc_arena_calloc(set->arena, 1, sizeof *entry);
    void **slot = add_slot(set->arena, &set->messages);
    const char *name = from->name ? from->name : "";

    if (!entry || !slot)
        return false;
    *slot = entry;
    entry->name = full_name(set->arena, outer, name);
    entry->path = full_name(set->arena, outer_path, name);
    entry->file = file;
    entry->from = from;
    entry->map_entry = from->options && from->options->has_map_entry && from->options->map_entry;
    if (!entry->name || !entry->path)
        return false;
    for (size_t i = 0; i < from->n_nested_type; i++)
        if (!add_message(set, file, entry->name, entry->path, from->nested_type[i]))
            return false;
    for (size_t i = 0; i < from->n_enum_type; i++)
        if (!add_enum(set, entry->name, from->enum_type[i]))
            return false;
    return true;
}

static bool has_file(const struct fc_proto_set *set,
                     const Google__Protobuf__FileDescriptorProto *from)
{
    for (size_t i = 0; from->name && i < set->files.count; i++) {
        const struct fc_proto_file *file = set->files.items[i];
        if (file->from->name && strcmp(file->from->name, from->name) == 0)
            return true;
    }
    return false;
}

static bool add_file(struct fc_proto_set *set, const Google__Protobuf__FileDescriptorProto *from)
{
    struct fc_proto_file *file = fc_arena_calloc(set->arena, 1, sizeof *file);
    void **slot = add_slot(set->arena, &set->files);
    const char *package = from->package ? from->package : "";

    if (!file || !slot)
        return false;
    *slot = file;
    file->from = from;
    file->java_prefix = fc_proto_java_prefix(from, set->arena);
    file->proto3 = from->syntax && strcmp(from->syntax, "proto3") == 0;
    if (!file->java_prefix)
        return false;
    for (size_t i = 0; i < from->n_message_type; i++)
        if (!add_message(set, file, package, "", from->message_type[i]))
            return false;
    for (size_t i = 0; i < from->n_enum_type; i++)
        if (!add_enum(set, package, from->enum_type[i]))
            return false;
    return true;
}

fc_rc fc_proto_set_add(struct fc_proto_set *set, fc_str bytes, const char *what,
                       struct fc_error *err)
{
    const ProtobufCMessageDescriptor *type = &google__protobuf__file_descriptor_set__descriptor;
    const struct fc_pb_limits limits = {.max_elements = ELEMENTS_MAX};
    struct fc_error error = FC_ERROR_INIT;

    if (fc_pb_check(type, bytes, &limits, &error) != FC_OK)
        return fc_fail(
            err, FC_REASON_SOURCE_INVALID,
            "%s is no descriptor set (protoc --include_imports --descriptor_set_out): %s", what,
            error.message);
    Google__Protobuf__FileDescriptorSet *files = google__protobuf__file_descriptor_set__unpack(
        fc_arena_allocator(set->arena), bytes.len, (const uint8_t *)bytes.ptr);
    if (!files && fc_arena_exhausted(set->arena))
        return no_memory(err);
    if (!files)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s is no descriptor set", what);
    for (size_t i = 0; i < files->n_file; i++)
        if (!has_file(set, files->file[i]) && !add_file(set, files->file[i]))
            return no_memory(err);
    return FC_OK;
}

static int cmp_message(const void *a, const void *b)
{
    const struct fc_proto_message *x = *(void *const *)a;
    const struct fc_proto_message *y = *(void *const *)b;

    return strcmp(x->name, y->name);
}

static int cmp_enum(const void *a, const void *b)
{
    const struct fc_proto_enum *x = *(void *const *)a;
    const struct fc_proto_enum *y = *(void *const *)b;

    return strcmp(x->name, y->name);
}

static void *find(const struct fc_proto_list *list, void *key,
                  int (*cmp)(const void *a, const void *b))
{
    void **found =
        list->count > 0 ? bsearch(&key, list->items, list->count, sizeof(key), cmp) : NULL;

    return found ? *found : NULL;
}

const struct fc_proto_message *fc_proto_set_message(const struct fc_proto_set *set,
                                                    const char *name)
{
    struct fc_proto_message key = {.name = name};

    return find(&set->messages, &key, cmp_message);
}

const struct fc_proto_enum *fc_proto_set_enum(const struct fc_proto_set *set, const char *name)
{
    struct fc_proto_enum key = {.name = name};

    return find(&set->enums, &key, cmp_enum);
}

static void sort(struct fc_proto_list *list, int (*cmp)(const void *a, const void *b))
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, cmp);
}

fc_rc fc_proto_set_link(struct fc_proto_set *set, struct fc_error *err)
{
    sort(&set->messages, cmp_message);
    sort(&set->enums, cmp_enum);
    for (size_t i = 0; i < set->messages.count; i++)
        if (!fc_proto_link_message(set, set->messages.items[i]))
            return no_memory(err);
    return FC_OK;
}

/* Whether the class is `prefix` + `path`, where `$` is as good as a dot. */
static bool is_class(const char *name, const char *prefix, const char *path)
{
    size_t head = strlen(prefix);

    for (size_t i = 0;; i++) {
        char want = i < head ? prefix[i] : path[i - head];
        char have = name[i] == '$' ? '.' : name[i];
        if (have != want)
            return false;
        if (want == '\0')
            return true;
    }
}

const struct fc_proto_message *fc_proto_set_find(const struct fc_proto_set *set, const char *name)
{
    for (size_t i = 0; i < set->messages.count; i++) {
        const struct fc_proto_message *message = set->messages.items[i];
        if (!message->map_entry && is_class(name, message->file->java_prefix, message->path))
            return message;
    }
    const struct fc_proto_message *message = fc_proto_set_message(set, name);
    return message && !message->map_entry ? message : NULL;
}

const char *fc_proto_set_nearest(const struct fc_proto_set *set, const char *name,
                                 struct fc_arena *arena)
{
    const char **names = fc_arena_calloc(arena, 2 * set->messages.count + 1, sizeof(char *));
    size_t count = 0;

    for (size_t i = 0; names && i < set->messages.count; i++) {
        const struct fc_proto_message *message = set->messages.items[i];
        const char *java =
            fc_arena_printf(arena, "%s%s", message->file->java_prefix, message->path);
        if (message->map_entry || !java)
            continue;
        names[count++] = java;
        names[count++] = message->name;
        /* The right class in the wrong package is what most have meant. */
        const char *last = strrchr(name, '.');
        if (strcmp(last ? last + 1 : name, message->from->name ? message->from->name : "") == 0)
            return java;
    }
    return names ? fc_str_nearest(name, names, count) : NULL;
}
