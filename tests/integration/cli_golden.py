#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole text of what feastctl prints, on a real server, held against the files of tests/integration/golden.

What differs from run to run stands there as a word in angle brackets. FC_GOLDEN=write writes the files anew: look at the
difference before it is committed.
"""

import json
import os
import re

import feastcore
from feastapi import SOURCE_DIR
from feastcore import wait_until
from feastctl import ENTITIES, FINDING, NOT_FOUND, OK, REFUSED, USAGE, CliTest

GOLDEN = SOURCE_DIR / "tests/integration/golden"

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
# A stream that nobody serves: its job waits, and is there to be told of.
STREAM = """
kind: FeatureTable
spec:
  name: delays
  entities: [carrier]
  features: [{name: delay, valueType: INT32}]
  batchSource:
    type: BATCH_FILE
    eventTimestampColumn: event_timestamp
    fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: file:///nowhere/delays.parquet}
  streamSource:
    type: STREAM_KAFKA
    eventTimestampColumn: event_timestamp
    kafkaOptions:
      bootstrapServers: 127.0.0.1:1
      topic: delays
      messageFormat: {avroFormat: {schemaJson: '@SCHEMA@'}}
""".replace("@SCHEMA@", json.dumps({"type": "record", "name": "delays", "fields": [
    {"name": "carrier", "type": "string"}, {"name": "delay", "type": "int"},
    {"name": "event_timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}))


class Golden(CliTest):
    def setUp(self):
        self.flights = self.example()
        self.changed = self.example(**{"unit: miles": "unit: nautical miles"})
        self.wrong = self.example("flights-wrong")
        self.stream = self.yaml(STREAM)
        self.other_stream = self.yaml(STREAM.replace("topic: delays", "topic: late"))
        self.no_stream = self.yaml(STREAM.partition("  streamSource:")[0])

    def plain(self, text, path_in_table):
        """Without what differs from run to run."""
        for path, word in ((self.flights, "<flights.yaml>"), (self.changed, "<changed.yaml>"), (self.wrong, "<wrong.yaml>"),
                           (self.stream, "<stream.yaml>"), (self.other_stream, "<other.yaml>"),
                           (self.no_stream, "<no-stream.yaml>"), (ENTITIES, "<entities.yaml>"),
                           (self.scratch, "<scratch>"), (SOURCE_DIR, "<checkout>"), (self.core.grpc, "<server>")):
            text = text.replace(str(path), word)
        text = re.sub(TIME, "<time>", text)
        text = re.sub(r'"?\b[0-9a-f]{32}\b"?', "<job or hash>", text)  # YAML quotes those that look like a number
        text = re.sub(r"\b\d+(\.\d+)? (ms|s|min|h|d)( ago)?\b", "<duration>", text)
        text = re.sub(r"\d+\.\d+ \(\d+ rows a second\)", "<seconds>", text)
        text = re.sub(r"(?m)^(seconds +)[\d.]+$", r"\1<seconds>", text)
        text = re.sub(r"(?m)^(read from +).*$", r"\1<version>", text)
        text = re.sub(r'("?(?:updatedAt|seconds|nextCheckAt)"?: )"?[\d.]+"?', r"\1<number>", text)
        text = re.sub(r'(?m)^( *hash:? +)"?[0-9a-f]{8}"?$', r"\1<hash>", text)  # has the path in it
        # Paths have a length: what stands beside them in a table moves.
        return re.sub(r"(?m)(?<=\S)  +", "  ", text) if path_in_table else text

    def check(self, name, *args, code=OK, path_in_table=False):
        with self.subTest(name):
            done = self.ctl(*args, code=code)
            words = " ".join(str(word) for word in args)
            text = f"$ feastctl {words}\n{done.out}--- stderr, exit code {done.code}\n{done.err}"
            text = self.plain(text, path_in_table)
            path = GOLDEN / f"{name}.txt"
            if os.environ.get("FC_GOLDEN") == "write":
                path.write_text(text)
            self.assertEqual(text, path.read_text() if path.exists() else "")
            self.seen.add(path.name)

    def test_all(self):
        self.seen = set()
        check = self.check
        check("apply", "apply", "-f", ENTITIES, "-f", self.flights)
        check("apply-refused", "apply", "-f", self.wrong, code=REFUSED)
        self.ctl("apply", "-f", self.stream, "--validation=off")
        self.ctl("ingest", "flights")
        active = ("jobs", "list", "--active", "--table", "delays", "-o", "name")
        wait_until(lambda: self.ctl(*active).out, "the job of the stream")
        check("get-projects", "get", "projects")
        check("get-entities", "get", "entities")
        check("get-entities-all-projects", "get", "entities", "--all-projects")
        check("get-tables", "get", "tables")
        check("get-tables-wide", "get", "tables", "-o", "wide", path_in_table=True)
        check("get-tables-names", "list", "tables", "-o", "name")
        check("get-features", "list", "features", "-l", "unit=miles")
        check("get-sources", "get", "sources", path_in_table=True)
        check("get-reports", "get", "reports", path_in_table=True)
        check("get-stores", "get", "stores")
        check("get-table-yaml", "get", "table", "flights", "-o", "yaml")
        check("get-entity-json", "get", "entity/carrier", "-o", "json")
        check("get-table-absent", "get", "table", "absent", code=NOT_FOUND)
        check("describe-entity", "describe", "entity", "carrier")
        check("describe-table", "describe", "table", "flights", path_in_table=True)
        check("history", "history", "table", "flights")
        check("diff-same", "diff", "-f", self.flights)
        check("diff", "diff", "-f", self.changed, code=FINDING)
        check("plan", "plan", "-f", ENTITIES, "-f", self.changed)
        check("plan-stream-same", "plan", "-f", self.stream, "--validation=off")
        check("plan-stream-restarts", "plan", "-f", self.other_stream, "--validation=off")
        check("plan-stream-stops", "plan", "-f", self.no_stream, "--validation=off", "-o", "yaml")
        check("plan-refused", "plan", "-f", self.wrong, code=REFUSED)
        check("validate", "validate", "-f", self.flights, path_in_table=True)
        check("validate-wrong", "validate", "-f", self.wrong, code=FINDING, path_in_table=True)
        check("report", "report", "flights", path_in_table=True)
        check("jobs-list", "jobs", "list", "--table", "flights")
        check("jobs-list-wide", "jobs", "list", "--table", "flights", "-o", "wide")
        job = self.ctl("jobs", "list", "--table", "flights", "-o", "name").out.strip().partition("/")[2]
        check("jobs-get", "jobs", "get", job)
        check("jobs-watch", "jobs", "watch", job)
        check("jobs-get-absent", "jobs", "get", "0" * 32, code=NOT_FOUND)
        check("schedule", "schedule", "flights", "--cron", "0 0 1 1 *", "--days", "7")
        check("get-schedules", "get", "schedules")
        check("get-schedules-wide", "get", "schedules", "-o", "wide")
        check("describe-schedule", "describe", "schedule", "flights")
        check("schedule-wrong", "schedule", "flights", "--cron", "0 25 * * *", code=REFUSED)
        check("unschedule", "unschedule", "flights")
        check("get-schedules-none", "get", "schedules")
        check("mistyped", "gte", "tables", code=USAGE)
        # What no command writes any more is no test.
        self.assertEqual({path.name for path in GOLDEN.glob("*.txt")}, self.seen)


if __name__ == "__main__":
    feastcore.run()
