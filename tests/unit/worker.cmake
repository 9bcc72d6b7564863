# SPDX-License-Identifier: Apache-2.0
# Programs of the worker.

fc_unit_test(lattice SOURCES lattice_test.c DEPS fc_contract)
fc_unit_test(convert SOURCES convert_test.c DEPS fc_contract)
fc_unit_test(cell_text SOURCES cell_text_test.c DEPS fc_contract)
fc_unit_test(avro_format SOURCES avro_format_test.c DEPS fc_formats)
fc_unit_test(bigquery_rows SOURCES bigquery_rows_test.c DEPS fc_bigquery)

# Parquet files made on the spot. These programs link the engine, which takes its time.
add_library(fc_test_parquet STATIC ../support/parquet.c file_source_fixture.c)
target_link_libraries(fc_test_parquet PUBLIC fc_test_scratch fc_test_specs fc_worker Cmocka::cmocka)
target_compile_definitions(fc_test_parquet PRIVATE FC_TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data")
fc_own_code(fc_test_parquet)

fc_unit_test(file_source SOURCES file_source_test.c DEPS fc_test_parquet)
fc_unit_test(file_scan SOURCES file_scan_test.c DEPS fc_test_parquet)
fc_unit_test(file_rows SOURCES file_rows_test.c DEPS fc_test_parquet)
fc_unit_test(file_part SOURCES file_part_test.c DEPS fc_test_parquet)
fc_unit_test(turns SOURCES turns_test.c DEPS fc_worker fc_test_scratch)
fc_unit_test(probe SOURCES probe_test.c probe_fixture.c DEPS fc_test_parquet)
fc_unit_test(access SOURCES access_test.c DEPS fc_worker)
fc_unit_test(newest SOURCES newest_test.c DEPS fc_worker)
fc_unit_test(text SOURCES text_test.c DEPS fc_worker)
fc_unit_test(stream_parts SOURCES stream_parts_test.c DEPS fc_test_scratch fc_worker)
fc_unit_test(redis_writer SOURCES redis_writer_test.c ../support/local_port.c DEPS fc_worker)
fc_unit_test(kafka_places SOURCES kafka_places_test.c DEPS fc_worker Rdkafka::rdkafka)
target_link_options(test_kafka_places PRIVATE -Wl,--wrap=rd_kafka_offsets_for_times
    -Wl,--wrap=rd_kafka_consume_queue -Wl,--wrap=rd_kafka_message_destroy)
fc_unit_test(stream_source SOURCES stream_source_test.c DEPS fc_worker fc_test_specs)
fc_unit_test(ingest SOURCES ingest_test.c ingest_fixture.c DEPS fc_test_parquet Jansson::jansson)
fc_unit_test(ingest_resume SOURCES ingest_resume_test.c DEPS fc_test_parquet SQLite::sqlite3)

# Requests of the worker, against a server that misbehaves on purpose.
add_library(fc_test_web STATIC ../support/web.c)
fc_own_code(fc_test_web)
fc_unit_test(sigv4 SOURCES sigv4_test.c DEPS fc_net)
fc_unit_test(xml SOURCES xml_test.c DEPS fc_net)
fc_unit_test(http_client SOURCES http_client_test.c DEPS fc_test_web fc_net)
fc_unit_test(aws SOURCES aws_test.c DEPS fc_test_web fc_test_scratch fc_net)
fc_unit_test(remote_file SOURCES remote_file_test.c DEPS fc_test_scratch fc_worker)
fc_unit_test(google SOURCES google_test.c DEPS fc_test_web fc_test_scratch fc_net)
fc_unit_test(bigquery_source SOURCES bigquery_source_test.c bigquery_fixture.c DEPS fc_test_web fc_test_scratch fc_worker)
fc_unit_test(bigquery_scan SOURCES bigquery_scan_test.c bigquery_fixture.c DEPS fc_test_web fc_test_scratch fc_worker)

# Descriptor sets as protoc makes them, each with all that it imports.
set(FC_TEST_FORMATS ${PROJECT_SOURCE_DIR}/tests/data/formats)
set(FC_TEST_DESCRIPTORS ${CMAKE_BINARY_DIR}/tests/descriptors)
foreach(name trip_events old-style many_files)
    add_custom_command(OUTPUT ${FC_TEST_DESCRIPTORS}/${name}.desc
        COMMAND ${CMAKE_COMMAND} -E make_directory ${FC_TEST_DESCRIPTORS}
        COMMAND ${FC_PROTOC} -I ${FC_TEST_FORMATS} -I ${FC_WELL_KNOWN_PROTOS} --include_imports
            --descriptor_set_out=${FC_TEST_DESCRIPTORS}/${name}.desc ${name}.proto
        DEPENDS ${FC_TEST_FORMATS}/${name}.proto VERBATIM)
    list(APPEND FC_TEST_DESCRIPTOR_SETS ${FC_TEST_DESCRIPTORS}/${name}.desc)
endforeach()
add_custom_target(fc_test_descriptors ALL DEPENDS ${FC_TEST_DESCRIPTOR_SETS})
fc_unit_test(protobuf_format SOURCES protobuf_format_test.c DEPS fc_formats fc_test_scratch fc_test_web)
target_compile_definitions(test_protobuf_format PRIVATE FC_TEST_DESCRIPTORS="${FC_TEST_DESCRIPTORS}")
add_dependencies(test_protobuf_format fc_test_descriptors)
fc_unit_test(confine SOURCES confine_test.c DEPS fc_confine fc_test_scratch)
fc_unit_test(kafka_config SOURCES kafka_config_test.c ../support/local_port.c DEPS fc_worker fc_test_scratch)
