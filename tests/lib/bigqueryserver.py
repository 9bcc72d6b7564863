# SPDX-License-Identifier: Apache-2.0
"""A BigQuery server (tests/peers/bigquery-emulator) in a process of its own, and what tests put into it."""

import ctypes
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

SOURCE_DIR = pathlib.Path(os.environ.get("FC_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PATIENCE = 120


def peer():
    """Where the emulator is; a loud failure when it is not."""
    setup = SOURCE_DIR / "tests/peers/bigquery-emulator/setup.sh"
    path = pathlib.Path(subprocess.check_output([setup, "--path"], text=True).strip())
    if not (path / "complete").exists():
        raise SystemExit(f"the BigQuery emulator is not at {path}; run ./dev deps")
    return path


def _die_with_parent():
    """In the child: a test that is killed leaves no server behind."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """Below the range that systems take ports of connections from."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class BigQuery:
    """One process with one project; tables live in memory and end with it."""

    def __init__(self, scratch, project="proj"):
        self.project = project
        self.log = pathlib.Path(scratch) / "bigquery.log"
        self.process = None
        self.host = ""

    def start(self):
        path = peer()
        port, storage_port = free_port(), free_port()
        environment = {"HOME": str(path / "home"), "PATH": os.environ["PATH"], "OTEL_SDK_DISABLED": "true",
                       "TZ": "UTC"}
        command = [path / "bin/bqemulator", "start", "--rest-port", str(port), "--grpc-port", str(storage_port),
                   "--ephemeral", "--project", self.project, "--log-level", "warning"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, preexec_fn=_die_with_parent)
        self.host = f"127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the BigQuery emulator did not start:\n{self.log.read_text()}")
            time.sleep(0.05)
        return self

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self):
        try:
            self.call("GET", "/datasets")
            return True
        except (OSError, urllib.error.URLError):
            return False

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.host}/bigquery/v2/projects/{self.project}{path}", data,
                                         {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code}: {error.read().decode()}") from error

    # What tests put into it, and how they read it back.

    def dataset(self, name):
        self.call("POST", "/datasets", {"datasetReference": {"projectId": self.project, "datasetId": name}})

    def table(self, dataset, name, fields, rows=(), **options):
        """fields: name -> "TYPE", "TYPE!" (required), a dict of fields for a record; in a list when REPEATED."""
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": name}
        self.call("POST", f"/datasets/{dataset}/tables",
                  {"tableReference": reference, "schema": {"fields": schema(fields)}, **options})
        if rows:
            found = self.call("POST", f"/datasets/{dataset}/tables/{name}/insertAll", {
                "rows": [{"insertId": str(number), "json": row} for number, row in enumerate(rows)]})
            if found.get("insertErrors"):
                raise AssertionError(found["insertErrors"][:3])
        return f"{self.project}:{dataset}.{name}"

    def view(self, dataset, name, sql):
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": name}
        self.call("POST", f"/datasets/{dataset}/tables",
                  {"tableReference": reference, "view": {"query": sql, "useLegacySql": False}})
        return f"{self.project}:{dataset}.{name}"

    def query(self, sql):
        """Rows as lists of the REST API's own texts."""
        answer = self.call("POST", "/queries", {"query": sql, "useLegacySql": False, "maxResults": 100000})
        if answer.get("errors"):
            raise AssertionError(answer["errors"])
        return [[cell["v"] for cell in row["f"]] for row in answer["rows"]]


def schema(fields):
    made = []
    for name, kind in fields.items():
        repeated = isinstance(kind, list)
        kind = kind[0] if repeated else kind
        if isinstance(kind, dict):
            field = {"name": name, "type": "RECORD", "fields": schema(kind)}
        else:
            field = {"name": name, "type": kind.rstrip("!")}
            if kind.endswith("!"):
                field["mode"] = "REQUIRED"
        if repeated:
            field["mode"] = "REPEATED"
        made.append(field)
    return made
