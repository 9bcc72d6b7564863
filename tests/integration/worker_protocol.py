#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real feast-worker over a socket pair: orders in, progress and a result out, and what happens when either side
is not as it should be."""

import os
import pathlib
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feastapi import ours
from feastcore import alive
from feastworker import PATIENCE, WORKER, Worker, WorkerMessage, WorkOrder

# Seen in every run, so that a failure can be repeated.
SEED = int(os.environ.get("FC_SEED", "20130208"))
# More than a worker with little memory keeps before it writes.
ROWS = 400_000

INT32, INT64, FLOAT, BATCH = 3, 4, 6, 1
READ, UNREACHABLE, UNREADABLE = 1, 2, 3


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.005)


class WorkerProtocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory(prefix="fc-worker-")
        cls.path = pathlib.Path(cls.dir.name)
        ids = np.arange(ROWS)
        pq.write_table(pa.table({
            "driver_id": pa.array(ids),
            "trips": pa.array((ids % 100).astype(np.int32)),
            "rating": pa.array((ids / 7).astype(np.float32)),
            "ts": pa.array(1609459200000000 + ids, pa.timestamp("us", "UTC")),
        }), cls.path / "large.parquet", row_group_size=50_000)
        pq.write_table(pq.read_table(cls.path / "large.parquet").slice(0, 100), cls.path / "small.parquet")

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def task(self, task, name):
        """What probes and ingestions have in common."""
        task.spec.name = "trips"
        task.spec.entities.append("driver_id")
        task.spec.features.add(name="trips", value_type=INT32)
        task.spec.features.add(name="rating", value_type=FLOAT)
        source = task.spec.batch_source
        source.type = BATCH
        source.event_timestamp_column = "ts"
        source.file_options.file_url = f"file://{self.path / name}"
        source.file_options.file_format.parquet_format.SetInParent()
        task.entities.add(name="driver_id", value_type=INT64)

    def probe(self, name="small.parquet", order_id="p-1"):
        order = WorkOrder(id=order_id)
        self.task(order.probe, name)
        order.probe.slot = BATCH
        order.probe.limits.rows = 50
        order.probe.limits.files = 32
        return order

    def ingest(self, name="large.parquet", sink="t.db", order_id="j-1"):
        order = WorkOrder(id=order_id)
        self.task(order.ingest_batch, name)
        order.ingest_batch.project = "default"
        order.ingest_batch.sqlite.path = str(self.path / sink)
        order.ingest_batch.threads = 2
        order.ingest_batch.memory_limit_bytes = 64 << 20
        return order

    def stored(self, sink="t.db"):
        connection = sqlite3.connect(self.path / sink)
        try:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            return connection.execute("SELECT count(*) FROM feature_row").fetchone()[0]
        finally:
            connection.close()

    def test_by_hand(self):
        version = subprocess.run([WORKER, "--version"], capture_output=True, text=True, check=True)
        self.assertRegex(version.stdout, r"^feast-worker \d+\.\d+\.\d+\n$")
        usage = subprocess.run([WORKER, "--help"], capture_output=True, text=True, check=True)
        self.assertIn("--probe-loop", usage.stdout)
        for args in ([], ["--probe-loop"]):
            alone = subprocess.run([WORKER, *args], capture_output=True, text=True, check=False)
            self.assertEqual(alone.returncode, 2)
            self.assertIn("no socket at descriptor 3", alone.stderr)
        self.assertEqual(subprocess.run([WORKER, "--nonsense"], capture_output=True, check=False).returncode, 2)

    def test_one_probe(self):
        with Worker() as worker:
            worker.send(self.probe())
            message, _ = worker.result()
            self.assertEqual(message.id, "p-1")
            self.assertFalse(message.result.HasField("error"))
            report = message.result.probe.report
            self.assertEqual(report.state, READ)
            self.assertEqual(report.rows_sampled, 50)
            self.assertEqual([column.level for column in report.columns], [1, 1, 1, 1])
            self.assertEqual(worker.ended(), 0)

    def test_one_ingestion(self):
        with Worker() as worker:
            worker.send(self.ingest(sink="one.db"))
            message, progress = worker.result()
            self.assertEqual(message.id, "j-1")
            self.assertFalse(message.result.HasField("error"), message.result.error)
            receipt = message.result.receipt
            self.assertEqual((receipt.rows_read, receipt.rows_written, receipt.rows_rejected), (ROWS, ROWS, 0))
            self.assertGreaterEqual(len(progress), 2)
            self.assertEqual(progress[-1].phase, "done")
            self.assertAlmostEqual(progress[-1].percent, 100)
            for earlier, later in zip(progress, progress[1:]):
                self.assertLessEqual(earlier.rows_read, later.rows_read)
                self.assertLessEqual(earlier.rows_written, later.rows_written)
            self.assertEqual(worker.ended(), 0)
            self.assertIn('event="order done" id=j-1', worker.log_text())
        self.assertEqual(self.stored("one.db"), ROWS)

    def test_a_failed_order_is_a_result(self):
        with Worker() as worker:
            worker.send(self.ingest(name="missing.parquet"))
            message, _ = worker.result()
            error = message.result.error
            self.assertEqual((error.code, error.reason, error.retryable), (14, "SOURCE_UNREACHABLE", True))
            self.assertIn("missing.parquet: No such file", error.message)
            self.assertEqual(worker.ended(), 0)

    def test_orders_that_make_no_sense(self):
        empty_ingest, bare = WorkOrder(id="x"), WorkOrder(id="x")
        empty_ingest.ingest_batch.SetInParent()
        bare.probe.SetInParent()
        for order in (WorkOrder(id="x"), empty_ingest, bare):
            with self.subTest(order), Worker() as worker:
                worker.send(order)
                message, _ = worker.result()
                self.assertEqual(message.id, "x")
                self.assertEqual(message.result.error.code, 3)
                self.assertEqual(message.result.error.reason, "REQUEST_INVALID")
                self.assertEqual(worker.ended(), 0)

    def test_garbage(self):
        chance = random.Random(SEED)
        frames = [b"\xff\xff\xff\xff", b"\x00\x00\x00\x03abc", b"\x04\x00\x00\x01", b"GET / HTTP/1.1\r\n\r\n",
                  struct.pack(">I", 100) + chance.randbytes(100)]
        for args in ([], ["--probe-loop"]):
            for data in frames:
                with self.subTest(args=args, data=data[:20]), Worker(*args) as worker:
                    worker.socket.sendall(data)
                    worker.socket.shutdown(socket.SHUT_WR)
                    message, _ = worker.result()
                    self.assertEqual(message.result.error.reason, "REQUEST_INVALID")
                    self.assertEqual(worker.ended(), 0)

    def test_nobody_there(self):
        for args in ([], ["--probe-loop"]):
            with Worker(*args) as worker:
                worker.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(worker.ended(), 0)

    def test_a_loop_of_probes(self):
        with Worker("--probe-loop") as worker:
            for number, (name, state) in enumerate([("small.parquet", READ), ("missing", UNREACHABLE),
                                                    ("large.parquet", READ), ("not.parquet", UNREADABLE)] * 5):
                (self.path / "not.parquet").write_bytes(b"no parquet at all")
                worker.send(self.probe(name, f"p-{number}"))
                message, _ = worker.result()
                self.assertEqual(message.id, f"p-{number}")
                self.assertEqual(message.result.probe.report.state, state)
            worker.send(self.ingest())
            self.assertEqual(worker.result()[0].result.error.reason, "REQUEST_INVALID")
            worker.send(self.probe())
            self.assertEqual(worker.result()[0].result.probe.report.state, READ)
            worker.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(worker.ended(), 0)

    def test_orders_with_flipped_bytes(self):
        """Whatever the bytes say: a result with an id or without one, and a worker that ends by itself."""
        chance = random.Random(SEED)
        valid = self.probe().SerializeToString()
        worker = Worker("--probe-loop")
        try:
            for _ in range(150):
                data = bytearray(valid)
                for _ in range(chance.randint(1, 4)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                worker.send_frame(bytes(data))
                message, _ = worker.result()
                if message.id == "" and message.result.error.reason == "REQUEST_INVALID":
                    self.assertEqual(worker.ended(), 0, worker.log_text())
                    worker.__exit__()
                    worker = Worker("--probe-loop")
        finally:
            worker.__exit__()

    def test_killed_and_begun_again(self):
        with Worker() as worker:
            worker.send(self.ingest(sink="killed.db"))
            while True:
                message = worker.receive()
                if message.progress.rows_written > 0:
                    break
            worker.process.kill()
            # 0: it was faster than we are.
            self.assertIn(worker.process.wait(PATIENCE), (-signal.SIGKILL, 0))
        self.assertGreater(self.stored("killed.db"), 0)
        with Worker() as worker:
            worker.send(self.ingest(sink="killed.db"))
            message, _ = worker.result()
            self.assertEqual(message.result.receipt.rows_read, ROWS)
            self.assertEqual(message.result.receipt.rows_written, ROWS)
        self.assertEqual(self.stored("killed.db"), ROWS)

    def test_the_other_side_goes_away(self):
        with Worker() as worker:
            worker.send(self.ingest(sink="left.db"))
            self.assertEqual(worker.receive().WhichOneof("body"), "progress")
            worker.socket.close()
            self.assertNotEqual(worker.process.wait(PATIENCE), 0)
            self.assertGreater(worker.process.returncode, 0, "ended by itself, not by a signal")
        self.stored("left.db")

    def test_dies_with_its_parent(self):
        """The parent is a process between us and the worker. The socket is ours, so it is no end of file that ends it."""
        kept, theirs = socket.socketpair()
        script = ("import os, subprocess, sys\n"
                  "fd = int(sys.argv[2])\n"
                  "child = subprocess.Popen([sys.argv[1], '--probe-loop'], pass_fds=[3],\n"
                  "                         preexec_fn=lambda: os.dup2(fd, 3))\n"
                  "print(child.pid, flush=True)\n"
                  "sys.stdin.read()\n")
        with kept, subprocess.Popen([sys.executable, "-c", script, str(WORKER), str(theirs.fileno())],
                                    pass_fds=[theirs.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    text=True) as parent:
            theirs.close()
            pid = int(parent.stdout.readline())
            # An answered order shows that it is past its start.
            order = self.probe().SerializeToString()
            kept.settimeout(PATIENCE)
            kept.sendall(struct.pack(">I", len(order)) + order)
            self.assertEqual(len(kept.recv(4)), 4)
            self.assertTrue(alive(pid))
            parent.kill()
            until(lambda: not alive(pid), "the worker ends with its parent")

    def test_what_it_denies_itself(self):
        with Worker("--probe-loop") as worker:
            worker.send(self.probe())
            worker.result()
            limits = pathlib.Path(f"/proc/{worker.process.pid}/limits").read_text()
            values = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()[1:]}
            self.assertEqual(values["Max core file size"], ["0", "0"])
            self.assertLessEqual(int(values["Max open files"][1]), 1024)


if __name__ == "__main__":
    unittest.main(verbosity=2)
