/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The shards of a stream as a reading sees them. A shard that is split or merged is closed, and others follow it: they
 * begin when all of it was read. Without requests of its own.
 */
#pragma once

#include <jansson.h>

#include "worker/sources/broker.h"

/** Digits of a sequence number, characters of a shard's name: more is none. */
#define FC_KINESIS_NUMBER_MAX 129
#define FC_KINESIS_SHARD_MAX  128
/** Bytes of a position as text. */
#define FC_KINESIS_POSITION_SIZE (FC_KINESIS_NUMBER_MAX + 32)

enum fc_kinesis_where {
    FC_KINESIS_BEGIN,
    FC_KINESIS_TIME,
    FC_KINESIS_AFTER,
    FC_KINESIS_AT,
    FC_KINESIS_END,
    FC_KINESIS_LATEST, /**< of a reading that begins; never a text */
};

/** struct fc_broker_position says what each means. */
struct fc_kinesis_position {
    enum fc_kinesis_where where;
    int64_t time_ms;                        /**< of TIME */
    char number[FC_KINESIS_NUMBER_MAX + 1]; /**< of AFTER and AT */
    uint64_t given;                         /**< of AT: messages of the record */
};

/** False when the text is none. */
bool fc_kinesis_position_parse(const char *text, struct fc_kinesis_position *ret);
void fc_kinesis_position_print(const struct fc_kinesis_position *position,
                               char ret[FC_KINESIS_POSITION_SIZE]);

enum fc_kinesis_state {
    FC_KINESIS_WAITING, /**< for its parents to end */
    FC_KINESIS_READING,
    FC_KINESIS_DONE,
};

struct fc_kinesis_followed {
    char id[FC_KINESIS_SHARD_MAX + 1];
    char parent_ids[2][FC_KINESIS_SHARD_MAX + 1]; /**< "" for none */
    struct fc_kinesis_followed *parents[2];       /**< NULL when it is not listed any more */
    bool closed, listed;
    enum fc_kinesis_state state;
    struct fc_kinesis_position at;
    /** what arrived before is not wanted, of its successors neither; -1: all is */
    int64_t since_ms;
    bool told;  /**< its position was given to the caller, now or by an earlier reading */
    bool dirty; /**< its position is news */
    bool gone;  /**< its successors have begun */
    bool gone_told;
    size_t children, children_waiting;
    bool above; /**< of one that has a position; while the reading begins */
    /* What follows is the reader's. */
    char *iterator; /**< NULL: to be asked for */
    int64_t due_at; /**< monotonic: not to be asked before */
    unsigned failures;
    int64_t behind_ms; /**< -1 while it is not known */
    bool missing;      /**< the service did not know it */
};

struct fc_kinesis_shards {
    struct fc_kinesis_followed **all; /**< by their names */
    size_t count, capacity;
    size_t known; /**< before the listing */
};

void fc_kinesis_shards_done(struct fc_kinesis_shards *shards);

/** Before a listing; each shard of it then goes to fc_kinesis_shards_take, at last fc_kinesis_shards_listed. */
void fc_kinesis_shards_list(struct fc_kinesis_shards *shards);
FC_MUST fc_rc fc_kinesis_shards_take(struct fc_kinesis_shards *shards, const json_t *shard,
                                     struct fc_error *err);
/** Forgets those that are read and not listed any more, and ties the others together. */
void fc_kinesis_shards_listed(struct fc_kinesis_shards *shards);

/**
 * Where each begins, after the first listing. Without a position at all, by `start`. Otherwise at its position; nowhere
 * when a successor has one, for then it was read; after its parents when it came later. Positions of shards that are no
 * more are gone. SOURCE_INVALID when a position is none.
 */
FC_MUST fc_rc fc_kinesis_shards_begin(struct fc_kinesis_shards *shards,
                                      const struct fc_consume_options *options,
                                      enum fc_broker_start start, const char *stream,
                                      struct fc_error *err);

/** Whether it has a place to be read from; one that begins at its end has none until it was asked for. */
bool fc_kinesis_is_placed(const struct fc_kinesis_followed *shard);

/** All of this one was given out. */
void fc_kinesis_shards_end(struct fc_kinesis_followed *shard);

/**
 * Begins those whose parents have ended, and marks those that are gone. Returns whether some have ended whose successors
 * are not known yet.
 */
bool fc_kinesis_shards_settle(struct fc_kinesis_shards *shards);
