#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Batch ingestions from sources that change, break off, are slow or lie while they are read: what is transient is got over,
what is not ends the job with a reason, and the store has no wrong row. The sources are stand-ins, which do as they are
told.
"""

import datetime
import io
import json
import os
import pathlib
import re
import signal
import time

import pyarrow.parquet as pq

import feastcore
import feasttables as tables
from badweb import BadWeb
from feastapi import plain, value
from feasttables import at
from gateds3 import BUCKET, GatedS3
from preload import FullDisk, WallClock

ROWS, GROUPS = 8000, 8
DONE, ERROR = 3, 4
KEY = "file.parquet"
HOUR = 3600


class FaultTest(feastcore.CoreTest):
    @classmethod
    def rows(cls, factor, **changes):
        """A file's bytes: key i has i * factor; too large for its end to have all of it."""
        return tables.write(cls.name("rows.parquet"), {
            "id": list(range(ROWS)), "event_timestamp": [at(factor)] * ROWS,
            "trips": [row * factor for row in range(ROWS)], "text": [f"{row:0200}" for row in range(ROWS)],
            **changes},
            row_group_size=ROWS // GROUPS, use_dictionary=False, compression="none").read_bytes()

    def run_job(self, api, url, name="table"):
        self.apply(api, url, name)
        return self.job_ends(api, api.start_ingestion(name).id)

    def apply(self, api, url, name="table"):
        api.apply_entity("id", "INT64")
        source = tables.file_source(url)
        api.apply_table(tables.table(name, ["id"], {"trips": "INT64", "text": "STRING"}, source), mode="off")

    def values(self, api, name="table"):
        keys = range(0, ROWS, ROWS // 80)
        rows = api.read([f"{name}:trips"], [{"id": value("INT64", key)} for key in keys])
        return list(zip(keys, [plain(row.fields[f"{name}:trips"]) for row in rows]))

    def all_times(self, api, factor, name="table"):
        self.assertEqual([pair for pair in self.values(api, name) if pair[1] != pair[0] * factor], [])


class Web(FaultTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = BadWeb()
        cls.addClassCleanup(cls.web.stop)
        cls.web.files[KEY] = cls.rows(3)
        cls.core = cls.class_server()

    def setUp(self):
        self.web.changes, self.web.troubles, self.web.endless, self.web.met = 0, [], False, []

    def done(self, name):
        job = self.run_job(self.core.api, self.web.url("troubled"), name)
        self.assertEqual(job.status, DONE, job.error_message)
        detail = self.core.api.job_detail(job.id)
        self.assertEqual((detail.receipt.rows_read, detail.progress.attempt), (ROWS, 1))
        self.all_times(self.core.api, 3, name)

    def fails_for(self, name, manner, reason, *texts):
        """The job fails, and leaves nothing that is wrong behind."""
        job = self.run_job(self.core.api, self.web.url(manner), name)
        detail = self.core.api.job_detail(job.id)
        self.assertEqual((job.status, detail.progress.reason), (ERROR, reason), job.error_message)
        for text in texts:
            self.assertIn(text, job.error_message)
        self.assertEqual([pair for pair in self.values(self.core.api, name) if pair[1] not in (None, pair[0] * 3)], [])

    def test_what_breaks_off_is_asked_for_again(self):
        self.web.troubles = ["reset", "busy", "dribble", "end", "reset", "dribble"]
        met = list(self.web.troubles)
        self.done("breaks")
        self.assertEqual(self.web.met, met)

    def test_what_always_breaks_off(self):
        for trouble in "reset", "end", "busy":
            with self.subTest(trouble):
                self.web.troubles, self.web.endless = [trouble], True
                self.fails_for(trouble, "troubled", "SOURCE_UNREACHABLE", KEY)
                self.web.troubles = []
                self.done(trouble)

    def test_a_server_that_lies(self):
        self.web.troubles, self.web.endless = ["shift"], True
        self.fails_for("lies", "troubled", "SOURCE_INVALID", KEY, "does not keep to ranges")
        self.web.troubles = []
        self.done("lies")

    def test_a_file_that_always_changes(self):
        for manner in "changing", "growing":
            with self.subTest(manner):
                self.fails_for(manner, manner, "SOURCE_UNREACHABLE", KEY, "was changed while it was read")


class Objects(FaultTest):
    def test_an_object_that_is_replaced(self):
        """Two versions are not mixed: the job ends, and the next one reads all of the new one."""
        s3 = GatedS3()
        self.addCleanup(s3.stop)
        server = self.server(f"--sources-s3-endpoint={s3.endpoint}",
                             env={"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
        self.apply(server.api, f"s3://{BUCKET}/{KEY}")
        half = self.put(s3, 3, '"1"').row_group(GROUPS // 2)
        s3.move_gate((KEY, half.column(0).data_page_offset))
        job_id = server.api.start_ingestion("table").id
        s3.wait_for_reader(feastcore.PATIENCE)
        self.put(s3, 5, '"2"')
        s3.move_gate(None)
        job = self.job_ends(server.api, job_id)
        self.assertEqual((job.status, server.api.job_detail(job_id).progress.reason), (ERROR, "SOURCE_UNREACHABLE"))
        self.assertIn(f"{KEY} was changed while it was read", job.error_message)
        self.assertEqual([pair for pair in self.values(server.api) if pair[1] not in (None, pair[0] * 3)], [])
        job = self.job_ends(server.api, server.api.start_ingestion("table").id)
        self.assertEqual(job.status, DONE, job.error_message)
        receipt = server.api.job_detail(job.id).receipt
        self.assertEqual(receipt.rows_read, ROWS)
        self.assertIn('"2"', receipt.source_version)
        self.all_times(server.api, 5)

    def put(self, s3, factor, version):
        """The file's layout."""
        data = self.rows(factor)
        layout = pq.read_metadata(io.BytesIO(data))
        s3.put(KEY, data, len(data) - 8 - layout.serialized_size, version)
        return layout


class Clock(FaultTest):
    """The clock is set while a job runs: it ends, and no time that is told is less than none."""

    def test_it_is_set(self):
        s3 = GatedS3()
        self.addCleanup(s3.stop)
        directory = self.name("preload")
        directory.mkdir()
        clock = WallClock(directory)
        server = self.server(f"--sources-s3-endpoint={s3.endpoint}", "--worker-path", str(clock.worker),
                             env={**clock.env, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
        data = self.rows(3)
        layout = pq.read_metadata(io.BytesIO(data))
        s3.put(KEY, data, len(data) - 8 - layout.serialized_size)
        gate = KEY, layout.row_group(GROUPS // 2).column(0).data_page_offset
        self.apply(server.api, f"s3://{BUCKET}/{KEY}")
        for ahead in (-HOUR, HOUR, 0):
            with self.subTest(ahead):
                s3.move_gate(gate)
                s3.asked.clear()
                job_id = server.api.start_ingestion("table").id
                s3.wait_for_reader(feastcore.PATIENCE)
                clock.set(ahead)
                # The next attempt begins after a second of the clock that nobody sets.
                (worker,) = server.job_workers()
                os.kill(worker, signal.SIGKILL)
                feastcore.wait_until(lambda j=job_id: server.api.job_detail(j).progress.attempt == 2, "another attempt")
                s3.move_gate(None)
                self.assertEqual(self.job_ends(server.api, job_id).status, DONE)
                detail = server.api.job_detail(job_id)
                times = [one.ToNanoseconds() for one in (detail.created_at, detail.started_at, detail.finished_at)]
                self.assertEqual(times, sorted(times))
                lost = re.search(rf"time=(\S+) .*event=job_lost job={job_id}", server.log()).group(1)
                moment = datetime.datetime.fromisoformat(lost).timestamp()
                self.assertAlmostEqual(moment, time.time() + ahead, delta=HOUR / 3)
                self.assertEqual(detail.receipt.rows_read, ROWS)
                self.assertGreaterEqual(detail.receipt.seconds, 0)
                self.assertLess(detail.receipt.seconds, HOUR - 60)
                self.assertGreaterEqual(detail.progress.rows_per_second, 0)
        self.all_times(server.api, 3)


class Disk(FaultTest):
    """Without room on the disk a job ends and says so; once there is room, the next one does all of it."""

    def setUp(self):
        directory = self.name("preload")
        directory.mkdir()
        self.disk = FullDisk(directory)
        self.core = self.server("--worker-path", str(self.disk.worker))

    def meets_none(self, url, full, *texts):
        """A job that can write nothing in that directory of the server; the next one can."""
        self.disk.fill(self.core.data_dir / full)
        job = self.run_job(self.core.api, url)
        self.disk.empty()
        reason = self.core.api.job_detail(job.id).progress.reason
        self.assertEqual((job.status, reason), (ERROR, "IO_FAILED"), job.error_message)
        for text in texts:
            self.assertIn(text, job.error_message)

    def done(self, url):
        job = self.run_job(self.core.api, url)
        self.assertEqual(job.status, DONE, job.error_message)
        detail = self.core.api.job_detail(job.id)
        self.assertEqual(detail.receipt.rows_read, ROWS)
        return detail

    def url(self, factor, **changes):
        path = self.name("rows.parquet")
        path.write_bytes(self.rows(factor, **changes))
        return tables.file_url(path)

    def test_of_a_new_online_store(self):
        url = self.url(3)
        self.meets_none(url, "online", "online store", "full")
        self.assertEqual({pair[1] for pair in self.values(self.core.api)}, {None})
        self.done(url)
        self.all_times(self.core.api, 3)

    def test_of_an_online_store_with_rows(self):
        self.done(self.url(3))
        newer = self.url(5)
        self.meets_none(newer, "online", "table.db", "No space left on device")
        self.all_times(self.core.api, 3)
        self.done(newer)
        self.all_times(self.core.api, 5)

    def test_of_dead_letters(self):
        url = self.url(3, id=[None if row % 2 else row for row in range(ROWS)])
        self.meets_none(url, "jobs", "dead letters cannot be written", "No space left on device")
        detail = self.done(url)
        self.assertEqual(detail.receipt.rows_rejected, ROWS // 2)
        lines = pathlib.Path(detail.dead_letter_path).read_text("utf-8").splitlines()
        self.assertEqual([json.loads(line)["row"] for line in lines], list(range(1, ROWS, 2)))

    def test_of_what_is_fetched(self):
        web = BadWeb()
        self.addCleanup(web.stop)
        web.files[KEY] = self.rows(3)
        self.meets_none(web.url("good"), "scratch", KEY, "cannot be kept", "No space left on device")
        self.done(web.url("good"))
        self.all_times(self.core.api, 3)
        self.assertEqual(list((self.core.data_dir / "scratch").glob("*/*")), [])


if __name__ == "__main__":
    feastcore.run()
