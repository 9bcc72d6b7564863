#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The worker's sink into real Redis servers, read back octet by octet with the rules of the layouts written down here once
more, in Python: keys, fields, values, times, expiry. Servers that are not as they should be: redis_faults.py.
"""

import contextlib
import hashlib
import os
import random
import socket
import sqlite3
import struct
import subprocess
import tempfile
import unittest
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

from feastapi import BIN_DIR, ours
from redisserver import PASSWORD, USER, USER_PASSWORD, Redis

WORKER = BIN_DIR / "feast-worker"
PATIENCE = 120
SEED = int(os.environ.get("FC_SEED", "20210101"))
NEW_YEAR = 1609459200
# Far in the future, so that nothing expires while it is looked at.
LATER = 4_000_000_000
NEVER = 253402300799
INT32, INT64, DOUBLE, FLOAT, STRING = 3, 4, 5, 6, 2
PASSWORD_ENV = "FEAST_CORE_ONLINE_STORE_PASSWORD"

WorkOrder = ours().message("feast.worker.v1.WorkOrder")
WorkerMessage = ours().message("feast.worker.v1.WorkerMessage")
OnlineRow = ours().message("feast.storage.OnlineRow")
Value = ours().message("feast.types.Value")
FEATURES = {"trips": INT64, "rating": FLOAT, "word": STRING}
KINDS = {INT64: pa.int64(), FLOAT: pa.float32(), STRING: pa.string(), INT32: pa.int32(), DOUBLE: pa.float64(),
         1: pa.binary(), 7: pa.bool_(), 12: pa.list_(pa.string()), 13: pa.list_(pa.int32()), 14: pa.list_(pa.int64()),
         15: pa.list_(pa.float64()), 16: pa.list_(pa.float32()), 17: pa.list_(pa.bool_())}
# Number of the type, value, octets as the peers write them.
VALUES = {"minus": (INT32, -1, "18ffffffffffffffffff01"), "zero": (INT32, 0, "1800"), "yes": (7, True, "3801"),
          "no": (7, False, "3800"), "empty": (STRING, "", "1200"), "city": (STRING, "SIN", "120353494e"),
          "octets": (1, b"\xde\xad", "0a02dead"), "half": (DOUBLE, 0.5, "29000000000000e03f"),
          "longs": (14, [1, 300], "72050a0301ac02"), "words": (12, ["a", "bc"], "62070a01610a026263"),
          "floats": (16, [1, 2], "82010a0a080000803f00000040"), "doubles": (15, [1], "7a0a0a08000000000000f03f"),
          "flags": (17, [True, False], "8a01040a020100"), "none": (13, [], "6a00")}


# ---- The layouts, once more ----

def murmur3(data):
    h = 0
    for at in range(0, len(data) & ~3, 4):
        k = int.from_bytes(data[at:at + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        k = (k << 15 | k >> 17) & 0xFFFFFFFF
        h ^= k * 0x1B873593 & 0xFFFFFFFF
        h = (h << 13 | h >> 19) & 0xFFFFFFFF
        h = h * 5 + 0xE6546B64 & 0xFFFFFFFF
    tail = data[len(data) & ~3:]
    if tail:
        k = int.from_bytes(tail, "little") * 0xCC9E2D51 & 0xFFFFFFFF
        k = (k << 15 | k >> 17) & 0xFFFFFFFF
        h ^= k * 0x1B873593 & 0xFFFFFFFF
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return struct.pack("<I", h ^ h >> 16)


def varint(number):
    number &= 2**64 - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def stamp(seconds):
    return b"\x08" + varint(seconds) if seconds else b""


def key_of(layout, number, project="default"):
    if layout == "a":
        name, value = b"driver_id", b"\x20" + varint(number)
        return (b"\x0a" + varint(len(project)) + project.encode() + b"\x12" + varint(len(name)) + name
                + b"\x1a" + varint(len(value)) + value)
    return hashlib.md5(f"{project}#driver_id:{number}".encode()).hexdigest().encode()


def field_of(name, table="t"):
    return murmur3(f"{table}:{name}".encode())


def time_field(layout, table="t"):
    return f"_ts:{table}".encode() if layout == "a" else murmur3(f"_ts:{table}".encode())


def order_of(event, created=None):
    """Of microseconds."""
    return struct.pack(">qq", event * 1000, -2**63 if created is None else created * 1000)


def value_of(kind, plain):
    if kind == INT64:
        return b"\x20" + varint(plain)
    if kind == FLOAT:
        return b"\x35" + struct.pack("<f", plain)
    return b"\x12" + varint(len(plain.encode())) + plain.encode()


# ---- A worker ----

class Failed(Exception):
    """The error of a result."""

    def __init__(self, error):
        super().__init__(f"{error.reason}: {error.message}")
        self.error = error


def run(order, env=None, troubles=None):
    """Has a worker carry the order out; its receipt, or Failed. `troubles` takes what each progress tells of the store."""
    mine, theirs = socket.socketpair()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("FEAST_")}
    environment.update(env or {})
    with mine, theirs, tempfile.TemporaryFile() as log:
        process = subprocess.Popen([WORKER], stderr=log, stdin=subprocess.DEVNULL, pass_fds=[3], env=environment,
                                   preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        theirs.close()
        try:
            data = order.SerializeToString()
            mine.settimeout(PATIENCE)
            mine.sendall(struct.pack(">I", len(data)) + data)
            stream = mine.makefile("rb")
            while True:
                head = stream.read(4)
                if len(head) < 4:
                    process.wait()
                    log.seek(0)
                    raise AssertionError(f"the worker ended without a result:\n{log.read().decode()}")
                message = WorkerMessage.FromString(stream.read(struct.unpack(">I", head)[0]))
                if message.WhichOneof("body") == "result":
                    break
                if troubles is not None:
                    troubles.append(message.progress.trouble)
        finally:
            mine.close()
            if process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        text = log.read().decode()
        assert "Sanitizer" not in text and "runtime error:" not in text, text
        assert PASSWORD not in text and USER_PASSWORD not in text, text
    if message.result.HasField("error"):
        raise Failed(message.result.error)
    return message.result.receipt


def write_rows(path, rows, features=None):
    """rows: dicts with driver_id, event, and maybe created (microseconds) and features."""
    features = features or FEATURES
    columns = {"driver_id": pa.array([row["driver_id"] for row in rows], pa.int64()),
               "ts": pa.array([row["event"] for row in rows], pa.timestamp("us", tz="UTC")),
               "created": pa.array([row.get("created") for row in rows], pa.timestamp("us", tz="UTC"))}
    for name, kind in features.items():
        columns[name] = pa.array([row.get(name) for row in rows], KINDS[kind])
    pq.write_table(pa.table(columns), path)


class SinkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Every octet of a dump is looked at.
        cls.redis = Redis("--sanitize-dump-payload", "yes").start(tls=True)
        cls.addClassCleanup(cls.redis.close)
        cls.redis.add_user()

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fc-sink-"))
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.dir], check=True))
        self.client = self.redis.client()
        self.addCleanup(self.client.close)
        self.client.call("FLUSHALL")
        self.files = 0

    def order(self, rows, table="t", max_age=0, features=None, entity=INT64):
        self.files += 1
        path = self.dir / f"{self.files}.parquet"
        write_rows(path, rows, features)
        order = WorkOrder(id="o")
        batch = order.ingest_batch
        batch.project = "default"
        batch.spec.name = table
        batch.spec.entities.append("driver_id")
        for name, kind in (features or FEATURES).items():
            batch.spec.features.add(name=name, value_type=kind)
        if max_age:
            batch.spec.max_age.seconds = max_age
        source = batch.spec.batch_source
        source.type = 1
        source.event_timestamp_column, source.created_timestamp_column = "ts", "created"
        source.file_options.file_format.parquet_format.SetInParent()
        source.file_options.file_url = path.as_uri()
        batch.entities.add(name="driver_id", value_type=entity)
        batch.memory_limit_bytes = 256 << 20
        return order

    def to_redis(self, rows, layout="a", url=None, keep_nulls=False, password=PASSWORD, patience_ms=20000, ca=None,
                 client=None, timeout_ms=5000, troubles=None, **table):
        order = self.order(rows, **table)
        sink = order.ingest_batch.redis
        sink.url = url or f"redis://127.0.0.1:{self.redis.port}"
        sink.layout, sink.keep_nulls, sink.patience_ms, sink.timeout_ms = layout, keep_nulls, patience_ms, timeout_ms
        sink.password = password is not None
        if ca:
            sink.ca_file = str(ca)
        if client:
            sink.cert_file, sink.key_file = str(client) + ".pem", str(client) + ".key"
        return run(order, {PASSWORD_ENV: password} if password is not None else None, troubles)

    def to_sqlite(self, rows, path, **table):
        order = self.order(rows, **table)
        order.ingest_batch.sqlite.path = str(path)
        return run(order)

    def fails(self, reason, **options):
        with self.assertRaises(Failed) as caught:
            self.to_redis([row(1, 1000)], **options)
        self.assertEqual(caught.exception.error.reason, reason, caught.exception)
        return caught.exception.error


def row(number, seconds, micros=0, created=None, **features):
    return {"driver_id": number, "event": seconds * 10**6 + micros, "created": created, **features}


class LayoutTest(SinkTest):
    def test_every_byte_of_layout_a(self):
        self.to_redis([row(1001, LATER, 5, 7, trips=137, rating=0.25, word="")], max_age=86400)
        self.assertEqual(self.client.dump(), {key_of("a", 1001): {
            field_of("trips"): bytes.fromhex("208901"), field_of("rating"): bytes.fromhex("350000803e"),
            field_of("word"): bytes.fromhex("1200"), b"_ts:t": stamp(LATER), b"_ex:t": stamp(LATER + 86400),
            b"_fc:t": order_of(LATER * 10**6 + 5, 7)}})
        self.assertEqual(self.client.call("EXPIRETIME", key_of("a", 1001)), LATER + 86400)

    def test_every_byte_of_layout_b(self):
        self.to_redis([row(1001, LATER, trips=137)], "b", max_age=86400)
        self.assertEqual(self.client.dump(), {key_of("b", 1001): {
            field_of("trips"): bytes.fromhex("208901"), time_field("b"): stamp(LATER), b"_ex": stamp(LATER + 86400),
            b"_fc:t": order_of(LATER * 10**6)}})
        self.assertEqual(self.client.call("EXPIRETIME", key_of("b", 1001)), LATER + 86400)

    def test_every_byte_of_layout_c(self):
        self.to_redis([row(1001, LATER, trips=137)], "c", max_age=86400)
        self.assertEqual(self.client.dump(), {key_of("c", 1001): {
            field_of("trips"): bytes.fromhex("208901"), time_field("c"): stamp(LATER),
            b"_fc:t": order_of(LATER * 10**6)}})
        self.assertLessEqual(self.client.call("TTL", key_of("c", 1001)), 86400)
        self.assertGreater(self.client.call("TTL", key_of("c", 1001)), 86400 - 600)

    def test_every_type_of_value(self):
        self.to_redis([row(1, LATER, **{name: plain for name, (_, plain, _) in VALUES.items()})],
                      features={name: kind for name, (kind, _, _) in VALUES.items()})
        stored = self.client.hash(key_of("a", 1))
        self.assertEqual({name: stored[field_of(name)].hex() for name in VALUES},
                         {name: octets for name, (_, _, octets) in VALUES.items()})

    def test_without_a_max_age_nothing_expires(self):
        for layout, fields in ("a", {b"_ex:t": stamp(NEVER)}), ("b", {}), ("c", {}):
            self.client.call("FLUSHALL")
            self.to_redis([row(1, 0, trips=1)], layout)
            key = key_of(layout, 1)
            self.assertEqual(self.client.dump(), {key: {
                field_of("trips"): b"\x20\x01", time_field(layout): b"", b"_fc:t": order_of(0), **fields}})
            self.assertEqual(self.client.call("TTL", key), -1)

    def test_keys_of_layouts_b_and_c_take_three_types_alone(self):
        order = self.order([row(1, 0)], entity=DOUBLE)
        order.ingest_batch.redis.url, order.ingest_batch.redis.layout = "redis://127.0.0.1:1", "b"
        with self.assertRaisesRegex(Failed, "INT32, INT64 and STRING"):
            run(order)


class OrderTest(SinkTest):
    def stored(self, name="trips", key=1):
        return self.client.call("HGET", key_of("a", key), field_of(name))

    def test_never_older_over_newer(self):
        self.to_redis([row(1, 100, 10, 5, trips=1)])
        for late in row(1, 99, trips=2), row(1, 100, 9, 9, trips=2), row(1, 100, 10, 4, trips=2), row(1, 100, 10, trips=2):
            receipt = self.to_redis([late])
            self.assertEqual((receipt.rows_written, receipt.rows_late), (0, 1), late)
            self.assertEqual(self.stored(), b"\x20\x01")
        for at, newer in enumerate((row(1, 100, 10, 5, trips=3), row(1, 100, 10, 6, trips=4), row(1, 100, 11, trips=5),
                                    row(1, 101, trips=6))):
            receipt = self.to_redis([newer])
            self.assertEqual((receipt.rows_written, receipt.rows_late), (1, 0), newer)
            self.assertEqual(self.stored(), b"\x20" + bytes([3 + at]))

    def test_times_before_1970(self):
        self.to_redis([row(1, -100, 10, trips=1)])
        self.assertEqual(self.to_redis([row(1, -100, 9, trips=2)]).rows_late, 1)
        self.assertEqual(self.to_redis([row(1, -101, trips=2)]).rows_late, 1)
        self.assertEqual(self.to_redis([row(1, -99, trips=3)]).rows_written, 1)
        self.assertEqual(self.client.call("HGET", key_of("a", 1), "_ts:t"), stamp(-99))

    def test_a_row_of_a_peer_counts_by_its_seconds(self):
        key = key_of("a", 1)
        self.client.call("HSET", key, field_of("trips"), b"\x20\x01", "_ts:t", stamp(100), "_ex:t", stamp(NEVER))
        self.assertEqual(self.to_redis([row(1, 99, trips=2)]).rows_late, 1)
        self.assertEqual(self.to_redis([row(1, 100, trips=2)]).rows_written, 1)
        # A peer overwrites and knows nothing of our field: it no longer counts.
        self.client.call("HSET", key, "_ts:t", stamp(50))
        self.assertEqual(self.to_redis([row(1, 50, trips=3)]).rows_written, 1)
        self.client.call("HSET", key, "_ts:t", stamp(200))
        self.assertEqual(self.to_redis([row(1, 199, 999, trips=4)]).rows_late, 1)

    def test_nulls_clear_unless_the_peers_way_is_asked_for(self):
        self.to_redis([row(1, 1, trips=1, word="x")])
        self.to_redis([row(1, 2, word="y")], keep_nulls=True)
        self.assertEqual((self.stored(), self.stored("word")), (b"\x20\x01", b"\x12\x01y"))
        self.to_redis([row(1, 3, rating=1.0)])
        self.assertEqual((self.stored(), self.stored("word")), (None, None))
        self.to_redis([row(1, 4)])
        self.assertEqual(set(self.client.hash(key_of("a", 1))), {b"_ts:t", b"_ex:t", b"_fc:t"})

    def test_another_tables_fields_stay(self):
        self.to_redis([row(1, 5, trips=1)], table="one")
        self.to_redis([row(1, 3, trips=2)], table="two")
        stored = self.client.hash(key_of("a", 1))
        self.assertEqual(stored[field_of("trips", "one")], b"\x20\x01")
        self.assertEqual(stored[field_of("trips", "two")], b"\x20\x02")

    def test_same_as_sqlite_on_random_rows(self):
        """Ties, nulls, late rows and several runs: both stores end the same, and so do the receipts."""
        chance = random.Random(SEED)
        path = self.dir / "t.db"
        for _ in range(4):
            rows = [row(chance.randrange(60), chance.randrange(20), chance.choice([0, 1, 999_999]),
                        chance.choice([None, 0, 1, 2]),
                        trips=chance.choice([None, chance.randrange(-5, 5)]),
                        rating=chance.choice([None, 0.0, 1.5]), word=chance.choice([None, "", "a", "žluť"]))
                    for _ in range(400)]
            ours_, theirs = self.to_redis(rows, max_age=LATER), self.to_sqlite(rows, path, max_age=LATER)
            for count in "rows_read", "rows_written", "rows_late", "rows_superseded":
                self.assertEqual(getattr(ours_, count), getattr(theirs, count), count)
        self.assertEqual(self.client.dump(), self.as_redis(path))

    @staticmethod
    def as_redis(path):
        """What a SQLite store holds, as layout a has it."""
        expected = {}
        with contextlib.closing(sqlite3.connect(path)) as store:
            for key, event_s, event_ns, created_s, created_ns, expires, features in store.execute(
                    "SELECT key, event_s, event_ns, created_s, created_ns, expires_s, features FROM feature_row"):
                created = None if created_s is None else created_s * 10**6 + created_ns // 1000
                expected[key] = {b"_ts:t": stamp(event_s), b"_ex:t": stamp(expires),
                                 b"_fc:t": order_of(event_s * 10**6 + event_ns // 1000, created)}
                for feature in OnlineRow.FromString(features).features:
                    expected[key][field_of(feature.name)] = feature.value.SerializeToString()
        return expected


class ExpiryTest(SinkTest):
    def expires(self, layout="a"):
        return self.client.call("EXPIRETIME", key_of(layout, 1))

    def test_a_the_latest_of_all_tables(self):
        self.to_redis([row(1, LATER)], table="one", max_age=1000)
        self.to_redis([row(1, LATER)], table="two", max_age=5000)
        self.assertEqual(self.expires(), LATER + 5000)
        self.to_redis([row(1, LATER + 1)], table="one", max_age=1000)
        self.assertEqual(self.expires(), LATER + 5000)
        # The table's own expiry is that of its newest row.
        self.to_redis([row(1, LATER + 1)], table="two", max_age=100)
        self.assertEqual(self.expires(), LATER + 1001)
        self.to_redis([row(1, LATER + 1)], table="two")
        self.assertEqual(self.expires(), -1)
        self.to_redis([row(1, LATER + 9)], table="one", max_age=1)
        self.assertEqual(self.expires(), -1)

    def test_a_what_is_expired_stays_while_another_table_keeps_the_key(self):
        self.to_redis([row(1, LATER, trips=1)], table="one", max_age=10)
        self.to_redis([row(1, NEW_YEAR, trips=2)], table="two", max_age=10)
        self.assertEqual(self.expires(), LATER + 10)
        self.assertEqual(self.client.call("HGET", key_of("a", 1), field_of("trips", "two")), b"\x20\x02")
        receipt = self.to_redis([row(2, NEW_YEAR, trips=2)], table="two", max_age=10)
        self.assertEqual(receipt.rows_written, 1)
        self.assertEqual(self.client.call("EXISTS", key_of("a", 2)), 0)

    def test_b_the_maximum_is_kept(self):
        self.to_redis([row(1, LATER)], "b", table="one", max_age=5000)
        self.to_redis([row(1, LATER)], "b", table="two", max_age=1000)
        self.assertEqual(self.expires("b"), LATER + 5000)
        self.to_redis([row(1, LATER)], "b", table="one", max_age=10)
        self.assertEqual(self.expires("b"), LATER + 5000)
        self.assertEqual(self.client.call("HGET", key_of("b", 1), "_ex"), stamp(LATER + 5000))
        self.to_redis([row(1, LATER)], "b", table="one")
        self.assertEqual(self.expires("b"), -1)
        # The row without an age must not go when another table's expires.
        self.to_redis([row(1, LATER)], "b", table="two", max_age=1000)
        self.assertEqual(self.expires("b"), -1)

    def test_b_an_expired_row_takes_no_other_table_along(self):
        self.to_redis([row(1, LATER, trips=1)], "b", table="one", max_age=10)
        self.to_redis([row(1, NEW_YEAR, trips=2)], "b", table="two", max_age=10)
        self.assertEqual(self.expires("b"), LATER + 10)

    def test_c_lives_by_the_wall_clock(self):
        self.to_redis([row(1, 0)], "c", table="one", max_age=5000)
        self.to_redis([row(1, 0)], "c", table="two", max_age=10)
        self.assertGreater(self.client.call("TTL", key_of("c", 1)), 4000)
        self.to_redis([row(1, 0)], "c", table="two")
        self.assertEqual(self.client.call("TTL", key_of("c", 1)), -1)
        self.to_redis([row(1, 0)], "c", table="one", max_age=5000)
        self.assertEqual(self.client.call("TTL", key_of("c", 1)), -1)


class WaysTest(SinkTest):
    """New keys are created as a whole where that may be done; the script alone has to leave the same behind."""

    def by_script(self, rows, layout, **options):
        self.client.call("ACL", "SETUSER", USER, "-restore")
        try:
            return self.to_redis(rows, layout, url=f"redis://{USER}@127.0.0.1:{self.redis.port}", password=USER_PASSWORD,
                                 **options)
        finally:
            self.client.call("ACL", "SETUSER", USER, "+restore")

    def state(self):
        return {key: (fields, self.client.call("EXPIRETIME", key)) for key, fields in self.client.dump().items()}

    def both(self, rows, layout, prepare=lambda: None, **options):
        """What is left behind by each way, and how many rows were written."""
        found = []
        for way in self.to_redis, self.by_script:
            self.client.call("FLUSHALL")
            prepare()
            receipt = way(rows, layout, **options)
            found.append((self.state(), receipt.rows_written, receipt.rows_late))
        self.assertEqual(found[0], found[1])
        return found[0]

    def test_the_same_is_left_behind(self):
        chance = random.Random(SEED)
        words = [None, "", "a", "b" * 31, "c" * 32, "d" * 70, "e" * 17_000, "f" * 70_000]
        rows = [row(number, chance.choice([-5, 0, NEW_YEAR, LATER]), chance.choice([0, 999_999]), chance.choice([None, 0, 7]),
                    trips=chance.choice([None, 0, number]), word=chance.choice(words)) for number in range(700)]

        def prepare():
            """Some keys are there, of another table and of this one. In layout c ages are of the wall clock."""
            self.to_redis(rows[::5], layout, table="other", max_age=10 if layout != "c" else 86400)
            self.to_redis([row(number, NEW_YEAR, 5, trips=1, rating=0.5) for number in range(0, len(rows), 7)], layout)
        for layout, max_age in ("a", 86400), ("b", 86400), ("a", 0), ("c", 0):
            state, written, late = self.both(rows, layout, prepare, max_age=max_age)
            self.assertGreater(min(len(state), written, late), 0)

    def test_a_table_of_many_features(self):
        features = {f"feature_{number}": INT64 for number in range(1500)}
        full = row(1, LATER, **{name: number for number, name in enumerate(features)})
        state, _, _ = self.both([full, row(2, LATER, feature_0=1)], "a", features=features)
        self.assertEqual(len(state[key_of("a", 1)][0]), 1503)
        # Nearly all of them are null now.
        for way in self.to_redis, self.by_script:
            self.client.call("FLUSHALL")
            self.to_redis([full], features=features)
            way([row(1, LATER + 1, feature_7=7)], "a", features=features)
            self.assertEqual(self.client.call("HLEN", key_of("a", 1)), 4)

    def test_keys_that_come_and_go(self):
        """Batch after batch of old and new keys: whichever way the sink takes next, the newest row stays."""
        old = [row(number, 100, trips=number) for number in range(0, 40_000, 2)]
        self.to_redis(old)
        # The order of keys is the order of rows here; what is there comes in long runs.
        rows = [row(number, 99 if number % 6 == 0 else 100, 1, trips=1) for number in range(20_000)]
        receipt = self.to_redis(rows + [row(number, 1, trips=5) for number in range(100_000, 110_000)])
        self.assertEqual(receipt.rows_read, receipt.rows_written + receipt.rows_late)
        self.assertEqual(receipt.rows_late, len(range(0, 20_000, 6)))
        self.assertEqual(self.client.call("HGET", key_of("a", 6), field_of("trips")), b"\x20\x06")
        self.assertEqual(self.client.call("HGET", key_of("a", 8), field_of("trips")), b"\x20\x01")
        self.assertEqual(self.client.call("DBSIZE"), 10_000 + 20_000 + 10_000)


if __name__ == "__main__":
    unittest.main()
