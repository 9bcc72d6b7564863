#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Parquet files on object stores: S3 with signatures verified, Cloud Storage, and web servers with bad manners."""

import json

import feastcore
import feasttables as tables
import objectstores
from bads3 import TIME, BadS3
from badweb import BadWeb
from feastapi import plain, value
from feasttables import at

ROWS = 3000


def columns(first=0, **changes):
    made = {
        "id": [f"key{row}" for row in range(first, first + ROWS)],
        "event_timestamp": [at(row) for row in range(first, first + ROWS)],
        "trips": list(range(first, first + ROWS)),
        "rate": [row / ROWS for row in range(ROWS)],
        **changes,
    }
    return {name: values for name, values in made.items() if values is not None}


def wide(path, rows=40000, groups=8):
    """Several row groups, columns that nobody asks for."""
    made = {"id": [f"key{row % 1000}" for row in range(rows)], "event_timestamp": [at(row) for row in range(rows)],
            "trips": list(range(rows)), "rate": [row * 0.37 for row in range(rows)]}
    for number in range(6):
        made[f"other{number}"] = [str(row * 7919 % 100003) * 8 for row in range(rows)]
    return tables.write(path, made, row_group_size=rows // groups, use_dictionary=False)


class StoreTest(feastcore.CoreTest):
    """`self.core`, a server, and files to put somewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = tables.write(cls.name("good.parquet"), columns())
        cls.other = tables.write(cls.name("other.parquet"), columns(ROWS))
        cls.text = tables.write(cls.name("text.parquet"), columns(trips=["a"] * ROWS))
        cls.empty = cls.name("empty.parquet")
        cls.empty.write_bytes(b"")
        cls.csv = cls.name("file.csv")
        cls.csv.write_text("id,trips\n1,2\n" * 100)
        cls.wide = wide(cls.name("wide.parquet"))

    @classmethod
    def serve(cls, *flags, env=None):
        core = cls.class_server(*flags, env={"HOME": str(cls.scratch), **(env or {})})
        core.api.apply_entity("id", "STRING")
        return core

    def spec(self, url, name=None, time="event_timestamp", **changes):
        self.count = getattr(self, "count", 0) + 1
        features = {"trips": "INT64", "rate": "DOUBLE", **changes.pop("features", {})}
        return tables.table(name or f"{self._testMethodName}_{self.count}"[-80:], ["id"], features,
                            tables.file_source(url, time, **changes))

    def fits(self, url, core=None, **changes):
        """Accepted in the strictest mode; the report."""
        api = (core or self.core).api
        spec = self.spec(url, **changes)
        api.apply_table(spec, mode="strict")
        self.assertEqual(api.verdict(spec.name), "OK", api.report(spec.name))
        return api.report(spec.name).sources[0]

    def refused(self, url, *texts, core=None, code="INVALID_ARGUMENT", **changes):
        message = self.fails(code, (core or self.core).api.apply_table, self.spec(url, **changes))
        for text in texts:
            self.assertIn(text, message)
        return message

    def out_of_reach(self, url, *texts, core=None, code="FAILED_PRECONDITION", **changes):
        """Cannot be judged: `enforce` takes it unverified, `strict` does not take it."""
        message = self.refused_strictly(url, *texts, core=core, code=code, **changes)
        api = (core or self.core).api
        spec = self.spec(url, **changes)
        api.apply_table(spec)
        self.assertEqual(api.verdict(spec.name), "UNVERIFIED")
        return message

    def refused_strictly(self, url, *texts, core=None, code="FAILED_PRECONDITION", **changes):
        message = self.fails(code, (core or self.core).api.apply_table, self.spec(url, **changes), mode="strict")
        for text in texts:
            self.assertIn(text, message)
        return message

    def ingested(self, url, keys, core=None, start=None, end=None, **changes):
        """Rows written, and what is read back of the keys."""
        api = (core or self.core).api
        spec = self.spec(url, **changes)
        api.apply_table(spec)
        job = self.job_ends(api, api.start_ingestion(spec.name, start=start, end=end).id)
        detail = api.job_detail(job.id)
        self.assertEqual(job.status, 3, detail)
        rows = api.read([f"{spec.name}:trips"], [{"id": value("STRING", key)} for key in keys])
        return detail, [plain(row.fields[f"{spec.name}:trips"]) for row in rows]


class S3(StoreTest):
    """moto, which verifies each signature against the keys of its own IAM."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = objectstores.S3()
        cls.addClassCleanup(cls.s3.stop)
        cls.key, cls.secret = cls.s3.user("reader")
        cls.arn = cls.s3.role("role")
        cls.writer = cls.s3.user("writer", "*")
        cls.stranger = cls.s3.user("stranger", "sqs:*")
        cls.s3.bucket("data")
        cls.s3.bucket("dotted.name")
        for key in ("good.parquet", "odd/a b+c=d&e%25~(1)'*.parquet", "odd/ümläut ✓.parquet", "plain/part-0.parquet",
                    "plain/_SUCCESS", "plain/.hidden.parquet", "plain/_tmp/part-9.parquet"):
            cls.s3.put("data", key, cls.good)
        cls.s3.put("dotted.name", "good.parquet", cls.good)
        cls.s3.put("data", "plain/sub/part-1.parquet", cls.other)
        cls.s3.put("data", "text.parquet", cls.text)
        cls.s3.put("data", "mixed/a.parquet", cls.good)
        cls.s3.put("data", "mixed/b.parquet", cls.text)
        cls.s3.put("data", "empty.parquet", cls.empty)
        cls.s3.put("data", "file.csv", cls.csv)
        cls.s3.put("data", "wide.parquet", cls.wide)
        for day in (1, 2, 3):
            cls.s3.put("data", f"days/dt=2021-01-0{day}/part.parquet", cls.good)
        cls.s3.put("data", "only/_SUCCESS", cls.empty)
        # Two pages of a listing.
        cls.s3.copies("data", [f"many/n={n}/part.parquet" for n in range(1050)], cls.good)
        cls.session = cls.s3.assume(cls.arn)
        cls.s3.login(*cls.writer)
        cls.s3.lock()
        cls.core = cls.with_keys(cls.key, cls.secret)

    @classmethod
    def with_keys(cls, key, secret, token=None, *flags):
        env = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        if token:
            env["AWS_SESSION_TOKEN"] = token
        return cls.serve(f"--sources-s3-endpoint={cls.s3.endpoint}", *flags, env=env)

    def test_an_object(self):
        for scheme in ("s3", "s3a", "s3n"):
            report = self.fits(f"{scheme}://data/good.parquet")
            self.assertEqual(report.rows_sampled, 1000)

    def test_keys_with_odd_characters(self):
        self.fits("s3://data/odd/ümläut ✓.parquet")
        self.fits("s3://data/odd/")
        self.fits("s3://data/odd/a b+c=d&e%25~(1)'*.parquet")

    def test_a_prefix_is_a_directory(self):
        for url in ("s3://data/plain", "s3://data/plain/"):
            self.assertEqual(self.fits(url).files_total, 2)

    def test_patterns(self):
        self.assertEqual(self.fits("s3://data/plain/*.parquet").files_total, 1)
        self.assertEqual(self.fits("s3://data/plain/{sub/,}part-[0-9].parquet").files_total, 2)
        self.assertEqual(self.fits("s3://data/days/dt=2021-01-0[12]").files_total, 2)
        self.out_of_reach("s3://data/plain/*.csv", "no object matches s3://data/plain/*.csv")

    def test_partitions_are_columns(self):
        self.fits("s3://data/days", partition="dt")

    def test_long_listings_have_pages(self):
        report = self.fits("s3://data/many", features={"n": "INT32"})
        self.assertEqual(report.files_total, 1050)
        self.assertEqual(report.files_seen, 32)

    def test_misfits_are_refused(self):
        self.refused("s3://data/text.parquet", "trips", "INT64")
        self.refused("s3://data/mixed", "s3://data/mixed/b.parquet", "trips")
        self.refused("s3://data/good.parquet", "colour", features={"colour": "STRING"})

    def test_what_is_no_parquet(self):
        self.refused("s3://data/file.csv", "s3://data/file.csv is no Parquet file: it does not begin with PAR1")
        self.refused("s3://data/empty.parquet", "s3://data/empty.parquet", "empty (0 bytes)")

    def test_what_is_not_there(self):
        self.out_of_reach("s3://data/none.parquet", "s3://data/none.parquet/", "no such object")
        self.out_of_reach("s3://no-such-bucket/x.parquet", 'there is no bucket "no-such-bucket"')
        self.out_of_reach("s3://data/only/", "is empty")
        self.refused("s3://B/x", "s3://B/x names no S3 bucket")

    def test_few_bytes_travel(self):
        report = self.fits("s3://data/wide.parquet")
        self.assertLess(report.bytes_read, self.wide.stat().st_size * 0.2)
        self.assertEqual(report.rows_sampled, 1000)

    def test_ingestion(self):
        detail, found = self.ingested("s3://data/plain", ["key0", "key2999", f"key{2 * ROWS - 1}"])
        self.assertEqual(found, [0, 2999, 2 * ROWS - 1])
        self.assertEqual(detail.receipt.rows_written, 2 * ROWS)

    def test_ingestion_of_row_groups(self):
        detail, found = self.ingested("s3://data/wide.parquet", ["key7", "key999"])
        self.assertEqual(found, [39007, 39999])
        self.assertEqual(detail.receipt.rows_read, 40000)

    def test_ingestion_of_a_span(self):
        detail, found = self.ingested("s3://data/wide.parquet", ["key7", "key500"], start=at(7000).replace(tzinfo=None),
                                      end=at(7400).replace(tzinfo=None))
        self.assertEqual(found, [7007, None])
        self.assertEqual(detail.receipt.rows_read, 400)

    def test_wrong_keys(self):
        core = self.with_keys(self.key, "W" * 40)
        self.out_of_reach("s3://data/good.parquet", "the secret key is not the right one", core=core)
        core = self.with_keys("AKIAUNKNOWNUNKNOWN", "W" * 40)
        self.out_of_reach("s3://data/good.parquet", "access key id is unknown", core=core)
        core = self.with_keys(*self.stranger)
        self.out_of_reach("s3://data/good.parquet", "denied", core=core)

    def test_session_tokens(self):
        self.fits("s3://data/good.parquet", core=self.with_keys(*self.session))

    def test_no_keys(self):
        core = self.serve(f"--sources-s3-endpoint={self.s3.endpoint}", env={"AWS_EC2_METADATA_DISABLED": "true"})
        self.out_of_reach("s3://data/good.parquet", "none were found", core=core)

    def test_endpoint_of_the_environment(self):
        core = self.serve(env={"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret,
                               "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": self.s3.endpoint})
        self.fits("s3://dotted.name/good.parquet", core=core)

    def test_shared_files(self):
        path = self.name("credentials")
        path.write_text(f"[reader]\naws_access_key_id={self.key}\naws_secret_access_key={self.secret}\n")
        core = self.serve(f"--sources-s3-endpoint={self.s3.endpoint}",
                          env={"AWS_SHARED_CREDENTIALS_FILE": str(path), "AWS_PROFILE": "reader"})
        self.fits("s3://data/good.parquet", core=core)

    def test_web_identity(self):
        token = self.name("token")
        token.write_text("token")
        core = self.serve(f"--sources-s3-endpoint={self.s3.endpoint}",
                          env={"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": self.arn,
                               "AWS_ENDPOINT_URL_STS": self.s3.endpoint})
        # moto asks for a signature where Amazon knows that there is none yet.
        self.s3.lock("inf")
        self.addCleanup(self.s3.lock)
        self.fits("s3://data/good.parquet", core=core)

    def test_secrets_are_nowhere(self):
        report = self.fits("s3://data/good.parquet", name="secrets")
        for text in (self.core.log(), str(report), json.dumps(list(self.core.children().values()))):
            self.assertNotIn(self.secret, text)

    def test_schemes_that_are_not_permitted(self):
        core = self.with_keys(self.key, self.secret, None, "--sources-schemes=file")
        self.refused_strictly("s3://data/good.parquet", "sources.schemes", core=core)


class S3Refusals(StoreTest):
    """A stand-in for Amazon S3, which refuses as the bucket says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = BadS3()
        cls.addClassCleanup(cls.s3.stop)
        cls.core = cls.serve(f"--sources-s3-endpoint={cls.s3.endpoint}", "--sources-s3-region=us-east-1",
                             env={"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "W" * 40,
                                  "AWS_SESSION_TOKEN": "secret-token"})

    def test_a_bucket_of_another_region_is_followed(self):
        for bucket in ("moved", "malformed"):
            with self.subTest(bucket):
                self.s3.asked.clear()
                self.out_of_reach(f"s3://{bucket}/file.parquet", "there is no such object")
                self.assertEqual(self.s3.asked[:2], [(bucket, "us-east-1"), (bucket, "eu-west-1")])

    def test_a_bucket_that_is_elsewhere(self):
        self.out_of_reach("s3://nowhere/file.parquet", "signed for another region", "AuthorizationHeaderMalformed")
        self.out_of_reach("s3://elsewhere/file.parquet", "the bucket is at another endpoint", "PermanentRedirect")

    def test_clocks_and_tokens(self):
        self.out_of_reach("s3://skewed/file.parquet", "the clock of this machine is too far", TIME)
        message = self.out_of_reach("s3://expired/file.parquet", "the session token has expired")
        self.assertNotIn("secret-token", message)
        self.out_of_reach("s3://invalid/file.parquet", "the session token is not valid")

    def test_archived_objects(self):
        self.out_of_reach("s3://archived/file.parquet", "has to be restored first")


class Gcs(StoreTest):
    """fake-gcs-server over the JSON API."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gcs = objectstores.Gcs()
        cls.addClassCleanup(cls.gcs.stop)
        cls.gcs.bucket("data")
        for key in ("good.parquet", "odd/a b+c%.parquet", "plain/_SUCCESS", "days/dt=2021-01-01/part.parquet",
                    "days/dt=2021-01-02/part.parquet"):
            cls.gcs.put("data", key, cls.good)
        cls.gcs.put("data", "text.parquet", cls.text)
        cls.gcs.put("data", "wide.parquet", cls.wide)
        for number in range(1100):
            cls.gcs.put("data", f"many/n={number}/part.parquet", cls.good)
        cls.core = cls.serve(env={"STORAGE_EMULATOR_HOST": cls.gcs.address})

    def test_objects(self):
        self.fits("gs://data/good.parquet")
        self.fits("gs://data/odd/")
        self.fits("gs://data/odd/a b+c%.parquet")
        self.assertEqual(self.fits("gs://data/days/*/*.parquet").files_total, 2)
        self.refused("gs://data/text.parquet", "trips")

    def test_configured_endpoint(self):
        core = self.serve(f"--sources-gcs-endpoint=http://{self.gcs.address}", "--sources-gcs-anonymous=true")
        self.fits("gs://data/good.parquet", core=core)

    def test_long_listings_have_pages(self):
        self.assertEqual(self.fits("gs://data/many", features={"n": "INT32"}).files_total, 1100)

    def test_few_bytes_travel(self):
        self.assertLess(self.fits("gs://data/wide.parquet").bytes_read, self.wide.stat().st_size * 0.2)

    def test_what_is_not_there(self):
        self.out_of_reach("gs://data/none.parquet", "no such object")
        self.out_of_reach("gs://nobody/x.parquet", 'there is no bucket "nobody"')

    def test_ingestion(self):
        _, found = self.ingested("gs://data/wide.parquet", ["key7", "key999"])
        self.assertEqual(found, [39007, 39999])


class Web(StoreTest):
    """A stand-in for web servers, which behaves as the path says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = BadWeb()
        cls.addClassCleanup(cls.web.stop)
        cls.web.files = {"file.parquet": cls.good.read_bytes(), "wide.parquet": cls.wide.read_bytes(),
                         "empty.parquet": b"", "text.parquet": cls.text.read_bytes()}
        cls.core = cls.serve()

    def setUp(self):
        self.web.changes = 0
        self.web.requests.clear()

    def url(self, *args, **kwargs):
        return self.web.url(*args, **kwargs)

    def test_a_file(self):
        self.fits(self.url("good"))
        self.fits(self.url("redirect"))
        self.fits(self.url("busy-once"))
        self.fits(self.url("slow"))
        self.refused(self.url("good", "text.parquet"), "trips")

    def test_few_requests_and_bytes(self):
        report = self.fits(self.url("good", "wide.parquet"))
        self.assertLess(report.bytes_read, self.wide.stat().st_size * 0.2)
        self.assertEqual(self.web.requests[0][1], "bytes=-131072")

    def test_servers_without_ranges(self):
        self.fits(self.url("no-ranges"))
        self.fits(self.url("no-length"))
        self.refused(self.url("too-large"), "knows no ranges")

    def test_servers_that_lie(self):
        self.refused(self.url("wrong-range"), "does not keep to ranges")
        self.refused(self.url("wrong-size"), "does not keep to ranges")
        self.refused(self.url("no-content-range"), "does not keep to ranges")

    def test_what_is_not_there(self):
        self.out_of_reach(self.url("missing"), "there is no such file (404)")
        self.out_of_reach(self.url("denied"), "access is denied (403)")
        self.refused(self.url("good", "empty.parquet"), "empty (0 bytes)")

    def test_broken_connections(self):
        self.out_of_reach(self.url("reset"), "127.0.0.1")
        self.out_of_reach(self.url("reset-half-way"), "127.0.0.1")
        self.out_of_reach(self.url("short"), "the answer ended after")
        self.out_of_reach("http://127.0.0.1:1/x.parquet", "refuses the connection")
        self.out_of_reach("http://no-such-host.invalid/x.parquet", "no-such-host.invalid does not resolve")
        self.out_of_reach(self.url("good").replace("http:", "https:"), "TLS")

    def test_stalls(self):
        core = self.serve("--probe-deadline=4s")
        self.out_of_reach(self.url("stall"), core=core)
        self.out_of_reach(self.url("stall-half-way"), core=core)

    def test_files_that_change(self):
        self.out_of_reach(self.url("changing", "wide.parquet"), "was changed while it was read")
        self.web.changes = 0
        self.out_of_reach(self.url("growing", "wide.parquet"), "was changed while it was read")

    def test_redirects_to_forbidden_places(self):
        self.refused_strictly(self.url("metadata"), "169.254.169.254")

    def test_redirects_to_what_is_no_web_server(self):
        self.refused(self.url("redirect_to_file"), "redirects to what is no URL of HTTP")

    def test_urls_without_a_host(self):
        for url in ("http:///file.parquet", "https://?x/y"):
            with self.subTest(url):
                self.refused(url, "names no host")

    def test_passwords_are_not_told(self):
        for scheme in ("s3", "gs"):
            message = self.refused(f"{scheme}://key:hidden@data/good.parquet", f"{scheme}://***@data")
            self.assertNotIn("hidden", message)

    def test_hosts_that_are_not_permitted(self):
        core = self.serve("--sources-hosts=data.example.org")
        self.refused_strictly(self.url("good"), "127.0.0.1", core=core)
        core = self.serve("--sources-deny-private=true")
        self.refused_strictly(self.url("good"), "127.0.0.1", core=core)

    def test_signed_urls_are_not_told(self):
        url = self.url("missing", query="?X-Amz-Signature=hidden")
        message = self.out_of_reach(url)
        self.assertNotIn("hidden", message)
        self.assertEqual(self.web.requests[-1][2].split("?")[1], "X-Amz-Signature=hidden")
        name = f"{self._testMethodName}_{self.count}"[-80:]
        self.assertNotIn("hidden", str(self.core.api.report(name)))
        self.assertNotIn("hidden", self.core.log())

    def test_ingestion(self):
        _, found = self.ingested(self.url("good", "wide.parquet"), ["key7", "key999"])
        self.assertEqual(found, [39007, 39999])


if __name__ == "__main__":
    feastcore.run()
