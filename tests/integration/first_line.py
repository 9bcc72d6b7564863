#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The line through everything: apply, look at the source, ingest, read. Every value is held against
what pyarrow computes from the same file."""

import math
import struct

import pyarrow as pa

import feastcore
import feasttables as tables
from feastapi import FieldStatus, plain, serving_pb, value
from feasttables import at

BATCH = 500


def ingest(test, api, name, project=""):
    job = test.job_ends(api, api.start_ingestion(name, project).id)
    detail = api.job_detail(job.id)
    test.assertEqual(job.status, 3, f"{job.error_message}\n{detail}")
    receipt = detail.receipt
    test.assertEqual(
        receipt.rows_read,
        receipt.rows_written + receipt.rows_rejected + receipt.rows_late + receipt.rows_superseded,
        receipt)
    return job, receipt


class Flights(feastcore.CoreTest):
    """The real table of examples/flights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server()
        cls.api = cls.core.api
        tables.apply_entities(cls.api)
        cls.applied = cls.api.apply_table(tables.flights())
        cls.expected = tables.newest(tables.FLIGHTS, tables.FLIGHTS_ENTITIES, tables.FLIGHTS_TIME)

    def test_1_the_source_was_looked_at(self):
        self.assertEqual(self.applied.meta.revision, 0)
        report = self.api.report("flights")
        self.assertEqual(self.api.verdict("flights"), "OK", report)
        (source,) = report.sources
        self.assertEqual((source.files_total, source.files_seen), (1, 1))
        self.assertGreater(source.rows_sampled, 0)
        levels = source.DESCRIPTOR.file.message_types_by_name["ColumnReport"].enum_types_by_name["Level"]
        found = {column.column: levels.values_by_number[column.level].name for column in source.columns}
        exact = {"carrier", "flight", "scheduled_departure", *tables.FLIGHTS_FEATURES} - {"distance"}
        self.assertEqual(found, {**dict.fromkeys(exact, "EXACT"), "distance": "WIDENING"})

    def test_2_before_ingestion_nothing_is_found(self):
        (row,) = self.api.read(["flights:origin"], [self.key("UA", 1545)])
        self.assertEqual(row.statuses["flights:origin"], FieldStatus.NOT_FOUND)

    def test_3_every_value_of_every_key(self):
        job, receipt = ingest(self, self.api, "flights")
        self.assertEqual(job.type, 1)
        self.assertEqual(job.batch_ingestion.table_name, "flights")
        self.assertRegex(job.hash, "^[0-9a-f]{32}$")
        self.assertGreater(job.start_time.seconds, 0)
        self.assertEqual(receipt.rows_read, 51955)
        self.assertEqual(receipt.rows_rejected, 0)
        self.assertGreaterEqual(receipt.rows_written, len(self.expected))
        self.check_all()

    def test_4_again_changes_nothing(self):
        ingest(self, self.api, "flights")
        self.check_all()

    def test_5_by_vectors_as_by_maps(self):
        request = serving_pb.GetOnlineFeaturesRequestV2()
        request.features.add(feature_table="flights", name="distance")
        request.entity_rows.add(fields=self.key("UA", 1545))
        request.entity_rows.add(fields=self.key("UA", 999999))
        answer = self.api.serving.GetOnlineFeatures(request, timeout=feastcore.PATIENCE)
        names = list(answer.metadata.field_names.val)
        self.assertEqual(sorted(names), ["carrier", "flight", "flights:distance"])
        column = names.index("flights:distance")
        found = [(plain(row.values[column]), row.statuses[column]) for row in answer.results]
        self.assertEqual(found, [(1400, FieldStatus.PRESENT), (None, FieldStatus.NOT_FOUND)])

    @staticmethod
    def key(carrier, flight):
        return {"carrier": value("STRING", carrier), "flight": value("INT64", flight)}

    def check_all(self):
        refs = [f"flights:{feature}" for feature in tables.FLIGHTS_FEATURES]
        keys = list(self.expected)
        wrong = []
        for start in range(0, len(keys), BATCH):
            part = keys[start : start + BATCH]
            answer = self.api.read(refs, [self.key(*key) for key in part])
            self.assertEqual(len(answer), len(part))
            for key, row in zip(part, answer):
                self.assertEqual((plain(row.fields["carrier"]), plain(row.fields["flight"])), key)
                for feature in tables.FLIGHTS_FEATURES:
                    wanted = self.expected[key][feature]
                    status = FieldStatus.NULL_VALUE if wanted is None else FieldStatus.PRESENT
                    ref = f"flights:{feature}"
                    found = plain(row.fields[ref])
                    if (found, row.statuses[ref]) != (wanted, status):
                        wrong.append((key, feature, wanted, found, row.statuses[ref]))
        self.assertEqual(wrong, [])


def as_float32(number):
    return struct.unpack("f", struct.pack("f", number))[0]


class Types(feastcore.CoreTest):
    """One column of every type, the odd values of each, and what each becomes."""

    # name -> (ValueType, type in the file, three values)
    COLUMNS = {
        "a_bytes": ("BYTES", pa.binary(), [b"", b"\x00\xff", b"bytes"]),
        "a_string": ("STRING", pa.string(), ["", "Grüße \U0001f600", "a"]),
        "an_int32": ("INT32", pa.int32(), [-(2**31), 0, 2**31 - 1]),
        "an_int64": ("INT64", pa.int64(), [-(2**63), 0, 2**63 - 1]),
        "a_double": ("DOUBLE", pa.float64(), [-0.0, 1e308, 0.1]),
        "a_float": ("FLOAT", pa.float32(), [-0.0, as_float32(3.4e38), as_float32(0.1)]),
        "a_bool": ("BOOL", pa.bool_(), [True, False, True]),
        "bytes_list": ("BYTES_LIST", pa.list_(pa.binary()), [[], [b"", b"\x00"], [b"x"]]),
        "string_list": ("STRING_LIST", pa.list_(pa.string()), [["", "b"], [], ["c"]]),
        "int32_list": ("INT32_LIST", pa.list_(pa.int32()), [[-1, 0], [], [2**31 - 1]]),
        "int64_list": ("INT64_LIST", pa.list_(pa.int64()), [[-(2**63)], [], [2**63 - 1]]),
        "double_list": ("DOUBLE_LIST", pa.list_(pa.float64()), [[0.1, -1e308], [], [0.0]]),
        "float_list": ("FLOAT_LIST", pa.list_(pa.float32()), [[as_float32(0.1)], [], [2.5]]),
        "bool_list": ("BOOL_LIST", pa.list_(pa.bool_()), [[True, False], [], [False]]),
        "from_int8": ("INT32", pa.int8(), [-128, 0, 127]),
        "from_uint32": ("INT64", pa.uint32(), [0, 1, 2**32 - 1]),
        "from_float": ("DOUBLE", pa.float32(), [as_float32(0.1), 0.5, -0.0]),
        "from_decimal": ("INT64", pa.decimal128(18, 0), [0, -7, 10**17]),
        "from_large": ("STRING", pa.large_string(), ["x", "y", "z"]),
    }

    def test_every_type_comes_back_as_it_was(self):
        api = self.server().api
        columns = {name: given for name, (_, _, given) in self.COLUMNS.items()}
        columns.update(id=["a", "b", "c"], event_timestamp=[at(1), at(2), at(3)])
        kinds = {name: kind for name, (_, kind, _) in self.COLUMNS.items()}
        path = tables.write(self.name("types.parquet"), self.decimals(columns), kinds)
        api.apply_entity("id", "STRING")
        features = {name: kind for name, (kind, _, _) in self.COLUMNS.items()}
        api.apply_table(tables.table("types", ["id"], features, tables.file_source(path)), mode="strict")
        self.assertEqual(api.verdict("types"), "OK")
        ingest(self, api, "types")
        rows = api.read([f"types:{name}" for name in features],
                        [{"id": value("STRING", one)} for one in "abc"])
        for place, row in enumerate(rows):
            for name, (kind, _, given) in self.COLUMNS.items():
                with self.subTest(name, place=place):
                    self.assertEqual(row.statuses[f"types:{name}"], FieldStatus.PRESENT)
                    self.assertEqual(row.fields[f"types:{name}"], value(kind, given[place]))
                    if given[place] == 0 and isinstance(given[place], float):
                        found = plain(row.fields[f"types:{name}"])
                        self.assertEqual(math.copysign(1, found), math.copysign(1, given[place]))

    @staticmethod
    def decimals(columns):
        from decimal import Decimal
        return {**columns, "from_decimal": [Decimal(number) for number in columns["from_decimal"]]}


class Newest(feastcore.CoreTest):
    """Which of several rows of one key stays."""

    ROWS = [
        # key, event, created, value, meaning
        ("time", at(5), at(0), 1, "older"),
        ("time", at(9), at(0), 2, "newest event, not last in the file"),
        ("time", at(7), at(99), 3, "older event, newest created"),
        ("created", at(5), at(3), 4, "same event, newest created"),
        ("created", at(5), at(2), 5, "same event, older created"),
        ("null", at(5), at(-999), 6, "any created is newer than none"),
        ("null", at(5), None, 7, "no created"),
        ("fraction", at(5, 2), at(0), 8, "newer by a microsecond"),
        ("fraction", at(5, 1), at(0), 9, "older within the same second"),
        ("equal", at(5), at(0), 10, "equal, first in the file"),
        ("equal", at(5), at(0), 11, "equal, last in the file"),
        ("early", at(-1600000000), at(0), 12, "before 1970"),
        ("nothing", at(5), at(0), 13, "older, with a value"),
        ("nothing", at(6), at(0), None, "newest, without: the old value is gone"),
    ]

    def test_newest_row_of_a_key_wins(self):
        api = self.server().api
        keys, event, created, values, _ = zip(*self.ROWS)
        path = tables.write(self.name("newest.parquet"), {
            "id": keys, "event_timestamp": event, "created": created, "feature": values})
        expected = tables.newest(path, ["id"], "event_timestamp", "created")
        api.apply_entity("id", "STRING")
        source = tables.file_source(path, created="created")
        api.apply_table(tables.table("newest", ["id"], {"feature": "INT64"}, source))
        for attempt in ("first", "again"):
            ingest(self, api, "newest")
            order = list(expected)
            rows = api.read(["newest:feature"], [{"id": value("STRING", one[0])} for one in order])
            found = {key[0]: plain(row.fields["newest:feature"]) for key, row in zip(order, rows)}
            with self.subTest(attempt):
                self.assertEqual(found, {key[0]: row["feature"] for key, row in expected.items()})
                self.assertEqual(found, {
                    "time": 2, "created": 4, "null": 6, "fraction": 8, "equal": 11, "early": 12,
                    "nothing": None})

    def test_a_later_file_does_not_bring_back_older_rows(self):
        api = self.server().api
        path = self.name("late.parquet")
        api.apply_entity("id", "STRING")
        spec = tables.table("late", ["id"], {"feature": "INT64"}, tables.file_source(path))

        def ingest_row(event, number):
            tables.write(path, {"id": ["a"], "event_timestamp": [event], "feature": [number]})
            api.apply_table(spec)
            return ingest(self, api, "late")[1]

        ingest_row(at(10), 1)
        self.assertEqual(ingest_row(at(5), 2).rows_late, 1)
        (row,) = api.read(["late:feature"], [{"id": value("STRING", "a")}])
        self.assertEqual(plain(row.fields["late:feature"]), 1)


if __name__ == "__main__":
    feastcore.run()
