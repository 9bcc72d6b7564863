#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The worker that follows a stream, with a real Kafka broker before it and SQLite or a real Redis behind it: every message
once, whatever becomes of worker, broker and store meanwhile.
"""

import base64
import json
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import tempfile
import threading
import time
import unittest

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from feastapi import ours
from kafkabroker import PLAIN, KafkaBroker, shared
from kinesis_follow import Server
from kinesisserver import REGION, Kinesalite
from redisserver import PASSWORD, Redis
from streamworker import (INT64, PATIENCE, SCHEMA, STRING, OnlineRow, StreamWorker, WorkOrder, event, kafka_order,
                          key_of)

SEED = int(os.environ.get("FC_SEED", "20201224"))
START = 1_609_459_200_000_000
DESCRIPTORS = pathlib.Path(os.environ["FC_BUILD_DIR"]) / "tests/descriptors"
EARLIEST, LATEST, AT_TIME = 0, 1, 2


def newest(events):
    """Key -> (time, number) of (key, time, number) in order: the newest, of equals the last."""
    found = {}
    for key, ts, number in events:
        if key not in found or ts >= found[key][0]:
            found[key] = (ts, number)
    return found


def in_sqlite(path):
    """Key in octets -> (time, number)."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT key, event_s, event_ns, features FROM feature_row").fetchall()
    finally:
        connection.close()
    found = {}
    for key, seconds, nanos, features in rows:
        values = {feature.name: feature.value for feature in OnlineRow.FromString(features).features}
        found[key] = (seconds * 1_000_000 + nanos // 1000, values["number"].int64_val)
    return found


def murmur3(data):
    mask = 0xFFFFFFFF
    h = 0
    blocks = len(data) // 4 * 4
    for at in range(0, blocks, 4):
        k = int.from_bytes(data[at:at + 4], "little") * 0xCC9E2D51 & mask
        h ^= (k << 15 | k >> 17) * 0x1B873593 & mask
        h = ((h << 13 | h >> 19) * 5 + 0xE6546B64) & mask
    if data[blocks:]:
        k = int.from_bytes(data[blocks:], "little") * 0xCC9E2D51 & mask
        h ^= ((k << 15 | k >> 17) & mask) * 0x1B873593 & mask
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & mask
    h = (h ^ h >> 13) * 0xC2B2AE35 & mask
    return struct.pack("<I", h ^ h >> 16)


def in_redis(redis):
    """The same of a Redis: (seconds of the time, number)."""
    value = ours().message("feast.types.Value")
    stamp = ours().message("google.protobuf.Timestamp")
    with redis.client() as client:
        return {key: (stamp.FromString(fields[b"_ts:events"]).seconds,
                      value.FromString(fields[murmur3(b"events:number")]).int64_val)
                for key, fields in client.dump().items()}


class StreamTest(unittest.TestCase):
    broker: KafkaBroker

    @classmethod
    def setUpClass(cls):
        cls.broker = shared()

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fc-stream-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.db = self.dir / "events.db"
        self.letters = self.dir / "letters.jsonl"
        self.topic = self.id().rpartition(".")[2]
        self.workers = []
        self.addCleanup(self._kill_all)

    def _kill_all(self):
        for worker in self.workers:
            worker.kill()

    def order(self, redis=None, from_=None, start=EARLIEST):
        order = kafka_order(self.broker.address["PLAINTEXT"], self.topic, json.dumps(SCHEMA))
        order.ingest_stream.start = start
        ingest = order.ingest_stream.ingest
        ingest.spec.name = "events"
        ingest.spec.entities.append("id")
        ingest.spec.features.add(name="number", value_type=INT64)
        ingest.spec.features.add(name="word", value_type=STRING)
        ingest.entities.add(name="id", value_type=INT64)
        ingest.dead_letter_path = str(self.letters)
        ingest.spec_revision = 7
        if redis is None:
            ingest.sqlite.path = str(self.db)
        else:
            ingest.redis.url = f"redis://127.0.0.1:{redis.port}"
            ingest.redis.layout = "a"
            ingest.redis.password = True
            ingest.redis.patience_ms = PATIENCE * 1000
        if from_ is not None:
            setattr_from(ingest, from_)
        return order

    def start(self, order=None, **options):
        worker = StreamWorker(order or self.order(**options), PASSWORD)
        self.workers.append(worker)
        return worker

    def produce(self, events, partitions=1):
        self.broker.produce(self.topic, [(key % partitions, event(key, ts, number)) for key, ts, number in events])

    def check(self, events):
        self.assertEqual(in_sqlite(self.db), {key_of(key): value for key, value in newest(events).items()})

    def lines(self):
        return [json.loads(line) for line in self.letters.read_text().splitlines()]


def setattr_from(ingest, progress):
    getattr(ingest, "from").CopyFrom(progress)


class Following(StreamTest):
    def test_every_message_then_on_from_there(self):
        self.broker.create(self.topic, 3)
        chance = random.Random(SEED)
        events = [(chance.randrange(200), START + chance.randrange(500), number) for number in range(2000)]
        self.produce(events[:1500], 3)
        worker = self.start().wait_read(1500)
        self.produce(events[1500:1600], 3)
        worker.wait_read(1600)
        self.assertEqual(worker.last.behind, 0)
        self.assertEqual(worker.last.partitions, 3)
        self.assertEqual(worker.last.trouble, "")
        result = worker.stop()
        self.assertFalse(result.HasField("error"), result)
        first = result.receipt
        self.assertEqual((first.rows_read, first.rows_rejected, first.spec_revision), (1600, 0, 7))
        self.assertEqual(first.rows_written + first.rows_late + first.rows_superseded, 1600)
        self.assertGreater(first.bytes_read, 1600)
        ends = {str(p): str(sum(key % 3 == p for key, _, _ in events[:1600])) for p in range(3)}
        self.assertEqual(worker.positions(), ends)
        self.assertEqual(first.source_version, ", ".join(f"{p}:{ends[str(p)]}" for p in range(3)))
        self.assertEqual(worker.last.newest_event.ToMicroseconds(), max(ts for _, ts, _ in events[:1600]))
        self.check(events[:1600])
        self.produce(events[1600:], 3)
        second = self.start(from_=worker.last, start=LATEST).wait_read(2000).stop().receipt
        self.assertEqual(second.rows_read, 2000)
        self.assertEqual(second.rows_written + second.rows_late + second.rows_superseded, 2000)
        self.assertGreater(second.bytes_read, first.bytes_read)
        self.assertGreaterEqual(second.seconds, first.seconds)
        self.check(events)

    def test_where_it_begins(self):
        self.broker.create(self.topic, 2)
        old = [(number, START, number) for number in range(20)]
        self.produce(old, 2)
        time.sleep(0.05)
        moment = int(time.time() * 1000)
        time.sleep(0.05)
        new = [(number, START + 1, number) for number in range(10, 30)]
        self.produce(new, 2)
        latest = self.start(start=LATEST).wait_reading()
        self.assertEqual(latest.positions(), {"0": "20", "1": "20"})
        # Nothing was read yet, and what comes while it is away is not lost.
        latest.kill()
        self.produce([(40, START, 40)], 2)
        self.start(from_=latest.last, start=LATEST).wait_read(1).stop()
        self.check([(40, START, 40)])
        self.db = self.dir / "since.db"
        order = self.order(start=AT_TIME)
        order.ingest_stream.start_time.FromMilliseconds(moment)
        since = self.start(order).wait_read(21).stop()
        self.assertEqual(since.receipt.rows_read, 21)
        self.check([*new, (40, START, 40)])

    def test_messages_that_cannot_be_used(self):
        self.broker.create(self.topic, 2)
        poison = [b"", b"\xff" * 11, event(1, START, 1)[:-1], b"{}"]
        self.broker.produce(self.topic, [
            *[(0, event(key, START, key)) for key in range(5)],
            *[(1, data, b"the key") for data in poison],
            (1, event(None, START, 6)), (1, event(7, START, 7, "nul \0 within")), (1, None, b"tombstone"),
            *[(1, event(key, START, key)) for key in range(10, 15)]])
        worker = self.start().wait_read(16)
        receipt = worker.stop().receipt
        self.assertEqual((receipt.rows_read, receipt.rows_written, receipt.rows_rejected), (16, 10, 6))
        self.assertEqual(worker.positions(), {"0": "5", "1": "12"})
        self.check([(key, START, key) for key in (*range(5), *range(10, 15))])
        lines = self.lines()
        self.assertEqual([(line["partition"], line["offset"], line["reason"]) for line in lines],
                         [*[("1", str(at), "UNDECODABLE") for at in range(4)], ("1", "4", "NULL"), ("1", "5", "NOT_TEXT")])
        for line, data in zip(lines, poison):
            self.assertEqual(base64.b64decode(line["raw"]), data)
            self.assertEqual(base64.b64decode(line["key"]), b"the key")
            self.assertIsNone(line["values"])
            self.assertTrue(line["message"])
            self.assertGreater(line["time_ms"], START // 1000)
        self.assertEqual(base64.b64decode(lines[4]["raw"]), event(None, START, 6))
        self.assertEqual((lines[4]["column"], lines[4]["values"]["number"]), ("id", 6))
        counts = {(r.column, r.reason): r.count for r in receipt.rejections}
        self.assertEqual(counts, {("", "UNDECODABLE"): 4, ("id", "NULL"): 1, ("word", "NOT_TEXT"): 1})
        # The same ones again: the account goes on, and so does the file.
        self.broker.produce(self.topic, [(0, data, b"the key") for data in poison])
        receipt = self.start(from_=worker.last).wait_read(20).stop().receipt
        self.assertEqual({(r.column, r.reason): r.count for r in receipt.rejections},
                         {**counts, ("", "UNDECODABLE"): 8})
        self.assertEqual(self.lines()[:6], lines)
        self.assertEqual([line["raw"] for line in self.lines()[6:]], [line["raw"] for line in lines[:4]])

    def test_partitions_that_are_added(self):
        from confluent_kafka.admin import NewPartitions
        self.broker.create(self.topic, 1)
        self.produce([(0, START, 0)])
        worker = self.start(start=LATEST).wait_reading()
        self.broker.admin.create_partitions([NewPartitions(self.topic, 3)])[self.topic].result(PATIENCE)
        self.broker.settle(self.topic, 3)
        added = [(1, START, 1), (2, START, 2)]
        self.produce(added, 3)
        worker.wait_read(2)
        self.assertEqual(worker.positions(), {"0": "1", "1": "1", "2": "1"})
        worker.stop()
        self.check(added)
        # One that appeared while no worker was there is read from its beginning too.
        told = worker.last
        self.broker.admin.create_partitions([NewPartitions(self.topic, 4)])[self.topic].result(PATIENCE)
        self.broker.settle(self.topic, 4)
        self.produce([(3, START, 3)], 4)
        self.start(from_=told, start=LATEST).wait_read(3).stop()
        self.check([*added, (3, START, 3)])

    def test_messages_that_expired(self):
        from confluent_kafka import TopicPartition
        self.broker.create(self.topic, 1)
        self.produce([(number, START, number) for number in range(10)])
        told = self.start().wait_read(10).kill()
        self.produce([(number, START, number) for number in range(10, 30)])
        for done in self.broker.admin.delete_records([TopicPartition(self.topic, 0, 30)]).values():
            done.result(PATIENCE)
        worker = self.start(from_=told)
        worker.wait(lambda: worker.last and worker.last.receipt.messages_lost == 20, "what was lost")
        self.assertEqual(worker.positions(), {"0": "30"})
        # Whoever comes after it does not count them again.
        told = worker.kill()
        self.produce([(30, START, 30)])
        receipt = self.start(from_=told).wait_read(11).stop().receipt
        self.assertEqual(receipt.messages_lost, 20)

    def test_a_topic_that_is_deleted(self):
        self.broker.create(self.topic, 1)
        self.produce([(0, START, 0)])
        worker = self.start().wait_read(1)
        self.broker.admin.delete_topics([self.topic])[self.topic].result(PATIENCE)
        result = worker.wait_result()
        self.assertEqual(result.error.reason, "SOURCE_UNREACHABLE")
        self.assertIn("there is no such topic", result.error.message)
        self.assertEqual(result.receipt.rows_read, 1)

    def test_access_that_is_withdrawn(self):
        from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
        self.broker.create(self.topic, 1)
        self.produce([(0, START, 0)])
        server = self.broker.address["SASL"]
        config = self.dir / "kafka.properties"
        config.write_text(f"[{server}]\nsecurity.protocol = SASL_PLAINTEXT\nsasl.mechanism = PLAIN\n"
                          f"sasl.username = {PLAIN[0]}\nsasl.password = {PLAIN[1]}\n")
        order = self.order()
        ingest = order.ingest_stream.ingest
        ingest.spec.stream_source.kafka_options.bootstrap_servers = server
        ingest.access.kafka_config = str(config)
        worker = self.start(order).wait_read(1)
        rule = AclBinding(ResourceType.TOPIC, self.topic, ResourcePatternType.LITERAL, f"User:{PLAIN[0]}", "*",
                          AclOperation.READ, AclPermissionType.DENY)
        for done in self.broker.admin.create_acls([rule]).values():
            done.result(PATIENCE)
        error = worker.wait_result().error
        self.assertEqual(error.reason, "SOURCE_UNREACHABLE")
        self.assertIn("does not authorize this server", error.message)
        self.check([(0, START, 0)])

    def test_orders_that_cannot_be_followed(self):
        self.broker.create(self.topic, 1)

        def fails(change):
            order = self.order()
            change(order.ingest_stream)
            return self.start(order).wait_result().error

        def wrong_type(stream):
            stream.ingest.spec.features[1].value_type = INT64

        error = fails(wrong_type)
        self.assertEqual(error.reason, "SOURCE_MISMATCH")
        self.assertIn("word", error.message)
        error = fails(lambda stream: stream.ingest.spec.ClearField("stream_source"))
        self.assertEqual((error.reason, error.message), ("REQUEST_INVALID", "the order has no stream source to read"))
        error = fails(lambda stream: setattr(stream, "start", AT_TIME))
        self.assertIn("begins at a time", error.message)
        error = fails(lambda stream: setattr(stream.ingest.spec.stream_source.kafka_options, "topic", "nowhere"))
        self.assertIn("there is no such topic", error.message)
        self.assertTrue(error.retryable)
        error = fails(lambda stream: setattr(stream.ingest.spec.stream_source.kafka_options, "bootstrap_servers",
                                             self.broker.nobody))
        self.assertEqual(error.reason, "SOURCE_UNREACHABLE")
        order = WorkOrder(id="empty")
        order.ingest_stream.SetInParent()
        self.assertEqual(self.start(order).wait_result().error.reason, "REQUEST_INVALID")

    def test_protobuf(self):
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString((DESCRIPTORS / "trip_events.desc").read_bytes()).file:
            pool.Add(file)
        trip = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("demo.trips.Trip"))
        self.broker.create(self.topic, 2)
        messages, events = [], []
        for number in range(300):
            message = trip(f_string=f"word {number}", f_int64=number % 50)
            message.f_time.FromMicroseconds(START + number)
            message.f_counts["number"] = number
            messages.append((number % 2, message.SerializeToString()))
            events.append((number % 50, START + number, number))
        self.broker.produce(self.topic, [*messages, (0, b"\xff\xff")])
        order = self.order()
        ingest = order.ingest_stream.ingest
        source = ingest.spec.stream_source
        source.kafka_options.message_format.proto_format.class_path = "com.example.trips.TripEvents.Trip"
        source.event_timestamp_column = "f_time"
        for name, field in {"id": "f_int64", "number": "f_counts.number", "word": "f_string"}.items():
            source.field_mapping[name] = field
        ingest.access.descriptors = str(DESCRIPTORS)
        receipt = self.start(order).wait_read(301).stop().receipt
        self.assertEqual((receipt.rows_read, receipt.rows_rejected), (301, 1))
        self.check(events)


class Killed(StreamTest):
    """Workers that end at any moment; each goes on from what the one before told last."""

    def run_with_kills(self, redis, chance):
        self.broker.create(self.topic, 3)
        events = [(chance.randrange(500), START + 1_000_000 * number, number) for number in range(9000)]
        producer = threading.Thread(target=lambda: [self.produce(events[at:at + 300], 3) for at in range(0, 9000, 300)])
        producer.start()
        told, kills = None, 0
        while told is None or told.rows_read < len(events):
            worker = self.start(redis=redis, from_=told)
            before = told.rows_read if told else 0
            if kills < 6:
                goal = before + chance.randrange(1, 1200)
                worker.wait(lambda: worker.last and worker.last.rows_read >= min(goal, len(events)), "a part of it")
                time.sleep(chance.random() * 0.2)
                kills += 1
                told = worker.kill()
            else:
                producer.join()
                worker.wait_read(len(events)).stop()
                told = worker.last
        producer.join()
        # Each message is in the account once, however often it was written.
        self.assertEqual(told.rows_read, len(events))
        receipt = told.receipt
        self.assertEqual(receipt.rows_written + receipt.rows_late + receipt.rows_superseded, len(events))
        return events

    def test_killed_before_sqlite(self):
        self.check(self.run_with_kills(None, random.Random(SEED)))

    def test_killed_before_redis(self):
        redis = Redis().start()
        self.addCleanup(redis.close)
        events = self.run_with_kills(redis, random.Random(SEED + 1))
        self.assertEqual(in_redis(redis), {key_of(key): (ts // 1_000_000, number)
                                           for key, (ts, number) in newest(events).items()})


class Stores(StreamTest):
    def test_a_redis_that_goes_and_comes_back(self):
        redis = Redis(keep=True).start()
        self.addCleanup(redis.close)
        self.broker.create(self.topic, 1)
        events = [(number, START, number) for number in range(200)]
        self.produce(events[:100])
        worker = self.start(redis=redis).wait_read(100)
        with redis.client() as client:
            client.send("SHUTDOWN")
        redis.process.wait(PATIENCE)
        self.produce(events[100:])
        redis.start()
        worker.wait_read(200)
        self.assertFalse(worker.stop().HasField("error"))
        self.assertEqual(len(in_redis(redis)), 200)

    def test_a_redis_that_stays_away(self):
        redis = Redis().start()
        self.addCleanup(redis.close)
        self.broker.create(self.topic, 1)
        self.produce([(0, START, 0)])
        order = self.order(redis=redis)
        order.ingest_stream.ingest.redis.patience_ms = 100
        worker = self.start(order).wait_read(1)
        redis.stop()
        self.produce([(1, START, 1)])
        error = worker.wait_result().error
        self.assertEqual(error.reason, "ONLINE_STORE_UNAVAILABLE")
        self.assertTrue(error.retryable)
        # What it told does not hold the message that was not written.
        self.assertEqual(worker.positions(), {"0": "1"})

    def test_trouble_is_told_while_the_store_is_waited_for(self):
        redis = Redis(keep=True).start()
        self.addCleanup(redis.close)
        self.broker.create(self.topic, 1)
        events = [(number, START, number) for number in range(4)]
        self.produce(events[:1])
        worker = self.start(redis=redis).wait_read(1)
        redis.stop()
        self.produce(events[1:2])
        worker.wait(lambda: worker.last.trouble, "trouble")
        self.assertIn(f"Redis at 127.0.0.1:{redis.port}", worker.last.trouble)
        self.assertNotIn(PASSWORD, worker.last.trouble)
        # What is told with it is without the message that waits.
        self.assertEqual((worker.positions(), worker.last.rows_read), ({"0": "1"}, 1))
        redis.start()
        worker.wait_read(2).wait(lambda: not worker.last.trouble, "no trouble")
        # One that is stopped has no connection refused: it does not answer.
        redis.pause(True)
        self.produce(events[2:3])
        worker.wait(lambda: worker.last.trouble, "trouble")
        redis.pause(False)
        worker.wait_read(3).wait(lambda: not worker.last.trouble, "no trouble")
        # It can be told to end meanwhile, and the next one goes on.
        redis.stop()
        self.produce(events[3:])
        worker.wait(lambda: worker.last.trouble, "trouble")
        result = worker.stop()
        self.assertFalse(result.HasField("error"), result)
        self.assertEqual((worker.positions(), result.receipt.rows_read), ({"0": "3"}, 3))
        redis.start()
        receipt = self.start(redis=redis, from_=worker.last).wait_read(4).stop().receipt
        self.assertEqual((receipt.rows_read, receipt.rows_written), (4, 4))
        self.assertEqual(len(in_redis(redis)), 4)

    def test_a_batch_into_the_same_file_meanwhile(self):
        import pyarrow as pa
        import pyarrow.parquet as pq
        rows = 60_000
        pq.write_table(pa.table({
            "id": pa.array(range(rows), pa.int64()), "number": pa.array(range(rows), pa.int64()),
            "word": pa.nulls(rows, pa.string()), "ts": pa.array([START] * rows, pa.timestamp("us", tz="UTC")),
        }), self.dir / "rows.parquet")
        self.broker.create(self.topic, 1)
        events = [(number % rows, START + number, number) for number in range(0, 4000)]
        stream = self.start().wait_reading()
        order = WorkOrder(id="batch")
        order.ingest_batch.CopyFrom(self.order().ingest_stream.ingest)
        order.ingest_batch.dead_letter_path = ""
        source = order.ingest_batch.spec.batch_source
        source.type, source.event_timestamp_column = 1, "ts"
        source.file_options.file_url = (self.dir / "rows.parquet").as_uri()
        source.file_options.file_format.parquet_format.SetInParent()
        batch = self.start(order)
        for at in range(0, len(events), 500):
            self.produce(events[at:at + 500])
        self.assertFalse(batch.wait_result().HasField("error"), batch.result)
        self.assertFalse(stream.wait_read(len(events)).stop().HasField("error"))
        self.check([*[(number, START, number) for number in range(rows)], *events])


class Kinesis(StreamTest):
    def put(self, server, events):
        server.client.put_records(StreamName="events", Records=[
            {"Data": event(key, ts, number), "PartitionKey": str(key)} for key, ts, number in events])

    def begin(self, url, told=None):
        order = self.order(from_=told)
        ingest = order.ingest_stream.ingest
        source = ingest.spec.stream_source
        message_format = source.kafka_options.message_format
        source.type = 4
        source.kinesis_options.region, source.kinesis_options.stream_name = REGION, "events"
        source.kinesis_options.record_format.CopyFrom(message_format)
        ingest.access.kinesis_endpoint = url
        worker = StreamWorker(order, env={"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
                                          "AWS_EC2_METADATA_DISABLED": "true"})
        self.workers.append(worker)
        return worker

    def test_a_stream_whose_shards_are_split_and_merged(self):
        kinesalite = Kinesalite()
        self.addCleanup(kinesalite.stop)
        server = Server(kinesalite.start().client())
        server.create("events", 2)
        events = [(number % 40, START + number, number) for number in range(800)]
        self.put(server, events[:200])
        worker = self.begin(kinesalite.url).wait_read(200)
        server.split("events")
        self.put(server, [*events[200:400]])
        worker.wait_read(400)
        told = worker.kill()
        server.merge("events")
        self.put(server, events[400:600])
        worker = self.begin(kinesalite.url, told).wait_read(600)
        server.client.put_record(StreamName="events", Data=b"\xff", PartitionKey="poison")
        self.put(server, events[600:])
        worker.wait_read(801)
        # Shards that are read to their end are not told for ever.
        now_open = {one[2] for one in server.open_shards("events")}
        worker.wait(lambda: set(worker.positions()) == now_open, "the positions of open shards alone")
        receipt = worker.stop().receipt
        self.assertEqual((receipt.rows_read, receipt.rows_rejected), (801, 1))
        self.check(events)
        line, = self.lines()
        self.assertEqual((line["reason"], base64.b64decode(line["raw"])), ("UNDECODABLE", b"\xff"))
        self.assertTrue(line["partition"].startswith("shardId-"))


class Brokers(StreamTest):
    """Last of all, for it takes the broker away."""

    def test_zz_a_broker_that_is_killed_and_comes_back(self):
        self.broker.create(self.topic, 2)
        events = [(number, START, number) for number in range(400)]
        self.produce(events[:200], 2)
        worker = self.start().wait_read(200)
        self.broker.kill()
        worker.wait(lambda: worker.last.trouble, "trouble")
        self.broker.launch().wait()
        self.produce(events[200:], 2)
        worker.wait_read(400)
        worker.wait(lambda: not worker.last.trouble, "no trouble")
        self.assertEqual(worker.stop().receipt.rows_read, 400)
        self.check(events)


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Following, Killed, Stores, Kinesis, Brokers))


if __name__ == "__main__":
    unittest.main()
