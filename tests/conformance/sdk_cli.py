#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unmodified command line `feast` 0.9.9."""

import json
import os
import pathlib
import subprocess
import sys

import sdk  # first: it imports the real packages

import yaml

import feastcore
import feasttables as tables


class Cli(sdk.SdkTest):
    def feast(self, *arguments, code=0):
        environment = {**os.environ, "FEAST_CORE_URL": self.core.grpc, "FEAST_SERVING_URL": self.core.grpc,
                       "FEAST_TELEMETRY": "False", "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", pathlib.Path(sys.executable).parent / "feast", *arguments],
            env=environment, capture_output=True, text=True, timeout=feastcore.PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def example(self, name):
        """A file of examples/flights with the place of this checkout in it."""
        text = (tables.FLIGHTS_DIR / name).read_text().replace("@CHECKOUT@", str(tables.SOURCE_DIR.absolute()))
        path = self.name("example")
        path = path.with_suffix(".yaml")
        path.write_text(text)
        return path

    def rows(self, *arguments):
        header, *lines = self.feast(*arguments).splitlines()
        return header.split(), [line.split() for line in lines]

    def test_1_version(self):
        found = json.loads(self.feast("version", "--core-url", self.core.grpc, "--serving-url", self.core.grpc))
        self.assertEqual(found["core"]["version"], self.core.ready["version"])

    def test_2_projects(self):
        self.feast("projects", "create", "rides")
        self.assertEqual(self.rows("projects", "list"), (["NAME"], [["default"], ["rides"]]))
        self.assertIn("Project already exists: rides", self.feast("projects", "create", "rides", code=1))

    def test_3_entities(self):
        self.feast("entities", "apply", "-f", self.example("entities.yaml"))
        header, rows = self.rows("entities", "list", "-l", "domain,aviation")
        self.assertEqual(header, ["NAME", "DESCRIPTION", "TYPE"])
        self.assertEqual([row[0] for row in rows], ["carrier", "flight"])
        found = yaml.safe_load(self.feast("entities", "describe", "carrier"))
        self.assertEqual(found["spec"]["valueType"], "STRING")
        self.assertEqual(found["spec"]["labels"], {"domain": "aviation"})

    def test_4_feature_tables(self):
        self.feast("feature-tables", "apply", "-f", self.example("flights.yaml"))
        header, rows = self.rows("feature-tables", "list")
        self.assertEqual((header, [row[0] for row in rows]), (["NAME", "ENTITIES"], ["flights"]))
        found = yaml.safe_load(self.feast("feature-tables", "describe", "flights"))
        self.assertEqual([feature["name"] for feature in found["spec"]["features"]], list(tables.FLIGHTS_FEATURES))

    def test_5_what_describe_prints_can_be_applied(self):
        path = self.name("described").with_suffix(".yaml")
        path.write_text(self.feast("feature-tables", "describe", "flights"))
        self.feast("feature-tables", "apply", "-f", path)
        self.assertEqual(self.core.api.get_table("flights").meta.revision, 0)

    def test_6_a_table_that_does_not_fit(self):
        message = self.feast("feature-tables", "apply", "-f", self.example("flights-wrong.yaml"), code=1)
        for column in ("Origin", "tailnum", "dep_delays", "sched_dep_time"):
            self.assertIn(column, message)


if __name__ == "__main__":
    feastcore.run()
