/* SPDX-License-Identifier: Apache-2.0 */
/** grpc.reflection v1 and v1alpha from an embedded FileDescriptorSet. */
#pragma once

#include "server/rpc/rpc.h"

struct fc_reflection;

/** `descriptor_set` (a serialized FileDescriptorSet with imports) must outlive it. `services`: full names to list. */
FC_MUST fc_rc fc_reflection_new(struct fc_rpc_server *server, fc_str descriptor_set,
                                const char *const *services, size_t count,
                                struct fc_reflection **ret, struct fc_error *err);
void fc_reflection_free(struct fc_reflection *reflection);
FC_DEFINE_FREEP(struct fc_reflection, fc_reflection_free)
