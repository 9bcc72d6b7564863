#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Batch ingestions whose worker or server is killed, over and over, into the embedded store and into Redis: each attempt
goes on from the last place that was told, and in the end the store has what an undisturbed run leaves there. The source
lets its rows out by portions, so that every kill but the last meets a worker that waits for more.
"""

import io
import os
import pathlib
import signal
import sqlite3

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import feastcore
import feasttables as tables
from feastapi import ours
from feastcore import alive, wait_until
from gateds3 import BUCKET, GatedS3
from redisserver import Redis

# Half the memory of a job, 32 MiB, are rows not yet written: of this size, some 4500. Keys come back in the other file.
TEXT_BYTES = 7000
FILE_ROWS, GROUP_ROWS = 8000, 500
KEYS = ("1.parquet", range(8000)), ("2.parquet", range(4000, 12000))
# (file, row group) that is not let out: by each of them one more place was told.
STOPS = ("1.parquet", 12), ("2.parquet", 8)
DONE = 3
FEATURES = {"count": "INT64", "text": "STRING"}
Progress = ours().message("feast.worker.v1.Progress")


def parquet(seed, keys):
    """A file's bytes; every hundredth row has no entity."""
    chance = np.random.default_rng(seed)
    ids = [None if row % 100 == 99 else int(key) for row, key in enumerate(chance.permutation(keys))]
    times = 1_609_459_200_000_000 + chance.integers(0, 1000, FILE_ROWS) * 1_000_000
    out = io.BytesIO()
    pq.write_table(pa.table({
        "id": pa.array(ids, pa.int64()), "event_timestamp": pa.array(times, pa.timestamp("us", tz="UTC")),
        "count": pa.array(chance.integers(0, 2**40, FILE_ROWS)),
        "text": pa.array([f"{number:0{TEXT_BYTES}}" for number in range(FILE_ROWS)])}),
        out, row_group_size=GROUP_ROWS, compression="none", use_dictionary=False)
    return out.getvalue()


class Killed(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = GatedS3()
        cls.addClassCleanup(cls.s3.stop)
        cls.groups = {}
        for seed, (key, ids) in enumerate(KEYS):
            data = parquet(seed, ids)
            layout = pq.read_metadata(io.BytesIO(data))
            groups = [layout.row_group(number) for number in range(layout.num_row_groups)]
            cls.groups[key] = [group.column(0).data_page_offset for group in groups]
            cls.s3.put(key, data, len(data) - 8 - layout.serialized_size)

    def start(self, *flags):
        return self.server("--jobs-memory-limit", "64MiB", "--jobs-max-attempts", "100",
                           f"--sources-s3-endpoint={self.s3.endpoint}", *flags,
                           env={"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})

    def begin(self, server):
        server.api.apply_entity("id", "INT64")
        source = tables.file_source(f"s3://{BUCKET}/")
        server.api.apply_table(tables.table("table", ["id"], FEATURES, source), mode="off")
        return server.api.start_ingestion("table").id

    def ended(self, server, job_id):
        job = self.job_ends(server.api, job_id)
        self.assertEqual(job.status, DONE, job.error_message)
        return server.api.job_detail(job_id)

    def undisturbed(self, *flags):
        server = self.start(*flags)
        return self.ended(server, self.begin(server)), server

    def place(self, server):
        """(path, rows that are behind) as the server keeps it, whatever becomes of it; None when there is none."""
        with sqlite3.connect(f"file:{server.data_dir}/registry.db?mode=ro", uri=True, timeout=60) as registry:
            ((progress,),) = registry.execute("SELECT progress FROM job").fetchall()
        (*_, found) = [None, *Progress.FromString(progress).positions]
        return (found.part, int(found.offset)) if found else None

    def goes_on(self, before):
        """No row group before the place was asked for."""
        key, row = before[0].rpartition("/")[2], before[1]
        first = key, self.groups[key][row // GROUP_ROWS]
        data = [one for one in self.s3.asked if one[2] <= self.s3.footers[one[0]]]
        self.assertTrue(data)
        self.assertGreaterEqual(min(data)[:2], first)

    def disturbed(self, server, kills):
        """Kills at each stop, and once more while the rest is on its way; the job's end."""
        key, group = STOPS[0]
        self.s3.move_gate((key, self.groups[key][group]))
        self.s3.asked.clear()
        job_id, before = self.begin(server), None
        for number, kill in enumerate(kills):
            self.s3.wait_for_reader(feastcore.PATIENCE)
            wait_until(lambda seen=before: self.place(server) not in (None, seen), "a place that is told")
            if before:
                self.goes_on(before)
            before = self.place(server)
            self.assertGreater(server.api.job_detail(job_id).progress.attempt, number)
            self.assertEqual(len(server.job_workers()), 1)
            self.s3.asked.clear()
            kill(server)
            after = STOPS[number + 1] if number + 1 < len(STOPS) else None
            self.s3.move_gate(after and (after[0], self.groups[after[0]][after[1]]))
        wait_until(lambda: self.s3.asked, "the last attempt")
        kills[0](server)
        detail = self.ended(server, job_id)
        self.assertGreater(detail.progress.attempt, len(kills))
        self.goes_on(before)
        return detail

    def same(self, found, expected):
        receipt, whole = found.receipt, expected.receipt
        self.assertEqual((receipt.rows_read, receipt.rows_rejected), (2 * FILE_ROWS, 2 * FILE_ROWS // 100))
        self.assertEqual((whole.rows_read, whole.rows_rejected), (receipt.rows_read, receipt.rows_rejected))
        self.assertEqual(receipt.rows_read, receipt.rows_rejected + receipt.rows_written + receipt.rows_late
                         + receipt.rows_superseded)
        self.assertEqual([(one.column, one.reason, one.count) for one in receipt.rejections],
                         [(one.column, one.reason, one.count) for one in whole.rejections])
        self.assertEqual(*[pathlib.Path(one.dead_letter_path).read_text() for one in (found, expected)])
        self.assertEqual((receipt.source_version, receipt.spec_revision), (whole.source_version, whole.spec_revision))

    def kill_worker(self, server):
        for pid in server.job_workers():
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda dead=pid: dead not in server.children(), "the end of a worker that was killed")

    def kill_server(self, server):
        workers = server.job_workers()
        server.kill()
        for pid in workers:
            wait_until(lambda dead=pid: not alive(dead), "the worker of a dead server to end")
        server.start()


class Embedded(Killed):
    whole = None  # detail and contents of a run that nothing disturbs

    def contents(self, server):
        (path,) = pathlib.Path(server.data_dir, "online").glob("*/table.db")
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            return store.execute("SELECT * FROM feature_row ORDER BY key").fetchall()

    def check(self, kill):
        server = self.start()
        found = self.disturbed(server, [kill] * len(STOPS))
        if Embedded.whole is None:
            expected, other = self.undisturbed()
            Embedded.whole = expected, self.contents(other)
        self.same(found, Embedded.whole[0])
        self.assertTrue(self.contents(server) == Embedded.whole[1])

    def test_workers(self):
        self.check(self.kill_worker)

    def test_servers(self):
        self.check(self.kill_server)


class InRedis(Killed):
    def contents(self, redis, number):
        with redis.client() as client:
            client.call("SELECT", number)
            return client.dump()

    def test_workers_and_servers(self):
        redis = Redis(password=None).start()
        self.addCleanup(redis.close)
        where = [("--online-store-default", f"redis://127.0.0.1:{redis.port}/{number}") for number in range(2)]
        found = self.disturbed(self.start(*where[0]), [self.kill_worker, self.kill_server])
        self.same(found, self.undisturbed(*where[1])[0])
        contents = [self.contents(redis, number) for number in range(2)]
        self.assertGreater(len(contents[1]), FILE_ROWS)
        self.assertTrue(contents[0] == contents[1])


if __name__ == "__main__":
    feastcore.run()
