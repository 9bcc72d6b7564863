/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sources.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/host.h"

static fc_rc check_scheme(const char *key, const char *value, struct fc_error *err)
{
    static const char *const known[] = {"file",  "s3",       "gs",    "http",
                                        "https", "bigquery", "kafka", "kinesis"};

    for (size_t i = 0; i < FC_ARRAY_LEN(known); i++)
        if (fc_scheme_same(value, known[i]))
            return FC_OK;
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key,
                         "'%s' is no kind of place; expected file, s3, gs, http, https, bigquery, "
                         "kafka or kinesis",
                         value);
}

static fc_rc check_host(const char *key, const char *value, struct fc_error *err)
{
    return fc_host_entry_valid(value)
               ? FC_OK
               : fc_fail_field(err, FC_REASON_CONFIG_INVALID, key,
                               "'%s' is no host; expected a name, *.suffix, an address or a "
                               "network such as 10.0.0.0/8, without scheme and port",
                               value);
}

typedef fc_rc (*check_fn)(const char *key, const char *value, struct fc_error *err);

static fc_rc take_list(const struct fc_config *config, struct fc_arena *arena, const char *key,
                       check_fn check, char ***ret, size_t *ret_count, struct fc_error *err)
{
    size_t count = fc_config_list_len(config, key);
    const char **list = fc_arena_calloc(arena, count, sizeof(char *));

    if (!list)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %s", key);
    for (size_t i = 0; i < count; i++) {
        list[i] = fc_config_list_at(config, key, i);
        fc_rc rc = check(key, list[i], err);
        if (rc != FC_OK)
            return rc;
    }
    *ret = (char **)list;
    *ret_count = count;
    return FC_OK;
}

static fc_rc check_endpoint(const char *key, const char *value, struct fc_error *err)
{
    if (value[0] == '\0' || strncasecmp(value, "http://", 7) == 0 ||
        strncasecmp(value, "https://", 8) == 0)
        return FC_OK;
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key, "'%s' is no http:// or https:// URL",
                         value);
}

static fc_rc check_file(const char *key, const char *value, struct fc_error *err)
{
    if (value[0] == '\0' || access(value, R_OK) == 0)
        return FC_OK;
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key, "'%s' cannot be read: %s", value,
                         strerror(errno));
}

static fc_rc check_nothing(const char *key FC_UNUSED, const char *value FC_UNUSED,
                           struct fc_error *err FC_UNUSED)
{
    return FC_OK;
}

static fc_rc take_texts(const struct fc_config *config, Feast__Worker__V1__Access *access,
                        struct fc_error *err)
{
    const struct {
        const char *key;
        char **member;
        check_fn check;
    } rows[] = {
        {"sources.ca_file", &access->ca_file, check_file},
        {"sources.s3.endpoint", &access->s3_endpoint, check_endpoint},
        {"sources.s3.region", &access->s3_region, check_nothing},
        {"sources.gcs.endpoint", &access->gcs_endpoint, check_endpoint},
        {"sources.bigquery.endpoint", &access->bigquery_endpoint, check_endpoint},
        {"sources.bigquery.project", &access->bigquery_project, check_nothing},
        {"sources.kinesis.endpoint", &access->kinesis_endpoint, check_endpoint},
        {"sources.kafka_config", &access->kafka_config, check_file},
        {"stream.descriptors", &access->descriptors, check_nothing},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        const char *value = fc_config_str(config, rows[i].key);
        fc_rc rc = rows[i].check(rows[i].key, value, err);
        if (rc != FC_OK)
            return rc;
        *rows[i].member = (char *)value;
    }
    return FC_OK;
}

fc_rc fc_sources_access(const struct fc_config *config, const struct fc_sources_local *local,
                        struct fc_arena *arena, const Feast__Worker__V1__Access **ret,
                        struct fc_error *err)
{
    Feast__Worker__V1__Access *access = fc_arena_alloc(arena, sizeof *access);

    if (!access)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the configuration of sources");
    feast__worker__v1__access__init(access);
    fc_rc rc = take_list(config, arena, "sources.schemes", check_scheme, &access->schemes,
                         &access->n_schemes, err);
    if (rc == FC_OK) {
        rc = take_list(config, arena, "sources.hosts", check_host, &access->hosts, &access->n_hosts,
                       err);
    }
    if (rc == FC_OK) {
        rc = take_list(config, arena, "sources.denied_hosts", check_host, &access->denied,
                       &access->n_denied, err);
    }
    if (rc == FC_OK)
        rc = take_texts(config, access, err);
    if (rc != FC_OK)
        return rc;
    access->allow_link_local = fc_config_bool(config, "sources.allow_link_local");
    access->deny_private = fc_config_bool(config, "sources.deny_private");
    access->s3_path_style = fc_config_bool(config, "sources.s3.path_style");
    access->s3_anonymous = fc_config_bool(config, "sources.s3.anonymous");
    access->gcs_anonymous = fc_config_bool(config, "sources.gcs.anonymous");
    access->confine_reads = !local->any;
    access->local_roots = (char **)local->roots;
    while (!local->any && local->roots[access->n_local_roots])
        access->n_local_roots++;
    *ret = access;
    return FC_OK;
}
