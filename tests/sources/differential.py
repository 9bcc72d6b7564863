#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Batch ingestion held against its rules, written down here once more: random Parquet files with ties, nulls, late rows and
values of every type go through a whole server into the embedded store and into a real Redis, several times one after the
other; then both stores are compared with what the rules say, octet by octet. FC_SEED gives other files, FC_ROUNDS more.
"""

import contextlib
import os
import random
import sqlite3
import struct

import feastcore
import feasttables as tables
import pyarrow as pa
import pyarrow.parquet as pq
from feastapi import TIMEOUT, core_pb, jobs_pb, ours, value
from ingestmodel import (
    DAY, INSTANTS, SCALARS, Invalid, arrow_type, as_int96, convert, moment, murmur3, sources_of, stamp, values_of)
from redisserver import USER, USER_PASSWORD, Redis

SEED = int(os.environ.get("FC_SEED", "20210101"))
ROUNDS = int(os.environ.get("FC_ROUNDS", "4"))
INGESTIONS = 3
TYPES = SCALARS + [f"{word}_LIST" for word in SCALARS]
YEAR_2021 = 1609459200 * 10**9
# Nothing expires while it is looked at; and what never does.
AGE, NEVER = 6_000_000_000, 253402300799
PASSWORD_ENV = "FEAST_CORE_ONLINE_STORE_PASSWORD"
DONE, ERROR = 3, 4
OnlineRow = ours().message("feast.storage.OnlineRow")


class Table:
    """A feature table, its entities and features with their types; and what its stores must hold."""

    def __init__(self, chance, number, types):
        self.chance, self.number = chance, number
        # The same names would share keys with the table before.
        self.entities = {f"e{number}_{chance.choice('abz')}{at}": chance.choice(SCALARS)
                         for at in range(chance.choice([1, 1, 2, 3]))}
        self.features = {f"f{at}": one for at, one in enumerate(types)}
        self.declared = {**self.entities, **self.features}
        self.mapping = {name: f"{name} {chance.choice(['in the file', 'X', 'ü'])}"
                        for name in self.declared if chance.random() < 0.3}
        self.age = chance.choice([0, AGE])
        self.created = chance.choice(["", "made"])
        self.partition = chance.choice(["", "", "day"])
        self.rows = {}  # key -> (event, created, features), the newest

    def names(self):
        return [f"t{self.number}_here", f"t{self.number}_there"]

    def spec(self, name, url):
        source = tables.file_source(url, "when", self.created, self.partition, self.mapping)
        spec = tables.table(name, self.entities, self.features, source, self.age)
        if name.endswith("there"):
            spec.online_store.name, spec.online_store.type = "second", 2
        return spec

    # What is in a file

    def kinds(self):
        """Of the columns of an ingestion's files, by what the column is for."""
        time = [*INSTANTS, "date"]
        found = {name: self.chance.choice(sources_of(declared)) for name, declared in self.declared.items()}
        for name in self.entities:
            if found[name] == "null":
                found[name] = sources_of(self.entities[name])[0]
        found.update(when=self.chance.choice(time), made=self.chance.choice([*time, "null"]),
                     day=self.chance.choice(["date", "string", "us UTC"]))
        if self.chance.random() < 0.2:
            found = {name: as_int96(kind) for name, kind in found.items()}
        return found

    def time(self, kind, spread):
        """Of few values, so that there are ties."""
        choice = self.chance.choice
        if kind == "date":
            return YEAR_2021 // DAY + choice(range(-2, 3))
        step = {"ms": 10**6, "us": 1000, "ns": 1}[kind.split()[0]]
        second = YEAR_2021 + choice(range(spread)) * 10**9 + choice([0, 0, -2, 2]) * DAY
        if choice(range(20)) == 0:
            second = -YEAR_2021
        return (second + choice([0, 1, 999, 1000, 10**6, 999_999_999])) // step

    def row(self, kinds):
        chance, row = self.chance, {}
        for name in self.entities:
            row[name] = None if chance.random() < 0.02 else values_of(kinds[name], chance, chance.random() < 0.2)
        for name in self.features:
            row[name] = None if chance.random() < 0.2 else values_of(kinds[name], chance, chance.random() < 0.1)
        row["when"] = None if chance.random() < 0.02 else self.time(kinds["when"], 8)
        row["made"] = None if chance.random() < 0.3 or kinds["made"] == "null" else self.time(kinds["made"], 3)
        if kinds["made"].startswith("us") and chance.random() < 0.01:
            row["made"] = 2**62  # the year 148 000
        day = self.chance.randrange(-2, 3) * DAY + YEAR_2021
        if row["when"] is not None and chance.random() < 0.9:
            day = moment(kinds["when"], row["when"]) // DAY * DAY
        row["day"] = day
        return row

    def without_some(self, kinds, rows):
        """Writers that see nothing but null in a column do not know its type."""
        gone = {name for name in (*self.features, "made") if self.chance.random() < 0.05}
        for row in rows:
            row.update(dict.fromkeys(gone))
        return {name: "null" if name in gone else kind for name, kind in kinds.items()}

    def write(self, path, kinds, rows):
        def column(name):
            kind, plain = kinds[name], [row[name] for row in rows]
            if name == "day":
                if kind == "string":
                    return pa.array([str(pa.scalar(day // DAY, pa.int32()).cast(pa.date32())) for day in plain], pa.string())
                plain = [day // (DAY if kind == "date" else 1000) for day in plain]
            return pa.array(plain, arrow_type(kind))

        chance = self.chance
        columns = [(self.mapping.get(name, name), column(name)) for name in (*self.declared, "when", "made", "day")]
        columns.append(("nobody asks for it", pa.array(range(len(rows)))))
        chance.shuffle(columns)
        pq.write_table(pa.table(dict(columns)), path, version="2.6", row_group_size=chance.choice([1, 7, 64, 1000]),
                       compression=chance.choice(["snappy", "zstd", "gzip", "none"]),
                       use_dictionary=chance.choice([True, False]),
                       use_deprecated_int96_timestamps=any("INT96" in kind for kind in kinds.values()),
                       data_page_version=chance.choice(["1.0", "2.0"]))

    # What it means

    def key(self, row, kinds):
        """As layout a has it, and the embedded store too."""
        def octets(number, data):
            assert len(data) < 2**14
            size = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
            return bytes([number << 3 | 2]) + size + data

        values = {}
        for name, declared in self.entities.items():
            plain = convert(kinds[name], declared, row[name])
            if plain is None:
                raise Invalid
            values[name] = value(declared, plain).SerializeToString()
        return octets(1, b"default") + b"".join(octets(2, name.encode()) for name in sorted(values)) \
            + b"".join(octets(3, values[name]) for name in sorted(values))

    def read(self, row, kinds):
        event = moment(kinds["when"], row["when"])
        if event is None:
            raise Invalid
        created = moment(kinds["made"], row["made"]) if self.created and kinds["made"] != "null" else None
        features = [(name, value(declared, plain).SerializeToString()) for name, declared in self.features.items()
                    for plain in [convert(kinds[name], declared, row[name])] if plain is not None]
        return self.key(row, kinds), (event, created, features)

    def is_inside(self, row, kinds, start, end):
        """False: not looked at, whatever is in it."""
        if self.partition and start is not None and row["day"] < start // DAY * DAY:
            return False
        if self.partition and end is not None and row["day"] > end // DAY * DAY:
            return False
        event = moment(kinds["when"], row["when"])
        return event is None or ((start is None or event >= start) and (end is None or event < end))

    def ingest(self, rows, kinds, start, end):
        """How many rows are right and wrong; `rows` in the order of the source."""
        right = wrong = 0
        for row in rows:
            if not self.is_inside(row, kinds, start, end):
                continue
            try:
                key, new = self.read(row, kinds)
            except Invalid:
                wrong += 1
                continue
            right += 1
            old = self.rows.get(key)
            if old is None or order(*new[:2]) >= order(*old[:2]):
                self.rows[key] = new
        return right, wrong

    # What the stores must hold

    def expires(self, event):
        return event // 10**9 + self.age if self.age else None

    def embedded(self):
        return {key: (event, created, self.expires(event), features)
                for key, (event, created, features) in self.rows.items()}

    def remote(self, name):
        found = {}
        for key, (event, created, features) in self.rows.items():
            expires = self.expires(event)
            found[key] = {f"_ts:{name}".encode(): stamp(event // 10**9),
                          f"_ex:{name}".encode(): stamp(NEVER if expires is None else expires),
                          f"_fc:{name}".encode(): struct.pack(">qq", *order(event, created)),
                          **{murmur3(f"{name}:{feature}".encode()): octets for feature, octets in features}}
        return found


def order(event, created):
    return event, -2**63 if created is None else created


class Differential(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redis = Redis().start()
        cls.addClassCleanup(cls.redis.close)
        cls.redis.add_user()
        cls.core = cls.class_server("--online-store-named", f"second=redis://{USER}@127.0.0.1:{cls.redis.port}/0",
                                    env={PASSWORD_ENV: USER_PASSWORD})
        store = core_pb.RegisterOnlineStoreRequest().online_store
        store.name, store.type = "second", 2
        cls.core.api.core.RegisterOnlineStore(core_pb.RegisterOnlineStoreRequest(online_store=store), timeout=TIMEOUT)

    def start(self, name, start, end):
        request = jobs_pb.StartOfflineToOnlineIngestionJobRequest(table_name=name)
        for moment_, field in (start, request.start_date), (end, request.end_date):
            if moment_ is not None:
                field.seconds, field.nanos = divmod(moment_, 10**9)
        return self.core.api.jobs.StartOfflineToOnlineIngestionJob(request, timeout=TIMEOUT).id

    def in_embedded(self, name):
        path, = self.core.data_dir.glob(f"online/*/{name}.db")
        found = {}
        with contextlib.closing(sqlite3.connect(path)) as store:
            for key, event_s, event_ns, created_s, created_ns, expires, features in store.execute(
                    "SELECT key, event_s, event_ns, created_s, created_ns, expires_s, features FROM feature_row"):
                created = None if created_s is None else created_s * 10**9 + created_ns
                found[key] = (event_s * 10**9 + event_ns, created, expires, [
                    (one.name, one.value.SerializeToString()) for one in OnlineRow.FromString(features).features])
        return found

    def in_redis(self):
        """And empties it."""
        with self.redis.client() as client:
            found = client.dump()
            client.call("FLUSHALL")
        return found

    def window(self, chance, kinds, rows):
        """Its borders are events, where it matters whether they belong to it."""
        events = sorted({moment(kinds["when"], row["when"]) for row in rows if row["when"] is not None})
        if not events or chance.random() < 0.4:
            return None, None
        start, end = sorted(chance.choice(events) for _ in range(2))
        return chance.choice([(start, end + 1), (start, end if end > start else None), (start, None), (None, end + 1)])

    def settle(self, table, name, job_id, right, wrong):
        job = self.job_ends(self.core.api, job_id)
        receipt = self.core.api.job_detail(job_id).receipt
        # What is wrong altogether is an error.
        self.assertEqual(job.status, ERROR if wrong and not right else DONE,
                         f"{name}: {right} {wrong}; {receipt} {job.error_message}")
        self.assertEqual((receipt.rows_read, receipt.rows_rejected), (right + wrong, wrong), name)
        self.assertEqual(receipt.rows_written + receipt.rows_late + receipt.rows_superseded, right, name)
        self.assertEqual(sum(one.count for one in receipt.rejections), wrong, name)

    def compare(self, found, expected):
        wrong = [key for key in sorted({*found, *expected}) if found.get(key) != expected.get(key)]
        if wrong:
            self.fail(f"{len(wrong)} of {len(expected)} keys differ; the first, {wrong[0]!r}:\n"
                      f"found    {found.get(wrong[0])!r}\nexpected {expected.get(wrong[0])!r}")

    def one_round(self, number, types):
        chance = random.Random(f"{SEED} {number}")
        table = Table(chance, number, types)
        here, there = table.names()
        for name, declared in table.entities.items():
            self.core.api.apply_entity(name, declared)
        for run in range(INGESTIONS):
            kinds = table.kinds()
            files = [[table.row(kinds) for _ in range(chance.choice([0, 3, 60, 200]))]
                     for _ in range(chance.choice([1, 1, 2, 3]))]
            where = self.name("files")
            where.mkdir()
            for at, rows in enumerate(files):
                table.write(where / f"part-{at}.parquet", table.without_some(kinds, rows), rows)
            rows = sum(files, [])
            window = self.window(chance, kinds, rows)
            with self.subTest(seed=SEED, round=number, run=run, window=window, kinds=kinds, declared=table.declared):
                jobs = []
                for name in here, there:
                    self.core.api.apply_table(table.spec(name, f"{tables.file_url(where)}/"), mode="off")
                    jobs.append((name, self.start(name, *window)))
                told = table.ingest(rows, kinds, *window)
                for name, job_id in jobs:
                    self.settle(table, name, job_id, *told)
        with self.subTest(seed=SEED, round=number, declared=table.declared):
            found = self.in_redis()
            self.compare(self.in_embedded(here), table.embedded())
            self.compare(found, table.remote(there))

    def test_stores_hold_what_the_rules_say(self):
        print(f"FC_SEED={SEED}", flush=True)
        chance, types = random.Random(SEED), []
        for number in range(ROUNDS):
            # Every type is in one of the first two tables.
            if len(types) < 7:
                types += chance.sample(TYPES, len(TYPES))
            self.one_round(number, [types.pop() for _ in range(7 if number < 2 else chance.choice([1, 5, 7]))])


if __name__ == "__main__":
    feastcore.run()
