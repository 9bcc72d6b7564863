/* SPDX-License-Identifier: Apache-2.0 */
/**
 * OAuth 2 tokens of Google services, for BigQuery and Cloud Storage, by "application default credentials": the file
 * that GOOGLE_APPLICATION_CREDENTIALS names, the well-known file of gcloud (CLOUDSDK_CONFIG, else ~/.config/gcloud),
 * then the metadata server (GCE_METADATA_HOST; NO_GCE_CHECK=true passes it over). Files hold a service account's key
 * (RFC 7523) or what `gcloud auth application-default login` leaves.
 *
 * All of these places are the operator's: the access policy, which guards against what sources name, is not asked.
 */
#pragma once

#include "worker/net/http.h"

#define FC_GOOGLE_SCOPE_BIGQUERY "https://www.googleapis.com/auth/bigquery"
#define FC_GOOGLE_SCOPE_STORAGE  "https://www.googleapis.com/auth/devstorage.read_only"

/**
 * A token for the scope, in the arena; kept by the process until five minutes before it expires. `*ret` is NULL when
 * there are no credentials at all: the request may go without. SOURCE_UNREACHABLE when there are some and they do not
 * work, with the file and the reason but nothing secret.
 */
FC_MUST fc_rc fc_google_token(struct fc_http *http, const char *scope, struct fc_arena *arena,
                              const char **ret, struct fc_error *err);

/** The service refused the token before its time: the next call asks for a new one. */
void fc_google_forget(const char *scope);
