# SPDX-License-Identifier: Apache-2.0
"""Feature tables and Parquet files for tests, and what a read of them must give, computed with pyarrow."""

import datetime
import pathlib

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feastapi import SOURCE_DIR, ValueType, feature_pb, format_pb, source_pb, table_pb

UTC = datetime.timezone.utc
FLIGHTS_DIR = SOURCE_DIR / "examples" / "flights"
FLIGHTS = FLIGHTS_DIR / "flights.parquet"
FLIGHTS_ENTITIES = {"carrier": "STRING", "flight": "INT64"}
FLIGHTS_FEATURES = {
    "origin": "STRING", "dest": "STRING", "tailnum": "STRING", "dep_delay": "INT32",
    "arr_delay": "INT32", "air_time": "INT32", "distance": "INT64",
}
FLIGHTS_TIME = "scheduled_departure"


def file_url(path):
    return pathlib.Path(path).absolute().as_uri()


def file_source(path, time="event_timestamp", created="", partition="", mapping=None):
    """A batch source; path is a path, or a URL that is taken as it is."""
    url = path if isinstance(path, str) and "://" in path else file_url(path)
    parquet = format_pb.FileFormat(parquet_format=format_pb.FileFormat.ParquetFormat())
    return source_pb.DataSource(
        type=source_pb.DataSource.BATCH_FILE, event_timestamp_column=time,
        created_timestamp_column=created, date_partition_column=partition, field_mapping=mapping or {},
        file_options=source_pb.DataSource.FileOptions(file_format=parquet, file_url=url))


def table(name, entities, features, source, max_age=0, **fields):
    """A FeatureTableSpec; features: name -> word of ValueType."""
    spec = table_pb.FeatureTableSpec(name=name, entities=list(entities), batch_source=source, **fields)
    for feature, value_type in features.items():
        spec.features.add(name=feature, value_type=ValueType.Enum.Value(value_type))
    if max_age:
        spec.max_age.seconds = max_age
    return spec


def flights(name="flights", **changes):
    """The table of examples/flights; `changes` replace features' types or, with None, drop them."""
    features = {**FLIGHTS_FEATURES, **changes}
    features = {feature: kind for feature, kind in features.items() if kind is not None}
    return table(name, FLIGHTS_ENTITIES, features, file_source(FLIGHTS, FLIGHTS_TIME))


def apply_entities(api, project="", **types):
    for name, value_type in (types or FLIGHTS_ENTITIES).items():
        api.apply_entity(name, value_type, project)


def at(seconds, micros=0):
    """An instant that many seconds after 2021-01-01, UTC."""
    return datetime.datetime(2021, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=seconds, microseconds=micros)


def write(path, columns, types=None, **options):
    """Writes a Parquet file; columns: name -> list, types: name -> pyarrow type where it is not plain."""
    types = types or {}
    arrays = {
        name: pa.array(values, types.get(name) or default_type(name, values))
        for name, values in columns.items()
    }
    pq.write_table(pa.table(arrays), path, **options)
    return path


def default_type(name, values):
    if any(isinstance(value, datetime.datetime) for value in values):
        return pa.timestamp("us", tz="UTC")
    return None


def newest(path, keys, time, created=None):
    """Key tuple -> row as a dict: the newest by (event, created, place in the file)."""
    rows = pq.read_table(path).to_pylist()
    lowest = datetime.datetime.min.replace(tzinfo=UTC)
    # sorted() is stable: among equals the later in the file stays last.
    rows.sort(key=lambda row: (row[time], (row[created] or lowest) if created else None))
    return {tuple(row[key] for key in keys): row for row in rows}


def write_many(path, rows, keys):
    """A large file of columns id, event_timestamp, feature: row i has key i % keys and the value i."""
    place = pa.array(range(rows), pa.int64())
    ids = pa.array([row % keys for row in range(keys)] * (rows // keys), pa.int64())
    first = int(at(0).timestamp() * 1_000_000)
    times = pc.add(place, first).cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    made = pa.table({"id": ids, "event_timestamp": times, "feature": place})
    pq.write_table(made, path, row_group_size=50_000)
    return path
