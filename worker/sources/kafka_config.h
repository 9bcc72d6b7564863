/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The operator's file of client properties: how this server logs in to Kafka clusters. Lines `key = value` by the names
 * of librdkafka or of the Java client; `#` begins a comment.
 *
 *     security.protocol = SASL_SSL          before any section: for every cluster
 *
 *     [kafka1:9092, kafka2:9092]            for sources all of whose servers are among these
 *     sasl.mechanism = SCRAM-SHA-512
 *     sasl.username  = feast
 *     sasl.password  = ${file:/run/secrets/kafka}
 *
 *     [*]                                   for every cluster, credentials included
 *
 * Whoever may apply a table names the brokers, so credentials stand in sections only: no table can have them sent to a
 * broker of its choice unless the operator wrote `[*]`.
 */
#pragma once

#include "worker/sources/kafka_servers.h"

struct fc_kafka_property {
    const char *name; /**< librdkafka's */
    const char *value;
    unsigned line;
    bool secret; /**< the value must not be shown */
};

/** In the arena. Later ones win over earlier ones of the same name. */
struct fc_kafka_config {
    struct fc_kafka_property *properties;
    size_t count;
};

/**
 * Reads what holds for these servers; `path` NULL or "" is an empty file. What is wrong with the file is
 * SOURCE_UNREACHABLE with the line, for the source may be fine; servers of which only some are in a section are SOURCE_DENIED.
 */
FC_MUST fc_rc fc_kafka_config_read(const char *path, const struct fc_kafka_servers *servers,
                                   struct fc_arena *arena, struct fc_kafka_config *ret,
                                   struct fc_error *err);

/** A copy of the text with each secret value in it replaced by "***"; NULL without memory. */
char *fc_kafka_config_scrub(const struct fc_kafka_config *config, const char *text,
                            struct fc_arena *arena);
