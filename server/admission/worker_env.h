/* SPDX-License-Identifier: Apache-2.0 */
/** The environment of workers: little of ours, so that what is in it cannot leak through them. */
#pragma once

#include <stddef.h>

#define FC_WORKER_ENV_MAX 64

/**
 * Fills `entries` with "NAME=value" and a NULL at the end: locale, time zone, `tmpdir` ("TMPDIR=…"), and of our own
 * environment the names by which credentials and endpoints of sources are known. Entries are borrowed.
 */
void fc_worker_env(const char *tmpdir, const char *entries[FC_WORKER_ENV_MAX]);
