# SPDX-License-Identifier: Apache-2.0
"""A web server with bad manners, by the path that is asked for. A stand-in, made for this."""

import http.server
import re
import socket
import struct
import threading
import time


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def send(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        web = self.server.web
        manner = self.path.split("?")[0].strip("/").split("/")[0]
        web.requests.append((manner, self.headers.get("Range"), self.path))
        getattr(self, f"do_{manner.replace('-', '_')}", self.do_missing)(web.files.get(self.path.split("/")[-1], b""))

    def ranged(self, data, version='"1"', lie=None, headers=None, send=None):
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        match = self.headers.get("If-Match")
        if match not in (None, version):
            return self.send(412, {"Content-Length": "0"}, b"")
        if not data:
            return self.send(416, {"Content-Range": "bytes */0", "Content-Length": "0"}, b"")
        size = len(data)
        first, last = found.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last) + 1, size) if first and last else size
        body = data[start:end]
        told = {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(len(body)), "ETag": version,
                **(headers or {})}
        return (send or self.send)(206, {**told, **(lie(start, end, size) if lie else {})}, body)

    def do_good(self, data):
        self.ranged(data)

    def do_missing(self, _):
        self.send(404, {"Content-Length": "0"}, b"")

    def do_denied(self, _):
        self.send(403, {"Content-Length": "0"}, b"")

    def do_no_ranges(self, data):
        self.send(200, {"Content-Length": str(len(data))}, data)

    def do_no_length(self, data):
        self.close_connection = True
        self.send(200, {"Connection": "close"}, data)

    def do_too_large(self, _):
        self.send(200, {"Content-Length": str(1 << 40)}, b"x")
        self.close_connection = True

    def do_wrong_range(self, data):
        self.ranged(data, lie=lambda start, end, size: {"Content-Range": f"bytes {max(0, start - 8)}-{end - 9}/{size}"})

    def do_wrong_size(self, data):
        self.ranged(data, lie=lambda start, end, size: {"Content-Range": f"bytes {start}-{end - 1}/{size + 5}"})

    def do_no_content_range(self, data):
        self.send(206, {"Content-Length": "8"}, data[-8:])

    def do_short(self, data):
        self.send(206, {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}", "Content-Length": str(len(data))},
                  data[: len(data) // 2])
        self.close_connection = True

    def do_reset(self, _):
        self.reset()

    def do_reset_half_way(self, data):
        self.send(206, {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}", "Content-Length": str(len(data))},
                  data[:100])
        self.reset()

    def do_stall(self, _):
        self.server.web.ended.wait(60)
        self.close_connection = True

    def do_stall_half_way(self, data):
        self.send(206, {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}", "Content-Length": str(len(data))},
                  data[:100])
        self.wfile.flush()
        self.server.web.ended.wait(60)
        self.close_connection = True

    def do_changing(self, data):
        """Another version from the second request on."""
        web = self.server.web
        web.changes += 1
        self.ranged(data, version=f'"{web.changes}"')

    def do_growing(self, data):
        """No version, but another size from the second request on."""
        web = self.server.web
        web.changes += 1
        self.ranged(data + b"x" * (web.changes - 1), version="W/\"weak\"")

    def do_busy_once(self, data):
        web = self.server.web
        web.changes += 1
        if web.changes == 1:
            return self.send(503, {"Content-Length": "0", "Retry-After": "0"}, b"")
        return self.ranged(data)

    def do_troubled(self, data):
        """Good for the ends of files, which have the footer; for other ranges as the next of `troubles` says."""
        web = self.server.web
        if not web.troubles or self.headers.get("Range", "").startswith("bytes=-"):
            return self.ranged(data)
        trouble = web.troubles[0] if web.endless else web.troubles.pop(0)
        web.met.append(trouble)
        return getattr(self, f"trouble_{trouble}")(data)

    def half(self, status, headers, body):
        self.send(status, headers, body[: len(body) // 2])
        self.close_connection = True

    def trouble_end(self, data):
        self.ranged(data, send=self.half)

    def trouble_reset(self, data):
        self.ranged(data, send=self.half)
        self.wfile.flush()
        self.reset()

    def trouble_busy(self, _):
        self.send(503, {"Content-Length": "0", "Retry-After": "0"}, b"")

    def trouble_shift(self, data):
        self.do_wrong_range(data)

    def trouble_dribble(self, data):
        def slowly(status, headers, body):
            self.send(status, headers, b"")
            for at in range(0, len(body), max(1, len(body) // 20)):
                self.wfile.write(body[at:at + max(1, len(body) // 20)])
                self.wfile.flush()
                time.sleep(0.01)

        self.ranged(data, send=slowly)

    def do_redirect(self, _):
        name = self.path.split("/")[-1]
        self.send(302, {"Location": f"/good/{name}", "Content-Length": "0"}, b"")

    def do_metadata(self, _):
        self.send(302, {"Location": "http://169.254.169.254/latest/meta-data/", "Content-Length": "0"}, b"")

    def do_redirect_to_file(self, _):
        self.send(302, {"Location": "file:///etc/passwd", "Content-Length": "0"}, b"")

    def do_slow(self, data):
        time.sleep(0.05)
        self.ranged(data)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that turn away are what the tests are about."""


class BadWeb:
    def __init__(self):
        self.files, self.requests, self.changes = {}, [], 0
        # What `troubled` does next: one each, or the first for ever; and what it did.
        self.troubles, self.endless, self.met = [], False, []
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.web = self
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, manner, name="file.parquet", query=""):
        return f"http://127.0.0.1:{self._server.server_port}/{manner}/{name}{query}"

    def stop(self):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
