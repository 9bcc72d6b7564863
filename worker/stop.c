/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void note(int number)
{
    (void)number;
    asked = 1;
}

void fc_stop_listen(void)
{
    /* Calls under way are not begun anew: whoever waits in one looks up. */
    struct sigaction action = {.sa_handler = note};

    (void)sigaction(SIGTERM, &action, NULL);
}

bool fc_stop_asked(void)
{
    return asked != 0;
}
