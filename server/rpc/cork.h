/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Answers to calls that came in one read leave in one segment. All of it is for the thread of a poller, about what that
 * thread sends; other threads are not touched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Around the handler of a call: what is sent between the two may wait for the next call, if one is expected. */
void fc_cork_arrived(int64_t now_ns);
void fc_cork_dispatched(bool answered);
/* A call that was answered so is over. When all are that arrived together, nothing is held any more. */
void fc_cork_call_over(void);
/* True while something is held back. */
bool fc_cork_held(void);
/* The thread finds nothing more to do: all that is held leaves. */
void fc_cork_sleeps(void);
