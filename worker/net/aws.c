/* SPDX-License-Identifier: Apache-2.0 */
/* Who is asked for credentials in which order, and how long an answer is kept. */
#include "worker/net/aws.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/net/aws_internal.h"

/* Asked again so long before the end: a scan must not be caught by it. */
#define RENEW_S 300
/* That there are none is looked up again after this. */
#define NONE_S         60
#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST  "http://169.254.169.254"

const char *fc_aws_env(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

/* The one answer that is kept; `from` says whose, since the environment of a test may change. */
static struct {
    pthread_mutex_t lock;
    char *from, *key_id, *secret, *token;
    int64_t until_s, expires_s; /* when it is to be renewed, and no longer of use */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *copy(const char *text, struct fc_arena *arena, bool *ok)
{
    const char *to = text ? fc_arena_strdup(arena, text) : NULL;

    *ok = *ok && (to || !text);
    return to;
}

static bool recall(const char *from, int64_t now_s, struct fc_arena *arena,
                   struct fc_aws_credentials *ret, bool *ret_ok)
{
    *ret_ok = true;
    pthread_mutex_lock(&kept.lock);
    bool found = kept.from && strcmp(kept.from, from) == 0 && now_s < kept.until_s;
    if (found) {
        ret->key_id = copy(kept.key_id, arena, ret_ok);
        ret->secret = copy(kept.secret, arena, ret_ok);
        ret->token = copy(kept.token, arena, ret_ok);
    }
    pthread_mutex_unlock(&kept.lock);
    return found;
}

static void replace(char **at, const char *text)
{
    free(*at);
    *at = text ? strdup(text) : NULL;
}

static void keep(const char *from, int64_t now_s, const struct fc_aws_lease *lease)
{
    const struct fc_aws_credentials *credentials = &lease->credentials;

    pthread_mutex_lock(&kept.lock);
    replace(&kept.from, from);
    replace(&kept.key_id, credentials->key_id);
    replace(&kept.secret, credentials->secret);
    replace(&kept.token, credentials->token);
    kept.until_s = credentials->key_id ? lease->expires_s - RENEW_S : now_s + NONE_S;
    kept.expires_s = credentials->key_id ? lease->expires_s : 0;
    if (!kept.from || (credentials->key_id && (!kept.key_id || !kept.secret)) ||
        (credentials->token && !kept.token))
        kept.until_s = kept.expires_s = 0; /* no memory: it is asked for again */
    pthread_mutex_unlock(&kept.lock);
}

/* Whether what is kept is of use although it could not be renewed: then it is kept until the next try. */
static bool put_off(const char *from, int64_t now_s)
{
    pthread_mutex_lock(&kept.lock);
    bool holds = kept.from && strcmp(kept.from, from) == 0 && now_s < kept.expires_s;
    if (holds)
        kept.until_s = now_s + NONE_S < kept.expires_s ? now_s + NONE_S : kept.expires_s;
    pthread_mutex_unlock(&kept.lock);
    return holds;
}

/* The three that answer over the network. One of them is asked, whichever the machine is set up for. */
enum remote { REMOTE_ROLE, REMOTE_CONTAINER, REMOTE_INSTANCE };

struct asking {
    struct fc_http *http;
    struct fc_arena *arena;
    enum remote remote;
    struct fc_aws_role role;
    const char *url;
};

static fc_rc ask(const struct asking *asking, struct fc_aws_lease *ret, struct fc_error *err)
{
    switch (asking->remote) {
    case REMOTE_ROLE:
        return fc_aws_assume_role(asking->http, &asking->role, asking->arena, ret, err);
    case REMOTE_CONTAINER:
        return fc_aws_from_container(asking->http, asking->url, asking->arena, ret, err);
    case REMOTE_INSTANCE:
        break;
    }
    return fc_aws_from_instance(asking->http, asking->url, asking->arena, ret, err);
}

static fc_rc from_remote(const struct asking *asking, struct fc_aws_credentials *ret,
                         struct fc_error *err)
{
    int64_t now_s = fc_now_ns(fc_sys_real()) / FC_NS_PER_S;
    struct fc_aws_lease lease = {.expires_s = 0};
    bool ok = true;
    const char *from =
        fc_arena_printf(asking->arena, "%d %s %s %s", (int)asking->remote,
                        asking->url ? asking->url : "", asking->role.arn ? asking->role.arn : "",
                        asking->role.token_file ? asking->role.token_file : "");

    if (!from)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for AWS credentials");
    if (recall(from, now_s, asking->arena, ret, &ok))
        return ok ? FC_OK : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for AWS credentials");
    fc_rc rc = ask(asking, &lease, err);
    if ((rc != FC_OK || !lease.credentials.key_id) && put_off(from, now_s) &&
        recall(from, now_s, asking->arena, ret, &ok) && ok)
        return FC_OK;
    if (rc != FC_OK)
        return rc;
    keep(from, now_s, &lease);
    *ret = lease.credentials;
    return FC_OK;
}

static fc_rc from_role(struct asking *asking, const char *arn, const char *session,
                       const char *token_file, struct fc_aws_credentials *ret, struct fc_error *err)
{
    asking->remote = REMOTE_ROLE;
    asking->role = (struct fc_aws_role){.arn = arn, .session = session, .token_file = token_file};
    return from_remote(asking, ret, err);
}

/* `*ret_found` is false when the profile has no credentials and does not point to any. */
static fc_rc from_profile(struct asking *asking, struct fc_aws_credentials *ret, bool *ret_found,
                          struct fc_error *err)
{
    struct fc_aws_profile profile;

    fc_rc rc = fc_aws_profile_read(asking->arena, &profile, err);
    if (rc != FC_OK)
        return rc;
    *ret_found = true;
    if (profile.role_arn && profile.web_identity_token_file)
        return from_role(asking, profile.role_arn, profile.role_session_name,
                         profile.web_identity_token_file, ret, err);
    if (profile.role_arn)
        return fc_fail(
            err, FC_REASON_SOURCE_UNREACHABLE,
            "AWS profile \"%.100s\" takes a role from %s, which is not served: give keys, "
            "a web identity or the role of the machine",
            profile.name, profile.source_profile ? "another profile" : "elsewhere");
    if (profile.key_id && profile.secret) {
        *ret = (struct fc_aws_credentials){
            .key_id = profile.key_id, .secret = profile.secret, .token = profile.token};
        return FC_OK;
    }
    if (profile.credential_process || profile.sso)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "AWS profile \"%.100s\" has its credentials from %s, which is not served",
                       profile.name, profile.sso ? "a single sign-on" : "a program");
    *ret_found = false;
    return FC_OK;
}

static fc_rc from_machine(struct asking *asking, struct fc_aws_credentials *ret,
                          struct fc_error *err)
{
    const char *relative = fc_aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = fc_aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *disabled = fc_aws_env("AWS_EC2_METADATA_DISABLED");
    const char *endpoint = fc_aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");

    asking->role = (struct fc_aws_role){.arn = NULL};
    if (relative || full) {
        asking->remote = REMOTE_CONTAINER;
        asking->url =
            relative ? fc_arena_printf(asking->arena, CONTAINER_HOST "%s", relative) : full;
        return asking->url ? from_remote(asking, ret, err)
                           : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for AWS credentials");
    }
    if (disabled && strcasecmp(disabled, "true") == 0)
        return FC_OK;
    asking->remote = REMOTE_INSTANCE;
    asking->url = endpoint ? endpoint : INSTANCE_HOST;
    return from_remote(asking, ret, err);
}

fc_rc fc_aws_credentials(struct fc_http *http, struct fc_arena *arena,
                         struct fc_aws_credentials *ret, struct fc_error *err)
{
    struct asking asking = {.http = http, .arena = arena};
    const char *arn = fc_aws_env("AWS_ROLE_ARN");
    const char *token_file = fc_aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    bool found = false;

    *ret = (struct fc_aws_credentials){.key_id = fc_aws_env("AWS_ACCESS_KEY_ID"),
                                       .secret = fc_aws_env("AWS_SECRET_ACCESS_KEY"),
                                       .token = fc_aws_env("AWS_SESSION_TOKEN")};
    if (ret->key_id && ret->secret)
        return FC_OK;
    *ret = (struct fc_aws_credentials){.key_id = NULL};
    if (arn && token_file)
        return from_role(&asking, arn, fc_aws_env("AWS_ROLE_SESSION_NAME"), token_file, ret, err);
    fc_rc rc = from_profile(&asking, ret, &found, err);
    return rc != FC_OK || found ? rc : from_machine(&asking, ret, err);
}

const char *fc_aws_region(const char *asked, struct fc_arena *arena)
{
    struct fc_error ignored = FC_ERROR_INIT;
    struct fc_aws_profile profile;

    if (asked && asked[0])
        return asked;
    if (fc_aws_env("AWS_REGION"))
        return fc_aws_env("AWS_REGION");
    if (fc_aws_env("AWS_DEFAULT_REGION"))
        return fc_aws_env("AWS_DEFAULT_REGION");
    return fc_aws_profile_read(arena, &profile, &ignored) == FC_OK ? profile.region : NULL;
}

const char *fc_aws_endpoint(const char *asked, const char *service)
{
    char name[64];

    if (asked && asked[0])
        return asked;
    snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_%s", service);
    const char *own = fc_aws_env(name);
    return own ? own : fc_aws_env("AWS_ENDPOINT_URL");
}

const char *fc_aws_domain(const char *region)
{
    return region && strncmp(region, "cn-", strlen("cn-")) == 0 ? "amazonaws.com.cn"
                                                                : "amazonaws.com";
}
