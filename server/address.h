/* SPDX-License-Identifier: Apache-2.0 */
/** Listen addresses as configured. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/** True for unix sockets and hosts of 127.0.0.0/8, ::1 and localhost: only this machine can reach them. */
bool fc_address_is_loopback(const char *address);

/** HOST:PORT with a port, or unix:PATH; the error names the address and what is missing. */
FC_MUST fc_rc fc_address_check(const char *address, struct fc_error *err);

/** The address with its port replaced (port 0 becomes the one that was bound); `unix:` stays as it is. */
void fc_address_with_port(const char *address, int port, char *buffer, size_t size);
