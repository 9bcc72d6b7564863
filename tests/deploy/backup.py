# SPDX-License-Identifier: Apache-2.0
"""Backups while the registry is written to, restored elsewhere; the rules of --restore."""

import pathlib
import subprocess
import threading

import grpc

import feastcore
import feastctl
from feastapi import BIN_DIR
from feastcore import wait_until


def restore(data_dir, backup):
    return subprocess.run([BIN_DIR / "feast-core", "--data-dir", data_dir, "--restore", backup],
                          capture_output=True, text=True, timeout=feastcore.PATIENCE, check=False)


class Backup(feastctl.CliTest):
    def exported(self, server):
        return self.ctl("export", "--all-projects", "-s", server.grpc).out

    def test_while_it_is_written_to(self):
        """The copy is one moment's state: all that was acknowledged before it, in the order it was applied."""
        server = self.server("--backup-dir", str(self.name("backups")))
        done, stop, wrong = [], threading.Event(), []

        def write():
            while not stop.is_set():
                try:
                    server.api.apply_entity(f"entity_{len(done):05d}", "INT64")
                except grpc.RpcError as error:
                    wrong.append(error)
                    return
                done.append(len(done))

        writer = threading.Thread(target=write)
        writer.start()
        wait_until(lambda: len(done) > 50 or wrong, "some entities")
        before = len(done)
        path = self.ctl("backup", "-s", server.grpc).out.strip()
        after = len(done) + 1
        wait_until(lambda: len(done) > after + 20 or wrong, "more entities")
        stop.set()
        writer.join(feastcore.PATIENCE)
        self.assertEqual(wrong, [])

        other = self.name("elsewhere")
        self.assertEqual(restore(other, path).returncode, 0)
        copy = self.server(data_dir=other)
        names = [item["spec"]["name"] for item in
                 self.ctl("get", "entities", "-o", "json", "-s", copy.grpc).json["items"]]
        self.assertEqual(sorted(names), [f"entity_{number:05d}" for number in range(len(names))])
        self.assertGreaterEqual(len(names), before)
        self.assertLessEqual(len(names), after)

    def test_the_catalogue_is_equal(self):
        server = self.server("--backup-dir", str(self.name("backups")))
        self.ctl("apply", "-f", feastctl.ENTITIES, "-s", server.grpc)
        self.ctl("apply", "-f", self.example(), "-s", server.grpc)
        exported = self.exported(server)
        self.assertIn("flights", exported)
        path = self.ctl("backup", "drill.db", "-s", server.grpc).out.strip()
        self.assertTrue(path.endswith("/drill.db"), path)
        # Later changes are undone by the restore, and what was there stays beside it.
        self.ctl("delete", "table", "flights", "--yes", "-s", server.grpc)
        self.assertEqual(server.stop(), 0)
        done = restore(server.data_dir, path)
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = [one.name for one in server.data_dir.glob("registry.db.before-restore-*")]
        self.assertEqual(len(kept), 1, kept)
        server.start()
        self.assertEqual(self.exported(server), exported)
        # The same backup is restored once: a start that always asks for it does not lose later changes.
        self.ctl("delete", "table", "flights", "--yes", "-s", server.grpc)
        self.assertEqual(server.stop(), 0)
        again = restore(server.data_dir, path)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("before", again.stdout)
        server.start()
        self.assertNotIn("kind: FeatureTable", self.exported(server))

    def test_what_is_no_backup_changes_nothing(self):
        server = self.server()
        server.api.apply_entity("carrier", "STRING")
        busy = restore(server.data_dir, server.data_dir / "registry.db")
        self.assertEqual(busy.returncode, 1)
        self.assertIn("held by another server", busy.stderr)
        self.assertEqual(server.stop(), 0)
        text = self.name("text")
        text.write_text("no database\n" * 1000)
        for path, told in ((self.name("missing"), "No such file"), (text, "is not a database"),
                           (pathlib.Path("/dev/null"), "no file with anything in it")):
            with self.subTest(path.name):
                done = restore(server.data_dir, path)
                self.assertEqual(done.returncode, 1)
                self.assertIn(told, done.stderr)
        server.start()
        self.assertIn("carrier", self.exported(server))

    def test_old_ones_are_removed(self):
        directory = self.name("backups")
        server = self.server("--backup-dir", str(directory))
        self.ctl("backup", "mine.db", "-s", server.grpc)
        for day in range(1, 6):
            (directory / f"registry-2025010{day}T000000Z.db").write_text("old")
        (directory / "registry-notes.txt").write_text("not ours")
        made = self.ctl("backup", "--keep", "3", "-o", "json", "-s", server.grpc).json
        self.assertEqual(made["removed"], 3)
        self.assertEqual(sorted(one.name for one in directory.iterdir()),
                         sorted(["mine.db", "registry-notes.txt", "registry-20250104T000000Z.db",
                                 "registry-20250105T000000Z.db", pathlib.Path(made["path"]).name]))
        self.ctl("backup", "--keep", "-1", "-s", server.grpc, code=feastctl.USAGE)

    def test_health(self):
        self.assertEqual(self.ctl("health").out, "SERVING\n")
        self.assertEqual(self.ctl("health", "liveness", "-o", "json").json["status"], "SERVING")
        self.ctl("health", "no.such.Service", code=feastctl.NOT_FOUND)
        self.ctl("health", "-s", "127.0.0.1:1", "--retries", "0", code=feastctl.UNAVAILABLE)

    def test_check_config(self):
        for flags, code, told in (([], 0, "in order"), (["--listen", "0.0.0.0:1"], 2, "TLS is not configured"),
                                  (["--tls-certificate", "/none", "--tls-key", "/none"], 2, "/none"),
                                  (["--worker-path", "/none"], 2, "worker.path"),
                                  (["--online-store-named", "10.0.0.2"], 2, "'10.0.0.2' has no name"),
                                  (["--data-dir", ""], 2, "data_dir is empty"),
                                  (["--http-listen", "h:1:2"], 2, 'http.listen is "h:1:2", expected HOST:PORT'),
                                  (["--sources-hosts", "a b"], 2, "sources.hosts")):
            with self.subTest(flags):
                directory = self.name("data")
                done = subprocess.run(
                    [BIN_DIR / "feast-core", "--data-dir", directory, "--check-config", *flags],
                    capture_output=True, text=True, timeout=feastcore.PATIENCE, check=False)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(told, done.stdout + done.stderr)
                self.assertFalse(directory.exists())


if __name__ == "__main__":
    feastcore.run()
