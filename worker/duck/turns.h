/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Turns at decoding, shared by the probe workers of a server: one processor is left to the registry, and on each of the
 * others one worker decodes at a time. More would not be done sooner, and many processes that all want to run leave the
 * registry a part of the machine only, however nice each of them is.
 *
 * A turn is a courtesy and no lock: who has waited long enough goes without one. The kernel gives back the turn of a
 * process that dies. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct fc_turns;

/**
 * `path` is a file that all who share the turns open; it is made if need be and stays empty. NULL when it cannot be:
 * nobody waits then.
 */
struct fc_turns *fc_turns_new(const char *path, unsigned count);
void fc_turns_free(struct fc_turns *turns);
FC_DEFINE_FREEP(struct fc_turns, fc_turns_free)

/** How many there shall be: one fewer than this process has processors, at least one. */
unsigned fc_turns_due(void);

/** How long may be waited from here on, over all turns. At first it is nothing. */
void fc_turns_patience(struct fc_turns *turns, int64_t ns);

/** Waits for a turn; within one that is held there is nothing to wait for. Each is given back once. */
void fc_turns_take(struct fc_turns *turns);
void fc_turns_give(struct fc_turns *turns);

/** False also for who went without. */
bool fc_turns_held(const struct fc_turns *turns);

/**
 * For a second thread of who holds a turn: another turn that is free, or the processor left to the registry while nobody
 * waits for a turn. Does not wait; false when there is none, or one processor only. Given back once when true.
 */
FC_MUST bool fc_turns_take_second(struct fc_turns *turns);
void fc_turns_give_second(struct fc_turns *turns);

/** Whether fewer threads want to run at this moment than this process has processors; false when it cannot be told. */
bool fc_turns_idle_processor(void);
