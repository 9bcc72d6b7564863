# SPDX-License-Identifier: Apache-2.0
"""What calls cost while 64 looks at sources run, and whether the server's memory grows with what is looked at.

Every look has a worker process of its own; the machine is as busy as it gets. The server must not notice.
"""

import threading

import feastcore
import feasttables as tables
from feastapi import Api, core_pb, ours

PROBES = 64
GET = "/feast.core.CoreService/GetFeatureTable"
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


class Crowd:
    """So many callers of Validate, each with a connection of its own, until they are told to stop."""

    def __init__(self, address, spec):
        self.address = address
        self.spec = ours().message("feast.core.FeatureTableSpec").FromString(spec.SerializeToString())
        self.stop = threading.Event()
        self.done = 0
        self.failures = []
        self.threads = [threading.Thread(target=self.call) for _ in range(PROBES)]

    def call(self):
        with Api(self.address) as api:
            while not self.stop.is_set():
                try:
                    answer = api.admin.Validate(table_spec=self.spec)
                    if not answer.acceptable:
                        self.failures.append(str(answer))
                    self.done += 1
                except Exception as error:  # told by whoever waits for the thread
                    self.failures.append(str(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        feastcore.wait_until(lambda: self.done >= PROBES or self.failures, "the first looks")
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise SystemExit(f"a look failed: {self.failures[0]}")


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
            with Crowd(server.grpc, spec):
                bench.measure(BUSY, target, GET, requests, 4)
        target.api.close()
    finally:
        server.stop()


def memory(bench, row, path, rss_mb):
    server = start(bench, path.stem)
    try:
        with Crowd(server.grpc, tables.table("crowd", ["id"], FEATURES, tables.file_source(path, "ts"))) as crowd:
            feastcore.wait_until(lambda: crowd.done >= 2 * PROBES or crowd.failures, "two looks each")
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
