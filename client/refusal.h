/* SPDX-License-Identifier: Apache-2.0 */
/** A refused document, as a person wants to read it. */
#pragma once

#include "client/client.h"
#include "client/docs.h"

/**
 * A headline that names the object, then a line for each violation with the place in the file that it is about, then
 * what to do. Returns the exit code.
 */
enum fc_exit fc_refusal_print(struct fc_cli *cli, const struct fc_doc *doc,
                              const struct fc_call *call, const struct fc_error *err);
