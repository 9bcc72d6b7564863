/* SPDX-License-Identifier: Apache-2.0 */
#include "client/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/node.h"
#include "client/settings_legacy.h"

#define MAX_FILE     (1024u * 1024)
#define MAX_SETTINGS 256
#define SYSTEM_FILE  "/etc/feastctl/config.yaml"
#define PROJECT_FILE ".feastctl.yaml"

/* A file that is not there has no node. */
struct file {
    const char *path;
    const struct fc_node *node;
};

struct load {
    struct fc_options *options;
    struct fc_setting *settings;
    size_t count;
    bool any_context;
    struct fc_error *err;
};

bool fc_settings_known(const struct fc_options *options, const char *name)
{
    for (const struct fc_option *o = options->tables[0]; o->name; o++)
        if (o->setting && strcmp(o->name, name) == 0)
            return true;
    return false;
}

const char *fc_settings_nearest(const struct fc_options *options, const char *name)
{
    const char *names[64];
    size_t count = 0;

    for (const struct fc_option *o = options->tables[0]; o->name && count < FC_ARRAY_LEN(names);
         o++)
        if (o->setting)
            names[count++] = o->name;
    return fc_str_nearest(name, names, count);
}

/* -- files --------------------------------------------------------------------------------------------------- */

const char *fc_settings_user_path(struct fc_arena *arena)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (base && base[0] == '/')
        return fc_arena_printf(arena, "%s/feastctl/config.yaml", base);
    return home && home[0] ? fc_arena_printf(arena, "%s/.config/feastctl/config.yaml", home) : NULL;
}

/* In the working directory or above it; NULL when there is none. */
static const char *project_path(struct fc_arena *arena)
{
    char directory[PATH_MAX];

    if (!getcwd(directory, sizeof(directory)))
        return NULL;
    for (;;) {
        const char *path = fc_arena_printf(arena, "%s/%s", directory, PROJECT_FILE);
        char *slash = strrchr(directory, '/');
        if (!path || access(path, F_OK) == 0)
            return path;
        if (!slash || directory[0] == '\0')
            return NULL;
        *slash = '\0';
    }
}

static fc_rc read_file(struct fc_arena *arena, const char *path, struct file *ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    struct fc_node_docs docs = {0};
    const char *copy;
    fc_rc rc;

    *ret = (struct file){.path = path};
    if (!path || access(path, F_OK) != 0)
        return FC_OK;
    rc = fc_file_read(path, "settings file", MAX_FILE, &text, err);
    if (rc != FC_OK) {
        err->reason = FC_REASON_USAGE;
        return err->rc = FC_INVALID_ARGUMENT;
    }
    copy = fc_arena_strndup(arena, fc_buf_text(&text), text.len);
    if (!copy)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    rc = fc_node_parse(arena, path, (fc_str){.ptr = copy, .len = text.len}, &docs, err);
    if (rc != FC_OK) {
        err->reason = FC_REASON_USAGE;
        return err->rc = FC_INVALID_ARGUMENT;
    }
    if (docs.count > 0 && docs.docs[0]->kind != FC_NODE_MAPPING)
        return fc_fail(err, FC_REASON_USAGE, "%s: expected settings such as `server: HOST:PORT`",
                       path);
    ret->node = docs.count > 0 ? docs.docs[0] : NULL;
    return FC_OK;
}

/* -- what they say ------------------------------------------------------------------------------------------- */

static fc_rc unknown_key(const struct load *load, const struct file *file,
                         const struct fc_node *key)
{
    const char *nearest = fc_settings_nearest(load->options, key->text.ptr);

    return fc_fail(load->err, FC_REASON_USAGE, "%s:%u:%u: there is no setting \"%.60s\"%s%s%s",
                   file->path, key->line, key->column, key->text.ptr,
                   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                   nearest ? "\"?" : "");
}

static fc_rc add(struct load *load, const char *name, const char *text, const char *origin)
{
    if (load->count == MAX_SETTINGS)
        return fc_fail(load->err, FC_REASON_USAGE, "more than %d settings", MAX_SETTINGS);
    if (!name || !text || !origin)
        return fc_fail(load->err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    load->settings[load->count++] = (struct fc_setting){name, text, origin};
    return FC_OK;
}

/* What comes with a checkout may say where to go, not who one is. */
static bool is_credential(const char *name)
{
    static const char *const names[] = {"token-file", "tls-cert", "tls-key"};

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return strncmp(name, "oidc-", 5) == 0;
}

static fc_rc add_pairs(struct load *load, const struct file *file, const struct fc_node *node,
                       bool top, bool of_project)
{
    struct fc_arena *arena = load->options->arena;
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < node->count; i++) {
        const struct fc_node *key = node->keys[i], *value = node->items[i];
        const char *name = key->text.ptr;
        if (top && (strcmp(name, "contexts") == 0 || strcmp(name, "current-context") == 0))
            continue;
        if (!fc_settings_known(load->options, name))
            return unknown_key(load, file, key);
        if (of_project && is_credential(name))
            return fc_fail(load->err, FC_REASON_USAGE,
                           "%s:%u:%u: \"%s\" cannot stand in a project file, which comes with a "
                           "checkout; put it into the user file",
                           file->path, key->line, key->column, name);
        if (value->kind != FC_NODE_SCALAR)
            return fc_fail(load->err, FC_REASON_USAGE, "%s:%u:%u: \"%s\" needs one value",
                           file->path, value->line, value->column, name);
        rc = add(load, name, value->text.ptr,
                 fc_arena_printf(arena, "file %s:%u", file->path, key->line));
    }
    return rc;
}

static const char *scalar(const struct file *file, const char *key)
{
    const struct fc_node *node = file->node ? fc_node_get(file->node, key) : NULL;

    return node && node->kind == FC_NODE_SCALAR && node->text.len > 0 ? node->text.ptr : NULL;
}

/* The user's context of this name, else the system's. */
static fc_rc add_context(struct load *load, const struct file *files, size_t count,
                         const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const struct fc_node *all = files[i].node ? fc_node_get(files[i].node, "contexts") : NULL;
        const struct fc_node *one =
            all && all->kind == FC_NODE_MAPPING ? fc_node_get(all, name) : NULL;
        if (one && one->kind == FC_NODE_MAPPING) {
            fc_rc rc =
                add(load, "context", name,
                    fc_arena_printf(load->options->arena, "file %s:%u", files[i].path, one->line));
            return rc == FC_OK ? add_pairs(load, &files[i], one, false, false) : rc;
        }
    }
    if (load->any_context)
        return FC_OK;
    return fc_fail(load->err, FC_REASON_USAGE,
                   "there is no context \"%.60s\"; `feastctl config contexts` lists those that are",
                   name);
}

static fc_rc add_files(struct load *load, const struct file *project, const struct file others[2])
{
    const char *asked = fc_options_get(load->options, "context");
    const char *current = scalar(project, "context");
    fc_rc rc = FC_OK;

    if (asked)
        rc = add_context(load, others, 2, asked);
    if (rc == FC_OK && project->node)
        rc = add_pairs(load, project, project->node, true, true);
    for (size_t i = 0; !current && i < 2; i++)
        current = scalar(&others[i], "current-context");
    if (rc == FC_OK && !asked && current)
        rc = add_context(load, others, 2, current);
    for (size_t i = 0; rc == FC_OK && i < 2; i++)
        if (others[i].node)
            rc = add_pairs(load, &others[i], others[i].node, true, false);
    return rc;
}

fc_rc fc_settings_load(struct fc_options *options, bool any_context, struct fc_error *err)
{
    struct fc_arena *arena = options->arena;
    struct load load = {.options = options, .any_context = any_context, .err = err};
    struct file project, others[2];
    fc_rc rc;

    load.settings = fc_arena_calloc(arena, MAX_SETTINGS, sizeof *load.settings);
    if (!load.settings)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    rc = read_file(arena, project_path(arena), &project, err);
    if (rc == FC_OK)
        rc = read_file(arena, fc_settings_user_path(arena), &others[0], err);
    if (rc == FC_OK)
        rc = read_file(arena, SYSTEM_FILE, &others[1], err);
    load.count = fc_settings_legacy_env(arena, load.settings, MAX_SETTINGS);
    if (rc == FC_OK)
        rc = add_files(&load, &project, others);
    if (rc != FC_OK)
        return rc;
    load.count +=
        fc_settings_legacy_file(arena, load.settings + load.count, MAX_SETTINGS - load.count);
    options->settings = load.settings;
    options->setting_count = load.count;
    return FC_OK;
}

const char *fc_settings_context(const struct fc_options *options)
{
    return fc_options_get(options, "context");
}
