#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Batch ingestions whose worker or server is killed at random moments, over and over: in the end the store has what an
undisturbed run leaves there, and the account adds up."""

import os
import pathlib
import random
import signal
import sqlite3
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import feastcore
import feasttables as tables
from feastcore import wait_until

# Seen in every run, so that a failure can be repeated.
SEED = int(os.environ.get("FC_SEED", "20130208"))
# Several slices of a worker with little memory; keys come back in the other file, newer and older.
ROWS, KEYS = 100_000, 70_000
KILLS = 3
DONE = 3
FEATURES = {"count": "INT64", "text": "STRING"}


def write(path, seed):
    chance = np.random.default_rng(seed)
    times = 1_609_459_200_000_000 + chance.integers(0, 1000, ROWS // 2) * 1_000_000
    ids = [None if row % 100 == 99 else int(key) for row, key in enumerate(chance.integers(0, KEYS, ROWS // 2))]
    pq.write_table(pa.table({
        "id": pa.array(ids, pa.int64()), "event_timestamp": pa.array(times, pa.timestamp("us", tz="UTC")),
        "count": pa.array(chance.integers(0, 2**40, ROWS // 2)),
        "text": pa.array([f"{number:0700}" for number in range(ROWS // 2)])}), path, row_group_size=10_000)


class Killed(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        print(f"seed {SEED}", flush=True)
        cls.chance = random.Random(SEED)
        cls.source = pathlib.Path(cls.name("source"))
        cls.source.mkdir()
        write(cls.source / "1.parquet", 1)
        write(cls.source / "2.parquet", 2)

    def begin(self, server):
        server.api.apply_entity("id", "INT64")
        server.api.apply_table(tables.table("table", ["id"], FEATURES, tables.file_source(self.source)), mode="off")
        return server.api.start_ingestion("table").id

    def start(self):
        return self.server("--jobs-memory-limit", "64MiB", "--jobs-max-attempts", "100")

    def contents(self, server):
        (path,) = pathlib.Path(server.data_dir, "online").glob("*/table.db")
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            return store.execute("SELECT * FROM feature_row ORDER BY key").fetchall()

    def ended(self, server, job_id):
        job = self.job_ends(server.api, job_id)
        self.assertEqual(job.status, DONE, job.error_message)
        return server.api.job_detail(job_id)

    def undisturbed(self):
        server = self.start()
        detail = self.ended(server, self.begin(server))
        return self.contents(server), detail

    def some_time(self, server, job_id):
        """Until there is a worker, and then a moment of chance; True when the job is over."""
        def met():
            return server.job_workers() or server.api.get_job(job_id).status >= DONE

        wait_until(met, "a worker of the job")
        time.sleep(self.chance.random() * 0.4)
        return server.api.get_job(job_id).status >= DONE

    def same_in_the_end(self, server, job_id, kill):
        kills = 0
        while kills < KILLS and not self.some_time(server, job_id):
            kills += kill(server)
        found, expected = self.ended(server, job_id), self.undisturbed()
        self.assertEqual(self.contents(server), expected[0])
        receipt, whole = found.receipt, expected[1].receipt
        self.assertEqual((receipt.rows_read, receipt.rows_rejected), (whole.rows_read, whole.rows_rejected))
        self.assertEqual(receipt.rows_read, receipt.rows_rejected + receipt.rows_written + receipt.rows_late
                         + receipt.rows_superseded)
        self.assertEqual([(one.column, one.reason, one.count) for one in receipt.rejections],
                         [(one.column, one.reason, one.count) for one in whole.rejections])
        letters = [pathlib.Path(detail.dead_letter_path).read_text() for detail in (found, expected[1])]
        self.assertEqual(*letters)
        self.assertEqual(receipt.source_version, whole.source_version)
        self.assertEqual(receipt.spec_revision, server.api.get_table("table").meta.revision)

    def test_workers(self):
        def kill(server):
            for pid in server.job_workers():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    return 0
                return 1
            return 0

        server = self.start()
        self.same_in_the_end(server, self.begin(server), kill)

    def test_servers(self):
        def kill(server):
            server.kill()
            server.start()
            return 1

        server = self.start()
        self.same_in_the_end(server, self.begin(server), kill)


if __name__ == "__main__":
    feastcore.run()
