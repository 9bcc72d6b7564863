/* SPDX-License-Identifier: Apache-2.0 */
/** An online read as a command line asks for it: `online get` sends it, `online explain` has it explained. */
#pragma once

#include "client/client.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"

typedef Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow fc_entity_row;
typedef Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow__FieldsEntry fc_entity_field;

struct fc_online_read {
    struct fc_cli *cli;
    const Feast__Core__FeatureTableSpec *table;
    int *types; /* of the entities, in table order */
    const char **features;
    size_t feature_count;
    Feast__Serving__GetOnlineFeaturesRequestV2 request;
};

/** Reads table, --entity and --feature; what is wrong has been said when it is not OK. */
enum fc_exit fc_online_read_init(struct fc_online_read *read, struct fc_cli *cli);
