# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker (tests/peers/kafka) with every way to log in, each on a listener of its own, in one process."""

import atexit
import base64
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from peers import PATIENCE, add_packages, die_with_parent, free_ports, installed, make_certificates

# User and password of SASL PLAIN, then of both kinds of SCRAM.
PLAIN = ("alice", "alice-secret")
SCRAM = ("bob", "bob-secret")

# Name of a listener and the protocol it speaks.
LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",
    "SASL": "SASL_PLAINTEXT",
    "TLS": "SSL",
    "MTLS": "SSL",          # only with a certificate of a client
    "SASLTLS": "SASL_SSL",
    "AWAY": "PLAINTEXT",    # the cluster says it is at a port where nobody listens
    "LOCAL": "PLAINTEXT",   # the cluster says it is at a link-local address
    "CONTROLLER": "PLAINTEXT",
}


def peer():
    """Where the jars and the Python client are; a loud failure when they are not."""
    path = installed("kafka", "the Kafka broker is")
    add_packages(path / "python")
    return path


class KafkaBroker:
    """
    Listens on 127.0.0.1; `address[name]` of each listener. Topics may be created on demand by clients that ask for it,
    and whoever is no super user is held against the rules of access that the test makes.
    """

    def __init__(self, heap="256m"):
        self.peer = peer()
        self.heap = heap
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fc-kafka-"))
        self.tls = self.dir / "tls"
        ports = free_ports(len(LISTENERS) + 1)
        self.address = {name: f"127.0.0.1:{port}" for name, port in zip(LISTENERS, ports)}
        self.nobody = f"127.0.0.1:{ports[-1]}"
        self.process = None
        self._admin = None
        self.log = self.dir / "broker.log"

    def properties(self):
        jaas = "org.apache.kafka.common.security"
        advertised = {**self.address, "AWAY": self.nobody, "LOCAL": "169.254.10.10:9092"}
        outer = [name for name in LISTENERS if name != "CONTROLLER"]
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{self.address['CONTROLLER']}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listeners": ",".join(f"{name}://{self.address[name]}" for name in LISTENERS),
            "advertised.listeners": ",".join(f"{name}://{advertised[name]}" for name in outer),
            "listener.security.protocol.map": ",".join(f"{k}:{v}" for k, v in LISTENERS.items()),
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.tls / "server-store.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.tls / "ca.pem",
            "listener.name.mtls.ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
            "super.users": "User:ANONYMOUS",
            "log.dirs": self.dir / "data",
            "auto.create.topics.enable": "true",
            "offsets.topic.num.partitions": "1",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "connection.failed.authentication.delay.ms": "10",
        }
        for listener in ("sasl", "sasltls"):
            name = f"listener.name.{listener}"
            lines[f"{name}.plain.sasl.jaas.config"] = \
                f'{jaas}.plain.PlainLoginModule required user_{PLAIN[0]}="{PLAIN[1]}";'
            for kind in ("256", "512"):
                lines[f"{name}.scram-sha-{kind}.sasl.jaas.config"] = f"{jaas}.scram.ScramLoginModule required;"
        return "".join(f"{key}={value}\n" for key, value in lines.items())

    def java(self, *args):
        return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
                f"-Dlog4j.configuration=file:{self.dir}/log4j.properties", "-cp", f"{self.peer}/libs/*", *args]

    def format(self):
        # Begins with an A: one that began with a dash would be taken for an option.
        cluster = base64.urlsafe_b64encode(b"\0" + os.urandom(15)).decode().rstrip("=")
        users = [f"SCRAM-SHA-{kind}=[name={SCRAM[0]},password={SCRAM[1]}]" for kind in ("256", "512")]
        done = subprocess.run(
            self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.dir / "server.properties",
                      "--add-scram", users[0], "--add-scram", users[1]), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"the broker's storage cannot be made:\n{done.stdout}{done.stderr}")

    def launch(self):
        """Starts the process on the data of before; `wait` until it serves."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.java(f"-Xmx{self.heap}", "kafka.Kafka", self.dir / "server.properties"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir, preexec_fn=die_with_parent)
        return self

    def wait(self):
        end = time.monotonic() + PATIENCE
        while b"Kafka Server started" not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > end:
                log = self.log.read_text()
                # What went wrong is told long before the last lines, which are of the shutdown.
                errors = "\n".join(re.findall(r".*(?: ERROR | FATAL |Exception).*", log))
                raise AssertionError(f"the broker does not start:\n{errors[:4000]}\n...\n{log[-1000:]}")
            time.sleep(0.05)
        return self

    def start(self):
        make_certificates(self.tls)
        (self.dir / "server.properties").write_text(self.properties())
        (self.dir / "log4j.properties").write_text(
            "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
            "log4j.appender.out.layout.ConversionPattern=%d %p %c - %m%n\n")
        self.format()
        return self.launch().wait()

    def kill(self):
        """As a power cut would end it; `launch` starts it again."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def admin(self):
        from confluent_kafka.admin import AdminClient
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.address["PLAINTEXT"],
                                       "allow.auto.create.topics": False, "log_level": 0})
        return self._admin

    def create(self, topic, partitions=1, **config):
        from confluent_kafka.admin import NewTopic
        config = {key.replace("_", "."): str(value) for key, value in config.items()}
        self.admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result(PATIENCE)
        self.settle(topic, partitions)

    def settle(self, topic, partitions):
        """The controller knows what was made; the broker hears of it a moment later."""
        end = time.monotonic() + PATIENCE
        while len(self.admin.list_topics(topic, timeout=PATIENCE).topics[topic].partitions) < partitions:
            if time.monotonic() > end:
                raise AssertionError(f"topic {topic} does not appear")
            time.sleep(0.02)

    def producer(self, **config):
        """Idempotent, for a retry must neither change the order of messages nor repeat one: tests look at offsets."""
        from confluent_kafka import Producer
        return Producer({"bootstrap.servers": self.address["PLAINTEXT"], "linger.ms": 5, "log_level": 0,
                         "enable.idempotence": True, **config})

    def produce(self, topic, messages):
        """`messages`: (partition, value) or (partition, value, key)."""
        producer, failed = self.producer(), []

        def delivered(error, _):
            if error is not None:
                failed.append(error)

        for partition, value, *key in messages:
            producer.produce(topic, value, key=key[0] if key else None, partition=partition, on_delivery=delivered)
        if producer.flush(PATIENCE) != 0 or failed:
            raise AssertionError(f"messages to {topic} were not taken: {failed[:3]}")


_shared = []


def shared():
    """The one broker of the test cases of a program: it takes longer to start than most of them."""
    if not _shared:
        _shared.append(KafkaBroker())
        atexit.register(_shared[0].stop)
        _shared[0].start()
    return _shared[0]
