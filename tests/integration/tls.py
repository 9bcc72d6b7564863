#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS end to end: feast-core, feastctl and gRPC's Python client; new certificates on SIGHUP."""

import os
import pathlib
import signal
import ssl
import subprocess
import tempfile

import grpc

import feastcore
import http2
from feast.core import CoreService_pb2_grpc as core_grpc
from feastapi import BIN_DIR, core_pb
from feastcore import wait_until


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Tls(feastcore.CoreTest):
    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory(prefix="fc-tls-")
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)
        self.authority("ca")
        self.issue("server", "ca")

    def path(self, name):
        return str(self.dir / name)

    def authority(self, name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                "-subj", f"/CN={name}", "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"))

    def issue(self, name, ca):
        extensions = self.dir / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={name}", "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"))
        openssl("x509", "-req", "-days", "1", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{ca}.pem"),
                "-CAkey", self.path(f"{ca}.key"), "-CAcreateserial", "-extfile", str(extensions),
                "-out", self.path(f"{name}.pem"))

    def flags(self, *more):
        return ("--tls-certificate", self.path("server.pem"), "--tls-key", self.path("server.key"), *more)

    def ctl(self, server, *args):
        env = {k: v for k, v in os.environ.items() if not k.startswith("FEAST_")}
        done = subprocess.run([str(BIN_DIR / "feastctl"), "-s", server.grpc, *args], env=env, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def version(self, server, ca, pair=None):
        """The version that the server tells over a connection of its own."""
        def read(name):
            return (self.dir / name).read_bytes()
        credentials = grpc.ssl_channel_credentials(
            read(f"{ca}.pem"), read(f"{pair}.key") if pair else None, read(f"{pair}.pem") if pair else None)
        with grpc.secure_channel(server.grpc, credentials) as channel:
            return core_grpc.CoreServiceStub(channel).GetFeastCoreVersion(
                core_pb.GetFeastCoreVersionRequest(), timeout=feastcore.PATIENCE).version

    def test_server_is_verified(self):
        self.authority("other")
        server = self.server(*self.flags())
        self.assertRegex(self.version(server, "ca"), r"^\d")
        with self.assertRaises(grpc.RpcError) as caught:
            self.version(server, "other")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        rc, out, err = self.ctl(server, "get", "projects", "--tls-ca", self.path("ca.pem"))
        self.assertEqual((rc, err), (0, ""))
        self.assertIn("default", out)
        self.assertEqual(self.ctl(server, "get", "projects", "--tls-ca", self.path("other.pem"))[0], 7)
        self.assertEqual(self.ctl(server, "get", "projects")[0], 7)

    def test_clients_are_verified(self):
        self.issue("client", "ca")
        self.authority("other")
        self.issue("stranger", "other")
        server = self.server(*self.flags("--tls-client-ca", self.path("ca.pem")))
        self.assertRegex(self.version(server, "ca", "client"), r"^\d")
        for pair in (None, "stranger"):
            with self.subTest(pair), self.assertRaises(grpc.RpcError):
                self.version(server, "ca", pair)
        rc, _, err = self.ctl(server, "get", "projects", "--tls-ca", self.path("ca.pem"),
                              "--tls-cert", self.path("client.pem"), "--tls-key", self.path("client.key"))
        self.assertEqual((rc, err), (0, ""))

    def test_headers_without_end(self):
        """They end the connection, under TLS as without; others go on."""
        server = self.server(*self.flags())
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        context.set_alpn_protocols(["h2"])
        for _ in range(3):
            with http2.Connection(server.grpc, tls=context) as connection, self.assertRaises(OSError):
                connection.send_headers_without_end("/feast.core.CoreService/GetFeastCoreVersion")
            self.assertRegex(self.version(server, "ca"), r"^\d")
        self.assertEqual(server.log().count("headers without end"), 3, server.log())

    def test_hangup_takes_new_certificates(self):
        server = self.server(*self.flags())
        self.assertRegex(self.version(server, "ca"), r"^\d")
        self.authority("new")
        (self.dir / "server.key").write_text("no key")
        before = server.log()
        server.signal(signal.SIGHUP)
        wait_until(lambda: "reload_refused" in server.log()[len(before):], "a refusal of the key")
        self.assertIn("server.key", server.log()[len(before):])
        self.assertRegex(self.version(server, "ca"), r"^\d")
        self.issue("server", "new")
        server.signal(signal.SIGHUP)
        wait_until(lambda: "event=reloaded" in server.log()[len(before):], "the reload")
        self.assertRegex(self.version(server, "new"), r"^\d")
        with self.assertRaises(grpc.RpcError):
            self.version(server, "ca")

    def test_files_that_are_missing_are_named(self):
        for flags, text in ((("--tls-key", self.path("server.key")), "certificate"),
                            (("--tls-certificate", self.path("nothing.pem"), "--tls-key",
                              self.path("server.key")), "nothing.pem")):
            with self.subTest(text):
                server = self.server(*flags, start=False).launch()
                self.assertNotEqual(server.wait(), 0)
                self.assertIn(text, server.log())
                self.assertNotIn("feast-core ready", server.log())


if __name__ == "__main__":
    feastcore.run()
