#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures feast-core on this machine: start, memory, calls, applies with and without a look at the source,
online reads, ingestion. Every figure is the median of several rounds; rounds of different rows are
interleaved, so that a busy minute hits all of them alike. Processor time is of the server alone and is
the figure to compare: on two cores the load generator takes a part of what calls a second could be.
What bounds a figure from outside is measured beside it: the disk's own syncs, and a server on the same
library that does nothing. docs/internals/performance.md says how to read it and what was found.

With --against the calls that any CoreService knows are measured on that address too, round by round.

Programs of their own, not part of this one: `./dev bench spark` (the same rows into Redis by a job of ours and by pyspark,
side by side), `./dev bench ingest_stream`, `./dev bench stream_jobs`; each has --help.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time
import urllib.request

import crowd
import feastcore
import feasttables as tables
import large
import objects
import redis
import streams
from feastapi import BUILD_DIR, Api, ValueType, core_pb, entity_pb, jobs_pb, serving_pb, source_pb, value

CORE = "/feast.core.CoreService/"
OFF = "feast-validation=off"
# Tests start more threads; the tables of the bench have streams at brokers that are not there.
AS_SHIPPED = {"FEAST_CORE_GRPC_THREADS": "0", "FEAST_CORE_STREAM_ENABLED": "false"}

# What has to be reached: a figure of a row, the bound, and whether the figure has to be below or above it.
GOALS = {}


def goal(row, figure, sense, bound):
    GOALS.setdefault(row, []).append((figure, sense, bound))
    return row


class Target:
    """A server to measure: ours (with its process) or another address."""

    def __init__(self, name, address, pid=None, server=None):
        self.name = name
        self.address = address
        self.pid = pid
        self.server = server
        self.api = Api(address)
        self.sequence = 0
        self.project = f"bench_{int(time.time())}"

    def fresh(self, count):
        """Numbers that were not used for a name yet."""
        self.sequence += count
        return range(self.sequence - count, self.sequence)

    def inside(self, method):
        """Seconds from arrival to answer of all calls of a method so far, by the server's clock, and their number."""
        with urllib.request.urlopen(f"http://{self.server.http}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return [float(line.split()[-1]) for figure in ("sum", "count") for line in lines
                if line.startswith(f"grpc_server_handling_seconds_{figure}{{") and f'grpc_method="{method}"' in line]


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

    def run(self, program, *arguments, env=None):
        """A program of this bench that prints one JSON object."""
        done = subprocess.run([BUILD_DIR / "bench" / program, *map(str, arguments)], check=True,
                              stdout=subprocess.PIPE, text=True, env=dict(os.environ, **(env or {})))
        return json.loads(done.stdout)

    def compare(self, row, above, below, figure):
        """Notes the ratio of two rows, round by round: what slows a round slows both."""
        pairs = zip(self.found[above][figure], self.found[below][figure])
        self.note(row, ratio=statistics.median(one / other for one, other in pairs))

    def verdict(self, row):
        """What was asked of a row and whether it was met."""
        told = []
        for figure, sense, bound in GOALS.get(row, []):
            found = statistics.median(self.found[row][figure])
            met = found <= bound if sense == "<=" else found >= bound
            told.append(f"goal {figure} {sense} {bound:,g}: {'met' if met else 'MISSED'}")
        return "; ".join(told)

    def show(self, title, rows):
        units = {"ratio": "ratio {:>6.3f}",
                 "rps": "{:>11,.0f}/s", "p50_us": "p50 {:>9,.0f} us", "mean_us": "mean {:>8,.0f} us",
                 "p99_us": "p99 {:>9,.0f} us",
                 "cpu_us": "cpu {:>7,.1f} us", "ms": "{:>9,.1f} ms", "rss_mb": "RSS {:>6,.1f} MB",
                 "peak_mb": "peak RSS {:>6,.1f} MB", "cpu_s": "cpu {:>6,.2f} s", "seconds": "{:>7,.2f} s",
                 "threads": "{:>4,.0f} threads", "requests": "{:>4,.0f} requests"}
        rows = [row for row in rows if row in self.found]
        if rows:
            print(f"\n{title}", flush=True)
        for row in rows:
            cells = [units[name].format(statistics.median(values))
                     for name, values in self.found[row].items()]
            print(f"  {row:<62} " + "  ".join(cells + [self.verdict(row)]).rstrip(), flush=True)


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

# Row -> calls under way, connections.
VERSION = {"GetFeastCoreVersion, c=1": (1, 1),
           goal("GetFeastCoreVersion, c=16", "cpu_us", "<=", 13): (16, 8),
           goal("GetFeastCoreVersion, c=16 over 1 connection", "cpu_us", "<=", 13): (16, 1),
           goal("GetFeastCoreVersion, c=64", "cpu_us", "<=", 13): (64, 8)}
BARE = {"the same by a server that does nothing, c=16": (16, 8),
        "the same by a server that does nothing, c=16 over 1 connection": (16, 1),
        "the same by a server that does nothing, c=64": (64, 8)}
GET = [goal("GetFeatureTable (20 features), c=16", "cpu_us", "<=", 20), "GetFeatureTable (20 features), c=64"]
LIST = [goal("ListFeatureTables, 100 tables, c=4", "rps", ">=", 2000),
        goal("ListFeatureTables, 1000 tables, c=4", "rps", ">=", 200)]


def reads(bench, target):
    label = bench.label(target)
    version = [core_pb.GetFeastCoreVersionRequest()]
    for row, (inflight, connections) in VERSION.items():
        bench.measure(label(row), target, CORE + "GetFeastCoreVersion", version, inflight, connections=connections)
    gets = [core_pb.GetFeatureTableRequest(project=target.project, name=f"table_{number}") for number in range(100)]
    for row, inflight in zip(GET, (16, 64)):
        bench.measure(label(row), target, CORE + "GetFeatureTable", gets, inflight)
    for row, count in zip(LIST, (100, 1000)):
        lists = [core_pb.ListFeatureTablesRequest(filter={"project": f"{target.project}_{count}"})]
        bench.measure(label(row), target, CORE + "ListFeatureTables", lists, 4)


def bare(bench):
    """What the library itself takes for a call: no server on it can do with less."""
    method = CORE + "GetFeastCoreVersion"
    with subprocess.Popen([BUILD_DIR / "bench" / "fc-bare", method], stdout=subprocess.PIPE, text=True) as process:
        target = Target("bare", process.stdout.readline().strip(), process.pid)
        for row, (inflight, connections) in BARE.items():
            bench.measure(row, target, method, [core_pb.GetFeastCoreVersionRequest()], inflight,
                          connections=connections)
        target.api.close()
        process.kill()


WRITES = ["ApplyEntity new, c=1", goal("ApplyEntity new, c=16", "rps", ">=", 5000),
          "ApplyFeatureTable new, validation off, c=1",
          goal("ApplyFeatureTable new, validation off, c=16", "rps", ">=", 3000)]
DISK = ["the disk alone: 4 KiB written over and synced", "the disk alone: 24 KiB, as much as an apply commits"]
# What a lone apply is made of: the round trip of a call that does nothing, and what lies between its arrival and its
# answer, which is the part of the service.
TRIP = "a call that does nothing, c=1: the round trip alone"
INSIDE = "ApplyEntity c=1, from arrival to answer within the server"
OWN_SHARE = "the disk's time for as much, as a share of that"
BOUND = "share of the disk's rate, if an apply were that round trip and the disk alone"


def writes(bench, target):
    label = bench.label(target)
    few, many = bench.arguments.writes // 10, bench.arguments.writes
    for row, make, method, count, inflight in (
            (WRITES[0], entity_request, "ApplyEntity", few, 1),
            (WRITES[1], entity_request, "ApplyEntity", many, 16),
            (WRITES[2], table_request, "ApplyFeatureTable", few, 1),
            (WRITES[3], table_request, "ApplyFeatureTable", many, 16)):
        requests = [make(target, number, "new") for number in target.fresh(count)]
        before = target.inside(method) if row == WRITES[0] and target.server else None
        bench.measure(label(row), target, CORE + method, requests, inflight, once=True, metadata=OFF)
        if before:
            note_inside(bench, INSIDE, target, method, before)
    if target.server:
        bench.measure(TRIP, target, CORE + "GetFeastCoreVersion", [core_pb.GetFeastCoreVersionRequest()], 1)


def note_inside(bench, row, target, method, before):
    seconds, count = (now - then for now, then in zip(target.inside(method), before))
    bench.note(row, rps=count / seconds, mean_us=seconds * 1e6 / count)


def disk(bench):
    for row, size in zip(DISK, (4096, 6 * 4096)):
        bench.note(row, **bench.run("fc-disk", bench.scratch / f"disk_{size}", size, bench.arguments.seconds / 4))


# Syncs that take a given time and do nothing stand for another disk: the peer's figures come from one whose sync takes
# some 6 ms. No sync at all leaves what the server and the calls themselves take.
SYNC_US = {0: "SIMULATED, no syncs", 6000: "SIMULATED, a sync takes 6 ms"}
SHARE = goal("ApplyEntity c=1 as a share of the disk's own rate", "ratio", ">=", 0.9)


def simulated(us):
    return dict(AS_SHIPPED, LD_PRELOAD=str(BUILD_DIR / "bench" / "libfc-sync-us.so"), FC_BENCH_SYNC_US=str(us))


def other_disks(bench, targets):
    for us, target in targets.items():
        count = 400 if us == 0 else 60
        requests = [entity_request(target, number, "new") for number in target.fresh(count)]
        before = target.inside("ApplyEntity")
        bench.measure(f"ApplyEntity new, c=1; {SYNC_US[us]}", target, CORE + "ApplyEntity", requests, 1, once=True,
                      metadata=OFF)
        note_inside(bench, f"{INSIDE}; {SYNC_US[us]}", target, "ApplyEntity", before)
        if us > 0:
            bench.note(f"the disk alone; {SYNC_US[us]}", **bench.run(
                "fc-disk", bench.scratch / "disk_simulated", 4096, bench.arguments.seconds / 4, env=simulated(us)))


PROBES = ["ApplyFeatureTable new, source looked at, c=1", "ApplyFeatureTable new, source looked at, c=16"]


def probes(bench, target):
    for row, inflight in zip(PROBES, (1, 16)):
        requests = []
        for number in target.fresh(bench.arguments.writes // 40):
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


STREAMS = [streams.OFF, goal(streams.LOOKED_AT, "p50_us", "<=", streams.GOAL_US)]


def kafka(bench, target):
    """The broker, filled; None when it is not installed."""
    if not wanted(bench.arguments, "streams"):
        return None
    try:
        return streams.prepare(bench, target)
    except SystemExit as missing:
        print(f"streams are not measured: {missing}", flush=True)
        return None


GROWTH = ["ApplyFeatureTable new, 100 tables in the project, c=16",
          "ApplyFeatureTable new, 10,000 tables in the project, c=16"]
GROWN = goal("processor time with 10,000 tables against that with 100", "ratio", "<=", 1.2)


def growth(bench, target):
    project = target.project
    small = f"{project}_grown_100_{target.fresh(1)[0]}"  # a new one, since it grows while it is measured
    target.project = small
    set_up(bench, target, 100)
    for row, target.project in zip(GROWTH, (small, f"{project}_grown_10000")):
        requests = [table_request(target, number, "new") for number in target.fresh(bench.arguments.writes // 8)]
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
    if wanted(bench.arguments, "growth"):
        target.project = f"{project}_grown_10000"
        set_up(bench, target, 10_000)
    target.project = project
    tables.apply_entities(target.api, project)
    target.api.apply_table(tables.flights(), project)
    ingest(bench, target, "(set-up)", "flights")


def wanted(arguments, group):
    return not arguments.only or group in arguments.only


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each row (default 5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of one measurement of reads (default 1.5)")
    parser.add_argument("--writes", type=int, default=4000, help="objects of one measurement of writes (default 4000)")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that all of it works")
    parser.add_argument("--only", action="append", choices=GROUPS, help="just this group; may be repeated")
    parser.add_argument("--against", metavar="HOST:PORT",
                        help="measure that CoreService on the same calls; it keeps what is written there. With a slow "
                             "one, lower --writes and --rounds")
    parser.add_argument("--against-pid", type=int, help="its process, if it is on this machine")
    parser.add_argument("--json", type=pathlib.Path, help="write every single figure there")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds, arguments.writes = 1, 0.3, 400
    return arguments


GROUPS = ("start", "reads", "writes", "probes", "streams", "online", "growth", "ingest", "large", "crowd", "objects", "redis")


STARTS = ["empty store", "10,000 tables in the store"]
MEMORY = goal("after all of this", "peak_mb", "<=", 80)
for _row in STARTS:
    goal(_row, "ms", "<=", 100)
    goal(_row, "rss_mb", "<=", 30)


def measure_starts(bench):
    grown = bench.scratch / "grown"
    server = feastcore.Server(grown, env=AS_SHIPPED).start()
    target = Target("ours", server.grpc)
    set_up(bench, target, 10_000)
    target.api.close()
    server.stop()
    for turn in range(bench.arguments.rounds):
        start(bench, STARTS[0], bench.scratch / f"empty_{turn}")
        start(bench, STARTS[1], grown)
    bench.show("start to first answer, memory then", STARTS)


def one_round(bench, turn, targets, others):
    arguments, ours = bench.arguments, targets[0]
    for target in targets:
        for group, measured in (("reads", reads), ("writes", writes)):
            if wanted(arguments, group):
                measured(bench, target)
    if wanted(arguments, "reads"):
        bare(bench)
    if wanted(arguments, "writes"):
        disk(bench)
        other_disks(bench, others)
    for group, measured in (("probes", probes), ("online", online), ("growth", growth)):
        if wanted(arguments, group):
            measured(bench, ours)
    if wanted(arguments, "ingest") and turn % 2 == 0:  # it takes long, and varies little
        ingests(bench, ours)


def show_calls(bench, targets):
    def labelled(rows):
        return [bench.label(target)(row) for row in rows for target in targets]

    slow = SYNC_US[6000]
    share = f"{SHARE}; {slow}"
    GOALS[share] = GOALS[SHARE]
    if wanted(bench.arguments, "writes"):
        first = labelled(WRITES)[0]
        bench.compare(SHARE, first, DISK[0], "rps")
        bench.compare(share, f"ApplyEntity new, c=1; {slow}", f"the disk alone; {slow}", "rps")
        bench.compare(OWN_SHARE, INSIDE, DISK[1], "rps")
        bench.compare(f"{OWN_SHARE}; {slow}", f"{INSIDE}; {slow}", f"the disk alone; {slow}", "rps")
        pairs = zip(bench.found[TRIP]["rps"], bench.found[DISK[0]]["rps"])
        bench.note(BOUND, ratio=statistics.median(trip / (trip + disk) for trip, disk in pairs))
    if wanted(bench.arguments, "growth"):
        bench.compare(GROWN, GROWTH[1], GROWTH[0], "cpu_us")
    bench.show("reads", labelled(VERSION) + list(BARE) + labelled(GET + LIST) + ONLINE)
    bench.show("writes, each durable when answered", labelled(WRITES) + DISK + [SHARE, TRIP, BOUND, INSIDE, OWN_SHARE])
    bench.show("writes, as they would be on other disks", [
        f"ApplyEntity new, c=1; {SYNC_US[0]}", f"{INSIDE}; {SYNC_US[0]}", f"ApplyEntity new, c=1; {slow}",
        f"the disk alone; {slow}", share, f"{INSIDE}; {slow}", f"{OWN_SHARE}; {slow}"])
    bench.show("writes into a project that has grown", GROWTH + [GROWN])
    bench.show("writes after a look at the source (Parquet, 1,000 rows sampled)", PROBES)
    bench.show("writes after a look at the source (Kafka, 1,000 messages sampled)", STREAMS)
    bench.show("ingestion of Parquet into the embedded online store", INGESTS)


def measure_calls(bench, server, simulations):
    arguments = bench.arguments
    ours = Target("ours", server.grpc, server.process.pid, server)
    targets = [ours]
    if arguments.against:
        targets.append(Target(arguments.against, arguments.against, arguments.against_pid))
    others = {us: Target(SYNC_US[us], one.grpc, one.process.pid, one) for us, one in simulations.items()}
    bench.label = lambda target: (lambda row: row if len(targets) == 1 else f"{row} [{target.name}]")
    for row in list(GOALS):  # of ours alone
        GOALS[bench.label(ours)(row)] = GOALS[row]
    for target in targets:
        prepare(bench, target)
    prepare_ours(bench, ours)
    broker = kafka(bench, ours)
    try:
        for turn in range(arguments.rounds):
            one_round(bench, turn, targets, others)
            if broker:
                streams.measure(bench, ours, broker)
    finally:
        if broker:
            broker.stop()
    show_calls(bench, targets)
    bench.note(MEMORY, rss_mb=rss_mb(ours.pid), peak_mb=status(ours.pid, "VmHWM") / 1024)
    bench.show("memory of the server", [MEMORY])


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="fc-bench-", dir=os.environ.get("FC_BENCH_DIR")) as scratch:
        bench = Bench(arguments, pathlib.Path(scratch))
        print(f"{os.cpu_count()} cores, medians of {arguments.rounds} rounds; "
              f"c = calls under way at once, over at most 8 connections where none are told")
        if wanted(arguments, "start"):
            measure_starts(bench)
        if wanted(arguments, "crowd"):
            GOALS.update(crowd.GOALS)
            crowd.measure(bench, Target, rss_mb)
        if wanted(arguments, "objects"):
            GOALS.update(objects.GOALS)
            objects.measure(bench, Target, rss_mb)
        if wanted(arguments, "redis"):
            GOALS.update(redis.GOALS)
            redis.measure(bench, Target)
        if wanted(arguments, "large"):
            GOALS.update(large.GOALS)
            large.measure(bench, Target, ingest)
        if set(arguments.only or GROUPS) - {"start", "crowd", "objects", "large", "redis"}:
            with contextlib.ExitStack() as stack:
                def started(name, env):
                    server = feastcore.Server(bench.scratch / name, env=env).start()
                    stack.callback(server.stop)
                    return server

                measure_calls(bench, started("data", AS_SHIPPED),
                              {us: started(f"data_{us}", simulated(us)) for us in SYNC_US})
        if arguments.json:
            arguments.json.write_text(json.dumps(bench.found, indent=1))


if __name__ == "__main__":
    main()
