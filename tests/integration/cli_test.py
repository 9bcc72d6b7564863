#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""feastctl against a real server: what it prints, where it prints it and its exit codes."""

import pathlib
import re
import signal
import subprocess
import sys
import textwrap

import feastcore
import feasttables as tables
from feastapi import BIN_DIR, SOURCE_DIR, core_pb
from feastctl import CONFLICT, ENTITIES, FINDING, NOT_FOUND, OK, REFUSED, UNAVAILABLE, USAGE, CliTest
from feasttables import at


class Apply(CliTest):
    def test_created_unchanged_updated(self):
        project = "apply1"
        done = self.ctl("apply", "-p", project, "-f", self.example(), "-f", ENTITIES)
        self.assertEqual(done.out, "entity/carrier created\nentity/flight created\n"
                                   "table/flights created, its source fits\n")
        self.assertEqual(done.err, "")
        done = self.ctl("apply", "-p", project, "-f", self.example(), "-f", ENTITIES)
        self.assertEqual(done.out, "entity/carrier unchanged\nentity/flight unchanged\n"
                                   "table/flights unchanged, its source fits\n")
        changed = self.example(**{"unit: miles": "unit: nautical miles"})
        done = self.ctl("apply", "-p", project, "-f", changed)
        self.assertEqual(done.out, "table/flights updated, its source fits\n")
        self.assertEqual(self.api.get_table("flights", project).meta.revision, 1)

    def test_projects_and_documents_with_their_own(self):
        text = """
            kind: Entity
            project: apply2
            spec: {name: a, valueType: STRING}
            ---
            kind: Project
            name: apply2
        """
        self.assertEqual(self.ctl("apply", "-f", "-", stdin=textwrap.dedent(text)).out,
                         "project/apply2 created\nentity/a created\n")
        self.assertEqual(self.ctl("apply", "-f", self.yaml(text)).out,
                         "project/apply2 unchanged\nentity/a unchanged\n")
        self.assertEqual(self.ctl("get", "entities", "-p", "apply2", "-o", "name").out, "entity/a\n")
        done = self.ctl("apply", "-p", "default", "-f", self.yaml(text), code=REFUSED)
        self.assertIn('the document belongs to project "apply2", and --project says "default"', done.err)

    def test_dry_run_changes_nothing(self):
        project = "apply3"
        done = self.ctl("apply", "-p", project, "-f", ENTITIES, "-f", self.example(), "--dry-run")
        self.assertIn("entity/carrier created (dry run)\n", done.out)
        self.assertIn("table/flights created, its source fits (dry run)\n", done.out)
        self.assertNotIn(project, self.ctl("get", "projects", "-o", "name").out)
        self.ctl("apply", "-p", project, "-f", ENTITIES)
        done = self.ctl("apply", "-p", project, "-f", self.example(), "--dry-run")
        self.assertIn("table/flights created", done.out)
        wrong = self.ctl("apply", "-p", project, "-f", self.example("flights-wrong"), "--dry-run", code=REFUSED)
        self.assertIn('there is no column "dep_delays"', wrong.err)
        self.assertIn("No feature tables in project apply3.", self.ctl("get", "tables", "-p", project).err)

    def test_result_as_json_and_names(self):
        self.assertEqual(self.ctl("apply", "-p", "apply4", "-f", ENTITIES, "-o", "name").out,
                         "entity/carrier\nentity/flight\n")
        found = self.ctl("apply", "-p", "apply4", "-f", ENTITIES, "-o", "json").json
        self.assertEqual(found["schemaVersion"], 1)
        self.assertEqual(found["kind"], "ApplyResult")
        self.assertEqual(found["items"][0], {
            "kind": "Entity", "name": "carrier", "project": "apply4", "result": "unchanged"})

    def test_refused_with_a_line_for_each_column(self):
        project = "apply5"
        self.ctl("apply", "-p", project, "-f", ENTITIES)
        path = self.example("flights-wrong")
        done = self.ctl("apply", "-p", project, "-f", path, code=REFUSED)
        lines = done.err.splitlines()
        self.assertRegex(lines[0], r'^error: table/flights_wrong: .*"flights_wrong".*flights\.parquet$')
        text = path.read_text().splitlines()
        for word in ("Origin", "tailnum", "dep_delays", "sched_dep_time"):
            (line,) = [line for line in lines[1:] if word in line]
            found = re.match(r"^  (?P<path>.*):(?P<line>\d+):(?P<column>\d+): ", line)
            self.assertEqual(found["path"], str(path))
            self.assertIn(word, text[int(found["line"]) - 1])
        self.assertIn("did you mean", done.err)
        self.assertIn("  hint: ", done.err)
        self.assertEqual(done.out, "")
        self.ctl("get", "table/flights_wrong", "-p", project, code=NOT_FOUND)

    def test_one_refused_does_not_stop_the_others(self):
        project = "apply6"
        self.ctl("apply", "-p", project, "-f", ENTITIES)
        done = self.ctl("apply", "-p", project, "-f", self.example("flights-wrong"), "-f", self.example(),
                        code=REFUSED)
        self.assertEqual(done.out, "table/flights created, its source fits\n")
        self.assertIn("1 of 2 documents were refused.", done.err)

    def test_warn_registers_and_says_so(self):
        project = "apply7"
        self.ctl("apply", "-p", project, "-f", ENTITIES)
        done = self.ctl("apply", "-p", project, "-f", self.example("flights-wrong"), "--validation=warn")
        self.assertEqual(done.out, "table/flights_wrong created, its source does not fit\n")
        self.assertIn("warning: table flights_wrong is registered, its source does not fit", done.err)
        report = self.ctl("report", "flights_wrong", "-p", project, code=FINDING)
        self.assertIn("MISMATCHED", report.out)
        self.assertIn("to do: ", report.out)

    def test_a_source_that_is_not_there(self):
        path = self.table_file(self.scratch / "missing.parquet", "absent", feature="INT64")
        done = self.ctl("apply", "-p", "apply8", "-f", path)
        self.assertIn("table/absent created, its source could not be looked at yet\n", done.out)
        self.assertIn("warning: table absent is registered", done.err)
        self.assertIn("missing.parquet", done.err)
        self.assertIn("UNVERIFIED", self.ctl("report", "absent", "-p", "apply8").out)
        strict = self.ctl("apply", "-p", "apply8", "-f", self.table_file(
            self.scratch / "missing.parquet", "absent2", feature="INT64"), "--validation", "strict", code=REFUSED)
        self.assertIn("table/absent2: ", strict.err)
        self.assertIn("--validation=enforce", strict.err)
        off = self.ctl("apply", "-p", "apply8", "-f", self.table_file(
            self.scratch / "missing.parquet", "absent3", feature="INT64"), "--validation", "off")
        self.assertIn("table/absent3 created, its source was not looked at\n", off.out)

    def test_every_rule_with_its_place(self):
        path = self.yaml("""\
            kind: Entity
            spec: {name: id, valueType: INT64}
            ---
            kind: FeatureTable
            spec:
              name: rules
              entities: [id]
              features:
              - name: good
                valueType: INT64
              - name: not-good
                valueType: INT64
              - name: good
                valueType: INT64
              batchSource:
                type: BATCH_FILE
                eventTimestampColumn: ts
                fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: 'file:///nowhere'}
            """)
        done = self.ctl("apply", "-p", "apply9", "-f", path, code=REFUSED)
        self.assertIn("entity/id created", done.out)
        self.assertIn(f"{path}:11:11: ", done.err)
        self.assertIn(f"{path}:13:11: ", done.err)

    def test_nothing_is_sent_when_a_document_is_wrong(self):
        path = self.yaml("""\
            kind: Entity
            spec: {name: sent, valueType: INT64}
            ---
            kind: Entity
            spec: {name: wrong, valueType: INT46}
            """)
        done = self.ctl("apply", "-p", "apply10", "-f", path, code=REFUSED)
        self.assertIn(f'{path}:5:32: "INT46" is no ValueType; did you mean "INT64"?', done.err)
        self.assertIn("Nothing was applied.", done.err)
        self.assertEqual(done.out, "")
        self.assertNotIn("apply10", self.ctl("get", "projects").out)

    def test_type_of_an_entity_cannot_change(self):
        self.ctl("apply", "-p", "apply11", "-f", "-", stdin="spec: {name: e, valueType: INT64}")
        done = self.ctl("apply", "-p", "apply11", "-f", "-", stdin="spec: {name: e, valueType: STRING}", code=REFUSED)
        self.assertIn("entity/e: ", done.err)
        self.assertIn("(standard input):1:", done.err)

    def test_an_archived_project_is_a_conflict(self):
        self.ctl("apply", "-f", "-", stdin="{kind: Project, name: gone}")
        self.api.core.ArchiveProject(core_pb.ArchiveProjectRequest(name="gone"), timeout=60)
        done = self.ctl("apply", "-p", "gone", "-f", ENTITIES, code=CONFLICT)
        self.assertIn("archived", done.err)

    def test_a_thousand_tables_from_one_file(self):
        documents = [
            f"kind: FeatureTable\nspec: {{name: t{number:04}, entities: [id], features: [{{name: f, valueType: INT64}}], "
            "batchSource: {type: BATCH_FILE, eventTimestampColumn: ts, fileOptions: "
            "{fileFormat: {parquetFormat: {}}, fileUrl: 'file:///nowhere'}}}\n" for number in range(1000)]
        text = "kind: Entity\nspec: {name: id, valueType: INT64}\n---\n" + "---\n".join(documents)
        done = self.ctl("apply", "-p", "apply12", "-f", "-", "--validation=off", stdin=text)
        self.assertEqual(len(done.out.splitlines()), 1001)
        self.assertEqual(len(self.ctl("get", "tables", "-p", "apply12", "-o", "name").out.splitlines()), 1000)


class OldCommandLine(CliTest):
    """The 0.9 command line and feastctl give the same registry from the same files."""

    def old(self, *args, project):
        program = pathlib.Path(sys.executable).parent / "feast"
        environment = self.environment(
            HOME=str(self.scratch), FEAST_TELEMETRY="False", FEAST_PROJECT=project, FEAST_SERVING_URL=self.core.grpc)
        done = subprocess.run([str(program), *map(str, args)], capture_output=True, text=True, check=False,
                              timeout=feastcore.PATIENCE, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def registry(self, project):
        entities = self.api.core.ListEntities(
            core_pb.ListEntitiesRequest(filter=core_pb.ListEntitiesRequest.Filter(project=project)), timeout=60).entities
        found = self.api.core.ListFeatureTables(core_pb.ListFeatureTablesRequest(
            filter=core_pb.ListFeatureTablesRequest.Filter(project=project)), timeout=60).tables
        return ([entity.spec for entity in entities],
                [(table.spec, table.meta.revision, table.meta.hash) for table in found])

    def test_same_files_same_registry(self):
        flights = self.example()
        more = self.yaml("""\
            kind: feature_table
            apiVersion: v1
            spec:
              name: more
              entities:
              - carrier
              features:
              - name: first
                value_type: FLOAT
              - name: second
                valueType: 14
                labels:
                  quoted: "yes"
              labels: {}
              maxAge: "3600s"
              stream_source:
                type: STREAM_KAFKA
                fieldMapping: {first: First}
                eventTimestampColumn: ts
                kafkaOptions:
                  bootstrapServers: localhost:9092
                  topic: t
                  messageFormat: {protoFormat: {classPath: a.b.C}}
              batchSource:
                type: BATCH_BIGQUERY
                eventTimestampColumn: ts
                createdTimestampColumn: created
                bigqueryOptions: {tableRef: "project:dataset.table"}
            meta:
              createdTimestamp: "2020-01-01T00:00:00Z"
            """)
        self.old("entities", "apply", "-f", ENTITIES, "-p", "by_old", project="by_old")
        self.old("feature-tables", "apply", "-f", flights, project="by_old")
        self.old("feature-tables", "apply", "-f", more, project="by_old")
        self.ctl("apply", "-p", "by_new", "-f", ENTITIES, "-f", flights, "-f", more)
        self.assertEqual(self.registry("by_old"), self.registry("by_new"))
        self.assertEqual(len(self.registry("by_new")[1]), 2)

    def test_what_describe_prints_can_be_applied(self):
        self.ctl("apply", "-p", "described", "-f", ENTITIES)
        shown = self.old("entities", "describe", "carrier", "-p", "described", project="described")
        self.assertEqual(self.ctl("apply", "-p", "described", "-f", "-", stdin=shown).out, "entity/carrier unchanged\n")


class Get(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_entity("other", "BYTES", labels={"team": "b"})
        spec = tables.flights()
        spec.labels.update({"team": "a", "tier": "1"})
        cls.api.apply_table(spec)

    def test_tables(self):
        done = self.ctl("get", "tables")
        self.assertRegex(done.out, r"^NAME +ENTITIES +FEATURES +BATCH SOURCE\nflights +carrier,flight +7 +file:///")
        self.assertEqual(done.err, "")
        wide = self.ctl("get", "feature-tables", "-o", "wide").out
        self.assertIn("REVISION", wide)
        self.assertIn("team=a,tier=1", wide)
        self.assertEqual(self.ctl("get", "tables", "-o", "name").out, "table/flights\n")
        self.assertEqual(self.ctl("get", "tables", "-l", "team=a,tier=1", "-o", "name").out, "table/flights\n")
        self.assertEqual(self.ctl("get", "tables", "-l", "team=a", "-l", "tier=2", "-o", "name").out, "")
        self.assertEqual(self.ctl("get", "table", "flights", "-o", "name").out, "table/flights\n")

    def test_entities(self):
        self.assertEqual(self.ctl("get", "entities", "-o", "name").out,
                         "entity/carrier\nentity/flight\nentity/other\n")
        self.assertEqual(self.ctl("get", "entities", "-l", "team=b", "-o", "name").out, "entity/other\n")
        self.assertRegex(self.ctl("get", "entity", "other").out, r"^NAME +TYPE +DESCRIPTION\nother +BYTES\n$")
        found = self.ctl("get", "entities", "-o", "json").json
        self.assertEqual((found["schemaVersion"], found["kind"]), (1, "EntityList"))
        self.assertEqual([item["spec"]["name"] for item in found["items"]], ["carrier", "flight", "other"])

    def test_features(self):
        lines = self.ctl("get", "features").out.splitlines()
        self.assertEqual(len(lines), 8)
        self.assertRegex(lines[1], r"^flights +air_time +INT32$")
        self.assertEqual(self.ctl("get", "features", "flights:dest", "-o", "name").out, "feature/flights:dest\n")
        self.assertEqual(self.ctl("get", "features", "--entities=flight,carrier", "-o", "name").out.count("\n"), 7)
        self.assertEqual(self.ctl("get", "features", "--entities=carrier", "-o", "name").out, "")
        self.ctl("get", "features", "flights:nothing", code=NOT_FOUND)

    def test_projects(self):
        self.assertIn("default\n", self.ctl("get", "projects").out)
        self.assertEqual(self.ctl("get", "project", "default", "-o", "json").json,
                         {"schemaVersion": 1, "kind": "Project", "name": "default"})
        self.ctl("get", "project", "nothing", code=NOT_FOUND)

    def test_what_is_not_there(self):
        for kind in ("table", "entity", "job"):
            done = self.ctl("get", kind, "nothing", code=NOT_FOUND)
            self.assertIn("nothing", done.err)
            self.assertEqual(done.out, "")
        done = self.ctl("get", "tables", "-p", "nobody")
        self.assertEqual((done.out, done.err), ("", "No feature tables in project nobody.\n"))
        self.assertEqual(self.ctl("get", "tables", "-p", "nobody", "-q").err, "")
        self.assertEqual(self.ctl("get", "tables", "-p", "nobody", "-o", "json").json["items"], [])

    def test_what_get_prints_can_be_applied(self):
        for form in ("yaml", "json"):
            text = self.ctl("get", "entities", "-o", form).out
            self.assertEqual(self.ctl("apply", "-f", "-", stdin=text).out,
                             "entity/carrier unchanged\nentity/flight unchanged\nentity/other unchanged\n")
            text = self.ctl("get", "tables", "-o", form).out
            self.assertEqual(self.ctl("apply", "-f", "-", stdin=text).out, "table/flights unchanged, its source fits\n")
            text = self.ctl("get", "projects", "-o", form).out
            self.assertIn("project/default unchanged\n", self.ctl("apply", "-f", "-", stdin=text).out)

    def test_project_and_server_from_the_environment(self):
        self.api.apply_entity("elsewhere", "STRING", "env_project")
        done = self.ctl("get", "entities", "-o", "name", FEAST_PROJECT="env_project")
        self.assertEqual(done.out, "entity/elsewhere\n")
        done = self.ctl("get", "entities", "-o", "name", "-p", "default", FEAST_PROJECT="env_project")
        self.assertNotIn("elsewhere", done.out)
        self.ctl("get", "projects", "-s", self.core.grpc, FEAST_CORE_URL="127.0.0.1:1")

    def test_version(self):
        version = (SOURCE_DIR / "VERSION").read_text().strip()
        self.assertEqual(self.ctl("version", "-o", "json").json, {
            "schemaVersion": 1, "kind": "Version", "client": version,
            "server": {"url": self.core.grpc, "version": version}})

    def test_verbose_tells_the_calls(self):
        done = self.ctl("get", "projects", "-v")
        self.assertRegex(done.err, r"/feast\.core\.CoreService/ListProjects: OK, [0-9.]+ ms")


class Report(CliTest):
    def test_a_line_for_each_column(self):
        tables.apply_entities(self.api)
        self.api.apply_table(tables.flights())
        done = self.ctl("report", "flights")
        self.assertIn("table flights: OK, its sources fit (mode enforce, ", done.out)
        self.assertIn("1 of 1 files read", done.out)
        for column in (*tables.FLIGHTS_ENTITIES, *tables.FLIGHTS_FEATURES, tables.FLIGHTS_TIME):
            self.assertRegex(done.out, rf"(?m)^\w.* {column} ")
        self.assertRegex(done.out, r"(?m)^feature +distance +distance +INT64 +int(64|32) +widening")
        found = self.ctl("report", "flights", "-o", "json").json
        self.assertEqual((found["kind"], found["verdict"]), ("ValidationReport", "OK"))
        self.assertEqual(len(found["sources"][0]["columns"]), 10)
        self.ctl("report", "nothing", code=NOT_FOUND)


class Ingest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def test_1_flights(self):
        done = self.ctl("ingest", "flights")
        self.assertRegex(done.out, r"(?m)^state +DONE$")
        self.assertRegex(done.out, r"(?m)^  read +51 955$")
        self.assertRegex(done.out, r"(?m)^  rejected +0$")
        self.assertRegex(done.err, r"(?m)^job/\w+ started$")
        self.assertRegex(done.err, r"(?m)^\w+: DONE, 51955 rows read, ")

    def test_2_online_values(self):
        expected = tables.newest(tables.FLIGHTS, tables.FLIGHTS_ENTITIES, tables.FLIGHTS_TIME)
        keys = [("UA", 1545), ("B6", 725), ("UA", 437)]
        flags = [flag for carrier, flight in keys for flag in ("-e", f"carrier={carrier}", "-e", f"flight={flight}")]
        found = self.ctl("online", "get", "flights", *flags, "-o", "json").json
        self.assertEqual((found["kind"], found["table"], len(found["rows"])), ("OnlineFeatures", "flights", 3))
        for key, row in zip(keys, found["rows"]):
            self.assertEqual(row["entities"], {"carrier": key[0], "flight": str(key[1])})
            for feature in tables.FLIGHTS_FEATURES:
                want = expected[key][feature]
                got = row["features"][feature]
                value = got["value"]
                self.assertEqual(int(value) if feature == "distance" else value, want, (key, feature))
                self.assertEqual(got["status"], "NULL_VALUE" if want is None else "PRESENT")
        done = self.ctl("online", "get", "flights", "-e", "carrier=UA", "-e", "flight=1545", "-f", "dest", "-f",
                        "flights:distance")
        self.assertRegex(done.out, r"^KEY +FEATURE +VALUE +STATUS\ncarrier=UA flight=1545 +dest +IAH +PRESENT\n"
                                   r"carrier=UA flight=1545 +distance +1400 +PRESENT\n$")
        done = self.ctl("online", "get", "flights", "-e", "carrier=ZZ", "-e", "flight=1", "-f", "dest")
        self.assertRegex(done.out, r"dest +NOT_FOUND\n$")

    def test_online_mistakes(self):
        for flags, message in (
                (["-e", "carier=UA"], 'table flights has no entity "carier"; did you mean "carrier"?'),
                (["-e", "carrier=UA"], "entity flight has 0 values, expected 1"),
                (["-e", "carrier"], "--entity is \"carrier\", expected NAME=VALUE"),
                (["-e", "carrier=UA", "-e", "flight=x"], 'entity flight: "x" is no INT64'),
                (["-e", "carrier=UA", "-e", "flight=1", "-f", "dst"], 'no feature "dst"; did you mean "dest"?'),
                ([], "entity carrier has 0 values")):
            self.assertIn(message, self.ctl("online", "get", "flights", *flags, code=USAGE).err)
        self.ctl("online", "get", "nothing", "-e", "a=b", code=NOT_FOUND)

    def test_window_and_no_wait(self):
        done = self.ctl("ingest", "flights", "--from", "2013-01-01", "--to", "2013-01-02", "-o", "json").json
        self.assertEqual(done["kind"], "Job")
        self.assertEqual(done["rangeStart"], "2013-01-01T00:00:00Z")
        self.assertLess(int(done["receipt"]["rowsRead"]), 51955)
        started = self.ctl("ingest", "flights", "--no-wait", "-o", "name").out.strip()
        self.assertRegex(started, r"^job/\w+$")
        self.job_ends(self.api, started.removeprefix("job/"))
        self.assertRegex(self.ctl("get", started).out, r"(?m)^state +DONE$")
        self.assertIn(started, self.ctl("jobs", "list", "-o", "name").out)
        self.assertNotIn(started, self.ctl("jobs", "list", "--active", "-o", "name").out)
        self.assertIn("flights", self.ctl("get", "jobs").out)
        self.assertEqual(self.ctl("jobs", "list", "-t", "nothing", "-o", "name").out, "")
        done = self.ctl("ingest", "flights", "--from", "2013-01-02", "--to", "2013-01-01", code=REFUSED)
        self.assertIn("error: ", done.err)

    def test_rejected_rows_and_why(self):
        path = tables.write(self.name("some.parquet"), {
            "id": list(range(100)), "event_timestamp": [at(row) for row in range(100)],
            "feature": [row + 0.5 if row == 7 else float(row) for row in range(100)]})
        self.ctl("apply", "-f", self.table_file(path, "some", feature="INT64"))
        done = self.ctl("ingest", "some")
        self.assertRegex(done.out, r"(?m)^  written +99$")
        self.assertRegex(done.out, r"(?m)^ +1 +feature +\w+ +7\.5$")
        self.assertRegex(done.out, r"(?m)^kept in +/")

    def test_a_job_that_fails_is_a_finding(self):
        path = tables.write(self.name("none.parquet"), {
            "id": list(range(5)), "event_timestamp": [at(row) for row in range(5)], "feature": [0.5] * 5})
        self.ctl("apply", "-f", self.table_file(path, "none", feature="INT64"), "--validation=off")
        done = self.ctl("ingest", "none", code=FINDING)
        self.assertRegex(done.out, r"(?m)^state +ERROR$")
        self.assertRegex(done.out, r"(?m)^reason +ROWS_ALL_INVALID$")
        job = re.search(r"(?m)^job +(\w+)$", done.out)[1]
        self.ctl("jobs", "get", job, code=FINDING)
        self.ctl("ingest", "nothing", code=NOT_FOUND)

    def test_cancel(self):
        path = tables.write_many(self.name("many.parquet"), 600_000, 300_000)
        self.ctl("apply", "-f", self.table_file(path, "many", feature="INT64"))
        job = self.ctl("ingest", "many", "--no-wait", "-o", "name").out.strip().removeprefix("job/")
        self.ctl("jobs", "cancel", job)
        self.job_ends(self.api, job)
        self.assertRegex(self.ctl("jobs", "get", job, code=FINDING).out, r"(?m)^state +CANCELLED$")
        self.assertEqual(self.ctl("jobs", "get", f"job/{job}", code=FINDING).out, self.ctl("jobs", "get", job, code=FINDING).out)
        self.assertEqual(self.ctl("jobs", "cancel", f"job/{job}").out, f"job/{job} had ended already: ERROR\n")
        self.ctl("jobs", "cancel", "nothing", code=NOT_FOUND)


class Terminal(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def test_progress_is_redrawn(self):
        done = self.on_terminal("ingest", "flights")
        self.assertEqual(done.code, OK, done)
        self.assertIn("\r\033[K[", done.out)
        self.assertIn("[##############################] DONE", done.out)

    def test_progress_in_lines_on_a_dumb_terminal(self):
        for env in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
            done = self.on_terminal("ingest", "flights", **env)
            self.assertEqual(done.code, OK, done)
            self.assertNotIn("\033", done.out)
            self.assertIn(": DONE, 51955 rows read", done.out)

    def test_colours(self):
        self.assertIn("\033[31merror:\033[0m", self.on_terminal("get", "table", "nothing").out)
        self.assertNotIn("\033[31m", self.on_terminal("get", "table", "nothing", "--no-color").out)
        self.assertNotIn("\033[31m", self.on_terminal("get", "table", "nothing", NO_COLOR="1").out)


class Trouble(CliTest):
    def test_no_server(self):
        done = self.ctl("get", "tables", "-s", "127.0.0.1:1", code=UNAVAILABLE)
        self.assertIn("cannot reach the server at 127.0.0.1:1", done.err)
        done = self.ctl("apply", "-f", ENTITIES, "-s", "127.0.0.1:1", code=UNAVAILABLE)
        self.assertIn("2 of 2 documents were not sent", done.err)
        self.assertEqual(done.out, "")

    def test_a_server_that_does_not_answer(self):
        server = self.server()
        server.signal(signal.SIGSTOP)
        self.addCleanup(server.signal, signal.SIGCONT)
        try:
            done = self.ctl("get", "tables", "-s", server.grpc, "--timeout=500ms", code=UNAVAILABLE)
        finally:
            server.signal(signal.SIGCONT)
        self.assertIn("within 0.5 s", done.err)

    def test_a_server_that_dies_while_a_job_is_followed(self):
        server = self.server()
        path = tables.write_many(self.name("many.parquet"), 600_000, 300_000)
        self.ctl("apply", "-s", server.grpc, "-f", self.table_file(path, "many", feature="INT64"))
        follower = subprocess.Popen(
            [str(BIN_DIR / "feastctl"), "ingest", "many", "-s", server.grpc], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=self.environment())
        # The worker runs before the answer has come: only who knows the job can be told how to find it again.
        self.assertIn("started", follower.stderr.readline())
        feastcore.wait_until(lambda: server.job_workers() or follower.poll() is not None, "a worker of the job")
        server.kill()
        out, err = follower.communicate(timeout=feastcore.PATIENCE)
        self.assertIn(follower.returncode, (OK, UNAVAILABLE), out + err)
        if follower.returncode == UNAVAILABLE:
            self.assertIn("The job goes on without this program: feastctl jobs get ", err)
        server.start()
        for job in server.api.list_jobs(include_terminated=True):
            self.job_ends(server.api, job.id)

    def test_large_and_strange_input(self):
        for text in ("[" * 100_000, "{" * 100_000, "a: &a [*a]", "\0\0\0", "%YAML 9.9\n---\n", "\t", "? ", "!!binary x",
                     "x" * 5_000_000):
            done = self.ctl("apply", "-f", "-", stdin=text, code=REFUSED)
            self.assertRegex(done.err, r"^error: \(standard input\)(:\d+:\d+)?: ")
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
        self.assertIn("more than 1000000 values", self.ctl("apply", "-f", "-", stdin=bomb, code=REFUSED).err)


if __name__ == "__main__":
    feastcore.run()
