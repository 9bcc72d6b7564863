#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ingestion and online reads through the unmodified clients: feast.Client 0.9.9 and feast_spark.Client 0.2.37."""

import datetime
import json

import sdk  # first: it imports the real packages

import feast_spark
from feast import Entity, Feature, FeatureTable, FileSource, KafkaSource, ValueType
from feast.data_format import AvroFormat, ParquetFormat
from feast.pyspark.abc import BatchIngestionJob, SparkJobStatus, StreamIngestionJob
from feast_spark.pyspark.abc import SparkJobStatus as SparkStatus

import feastcore
import feasttables as tables

SCHEMA = {"type": "record", "name": "Trip", "fields": [
    {"name": "carrier", "type": "string"}, {"name": "dest", "type": "string"},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}}]}
START, END = datetime.datetime(2013, 1, 1), datetime.datetime(2013, 3, 2)


class Jobs(sdk.SdkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spark = feast_spark.Client(cls.client)
        cls.table = FeatureTable(
            "flights", ["carrier", "flight"],
            [Feature(name, ValueType[kind]) for name, kind in tables.FLIGHTS_FEATURES.items()],
            batch_source=FileSource(
                event_timestamp_column=tables.FLIGHTS_TIME, file_format=ParquetFormat(),
                file_url=tables.file_url(tables.FLIGHTS)))
        cls.client.apply([Entity("carrier", "", ValueType.STRING), Entity("flight", "", ValueType.INT64), cls.table])

    def follow(self, job, completed):
        feastcore.wait_until(lambda: job.get_status() not in (
            SparkJobStatus.STARTING, SparkJobStatus.IN_PROGRESS, SparkStatus.STARTING, SparkStatus.IN_PROGRESS),
            "the end of a job")
        self.assertEqual(job.get_status(), completed)

    def test_1_legacy_client_ingests(self):
        job = self.client.start_offline_to_online_ingestion(self.table, START, END)
        self.assertIsInstance(job, BatchIngestionJob)
        self.assertEqual(job.get_feature_table(), "flights")
        self.assertLess(abs(job.get_start_time() - datetime.datetime.utcnow()), datetime.timedelta(hours=1))
        self.follow(job, SparkJobStatus.COMPLETED)
        again = self.client.get_job_by_id(job.get_id())
        self.assertEqual((again.get_id(), again.get_status()), (job.get_id(), SparkJobStatus.COMPLETED))
        self.assertEqual([one.get_id() for one in self.client.list_jobs(True, "flights")], [job.get_id()])
        self.assertEqual(self.client.list_jobs(False), [])

    def test_2_spark_client_ingests(self):
        job = self.spark.start_offline_to_online_ingestion(self.table, START, END)
        self.follow(job, SparkStatus.COMPLETED)
        self.assertEqual(job.get_error_message(), "")
        self.assertEqual(self.spark.get_job_by_id(job.get_id()).get_feature_table(), "flights")
        ids = [one.get_id() for one in self.spark.list_jobs(True, project="default", table_name="flights")]
        self.assertIn(job.get_id(), ids)
        self.assertEqual(self.spark.list_jobs(True, project="elsewhere"), [])

    def test_3_values_are_those_of_the_file(self):
        expected = tables.newest(tables.FLIGHTS, tables.FLIGHTS_ENTITIES, tables.FLIGHTS_TIME)
        keys = list(expected)
        refs = [f"flights:{feature}" for feature in tables.FLIGHTS_FEATURES]
        rows = [{"carrier": carrier, "flight": flight} for carrier, flight in keys]
        found = self.client.get_online_features(refs, rows).to_dict()
        self.assertEqual(list(zip(found["carrier"], found["flight"])), keys)
        for feature in tables.FLIGHTS_FEATURES:
            self.assertEqual(found[f"flights:{feature}"], [expected[key][feature] for key in keys], feature)

    def test_4_unknown_key(self):
        rows = [{"carrier": "UA", "flight": 999999}]
        self.assertEqual(self.client.get_online_features(["flights:origin"], rows).to_dict(), {
            "carrier": ["UA"], "flight": [999999], "flights:origin": [None]})

    def test_5_mistakes_are_told(self):
        self.raises("flightz", self.client.get_online_features, ["flightz:origin"], [{"carrier": "UA", "flight": 1}])
        self.raises("flight", self.client.get_online_features, ["flights:origin"], [{"carrier": "UA"}])
        self.raises("0" * 32, self.client.get_job_by_id, "0" * 32)
        absent = FeatureTable("absent", ["carrier"], [])
        self.raises("absent", self.client.start_offline_to_online_ingestion, absent, START, END)

    def test_6_cancel(self):
        job = self.client.start_offline_to_online_ingestion(self.table, START, END)
        job.cancel()
        feastcore.wait_until(lambda: job.get_status() in (SparkJobStatus.COMPLETED, SparkJobStatus.FAILED),
                             "the end of a cancelled job")


class Streams(sdk.SdkTest):
    """Of a topic whose broker does not answer: its job lives on, and is listed, found and cancelled."""

    @classmethod
    def setUpClass(cls):
        super(sdk.SdkTest, cls).setUpClass()
        cls.core = cls.class_server("--sources-schemes=file", "--sources-schemes=kafka", "--validation=off")
        cls.client = cls.make_client()
        cls.spark = feast_spark.Client(cls.client)
        batch = FileSource(event_timestamp_column="ts", file_format=ParquetFormat(), file_url="file:///nowhere.parquet")
        stream = KafkaSource(event_timestamp_column="ts", bootstrap_servers="127.0.0.1:9", topic="trips",
                             message_format=AvroFormat(json.dumps(SCHEMA)))
        cls.table = FeatureTable("streamed", ["carrier"], [Feature("dest", ValueType.STRING)],
                                 batch_source=batch, stream_source=stream)
        cls.plain = FeatureTable("plain", ["carrier"], [Feature("dest", ValueType.STRING)], batch_source=batch)
        cls.client.apply([Entity("carrier", "", ValueType.STRING), cls.table, cls.plain])

    def test_started_listed_and_cancelled(self):
        job = self.client.start_stream_to_online_ingestion(self.table)
        self.assertIsInstance(job, StreamIngestionJob)
        self.assertEqual(job.get_feature_table(), "streamed")
        self.assertEqual(self.spark.start_stream_to_online_ingestion(self.table).get_id(), job.get_id())
        self.assertIn(job.get_status(), (SparkJobStatus.STARTING, SparkJobStatus.IN_PROGRESS))
        found = self.spark.get_job_by_id(job.get_id())
        self.assertEqual(len(found.get_hash()), 32)
        self.assertEqual([one.get_id() for one in self.spark.list_jobs(False, table_name="streamed")], [job.get_id()])
        self.assertEqual(self.spark.get_health_metrics("default", ["plain", "absent"]),
                         {"passed": ["plain"], "failed": ["absent"]})
        job.cancel()
        self.assertEqual(job.get_status(), SparkJobStatus.FAILED)
        self.assertEqual(self.spark.list_jobs(False, table_name="streamed"), [])
        again = self.spark.start_stream_to_online_ingestion(self.table)
        self.assertNotEqual(again.get_id(), job.get_id())
        again.cancel()

    def test_a_table_without_a_stream(self):
        self.raises("plain", self.client.start_stream_to_online_ingestion, self.plain)
        self.raises("plain", self.spark.start_stream_to_online_ingestion, self.plain)


class Schedules(sdk.SdkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spark = feast_spark.Client(cls.client)
        cls.table = FeatureTable(
            "nightly", ["carrier", "flight"], [Feature("dest", ValueType.STRING)],
            batch_source=FileSource(
                event_timestamp_column=tables.FLIGHTS_TIME, file_format=ParquetFormat(),
                file_url=tables.file_url(tables.FLIGHTS)))
        cls.client.apply([Entity("carrier", "", ValueType.STRING), Entity("flight", "", ValueType.INT64), cls.table])

    def schedules(self):
        return [(one.project, one.table, one.cron, one.timespan_days)
                for one in self.core.api.admin.ListSchedules().schedules]

    def test_schedule_replace_and_unschedule(self):
        self.spark.schedule_offline_to_online_ingestion(self.table, 2, "0 3 * * mon-fri")
        self.assertEqual(self.schedules(), [("default", "nightly", "0 3 * * mon-fri", 2)])
        self.spark.schedule_offline_to_online_ingestion(self.table, 7, "@weekly")
        self.assertEqual(self.schedules(), [("default", "nightly", "@weekly", 7)])
        self.spark.unschedule_offline_to_online_ingestion(self.table)
        self.assertEqual(self.schedules(), [])
        self.spark.unschedule_offline_to_online_ingestion(self.table)

    def test_mistakes_are_told(self):
        with self.assertRaisesRegex(RuntimeError, "not a valid cron expression"):
            self.spark.schedule_offline_to_online_ingestion(self.table, 1, "61 * * * *")
        # What the client's own check lets pass and the server does not run.
        self.raises("day of month", self.spark.schedule_offline_to_online_ingestion, self.table, 1, "0 0 L * *")
        self.raises("ingestion_timespan", self.spark.schedule_offline_to_online_ingestion, self.table, 0, "@daily")
        absent = FeatureTable("absent", ["carrier"], [])
        self.raises("absent", self.spark.schedule_offline_to_online_ingestion, absent, 1, "@daily")
        self.assertEqual(self.schedules(), [])


if __name__ == "__main__":
    feastcore.run()
