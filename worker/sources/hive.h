/* SPDX-License-Identifier: Apache-2.0 */
/** Values in the names of directories: `/data/dt=2020-01-01/city=SIN/part-0.parquet`. */
#pragma once

#include "worker/sources/file_list.h"

/** Fills keys and partitions of a list from the directories between its root and each file. */
FC_MUST fc_rc fc_hive_read(struct fc_file_list *list, struct fc_arena *arena, struct fc_error *err);
