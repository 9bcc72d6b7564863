/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How backups are named that nobody gave a name: registry-20260102T030405Z.db. They sort by their time, and only they
 * are ever removed to make room. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FC_BACKUP_NAME_SIZE 64

/** `taken_ns` since 1970. */
void fc_backup_name(int64_t taken_ns, char name[FC_BACKUP_NAME_SIZE]);

/** True for a name that fc_backup_name makes, without a directory. */
bool fc_backup_name_is(const char *name);
