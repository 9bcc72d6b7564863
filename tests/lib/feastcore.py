# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the real feast-core for a test: free ports, a data directory of its own."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import grpc
from google.rpc import error_details_pb2, status_pb2

from feastapi import BIN_DIR, Api

# Nothing waits this long unless something hangs: sanitizers and busy machines are slow, not broken.
PATIENCE = 120

READY = re.compile(
    r"^feast-core ready: grpc=(?P<grpc>\S+)(?: http=(?P<http>\S+))? data_dir=(?P<data_dir>.*) "
    r"version=(?P<version>\S+)\n", re.MULTILINE)

# What a sanitizer prints, whichever process of ours it was in.
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


def alive(pid):
    """Whether the process runs; a zombie does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, what, patience=PATIENCE):
    """Polls until condition() is true and returns that value."""
    end = time.monotonic() + patience
    pause = 0.005
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def status_details(error):
    """Reason word and field violations of a failed call: (reason, {field: description})."""
    reason, fields = "", {}
    for key, data in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(data)
            for any_detail in status.details:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                if any_detail.Unpack(info):
                    reason = info.reason
                elif any_detail.Unpack(bad):
                    fields.update({one.field: one.description for one in bad.field_violations})
    return reason, fields


class Server:
    """One feast-core process at a time on one data directory; may be started again after it ended."""

    def __init__(self, data_dir, *flags, listen=("127.0.0.1:0",), env=None, program=None):
        self.data_dir = pathlib.Path(data_dir)
        self.flags = flags
        self.listen = listen
        self.env = env or {}
        self.program = pathlib.Path(program or BIN_DIR / "feast-core")
        self.process = None
        self.ready = None
        self.logs = []
        self._apis = []

    def command(self):
        command = [str(self.program), "--data-dir", str(self.data_dir), "--http-listen", "127.0.0.1:0"]
        for address in self.listen:
            command += ["--listen", address]
        return command + list(self.flags)

    def launch(self):
        """Starts the process without waiting for it."""
        if self.running():
            raise AssertionError("this server runs already")
        log = pathlib.Path(f"{self.data_dir}.{len(self.logs)}.log")
        self.logs.append(log)
        environment = {name: text for name, text in os.environ.items()
                       if not name.startswith(("FEAST_", "AWS_"))}
        # A machine with few cores would start one, and one thread has no races to find.
        environment["FEAST_CORE_GRPC_THREADS"] = "2"
        # Under a sanitizer, on a busy machine, a look takes longer than people would wait for it.
        environment["FEAST_CORE_PROBE_DEADLINE"] = "20s"
        environment.update(self.env)
        with log.open("wb") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=err, stderr=err, env=environment)
        return self

    def start(self):
        self.launch()
        wait_until(lambda: READY.search(self.log()) or self.process.poll() is not None,
                   "the ready line of feast-core")
        self.ready = READY.search(self.log())
        if self.ready is None:
            raise AssertionError(f"feast-core did not start, exit code {self.process.poll()}:\n{self.log()}")
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        """What the present process, or the last one, has printed so far."""
        return self.logs[-1].read_text("utf-8", "replace") if self.logs else ""

    @property
    def addresses(self):
        return self.ready["grpc"].split(",")

    @property
    def grpc(self):
        return self.addresses[0]

    @property
    def http(self):
        return self.ready["http"]

    @property
    def api(self):
        """Calls to the first address; of the process that runs now."""
        if not self._apis or self._apis[-1].address != self.grpc:
            self._apis.append(Api(self.grpc))
        return self._apis[-1]

    def close_apis(self):
        for api in self._apis:
            api.close()
        self._apis = []

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"feast-core did not end:\n{self.log()}") from None

    def stop(self):
        """SIGTERM; the exit code."""
        self.close_apis()
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """SIGKILL, as a power cut would do it."""
        self.close_apis()
        self.process.kill()
        return self.wait()

    def children(self):
        """Process id -> command line of the workers alive."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, IndexError):
                    stat = (entry / "stat").read_text()
                    state, parent = stat.rpartition(")")[2].split()[:2]
                    if int(parent) == self.process.pid and state != "Z":
                        found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def job_workers(self):
        return [pid for pid, command in self.children().items()
                if "feast-worker" in command and "--probe-loop" not in command]

    def sanitizer_findings(self):
        texts = list(self.logs)
        if self.data_dir.is_dir():
            texts += self.data_dir.rglob("worker.log")
        return [f"{path}:\n{text}" for path in texts
                for text in [path.read_text("utf-8", "replace")] if SANITIZER.search(text)]


class CoreTest(unittest.TestCase):
    """Test cases with a scratch directory and servers that end with the test."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="fc-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls._names = 0

    @classmethod
    def name(cls, prefix="dir"):
        """A path below the scratch directory that nothing has yet."""
        cls._names += 1
        return cls.scratch / f"{prefix}-{cls._names}"

    @classmethod
    def _end(cls, server):
        if server.running():
            code = server.stop()
            if code != 0:
                raise AssertionError(f"feast-core ended with {code}:\n{server.log()}")
        server.close_apis()
        findings = server.sanitizer_findings()
        if findings:
            raise AssertionError("\n".join(findings))

    @classmethod
    def class_server(cls, *flags, **options):
        """For all tests of the class; call it from setUpClass."""
        server = Server(cls.name("data"), *flags, **options)
        cls.addClassCleanup(cls._end, server)
        return server.start()

    def server(self, *flags, data_dir=None, start=True, **options):
        server = Server(data_dir or self.name("data"), *flags, **options)
        self.addCleanup(self._end, server)
        return server.start() if start else server

    def fails(self, code, call, *args, **kwargs):
        """The call fails with that status; its message. What else it told is then in self.details."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args, **kwargs)
        error = caught.exception
        self.assertEqual(error.code(), getattr(grpc.StatusCode, code), error.details())
        self.details = status_details(error)
        return error.details()

    def job_ends(self, api, job_id):
        """The job when it is DONE or ERROR."""
        def ended():
            job = api.get_job(job_id)
            return job if job.status >= 3 else None
        return wait_until(ended, f"the end of job {job_id}")


def run():
    unittest.main(verbosity=2)
