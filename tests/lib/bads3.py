# SPDX-License-Identifier: Apache-2.0
"""What Amazon S3 answers when it refuses, by the bucket that is asked for. A stand-in, made for this: a server on one
machine has no other region, and no clock or token that is too old."""

import http.server
import threading

TIME = "2031-02-03T04:05:06Z"
# Bucket -> status, code, region in the header, elements of the answer.
ANSWERS = {
    "moved": (301, "PermanentRedirect", "eu-west-1", ""),
    "malformed": (400, "AuthorizationHeaderMalformed", None, "<Region>eu-west-1</Region>"),
    "nowhere": (400, "AuthorizationHeaderMalformed", None, ""),
    "elsewhere": (301, "PermanentRedirect", None, "<Endpoint>other.example.org</Endpoint>"),
    "skewed": (403, "RequestTimeTooSkewed", None, f"<ServerTime>{TIME}</ServerTime>"),
    "expired": (400, "ExpiredToken", None, ""),
    "invalid": (400, "InvalidToken", None, ""),
    "archived": (403, "InvalidObjectState", None, ""),
}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        bucket = self.path.split("?")[0].split("/")[1]
        signed_for = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")
        region = signed_for[2] if len(signed_for) > 2 else None
        self.server.asked.append((bucket, region))
        status, code, moved_to, more = ANSWERS[bucket]
        if region == "eu-west-1":
            status, code, moved_to, more = 404, "NoSuchKey", None, ""
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>text</Message>{more}</Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        if moved_to:
            self.send_header("x-amz-bucket-region", moved_to)
        self.end_headers()
        self.wfile.write(body)


class BadS3:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.asked = []
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def asked(self):
        """(bucket, region that the request was signed for), in order."""
        return self.server.asked

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
