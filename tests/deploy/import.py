# SPDX-License-Identifier: Apache-2.0
"""feastctl import: a live Core's catalogue over gRPC.

The server that is copied is a feast-core of ours: a stand-in for the Java one, of which it answers the same calls.
"""

import concurrent.futures

import grpc

import feastcore
import feastctl
from feastapi import core_pb
from peers import make_certificates


class Guarded(grpc.GenericRpcHandler):
    """A server that takes calls over mutual TLS with a token only, and passes them on. A stand-in, made for this."""

    def __init__(self, behind, certificates, token):
        self.tokens = []
        self._channel = grpc.insecure_channel(behind)
        self._token = token
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers([self])
        pair = ((certificates / "server.key").read_bytes(), (certificates / "server.pem").read_bytes())
        credentials = grpc.ssl_server_credentials([pair], (certificates / "ca.pem").read_bytes(), True)
        self.address = f"localhost:{self._server.add_secure_port('localhost:0', credentials)}"

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._pass_on(details, request, context))

    def _pass_on(self, details, request, context):
        self.tokens.append(dict(details.invocation_metadata).get("authorization"))
        if self.tokens[-1] != f"Bearer {self._token}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token, no catalogue")
        return self._channel.unary_unary(details.method)(request, timeout=feastcore.PATIENCE)

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None).wait()
        self._channel.close()


class Import(feastctl.CliTest):
    def setUp(self):
        super().setUp()
        self.old = self.server("--grpc-access-log=true")
        self.new = self.server()
        for project in ("default", "ops"):
            if project != "default":
                self.old.api.core.CreateProject(core_pb.CreateProjectRequest(name=project))
            self.ctl("apply", "-f", feastctl.ENTITIES, "-p", project, "-s", self.old.grpc)
            self.ctl("apply", "-f", self.example(), "-p", project, "-s", self.old.grpc)

    def exported(self, server):
        return self.ctl("export", "--all-projects", "-s", server.grpc).out

    def copy(self, *flags, **options):
        return self.ctl("import", "--from", self.old.grpc, "-s", self.new.grpc, *flags, **options)

    def test_all_of_it_once(self):
        before = self.exported(self.new)
        dry = self.copy("--dry-run")
        self.assertIn("table/flights created", dry.out)
        self.assertEqual(self.exported(self.new), before)
        first = self.copy()
        self.assertEqual(first.out.count("created"), 7, first)
        self.assertEqual(self.exported(self.new), self.exported(self.old))
        again = self.copy("-o", "json").json
        self.assertEqual({item["result"] for item in again["items"]}, {"unchanged"})

    def test_one_project(self):
        self.copy("-p", "ops")
        names = [item["name"] for item in self.ctl("get", "projects", "-o", "json", "-s", self.new.grpc).json["items"]]
        self.assertIn("ops", names)
        self.assertNotIn("flights", self.ctl("get", "tables", "-o", "name", "-s", self.new.grpc).out)

    def test_a_server_that_wants_a_token_and_a_certificate(self):
        """Feast Core with authentication on, behind mutual TLS: a stand-in that asks for both and passes calls on."""
        certificates = self.name("certificates")
        make_certificates(certificates)
        token, ours = self.name("token"), self.name("ours")
        token.write_text("t0ken-of-the-old\n")
        ours.write_text("t0ken-of-the-new\n")
        with Guarded(self.old.grpc, certificates, "t0ken-of-the-old") as guarded:
            tls = ["--from-tls-ca", certificates / "ca.pem", "--from-tls-cert", certificates / "client.pem",
                   "--from-tls-key", certificates / "client.key"]

            def copy(*flags, **options):
                return self.ctl("import", "--from", guarded.address, "-s", self.new.grpc, *flags, **options)

            refused = copy(*tls, code=feastctl.DENIED)
            self.assertIn(guarded.address, refused.err)
            # The token for the new server is nobody else's business.
            copy(*tls, "--token-file", ours, code=feastctl.DENIED)
            self.assertEqual(guarded.tokens, [None, None])
            copy(*tls[:2], "--from-token-file", token, code=feastctl.UNAVAILABLE)
            copy(*tls, "--from-token-file", self.name("absent"), code=feastctl.USAGE)
            done = copy(*tls, "--from-token-file", token)
            self.assertNotIn("t0ken", done.out + done.err)
            self.assertEqual(set(guarded.tokens[2:]), {"Bearer t0ken-of-the-old"})
        self.assertEqual(self.exported(self.new), self.exported(self.old))

    def test_changes_follow(self):
        self.copy()
        self.old.api.apply_entity("airport", "STRING", description="where it lands")
        self.assertIn("entity/airport created", self.copy().out)
        self.assertEqual(self.exported(self.new), self.exported(self.old))

    def test_only_calls_of_an_old_core(self):
        """The admin service of the old server is not asked: a Java Core has none."""
        before = len(self.old.log())
        self.copy()
        self.assertEqual(self.old.stop(), 0)
        calls = self.old.log()[before:]
        self.assertIn("ListFeatureTables", calls)
        self.assertNotIn("AdminService", calls)
        self.old.start()

    def test_a_table_that_does_not_fit_is_named(self):
        project = "ops"
        self.ctl("apply", "-f", self.example("flights-wrong"), "-p", project, "-s", self.old.grpc, "--validation=off")
        refused = self.copy(code=feastctl.REFUSED)
        self.assertIn("flights_wrong", refused.err)
        self.assertIn("Origin", refused.err)
        # What fits was copied all the same, and the rest is with less strictness.
        self.assertIn("flights", self.ctl("get", "tables", "-o", "name", "-s", self.new.grpc).out)
        self.assertIn("table/flights_wrong created", self.copy("--validation=warn").out)

    def test_mistakes(self):
        self.ctl("import", code=feastctl.USAGE)
        self.ctl("import", "--from", self.old.grpc, "-s", self.old.grpc, code=feastctl.USAGE)
        away = self.ctl("import", "--from", "127.0.0.1:1", "-s", self.new.grpc, code=feastctl.UNAVAILABLE)
        self.assertIn("127.0.0.1:1", away.err)
        with self.assertRaises(grpc.RpcError):
            self.new.api.get_table("flights")


if __name__ == "__main__":
    feastcore.run()
