# SPDX-License-Identifier: Apache-2.0
"""What a look at Parquet files costs: bytes and requests for a large remote object, 10,000 partitions, and the time
that a look at a local file of 10 M rows adds to an apply, by a warm worker and by one that has to be started first.

The large file has 10 M rows, 13 columns and 40 row groups. It is served by a web server of this script, which counts.
"""

import contextlib
import http.server
import re
import shutil
import statistics
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import feastcore
import feasttables as tables

ROWS, GROUPS, FEATURES = 10_000_000, 40, 11
PAUSE_S = 0.1
FIVE = "bytes fetched to judge 5 of 13 columns, of the object"
ALL = "bytes fetched to judge 13 of 13 columns, of the object"
TRIPS = "requests before the first sampled column chunk"
DATASET = "apply over 10,000 partitions, looked at"
MEMORY = "worker's memory after 10,000 partitions"
OFF = "apply over 10 M rows, validation off, c=1"
WARM = "apply over 10 M rows, looked at by a warm worker, c=1"
ADDED = "added by the look, warm"
FEW = "apply over 5 of the 13 columns, looked at by a warm worker, c=1"
ADDED_FEW = "added by the look at 5 columns, warm"
COLD = "added by the look, worker not started yet"
REMOTE = [FIVE, ALL, TRIPS]
LOCAL = [OFF, WARM, ADDED, FEW, ADDED_FEW, COLD, DATASET, MEMORY]
GOALS = {FIVE: [("ratio", "<=", 0.01)], ALL: [("ratio", "<=", 0.03)], TRIPS: [("requests", "<=", 4)],
         DATASET: [("ms", "<=", 2000)], ADDED: [("ms", "<=", 15)], ADDED_FEW: [("ms", "<=", 15)], COLD: [("ms", "<=", 80)]}

TYPES = {f"feature_{number}": ("DOUBLE", "INT64")[number % 4 == 3] for number in range(FEATURES)}


def write(path, rows=ROWS, groups=GROUPS):
    """Random numbers, which no codec makes small."""
    random = np.random.default_rng(7)
    size = rows // groups
    schema = pa.schema([("id", pa.int64()), ("ts", pa.timestamp("us", tz="UTC")),
                        *((name, pa.float64() if kind == "DOUBLE" else pa.int64()) for name, kind in TYPES.items())])
    with pq.ParquetWriter(path, schema) as writer:
        for group in range(groups):
            row = np.arange(group * size, (group + 1) * size)
            columns = [pa.array(row), pa.array(1_609_459_200_000_000 + row * 1000, schema.field("ts").type)]
            columns += [pa.array(random.random(size) if kind == "DOUBLE" else random.integers(0, 2**40, size))
                        for kind in TYPES.values()]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=size)
    return path


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path, requests = self.server.path, self.server.requests
        size = path.stat().st_size
        first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers["Range"]).groups()
        start = int(first) if first else size - int(last)
        end = min(int(last) + 1, size) if first else size
        requests.append((start, end - start))
        self.send_response(206)
        for name, value in (("ETag", '"1"'), ("Content-Length", end - start),
                            ("Content-Range", f"bytes {start}-{end - 1}/{size}")):
            self.send_header(name, str(value))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(start)
            self.wfile.write(file.read(end - start))


@contextlib.contextmanager
def served(path):
    """The file's URL, and what was asked for: (first byte, bytes)."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.path, server.requests = path, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{path.name}", server.requests
    finally:
        server.shutdown()
        server.server_close()


def apply(target, name, source, features, mode=None):
    """Milliseconds of one apply, which has to be looked at and found right unless it is not looked at."""
    spec = tables.table(name, ["id"], features, source)
    start = time.perf_counter()
    target.api.apply_table(spec, target.project, mode=mode)
    took = 1000 * (time.perf_counter() - start)
    if mode != "off" and target.api.verdict(name, target.project) != "OK":
        raise SystemExit(f"{name}: {target.api.report(name, target.project)}")
    return took


def remote(bench, target, path):
    size = path.stat().st_size
    data_end = min(pq.read_metadata(path).row_group(0).column(0).file_offset or 4, 4)
    with served(path) as (url, requests):
        for row, count in ((FIVE, 3), (ALL, FEATURES)):
            requests.clear()
            features = dict(list(TYPES.items())[:count])
            apply(target, f"remote_{count}_{target.fresh(1)[0]}", tables.file_source(url, "ts"), features)
            bench.note(row, ratio=sum(fetched for _, fetched in requests) / size)
        # The first is the end of the file; what follows may be the rest of its footer.
        footer = size - (128 << 10)
        before = next(number for number, (start, _) in enumerate(requests) if data_end <= start < footer)
        bench.note(TRIPS, requests=before)


def local(bench, target, path):
    """With pauses: a worker that has just looked at something opens another engine before it is warm again."""
    few = dict(list(TYPES.items())[:3])
    times = {OFF: [], WARM: [], FEW: []}
    source = tables.file_source(path, "ts")
    for turn in range(30):
        for row, mode, features in ((OFF, "off", TYPES), (WARM, None, TYPES), (FEW, None, few)):
            time.sleep(PAUSE_S)
            times[row].append(apply(target, f"local_{target.fresh(1)[0]}", source, features, mode))
    off = statistics.median(times[OFF])
    for row in times:
        bench.note(row, p50_us=1000 * statistics.median(times[row]))
    bench.note(ADDED, ms=statistics.median(times[WARM]) - off)
    bench.note(ADDED_FEW, ms=statistics.median(times[FEW]) - off)


def cold(bench, make_target, path, turn):
    """The first look of a server starts the worker that does it."""
    server = feastcore.Server(bench.scratch / f"cold_{turn}", env={"FEAST_CORE_GRPC_THREADS": "0"}).start()
    target = make_target("ours", server.grpc, server.process.pid, server)
    target.api.apply_entity("id", "INT64", target.project)
    source = tables.file_source(path, "ts")
    off = [apply(target, f"off_{number}", source, TYPES, "off") for number in range(5)]
    bench.note(COLD, ms=apply(target, "looked_at", source, TYPES) - statistics.median(off))
    target.api.close()
    server.stop()


def dataset(bench, target, rss_mb):
    base = bench.scratch / "partitions"
    if not base.exists():
        one = tables.write(bench.scratch / "one.parquet",
                           {"id": [1], "ts": [tables.at(0)], "feature_0": [0.5]}, {"id": pa.int64()})
        for number in range(10_000):
            (base / f"p={number}").mkdir(parents=True)
            shutil.copyfile(one, base / f"p={number}" / "part.parquet")
    took = [apply(target, f"dataset_{target.fresh(1)[0]}", tables.file_source(base, "ts"), {"feature_0": "DOUBLE"})
            for _ in range(5)]
    workers = [pid for pid, command in target.server.children().items() if "--probe-loop" in command]
    bench.note(DATASET, ms=statistics.median(took))
    bench.note(MEMORY, rss_mb=max(rss_mb(pid) for pid in workers))


def measure(bench, make_target, rss_mb):
    path = write(bench.scratch / "large.parquet")
    for turn in range(bench.arguments.rounds):
        server = feastcore.Server(bench.scratch / f"objects_{turn}", env={"FEAST_CORE_GRPC_THREADS": "0"}).start()
        target = make_target("ours", server.grpc, server.process.pid, server)
        target.api.apply_entity("id", "INT64", target.project)
        remote(bench, target, path)
        local(bench, target, path)
        dataset(bench, target, rss_mb)
        target.api.close()
        server.stop()
        for again in range(3):
            cold(bench, make_target, path, f"{turn}_{again}")
    bench.show(f"a look at one object of {path.stat().st_size / 1e6:,.0f} MB, 13 columns, {GROUPS} row groups", REMOTE)
    bench.show("a look at local Parquet files", LOCAL)
