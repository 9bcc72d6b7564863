#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two whole servers on the same tables, one with its rows in Redis: ingested, read back, and both say the same."""

import concurrent.futures
import datetime
import random

import feastcore
import feasttables as tables
from feastapi import TIMEOUT, FieldStatus, core_pb, ours, serving_pb, value
from feasttables import UTC, at
from redisserver import PASSWORD, USER, USER_PASSWORD, Redis

SEED = 20210101
MAX_AGE = 10 * 365 * 86400
FEATURES = {"trips": "INT64", "rating": "FLOAT", "word": "STRING", "flags": "BOOL_LIST"}
PASSWORD_ENV = "FEAST_CORE_ONLINE_STORE_PASSWORD"


class RedisServing(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redis = Redis().start(tls=True)
        cls.addClassCleanup(cls.redis.close)
        cls.redis.add_user()
        cls.embedded = cls.class_server()
        cls.remote = cls.class_server(
            "--online-store-default", f"rediss://{USER}@127.0.0.1:{cls.redis.tls_port}/2",
            "--online-store-ca-file", str(cls.redis.tls / "ca.pem"),
            "--online-store-certificate", str(cls.redis.tls / "client.pem"),
            "--online-store-key", str(cls.redis.tls / "client.key"),
            "--online-store-named", f"second=redis://{USER}@127.0.0.1:{cls.redis.port}/5",
            env={PASSWORD_ENV: USER_PASSWORD})
        cls.now = datetime.datetime.now(UTC).replace(microsecond=0)
        for server in cls.embedded, cls.remote:
            tables.apply_entities(server.api, city="STRING", driver="INT64")

    def make(self, api, name, path, max_age=0, **fields):
        source = tables.file_source(path, created="created")
        api.apply_table(tables.table(name, ["driver", "city"], FEATURES, source, max_age, **fields))

    def ingest(self, api, name):
        job = self.job_ends(api, api.start_ingestion(name).id)
        self.assertEqual(job.status, 3, job.error_message)

    def rows(self, chance, count=300):
        pick = [None, 0, 1, 2]
        return tables.write(self.name("rows.parquet"), {
            "driver": [chance.randrange(12) for _ in range(count)],
            "city": [chance.choice(["SIN", "", "{x}"]) for _ in range(count)],
            "event_timestamp": [self.now - datetime.timedelta(days=chance.randrange(5), microseconds=chance.randrange(3))
                                for _ in range(count)],
            "created": [None if made is None else at(made) for made in (chance.choice(pick) for _ in range(count))],
            "trips": [chance.choice([None, 0, -1, 2**62]) for _ in range(count)],
            "rating": [chance.choice([None, 0.0, 0.25]) for _ in range(count)],
            "word": [chance.choice([None, "", "a"]) for _ in range(count)],
            "flags": [chance.choice([None, [], [True, False]]) for _ in range(count)],
        }, {"rating": tables.pa.float32(), "trips": tables.pa.int64(), "flags": tables.pa.list_(tables.pa.bool_()),
            "created": tables.pa.timestamp("us", tz="UTC")})

    def ask(self, api, refs, rows, columns=False):
        request = serving_pb.GetOnlineFeaturesRequestV2()
        for ref in refs:
            table, _, name = ref.partition(":")
            request.features.add(feature_table=table, name=name)
        for city, driver, when in rows:
            row = request.entity_rows.add()
            row.fields["city"].CopyFrom(value("STRING", city))
            row.fields["driver"].CopyFrom(value("INT64", driver))
            if when is not None:
                row.timestamp.FromDatetime(when)
        call = api.serving.GetOnlineFeatures if columns else api.serving.GetOnlineFeaturesV2
        return call(request, timeout=TIMEOUT)

    def test_same_answers_as_the_embedded_store(self):
        chance = random.Random(SEED)
        refs = [f"{table}:{name}" for table in ("aged", "ageless") for name in (*FEATURES, "unknown")]
        asked = [(city, driver, when) for city in ("SIN", "", "{x}", "nowhere") for driver in range(13)
                 for when in (None, self.now + datetime.timedelta(seconds=MAX_AGE))]
        for _ in range(2):
            path = self.rows(chance)
            for server in self.embedded, self.remote:
                for name, age in ("aged", MAX_AGE), ("ageless", 0):
                    self.make(server.api, name, path, age)
                    self.ingest(server.api, name)
            for columns in False, True:
                answers = [self.ask(server.api, refs, asked, columns) for server in (self.embedded, self.remote)]
                self.assertEqual(answers[0], answers[1])
        statuses = {status for row in self.ask(self.remote.api, refs, asked).field_values
                    for status in row.statuses.values()}
        self.assertEqual(statuses, {FieldStatus.PRESENT, FieldStatus.NULL_VALUE, FieldStatus.NOT_FOUND,
                                    FieldStatus.OUTSIDE_MAX_AGE})

    def test_a_named_store_and_an_explanation(self):
        api = self.remote.api
        path = self.rows(random.Random(1))
        store = core_pb.RegisterOnlineStoreRequest().online_store
        for name in "second", "third":
            store.name, store.type = name, 2
            api.core.RegisterOnlineStore(core_pb.RegisterOnlineStoreRequest(online_store=store), timeout=TIMEOUT)
        self.make(api, "elsewhere", path, online_store=type(store)(name="second", type=2))
        self.ingest(api, "elsewhere")
        with self.redis.client() as client:
            client.call("SELECT", 5)
            self.assertEqual(client.call("DBSIZE"), 36)
        read = ours().message("feast.admin.v1.ExplainOnlineRequest")()
        read.read.features.add(feature_table="elsewhere", name="trips")
        row = read.read.entity_rows.add()
        row.fields["city"].string_val, row.fields["driver"].int64_val = "SIN", 1
        (explained,) = api.admin.ExplainOnline(read).rows
        self.assertEqual(explained.store, f"redis://{USER}@127.0.0.1:{self.redis.port}/5")
        self.assertTrue(explained.found)
        self.make(api, "astray", path, online_store=type(store)(name="third", type=2))
        job = self.job_ends(api, api.start_ingestion("astray").id)
        self.assertIn("online_store.named", job.error_message)
        message = self.fails("FAILED_PRECONDITION", self.ask, api, ["astray:trips"], [("SIN", 1, None)])
        self.assertIn('"third"', message)

    def test_many_at_once(self):
        """Reads that share a pipeline get their own rows, also when a read needs two stores."""
        api = self.remote.api
        chance = random.Random(5)
        store = core_pb.RegisterOnlineStoreRequest().online_store
        store.name, store.type = "second", 2
        api.core.RegisterOnlineStore(core_pb.RegisterOnlineStoreRequest(online_store=store), timeout=TIMEOUT)
        self.make(api, "here", self.rows(chance), MAX_AGE)
        self.make(api, "there", self.rows(chance), MAX_AGE, online_store=type(store)(name="second", type=2))
        for name in "here", "there":
            self.ingest(api, name)
        later = self.now + datetime.timedelta(days=1)
        questions = [(refs, [(chance.choice(["SIN", "", "{x}", "nowhere"]), chance.randrange(13), later)
                             for _ in range(chance.choice([1, 1, 7]))])
                     for refs in (["here:trips"], ["there:trips", "there:word"], ["there:flags", "here:rating"])
                     for _ in range(8)]
        answers = [self.ask(api, refs, rows) for refs, rows in questions]

        def ask_all(seed):
            order = list(range(len(questions)))
            random.Random(seed).shuffle(order)
            return all(self.ask(api, *questions[at]) == answers[at] for at in order)

        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            self.assertTrue(all(threads.map(ask_all, range(32))))

    def test_secrets_stay_where_they_are(self):
        self.make(self.remote.api, "secret", self.rows(random.Random(2)))
        self.ingest(self.remote.api, "secret")
        for text in (self.remote.log(), *(path.read_text(errors="replace")
                                          for path in self.remote.data_dir.rglob("*log*") if path.is_file())):
            self.assertNotIn(USER_PASSWORD, text)
            self.assertNotIn(PASSWORD, text)

    def test_redis_down_is_unavailable_and_hinders_nothing_else(self):
        redis = Redis().start()
        self.addCleanup(redis.close)
        server = self.server("--online-store-default", f"redis://127.0.0.1:{redis.port}", env={PASSWORD_ENV: PASSWORD})
        tables.apply_entities(server.api, city="STRING", driver="INT64")
        self.make(server.api, "trips", self.rows(random.Random(3)))
        self.ingest(server.api, "trips")
        asked = [("SIN", 1, None)]
        before = self.ask(server.api, ["trips:trips"], asked)
        redis.stop()
        message = self.fails("UNAVAILABLE", self.ask, server.api, ["trips:trips"], asked)
        self.assertIn(f"127.0.0.1:{redis.port}", message)
        self.assertEqual(self.details[0], "ONLINE_STORE_UNAVAILABLE")
        self.assertEqual(server.api.get_table("trips").spec.name, "trips")
        redis.start()
        self.ingest(server.api, "trips")
        self.assertEqual(self.ask(server.api, ["trips:trips"], asked), before)

    def test_wrong_logins_are_told_at_once(self):
        server = self.server("--online-store-default", f"redis://127.0.0.1:{self.redis.port}", env={PASSWORD_ENV: "sesame"})
        tables.apply_entities(server.api, city="STRING", driver="INT64")
        self.make(server.api, "trips", self.rows(random.Random(4)))
        job = self.job_ends(server.api, server.api.start_ingestion("trips").id)
        self.assertIn("refuses to log in", job.error_message)
        self.assertNotIn("sesame", job.error_message)
        self.assertIn("refuses to log in",
                      self.fails("FAILED_PRECONDITION", self.ask, server.api, ["trips:trips"], [("SIN", 1, None)]))

    def test_configurations_that_cannot_be(self):
        for flags, words in ((["--online-store-default", "redis://u:geheim@h"], "password"),
                             (["--online-store-default", "mysql://h"], "online_store.default"),
                             (["--online-store-named", "redis"], "NAME=redis://HOST:PORT"),
                             (["--online-store-ca-file", "/absent"], "/absent"),
                             (["--online-store-certificate", "/etc/hostname"], "go together")):
            server = self.server(*flags, start=False).launch()
            server.wait()
            self.assertIn(words, server.log())
            self.assertNotIn("geheim", server.log())


if __name__ == "__main__":
    feastcore.run()
