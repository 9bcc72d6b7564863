#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures feast-core on this machine: start, memory, calls, applies with and without a look at the source,
online reads, ingestion. Every figure is the median of several rounds; rounds of different rows are
interleaved, so that a busy minute hits all of them alike. Processor time is of the server alone and is
the figure to compare: on two cores the load generator takes a part of what calls a second could be.

With --against the calls that any CoreService knows are measured on that address too, round by round.
"""

import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time

import feastcore
import feasttables as tables
from feastapi import BUILD_DIR, Api, ValueType, core_pb, entity_pb, jobs_pb, serving_pb, source_pb, value

CORE = "/feast.core.CoreService/"
OFF = "feast-validation=off"
AS_SHIPPED = {"FEAST_CORE_GRPC_THREADS": "0"}  # tests start more


class Target:
    """A server to measure: ours (with its process) or another address."""

    def __init__(self, name, address, pid=None):
        self.name = name
        self.address = address
        self.pid = pid
        self.api = Api(address)
        self.sequence = 0
        self.project = f"bench_{int(time.time())}"

    def fresh(self, count):
        """Numbers that were not used for a name yet."""
        self.sequence += count
        return range(self.sequence - count, self.sequence)


class Bench:
    def __init__(self, arguments, scratch):
        self.arguments = arguments
        self.scratch = scratch
        self.found = {}

    def load(self, target, method, requests, inflight, once=False, metadata=None, connections=8):
        """One run of fc-load: what it printed, as a dict."""
        path = self.scratch / "requests"
        with path.open("wb") as file:
            for request in requests:
                data = request.SerializeToString()
                file.write(struct.pack(">I", len(data)) + data)
        command = [BUILD_DIR / "bench" / "fc-load", "--target", target.address, "--method", method,
                   "--requests", path, "--inflight", inflight, "--connections", min(connections, inflight),
                   "--seconds", self.arguments.seconds]
        command += ["--once"] if once else []
        command += ["--pid", target.pid] if target.pid else []
        command += ["--metadata", metadata] if metadata else []
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{method}: {done.stderr}")
        answer = json.loads(done.stdout)
        if answer["failed"]:
            raise SystemExit(f"{method} failed on {target.name}: {answer}")
        return answer

    def note(self, row, **figures):
        columns = self.found.setdefault(row, {})
        for name, figure in figures.items():
            if figure is not None:
                columns.setdefault(name, []).append(figure)

    def measure(self, row, *args, **options):
        answer = self.load(*args, **options)
        self.note(row, rps=answer["rps"], p50_us=answer["p50_us"], p99_us=answer["p99_us"],
                  cpu_us=answer.get("cpu_us"))

    def show(self, title, rows):
        units = {"rps": "{:>11,.0f}/s", "p50_us": "p50 {:>9,.0f} us", "p99_us": "p99 {:>9,.0f} us",
                 "cpu_us": "cpu {:>7,.1f} us", "ms": "{:>9,.1f} ms", "rss_mb": "RSS {:>6,.1f} MB",
                 "peak_mb": "peak RSS {:>6,.1f} MB", "cpu_s": "cpu {:>6,.2f} s", "seconds": "{:>7,.2f} s",
                 "threads": "{:>4,.0f} threads"}
        rows = [row for row in rows if row in self.found]
        if rows:
            print(f"\n{title}", flush=True)
        for row in rows:
            cells = [units[name].format(statistics.median(values))
                     for name, values in self.found[row].items()]
            print(f"  {row:<64}" + "  ".join(cells), flush=True)


def status(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    raise KeyError(key)


def rss_mb(pid):
    return status(pid, "VmRSS") / 1024


# What is sent.

def entity_request(target, number, kind="entity"):
    spec = entity_pb.EntitySpecV2(name=f"{kind}_{number}", value_type=ValueType.INT64, description="of the bench")
    return core_pb.ApplyEntityRequest(spec=spec, project=target.project)


def table_request(target, number, kind="table"):
    """Two entities, 20 features, a batch and a stream source."""
    source = source_pb.DataSource(
        type=source_pb.DataSource.BATCH_BIGQUERY, event_timestamp_column="event_timestamp",
        created_timestamp_column="created_timestamp",
        bigquery_options=source_pb.DataSource.BigQueryOptions(table_ref="project:dataset.table"))
    stream = source_pb.DataSource(
        type=source_pb.DataSource.STREAM_KAFKA, event_timestamp_column="event_timestamp",
        kafka_options=source_pb.DataSource.KafkaOptions(bootstrap_servers="localhost:9092", topic="topic"))
    stream.kafka_options.message_format.proto_format.class_path = "com.example.Message"
    features = {f"feature_{one}": ("INT64", "DOUBLE", "STRING", "BOOL")[one % 4] for one in range(20)}
    spec = tables.table(f"{kind}_{number}", ["key_0", "key_1"], features, source, 86400, stream_source=stream)
    return core_pb.ApplyFeatureTableRequest(project=target.project, table_spec=spec)


def set_up(bench, target, count=100, kind="table"):
    bench.load(target, CORE + "ApplyEntity", [entity_request(target, number, "key") for number in range(2)],
               1, once=True)
    bench.load(target, CORE + "ApplyFeatureTable", [table_request(target, number, kind) for number in range(count)],
               16 if count > 16 else 1, once=True, metadata=OFF)


# What is measured: one function a group, each makes one round.

READS = ["GetFeastCoreVersion, c=1", "GetFeastCoreVersion, c=16", "GetFeatureTable (20 features), c=16",
         "ListFeatureTables, 100 tables, c=4", "ListFeatureTables, 1000 tables, c=4"]


def reads(bench, target):
    label = bench.label(target)
    version = [core_pb.GetFeastCoreVersionRequest()]
    for row, inflight in zip(READS, (1, 16)):
        bench.measure(label(row), target, CORE + "GetFeastCoreVersion", version, inflight)
    gets = [core_pb.GetFeatureTableRequest(project=target.project, name=f"table_{number}") for number in range(100)]
    bench.measure(label(READS[2]), target, CORE + "GetFeatureTable", gets, 16)
    for row, count in zip(READS[3:], (100, 1000)):
        lists = [core_pb.ListFeatureTablesRequest(filter={"project": f"{target.project}_{count}"})]
        bench.measure(label(row), target, CORE + "ListFeatureTables", lists, 4)


WRITES = ["ApplyEntity new, c=1", "ApplyEntity new, c=16", "ApplyFeatureTable new, validation off, c=1",
          "ApplyFeatureTable new, validation off, c=16"]


def writes(bench, target):
    label = bench.label(target)
    few, many = bench.arguments.writes // 10, bench.arguments.writes
    for row, make, method, count, inflight in (
            (WRITES[0], entity_request, "ApplyEntity", few, 1),
            (WRITES[1], entity_request, "ApplyEntity", many, 16),
            (WRITES[2], table_request, "ApplyFeatureTable", few, 1),
            (WRITES[3], table_request, "ApplyFeatureTable", many, 16)):
        requests = [make(target, number, "new") for number in target.fresh(count)]
        bench.measure(label(row), target, CORE + method, requests, inflight, once=True, metadata=OFF)


PROBES = ["ApplyFeatureTable new, source looked at, c=1", "ApplyFeatureTable new, source looked at, c=16"]


def probes(bench, target):
    for row, inflight in zip(PROBES, (1, 16)):
        requests = []
        for number in target.fresh(bench.arguments.writes // 20):
            spec = tables.flights(f"probed_{number}")
            requests.append(core_pb.ApplyFeatureTableRequest(project=target.project, table_spec=spec))
        bench.measure(row, target, CORE + "ApplyFeatureTable", requests, inflight, once=True)


ONLINE = ["GetOnlineFeaturesV2, 5 features, 1 row, c=1", "GetOnlineFeaturesV2, 5 features, 1 row, c=16"]


def online(bench, target):
    keys = list(tables.newest(tables.FLIGHTS, tables.FLIGHTS_ENTITIES, tables.FLIGHTS_TIME))
    requests = []
    for carrier, flight in keys:
        request = serving_pb.GetOnlineFeaturesRequestV2(project=target.project)
        for name in list(tables.FLIGHTS_FEATURES)[:5]:
            request.features.add(feature_table="flights", name=name)
        request.entity_rows.add(fields={"carrier": value("STRING", carrier), "flight": value("INT64", flight)})
        requests.append(request)
    for row, inflight in zip(ONLINE, (1, 16)):
        bench.measure(row, target, "/feast.serving.ServingService/GetOnlineFeaturesV2", requests, inflight)


SYNC = "the disk itself: write 4 KiB and fdatasync, one after the other"


def disk(bench):
    path = bench.scratch / "sync"
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    block, count = b"x" * 4096, 0
    start = time.monotonic()
    while time.monotonic() < start + bench.arguments.seconds / 2:
        os.pwrite(file, block, 4096 * (count % 256))
        os.fdatasync(file)
        count += 1
    bench.note(SYNC, rps=count / (time.monotonic() - start))
    os.close(file)


def start(bench, row, data_dir):
    """From the start of the process to its first answer; its lines come by a pipe, so that none is waited for."""
    begin = time.monotonic()
    process = subprocess.Popen(feastcore.Server(data_dir).command(), stderr=subprocess.PIPE, text=True)
    ready = None
    while ready is None:
        ready = feastcore.READY.search(process.stderr.readline())
    with Api(ready["grpc"]) as api:
        api.core.GetFeastCoreVersion(core_pb.GetFeastCoreVersionRequest(), wait_for_ready=True)
        bench.note(row, ms=(time.monotonic() - begin) * 1000, rss_mb=rss_mb(process.pid),
                   threads=status(process.pid, "Threads"))
    process.terminate()
    process.communicate()


def ingest(bench, target, row, table):
    """One job; the worker is watched from outside."""
    begin = time.monotonic()
    request = jobs_pb.StartOfflineToOnlineIngestionJobRequest(project=target.project, table_name=table)
    job_id = target.api.jobs.StartOfflineToOnlineIngestionJob(request).id
    peak = cpu = 0
    ticks = os.sysconf("SC_CLK_TCK")
    while target.api.get_job(job_id).status < 3:
        for pid in target.server.job_workers():
            try:
                peak = max(peak, status(pid, "VmHWM") / 1024)
                words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                cpu = max(cpu, (int(words[11]) + int(words[12])) / ticks)
            except (OSError, KeyError):
                pass  # it has just ended
        time.sleep(0.01)
    seconds = time.monotonic() - begin
    detail = target.api.job_detail(job_id)
    if detail.progress.state != 3:
        raise SystemExit(f"{row}: {detail}")
    bench.note(row, seconds=seconds, rps=detail.receipt.rows_read / seconds, cpu_s=cpu, peak_mb=peak)
    return detail.receipt


INGESTS = {"1,000,000 rows of 1,000,000 keys": 1_000_000, "1,000,000 rows of 10,000 keys": 10_000}


def ingests(bench, target):
    target.api.apply_entity("id", "INT64", target.project)
    for row, keys in INGESTS.items():
        path = bench.scratch / f"many_{keys}.parquet"
        if not path.exists():
            tables.write_many(path, 1_000_000, keys)
        name = f"many_{keys}_{target.fresh(1)[0]}"
        spec = tables.table(name, ["id"], {"feature": "INT64"}, tables.file_source(path))
        target.api.apply_table(spec, target.project)
        ingest(bench, target, row, name)


APPLY_GROWTH = ["ApplyFeatureTable new, 100 tables in the project, c=16",
                "ApplyFeatureTable new, 10,000 tables in the project, c=16"]


def growth(bench, target):
    project = target.project
    for row, count in zip(APPLY_GROWTH, (100, 10_000)):
        target.project = f"{project}_grown_{count}"
        requests = [table_request(target, number, "new") for number in target.fresh(200)]
        bench.measure(row, target, CORE + "ApplyFeatureTable", requests, 16, once=True, metadata=OFF)
    target.project = project


def prepare(bench, target):
    project = target.project
    for count in (100, 1000):
        target.project = f"{project}_{count}"
        set_up(bench, target, count)
    target.project = project
    set_up(bench, target)


def prepare_ours(bench, target):
    project = target.project
    for count in (100, 10_000):
        target.project = f"{project}_grown_{count}"
        set_up(bench, target, count)
    target.project = project
    tables.apply_entities(target.api, project)
    target.api.apply_table(tables.flights(), project)
    ingest(bench, target, "(set-up)", "flights")


def wanted(arguments, group):
    return not arguments.only or group in arguments.only


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each row (default 5)")
    parser.add_argument("--seconds", type=float, default=2, help="length of one measurement of reads (default 2)")
    parser.add_argument("--writes", type=int, default=4000, help="objects of one measurement of writes (default 4000)")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that all of it works")
    parser.add_argument("--only", action="append", choices=GROUPS, help="just this group; may be repeated")
    parser.add_argument("--against", metavar="HOST:PORT", help="measure that CoreService on the same calls")
    parser.add_argument("--against-pid", type=int, help="its process, if it is on this machine")
    parser.add_argument("--json", type=pathlib.Path, help="write every single figure there")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds, arguments.writes = 1, 0.3, 400
    return arguments


GROUPS = ("start", "reads", "writes", "probes", "online", "growth", "ingest")


def measure_starts(bench):
    rows = ["empty store", "10,000 tables in the store"]
    grown = bench.scratch / "grown"
    server = feastcore.Server(grown, env=AS_SHIPPED).start()
    target = Target("ours", server.grpc)
    set_up(bench, target, 10_000)
    target.api.close()
    server.stop()
    for turn in range(bench.arguments.rounds):
        start(bench, rows[0], bench.scratch / f"empty_{turn}")
        start(bench, rows[1], grown)
    bench.show("start to first answer, memory then", rows)


def measure_calls(bench, server):
    arguments = bench.arguments
    ours = Target("ours", server.grpc, server.process.pid)
    ours.server = server
    targets = [ours]
    if arguments.against:
        targets.append(Target(arguments.against, arguments.against, arguments.against_pid))
    bench.label = lambda target: (lambda row: row if len(targets) == 1 else f"{row} [{target.name}]")
    for target in targets:
        prepare(bench, target)
    prepare_ours(bench, ours)
    for _ in range(arguments.rounds):
        for target in targets:
            for group, measured in (("reads", reads), ("writes", writes)):
                if wanted(arguments, group):
                    measured(bench, target)
        for group, measured in (("probes", probes), ("online", online), ("growth", growth), ("ingest", ingests)):
            if wanted(arguments, group):
                measured(bench, ours)
        if wanted(arguments, "writes"):
            disk(bench)
    def labelled(rows):
        return [bench.label(target)(row) for row in rows for target in targets]
    bench.show("reads", labelled(READS) + ONLINE)
    bench.show("writes, each durable when answered", labelled(WRITES) + [SYNC] + PROBES + APPLY_GROWTH)
    bench.show("ingestion of Parquet into the embedded online store", INGESTS)
    row = "after all of this"
    bench.note(row, rss_mb=rss_mb(ours.pid), peak_mb=status(ours.pid, "VmHWM") / 1024)
    bench.show("memory of the server", [row])


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="fc-bench-", dir=os.environ.get("FC_BENCH_DIR")) as scratch:
        bench = Bench(arguments, pathlib.Path(scratch))
        print(f"{os.cpu_count()} cores, medians of {arguments.rounds} rounds; "
              f"c = calls under way at once, over at most 8 connections")
        if wanted(arguments, "start"):
            measure_starts(bench)
        if set(arguments.only or GROUPS) != {"start"}:
            server = feastcore.Server(bench.scratch / "data", env=AS_SHIPPED).start()
            try:
                measure_calls(bench, server)
            finally:
                server.stop()
        if arguments.json:
            arguments.json.write_text(json.dumps(bench.found, indent=1))


if __name__ == "__main__":
    main()
