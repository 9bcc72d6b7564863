/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rpc/reflection_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "google/protobuf/descriptor.pb-c.h"

#define SCRATCH_BYTES ((size_t)64 << 20)

/* While the index is made: sticky, so that a long row of additions is checked once. */
struct maker {
    struct fc_reflection_index *index;
    bool failed;
};

static void add(struct maker *maker, const char *scope, const char *name)
{
    struct fc_reflection_index *index = maker->index;
    char *full = NULL;

    maker->failed = maker->failed || !name; /* no compiler leaves out a name */
    if (maker->failed)
        return;
    if (index->symbol_count == index->symbol_capacity) {
        size_t capacity = index->symbol_capacity ? index->symbol_capacity * 2 : 256;
        struct fc_reflection_symbol *grown = realloc(index->symbols, capacity * sizeof *grown);
        maker->failed = !grown;
        if (!grown)
            return;
        index->symbols = grown;
        index->symbol_capacity = capacity;
    }
    if (asprintf(&full, "%s%s%s", scope, scope[0] ? "." : "", name) < 0) {
        maker->failed = true;
        return;
    }
    index->symbols[index->symbol_count++] =
        (struct fc_reflection_symbol){.name = full, .file = (unsigned)index->file_count - 1};
}

static const char *last_name(const struct maker *maker)
{
    return maker->failed ? "" : maker->index->symbols[maker->index->symbol_count - 1].name;
}

static void add_enum(struct maker *maker, const char *scope,
                     const Google__Protobuf__EnumDescriptorProto *type)
{
    add(maker, scope, type->name);
    /* The values stand beside their enum, as in C++. */
    for (size_t i = 0; i < type->n_value; i++)
        add(maker, scope, type->value[i]->name);
}

static void add_message(struct maker *maker, const char *scope,
                        const Google__Protobuf__DescriptorProto *type)
{
    const char *name;

    add(maker, scope, type->name);
    name = last_name(maker); /* stays where it is while the array of pointers grows */
    for (size_t i = 0; i < type->n_field; i++)
        add(maker, name, type->field[i]->name);
    for (size_t i = 0; i < type->n_oneof_decl; i++)
        add(maker, name, type->oneof_decl[i]->name);
    for (size_t i = 0; i < type->n_extension; i++)
        add(maker, name, type->extension[i]->name);
    for (size_t i = 0; i < type->n_enum_type; i++)
        add_enum(maker, name, type->enum_type[i]);
    for (size_t i = 0; i < type->n_nested_type; i++)
        add_message(maker, name, type->nested_type[i]);
}

static void add_file(struct maker *maker, const Google__Protobuf__FileDescriptorProto *file)
{
    const char *scope = file->package ? file->package : "";

    for (size_t i = 0; i < file->n_message_type; i++)
        add_message(maker, scope, file->message_type[i]);
    for (size_t i = 0; i < file->n_enum_type; i++)
        add_enum(maker, scope, file->enum_type[i]);
    for (size_t i = 0; i < file->n_extension; i++)
        add(maker, scope, file->extension[i]->name);
    for (size_t i = 0; i < file->n_service; i++) {
        const Google__Protobuf__ServiceDescriptorProto *service = file->service[i];
        const char *name;
        add(maker, scope, service->name);
        name = last_name(maker);
        for (size_t k = 0; k < service->n_method; k++)
            add(maker, name, service->method[k]->name);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct fc_reflection_symbol *left = a, *right = b;

    return strcmp(left->name, right->name);
}

const struct fc_reflection_file *fc_reflection_file_named(const struct fc_reflection_index *index,
                                                          const char *name)
{
    for (size_t i = 0; i < index->file_count; i++)
        if (strcmp(index->files[i].name, name) == 0)
            return &index->files[i];
    return NULL;
}

const struct fc_reflection_file *fc_reflection_file_of(const struct fc_reflection_index *index,
                                                       const char *symbol)
{
    struct fc_reflection_symbol wanted = {.name = (char *)symbol};
    const struct fc_reflection_symbol *found =
        index->symbol_count > 0
            ? bsearch(&wanted, index->symbols, index->symbol_count, sizeof(wanted), by_name)
            : NULL;

    return found ? &index->files[found->file] : NULL;
}

/* The bytes of the n-th file: the set is nothing but fields 1, so that they can be handed out without packing. */
static fc_str next_file(fc_str *rest)
{
    const unsigned char *bytes = (const unsigned char *)rest->ptr;
    size_t at = 1, length = 0;
    fc_str file = {0};

    if (rest->len < 2 || bytes[0] != 0x0a)
        return file;
    for (unsigned shift = 0; at < rest->len && shift < 35; shift += 7) {
        length |= (size_t)(bytes[at] & 0x7f) << shift;
        if (!(bytes[at++] & 0x80))
            break;
    }
    if (length > rest->len - at)
        return file;
    file = (fc_str){.ptr = rest->ptr + at, .len = length};
    *rest = (fc_str){.ptr = file.ptr + length, .len = rest->len - at - length};
    return file;
}

static bool link_files(struct fc_reflection_index *index,
                       const Google__Protobuf__FileDescriptorSet *set)
{
    for (size_t i = 0; i < set->n_file; i++) {
        struct fc_reflection_file *file = &index->files[i];
        file->needs = calloc(set->file[i]->n_dependency + 1, sizeof *file->needs);
        if (!file->needs)
            return false;
        for (size_t k = 0; k < set->file[i]->n_dependency; k++) {
            const struct fc_reflection_file *need =
                fc_reflection_file_named(index, set->file[i]->dependency[k]);
            if (need)
                file->needs[file->need_count++] = (unsigned)(need - index->files);
        }
    }
    return true;
}

static bool make(struct fc_reflection_index *index, fc_str bytes,
                 const Google__Protobuf__FileDescriptorSet *set)
{
    struct maker maker = {.index = index};

    index->files = calloc(set->n_file ? set->n_file : 1, sizeof *index->files);
    if (!index->files)
        return false;
    for (size_t i = 0; i < set->n_file && !maker.failed; i++) {
        char *name = strdup(set->file[i]->name ? set->file[i]->name : "");
        if (!name)
            return false;
        index->files[index->file_count++] =
            (struct fc_reflection_file){.name = name, .bytes = next_file(&bytes)};
        add_file(&maker, set->file[i]);
    }
    if (maker.failed || !link_files(index, set))
        return false;
    if (index->symbol_count > 0)
        qsort(index->symbols, index->symbol_count, sizeof *index->symbols, by_name);
    return true;
}

fc_rc fc_reflection_index_init(struct fc_reflection_index *index, fc_str descriptor_set,
                               struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(SCRATCH_BYTES);
    Google__Protobuf__FileDescriptorSet *set = NULL;

    *index = (struct fc_reflection_index){0};
    if (arena)
        set = google__protobuf__file_descriptor_set__unpack(
            fc_arena_allocator(arena), descriptor_set.len, (const uint8_t *)descriptor_set.ptr);
    if (!set && arena && !fc_arena_exhausted(arena))
        return fc_fail(err, FC_REASON_INTERNAL, "the descriptor set of the server is damaged");
    if (!set || !make(index, descriptor_set, set)) {
        fc_reflection_index_done(index);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for server reflection");
    }
    return FC_OK;
}

void fc_reflection_index_done(struct fc_reflection_index *index)
{
    for (size_t i = 0; i < index->file_count; i++) {
        free(index->files[i].name);
        free(index->files[i].needs);
    }
    for (size_t i = 0; i < index->symbol_count; i++)
        free(index->symbols[i].name);
    free(index->files);
    free(index->symbols);
    *index = (struct fc_reflection_index){0};
}
