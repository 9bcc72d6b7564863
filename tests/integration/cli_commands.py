#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands of feastctl that look, compare, plan and take away, against a real server."""

import http.server
import json
import re
import threading

import yaml

import feastcore
import feasttables as tables
from feastctl import CONFLICT, ENTITIES, FINDING, NOT_FOUND, OK, REFUSED, UNAVAILABLE, USAGE, CliTest


class Batches(CliTest):
    def test_atomic_is_all_or_nothing(self):
        wrong = self.yaml("kind: FeatureTable\nspec: {name: wrong, entities: [absent], "
                          "features: [{name: f, valueType: INT64}],\n  batchSource: {type: BATCH_FILE, "
                          "eventTimestampColumn: t, fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: 'file:///x'}}}\n")
        done = self.ctl("apply", "-p", "atomic", "-f", ENTITIES, "-f", wrong, "--atomic", "--validation=off", code=REFUSED)
        self.assertEqual(done.out, "")
        self.assertIn("error: table/wrong: ", done.err)
        self.assertIn(f"{wrong}:2:32: ", done.err)
        self.assertIn("Nothing was applied: 1 of 3 documents were refused.", done.err)
        self.assertEqual(self.ctl("get", "entities", "-p", "atomic").out, "")
        found = self.ctl("apply", "-p", "atomic", "-f", ENTITIES, "-f", wrong, "--atomic", "--validation=off",
                         "-o", "json", code=REFUSED).json
        self.assertIs(found["applied"], False)
        self.assertEqual([item["result"] for item in found["items"]], ["created", "created", "refused"])
        self.ctl("apply", "-p", "atomic", "-f", ENTITIES, "-f", wrong, "--validation=off", code=REFUSED)
        self.assertEqual(len(self.ctl("get", "entities", "-p", "atomic", "-o", "name").out.splitlines()), 2)
        self.ctl("apply", "-p", "atomic2", "-f", ENTITIES, "--atomic")
        self.assertEqual(len(self.ctl("get", "entities", "-p", "atomic2", "-o", "name").out.splitlines()), 2)

    def test_prune_deletes_what_no_file_has(self):
        many = self.yaml("kind: Entity\nspec: {name: id, valueType: INT64}\n" + "".join(
            f"---\nkind: FeatureTable\nspec:\n  name: t{i}\n  entities: [id]\n  labels: {{team: {'ops' if i < 3 else 'ml'}}}\n"
            "  features: [{name: f, valueType: INT64}]\n"
            "  batchSource: {type: BATCH_FILE, eventTimestampColumn: t, fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: 'file:///x'}}\n"
            for i in range(5)))
        fewer = self.yaml(many.read_text().split("---\nkind: FeatureTable\nspec:\n  name: t1")[0])
        flags = ("-p", "prune", "--validation=off")
        self.ctl("apply", *flags, "-f", many)
        self.assertIn("-l KEY=VALUE", self.ctl("apply", *flags, "-f", fewer, "--prune", code=USAGE).err)
        self.assertIn("--yes", self.ctl("apply", *flags, "-f", fewer, "--prune", "-l", "team=ops", code=USAGE).err)
        done = self.ctl("apply", *flags, "-f", fewer, "--prune", "-l", "team=ops", "--dry-run")
        self.assertIn("table/t1 deleted (dry run)\ntable/t2 deleted (dry run)\n", done.out)
        done = self.ctl("plan", *flags, "-f", fewer, "--prune", "-l", "team=ops")
        self.assertIn("- table/t1 in project prune\n", done.out)
        self.assertIn("0 to create, 0 to update, 2 to delete, 2 unchanged, 0 refused", done.err)
        done = self.ctl("apply", *flags, "-f", fewer, "--prune", "-l", "team=ops", "--yes")
        self.assertIn("table/t1 deleted\ntable/t2 deleted\n", done.out)
        self.assertEqual(self.ctl("get", "tables", "-p", "prune", "-o", "name").out, "table/t0\ntable/t3\ntable/t4\n")

    def test_online_stores_come_before_tables(self):
        path = self.yaml("""\
            kind: FeatureTable
            spec:
              name: stored
              entities: [carrier]
              features: [{name: f, valueType: INT64}]
              onlineStore: {name: fast}
              batchSource: {type: BATCH_FILE, eventTimestampColumn: t, fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: 'file:///x'}}
            ---
            kind: OnlineStore
            spec: {name: fast, type: REDIS, description: in memory}
            """)
        self.ctl("apply", "-p", "stores", "-f", ENTITIES)
        done = self.ctl("apply", "-p", "stores", "-f", path, "--validation=off")
        self.assertEqual(done.out, "store/fast created\ntable/stored created, its source was not looked at\n")
        self.assertEqual(self.ctl("get", "stores").out, "NAME   TYPE    DESCRIPTION\nfast   REDIS   in memory\n")
        self.assertEqual(self.ctl("get", "store/fast", "-o", "json").json, {
            "schemaVersion": 1, "kind": "OnlineStore",
            "spec": {"name": "fast", "type": "REDIS", "description": "in memory"}})
        self.assertIn("could not be found", self.ctl("get", "store", "absent", code=NOT_FOUND).err)
        done = self.ctl("apply", "-f", self.yaml("kind: OnlineStore\nspec: {name: x, typ: REDIS}\n"), code=REFUSED)
        self.assertIn('2:17: there is no key "typ"', done.err)
        self.assertIn('"type"', done.err)

    def test_from_a_url(self):
        text = ENTITIES.read_bytes()

        class Files(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/entities.yaml" else 404)
                self.end_headers()
                self.wfile.write(text if self.path == "/entities.yaml" else b"no")

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Files)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}"
        done = self.ctl("apply", "-p", "url", "-f", f"{url}/entities.yaml")
        self.assertEqual(done.out, "entity/carrier created\nentity/flight created\n")
        self.assertIn("HTTP status 404", self.ctl("apply", "-f", f"{url}/x", code=USAGE).err)
        self.assertIn("cannot be fetched", self.ctl("apply", "-f", "http://127.0.0.1:1/x", code=UNAVAILABLE).err)


class Compare(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def test_diff(self):
        self.assertEqual(self.ctl("diff", "-f", ENTITIES, code=FINDING).out.count("+  labels:"), 2)
        self.ctl("apply", "-p", "diff", "-f", ENTITIES, "-f", self.example())
        done = self.ctl("diff", "-p", "diff", "-f", ENTITIES, "-f", self.example())
        self.assertEqual((done.out, done.err), ("", ""))
        changed = self.example(**{"valueType: INT64": "valueType: INT32"})
        done = self.ctl("diff", "-p", "diff", "-f", changed, code=FINDING)
        self.assertIn("--- table/flights in the registry\n+++ table/flights in ", done.out)
        self.assertIn("\n-    valueType: INT64\n+    valueType: INT32\n", done.out)
        found = self.ctl("diff", "-p", "diff", "-f", changed, "-o", "json", code=FINDING).json
        self.assertEqual([(item["name"], item["differs"]) for item in found["items"]], [("flights", True)])
        self.ctl("diff", "-f", "absent.yaml", code=USAGE)
        self.ctl("diff", "-f", ENTITIES, "-s", "127.0.0.1:1", "--retries=0", code=UNAVAILABLE)

    def test_plan(self):
        done = self.ctl("plan", "-p", "plan", "-f", ENTITIES, "-f", self.example())
        self.assertEqual(done.out, "+ entity/carrier in project plan\n+ entity/flight in project plan\n"
                                   "+ table/flights in project plan, its source fits\n")
        self.assertIn("3 to create, 0 to update", done.err)
        self.assertEqual(self.ctl("get", "entities", "-p", "plan").out, "")
        self.ctl("apply", "-p", "plan", "-f", ENTITIES)
        done = self.ctl("plan", "-p", "plan", "-f", ENTITIES, "-f", self.example("flights-wrong"), code=REFUSED)
        self.assertIn("= entity/carrier", done.out)
        self.assertIn("! table/flights_wrong in project plan: would be refused", done.out)
        self.assertIn('there is no column "dep_delays"', done.err)
        found = self.ctl("plan", "-p", "plan", "-f", ENTITIES, "-o", "json").json
        self.assertEqual(found["kind"], "Plan")
        self.assertEqual({item["result"] for item in found["items"]}, {"unchanged"})

    def test_validate(self):
        done = self.ctl("validate", "-p", "validate", "-f", ENTITIES, "-f", self.example())
        self.assertIn("entity/carrier is in order\n", done.out)
        self.assertRegex(done.out, r"(?m)^table flights: OK, its sources fit \(mode enforce")
        self.assertRegex(done.out, r"(?m)^feature +distance +distance +INT64 +int32 +widening")
        done = self.ctl("validate", "-p", "validate", "-f", ENTITIES, "-f", self.example("flights-wrong"), code=FINDING)
        self.assertRegex(done.out, r"(?m)^feature +dep_delays .* missing .*refused$")
        self.assertIn("to do: ", done.out)
        found = self.ctl("validate", "-p", "validate", "-f", ENTITIES, "-f", self.example("flights-wrong"),
                         "-o", "json", code=FINDING).json
        self.assertEqual(found["kind"], "ValidationResult")
        self.assertEqual([item["acceptable"] for item in found["items"]], [True, True, False])
        self.assertEqual(found["items"][2]["report"]["verdict"], "MISMATCHED")
        self.assertEqual(self.ctl("get", "entities", "-p", "validate").out, "")
        self.ctl("validate", "-f", ENTITIES, "-s", "127.0.0.1:1", "--retries=0", code=UNAVAILABLE)

    def test_validate_looks_again_at_what_is_registered(self):
        self.ctl("apply", "-p", "again", "-f", ENTITIES, "-f", self.example())
        done = self.ctl("validate", "-p", "again", "-f", self.example())
        self.assertIn("table flights: OK", done.out)

    def test_history_and_revisions(self):
        self.ctl("apply", "-p", "history", "-f", ENTITIES, "-f", self.example())
        self.ctl("apply", "-p", "history", "-f", self.example(**{"maxAge: 7200s": "maxAge: 60s"})
                 if "maxAge: 7200s" in self.example().read_text() else
                 self.example(**{"unit: miles": "unit: km"}))
        self.ctl("delete", "table", "flights", "-p", "history", "--yes")
        lines = self.ctl("history", "table", "flights", "-p", "history").out.splitlines()
        self.assertEqual(lines[0].split(), ["REVISION", "TIME", "CHANGE"])
        self.assertEqual([(line.split()[0], line.split()[-1]) for line in lines[1:]],
                         [("2", "deleted"), ("1", "changed"), ("0", "created")])
        done = self.ctl("history", "table/flights", "-p", "history", "--diff")
        self.assertIn("--- revision 1\n+++ revision 2\n", done.out)
        self.assertIn("--- revision 0\n+++ revision 1\n", done.out)
        found = self.ctl("history", "table", "flights", "-p", "history", "-o", "json").json
        self.assertEqual([item.get("number", "0") for item in found["items"]], ["2", "1", "0"])
        first = self.ctl("get", "table", "flights", "-p", "history", "--revision=0").out
        self.assertEqual(self.ctl("apply", "-p", "history", "-f", "-", stdin=first).out.split(",")[0],
                         "table/flights created")
        self.assertEqual(self.ctl("get", "table", "flights", "-p", "history", "--revision", "3").out, first)
        self.assertIn("has no revision 9", self.ctl("get", "table", "flights", "-p", "history", "--revision=9",
                                                    code=NOT_FOUND).err)
        self.ctl("get", "table", "flights", "--revision=x", code=USAGE)
        self.ctl("get", "projects", "--revision=1", code=USAGE)
        self.ctl("history", "project", "default", code=USAGE)
        self.ctl("history", "table", code=USAGE)
        self.ctl("history", "table", "absent", code=NOT_FOUND)

    def test_export_is_taken_back_unchanged(self):
        other = self.server()
        self.ctl("apply", "-p", "exported", "-f", ENTITIES, "-f", self.example())
        self.ctl("apply", "-f", self.yaml("kind: OnlineStore\nspec: {name: exported, type: REDIS}\n"))
        whole = self.ctl("export", "--all-projects").out
        self.ctl("apply", "-f", "-", "-s", other.grpc, stdin=whole)
        self.assertEqual(self.ctl("export", "--all-projects", "-s", other.grpc).out, whole)
        done = self.ctl("apply", "-f", "-", stdin=whole)
        self.assertEqual({line.split(",")[0].split()[-1] for line in done.out.splitlines()}, {"unchanged"})
        found = self.ctl("export", "-p", "exported", "-o", "json").json
        self.assertEqual([item["kind"] for item in found["items"]],
                         ["Project", "OnlineStore", "Entity", "Entity", "FeatureTable"])
        self.assertEqual(self.ctl("apply", "-f", "-", stdin=json.dumps(found)).code, OK)
        self.assertEqual(len(list(yaml.safe_load_all(self.ctl("export", "-p", "exported").out))), 5)


class Look(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def test_describe(self):
        out = self.ctl("describe", "table", "flights").out
        for pattern in (r"^table +flights$", r"^project +default$", r"^entities +carrier, flight$", r"^revision +0$",
                        r"^batch source +file://", r"^last look +\S+ \(\d+ s ago\)$", r"^table flights: OK",
                        r"^distance +INT64$"):
            self.assertRegex(out, re.compile(pattern, re.MULTILINE))
        found = self.ctl("describe", "table", "flights", "-o", "json").json
        self.assertEqual((found["kind"], found["report"]["verdict"]), ("FeatureTable", "OK"))
        self.assertRegex(self.ctl("describe", "entity", "carrier").out, r"(?m)^type +STRING$")
        self.assertIn("name: default", self.ctl("describe", "project", "default").out)
        self.ctl("describe", "table", "absent", code=NOT_FOUND)
        self.ctl("describe", "table", code=USAGE)

    def test_all_projects(self):
        server = self.server()
        for project in ("", "other"):
            tables.apply_entities(server.api, project)
            server.api.apply_table(tables.flights(), project)
        lines = self.ctl("get", "tables", "--all-projects", "-s", server.grpc).out.splitlines()
        self.assertEqual([line.split()[:2] for line in lines],
                         [["PROJECT", "NAME"], ["default", "flights"], ["other", "flights"]])
        found = self.ctl("get", "entities", "-A", "-o", "json", "-s", server.grpc).json
        self.assertEqual([(item["project"], item["spec"]["name"]) for item in found["items"]],
                         [(project, name) for project in ("default", "other") for name in ("carrier", "flight")])
        self.ctl("get", "tables", "-A", "-p", "x", code=USAGE)
        self.ctl("get", "table", "flights", "-A", code=USAGE)

    def test_sources_and_reports(self):
        lines = self.ctl("get", "sources").out.splitlines()
        self.assertEqual(lines[0].split(), ["TABLE", "USE", "KIND", "LOCATION"])
        self.assertEqual(lines[1].split()[:3], ["flights", "batch", "BATCH_FILE"])
        self.assertEqual(self.ctl("get", "source", "flights/batch", "-o", "json").json["use"], "batch")
        self.assertIn("no source", self.ctl("get", "source", "x", code=NOT_FOUND).err)
        self.assertEqual(self.ctl("list", "reports").out.splitlines()[1].split()[:2], ["flights", "OK"])
        self.assertEqual(self.ctl("get", "report", "flights", "-o", "json").json["report"]["verdict"], "OK")

    def test_a_list_in_pages_is_one_list(self):
        many = "kind: Entity\nspec: {name: id, valueType: INT64}\n" + "".join(
            f"---\nkind: FeatureTable\nspec: {{name: t{i:04}, entities: [id], features: [{{name: f, valueType: INT64}}], "
            "batchSource: {type: BATCH_FILE, eventTimestampColumn: t, fileOptions: {fileFormat: {parquetFormat: {}}, fileUrl: 'file:///x'}}}\n"
            for i in range(1201))
        self.ctl("apply", "-p", "pages", "-f", "-", "--validation=off", stdin=many)
        names = [f"t{i:04}" for i in range(1201)]
        lines = self.ctl("get", "tables", "-p", "pages").out.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["NAME", *names])
        found = self.ctl("get", "tables", "-p", "pages", "-o", "json").json
        self.assertEqual([item["spec"]["name"] for item in found["items"]], names)
        self.assertEqual(len(list(yaml.safe_load_all(self.ctl("get", "tables", "-p", "pages", "-o", "yaml").out))), 1201)
        done = self.ctl("apply", "-p", "pages", "-f", "-", "--validation=off", "--atomic", stdin=many)
        self.assertEqual({line.split(",")[0].split()[-1] for line in done.out.splitlines()}, {"unchanged"})

    def test_delete(self):
        self.ctl("apply", "-p", "deleting", "-f", ENTITIES, "-f", self.example())
        self.ctl("delete", "table", "flights", "-p", "deleting", code=USAGE)
        self.assertEqual(self.ctl("delete", "table", "flights", "-p", "deleting", "--yes").out, "table/flights deleted\n")
        self.ctl("get", "table", "flights", "-p", "deleting", code=NOT_FOUND)
        self.assertIn("cannot be deleted", self.ctl("delete", "entity", "carrier", code=USAGE).err)
        self.ctl("delete", "table", "absent", "--yes", code=NOT_FOUND)

    def test_projects(self):
        self.assertEqual(self.ctl("projects", "create", "fresh").out, "project/fresh created\n")
        self.ctl("projects", "create", "fresh", code=CONFLICT)
        self.assertIn("fresh", self.ctl("projects", "list").out)
        self.ctl("projects", "archive", "fresh", code=USAGE)
        self.assertEqual(self.ctl("projects", "archive", "fresh", "--yes").out, "project/fresh archived\n")
        self.assertNotIn("fresh", self.ctl("projects", "list").out)
        self.ctl("apply", "-p", "fresh", "-f", ENTITIES, code=CONFLICT)


class Jobs(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def start(self):
        return self.ctl("ingest", "flights", "--no-wait", "-o", "json").json["id"]

    def test_watch_and_logs(self):
        job = self.start()
        done = self.ctl("jobs", "watch", job)
        self.assertRegex(done.out, r"(?m)^state +DONE")
        self.ctl("jobs", "logs", job, "-f")
        whole = self.ctl("jobs", "logs", job).out
        log = self.core.data_dir / "jobs" / job / "worker.log"
        self.assertEqual(whole, log.read_text() if log.exists() else "")
        with log.open("a") as file:
            file.write("one\ntwo \033[31m\nthree\n")
        self.assertEqual(self.ctl("jobs", "logs", job, "--tail=2").out, "two ?[31m\nthree\n")
        self.ctl("jobs", "logs", job, "--tail=x", code=USAGE)
        self.ctl("jobs", "logs", "absent", code=NOT_FOUND)
        self.ctl("jobs", "watch", "absent", code=NOT_FOUND)

    def test_schedules(self):
        self.ctl("schedule", "flights", code=USAGE)
        self.ctl("schedule", "flights", "--cron=0 3 * * *", "--days=none", code=USAGE)
        self.ctl("schedule", "absent", "--cron=@daily", code=NOT_FOUND)
        self.ctl("schedule", "flights", "--cron=0 3 * * * *", code=REFUSED)
        made = self.ctl("schedule", "flights", "--cron=0 3 * * *", "--days=7", "-o", "json").json
        self.assertEqual((made["kind"], made["table"], made["cron"], made["timespanDays"]),
                         ("Schedule", "flights", "0 3 * * *", 7))
        self.assertRegex(self.ctl("get", "schedules", "--all-projects").out,
                         r"(?m)^default +flights +0 3 \* \* \* +7 +\d{4}-\d\d-\d\dT03:00:00Z")
        self.assertEqual(self.ctl("get", "schedules", "-o", "name").out, "schedule/flights\n")
        self.assertEqual(self.ctl("describe", "schedule/flights", "-o", "json").json["cron"], "0 3 * * *")
        self.assertEqual(self.ctl("get", "schedules", "-p", "elsewhere", "-o", "name").out, "")
        self.assertEqual(self.ctl("unschedule", "flights").out, "table/flights unscheduled\n")
        self.ctl("unschedule", "flights")
        self.ctl("get", "schedule", "flights", code=NOT_FOUND)

    def test_a_stream_that_a_table_has_not(self):
        self.assertIn("flights", self.ctl("stream", "flights", code=None).err)
        self.ctl("stream", "absent", code=NOT_FOUND)

    def test_explain(self):
        key = ("--entity", "carrier=UA", "--entity", "flight=1545")
        self.ctl("apply", "-p", "fresh", "-f", ENTITIES, "-f", self.example())
        done = self.ctl("online", "explain", "flights", *key, "-p", "fresh")
        self.assertIn("nothing was ever written for feature table", done.out)
        self.ctl("ingest", "flights")
        out = self.ctl("online", "explain", "flights", *key, "-f", "dest").out
        for pattern in (r"^table flights in sqlite:", r"^  key +[0-9a-f]+$", r"^  event time +2013-\d\d-\d\dT.*Z, \d+ s ago$",
                        r"^dest +STRING +\S+ +PRESENT +its row is \d+ s old$"):
            self.assertRegex(out, re.compile(pattern, re.MULTILINE))
        out = self.ctl("online", "explain", "flights", "-e", "carrier=XX", "-e", "flight=1").out
        self.assertIn("there is no row under this key", out)
        found = self.ctl("online", "explain", "flights", *key, "-o", "json").json
        self.assertEqual(found["kind"], "OnlineExplanation")
        self.assertEqual(found["rows"][0]["features"][0]["status"], "PRESENT")
        self.ctl("online", "explain", "flights", "-e", "carrier=UA", code=USAGE)


class OldWords(CliTest):
    """The commands of the old command line, as its users typed them."""

    def test_all_of_them(self):
        table = self.example()
        self.ctl("projects", "create", "old")
        self.ctl("entities", "apply", "-f", ENTITIES, "-p", "old")
        self.ctl("feature-tables", "apply", "--filename", table, "-p", "old")
        lines = self.ctl("entities", "list", "-p", "old", "-l", "domain,aviation").out.splitlines()
        self.assertEqual([lines[0].split(), lines[1].split()[0]], [["NAME", "TYPE", "DESCRIPTION"], "carrier"])
        self.assertEqual(yaml.safe_load(self.ctl("entities", "describe", "carrier", "-p", "old").out)["spec"]["valueType"],
                         "STRING")
        self.assertEqual(self.ctl("feature-tables", "list", "-p", "old").out.splitlines()[1].split()[0], "flights")
        described = self.ctl("feature-tables", "describe", "flights", "-p", "old").out
        self.assertEqual(self.ctl("feature-tables", "apply", "-f", "-", "-p", "old", stdin=described).out,
                         "table/flights unchanged, its source fits\n")
        self.ctl("feature-tables", "delete", "flights", "-p", "old", "--yes")
        self.assertIn("project", self.ctl("config", "list").out)
        self.ctl("config", "set", "core_url", "elsewhere:1")
        self.assertEqual(self.ctl("config", "get", "server", FEAST_CORE_URL="").out, "elsewhere:1\n")
        self.assertEqual(self.ctl("version", "-c").out.split()[0], "feastctl")


if __name__ == "__main__":
    feastcore.run()
