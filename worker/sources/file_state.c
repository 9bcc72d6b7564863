/* SPDX-License-Identifier: Apache-2.0 */
/* What the files are at this moment, and whether they stay that. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/time.h"
#include "worker/sources/file.h"

/* So many files are named; of more there is a digest. */
#define NAMED_MAX 8

static void put_file(struct fc_buf *out, const struct fc_source *source, const struct fc_file *file)
{
    char time[FC_TIME_TEXT_MAX];

    fc_buf_puts(out, file->path);
    if (file->bytes >= 0)
        fc_buf_printf(out, " %" PRId64 " bytes", file->bytes);
    if (!source->remote) {
        int64_t nanos = file->modified_ns % FC_NS_PER_S;
        nanos += nanos < 0 ? FC_NS_PER_S : 0;
        fc_time_format((file->modified_ns - nanos) / FC_NS_PER_S, (int32_t)nanos, time);
        fc_buf_printf(out, " of %s", time);
    } else if (file->version) {
        fc_buf_printf(out, " %s", file->version);
    }
}

static void put_digest(struct fc_buf *out, const struct fc_source *source)
{
    const struct fc_file_list *list = &source->list;
    XXH3_state_t *state = XXH3_createState();
    struct fc_buf line = FC_BUF_INIT;

    if (!state || XXH3_128bits_reset(state) != XXH_OK)
        out->failed = true;
    for (size_t i = 0; !out->failed && i < list->count; i++) {
        fc_buf_clear(&line);
        put_file(&line, source, &list->files[i]);
        out->failed = line.failed || XXH3_128bits_update(state, line.ptr, line.len + 1) != XXH_OK;
    }
    if (!out->failed) {
        XXH128_hash_t hash = XXH3_128bits_digest(state);
        fc_buf_printf(out,
                      "%zu files below %s, %" PRId64 " bytes, digest %016" PRIx64 "%016" PRIx64,
                      list->count, list->root, list->bytes, hash.high64, hash.low64);
    }
    XXH3_freeState(state);
    fc_buf_done(&line);
}

const char *fc_file_state(struct fc_source *source, struct fc_arena *arena)
{
    const struct fc_file_list *list = &source->list;
    struct fc_buf out = FC_BUF_INIT;

    if (list->count > NAMED_MAX)
        put_digest(&out, source);
    for (size_t i = 0; list->count <= NAMED_MAX && i < list->count; i++) {
        fc_buf_puts(&out, i ? "; " : "");
        put_file(&out, source, &list->files[i]);
    }
    const char *text = out.failed ? NULL : fc_arena_strdup(arena, fc_buf_text(&out));
    fc_buf_done(&out);
    return text;
}

bool fc_file_resumes(const struct fc_source *source)
{
    for (size_t i = 0; source->remote && i < source->list.count; i++)
        if (!source->list.files[i].version)
            return false;
    return !source->list.cut;
}

fc_rc fc_file_unchanged(const struct fc_source *source, const struct fc_file *file,
                        struct fc_error *err)
{
    struct stat st;

    /* Of an object each read is pinned to its version. */
    if (source->remote)
        return FC_OK;
    if (stat(file->path, &st) != 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s", file->path, strerror(errno));
    if (st.st_size == file->bytes && fc_file_modified(&st) == file->modified_ns)
        return FC_OK;
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s was changed while it was read",
                   file->path);
}
