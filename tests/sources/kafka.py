#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics of a real Kafka broker as a probe sees them: every way to log in, what can be wrong, and that nothing is left
behind on the broker."""

import contextlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from kafka_follow import Following  # noqa: F401 (its cases are run here, with the same broker)
from kafkabroker import PATIENCE, PLAIN, SCRAM, peer, shared

peer()
from confluent_kafka import Consumer, TopicPartition  # noqa: E402  (from the peer)
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, ResourcePatternType,  # noqa: E402
                                   ResourceType)

LOOK = pathlib.Path(os.environ["FC_BUILD_DIR"]) / "tests/broker_look"
# Far more than any look takes; a look at what is not there is to end long before.
DEADLINE_MS = 60000


class Kafka(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.broker = shared()
        cls.dir = tempfile.TemporaryDirectory(prefix="fc-kafka-test-")
        cls.addClassCleanup(cls.dir.cleanup)
        cls.broker.create("trips", 3)
        cls.broker.produce("trips", [(i % 3, b"%d" % i, b"k%d" % i) for i in range(300)])

    @classmethod
    def state(cls):
        """Topics and consumer groups of the broker."""
        groups = cls.broker.admin.list_consumer_groups().result(PATIENCE)
        return (sorted(cls.broker.admin.list_topics(timeout=PATIENCE).topics),
                sorted(group.group_id for group in groups.valid))

    def look(self, listener="PLAINTEXT", topic="trips", servers=None, config=None, **keys):
        """What the worker saw; `config` is the text of the operator's file of properties."""
        if config is not None:
            path = pathlib.Path(self.dir.name) / "kafka.properties"
            path.write_text(config)
            keys["config"] = path
        keys.setdefault("deadline_ms", DEADLINE_MS)
        done = subprocess.run(
            [LOOK, "kafka", servers or self.broker.address[listener], topic]
            + [f"{key}={value}" for key, value in keys.items()], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def section(self, listener, **properties):
        """A file with a section of this listener's cluster."""
        return "".join([f"[{self.broker.address[listener]}]\n"]
                       + [f"{key.replace('_', '.')} = {value}\n" for key, value in properties.items()])

    def sees(self, seen, count=300):
        self.assertIn("messages", seen, seen.get("message"))
        self.assertEqual(len(seen["messages"]), count)
        self.assertFalse(seen["cut"])
        return seen["messages"]

    def fails(self, seen, reason, *texts):
        self.assertEqual(seen.get("reason"), reason, seen)
        for text in texts:
            self.assertIn(text, seen["message"])
        for _, secret in (PLAIN, SCRAM):
            self.assertNotIn(secret, seen["message"])
        return seen["message"]

    # What is read

    def test_the_newest_messages_of_every_partition(self):
        seen = self.look(rows=30)
        messages = self.sees(seen, 30)
        self.assertEqual(seen["partitions"], 3)
        self.assertEqual(sorted(int(m["value"]) for m in messages), list(range(270, 300)))
        for message in messages:
            self.assertEqual(message["key"], "k" + message["value"])
            self.assertEqual(int(message["partition"]), int(message["value"]) % 3)
            self.assertEqual(int(message["offset"]), int(message["value"]) // 3)
            self.assertGreater(message["time_ms"], 1_500_000_000_000)

    def test_what_a_small_partition_lacks_others_give(self):
        self.broker.create("uneven", 3)
        self.broker.produce("uneven", [(0, b"a")] * 2 + [(1, b"b")] * 500)
        values = [m["value"] for m in self.sees(self.look(topic="uneven", rows=100), 100)]
        self.assertEqual((values.count("a"), values.count("b")), (2, 98))

    def test_fewer_rows_than_partitions(self):
        self.assertEqual(len({m["partition"] for m in self.sees(self.look(rows=2), 2)}), 2)

    def test_64_partitions(self):
        self.broker.create("wide", 64)
        self.broker.produce("wide", [(i % 64, b"%d" % i) for i in range(64 * 20)])
        seen = self.look(topic="wide", rows=640)
        self.assertEqual(seen["partitions"], 64)
        partitions = [m["partition"] for m in self.sees(seen, 640)]
        self.assertEqual({partitions.count(str(i)) for i in range(64)}, {10})

    def test_tombstones_and_empty_messages(self):
        self.broker.create("nothing", 1)
        self.broker.produce("nothing", [(0, None, b"k"), (0, b"")])
        self.assertEqual([m["value"] for m in self.sees(self.look(topic="nothing"), 2)], [None, ""])

    def test_a_topic_without_messages(self):
        self.broker.create("empty", 2)
        seen = self.look(topic="empty")
        self.assertEqual(seen["partitions"], 2)
        self.sees(seen, 0)

    def test_only_committed_messages(self):
        self.broker.create("transactions", 1)
        producer = self.broker.producer(**{"transactional.id": "t"})
        producer.init_transactions(PATIENCE)
        for end in (producer.commit_transaction, producer.abort_transaction):
            producer.begin_transaction()
            for i in range(500):
                producer.produce("transactions", b"%d %s" % (i, end.__name__.encode()))
            producer.flush(PATIENCE)
            end(PATIENCE)
        # The marks of their ends are written a little later.
        consumer = Consumer({"bootstrap.servers": self.broker.address["PLAINTEXT"], "group.id": "unused"})
        end = time.monotonic() + PATIENCE
        while consumer.get_watermark_offsets(TopicPartition("transactions", 0))[1] < 1002:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        consumer.close()
        # The end of the partition is 500 aborted messages and a mark: the sample goes further back.
        values = [m["value"] for m in self.sees(self.look(topic="transactions", rows=10), 10)]
        self.assertEqual({value.split()[1] for value in values}, {"commit_transaction"})
        every = self.look(topic="transactions", rows=10, config="isolation.level=read_uncommitted")
        self.assertEqual({m["value"].split()[1] for m in every["messages"]}, {"abort_transaction"})

    def test_bytes_are_limited(self):
        self.broker.create("large", 1)
        self.broker.produce("large", [(0, b"x" * 1000)] * 100)
        seen = self.look(topic="large", bytes=5000)
        self.assertTrue(seen["cut"])
        self.assertLess(len(seen["messages"]), 10)
        self.assertEqual(seen["bytes"], 1000 * len(seen["messages"]))

    def test_nothing_is_left_behind(self):
        self.fails(self.look(topic="not_there"), "SOURCE_UNREACHABLE")
        self.sees(self.look())
        topics, groups = self.state()
        self.assertNotIn("not_there", topics)
        self.assertEqual(groups, [])
        # The broker makes groups when it is asked to.
        consumer = Consumer({"bootstrap.servers": self.broker.address["PLAINTEXT"], "group.id": "g"})
        consumer.subscribe(["trips"])
        end = time.monotonic() + PATIENCE
        while self.state()[1] != ["g"]:
            self.assertLess(time.monotonic(), end)
            consumer.poll(0.2)
        consumer.close()

    # How to log in

    def test_sasl_plain(self):
        login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_username": PLAIN[0]}
        self.sees(self.look("SASL", config=self.section("SASL", **login, sasl_password=PLAIN[1])))
        self.fails(self.look("SASL", config=self.section("SASL", **login, sasl_password="wrong-secret")),
                   "SOURCE_UNREACHABLE", "refused the login", self.broker.address["SASL"])

    def test_scram(self):
        secret = pathlib.Path(self.dir.name) / "secret"
        secret.write_text(SCRAM[1] + "\n")
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism, "sasl_username": SCRAM[0]}
            for key, value in (("sasl.password", SCRAM[1]), ("sasl.password", f"${{file:{secret}}}"),
                               ("sasl.password_file", secret)):
                self.sees(self.look("SASL", config=self.section("SASL", **login) + f"{key}={value}\n"))
            message = self.fails(self.look("SASL", config=self.section("SASL", **login, sasl_password="wr0ng-secret")),
                                 "SOURCE_UNREACHABLE", "refused the login")
            self.assertNotIn("wr0ng", message)

    def test_the_java_clients_properties(self):
        jaas = ('org.apache.kafka.common.security.scram.ScramLoginModule required '
                f'username="{SCRAM[0]}" password="{SCRAM[1]}";')
        self.sees(self.look("SASLTLS", config=self.section(
            "SASLTLS", security_protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-512", sasl_jaas_config=jaas,
            ssl_truststore_type="PEM", ssl_truststore_location=self.broker.tls / "ca.pem")))
        self.sees(self.look("MTLS", config=self.section(
            "MTLS", security_protocol="SSL", ssl_truststore_location=self.broker.tls / "ca.pem",
            ssl_keystore_type="PEM", ssl_keystore_location=self.broker.tls / "client-store.pem")))

    def test_tls(self):
        self.sees(self.look("TLS", config="security.protocol=SSL\n", ca=self.broker.tls / "ca.pem"))
        self.sees(self.look(
            "TLS", config=f"security.protocol=SSL\nssl.ca.location={self.broker.tls}/ca.pem\n"))
        self.fails(self.look("TLS", config="security.protocol=SSL\n", ca=self.broker.tls / "stranger.pem"),
                   "SOURCE_UNREACHABLE", "no TLS connection", "certificate verify failed")

    def test_client_certificates(self):
        both = {"security_protocol": "SSL", "ssl_ca_location": self.broker.tls / "ca.pem"}
        for name, good in (("client", True), ("stranger", False)):
            seen = self.look("MTLS", config=self.section(
                "MTLS", **both, ssl_certificate_location=self.broker.tls / f"{name}.pem",
                ssl_key_location=self.broker.tls / f"{name}.key"))
            if good:
                self.sees(seen)
            else:
                self.fails(seen, "SOURCE_UNREACHABLE", self.broker.address["MTLS"])
        self.fails(self.look("MTLS", config=self.section("MTLS", **both)), "SOURCE_UNREACHABLE")

    def test_the_wrong_protocol(self):
        for listener in ("SASL", "TLS"):
            self.fails(self.look(listener), "SOURCE_UNREACHABLE", "ended the connection", "security.protocol")
        self.fails(self.look(config="security.protocol=SSL\n"), "SOURCE_UNREACHABLE", "TLS")

    def test_a_listener_that_hangs_up(self):
        """As one does that is spoken to in the wrong protocol; here before anything is sent, of which the library says no
        more than that."""
        def hang_up():
            with contextlib.suppress(OSError):
                listener.accept()[0].close()  # of who looks whether anybody is there
                while True:
                    connection = listener.accept()[0]
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=hang_up, daemon=True)
            thread.start()
            seen = self.look(servers="127.0.0.1:%d" % listener.getsockname()[1])
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
        self.fails(seen, "SOURCE_UNREACHABLE", "ended the connection", "security.protocol")

    def test_credentials_go_to_their_cluster_only(self):
        login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_username": PLAIN[0],
                 "sasl_password": PLAIN[1]}
        config = self.section("SASL", **login)
        # Another broker beside one of the cluster: refused before anything is sent.
        self.fails(self.look(servers=f"{self.broker.address['SASL']},{self.broker.address['TLS']}", config=config),
                   "SOURCE_DENIED", "the brokers of one cluster only")
        self.fails(self.look(config=config.partition("\n")[2]), "SOURCE_UNREACHABLE", "line 3", "sasl.username",
                   "must stand in the section")
        self.sees(self.look("SASL", config="[*]\n" + config.partition("\n")[2]))
        self.sees(self.look(config=config))

    # What can be wrong

    def test_brokers_that_are_down(self):
        nobody = self.broker.nobody
        self.fails(self.look(servers=f"{nobody},localhost:1"), "SOURCE_UNREACHABLE",
                   f"{nobody}: Connection refused", "localhost:1: Connection refused")
        self.sees(self.look(servers=f"{nobody},{self.broker.address['PLAINTEXT']}"))
        self.fails(self.look(servers="no-such-host.invalid"), "SOURCE_UNREACHABLE", "no-such-host.invalid:9092: ")

    def test_addresses_that_only_the_cluster_knows(self):
        self.fails(self.look("AWAY"), "SOURCE_UNREACHABLE", "announce themselves",
                   f"{self.broker.nobody}: Connection refused")

    def test_places_that_may_not_be_reached(self):
        self.fails(self.look("LOCAL"), "SOURCE_DENIED", "169.254.10.10", "link-local")
        self.fails(self.look(denied="127.0.0.0/8"), "SOURCE_DENIED", "127.0.0.1")
        self.fails(self.look(servers="localhost:9092", denied="localhost"), "SOURCE_DENIED", "localhost")
        self.fails(self.look(scheme="file"), "SOURCE_DENIED", "kafka")

    def test_topics_that_are_not_there(self):
        self.fails(self.look(topic="missing"), "SOURCE_UNREACHABLE", '"missing"', "there is no such topic")
        self.fails(self.look(topic="a b"), "SOURCE_INVALID", "no name of a topic")
        self.fails(self.look(topic=""), "SOURCE_INVALID", "without a topic")
        self.fails(self.look(servers="a b:1"), "SOURCE_INVALID", "no host:port")

    def test_topics_of_others(self):
        self.broker.create("private", 1)
        self.broker.create("seen", 1)
        self.broker.produce("seen", [(0, b"x")])

        def allow(topic, user, operation):
            return AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*", operation,
                              AclPermissionType.ALLOW)

        rules = [allow("private", SCRAM[0], AclOperation.ALL), allow("seen", PLAIN[0], AclOperation.DESCRIBE)]
        for done in self.broker.admin.create_acls(rules).values():
            done.result(PATIENCE)
        login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_username": PLAIN[0],
                 "sasl_password": PLAIN[1]}
        for topic in ("private", "seen"):
            self.fails(self.look("SASL", topic=topic, config=self.section("SASL", **login)),
                       "SOURCE_UNREACHABLE", f'"{topic}"', "does not authorize", "Describe and Read")

    def test_a_broker_that_answers_nonsense(self):
        """A controller is no broker; the client of it never ends, the look does."""
        # Half of it is for the connection.
        self.fails(self.look("CONTROLLER", deadline_ms=3000), "DEADLINE_EXCEEDED", "longer than the probe may")

    def test_files_of_properties_that_are_wrong(self):
        for text, *parts in (
                ("sasl.passwort=x", "line 1", 'did you mean "sasl.password"'),
                ("\n# text\n\ngroup.id=x", "line 4", "no consumer group"),
                ("security.protocol=TLS", "line 1", "SASL_SSL", '"TLS"'),
                ("what", "line 1", "key = value"),
                ("[a:1\nclient.id=x", "line 1", "a section is"),
                ("[a b]\n", "line 1", "no host:port"),
                ("sasl.mechanism=OAUTHBEARER", "line 1", "SCRAM-SHA-512"),
                ("plugin.library.paths=/x.so", "line 1", "cannot be set"),
                ("[*]\nsasl.password=${env:X}", "line 2", "${file:/path}"),
                ("[*]\nsasl.password_file=/not/there", "line 2", "/not/there"),
                ("[*]\nssl.keystore.location=/not/there", "line 2", "/not/there"),
                ("[*]\nsasl.jaas.config=Module required user=x;", "line 2", "sasl.username and sasl.password"),
                ("[*]\nssl.key.pem=a\\", "line 2", "ends with its line")):
            with self.subTest(text):
                self.fails(self.look(config=text), "SOURCE_UNREACHABLE", "sources.kafka_config", *parts)
        message = self.fails(self.look(config="[*]\nsecurity.protocol=SSL\nssl.key.pem=nosuchkey-4711\n"),
                             "SOURCE_UNREACHABLE")
        self.assertNotIn("4711", message)
        # A section of another cluster is checked, but its secrets are not read.
        self.sees(self.look(config="[other:9092]\nsasl.password_file=/not/there\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
