#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Kinesis stream followed for ever: every message once from wherever the reading begins, whatever becomes of the
shards, of the service and of the reader meanwhile."""

import os
import time
import unittest

from follower import Follower
from kinesisserver import PATIENCE, REGION, Kinesalite, Moto, StandIn, packed, record, shard

SPREAD = 2 ** 128


def follow(url, stream, start="earliest", positions=None, keys=("key", "secret"), **options):
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    environment.update({"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1],
                        "AWS_ENDPOINT_URL_KINESIS": url, "AWS_EC2_METADATA_DISABLED": "true"})
    return Follower("kinesis", REGION, stream, start, positions, env=environment, **options)


def name(number):
    return shard(number)["ShardId"]


class Server:
    """What tests do to a stream, whoever serves it."""

    def __init__(self, client):
        self.client = client

    def status(self, stream):
        return self.client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"]

    def settle(self, stream):
        end = time.monotonic() + PATIENCE
        while self.status(stream) != "ACTIVE":
            if time.monotonic() > end:
                raise AssertionError(f"{stream} does not become active")
            time.sleep(0.02)

    def create(self, stream, shards):
        self.client.create_stream(StreamName=stream, ShardCount=shards)
        self.settle(stream)

    def put(self, stream, numbers):
        """In their order for each key; there are seven keys."""
        self.client.put_records(StreamName=stream, Records=[
            {"Data": b"%d" % n, "PartitionKey": f"k{n % 7}"} for n in numbers])

    def open_shards(self, stream):
        listed = self.client.list_shards(StreamName=stream)["Shards"]
        return sorted((int(one["HashKeyRange"]["StartingHashKey"]), int(one["HashKeyRange"]["EndingHashKey"]),
                       one["ShardId"]) for one in listed if "EndingSequenceNumber" not in one["SequenceNumberRange"])

    def split(self, stream):
        """The first open shard."""
        first, last, which = self.open_shards(stream)[0]
        self.client.split_shard(StreamName=stream, ShardToSplit=which, NewStartingHashKey=str((first + last) // 2))
        self.settle(stream)

    def merge(self, stream):
        """The first two open shards."""
        left, right = self.open_shards(stream)[:2]
        self.client.merge_shards(StreamName=stream, ShardToMerge=left[2], AdjacentShardToMerge=right[2])
        self.settle(stream)


class Following(unittest.TestCase):
    """Of kinesalite."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.kinesalite = Kinesalite()
        cls.addClassCleanup(cls.kinesalite.stop)
        cls.kinesalite.start()
        cls.server = Server(cls.kinesalite.client())

    def follow(self, *words, **options):
        return follow(self.kinesalite.url, *words, **options)

    def in_order(self, seen):
        """A key's messages are in one shard, and after that was closed in one that follows it."""
        last = {}
        for _, _, value in seen:
            self.assertGreater(int(value), last.get(int(value) % 7, -1), seen)
            last[int(value) % 7] = int(value)

    def test_all_from_the_beginning_then_on_from_there(self):
        self.server.create("all", 3)
        self.server.put("all", range(200))
        first = self.follow("all").wait_for(200)
        self.server.put("all", range(200, 210))
        first.wait_for(210).wait(lambda: first.lines[-1]["behind"] == 0)
        self.assertIsNone(first.end())
        self.assertEqual(first.values(), list(range(210)))
        self.in_order(first.seen)
        self.assertEqual((first.lines[-1]["partitions"], first.lines[-1]["behind_ms"]), (3, 0))
        self.assertEqual(set(first.next), {name(n) for n in range(3)})
        for partition, position in first.next.items():
            offsets = [offset for of, offset, _ in first.seen if of == partition]
            self.assertEqual(position, f"after:{offsets[-1]}" if offsets else "begin")
        self.server.put("all", range(210, 220))
        second = self.follow("all", "latest", first.next).wait_for(10)
        second.end()
        self.assertEqual(second.values(), list(range(210, 220)))

    def test_only_what_is_new(self):
        self.server.create("new", 2)
        self.server.put("new", range(20))
        self.server.split("new")
        follower = self.follow("new", "latest")
        # A shard begins when it is said where.
        follower.wait(lambda: len(follower.next) == 3)
        self.server.put("new", range(20, 40))
        follower.wait_for(20).end()
        self.assertEqual(follower.values(), list(range(20, 40)))

    def test_shards_that_are_split_and_merged(self):
        self.server.create("moves", 2)
        self.server.put("moves", range(40))
        follower = self.follow("moves")
        for round_, change in enumerate((self.server.split, self.server.split, self.server.merge,
                                         self.server.split, self.server.merge, self.server.merge), 1):
            change("moves")
            self.server.put("moves", range(40 * round_, 40 * (round_ + 1)))
        follower.wait_for(280)
        now_open = {one[2] for one in self.server.open_shards("moves")}
        follower.wait(lambda: set(follower.next) == now_open)
        self.assertIsNone(follower.end())
        self.assertEqual(follower.values(), list(range(280)))
        self.in_order(follower.seen)
        self.assertEqual(follower.lines[-1]["partitions"], len(now_open))
        # The same to one who comes when all is over, and to one who comes later still.
        late = self.follow("moves").wait_for(280)
        late.wait(lambda: set(late.next) == now_open)
        late.end()
        self.assertEqual(late.values(), list(range(280)))
        self.in_order(late.seen)
        self.server.put("moves", range(280, 290))
        later = self.follow("moves", "earliest", late.next).wait_for(10)
        later.end()
        self.assertEqual(later.values(), list(range(280, 290)))

    def test_a_reader_that_is_killed_again_and_again(self):
        """While shards are split and merged. What was said with a batch is where the next one goes on."""
        self.server.create("killed", 2)
        positions, seen, given = {}, [], 0
        changes = [self.server.split, self.server.merge, self.server.split, self.server.split, self.server.merge]
        for round_ in range(10):
            self.server.put("killed", range(given, given + 60))
            given += 60
            if round_ % 2:
                changes[round_ // 2]("killed")
            follower = self.follow("killed", "earliest", positions)
            wanted = 20 + 13 * round_ % 40
            follower.wait(lambda: len(follower.seen) >= wanted or len(seen) + len(follower.seen) == given)
            follower.kill()
            positions = follower.next
            seen += follower.seen
        follower = self.follow("killed", "earliest", positions)
        follower.wait(lambda: len(seen) + len(follower.seen) >= given)
        follower.end()
        seen += follower.seen
        self.assertEqual(sorted(int(value) for _, _, value in seen), list(range(given)))
        self.in_order(seen)

    def test_every_position_between_two_batches(self):
        """Of a stream that was split and merged: from each the rest comes, no more and no less."""
        self.server.create("between", 2)
        self.server.put("between", range(60))
        self.server.split("between")
        self.server.put("between", range(60, 90))
        self.server.merge("between")
        self.server.put("between", range(90, 120))
        whole = self.follow("between").wait_for(120)
        now_open = {one[2] for one in self.server.open_shards("between")}
        whole.wait(lambda: set(whole.next) == now_open)
        whole.end()
        positions, seen, rests = {}, 0, []
        for line in whole.lines[:-1]:
            positions.update(line["next"])
            for gone in line["gone"]:
                del positions[gone]
            seen += len(line["messages"])
            rests.append((seen, self.follow("between", "latest", positions)))
        for seen, rest in rests:
            rest.wait_for(120 - seen).wait(lambda: set(rest.next) == now_open)
            rest.end()
            self.assertEqual(sorted(int(v) for _, _, v in whole.seen[:seen] + rest.seen), list(range(120)))

    def test_records_of_the_producer_library(self):
        """One record holds more than a batch: a position may lie within it."""
        self.server.create("packed", 1)
        self.server.put("packed", [0])
        self.server.client.put_record(StreamName="packed", PartitionKey="x",
                                      Data=packed([(f"k{n % 7}", b"%d" % n) for n in range(1, 121)]))
        self.server.client.put_record(StreamName="packed", PartitionKey="x", Data=packed([("a", b"121")]))
        self.server.put("packed", [122])
        whole = self.follow("packed").wait_for(123)
        whole.end()
        self.assertEqual([int(value) for _, _, value in whole.seen], list(range(123)))
        self.assertEqual(len({offset for _, offset, _ in whole.seen}), 123)
        within = [line["next"] for line in whole.lines if ":49" in line["next"].get(name(0), "")[-3:]]
        self.assertEqual(len(within), 1)
        self.assertRegex(within[0][name(0)], r"^at:\d+:49$")
        rest = self.follow("packed", "latest", within[0]).wait_for(73)
        rest.end()
        self.assertEqual([int(value) for _, _, value in rest.seen], list(range(50, 123)))
        self.assertEqual(rest.lines[-1]["lost"], 0)
        self.assertEqual(rest.next, whole.next)

    def test_a_stream_that_is_deleted(self):
        self.server.create("doomed", 1)
        self.server.put("doomed", range(3))
        follower = self.follow("doomed").wait_for(3)
        self.server.client.delete_stream(StreamName="doomed")
        follower.wait(lambda: "message" in follower.lines[-1])
        self.assertIn("there is no such stream", follower.end())

    def test_a_stream_that_was_made_anew(self):
        """Positions of the one before mean nothing in it: it is read from its beginning."""
        self.server.create("anew", 1)
        self.server.put("anew", range(3))
        before = self.follow("anew").wait_for(3)
        before.end()
        self.server.client.delete_stream(StreamName="anew")
        end = time.monotonic() + PATIENCE
        while "anew" in self.server.client.list_streams()["StreamNames"]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        # Numbers begin with the second in which a shard was made.
        time.sleep(1.1)
        self.server.create("anew", 1)
        self.server.put("anew", range(10, 15))
        after = self.follow("anew", "latest", before.next).wait_for(5)
        after.end()
        self.assertEqual(after.values(), list(range(10, 15)))

    def test_positions_that_are_none(self):
        self.server.create("odd", 1)
        for position in ("x", "", "12", "after:", "after:x", "after:1:2", "at:1", "at:1:", "at:1:-1", "time:",
                         "time:-5", "begin ", "after:" + "1" * 130):
            follower = self.follow("odd", "latest", {name(0): position})
            self.assertIn(f'is no position in {name(0)}', follower.end(), position)
            self.assertEqual(follower.lines[-1]["reason"], "SOURCE_INVALID")

    def test_zz_a_service_that_is_killed_and_comes_back(self):
        self.server.create("survives", 4)
        self.server.put("survives", range(100))
        follower = self.follow("survives").wait_for(100)
        self.kinesalite.kill()
        follower.wait(lambda: follower.lines[-1].get("trouble"))
        self.assertIn("refuses the connection", follower.lines[-1]["trouble"])
        self.kinesalite.start()
        self.server.split("survives")
        self.server.put("survives", range(100, 200))
        follower.wait_for(200)
        self.assertIsNone(follower.end())
        self.assertEqual(follower.values(), list(range(200)))
        self.in_order(follower.seen)
        self.assertIsNone(follower.lines[-1]["trouble"])


class FollowingMoto(unittest.TestCase):
    """Moments, of which kinesalite knows too little; and signatures."""

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)
        cls.moto.start()
        cls.server = Server(cls.moto.client("kinesis", cls.moto.good))

    def follow(self, *words, **options):
        return follow(self.moto.url, *words, **{"keys": self.moto.good, **options})

    def test_from_a_moment(self):
        self.server.create("moments", 2)
        self.server.put("moments", range(20))
        time.sleep(0.05)
        moment = int(time.time() * 1000)
        time.sleep(0.05)
        self.server.put("moments", range(20, 40))
        since = self.follow("moments", moment).wait_for(20)
        since.end()
        self.assertEqual(since.values(), list(range(20, 40)))
        never = self.follow("moments", moment + 86_400_000)
        never.wait(lambda: len(never.next) == 2)
        self.server.put("moments", range(40, 50))
        never.wait_for(10).end()
        self.assertEqual(never.values(), list(range(40, 50)))

    def test_what_came_between_two_readings_of_what_is_new(self):
        """The first met no message; where it began is what the second begins with."""
        self.server.create("between", 2)
        self.server.put("between", range(10))
        time.sleep(0.05)
        first = self.follow("between", "latest")
        first.wait(lambda: len(first.next) == 2)
        first.end()
        self.assertTrue(all(position.startswith("time:") for position in first.next.values()), first.next)
        time.sleep(0.05)
        self.server.put("between", range(10, 20))
        second = self.follow("between", "latest", first.next)
        # The moment is known to the second: some of those before may be read.
        second.wait(lambda: set(second.values()) >= set(range(10, 20)))
        second.end()

    def test_who_may_not(self):
        self.server.create("denied", 1)
        follower = self.follow("denied", keys=self.moto.weak)
        self.assertIn("does not allow", follower.end())


class FollowingAStandIn(unittest.TestCase):
    """What real ones say seldom or never."""

    def stand_in(self, **answers):
        """One that has a stream of one shard; `answers` go before what it says."""
        summary = {"StreamDescriptionSummary": {"StreamStatus": "ACTIVE"}}
        usual = {"DescribeStreamSummary": [(200, summary)], "ListShards": [(200, {"Shards": [shard(0)]})],
                 "GetShardIterator": [(200, {"ShardIterator": "a"})], "GetRecords": [self.nothing()]}
        stand_in = StandIn({action: answers.get(action, []) + given for action, given in usual.items()})
        self.addCleanup(stand_in.stop)
        return stand_in

    @staticmethod
    def nothing(iterator="n"):
        return 200, {"Records": [], "NextShardIterator": iterator, "MillisBehindLatest": 0}

    @staticmethod
    def some(*numbers, iterator="n"):
        return 200, {"Records": [record(b"%d" % n, n) for n in numbers], "NextShardIterator": iterator,
                     "MillisBehindLatest": 0}

    @staticmethod
    def refusal(word, status=400):
        return status, {"__type": f"com.amazonaws.kinesis#{word}", "message": "4711"}

    def asked(self, stand_in, action):
        return [given for asked, given in stand_in.seen if asked == action]

    def test_iterators_that_expire(self):
        stand_in = self.stand_in(
            GetShardIterator=[(200, {"ShardIterator": "a"}), (200, {"ShardIterator": "b"})],
            GetRecords=[self.some(1, 2), self.refusal("ExpiredIteratorException"), self.some(3)])
        follower = follow(stand_in.url, "s").wait_for(3)
        follower.end()
        self.assertEqual(follower.values(), [1, 2, 3])
        self.assertEqual([given["ShardIterator"] for given in self.asked(stand_in, "GetRecords")][:3],
                         ["a", "n", "b"])
        self.assertEqual([{**given, "StreamName": "", "ShardId": ""}
                          for given in self.asked(stand_in, "GetShardIterator")], [
            {"StreamName": "", "ShardId": "", "ShardIteratorType": "TRIM_HORIZON"},
            {"StreamName": "", "ShardId": "", "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
             "StartingSequenceNumber": "2"}])
        self.assertFalse([line for line in follower.lines if line["trouble"]])

    def test_the_moment_of_the_newest_is_the_services(self):
        """Our clock does not count: what would come between theirs and ours would be lost."""
        for ahead in (-3600, 3600):
            stand_in = self.stand_in()
            stand_in.ahead = ahead
            before = time.time()
            follower = follow(stand_in.url, "s", "latest")
            follower.wait(lambda f=follower: f.next)
            after = time.time()
            follower.end()
            kind, moment = follower.next[name(0)].split(":")
            self.assertEqual(kind, "time")
            # Theirs is told to the second, and the time that the answer took is taken off.
            self.assertLessEqual(int(moment) / 1000 - ahead, after)
            self.assertGreaterEqual(int(moment) / 1000 - ahead, before - 2 - (after - before))

    def test_the_first_positions_are_those_of_all_shards(self):
        """Where only some are known, a later reading takes the others for younger ones, and reads all that they hold."""
        throttled = [True]

        def iterator(given):
            if throttled and given["ShardId"] == name(1):
                return self.refusal("ProvisionedThroughputExceededException")
            return 200, {"ShardIterator": given["ShardId"]}

        stand_in = self.stand_in(ListShards=[(200, {"Shards": [shard(n) for n in range(3)]})])
        stand_in.answers["ListShards"] = stand_in.answers["ListShards"][:1]
        stand_in.answers["GetShardIterator"] = [iterator]
        follower = follow(stand_in.url, "s", "latest")
        follower.wait(lambda: any(line.get("trouble") for line in follower.lines))
        self.assertEqual(follower.next, {})
        self.assertEqual(self.asked(stand_in, "GetRecords"), [])
        throttled.clear()
        follower.wait(lambda: follower.next and self.asked(stand_in, "GetRecords"))
        follower.end()
        first = next(line for line in follower.lines if line["next"])
        self.assertEqual(set(first["next"]), {name(n) for n in range(3)})

    def test_a_list_of_shards_that_expires_half_way_is_begun_anew(self):
        half = (200, {"Shards": [shard(0)], "NextToken": "t"})
        whole = (200, {"Shards": [shard(0), shard(1)]})
        stand_in = self.stand_in(ListShards=[whole, half, self.refusal("ExpiredNextTokenException"), whole],
                                 GetRecords=[self.some(1)])
        follower = follow(stand_in.url, "s").wait_for(1)
        follower.end()
        self.assertEqual([given.get("NextToken") for given in self.asked(stand_in, "ListShards")],
                         [None, None, "t", None])

    def refused(self, action, before, refusal, **answers):
        """What is asked for is refused after `before`, and has its usual answer as soon as `pass_on` is called."""
        stand_in = self.stand_in(**answers)
        usual = stand_in.answers[action]
        stand_in.answers[action] = [*before, refusal]
        stand_in.pass_on = lambda: stand_in.answers[action].extend(usual)
        return stand_in

    def test_refusals_that_pass(self):
        """However slow the machine: what is refused is refused until its reader has said so."""
        begun = []
        for refusal, text in ((self.refusal("ProvisionedThroughputExceededException"), "too many requests"),
                              (self.refusal("LimitExceededException"), "too many requests"),
                              (self.refusal("InternalFailure", 500), "InternalFailure"),
                              ((503, {}), "HTTP 503"), ((200, [1]), "no JSON")):
            stand_in = self.refused("GetRecords", [self.some(1)], refusal, GetRecords=[self.some(2)])
            begun.append((text, [1, 2], stand_in, follow(stand_in.url, "s")))
        for action in ("ListShards", "GetShardIterator"):
            # The first time the shards are looked for is before the reading.
            before = [(200, {"Shards": [shard(0)]})] if action == "ListShards" else []
            stand_in = self.refused(action, before, self.refusal("LimitExceededException"), GetRecords=[self.some(1)])
            begun.append(("too many requests", [1], stand_in, follow(stand_in.url, "s")))
        for _, _, stand_in, follower in begun:
            follower.wait(lambda f=follower: any(line.get("trouble") for line in f.lines))
            stand_in.pass_on()
        for text, values, _, follower in begun:
            follower.wait_for(len(values)).wait(lambda f=follower: f.lines[-1]["trouble"] is None)
            follower.end()
            self.assertEqual(follower.values(), values)
            self.assertIn(text, "".join(str(line["trouble"]) for line in follower.lines))

    def test_one_refusal_is_no_trouble(self):
        stand_in = self.stand_in(GetRecords=[
            self.some(1), self.refusal("ProvisionedThroughputExceededException"), self.some(2)])
        follower = follow(stand_in.url, "s").wait_for(2)
        follower.end()
        self.assertFalse([line for line in follower.lines if line["trouble"]])

    def test_refusals_that_do_not_pass(self):
        for word, reason, text in (
                ("AccessDeniedException", "SOURCE_UNREACHABLE", "does not allow"),
                ("KMSAccessDeniedException", "SOURCE_UNREACHABLE", "does not allow"),
                ("ExpiredTokenException", "SOURCE_UNREACHABLE", "token has expired"),
                ("KMSDisabledException", "SOURCE_UNREACHABLE", "KMSDisabledException")):
            stand_in = self.stand_in(GetRecords=[self.some(1), self.refusal(word)])
            follower = follow(stand_in.url, "s").wait_for(1)
            follower.wait(lambda: "message" in follower.lines[-1])
            self.assertIn(text, follower.end())
            self.assertEqual(follower.lines[-1]["reason"], reason)
        stand_in = self.stand_in(GetRecords=[(200, {"Records": [{"Data": "?", "SequenceNumber": "1"}]})])
        follower = follow(stand_in.url, "s")
        self.assertIn("no base64", follower.end())
        self.assertEqual(follower.lines[-1]["reason"], "SOURCE_INVALID")

    def test_a_record_that_expired_halfway(self):
        stand_in = self.stand_in(GetRecords=[self.some(9)])
        follower = follow(stand_in.url, "s", "latest", {name(0): "at:5:3"}).wait_for(1)
        follower.end()
        self.assertEqual(self.asked(stand_in, "GetShardIterator")[0]["ShardIteratorType"], "AT_SEQUENCE_NUMBER")
        self.assertEqual((follower.values(), follower.lines[-1]["lost"]), ([9], 1))

    def test_shards_that_expired(self):
        """While nobody read: its position can be forgotten, and what came since is read from its beginning."""
        child = {**shard(1), "ParentShardId": name(0)}
        stand_in = self.stand_in(ListShards=[(200, {"Shards": [child]})] * 2, GetRecords=[self.some(9)])
        follower = follow(stand_in.url, "s", "latest", {name(0): "after:5"}).wait_for(1)
        follower.end()
        self.assertEqual(follower.next, {name(1): "after:9"})
        self.assertEqual(self.asked(stand_in, "GetShardIterator"), [
            {"StreamName": "s", "ShardId": name(1), "ShardIteratorType": "TRIM_HORIZON"}])

    def test_a_shard_that_expires_meanwhile(self):
        parent, child = shard(0, closed=True), {**shard(1), "ParentShardId": name(0)}

        def records(given):
            return (self.some(9) if given["ShardIterator"] == name(1) else (200, {"Records": []}))[1]

        def iterator(given):
            return {"ShardIterator": given["ShardId"]}

        stand_in = self.stand_in(
            ListShards=[(200, {"Shards": [parent, child]})] * 2 + [(200, {"Shards": [child]})],
            GetShardIterator=[self.refusal("ResourceNotFoundException"), (200, iterator)],
            GetRecords=[(200, records)])
        stand_in.answers["ListShards"] = stand_in.answers["ListShards"][:3]
        follower = follow(stand_in.url, "s", "latest", {name(0): "after:5"}).wait_for(1)
        follower.end()
        self.assertEqual(follower.next, {name(1): "after:9"})

    def test_children_that_are_not_listed_at_once(self):
        ended = shard(0, closed=True)
        child = {**shard(1), "ParentShardId": name(0)}
        over = 200, {"Records": [record(b"1", 1)], "MillisBehindLatest": 0}
        stand_in = self.stand_in(ListShards=[(200, {"Shards": [ended]})] * 4 + [(200, {"Shards": [ended, child]})],
                                 GetRecords=[over, self.some(2)])
        stand_in.answers["ListShards"] = stand_in.answers["ListShards"][:5]
        follower = follow(stand_in.url, "s").wait_for(2)
        follower.end()
        self.assertEqual(follower.values(), [1, 2])
        self.assertEqual(follower.next, {name(1): "after:2"})
        # As long as it is not known what follows, nobody can say that all was read.
        line = next(line for line in follower.lines if line["next"].get(name(0)) == "end")
        self.assertEqual((line["behind"], line["partitions"]), (-1, 0))

    def test_merged_shards_begin_when_both_have_ended(self):
        parents = [shard(0, closed=True), shard(1, closed=True)]
        child = {**shard(2), "ParentShardId": name(0), "AdjacentParentShardId": name(1)}
        left = {name(0): [], name(1): [1, 2, 3, 4]}
        asked = []

        def records(given):
            which = given["ShardIterator"]
            asked.append(which)
            if which == name(2):
                return self.some(9, iterator=name(2))[1]
            if not left[which]:
                return {"Records": [], "MillisBehindLatest": 0}
            return self.some(left[which].pop(0), iterator=which)[1]

        stand_in = self.stand_in(ListShards=[(200, {"Shards": parents + [child]})] * 9,
                                 GetShardIterator=[(200, lambda given: {"ShardIterator": given["ShardId"]})],
                                 GetRecords=[(200, records)])
        stand_in.answers["ListShards"] = stand_in.answers["ListShards"][:1]
        stand_in.answers["GetShardIterator"] = stand_in.answers["GetShardIterator"][:1]
        stand_in.answers["GetRecords"] = stand_in.answers["GetRecords"][:1]
        follower = follow(stand_in.url, "s").wait_for(5)
        follower.wait(lambda: set(follower.next) == {name(2)})
        follower.end()
        self.assertEqual(asked.index(name(2)), asked.count(name(0)) + asked.count(name(1)))
        self.assertEqual(asked.count(name(0)), 1)
        first_end = next(line for line in follower.lines if line["next"].get(name(0)) == "end")
        self.assertEqual(first_end["gone"], [])
        self.assertEqual(sorted(sum((line["gone"] for line in follower.lines), [])), [name(0), name(1)])

    def test_a_shard_is_not_asked_too_often(self):
        begin = time.monotonic()
        stand_in = self.stand_in(GetRecords=[self.some(n) for n in range(1, 12)])
        follower = follow(stand_in.url, "s").wait_for(11)
        follower.end()
        # Five times a second, however slow the clock of this machine is.
        self.assertLessEqual(len(self.asked(stand_in, "GetRecords")), (time.monotonic() - begin) * 5 + 1)

    def test_nothing_is_fetched_for_one_who_does_not_take(self):
        many = 200, {"Records": [record(b"%01000d" % n, n) for n in range(1, 1001)], "NextShardIterator": "n",
                     "MillisBehindLatest": 0}
        stand_in = self.stand_in(GetRecords=[many])
        follower = follow(stand_in.url, "s", reads=False)
        follower.wait(lambda: self.asked(stand_in, "GetRecords"))
        time.sleep(1)
        self.assertEqual(len(self.asked(stand_in, "GetRecords")), 1)
        stand_in.answers["GetRecords"] = [self.nothing()]
        follower.read()
        follower.wait_for(1000).end()
        self.assertEqual(follower.values(), list(range(1, 1001)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
