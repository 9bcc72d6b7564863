#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where feastctl takes its settings from, and who it says it is."""

import concurrent.futures
import contextlib
import http.server
import json
import socket
import subprocess
import threading

import grpc

import feastcore
from feastapi import core_pb
from feastctl import ENTITIES, OK, UNAVAILABLE, USAGE, CliTest


class Precedence(CliTest):
    def setUp(self):
        self.home = self.name("home")
        self.work = self.name("work")
        (self.work / "below").mkdir(parents=True)
        self.user = self.home / ".config" / "feastctl" / "config.yaml"
        self.user.parent.mkdir(parents=True)
        (self.home / ".feast").mkdir()

    def settings(self, *flags, code=OK, **env):
        found = self.ctl("config", "view", "-o", "json", *flags, cwd=self.work / "below", code=code, HOME=str(self.home),
                         XDG_CONFIG_HOME="", **{"FEAST_CORE_URL": "", **env})
        return found.json["settings"] if code == OK else found.err

    def test_each_wins_over_the_next(self):
        def expect(value, origin, *flags, **env):
            found = self.settings(*flags, **env)["project"]
            self.assertEqual((found["value"], found["origin"].split(":")[0]), (value, origin))

        expect("default", "default")
        (self.home / ".feast" / "config").write_text("[general]\nproject = old\ncore_url = old:1\n[other]\nproject=x\n")
        expect("old", f"file {self.home}/.feast/config")
        self.assertEqual(self.settings()["server"]["value"], "old:1")
        self.user.write_text("project: user\ncontexts:\n  one: {project: one}\n  two: {project: two}\n")
        expect("user", f"file {self.user}")
        self.user.write_text(self.user.read_text() + "current-context: one\n")
        expect("one", f"file {self.user}")
        (self.work / ".feastctl.yaml").write_text("project: checkout\n")
        expect("checkout", f"file {self.work}/.feastctl.yaml")
        expect("two", f"file {self.user}", "--context", "two")
        expect("two", f"file {self.user}", FEAST_CONTEXT="two")
        expect("variable", "environment FEAST_PROJECT", "--context", "two", FEAST_PROJECT="variable")
        expect("flag", "flag --project", "-p", "flag", FEAST_PROJECT="variable")

    def test_mistakes_have_their_place(self):
        self.user.write_text("project: user\nservr: x:1\n")
        self.assertIn(f'{self.user}:2:1: there is no setting "servr"; did you mean "server"?', self.settings(code=USAGE))
        self.user.write_text("project: [a]\n")
        self.assertIn(f'{self.user}:1:10: "project" needs one value', self.settings(code=USAGE))
        self.user.write_text("output: xml\n")
        done = self.ctl("version", "-c", HOME=str(self.home), XDG_CONFIG_HOME="", code=USAGE)
        self.assertIn(f'output (file {self.user}:1) is "xml", expected one of', done.err)
        self.user.write_text("output: json\ntls: ture\n")
        self.assertIn(f'tls (file {self.user}:2) is "ture", expected true or false',
                      self.ctl("version", "-c", HOME=str(self.home), XDG_CONFIG_HOME="", code=USAGE).err)
        self.user.write_text("a: [\n")
        self.assertIn(str(self.user), self.settings(code=USAGE))
        self.user.write_text("")
        self.assertIn('no context "absent"', self.settings("--context", "absent", code=USAGE))
        (self.work / ".feastctl.yaml").write_text("token-file: /etc/passwd\n")
        self.assertIn('"token-file" cannot stand in a project file', self.settings(code=USAGE))

    def test_a_checkout_does_not_get_the_token(self):
        token = self.name("token")
        token.write_text("s3cret\n")
        self.user.write_text(f"token-file: {token}\n")
        (self.work / ".feastctl.yaml").write_text(f"server: {self.core.grpc}\n")
        done = self.ctl("get", "projects", cwd=self.work, HOME=str(self.home), XDG_CONFIG_HOME="", FEAST_CORE_URL="",
                        code=USAGE)
        self.assertIn("a token is not sent to a server that a project file names", done.err)
        self.ctl("get", "projects", "-s", self.core.grpc, cwd=self.work, HOME=str(self.home), XDG_CONFIG_HOME="")

    def test_contexts_are_made_and_used(self):
        def ctl(*words, **options):
            return self.ctl(*words, HOME=str(self.home), XDG_CONFIG_HOME="", FEAST_CORE_URL="", **options)
        ctl("config", "set", "server", "a:1")
        ctl("config", "set", "server", "b:2", "--context", "b")
        ctl("config", "set", "project", "rides", "--context", "b")
        self.assertEqual(ctl("config", "get", "server").out, "a:1\n")
        ctl("config", "use", "b")
        self.assertEqual(ctl("config", "get", "server").out, "b:2\n")
        self.assertEqual([line.split() for line in ctl("config", "contexts").out.splitlines()],
                         [["CURRENT", "NAME", "SERVER", "PROJECT"], ["*", "b", "b:2", "rides"]])
        ctl("config", "unset", "project", "--context", "b")
        self.assertEqual(ctl("config", "get", "project").out, "default\n")
        self.assertEqual(self.user.stat().st_mode & 0o777, 0o600)
        ctl("config", "use", "absent", code=USAGE)
        self.assertIn('did you mean "server"', ctl("config", "set", "sever", "x", code=USAGE).err)
        ctl("config", "get", "nonsense", code=USAGE)
        for name, wrong in (("output", "xml"), ("timeout", "soon"), ("retries", "101"), ("server", "a:70000"), ("tls", "maybe")):
            self.assertIn(f'error: {name} is "{wrong}", expected ', ctl("config", "set", name, wrong, code=USAGE).err)
        self.user.write_text("output: xml\n")  # by hand; the same commands mend it
        self.assertIn("xml", ctl("config", "view").out)
        ctl("config", "unset", "output")
        ctl("config", "get", "server")

    def test_old_variables(self):
        found = self.settings(FEAST_CORE_ENABLE_SSL="True", FEAST_CORE_SERVER_SSL_CERT="/x.pem")
        self.assertEqual((found["tls"]["value"], found["tls-ca"]["value"]), ("true", "/x.pem"))
        self.assertEqual(found["tls-ca"]["origin"], "environment FEAST_CORE_SERVER_SSL_CERT")


class StandIn(http.server.BaseHTTPRequestHandler):
    """A stand-in for an OpenID Connect issuer: it gives a token to who has the secret."""

    asked = []

    def answer(self, status, value):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def do_GET(self):
        port = self.server.server_port
        self.answer(200, {"token_endpoint": f"http://127.0.0.1:{port}/token"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(body)
        if "client_secret=s%26cret" in body:
            self.answer(200, {"access_token": "t0ken"})
        else:
            self.answer(401, {"error": "invalid_client"})

    def log_message(self, *_):
        pass


class Recorder(grpc.GenericRpcHandler):
    """A gRPC server of its own that notes what comes with each call, and knows one project."""

    def __init__(self, test, credentials=None):
        self.seen = []
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=(self,))
        port = (self._server.add_secure_port("localhost:0", credentials) if credentials
                else self._server.add_insecure_port("127.0.0.1:0"))
        self.address = f"localhost:{port}" if credentials else f"127.0.0.1:{port}"
        self._server.start()
        test.addCleanup(lambda: self._server.stop(None).wait())

    def service(self, details):
        self.seen.append((details.method, dict(details.invocation_metadata).get("authorization")))
        if details.method != "/feast.core.CoreService/ListProjects":
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: core_pb.ListProjectsResponse(projects=["default"]),
            request_deserializer=core_pb.ListProjectsRequest.FromString,
            response_serializer=core_pb.ListProjectsResponse.SerializeToString)


class Identity(CliTest):
    LIST = "/feast.core.CoreService/ListProjects"

    def test_a_token_goes_with_each_call(self):
        server = Recorder(self)
        token = self.name("token")
        token.write_text("s3cret\n")
        done = self.ctl("get", "projects", "-s", server.address, "--token-file", token)
        self.assertEqual(done.out, "NAME\ndefault\n")
        self.assertEqual(server.seen, [(self.LIST, "Bearer s3cret")])
        self.ctl("get", "projects", "-s", server.address, FEAST_TOKEN="other")
        self.assertEqual(server.seen[-1], (self.LIST, "Bearer other"))
        # The flag wins over the environment.
        self.ctl("get", "projects", "-s", server.address, "--token-file", token, FEAST_TOKEN="other")
        self.assertEqual(server.seen[-1], (self.LIST, "Bearer s3cret"))
        self.ctl("get", "projects", "-s", server.address)
        self.assertEqual(server.seen[-1], (self.LIST, None))

    def test_a_token_goes_over_tls(self):
        key, certificate = self.name("key"), self.name("certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        server = Recorder(self, grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())]))
        done = self.ctl("get", "projects", "-s", server.address, "--tls-ca", certificate, FEAST_TOKEN="s3cret")
        self.assertEqual((done.out, done.err), ("NAME\ndefault\n", ""))
        self.assertEqual(server.seen, [(self.LIST, "Bearer s3cret")])
        # A server that cannot show who it is gets none.
        stranger = self.name("stranger")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "1", "-subj", "/CN=stranger", "-keyout", self.name("key"), "-out", stranger],
                       check=True, capture_output=True)
        self.ctl("get", "projects", "-s", server.address, "--tls-ca", stranger, "--retries=0", FEAST_TOKEN="s3cret",
                 code=UNAVAILABLE)
        self.assertEqual(len(server.seen), 1)

    def test_the_token_of_an_issuer_is_sent(self):
        issuer = http.server.HTTPServer(("127.0.0.1", 0), StandIn)
        threading.Thread(target=issuer.serve_forever, daemon=True).start()
        self.addCleanup(issuer.server_close)
        self.addCleanup(issuer.shutdown)
        server = Recorder(self)
        self.ctl("get", "projects", "-s", server.address, "--oidc-issuer", f"http://127.0.0.1:{issuer.server_port}",
                 "--oidc-client-id", "feastctl", FEAST_OIDC_CLIENT_SECRET="s&cret")
        self.assertEqual(server.seen, [(self.LIST, "Bearer t0ken")])

    def test_tokens_are_not_shown(self):
        token = self.name("token")
        for text, code, message in (("s3cret\n", OK, ""), ("", USAGE, "is empty"), ("s3 cret", USAGE, "character")):
            token.write_text(text)
            done = self.ctl("get", "projects", "--token-file", token, "-v", code=code)
            self.assertIn(message, done.err)
            self.assertNotIn("s3", done.out + done.err.replace(str(token), ""))
        self.ctl("get", "projects", "--token-file", self.name("absent"), code=USAGE)
        done = self.ctl("config", "view", "--show-origin", FEAST_TOKEN="s3cret")
        self.assertNotIn("s3cret", done.out + done.err)
        done = self.ctl("get", "projects", "-s", "core.invalid:1", "--retries=0", "--timeout=2s", FEAST_TOKEN="s3cret",
                        code=UNAVAILABLE)
        self.assertIn("in plain text", done.err)
        self.assertNotIn("s3cret", done.err)

    def test_a_token_from_an_issuer(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), StandIn)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        issuer = ("--oidc-issuer", f"http://127.0.0.1:{server.server_port}", "--oidc-client-id", "feastctl",
                  "--oidc-audience", "feast core")
        secret = self.name("secret")
        secret.write_text("s&cret\n")
        self.ctl("get", "projects", *issuer, "--oidc-client-secret-file", secret)
        self.assertIn("grant_type=client_credentials&client_id=feastctl&client_secret=s%26cret&audience=feast%20core",
                      StandIn.asked[-1])
        self.ctl("get", "projects", *issuer, FEAST_OIDC_CLIENT_SECRET="s&cret")
        self.assertIn("HTTP status 401", self.ctl("get", "projects", *issuer, FEAST_OIDC_CLIENT_SECRET="x", code=USAGE).err)
        self.assertIn("needs the client's secret", self.ctl("get", "projects", *issuer, code=USAGE).err)

    def test_retries(self):
        done = self.ctl("get", "projects", "-s", "127.0.0.1:1", "-v", "--retries=2", code=UNAVAILABLE)
        self.assertEqual(done.err.count("trying again"), 2)
        done = self.ctl("projects", "create", "once", "-s", "127.0.0.1:1", "-v", code=UNAVAILABLE)
        self.assertEqual(done.err.count("trying again"), 0)
        self.ctl("get", "projects", "--retries=many", code=USAGE)

    def test_a_server_that_comes_back(self):
        server = self.server()
        address = server.grpc
        server.stop()
        server.listen = (address,)
        starter = threading.Timer(0.3, server.start)
        starter.start()
        self.addCleanup(starter.join)
        self.ctl("get", "projects", "-s", address, "--retries=60", "--timeout=60s")


class Halfway(CliTest):
    """Stand-ins for servers that are there and no good."""

    def stand_in(self, answer):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return "127.0.0.1:%d" % listener.getsockname()[1]

    def test_it_ends_with_a_message(self):
        settings = b"\0\0\0\4\0\0\0\0\0"
        for answer in (b"", settings, settings + b"\0\0\20\1\4\0\0\0\1\x88", b"HTTP/1.1 400 Bad Request\r\n\r\n",
                       b"\0" * 4096, bytes(range(256)) * 64):
            with self.subTest(answer[:20]):
                server = self.stand_in(answer)
                for words in (("get", "tables"), ("apply", "-f", ENTITIES), ("diff", "-f", ENTITIES), ("jobs", "watch", "x")):
                    done = self.ctl(*words, "-s", server, "--retries=1", "--timeout=3s", code=UNAVAILABLE)
                    self.assertEqual(done.out, "")
                    self.assertTrue(done.err.startswith("error: "), done)


class Tls(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = cls.name("pki")
        cls.pki.mkdir()
        for name in ("ca", "other"):
            cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
        for name, host in (("server", "localhost"), ("client", "client")):
            cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                        "-out", f"{name}.csr", "-subj", f"/CN={host}")
            (cls.pki / "ext").write_text(f"subjectAltName=DNS:{host}\n")
            cls.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                        "-days", "2", "-extfile", "ext", "-out", f"{name}.pem")
        cls.secure = cls.class_server("--tls-certificate", str(cls.pki / "server.pem"), "--tls-key",
                                      str(cls.pki / "server.key"), "--tls-client-ca", str(cls.pki / "ca.pem"))

    @classmethod
    def openssl(cls, *words):
        subprocess.run(["openssl", *words], cwd=cls.pki, check=True, capture_output=True)

    def test_certificates(self):
        port = self.secure.grpc.rpartition(":")[2]
        own = ("--tls-cert", self.pki / "client.pem", "--tls-key", self.pki / "client.key")
        # By address: the resolver of gRPC's library leaks when a process ends early.
        address, name = f"127.0.0.1:{port}", ("--tls-server-name", "localhost")
        self.ctl("get", "projects", "-s", address, "--tls-ca", self.pki / "ca.pem", *own, *name)
        for flags in (("--tls-ca", self.pki / "other.pem", *own, *name), ("--tls-ca", self.pki / "ca.pem", *name),
                      ("--tls-ca", self.pki / "ca.pem", *own, "--tls-server-name", "elsewhere"),
                      ("--tls-ca", self.pki / "ca.pem", *own), ()):
            done = self.ctl("get", "projects", "-s", address, "--retries=0", "--timeout=20s", *flags, code=UNAVAILABLE)
            self.assertIn("cannot reach the server", done.err)
        self.assertIn("needs its key", self.ctl("get", "projects", "--tls-cert", self.pki / "client.pem", code=USAGE).err)
        self.assertIn("the TLS CA /none: No such file",
                      self.ctl("get", "projects", "--tls-ca", "/none", code=USAGE).err)
        (self.pki / "text").write_text("no certificate\n")
        self.assertIn(f"the TLS CA {self.pki}/text is no PEM file",
                      self.ctl("get", "projects", "--tls-ca", self.pki / "text", code=USAGE).err)
        # gRPC's own lines are not for people: one line tells, and one what to do.
        done = self.ctl("get", "projects", "-s", address, "--retries=0", "--timeout=20s", "--tls", code=UNAVAILABLE)
        self.assertEqual([line.split(":")[0] for line in done.err.splitlines()], ["error", "hint"])


if __name__ == "__main__":
    feastcore.run()
