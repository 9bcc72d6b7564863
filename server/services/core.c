/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/core.h"

#define METHOD(method, function, request_type, response_type)                                      \
    {                                                                                              \
        .path = "/feast.core.CoreService/" method, .kind = FC_RPC_UNARY,                           \
        .request = &feast__core__##request_type##__descriptor,                                     \
        .response = &feast__core__##response_type##__descriptor, .handler = (function),            \
    }

static const struct fc_rpc_method methods[] = {
    METHOD("GetFeastCoreVersion", core_get_version, get_feast_core_version_request,
           get_feast_core_version_response),
    METHOD("GetEntity", core_get_entity, get_entity_request, get_entity_response),
    METHOD("ListEntities", core_list_entities, list_entities_request, list_entities_response),
    METHOD("ApplyEntity", core_apply_entity, apply_entity_request, apply_entity_response),
    METHOD("ListFeatures", core_list_features, list_features_request, list_features_response),
    METHOD("ListStores", core_list_stores, list_stores_request, list_stores_response),
    METHOD("UpdateStore", core_update_store, update_store_request, update_store_response),
    METHOD("CreateProject", core_create_project, create_project_request, create_project_response),
    METHOD("ArchiveProject", core_archive_project, archive_project_request,
           archive_project_response),
    METHOD("ListProjects", core_list_projects, list_projects_request, list_projects_response),
    METHOD("ApplyFeatureTable", core_apply_table, apply_feature_table_request,
           apply_feature_table_response),
    METHOD("GetFeatureTable", core_get_table, get_feature_table_request,
           get_feature_table_response),
    METHOD("ListFeatureTables", core_list_tables, list_feature_tables_request,
           list_feature_tables_response),
    METHOD("DeleteFeatureTable", core_delete_table, delete_feature_table_request,
           delete_feature_table_response),
    METHOD("ListOnlineStores", core_list_online_stores, list_online_stores_request,
           list_online_stores_response),
    METHOD("GetOnlineStore", core_get_online_store, get_online_store_request,
           get_online_store_response),
    METHOD("RegisterOnlineStore", core_register_online_store, register_online_store_request,
           register_online_store_response),
    METHOD("ArchiveOnlineStore", core_archive_online_store, archive_online_store_request,
           archive_online_store_response),
};

void core_get_version(struct fc_rpc_call *call, void *ctx,
                      const ProtobufCMessage *request FC_UNUSED)
{
    const struct fc_services *services = ctx;

    core_reply_object(call, fc_str_from(services->version));
}

fc_rc fc_core_service_register(struct fc_services *services, struct fc_rpc_server *server,
                               struct fc_error *err)
{
    struct fc_rpc_method rows[FC_ARRAY_LEN(methods)];

    for (size_t i = 0; i < FC_ARRAY_LEN(methods); i++) {
        rows[i] = methods[i];
        rows[i].ctx = services;
    }
    fc_rc rc = fc_rpc_server_add(server, rows, FC_ARRAY_LEN(rows), err);
    return rc != FC_OK ? rc
                       : fc_rpc_server_require(server, &feast__core__core_service__descriptor, err);
}
