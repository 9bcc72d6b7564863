#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The worker's sink into real Redis servers that are not as they should be: the way there, logins, servers that are full,
restarted, read-only or slow, and clusters whose slots move.
"""

import threading
import time
import unittest

import redis_sink as sink
from redisserver import USER, USER_PASSWORD, Cluster, Redis


class WayThereTest(sink.SinkTest):
    ROW = [sink.row(1, 1, trips=1)]

    def test_tls_with_a_client_certificate(self):
        tls = self.redis.tls
        self.to_redis(self.ROW, url=f"rediss://127.0.0.1:{self.redis.tls_port}", ca=tls / "ca.pem", client=tls / "client")
        self.assertEqual(self.client.call("DBSIZE"), 1)

    def test_tls_that_is_not_agreed_on(self):
        tls, url = self.redis.tls, f"rediss://127.0.0.1:{self.redis.tls_port}"
        error = self.fails("ONLINE_STORE_REFUSED", url=url, ca=tls / "stranger.pem", client=tls / "client")
        self.assertIn("not trusted", error.message)
        self.fails("ONLINE_STORE_REFUSED", url=url, client=tls / "client")
        error = self.fails("ONLINE_STORE_REFUSED", url=url, ca=tls / "absent.pem")
        self.assertIn("absent.pem", error.message)
        self.fails("ONLINE_STORE_UNAVAILABLE", url=f"redis://127.0.0.1:{self.redis.tls_port}", patience_ms=100)

    def test_a_user_and_a_database(self):
        self.to_redis(self.ROW, url=f"redis://{USER}@127.0.0.1:{self.redis.port}/3", password=USER_PASSWORD)
        self.assertEqual(self.client.call("DBSIZE"), 0)
        self.client.call("SELECT", 3)
        self.assertEqual(self.client.call("DBSIZE"), 1)
        self.client.call("ACL", "SETUSER", USER, "-hset")
        try:
            error = self.fails("ONLINE_STORE_REFUSED", url=f"redis://{USER}@127.0.0.1:{self.redis.port}/3",
                               password=USER_PASSWORD)
            self.assertIn("can't run this command", error.message)
        finally:
            self.client.call("ACL", "SETUSER", USER, "+hset")

    def test_wrong_logins_are_refused_without_saying_the_password(self):
        for password in "sesame open", None:
            error = self.fails("ONLINE_STORE_REFUSED", password=password)
            self.assertFalse(error.retryable)
            self.assertNotIn("sesame", error.message)
            self.assertIn(str(self.redis.port), error.message)
        error = self.fails("ONLINE_STORE_REFUSED", url=f"redis://127.0.0.1:{self.redis.port}/99")
        self.assertIn("select the database", error.message)

    def test_nobody_there(self):
        error = self.fails("ONLINE_STORE_UNAVAILABLE", url="redis://127.0.0.1:1", patience_ms=50)
        self.assertTrue(error.retryable)
        self.assertIn("127.0.0.1:1 cannot be reached: Connection refused", error.message)

    def test_a_full_server_is_waited_for(self):
        self.client.call("CONFIG", "SET", "maxmemory", "1")
        try:
            error = self.fails("ONLINE_STORE_UNAVAILABLE", patience_ms=50)
            self.assertTrue(error.retryable)
            self.assertIn("maxmemory", error.message)
            troubles = []

            def relieve():
                end = time.monotonic() + sink.PATIENCE
                while not any(troubles) and time.monotonic() < end:
                    time.sleep(0.01)
                self.client.call("CONFIG", "SET", "maxmemory", "0")

            relief = threading.Thread(target=relieve)
            relief.start()
            self.assertEqual(self.to_redis(self.ROW, troubles=troubles).rows_written, 1)
            relief.join()
            told = [trouble for trouble in troubles if trouble]
            self.assertIn(f"Redis at 127.0.0.1:{self.redis.port}", told[0])
            self.assertIn("maxmemory", told[0])
            self.assertEqual(troubles[-1], "")
        finally:
            self.client.call("CONFIG", "SET", "maxmemory", "0")

    def test_a_key_that_is_no_hash(self):
        self.client.call("SET", sink.key_of("a", 1), "x")
        error = self.fails("ONLINE_STORE_REFUSED")
        self.assertIn("WRONGTYPE", error.message)

    def test_a_server_that_is_no_cluster(self):
        self.assertIn("is no cluster",
                      self.fails("ONLINE_STORE_REFUSED", url=f"redis+cluster://127.0.0.1:{self.redis.port}").message)


class RestartTest(sink.SinkTest):
    """A server of its own, which loses its connections and scripts while rows are under way."""

    ROWS = [sink.row(number, 1, trips=number) for number in range(60_000)]

    def test_lost_connections_and_scripts(self):
        redis = Redis(keep=True).start()
        self.addCleanup(redis.close)
        receipts = []

        def write():
            receipts.append(self.to_redis(self.ROWS, url=f"redis://127.0.0.1:{redis.port}", patience_ms=60000))

        thread = threading.Thread(target=write)
        thread.start()
        end = time.monotonic() + sink.PATIENCE
        with redis.client() as client:
            while client.call("DBSIZE") < 1000 and time.monotonic() < end:
                time.sleep(0.001)
            client.call("SCRIPT", "FLUSH")
        # Not from a thread: the kernel ends a child when the thread that started it ends.
        redis.stop()
        redis.start()
        thread.join()
        (receipt,) = receipts
        self.assertEqual(receipt.rows_written + receipt.rows_superseded + receipt.rows_late, len(self.ROWS))
        # Appended at once, written to disk by the system: what was acknowledged is there.
        with redis.client() as client:
            self.assertEqual(client.call("DBSIZE"), len(self.ROWS))


class OwnServerTest(sink.SinkTest):
    """Servers of their own, so that what is done to them hinders nobody."""

    ROWS = [sink.row(number, 1, trips=number) for number in range(30_000)]

    def setUp(self):
        super().setUp()
        self.own = Redis().start()
        self.addCleanup(self.own.close)
        self.url = f"redis://127.0.0.1:{self.own.port}"

    def meanwhile(self, sign, then):
        """Writes the rows; once `sign` of the server's errors is there, does `then`. The receipt."""
        receipts = []
        thread = threading.Thread(target=lambda: receipts.append(
            self.to_redis(self.ROWS, url=self.url, patience_ms=60000)))
        thread.start()
        end = time.monotonic() + sink.PATIENCE
        with self.own.client() as client:
            while sign not in client.call("INFO", "errorstats") and thread.is_alive() and time.monotonic() < end:
                time.sleep(0.005)
            self.assertIn(sign, client.call("INFO", "errorstats"))
            then(client)
        thread.join()
        (receipt,) = receipts
        self.assertEqual(receipt.rows_written, len(self.ROWS))
        with self.own.client() as client:
            self.assertEqual(client.call("DBSIZE"), len(self.ROWS))
            self.assertEqual(client.call("HGET", sink.key_of("a", 29_999), sink.field_of("trips")),
                             b"\x20" + sink.varint(29_999))

    def test_full_in_the_middle(self):
        with self.own.client() as client:
            used = int(dict(line.split(b":") for line in client.call("INFO", "memory").split(b"\r\n") if b":" in line)
                       [b"used_memory"])
            # Far less than the rows need, more than a connection does.
            client.call("CONFIG", "SET", "maxmemory", used + (3 << 20))
        self.meanwhile(b"errorstat_OOM", lambda client: client.call("CONFIG", "SET", "maxmemory", 0))

    def test_a_replica_becomes_the_master(self):
        with self.own.client() as client:
            client.call("REPLICAOF", "127.0.0.1", 1)
        self.meanwhile(b"errorstat_READONLY", lambda client: client.call("REPLICAOF", "NO", "ONE"))
        with self.own.client() as client:
            client.call("REPLICAOF", "127.0.0.1", 1)
        error = self.fails("ONLINE_STORE_UNAVAILABLE", url=self.url, patience_ms=50)
        self.assertTrue(error.retryable)
        self.assertIn("READONLY", error.message)

    def test_a_server_that_hangs(self):
        self.own.pause(True)
        try:
            error = self.fails("ONLINE_STORE_UNAVAILABLE", url=self.url, patience_ms=50, timeout_ms=200)
            self.assertTrue(error.retryable)
            self.assertIn("does not answer in time", error.message)
        finally:
            self.own.pause(False)
        self.assertEqual(self.to_redis(self.ROWS[:1], url=self.url).rows_written, 1)


class ClusterTest(sink.SinkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()

    ROWS = [sink.row(number, 1, trips=number) for number in range(3000)]

    def check(self, count):
        found = self.cluster.dump()
        self.assertEqual(set(found), {sink.key_of("a", number) for number in range(count)})
        self.assertEqual({key: fields[sink.field_of("trips")] for key, fields in found.items()},
                         {sink.key_of("a", number): b"\x20" + sink.varint(number) for number in range(count)})

    def test_rows_go_to_the_nodes_of_their_slots(self):
        self.cluster.flush()
        receipt = self.to_redis(self.ROWS, url=self.cluster.url, password=None)
        self.assertEqual(receipt.rows_written, len(self.ROWS))
        self.check(len(self.ROWS))

    def test_slots_that_move_meanwhile(self):
        self.cluster.flush()
        rows = [sink.row(number, 1, trips=number) for number in range(40_000)]
        moved = []

        def move():
            end = time.monotonic() + sink.PATIENCE
            with self.cluster.nodes[0].client() as client:
                while client.call("DBSIZE") < 200 and time.monotonic() < end:
                    time.sleep(0.001)
            for slot in range(0, 12):
                self.cluster.move_slot(slot, 0, 1)
                moved.append(slot)

        thread = threading.Thread(target=move)
        thread.start()
        receipt = self.to_redis(rows, url=self.cluster.url, password=None)
        thread.join()
        self.assertEqual(len(moved), 12)
        self.assertEqual(receipt.rows_read, len(rows))
        self.check(len(rows))
        for slot in moved:
            self.cluster.move_slot(slot, 1, 0)


if __name__ == "__main__":
    unittest.main()
