/* SPDX-License-Identifier: Apache-2.0 */
/* The user's settings file, read to be changed and written back as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/node.h"
#include "base/node_json.h"
#include "base/pbjson.h"
#include "client/settings.h"

#define MAX_FILE (1024u * 1024)

static fc_rc no_home(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_USAGE,
                   "there is no place for the settings file: HOME is not set");
}

static fc_rc cannot_write(const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_USAGE, "%s cannot be written: %s", path, strerror(errno));
}

static json_t *to_json(const struct fc_node *node)
{
    json_t *object;

    if (node->kind == FC_NODE_SCALAR)
        return json_stringn(node->text.ptr, node->text.len);
    object = json_object();
    for (size_t i = 0; node->kind == FC_NODE_MAPPING && i < node->count; i++)
        json_object_set_new(object, node->keys[i]->text.ptr, to_json(node->items[i]));
    return object;
}

fc_rc fc_settings_read_user(struct fc_arena *arena, json_t **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    const char *path = fc_settings_user_path(arena);
    struct fc_node_docs docs = {0};
    fc_rc rc = FC_OK;

    if (!path)
        return no_home(err);
    if (access(path, F_OK) == 0) {
        rc = fc_file_read(path, "settings file", MAX_FILE, &text, err);
        if (rc == FC_OK)
            rc = fc_node_parse(arena, path, (fc_str){.ptr = fc_buf_text(&text), .len = text.len},
                               &docs, err);
    }
    if (rc != FC_OK)
        return rc;
    *ret = docs.count > 0 && docs.docs[0]->kind == FC_NODE_MAPPING ? to_json(docs.docs[0])
                                                                   : json_object();
    return *ret ? FC_OK : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
}

static int make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0700);
        *slash = '/';
        if (failed != 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

/* Beside it and renamed: nobody sees half of it. */
static fc_rc replace(struct fc_arena *arena, char *path, const struct fc_buf *text,
                     struct fc_error *err)
{
    const char *fresh = fc_arena_printf(arena, "%s.new", path);
    int fd = fresh && make_directories(path) == 0
                 ? open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
                 : -1;
    ssize_t written;

    if (fd < 0)
        return cannot_write(path, err);
    written = write(fd, fc_buf_text(text), text->len);
    if (written != (ssize_t)text->len || fsync(fd) != 0) {
        fc_rc rc = cannot_write(path, err);
        close(fd);
        unlink(fresh);
        return rc;
    }
    close(fd);
    return rename(fresh, path) == 0 ? FC_OK : cannot_write(path, err);
}

fc_rc fc_settings_write_user(struct fc_arena *arena, const json_t *file, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    const char *path = fc_settings_user_path(arena);
    char *copy = path ? fc_arena_strdup(arena, path) : NULL;
    fc_rc rc;

    if (!copy)
        return no_home(err);
    rc = fc_json_to_yaml(file, &text, err);
    return rc == FC_OK ? replace(arena, copy, &text, err) : rc;
}
