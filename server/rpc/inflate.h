/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Compressed request messages, within a limit. gRPC core 1.51 would unpack them before it looks at their size, so that
 * 400 KiB on the wire took 400 MiB of memory; it is told to leave that to us. Belongs to this room.
 */
#pragma once

#include <grpc/byte_buffer.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/** Unpacks a buffer that is compressed with gzip or deflate into the arena; more than `limit` bytes are refused. */
FC_MUST fc_rc fc_inflate(const grpc_byte_buffer *buffer, size_t limit, struct fc_arena *arena,
                         fc_str *ret, struct fc_error *err);
