/* SPDX-License-Identifier: Apache-2.0 */
/** Between google.c (who is asked) and google_jwt.c (what a service account signs). */
#pragma once

#include "worker/net/google.h"

/** A service account's key file. Strings of whoever made it. */
struct fc_google_key {
    const char *email;
    const char *pem;    /**< RSA private key */
    const char *id;     /**< of the key; NULL when the file does not tell */
    const char *issuer; /**< token_uri: where the assertion goes, and its audience */
};

/**
 * Appends a signed assertion (RFC 7523, RS256) that is valid for an hour from `now_s`. SOURCE_UNREACHABLE when the key
 * is none; nothing of it is in the text.
 */
FC_MUST fc_rc fc_google_assertion(const struct fc_google_key *key, const char *scope, int64_t now_s,
                                  struct fc_buf *out, struct fc_error *err);
