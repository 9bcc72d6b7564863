# SPDX-License-Identifier: Apache-2.0
"""
The work of the peers' batch job, written anew for pyspark: a Parquet file's rows of a time window into Redis, layout a.
This is not the peers' program, which is a jar and runs in the JVM alone; it goes by the same steps:

    read Parquet -> window on the event time -> only rows with entity and time -> the same key into the same partition,
    checkpointed -> in groups of 1000 rows the newest of each key -> a pipeline of HGETALL -> those that the store has
    newer are left -> a pipeline of HSET and EXPIREAT or PERSIST

What is told it comes as one JSON object, the password of Redis in FC_REDIS_PASSWORD. Prints one JSON object.
"""

import itertools
import json
import os
import struct
import sys
import time

import redis
from pyspark.sql import SparkSession, functions as F

GROUP = 1000
NEVER = 253402300799  # the last second of the year 9999


def murmur3(data):
    """32 bits of MurmurHash3 without a seed, the lowest octet first."""
    def mixed(word):
        word = word * 0xCC9E2D51 & 0xFFFFFFFF
        return (word << 15 | word >> 17) * 0x1B873593 & 0xFFFFFFFF

    words = len(data) // 4 * 4
    found = 0
    for word, in struct.iter_unpack("<I", data[:words]):
        found ^= mixed(word)
        found = ((found << 13 | found >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    found ^= mixed(int.from_bytes(data[words:], "little")) ^ len(data)
    for shift, factor in (16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1):
        found = (found ^ found >> shift) * factor & 0xFFFFFFFF
    return struct.pack("<I", found)


def varint(number):
    number &= 2**64 - 1
    octets = b""
    while number > 127:
        octets += bytes([number & 127 | 128])
        number >>= 7
    return octets + bytes([number])


def text(tag, octets):
    return tag + varint(len(octets)) + octets


# A feast.types.Value of each of Spark's types that the bench has.
VALUES = {
    "bigint": lambda value: b"\x20" + varint(value),
    "double": lambda value: b"\x29" + struct.pack("<d", value),
    "float": lambda value: b"\x35" + struct.pack("<f", value),
    "string": lambda value: text(b"\x12", value.encode()),
}


def stamp(seconds):
    """A google.protobuf.Timestamp of whole seconds."""
    return b"\x08" + varint(seconds) if seconds else b""


def seconds_of(octets):
    """Of such a Timestamp."""
    return sum((octet & 127) << 7 * place for place, octet in enumerate(octets[1:]))


class Writer:
    """Of one partition. Rows: entity, milliseconds of the event time, features."""

    def __init__(self, job, kinds):
        self.table, self.max_age, self.port = job["table"].encode(), job["max_age"], job["port"]
        self.prefix = (text(b"\x0a", job["project"].encode()) + text(b"\x12", job["entity"].encode()))
        self.features = [(murmur3(self.table + b":" + name.encode()), VALUES[kinds[name]]) for name in job["features"]]
        self.encode_entity = VALUES[kinds[job["entity"]]]

    def __call__(self, rows):
        client = redis.Redis(port=self.port, password=os.environ["FC_REDIS_PASSWORD"])
        while group := list(itertools.islice(rows, GROUP)):
            newest = {}
            for row in group:
                kept = newest.get(row[0])
                if kept is None or row[1] > kept[1]:
                    newest[row[0]] = row
            self.write(client, {self.key(row): row for row in newest.values()})
        client.close()

    def key(self, row):
        return self.prefix + text(b"\x1a", self.encode_entity(row[0]))

    def write(self, client, rows):
        reads = client.pipeline(transaction=False)
        for key in rows:
            reads.hgetall(key)
        writes = client.pipeline(transaction=False)
        for (key, row), stored in zip(rows.items(), reads.execute()):
            at = stored.get(b"_ts:" + self.table)
            if at is None or seconds_of(at) * 1000 <= row[1]:
                self.put(writes, key, row, stored)
        writes.execute()

    def put(self, pipeline, key, row, stored):
        at = row[1] // 1000
        expiry = at + self.max_age if self.max_age else NEVER
        fields = {name: encode(value) for (name, encode), value in zip(self.features, row[2:]) if value is not None}
        fields[b"_ts:" + self.table], fields[b"_ex:" + self.table] = stamp(at), stamp(expiry)
        pipeline.hset(key, mapping=fields)
        others = (seconds_of(value) for name, value in stored.items()
                  if name.startswith(b"_ex:") and name != b"_ex:" + self.table)
        last = max(expiry, *others, 0)
        if last >= NEVER:
            pipeline.persist(key)
        else:
            pipeline.expireat(key, last)


def main():
    job = json.loads(sys.argv[1])
    began = time.monotonic()
    spark = (SparkSession.builder.master(job["master"]).config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.local.dir", job["scratch"])
             .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    session_s = time.monotonic() - began
    entity, event = job["entity"], job["event_timestamp"]
    rows = spark.read.parquet(job["path"])
    inside = (F.col(event) >= F.lit(job["start"]).cast("timestamp")) & (F.col(event) < F.lit(job["end"]).cast("timestamp"))
    rows = rows.where(inside).select(entity, F.unix_millis(event).alias(event), *job["features"])
    rows = rows.where(F.col(entity).isNotNull() & F.col(event).isNotNull()).repartition(entity).localCheckpoint()
    rows.foreachPartition(Writer(job, dict(rows.dtypes)))
    print(json.dumps({"session_s": session_s}))
    spark.stop()


if __name__ == "__main__":
    main()
