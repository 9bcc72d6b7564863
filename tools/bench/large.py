# SPDX-License-Identifier: Apache-2.0
"""A long ingestion and a short one into the embedded online store: what the worker reads in a second, and how long it
takes from the call until 100 rows are there. The long one's file is made once and stays in the cache directory."""

import os
import pathlib
import statistics
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import feastcore
import feasttables as tables

ROWS, KEYS, STEP = 10_000_000, 1_000_000, 1_000_000
FEATURES = {**{f"real_{number}": "DOUBLE" for number in range(5)}, **{f"count_{number}": "INT64" for number in range(3)},
            "share": "FLOAT", "kind": "STRING"}
SPAN_S = 30 * 86400
SMALL = 100
TRIES = 20

LONG = f"{ROWS:,} rows of 13 columns, {KEYS:,} keys, into SQLite"
SHORT = f"{SMALL} rows, from the call to DONE"
GOALS = {LONG: [("rps", ">=", 400_000), ("peak_mb", "<=", 500)], SHORT: [("ms", "<=", 150)]}


def cached():
    """The file, about 840 MB: entity, two times, ten features that hardly compress."""
    default = pathlib.Path.home() / ".cache" / "feast-core"
    path = pathlib.Path(os.environ.get("FC_CACHE_DIR", default)) / "bench" / f"rows-{ROWS}-1.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        write(part, ROWS, KEYS)
        part.rename(path)
    return path


def made(chance, rows, ids, first_s):
    """Rows in the order of their times, as they are logged; keys at random, each of them in the first `keys` rows."""
    seconds = np.sort(chance.integers(0, SPAN_S * rows // ROWS + 1, rows)) + first_s
    micros = seconds * 1_000_000 + chance.integers(0, 1_000_000, rows)
    stamps = pa.timestamp("us", tz="UTC")
    columns = {"driver": pa.array(ids, pa.int64()), "event_timestamp": pa.array(micros, stamps),
               "created_timestamp": pa.array(micros + chance.integers(0, 1_000_000, rows), stamps)}
    for name, kind in FEATURES.items():
        columns[name] = {"DOUBLE": lambda: pa.array(chance.random(rows)),
                         "INT64": lambda: pa.array(chance.integers(-2**62, 2**62, rows)),
                         "FLOAT": lambda: pa.array(chance.random(rows, np.float32)),
                         "STRING": lambda: pa.array(np.array(["bike", "car", "van", "on foot"])[chance.integers(0, 4, rows)]),
                         }[kind]()
    return pa.table(columns)


def write(path, rows, keys):
    chance = np.random.default_rng(1)
    first_s = int(tables.at(0).timestamp())
    ids = np.concatenate([chance.permutation(keys), chance.integers(0, keys, rows - keys)])
    with pq.ParquetWriter(path, made(chance, 1, ids[:1], first_s).schema) as writer:
        for begin in range(0, rows, STEP):
            part = ids[begin:begin + STEP]
            writer.write_table(made(chance, len(part), part, first_s + begin * SPAN_S // ROWS), row_group_size=STEP)


def apply(target, name, path):
    source = tables.file_source(path, created="created_timestamp")
    target.api.apply_table(tables.table(name, ["driver"], FEATURES, source), target.project, mode="off")


def short(bench, target, path):
    """Each time another table: an empty store, as it is with a new one."""
    taken = []
    for number in range(TRIES):
        apply(target, f"short_{number}", path)
        begin = time.monotonic()
        job = target.api.start_ingestion(f"short_{number}", target.project).id
        for progress in target.api.admin.WatchJob(job_id=job, timeout=feastcore.PATIENCE):
            state = progress.state
        taken.append((time.monotonic() - begin) * 1000)
        if state != 3:
            raise SystemExit(f"{SHORT}: {target.api.job_detail(job)}")
    bench.note(SHORT, ms=statistics.median(taken))


def measure(bench, Target, ingest):
    path = cached()
    small = bench.scratch / "short.parquet"
    write(small, SMALL, SMALL)
    for turn in range(min(bench.arguments.rounds, 2)):
        server = feastcore.Server(bench.scratch / f"large_{turn}").start()
        try:
            target = Target("ours", server.grpc, server.process.pid, server)
            target.api.apply_entity("driver", "INT64", target.project)
            apply(target, "long", path)
            short(bench, target, small)
            receipt = ingest(bench, target, LONG, "long")
            if receipt.rows_read != ROWS or receipt.rows_written != KEYS:
                raise SystemExit(f"{LONG}: {receipt}")
        finally:
            server.stop()
    bench.show("ingestion of many rows and of few", [LONG, SHORT])
