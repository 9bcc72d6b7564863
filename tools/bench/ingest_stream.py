#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A Kafka topic of Avro messages with ten features into an online store, by one feast-worker; the real broker and a real
Redis share the machine with it. How fast it reads what waits, how long a message takes to be readable when 5000 come in a
second, and what a worker that waits for messages holds in memory.

    tools/bench/run ingest_stream [--messages N] [--seconds S] [--store redis|sqlite]
"""

import argparse
import json
import os
import pathlib
import sqlite3
import tempfile
import threading
import time

import fastavro

from kafkabroker import KafkaBroker
from redisserver import PASSWORD, Redis
from streamworker import DOUBLE, INT64, StreamWorker, avro, kafka_order, key_of

PARTITIONS, KEYS = 4, 1_000_000
FEATURES = [f"feature_{number}" for number in range(10)]
SCHEMA = {"type": "record", "name": "Row", "fields": [
    {"name": "id", "type": "long"}, {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    *({"name": name, "type": ["null", "double"]} for name in FEATURES)]}
PARSED = fastavro.parse_schema(SCHEMA)
RATE, PROBE_EVERY = 5000, 50
# Seconds of a broker that has just started, whose first answers take long.
WARM_UP = 2
PATIENCE = 120


def zigzag(number):
    number = number << 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


# The features are the same in all messages: encoding ten of them in Python would take longer than what is measured.
VALUES = avro(PARSED, {"id": 0, "ts": 0, **{name: 0.5 + number for number, name in enumerate(FEATURES)}})[2:]


def message(key, micros):
    return zigzag(key) + zigzag(micros) + VALUES


def order(broker, topic, name, store):
    made = kafka_order(broker.address["PLAINTEXT"], topic, json.dumps(SCHEMA))
    ingest = made.ingest_stream.ingest
    ingest.spec.name = name
    ingest.spec.entities.append("id")
    ingest.spec.max_age.seconds = 10**9
    ingest.entities.add(name="id", value_type=INT64)
    for feature in FEATURES:
        ingest.spec.features.add(name=feature, value_type=DOUBLE)
    if isinstance(store, Redis):
        ingest.redis.url = f"redis://127.0.0.1:{store.port}"
        ingest.redis.layout, ingest.redis.password = "a", True
    else:
        ingest.sqlite.path = str(store)
    return made


def fill(broker, topic, count):
    micros = int(time.time() * 1_000_000)
    producer = broker.producer(**{"queue.buffering.max.messages": 1_000_000, "linger.ms": 20})
    for number in range(count):
        producer.produce(topic, message(number * 7919 % KEYS, micros + number), partition=number % PARTITIONS)
        if number % 10_000 == 0:
            producer.poll(0)
    if producer.flush(PATIENCE) != 0:
        raise SystemExit("the broker does not take the messages")


def wait_for(worker, rows):
    while worker.last is None or worker.last.rows_read < rows:
        if worker.ended:
            raise SystemExit(f"the worker ended: {worker.result}\n{worker.text()}")
        time.sleep(0.005)


def cpu_seconds(*processes):
    """Of each, user and system, so far."""
    spent = []
    for process in processes:
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        spent.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return spent


def throughput(broker, name, store, count):
    """
    Messages a second, from the first place that was told to the last message that is in the store; and microseconds of
    processor time for each in worker, broker and store, which a busy machine does not change much.
    """
    topic = f"{name}_backlog"
    broker.create(topic, PARTITIONS)
    fill(broker, topic, count)
    worker = StreamWorker(order(broker, topic, name, store), PASSWORD)
    worker.wait_reading()
    begun = time.monotonic()
    processes = [worker.process, broker.process, *([store.process] if isinstance(store, Redis) else ())]
    before = cpu_seconds(*processes)
    wait_for(worker, count)
    seconds = time.monotonic() - begun
    spent = [(after - at) * 1e6 / count for after, at in zip(cpu_seconds(*processes), before)]
    receipt = worker.stop().receipt
    if receipt.rows_written + receipt.rows_superseded != count:
        raise SystemExit(f"not all rows were written: {receipt}")
    return count / seconds, spent


class Reader:
    """Whether a key is in the store."""

    def __init__(self, store):
        self.redis = store.client() if isinstance(store, Redis) else None
        self.sqlite = None if self.redis else sqlite3.connect(f"file:{store}?mode=ro", uri=True)

    def has(self, key):
        if self.redis:
            return self.redis.call("EXISTS", key) == 1
        return self.sqlite.execute("SELECT 1 FROM feature_row WHERE key = ?", (key,)).fetchone() is not None

    def close(self):
        (self.redis or self.sqlite).close()


def latency(broker, name, store, seconds):
    """
    Milliseconds from the call that produces a message until a reader finds it, of every 50th message after a while of
    warming up, sorted.
    """
    topic = f"{name}_live"
    broker.create(topic, PARTITIONS)
    worker = StreamWorker(order(broker, topic, name, store), PASSWORD)
    worker.wait_reading()
    sent, found = [], []
    done = threading.Event()

    def produce():
        producer = broker.producer(**{"linger.ms": 1})
        begun = time.monotonic()
        for number in range(int(RATE * (WARM_UP + seconds))):
            if number % 10 == 0:
                pause = begun + number / RATE - time.monotonic()
                if pause > 0:
                    time.sleep(pause)
            probe = number % PROBE_EVERY == 0
            key = 2 * KEYS + number if probe else number % KEYS
            producer.produce(topic, message(key, int(time.time() * 1_000_000)), partition=number % PARTITIONS)
            if probe:
                sent.append((key, time.monotonic()))
            producer.poll(0)
        producer.flush(PATIENCE)
        done.set()

    thread = threading.Thread(target=produce)
    thread.start()
    reader = Reader(store)
    while not done.is_set() or len(found) < len(sent):
        if worker.ended:
            raise SystemExit(f"the worker ended: {worker.result}\n{worker.text()}")
        if len(found) < len(sent) and reader.has(key_of(sent[len(found)][0])):
            found.append((time.monotonic() - sent[len(found)][1]) * 1000)
        else:
            time.sleep(0.001)
    thread.join()
    reader.close()
    worker.stop()
    return sorted(found[RATE * WARM_UP // PROBE_EVERY:])


def idle(broker, store):
    """Resident bytes of a worker without a message: all, and its own."""
    broker.create("idle", PARTITIONS)
    worker = StreamWorker(order(broker, "idle", "idle", store), PASSWORD)
    worker.wait_reading()
    time.sleep(2)
    found = worker.rss()
    worker.stop()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--store", choices=("redis", "sqlite"), action="append")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fc-bench-") as scratch, KafkaBroker(heap="512m") as broker:
        redis = Redis().start()
        try:
            for name in arguments.store or ("redis", "sqlite"):
                store = redis if name == "redis" else pathlib.Path(scratch) / "rows.db"
                rate, spent = throughput(broker, name, store, arguments.messages)
                times = latency(broker, name, store, arguments.seconds)
                print(f"Kafka Avro, {len(FEATURES)} features, into {name}: {rate:,.0f} messages/s "
                      f"(processor time {' + '.join(f'{us:.1f}' for us in spent)} us each); at {RATE}/s readable after "
                      f"p50 {times[len(times) // 2]:.0f} ms, p99 {times[len(times) * 99 // 100]:.0f} ms", flush=True)
            total, own = idle(broker, pathlib.Path(scratch) / "idle.db")
            print(f"a worker that waits for messages: {total / 2**20:.0f} MiB resident, {own / 2**20:.0f} MiB of its own")
        finally:
            redis.close()


if __name__ == "__main__":
    main()
