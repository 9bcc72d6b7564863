# SPDX-License-Identifier: Apache-2.0
"""The container image without an engine: the same root in a directory, and the real server run from it.

Read-only, as user 65532, without privileges, seeing nothing else, by bubblewrap; what an engine would add is not shown.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import feastcore
from feastapi import BIN_DIR, SOURCE_DIR
from feastcore import wait_until
from feastctl import CliTest
from peers import installed

MB = 1000 * 1000
DOCKERFILE = SOURCE_DIR / "deploy" / "docker" / "Dockerfile"


def peer():
    return installed("packaging", "hadolint is")


def strings(pattern):
    """A list of the Dockerfile in JSON form."""
    return json.loads(re.search(pattern, DOCKERFILE.read_text(), re.MULTILINE)[1])


class Image(CliTest):
    @classmethod
    def setUpClass(cls):
        feastcore.CoreTest.setUpClass.__func__(cls)
        cls.root = cls.name("root")
        subprocess.run([SOURCE_DIR / "tools" / "image-root.sh", BIN_DIR, cls.root], check=True)

    def environment(self, **extra):
        return {**os.environ, **extra}

    def sandbox(self, data, *args):
        """As an engine runs it: root read-only, a volume, /tmp, an own process tree; the network is the host's."""
        return ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--uid", "65532", "--gid", "65532",
                "--cap-drop", "ALL", "--die-with-parent", "--clearenv", "--ro-bind", str(self.root), "/",
                "--bind", str(data), "/var/lib/feast-core", "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev",
                "--chdir", "/var/lib/feast-core", *args]

    def test_size(self):
        sizes = {path: path.lstat().st_size for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()}
        everything = sum(sizes.values())
        without = everything - sizes[self.root / "usr/bin/feast-worker"]
        print(f"image: {everything / MB:.1f} MB, {without / MB:.1f} MB without the worker", flush=True)
        self.assertLess(everything, 130 * MB)
        self.assertLess(without, 60 * MB)

    def test_only_what_is_listed(self):
        programs = {path.name for path in self.root.rglob("*")
                    if path.is_file() and os.access(path, os.X_OK) and ".so" not in path.name}
        self.assertEqual(programs, {"feast-core", "feast-worker", "feastctl"})

    def test_it_runs(self):
        data = self.name("volume")
        data.mkdir()
        entry = strings(r"^ENTRYPOINT (\[.*\])$")
        flags = [flag.replace(":6565", ":0").replace(":8080", ":0") for flag in strings(r"^CMD (\[.*\])$")]
        refused = subprocess.run(self.sandbox(data, *entry, *flags), capture_output=True, text=True,
                                 timeout=feastcore.PATIENCE, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("--allow-plaintext", refused.stderr)

        zone = subprocess.run(self.sandbox(data, *entry, *flags, "--allow-plaintext=true", "--jobs-time-zone=Europe/Berlin",
                                           "--check-config"), capture_output=True, text=True, timeout=feastcore.PATIENCE,
                              check=False)
        self.assertEqual(zone.returncode, 0, zone.stderr)

        # A feature table over a file that the container has, so that its worker is started, too.
        shutil.copy(SOURCE_DIR / "examples/flights/flights.parquet", data)
        server = feastcore.Server(data)
        server.command = lambda: self.sandbox(data, *entry, *flags, "--allow-plaintext=true",
                                              "--sources-local-roots=/var/lib/feast-core")
        begun = time.monotonic()
        server.launch()
        self.addCleanup(self.end, server)
        wait_until(lambda: feastcore.READY.search(server.log()) or not server.running(), "the ready line")
        server.ready = feastcore.READY.search(server.log())
        self.assertIsNotNone(server.ready, server.log())
        address = server.grpc.replace("0.0.0.0", "127.0.0.1")

        health = strings(r"CMD (\[\"/usr/bin/feastctl\".*\])$")
        done = subprocess.run(self.sandbox(data, *health, "--server", address), capture_output=True, text=True,
                              timeout=feastcore.PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "SERVING\n"), done.stderr)
        # To be read (ctest -V), not judged: the machine may be busy.
        print(f"image: SERVING was heard {time.monotonic() - begun:.2f} s after the start of its process", flush=True)

        self.ctl("apply", "-s", address, "-f", SOURCE_DIR / "examples/flights/entities.yaml")
        text = (SOURCE_DIR / "examples/flights/flights.yaml").read_text()
        table = self.yaml(text.replace("@CHECKOUT@/examples/flights", "/var/lib/feast-core"))
        self.assertIn("its source fits", self.ctl("apply", "-s", address, "-f", table).out)
        # The process that bubblewrap started gets the signal, as process 1 of a container does.
        for pid, command in server.children().items():
            if "feast-core" in command:
                os.kill(pid, signal.SIGTERM)
        self.end(server)

    def end(self, server):
        if server.running():
            server.process.send_signal(signal.SIGTERM)
        server.wait()

    def test_dockerfile(self):
        done = subprocess.run([peer() / "bin" / "hadolint", "--failure-threshold", "warning", DOCKERFILE],
                              capture_output=True, text=True, timeout=feastcore.PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = DOCKERFILE.read_text()
        self.assertIn("USER 65532:65532", text)
        self.assertIn("tools/image-root.sh", text)
        bake = (DOCKERFILE.parent / "bake.hcl").read_text()
        for platform in ("linux/amd64", "linux/arm64"):
            self.assertIn(f'"{platform}"', bake)


if __name__ == "__main__":
    unittest.main(verbosity=2)
