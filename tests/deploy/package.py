# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: built, judged, installed in a clean Debian, upgraded, removed, purged. And the unit of systemd.

The unit is judged by systemd-analyze, and started by a systemd that is process 1 of the clean Debian.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE_DIR = pathlib.Path(os.environ["FC_SOURCE_DIR"])
BUILD_DIR = pathlib.Path(os.environ["FC_BUILD_DIR"])
PATIENCE = 600


def run(*command, code=0, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE,
                          check=False, **options)
    if done.returncode != code:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout + done.stderr


class Unit(unittest.TestCase):
    def setUp(self):
        self.unit = BUILD_DIR / "deploy" / "feast-core.service"

    def test_exposure(self):
        """Below 2 of 10, by systemd's own count."""
        said = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", self.unit)
        self.assertNotIn("ignoring", said)

    def test_verify(self):
        with tempfile.TemporaryDirectory() as directory:
            # The programs need not be installed here.
            unit = pathlib.Path(directory) / "feast-core.service"
            unit.write_text(re.sub(r"=\S*/feast-core ", "=/bin/true ", self.unit.read_text()))
            said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
            self.assertEqual(said, "")


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            print("only root can make a clean Debian to install in", flush=True)
            sys.exit(77)
        directory = tempfile.TemporaryDirectory(prefix="fc-deb-")
        cls.addClassCleanup(directory.cleanup)
        cls.path = pathlib.Path(directory.name)
        cls.debs = cls.path / "debs"
        cls.said = run(SOURCE_DIR / "tools" / "deb.sh", cls.debs, BUILD_DIR)
        peer = pathlib.Path(run(SOURCE_DIR / "tests/peers/packaging/setup.sh", "--path").strip())
        if not (peer / "root" / "etc" / "debian_version").exists():
            raise SystemExit(f"the clean Debian is not at {peer}; run ./dev deps")
        cls.root = cls.path / "root"
        run("cp", "-a", "--reflink=auto", peer / "root", cls.root)
        shutil.copy("/etc/resolv.conf", cls.root / "etc/resolv.conf")
        (cls.root / "etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n")
        (cls.root / "debs").mkdir()
        for deb in cls.debs.glob("*.deb"):
            shutil.copy(deb, cls.root / "debs")

    def chroot(self, *command, code=0):
        # Its own process tree, so that nothing that is started there stays.
        return run("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", f"--root={self.root}", "--", *command, code=code,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                        "LC_ALL": "C.UTF-8", "HOME": "/root"})

    def test_lintian(self):
        changes = next(self.debs.glob("*.changes"))
        said = run("lintian", "--allow-root", "--fail-on", "error", changes)
        self.assertNotIn("E: ", said)

    def test_life(self):
        debs = [f"/debs/{deb.name}" for deb in (self.root / "debs").iterdir()]
        before = self.files()
        self.chroot("apt-get", "install", "-y", "--no-install-recommends", *debs)
        # Installed, it runs as its own user with the configuration that it came with.
        self.assertIn("feast-core", (self.root / "etc/passwd").read_text())
        self.assertEqual((self.root / "etc/feast-core/credentials").stat().st_mode & 0o777, 0o700)
        said = self.chroot("/usr/bin/feast-core", "--config=/etc/feast-core/core.yaml", "--check-config")
        self.assertIn("in order", said)
        self.assertIn("feastctl", self.chroot("/usr/bin/feastctl", "version", "--client"))
        for name in ("usr/share/bash-completion/completions/feastctl", "usr/share/man/man1/feastctl.1.gz",
                     "usr/share/man/man8/feast-core.8.gz", "lib/systemd/system/feast-core.service"):
            self.assertTrue((self.root / name).exists(), name)
        smoke = SOURCE_DIR / "deploy/debian/tests/smoke"
        shutil.copy(smoke, self.root / "debs")
        self.assertIn("SERVING", self.chroot("/bin/sh", "/debs/smoke"))

        self.live()
        # A registry, and a configuration that was changed: both outlive an upgrade and a removal.
        state = self.root / "var/lib/feast-core"
        state.mkdir(exist_ok=True)
        (state / "registry.db").write_text("a registry")
        config = self.root / "etc/feast-core/core.yaml"
        config.write_text(config.read_text() + "log:\n  level: debug\n")
        self.upgrade()
        self.assertIn("level: debug", config.read_text())
        self.chroot("dpkg", "--remove", "feast-core", "feastctl")
        self.assertTrue((state / "registry.db").exists())
        self.assertFalse((self.root / "usr/bin/feast-core").exists())
        self.chroot("dpkg", "--purge", "feast-core", "feastctl")
        self.assertFalse(state.exists())
        left = {name for name in self.files() - before
                if "feast" in name and not name.startswith(("/debs/", "/var/lib/dpkg/", "/var/log/"))}
        self.assertEqual(left, set())

    def boot(self, target, result):
        """systemd as process 1 in name spaces of its own, until the file is there; False when it ended before."""
        path = self.root / result
        command = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--net", "--uts", "--ipc", "--cgroup", "--",
                   SOURCE_DIR / "tests/deploy/systemd_boot.sh", self.root, target]
        with (self.path / "boot.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            end = time.monotonic() + PATIENCE
            while not path.exists() and process.poll() is None:
                self.assertLess(time.monotonic(), end, (self.path / "boot.log").read_text("utf-8", "replace")[-4000:])
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
            self.forget_groups()
        return path.exists()

    @staticmethod
    def forget_groups():
        """Control groups that a systemd made below ours are empty now."""
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, own = line.split(":", 2)
            mount = {"": "unified", "name=systemd": "systemd"}.get(controllers, controllers)
            for top in (pathlib.Path("/sys/fs/cgroup") / mount, pathlib.Path("/sys/fs/cgroup")):
                for name in ("init.scope", "system.slice"):
                    below = top / own.lstrip("/") / name
                    for one in sorted(below.rglob("*"), reverse=True) + [below]:
                        if one.is_dir():
                            with contextlib.suppress(OSError):
                                one.rmdir()

    def units(self, target, **services):
        """Units of a test, and the target that wants them."""
        directory = self.root / "etc/systemd/system"
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in services.items():
            (directory / f"{name}.service").write_text(text)
        names = " ".join(f"{name}.service" for name in services)
        (directory / f"{target}.target").write_text(f"[Unit]\nDefaultDependencies=no\nWants={names} feast-core.service\n"
                                                    if target == "live" else
                                                    f"[Unit]\nDefaultDependencies=no\nWants={names}\n")

    def live(self):
        """The unit as it was installed: it notifies, has its credentials and nothing else of them, reloads, restarts, stops."""
        credentials, config = self.root / "etc/feast-core/credentials", self.root / "etc/feast-core/core.yaml"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", credentials / "tls.key", "-out", credentials / "tls.crt")
        shutil.copy(credentials / "tls.crt", self.root / "etc/feast-core/ca.pem")
        installed = config.read_text()
        unit = (self.root / "lib/systemd/system/feast-core.service").read_text()
        # The same sandbox around a program that does nothing: what this kernel does not give is no fault of ours.
        sandbox = re.sub(r"^(Type|Exec\w+|Restart\w*)=.*\n", "", unit, flags=re.MULTILINE).replace("[Service]\n", (
            "[Service]\nType=oneshot\nExecStart=/bin/true\nExecStopPost=+/bin/sh -c 'echo $SERVICE_RESULT >/sandbox.part; "
            "mv /sandbox.part /sandbox.result'\n"))
        self.units("sandbox", sandbox=sandbox)
        if not self.boot("sandbox.target", "sandbox.result") or "success" not in (self.root / "sandbox.result").read_text():
            print("the service is not started: no systemd with this sandbox can be run on this machine\n"
                  + (self.path / "boot.log").read_text("utf-8", "replace")[-2000:], flush=True)
            self.tidy(config, installed)
            return
        config.write_text(installed + "tls:\n  certificate: /run/credentials/feast-core.service/tls_tls.crt\n"
                          "  key: /run/credentials/feast-core.service/tls_tls.key\n")
        shutil.copy(SOURCE_DIR / "tests/deploy/systemd_drive.sh", self.root / "drive.sh")
        self.units("live", drive="[Unit]\nAfter=feast-core.service\n[Service]\nType=oneshot\nExecStart=/bin/sh /drive.sh\n")
        self.boot("live.target", "live.result")
        said = (self.root / "live.log").read_text() if (self.root / "live.log").exists() else ""
        said += (self.path / "boot.log").read_text("utf-8", "replace")[-4000:]
        self.assertTrue((self.root / "live.result").exists(), said)
        self.assertEqual((self.root / "live.result").read_text(), "0\n", said)
        print("the service ran under systemd, with its credentials", flush=True)
        self.tidy(config, installed)

    def tidy(self, config, installed):
        config.write_text(installed)
        (self.root / "etc/feast-core/ca.pem").unlink()
        for one in (self.root / "etc/feast-core/credentials").iterdir():
            one.unlink()
        for one in ("sandbox", "drive"):
            (self.root / f"etc/systemd/system/{one}.service").unlink(missing_ok=True)

    def upgrade(self):
        """To the same programs under a later number."""
        deb = next(self.debs.glob("feast-core_*.deb"))
        tree = self.path / "later"
        run("dpkg-deb", "-R", deb, tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*$", "Version: 99.0", control.read_text(), flags=re.MULTILINE))
        run("dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "-b", tree, self.root / "debs/later.deb")
        self.chroot("dpkg", "--force-confold", "-i", "/debs/later.deb")
        self.assertIn("99.0", self.chroot("dpkg-query", "-W", "feast-core"))

    def files(self):
        return {"/" + str(path.relative_to(self.root)) for path in self.root.rglob("*")}


if __name__ == "__main__":
    unittest.main(verbosity=2)
