#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""grpcurl and grpc-health-probe, as people and Kubernetes point them at a server."""

import json
import pathlib
import subprocess

import feastcore
from feastapi import SOURCE_DIR

SETUP = SOURCE_DIR / "tests" / "peers" / "grpc-tools" / "setup.sh"


class GrpcTools(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        found = subprocess.run([SETUP, "--path"], check=True, capture_output=True, text=True)
        cls.tools = pathlib.Path(found.stdout.strip())
        if not (cls.tools / "complete").exists():
            raise AssertionError("grpcurl is not built; run ./dev deps")
        cls.core = cls.class_server()

    def tool(self, name, *arguments, code=0):
        done = subprocess.run([self.tools / name, *arguments], capture_output=True, text=True,
                              timeout=feastcore.PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def grpcurl(self, *arguments, code=0):
        """Flags come first, then the address, then the other words."""
        flags = [word for word in arguments if word.startswith("-")]
        words = [word for word in arguments if not word.startswith("-")]
        return self.tool("grpcurl", "-plaintext", *flags, self.core.grpc, *words, code=code)

    def test_list(self):
        services = self.grpcurl("list").splitlines()
        for service in ("feast.core.CoreService", "feast.serving.ServingService", "feast_spark.api.JobService",
                        "feast.core.JobService", "feast.admin.v1.AdminService", "grpc.health.v1.Health"):
            self.assertIn(service, services)
        methods = self.grpcurl("list", "feast.core.CoreService").splitlines()
        self.assertEqual(len(methods), 18)

    def test_describe(self):
        self.assertIn("rpc ApplyFeatureTable", self.grpcurl("describe", "feast.core.CoreService"))
        self.assertIn("FeatureTableSpec table_spec = 2;",
                      self.grpcurl("describe", "feast.core.ApplyFeatureTableRequest"))

    def test_call(self):
        found = json.loads(self.grpcurl("feast.core.CoreService/GetFeastCoreVersion"))
        self.assertEqual(found, {"version": self.core.ready["version"]})
        self.grpcurl('-d={"spec": {"name": "carrier", "valueType": "STRING"}}', "feast.core.CoreService/ApplyEntity")
        found = json.loads(self.grpcurl('-d={"name": "carrier"}', "feast.core.CoreService/GetEntity"))
        self.assertEqual(found["entity"]["spec"], {"name": "carrier", "valueType": "STRING"})

    def test_error(self):
        # grpcurl ends with 64 + the status code.
        message = self.grpcurl('-d={"name": "nobody"}', "feast.core.CoreService/GetEntity", code=64 + 5)
        self.assertIn("Code: NotFound", message)
        self.assertIn("ENTITY_NOT_FOUND", message)

    def test_health(self):
        self.tool("grpc-health-probe", f"-addr={self.core.grpc}")
        self.tool("grpc-health-probe", f"-addr={self.core.grpc}", "-service=feast.core.CoreService")
        self.tool("grpc-health-probe", f"-addr={self.core.grpc}", "-service=no.such.Service", code=3)
        self.tool("grpc-health-probe", "-addr=127.0.0.1:1", code=2)


if __name__ == "__main__":
    feastcore.run()
