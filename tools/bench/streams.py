# SPDX-License-Identifier: Apache-2.0
"""An apply that looks at a Kafka topic of 64 partitions with Avro messages, in a real broker on this machine."""

import io
import json

import fastavro

import feasttables as tables
from feastapi import core_pb, source_pb
from kafkabroker import KafkaBroker

APPLY = "/feast.core.CoreService/ApplyFeatureTable"
PARTITIONS, MESSAGES = 64, 64 * 1000
OFF = "ApplyFeatureTable new, a topic of 64 partitions, validation off, c=1"
LOOKED_AT = "ApplyFeatureTable new, a topic of 64 partitions looked at, c=1"
GOAL_US = 300_000

FIELDS = {f"feature_{number}": ("long", "double", "string", "boolean")[number % 4] for number in range(20)}
TYPES = {"long": "INT64", "double": "DOUBLE", "string": "STRING", "boolean": "BOOL"}
SCHEMA = {"type": "record", "name": "Row", "fields": [
    {"name": "id", "type": "long"}, {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    *({"name": name, "type": ["null", kind]} for name, kind in FIELDS.items())]}


def messages():
    schema = fastavro.parse_schema(SCHEMA)
    values = {"long": 7, "double": 0.5, "string": "some text", "boolean": True}
    for number in range(MESSAGES):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, {
            "id": number, "ts": 1_609_459_200_000 + number, **{name: values[kind] for name, kind in FIELDS.items()}})
        yield number % PARTITIONS, out.getvalue()


def request(broker, target, number):
    """A new table over the topic, and over a file of one row."""
    stream = source_pb.DataSource(type=source_pb.DataSource.STREAM_KAFKA, event_timestamp_column="ts")
    stream.kafka_options.bootstrap_servers = broker.address["PLAINTEXT"]
    stream.kafka_options.topic = "wide"
    stream.kafka_options.message_format.avro_format.schema_json = json.dumps(SCHEMA)
    spec = tables.table(f"stream_{number}", ["id"], {name: TYPES[kind] for name, kind in FIELDS.items()},
                        tables.file_source(target.batch, "ts"), stream_source=stream)
    return core_pb.ApplyFeatureTableRequest(project=target.project, table_spec=spec)


def prepare(bench, target):
    """Fills the topic; what the rows need. The caller stops the broker."""
    broker = KafkaBroker(heap="512m").start()
    try:
        broker.create("wide", PARTITIONS)
        broker.produce("wide", messages())
        target.api.apply_entity("id", "INT64", target.project)
        values = {"long": 7, "double": 0.5, "string": "some text", "boolean": True}
        target.batch = tables.write(bench.scratch / "batch.parquet", {
            "id": [1], "ts": [tables.at(0)], **{name: [values[kind]] for name, kind in FIELDS.items()}})
    except BaseException:
        broker.stop()
        raise
    return broker


def measure(bench, target, broker):
    for row, metadata in ((OFF, "feast-validation=off"), (LOOKED_AT, None)):
        requests = [request(broker, target, number) for number in target.fresh(20)]
        bench.measure(row, target, APPLY, requests, 1, once=True, metadata=metadata)
    report = target.api.report(requests[-1].table_spec.name, target.project)
    if any(source.state != 1 for source in report.sources):
        raise SystemExit(f"{LOOKED_AT}: not looked at: {report}")
