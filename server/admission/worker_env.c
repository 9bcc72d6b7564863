/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/worker_env.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"

/*
 * What the clouds' own tools read. Proxies (HTTPS_PROXY and its kin) are not among them: a proxy resolves names for
 * itself, and the rules about addresses (sources.hosts, sources.allow_link_local) would mean nothing.
 */
static const char *const NAMES[] = {
    /* Where the files below are looked for, and authorities for TLS. */
    "HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    /* AWS: credentials in the order in which they are tried, then where to go. */
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_KINESIS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CA_BUNDLE",
    /* Google */
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
    "GOOGLE_CLOUD_PROJECT",
    "GCE_METADATA_HOST",
    "NO_GCE_CHECK",
    "STORAGE_EMULATOR_HOST",
    "BIGQUERY_EMULATOR_HOST",
    /* Descriptor sets of streams */
    "STENCIL_URL",
    "STENCIL_TOKEN",
    "STENCIL_TOKEN_FILE",
};

static bool is_passed_on(const char *entry)
{
    const char *equals = strchr(entry, '=');
    size_t length = equals ? (size_t)(equals - entry) : 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(NAMES); i++)
        if (strlen(NAMES[i]) == length && strncmp(NAMES[i], entry, length) == 0)
            return true;
    return false;
}

void fc_worker_env(const char *tmpdir, const char *entries[FC_WORKER_ENV_MAX])
{
    size_t count = 0;

    entries[count++] = "LC_ALL=C.UTF-8";
    entries[count++] = "TZ=UTC";
    entries[count++] = tmpdir;
    for (size_t i = 0; environ[i] && count + 1 < FC_WORKER_ENV_MAX; i++)
        if (is_passed_on(environ[i]))
            entries[count++] = environ[i];
    entries[count] = NULL;
}
