#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""/metrics, /livez and /readyz."""

import contextlib
import http.client
import re
import socket

import feastcore
import feasttables as tables
import promtool
from feastapi import core_pb, store_pb
from feastcore import wait_until

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (\S+))?$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


def parse(text):
    """The exposition format: ({(name, labels): value}, {name: type}, {name: help})."""
    samples, types, helps = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            helps[name] = words
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in types:
                raise AssertionError(f"two TYPE lines of {name}")
            types[name] = kind
        elif line and not line.startswith("#"):
            match = SAMPLE.match(line)
            if match is None:
                raise AssertionError(f"no sample: {line!r}")
            name, inside, number, _ = match.groups()
            labels = dict(LABEL.findall(inside or ""))
            if inside and "".join(f'{key}="{text}",' for key, text in LABEL.findall(inside)) != inside.rstrip(",") + ",":
                raise AssertionError(f"labels not understood: {line!r}")
            key = (name, frozenset(labels.items()))
            if key in samples:
                raise AssertionError(f"twice: {line!r}")
            samples[key] = float(number)
    return samples, types, helps


class Http(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server()
        cls.api = cls.core.api

    def call(self, path, method="GET"):
        connection = http.client.HTTPConnection(self.core.http, timeout=feastcore.PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path)
            answer = connection.getresponse()
            return answer, answer.read().decode()

    def metrics(self):
        answer, text = self.call("/metrics")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.headers["Content-Type"], "^(text/plain|application/openmetrics-text)")
        return parse(text)

    @staticmethod
    def total(samples, name, **labels):
        return sum(number for (one, found), number in samples.items()
                   if one == name and set(labels.items()) <= found)

    def test_probes(self):
        for path in ("/livez", "/readyz"):
            answer, _ = self.call(path)
            self.assertEqual(answer.status, 200)

    def test_metrics_are_well_formed(self):
        self.api.core.ListProjects(core_pb.ListProjectsRequest())
        samples, types, helps = self.metrics()
        self.assertEqual(set(types), set(helps))
        families = set(types)
        for name, labels in samples:
            base = re.sub("_(total|bucket|sum|count|created|info)$", "", name)
            self.assertTrue({name, base, f"{base}_total"} & families, name)
            if name.endswith("_bucket"):
                self.assertIn("le", dict(labels))
        for name, kind in types.items():
            self.assertIn(kind, ("counter", "gauge", "histogram", "summary", "info", "unknown", "untyped"))

    def test_promtool_has_nothing_to_say(self):
        self.fails("NOT_FOUND", self.api.core.GetEntity, core_pb.GetEntityRequest(name="nobody"))
        self.assertEqual(promtool.complaints(self.call("/metrics")[1]), [])
        self.assertTrue(promtool.complaints("# TYPE unit_mb gauge\nunit_mb 1\n"))
        self.assertTrue(promtool.complaints("no metrics"))

    def test_gauges_of_feasts_own_server(self):
        """Deleted feature tables and the stores of serving deployments are counted, under its names."""
        def gauges():
            samples, types, _ = self.metrics()
            names = ("feast_core_feature_set_total", "feast_core_feature_tables", "feast_core_store_total")
            self.assertEqual({types[name] for name in names}, {"gauge"})
            return [samples[name, frozenset()] for name in names]

        ever, live, stores = gauges()
        tables.apply_entities(self.api, driver="STRING")
        self.api.apply_table(tables.table("trips", ["driver"], {"count": "INT64"}, tables.file_source("/no/such")),
                             mode="off")
        self.assertEqual(gauges(), [ever + 1, live + 1, stores])
        self.api.core.DeleteFeatureTable(core_pb.DeleteFeatureTableRequest(name="trips", project="default"))
        self.assertEqual(gauges(), [ever + 1, live, stores])
        store = store_pb.Store(name="online", type=store_pb.Store.REDIS,
                               redis_config=store_pb.Store.RedisConfig(host="redis", port=6379))
        for _ in range(2):
            self.api.core.UpdateStore(core_pb.UpdateStoreRequest(store=store))
            self.assertEqual(gauges(), [ever + 1, live, stores + 1])

    def test_names_that_dashboards_know(self):
        samples, _, _ = self.metrics()
        names = {name for name, _ in samples}
        for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
                     "process_start_time_seconds", "grpc_server_started_total", "grpc_server_handled_total",
                     "grpc_server_handling_seconds_bucket"):
            self.assertIn(name, names)

    def test_calls_are_counted(self):
        what = {"grpc_service": "feast.core.CoreService", "grpc_method": "GetEntity"}
        before, _, _ = self.metrics()
        request = core_pb.GetEntityRequest(name="nobody")
        for _ in range(3):
            self.fails("NOT_FOUND", self.api.core.GetEntity, request)

        def rise(name, **labels):
            return self.total(self.metrics()[0], name, **what, **labels) - self.total(before, name, **what, **labels)

        wait_until(lambda: rise("grpc_server_handled_total", grpc_code="NotFound") == 3, "three calls counted")
        self.assertEqual(rise("grpc_server_started_total"), 3)
        self.assertEqual(rise("grpc_server_handling_seconds_count"), 3)

    def test_unknown_methods_do_not_make_new_series(self):
        for number in range(20):
            self.fails("UNIMPLEMENTED", self.api.raw, f"/no.such.Service/Method{number}", b"")
        samples, _, _ = self.metrics()
        self.assertFalse([key for key in samples if "Method1" in str(key)])

    def test_other_paths_and_methods(self):
        self.assertEqual(self.call("/nothing")[0].status, 404)
        self.assertEqual(self.call("/metrics", "POST")[0].status, 405)
        answer, text = self.call("/metrics", "HEAD")
        self.assertEqual((answer.status, text), (200, ""))

    def test_bad_clients_do_not_stop_it(self):
        host, _, port = self.core.http.rpartition(":")
        connections = []
        for number in range(200):
            connection = socket.create_connection((host, int(port)), timeout=feastcore.PATIENCE)
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" if number % 2 else b"\x16\x03\x01" * 20)
            connections.append(connection)
        self.assertEqual(self.call("/livez")[0].status, 200)
        for connection in connections:
            connection.close()
        self.assertEqual(self.call("/livez")[0].status, 200)

    def test_without_http(self):
        server = feastcore.Server(self.name("data"))
        server.command = lambda: [str(server.program), "--data-dir", str(server.data_dir), "--listen",
                                  "127.0.0.1:0", "--http-listen", ""]
        self.addCleanup(self._end, server)
        self.assertIsNone(server.start().http)


if __name__ == "__main__":
    feastcore.run()
