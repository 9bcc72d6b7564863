# SPDX-License-Identifier: Apache-2.0
"""Writes the Parquet files of this directory, as Apache Spark writes them (README.md says which one).

Run by hand (`pip install pyspark==3.5.7`, Java 17, then `python make.py`); the files are kept in the tree.
"""

import datetime
import decimal
import pathlib
import shutil
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import types as t

HERE = pathlib.Path(__file__).parent
ROWS = 200

SCHEMA = t.StructType([
    t.StructField("id", t.StringType()),
    t.StructField("event_timestamp", t.TimestampType()),
    t.StructField("n", t.LongType()),
    t.StructField("i", t.IntegerType()),
    t.StructField("d", t.DoubleType()),
    t.StructField("price", t.DecimalType(12, 2)),
    t.StructField("tags", t.ArrayType(t.StringType())),
    t.StructField("raw", t.BinaryType()),
    t.StructField("inner", t.StructType([t.StructField("a", t.LongType())])),
    t.StructField("map", t.MapType(t.StringType(), t.LongType())),
])


def rows():
    start = datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc)
    for row in range(ROWS):
        yield (f"key{row}", start + datetime.timedelta(seconds=row), row, row % 100, row * 0.37,
               decimal.Decimal(row) / 4, [f"tag{row % 5}", "x"], bytes([row % 256, 255]), (row,), {"k": row})


def session(**settings):
    builder = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC").config(
        "spark.ui.enabled", "false")
    for name, value in settings.items():
        builder = builder.config(name.replace("__", "."), value)
    return builder.getOrCreate()


def write(spark, name, **options):
    with tempfile.TemporaryDirectory() as scratch:
        frame = spark.createDataFrame(list(rows()), SCHEMA).coalesce(1)
        frame.write.options(**options).parquet(f"{scratch}/out")
        part = next(pathlib.Path(scratch, "out").glob("part-*.parquet"))
        shutil.copyfile(part, HERE / f"{name}.parquet")


spark = session()
for codec in ("snappy", "gzip", "zstd", "uncompressed", "lz4", "lz4_raw"):
    write(spark, f"codec_{codec}", compression=codec)
for kind in ("TIMESTAMP_MICROS", "TIMESTAMP_MILLIS", "INT96"):
    spark.conf.set("spark.sql.parquet.outputTimestampType", kind)
    write(spark, f"time_{kind.lower()}")
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
spark.conf.set("spark.sql.parquet.writeLegacyFormat", "true")
write(spark, "legacy")
spark.conf.set("spark.sql.parquet.writeLegacyFormat", "false")
write(spark, "pages_v2", **{"parquet.writer.version": "v2", "parquet.page.size": "512"})
