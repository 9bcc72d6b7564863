#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping and refusing to start: the feast-core process as a service manager sees it."""

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import threading

import grpc

import feastcore
from feastapi import BIN_DIR, Api, core_pb, ours
from feastcore import wait_until


NOBODY = 65534


def run(*arguments, env=None, user=None):
    """A feast-core that is expected to end by itself: (exit code, stdout, stderr)."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("FEAST_")}
    environment.update(env or {})
    done = subprocess.run(
        [BIN_DIR / "feast-core", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=feastcore.PATIENCE, env=environment, text=True, user=user)
    return done.returncode, done.stdout, done.stderr


class RefusingTest(feastcore.CoreTest):
    def refused(self, *texts, arguments, env=None, code=None, user=None):
        rc, out, err = run(*arguments, env=env, user=user)
        self.assertNotEqual(rc, 0, err)
        self.assertGreater(rc, 0, f"ended by a signal: {err}")
        if code is not None:
            self.assertEqual(rc, code, err)
        self.assertNotIn("feast-core ready", err)
        self.assertEqual(out, "")
        for text in texts:
            self.assertIn(str(text), err)
        self.assertIsNone(feastcore.SANITIZER.search(err), err)

    def arguments(self, *more, data_dir=None, listen="127.0.0.1:0"):
        return ("--data-dir", data_dir or self.name("data"), "--listen", listen, "--http-listen",
                "127.0.0.1:0", *more)


class Starting(RefusingTest):
    def test_free_ports_are_told(self):
        server = self.server()
        self.assertNotIn(":0", (server.grpc[-2:], server.http[-2:]))
        version = server.api.core.GetFeastCoreVersion(core_pb.GetFeastCoreVersionRequest()).version
        self.assertEqual(version, server.ready["version"])
        self.assertEqual(server.ready["data_dir"], str(server.data_dir))

    def test_access_log(self):
        """One line a call: what was asked, how it ended, how long it took, for whom."""
        server = self.server("--grpc-access-log", "true", "--log-format", "json")
        server.api.core.GetFeastCoreVersion(core_pb.GetFeastCoreVersionRequest(), metadata=[("x-request-id", "mine-1")])
        self.fails("NOT_FOUND", server.api.core.GetEntity, core_pb.GetEntityRequest(name="none"))
        wait_until(lambda: server.log().count('"event":"call"') >= 2, "two lines")
        first, second = [line for line in map(json.loads, (text for text in server.log().splitlines() if text[:1] == "{"))
                         if line["event"] == "call"]
        self.assertEqual(first["method"], "/feast.core.CoreService/GetFeastCoreVersion")
        self.assertEqual((first["code"], first["request_id"]), ("OK", "mine-1"))
        self.assertGreater(float(first["ms"]), 0)
        self.assertTrue(first["peer"].startswith("ipv4:127.0.0.1:"), first)
        self.assertEqual((second["code"], second["reason"]), ("NOT_FOUND", "ENTITY_NOT_FOUND"))
        self.assertNotIn(second["request_id"], ("", "mine-1"))

    def test_a_sqlite_that_needs_care_is_named_once(self):
        version = tuple(map(int, sqlite3.sqlite_version.split(".")))
        expected = 1 if (3, 7, 0) <= version < (3, 51, 3) else 0
        self.assertEqual(self.server().log().count("event=sqlite_before_3.51.3"), expected)

    def test_several_addresses(self):
        path = self.name("socket")
        server = self.server(listen=("127.0.0.1:0", "[::1]:0" if has_ipv6() else "127.0.0.1:0", f"unix:{path}"))
        self.assertEqual(len(server.addresses), 3)
        for address in server.addresses:
            with self.subTest(address), Api(address) as api:
                api.core.ListProjects(core_pb.ListProjectsRequest(), timeout=feastcore.PATIENCE)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.refused(address, "in use", arguments=self.arguments(listen=address))

    def test_port_of_another_server(self):
        server = self.server()
        self.refused(f"cannot listen on {server.grpc}: Address already in use\n", "whether another program has it", code=1,
                     arguments=self.arguments(listen=server.grpc))

    def test_http_port_in_use(self):
        server = self.server()
        self.refused(f"cannot listen for HTTP on {server.http}: Address already in use\n", code=1, arguments=(
            "--data-dir", self.name("data"), "--listen", "127.0.0.1:0", "--http-listen", server.http))

    def test_addresses_that_are_none(self):
        for address in ("nonsense", "127.0.0.1:99999", "127.0.0.1", ":", "256.1.1.1:1"):
            with self.subTest(address):
                self.refused(address, arguments=self.arguments(listen=address))

    def test_plaintext_beyond_this_machine(self):
        self.refused("0.0.0.0:0", "TLS", arguments=self.arguments(listen="0.0.0.0:0"))
        self.server("--allow-plaintext=true", listen=("0.0.0.0:0",))

    def test_second_server_on_one_directory(self):
        server = self.server()
        self.refused(server.data_dir, str(server.process.pid), arguments=self.arguments(data_dir=server.data_dir))
        server.api.core.ListProjects(core_pb.ListProjectsRequest())

    def test_directory_that_cannot_be_written(self):
        path = self.name("readonly")
        path.mkdir()
        path.chmod(0o555)
        user = None
        if os.geteuid() == 0:
            # Root may write everywhere: the server runs as somebody else.
            user = NOBODY
            self.scratch.chmod(0o755)
            if not may_run_as(user):
                self.skipTest("the build cannot be run by another user")
        self.refused(path, arguments=self.arguments(data_dir=path), user=user)
        path.chmod(0o755)
        (path / "LOCK").touch()  # of a server that could
        (path / "LOCK").chmod(0o666)
        path.chmod(0o555)
        self.refused(f"cannot write to the directory {path}: Permission denied\n", "Give the user of the server write permission",
                     arguments=self.arguments(data_dir=path), user=user)

    def test_directory_that_is_a_file(self):
        path = self.name("file")
        path.write_text("")
        self.refused(path, arguments=self.arguments(data_dir=path))

    def test_data_directory_is_closed_to_others(self):
        server = self.server()
        self.assertEqual(stat.S_IMODE(server.data_dir.stat().st_mode) & stat.S_IRWXO, 0)
        for path in server.data_dir.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO, 0, path)

    def test_database_of_a_newer_version(self):
        server = self.server()
        self.assertEqual(server.stop(), 0)
        (path,) = [path for path in server.data_dir.glob("*.db")]
        with sqlite3.connect(path) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version = {version + 1}")
        database.close()
        before = path.read_bytes()
        self.refused(str(version + 1), str(version), arguments=self.arguments(data_dir=server.data_dir))
        self.assertEqual(path.read_bytes(), before)

    def test_damaged_database(self):
        server = self.server()
        self.assertEqual(server.stop(), 0)
        (path,) = [path for path in server.data_dir.glob("*.db")]
        path.write_bytes(b"no database at all" * 1000)
        before = path.read_bytes()
        self.refused(server.data_dir, path.name, "backup", arguments=self.arguments(data_dir=server.data_dir))
        self.assertEqual(path.read_bytes(), before)

    def test_worker_missing(self):
        self.refused("/nowhere/feast-worker", arguments=self.arguments("--worker-path", "/nowhere/feast-worker"))


class Configuration(RefusingTest):
    def config(self, text):
        path = self.name("core.yaml")
        path.write_text(text)
        return path

    def test_file_and_flags(self):
        data_dir = self.name("data")
        path = self.config(f"data_dir: {data_dir}\nvalidation: warn\nhttp:\n  listen: 127.0.0.1:0\n")
        rc, out, err = run("--config", path, "--validation", "strict", "--print-config",
                           env={"FEAST_CORE_LOG_LEVEL": "warn"})
        self.assertEqual(rc, 0, err)
        lines = {line.split()[0].rstrip(":"): line for line in out.splitlines() if line.split()}
        self.assertIn("strict", lines["validation"])
        self.assertIn("--validation", lines["validation"])
        self.assertIn(f"{path}:1", lines["data_dir"])
        self.assertIn("FEAST_CORE_LOG_LEVEL", lines["log.level"])
        self.assertIn("default", lines["grpc.max_message"])

    def test_mistakes_in_the_file_are_told_by_line(self):
        for text, *found in (
                ("data_dir: /x\nvalidaton: warn\n", ":2", "validaton", "validation"),
                ("\n\nvalidation: lax\n", ":3", "lax", "enforce"),
                ("jobs:\n  parallel: many\n", ":2", "many"),
                ("jobs: {parallel: 0}\n", ":1", "jobs.parallel"),
                ("data_dir: [\n", ":"),
                ("data_dir: a\ndata_dir: b\n", ":2", "data_dir")):
            with self.subTest(text):
                path = self.config(text)
                self.refused(path.name, *found, arguments=("--config", path), code=2)

    def test_file_that_is_not_there(self):
        self.refused("/nowhere/core.yaml", arguments=("--config", "/nowhere/core.yaml"), code=2)

    def test_flags_that_are_none(self):
        self.refused("--validaton", "--validation", arguments=("--validaton", "warn"), code=2)
        self.refused("--validation", arguments=("--validation",), code=2)
        self.refused("lax", "enforce", arguments=("--validation", "lax"), code=2)
        self.refused("surplus", arguments=("surplus",), code=2)

    def test_variables_that_are_none(self):
        self.refused("FEAST_CORE_VALIDATON", arguments=(), env={"FEAST_CORE_VALIDATON": "warn"}, code=2)

    def test_help_and_version(self):
        rc, out, err = run("--help")
        self.assertEqual((rc, err), (0, ""))
        for text in ("--data-dir", "--listen", "--http-listen", "--validation", "--config"):
            self.assertIn(text, out)
        rc, out, err = run("--version")
        self.assertEqual((rc, err), (0, ""))
        self.assertRegex(out, r"^feast-core \d+\.\d+\.\d+\n$")


class Stopping(feastcore.CoreTest):
    def test_signals_that_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.server()
                workers = server.children()
                server.close_apis()
                server.signal(number)
                self.assertEqual(server.wait(), 0)
                for pid in workers:
                    self.assertFalse(os.path.exists(f"/proc/{pid}"), workers)

    def test_hangup_does_not(self):
        server = self.server()
        before = server.log()
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.log() != before, "a word on the hangup")
        server.api.core.ListProjects(core_pb.ListProjectsRequest())

    def test_closed_loop_clients_lose_no_call(self):
        server = self.server()
        failed, counted = [], [0]
        stopping = threading.Event()

        def client():
            with Api(server.grpc) as api:
                ready = grpc.channel_ready_future(api.channel)
                ready.result(feastcore.PATIENCE)
                while True:
                    try:
                        api.core.ListProjects(core_pb.ListProjectsRequest(), timeout=feastcore.PATIENCE)
                        counted[0] += 1
                    except grpc.RpcError as error:
                        # A server that has gone is what a client may see; a call it cut off is not.
                        if not (stopping.is_set() and error.code() == grpc.StatusCode.UNAVAILABLE):
                            failed.append((error.code(), error.details()))
                        return

        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: counted[0] > 200, "some calls")
        stopping.set()
        self.assertEqual(server.stop(), 0)
        for thread in threads:
            thread.join(feastcore.PATIENCE)
        self.assertEqual(failed, [])

    def test_what_was_answered_is_there_again(self):
        server = self.server()
        for number in range(20):
            server.api.apply_entity(f"entity_{number}", "INT64")
        self.assertEqual(server.stop(), 0)
        server.start()
        request = core_pb.ListEntitiesRequest()
        names = [entity.spec.name for entity in server.api.core.ListEntities(request).entities]
        self.assertEqual(names, sorted(f"entity_{number}" for number in range(20)))


class Introspection(feastcore.CoreTest):
    SERVICES = {
        "feast.core.CoreService", "feast.core.JobService", "feast_spark.api.JobService",
        "feast.serving.ServingService", "feast.admin.v1.AdminService", "grpc.health.v1.Health",
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server()
        cls.api = cls.core.api

    def test_health(self):
        for service in ("", *self.SERVICES - {"grpc.health.v1.Health"}):
            with self.subTest(service):
                self.assertEqual(self.api.health.Check(service=service).status, 1)
        self.fails("NOT_FOUND", self.api.health.Check, service="no.such.Service")

    def test_watch(self):
        server = self.server()
        with Api(server.grpc) as api:
            watch = api.health.Watch(service="", timeout=feastcore.PATIENCE)
            self.assertEqual(next(watch).status, 1)
            server.signal(signal.SIGTERM)
            self.assertEqual(next(watch).status, 2)
            # Then the stream is ended, as otherwise it would hold up the drain.
            self.fails("UNAVAILABLE", next, watch)
            self.assertEqual(server.wait(), 0)

    def ask(self, service, **fields):
        request = service.request("ServerReflectionInfo")
        return next(service.ServerReflectionInfo(iter([request(**fields)])))

    def test_reflection(self):
        for name in ("reflection", "reflection_alpha"):
            service = getattr(self.api, name)
            with self.subTest(name):
                listed = self.ask(service, list_services="").list_services_response.service
                self.assertLessEqual(self.SERVICES, {one.name for one in listed})
                for symbol in ("feast.core.CoreService", "feast.core.FeatureTableSpec",
                               "feast.core.CoreService.ApplyEntity", "feast.types.ValueType.Enum"):
                    answer = self.ask(service, file_containing_symbol=symbol)
                    self.assertTrue(answer.file_descriptor_response.file_descriptor_proto, symbol)
                answer = self.ask(service, file_by_filename="feast/core/Entity.proto")
                self.assertTrue(answer.file_descriptor_response.file_descriptor_proto)
                answer = self.ask(service, file_containing_symbol="no.such.Thing")
                self.assertEqual(answer.error_response.error_code, 5)

    def test_every_method_is_there(self):
        """What the descriptors promise answers something else than "no such method"."""
        for service in self.SERVICES - {"grpc.health.v1.Health"}:
            for method in ours().service(service).methods:
                with self.subTest(method.full_name):
                    path = f"/{service}/{method.name}"
                    if method.name in ("WatchJob", "FollowJobLog"):
                        continue
                    try:
                        self.api.raw(path, b"")
                    except grpc.RpcError as error:
                        self.assertNotIn("unknown method", error.details().lower())
                        if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                            self.assertGreater(len(error.details()), 20)

    def test_serving_may_be_switched_off(self):
        server = self.server("--serving-enabled", "false")
        service = "feast.serving.ServingService"
        self.fails("UNIMPLEMENTED", server.api.raw, f"/{service}/GetFeastServingInfo", b"")
        self.fails("NOT_FOUND", server.api.health.Check, service=service)
        self.assertEqual(server.api.health.Check(service="feast.core.CoreService").status, 1)
        server.api.apply_entity("id", "INT64")

    def test_a_method_that_is_not_there(self):
        self.assertIn("Nothing", self.fails("UNIMPLEMENTED", self.api.raw, "/feast.core.CoreService/Nothing", b""))


def may_run_as(user):
    try:
        subprocess.run([BIN_DIR / "feast-core", "--version"], user=user, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def has_ipv6():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
        return True


if __name__ == "__main__":
    feastcore.run()
