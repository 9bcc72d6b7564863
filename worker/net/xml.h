/* SPDX-License-Identifier: Apache-2.0 */
/** XML answers of S3 and STS: what they are made of is small and flat, and comes from who knows whom. */
#pragma once

#include "base/error.h"
#include "base/str.h"

/**
 * An element ended. `path` is its name after those around it, without namespaces ("ListBucketResult/Contents/Key");
 * `text` is its own text, "" when there is none. Both are borrowed. A failure ends the reading.
 */
typedef fc_rc (*fc_xml_fn)(void *ctx, const char *path, const char *text, struct fc_error *err);

/** SOURCE_INVALID, beginning with `what`, when it is no well-formed XML, is too deep or has a document type. */
FC_MUST fc_rc fc_xml_read(fc_str xml, const char *what, fc_xml_fn fn, void *ctx,
                          struct fc_error *err);
