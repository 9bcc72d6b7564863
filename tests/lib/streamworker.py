# SPDX-License-Identifier: Apache-2.0
"""feast-worker with the order to follow a stream, as feast-core would start it: over a socket at descriptor 3."""

import io
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import fastavro

from feastapi import BIN_DIR, ours

WORKER = BIN_DIR / "feast-worker"
# Nothing waits this long unless something hangs: sanitizers and busy machines are slow, not broken.
PATIENCE = 120
PASSWORD_ENV = "FEAST_CORE_ONLINE_STORE_PASSWORD"
STRING, INT32, INT64, DOUBLE, BOOL = 2, 3, 4, 5, 7

WorkOrder = ours().message("feast.worker.v1.WorkOrder")
WorkerMessage = ours().message("feast.worker.v1.WorkerMessage")
OnlineRow = ours().message("feast.storage.OnlineRow")

# An event: a key, its time in microseconds, a number that is different in each message, and a word or none.
SCHEMA = {"type": "record", "name": "Event", "fields": [
    {"name": "id", "type": ["null", "long"]},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "number", "type": "long"},
    {"name": "word", "type": ["null", "string"]},
]}
PARSED = fastavro.parse_schema(SCHEMA)


def avro(schema, record):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def event(key, ts, number, word=None):
    return avro(PARSED, {"id": key, "ts": ts, "number": number, "word": word})


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def key_of(number, project="default", entity=b"id"):
    """Of an online row, as both stores have it: project, names and values of the entities."""
    value = b"\x20" + varint(number)
    return (b"\x0a" + varint(len(project)) + project.encode() + b"\x12" + varint(len(entity)) + entity
            + b"\x1a" + varint(len(value)) + value)


def kafka_order(servers, topic, schema_json, order_id="stream"):
    """Without a table's columns and without a store."""
    order = WorkOrder(id=order_id)
    ingest = order.ingest_stream.ingest
    ingest.project = "default"
    source = ingest.spec.stream_source
    source.type = 3
    source.event_timestamp_column = "ts"
    source.kafka_options.bootstrap_servers = servers
    source.kafka_options.topic = topic
    source.kafka_options.message_format.avro_format.schema_json = schema_json
    return order


class StreamWorker:
    """A worker at its order. `told`: the progress so far; `result` once it ended."""

    def __init__(self, order, password=None, env=None):
        mine, theirs = socket.socketpair()
        self.socket = mine
        self.log = tempfile.TemporaryFile()
        environment = {name: text for name, text in os.environ.items() if not name.startswith("FEAST_")}
        environment.update(env or {})
        if password is not None:
            environment[PASSWORD_ENV] = password
        self.process = subprocess.Popen([WORKER], stderr=self.log, stdin=subprocess.DEVNULL, pass_fds=[3],
                                        env=environment, preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        theirs.close()
        self.told, self.result, self.ended = [], None, False
        data = order.SerializeToString()
        self.socket.sendall(struct.pack(">I", len(data)) + data)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        stream = self.socket.makefile("rb")
        with stream:
            try:
                while len(head := stream.read(4)) == 4:
                    message = WorkerMessage.FromString(stream.read(struct.unpack(">I", head)[0]))
                    if message.WhichOneof("body") == "progress":
                        self.told.append(message.progress)
                    elif message.WhichOneof("body") == "result":
                        self.result = message.result
            except ConnectionResetError:
                pass
        self.ended = True

    @property
    def last(self):
        return self.told[-1] if self.told else None

    def positions(self):
        return {p.part: p.offset for p in self.last.positions} if self.told else {}

    def wait(self, condition, what=""):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.ended and not condition():
                raise AssertionError(f"ended while waiting for {what}: {self.result}\n{self.text()}")
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}; the last progress: {self.last}\n{self.text()}")
            time.sleep(0.01)
        return self

    def wait_read(self, rows):
        return self.wait(lambda: self.last and self.last.rows_read >= rows, f"{rows} rows")

    def wait_reading(self):
        """It has said where it begins."""
        return self.wait(lambda: self.last and self.last.phase == "read", "the first positions")

    def wait_result(self):
        end = time.monotonic() + PATIENCE
        while not self.ended:
            if time.monotonic() > end:
                raise AssertionError(f"no result; the last progress: {self.last}\n{self.text()}")
            time.sleep(0.01)
        self._over()
        if self.result is None:
            raise AssertionError(f"no result:\n{self.text()}")
        return self.result

    def stop(self):
        """As feast-core ends a stream; its result."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_result()

    def kill(self):
        """As a power cut would; what it told last."""
        if self.process.poll() is None:
            self.process.kill()
        self._over()
        return self.last

    def _over(self):
        self.process.wait(PATIENCE)
        self.thread.join(PATIENCE)
        self.socket.close()
        text = self.text()
        assert "Sanitizer" not in text and "runtime error:" not in text, text

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def rss(self):
        """Resident bytes: all, and those that no other process shares."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            found = {line.split()[0]: int(line.split()[1]) * 1024 for line in file if line.split()[-1] == "kB"}
        return found["Rss:"], found["Private_Clean:"] + found["Private_Dirty:"]
