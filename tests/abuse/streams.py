#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Streams and frames that break the rules of HTTP/2 or use them against the server."""

import contextlib
import gzip
import os
import random
import struct

import grpc

import feastcore
import feasttables as tables
import http2
from abuse import HEALTH_CHECK, VERSION, Abuse, scale
from feastapi import Api, core_pb, ours

SEED = int(os.environ.get("FC_SEED", "20130208"))
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
LIST_ENTITIES = "/feast.core.CoreService/ListEntities"


def hang_ups():
    """The server may hang up on an abuser at any moment."""
    return contextlib.suppress(ConnectionError, EOFError, TimeoutError)


class Streams(Abuse):
    def connect(self, **options):
        connection = http2.Connection(self.core.grpc, **options)
        self.addCleanup(connection.close)
        return connection

    def test_rapid_reset(self):
        """Streams opened and reset at once, by the thousand, on a few connections."""
        for _ in range(4):
            with hang_ups(), self.connect() as connection:
                for _ in range(scale("STREAMS", 20_000) // 400):
                    burst = b""
                    for _ in range(100):
                        stream = connection.next_stream()
                        burst += http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.call_headers(LIST_ENTITIES))
                        burst += http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", http2.CANCEL))
                    connection.send(burst)
        self.normal()

    def test_more_streams_than_are_allowed(self):
        with hang_ups(), self.connect() as connection:
            for _ in range(5000):
                connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, connection.next_stream(),
                                            http2.call_headers(VERSION)))
            self.normal()

    def test_streams_out_of_order(self):
        for numbers in ((2,), (3, 1), (1, 1), (0,), (2**31 - 1, 1)):
            with self.subTest(numbers), hang_ups(), self.connect(timeout=5) as connection:
                for number in numbers:
                    connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, number,
                                                http2.call_headers(VERSION)))
                connection.send(http2.frame(http2.DATA, 0, 77, b"for nobody"))

    def test_headers_without_end(self):
        """Header blocks are kept until they end: one that never does costs its client the connection, and us nothing."""
        before = self.peak()
        for _ in range(4):
            with self.assertRaises(ConnectionError), self.connect() as connection:
                connection.send_headers_without_end(VERSION)
        with self.assertRaises(ConnectionError), self.connect() as connection:
            connection.send(http2.frame(http2.HEADERS, 0, 1, http2.call_headers(VERSION)))
            for _ in range(1000):
                connection.send(http2.frame(http2.CONTINUATION, 0, 1) * 1000)
        self.assertEqual(self.core.log().count("headers without end"), 5)
        if not self.sanitized():
            self.assertLess(self.peak() - before, 16 << 20)

    def test_long_headers_on_many_streams(self):
        """As long as they may be, on as many streams as there may be, none of which becomes a call."""
        block = http2.header_block([("x-more", "y" * 15_000)])
        before = self.peak()
        with self.connect() as connection:
            for _ in range(scale("LONG_HEADERS", 900)):
                stream = connection.next_stream()
                connection.send(http2.frame(http2.HEADERS, 0, stream, http2.call_headers(VERSION))
                                + http2.frame(http2.CONTINUATION, 0, stream, block) * 6
                                + http2.frame(http2.CONTINUATION, http2.END_HEADERS, stream, block))
            self.normal()
            self.assertEqual(connection.answer(connection.open(HEALTH_CHECK)), http2.message(b"\x08\x01"))
        if not self.sanitized():
            self.assertLess(self.peak() - before, 384 << 20)

    def test_large_metadata(self):
        with Api(self.core.grpc) as api:
            with self.assertRaises(grpc.RpcError) as caught:
                api.core.GetFeastCoreVersion(core_pb.GetFeastCoreVersionRequest(), timeout=60,
                                             metadata=[("x-large", "y" * 100_000)])
            self.assertEqual(caught.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def test_many_small_headers(self):
        with hang_ups(), self.connect() as connection:
            stream = connection.open(VERSION, extra=[(f"x-{number}", "") for number in range(20_000)])
            connection.answer(stream)

    def test_floods_of_control_frames(self):
        kinds = {
            "ping": http2.frame(http2.PING, 0, 0, bytes(8)),
            "settings": http2.settings(initial_window_size=70_000),
            "window": http2.frame(http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)),
            "empty data": http2.frame(http2.DATA, 0, 1),
            "unknown": http2.frame(0xee, 0xff, 0, b"?" * 100),
        }
        for name, one in kinds.items():
            with self.subTest(name), hang_ups(), self.connect(timeout=5) as connection:
                connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, connection.next_stream(),
                                            http2.call_headers(VERSION)))
                for _ in range(200):
                    connection.send(one * 100)

    def test_random_frames(self):
        rng = random.Random(SEED)
        for _ in range(300):
            with hang_ups(), self.connect(timeout=5) as connection:
                for _ in range(rng.randrange(1, 10)):
                    connection.send(http2.frame(rng.randrange(12), rng.randrange(256), rng.randrange(6),
                                                rng.randbytes(rng.randrange(64))))

    def test_messages_that_lie_about_their_length(self):
        for length in (0, 1, 100, 4 << 20, (4 << 20) + 1, 2**31, 2**32 - 1):
            with self.subTest(length), hang_ups(), self.connect(timeout=5) as connection:
                stream = connection.next_stream()
                connection.send(
                    http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.call_headers(VERSION))
                    + http2.frame(http2.DATA, http2.END_STREAM, stream, http2.message(b"abc", length=length)))
                connection.answer(stream)

    def test_compressed_to_next_to_nothing(self):
        """A few kilobytes that unpack to gigabytes are refused at the limit of a message."""
        bomb = gzip.compress(bytes(64 << 20), 9)
        before = self.resident()
        with self.connect() as connection:
            for _ in range(20):
                stream = connection.next_stream()
                head = http2.call_headers("/feast.core.CoreService/ApplyFeatureTable",
                                          extra=[("grpc-encoding", "gzip")])
                connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, head))
                packed = http2.message(bomb, compressed=1)
                for at in range(0, len(packed), 16_384):
                    last = at + 16_384 >= len(packed)
                    connection.send(http2.frame(http2.DATA, http2.END_STREAM if last else 0, stream,
                                                packed[at:at + 16_384]))
                connection.answer(stream)
        if not self.sanitized():
            self.assertLess(self.resident() - before, 64 << 20)

    def test_oversized_messages_on_many_connections(self):
        """All of what is allowed at once, and more, on many connections that never end their message."""
        with contextlib.ExitStack() as stack:
            for _ in range(scale("LARGE", 100)):
                connection = stack.enter_context(self.connect(timeout=5))
                with hang_ups():
                    stream = connection.next_stream()
                    connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream,
                                                http2.call_headers("/feast.core.CoreService/ApplyFeatureTable")))
                    connection.send(http2.frame(http2.DATA, 0, stream, http2.message(b"", length=4 << 20)))
                    # No more than the windows allow without waiting for the server.
                    for _ in range(3):
                        connection.send(http2.frame(http2.DATA, 0, stream, bytes(16_384)))
            self.normal()


class Readers(Abuse):
    """Clients that ask and never read."""

    def deaf(self, count, path, data, times=1):
        """Connections that forbid the server to send data, each with that many calls."""
        held = []
        for _ in range(count):
            connection = http2.Connection(self.core.grpc, first=http2.settings(initial_window_size=0))
            self.addCleanup(connection.close)
            for _ in range(times):
                connection.open(path, data)
            held.append(connection)
        return held

    def close(self, connections):
        for connection in connections:
            connection.close()

    def test_unary_answers(self):
        with Api(self.core.grpc) as api:
            for number in range(200):
                api.apply_entity(f"entity_{number}", "STRING", project="large", description="x" * 2000)
        request = core_pb.ListEntitiesRequest(filter=core_pb.ListEntitiesRequest.Filter(project="large"))
        held = self.deaf(20, LIST_ENTITIES, request.SerializeToString(), times=20)
        self.normal()
        self.close(held)

    def test_health_watches(self):
        held = self.deaf(scale("WATCHES", 300), "/grpc.health.v1.Health/Watch", b"", times=3)
        self.normal()
        self.close(held)

    def test_reflection(self):
        """Each question is small and each answer large; the answers may not pile up without bound."""
        request = ours().message("grpc.reflection.v1.ServerReflectionRequest")(
            file_containing_symbol="feast.core.CoreService").SerializeToString()
        one = http2.message(request)
        held = []
        before = self.resident()
        for _ in range(8):
            connection = http2.Connection(self.core.grpc, first=http2.settings(initial_window_size=0), timeout=2)
            self.addCleanup(connection.close)
            held.append(connection)
            stream = connection.next_stream()
            with hang_ups():
                connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.call_headers(REFLECTION)))
                burst = http2.frame(http2.DATA, 0, stream, one * 100)
                for _ in range(20):
                    connection.send(burst)
        self.normal()
        if not self.sanitized():
            self.assertLess(self.resident() - before, 256 << 20)
        self.close(held)

    def test_a_job_that_is_watched(self):
        watch = ours().message("feast.admin.v1.WatchJobRequest")
        with Api(self.core.grpc) as api:
            path = tables.write_many(self.name("rows"), 400_000, 1000)
            api.apply_table(tables.table("watched", ["id"], {"feature": "INT64"}, tables.file_source(path)))
            job_id = api.start_ingestion("watched").id
            held = self.deaf(50, "/feast.admin.v1.AdminService/WatchJob",
                             watch(job_id=job_id).SerializeToString(), times=4)
            self.assertEqual(self.job_ends(api, job_id).status, 3)
        self.normal()
        self.close(held)


if __name__ == "__main__":
    feastcore.run()
