# SPDX-License-Identifier: Apache-2.0
"""
Real Redis servers (Debian's package redis-server): one with a password, users, databases and TLS, a cluster of three
masters. `Client` is no library: it sends words and returns octets, so that tests see what is really stored.
"""

import contextlib
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from peers import PATIENCE, die_with_parent, free_ports, make_certificates

PASSWORD = "pw of the default user"
# May do what a sink and a reader do, with its own password.
USER, USER_PASSWORD = "feeder", "another-password"
USER_RULES = ["+@read", "+@write", "+@hash", "+@keyspace", "+@scripting", "+@connection", "+cluster|slots", "~*"]


class RedisError(Exception):
    pass


class Client:
    """One connection; `call` takes words as str, int or bytes and returns int, bytes, None, a list, or raises RedisError."""

    def __init__(self, port, password=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        try:
            if password is not None:
                self.call("AUTH", password)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def call(self, *words):
        self.send(*words)
        return self._reply()

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the server closed the connection")
        mark, rest = line[:1], line[1:-2]
        if mark == b"-":
            raise RedisError(rest.decode())
        if mark == b"+":
            return rest
        if mark == b":":
            return int(rest)
        count = int(rest)
        if count < 0:
            return None
        if mark == b"$":
            return self.file.read(count + 2)[:-2]
        return [self._reply() for _ in range(count)]

    def hash(self, key):
        words = self.call("HGETALL", key)
        return dict(zip(words[::2], words[1::2]))

    def dump(self):
        """Every key with its fields."""
        return {key: self.hash(key) for key in self.call("KEYS", "*")}


class Redis:
    """One server: `port` plain, `tls_port`; started again with `start` after `stop`. Nothing is kept on disk unless `keep`."""

    def __init__(self, *options, password=PASSWORD, keep=False):
        if shutil.which("redis-server") is None:
            raise SystemExit("redis-server is not installed; run ./dev deps")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fc-redis-"))
        self.options = options
        self.password = password
        self.keep = keep
        self.port, self.tls_port = free_ports(2)
        self.tls = self.dir / "tls"
        self.process = None

    def start(self, tls=False):
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.dir),
                   "--save", "", "--appendonly", "yes" if self.keep else "no"]
        # Written before the answer, as "everysec" is not while the disk is busy: what was answered outlives a kill.
        command += ["--appendfsync", "no"]
        if tls:
            if not self.tls.exists():
                make_certificates(self.tls)
            command += ["--tls-port", str(self.tls_port), "--tls-cert-file", str(self.tls / "server.pem"),
                        "--tls-key-file", str(self.tls / "server.key"), "--tls-ca-cert-file", str(self.tls / "ca.pem")]
        if self.password is not None:
            command += ["--requirepass", self.password]
        log = (self.dir / "log").open("ab")
        with log:
            self.process = subprocess.Popen([*command, *self.options], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError, RedisError, EOFError), self.client() as client:
                if client.call("PING") == b"PONG":
                    return self
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"redis-server does not start:\n{(self.dir / 'log').read_text()}")
            time.sleep(0.02)

    def add_user(self):
        with self.client() as client:
            client.call("ACL", "SETUSER", USER, "on", f">{USER_PASSWORD}", *USER_RULES)

    def client(self):
        return Client(self.port, self.password)

    def stop(self):
        """At once, as when the machine is lost."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def pause(self, on):
        self.process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Cluster:
    """Three masters without replicas. `url`; `dump` of all of them."""

    def __init__(self):
        self.nodes = []
        self.ports = []

    def start(self):
        while len(self.nodes) < 3:
            # The bus of a node is 10000 above its port by habit; here it is free as well.
            bus = free_ports(1)[0]
            node = Redis("--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "2000",
                         password=None)
            self.nodes.append(node.start())
        self.ports = [node.port for node in self.nodes]
        subprocess.run(["redis-cli", "--cluster", "create", *(f"127.0.0.1:{port}" for port in self.ports),
                        "--cluster-yes"], check=True, capture_output=True, timeout=PATIENCE)
        end = time.monotonic() + PATIENCE
        while not all(self._ready(node) for node in self.nodes):
            if time.monotonic() > end:
                raise AssertionError("the cluster does not come up")
            time.sleep(0.02)
        return self

    def _ready(self, node):
        with node.client() as client:
            info = client.call("CLUSTER", "INFO")
            return b"cluster_state:ok" in info and b"cluster_slots_ok:16384" in info

    @property
    def url(self):
        return f"redis+cluster://127.0.0.1:{random.choice(self.ports)}"

    def dump(self):
        found = {}
        for node in self.nodes:
            with node.client() as client:
                found.update(client.dump())
        return found

    def flush(self):
        for node in self.nodes:
            with node.client() as client:
                client.call("FLUSHALL")

    def move_slot(self, slot, source, target):
        """Moves a slot and its keys, by numbers of nodes, as an administrator's tool does."""
        with self.nodes[source].client() as giver, self.nodes[target].client() as taker:
            giver_id, taker_id = giver.call("CLUSTER", "MYID"), taker.call("CLUSTER", "MYID")
            taker.call("CLUSTER", "SETSLOT", slot, "IMPORTING", giver_id)
            giver.call("CLUSTER", "SETSLOT", slot, "MIGRATING", taker_id)
            while keys := giver.call("CLUSTER", "GETKEYSINSLOT", slot, 100):
                giver.call("MIGRATE", "127.0.0.1", self.ports[target], "", 0, 5000, "KEYS", *keys)
            for client in (taker, giver):
                client.call("CLUSTER", "SETSLOT", slot, "NODE", taker_id)

    def close(self):
        for node in self.nodes:
            node.close()
