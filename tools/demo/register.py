#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Registration by the unmodified Feast client, as an application does it.

register.py HOST:PORT HOME FLIGHTS.PARQUET         the entities and the feature table of flights
register.py HOST:PORT HOME FLIGHTS.PARQUET wrong   three tables that do not fit the file; exit code 0 when all are refused

HOME is a directory for the client's own files.
"""

import os
import pathlib
import signal
import sys
import warnings


def stop_quietly():
    """Whoever stops the demo wants no list of the lines it was at."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(128 + signal.SIGINT))


def setup(home):
    # Nothing of the client's own configuration on this machine is read or written.
    pathlib.Path(home).mkdir(exist_ok=True)
    os.environ.update(HOME=home, FEAST_TELEMETRY="False")
    warnings.simplefilter("ignore")


def table(feast, path, name, features, time="scheduled_departure"):
    from feast.data_format import ParquetFormat
    from feast.data_source import FileSource

    source = FileSource(event_timestamp_column=time, created_timestamp_column="", file_format=ParquetFormat(),
                        file_url=pathlib.Path(path).absolute().as_uri())
    return feast.FeatureTable(
        name=name, entities=["carrier", "flight"], batch_source=source,
        features=[feast.Feature(feature, feast.ValueType[kind]) for feature, kind in features.items()])


FLIGHTS = {"origin": "STRING", "dest": "STRING", "tailnum": "STRING", "dep_delay": "INT32", "arr_delay": "INT32",
           "air_time": "INT32", "distance": "INT64"}


def register(feast, client, path):
    client.apply([feast.Entity("carrier", "airline, two letters", feast.ValueType.STRING),
                  feast.Entity("flight", "number of the flight", feast.ValueType.INT64),
                  table(feast, path, "flights", FLIGHTS)])
    shown = client.get_feature_table("flights")
    print(f"Feast {client.version()['sdk']['version']} registered {shown.name} with {len(shown.features)} features")
    return 0


def try_wrong(feast, client, path):
    import grpc

    wrong = {
        "a column that is not there": table(feast, path, "wrong_column", {"dep_delays": "INT32"}),
        "a type that is another": table(feast, path, "wrong_type", {"tailnum": "INT64"}),
        "no event timestamp": table(feast, path, "wrong_time", {"distance": "INT64"}, time="departure"),
    }
    accepted = 0
    for what, spec in wrong.items():
        print(f"\nclient.apply({spec.name})    # {what}")
        try:
            client.apply(spec)
            accepted += 1
            print("was accepted")
        except grpc.RpcError as error:
            print(f"grpc.RpcError: {error.details() if isinstance(error, grpc.Call) else error}")
    return 1 if accepted else 0


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[4:] not in ([], ["wrong"]):
        raise SystemExit(__doc__)
    address, home, path = sys.argv[1:4]
    stop_quietly()
    setup(home)
    import feast

    client = feast.Client(core_url=address, serving_url=address)
    return try_wrong(feast, client, path) if sys.argv[4:] else register(feast, client, path)


if __name__ == "__main__":
    sys.exit(main())
