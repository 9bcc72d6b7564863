# SPDX-License-Identifier: Apache-2.0
"""A BigQuery server (tests/peers/bigquery-emulator) in a process of its own, and what tests put into it."""

import http.server
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from peers import PATIENCE, die_with_parent, free_ports, installed


def peer():
    """Where the emulator is; a loud failure when it is not."""
    return installed("bigquery-emulator", "the BigQuery emulator is")


class BigQuery:
    """One process with one project; tables live in memory and end with it."""

    def __init__(self, scratch, project="proj"):
        self.project = project
        self.log = pathlib.Path(scratch) / "bigquery.log"
        self.process = None
        self.host = ""

    def start(self):
        path = peer()
        port, storage_port = free_ports(2)
        environment = {"HOME": str(path / "home"), "PATH": os.environ["PATH"], "OTEL_SDK_DISABLED": "true",
                       "TZ": "UTC"}
        command = [path / "bin/bqemulator", "start", "--rest-port", str(port), "--grpc-port", str(storage_port),
                   "--ephemeral", "--project", self.project, "--log-level", "warning"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, preexec_fn=die_with_parent)
        self.host = f"127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the BigQuery emulator did not start:\n{self.log.read_text()}")
            time.sleep(0.05)
        return self

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self):
        try:
            self.call("GET", "/datasets")
            return True
        except (OSError, urllib.error.URLError):
            return False

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.host}/bigquery/v2/projects/{self.project}{path}", data,
                                         {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code}: {error.read().decode()}") from error

    # What tests put into it, and how they read it back.

    def dataset(self, name):
        self.call("POST", "/datasets", {"datasetReference": {"projectId": self.project, "datasetId": name}})

    def table(self, dataset, name, fields, rows=(), **options):
        """fields: name -> "TYPE", "TYPE!" (required), a dict of fields for a record; in a list when REPEATED."""
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": name}
        self.call("POST", f"/datasets/{dataset}/tables",
                  {"tableReference": reference, "schema": {"fields": schema(fields)}, **options})
        if rows:
            found = self.call("POST", f"/datasets/{dataset}/tables/{name}/insertAll", {
                "rows": [{"insertId": str(number), "json": row} for number, row in enumerate(rows)]})
            if found.get("insertErrors"):
                raise AssertionError(found["insertErrors"][:3])
        return f"{self.project}:{dataset}.{name}"

    def view(self, dataset, name, sql):
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": name}
        self.call("POST", f"/datasets/{dataset}/tables",
                  {"tableReference": reference, "view": {"query": sql, "useLegacySql": False}})
        return f"{self.project}:{dataset}.{name}"

    def query(self, sql):
        """Rows as lists of the REST API's own texts."""
        answer = self.call("POST", "/queries", {"query": sql, "useLegacySql": False, "maxResults": 100000})
        if answer.get("errors"):
            raise AssertionError(answer["errors"])
        return [[cell["v"] for cell in row["f"]] for row in answer["rows"]]


def schema(fields):
    made = []
    for name, kind in fields.items():
        repeated = isinstance(kind, list)
        kind = kind[0] if repeated else kind
        if isinstance(kind, dict):
            field = {"name": name, "type": "RECORD", "fields": schema(kind)}
        else:
            field = {"name": name, "type": kind.rstrip("!")}
            if kind.endswith("!"):
                field["mode"] = "REQUIRED"
        if repeated:
            field["mode"] = "REPEATED"
        made.append(field)
    return made


class Guard:
    """A stand-in for the door of Google: a token endpoint, which takes the assertion of one service account when Google's
    own library finds its signature, audience and times right, and behind the token the emulator.
    """

    EMAIL = "reader@proj.iam.gserviceaccount.com"
    SCOPE = "https://www.googleapis.com/auth/bigquery"
    TOKEN = "ya29.secret-of-the-test"

    def __init__(self, emulator, scratch):
        self.emulator = emulator
        self.key = pathlib.Path(scratch) / "account.json"
        self.granted = self.refused = 0
        guard = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                guard.forward(self, None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/token":
                    guard.grant(self, body)
                else:
                    guard.forward(self, body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._write_key(scratch)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _write_key(self, scratch):
        key, certificate = pathlib.Path(scratch) / "account.key", pathlib.Path(scratch) / "account.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "30", "-subj", "/CN=account"], check=True, capture_output=True)
        self.certificate = certificate.read_bytes()
        self.key.write_text(json.dumps({
            "type": "service_account", "client_email": self.EMAIL, "private_key_id": "1",
            "private_key": key.read_text(), "token_uri": f"{self.url}/token"}))

    def answer(self, handler, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def grant(self, handler, body):
        from google.auth import jwt

        form = dict(urllib.parse.parse_qsl(body.decode()))
        try:
            claims = jwt.decode(form["assertion"], certs=self.certificate, audience=f"{self.url}/token")
            wrong = "" if (claims["iss"], claims["scope"]) == (self.EMAIL, self.SCOPE) else "claims"
        except (KeyError, ValueError) as error:
            wrong = str(error)
        if wrong or form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            self.refused += 1
            self.answer(handler, 400, {"error": "invalid_grant", "error_description": wrong})
        else:
            self.granted += 1
            self.answer(handler, 200, {"access_token": self.TOKEN, "expires_in": 3600, "token_type": "Bearer"})

    def forward(self, handler, body):
        if handler.headers["Authorization"] != f"Bearer {self.TOKEN}":
            self.refused += 1
            error = {"reason": "required", "message": "Login Required."}
            self.answer(handler, 401, {"error": {"code": 401, "message": "Login Required.", "errors": [error]}})
            return
        request = urllib.request.Request(f"http://{self.emulator.host}{handler.path}", body,
                                         {"Content-Type": "application/json"}, method=handler.command)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                self.answer(handler, response.status, response.read())
        except urllib.error.HTTPError as error:
            self.answer(handler, error.code, error.read())
