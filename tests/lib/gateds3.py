# SPDX-License-Identifier: Apache-2.0
"""An object store whose bytes come as far as the test lets them. A stand-in, made for this: no real server can be held
between two row groups."""

import http.server
import re
import threading
import urllib.parse

BUCKET = "gated"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, headers, body):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        store, url = self.server.store, urllib.parse.urlsplit(self.path)
        bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        if bucket != BUCKET:
            return self.send(404, {}, b"")
        if not key:
            return self.send(200, {"Content-Type": "application/xml"}, store.listing())
        data, version = store.objects[key]
        first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers["Range"]).groups()
        start = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last) + 1, len(data)) if first and last else len(data)
        store.wait_for_gate(key, start, end)
        if self.headers.get("If-Match") not in (None, version):
            return self.send(412, {}, b"")
        headers = {"ETag": version, "Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
        return self.send(206, headers, data[start:end])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients are killed; that is what the tests are about."""


class GatedS3:
    """`put` objects first. What begins at or behind `gate`, a pair of key and offset, is held until the gate moves, but
    for footers. `asked` has (key, first byte, end) of what was asked for, held or not, until it is cleared."""

    def __init__(self):
        self.objects, self.footers, self.asked = {}, {}, []
        self.gate, self.moved = None, threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.store = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, key, data, footer, version='"1"'):
        self.objects[key] = data, version
        self.footers[key] = footer

    def listing(self):
        entries = "".join(f"<Contents><Key>{key}</Key><ETag>{version}</ETag><Size>{len(data)}</Size></Contents>"
                          for key, (data, version) in sorted(self.objects.items()))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()

    def is_held(self, key, start, end):
        return self.gate is not None and end <= self.footers[key] and (key, start) >= self.gate

    def wait_for_gate(self, *asked):
        with self.moved:
            self.asked.append(asked)
            self.moved.notify_all()
            self.moved.wait_for(lambda: not self.is_held(*asked))

    def move_gate(self, gate):
        """To (key, offset); None opens it for good."""
        with self.moved:
            self.gate = gate
            self.moved.notify_all()

    def wait_for_reader(self, patience):
        """Until somebody stands before the gate: all before it was read."""
        with self.moved:
            if not self.moved.wait_for(lambda: any(self.is_held(*one) for one in self.asked), patience):
                raise AssertionError(f"nobody came to {self.gate} in {patience} s: {self.asked}")

    def stop(self):
        self.move_gate(None)
        self._server.shutdown()
        self._server.server_close()
