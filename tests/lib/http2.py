# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 by hand: frames that no library would send."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CANCEL = 8
SETTINGS_INITIAL_WINDOW_SIZE = 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values):
    """settings(initial_window_size=0): nothing may be sent to us."""
    payload = b""
    if "initial_window_size" in values:
        payload += struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, values["initial_window_size"])
    return frame(SETTINGS, payload=payload)


def _length(number, bits):
    """An HPACK integer."""
    limit = (1 << bits) - 1
    if number < limit:
        return bytes([number])
    out, number = [limit], number - limit
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def header_block(pairs):
    """HPACK literals without indexing: state of the connection is left alone."""
    return b"".join(
        b"\0" + _length(len(name), 7) + name.encode() + _length(len(value), 7) + value.encode()
        for name, value in pairs)


def call_headers(path, authority="localhost", extra=()):
    return header_block([
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", authority),
        ("te", "trailers"), ("content-type", "application/grpc"), *extra])


def message(data, compressed=0, length=None):
    """A gRPC message; `length` may lie."""
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data


def split(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Connection:
    def __init__(self, address, greet=True, timeout=60, first=None, tls=None):
        """`tls` is an ssl.SSLContext."""
        self.socket = socket.create_connection(split(address), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self._unread = b""
        self._stream = -1
        if greet:
            self.send(PREFACE + (first or settings()))

    def send(self, data):
        self.socket.sendall(data)

    def next_stream(self):
        self._stream += 2
        return self._stream

    def open(self, path, data=b"", end=True, extra=()):
        """A call in one write; its stream."""
        stream = self.next_stream()
        self.send(frame(HEADERS, END_HEADERS, stream, call_headers(path, extra=extra))
                  + frame(DATA, END_STREAM if end else 0, stream, message(data)))
        return stream

    def _read(self, size):
        while len(self._unread) < size:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError
            self._unread += got
        out, self._unread = self._unread[:size], self._unread[size:]
        return out

    def receive(self):
        """The next frame: (kind, flags, stream, payload); EOFError when the server closed."""
        head = self._read(9)
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self._read(size)
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK))
        if kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, payload=payload))
        return kind, flags, stream, payload

    def answer(self, stream):
        """Reads on to the end of the stream: its data, or None when it was reset."""
        data = b""
        while True:
            kind, flags, number, payload = self.receive()
            if kind == GOAWAY:
                raise EOFError
            if number != stream:
                continue
            if kind == RST_STREAM:
                return None
            if kind == DATA:
                data += payload
            if flags & END_STREAM and kind in (DATA, HEADERS):
                return data

    def is_closed(self):
        """Reads on until the server closes; what it says before that is passed over."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def send_headers_without_end(self, path, frames=4000):
        """A header block that goes on and on, 16 KB a frame; ConnectionError when the server has had enough of it."""
        self.send(frame(HEADERS, 0, 1, call_headers(path)))
        more = frame(CONTINUATION, 0, 1, header_block([("x-more", "y" * 16_000)]))
        for _ in range(frames):
            self.send(more)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
