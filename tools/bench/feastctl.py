#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures feastctl against a server of its own: start to output, memory, applies and lists by the thousand.

Medians of several rounds on this machine. `feastctl.py --programs DIR` measures the programs of another build.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import feastcore
from feastapi import BIN_DIR, BUILD_DIR

TABLE = """---
kind: FeatureTable
spec:
  name: table_{number:05}
  entities: [id]
  labels: {{team: ops}}
  features:
{features}
  batchSource:
    type: BATCH_FILE
    eventTimestampColumn: at
    fileOptions: {{fileFormat: {{parquetFormat: {{}}}}, fileUrl: "file:///data/table_{number:05}.parquet"}}
"""
FEATURES = "\n".join(f"  - {{name: feature_{i}, valueType: DOUBLE}}" for i in range(10))


def run(program, server, *words):
    """Seconds, processor seconds and peak MB of one command."""
    environment = {**os.environ, "FEAST_CORE_URL": server.grpc, "HOME": str(server.data_dir)}
    done = subprocess.run([BUILD_DIR / "bench" / "fc-run", program, *map(str, words)], stdout=subprocess.PIPE,
                          env=environment, check=True, text=True)
    found = json.loads(done.stdout)
    if found["code"] != 0:
        raise SystemExit(f"feastctl {' '.join(map(str, words))} ended with {found['code']}")
    return found["seconds"], found["cpu_s"], found["peak_mb"]


class Bench:
    def __init__(self, programs, rounds, scratch):
        self.program = programs / "feastctl"
        self.rounds = rounds
        self.scratch = scratch
        self.server = feastcore.Server(scratch / "data", program=programs / "feast-core",
                                       env={"FEAST_CORE_GRPC_THREADS": "0"}).start()
        self.rows = []

    def measure(self, name, *words, rounds=None, goal_s=None, goal_mb=None):
        found = [run(self.program, self.server, *words) for _ in range(rounds or self.rounds)]
        seconds, cpu, peak = (statistics.median(column) for column in zip(*found))
        self.rows.append({"row": name, "ms": seconds * 1e3, "cpu_ms": cpu * 1e3, "peak_mb": peak})
        goals = [f"goal {goal_s * 1e3:g} ms {'met' if seconds <= goal_s else 'MISSED'}"] if goal_s else []
        goals += [f"goal {goal_mb:g} MB {'met' if peak <= goal_mb else 'MISSED'}"] if goal_mb else []
        print(f"{name:<46} {seconds * 1e3:>9.1f} ms  cpu {cpu * 1e3:>8.1f} ms  peak {peak:>7.1f} MB  {'; '.join(goals)}")

    def tables(self, name, first, count):
        path = self.scratch / name
        path.write_text("kind: Entity\nspec: {name: id, valueType: INT64}\n" + "".join(
            TABLE.format(number=number, features=FEATURES) for number in range(first, first + count)))
        return path

    def all(self):
        self.measure("version -c", "version", "-c")
        self.measure("get projects", "get", "projects", goal_s=0.015, goal_mb=15)
        self.measure("apply 1 000 new tables, validation off", "apply", "--validation=off", "-f",
                     self.tables("first.yaml", 0, 1000), rounds=1, goal_s=3)
        self.measure("apply them again", "apply", "--validation=off", "-f", self.scratch / "first.yaml", rounds=1)
        self.measure("apply 1 000 new tables, --atomic", "apply", "--validation=off", "--atomic", "-f",
                     self.tables("second.yaml", 1000, 1000), rounds=1, goal_s=3)
        self.measure("get table", "get", "table", "table_00500", goal_s=0.015, goal_mb=15)
        self.measure("get tables, 2 000 tables", "get", "tables", rounds=3)
        run(self.program, self.server, "apply", "--validation=off", "-f", self.tables("third.yaml", 2000, 8000))
        for form in ("table", "json", "yaml"):
            self.measure(f"get tables -o {form}, 10 000 tables", "get", "tables", "-o", form, rounds=3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default=BIN_DIR, help="directory of feastctl and feast-core")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fc-bench-") as scratch:
        bench = Bench(arguments.programs, arguments.rounds, pathlib.Path(scratch))
        try:
            bench.all()
        finally:
            bench.server.stop()
        if arguments.json:
            arguments.json.write_text(json.dumps(bench.rows, indent=2) + "\n")


main()
