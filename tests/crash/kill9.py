#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the real server in the middle of writes, over and over, and holds what it has then against a
ledger that this process keeps: what was acknowledged is there, and of what was not at most the call that
was under way.

FC_KILL_ROUNDS says how often (default 25), FC_SEED which random numbers.
"""

import os
import pathlib
import random
import shutil
import sqlite3
import threading
import time

import grpc

import feastcore
import feasttables as tables
from feastapi import TIMEOUT, Api, core_pb

ROUNDS = int(os.environ.get("FC_KILL_ROUNDS", "25"))
SEED = int(os.environ.get("FC_SEED", "20130208"))
WRITERS = 6
LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)


class Ledger:
    """Of each object: the state last acknowledged, and the one asked for after it, if any.

    A state is what a read shows: the label of an entity; revision and label of a feature table, or None
    for a deleted one. Each writer has objects of its own, so no lock is needed.
    """

    def __init__(self):
        self.acknowledged = {}
        self.asked = {}

    def ask(self, key, state):
        self.asked[key] = state

    def acknowledge(self, key):
        self.acknowledged[key] = self.asked.pop(key)

    def check(self, found):
        """found: key -> state. Returns what is wrong; what was under way is settled by what was found."""
        wrong = []
        for key in self.acknowledged.keys() | self.asked.keys():
            allowed = [self.acknowledged.get(key)]
            if key in self.asked:
                allowed.append(self.asked[key])
            if found.get(key) not in allowed:
                wrong.append(f"{key}: found {found.get(key)}, allowed {allowed}")
        wrong += [f"{key}: never asked for" for key in found.keys() - self.acknowledged.keys() - self.asked.keys()]
        self.acknowledged = dict(found)
        self.asked = {}
        return wrong


class Writer(threading.Thread):
    """Writes to its own objects until the server is gone."""

    def __init__(self, number, address, ledger, source, seed):
        super().__init__()
        self.number = number
        self.api = Api(address)
        self.ledger = ledger
        self.source = source
        self.random = random.Random(seed)
        self.writes = 0
        self.failure = None

    def run(self):
        try:
            with self.api:
                while True:
                    self.write()
                    self.writes += 1
        except grpc.RpcError as error:
            if error.code() not in LOST:
                self.failure = f"{error.code()}: {error.details()}"
        except Exception as error:  # what ends a thread must not go unseen
            self.failure = repr(error)

    def write(self):
        name = f"w{self.number}_{self.random.randrange(40)}"
        label = str(self.random.getrandbits(60))
        if self.random.random() < 0.5:
            key = ("entity", name)
            self.ledger.ask(key, label)
            self.api.apply_entity(name, "INT64", labels={"state": label})
        else:
            key = ("table", name)
            before = self.ledger.acknowledged.get(key)
            if before is not None and self.random.random() < 0.2:
                self.ledger.ask(key, None)
                request = core_pb.DeleteFeatureTableRequest(name=name)
                self.api.core.DeleteFeatureTable(request, timeout=TIMEOUT)
            else:
                self.ledger.ask(key, label)
                spec = tables.table(name, ["id"], {"feature": "INT64"}, self.source, labels={"state": label})
                self.api.apply_table(spec, mode="off")
        self.ledger.acknowledge(key)


def read_all(api):
    found = {}
    for entity in api.core.ListEntities(core_pb.ListEntitiesRequest(), timeout=TIMEOUT).entities:
        if entity.spec.name != "id":
            found["entity", entity.spec.name] = entity.spec.labels["state"]
    for table in api.core.ListFeatureTables(core_pb.ListFeatureTablesRequest(), timeout=TIMEOUT).tables:
        found["table", table.spec.name] = table.spec.labels["state"]
    return found


class Kill9(feastcore.CoreTest):
    def test_acknowledged_writes_survive(self):
        print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
        chance = random.Random(SEED)
        ledger = Ledger()
        source = tables.file_source(self.name("absent.parquet"))
        server = self.server()
        server.api.apply_entity("id", "INT64")
        highest, writes = {}, 0
        for turn in range(ROUNDS):
            writers = [Writer(number, server.grpc, ledger, source, f"{SEED}-{turn}-{number}")
                       for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            time.sleep(chance.uniform(0.02, 0.4))
            server.kill()
            for writer in writers:
                writer.join(feastcore.PATIENCE)
                self.assertIsNone(writer.failure, f"round {turn}")
                writes += writer.writes
            self.check_file(server.data_dir)
            server.start()
            self.assertEqual(ledger.check(read_all(server.api)), [], f"round {turn}")
            self.check_revisions(server.api, highest)
        self.assertGreater(writes, ROUNDS)
        print(f"{writes} writes acknowledged, {len(ledger.acknowledged)} objects", flush=True)

    def check_file(self, data_dir):
        """SQLite's own check, on a copy: recovery is the server's to do."""
        copy = self.name("copy")
        copy.mkdir()
        (path,) = data_dir.glob("*.db")
        for suffix in ("", "-wal"):
            if pathlib.Path(f"{path}{suffix}").exists():
                shutil.copy(f"{path}{suffix}", copy / f"{path.name}{suffix}")
        database = sqlite3.connect(copy / path.name)
        try:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])
        finally:
            database.close()
            shutil.rmtree(copy)

    def check_revisions(self, api, highest):
        """Revisions never go back."""
        for table in api.core.ListFeatureTables(core_pb.ListFeatureTablesRequest(), timeout=TIMEOUT).tables:
            name, revision = table.spec.name, table.meta.revision
            self.assertGreaterEqual(revision, highest.get(name, 0), name)
            highest[name] = revision


if __name__ == "__main__":
    feastcore.run()
