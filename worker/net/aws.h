/* SPDX-License-Identifier: Apache-2.0 */
/**
 * AWS credentials and region, for S3 and Kinesis: environment (AWS_ACCESS_KEY_ID …), shared files (AWS_PROFILE,
 * AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, through STS), container
 * (AWS_CONTAINER_CREDENTIALS_*), then instance metadata (IMDSv2). The order is that of the AWS SDKs.
 */
#pragma once

#include "worker/net/http.h"

struct fc_aws_credentials {
    const char *key_id, *secret; /**< both NULL: there are none */
    const char *token;           /**< NULL for none */
};

/** In the arena; kept by the process until they are about to expire. */
FC_MUST fc_rc fc_aws_credentials(struct fc_http *http, struct fc_arena *arena,
                                 struct fc_aws_credentials *ret, struct fc_error *err);

/** Order: `asked`, AWS_REGION, AWS_DEFAULT_REGION, the profile, else NULL. */
const char *fc_aws_region(const char *asked, struct fc_arena *arena);
