# SPDX-License-Identifier: Apache-2.0
"""What calls cost while 64 looks at sources run, and whether the server's memory grows with what is looked at.

Every look has a worker process of its own; the machine is as busy as it gets. The server must not notice. Those who ask
for the looks stand for other machines: they are one process at the lowest priority, so that what is measured is the
server beside its workers, and not the server beside its callers.
"""

import os
import signal
import subprocess
import urllib.request

import feastcore
import feasttables as tables
from feastapi import BUILD_DIR, core_pb, ours

PROBES = 64
GET = "/feast.core.CoreService/GetFeatureTable"
VALIDATE = "/feast.admin.v1.AdminService/Validate"
WRONG = ("feast_core_probes_refused", "feast_core_probes_unverified", "feast_core_probe_worker_failures")
IDLE = "GetFeatureTable, nothing else to do, c=4"
BUSY = f"GetFeatureTable while {PROBES} looks run, c=4"
RATIO = f"p99 while {PROBES} looks run, of that without"
SMALL = f"server's memory after {PROBES} looks at a file of 100 rows"
LARGE = f"server's memory after {PROBES} looks at a file of 2 M rows"
GROWTH = "of these, the larger by the smaller"
ROWS = [IDLE, BUSY, RATIO, SMALL, LARGE, GROWTH]
GOALS = {RATIO: [("ratio", "<=", 2)], GROWTH: [("ratio", "<=", 1.05)]}

FEATURES = {f"feature_{number}": ("INT64", "DOUBLE", "STRING", "BOOL")[number % 4] for number in range(20)}


def write(path, rows):
    """20 features of `rows` rows; few distinct values, so that it is written in a moment."""
    made = {"INT64": [7, 8], "DOUBLE": [0.5, 1.5], "STRING": ["some text", "another"], "BOOL": [True, False]}
    columns = {"id": list(range(rows)), "ts": [tables.at(0)] * rows}
    columns.update({name: made[kind] * (rows // 2) for name, kind in FEATURES.items()})
    return tables.write(path, columns, row_group_size=100_000)


def metrics(server):
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=60) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {line[0].removesuffix("_total"): float(line[1]) for line in lines if len(line) == 2}


class Crowd:
    """So many calls of Validate under way, each over a connection of its own, until they are told to stop."""

    def __init__(self, bench, server, spec):
        self.server = server
        self.spec = ours().message("feast.core.FeatureTableSpec").FromString(spec.SerializeToString())
        request = ours().message("feast.admin.v1.ValidateRequest")(table_spec=self.spec).SerializeToString()
        self.requests = bench.scratch / "looks"
        self.requests.write_bytes(len(request).to_bytes(4, "big") + request)

    def looks(self):
        """How many have run; all of them have to find the table right."""
        found = metrics(self.server)
        wrong = {name: found[name] for name in WRONG if found[name]}
        if wrong:
            raise SystemExit(f"looks failed: {wrong}")
        return found["feast_core_probes"] - self.before

    def __enter__(self):
        answer = self.server.api.admin.Validate(table_spec=self.spec)
        if not answer.acceptable:
            raise SystemExit(f"the look says: {answer}")
        self.before = 0
        self.before = self.looks()
        self.process = subprocess.Popen(
            [BUILD_DIR / "bench" / "fc-load", "--target", self.server.grpc, "--method", VALIDATE, "--requests",
             self.requests, "--inflight", str(PROBES), "--connections", str(PROBES), "--seconds", "3600"],
            stdout=subprocess.DEVNULL, preexec_fn=lambda: os.nice(19))
        feastcore.wait_until(lambda: self.looks() >= 2 * PROBES or self.process.poll() is not None, "the first looks")
        return self

    def __exit__(self, *_):
        if self.process.poll() is not None:
            raise SystemExit("the callers ended early")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.looks()


def start(bench, name):
    server = feastcore.Server(bench.scratch / name, "--sources-schemes=file", f"--probe-parallel={PROBES}",
                              "--probe-deadline=60s", env={"FEAST_CORE_GRPC_THREADS": "0"})
    server.start()
    server.api.apply_entity("id", "INT64")
    return server


def calls(bench, target_of, path):
    server = start(bench, "crowd_calls")
    try:
        spec = tables.table("crowd", ["id"], FEATURES, tables.file_source(path, "ts"))
        requests = []
        for number in range(100):
            spec.name = f"crowd_{number}"
            server.api.apply_table(spec, mode="off")
            requests.append(core_pb.GetFeatureTableRequest(name=spec.name))
        target = target_of("ours", server.grpc, server.process.pid, server)
        for _ in range(bench.arguments.rounds):
            bench.measure(IDLE, target, GET, requests, 4)
            with Crowd(bench, server, spec):
                bench.measure(BUSY, target, GET, requests, 4)
        target.api.close()
    finally:
        server.stop()


def memory(bench, row, path, rss_mb):
    server = start(bench, path.stem)
    try:
        with Crowd(bench, server, tables.table("crowd", ["id"], FEATURES, tables.file_source(path, "ts"))) as crowd:
            feastcore.wait_until(lambda: crowd.looks() >= 4 * PROBES, "four looks each")
        bench.note(row, rss_mb=rss_mb(server.process.pid))
    finally:
        server.stop()


def measure(bench, target_of, rss_mb):
    small = write(bench.scratch / "crowd_small.parquet", 100)
    large = write(bench.scratch / "crowd_large.parquet", 200_000 if bench.arguments.quick else 2_000_000)
    calls(bench, target_of, small)
    bench.compare(RATIO, BUSY, IDLE, "p99_us")
    memory(bench, SMALL, small, rss_mb)
    memory(bench, LARGE, large, rss_mb)
    bench.compare(GROWTH, LARGE, SMALL, "rss_mb")
    bench.show(f"while {PROBES} looks at sources run", ROWS)
