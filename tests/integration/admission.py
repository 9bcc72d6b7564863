#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an apply says about a source that does not fit, cannot be reached or cannot be read, in every mode."""

import json
import os
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

import feastcore
import feasttables as tables
from feastapi import source_pb
from feasttables import at

ROWS = 100


def columns(**changes):
    """A file that fits `one`; `changes` replace columns or, with None, drop them."""
    made = {
        "id": [f"key{row}" for row in range(ROWS)],
        "event_timestamp": [at(row) for row in range(ROWS)],
        "trips": list(range(ROWS)),
        "rate": [row / ROWS for row in range(ROWS)],
        **changes,
    }
    return {name: values for name, values in made.items() if values is not None}


class AdmissionTest(feastcore.CoreTest):
    flags = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server("--sources-schemes=file", *cls.flags)
        cls.api = cls.core.api
        cls.api.apply_entity("id", "STRING")

    def one(self, path, name="one", **changes):
        features = {"trips": "INT64", "rate": "DOUBLE", **changes.pop("features", {})}
        return tables.table(name, changes.pop("entities", ["id"]), features,
                            tables.file_source(path, **changes))

    def file(self, types=None, **changes):
        return tables.write(self.name("source.parquet"), columns(**changes), types)

    def refused(self, spec, *texts, code="INVALID_ARGUMENT", mode=None):
        """Refused with each of the texts in the message, and nothing is stored."""
        message = self.fails(code, self.api.apply_table, spec, mode=mode)
        for text in (spec.name, *texts):
            self.assertIn(text, message)
        self.fails("NOT_FOUND", self.api.get_table, spec.name)
        return message

    def accepted(self, spec, verdict="OK", mode=None):
        table = self.api.apply_table(spec, mode=mode)
        self.assertEqual(self.api.verdict(spec.name), verdict, self.api.report(spec.name))
        return table


class Mismatch(AdmissionTest):
    """Mode enforce: every kind of misfit is refused by its name."""

    def check(self, spec, column, field, *texts):
        self.refused(spec, column, *texts)
        reason, fields = self.reason_and_fields(spec)
        self.assertEqual(reason, "SOURCE_MISMATCH")
        self.assertIn(field, fields)
        return fields

    def reason_and_fields(self, spec):
        self.fails("INVALID_ARGUMENT", self.api.apply_table, spec)
        return self.details

    def test_another_type(self):
        spec = self.one(self.file(trips=["a"] * ROWS), "another_type")
        self.check(spec, "trips", "table_spec.features[0]", "INT64")

    def test_missing_column(self):
        spec = self.one(self.file(trips=None), "missing_column")
        self.check(spec, "trips", "table_spec.features[0]")

    def test_missing_column_names_the_nearest(self):
        spec = self.one(self.file(trips=None, tripz=[1] * ROWS), "nearest")
        self.check(spec, "trips", "table_spec.features[0]", "tripz")

    def test_name_in_another_case(self):
        spec = self.one(self.file(trips=None, Trips=[1] * ROWS), "other_case")
        self.check(spec, "trips", "table_spec.features[0]", "Trips")

    def test_missing_entity(self):
        spec = self.one(self.file(id=None), "missing_entity")
        self.check(spec, "id", "table_spec.entities[0]")

    def test_entity_of_another_type(self):
        spec = self.one(self.file(id=[0.5] * ROWS), "entity_type")
        self.check(spec, "id", "table_spec.entities[0]", "STRING")

    def test_missing_event_timestamp(self):
        spec = self.one(self.file(), "missing_time", time="happened_at")
        self.check(spec, "happened_at", "table_spec.batch_source.event_timestamp_column")

    def test_integers_as_event_timestamp(self):
        spec = self.one(self.file(event_timestamp=[1] * ROWS), "integer_time")
        self.check(spec, "event_timestamp", "table_spec.batch_source.event_timestamp_column")

    def test_texts_as_event_timestamp(self):
        spec = self.one(self.file(event_timestamp=["2021-01-01T00:00:00Z"] * ROWS), "text_time")
        self.check(spec, "event_timestamp", "table_spec.batch_source.event_timestamp_column")

    def test_missing_created_timestamp(self):
        spec = self.one(self.file(), "missing_created", created="created_at")
        self.check(spec, "created_at", "table_spec.batch_source.created_timestamp_column")

    def test_nested_into_a_scalar(self):
        spec = self.one(self.file(trips=[{"a": 1}] * ROWS), "nested")
        self.check(spec, "trips", "table_spec.features[0]")

    def test_scalar_into_a_list(self):
        spec = self.one(self.file(), "list", features={"trips": "INT64_LIST"})
        self.check(spec, "trips", "table_spec.features[0]", "INT64_LIST")

    def test_duplicate_column(self):
        path = self.name("double.parquet")
        made = columns()
        arrays = [pa.array(values, tables.default_type(name, values)) for name, values in made.items()]
        pq.write_table(pa.table([*arrays, arrays[2]], names=[*made, "trips"]), path)
        self.check(self.one(path, "duplicate"), "trips", "table_spec.features[0]")

    def test_field_mapping_is_followed(self):
        path = self.file(trips=None, journeys=[1] * ROWS)
        self.accepted(self.one(path, "mapped", mapping={"trips": "journeys"}))
        spec = self.one(path, "mapped_wrong", mapping={"trips": "voyages"})
        self.check(spec, "voyages", "table_spec.features[0]")

    def test_all_columns_are_told_at_once(self):
        path = self.file(id=[0.5] * ROWS, trips=["a"] * ROWS, rate=None)
        spec = self.one(path, "many", time="happened_at")
        fields = self.check(spec, "trips", "table_spec.features[0]", "rate", "id", "happened_at")
        self.assertEqual(len(fields), 4, fields)

    def test_thousands_of_columns_still_fit_into_the_answer(self):
        path = self.file()
        features = {f"feature_with_a_rather_long_name_{number}": "STRING" for number in range(3000)}
        spec = tables.table("wide", ["id"], features, tables.file_source(path))
        message = self.refused(spec, "feature_with_a_rather_long_name_0")
        self.assertLessEqual(len(message.encode()), 4096)

    def test_not_parquet(self):
        path = self.name("text.parquet")
        path.write_text("id,event_timestamp,trips,rate\n" * 100)
        self.refused(self.one(path, "not_parquet"), path.name)

    def test_damaged_parquet(self):
        whole = pathlib.Path(self.file()).read_bytes()
        path = self.name("damaged.parquet")
        path.write_bytes(whole[: len(whole) // 2])
        self.refused(self.one(path, "damaged"), path.name)

    def test_zero_bytes(self):
        path = self.name("zero.parquet")
        path.write_bytes(b"")
        self.refused(self.one(path, "zero_bytes"), path.name)

    def test_one_file_of_many_differs(self):
        folder = self.name("folder")
        folder.mkdir()
        for number in range(4):
            tables.write(folder / f"part{number}.parquet", columns())
        self.accepted(self.one(folder, "uniform_folder"))
        tables.write(folder / "part2.parquet", columns(trips=["a"] * ROWS))
        self.refused(self.one(folder, "mixed_folder"), "part2.parquet", "trips")


class Shares(AdmissionTest):
    """Mode enforce takes a small share of invalid rows, strict none."""

    def test_few_null_keys(self):
        path = self.file(id=[None] + [f"key{row}" for row in range(ROWS - 1)])
        self.accepted(self.one(path, "few_nulls"))
        (source,) = self.api.report("few_nulls").sources
        (entity,) = [column for column in source.columns if column.column == "id"]
        self.assertEqual((entity.null_count, entity.invalid_count), (1, 1))
        self.refused(self.one(path, "few_nulls_strict"), "id", mode="strict")

    def test_many_null_keys(self):
        path = self.file(id=[None] * 10 + [f"key{row}" for row in range(ROWS - 10)])
        self.refused(self.one(path, "many_nulls"), "id")

    def test_null_event_timestamps(self):
        path = self.file(event_timestamp=[None] * 50 + [at(row) for row in range(ROWS - 50)])
        self.refused(self.one(path, "null_times"), "event_timestamp")

    def test_null_features_are_no_mistake(self):
        self.accepted(self.one(self.file(trips=[None] * (ROWS - 1) + [1]), "null_features"), mode="strict")

    def test_values_that_do_not_fit(self):
        path = self.file(trips=[2**40] * ROWS)
        self.refused(self.one(path, "too_large", features={"trips": "INT32"}), "trips", "INT32")

    def test_conversion_with_a_check(self):
        spec = self.one(self.file(), "checked", features={"trips": "INT32"})
        self.refused(spec, "trips", mode="strict")
        self.accepted(spec)
        (source,) = self.api.report("checked").sources
        (column,) = [column for column in source.columns if column.column == "trips"]
        self.assertEqual(column.level, 3)
        self.assertEqual((column.min, column.max), ("0", str(ROWS - 1)))
        self.assertFalse(column.blocking)

    def test_naive_timestamps(self):
        naive = [at(row).replace(tzinfo=None) for row in range(ROWS)]
        path = self.file({"event_timestamp": pa.timestamp("us")}, event_timestamp=naive)
        self.refused(self.one(path, "naive_strict"), "event_timestamp", mode="strict")
        self.accepted(self.one(path, "naive"))

    def test_no_rows(self):
        empty = {name: [] for name in columns()}
        kinds = {"id": pa.string(), "event_timestamp": pa.timestamp("us", tz="UTC"),
                 "trips": pa.int64(), "rate": pa.float64()}
        path = tables.write(self.name("empty.parquet"), empty, kinds)
        self.accepted(self.one(path, "no_rows"), mode="strict")


class Modes(AdmissionTest):
    def test_missing_file(self):
        path = self.name("absent.parquet")
        table = self.accepted(self.one(path, "absent"), "UNVERIFIED")
        self.assertEqual(table.meta.revision, 0)
        self.assertIn(path.name, str(self.api.report("absent")))
        self.accepted(self.one(path, "absent_warn"), "UNVERIFIED", mode="warn")
        self.refused(self.one(path, "absent_strict"), path.name, code="FAILED_PRECONDITION", mode="strict")
        self.accepted(self.one(path, "absent_off"), "NOT_CHECKED", mode="off")

    def test_empty_folder_counts_as_missing(self):
        folder = self.name("folder")
        folder.mkdir()
        (folder / "_SUCCESS").touch()
        self.accepted(self.one(folder, "empty_folder"), "UNVERIFIED")

    def test_mismatch(self):
        path = self.file(trips=["a"] * ROWS)
        self.accepted(self.one(path, "misfit_warn"), "MISMATCHED", mode="warn")
        self.assertIn("trips", str(self.api.report("misfit_warn")))
        self.accepted(self.one(path, "misfit_off"), "NOT_CHECKED", mode="off")
        self.refused(self.one(path, "misfit_strict"), "trips", mode="strict")

    def test_places_that_are_not_allowed_are_not_gone_to(self):
        spec = self.one(self.file(), "bigquery")
        spec.batch_source.type = source_pb.DataSource.BATCH_BIGQUERY
        spec.batch_source.bigquery_options.table_ref = "project:dataset.table"
        self.accepted(spec, "UNVERIFIED")
        report = self.api.report("bigquery")
        self.assertEqual(report.reason, "SOURCE_DENIED")
        self.assertIn("sources.schemes", report.sources[0].message)
        self.accepted(self.one("s3://bucket/x.parquet", "bucket"), "UNVERIFIED")
        self.assertEqual(self.api.report("bucket").reason, "SOURCE_DENIED")

    def test_workers_are_confined(self):
        self.accepted(self.one(self.file(), "confined"))

        def confined(process):
            # A sanitizer traces the process at its end, which the filter would forbid.
            wanted = ["NoNewPrivs:\t1"] + ([] if "san.so" in (process / "maps").read_text() else ["Seccomp:\t2"])
            return all(text in (process / "status").read_text() for text in wanted)

        def all_confined():
            workers = [pid for pid, command in self.core.children().items() if "--probe-loop" in command]
            try:
                return workers and all(confined(pathlib.Path(f"/proc/{pid}")) for pid in workers)
            except (FileNotFoundError, ProcessLookupError):
                return False  # one that ended meanwhile is replaced

        # One that was started just now still has to confine itself.
        feastcore.wait_until(all_confined, "workers that are confined")

    def test_a_word_that_is_no_mode(self):
        spec = self.one(self.file(), "bad_mode")
        message = self.fails("INVALID_ARGUMENT", self.api.apply_table, spec, mode="lenient")
        self.assertIn("lenient", message)
        self.assertIn("enforce", message)
        self.fails("NOT_FOUND", self.api.get_table, "bad_mode")

    def test_unchanged_is_answered_as_it_is(self):
        spec = self.one(self.file(), "unchanged")
        first = self.accepted(spec)
        self.assertEqual(self.accepted(spec), first)

    def test_applied_under_off_is_looked_at_later(self):
        path = self.file()
        spec = self.one(path, "later")
        first = self.accepted(spec, "NOT_CHECKED", mode="off")
        self.assertEqual(self.accepted(spec).meta.revision, first.meta.revision)
        tables.write(path, columns(trips=["a"] * ROWS))
        bad = self.one(self.file(trips=["a"] * ROWS), "later_bad")
        self.accepted(bad, "NOT_CHECKED", mode="off")
        self.assertIn("trips", self.fails("INVALID_ARGUMENT", self.api.apply_table, bad))

    def test_refused_change_leaves_the_table_as_it_was(self):
        good = self.one(self.file(), "kept")
        first = self.accepted(good)
        bad = self.one(self.file(trips=["a"] * ROWS), "kept")
        self.fails("INVALID_ARGUMENT", self.api.apply_table, bad)
        self.assertEqual(self.api.get_table("kept"), first)
        self.assertEqual(self.api.verdict("kept"), "OK")

    def test_dry_run_stores_nothing(self):
        spec = self.one(self.file(), "dry")
        shown = self.api.apply_table(spec, dry_run=True)
        self.assertEqual(shown.spec.name, "dry")
        self.fails("NOT_FOUND", self.api.get_table, "dry")

    def test_validate_without_applying(self):
        request = self.api.admin.request("Validate")()
        bad = self.one(self.file(trips=["a"] * ROWS), "only_validated")
        request.table_spec.ParseFromString(bad.SerializeToString())
        answer = self.api.admin.Validate(request)
        self.assertFalse(answer.acceptable)
        self.assertIn("trips", str(answer.report))
        self.fails("NOT_FOUND", self.api.get_table, "only_validated")

    def test_rules_of_the_spec_hold_in_every_mode(self):
        spec = self.one(self.file(), "rules")
        spec.features.add(name="not-a-name", value_type=2)
        for mode in ("off", "warn", "enforce", "strict"):
            with self.subTest(mode):
                self.assertIn("not-a-name", self.fails(
                    "INVALID_ARGUMENT", self.api.apply_table, spec, mode=mode))

    def test_report_of_a_table_that_is_not_there(self):
        self.fails("NOT_FOUND", self.api.report, "nowhere")


class BothSources(AdmissionTest):
    """A table with a batch and a stream source; no broker runs, the Avro schema alone tells what messages hold."""

    flags = ("--sources-schemes=kafka",)

    def both(self, name, trips):
        moment = {"type": "long", "logicalType": "timestamp-millis"}
        fields = {"id": "string", "event_timestamp": moment, "trips": trips, "rate": "double"}
        schema = {"type": "record", "name": "Trip",
                  "fields": [{"name": field, "type": kind} for field, kind in fields.items()]}
        spec = self.one(self.file(), name)
        spec.stream_source.type = source_pb.DataSource.STREAM_KAFKA
        spec.stream_source.event_timestamp_column = "event_timestamp"
        spec.stream_source.kafka_options.bootstrap_servers = "127.0.0.1:1"
        spec.stream_source.kafka_options.topic = "trips"
        spec.stream_source.kafka_options.message_format.avro_format.schema_json = json.dumps(schema)
        return spec

    def test_the_source_that_does_not_fit_is_named(self):
        spec = self.both("stream_misfit", "string")
        message = self.refused(spec, "does not fit its stream source trips at 127.0.0.1:1: feature \"trips\"")
        self.assertNotIn("batch source", message)

    def test_a_stream_out_of_reach(self):
        self.accepted(self.both("stream_away", "long"), "UNVERIFIED")


class Roots(feastcore.CoreTest):
    """Local paths outside the configured roots are not opened, by whatever way they are named."""

    def test_only_below_the_roots(self):
        inside, outside = self.name("inside"), self.name("outside")
        for folder in (inside, outside):
            folder.mkdir()
            tables.write(folder / "source.parquet", columns())
        os.symlink(outside / "source.parquet", inside / "link.parquet")
        api = self.server("--sources-local-roots", str(inside)).api
        api.apply_entity("id", "STRING")

        def verdict(name, path):
            spec = tables.table(name, ["id"], {"trips": "INT64"}, tables.file_source(path))
            api.apply_table(spec)
            return api.verdict(name)

        self.assertEqual(verdict("inside", inside / "source.parquet"), "OK")
        self.assertEqual(verdict("outside", outside / "source.parquet"), "UNVERIFIED")
        self.assertEqual(verdict("link", inside / "link.parquet"), "UNVERIFIED")
        dots = f"file://{inside}/../{outside.name}/source.parquet"
        self.assertEqual(verdict("dots", dots), "UNVERIFIED")
        self.assertIn("SOURCE_DENIED", str(api.report("outside")))


class ServerModes(feastcore.CoreTest):
    """--validation is the mode of requests that name none."""

    def test_default_mode(self):
        path = self.name("absent.parquet")
        spec = tables.table("absent", ["id"], {"trips": "INT64"}, tables.file_source(path))
        for mode, verdict in (("strict", None), ("warn", "UNVERIFIED"), ("off", "NOT_CHECKED")):
            with self.subTest(mode):
                api = self.server("--validation", mode).api
                api.apply_entity("id", "STRING")
                if verdict is None:
                    self.fails("FAILED_PRECONDITION", api.apply_table, spec)
                    api.apply_table(spec, mode="warn")
                else:
                    api.apply_table(spec)
                    self.assertEqual(api.verdict("absent"), verdict)


if __name__ == "__main__":
    feastcore.run()
