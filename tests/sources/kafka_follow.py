# SPDX-License-Identifier: Apache-2.0
"""A topic of a real Kafka broker followed for ever: every message once from wherever the reading begins, whatever
becomes of the broker meanwhile. Run by kafka.py."""

import time
import unittest

from follower import Follower
from kafkabroker import PATIENCE, peer, shared

peer()
from confluent_kafka import TopicPartition  # noqa: E402  (from the peer)
from confluent_kafka.admin import NewPartitions  # noqa: E402


class KafkaFollower(Follower):
    """Its partitions and offsets are numbers."""

    def take(self, line):
        self.seen += [(int(p), int(o), v) for p, o, v in line.get("messages", ())]


class Following(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = shared()

    def follow(self, topic, start="earliest", positions=None):
        return KafkaFollower("kafka", self.broker.address["PLAINTEXT"], topic, start, positions)

    def fill(self, topic, numbers, partitions):
        self.broker.produce(topic, [(number % partitions, b"%d" % number) for number in numbers])

    def test_all_from_the_beginning_then_on_from_there(self):
        self.broker.create("all", 3)
        self.fill("all", range(1000), 3)
        first = self.follow("all").wait_for(1000)
        self.fill("all", range(1000, 1010), 3)
        first.wait_for(1010)
        self.assertIsNone(first.end())
        self.assertEqual(first.values(), list(range(1010)))
        self.assertEqual(first.lines[-1]["behind"], 0)
        for partition in range(3):
            offsets = [o for p, o, _ in first.seen if p == partition]
            self.assertEqual(offsets, sorted(offsets))
            self.assertEqual(int(first.next[str(partition)]), offsets[-1] + 1)
        self.fill("all", range(1010, 1020), 3)
        second = self.follow("all", "latest", first.next).wait_for(10)
        second.end()
        self.assertEqual(second.values(), list(range(1010, 1020)))

    def test_from_now_and_from_a_moment(self):
        self.broker.create("moments", 2)
        self.fill("moments", range(100), 2)
        time.sleep(0.05)
        moment = int(time.time() * 1000)
        time.sleep(0.05)
        self.fill("moments", range(100, 200), 2)
        latest = self.follow("moments", "latest")
        since = self.follow("moments", moment).wait_for(100)
        never = self.follow("moments", moment + 86_400_000)
        self.fill("moments", range(200, 210), 2)
        latest.wait_for(10).end()
        since.wait_for(110).end()
        never.wait_for(10).end()
        self.assertEqual(latest.values(), list(range(200, 210)))
        self.assertEqual(since.values(), list(range(100, 210)))
        self.assertEqual(never.values(), list(range(200, 210)))

    def test_partitions_that_are_added(self):
        self.broker.create("grows", 1)
        self.fill("grows", range(10), 1)
        follower = self.follow("grows", "latest")
        self.broker.admin.create_partitions([NewPartitions("grows", 3)])["grows"].result(PATIENCE)
        self.broker.settle("grows", 3)
        self.broker.produce("grows", [(1, b"11"), (2, b"12")])
        follower.wait_for(2).end()
        self.assertEqual(follower.values(), [11, 12])
        self.assertEqual(follower.lines[-1]["partitions"], 3)

    def test_messages_that_expired(self):
        self.broker.create("expires", 1)
        self.fill("expires", range(100), 1)
        for done in self.broker.admin.delete_records([TopicPartition("expires", 0, 60)]).values():
            done.result(PATIENCE)
        follower = self.follow("expires", "latest", {"0": "10"}).wait_for(40)
        follower.end()
        self.assertEqual(follower.values(), list(range(60, 100)))
        self.assertEqual(follower.lines[-1]["lost"], 50)

    def test_a_topic_that_is_deleted(self):
        self.broker.create("doomed", 1)
        self.fill("doomed", range(3), 1)
        follower = self.follow("doomed").wait_for(3)
        self.broker.admin.delete_topics(["doomed"])["doomed"].result(PATIENCE)
        follower.wait(lambda: "message" in follower.lines[-1])
        self.assertIn("there is no such topic", follower.end())

    def test_positions_that_are_none(self):
        self.broker.create("odd", 1)
        follower = self.follow("odd", "latest", {"0": "x"})
        self.assertIn('"x" is no offset of partition 0', follower.end())

    def test_zz_a_broker_that_is_killed_and_comes_back(self):
        self.broker.create("survives", 4)
        self.fill("survives", range(500), 4)
        follower = self.follow("survives").wait_for(500)
        self.broker.kill()
        follower.wait(lambda: follower.lines[-1].get("trouble"))
        self.broker.launch().wait()
        self.fill("survives", range(500, 1000), 4)
        follower.wait_for(1000)
        self.assertIsNone(follower.end())
        self.assertEqual(follower.values(), list(range(1000)))
        self.assertIsNone(follower.lines[-1]["trouble"])
