# SPDX-License-Identifier: Apache-2.0
"""Registries that earlier programs made are migrated with all that they hold (tests/data/databases)."""

import shutil
import sqlite3
import subprocess

import feastcore
import feastctl
from feastapi import SOURCE_DIR

DATABASES = SOURCE_DIR / "tests" / "data" / "databases"
MIGRATIONS = len(list((SOURCE_DIR / "migrations").glob("*.sql")))


def number(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


class Upgrade(feastctl.CliTest):
    def test_every_earlier_schema_is_there(self):
        """Without a file of it, nothing shows that it can be migrated."""
        versions = {number(path) for path in DATABASES.glob("v*.db")}
        self.assertEqual(set(range(1, MIGRATIONS)) - versions, set())

    def served(self, path, how):
        data = self.name("data")
        if how == "opened":
            data.mkdir()
            shutil.copy(path, data / "registry.db")
        else:
            flags = ["--data-dir", data, "--restore", path]
            done = subprocess.run([feastcore.BIN_DIR / "feast-core", *flags], capture_output=True, text=True,
                                            timeout=feastcore.PATIENCE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        # The report is that of then: no source is looked at again.
        return self.server("--reverify-interval=0s", data_dir=data)

    def test_everything_is_there(self):
        for path in sorted(DATABASES.glob("v*.db")):
            for how in ("opened", "restored"):
                with self.subTest(f"{path.name} {how}"):
                    self.check(self.served(path, how), number(path))

    def check(self, server, version):
        def get(*args):
            return self.ctl(*args, "-s", server.grpc, "-o", "json").json

        self.assertEqual(number(server.data_dir / "registry.db"), MIGRATIONS)
        # What it was is kept until somebody removes it.
        copies = list(server.data_dir.glob(f"registry.v{version}.*.bak"))
        self.assertEqual(len(copies), 1 if version < MIGRATIONS else 0)
        self.assertEqual({item["name"] for item in get("get", "projects")["items"]}, {"default", "ops"})
        entities = {item["spec"]["name"]: item["spec"] for item in get("get", "entities")["items"]}
        self.assertEqual(set(entities), {"carrier", "flight"})
        self.assertEqual(entities["carrier"]["description"], "changed later")
        self.assertEqual(entities["carrier"]["labels"], {"domain": "aviation", "revision": "2"})
        tables = {item["spec"]["name"]: item["spec"] for item in get("get", "tables")["items"]}
        self.assertEqual(set(tables), {"flights"})
        self.assertEqual([one["name"] for one in tables["flights"]["features"]], ["origin", "dep_delay"])
        self.assertEqual(tables["flights"]["batchSource"]["fileOptions"]["fileUrl"],
                         "file:///srv/features/flights.parquet")
        ops = get("get", "tables", "-p", "ops")["items"]
        self.assertEqual([one["name"] for one in ops[0]["spec"]["features"]], ["origin", "dest"])
        revisions = server.api.admin.ListRevisions(kind=3, name="flights").revisions
        self.assertEqual(len(revisions), 2)
        self.assertEqual(server.api.verdict("flights"), "OK")
        jobs = server.api.list_jobs(project="default", include_terminated=True)
        self.assertEqual([job.status for job in jobs], [3])
        # And it is written to as any other.
        server.api.apply_entity("airport", "STRING")
        self.ctl("get", "entity", "airport", "-s", server.grpc)


if __name__ == "__main__":
    feastcore.run()
