/* SPDX-License-Identifier: Apache-2.0 */
/** SIGTERM as a wish: work without an end asks whether it should come to one. */
#pragma once

#include <stdbool.h>

/** From here on SIGTERM is noted; before, it ends the process at once, which is right as long as nothing is half done. */
void fc_stop_listen(void);
bool fc_stop_asked(void);
