/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tells a service manager how we are, by the datagram protocol of systemd's NOTIFY_SOCKET. Does nothing when the
 * variable is unset: a program on a terminal has nobody to tell.
 */
#pragma once

/** `state` is for example "READY=1", "STOPPING=1" or "RELOADING=1". Failure is not worth an error: nobody listens. */
void fc_notify(const char *state);
