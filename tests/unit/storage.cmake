# SPDX-License-Identifier: Apache-2.0
# Programs of the storage room.

add_library(fc_test_store STATIC ../support/shim_vfs.c store_fixture.c)
target_link_libraries(fc_test_store PUBLIC fc_storage Cmocka::cmocka)
fc_own_code(fc_test_store)

fc_unit_test(store SOURCES store_test.c DEPS fc_test_store)
fc_unit_test(store_rows SOURCES store_rows_test.c DEPS fc_test_store)
fc_unit_test(store_recheck SOURCES store_recheck_test.c DEPS fc_test_store)
fc_unit_test(store_jobs SOURCES store_jobs_test.c DEPS fc_test_store)
fc_unit_test(store_schedules SOURCES store_schedules_test.c DEPS fc_test_store)
fc_unit_test(store_streams SOURCES store_streams_test.c DEPS fc_test_store)
fc_unit_test(store_damage SOURCES store_damage_test.c DEPS fc_test_store)
fc_unit_test(store_faults SOURCES store_faults_test.c DEPS fc_test_store)
fc_unit_test(migrate SOURCES migrate_test.c DEPS fc_test_store)
fc_unit_test(online SOURCES online_test.c DEPS fc_online)
fc_unit_test(online_key SOURCES online_key_test.c DEPS fc_online)
fc_unit_test(redis_layout SOURCES redis_layout_test.c DEPS fc_online)
fc_unit_test(redis_client SOURCES redis_client_test.c ../support/local_port.c DEPS fc_redis)
fc_unit_test(redis_transport SOURCES redis_transport_test.c ../support/local_port.c DEPS fc_redis fc_test_scratch)
fc_unit_test(store_readers SOURCES store_readers_test.c DEPS fc_test_store)
fc_unit_test(store_cache SOURCES store_cache_test.c DEPS fc_test_store)
fc_unit_test(store_model SOURCES store_model_test.c store_model.c store_model_compare.c DEPS fc_test_store)
fc_unit_test(power_cut SOURCES ../crash/power_cut_test.c ../crash/crash_disk.c DEPS fc_test_store TIMEOUT 900)
fc_unit_test(store_memory SOURCES store_memory_test.c DEPS fc_test_store)
fc_unit_test(store_torture SOURCES store_torture_test.c DEPS fc_test_store TIMEOUT 900)
target_link_options(test_store_torture PRIVATE
    -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=strdup)
