/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Protobuf messages as JSON and YAML, by protobuf's own JSON mapping: lowerCamelCase, enum names, RFC 3339 timestamps,
 * durations as "7200s", 64-bit integers as strings, bytes as base64, default values left out.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/node.h"
#include "base/violations.h"

enum fc_pbjson_flags {
    FC_PBJSON_DEFAULT = 0,
    FC_PBJSON_EMIT_DEFAULTS = 1 << 0, /**< also fields that have their default value */
    FC_PBJSON_SNAKE_CASE = 1 << 1,    /**< field names as in the .proto */
};

/** The message as a new JSON value (caller owns a reference); NULL when memory is out. */
json_t *fc_pbjson_encode(const ProtobufCMessage *message, unsigned flags);

/** A JSON value as text, indented by two, with the shortest numbers that read back the same. No newline at the end. */
FC_MUST fc_rc fc_json_to_text(const json_t *value, struct fc_buf *out, struct fc_error *err);

/** A JSON value as YAML text, block style, keys in order. */
FC_MUST fc_rc fc_json_to_yaml(const json_t *value, struct fc_buf *out, struct fc_error *err);

/**
 * Builds a message in the arena from a parsed document. camelCase and snake_case keys, enums by name or number and the
 * usual spellings of durations and timestamps are read. Each unknown key or wrong value adds a violation whose field is
 * the path and whose message has `name:line:column`, what was found, what was expected and the nearest right key;
 * keys of the `tolerated` list (NULL-terminated, top level only, e.g. "kind", "apiVersion", "meta") are passed over.
 * NULL when anything was added.
 */
ProtobufCMessage *fc_pbjson_decode(const ProtobufCMessageDescriptor *type,
                                   const struct fc_node *node, const char *name,
                                   const char *const *tolerated, struct fc_arena *arena,
                                   struct fc_violations *violations);
