# SPDX-License-Identifier: Apache-2.0
"""A server that is abused, and what must be true of it afterwards."""

import os
import pathlib
import resource
import sys
import urllib.request

import feastcore
import feasttables as tables
from feastapi import Api, core_pb

HEALTH_CHECK = "/grpc.health.v1.Health/Check"
VERSION = "/feast.core.CoreService/GetFeastCoreVersion"

# What may stay behind of an attack: memory that the server does not deem worth giving back, a few warm objects.
MEMORY_LEFT = 64 << 20
FILES_LEFT = 24


def scale(name, number):
    """How much of it: FC_ABUSE_<name>, or what a test run can afford."""
    return int(os.environ.get(f"FC_ABUSE_{name}", number))


def allow_descriptors():
    """As many of our own as there may be; their number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Abuse(feastcore.CoreTest):
    flags = ()
    core = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        allow_descriptors()
        cls.core = cls.class_server(*cls.flags)
        tables.apply_entities(cls.core.api, id="INT64")
        cls.core.api.apply_table(
            tables.table("t", ["id"], {"f": "INT64"}, tables.file_source("/nowhere/f.parquet")), mode="off")
        cls.core.close_apis()

    def setUp(self):
        self.normal()
        self.files = self.open_files()
        self.memory = self.resident()

    def tearDown(self):
        """It lives, does its work, and has given back what the attack took."""
        self.assertTrue(self.core.running(), self.core.log())
        self.normal()
        print(f"[memory {self.memory >> 20} -> {self.resident() >> 20} MiB, peak {self.peak() >> 20} MiB] ",
              end="", file=sys.stderr, flush=True)
        feastcore.wait_until(lambda: self.open_files() <= self.files + FILES_LEFT,
                             f"no more than {self.files} + {FILES_LEFT} open descriptors")
        if not self.sanitized():
            feastcore.wait_until(lambda: self.resident() <= self.memory + MEMORY_LEFT,
                                 f"no more than {self.memory + MEMORY_LEFT >> 20} MiB of memory")

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.core.process.pid}/{name}")

    def open_files(self):
        return len(list(self.proc("fd").iterdir()))

    def resident(self):
        pages = int(self.proc("statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def peak(self):
        for line in self.proc("status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
        raise AssertionError("no VmHWM")

    def sanitized(self):
        """Sanitizers have memory of their own that says nothing about ours."""
        return any(name in self.proc("maps").read_text() for name in ("libasan", "libtsan", "asan", "tsan"))

    def normal(self):
        """A call of each kind by a client that means well."""
        with Api(self.core.grpc) as api:
            self.assertEqual(api.health.Check(service="").status, 1)
            self.assertEqual(api.get_table("t").spec.name, "t")
            api.apply_entity("id", "INT64", labels={"seen": "yes"})
            self.assertEqual(len(api.core.ListEntities(core_pb.ListEntitiesRequest(), timeout=60).entities), 1)
        with urllib.request.urlopen(f"http://{self.core.http}/livez", timeout=60) as answer:
            self.assertEqual(answer.status, 200)
