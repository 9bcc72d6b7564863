#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A live stream: the flights of the example as messages of a Kafka broker that is started for this alone, followed into
the online store, and read by the unmodified Feast client.

stream.py HOST:PORT HOME FLIGHTS.PARQUET    exit code 1 when what is read is not what was sent

HOME is a directory for the client's own files.
"""

import datetime
import json
import pathlib
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).parents[2] / "tests" / "lib"), str(pathlib.Path(__file__).parent)]

import register
import values
from kafkabroker import KafkaBroker

TOPIC, PATIENCE_S = "departures", 120
SCHEMA = {"type": "record", "name": "Departure", "fields": [
    {"name": "carrier", "type": "string"}, {"name": "flight", "type": "long"},
    {"name": "scheduled_departure", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "origin", "type": "string"}, {"name": "dest", "type": "string"}, {"name": "distance", "type": "long"}]}
FEATURES = {"origin": "STRING", "dest": "STRING", "distance": "INT64"}


def long(number):
    """A long as Avro has it."""
    number = number << 1 if number >= 0 else (-number << 1) - 1
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def text(word):
    return long(len(word.encode())) + word.encode()


def message(row):
    return (text(row["carrier"]) + long(row["flight"]) + long(int(row[values.TIME].timestamp() * 1_000_000)) +
            text(row["origin"]) + text(row["dest"]) + long(row["distance"]))


def apply(feast, client, address, path):
    from feast.data_format import AvroFormat
    from feast.data_source import KafkaSource

    table = register.table(feast, path, TOPIC, FEATURES)
    table.stream_source = KafkaSource(event_timestamp_column=values.TIME, bootstrap_servers=address, topic=TOPIC,
                                      message_format=AvroFormat(json.dumps(SCHEMA)))
    client.apply(table)
    print(f"table {TOPIC}: the stream is looked at and followed from now on, without a job being started")


def read(client, keys):
    answer = client.get_online_features(feature_refs=[f"{TOPIC}:{name}" for name in FEATURES],
                                        entity_rows=[dict(zip(values.KEYS, key)) for key in keys]).to_dict()
    return {key: {name: answer[f"{TOPIC}:{name}"][place] for name in FEATURES} for place, key in enumerate(keys)}


def wait_for(client, expected):
    """Seconds until the client reads what was sent, and what it reads then."""
    begin = time.monotonic()
    while True:
        found = read(client, sorted(expected))
        took = time.monotonic() - begin
        if found == expected or took > PATIENCE_S:
            return took, found
        time.sleep(0.02)


def newest(rows):
    found = {}
    for row in rows:
        key = tuple(row[name] for name in values.KEYS)
        if key not in found or row[values.TIME] >= found[key][values.TIME]:
            found[key] = row
    return {key: {name: row[name] for name in FEATURES} for key, row in found.items()}


def older(rows):
    """A row that another one of its flight has overtaken."""
    last = {}
    for row in rows:
        last[tuple(row[name] for name in values.KEYS)] = row[values.TIME]
    return next(row for row in rows if row[values.TIME] < last[tuple(row[name] for name in values.KEYS)])


def send(broker, client, rows, expected, what):
    broker.produce(TOPIC, [(0, message(row)) for row in rows])
    took, found = wait_for(client, expected)
    wrong = sum(found[key] != expected[key] for key in expected)
    print(f"{len(rows)} messages {what}: {len(expected) - wrong} of {len(expected)} flights are read as they were sent, "
          f"{took:.1f} s later")
    return wrong == 0


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    address, home, path = sys.argv[1:]
    register.stop_quietly()
    broker = KafkaBroker()  # found by the home directory of whoever runs this
    register.setup(home)
    import feast

    client = feast.Client(core_url=address, serving_url=address)
    rows = values.rows_of(path)
    half = len(rows) // 2
    with broker:
        broker.create(TOPIC)
        print(f"Kafka at {broker.address['PLAINTEXT']}, topic {TOPIC}")
        broker.produce(TOPIC, [(0, message(row)) for row in rows[:half]])
        apply(feast, client, broker.address["PLAINTEXT"], path)
        took, found = wait_for(client, newest(rows[:half]))
        good = found == newest(rows[:half])
        print(f"{half} messages that were there: {len(found)} flights, read {took:.1f} s after the apply")
        good = send(broker, client, rows[half:], newest(rows), "more") and good
        # One partition: when the second is there, the first has been looked at.
        late, fresh = {**older(rows), "dest": "LATE"}, {**rows[-1], "dest": "NEW"}
        fresh[values.TIME] += datetime.timedelta(days=1)
        good = send(broker, client, [late, fresh], newest([*rows, fresh]), "more, one late and one new") and good
        client.delete_feature_table(TOPIC)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
