#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schedules of the real server: asked for, listed, kept over a restart and a kill, and run. No cron expression is
shorter than a minute, and this test leaves the clock alone: it waits for one minute to begin."""

import datetime
import time

import feastcore
import feasttables as tables
from feastapi import TIMEOUT, jobs_pb
from feastcore import wait_until
from feasttables import at

DONE = 3


class ScheduleTest(feastcore.CoreTest):
    def table(self, api, name="table"):
        path = tables.write(self.name("small.parquet"), {
            "id": list(range(3)), "event_timestamp": [at(row) for row in range(3)], "feature": [100, 101, 102]})
        api.apply_entity("id", "INT64")
        api.apply_table(tables.table(name, ["id"], {"feature": "INT64"}, tables.file_source(path)))

    def schedule(self, api, cron, table="table", days=1):
        api.jobs.ScheduleOfflineToOnlineIngestionJob(jobs_pb.ScheduleOfflineToOnlineIngestionJobRequest(
            table_name=table, cron_schedule=cron, ingestion_timespan=days), timeout=TIMEOUT)


class Schedules(ScheduleTest):
    """In the order of their names: the minute that the last one waits for passes during the others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.away = cls.class_server()
        cls.table(cls, cls.away.api)
        cls.schedule(cls, cls.away.api, "* * * * *")
        cls.due = cls.away.api.admin.ListSchedules().schedules[0].next_at.seconds
        cls.away.stop()

    def test_1_kept_over_a_restart_and_a_kill(self):
        server = self.server()
        self.table(server.api)
        self.schedule(server.api, "0 0 1 1 *", days=7)
        before = server.api.admin.ListSchedules()
        self.assertEqual([one.cron for one in before.schedules], ["0 0 1 1 *"])
        self.assertEqual(before.schedules[0].next_at.ToDatetime().timetuple()[1:6], (1, 1, 0, 0, 0))
        for end in (server.stop, server.kill):
            end()
            server.start()
            self.assertEqual(server.api.admin.ListSchedules(), before)
        server.api.jobs.UnscheduleOfflineToOnlineIngestionJob(
            jobs_pb.UnscheduleOfflineToOnlineIngestionJobRequest(table_name="table"), timeout=TIMEOUT)
        server.kill()
        self.assertEqual(list(server.start().api.admin.ListSchedules().schedules), [])

    def test_2_another_time_zone_moves_the_next_time(self):
        server = self.server()
        self.table(server.api)
        self.schedule(server.api, "0 12 1 1 *")
        self.assertEqual(server.api.admin.ListSchedules().schedules[0].next_at.ToDatetime().hour, 12)
        server.stop()
        moved = self.server("--jobs-time-zone=-02:30", "--jobs-missed-runs=skip", data_dir=server.data_dir)
        found = moved.api.admin.ListSchedules()
        self.assertEqual((found.time_zone, found.missed_runs), ("-02:30", "skip"))
        wait_until(lambda: moved.api.admin.ListSchedules().schedules[0].next_at.ToDatetime().time() == datetime.time(14, 30),
                   "the next time in another zone")

    def test_3_a_zone_that_is_none_is_refused(self):
        server = self.server("--jobs-time-zone=Europe/Atlantis", start=False).launch()
        self.assertEqual(server.wait(), 2)
        self.assertIn('jobs.time_zone is "Europe/Atlantis"', server.log())

    def test_4_a_minute_that_passed_while_the_server_was_away(self):
        while time.time() < self.due:
            time.sleep(min(1, max(0.01, self.due - time.time())))
        api = self.away.start().api

        def last_run():
            one = api.admin.ListSchedules().schedules[0]
            return one if one.last_job_id else None

        one = wait_until(last_run, "the run that was missed")
        self.assertGreaterEqual(one.last_at.seconds, self.due)
        self.assertGreater(one.next_at.seconds, one.last_at.seconds)
        job = self.job_ends(api, one.last_job_id)
        self.assertEqual(job.status, DONE, job.error_message)
        detail = api.job_detail(one.last_job_id)
        # What it covers: whole days, that of the time among them.
        self.assertEqual((detail.range_start.seconds % 86400, detail.range_end.seconds % 86400), (0, 0))
        self.assertLessEqual(detail.range_start.seconds, one.last_at.seconds)
        self.assertGreater(detail.range_end.seconds, one.last_at.seconds)


if __name__ == "__main__":
    feastcore.run()
