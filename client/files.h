/* SPDX-License-Identifier: Apache-2.0 */
/** Files that a command line names. */
#pragma once

#include <stdio.h>

#include "client/docs.h"

/**
 * Reads what `path` names into `docs`: a file, a directory (its .yaml, .yml and .json files, below it too, in name
 * order, hidden ones left out), a http:// or https:// URL, or "-" for `in`. The error is about a path that cannot be read or holds no such file.
 */
FC_MUST fc_rc fc_files_read(struct fc_docs *docs, const char *path, FILE *in, struct fc_error *err);
