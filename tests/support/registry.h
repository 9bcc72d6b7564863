/* SPDX-License-Identifier: Apache-2.0 */
/** Short ways to put objects into a store, as an apply would leave them there. Failures abort the test program. */
#pragma once

#include "feast/core/FeatureTable.pb-c.h"
#include "storage/registry.h"

/** A store in `<dir>`. */
struct fc_store *test_store_open(const char *dir);

/** The project is made when it is not there. */
void test_put_entity(struct fc_store *store, const char *project, const char *name,
                     int32_t value_type);
/** As new, or as the next revision. */
void test_put_table(struct fc_store *store, const char *project,
                    const Feast__Core__FeatureTableSpec *spec);
void test_delete_table(struct fc_store *store, const char *project, const char *name);
void test_archive_project(struct fc_store *store, const char *project);
