# SPDX-License-Identifier: Apache-2.0
"""Backups to S3 and back, by the pods of the chart: moto verifies each signature and holds each call against its IAM."""

import hashlib
import os
import pathlib
import random
import re
import socket
import subprocess
import threading

import yaml

import feastcore
import feastctl
import objectstores
from chart import find, render
from feastapi import BIN_DIR
from feastcore import wait_until
from feastworker import Worker, WorkOrder

# As in worker/objects/s3_write.c.
PART_BYTES = 16 << 20


class Silent:
    """A store that takes connections and never says a word. A stand-in, made for this."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def asked(self):
        return bool(self.connections)

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()


class Backup(feastctl.CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = objectstores.S3()
        cls.addClassCleanup(cls.s3.stop)
        keys = {name: cls.s3.user(name, action) for name, action in
                (("keeper", "s3:*"), ("reader", "s3:Get*"), ("looker", "*"))}
        for bucket in ("backups", "parts"):
            cls.s3.bucket(bucket)
        cls.s3.login(*keys["looker"])
        cls.s3.lock()
        cls.keeper, cls.reader = ({"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "HOME": str(cls.scratch)}
                                  for key, secret in (keys["keeper"], keys["reader"]))

    def values(self, prefix, **changes):
        return {"existingSecret": "credentials", "backup": {"enabled": True, "keep": 2, "s3": {
            "url": f"s3://backups/{prefix}", "endpoint": self.s3.endpoint, "region": "us-east-1", "pathStyle": True}}, **changes}

    def pods(self, values):
        """What is rendered: the configuration with paths and ports of the test, the pod of the server, that of the job."""
        _, objects, err = render(values)
        self.assertTrue(objects, err)
        config = find(objects, "ConfigMap")["data"]["core.yaml"]
        directory = self.name("pod")
        directory.mkdir()
        for there, here in (("/var/lib/feast-core", str(directory / "data")), ("0.0.0.0:6565", "127.0.0.1:0"),
                            ("0.0.0.0:8080", "127.0.0.1:0")):
            config = config.replace(there, here)
        (directory / "core.yaml").write_text(config)
        self.assertFalse([one for one in objects if one["kind"] == "PersistentVolumeClaim"])
        return (directory, find(objects, "StatefulSet")["spec"]["template"]["spec"],
                find(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"])

    def environment_of(self, container, secret):
        """The secret becomes the environment where the chart says so, and only there."""
        self.assertIn({"secretRef": {"name": "credentials"}}, container["envFrom"])
        return secret

    def started(self, directory, pod, secret):
        container = pod["containers"][0]
        config = directory / "core.yaml"
        data = yaml.safe_load(config.read_text())["data_dir"]
        server = feastcore.Server(data, env=self.environment_of(container, secret))
        server.command = lambda: [str(server.program), *[arg.replace("/etc/feast-core/core.yaml", str(config))
                                                         for arg in container["args"]]]
        self.addCleanup(self._end, server)
        return server.start()

    def asked(self, job, server, code=feastctl.OK):
        """The backup job. It has no credentials: the server has."""
        container = job["containers"][0]
        self.assertNotIn("envFrom", container)
        self.assertEqual(container["command"], ["/usr/bin/feastctl"])
        args = [arg.replace("features-feast-core.ml.svc:6565", server.grpc) for arg in container["args"]]
        return self.ctl(*args, "--retries=0", code=code)

    def restored(self, directory, pod, secret):
        init = pod["initContainers"][0]
        args = [arg.replace("/etc/feast-core/core.yaml", str(directory / "core.yaml")) for arg in init["args"]]
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "FEAST_"))}
        return subprocess.run([BIN_DIR / "feast-core", *args], capture_output=True, text=True, check=False,
                              timeout=feastcore.PATIENCE, env={**clean, **self.environment_of(init, secret)})

    def test_there_and_back(self):
        values = self.values("ml/")
        directory, pod, job = self.pods(values)
        server = self.started(directory, pod, self.keeper)
        self.ctl("apply", "-f", feastctl.ENTITIES, "-s", server.grpc)
        self.ctl("apply", "-f", self.example(), "-s", server.grpc, "--validation=off")
        exported = self.ctl("export", "--all-projects", "-s", server.grpc).out
        note = self.name("note")
        note.write_text("old")
        self.s3.copies("backups", ["ml/registry-20250101T000000Z.db", "ml/registry-20250102T000000Z.db",
                                   "ml/registry-mine.db", "ml/other/registry-20250101T000000Z.db",
                                   "ml/registry-eu/registry-20250101T000000Z.db",
                                   "mlx/registry-20250101T000000Z.db"], note)
        url = self.asked(job, server).out.strip()
        self.assertRegex(url, r"^s3://backups/ml/registry-\d{8}T\d{6}Z\.db$")
        key = url.removeprefix("s3://backups/")
        there = self.s3.objects("backups")
        self.assertEqual(set(there), {key, "ml/registry-20250102T000000Z.db", "ml/registry-mine.db",
                                      "ml/other/registry-20250101T000000Z.db",
                                      "ml/registry-eu/registry-20250101T000000Z.db", "mlx/registry-20250101T000000Z.db"})
        self.assertGreater(there[key], 10000)
        # On this machine nothing of it is left.
        self.assertEqual(list(server.data_dir.glob("backups/*")), [])

        self.ctl("delete", "table", "flights", "--yes", "-s", server.grpc)
        self.assertEqual(server.stop(), 0)
        _, pod, _ = self.pods({**values, "restore": {"from": pathlib.Path(key).name}})
        done = self.restored(directory, pod, self.keeper)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{url} is now the registry", done.stdout)
        server.start()
        self.assertEqual(self.ctl("export", "--all-projects", "-s", server.grpc).out, exported)
        self.assertEqual(server.stop(), 0)
        # A pod that starts again with the same value needs the object no more, and loses nothing.
        self.s3.delete("backups", key)
        again = self.restored(directory, pod, self.keeper)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("before", again.stdout)
        self.assertEqual(list(server.data_dir.glob("restoring*")), [])

    def test_what_goes_wrong_is_told(self):
        directory, pod, job = self.pods(self.values("denied"))
        wrong = {**self.keeper, "AWS_SECRET_ACCESS_KEY": "not-the-right-one"}
        for secret, told in ((wrong, "signature"), (self.reader, "denied")):
            server = self.started(directory, pod, secret)
            refused = self.asked(job, server, code=feastctl.UNAVAILABLE)
            self.assertIn("Check backup.url", refused.err)
            self.assertIn(told, refused.err)
            self.assertNotIn("not-the-right-one", refused.err + server.log())
            self.assertEqual(list(server.data_dir.glob("backups/*")), [])
            self.assertEqual(server.stop(), 0)
        # And nothing is there, neither now nor to be restored.
        self.assertEqual([key for key in self.s3.objects("backups") if key.startswith("denied")], [])
        _, pod, _ = self.pods(self.values("denied", restore={"from": "registry-20250101T000000Z.db"}))
        done = self.restored(directory, pod, self.keeper)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such object", done.stderr)
        self.assertEqual(list((directory / "data").glob("restoring*")), [])

    def test_a_stop_does_not_wait_for_it(self):
        """A server that is told to stop while a store hangs ends all the same, and the caller is told why."""
        with Silent() as endpoint:
            values = self.values("hangs")
            values["backup"]["s3"]["endpoint"] = endpoint.url
            directory, pod, job = self.pods({**values, "shutdown": {"lameDuckSeconds": 0, "drainSeconds": 1}})
            server = self.started(directory, pod, self.keeper)
            args = [arg.replace("features-feast-core.ml.svc:6565", server.grpc) for arg in job["containers"][0]["args"]]
            asking = subprocess.Popen([BIN_DIR / "feastctl", *args, "--retries=0"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=self.environment())
            wait_until(endpoint.asked, "a request to the store")
            self.assertEqual(server.stop(), 0)
            _, err = asking.communicate(timeout=feastcore.PATIENCE)
            self.assertEqual(asking.returncode, feastctl.UNAVAILABLE, err)

    def test_in_parts(self):
        """A file that goes in several requests comes back as it was, and so do those at the bounds."""
        for number, size in enumerate((PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES - 7, 0)):
            with self.subTest(size):
                made, back = self.name("made"), self.name("back")
                made.write_bytes(random.Random(size).randbytes(size))
                access = {"s3_endpoint": self.s3.endpoint, "s3_path_style": True, "confine_reads": True}
                url = f"s3://parts/some where/{number}.db"
                for task in ({"upload": {"path": str(made), "url": url, "access": access}},
                             {"download": {"path": str(back), "url": url, "access": access}}):
                    with Worker(env={**self.keeper, "TMPDIR": str(self.scratch)}) as worker:
                        worker.send(WorkOrder(id="copy", **task))
                        result = worker.result()[0].result
                        self.assertFalse(result.HasField("error"), result)
                        self.assertEqual(result.copied.bytes, size)
                self.assertEqual(self.s3.objects("parts")[f"some where/{number}.db"], size)
                self.assertEqual(hashlib.sha256(back.read_bytes()).digest(), hashlib.sha256(made.read_bytes()).digest())

    def test_configuration(self):
        for flags, told in ((["--backup-url=/var/backups"], "s3://BUCKET"), (["--backup-url=s3://"], "s3://BUCKET"),
                            (["--backup-url=s3://b", "--backup-s3-endpoint=minio:9000"], "backup.s3.endpoint")):
            done = subprocess.run([BIN_DIR / "feast-core", "--data-dir", self.name("data"), "--check-config", *flags],
                                  capture_output=True, text=True, timeout=feastcore.PATIENCE, check=False)
            self.assertEqual(done.returncode, 2, done)
            self.assertTrue(re.search(re.escape(told), done.stderr), done.stderr)


if __name__ == "__main__":
    feastcore.run()
