#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""feastctl and streams: a whole server, a real Kafka broker, a terminal and none."""

import json
import re
import threading

import feastcore
from feastcore import wait_until
from feastctl import FINDING, NOT_FOUND, OK, CliTest
from kafkabroker import shared
from streamworker import SCHEMA, event

START = 1_609_459_200_000_000
MESSAGES = 60

TABLE = """
kind: Entity
spec: {name: id, valueType: INT64}
---
kind: FeatureTable
spec:
  name: @NAME@
  entities: [id]
  features: [{name: number, valueType: @TYPE@}]
  batchSource:
    type: BATCH_FILE
    eventTimestampColumn: ts
    fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: file:///nowhere/events.parquet}
  streamSource:
    type: STREAM_KAFKA
    eventTimestampColumn: ts
    kafkaOptions:
      bootstrapServers: "@BROKER@"
      topic: @NAME@
      messageFormat: {avroFormat: {schemaJson: '@SCHEMA@'}}
"""


class Streams(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = shared()

    def table(self, kind="INT64"):
        """A file with a table named as the test; its topic is called the same."""
        self.topic = self.id().rpartition(".")[2]
        return self.yaml(TABLE.replace("@NAME@", self.topic).replace("@TYPE@", kind)
                         .replace("@BROKER@", self.broker.address["PLAINTEXT"]).replace("@SCHEMA@", json.dumps(SCHEMA)))

    def send(self):
        self.broker.produce(self.topic, [(number % 2, event(number, START + number, number)) for number in range(MESSAGES)])

    def applied(self, path):
        """Applies it, waits and returns the id of the job that it waited for."""
        done = self.ctl("apply", "-f", path, "--validation=off", "--wait", "--timeout=120s")
        return re.search(rf"job/(\w+) of table {self.topic} is RUNNING", done.err)[1]

    def cancel_when_written(self, job):
        """From another thread: what follows the job ends then."""
        def cancel():
            wait_until(lambda: self.api.job_detail(job).progress.rows_written == MESSAGES, "the messages to be written")
            self.ctl("jobs", "cancel", job)
        thread = threading.Thread(target=cancel)
        thread.start()
        self.addCleanup(thread.join)

    def test_apply_waits_for_the_job_of_what_was_applied(self):
        path = self.table()
        self.broker.create(self.topic, 2)
        first = self.applied(path)
        self.assertEqual(self.applied(path), first)
        changed = self.table("INT32")
        plan = self.ctl("plan", "-f", changed, "--validation=off")
        self.assertIn(f"    job/{first} restarts\n", plan.out)
        second = self.applied(changed)
        self.assertNotEqual(second, first)
        active = self.ctl("jobs", "list", "--active", "--table", self.topic, "-o", "name").out
        self.assertEqual(active, f"job/{second}\n")

    def test_followed_without_a_terminal(self):
        path = self.table()
        self.broker.create(self.topic, 2)
        job = self.applied(path)
        self.assertEqual(self.ctl("stream", self.topic).out, f"job/{job} started\n")
        self.send()
        self.cancel_when_written(job)
        done = self.ctl("stream", self.topic, "-f", code=FINDING)
        self.assertTrue(done.out.startswith(f"job/{job} started\n"), done)
        self.assertIn(f"{job}: CANCELLED, {MESSAGES} rows read, {MESSAGES} written", done.err)
        self.assertRegex(done.out, r"(?m)^state +CANCELLED$")
        self.assertRegex(done.out, rf"(?m)^  read +{MESSAGES}$")
        # Nobody starts it again but a person.
        again = self.ctl("stream", self.topic, "-o", "json").json["id"]
        self.assertNotEqual(again, job)
        wait_until(lambda: "RUNNING" in self.ctl("jobs", "list", "--active", "--table", self.topic).out, "the next job")

    def test_watched_on_a_terminal(self):
        path = self.table()
        self.broker.create(self.topic, 2)
        self.send()
        job = self.applied(path)
        self.cancel_when_written(job)
        done = self.on_terminal("jobs", "watch", job)
        self.assertEqual(done.code, FINDING, done)
        self.assertIn("\r\033[K[", done.out)
        self.assertIn(f"CANCELLED, {MESSAGES} rows read", done.out)
        log = self.ctl("jobs", "logs", job, "-f").out
        self.assertEqual(log, self.ctl("jobs", "logs", job).out)
        self.ctl("jobs", "watch", "0" * 32, code=NOT_FOUND)

    def test_the_log_of_a_job_that_runs(self):
        path = self.table()
        self.broker.create(self.topic, 2)
        job = self.applied(path)
        log = self.core.data_dir / "jobs" / job / "worker.log"

        def add(line):
            with log.open("a", encoding="ascii") as file:
                file.write(line)

        add("one\n")
        with self.started("jobs", "logs", job, "-f") as follower:
            seen = follower.stdout.readline()
            while not seen.endswith("one\n"):
                seen += follower.stdout.readline()
            for line in ("two\n", "three\n"):
                add(line)
                self.assertEqual(follower.stdout.readline(), line)
                seen += line
            self.ctl("jobs", "cancel", job)
            seen += follower.stdout.read()
            self.assertEqual(follower.wait(feastcore.PATIENCE), OK)
        self.assertEqual(seen, log.read_text())


if __name__ == "__main__":
    feastcore.run()
