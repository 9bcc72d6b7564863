#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Online reads: statuses, ages, and requests that make no sense."""

import datetime

import feastcore
import feasttables as tables
from feastapi import TIMEOUT, FieldStatus, core_pb, plain, serving_pb, value
from feasttables import UTC, at

MAX_AGE = 3600


class ServingTest(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server()
        cls.api = cls.core.api
        tables.apply_entities(cls.api, city="STRING", driver="INT64", zone="INT32")
        cls.now = datetime.datetime.now(UTC).replace(microsecond=0)
        path = tables.write(cls.name("trips.parquet"), {
            "city": ["SIN", "SIN", "JKT"], "driver": [1, 2, 1],
            "event_timestamp": [cls.now, cls.now - datetime.timedelta(days=1), at(0)],
            "trips": [10, 20, None], "name": ["", "b", "c"]})
        source = tables.file_source(path)
        features = {"trips": "INT64", "name": "STRING"}
        cls.make("trips", ["city", "driver"], features, source, MAX_AGE)
        cls.make("ageless", ["driver", "city"], features, source)
        path = tables.write(cls.name("zones.parquet"), {
            "zone": [7], "event_timestamp": [at(0)], "size": [0.5]}, {"zone": tables.pa.int32()})
        cls.make("zones", ["zone"], {"size": "DOUBLE"}, tables.file_source(path))

    @classmethod
    def make(cls, name, entities, features, source, max_age=0, project="", ingest=True):
        cls.api.apply_table(tables.table(name, entities, features, source, max_age), project)
        if ingest:
            job = cls.job_ends(cls(), cls.api, cls.api.start_ingestion(name, project).id)
            assert job.status == 3, job.error_message

    @staticmethod
    def key(city, driver):
        return {"city": value("STRING", city), "driver": value("INT64", driver)}

    def one(self, ref, key, when=None, project=""):
        request = serving_pb.GetOnlineFeaturesRequestV2(project=project)
        table, _, name = ref.partition(":")
        request.features.add(feature_table=table, name=name)
        row = request.entity_rows.add(fields=key)
        if when is not None:
            row.timestamp.FromDatetime(when)
        (found,) = self.api.serving.GetOnlineFeaturesV2(request, timeout=TIMEOUT).field_values
        return plain(found.fields[ref]), found.statuses[ref]


class Statuses(ServingTest):
    def test_present(self):
        self.assertEqual(self.one("trips:trips", self.key("SIN", 1), self.now), (10, FieldStatus.PRESENT))
        self.assertEqual(self.one("trips:name", self.key("SIN", 1), self.now), ("", FieldStatus.PRESENT))

    def test_null(self):
        self.assertEqual(self.one("ageless:trips", self.key("JKT", 1)), (None, FieldStatus.NULL_VALUE))

    def test_unknown_key(self):
        self.assertEqual(self.one("trips:trips", self.key("JKT", 2)), (None, FieldStatus.NOT_FOUND))

    def test_unknown_feature(self):
        self.assertEqual(self.one("trips:tripz", self.key("SIN", 1)), (None, FieldStatus.NOT_FOUND))

    def test_age(self):
        event = self.now - datetime.timedelta(days=1)
        age = datetime.timedelta(seconds=MAX_AGE)
        second = datetime.timedelta(seconds=1)
        key = self.key("SIN", 2)
        self.assertEqual(self.one("trips:trips", key, event + age), (20, FieldStatus.PRESENT))
        self.assertEqual(self.one("trips:trips", key, event + age + second), (None, FieldStatus.OUTSIDE_MAX_AGE))
        self.assertEqual(self.one("trips:trips", key, event - age), (20, FieldStatus.PRESENT))
        self.assertEqual(self.one("trips:trips", key), (None, FieldStatus.OUTSIDE_MAX_AGE))
        self.assertEqual(self.one("ageless:trips", key), (20, FieldStatus.PRESENT))

    def test_order_of_entities_does_not_matter(self):
        key = {"driver": value("INT64", 1), "city": value("STRING", "SIN")}
        self.assertEqual(self.one("ageless:trips", key), (10, FieldStatus.PRESENT))

    def test_entities_are_echoed_rows_keep_their_order(self):
        keys = [self.key("JKT", 1), self.key("SIN", 2), self.key("SIN", 1), self.key("SIN", 2)]
        rows = self.api.read(["ageless:name", "trips:name"], keys)
        self.assertEqual([plain(row.fields["ageless:name"]) for row in rows], ["c", "b", "", "b"])
        for key, row in zip(keys, rows):
            for entity in ("city", "driver"):
                self.assertEqual(row.fields[entity], key[entity])
                self.assertEqual(row.statuses[entity], FieldStatus.PRESENT)
            self.assertEqual(set(row.fields), {"city", "driver", "ageless:name", "trips:name"})

    def test_whole_numbers_of_either_size(self):
        for kind in ("INT32", "INT64"):
            with self.subTest(kind):
                self.assertEqual(self.one("zones:size", {"zone": value(kind, 7)}), (0.5, FieldStatus.PRESENT))

    def test_never_ingested(self):
        self.make("fresh", ["driver"], {"trips": "INT64"},
                  tables.file_source(tables.FLIGHTS.parent / "absent.parquet"), ingest=False)
        self.assertEqual(self.one("fresh:trips", {"driver": value("INT64", 1)}), (None, FieldStatus.NOT_FOUND))

    def test_a_feature_that_changed_its_type(self):
        path = tables.write(self.name("kind.parquet"), {
            "driver": [1], "event_timestamp": [at(0)], "feature": [1]})
        self.make("kind", ["driver"], {"feature": "INT64"}, tables.file_source(path))
        tables.write(path, {"driver": [1], "event_timestamp": [at(0)], "feature": ["text"]})
        self.make("kind", ["driver"], {"feature": "STRING"}, tables.file_source(path), ingest=False)
        self.assertEqual(self.one("kind:feature", {"driver": value("INT64", 1)}), (None, FieldStatus.NOT_FOUND))

    def test_projects_are_apart(self):
        tables.apply_entities(self.api, "elsewhere", driver="INT64")
        path = tables.write(self.name("elsewhere.parquet"), {
            "driver": [1], "event_timestamp": [at(0)], "feature": [5]})
        self.make("apart", ["driver"], {"feature": "INT64"}, tables.file_source(path), project="elsewhere")
        key = {"driver": value("INT64", 1)}
        self.assertEqual(self.one("apart:feature", key, project="elsewhere"), (5, FieldStatus.PRESENT))
        self.fails("NOT_FOUND", self.one, "apart:feature", key)


class Requests(ServingTest):
    def call(self, code, *texts, features=(("trips", "trips"),), rows=None):
        request = serving_pb.GetOnlineFeaturesRequestV2()
        for table, name in features:
            request.features.add(feature_table=table, name=name)
        for fields in [self.key("SIN", 1)] if rows is None else rows:
            request.entity_rows.add(fields=fields)
        for method in (self.api.serving.GetOnlineFeaturesV2, self.api.serving.GetOnlineFeatures):
            message = self.fails(code, method, request, timeout=TIMEOUT)
            for text in texts:
                self.assertIn(text, message)

    def test_unknown_table(self):
        self.call("NOT_FOUND", "tripz", features=[("tripz", "trips")])

    def test_nothing_asked(self):
        self.call("INVALID_ARGUMENT", features=[])
        self.call("INVALID_ARGUMENT", rows=[])

    def test_half_a_reference(self):
        self.call("INVALID_ARGUMENT", features=[("", "trips")])
        self.call("INVALID_ARGUMENT", features=[("trips", "")])

    def test_missing_entity(self):
        rows = [self.key("SIN", 1), {"city": value("STRING", "SIN")}]
        self.call("INVALID_ARGUMENT", "driver", "entity_rows[1]", rows=rows)

    def test_entity_of_another_type(self):
        rows = [{"city": value("STRING", "SIN"), "driver": value("STRING", "1")}]
        self.call("INVALID_ARGUMENT", "driver", "INT64", rows=rows)

    def test_entity_out_of_range(self):
        self.call("INVALID_ARGUMENT", "zone", features=[("zones", "size")],
                  rows=[{"zone": value("INT64", 2**31)}])

    def test_deleted_table(self):
        self.make("gone", ["driver"], {"trips": "INT64"},
                  tables.file_source(tables.FLIGHTS.parent / "absent.parquet"), ingest=False)
        self.api.core.DeleteFeatureTable(core_pb.DeleteFeatureTableRequest(name="gone"), timeout=TIMEOUT)
        self.call("NOT_FOUND", "gone", features=[("gone", "trips")], rows=[{"driver": value("INT64", 1)}])

    def test_info(self):
        info = self.api.serving.GetFeastServingInfo(serving_pb.GetFeastServingInfoRequest(), timeout=TIMEOUT)
        self.assertEqual(info.version, self.core.ready["version"])
        self.assertEqual(info.type, serving_pb.FEAST_SERVING_TYPE_ONLINE)


if __name__ == "__main__":
    feastcore.run()
