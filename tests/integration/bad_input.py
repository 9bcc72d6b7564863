#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes that no honest client sends. Each costs its sender a clear error, and the server goes on."""

import os
import random
import socket

import grpc

import feastcore
import feasttables as tables
from feastapi import Api, core_pb, ours

CORE = "/feast.core.CoreService/"

# Seen in every run, so that a failure can be repeated.
SEED = int(os.environ.get("FC_SEED", "20130208"))


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


class BadInput(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server()

    def tearDown(self):
        """Whatever was sent: it lives, answers, and has stored nothing of it."""
        with Api(self.core.grpc) as api:
            self.assertEqual(api.health.Check(service="").status, 1)
            self.assertEqual(list(api.core.ListEntities(core_pb.ListEntitiesRequest()).entities), [])
        self.assertTrue(self.core.running(), self.core.log())

    def malformed(self, method, data, code="INVALID_ARGUMENT"):
        return self.fails(code, self.core.api.raw, CORE + method, data)

    def test_not_protobuf(self):
        for data in (b"\xff", b"\x0a", b"\x0a\x05abc", b"\x07", b"\x00\x00", b"\x0b\x0c", b"\x80" * 11):
            with self.subTest(data):
                self.malformed("GetEntity", data)

    def test_wrong_wire_type(self):
        # A known field as a number: not what the field is, and never taken for a name.
        self.malformed("GetEntity", b"\x08\x01")

    def test_bad_utf8(self):
        for name in (b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"a\xf8b"):
            with self.subTest(name):
                self.malformed("GetEntity", field(1, name))
                self.malformed("ApplyEntity", field(1, field(1, name) + b"\x10\x04"))

    def test_nul_in_a_name(self):
        self.malformed("ApplyEntity", field(1, field(1, b"car\0rier") + b"\x10\x04"))

    def test_deep_nesting(self):
        for depth in (200, 10_000, 100_000):
            data = b""
            for _ in range(depth):
                data = field(2, data) if len(data) < 3_000_000 else data
            with self.subTest(depth):
                with self.assertRaises(grpc.RpcError):
                    self.core.api.raw(CORE + "ApplyFeatureTable", data)

    def test_deep_nesting_of_groups(self):
        self.malformed("GetEntity", b"\x13" * 100_000)

    def test_too_large(self):
        with Api(self.core.grpc, [("grpc.max_send_message_length", -1)]) as api:
            self.fails("RESOURCE_EXHAUSTED", api.raw, CORE + "GetEntity", field(1, b"a" * 5_000_000))

    def test_small_on_the_wire_and_large_in_memory(self):
        data = field(2, b"\x22\x00" * 1_900_000)
        message = self.fails("RESOURCE_EXHAUSTED", self.core.api.raw, CORE + "ApplyFeatureTable", data)
        self.assertGreater(len(message), 10)

    def test_long_names(self):
        name = b"a" * 100_000
        message = self.malformed("ApplyEntity", field(1, field(1, name) + b"\x10\x04"))
        self.assertLess(len(message), 8192)

    def test_a_thousand_mistakes_at_once(self):
        spec = tables.table("bad-name", ["id"], {}, tables.file_source("/nowhere"))
        for number in range(1000):
            spec.features.add(name=f"bad name {number}")
        message = self.fails("INVALID_ARGUMENT", self.core.api.apply_table, spec, mode="off")
        self.assertIn("bad-name", message)
        self.assertIn("bad name 0", message)
        self.assertLessEqual(len(message.encode()), 4096)

    def test_many_labels(self):
        labels = {f"label{number}": "x" * 100 for number in range(20_000)}
        try:
            self.core.api.apply_entity("bad-name", "STRING", labels=labels)
            self.fail("a bad name was taken")
        except grpc.RpcError as error:
            self.assertIn(error.code(), (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED))

    def test_random_bytes_to_every_method(self):
        random.seed(SEED)
        for service in ("feast.core.CoreService", "feast_spark.api.JobService", "feast.core.JobService",
                        "feast.serving.ServingService", "feast.admin.v1.AdminService"):
            for method in ours().service(service).methods:
                # Those that could store something by chance, or that stream, have their own tests.
                if method.name in ("WatchJob", "FollowJobLog", "Backup", "CreateProject", "ApplyEntity", "UpdateStore",
                                   "RegisterOnlineStore"):
                    continue
                for _ in range(20):
                    data = random.randbytes(random.randrange(200))
                    try:
                        self.core.api.raw(f"/{service}/{method.name}", data)
                    except grpc.RpcError as error:
                        self.assertNotIn(error.code(), (
                            grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE,
                        ), f"seed {SEED}, {method.full_name}, {data!r}: {error.details()}")

    def test_flipped_bits_of_a_good_request(self):
        random.seed(SEED)
        request = core_pb.ApplyFeatureTableRequest(table_spec=tables.flights("no-table"))
        whole = request.SerializeToString()
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(random.randrange(1, 4)):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            try:
                self.core.api.raw(CORE + "ApplyFeatureTable", bytes(data))
            except grpc.RpcError as error:
                self.assertNotIn(error.code(), (
                    grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE,
                ), f"seed {SEED}, {bytes(data)!r}: {error.details()}")

    def test_garbage_and_half_open_connections(self):
        host, _, port = self.core.grpc.rpartition(":")
        random.seed(SEED)
        held = []
        for number in range(600):
            connection = socket.create_connection((host, int(port)), timeout=feastcore.PATIENCE)
            if number % 3 == 0:
                connection.sendall(random.randbytes(64))
            elif number % 3 == 1:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
            held.append(connection)
        with Api(self.core.grpc) as api:
            self.assertEqual(api.health.Check(service="").status, 1)
        for connection in held:
            connection.close()

    def test_calls_given_up_at_once(self):
        for _ in range(300):
            call = self.core.api.core.ListProjects.future(core_pb.ListProjectsRequest())
            call.cancel()


if __name__ == "__main__":
    feastcore.run()
