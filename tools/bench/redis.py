# SPDX-License-Identifier: Apache-2.0
"""Redis as online store, in a real server on this machine, which has the same cores: rows into it beside what
redis-benchmark reaches with hashes of the same size in pipelines of the same depth, and reads from it beside those from
the embedded store.

Bounds stand beside the figures: what Redis needs for a script of a row that does nothing, and for looking at a row's
times, writing it and setting its expiry as three plain commands, which no two writers could do at once.
"""

import re
import subprocess
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import feastcore
import feasttables as tables
from feastapi import serving_pb, value
from feastcore import wait_until
from redisserver import PASSWORD, Redis

FEATURES = {f"feature_{number}": "DOUBLE" for number in range(10)}
ROWS = 1_000_000
# By the bare client, which makes them all before it begins.
PLAIN_ROWS = 200_000
# As many rows as the sink sends at once.
PIPELINE = 512
PASSWORD_ENV = "FEAST_CORE_ONLINE_STORE_PASSWORD"
READ = "/feast.serving.ServingService/GetOnlineFeaturesV2"
MAX_AGE = 10**9

NEW = "ingestion, new keys"
THERE = "ingestion, keys that are there"
SET_NEW = "redis-benchmark, HSET of such hashes, new keys"
SET_THERE = "redis-benchmark, HSET of such hashes, keys that are there"
SHARE = "share of redis-benchmark, new keys"
SHARE_THERE = "share of redis-benchmark, keys that are there"
EMPTY = "redis-benchmark, a script of a row that does nothing"
PLAIN = "HMGET, HSET, EXPIREAT, keys that are there, by a bare client"
WRITES = [SET_NEW, NEW, SHARE, SET_THERE, THERE, SHARE_THERE, EMPTY, PLAIN]
READS = {"sqlite": "GetOnlineFeaturesV2, 1 row, 10 features, SQLite, c=16",
         "redis": "GetOnlineFeaturesV2, 1 row, 10 features, Redis, c=16"}
GOALS = {SHARE: [("ratio", ">=", 0.8)], READS["sqlite"]: [("rps", ">=", 20_000)], READS["redis"]: [("rps", ">=", 15_000)]}

# A key as long as ours, three fields of times, ten features of nine octets.
FIELDS = ["_ts:trips", "123456", "_ex:trips", "1234567", "_fc:trips", "1234567890123456",
          *(word for number in range(len(FEATURES)) for word in (f"f{number:03}", "123456789"))]


def write(path):
    chance = np.random.default_rng(1)
    columns = {"driver": pa.array(chance.permutation(ROWS), pa.int64()),
               "event_timestamp": pa.array(np.full(ROWS, 1_700_000_000_000_000), pa.timestamp("us", tz="UTC"))}
    columns.update({name: pa.array(chance.random(ROWS)) for name in FEATURES})
    pq.write_table(pa.table(columns), path)


def benchmark(redis, keys, *command):
    """Commands a second, over keys of so many numbers."""
    words = ["redis-benchmark", "-p", redis.port, "-a", PASSWORD, "-n", ROWS, "-r", keys, "-P", PIPELINE, "-c", 1, "-q",
             *command]
    done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
    return float(re.findall(r"([\d.]+) requests per second", done.stdout.replace("\r", "\n"))[-1])


def plain(redis):
    """Rows a second, by a client that does nothing but send and drop answers."""
    def command(*words):
        return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)

    def row(number):
        key = f"default-driver-{number:012}"
        return (command("HMGET", key, "_ts:trips", "_fc:trips") + command("HSET", key, *FIELDS)
                + command("EXPIREAT", key, "4000000000"))

    data = "".join(row(number) for number in range(PLAIN_ROWS)).encode() + command("ECHO", "the end").encode()
    with redis.client() as client:
        for _ in range(2):  # the keys are there the second time
            sender = threading.Thread(target=client.socket.sendall, args=(data,))
            began, tail = time.perf_counter(), b""
            sender.start()
            while b"the end" not in tail:
                tail = tail[-16:] + client.socket.recv(1 << 20)
            sender.join()
            took = time.perf_counter() - began
    return PLAIN_ROWS / took


def flush(redis):
    with redis.client() as client:
        client.call("FLUSHALL")


def possible(bench, redis):
    flush(redis)
    bench.note(SET_NEW, rps=benchmark(redis, 10**11, "HSET", "default-driver-__rand_int__", *FIELDS))
    flush(redis)
    for again in range(2):
        reached = benchmark(redis, ROWS, "HSET", "default-driver-__rand_int__", *FIELDS)
    bench.note(SET_THERE, rps=reached)
    with redis.client() as client:
        sha = client.call("SCRIPT", "LOAD", "return 1").decode()
    bench.note(EMPTY, rps=benchmark(redis, ROWS, "EVALSHA", sha, 1, "default-driver-__rand_int__", *FIELDS))
    bench.note(PLAIN, rps=plain(redis))
    flush(redis)


def ingest(bench, row, target, redis):
    job = target.api.start_ingestion("trips").id
    wait_until(lambda: target.api.get_job(job).status >= 3, "the end of the job")
    receipt = target.api.job_detail(job).receipt
    with redis.client() as client:
        if receipt.rows_written != ROWS or client.call("DBSIZE") != ROWS:
            raise SystemExit(f"not all rows were written: {receipt}")
    bench.note(row, rps=ROWS / receipt.seconds)


def requests():
    for number in range(0, ROWS, ROWS // 2000):
        request = serving_pb.GetOnlineFeaturesRequestV2()
        for name in FEATURES:
            request.features.add(feature_table="trips", name=name)
        request.entity_rows.add(fields={"driver": value("INT64", number)})
        yield request


def set_up(target, path):
    tables.apply_entities(target.api, driver="INT64")
    target.api.apply_table(tables.table("trips", ["driver"], FEATURES, tables.file_source(path), MAX_AGE))


def measure(bench, make_target):
    path = bench.scratch / "trips.parquet"
    write(path)
    redis = Redis().start()
    stores = {"redis": ["--online-store-default", f"redis://127.0.0.1:{redis.port}"], "sqlite": []}
    servers = {name: feastcore.Server(bench.scratch / f"online_{name}", *options,
                                      env={PASSWORD_ENV: PASSWORD, "FEAST_CORE_GRPC_THREADS": "0"})
               for name, options in stores.items()}
    try:
        targets = {name: make_target("ours", server.start().grpc, server.process.pid, server)
                   for name, server in servers.items()}
        for target in targets.values():
            set_up(target, path)
        job = targets["sqlite"].api.start_ingestion("trips").id
        wait_until(lambda: targets["sqlite"].api.get_job(job).status >= 3, "the end of the job")
        for _ in range(bench.arguments.rounds):
            possible(bench, redis)
            ingest(bench, NEW, targets["redis"], redis)
            ingest(bench, THERE, targets["redis"], redis)
            for name, row in READS.items():
                bench.measure(row, targets[name], READ, requests(), 16)
        bench.compare(SHARE, NEW, SET_NEW, "rps")
        bench.compare(SHARE_THERE, THERE, SET_THERE, "rps")
    finally:
        for server in servers.values():
            server.stop()
        redis.close()
    bench.show(f"{ROWS:,} rows of {len(FEATURES)} features into Redis", WRITES)
    bench.show("online reads", list(READS.values()))
