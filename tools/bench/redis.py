#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Redis as online store, in a real server on this machine: ingestion beside what redis-benchmark reaches with hashes of the
same size in pipelines of the same depth, and online reads of one row of ten features.

    FC_SOURCE_DIR=. FC_BUILD_DIR=build/release FC_BIN_DIR=build/release/bin PYTHONPATH=tests/lib \
        tests/peers/feast-client/python tools/bench/redis.py [--rows N] [--seconds S]
"""

import argparse
import json
import pathlib
import re
import struct
import subprocess
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import feasttables as tables
from feastapi import BUILD_DIR, serving_pb, value
from feastcore import Server, wait_until
from redisserver import PASSWORD, Redis

FEATURES = {f"feature_{number}": "DOUBLE" for number in range(10)}
# As many rows as the sink sends at once.
PIPELINE = 512
PASSWORD_ENV = "FEAST_CORE_ONLINE_STORE_PASSWORD"
READ = "/feast.serving.ServingService/GetOnlineFeaturesV2"


def write(path, rows):
    chance = np.random.default_rng(1)
    columns = {"driver": pa.array(chance.permutation(rows), pa.int64()),
               "event_timestamp": pa.array(np.full(rows, 1_700_000_000_000_000), pa.timestamp("us", tz="UTC"))}
    columns.update({name: pa.array(chance.random(rows)) for name in FEATURES})
    pq.write_table(pa.table(columns), path)


def benchmark(redis, rows):
    """Hashes a second: a key as long as ours, three fields of times, ten features of nine octets."""
    fields = [word for number in range(len(FEATURES)) for word in (f"f{number:03}", "123456789")]
    command = ["redis-benchmark", "-p", redis.port, "-a", PASSWORD, "-n", rows, "-r", rows, "-P", PIPELINE, "-c", 1, "-q",
               "HSET", "default-driver-__rand_int__", "_ts:trips", "123456", "_ex:trips", "1234567",
               "_fc:trips", "1234567890123456", *fields]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return float(re.findall(r"([\d.]+) requests per second", done.stdout.replace("\r", "\n"))[-1])


def ingest(server, redis, rows):
    job = server.api.start_ingestion("trips").id
    wait_until(lambda: server.api.get_job(job).status >= 3, "the end of the job")
    detail = server.api.job_detail(job)
    if detail.receipt.rows_written != rows:
        raise SystemExit(f"not all rows were written: {detail}")
    with redis.client() as client:
        if client.call("DBSIZE") != rows:
            raise SystemExit("Redis has another number of keys")
    return rows / detail.receipt.seconds


def reads(server, scratch, rows, seconds):
    path = scratch / "requests"
    with path.open("wb") as file:
        for number in range(0, rows, max(1, rows // 2000)):
            request = serving_pb.GetOnlineFeaturesRequestV2()
            for name in FEATURES:
                request.features.add(feature_table="trips", name=name)
            request.entity_rows.add(fields={"driver": value("INT64", number)})
            data = request.SerializeToString()
            file.write(struct.pack(">I", len(data)) + data)
    done = subprocess.run([BUILD_DIR / "bench" / "fc-load", "--target", server.grpc, "--method", READ, "--requests", path,
                           "--inflight", "16", "--connections", "8", "--seconds", str(seconds)],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=5)
    arguments = parser.parse_args()
    redis = Redis().start()
    with tempfile.TemporaryDirectory(prefix="fc-bench-") as name:
        scratch = pathlib.Path(name)
        server = Server(scratch / "data", "--online-store-default", f"redis://127.0.0.1:{redis.port}",
                        env={PASSWORD_ENV: PASSWORD})
        try:
            possible = benchmark(redis, arguments.rows)
            with redis.client() as client:
                client.call("FLUSHALL")
            write(scratch / "trips.parquet", arguments.rows)
            server.start()
            tables.apply_entities(server.api, driver="INT64")
            server.api.apply_table(tables.table("trips", ["driver"], FEATURES,
                                                tables.file_source(scratch / "trips.parquet"), 10**9))
            reached = ingest(server, redis, arguments.rows)
            read = reads(server, scratch, arguments.rows, arguments.seconds)
        finally:
            server.stop()
            redis.close()
    print(f"{arguments.rows:,} rows of {len(FEATURES)} features into Redis: {reached:,.0f} rows/s; "
          f"redis-benchmark with such hashes: {possible:,.0f} ({reached / possible:.0%})")
    print(f"GetOnlineFeaturesV2 over Redis, 1 row of {len(FEATURES)} features, c=16: {read['rps']:,.0f} calls/s, "
          f"p50 {read['p50_us']} us, p99 {read['p99_us']} us")


if __name__ == "__main__":
    main()
