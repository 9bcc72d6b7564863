/* SPDX-License-Identifier: Apache-2.0 */
/* The files ~/.aws/credentials and ~/.aws/config, by the rules of the AWS command line. */
#include <ctype.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "worker/net/aws_internal.h"

#define FILE_MAX ((size_t)1 << 20)

struct reading {
    struct fc_arena *arena;
    struct fc_aws_profile *profile;
    bool config; /* sections are "profile x" there, save the default */
    bool ours;   /* within the section that was asked for */
};

static const char **field_of(struct fc_aws_profile *profile, fc_str name)
{
    const struct {
        const char *name;
        const char **field;
    } fields[] = {
        {"aws_access_key_id", &profile->key_id},
        {"aws_secret_access_key", &profile->secret},
        {"aws_session_token", &profile->token},
        {"region", &profile->region},
        {"role_arn", &profile->role_arn},
        {"role_session_name", &profile->role_session_name},
        {"web_identity_token_file", &profile->web_identity_token_file},
        {"source_profile", &profile->source_profile},
        {"credential_source", &profile->credential_source},
        {"credential_process", &profile->credential_process},
        {"sso_session", &profile->sso},
        {"sso_start_url", &profile->sso},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(fields); i++)
        if (fc_str_eq(name, fc_str_from(fields[i].name)))
            return fields[i].field;
    return NULL;
}

static bool is_section(const struct reading *r, fc_str name)
{
    static const char prefix[] = "profile";
    size_t skip = sizeof(prefix) - 1;

    if (r->config && name.len > skip && memcmp(name.ptr, prefix, skip) == 0 &&
        isspace((unsigned char)name.ptr[skip]))
        name = fc_str_trim((fc_str){.ptr = name.ptr + skip, .len = name.len - skip});
    else if (r->config && !fc_str_eq(name, FC_STR("default")))
        return false;
    return fc_str_eq(name, fc_str_from(r->profile->name));
}

static bool read_line(struct reading *r, fc_str line)
{
    bool nested = line.len > 0 && isspace((unsigned char)line.ptr[0]);

    line = fc_str_trim(line);
    if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
        return true;
    if (line.ptr[0] == '[') {
        const char *end = memchr(line.ptr, ']', line.len);
        r->ours = end && is_section(r, fc_str_trim((fc_str){.ptr = line.ptr + 1,
                                                            .len = (size_t)(end - line.ptr) - 1}));
        return true;
    }
    const char *equals = memchr(line.ptr, '=', line.len);
    if (!r->ours || nested || !equals)
        return true;
    fc_str name = fc_str_trim((fc_str){.ptr = line.ptr, .len = (size_t)(equals - line.ptr)});
    fc_str value =
        fc_str_trim((fc_str){.ptr = equals + 1, .len = line.len - (size_t)(equals + 1 - line.ptr)});
    const char **field = field_of(r->profile, name);
    if (!field || *field || value.len == 0)
        return true;
    *field = fc_arena_strndup(r->arena, value.ptr, value.len);
    return *field != NULL;
}

static fc_rc read_file(struct reading *r, const char *path, struct fc_error *err)
{
    struct fc_buf text = FC_BUF_INIT;
    bool ok = true;

    if (access(path, F_OK) != 0)
        return FC_OK;
    fc_rc rc = fc_file_read(path, "AWS shared file", FILE_MAX, &text, err);
    for (size_t at = 0; rc == FC_OK && ok && at < text.len;) {
        const char *line = text.ptr + at;
        const char *end = memchr(line, '\n', text.len - at);
        size_t len = end ? (size_t)(end - line) : text.len - at;
        ok = read_line(r, (fc_str){.ptr = line, .len = len});
        at += len + 1;
    }
    fc_buf_done(&text);
    return rc == FC_OK && !ok
               ? fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an AWS profile")
               : rc;
}

static const char *path_of(const char *variable, const char *name, struct fc_arena *arena)
{
    const char *path = fc_aws_env(variable);
    const char *home = fc_aws_env("HOME");

    if (path)
        return path;
    return home ? fc_arena_printf(arena, "%s/.aws/%s", home, name) : NULL;
}

fc_rc fc_aws_profile_read(struct fc_arena *arena, struct fc_aws_profile *ret, struct fc_error *err)
{
    const char *asked = fc_aws_env("AWS_PROFILE");
    const char *credentials = path_of("AWS_SHARED_CREDENTIALS_FILE", "credentials", arena);
    const char *config = path_of("AWS_CONFIG_FILE", "config", arena);
    fc_rc rc = FC_OK;

    *ret = (struct fc_aws_profile){.name = asked ? asked : "default"};
    if (credentials) {
        struct reading r = {.arena = arena, .profile = ret};
        rc = read_file(&r, credentials, err);
    }
    if (rc == FC_OK && config) {
        struct reading r = {.arena = arena, .profile = ret, .config = true};
        rc = read_file(&r, config, err);
    }
    return rc;
}
