#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables and views of BigQuery as sources, in a real server for BigQuery's REST API: what an apply says of them, and
what ingestion makes of their rows."""

import base64
import datetime

import bigqueryserver
import feastcore
import feasttables as tables
from feastapi import plain, source_pb, value
from feasttables import at

ROWS = 2500
DONE, ERROR = 3, 4

FIELDS = {
    "customer_id": "INTEGER!",
    "ts": "TIMESTAMP",
    "created": "TIMESTAMP",
    "local_time": "DATETIME",
    "day": "DATE",
    "text_time": "STRING",
    "city": "STRING",
    "amount": "FLOAT",
    "quantity": "INTEGER",
    "price": "NUMERIC",
    "member": "BOOLEAN",
    "raw": "BYTES",
    "note": "JSON",
    "opens": "TIME",
    "tags": ["STRING"],
    "scores": ["FLOAT"],
    "place": {"zip": "STRING", "geo": {"lat": "FLOAT", "levels": ["INTEGER"]}},
    "items": [{"sku": "STRING"}],
}

FEATURES = {
    "city": "STRING", "amount": "DOUBLE", "quantity": "INT64", "member": "BOOL", "raw": "BYTES",
    "tags": "STRING_LIST", "scores": "DOUBLE_LIST", "note": "STRING", "price": "DOUBLE",
    "zip": "STRING", "lat": "DOUBLE", "levels": "INT64_LIST",
}
MAPPING = {"zip": "place.zip", "lat": "place.geo.lat", "levels": "place.geo.levels"}


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def row(number):
    """Every feature is null in some rows, none in all; an event a minute, over two days."""
    moment = at(60 * number, number % 1_000_000)
    odd = number % 7 == 3
    return {
        "customer_id": number,
        "ts": iso(moment),
        "created": iso(moment + datetime.timedelta(seconds=5)),
        "local_time": moment.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "day": moment.strftime("%Y-%m-%d"),
        "text_time": iso(moment),
        "city": None if odd else f"städt {number % 50}",
        "amount": None if odd else number / 8,
        "quantity": None if odd else number * 1_000_003,
        "price": f"{number}.25",
        "member": number % 2 == 0,
        "raw": base64.b64encode(bytes([number % 256, 0, 255])).decode(),
        "note": f'{{"n":{number}}}',
        "opens": "08:30:00",
        "tags": [f"t{index}" for index in range(number % 3)],
        "scores": [number / 4, -1.5],
        "place": None if odd else {"zip": f"z{number}", "geo": {"lat": number / 16, "levels": [number, 2]}},
        "items": [{"sku": "a"}],
    }


def source(ref, time="ts", created="", partition="", mapping=None):
    return source_pb.DataSource(
        type=source_pb.DataSource.BATCH_BIGQUERY, event_timestamp_column=time,
        created_timestamp_column=created, date_partition_column=partition, field_mapping=mapping or {},
        bigquery_options=source_pb.DataSource.BigQueryOptions(table_ref=ref))


class BigQueryTest(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bigquery = bigqueryserver.BigQuery(cls.scratch)
        cls.addClassCleanup(cls.bigquery.stop)
        cls.bigquery.start()
        cls.bigquery.dataset("ds")
        cls.rows = [row(number) for number in range(ROWS)]
        cls.orders = cls.bigquery.table(
            "ds", "orders", FIELDS, cls.rows,
            timePartitioning={"type": "DAY", "field": "ts", "requirePartitionFilter": True})
        cls.view = cls.bigquery.view(
            "ds", "orders_view", "SELECT customer_id, ts, created, city, amount, quantity, place, tags "
            "FROM `proj.ds.orders` WHERE customer_id >= 100")
        cls.core = cls.class_server(env={"BIGQUERY_EMULATOR_HOST": cls.bigquery.host})
        cls.api = cls.core.api
        cls.api.apply_entity("customer_id", "INT64")

    def spec(self, name, ref=None, features=None, max_age=0, **options):
        return tables.table(name, ["customer_id"], features or {"quantity": "INT64"},
                            source(ref or self.orders, **options), max_age=max_age)

    def accepted(self, spec, verdict="OK", **options):
        self.api.apply_table(spec, **options)
        report = self.api.report(spec.name)
        self.assertEqual(self.api.verdict(spec.name), verdict, report)
        return report.sources[0]

    def refused(self, spec, *texts, reason="SOURCE_MISMATCH", code="INVALID_ARGUMENT"):
        message = self.fails(code, self.api.apply_table, spec)
        for text in (spec.name, *texts):
            self.assertIn(text, message)
        self.assertEqual(self.details[0], reason)
        self.fails("NOT_FOUND", self.api.get_table, spec.name)


class Admission(BigQueryTest):
    def test_every_type_that_fits(self):
        found = self.accepted(self.spec("fits", features=FEATURES, mapping=MAPPING, created="created"))
        columns = {column.column: column for column in found.columns}
        self.assertEqual(columns["place.geo.levels"].source_type, "ARRAY<INT64>")
        self.assertEqual(columns["price"].source_type, "NUMERIC")
        self.assertEqual(columns["ts"].source_type, "TIMESTAMP")
        self.assertEqual(columns["customer_id"].null_count, 0)
        self.assertGreater(columns["city"].null_count, 0)

    def test_the_sample_is_spread_over_the_table(self):
        found = self.accepted(self.spec("spread"))
        self.assertEqual(found.rows_sampled, 1000)
        columns = {column.column: column for column in found.columns}
        self.assertEqual((columns["customer_id"].min, columns["customer_id"].max), ("0", str(ROWS - 1)))

    def test_both_spellings_of_a_reference(self):
        self.accepted(self.spec("spelled", "proj.ds.orders"))

    def test_dates_and_local_times_are_event_times(self):
        self.accepted(self.spec("by_day", time="day"))
        found = self.accepted(self.spec("by_local_time", time="local_time"))
        self.assertIn("no time zone", str(found))

    def test_missing_column(self):
        self.refused(self.spec("missing", features={"quantitty": "INT64"}), "quantitty", '"quantity"')

    def test_missing_nested_column(self):
        self.refused(self.spec("missing_nested", features={"zip": "STRING"}, mapping={"zip": "place.zap"}),
                     "place.zap")

    def test_other_types(self):
        self.refused(self.spec("other_types", features={"city": "INT64", "quantity": "BOOL_LIST", "member": "INT32",
                                                        "place": "STRING", "items": "STRING_LIST", "opens": "STRING"}),
                     '"city" is STRING, declared INT64', '"quantity" is INT64, declared BOOL_LIST',
                     '"member" is BOOL, declared INT32', '"place" is STRUCT, declared STRING',
                     '"items" is ARRAY<STRUCT>, declared STRING_LIST', '"opens" is TIME, declared STRING')

    def test_repeated_is_no_scalar(self):
        self.refused(self.spec("repeated", features={"tags": "STRING"}), '"tags" is ARRAY<STRING>, declared STRING')

    def test_text_is_no_event_time(self):
        self.refused(self.spec("text_time", time="text_time"), "text_time", "STRING")

    def test_null_keys(self):
        ref = self.bigquery.table("ds", "null_keys", {"customer_id": "INTEGER", "ts": "TIMESTAMP",
                                                      "quantity": "INTEGER"},
                                  [{"customer_id": None, "ts": iso(at(0)), "quantity": 1}])
        self.refused(self.spec("null_keys", ref), "customer_id", "null")

    def test_values_out_of_range(self):
        self.refused(self.spec("narrow", features={"quantity": "INT32"}), "quantity", "INT32")

    def test_an_empty_table_has_a_schema(self):
        ref = self.bigquery.table("ds", "empty", FIELDS)
        found = self.accepted(self.spec("empty", ref, features=FEATURES, mapping=MAPPING))
        self.assertIn("no rows seen", list(found.notes))
        self.refused(self.spec("empty_wrong", ref, features={"city": "INT64"}), "city")

    def test_a_view(self):
        found = self.accepted(self.spec("viewed", self.view, mapping={"zip": "place.zip"}, created="created",
                                        features={"quantity": "INT64", "zip": "STRING", "tags": "STRING_LIST"}))
        self.assertEqual(found.rows_sampled, 1000)
        self.refused(self.spec("viewed_wrong", self.view, features={"member": "BOOL"}), "member")
        self.refused(self.spec("viewed_type", self.view, features={"city": "INT64"}), "city")

    def test_what_is_not_there(self):
        cases = {
            "no_table": ("proj:ds.nothing", "there is no such table"),
            "no_dataset": ("proj:nothing.orders", "there is no such dataset"),
        }
        for name, (ref, text) in cases.items():
            report = self.accepted(self.spec(name, ref), verdict="UNVERIFIED")
            self.assertIn(text, report.message)
            self.refused_in_strict(self.spec(f"{name}_strict", ref), text)

    def refused_in_strict(self, spec, text):
        message = self.fails("FAILED_PRECONDITION", self.api.apply_table, spec, mode="strict")
        self.assertIn(text, message)


class Ingestion(BigQueryTest):
    def done(self, job_id):
        job = self.job_ends(self.api, job_id)
        self.assertEqual(job.status, DONE, job.error_message)
        return self.api.job_detail(job.id).receipt

    def stored(self, name, features, keys):
        found = self.api.read([f"{name}:{feature}" for feature in features],
                              [{"customer_id": value("INT64", key)} for key in keys])
        return [{feature: plain(row.fields[f"{name}:{feature}"]) for feature in features} for row in found]

    def expected(self, number):
        source_row = self.rows[number]
        place = source_row["place"]
        levels = place["geo"]["levels"] if place else None
        return {
            "city": source_row["city"], "amount": source_row["amount"], "quantity": source_row["quantity"],
            "member": source_row["member"], "raw": base64.b64decode(source_row["raw"]), "tags": source_row["tags"],
            "scores": source_row["scores"], "note": source_row["note"], "price": float(source_row["price"]),
            "zip": place and place["zip"], "lat": place and place["geo"]["lat"], "levels": levels,
        }

    def check(self, name, features, numbers, absent):
        keys = [*numbers, *absent]
        for number, found in zip(keys, self.stored(name, features, keys), strict=True):
            wanted = dict.fromkeys(features) if number in absent else {
                feature: self.expected(number)[feature] for feature in features}
            # A list that is null in the source may come back as none or as empty.
            self.assertEqual({key: item or None for key, item in found.items()},
                             {key: item or None for key, item in wanted.items()}, number)

    def test_a_window_of_a_table(self):
        self.api.apply_table(self.spec("window", features=FEATURES, mapping=MAPPING, created="created",
                                       partition="ts"))
        start, end = at(60 * 500), at(60 * 1700)
        receipt = self.done(self.api.start_ingestion("window", start=start, end=end).id)
        [[wanted]] = self.bigquery.query(
            f"SELECT COUNT(*) FROM `proj.ds.orders` WHERE ts >= TIMESTAMP '{iso(start)}' "
            f"AND ts < TIMESTAMP '{iso(end)}'")
        self.assertEqual((receipt.rows_read, receipt.rows_written), (int(wanted), int(wanted)))
        self.check("window", FEATURES, [500, 501, 503, 1000, 1699], [0, 499, 1700, 2400])

    def test_a_whole_table(self):
        self.api.apply_table(self.spec("whole", features={"quantity": "INT64", "zip": "STRING"},
                                       mapping={"zip": "place.zip"}))
        receipt = self.done(self.api.start_ingestion("whole", start=at(0), end=at(60 * 60 * 24 * 365)).id)
        self.assertEqual(receipt.rows_written, ROWS)
        self.check("whole", ["quantity", "zip"], [0, 1, 3, 1234, ROWS - 1], [ROWS])

    def test_a_window_of_a_view(self):
        self.api.apply_table(self.spec("view", self.view, features={"amount": "DOUBLE", "tags": "STRING_LIST"}))
        receipt = self.done(self.api.start_ingestion("view", start=at(0), end=at(60 * 200)).id)
        self.assertEqual(receipt.rows_written, 100)
        self.check("view", ["amount", "tags"], [100, 150, 199], [99, 200])

    def test_a_window_by_day_and_by_local_time(self):
        for time, rows in (("day", 1440), ("local_time", 1440)):
            self.api.apply_table(self.spec(f"by_{time}", time=time))
            receipt = self.done(self.api.start_ingestion(f"by_{time}", start=at(0), end=at(86400)).id)
            self.assertEqual(receipt.rows_written, rows)

    def test_invalid_rows_are_told_apart(self):
        fields = {"customer_id": "INTEGER", "ts": "TIMESTAMP", "quantity": "INTEGER"}
        rows = [{"customer_id": number, "ts": iso(at(number)), "quantity": number} for number in range(20)]
        rows[3]["customer_id"] = None
        rows[4]["ts"] = None
        rows[5]["quantity"] = 1 << 40
        ref = self.bigquery.table("ds", "invalid", fields, rows)
        self.api.apply_table(self.spec("invalid", ref, features={"quantity": "INT32"}), mode="warn")
        receipt = self.done(self.api.start_ingestion("invalid", start=at(0), end=at(20)).id)
        self.assertEqual((receipt.rows_written, receipt.rows_rejected), (17, 3))
        self.assertEqual({rejection.column for rejection in receipt.rejections}, {"customer_id", "ts", "quantity"})

    def test_a_table_that_went_away(self):
        ref = self.bigquery.table("ds", "goes", {"customer_id": "INTEGER", "ts": "TIMESTAMP", "quantity": "INTEGER"})
        self.api.apply_table(self.spec("goes", ref))
        self.bigquery.call("DELETE", "/datasets/ds/tables/goes")
        job = self.job_ends(self.api, self.api.start_ingestion("goes", start=at(0), end=at(20)).id)
        self.assertEqual(job.status, ERROR)
        self.assertIn("there is no such table", job.error_message)


class Credentials(BigQueryTest):
    """With a service account's key, which the guard of the emulator asks for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guard = bigqueryserver.Guard(cls.bigquery, cls.scratch)
        cls.addClassCleanup(cls.guard.stop)

    def with_key(self, **env):
        self.core = self.server(f"--sources-bigquery-endpoint={self.guard.url}", env={"NO_GCE_CHECK": "true", **env})
        self.api = self.core.api
        self.api.apply_entity("customer_id", "INT64")

    def test_a_service_account(self):
        refused = self.guard.refused
        self.with_key(GOOGLE_APPLICATION_CREDENTIALS=str(self.guard.key))
        self.accepted(self.spec("known", self.view))
        job = self.job_ends(self.api, self.api.start_ingestion("known", start=at(0), end=at(60 * 200)).id)
        self.assertEqual(job.status, DONE, job.error_message)
        self.assertEqual(self.guard.refused, refused)
        self.assertNotIn(self.guard.TOKEN, self.core.log())

    def test_nobody(self):
        self.with_key()
        report = self.accepted(self.spec("unknown"), verdict="UNVERIFIED")
        self.assertIn("the server has no Google credentials", report.message)

    def test_a_key_that_is_not_taken(self):
        scratch = self.name("other")
        scratch.mkdir()
        other = bigqueryserver.Guard(self.bigquery, scratch)
        other.stop()
        wrong = scratch / "forged.json"
        wrong.write_text(other.key.read_text().replace(other.url, self.guard.url))
        self.with_key(GOOGLE_APPLICATION_CREDENTIALS=str(wrong))
        report = self.accepted(self.spec("forged"), verdict="UNVERIFIED")
        self.assertIn(f"{self.guard.url}/token, asked with the credentials of {wrong}, gave no token: status 400, "
                      "invalid_grant", report.message)


if __name__ == "__main__":
    feastcore.run()
