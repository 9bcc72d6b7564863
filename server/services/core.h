/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of feast.core.CoreService share. Private to this service.
 *
 * Handlers run on completion-queue threads. Reads go to the thread's own reader. A write is looked at twice: first
 * against a reader, which answers mistakes and unchanged objects at once, then within its transaction, where it decides;
 * so two first applies of one object both succeed, and neither sees the other half done.
 */
#pragma once

#include "feast/core/CoreService.pb-c.h"
#include "server/services/request.h"
#include "storage/registry.h"

/* Messages and answers */

/** Violations, at least one, as the error of the call. Returns its code. */
fc_rc core_violations(const struct fc_violations *violations, struct fc_error *err);
/** Fails the call with what was found wrong; `violations` must not be empty. */
void core_refuse(struct fc_rpc_call *call, const struct fc_violations *violations);
/** Answers with these bytes as field 1 of the response: how every stored object is returned. */
void core_reply_object(struct fc_rpc_call *call, fc_str object);
/** The reader of this thread, or NULL after the call was failed. */
struct fc_reader *core_reader(struct fc_rpc_call *call, struct fc_services *services);

/** The request metadata `feast-dry-run` and `feast-validation`; words that are neither add a violation. */
struct core_options {
    bool dry_run;
    enum fc_validation_mode mode; /**< the server's when mode_open */
    bool mode_open;               /**< the request asks for none */
};
void core_read_options(struct fc_rpc_call *call, const struct fc_services *services,
                       struct core_options *ret, struct fc_violations *violations);

/* Lists */

/** A list reply as it grows: objects as field 1, one after the other. */
struct core_list {
    struct fc_rpc_call *call;
    struct fc_buf reply;
    struct fc_arena *scratch; /**< for one row, reset before each */
    size_t rows;
};
/** False after the call was failed. */
bool core_list_begin(struct core_list *list, struct fc_rpc_call *call);
/**
 * The same for the objects of a project, whose name is `filter.project` of the request: the reader to walk them with.
 * NULL after the call was failed.
 */
struct fc_reader *core_list_of_project(struct core_list *list, struct fc_rpc_call *call,
                                       struct fc_services *services, const char *project);
/** First thing in a row function: resets the scratch arena, and ends the walk when the client is gone. */
FC_MUST fc_rc core_list_row(struct core_list *list, struct fc_error *err);
/** Answers with the list, or with the error of the walk; frees. */
void core_list_end(struct core_list *list, fc_rc rc, const struct fc_error *err);

/* Writes */

struct core_write;

/**
 * Decides on a write against the state that the reader shows, and carries it out when `txn` is not NULL. Called once
 * without and then, unless `settled` was set, once with a transaction. Adds violations to the write's list.
 */
typedef fc_rc (*core_write_fn)(struct core_write *write, struct fc_reader *reader,
                               struct fc_txn *txn, int64_t now_s, struct fc_error *err);

/** The part of a request's context that every write has; lives in the call's arena. */
struct core_write {
    struct fc_rpc_call *call;
    struct fc_services *services;
    struct fc_arena *arena;
    core_write_fn decide;
    void (*reply)(struct core_write *write); /**< after success */
    struct fc_violations violations;
    size_t of_request; /**< of these, the number that the request alone decided */
    bool settled;      /**< nothing is to be written: unchanged */
};

/** Fills in everything; `write` is the zeroed first member of the context. */
void core_write_init(struct core_write *write, struct fc_rpc_call *call,
                     struct fc_services *services, core_write_fn decide,
                     void (*reply)(struct core_write *write));
/**
 * The first look. True when a transaction is wanted; else the call was answered: mistake, unchanged, or `dry_run`.
 */
bool core_write_look(struct core_write *write, bool dry_run);
/** The answer of a write whose response has nothing to say; for `reply`. */
void core_reply_empty(struct core_write *write);
/** Queues the transaction, which answers the call. */
void core_write_submit(struct core_write *write);

/* Methods */

void core_get_version(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_create_project(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_archive_project(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_list_projects(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_get_entity(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_list_entities(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_apply_entity(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_list_features(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_get_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_list_tables(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_apply_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_delete_table(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_list_stores(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_update_store(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_list_online_stores(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_get_online_store(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void core_register_online_store(struct fc_rpc_call *call, void *ctx,
                                const ProtobufCMessage *request);
void core_archive_online_store(struct fc_rpc_call *call, void *ctx,
                               const ProtobufCMessage *request);
