/* SPDX-License-Identifier: Apache-2.0 */
/**
 * OAuth 2 tokens of Google services, for BigQuery and Cloud Storage: GOOGLE_APPLICATION_CREDENTIALS (service account
 * key, authorized user), the well-known file of application default credentials, then the metadata server
 * (GCE_METADATA_HOST). Source of the rules: Google's "application default credentials" and RFC 7523.
 */
#pragma once

#include "worker/net/http.h"

/**
 * A token for the scope, in the arena; kept by the process until it is about to expire. `*ret` is NULL when there are
 * no credentials at all: the request may go without. SOURCE_UNREACHABLE when there are some and they do not work.
 */
FC_MUST fc_rc fc_google_token(struct fc_http *http, const char *scope, struct fc_arena *arena,
                              const char **ret, struct fc_error *err);
