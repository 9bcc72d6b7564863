#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ingestion jobs: windows, bad rows, cancelling, and what is left of them when processes die."""

import contextlib
import datetime
import json
import os
import pathlib
import signal
import threading
import time
import urllib.parse

import grpc

import feastcore
import feasttables as tables
from feastapi import FieldStatus, legacy_jobs_pb, plain, value
from feastcore import alive, wait_until
from feasttables import at

PENDING, RUNNING, DONE, ERROR = 1, 2, 3, 4

# Enough work that a worker is met in the middle of it.
MANY_ROWS, MANY_KEYS = 600_000, 300_000
# A small part of the work.
SLICE_NS = 20_000_000


def local_path(uri):
    parsed = urllib.parse.urlparse(uri)
    return pathlib.Path(urllib.parse.unquote(parsed.path)) if parsed.scheme == "file" else pathlib.Path(uri)


class JobTest(feastcore.CoreTest):
    def table(self, api, path, name="table", mode=None, **changes):
        api.apply_entity("id", changes.pop("entity", "INT64"))
        source = tables.file_source(path, **changes)
        return api.apply_table(tables.table(name, ["id"], {"feature": "INT64"}, source), mode=mode)

    def small(self, api, name="table", rows=10):
        path = tables.write(self.name("small.parquet"), {
            "id": list(range(rows)), "event_timestamp": [at(row) for row in range(rows)],
            "feature": [100 + row for row in range(rows)]})
        self.table(api, path, name)
        return path

    def read_all(self, api, keys, name="table"):
        rows = api.read([f"{name}:feature"], [{"id": value("INT64", key)} for key in keys])
        return [plain(row.fields[f"{name}:feature"]) for row in rows]

    def done(self, api, job_id):
        job = self.job_ends(api, job_id)
        self.assertEqual(job.status, DONE, job.error_message)
        return job


class Windows(JobTest):
    def test_start_is_in_and_end_is_out(self):
        api = self.server().api
        self.small(api)
        job = self.done(api, api.start_ingestion("table", start=at(3), end=at(6)).id)
        self.assertEqual(self.read_all(api, range(10)), [None] * 3 + [103, 104, 105] + [None] * 4)
        receipt = api.job_detail(job.id).receipt
        self.assertEqual((receipt.rows_read, receipt.rows_written), (3, 3))
        self.done(api, api.start_ingestion("table", start=at(8)).id)
        self.assertEqual(self.read_all(api, range(10)), [None] * 3 + [103, 104, 105, None, None, 108, 109])
        self.done(api, api.start_ingestion("table", end=at(1)).id)
        self.assertEqual(self.read_all(api, [0]), [100])

    def test_borders_below_a_second(self):
        api = self.server().api
        path = tables.write(self.name("fine.parquet"), {
            "id": [0, 1, 2], "event_timestamp": [at(5, 499999), at(5, 500000), at(5, 500001)],
            "feature": [0, 1, 2]})
        self.table(api, path)
        self.done(api, api.start_ingestion("table", start=at(5, 500000), end=at(5, 500001)).id)
        self.assertEqual(self.read_all(api, range(3)), [None, 1, None])

    def test_a_window_without_rows_is_done(self):
        api = self.server().api
        self.small(api)
        job = self.done(api, api.start_ingestion("table", start=at(1000), end=at(2000)).id)
        self.assertEqual(api.job_detail(job.id).receipt.rows_read, 0)
        self.assertEqual(self.read_all(api, [0]), [None])

    def test_windows_that_are_none(self):
        api = self.server().api
        self.small(api)
        for start, end in ((at(5), at(5)), (at(6), at(5))):
            self.fails("INVALID_ARGUMENT", api.start_ingestion, "table", start=start, end=end)
            self.assertEqual(self.details[0], "JOB_WINDOW_INVALID")
        self.assertEqual(api.list_jobs(include_terminated=True), [])

    def test_tables_that_are_none(self):
        api = self.server().api
        self.assertIn("nothing_here", self.fails("NOT_FOUND", api.start_ingestion, "nothing_here"))
        self.assertIn("table", self.fails("INVALID_ARGUMENT", api.start_ingestion, ""))


class Rows(JobTest):
    def test_every_row_invalid_is_an_error(self):
        api = self.server().api
        path = tables.write(self.name("invalid.parquet"), {
            "id": [None, None], "event_timestamp": [at(1), at(2)], "feature": [1, 2]}, {"id": tables.pa.int64()})
        self.table(api, path, mode="off")
        job = self.job_ends(api, api.start_ingestion("table").id)
        self.assertEqual(job.status, ERROR)
        self.assertRegex(job.error_message, r"(?i)every row|all .*rows")
        detail = api.job_detail(job.id)
        self.assertEqual(detail.progress.reason, "ROWS_ALL_INVALID")
        self.assertEqual((detail.receipt.rows_read, detail.receipt.rows_rejected), (2, 2))
        # A job that failed for a reason in the data is not tried again.
        self.assertEqual(detail.progress.attempt, 1)

    def test_invalid_rows_are_told_and_kept_aside(self):
        api = self.server().api
        path = tables.write(self.name("some.parquet"), {
            "id": [1, None, 2, 1], "event_timestamp": [at(1), at(2), None, at(3)],
            "feature": [1, 2, 3, 4]})
        self.table(api, path, mode="off")
        job = self.done(api, api.start_ingestion("table").id)
        detail = api.job_detail(job.id)
        receipt = detail.receipt
        self.assertEqual((receipt.rows_read, receipt.rows_rejected), (4, 2))
        self.assertEqual({one.column: one.count for one in receipt.rejections},
                         {"id": 1, "event_timestamp": 1})
        letters = [json.loads(line) for line in pathlib.Path(detail.dead_letter_path).read_text().splitlines()]
        self.assertEqual(len(letters), 2)
        self.assertEqual(self.read_all(api, [1, 2]), [4, None])

    def test_a_column_that_is_null_throughout_a_file(self):
        """Whoever wrote it did not know the type. The first file has no say then, and it is read like the others."""
        api = self.server().api
        kinds = [tables.pa.null(), tables.pa.int64()]
        for name, order_ in ("first", kinds), ("last", kinds[::-1]):
            where = self.name("files")
            where.mkdir()
            for at_, kind in enumerate(order_):
                tables.write(where / f"part-{at_}.parquet", {
                    "id": [at_], "event_timestamp": [at(1)], "feature": [None if kind == kinds[0] else 7]},
                    {"feature": kind})
            self.table(api, f"{tables.file_url(where)}/", name)
            self.done(api, api.start_ingestion(name).id)
            self.assertEqual(self.read_all(api, [0, 1], name),
                             [None if kind == kinds[0] else 7 for kind in order_])

    def test_an_invalid_newest_row_does_not_hide_an_older_one(self):
        api = self.server().api
        path = tables.write(self.name("hidden.parquet"), {
            "id": [1, 1], "event_timestamp": [at(1), at(2)], "feature": [7, 2**40]})
        api.apply_entity("id", "INT64")
        spec = tables.table("table", ["id"], {"feature": "INT32"}, tables.file_source(path))
        api.apply_table(spec, mode="off")
        self.done(api, api.start_ingestion("table").id)
        self.assertEqual(self.read_all(api, [1]), [7])

    def test_a_source_that_went_away(self):
        api = self.server().api
        path = self.small(api)
        path.unlink()
        job = self.job_ends(api, api.start_ingestion("table").id)
        self.assertEqual(job.status, ERROR)
        self.assertIn(path.name, job.error_message)

    def test_a_folder_in_the_order_of_its_files(self):
        api = self.server().api
        folder = self.name("folder")
        (folder / "day=1").mkdir(parents=True)
        (folder / "_temporary").mkdir()
        row = {"id": [1], "event_timestamp": [at(1)]}
        tables.write(folder / "day=1" / "b.parquet", {**row, "feature": [2]})
        tables.write(folder / "a.parquet", {**row, "feature": [1]})
        tables.write(folder / "_temporary" / "z.parquet", {**row, "feature": [3]})
        self.table(api, folder)
        job = self.done(api, api.start_ingestion("table").id)
        self.assertEqual(api.job_detail(job.id).receipt.rows_read, 2)
        self.assertEqual(self.read_all(api, [1]), [2])


class Listing(JobTest):
    def test_filters_and_both_names(self):
        api = self.server().api
        for name in ("one", "two"):
            self.small(api, name)
        ids = {name: self.done(api, api.start_ingestion(name).id).id for name in ("one", "two")}
        self.assertEqual(api.list_jobs(), [])
        self.assertEqual({job.id for job in api.list_jobs(include_terminated=True)}, set(ids.values()))
        (only,) = api.list_jobs(include_terminated=True, table_name="two")
        self.assertEqual(only.id, ids["two"])
        self.assertEqual(api.list_jobs(include_terminated=True, project="elsewhere"), [])
        request = legacy_jobs_pb.ListJobsRequest(include_terminated=True, table_name="two")
        (legacy,) = api.legacy_jobs.ListJobs(request).jobs
        self.assertEqual((legacy.id, legacy.status, legacy.hash), (only.id, only.status, only.hash))
        self.assertIn("0" * 32, self.fails("NOT_FOUND", api.get_job, "0" * 32))

    def test_names_are_compared_whole(self):
        api = self.server().api
        name = "t" * 70  # labels of Kubernetes, by which the peers found their jobs, end after 63
        self.small(api, name=name, rows=2)
        job_id = api.start_ingestion(name).id
        self.done(api, job_id)
        self.assertEqual([job.id for job in api.list_jobs(table_name=name, include_terminated=True)], [job_id])
        self.assertEqual(api.list_jobs(table_name=name[:63], include_terminated=True), [])

    def test_equal_work_has_an_equal_hash(self):
        api = self.server().api
        path = self.small(api)
        first = api.get_job(api.start_ingestion("table").id)
        again = api.get_job(api.start_ingestion("table").id)
        self.assertNotEqual(first.id, again.id)
        self.assertEqual(first.hash, again.hash)
        self.table(api, path, "other")
        self.assertNotEqual(api.get_job(api.start_ingestion("other").id).hash, first.hash)

    def test_calls_of_later_versions_say_so(self):
        api = self.server().api
        message = self.fails("UNIMPLEMENTED", api.legacy_jobs.GetHistoricalFeatures,
                             legacy_jobs_pb.GetHistoricalFeaturesRequest(feature_refs=["table:feature"]))
        self.assertIn("GetHistoricalFeatures is not served by this version", message)


class Dying(JobTest):
    """Workers and servers that end in the middle of the work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.many = tables.write_many(cls.name("many.parquet"), MANY_ROWS, MANY_KEYS)

    @staticmethod
    def run_a_little(pid, enough):
        """Lets a stopped process run, by its own time and not by the wall's, which may be the other processes'."""
        def ran():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                return sum(int((task / "schedstat").read_text().split()[0])
                           for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
            return None

        before, end = ran(), time.monotonic() + feastcore.PATIENCE
        os.kill(pid, signal.SIGCONT)
        while not enough() and time.monotonic() < end:
            now = ran()
            if before is None or now is None or now - before > SLICE_NS:
                break
            time.sleep(0.001)
        os.kill(pid, signal.SIGSTOP)

    def freeze_worker(self, server, job_id):
        """Stops the job's worker as it appears, lets it run in slices until it has read rows."""
        def worker():
            found = server.job_workers()
            if found:
                os.kill(found[0], signal.SIGSTOP)
                return found[0]
            job = server.api.get_job(job_id)
            self.assertLess(job.status, DONE, f"the job ended before it was met: {job}")
            return None

        pid = wait_until(worker, "a worker of the job")
        # What is told to those who watch is not a second old, as what is stored may be: the job would end meanwhile.
        watch, told = server.api.admin.WatchJob(job_id=job_id, timeout=feastcore.PATIENCE), [0]

        def follow():
            with contextlib.suppress(grpc.RpcError):
                for progress in watch:
                    told.append(progress.rows_read)

        def has_read():
            self.run_a_little(pid, lambda: told[-1] > 0)
            detail = server.api.job_detail(job_id)
            self.assertLess(detail.progress.state, DONE, f"the job ended too soon: {detail}")
            return told[-1] > 0 and detail.progress.state == RUNNING

        follower = threading.Thread(target=follow)
        follower.start()
        try:
            wait_until(has_read, "progress of the job")
        finally:
            watch.cancel()
            follower.join()
        return pid

    def check_values(self, api):
        keys = [*range(0, MANY_KEYS, MANY_KEYS // 400), MANY_KEYS - 1]
        last = MANY_ROWS - MANY_KEYS
        self.assertEqual(self.read_all(api, keys), [last + key for key in keys])

    def test_killed_worker_is_replaced(self):
        server = self.server()
        self.table(server.api, self.many)
        job_id = server.api.start_ingestion("table").id
        pid = self.freeze_worker(server, job_id)
        self.assertEqual(server.api.get_job(job_id).status, RUNNING)
        os.kill(pid, signal.SIGKILL)
        self.done(server.api, job_id)
        detail = server.api.job_detail(job_id)
        self.assertEqual(detail.progress.attempt, 2)
        self.assertEqual([job.id for job in server.api.list_jobs(include_terminated=True)], [job_id])
        self.check_values(server.api)

    def test_killed_server_goes_on_with_the_job(self):
        server = self.server()
        self.table(server.api, self.many)
        before = server.api.get_table("table")
        job_id = server.api.start_ingestion("table").id
        pid = self.freeze_worker(server, job_id)
        os.kill(pid, signal.SIGCONT)
        server.kill()
        wait_until(lambda: not alive(pid), "the worker of a dead server to end")
        server.start()
        self.done(server.api, job_id)
        self.assertEqual(server.api.job_detail(job_id).progress.attempt, 2)
        self.assertEqual(server.api.get_table("table"), before)
        self.check_values(server.api)

    def test_stopped_server_goes_on_with_the_job(self):
        server = self.server()
        self.table(server.api, self.many)
        job_id = server.api.start_ingestion("table").id
        pid = self.freeze_worker(server, job_id)
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        server.start()
        self.done(server.api, job_id)
        self.check_values(server.api)

    def test_ended_jobs_survive_a_restart(self):
        server = self.server()
        self.small(server.api)
        job = self.done(server.api, server.api.start_ingestion("table").id)
        detail = server.api.job_detail(job.id)
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertEqual(server.api.get_job(job.id), job)
        self.assertEqual(server.api.job_detail(job.id), detail)
        self.assertEqual(self.read_all(server.api, [3]), [103])

    def test_cancel(self):
        server = self.server()
        self.table(server.api, self.many)
        job_id = server.api.start_ingestion("table").id
        pid = self.freeze_worker(server, job_id)
        server.api.legacy_jobs.CancelJob(legacy_jobs_pb.CancelJobRequest(job_id=job_id))
        job = self.job_ends(server.api, job_id)
        self.assertEqual(job.status, ERROR)
        self.assertRegex(job.error_message, "(?i)cancel")
        wait_until(lambda: pid not in server.children(), "the worker of a cancelled job to end")
        self.assertEqual(server.api.job_detail(job_id).progress.reason, "JOB_CANCELLED")
        # Cancelling what has ended changes nothing.
        server.api.legacy_jobs.CancelJob(legacy_jobs_pb.CancelJobRequest(job_id=job_id))
        self.assertEqual(server.api.get_job(job_id), job)
        # Another run of the same table finds nothing in its way.
        self.done(server.api, server.api.start_ingestion("table").id)
        self.check_values(server.api)

    def test_watch_follows_to_the_end(self):
        server = self.server()
        self.table(server.api, self.many)
        job_id = server.api.start_ingestion("table").id
        seen = list(server.api.admin.WatchJob(job_id=job_id, timeout=feastcore.PATIENCE))
        states = [progress.state for progress in seen]
        self.assertEqual(states, sorted(states))
        self.assertEqual(states[-1], DONE)
        self.assertEqual(seen[-1].rows_read, MANY_ROWS)
        reads = [progress.rows_read for progress in seen]
        self.assertEqual(reads, sorted(reads))

    def test_a_log_is_followed_to_the_end(self):
        server = self.server()
        self.table(server.api, self.many)
        job_id = server.api.start_ingestion("table").id
        pid = self.freeze_worker(server, job_id)
        log = pathlib.Path(server.api.get_job(job_id).log_uri.removeprefix("file://"))
        follow = server.api.admin.FollowJobLog(job_id=job_id, timeout=feastcore.PATIENCE)
        parts = []

        def until(text):
            while not b"".join(part.data for part in parts).endswith(text):
                parts.append(next(follow))

        def add(text, mode="a"):
            with log.open(mode, encoding="ascii") as file:
                file.write(text)

        add("one\n")
        until(b"one\n")
        add("two\n" * 10_000)
        until(b"one\n" + b"two\n" * 10_000)
        self.assertEqual(parts[-1].next_offset, log.stat().st_size)
        # Logs begin anew when they are large.
        add("three\n", "w")
        until(b"two\nthree\n")
        # Whoever leaves, and whoever reads only the end, hinders nobody.
        other = server.api.admin.FollowJobLog(job_id=job_id, tail_lines=1, timeout=feastcore.PATIENCE)
        self.assertEqual(next(other).data, b"three\n")
        other.cancel()
        os.kill(pid, signal.SIGCONT)
        parts += follow
        self.done(server.api, job_id)
        data = b"".join(part.data for part in parts)
        self.assertTrue(data.endswith(log.read_bytes()), data)
        self.assertEqual([part.end for part in parts], [False] * (len(parts) - 1) + [True])
        self.assertEqual(parts[-1].next_offset, log.stat().st_size)
        again = list(server.api.admin.FollowJobLog(job_id=job_id, timeout=feastcore.PATIENCE))
        self.assertEqual((b"".join(part.data for part in again), again[-1].end), (log.read_bytes(), True))
        follow = server.api.admin.FollowJobLog(job_id="absent", timeout=feastcore.PATIENCE)
        self.assertIn("absent", self.fails("NOT_FOUND", list, follow))

    def test_a_log_is_followed_until_the_server_stops(self):
        server = self.server()
        self.table(server.api, self.many)
        job_id = server.api.start_ingestion("table").id
        pid = self.freeze_worker(server, job_id)
        log = pathlib.Path(server.api.get_job(job_id).log_uri.removeprefix("file://"))
        log.write_text("one\n", "ascii")
        follow = server.api.admin.FollowJobLog(job_id=job_id, timeout=feastcore.PATIENCE)
        self.assertEqual(next(follow).data, b"one\n")
        server.signal(signal.SIGTERM)
        self.assertEqual([part.end for part in follow if part.end], [])
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(server.wait(), 0)

    def test_jobs_of_one_table_take_turns(self):
        server = self.server("--jobs-parallel", "4")
        self.small(server.api, rows=1000)
        ids = [server.api.start_ingestion("table").id for _ in range(6)]
        for job_id in ids:
            self.done(server.api, job_id)
            self.assertEqual(server.api.job_detail(job_id).progress.attempt, 1)
        self.assertEqual(self.read_all(server.api, [999]), [1099])


if __name__ == "__main__":
    feastcore.run()
