/* SPDX-License-Identifier: Apache-2.0 */
/** A port of this machine that is the test's own, for a stand-in or for nobody. */
#pragma once

#include <stdint.h>

/** A stream socket bound to a free port of 127.0.0.1; nobody is there until the caller listens. The caller closes it. */
int test_local_port(uint16_t *ret_port);
