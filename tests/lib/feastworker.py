# SPDX-License-Identifier: Apache-2.0
"""The real feast-worker over a socket pair, as feast-core starts it."""

import os
import socket
import struct
import subprocess
import tempfile

from feastapi import BIN_DIR, ours

WORKER = BIN_DIR / "feast-worker"
# Nothing waits this long unless something hangs: sanitizers and busy machines are slow, not broken.
PATIENCE = 120

WorkOrder = ours().message("feast.worker.v1.WorkOrder")
WorkerMessage = ours().message("feast.worker.v1.WorkerMessage")


class Worker:
    """A worker and our end of its socket."""

    def __init__(self, *args, env=None):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        self.log = tempfile.TemporaryFile("w+")

        def give_socket():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen([WORKER, *args], stderr=self.log, stdin=subprocess.DEVNULL,
                                        preexec_fn=give_socket, pass_fds=[3], env=env)
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def send(self, message):
        self.send_frame(message.SerializeToString())

    def send_frame(self, data):
        self.socket.sendall(struct.pack(">I", len(data)) + data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError(f"after {len(data)} of {count} bytes")
            data += piece
        return data

    def receive(self):
        (length,) = struct.unpack(">I", self.exactly(4))
        return WorkerMessage.FromString(self.exactly(length))

    def result(self):
        """The result, and the progress before it."""
        progress = []
        while True:
            message = self.receive()
            kind = message.WhichOneof("body")
            if kind == "result":
                return message, progress
            if kind == "progress":
                progress.append(message.progress)

    def ended(self):
        """Its exit code, once the socket has nothing more."""
        try:
            rest = self.socket.recv(1)
        except ConnectionResetError:
            rest = b""
        if rest:
            raise AssertionError("more than one result")
        return self.process.wait(PATIENCE)

    def log_text(self):
        self.log.seek(0)
        return self.log.read()
