/* SPDX-License-Identifier: Apache-2.0 */
/** Waiting for what a change sets in motion. */
#pragma once

#include "client/context.h"

/**
 * Until the stream ingestion of a feature table runs, that with this hash ("": whichever is newest): OK. FC_EXIT_FINDING when it failed, FC_EXIT_UNAVAILABLE when it
 * did not run within --timeout.
 */
enum fc_exit fc_wait_for_stream(struct fc_cli *cli, const char *project, const char *table,
                                const char *hash);
