#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The background of validation over real files: they appear later, change, vanish and come back; the server restarts."""

import http.client

import feastcore
import feasttables as tables
from feastcore import wait_until
from feastapi import ours

QUICK = ("--sources-schemes=file", "--shutdown-lame-duck=0s", "--reverify-interval=50ms", "--reverify-retry-min=20ms",
         "--reverify-retry-max=50ms")
NEVER = ("--sources-schemes=file", "--shutdown-lame-duck=0s", "--reverify-interval=0s", "--reverify-retry-min=1h", "--reverify-retry-max=1h")
MODE = "feast.admin.v1.ValidationReport.Mode"
ORIGIN = "feast.admin.v1.ValidationReport.Origin"


def number(enum, word):
    return ours().enum(enum).values_by_name[word].number


def columns(**changes):
    return {"id": ["a", "b"], "event_timestamp": [tables.at(0), tables.at(1)], "trips": [1, 2], **changes}


class ReverifyTest(feastcore.CoreTest):
    def serve(self, *flags):
        core = self.server(*flags)
        core.api.apply_entity("id", "STRING")
        return core

    def table(self, path, name="trips"):
        return tables.table(name, ["id"], {"trips": "INT64"}, tables.file_source(path))

    def becomes(self, api, verdict, name="trips", **where):
        wait_until(lambda: api.verdict(name, **where) == verdict, f"{name} becomes {verdict}")
        return api.report(name, **where)

    def reports(self, api, name="trips"):
        answer = api.admin.ListValidationReports(table=name)
        words = ours().enum("feast.admin.v1.Verdict").values_by_number
        return [words[report.verdict].name for report in answer.reports]

    def metric(self, core, line):
        connection = http.client.HTTPConnection(core.http, timeout=feastcore.PATIENCE)
        connection.request("GET", "/metrics")
        answer = connection.getresponse().read().decode()
        connection.close()
        for text in answer.splitlines():
            if text.startswith(line + " "):
                return float(text.rpartition(" ")[2])
        return None


class Background(ReverifyTest):
    def test_a_file_that_appears_later(self):
        core = self.serve(*QUICK)
        path = self.name("later.parquet")
        table = core.api.apply_table(self.table(path))
        report = core.api.report("trips")
        self.assertEqual(report.reason, "SOURCE_UNREACHABLE")
        self.assertTrue(report.HasField("next_check_at"))
        tables.write(path, columns())
        report = self.becomes(core.api, "OK")
        self.assertEqual(report.origin, number(ORIGIN, "BACKGROUND"))
        self.assertEqual(report.table_revision, table.meta.revision)
        self.assertEqual(report.spec_hash, table.meta.hash)
        self.assertEqual(core.api.get_table("trips").meta.revision, table.meta.revision)

    def test_a_file_that_appears_and_does_not_fit(self):
        core = self.serve(*QUICK)
        path = self.name("later.parquet")
        core.api.apply_table(self.table(path))
        tables.write(path, columns(trips=["x", "y"]))
        report = self.becomes(core.api, "DRIFTED")
        self.assertIn("trips", str(report.sources[0].columns[1]))

    def test_reality_moves_and_comes_back(self):
        core = self.serve(*QUICK)
        path = tables.write(self.name("moves.parquet"), columns())
        core.api.apply_table(self.table(path))
        self.assertEqual(core.api.verdict("trips"), "OK")
        tables.write(path, columns(trips=["x", "y"]))
        report = self.becomes(core.api, "DRIFTED")
        self.assertEqual(report.reason, "SOURCE_MISMATCH")
        self.assertEqual(self.metric(core, 'feast_core_feature_tables_by_verdict{verdict="DRIFTED"}'), 1)
        # Gone altogether: what is known to be wrong is not forgotten.
        path.unlink()
        looked = self.metric(core, "feast_core_reverify_looks_total")
        wait_until(lambda: self.metric(core, "feast_core_reverify_looks_total") > looked + 1, "two more looks")
        self.assertEqual(core.api.verdict("trips"), "DRIFTED")
        tables.write(path, columns())
        self.becomes(core.api, "OK")
        for name in ("drifted", "recovered"):  # counted when the verdict can be read already
            wait_until(lambda: self.metric(core, f"feast_core_reverify_{name}_total"), f"{name} is counted")
            self.assertEqual(self.metric(core, f"feast_core_reverify_{name}_total"), 1)
        self.assertGreater(self.metric(core, 'feast_core_validation_total{verdict="OK"}'), 1)
        history = self.reports(core.api)
        self.assertEqual([word for i, word in enumerate(history) if i == 0 or history[i - 1] != word],
                         ["OK", "DRIFTED", "OK"])

    def test_a_source_that_vanishes_is_unverified(self):
        core = self.serve(*QUICK)
        path = tables.write(self.name("vanishes.parquet"), columns())
        core.api.apply_table(self.table(path))
        path.unlink()
        self.assertEqual(self.becomes(core.api, "UNVERIFIED").reason, "SOURCE_UNREACHABLE")
        tables.write(path, columns())
        self.becomes(core.api, "OK")

    def test_the_next_look_survives_a_kill(self):
        core = self.serve(*NEVER)
        path = self.name("kill.parquet")
        core.api.apply_table(self.table(path))
        due = core.api.report("trips").next_check_at.seconds
        self.assertGreater(due, 0)
        core.kill()
        core.start()
        self.assertEqual(core.api.report("trips").next_check_at.seconds, due)
        tables.write(path, columns())
        core.stop()
        # Made due while it was down: the first thing that the next server does.
        core.flags = QUICK
        core.start()
        core.api.admin.Reverify(table="trips")
        self.becomes(core.api, "OK")

    def test_tables_from_before_get_their_times(self):
        core = self.serve(*NEVER)
        path = tables.write(self.name("before.parquet"), columns())
        core.api.apply_table(self.table(path))
        self.assertFalse(core.api.report("trips").HasField("next_check_at"))
        core.stop()
        tables.write(path, columns(trips=["x", "y"]))
        core.flags = QUICK
        core.start()
        self.becomes(core.api, "DRIFTED")

    def test_an_apply_has_the_last_word(self):
        core = self.serve(*NEVER)
        path = self.name("word.parquet")
        core.api.apply_table(self.table(path))
        tables.write(path, columns())
        core.api.apply_table(self.table(path))
        report = core.api.report("trips")
        self.assertEqual(core.api.verdict("trips"), "OK")
        self.assertEqual(report.origin, number(ORIGIN, "APPLY"))
        self.assertFalse(report.HasField("next_check_at"))


class Reverify(ReverifyTest):
    def setUp(self):
        self.core = self.serve(*NEVER)
        self.api = self.core.api

    def test_one_table(self):
        path = tables.write(self.name("one.parquet"), columns())
        self.api.apply_table(self.table(path))
        before = self.api.report("trips").checked_at
        answer = self.api.admin.Reverify(table="trips")
        self.assertEqual(answer.tables, 1)
        wait_until(lambda: self.api.report("trips").checked_at.ToNanoseconds() > before.ToNanoseconds(),
                   "a new report")
        self.assertGreaterEqual(self.api.report("trips").checked_at.ToNanoseconds(),
                                answer.asked_at.ToNanoseconds())
        tables.write(path, columns(trips=["x", "y"]))
        self.api.admin.Reverify(table="trips")
        self.becomes(self.api, "DRIFTED")

    def test_a_project_and_all(self):
        path = tables.write(self.name("all.parquet"), columns())
        for name in ("a", "b"):
            self.api.apply_table(self.table(path, name))
        self.api.apply_entity("id", "STRING", project="other")
        self.api.apply_table(self.table(path, "c"), project="other")
        tables.write(path, columns(trips=["x", "y"]))
        self.assertEqual(self.api.admin.Reverify(project="other").tables, 1)
        self.becomes(self.api, "DRIFTED", "c", project="other")
        self.assertEqual(self.api.verdict("a"), "OK")
        self.assertEqual(self.api.admin.Reverify(all_projects=True).tables, 3)
        for name in ("a", "b"):
            self.becomes(self.api, "DRIFTED", name)

    def test_a_table_that_was_applied_unchecked(self):
        path = tables.write(self.name("off.parquet"), columns(trips=["x", "y"]))
        self.api.apply_table(self.table(path), mode="off")
        self.assertEqual(self.api.verdict("trips"), "NOT_CHECKED")
        self.api.admin.Reverify(table="trips")
        self.becomes(self.api, "MISMATCHED")

    def test_mistakes(self):
        self.fails("NOT_FOUND", self.api.admin.Reverify, table="absent")
        self.fails("NOT_FOUND", self.api.admin.Reverify, project="absent")
        self.fails("INVALID_ARGUMENT", self.api.admin.Reverify, all_projects=True, table="a")
        self.fails("NOT_FOUND", self.api.admin.ListValidationReports, table="absent")
        self.fails("INVALID_ARGUMENT", self.api.admin.ListValidationReports, table="")

    def test_reports_by_page(self):
        path = tables.write(self.name("pages.parquet"), columns())
        for mode in ("off", "enforce", "strict", "warn", "strict"):
            tables.write(path, columns(extra=[mode, mode]))
            spec = self.table(path)
            spec.labels["mode"] = mode
            self.api.apply_table(spec, mode=mode)
        first = self.api.admin.ListValidationReports(table="trips", page_size=3)
        self.assertEqual([report.table_revision for report in first.reports], [4, 3, 2])
        second = self.api.admin.ListValidationReports(table="trips", page_size=3,
                                                      page_token=first.next_page_token)
        self.assertEqual([report.table_revision for report in second.reports], [1])
        self.assertEqual(second.next_page_token, "")
        self.fails("INVALID_ARGUMENT", self.api.admin.ListValidationReports, table="trips", page_token="x")


class Projects(ReverifyTest):
    def mode(self, answer):
        words = ours().enum(MODE).values_by_number
        return words[answer.setting].name, words[answer.effective].name

    def test_a_project_with_a_mode_of_its_own(self):
        core = self.serve(*NEVER)
        api = core.api
        api.apply_entity("id", "STRING", project="lenient")
        path = tables.write(self.name("mode.parquet"), columns(trips=["x", "y"]))
        self.assertEqual(self.mode(api.admin.GetProjectValidation(project="lenient")), ("DEFAULT", "ENFORCE"))
        self.fails("INVALID_ARGUMENT", api.apply_table, self.table(path), project="lenient")
        answer = api.admin.SetProjectValidation(project="lenient", mode=number(MODE, "WARN"))
        self.assertEqual(self.mode(answer), ("WARN", "WARN"))
        core.kill()
        core.start()
        api = core.api
        self.assertEqual(self.mode(api.admin.GetProjectValidation(project="lenient")), ("WARN", "WARN"))
        api.apply_table(self.table(path), project="lenient")
        self.assertEqual(api.verdict("trips", project="lenient"), "MISMATCHED")
        # Validate asks under the same mode, a request may ask for another, other projects are as before.
        self.assertTrue(api.admin.Validate(project="lenient", table_spec=self.ours(self.table(path))).acceptable)
        self.fails("INVALID_ARGUMENT", api.apply_table, self.table(path), project="lenient", mode="enforce")
        self.fails("INVALID_ARGUMENT", api.apply_table, self.table(path))
        api.admin.SetProjectValidation(project="lenient", mode=number(MODE, "OFF"))
        api.apply_table(self.table(path, "unseen"), project="lenient")
        self.assertEqual(api.verdict("unseen", project="lenient"), "NOT_CHECKED")
        answer = api.admin.SetProjectValidation(project="lenient")
        self.assertEqual(self.mode(answer), ("DEFAULT", "ENFORCE"))
        self.fails("INVALID_ARGUMENT", api.apply_table, self.table(path, "unseen"), project="lenient")
        self.fails("NOT_FOUND", api.admin.SetProjectValidation, project="absent", mode=number(MODE, "OFF"))
        self.fails("NOT_FOUND", api.admin.GetProjectValidation, project="absent")

    def ours(self, spec):
        return ours().message("feast.core.FeatureTableSpec").FromString(spec.SerializeToString())


if __name__ == "__main__":
    feastcore.run()
