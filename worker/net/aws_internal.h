/* SPDX-License-Identifier: Apache-2.0 */
/** Between aws.c (the chain), aws_profile.c (shared files) and aws_remote.c (STS, container, instance). */
#pragma once

#include "worker/net/aws.h"

/** What a profile says; NULL where it says nothing. */
struct fc_aws_profile {
    const char *name;
    const char *key_id, *secret, *token;
    const char *region;
    const char *role_arn, *role_session_name, *web_identity_token_file;
    const char *source_profile, *credential_source, *credential_process, *sso;
};

/** The profile of AWS_PROFILE ("default") from both shared files; that of credentials wins. Files may be missing. */
FC_MUST fc_rc fc_aws_profile_read(struct fc_arena *arena, struct fc_aws_profile *ret,
                                  struct fc_error *err);

/** Credentials that expire. */
struct fc_aws_lease {
    struct fc_aws_credentials credentials;
    int64_t expires_s; /**< wall clock; 0 for never */
};

struct fc_aws_role {
    const char *arn, *session, *token_file;
};

FC_MUST fc_rc fc_aws_assume_role(struct fc_http *http, const struct fc_aws_role *role,
                                 struct fc_arena *arena, struct fc_aws_lease *ret,
                                 struct fc_error *err);
FC_MUST fc_rc fc_aws_from_container(struct fc_http *http, const char *url, struct fc_arena *arena,
                                    struct fc_aws_lease *ret, struct fc_error *err);
/** Credentials are NULL when this is no machine of that kind, or it has no role. */
FC_MUST fc_rc fc_aws_from_instance(struct fc_http *http, const char *endpoint,
                                   struct fc_arena *arena, struct fc_aws_lease *ret,
                                   struct fc_error *err);

/** An environment variable; NULL when unset or empty. */
const char *fc_aws_env(const char *name);
