#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Streams of a whole server: a table over a topic of a real Kafka broker is served by itself, and every message arrives,
whatever becomes of table and server meanwhile. Validation is off: what is looked at here are the jobs.
"""

import base64
import json
import os
import pathlib
import signal
import unittest
import urllib.request

import feastcore
import feasttables as tables
from feastapi import core_pb, jobs_pb, plain, source_pb, value
from feastcore import wait_until
from kafkabroker import shared
from preload import FullDisk, WallClock
from redisserver import PASSWORD, Redis
from streamworker import PASSWORD_ENV, SCHEMA, event

PENDING, RUNNING, DONE, ERROR = 1, 2, 3, 4
STREAM = 2
START = 1_609_459_200_000_000


class StreamJobs(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = shared()

    def setUp(self):
        self.topic = self.id().rpartition(".")[2]
        self.broker.create(self.topic, 2)
        self.sent = []

    def send(self, count, topic=None):
        """So many messages more, one in three about a key that had one before; later ones are newer."""
        first = len(self.sent)
        fresh = [(number % max(1, number * 2 // 3), START + number, number)
                 for number in range(first, first + count)]
        self.sent += fresh
        self.broker.produce(topic or self.topic,
                            [(key % 2, event(key, ts, number)) for key, ts, number in fresh])

    def spec(self, name="events", topic=None, batch=None, **features):
        stream = source_pb.DataSource(type=source_pb.DataSource.STREAM_KAFKA, event_timestamp_column="ts")
        stream.kafka_options.bootstrap_servers = self.broker.address["PLAINTEXT"]
        stream.kafka_options.topic = topic or self.topic
        stream.kafka_options.message_format.avro_format.schema_json = json.dumps(SCHEMA)
        batch = batch or tables.file_source(self.name("nothing.parquet"), "ts")
        return tables.table(name, ["id"], features or {"number": "INT64"}, batch, stream_source=stream)

    def apply(self, api, spec=None):
        api.apply_entity("id", "INT64")
        return api.apply_table(spec or self.spec(), mode="off")

    def streams(self, api, table="events", ended=False):
        return [job for job in api.list_jobs(table_name=table, include_terminated=ended) if job.type == STREAM]

    def running(self, api, table="events", not_id=""):
        def found():
            jobs = [job for job in self.streams(api, table) if job.status == RUNNING and job.id != not_id]
            return jobs[0] if jobs else None
        return wait_until(found, f"the stream of {table}")

    def served(self, api, table="events"):
        keys = range(len(self.sent))
        rows = api.read([f"{table}:number"], [{"id": value("INT64", key)} for key in keys])
        return {key: plain(row.fields[f"{table}:number"]) for key, row in zip(keys, rows)
                if plain(row.fields[f"{table}:number"]) is not None}

    def arrives(self, api, table="events"):
        """Until all that was sent is served."""
        newest = {key: number for key, _, number in self.sent}
        wait_until(lambda: self.served(api, table) == newest, f"{len(self.sent)} messages in the store")

    def read_rows(self, api, job):
        return api.job_detail(job.id).progress.rows_read

    def start_stream(self, api, table="events"):
        return api.jobs.StartStreamToOnlineIngestionJob(
            jobs_pb.StartStreamToOnlineIngestionJobRequest(table_name=table))

    def cancel(self, api, job):
        api.jobs.CancelJob(jobs_pb.CancelJobRequest(job_id=job.id))

    def health(self, api, *names):
        answer = api.jobs.GetHealthMetrics(jobs_pb.GetHealthMetricsRequest(table_names=names))
        return list(answer.passed), list(answer.failed)


class ByThemselves(StreamJobs):
    def test_a_table_with_a_stream_is_served(self):
        server = self.server()
        api = server.api
        self.send(60)
        self.apply(api)
        job = self.running(api)
        self.assertEqual((job.type, job.stream_ingestion.table_name), (STREAM, "events"))
        self.assertTrue(pathlib.Path(job.log_uri.removeprefix("file://")).is_file())
        self.assertEqual(len(job.hash), 32)
        self.arrives(api)
        self.send(30)
        self.arrives(api)
        self.assertEqual(self.start_stream(api).id, job.id)
        detail = wait_until(lambda: self.read_rows(api, job) == 90 and api.job_detail(job.id), "the account")
        self.assertEqual(detail.receipt.rows_read, 90)
        self.assertEqual(detail.progress.newest_event.ToMicroseconds(), START + 89)
        self.assertEqual(detail.progress.trouble, "")
        self.assertEqual(self.health(api, "events", "nothing"), (["events"], ["nothing"]))
        with urllib.request.urlopen(f"http://{server.http}/metrics") as reply:
            metrics = reply.read().decode()
        labels = '{project="default",table="events"}'
        self.assertIn(f"feast_core_stream_up{labels} 1\n", metrics)
        self.assertIn(f"feast_core_stream_rows_read_total{labels} 90\n", metrics)
        self.assertIn("feast_core_streams_wanted 1\n", metrics)
        self.assertIn('feast_job_submission_count_total{job_type="streaming",project="default",table="events"} 1\n',
                      metrics)

    def test_one_without_a_stream_is_told_so(self):
        api = self.server().api
        spec = self.spec()
        spec.ClearField("stream_source")
        self.apply(api, spec)
        self.assertIn("events", self.fails("FAILED_PRECONDITION", self.start_stream, api))
        self.assertEqual(self.details[0], "STREAM_MISSING")
        self.fails("NOT_FOUND", self.start_stream, api, "nothing")
        self.assertEqual(self.health(api, "events"), (["events"], []))

    def test_projects_that_may_not(self):
        api = self.server("--stream-projects", "rides").api
        self.apply(api)
        self.assertIn("stream.projects", self.fails("PERMISSION_DENIED", self.start_stream, api))
        self.assertEqual(self.streams(api, ended=True), [])

    def test_by_hand_alone(self):
        api = self.server("--stream-enabled", "false").api
        self.send(5)
        self.apply(api)
        self.assertEqual(self.streams(api, ended=True), [])
        self.assertEqual(self.start_stream(api).id, self.running(api).id)
        self.arrives(api)

    def test_the_other_store_of_the_same_table_is_not_shut_out(self):
        """A batch goes into the same file while the stream writes it."""
        api = self.server().api
        path = tables.write(self.name("batch.parquet"), {
            "id": list(range(500, 600)), "ts": [tables.at(1)] * 100, "number": list(range(100))})
        self.send(20)
        self.apply(api, self.spec(batch=tables.file_source(path, "ts")))
        stream = self.running(api)
        batch = self.job_ends(api, api.start_ingestion("events").id)
        self.assertEqual(batch.status, DONE, batch.error_message)
        self.assertEqual(api.get_job(stream.id).status, RUNNING)
        self.arrives(api)


class Changes(StreamJobs):
    def test_a_changed_table_loses_nothing(self):
        api = self.server().api
        self.send(40)
        self.apply(api)
        old = self.running(api)
        self.arrives(api)
        self.apply(api, self.spec(number="INT64", word="STRING"))
        self.send(40)
        new = self.running(api, not_id=old.id)
        self.arrives(api)
        old = api.get_job(old.id)
        self.assertEqual(old.status, ERROR)
        self.assertIn("changed", old.error_message)
        self.assertNotEqual(old.hash, new.hash)
        # Between the two, each message was read once.
        wait_until(lambda: self.read_rows(api, old) + self.read_rows(api, new) == 80, "the account of both")

    def test_what_is_gone_is_stopped(self):
        server = self.server()
        api = server.api
        self.send(4)
        self.apply(api)
        job = self.running(api)
        self.arrives(api)
        api.core.DeleteFeatureTable(core_pb.DeleteFeatureTableRequest(project="default", name="events"))
        wait_until(lambda: api.get_job(job.id).status == ERROR, "the end of the stream")
        self.assertIn("deleted", api.get_job(job.id).error_message)
        wait_until(lambda: not server.job_workers(), "the end of its worker")
        # It comes back and goes on from there.
        self.apply(api)
        again = self.running(api, not_id=job.id)
        self.send(4)
        self.arrives(api)
        wait_until(lambda: self.read_rows(api, again) == 4, "the messages since")

    def test_a_cancelled_one_stays_cancelled(self):
        server = self.server()
        self.apply(server.api)
        job = self.running(server.api)
        self.cancel(server.api, job)
        self.assertEqual(server.api.get_job(job.id).status, ERROR)
        self.assertEqual(self.health(server.api, "events"), ([], ["events"]))
        self.assertEqual(server.stop(), 0)
        server.start()
        # The stream of another table shows that the loop has been there.
        self.apply(server.api, self.spec("later"))
        self.running(server.api, "later")
        self.assertEqual([one.id for one in self.streams(server.api, ended=True)], [job.id])
        self.send(3)
        again = self.start_stream(server.api)
        self.assertNotEqual(again.id, job.id)
        self.arrives(server.api)


class Faults(StreamJobs):
    def test_the_server_is_killed(self):
        server = self.server()
        self.send(100)
        self.apply(server.api)
        job = self.running(server.api)
        self.arrives(server.api)
        self.send(50)
        server.kill()
        self.send(50)
        server.start()
        self.arrives(server.api)
        self.assertEqual(self.running(server.api).id, job.id)
        # What was read again after the kill is counted once.
        wait_until(lambda: self.read_rows(server.api, job) == 200, "the account")
        self.assertGreater(server.api.job_detail(job.id).progress.attempt, 1)

    def test_the_worker_is_killed(self):
        server = self.server()
        self.send(30)
        self.apply(server.api)
        job = self.running(server.api)
        self.arrives(server.api)
        for pid in server.job_workers():
            os.kill(pid, signal.SIGKILL)
        self.send(30)
        self.arrives(server.api)
        wait_until(lambda: self.read_rows(server.api, job) == 60, "the account")
        self.assertEqual(len(self.streams(server.api, ended=True)), 1)

    def test_the_online_store_is_away(self):
        redis = Redis(keep=True).start()
        self.addCleanup(redis.close)
        server = self.server("--online-store-default", f"redis://127.0.0.1:{redis.port}", env={PASSWORD_ENV: PASSWORD})
        api = server.api
        self.send(10)
        self.apply(api)
        job = self.running(api)
        self.arrives(api)
        self.assertEqual(self.health(api, "events"), (["events"], []))
        redis.stop()
        watch = api.admin.WatchJob(job_id=job.id, timeout=feastcore.PATIENCE)
        self.send(10)
        trouble = next(progress.trouble for progress in watch if progress.trouble)
        watch.cancel()
        self.assertIn(f"Redis at 127.0.0.1:{redis.port}", trouble)
        self.assertNotIn(PASSWORD, trouble)
        wait_until(lambda: self.health(api, "events") == ([], ["events"]), "the health of the stream")
        redis.start()
        self.arrives(api)
        wait_until(lambda: self.health(api, "events") == (["events"], []), "the health of the stream")
        wait_until(lambda: self.read_rows(api, job) == 20, "the account")
        self.assertEqual(api.job_detail(job.id).progress.trouble, "")

    def full_disk(self):
        """A disk, and a server whose workers have it, with a stream in it."""
        directory = self.name("preload")
        directory.mkdir()
        disk = FullDisk(directory)
        server = self.server("--worker-path", str(disk.worker))
        self.send(10)
        self.apply(server.api)
        job = self.running(server.api)
        self.arrives(server.api)
        return disk, server, job

    def lost(self, api, job, why):
        """An attempt ended for that reason; the job goes on trying."""
        message = wait_until(lambda: api.get_job(job.id).status == PENDING and api.job_detail(job.id).progress.message,
                             "an attempt that is lost")
        self.assertRegex(message, f"was lost.*{why}")

    def test_no_room_for_the_online_store(self):
        disk, server, job = self.full_disk()
        disk.fill(server.data_dir / "online")
        self.send(10)
        self.lost(server.api, job, "online store: events.db: .*(full|No space left on device)")
        self.assertEqual(self.health(server.api, "events"), ([], ["events"]))
        disk.empty()
        self.arrives(server.api)
        wait_until(lambda: self.read_rows(server.api, job) == 20, "the account")

    def test_no_room_for_dead_letters(self):
        disk, server, job = self.full_disk()
        poison = [b"\xff" * (10 + number) for number in range(20)]
        self.broker.produce(self.topic, [(0, poison[0])])
        wait_until(lambda: self.read_rows(server.api, job) == 11, "a message that cannot be used")
        disk.fill(server.data_dir / "jobs")
        self.broker.produce(self.topic, [(0, data) for data in poison[1:]])
        self.lost(server.api, job, "dead letters cannot be written .*: No space left on device")
        disk.empty()
        self.send(10)
        self.arrives(server.api)
        detail = wait_until(lambda: self.read_rows(server.api, job) == 40 and server.api.job_detail(job.id), "the account")
        self.assertEqual(detail.receipt.rows_rejected, 20)
        lines = pathlib.Path(detail.dead_letter_path).read_text("utf-8").splitlines()
        self.assertEqual([base64.b64decode(json.loads(line)["raw"]) for line in lines], poison)

    def test_the_clock_is_set(self):
        directory = self.name("preload")
        directory.mkdir()
        clock = WallClock(directory)
        server = self.server("--worker-path", str(clock.worker), env=clock.env)
        api = server.api
        self.send(10)
        self.apply(api)
        job = self.running(api)
        self.arrives(api)
        seconds = 0
        for ahead in (-3600, 3600, 0):
            clock.set(ahead)
            attempt = api.job_detail(job.id).progress.attempt
            self.send(10)
            self.arrives(api)
            # What is lost is tried again by the clock that nobody sets.
            for pid in server.job_workers():
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda a=attempt: api.job_detail(job.id).progress.attempt > a, "another attempt")
            self.send(10)
            self.arrives(api)
            detail = wait_until(lambda: self.read_rows(api, job) == len(self.sent) and api.job_detail(job.id),
                                "the account")
            self.assertGreaterEqual(detail.receipt.seconds, seconds)
            self.assertLess(detail.receipt.seconds, 3000)
            seconds = detail.receipt.seconds
        clock.set(-3600)
        self.cancel(api, job)
        detail = api.job_detail(job.id)
        times = [time.ToNanoseconds() for time in (detail.created_at, detail.started_at, detail.finished_at)]
        self.assertEqual(times, sorted(times))

    def test_an_unclean_topic_stops_no_other(self):
        api = self.server().api
        self.send(10)
        self.apply(api, self.spec("lost", topic="no_such_topic_at_all"))
        self.apply(api)
        self.running(api)
        self.arrives(api)


if __name__ == "__main__":
    unittest.main(verbosity=2)
