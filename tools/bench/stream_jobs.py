#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Many streams of one server: how long the loop takes that looks which streams there should be, and what the server needs.
The workers are stand-ins (stream_stand_in.c) that follow nothing and report once a second: a machine that fits hundreds
of real ones is not what this is about.

    tools/bench/run stream_jobs [--streams N] [--seconds S]
"""

import argparse
import json
import pathlib
import tempfile
import time
import urllib.request

import feasttables as tables
from feastapi import BUILD_DIR, source_pb
from feastcore import Server, wait_until

FEATURES = {f"feature_{number}": "DOUBLE" for number in range(10)}
GOAL_MS, GOAL_MB = 100, 100


def figures(server):
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=60) as reply:
        lines = reply.read().decode().splitlines()
    samples = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(number) for name, _, number in samples}


def spec(number):
    stream = source_pb.DataSource(type=source_pb.DataSource.STREAM_KAFKA, event_timestamp_column="ts")
    stream.kafka_options.bootstrap_servers = "127.0.0.1:9092"
    stream.kafka_options.topic = f"topic_{number}"
    stream.kafka_options.message_format.proto_format.class_path = "com.example.Message"
    batch = tables.file_source("/nonexistent/rows.parquet", "ts")
    return tables.table(f"table_{number:05}", ["key"], FEATURES, batch, 86400, stream_source=stream)


def memory_mb(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"no {key} of {pid}")


def next_pass(server, change):
    """Milliseconds of the pass that a change brought on."""
    before = figures(server)["feast_core_stream_reconcile_passes_total"]
    change()
    wait_until(lambda: figures(server)["feast_core_stream_reconcile_passes_total"] > before, "a pass of the loop")
    return figures(server)["feast_core_stream_reconcile_last_seconds"] * 1000


def measure(server, arguments):
    api, count = server.api, arguments.streams
    api.apply_entity("key", "INT64")
    begun = time.monotonic()
    for number in range(count):
        api.apply_table(spec(number), mode="off")
    wait_until(lambda: figures(server).get("feast_core_streams_running") == count, f"{count} streams")
    took = time.monotonic() - begun
    cpu = figures(server)["process_cpu_seconds_total"]
    time.sleep(arguments.seconds)
    now = figures(server)
    passes = [next_pass(server, lambda: api.apply_entity(f"other_{turn}", "INT64")) for turn in range(5)]
    rows = sum(value for name, value in now.items() if name.startswith("feast_core_stream_rows_read_total"))
    return {"streams": count, "all_running_s": round(took, 2), "pass_ms": round(sorted(passes)[2], 2),
            "pass_max_ms": round(max(passes), 2), "rss_mb": round(memory_mb(server.process.pid, "VmRSS"), 1),
            "peak_mb": round(memory_mb(server.process.pid, "VmHWM"), 1),
            "cpu_share": round((now["process_cpu_seconds_total"] - cpu) / arguments.seconds, 3),
            "rows_told": int(rows)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fc-bench-") as scratch:
        server = Server(pathlib.Path(scratch) / "data", "--worker-path", str(BUILD_DIR / "bench" / "fc-stream-stand-in"),
                        "--stream-parallel", str(arguments.streams), "--log-level", "error",
                        env={"FEAST_CORE_GRPC_THREADS": "0"})
        server.start()
        try:
            found = measure(server, arguments)
        finally:
            begun = time.monotonic()
            server.stop()
        found["stop_s"] = round(time.monotonic() - begun, 2)
    if arguments.json:
        print(json.dumps(found))
        return
    met = found["pass_max_ms"] <= GOAL_MS and found["peak_mb"] <= GOAL_MB
    print(f"{found['streams']} streams, their workers stand-ins that report once a second")
    print(f"  a pass of the loop    {found['pass_ms']:8.2f} ms, at most {found['pass_max_ms']:.2f} ms (goal {GOAL_MS} ms)")
    print(f"  memory of the server  {found['rss_mb']:8.1f} MB, at most {found['peak_mb']:.1f} MB (goal {GOAL_MB} MB)")
    print(f"  processor             {found['cpu_share']:8.3f} of one, while all report")
    print(f"  applied and running   {found['all_running_s']:8.2f} s, stopped in {found['stop_s']:.2f} s")
    print(f"  goals {'met' if met else 'MISSED'}")


if __name__ == "__main__":
    main()
