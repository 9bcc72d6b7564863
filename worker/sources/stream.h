/* SPDX-License-Identifier: Apache-2.0 */
/** A stream is a broker and a format: Kafka or Kinesis, Avro or Protobuf, each pair by the same few lines. */
#pragma once

#include "worker/sources/broker.h"

/** The format that the source declares; NULL when it declares none. */
const Feast__Core__StreamFormat *fc_stream_format(const Feast__Core__DataSource *source);

/**
 * fc_source_stream's `open` with the broker given. A broker that is out of reach is no failure here: the columns can be
 * judged without it, and `sample` fails with what the broker said.
 */
FC_MUST fc_rc fc_stream_open(const struct fc_broker_ops *broker, const struct fc_source_env *env,
                             const Feast__Core__DataSource *source, struct fc_arena *arena,
                             struct fc_source **ret, struct fc_error *err);
