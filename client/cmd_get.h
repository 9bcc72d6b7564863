/* SPDX-License-Identifier: Apache-2.0 */
/** What commands that name one object share with `get`. */
#pragma once

#include "client/get.h"

/** Asks, then deletes. */
enum fc_exit fc_delete_table(struct fc_cli *cli, const char *name);

/** `get … --revision N`: the object as it was then. */
enum fc_exit fc_get_revision(struct fc_cli *cli, const struct fc_view *view, const char *name);
