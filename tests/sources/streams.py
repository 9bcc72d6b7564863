#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables over streams in a whole server: messages of the official clients in a real Kafka broker and in moto's
Kinesis, and what an apply says of them."""

import io
import json
import os
import pathlib
import struct

import fastavro
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import feastcore
import feasttables as tables
from feastapi import source_pb
from kafkabroker import PLAIN, KafkaBroker
from kinesisserver import REGION, Moto

SCHEMA = {"type": "record", "name": "Flight", "fields": [
    {"name": "carrier", "type": "string"},
    {"name": "flight", "type": "long"},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "delay", "type": ["null", "int"]},
    {"name": "distance", "type": {"type": "array", "items": "string"}},
]}
START_MS = 1_609_459_200_000
DESCRIPTORS = pathlib.Path(os.environ["FC_BUILD_DIR"]) / "tests/descriptors"


def encoded(number):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(SCHEMA), {
        "carrier": "AA", "flight": number, "ts": START_MS + number, "delay": number % 90 or None, "distance": []})
    return out.getvalue()


def trip_type():
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString((DESCRIPTORS / "trip_events.desc").read_bytes()).file:
        pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("demo.trips.Trip"))


Trip = trip_type()


def trip(number):
    message = Trip(f_string="AA", f_int64=number, f_int32=number % 90)
    message.f_time.FromMilliseconds(START_MS + number)
    message.f_counts["delay"] = number
    if number % 2:
        message.f_place.last.f_int32 = 1
    return message.SerializeToString()


class Streams(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = KafkaBroker()
        cls.addClassCleanup(cls.broker.stop)
        cls.broker.start()
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)
        cls.moto.start()
        cls.broker.create("flights", 64)
        cls.broker.produce("flights", [(number % 64, encoded(number)) for number in range(3200)])
        cls.broker.create("empty", 2)
        cls.broker.create("text", 1)
        cls.broker.produce("text", [(0, b"\xff" * 9)] * 3)
        cls.broker.create("framed", 1)
        cls.broker.produce("framed", [(0, b"\0" + struct.pack(">I", 7) + encoded(number)) for number in range(50)])
        cls.broker.create("mixed", 1)
        cls.broker.produce("mixed", [(0, encoded(number) if number % 10 else b"{}") for number in range(50)])
        cls.broker.create("protobuf", 2)
        cls.broker.produce("protobuf", [(number % 2, trip(number)) for number in range(60)])
        kinesis = cls.moto.client("kinesis", cls.moto.good)
        kinesis.create_stream(StreamName="flights", ShardCount=2)
        kinesis.put_records(StreamName="flights", Records=[
            {"Data": encoded(number), "PartitionKey": str(number)} for number in range(100)])
        config = pathlib.Path(cls.name("kafka.properties"))
        config.write_text(f"[{cls.broker.address['SASL']}]\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
                          f"sasl.username={PLAIN[0]}\nsasl.password={PLAIN[1]}\n")
        cls.core = cls.class_server(
            "--stream-descriptors", str(DESCRIPTORS), "--sources-kafka-config", str(config), "--sources-kinesis-endpoint", cls.moto.url,
            env={"AWS_ACCESS_KEY_ID": cls.moto.good[0], "AWS_SECRET_ACCESS_KEY": cls.moto.good[1],
                 "AWS_EC2_METADATA_DISABLED": "true"})
        cls.api = cls.core.api
        tables.apply_entities(cls.api)

    def spec(self, name, stream, **features):
        stream.event_timestamp_column = "ts"
        stream.field_mapping["dep_delay"] = "delay"
        batch = tables.file_source(tables.FLIGHTS, tables.FLIGHTS_TIME)
        return tables.table(name, tables.FLIGHTS_ENTITIES, {"dep_delay": "INT32", **features}, batch,
                            stream_source=stream)

    def kafka(self, topic="flights", listener="PLAINTEXT", servers=None):
        source = source_pb.DataSource(type=source_pb.DataSource.STREAM_KAFKA)
        source.kafka_options.bootstrap_servers = servers or self.broker.address[listener]
        source.kafka_options.topic = topic
        source.kafka_options.message_format.avro_format.schema_json = json.dumps(SCHEMA)
        return source

    def kinesis(self, stream="flights"):
        source = source_pb.DataSource(type=source_pb.DataSource.STREAM_KINESIS)
        source.kinesis_options.region = REGION
        source.kinesis_options.stream_name = stream
        source.kinesis_options.record_format.avro_format.schema_json = json.dumps(SCHEMA)
        return source

    def applied(self, spec):
        """What the report says of the stream."""
        self.api.apply_table(spec)
        report = self.api.report(spec.name)
        found, = (source for source in report.sources if source.kind in (3, 4))
        return found

    def refused(self, spec, *texts):
        message = self.fails("INVALID_ARGUMENT", self.api.apply_table, spec)
        for text in texts:
            self.assertIn(text, message)

    def fits(self, found, rows):
        self.assertEqual((found.state, found.rows_sampled, found.rows_invalid), (1, rows, 0), found)
        columns = {column.column: column for column in found.columns}
        self.assertGreater(columns["delay"].null_count, 0)
        self.assertEqual(columns["flight"].null_count, 0)

    def test_a_topic_of_64_partitions(self):
        self.fits(self.applied(self.spec("wide", self.kafka())), 1000)

    def test_a_login_by_the_operators_file(self):
        self.fits(self.applied(self.spec("login", self.kafka(listener="SASL"))), 1000)

    def test_a_kinesis_stream(self):
        self.fits(self.applied(self.spec("kinesis", self.kinesis())), 100)

    def test_what_does_not_fit(self):
        for name, source in (("wrong_kafka", self.kafka()), ("wrong_kinesis", self.kinesis())):
            self.refused(self.spec(name, source, distance="INT64"), name, "distance", "array<string>")
            self.refused(self.spec(name, source, nowhere="STRING"), name, "nowhere")

    def test_messages_that_are_no_such_records(self):
        self.refused(self.spec("text", self.kafka("text")), "text")

    def test_frames_of_a_schema_registry(self):
        found = self.applied(self.spec("framed", self.kafka("framed")))
        self.assertEqual((found.state, found.rows_sampled, found.rows_invalid), (1, 50, 0), found)
        self.assertIn("50 of 50 messages begin with a frame of Confluent's schema registry", "".join(found.notes))

    def test_a_few_messages_that_are_no_such_records(self):
        self.refused(self.spec("mixed", self.kafka("mixed")),
                     "5 of 50 sampled messages cannot be decoded, the first at partition 0, offset 0")

    def protobuf(self, class_path="com.example.trips.TripEvents.Trip"):
        source = self.kafka("protobuf")
        source.kafka_options.message_format.proto_format.class_path = class_path
        return source

    def protobuf_spec(self, name, source):
        spec = self.spec(name, source, distance="INT64", arr_delay="INT32")
        spec.stream_source.event_timestamp_column = "f_time"
        for column, field in (("carrier", "f_string"), ("flight", "f_int64"), ("dep_delay", "f_int32"),
                              ("distance", "f_counts.delay"), ("arr_delay", "f_place.last.f_int32")):
            spec.stream_source.field_mapping[column] = field
        return spec

    def test_protobuf(self):
        found = self.applied(self.protobuf_spec("protobuf", self.protobuf()))
        self.assertEqual((found.state, found.rows_sampled, found.rows_invalid), (1, 60, 0), found)
        self.assertEqual(found.newest_event.seconds, START_MS // 1000)
        columns = {column.column: column for column in found.columns}
        self.assertEqual((columns["f_counts.delay"].max, columns["f_counts.delay"].null_count), ("59", 0))
        self.assertEqual(columns["f_place.last.f_int32"].null_count, 30)
        self.refused(self.protobuf_spec("protobuf_wrong", self.protobuf("com.example.trips.Trip")),
                     "is none of the", "did you mean \"com.example.trips.TripEvents.Trip\"?")

    def test_streams_out_of_reach_are_judged_by_their_schema(self):
        for name, source, text in (
                ("missing", self.kafka("missing"), "there is no such topic"),
                ("down", self.kafka(servers=self.broker.nobody), f"{self.broker.nobody}: Connection refused"),
                ("missing_stream", self.kinesis("missing"), "there is no such stream")):
            found = self.applied(self.spec(name, source))
            self.assertIn(text, found.message + "".join(found.notes), found)
            self.refused(self.spec(f"{name}_wrong", source, nowhere="STRING"), "nowhere")
        found = self.applied(self.spec("empty", self.kafka("empty")))
        self.assertIn("no", found.message + "".join(found.notes), found)
        topics = self.broker.admin.list_topics(timeout=60).topics
        self.assertNotIn("missing", topics)


if __name__ == "__main__":
    feastcore.run()
