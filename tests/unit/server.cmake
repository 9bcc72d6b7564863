# SPDX-License-Identifier: Apache-2.0
# Programs of the rooms that start workers: admission and jobs, and the services on top of them.

# A worker that dies, hangs or lies on demand.
add_executable(bad_worker ../support/bad_worker.c)
set_target_properties(bad_worker PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bad_worker PRIVATE fc_protos fc_base)
fc_own_code(bad_worker)

add_library(fc_test_scratch STATIC ../support/scratch.c)
target_compile_definitions(fc_test_scratch PRIVATE
    FC_BAD_WORKER="$<TARGET_FILE:bad_worker>" FC_TEST_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
fc_own_code(fc_test_scratch)
add_dependencies(fc_test_scratch bad_worker)
# Tests that use the real worker skip what needs it when it is not built.
if(TARGET feast-worker)
    add_dependencies(fc_test_scratch feast-worker)
endif()

fc_unit_test(policy SOURCES policy_test.c DEPS fc_admission)
fc_unit_test(hosts SOURCES hosts_test.c DEPS fc_admission)
fc_unit_test(pool SOURCES pool_test.c DEPS fc_test_scratch fc_admission)
fc_unit_test(location SOURCES location_test.c DEPS fc_test_scratch fc_test_specs fc_admission)
fc_unit_test(admission SOURCES admission_test.c DEPS fc_test_scratch fc_test_specs fc_admission)

add_library(fc_test_registry STATIC ../support/registry.c)
target_link_libraries(fc_test_registry PUBLIC fc_registry fc_storage)
fc_own_code(fc_test_registry)
add_library(fc_test_jobs STATIC jobs_fixture.c)
target_link_libraries(fc_test_jobs PUBLIC
    fc_test_scratch fc_test_specs fc_test_registry fc_jobs Cmocka::cmocka)
fc_own_code(fc_test_jobs)
fc_unit_test(jobs SOURCES jobs_test.c DEPS fc_test_jobs)
fc_unit_test(zone SOURCES zone_test.c DEPS fc_test_scratch fc_jobs)
fc_unit_test(cron SOURCES cron_test.c DEPS fc_jobs)
fc_unit_test(schedule SOURCES schedule_test.c DEPS fc_test_jobs)
fc_unit_test(jobs_calls SOURCES jobs_calls_test.c DEPS fc_test_jobs)
fc_unit_test(jobs_stream SOURCES jobs_stream_test.c DEPS fc_test_jobs)
fc_unit_test(reconcile SOURCES reconcile_test.c DEPS fc_test_jobs)
fc_unit_test(reconcile_plan SOURCES reconcile_plan_test.c DEPS fc_jobs)

add_library(fc_test_whole_server STATIC ../support/whole_server.c)
target_link_libraries(fc_test_whole_server PUBLIC
    fc_test_registry fc_test_scratch fc_test_specs fc_services fc_channel)
fc_own_code(fc_test_whole_server)
fc_unit_test(job_service SOURCES job_service_test.c DEPS fc_test_whole_server)
fc_unit_test(schedule_service SOURCES schedule_service_test.c DEPS fc_test_whole_server)
fc_unit_test(serving SOURCES serving_test.c DEPS fc_test_whole_server)
fc_unit_test(admin SOURCES admin_test.c DEPS fc_test_whole_server)
fc_unit_test(admin_batch SOURCES admin_batch_test.c DEPS fc_test_whole_server)
fc_unit_test(admin_batch_disk SOURCES admin_batch_disk_test.c ../support/shim_vfs.c
             DEPS fc_test_whole_server)
fc_unit_test(admin_batch_race SOURCES admin_batch_race_test.c DEPS fc_test_whole_server)
target_link_options(test_admin_batch_race PRIVATE -Wl,--wrap=fc_store_submit)
fc_unit_test(admin_report_race SOURCES admin_report_race_test.c DEPS fc_test_whole_server)
target_link_options(test_admin_report_race PRIVATE -Wl,--wrap=fc_report_find)
fc_unit_test(sources_config SOURCES sources_config_test.c DEPS fc_server fc_admission)
fc_unit_test(reverify SOURCES reverify_test.c DEPS fc_test_scratch fc_test_specs fc_test_registry fc_reverify)
fc_unit_test(reverify_plan SOURCES reverify_plan_test.c DEPS fc_reverify)
fc_unit_test(retention SOURCES retention_test.c DEPS fc_test_store fc_retention)
