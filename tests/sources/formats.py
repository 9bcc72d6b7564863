#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages written by the official libraries of Avro and Protobuf, as the worker reads them."""

import base64
import datetime
import decimal
import functools
import http.server
import io
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import threading
import unittest
import uuid

import fastavro
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

BUILD_DIR = pathlib.Path(os.environ["FC_BUILD_DIR"])
LOOK = BUILD_DIR / "tests/format_look"
DESCRIPTORS = BUILD_DIR / "tests/descriptors"
PATIENCE = 120
# Seen in every run, so that a failure can be repeated.
SEED = int(os.environ.get("FC_SEED", "20130208"))
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def look(arguments, messages, env=None):
    """(columns, one list of cells or text a message, remark)."""
    done = subprocess.run([LOOK, *arguments], input="".join(m.hex() + "\n" for m in messages), capture_output=True,
                          text=True, timeout=PATIENCE, env=env)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    columns = lines[0]
    rows = [line if isinstance(line, str) else dict(zip(columns, line)) for line in lines[1:-1]]
    assert len(rows) == len(messages), (len(rows), len(messages))
    return columns, rows, lines[-1]


def rfc3339(micros):
    moment = EPOCH + datetime.timedelta(microseconds=micros)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    rest = micros % 1_000_000
    if rest % 1000:
        text += f".{rest:06d}"
    elif rest:
        text += f".{rest // 1000:03d}"
    return text + "Z"


class Avro(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="fc-avro-")
        self.addCleanup(self.dir.cleanup)
        self.schema_path = pathlib.Path(self.dir.name) / "schema.json"
        self.chance = random.Random(SEED)

    def read(self, schema, messages, *wanted):
        self.schema_path.write_text(json.dumps(schema))
        return look(["avro", self.schema_path, *wanted], messages)

    @staticmethod
    def write(schema, value):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), value)
        return out.getvalue()

    def fields(self):
        """(name, type, value maker, what is expected of the value)."""
        c = self.chance
        micros = functools.partial(c.randint, -10**15, 4 * 10**15)
        text = lambda: "".join(chr(c.choice([65, 0xe9, 0x4e2d, 0x1f600])) for _ in range(c.randint(0, 8)))  # noqa: E731
        f32 = lambda: struct.unpack("<f", struct.pack("<f", c.uniform(-1e6, 1e6)))[0]  # noqa: E731
        same = lambda v: v  # noqa: E731
        b64 = lambda v: base64.b64encode(v).decode()  # noqa: E731
        return [
            ("int", "int", lambda: c.randint(-2**31, 2**31 - 1), same),
            ("long", "long", lambda: c.choice([-2**63, 2**63 - 1, c.randint(-2**62, 2**62)]), same),
            ("float", "float", f32, same),
            ("double", "double", lambda: c.choice([math.inf, c.uniform(-1e300, 1e300)]),
             lambda v: "Infinity" if v == math.inf else v),
            ("boolean", "boolean", lambda: c.random() < 0.5, same),
            ("string", "string", text, same),
            ("bytes", "bytes", lambda: c.randbytes(c.randint(0, 9)), b64),
            ("null", "null", lambda: None, same),
            ("enum", {"type": "enum", "name": "E", "symbols": ["RED", "GREEN"]}, lambda: c.choice(["RED", "GREEN"]),
             same),
            ("fixed", {"type": "fixed", "name": "F", "size": 5}, lambda: c.randbytes(5), b64),
            ("optional", ["null", "long"], lambda: c.choice([None, 5]), same),
            ("wide", ["null", "int", "long"], lambda: c.choice([None, 1, 2**40]), same),
            ("list", {"type": "array", "items": ["null", "int"]},
             lambda: [c.choice([None, i]) for i in range(c.randint(0, 300))], same),
            ("texts", {"type": "array", "items": "string"}, lambda: [text() for _ in range(3)], same),
            ("millis", {"type": "long", "logicalType": "timestamp-millis"},
             lambda: EPOCH + datetime.timedelta(milliseconds=micros() // 1000),
             lambda v: rfc3339((v - EPOCH) // datetime.timedelta(microseconds=1))),
            ("micros", ["null", {"type": "long", "logicalType": "timestamp-micros"}],
             lambda: EPOCH + datetime.timedelta(microseconds=micros()),
             lambda v: rfc3339((v - EPOCH) // datetime.timedelta(microseconds=1))),
            ("date", {"type": "int", "logicalType": "date"}, lambda: datetime.date(1900 + c.randint(0, 300), 3, 4),
             lambda v: f"{v.isoformat()}T00:00:00Z"),
            ("decimal", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 3},
             lambda: decimal.Decimal(c.randint(-10**19, 10**19)).scaleb(-3), lambda v: f"{v:.3f}"),
            ("money", {"type": "fixed", "name": "M", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 2},
             lambda: decimal.Decimal(c.randint(-10**17, 10**17)).scaleb(-2), lambda v: f"{v:.2f}"),
            ("uuid", {"type": "string", "logicalType": "uuid"}, lambda: uuid.UUID(int=c.getrandbits(128)), str),
        ]

    def test_every_type_by_chance(self):
        fields = self.fields()
        schema = {"type": "record", "name": "demo.All", "fields": [{"name": n, "type": t} for n, t, _, _ in fields]}
        values = [{name: make() for name, _, make, _ in fields} for _ in range(200)]
        columns, rows, remark = self.read(schema, [self.write(schema, value) for value in values])
        self.assertIsNone(remark)
        self.assertEqual(list(columns), [name for name, _, _, _ in fields])
        for value, row in zip(values, rows):
            for name, _, _, expected in fields:
                want = None if value[name] is None else expected(value[name])
                if name == "float":
                    self.assertEqual(struct.pack("<f", row[name]), struct.pack("<f", want))
                else:
                    self.assertEqual(row[name], want, name)

    def test_nested_and_recursive(self):
        schema = {"type": "record", "name": "Node", "fields": [
            {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "Node"]},
            {"name": "tags", "type": {"type": "map", "values": "string"}}]}
        value = {"v": 1, "tags": {"a.b": "x"}, "next": {"v": 2, "tags": {}, "next": {"v": 3, "tags": {}, "next": None}}}
        names = ["v", "next.v", "next.next.v", "next.next.next.v", "tags.a.b"]
        _, rows, _ = self.read(schema, [self.write(schema, value)], *names)
        self.assertEqual([rows[0][name] for name in names], [1, 2, 3, None, "x"])

    def test_another_schema_is_found_out(self):
        """Values of one schema, read as if they were of another: hardly any passes."""
        fields = [{"name": "id", "type": "string"}, {"name": "n", "type": "double"}]
        written = {"type": "record", "name": "A", "fields": fields}
        read = {"type": "record", "name": "A", "fields": fields[::-1]}
        messages = [self.write(written, {"id": f"driver-{i}", "n": i / 7}) for i in range(200)]
        _, rows, _ = self.read(read, messages)
        self.assertGreater(sum(isinstance(row, str) for row in rows), 190)

    def test_flipped_and_cut(self):
        fields = self.fields()
        schema = {"type": "record", "name": "demo.All", "fields": [{"name": n, "type": t} for n, t, _, _ in fields]}
        messages = []
        for _ in range(300):
            data = bytearray(self.write(schema, {name: make() for name, _, make, _ in fields}))
            for _ in range(self.chance.randint(1, 3)):
                data[self.chance.randrange(len(data))] = self.chance.randrange(256)
            messages.append(bytes(data[:self.chance.randint(0, len(data))]))
        _, rows, _ = self.read(schema, messages)
        for row in rows:
            if isinstance(row, str):
                self.assertRegex(row, r"at byte \d+: ")

    def test_confluent_frames(self):
        schema = {"type": "record", "name": "A", "fields": [{"name": "id", "type": "long"}]}
        framed = [b"\0" + struct.pack(">I", 42) + self.write(schema, {"id": i}) for i in range(10)]
        _, rows, remark = self.read(schema, framed)
        self.assertEqual([row["id"] for row in rows], list(range(10)))
        self.assertIn("10 of 10 messages begin with a frame of Confluent's schema registry", remark)
        self.assertIn("first 42", remark)


class DescriptorServer(http.server.BaseHTTPRequestHandler):
    """A stand-in for Stencil: one GET that answers a descriptor set, to who has the token."""
    token = "a-secret"
    seen = []

    def do_GET(self):
        self.seen.append(dict(self.headers))
        if self.headers.get("Authorization") != f"Bearer {self.token}":
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = (DESCRIPTORS / "trip_events.desc").read_bytes()
        self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Protobuf(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        pool = descriptor_pool.DescriptorPool()
        for path in ("trip_events.desc", "old-style.desc"):
            files = descriptor_pb2.FileDescriptorSet.FromString((DESCRIPTORS / path).read_bytes())
            for file in files.file:
                pool.Add(file)
        factory = message_factory.MessageFactory(pool)
        cls.trip = factory.GetPrototype(pool.FindMessageTypeByName("demo.trips.Trip"))
        cls.old = factory.GetPrototype(pool.FindMessageTypeByName("demo.old.OldStyle"))
        cls.chance = random.Random(SEED)

    def read(self, messages, *wanted, name="com.example.trips.TripEvents.Trip", where=DESCRIPTORS, env=None):
        return look(["protobuf", name, where, *wanted],
                    [m if isinstance(m, bytes) else m.SerializeToString() for m in messages], env)

    def message(self):
        c = self.chance
        m = self.trip()
        for field, low, high in (("f_int32", -2**31, 2**31 - 1), ("f_int64", -2**63, 2**63 - 1),
                                 ("f_uint32", 0, 2**32 - 1), ("f_uint64", 0, 2**64 - 1),
                                 ("f_sint32", -2**31, 2**31 - 1), ("f_sint64", -2**63, 2**63 - 1), ("f_fixed32", 0, 2**32 - 1),
                                 ("f_fixed64", 0, 2**64 - 1), ("f_sfixed32", -2**31, 2**31 - 1),
                                 ("f_sfixed64", -2**63, 2**63 - 1)):
            setattr(m, field, c.choice([0, low, high, c.randint(low, high)]))
        m.f_float = c.uniform(-1e6, 1e6)
        m.f_double = c.uniform(-1e300, 1e300)
        m.f_bool = c.random() < 0.5
        m.f_string = c.choice(["", "é", "中" * 50])
        m.f_bytes = c.randbytes(c.randint(0, 7))
        m.f_enum = c.randint(0, 2)
        if c.random() < 0.5:
            m.f_optional = c.choice([0, 5])
        if c.random() < 0.5:
            m.f_place.lat = c.choice([0, 1.5])
            if c.random() < 0.5:
                m.f_place.last.f_int32 = 9
        m.f_ints.extend(c.randint(-9, 9) for _ in range(c.randint(0, 5)))
        m.f_unpacked.extend(c.randint(-9, 9) for _ in range(c.randint(0, 5)))
        m.f_strings.extend("x" * i for i in range(c.randint(0, 3)))
        m.f_enums.extend(c.randint(0, 2) for _ in range(2))
        if c.random() < 0.5:
            m.f_counts["k"] = c.choice([0, 7])
        which = c.randint(0, 3)
        if which == 1:
            m.f_first = c.choice([0, 1])
        elif which == 2:
            m.f_second = "s"
        elif which == 3:
            m.f_third.lon = 2.5
        if c.random() < 0.7:
            m.f_time.FromMicroseconds(c.randint(-10**15, 4 * 10**15))
        if c.random() < 0.5:
            m.f_wrapped.value = c.choice([0, -3])
        return m

    def expected(self, m):
        """Of the message, by the library that wrote it."""
        names = lambda numbers: [["UNKNOWN", "CASH", "CARD"][n] for n in numbers]  # noqa: E731
        row = {f: getattr(m, f) for f in (
            "f_int32", "f_int64", "f_uint32", "f_uint64", "f_sint32", "f_sint64", "f_fixed32", "f_fixed64",
            "f_sfixed32", "f_sfixed64", "f_double", "f_bool", "f_string")}
        row["f_bytes"] = base64.b64encode(m.f_bytes).decode()
        row["f_enum"] = names([m.f_enum])[0]
        row["f_enums"] = names(m.f_enums)
        row["f_optional"] = m.f_optional if m.HasField("f_optional") else None
        row["f_place.lat"] = m.f_place.lat if m.HasField("f_place") else None
        has_last = m.HasField("f_place") and m.f_place.HasField("last")
        row["f_place.last.f_int32"] = m.f_place.last.f_int32 if has_last else None
        for field in ("f_ints", "f_unpacked", "f_strings"):
            row[field] = list(getattr(m, field))
        row["f_counts.k"] = m.f_counts["k"] if "k" in m.f_counts else None
        which = m.WhichOneof("f_oneof")
        row["f_first"] = m.f_first if which == "f_first" else None
        row["f_second"] = m.f_second if which == "f_second" else None
        row["f_third.lon"] = m.f_third.lon if which == "f_third" else None
        row["f_time"] = rfc3339(m.f_time.ToMicroseconds()) if m.HasField("f_time") else None
        row["f_wrapped"] = m.f_wrapped.value if m.HasField("f_wrapped") else None
        return row

    def test_every_field_by_chance(self):
        messages = [self.message() for _ in range(300)]
        columns, rows, remark = self.read(messages, "f_place.last.f_int32", "f_counts.k")
        self.assertIsNone(remark)
        self.assertEqual(columns["f_uint64"], ["uint64", "uint64"])
        for message, row in zip(messages, rows):
            expected = self.expected(message)
            self.assertEqual({name: row[name] for name in expected}, expected)
            self.assertEqual(struct.pack("<f", row["f_float"]), struct.pack("<f", message.f_float))

    def test_pieces_of_messages_merge(self):
        """Two messages in one run of bytes are one, as every official reader has it."""
        whole, pairs = [], []
        for _ in range(100):
            one, two = self.message(), self.message()
            pairs.append(one.SerializeToString() + two.SerializeToString())
            whole.append(self.trip.FromString(pairs[-1]))
        _, rows, _ = self.read(pairs, "f_place.last.f_int32", "f_counts.k")
        for message, row in zip(whole, rows):
            expected = self.expected(message)
            # A timestamp that stands twice is the last one here, a merged one there.
            del expected["f_time"], expected["f_wrapped"]
            self.assertEqual({name: row[name] for name in expected}, expected)

    def test_proto2(self):
        m = self.old(id=5, number=1)
        m.stop.add(name="a")
        m.deep.level = 3
        m.deep.again.id = 4
        m.many.extend([1, 2, 3])
        _, rows, _ = self.read([m, self.old(id=1)], "deep.again.id", name="demo.old.OldStyleOuterClass.OldStyle")
        self.assertEqual((rows[0]["id"], rows[0]["number"], rows[0]["deep.level"], rows[0]["deep.again.id"],
                          rows[0]["many"]), (5, 1, 3, 4, [1, 2, 3]))
        self.assertEqual((rows[1]["number"], rows[1]["text"], rows[1]["color"], rows[1]["plain"],
                          rows[1]["deep.level"]), (-7, "none", "GREEN", None, None))

    def test_flipped_and_cut(self):
        """What the official reader takes is taken, whatever the bytes."""
        messages = []
        for _ in range(400):
            data = bytearray(self.message().SerializeToString())
            for _ in range(self.chance.randint(0, 2)):
                data[self.chance.randrange(len(data))] = self.chance.randrange(256)
            messages.append(bytes(data[:self.chance.randint(0, len(data))]))
        _, rows, _ = self.read(messages)
        for data, row in zip(messages, rows):
            try:
                self.trip.FromString(data)
                taken = True
            except Exception:  # noqa: BLE001  (of the library's own class; text that is no UTF-8 among its reasons)
                taken = False
            if taken:
                self.assertIsInstance(row, dict, (data.hex(), row))

    def test_over_http(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), DescriptorServer)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        url = f"http://user:password@127.0.0.1:{server.server_port}/v1/sets?key=hidden"
        with self.assertRaisesRegex(RuntimeError, "HTTP status 401; it wants a bearer token") as refused:
            self.read([], where=url)
        for secret in ("password", "hidden", "a-secret"):
            self.assertNotIn(secret, str(refused.exception))
        env = dict(os.environ, STENCIL_TOKEN="a-secret")
        columns, rows, _ = self.read([self.trip(f_int32=3)], where=f"http://127.0.0.1:{server.server_port}/x", env=env)
        self.assertEqual(rows[0]["f_int32"], 3)
        with tempfile.NamedTemporaryFile("w", suffix=".token") as file:
            file.write("a-secret\n")
            file.flush()
            env = dict(os.environ, STENCIL_TOKEN_FILE=file.name)
            self.assertEqual(self.read([], where=f"http://127.0.0.1:{server.server_port}/x", env=env)[0], columns)
        with self.assertRaisesRegex(RuntimeError, "SOURCE_UNREACHABLE"):
            self.read([], where="http://127.0.0.1:1/x")


if __name__ == "__main__":
    unittest.main(verbosity=2)
