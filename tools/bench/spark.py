#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The same rows of a Parquet file into Redis by a batch job of ours and by pyspark on this machine, one after the other into
an empty store, side by side. What pyspark runs is the work of the peers' batch job written anew in Python
(tests/peers/pyspark/ingest.py), not their jar: the jar has no Python workers, whose share is told apart.

    ./dev bench spark [--rounds N] [--large]

The rows are those of the group `redis`, a million of as many keys, two minutes or three; with --large those of the group
`large`, 10 M of 1 M keys, ten times as long. Afterwards both stores are compared: the number of keys, and every field and
the expiry of a sample, but for the field that ours has for the full order of rows. Spark is installed at the first time
(tests/peers/pyspark/setup.sh, 320 MB).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

import pyarrow.parquet as pq

import feastcore
import feasttables as tables
import large
import redis as group
from redisserver import PASSWORD, Redis
from streamworker import key_of

PEER = pathlib.Path(os.environ["FC_SOURCE_DIR"]) / "tests/peers/pyspark"
TABLE, SAMPLE, PAUSE_S = "trips", 5000, 0.1
OURS, SPARK = "feast-core", "pyspark"
ROWS = {"seconds": "from the start to the end, s", "rps": "rows/s", "cpu_s": "processor, s",
        "python_s": "  of it Python workers of Spark, s", "redis_s": "processor of Redis beside it, s",
        "peak_mb": "most memory of all processes, MB", "session_s": "until Spark can begin, s"}


class Tree(threading.Thread):
    """Watches a process and all below it: processor time spent and the most memory (PSS) held at once."""

    def __init__(self, pid):
        super().__init__()
        self.root, self.spent, self.names, self.peak_mb = str(pid), {}, {}, 0
        self.over = threading.Event()
        if not list(pathlib.Path("/proc/self/task").glob("*/children")):
            raise SystemExit("the kernel does not tell a process' children (CONFIG_PROC_CHILDREN): nothing to count")
        self.sample()
        self.before = dict(self.spent)

    def below(self):
        pids = [self.root]
        for pid in pids:
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    pids += task.read_text().split()
                except OSError:
                    pass  # it has just ended
        return pids

    def sample(self):
        held = 0
        for pid in self.below():
            try:
                name, _, rest = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")
                words = rest.split()
                self.spent[pid] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
                self.names[pid] = name.partition("(")[2]
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                held += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
            except (OSError, StopIteration):
                pass  # it has just ended
        self.peak_mb = max(self.peak_mb, held / 1024)

    def run(self):
        while not self.over.wait(PAUSE_S):
            self.sample()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def cpu_s(self, below=""):
        """Seconds of all, or of those below the first whose names begin so."""
        return sum(spent - self.before.get(pid, 0) for pid, spent in self.spent.items()
                   if not below or (pid != self.root and self.names[pid].startswith(below)))


def cpu_seconds(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Data:
    """The file and its table."""

    def __init__(self, scratch, is_large):
        if is_large:
            self.path, self.features, self.keys = large.cached(), large.FEATURES, large.KEYS
        else:
            self.path, self.features, self.keys = scratch / "trips.parquet", group.FEATURES, group.ROWS
            group.write(self.path)
        self.rows = pq.read_metadata(self.path).num_rows
        self.created = "created_timestamp" if is_large else ""


def ours(data, scratch, redis):
    """From the call that starts the job until it is DONE; the server runs, the worker is started for it."""
    server = feastcore.Server(scratch, "--online-store-default", f"redis://127.0.0.1:{redis.port}",
                              env={group.PASSWORD_ENV: PASSWORD, "FEAST_CORE_GRPC_THREADS": "0"}).start()
    try:
        tables.apply_entities(server.api, driver="INT64")
        source = tables.file_source(data.path, created=data.created)
        server.api.apply_table(tables.table(TABLE, ["driver"], data.features, source, group.MAX_AGE), mode="off")
        with Tree(server.process.pid) as tree:
            began = time.monotonic()
            job = server.api.start_ingestion(TABLE).id
            feastcore.wait_until(lambda: server.api.get_job(job).status >= 3, "the end of the job", 3600)
            seconds = time.monotonic() - began
        receipt = server.api.job_detail(job).receipt
        if receipt.rows_written != data.keys:
            raise SystemExit(f"not all keys were written: {receipt}")
    finally:
        server.stop()
    return {"seconds": seconds, "cpu_s": tree.cpu_s(), "peak_mb": tree.peak_mb}


def spark(data, scratch, redis, python):
    """From the start of the program to its end, the start of the JVM with it."""
    scratch.mkdir()
    job = {"master": "local[2]", "path": str(data.path), "scratch": str(scratch), "port": redis.port, "project": "default",
           "table": TABLE, "entity": "driver", "event_timestamp": "event_timestamp", "features": list(data.features),
           "max_age": group.MAX_AGE, "start": "1970-01-01 00:00:00", "end": "2100-01-01 00:00:00"}
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SPARK_HOME")}
    environment.update(FC_REDIS_PASSWORD=PASSWORD, PYSPARK_PYTHON=str(python), SPARK_LOCAL_IP="127.0.0.1")
    log = scratch / "log"
    began = time.monotonic()
    with log.open("wb") as err, subprocess.Popen([python, PEER / "ingest.py", json.dumps(job)], env=environment,
                                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err) as process:
        with Tree(process.pid) as tree:
            told = process.stdout.read()
            code = process.wait()
            seconds = time.monotonic() - began
    if code != 0:
        raise SystemExit(f"pyspark ended with {code}:\n{log.read_text(errors='replace')}")
    return {"seconds": seconds, "cpu_s": tree.cpu_s(), "python_s": tree.cpu_s(below="python"), "peak_mb": tree.peak_mb,
            "session_s": json.loads(told)["session_s"]}


def stored(redis, data):
    """The number of keys; fields and expiry of a sample, without the field that layout a does not have."""
    with redis.client() as client:
        sample = {}
        for number in range(0, data.keys, data.keys // SAMPLE):
            key = key_of(number, entity=b"driver")
            fields = client.hash(key)
            fields.pop(b"_fc:" + TABLE.encode(), None)
            sample[number] = (fields, client.call("EXPIRETIME", key))
        return client.call("DBSIZE"), sample


def compare(found):
    (keys, mine), (other_keys, others) = found[OURS], found[SPARK]
    different = [number for number in mine if mine[number] != others[number]]
    empty = [number for number in mine if not mine[number][0]]
    if keys != other_keys or different or empty:
        first = (different or empty or [0])[0]
        raise SystemExit(f"the stores differ: {keys:,} and {other_keys:,} keys; {len(different)} of {len(mine):,} sampled "
                         f"differ, {len(empty)} are missing; of driver {first}:\n{mine[first]}\n{others[first]}")
    print(f"  both left {keys:,} keys; fields and expiry of {len(mine):,} sampled ones are the same, "
          f"{len(mine[0][0])} fields each")


def one_round(turn, data, scratch, redis, python, figures):
    found = {}
    for name in (OURS, SPARK) if turn % 2 == 0 else (SPARK, OURS):
        group.flush(redis)
        before = cpu_seconds(redis.process.pid)
        directory = scratch / f"{name}-{turn}"
        taken = ours(data, directory, redis) if name == OURS else spark(data, directory, redis, python)
        taken.update(redis_s=cpu_seconds(redis.process.pid) - before, rps=data.rows / taken["seconds"])
        found[name] = stored(redis, data)
        for row, figure in taken.items():
            figures[name].setdefault(row, []).append(figure)
    return found


def show(figures):
    print(f"  {'':<40} {OURS:>12} {SPARK:>12}")
    for row, label in ROWS.items():
        cells = [f"{statistics.median(figures[name][row]):12,.{0 if row in ('rps', 'peak_mb') else 2}f}"
                 if row in figures[name] else f"{'-':>12}" for name in (OURS, SPARK)]
        print(f"  {label:<40} {' '.join(cells)}")


def installed():
    subprocess.run([PEER / "setup.sh"], check=True)
    path = subprocess.run([PEER / "setup.sh", "--path"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return pathlib.Path(path) / "venv/bin/python"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="of both, in turns; medians are shown (default 1)")
    parser.add_argument("--large", action="store_true", help="10 M rows of 1 M keys")
    arguments = parser.parse_args()
    python = installed()
    figures = {OURS: {}, SPARK: {}}
    with tempfile.TemporaryDirectory(prefix="fc-bench-", dir=os.environ.get("FC_BENCH_DIR")) as scratch:
        scratch = pathlib.Path(scratch)
        data = Data(scratch, arguments.large)
        redis = Redis().start()
        try:
            print(f"{data.rows:,} rows, {data.keys:,} keys, {len(data.features)} features, Parquet of "
                  f"{data.path.stat().st_size / 1e6:,.0f} MB into an empty Redis; {os.cpu_count()} cores\n"
                  f"  {SPARK}: the work of the peers' batch job written anew in Python, local[2]; not the peers' jar",
                  flush=True)
            for turn in range(arguments.rounds):
                compare(one_round(turn, data, scratch, redis, python, figures))
        finally:
            redis.close()
    show(figures)


if __name__ == "__main__":
    main()
