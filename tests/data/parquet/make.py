# SPDX-License-Identifier: Apache-2.0
"""Writes the Parquet files of this directory: shapes that DuckDB reads but cannot write.

Run by hand (`pip install pyarrow numpy`, then `python make.py`) when a shape is added; the files are kept in the tree.
"""

import datetime
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
DAY = datetime.date(1960, 1, 1)
TIMES = [datetime.datetime(2020, 1, 1, 0, 0, 0, 1000 * i) for i in range(3)]


def write(name, table, **options):
    pq.write_table(table, HERE / f"{name}.parquet", store_schema=False, compression="none", **options)


write("odd_types", pa.table({
    "i8": pa.array([1, 2, -3], pa.int8()),
    "i16": pa.array([1, 2, 3], pa.int16()),
    "i32": pa.array([1, 2, 3], pa.int32()),
    "i64": pa.array([1, 2, 3], pa.int64()),
    "u8": pa.array([1, 2, 255], pa.uint8()),
    "u16": pa.array([1, 2, 65535], pa.uint16()),
    "u32": pa.array([1, 2, 2**32 - 1], pa.uint32()),
    "u64": pa.array([1, 2, 2**64 - 1], pa.uint64()),
    "f16": pa.array(np.array([1, 2, 0.5], np.float16)),
    "f32": pa.array([1, 2, 0.5], pa.float32()),
    "f64": pa.array([1, 2, 0.5], pa.float64()),
    "bool": pa.array([True, False, None]),
    "text": pa.array(["a", "b", None]),
    "bytes": pa.array([b"a", b"\xff", None]),
    "fixed": pa.array([b"ab", b"cd", b"ef"], pa.binary(2)),
    "dec9": pa.array([1, 2, 3], pa.decimal128(9, 2)),
    "dec38": pa.array([1, 2, -3], pa.decimal128(38, 0)),
    "date": pa.array([DAY] * 3),
    "time_ms": pa.array([1, 2, 3], pa.time32("ms")),
    "time_ns": pa.array([1, 2, 3], pa.time64("ns")),
    "ts_ms": pa.array(TIMES, pa.timestamp("ms")),
    "ts_us": pa.array(TIMES, pa.timestamp("us")),
    "ts_ns": pa.array([1, 2, -1], pa.timestamp("ns")),
    "ts_utc_ms": pa.array(TIMES, pa.timestamp("ms", "UTC")),
    "ts_utc_us": pa.array(TIMES, pa.timestamp("us", "UTC")),
    "ts_utc_ns": pa.array([1, 2001, -1], pa.timestamp("ns", "UTC")),
    "list_text": pa.array([["a", None], [], None]),
    "list_dec": pa.array([[1], [2, 3], []], pa.list_(pa.decimal128(20, 3))),
    "list_f16": pa.array([np.array([1, 2], np.float16), None, None], pa.list_(pa.float16())),
    "list_list": pa.array([[[1]], [], None]),
    "list_struct": pa.array([[{"x": 1}], [], None]),
    "struct": pa.array([{"x": 1}, {"x": 2}, None]),
    "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    "nothing": pa.array([None, None, None], pa.null()),
    "list_nothing": pa.array([[], None, []], pa.list_(pa.null())),
    "enum": pa.array(["x", "y", "x"]).dictionary_encode(),
}))
write("int96", pa.table({
    "id": pa.array([1, 2, 3], pa.int64()),
    "ts": pa.array(TIMES, pa.timestamp("ns")),
}), use_deprecated_int96_timestamps=True)
write("duplicates", pa.Table.from_arrays(
    [pa.array([1, 2]), pa.array(["x", "y"]), pa.array([1.5, 2.5]), pa.array(TIMES[:2], pa.timestamp("us", "UTC"))],
    names=["a", "a", "A", "ts"]))
NOT_TEXT = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(np.array([0, 2, 4], np.int32).tobytes()), pa.py_buffer(b"ok\xff\xfe")])
write("not_utf8", pa.table({
    "id": pa.array([1, 2], pa.int64()),
    "text": NOT_TEXT,
    "ts": pa.array(TIMES[:2], pa.timestamp("us", "UTC")),
}))
