/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/location.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/host.h"
#include "base/url.h"

static const char *file_url(const Feast__Core__DataSource *source)
{
    return source->options_case == FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS &&
                   source->file_options->file_url
               ? source->file_options->file_url
               : "";
}

/* Length of the scheme of `scheme:…`, 0 when the text is a plain path. */
static size_t scheme_length(const char *url)
{
    size_t length = 0;

    if (!isalpha((unsigned char)url[0]))
        return 0;
    while (isalnum((unsigned char)url[length]) || strchr("+-.", url[length])) {
        if (url[length] == '\0')
            return 0;
        length++;
    }
    return url[length] == ':' ? length : 0;
}

/* The path of a local URL: `/p`, `p`, `file:/p`, `file:///p`, `file://localhost/p`. NULL when it is not local. */
static const char *local_path(const char *url)
{
    size_t scheme = scheme_length(url);
    const char *rest = url + scheme + 1;

    if (scheme == 0)
        return url;
    if (scheme != 4 || strncasecmp(url, "file", 4) != 0)
        return NULL;
    if (strncmp(rest, "//", 2) != 0)
        return rest;
    rest += 2;
    if (strncasecmp(rest, "localhost/", 10) == 0)
        rest += 9;
    return rest[0] == '/' ? rest : NULL;
}

/* What a worker opens beyond the file system. */
static bool is_remote_scheme(const char *url, size_t length)
{
    static const char *const schemes[] = {"s3", "s3a", "s3n", "gs", "http", "https"};

    for (size_t i = 0; i < FC_ARRAY_LEN(schemes); i++)
        if (strlen(schemes[i]) == length && strncasecmp(url, schemes[i], length) == 0)
            return true;
    return false;
}

/* `file://data/trips.parquet` reads as a path of somebody who left out a slash, but names a machine. */
static const char *unsupported_url(const char *url, struct fc_arena *arena)
{
    const char *text = fc_arena_printf(arena, "\"%.*s:\" locations", (int)scheme_length(url), url);

    if (strncasecmp(url, "file://", 7) == 0)
        return "file URLs that name a machine (expected file:///path)";
    return text ? text : "such locations";
}

const char *fc_location_unsupported(const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    const char *url = file_url(source);

    switch (source->type) {
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE:
        if (local_path(url) || is_remote_scheme(url, scheme_length(url)))
            return NULL;
        return unsupported_url(url, arena);
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY:
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA:
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS:
        return NULL;
    default:
        return "sources of this type";
    }
}

const char *fc_location_text(const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    const char *text = NULL;

    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS:
        text = fc_url_public(file_url(source), arena);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS:
        text = source->bigquery_options->table_ref;
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        text = fc_arena_printf(arena, "%s at %s", source->kafka_options->topic,
                               source->kafka_options->bootstrap_servers);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        text = fc_arena_printf(arena, "%s in %s", source->kinesis_options->stream_name,
                               source->kinesis_options->region);
        break;
    default:
        break;
    }
    return text ? text : "";
}

/* Without the user and password of "user:password@host:port". */
static const char *authority_host(const char *authority, struct fc_arena *arena)
{
    size_t length = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', length);
    const char *host = at ? at + 1 : authority;

    return fc_arena_strndup(arena, host, length - (size_t)(host - authority));
}

const char *fc_location_host(const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    const char *url = file_url(source);
    size_t scheme = scheme_length(url);

    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS:
        if (!is_remote_scheme(url, scheme))
            return NULL;
        url += scheme + strspn(url + scheme, ":/");
        return authority_host(url, arena);
    case FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS:
        return "bigquery";
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        return source->kafka_options->bootstrap_servers;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        return source->kinesis_options->region;
    default:
        return NULL;
    }
}

/* Both without a trailing slash, but for the root of the file system. */
static bool is_below(const char *path, const char *root)
{
    size_t length = strlen(root);

    if (length == 1 && root[0] == '/')
        return path[0] == '/';
    return strncmp(path, root, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Roots that are not there hold nothing. */
static bool below_a_root(const struct fc_location_policy *policy, const char *path)
{
    for (size_t i = 0; policy->local_roots && policy->local_roots[i]; i++) {
        char root[PATH_MAX];
        if (realpath(policy->local_roots[i], root) && is_below(path, root))
            return true;
    }
    return false;
}

static bool has_parent_step(const char *path)
{
    for (const char *step = path; step; step = strchr(step, '/')) {
        step += step[0] == '/' ? 1 : 0;
        if (strncmp(step, "..", 2) == 0 && (step[2] == '/' || step[2] == '\0'))
            return true;
    }
    return false;
}

/* Length of the part of a pattern that is a plain directory: all before the component with the first wildcard. */
static size_t plain_length(const char *path)
{
    size_t wildcard = strcspn(path, "*?[{");

    if (path[wildcard] == '\0')
        return wildcard;
    while (wildcard > 0 && path[wildcard - 1] != '/')
        wildcard--;
    return wildcard;
}

static fc_rc denied(const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_DENIED,
                   "\"%s\" is in none of the directories that this server may read "
                   "(sources.local_roots)",
                   path);
}

/*
 * The nearest parent that exists decides for a path that does not: a request must not learn what there is outside the
 * roots from the difference between missing and denied.
 */
static fc_rc missing(const struct fc_location_policy *policy, const char *path, char *plain,
                     int error, struct fc_error *err)
{
    char resolved[PATH_MAX];

    while (!realpath(plain, resolved)) {
        char *slash = strrchr(plain, '/');
        if (!slash || strcmp(plain, "/") == 0)
            return denied(path, err);
        slash[slash == plain ? 1 : 0] = '\0';
    }
    if (!below_a_root(policy, resolved))
        return denied(path, err);
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "\"%s\" cannot be read: %s", path,
                   strerror(error));
}

/* The word by which `sources.schemes` knows the place. */
static const char *scheme_of(const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    const char *url = file_url(source);
    size_t length = scheme_length(url);

    switch (source->type) {
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY:
        return "bigquery";
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA:
        return "kafka";
    case FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS:
        return "kinesis";
    default:
        return length == 0 ? "file" : fc_arena_strndup(arena, url, length);
    }
}

static fc_rc check_scheme(const Feast__Worker__V1__Access *access,
                          const Feast__Core__DataSource *source, struct fc_arena *arena,
                          struct fc_error *err)
{
    const char *scheme = scheme_of(source, arena);

    if (!scheme)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scheme");
    if (!access || access->n_schemes == 0)
        return FC_OK;
    for (size_t i = 0; i < access->n_schemes; i++)
        if (fc_scheme_same(access->schemes[i], scheme))
            return FC_OK;
    return fc_fail(err, FC_REASON_SOURCE_DENIED,
                   "\"%s\" is a %s location, which this server does not read (sources.schemes)",
                   fc_location_text(source, arena), scheme);
}

static fc_rc check_local(const struct fc_location_policy *policy, const char *path,
                         struct fc_arena *arena, const char **ret_url, struct fc_error *err)
{
    char plain[PATH_MAX], resolved[PATH_MAX];

    if (policy->local_any) {
        *ret_url = path;
        return FC_OK;
    }
    size_t length = plain_length(path);
    const char *pattern = path + length;
    if (length >= sizeof plain)
        return fc_fail(err, FC_REASON_SOURCE_DENIED, "a path of %zu bytes is too long", length);
    /* After a wildcard `..` could lead anywhere; before it, realpath follows it as the system would. */
    if (pattern[0] != '\0' && has_parent_step(pattern))
        return denied(path, err);
    memcpy(plain, path, length);
    plain[length] = '\0';
    if (length == 0)
        memcpy(plain, ".", 2);
    if (!realpath(plain, resolved))
        return missing(policy, path, plain, errno, err);
    if (!below_a_root(policy, resolved))
        return denied(path, err);
    *ret_url = pattern[0] == '\0' ? fc_arena_strdup(arena, resolved)
                                  : fc_arena_printf(arena, "%s/%s", resolved, pattern);
    return *ret_url ? FC_OK : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a path");
}

fc_rc fc_location_check(const struct fc_location_policy *policy,
                        const Feast__Core__DataSource *source, struct fc_arena *arena,
                        const char **ret_url, struct fc_error *err)
{
    fc_rc rc = check_scheme(policy->access, source, arena, err);

    *ret_url = NULL;
    if (rc != FC_OK || source->type != FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE)
        return rc;
    const char *url = file_url(source), *path = local_path(url);
    if (!path) {
        *ret_url = url;
        return FC_OK;
    }
    if (path[0] == '\0') {
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED, "\"%s\" is no local path",
                       fc_location_text(source, arena));
    }
    return check_local(policy, path, arena, ret_url, err);
}
