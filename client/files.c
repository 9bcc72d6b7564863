/* SPDX-License-Identifier: Apache-2.0 */
#include "client/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "client/http.h"

#define MAX_DEPTH        32
#define MAX_BYTES        (64u * 1024 * 1024)
#define FETCH_TIMEOUT_NS (30 * FC_NS_PER_S)

struct walk {
    struct fc_docs *docs;
    struct fc_error *err;
    size_t files;
};

static fc_rc cannot_read(struct fc_error *err, const char *path)
{
    return fc_fail(err, FC_REASON_USAGE, "%s cannot be read: %s", path, strerror(errno));
}

/* Everything up to the end, in the arena of the documents: they point into it. */
static fc_rc read_stream(struct fc_docs *docs, const char *name, FILE *in, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    char part[16384];
    size_t got;
    char *copy, *copied_name;

    while ((got = fread(part, 1, sizeof(part), in)) > 0 && text.len <= MAX_BYTES)
        fc_buf_append(&text, part, got);
    if (ferror(in))
        return cannot_read(err, name);
    if (text.len > MAX_BYTES)
        return fc_fail(err, FC_REASON_USAGE, "%s is larger than 64 MiB", name);
    copy = text.failed ? NULL : fc_arena_strndup(docs->arena, fc_buf_text(&text), text.len);
    copied_name = fc_arena_strdup(docs->arena, name);
    if (!copy || !copied_name)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: out of memory", name);
    fc_docs_read(docs, copied_name, (fc_str){.ptr = copy, .len = text.len});
    return FC_OK;
}

static fc_rc too_large(struct fc_error *err, const char *name)
{
    return fc_fail(err, FC_REASON_USAGE, "%s is larger than 64 MiB", name);
}

static fc_rc read_file(struct walk *w, const char *path)
{
    FILE *in = fopen(path, "rbe");
    struct stat about;
    fc_rc rc;

    if (!in)
        return cannot_read(w->err, path);
    if (fstat(fileno(in), &about) == 0 && about.st_size > (off_t)MAX_BYTES) {
        fclose(in);
        return too_large(w->err, path);
    }
    rc = read_stream(w->docs, path, in, w->err);
    fclose(in);
    w->files++;
    return rc;
}

static bool is_document_name(const char *name)
{
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    size_t len = strlen(name);

    for (size_t i = 0; i < FC_ARRAY_LEN(endings); i++) {
        size_t ending = strlen(endings[i]);
        if (len > ending && strcmp(name + len - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static fc_rc walk_directory(struct walk *w, const char *path, unsigned depth);

static fc_rc walk_entry(struct walk *w, const char *directory, const char *name, unsigned depth)
{
    char path[PATH_MAX];
    struct stat about;
    int length = snprintf(path, sizeof(path), "%s%s%s", directory,
                          directory[strlen(directory) - 1] == '/' ? "" : "/", name);

    if (length < 0 || (size_t)length >= sizeof(path))
        return fc_fail(w->err, FC_REASON_USAGE, "%s: a path below it is too long", directory);
    if (stat(path, &about) != 0)
        return cannot_read(w->err, path);
    if (S_ISDIR(about.st_mode))
        return walk_directory(w, path, depth + 1);
    return S_ISREG(about.st_mode) && is_document_name(name) ? read_file(w, path) : FC_OK;
}

static fc_rc walk_directory(struct walk *w, const char *path, unsigned depth)
{
    struct dirent **entries = NULL;
    fc_rc rc = FC_OK;
    int count;

    if (depth > MAX_DEPTH)
        return fc_fail(w->err, FC_REASON_USAGE,
                       "%s: directories are nested too deep; is there a loop of links?", path);
    count = scandir(path, &entries, not_hidden, alphasort);
    if (count < 0)
        return cannot_read(w->err, path);
    for (int i = 0; i < count; i++) {
        if (rc == FC_OK)
            rc = walk_entry(w, path, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static fc_rc read_url(struct fc_docs *docs, const char *url, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    struct fc_web_request request = {
        .url = url, .max_bytes = MAX_BYTES, .timeout_ns = FETCH_TIMEOUT_NS};
    fc_rc rc = fc_web_fetch(&request, &text, err);
    char *copy;

    if (rc != FC_OK)
        return rc;
    copy = fc_arena_strndup(docs->arena, fc_buf_text(&text), text.len);
    if (!copy)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: out of memory", url);
    fc_docs_read(docs, url, (fc_str){.ptr = copy, .len = text.len});
    return FC_OK;
}

fc_rc fc_files_read(struct fc_docs *docs, const char *path, FILE *in, struct fc_error *err)
{
    struct walk walk = {.docs = docs, .err = err};
    struct stat about;
    fc_rc rc;

    if (strcmp(path, "-") == 0)
        return read_stream(docs, "(standard input)", in, err);
    if (fc_web_is_url(path))
        return read_url(docs, path, err);
    if (path[0] == '\0')
        return fc_fail(err, FC_REASON_USAGE,
                       "-f is empty, expected a file, a directory, a URL or -");
    if (stat(path, &about) != 0)
        return cannot_read(err, path);
    if (!S_ISDIR(about.st_mode))
        return read_file(&walk, path);
    rc = walk_directory(&walk, path, 0);
    if (rc == FC_OK && walk.files == 0)
        return fc_fail(err, FC_REASON_USAGE, "directory %s has no .yaml, .yml or .json file", path);
    return rc;
}
