/* SPDX-License-Identifier: Apache-2.0 */
/**
 * feast-core put together: opens the store, starts admission, jobs, RPC and HTTP in the order in which they stand on
 * each other, and takes them down in reverse. One thread (main) calls these.
 */
#pragma once

#include "base/config.h"
#include "base/error.h"

struct fc_app;

/** Everything is up, or nothing is and the error says what failed. Prints the ready line to stderr. */
FC_MUST fc_rc fc_app_start(const struct fc_config *config, struct fc_app **ret,
                           struct fc_error *err);

/** Whether fc_app_start would take it: addresses, files, the worker. Starts nothing and writes nothing. */
FC_MUST fc_rc fc_app_check(const struct fc_config *config, struct fc_error *err);

/** Tells health whether the store can write, gives unused memory back; call it now and then. */
void fc_app_tick(struct fc_app *app);

/** Reads the TLS files again; what was there stays when they are not in order, and the log says why. */
void fc_app_reload(struct fc_app *app);

/** Drains and stops; what was answered is on disk. Takes NULL. */
void fc_app_stop(struct fc_app *app);
FC_DEFINE_FREEP(struct fc_app, fc_app_stop)
