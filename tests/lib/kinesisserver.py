# SPDX-License-Identifier: Apache-2.0
"""Kinesis as moto serves it (tests/peers/object-stores), signatures verified; as kinesalite does (tests/peers/kinesalite),
whose shards can be split and merged; and a stand-in for what neither says."""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from peers import PATIENCE, SOURCE_DIR, add_packages, die_with_parent, free_ports, installed

REGION = "eu-west-1"
ALLOWED = ["kinesis:*"]
DESCRIBE_ONLY = ["kinesis:DescribeStreamSummary"]


def peer():
    """Where moto and boto3 are; a loud failure when they are not."""
    path = installed("object-stores", "moto is")
    add_packages(path / "lib/python3.11/site-packages")
    return path


def _varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def packed(records):
    """Records (key, data) as the Kinesis Producer Library packs them."""
    keys = sorted({key for key, _ in records})
    message = b"".join(_field(1, key.encode()) for key in keys)
    for key, data in records:
        message += _field(3, _varint(1 << 3) + _varint(keys.index(key)) + _field(3, data))
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


def shard(number, closed=False):
    return {"ShardId": f"shardId-{number:012}", "SequenceNumberRange":
            {"StartingSequenceNumber": "1", **({"EndingSequenceNumber": "2"} if closed else {})}}


def record(data, number=1):
    return {"Data": base64.b64encode(data).decode(), "PartitionKey": "k", "SequenceNumber": str(number),
            "ApproximateArrivalTimestamp": 1600000000.5}


class Moto:
    """`url`, and keys of users: `good` may do all with Kinesis, `weak` next to nothing."""

    def __init__(self):
        self.peer = peer()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fc-moto-"))
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        # Three calls make each user; every later one is held against its keys and policy.
        env = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "6", "MOTO_IAM_LOAD_MANAGED_POLICIES": "0",
               "HOME": str(self.dir)}
        with (self.dir / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.peer / "bin/moto_server", "-H", "127.0.0.1", "-p", str(self.port)], env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                break
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"moto does not start:\n{(self.dir / 'log').read_text()}")
            time.sleep(0.05)
        self.good = self.user("good", ALLOWED)
        self.weak = self.user("weak", DESCRIBE_ONLY)
        return self

    def client(self, service, keys=("key", "secret")):
        import boto3
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=keys[0],
                            aws_secret_access_key=keys[1])

    def user(self, name, actions):
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def kinesalite():
    """Where kinesalite is; a loud failure when it is not."""
    return installed("kinesalite", "kinesalite is") / "node_modules"


class Kinesalite:
    """`url`, and `client` with any keys. Killed and started again it has the same streams at the same place."""

    def __init__(self):
        peer()
        self.modules = kinesalite()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fc-kinesalite-"))
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        server = SOURCE_DIR / "tests/peers/kinesalite/server.js"
        with (self.dir / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["node", server, self.modules, self.dir / "data", str(self.port)], stdin=subprocess.PIPE,
                stdout=log, stderr=log, preexec_fn=die_with_parent)
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                break
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"kinesalite does not start:\n{(self.dir / 'log').read_text()}")
            time.sleep(0.05)
        return self

    def client(self):
        import boto3
        return boto3.client("kinesis", endpoint_url=self.url, region_name=REGION, aws_access_key_id="key",
                            aws_secret_access_key="secret")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process = None

    def stop(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class StandIn:
    """
    No Kinesis: answers each action with what the test put in `answers[action]`, one after the other, the last one again
    and again: (status, body). An answer or a body that is callable is called with the input. `ahead` is how far its clock
    is ahead.
    """

    def __init__(self, answers):
        self.answers = {action: list(given) for action, given in answers.items()}
        self.seen = []
        self.ahead = 0
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(timestamp or time.time() + stand_in.ahead)

            def do_POST(self):
                action = self.headers["X-Amz-Target"].rpartition(".")[2]
                given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.seen.append((action, given))
                answers = stand_in.answers[action]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                status, body = answer(given) if callable(answer) else answer
                data = json.dumps(body(given) if callable(body) else body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_ports(1)[0]), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
