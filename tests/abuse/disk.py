#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, files that are damaged: what was acknowledged stays, and nothing false is told."""

import contextlib
import os
import random
import sqlite3
import subprocess
import urllib.error
import urllib.request

import grpc

import feastcore
import feasttables as tables
from abuse import scale
from feastapi import Api, core_pb, value

SEED = int(os.environ.get("FC_SEED", "20130208"))
SERVING, NOT_SERVING = 1, 2


def http_status(server, path):
    try:
        with urllib.request.urlopen(f"http://{server.http}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class FullDisk:
    """What must be true when nothing more can be written; how the disk gets full is the subclass's."""

    def fill(self):
        raise NotImplementedError

    def empty(self):
        raise NotImplementedError

    def apply(self, number):
        return self.core.api.apply_entity(f"entity_{number}", "STRING", description="x" * 4000)

    def names(self):
        listed = self.core.api.core.ListEntities(core_pb.ListEntitiesRequest(), timeout=60).entities
        return {entity.spec.name for entity in listed}

    def write_until_refused(self):
        """Names that were acknowledged before the first refusal."""
        done = set()
        for number in range(self.next, self.next + 100_000):
            try:
                done.add(self.apply(number).spec.name)
            except grpc.RpcError as error:
                self.next = number + 1
                self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
                self.assertRegex(error.details(), "(?i)disk|space|written|too large")
                return done
        raise AssertionError("the disk never got full")

    def health(self):
        return self.core.api.health.Check(service="").status

    def test_full_disk(self):
        self.next = 0
        tables.apply_entities(self.core.api, id="INT64")
        acknowledged = {"id"}
        for _ in range(3):
            acknowledged.add(self.apply(self.next).spec.name)
            self.next += 1
            self.fill()
            acknowledged |= self.write_until_refused()
            # Reads go on, and everyone is told about the writes.
            self.assertEqual(self.names(), acknowledged)
            feastcore.wait_until(lambda: self.health() == NOT_SERVING, "health to be NOT_SERVING")
            status, text = http_status(self.core, "/readyz")
            self.assertEqual(status, 503)
            self.assertRegex(text, "(?i)write|writable")
            self.assertEqual(http_status(self.core, "/livez")[0], 200)
            self.assertEqual(http_status(self.core, "/metrics")[0], 200)
            self.fails("UNAVAILABLE", self.apply, self.next)
            self.empty()
            feastcore.wait_until(lambda: self.health() == SERVING, "health to be SERVING again")
            self.next += 1
            acknowledged.add(self.apply(self.next).spec.name)
            self.next += 1
            self.assertEqual(self.names(), acknowledged)
        self.fill()
        acknowledged |= self.write_until_refused()
        self.assertEqual(self.core.stop(), 0, self.core.log())
        self.empty()
        self.core.start()
        self.assertEqual(self.names(), acknowledged)
        acknowledged.add(self.apply(self.next).spec.name)
        self.assertEqual(self.core.kill(), -9)
        self.core.start()
        self.assertEqual(self.names(), acknowledged)


class SmallFilesystem(FullDisk, feastcore.CoreTest):
    """A file system of its own, which runs out of space."""

    def setUp(self):
        self.mount = self.name("disk")
        self.mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", self.mount],
                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("mounting a file system is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.mount], check=True)
        # The log of the server stands beside its data directory, hence on another disk.
        self.core = self.server(data_dir=self.mount)
        self.ballast = self.mount / "ballast"

    def fill(self):
        with self.ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass

    def empty(self):
        self.ballast.unlink()

    def test_start_on_a_full_disk(self):
        """It starts or says why not; with room again it starts, and nothing is lost."""
        self.next = 0
        acknowledged = self.apply(0).spec.name
        self.assertEqual(self.core.kill(), -9)
        self.fill()
        self.core.launch()
        feastcore.wait_until(lambda: not self.core.running() or feastcore.READY.search(self.core.log()),
                             "start or refusal")
        if self.core.running():
            self.core.ready = feastcore.READY.search(self.core.log())
            self.assertEqual(self.names(), {acknowledged})
            self.core.stop()
        else:
            self.assertRegex(self.core.log(), "(?i)no space|disk")
        self.empty()
        self.core.start()
        self.assertEqual(self.names(), {acknowledged})

    def test_job_that_fills_the_disk(self):
        """A job whose rows do not fit ends with the reason; with more room it ends well, and the registry lived on."""
        tables.apply_entities(self.core.api, id="INT64")
        path = tables.write_many(self.name("rows"), 400_000, 400_000)
        self.core.api.apply_table(tables.table("t", ["id"], {"feature": "INT64"}, tables.file_source(path)))
        job = self.core.api.start_ingestion("t").id
        # Its end can be written down only when there is room again, if it took all of it.
        feastcore.wait_until(lambda: not self.core.job_workers(), "the end of the worker")
        self.assertEqual(self.core.api.get_table("t").spec.name, "t")
        subprocess.run(["mount", "-o", "remount,size=512m", self.mount], check=True)
        ended = self.job_ends(self.core.api, job)
        if ended.status == 4:
            detail = self.core.api.job_detail(job)
            self.assertRegex(detail.progress.message, "(?i)disk|space|full")
            job = self.core.api.start_ingestion("t").id
            ended = self.job_ends(self.core.api, job)
        self.assertEqual(ended.status, 3)
        feastcore.wait_until(lambda: self.health() == SERVING, "health to be SERVING again")
        answer = self.core.api.read(["t:feature"], [{"id": value("INT64", 7)}])
        self.assertEqual(answer[0].fields["t:feature"].int64_val, 7)


class FileAtItsLimit(FullDisk, feastcore.CoreTest):
    """A limit on the size of files: like a full disk, but one that anybody can make."""

    def setUp(self):
        self.core = self.server()

    def limit(self, bytes_):
        subprocess.run(["prlimit", "--pid", str(self.core.process.pid), f"--fsize={bytes_}:"], check=True)

    def fill(self):
        self.limit(200_000)

    def empty(self):
        if self.core.running():
            self.limit("unlimited")


class Damage(feastcore.CoreTest):
    """A database file that something else has written to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = feastcore.Server(cls.name("template"))
        server.start()
        for number in range(40):
            server.api.apply_entity(f"entity_{number}", "STRING", description=f"number {number} " + "d" * 300)
        for number in range(20):
            server.api.apply_table(
                tables.table(f"table_{number}", [f"entity_{number}"], {f"f{i}": "INT64" for i in range(8)},
                             tables.file_source(f"/nowhere/{number}.parquet")), mode="off")
        cls.truth = cls.read_all(server)
        assert server.stop() == 0
        (path,) = server.data_dir.glob("*.db")
        cls.file, cls.image = path.name, path.read_bytes()

    @staticmethod
    def read_all(server):
        """Object -> its bytes, or the code of the failure."""
        found = {}
        calls = {}
        core = server.api.core
        for number in range(40):
            calls[f"entity_{number}"] = (core.GetEntity, core_pb.GetEntityRequest(name=f"entity_{number}"))
        for number in range(20):
            calls[f"table_{number}"] = (core.GetFeatureTable,
                                        core_pb.GetFeatureTableRequest(name=f"table_{number}"))
        calls["entities"] = (core.ListEntities, core_pb.ListEntitiesRequest())
        calls["tables"] = (core.ListFeatureTables, core_pb.ListFeatureTablesRequest())
        calls["projects"] = (core.ListProjects, core_pb.ListProjectsRequest())
        for name, (method, request) in calls.items():
            try:
                found[name] = method(request, timeout=60).SerializeToString(deterministic=True)
            except grpc.RpcError as error:
                found[name] = error.code()
        return found

    def serve(self, image, unclean=False):
        """A server on that image, or None when it refused to start."""
        data = self.name("data")
        data.mkdir()
        (data / self.file).write_bytes(image)
        if unclean:
            (data / "LOCK").write_text("1\n")
        server = self.server(data_dir=data, start=False)
        server.launch()
        feastcore.wait_until(lambda: not server.running() or feastcore.READY.search(server.log()),
                             "start or refusal")
        if server.running():
            server.ready = feastcore.READY.search(server.log())
            return server
        self.assertEqual(server.wait(), 1, server.log())
        self.assertIn("what to do", server.log())
        self.assertEqual((data / self.file).read_bytes(), image, "a file that is refused is left as it is")
        return None

    def check(self, image, unclean=False):
        """No answer is false: the truth, or a failure that says so."""
        server = self.serve(image, unclean)
        if server is None:
            return "refused"
        failed = 0
        for name, answer in self.read_all(server).items():
            if answer != self.truth[name]:
                # A damaged key of an index hides its row; only a check of the whole file would tell.
                self.assertIn(answer, (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE,
                                       grpc.StatusCode.NOT_FOUND), name)
                failed += 1
        self.assertTrue(server.running(), server.log())
        with Api(server.grpc) as api, contextlib.suppress(grpc.RpcError):
            api.apply_entity("after", "STRING")
        self.assertTrue(server.running(), server.log())
        server.stop()
        return f"{failed} failed"

    def test_a_letter_of_one_object(self):
        """One object is lost, and named; the others are served."""
        self.assertIn(b"number 7 ", self.image)
        server = self.serve(self.image.replace(b"number 7 ", b"number 8 "))
        message = self.fails("DATA_LOSS", server.api.core.GetEntity, core_pb.GetEntityRequest(name="entity_7"))
        self.assertIn("entity_7", message)
        answers = self.read_all(server)
        lost = {name for name, answer in answers.items() if answer != self.truth[name]}
        self.assertLessEqual(lost, {"entity_7", "entities"})
        self.assertEqual(http_status(server, "/livez")[0], 200)

    def test_flipped_bytes(self):
        rng = random.Random(SEED)
        for round_ in range(scale("ROUNDS", 12)):
            image = bytearray(self.image)
            for _ in range(1 << (round_ % 7)):
                image[rng.randrange(len(image))] ^= 1 << rng.randrange(8)
            with self.subTest(seed=SEED, round=round_):
                self.check(bytes(image), unclean=round_ % 2 == 1)

    def test_lost_pages(self):
        rng = random.Random(SEED)
        size = int.from_bytes(self.image[16:18], "big")
        for round_ in range(scale("ROUNDS", 12) // 2):
            image = bytearray(self.image)
            for _ in range(1 + round_):
                page = rng.randrange(1, len(image) // size) * size
                image[page:page + size] = rng.randbytes(size) if round_ % 2 else bytes(size)
            with self.subTest(seed=SEED, round=round_):
                self.check(bytes(image), unclean=round_ % 3 == 1)

    def test_files_cut_short(self):
        for part in (0.9, 0.5, 0.01):
            with self.subTest(part):
                self.check(self.image[:int(len(self.image) * part)])

    def test_a_log_of_somebody_else(self):
        """What stands in the WAL without its checksums is not taken for changes."""
        rng = random.Random(SEED)
        for junk in (b"", rng.randbytes(100), rng.randbytes(100_000)):
            data = self.name("data")
            data.mkdir()
            (data / self.file).write_bytes(self.image)
            (data / f"{self.file}-wal").write_bytes(junk)
            server = self.server(data_dir=data)
            self.assertEqual(self.read_all(server), self.truth)
            server.stop()

    def test_a_key_of_an_index(self):
        """What hides a row is found while the server serves; then it says that it should not be asked."""
        image = bytearray(self.image)
        size = int.from_bytes(image[16:18], "big")
        for page in range(size, len(image), size):
            at = image.find(b"entity_7", page, page + size)
            if image[page] == 10 and at >= 0:
                image[at] ^= 1
        data = self.name("data")
        data.mkdir()
        (data / self.file).write_bytes(bytes(image))
        server = self.server("--storage-check-interval", "100ms", data_dir=data)
        feastcore.wait_until(lambda: server.api.health.Check(service="").status == NOT_SERVING,
                             "health to be NOT_SERVING")
        self.assertIn("event=store_damaged", server.log())
        status, text = http_status(server, "/readyz")
        self.assertEqual((status, "damaged" in text), (503, True), text)
        self.assertRegex(http_status(server, "/metrics")[1], r"(?m)^feast_core_store_damaged 1(\.0)?$")

    def edited(self, *statements):
        """A server on the file after somebody has been at it with SQL."""
        data = self.name("data")
        data.mkdir()
        path = data / self.file
        path.write_bytes(self.image)
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            changes = database.total_changes
            for statement in statements:
                database.execute(statement)
            self.assertGreater(database.total_changes, changes)
        return self.server(data_dir=data)

    def test_rows_changed_by_hand(self):
        """SQLite finds nothing wrong with a row that somebody has edited; we do."""
        server = self.edited("UPDATE entity SET value_type = value_type + 1 WHERE name = 'entity_3'")
        self.assertIn("entity_3", self.fails("DATA_LOSS", server.api.core.GetEntity,
                                             core_pb.GetEntityRequest(name="entity_3")))

    def test_schema_changed_by_hand(self):
        server = self.edited(
            "PRAGMA writable_schema = ON",
            # A column of no index: SQLite itself would refuse a schema whose parts do not fit together.
            "UPDATE sqlite_schema SET sql = replace(sql, 'reply', 'repli') WHERE name = 'feature_table'")
        message = self.fails("DATA_LOSS", server.api.core.GetFeatureTable,
                             core_pb.GetFeatureTableRequest(name="table_3"))
        self.assertIn("no such column", message)
        self.assertEqual(server.api.core.GetEntity(core_pb.GetEntityRequest(name="entity_3")).entity.spec.name,
                         "entity_3")


if __name__ == "__main__":
    feastcore.run()
