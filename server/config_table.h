/* SPDX-License-Identifier: Apache-2.0 */
/** The configuration keys of feast-core; docs/reference/configuration.md is made from this table. */
#pragma once

#include "base/config.h"

extern const struct fc_config_key fc_server_config_table[];

/** `FEAST_CORE_DATA_DIR` and so on. */
#define FC_SERVER_ENV_PREFIX "FEAST_CORE"
