/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of fields are those of parquet.thrift of the Parquet format. */
#include "worker/sources/parquet_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Early writers forgot the header of the dictionary page in the size of the chunk. */
#define SIZE_PAD 128
/* What a page's header may take, and what is read on speculation. */
#define HEADER_STEP ((int64_t)64 << 10)

enum page_type { PAGE_DATA = 0, PAGE_INDEX = 1, PAGE_DICTIONARY = 2, PAGE_DATA_V2 = 3 };

int64_t fc_parquet_footer_size(const char tail[FC_PARQUET_TAIL], int64_t file_bytes)
{
    const unsigned char *bytes = (const unsigned char *)tail;
    int64_t size = (int64_t)((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                             (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);

    return memcmp(tail + 4, "PAR1", 4) == 0 && size <= file_bytes - FC_PARQUET_TAIL - 4 ? size : -1;
}

struct reading {
    struct fc_thrift thrift;
    int64_t file_bytes;
    const char *const *columns;
    size_t count;
    struct fc_arena *arena;
    struct fc_parquet_layout *layout;
    bool no_memory, elsewhere; /* a chunk lies in another file */
};

/* One column chunk as it is read. */
struct chunk {
    fc_str name;  /* of the top-level column */
    size_t depth; /* of the path that begins with it */
    int64_t physical;
    struct fc_parquet_statistics statistics;
    int64_t values, size, data, dictionary;
    int64_t index_first, index_size;
    bool known;
};

static bool is_wanted(const struct reading *r, fc_str name, size_t *ret)
{
    for (size_t i = 0; i < r->count; i++) {
        *ret = i;
        if (fc_str_eq(name, fc_str_from(r->columns[i])))
            return true;
    }
    return false;
}

static fc_str first_of_list(struct fc_thrift *t, size_t *ret_count)
{
    enum fc_thrift_type type = FC_THRIFT_STOP;
    size_t count = fc_thrift_list(t, &type);
    fc_str first = {.len = 0};

    *ret_count = count;
    for (size_t i = 0; i < count && !t->failed; i++)
        if (i == 0 && type == FC_THRIFT_BINARY)
            first = fc_thrift_binary(t);
        else
            fc_thrift_skip(t, type);
    return first;
}

static void read_metadata(struct fc_thrift *t, struct chunk *ret)
{
    struct fc_thrift_field field = {.id = 0};

    ret->known = true;
    ret->statistics.nulls = -1;
    while (fc_thrift_next(t, &field))
        if (field.id == 1 && field.type == FC_THRIFT_I32)
            ret->physical = fc_thrift_int(t);
        else if (field.id == 3 && field.type == FC_THRIFT_LIST)
            ret->name = first_of_list(t, &ret->depth);
        else if (field.id == 12 && field.type == FC_THRIFT_STRUCT)
            fc_parquet_statistics(t, ret->physical, &ret->statistics);
        else if (field.id == 5 && field.type == FC_THRIFT_I64)
            ret->values = fc_thrift_int(t);
        else if (field.id == 7 && field.type == FC_THRIFT_I64)
            ret->size = fc_thrift_int(t);
        else if (field.id == 9 && field.type == FC_THRIFT_I64)
            ret->data = fc_thrift_int(t);
        else if (field.id == 11 && field.type == FC_THRIFT_I64)
            ret->dictionary = fc_thrift_int(t);
        else
            fc_thrift_skip(t, field.type);
}

static struct chunk read_chunk(struct reading *r)
{
    struct fc_thrift *t = &r->thrift;
    struct fc_thrift_field field = {.id = 0};
    struct chunk chunk = {.known = false};

    while (fc_thrift_next(t, &field))
        if (field.id == 1 && field.type == FC_THRIFT_BINARY)
            r->elsewhere = fc_thrift_binary(t).len > 0 || r->elsewhere;
        else if (field.id == 3 && field.type == FC_THRIFT_STRUCT)
            read_metadata(t, &chunk);
        else if (field.id == 4 && field.type == FC_THRIFT_I64)
            chunk.index_first = fc_thrift_int(t);
        else if (field.id == 5 && field.type == FC_THRIFT_I32)
            chunk.index_size = fc_thrift_int(t);
        else
            fc_thrift_skip(t, field.type);
    return chunk;
}

static bool is_within(const struct reading *r, int64_t first, int64_t size)
{
    return first >= 0 && size >= 0 && size <= r->file_bytes && first <= r->file_bytes - size;
}

static void keep_chunk(struct reading *r, struct fc_parquet_layout_group *group,
                       const struct chunk *chunk)
{
    bool dictionary = chunk->dictionary >= 4 && chunk->dictionary < chunk->data;
    int64_t first = dictionary ? chunk->dictionary : chunk->data;

    size_t column = 0;
    if (!chunk->known || !is_wanted(r, chunk->name, &column))
        return;
    if (!is_within(r, first, chunk->size) || chunk->values < 0) {
        r->thrift.failed = true;
        return;
    }
    int64_t rest = r->file_bytes - first - chunk->size;
    struct fc_parquet_chunk *kept = &group->chunks[group->chunk_count++];
    *kept = (struct fc_parquet_chunk){
        .column = column,
        .nested = chunk->depth != 1,
        .statistics = chunk->statistics,
        .first = first,
        .size = chunk->size + (rest < SIZE_PAD ? rest : SIZE_PAD),
        .values = chunk->values,
    };
    if (chunk->index_size > 0 && is_within(r, chunk->index_first, chunk->index_size)) {
        kept->index_first = chunk->index_first;
        kept->index_size = chunk->index_size;
    }
}

static void read_chunks(struct reading *r, struct fc_parquet_layout_group *group)
{
    enum fc_thrift_type type = FC_THRIFT_STOP;
    size_t count = fc_thrift_list(&r->thrift, &type);

    if (type != FC_THRIFT_STRUCT)
        r->thrift.failed = r->thrift.failed || count > 0;
    group->chunks = fc_arena_calloc(r->arena, count + 1, sizeof *group->chunks);
    r->no_memory = r->no_memory || !group->chunks;
    for (size_t i = 0; i < count && !r->thrift.failed && !r->no_memory; i++) {
        struct chunk chunk = read_chunk(r);
        keep_chunk(r, group, &chunk);
    }
}

static void read_group(struct reading *r, struct fc_parquet_layout_group *group)
{
    struct fc_thrift_field field = {.id = 0};

    while (fc_thrift_next(&r->thrift, &field) && !r->no_memory)
        if (field.id == 1 && field.type == FC_THRIFT_LIST && !group->chunks)
            read_chunks(r, group);
        else if (field.id == 3 && field.type == FC_THRIFT_I64)
            group->rows = fc_thrift_int(&r->thrift);
        else
            fc_thrift_skip(&r->thrift, field.type);
    r->thrift.failed = r->thrift.failed || group->rows < 0;
}

static void read_groups(struct reading *r)
{
    enum fc_thrift_type type = FC_THRIFT_STOP;
    size_t count = fc_thrift_list(&r->thrift, &type);
    struct fc_parquet_layout *layout = r->layout;
    int64_t row = 0;

    if (type != FC_THRIFT_STRUCT)
        r->thrift.failed = r->thrift.failed || count > 0;
    layout->groups = fc_arena_calloc(r->arena, count + 1, sizeof *layout->groups);
    r->no_memory = !layout->groups;
    for (size_t i = 0; i < count && !r->thrift.failed && !r->no_memory; i++) {
        struct fc_parquet_layout_group *group = &layout->groups[layout->group_count++];
        read_group(r, group);
        group->first_row = row;
        if (__builtin_add_overflow(row, group->rows, &row))
            r->thrift.failed = true;
    }
    layout->rows = row;
}

fc_rc fc_parquet_layout(fc_str footer, int64_t file_bytes, const char *const *columns, size_t count,
                        struct fc_arena *arena, struct fc_parquet_layout *ret, struct fc_error *err)
{
    struct reading r = {.thrift = fc_thrift_over(footer),
                        .file_bytes = file_bytes,
                        .columns = columns,
                        .count = count,
                        .arena = arena,
                        .layout = ret};
    struct fc_thrift_field field = {.id = 0};

    *ret = (struct fc_parquet_layout){.groups = NULL};
    while (fc_thrift_next(&r.thrift, &field) && !r.no_memory)
        if (field.id == 4 && field.type == FC_THRIFT_LIST && !ret->groups)
            read_groups(&r);
        else
            fc_thrift_skip(&r.thrift, field.type);
    if (r.no_memory)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "a footer needs more memory than it may have");
    if (r.thrift.failed)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "its footer is damaged: it cannot be read, or points out of the file");
    if (r.elsewhere)
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                       "its columns lie in other files, which is not read");
    return FC_OK;
}

static bool read_at(int fd, int64_t first, char *to, size_t size)
{
    while (size > 0) {
        ssize_t n = pread(fd, to, size, first);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        first += n;
        size -= (size_t)n;
    }
    return true;
}

/* The bytes of the footer in `out`; false when they cannot be read. */
static bool read_footer(int fd, int64_t bytes, struct fc_buf *out)
{
    char tail[FC_PARQUET_TAIL];

    if (bytes < FC_PARQUET_TAIL || !read_at(fd, bytes - FC_PARQUET_TAIL, tail, sizeof(tail)))
        return false;
    int64_t size = fc_parquet_footer_size(tail, bytes);
    if (size < 0 || !fc_buf_reserve(out, (size_t)size + 1))
        return false;
    out->len = (size_t)size;
    return read_at(fd, bytes - FC_PARQUET_TAIL - size, out->ptr, (size_t)size);
}

fc_rc fc_parquet_layout_of(const char *path, const char *name, const char *const *columns,
                           size_t count, struct fc_arena *arena, struct fc_parquet_layout *ret,
                           struct fc_error *err)
{
    struct fc_buf footer = FC_BUF_INIT;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    fc_rc rc = FC_OK;

    if (fd < 0 || fstat(fd, &st) != 0)
        rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s", name, strerror(errno));
    else if (!read_footer(fd, st.st_size, &footer))
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: its footer cannot be read", name);
    if (fd >= 0)
        close(fd);
    if (rc == FC_OK && fc_parquet_layout((fc_str){.ptr = footer.ptr, .len = footer.len}, st.st_size,
                                         columns, count, arena, ret, err) != FC_OK)
        rc = fc_error_prefix(err, "%s", name);
    fc_buf_done(&footer);
    return rc;
}

struct page {
    int64_t header, data; /* bytes */
    int64_t values;       /* of a data page, else 0 */
};

static int64_t first_int(struct fc_thrift *t)
{
    struct fc_thrift_field field = {.id = 0};
    int64_t value = 0;

    while (fc_thrift_next(t, &field))
        if (field.id == 1 && field.type == FC_THRIFT_I32)
            value = fc_thrift_int(t);
        else
            fc_thrift_skip(t, field.type);
    return value;
}

/* False when the bytes do not hold the header of a page. */
static bool read_page(fc_str bytes, struct page *ret)
{
    struct fc_thrift t = fc_thrift_over(bytes);
    struct fc_thrift_field field = {.id = 0};

    *ret = (struct page){.data = -1};
    while (fc_thrift_next(&t, &field))
        if (field.id == 3 && field.type == FC_THRIFT_I32)
            ret->data = fc_thrift_int(&t);
        else if ((field.id == 5 || field.id == 8) && field.type == FC_THRIFT_STRUCT)
            ret->values = first_int(&t);
        else
            fc_thrift_skip(&t, field.type);
    ret->header = (const char *)t.at - bytes.ptr;
    return !t.failed && ret->data >= 0 && ret->values >= 0;
}

int64_t fc_parquet_pages_need(fc_str prefix, const struct fc_parquet_chunk *chunk, int64_t rows)
{
    int64_t at = 0;
    int64_t values = 0;

    while (values < rows && at < chunk->size) {
        struct page page;
        if (at >= (int64_t)prefix.len)
            return at + HEADER_STEP < chunk->size ? at + HEADER_STEP : chunk->size;
        if (!read_page((fc_str){.ptr = prefix.ptr + at, .len = prefix.len - (size_t)at}, &page)) {
            /* Cut off by the end of the prefix, or no header at all. */
            bool cut = (int64_t)prefix.len - at < HEADER_STEP && (int64_t)prefix.len < chunk->size;
            return cut && at + HEADER_STEP < chunk->size ? at + HEADER_STEP : chunk->size;
        }
        at += page.header + page.data;
        values += page.values;
    }
    return at < chunk->size ? at : chunk->size;
}

int64_t fc_parquet_index_need(fc_str index, const struct fc_parquet_chunk *chunk, int64_t rows)
{
    struct fc_thrift t = fc_thrift_over(index);
    struct fc_thrift_field field = {.id = 0};
    enum fc_thrift_type type = FC_THRIFT_STOP;
    int64_t need = 0;

    while (fc_thrift_next(&t, &field)) {
        if (field.id != 1 || field.type != FC_THRIFT_LIST) {
            fc_thrift_skip(&t, field.type);
            continue;
        }
        size_t count = fc_thrift_list(&t, &type);
        for (size_t i = 0; i < count && !t.failed && type == FC_THRIFT_STRUCT; i++) {
            struct fc_thrift_field member = {.id = 0};
            int64_t offset = -1, size = 0, row = 0;
            while (fc_thrift_next(&t, &member)) {
                int64_t value = member.type == FC_THRIFT_I32 || member.type == FC_THRIFT_I64
                                    ? fc_thrift_int(&t)
                                    : (fc_thrift_skip(&t, member.type), 0);
                *(member.id == 1 ? &offset : member.id == 2 ? &size : &row) = value;
            }
            if (row < rows && offset >= chunk->first && size > 0 &&
                offset - chunk->first <= chunk->size - size && offset - chunk->first + size > need)
                need = offset - chunk->first + size;
        }
    }
    return t.failed || need == 0 ? chunk->size : need;
}
