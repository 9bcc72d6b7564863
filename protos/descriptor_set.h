/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/**
 * A serialised google.protobuf.FileDescriptorSet of every .proto file in this tree with its imports:
 * what server reflection answers from. Constant data, any thread may read it.
 * Link fc_protos_descriptors.
 */
extern const unsigned char fc_descriptor_set[];
extern const size_t fc_descriptor_set_size;
