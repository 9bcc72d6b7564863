#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More connections than are good for a server, and connections that never become calls."""

import contextlib
import os
import random
import socket

import grpc

import feastcore
import http2
from abuse import HEALTH_CHECK, VERSION, Abuse, scale
from feastapi import Api

SEED = int(os.environ.get("FC_SEED", "20130208"))

# A ClientHello cut short, a request of the old HTTP, half a preface, a preface and then silence or nonsense.
OPENINGS = (
    b"",
    bytes.fromhex("1603010200010001fc0303") + bytes(32),
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    http2.PREFACE[:12],
    http2.PREFACE,
    http2.PREFACE + http2.settings(),
    http2.PREFACE + http2.settings() + b"\xff" * 9,
    http2.PREFACE + http2.frame(http2.HEADERS, 0, 1, http2.call_headers(VERSION)),
)


def hold(address, count, opening):
    """That many connections at once, each with its opening; their sockets."""
    held = []
    for number in range(count):
        with contextlib.suppress(ConnectionError):
            connection = socket.create_connection(http2.split(address), timeout=feastcore.PATIENCE)
            held.append(connection)
            connection.sendall(opening(number))
    return held


def close(connections):
    for connection in connections:
        connection.close()


class Connections(Abuse):
    def test_garbage_and_half_open_connections(self):
        rng = random.Random(SEED)
        openings = [*OPENINGS, rng.randbytes(16), rng.randbytes(4096)]
        held = hold(self.core.grpc, scale("CONNECTIONS", 2000), lambda number: openings[number % len(openings)])
        self.normal()
        close(held)

    def test_a_thousand_clients_at_once(self):
        held = [http2.Connection(self.core.grpc) for _ in range(scale("CLIENTS", 1000))]
        # All questions first, so that all are open when the first is answered.
        streams = [connection.open(HEALTH_CHECK) for connection in held]
        for connection, stream in zip(held, streams):
            self.assertEqual(connection.answer(stream), http2.message(b"\x08\x01"))
        self.normal()
        close(held)

    def test_slow_clients(self):
        """Requests that come byte by byte do not keep others waiting."""
        held = [http2.Connection(self.core.grpc, greet=False) for _ in range(200)]
        words = http2.PREFACE + http2.settings() + http2.frame(
            http2.HEADERS, http2.END_HEADERS, 1, http2.call_headers(HEALTH_CHECK)) + http2.frame(
                http2.DATA, http2.END_STREAM, 1, http2.message(b""))
        for byte in range(len(words)):
            for connection in held[:40] if byte >= len(http2.PREFACE) else held:
                with contextlib.suppress(ConnectionError):
                    connection.send(words[byte:byte + 1])
            if byte % 50 == 0:
                self.normal()
        close(held)

    def test_reset_by_peer(self):
        for _ in range(scale("RESETS", 1000)):
            with contextlib.suppress(ConnectionError), http2.Connection(self.core.grpc) as connection:
                connection.open(VERSION)
                # Closed with data unread and no time to linger: the server sees a reset, not an end.
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


class Silence(Abuse):
    flags = ("--grpc-handshake-timeout", "3s")

    def test_what_never_greets_is_hung_up_on(self):
        held = hold(self.core.grpc, 100, lambda number: http2.PREFACE[:number % 24])
        for connection in held:
            with contextlib.suppress(ConnectionError):
                while connection.recv(65536):
                    pass
        close(held)


class FewDescriptors(Abuse):
    """More connections than descriptors."""

    @classmethod
    def class_server(cls, *flags, **options):
        server = feastcore.Server(cls.name("data"), *flags, **options)
        command = server.command
        server.command = lambda: ["prlimit", "--nofile=256:256", *command()]
        cls.addClassCleanup(cls._end, server)
        return server.start()

    def test_more_connections_than_descriptors(self):
        with Api(self.core.grpc) as api:
            self.assertEqual(api.health.Check(service="").status, 1)
            for _ in range(3):
                held = []
                for _ in range(600):
                    with contextlib.suppress(ConnectionError):
                        held.append(http2.Connection(self.core.grpc))
                # Who was there before is served on, and what needs descriptors of its own still has them.
                self.assertEqual(api.health.Check(service="").status, 1)
                api.apply_entity("id", "INT64", labels={"round": str(len(held))})
                self.assertLess(self.open_files(), 256)
                close(held)
                feastcore.wait_until(self.reachable, "a new connection")

    def reachable(self):
        with Api(self.core.grpc) as api, contextlib.suppress(grpc.RpcError):
            return api.health.Check(service="", timeout=5).status == 1


if __name__ == "__main__":
    feastcore.run()
