#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kinesis streams as a probe sees them: served by moto with signatures and policies verified; what moto never says
comes from a stand-in."""

import json
import os
import pathlib
import subprocess
import time
import unittest

from kinesisserver import PATIENCE, REGION, Moto, StandIn, packed, record, shard
from peers import free_ports

LOOK = pathlib.Path(os.environ["FC_BUILD_DIR"]) / "tests/broker_look"
DEADLINE_MS = 60000


class Kinesis(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)
        cls.moto.start()
        cls.kinesis = cls.moto.client("kinesis", cls.moto.good)
        cls.create("trips", 3)
        cls.put("trips", range(300))

    @classmethod
    def create(cls, stream, shards):
        cls.kinesis.create_stream(StreamName=stream, ShardCount=shards)
        cls.settle(stream)

    @classmethod
    def settle(cls, stream):
        end = time.monotonic() + PATIENCE
        while cls.kinesis.describe_stream_summary(
                StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
            if time.monotonic() > end:
                raise AssertionError(f"{stream} does not become active")
            time.sleep(0.05)

    @classmethod
    def put(cls, stream, numbers):
        cls.kinesis.put_records(StreamName=stream, Records=[
            {"Data": b"%d" % n, "PartitionKey": f"k{n}"} for n in numbers])

    def look(self, stream="trips", region=REGION, keys=None, env=None, endpoint=None, **options):
        keys = keys or self.moto.good
        environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        environment.update({"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1],
                            "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(self.moto.dir), **(env or {})})
        environment = {name: text for name, text in environment.items() if text}
        if env is None or not any(name.startswith("AWS_ENDPOINT") for name in env):
            options["endpoint"] = endpoint or self.moto.url
        options.setdefault("deadline_ms", DEADLINE_MS)
        done = subprocess.run(
            [LOOK, "kinesis", region, stream] + [f"{key}={value}" for key, value in options.items()],
            capture_output=True, text=True, timeout=PATIENCE, env=environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def stand_in(self, **answers):
        """One that has a stream of one shard; `answers` go before what it says."""
        summary = {"StreamDescriptionSummary": {"StreamStatus": "ACTIVE"}}
        usual = {"DescribeStreamSummary": [(200, summary)], "ListShards": [(200, {"Shards": [shard(0)]})],
                 "GetShardIterator": [(200, {"ShardIterator": "a"})],
                 "GetRecords": [(200, {"Records": [record(b"x")], "MillisBehindLatest": 0})]}
        stand_in = StandIn({action: answers.get(action, []) + given for action, given in usual.items()})
        self.addCleanup(stand_in.stop)
        return stand_in

    def sees(self, seen, count):
        self.assertIn("messages", seen, seen.get("message"))
        self.assertEqual(len(seen["messages"]), count)
        self.assertFalse(seen["cut"])
        return seen["messages"]

    def fails(self, seen, reason, *texts):
        self.assertEqual(seen.get("reason"), reason, seen)
        for text in texts:
            self.assertIn(text, seen["message"])
        for secret in (self.moto.good[1], self.moto.weak[1]):
            self.assertNotIn(secret, seen["message"])

    # What is read

    def test_records_of_every_shard(self):
        seen = self.look()
        self.assertEqual(seen["partitions"], 3)
        messages = self.sees(seen, 300)
        self.assertEqual(sorted(int(m["value"]) for m in messages), list(range(300)))
        self.assertEqual({m["partition"] for m in messages}, {shard(n)["ShardId"] for n in range(3)})
        for message in messages:
            self.assertEqual(message["key"], "k" + message["value"])
            self.assertTrue(message["offset"].isdigit())
            self.assertGreater(message["time_ms"], 1_500_000_000_000)

    def test_fewer_rows_than_there_are(self):
        messages = self.sees(self.look(rows=30), 30)
        self.assertEqual(len({m["partition"] for m in messages}), 3)
        self.sees(self.look(rows=1), 1)

    def test_a_stream_that_was_resharded(self):
        self.create("moved", 1)
        self.put("moved", range(10))
        self.kinesis.split_shard(StreamName="moved", ShardToSplit=shard(0)["ShardId"],
                                 NewStartingHashKey=str(2 ** 127))
        self.settle("moved")
        seen = self.look("moved")
        self.assertEqual(seen["partitions"], 2)
        before = len(self.sees(seen, 10))
        self.put("moved", range(10, 20))
        self.assertEqual(before, 10)
        self.assertEqual(sorted(int(m["value"]) for m in self.sees(self.look("moved"), 20)), list(range(20)))

    def test_a_stream_without_records(self):
        self.create("empty", 2)
        self.sees(self.look("empty"), 0)

    def test_binary_and_empty_records(self):
        for data in (b"", b"a", b"ab", b"abc", "ä€".encode()):
            stand_in = self.stand_in(GetRecords=[(200, {"Records": [record(data)], "MillisBehindLatest": 0})] * 3)
            message, = self.sees(self.look(endpoint=stand_in.url, rows=1), 1)
            self.assertEqual((message["value"], message["time_ms"]), (data.decode(), 1600000000500))

    def test_records_of_the_producer_library(self):
        self.create("packed", 1)
        self.kinesis.put_record(StreamName="packed", PartitionKey="x",
                                Data=packed([("a", b"one"), ("b", b"two"), ("a", b"")]))
        seen = self.look("packed")
        self.assertEqual([(m["key"], m["value"]) for m in self.sees(seen, 3)],
                         [("a", "one"), ("b", "two"), ("a", "")])
        self.assertIn("packed by the Kinesis Producer Library", seen["remark"])
        self.assertEqual(len(self.sees(self.look("packed", rows=2), 2)), 2)

    def test_what_only_looks_packed(self):
        broken = packed([("a", b"one")])[:-1] + b"?"
        stand_in = self.stand_in(GetRecords=[(200, {"Records": [record(broken)], "MillisBehindLatest": 0})])
        seen = self.look(endpoint=stand_in.url, rows=1)
        self.assertEqual([m["value"] for m in self.sees(seen, 1)], [broken.hex()])
        self.assertIsNone(seen["remark"])

    def test_answers_without_a_record_are_gone_past(self):
        """Of a shard where there was nothing for some time the service answers with nothing, and where to go on."""
        nothing = (200, {"Records": [], "NextShardIterator": "b", "MillisBehindLatest": 1000})
        stand_in = self.stand_in(GetRecords=[nothing] * 5)
        self.sees(self.look(endpoint=stand_in.url, rows=1), 1)
        self.assertEqual([given["ShardIterator"] for action, given in stand_in.seen if action == "GetRecords"],
                         ["a"] + ["b"] * 5)

    def test_shards_come_in_pages(self):
        stand_in = self.stand_in(ListShards=[
            (200, {"Shards": [shard(0, closed=True), shard(1)], "NextToken": "t"}),
            (200, {"Shards": [shard(2)], "NextToken": "u"})])
        seen = self.look(endpoint=stand_in.url, rows=2)
        self.assertEqual(seen["partitions"], 3)
        self.assertEqual([given for action, given in stand_in.seen if action == "ListShards"],
                         [{"StreamName": "trips"}, {"NextToken": "t"}, {"NextToken": "u"}])

    def test_bytes_are_limited(self):
        many = [record(b"x" * 1000, n) for n in range(100)]
        stand_in = self.stand_in(GetRecords=[(200, {"Records": many, "MillisBehindLatest": 0})])
        seen = self.look(endpoint=stand_in.url, bytes=5000)
        self.assertTrue(seen["cut"])
        self.assertEqual(len(seen["messages"]), 5)

    # What can be wrong

    def test_streams_that_are_not_there(self):
        self.fails(self.look("missing"), "SOURCE_UNREACHABLE", '"missing"', REGION, "there is no such stream")
        self.fails(self.look(region="eu-central-1"), "SOURCE_UNREACHABLE", "eu-central-1", "no such stream")
        self.fails(self.look("a b"), "SOURCE_INVALID", "no name of a Kinesis stream")
        self.fails(self.look(region="evil.example/"), "SOURCE_INVALID", "no AWS region")
        self.fails(self.look(""), "SOURCE_INVALID", "without a stream")
        self.fails(self.look(region=""), "SOURCE_INVALID", "no region")
        self.sees(self.look(region="", env={"AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.moto.url}), 300)
        stand_in = self.stand_in(
            DescribeStreamSummary=[(200, {"StreamDescriptionSummary": {"StreamStatus": "CREATING"}})])
        self.fails(self.look(endpoint=stand_in.url), "SOURCE_UNREACHABLE", "CREATING")

    def test_credentials(self):
        self.fails(self.look(keys=(self.moto.good[0], "W" * 40)), "SOURCE_UNREACHABLE", "refuses", "credentials")
        self.fails(self.look(keys=("AKIAUNKNOWN", "W" * 40)), "SOURCE_UNREACHABLE", "refuses", "credentials")
        self.fails(self.look(keys=("", "")), "SOURCE_UNREACHABLE", "no AWS credentials")
        self.fails(self.look(keys=self.moto.weak), "SOURCE_UNREACHABLE", "does not allow", "kinesis:")
        stand_in = self.stand_in(DescribeStreamSummary=[
            (400, {"__type": "ExpiredTokenException", "message": "The security token 4711 is expired"})])
        self.fails(self.look(endpoint=stand_in.url), "SOURCE_UNREACHABLE", "token has expired")

    def test_throttling_is_sat_out(self):
        throttled = (400, {"__type": "com.amazonaws.kinesis#ProvisionedThroughputExceededException",
                           "message": "Rate exceeded"})
        stand_in = self.stand_in(GetRecords=[throttled] * 3, ListShards=[(400, {"__type": "LimitExceededException"})])
        self.sees(self.look(endpoint=stand_in.url, rows=1), 1)
        always = StandIn({"DescribeStreamSummary": [throttled]})
        self.addCleanup(always.stop)
        # It gives up before a pause that would outlast the deadline. A machine that stands still for the 1.5 s between
        # that and the deadline is no fault of it: then it is looked once more.
        end = time.monotonic() + PATIENCE
        while (seen := self.look(endpoint=always.url, deadline_ms=3100)).get("reason") == "DEADLINE_EXCEEDED":
            self.assertLess(time.monotonic(), end, seen)
        self.fails(seen, "SOURCE_UNREACHABLE", "too many requests")

    def test_what_was_read_until_throttling_outlasts_the_deadline_counts(self):
        """The service gives no more for seconds after ten megabytes."""
        throttled = (400, {"__type": "ProvisionedThroughputExceededException"})
        page = (200, {"Records": [record(b"%d" % n, n) for n in range(2)], "NextShardIterator": "n",
                      "MillisBehindLatest": 1000})
        # As above: a machine that stands still may not have read it by then.
        end = time.monotonic() + PATIENCE
        while True:
            stand_in = self.stand_in()
            stand_in.answers["GetRecords"] = [page, throttled]
            seen = self.look(endpoint=stand_in.url, deadline_ms=3100)
            if seen.get("messages") or ("GetRecords" in [action for action, _ in stand_in.seen][:-1]
                                      and seen["reason"] != "DEADLINE_EXCEEDED"):
                break
            self.assertLess(time.monotonic(), end, seen)
        self.assertEqual([m["value"] for m in seen.get("messages", [])], ["0", "1"], seen.get("message"))
        self.assertTrue(seen["cut"])

    def test_answers_that_are_none(self):
        for status, body, reason, text in (
                (200, "text", "SOURCE_UNREACHABLE", "no JSON"), (200, [1], "SOURCE_UNREACHABLE", "no JSON"),
                (400, {"__type": "Odd", "message": "why"}, "SOURCE_UNREACHABLE", "Odd why"),
                (400, [], "SOURCE_UNREACHABLE", "HTTP 400")):
            stand_in = StandIn({"DescribeStreamSummary": [(status, body)]})
            self.addCleanup(stand_in.stop)
            self.fails(self.look(endpoint=stand_in.url), reason, text)
        stand_in = self.stand_in(GetRecords=[(200, {"Records": [{"Data": "?"}], "MillisBehindLatest": 0})])
        self.fails(self.look(endpoint=stand_in.url, rows=1), "SOURCE_INVALID", "no base64")

    def test_endpoints(self):
        for name in ("AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL"):
            self.sees(self.look(env={name: self.moto.url}), 300)
        nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.fails(self.look(endpoint=nobody), "SOURCE_UNREACHABLE", "refuses the connection")
        self.fails(self.look(endpoint="ftp://x"), "SOURCE_UNREACHABLE", "no URL of HTTP")
        self.fails(self.look(scheme="file"), "SOURCE_DENIED", "kinesis")

    def test_a_service_that_says_nothing(self):
        stand_in = self.stand_in(DescribeStreamSummary=[(200, lambda given: time.sleep(30))])
        self.fails(self.look(endpoint=stand_in.url, deadline_ms=500), "DEADLINE_EXCEEDED")


if __name__ == "__main__":
    unittest.main(verbosity=2)
