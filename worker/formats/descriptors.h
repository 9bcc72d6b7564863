/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where descriptor sets are: `Access.descriptors`, else the environment's STENCIL_URL; a file, a directory of files, or
 * an http(s) URL that answers a GET with one set, as Stencil does. A URL may want a bearer token: STENCIL_TOKEN, else the
 * first line of the file that STENCIL_TOKEN_FILE names.
 *
 * What a URL answered is kept by the process for FC_DESCRIPTORS_TTL_NS, and after that asked for by its ETag: a warm
 * worker does not download a company's schemas for every table. Not thread-safe.
 */
#pragma once

#include "worker/formats/format.h"
#include "worker/formats/proto_set.h"

#define FC_DESCRIPTORS_TTL_NS (INT64_C(60) * FC_NS_PER_S)
/** Of one file, and of what a URL answers. */
#define FC_DESCRIPTORS_BYTES_MAX ((size_t)64 << 20)
#define FC_DESCRIPTORS_FILES_MAX 1000

/**
 * All sets of that place, linked, in the arena; `*ret_place` names it for people, without credentials. None configured,
 * missing, denied: SOURCE_UNREACHABLE; there, but no descriptor set: SOURCE_INVALID.
 */
FC_MUST fc_rc fc_descriptors_load(const struct fc_format_env *env, struct fc_arena *arena,
                                  const struct fc_proto_set **ret, const char **ret_place,
                                  struct fc_error *err);

/** Empties the cache of the process. */
void fc_descriptors_forget(void);
