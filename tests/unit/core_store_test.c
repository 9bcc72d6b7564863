/* SPDX-License-Identifier: Apache-2.0 */
/* Legacy stores and online stores of CoreService. */
#include "tests/unit/core_fixture.h"

typedef Feast__Core__Store__Subscription subscription;

static Feast__Core__UpdateStoreResponse *update(struct core_server *server,
                                                Feast__Core__Store *store)
{
    Feast__Core__UpdateStoreRequest request = FEAST__CORE__UPDATE_STORE_REQUEST__INIT;

    request.store = store;
    return CORE_CALL(server, "UpdateStore", &request, update_store_response);
}

static Feast__Core__ListStoresResponse *list(struct core_server *server, const char *name)
{
    Feast__Core__ListStoresRequest request = FEAST__CORE__LIST_STORES_REQUEST__INIT;
    Feast__Core__ListStoresRequest__Filter filter = FEAST__CORE__LIST_STORES_REQUEST__FILTER__INIT;

    filter.name = (char *)name;
    request.filter = !name ? NULL : &filter;
    return CORE_CALL(server, "ListStores", &request, list_stores_response);
}

static void legacy_stores_are_kept(void **state)
{
    struct core_server *server = *state;
    Feast__Core__Store store = FEAST__CORE__STORE__INIT;
    Feast__Core__Store__RedisConfig redis = FEAST__CORE__STORE__REDIS_CONFIG__INIT;
    subscription all = FEAST__CORE__STORE__SUBSCRIPTION__INIT, *subscriptions[] = {&all};
    char name[] = "online", other[] = "a-store", star[] = "*", host[] = "redis";

    store.name = name;
    store.type = FEAST__CORE__STORE__STORE_TYPE__REDIS;
    store.config_case = FEAST__CORE__STORE__CONFIG_REDIS_CONFIG;
    store.redis_config = &redis;
    redis.host = host;
    redis.port = 6379;
    all.name = all.project = star;
    store.n_subscriptions = 1;
    store.subscriptions = subscriptions;
    Feast__Core__UpdateStoreResponse *made = update(server, &store);
    assert_answered(server, made);
    assert_int_equal(made->status, FEAST__CORE__UPDATE_STORE_RESPONSE__STATUS__UPDATED);
    assert_string_equal(made->store->redis_config->host, "redis");
    made = update(server, &store);
    assert_answered(server, made);
    assert_int_equal(made->status, FEAST__CORE__UPDATE_STORE_RESPONSE__STATUS__NO_CHANGE);
    redis.port = 6380;
    made = update(server, &store);
    assert_answered(server, made);
    assert_int_equal(made->status, FEAST__CORE__UPDATE_STORE_RESPONSE__STATUS__UPDATED);
    store.name = other;
    store.n_subscriptions = 0;
    assert_answered(server, update(server, &store));
    made = update(server, &store); /* without subscriptions, too */
    assert_answered(server, made);
    assert_int_equal(made->status, FEAST__CORE__UPDATE_STORE_RESPONSE__STATUS__NO_CHANGE);
    Feast__Core__ListStoresResponse *stores = list(server, NULL);
    assert_answered(server, stores);
    assert_int_equal(stores->n_store, 2);
    assert_string_equal(stores->store[0]->name, "a-store");
    stores = list(server, "");
    assert_answered(server, stores);
    assert_int_equal(stores->n_store, 2);
    stores = list(server, "online");
    assert_answered(server, stores);
    assert_int_equal(stores->n_store, 1);
    assert_int_equal(stores->store[0]->redis_config->port, 6380);
}

static void unknown_legacy_store_is_not_found(void **state)
{
    struct core_server *server = *state;

    assert_null(list(server, "nowhere"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_STORE_NOT_FOUND, "\"nowhere\"");
    Feast__Core__ListStoresResponse *none = list(server, NULL);
    assert_answered(server, none);
    assert_int_equal(none->n_store, 0);
}

static void legacy_stores_are_checked(void **state)
{
    struct core_server *server = *state;
    Feast__Core__Store store = FEAST__CORE__STORE__INIT;
    subscription empty = FEAST__CORE__STORE__SUBSCRIPTION__INIT, *subscriptions[] = {&empty};

    store.n_subscriptions = 1;
    store.subscriptions = subscriptions;
    assert_null(update(server, &store));
    assert_int_equal(server->err.rc, FC_INVALID_ARGUMENT);
    assert_int_equal(server->reply.violations.count, 3);
    assert_true(told(server, "store.name"));
    assert_true(told(server, "store.type"));
    assert_true(told(server, "store.subscriptions[0]"));
    assert_null(update(server, NULL));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_FIELD_REQUIRED, "no store");
}

/* Online stores */

static int enrol(struct core_server *server, const char *name, const char *description)
{
    Feast__Core__RegisterOnlineStoreRequest request =
        FEAST__CORE__REGISTER_ONLINE_STORE_REQUEST__INIT;
    Feast__Core__OnlineStore store = FEAST__CORE__ONLINE_STORE__INIT;

    store.name = (char *)name;
    store.type = FEAST__CORE__STORE_TYPE__REDIS;
    store.description = (char *)description;
    request.online_store = &store;
    Feast__Core__RegisterOnlineStoreResponse *answer =
        CORE_CALL(server, "RegisterOnlineStore", &request, register_online_store_response);
    if (!answer)
        return -1;
    assert_string_equal(answer->online_store->description, description);
    return (int)answer->status;
}

static bool archive(struct core_server *server, const char *name)
{
    Feast__Core__ArchiveOnlineStoreRequest request =
        FEAST__CORE__ARCHIVE_ONLINE_STORE_REQUEST__INIT;

    request.name = (char *)name;
    return CORE_CALL(server, "ArchiveOnlineStore", &request, archive_online_store_response) != NULL;
}

static Feast__Core__GetOnlineStoreResponse *get(struct core_server *server, const char *name)
{
    Feast__Core__GetOnlineStoreRequest request = FEAST__CORE__GET_ONLINE_STORE_REQUEST__INIT;

    request.name = (char *)name;
    return CORE_CALL(server, "GetOnlineStore", &request, get_online_store_response);
}

static void assert_listed(struct core_server *server, size_t count)
{
    Feast__Core__ListOnlineStoresRequest request = FEAST__CORE__LIST_ONLINE_STORES_REQUEST__INIT;
    Feast__Core__ListOnlineStoresResponse *answer =
        CORE_CALL(server, "ListOnlineStores", &request, list_online_stores_response);

    assert_answered(server, answer);
    assert_int_equal(answer->n_online_store, count);
}

#define REGISTER(word) FEAST__CORE__REGISTER_ONLINE_STORE_RESPONSE__STATUS__##word

static void online_stores_are_registered_archived_and_back(void **state)
{
    struct core_server *server = *state;

    assert_listed(server, 0);
    assert_int_equal(enrol(server, "redis-1", "a"), REGISTER(REGISTERED));
    assert_int_equal(enrol(server, "redis-1", "a"), REGISTER(NO_CHANGE));
    assert_int_equal(enrol(server, "redis-1", "b"), REGISTER(UPDATED));
    assert_listed(server, 1);
    assert_true(archive(server, "redis-1"));
    assert_true(archive(server, "redis-1"));
    assert_listed(server, 0);
    Feast__Core__GetOnlineStoreResponse *answer = get(server, "redis-1");
    assert_answered(server, answer);
    assert_int_equal(answer->status, FEAST__CORE__GET_ONLINE_STORE_RESPONSE__STATUS__ARCHIVED);
    assert_string_equal(answer->online_store->description, "b");
    assert_int_equal(enrol(server, "redis-1", "b"), REGISTER(UPDATED));
    answer = get(server, "redis-1");
    assert_answered(server, answer);
    assert_int_equal(answer->status, FEAST__CORE__GET_ONLINE_STORE_RESPONSE__STATUS__ACTIVE);
}

static void online_store_mistakes(void **state)
{
    struct core_server *server = *state;
    Feast__Core__RegisterOnlineStoreRequest none = FEAST__CORE__REGISTER_ONLINE_STORE_REQUEST__INIT;

    assert_int_equal(enrol(server, "", "x"), -1);
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "online_store.name");
    assert_int_equal(enrol(server, "a b", "x"), -1);
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "a b");
    assert_null(CORE_CALL(server, "RegisterOnlineStore", &none, register_online_store_response));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_FIELD_REQUIRED, "no online_store");
    assert_null(get(server, "nowhere"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_STORE_NOT_FOUND,
                  "Online store with name \"nowhere\" could not be found.");
    assert_false(archive(server, "nowhere"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_STORE_NOT_FOUND, "\"nowhere\"");
}

static void tables_name_active_online_stores(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
    Feast__Core__OnlineStore store = FEAST__CORE__ONLINE_STORE__INIT;
    char name[] = "redis";

    have_driver(server, "");
    spec->online_store = &store;
    Feast__Core__FeatureTable *table = core_apply_table_in(server, "", spec);
    assert_answered(server, table);
    assert_null(table->spec->online_store); /* empty is unset */
    store.name = name;
    assert_null(core_apply_table_in(server, "", spec));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_ONLINE_STORE_UNKNOWN,
                  "online store \"redis\" is not registered");
    assert_int_equal(enrol(server, "redis", ""), REGISTER(REGISTERED));
    table = core_apply_table_in(server, "", spec);
    assert_answered(server, table);
    assert_string_equal(table->spec->online_store->name, "redis");
    assert_int_equal(table->meta->revision, 1);
    assert_true(archive(server, "redis"));
    assert_answered(server, core_get_table_in(server, "", "driver_trips"));
    assert_null(core_apply_table_in(server, "", spec));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_ONLINE_STORE_UNKNOWN, "is archived");
}

static const struct CMUnitTest cases[] = {
    CORE_CASE(legacy_stores_are_kept),    CORE_CASE(unknown_legacy_store_is_not_found),
    CORE_CASE(legacy_stores_are_checked), CORE_CASE(online_stores_are_registered_archived_and_back),
    CORE_CASE(online_store_mistakes),     CORE_CASE(tables_name_active_online_stores),
};

FC_TEST_MAIN(cases)
