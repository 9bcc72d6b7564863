/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/copies/access.h"
#include "server/copies/copies.h"

bool fc_copies_is_url(const char *text)
{
    return strncmp(text, "s3://", strlen("s3://")) == 0;
}

static fc_rc check_url(const struct fc_config *config, struct fc_error *err)
{
    const char *url = fc_config_str(config, "backup.url");
    const char *bucket = strstr(url, "://");

    if (url[0] == '\0' || (fc_copies_is_url(url) && bucket[3] != '\0' && bucket[3] != '/'))
        return FC_OK;
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "backup.url",
                         "'%s' is no place for backups; expected s3://BUCKET or s3://BUCKET/PREFIX",
                         url);
}

static fc_rc check_endpoint(const char *endpoint, struct fc_error *err)
{
    if (endpoint[0] == '\0' || strncasecmp(endpoint, "http://", 7) == 0 ||
        strncasecmp(endpoint, "https://", 8) == 0)
        return FC_OK;
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "backup.s3.endpoint",
                         "'%s' is no http:// or https:// URL", endpoint);
}

fc_rc fc_copies_access(const struct fc_config *config, struct fc_arena *arena,
                       const Feast__Worker__V1__Access **ret, struct fc_error *err)
{
    Feast__Worker__V1__Access *access = fc_arena_alloc(arena, sizeof *access);

    if (!access)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the configuration of backups");
    feast__worker__v1__access__init(access);
    access->ca_file = (char *)fc_config_str(config, "sources.ca_file");
    access->s3_endpoint = (char *)fc_config_str(config, "backup.s3.endpoint");
    access->s3_region = (char *)fc_config_str(config, "backup.s3.region");
    access->s3_path_style = fc_config_bool(config, "backup.s3.path_style");
    /* The one file of the order, and what the worker itself needs. */
    access->confine_reads = true;
    *ret = access;
    fc_rc rc = check_url(config, err);
    return rc == FC_OK ? check_endpoint(access->s3_endpoint, err) : rc;
}
