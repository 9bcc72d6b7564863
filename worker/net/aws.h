/* SPDX-License-Identifier: Apache-2.0 */
/**
 * AWS credentials, regions and endpoints, for S3 and Kinesis. Where credentials are looked for, in the order of the AWS
 * SDKs: environment (AWS_ACCESS_KEY_ID …), web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, through STS), shared
 * files (AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), container (AWS_CONTAINER_CREDENTIALS_*), instance
 * metadata (IMDSv2). Programs that a profile wants run (credential_process, sso) are not run.
 *
 * Any thread may call.
 */
#pragma once

#include "worker/net/http.h"

struct fc_aws_credentials {
    const char *key_id, *secret; /**< both NULL: there are none */
    const char *token;           /**< NULL for none */
};

/**
 * In the arena; what came over the network is kept by the process until it is about to expire, so this may be asked
 * before each request. SOURCE_UNREACHABLE when there are some and they cannot be had.
 */
FC_MUST fc_rc fc_aws_credentials(struct fc_http *http, struct fc_arena *arena,
                                 struct fc_aws_credentials *ret, struct fc_error *err);

/** Order: `asked`, AWS_REGION, AWS_DEFAULT_REGION, the profile, else NULL. */
const char *fc_aws_region(const char *asked, struct fc_arena *arena);

/**
 * Order: `asked`, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, else NULL: Amazon's own. `service` in capitals: "S3".
 * Borrowed, without a slash at the end only if it was given so.
 */
const char *fc_aws_endpoint(const char *asked, const char *service);

/** What a region's own hosts end in: "amazonaws.com", or that of another partition of AWS. */
const char *fc_aws_domain(const char *region);
