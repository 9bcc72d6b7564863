#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Writes the corpus of Parquet files, by a pyarrow of today: corpus_files.py DIRECTORY.

Prints one JSON object a case: name, path (file or directory), features (name -> value type) that the table declares,
entity type, and what has to come of it: "fits", "mismatch", "unreadable", "empty" (nothing known of its rows) or "unverified" (of a column), with a text of the answer.
"""

import datetime
import decimal
import json
import os
import pathlib
import random
import struct
import sys

import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(sys.argv[1])
ROWS = 500
START = datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc)
US = pa.timestamp("us", tz="UTC")


def times(kind=US, rows=ROWS):
    values = [START + datetime.timedelta(seconds=row) for row in range(rows)]
    if kind.tz is None:
        values = [value.replace(tzinfo=None) for value in values]
    return pa.array(values, kind)


def table(rows=ROWS, time=None, id=None, **columns):
    made = {"id": id if id is not None else pa.array([f"key{row}" for row in range(rows)]),
            "event_timestamp": time if time is not None else times(rows=rows)}
    made.update(columns)
    return pa.table(made)


def case(name, path, features, outcome, text="", entity="STRING", **more):
    print(json.dumps({"name": name, "path": str(path), "features": features, "outcome": outcome, "text": text,
                      "entity": entity, **more}))


def write(name, made, features, outcome="fits", text="", entity="STRING", more=None, **options):
    path = OUT / f"{name}.parquet"
    pq.write_table(made, path, **options)
    case(name, path, features, outcome, text, entity, **(more or {}))
    return path


INTS = pa.array(range(ROWS), pa.int64())
TEXTS = pa.array([f"text {row % 7}" for row in range(ROWS)])
BOTH = {"n": "INT64", "s": "STRING"}


def containers():
    for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        for version in ("1.0", "2.0"):
            write(f"codec_{codec}_v{version[0]}", table(n=INTS, s=TEXTS), BOTH, compression=codec,
                  data_page_version=version)
    for encoding in ("PLAIN", "DELTA_BINARY_PACKED"):
        write(f"encoding_{encoding.lower()}", table(n=INTS), {"n": "INT64"}, use_dictionary=False,
              column_encoding={"n": encoding})
    reals = table(n=pa.array([row * 0.37 for row in range(ROWS)]))
    write("encoding_byte_stream_split", reals, {"n": "DOUBLE"}, use_dictionary=False,
          column_encoding={"n": "BYTE_STREAM_SPLIT"})
    # The engine knows this encoding of reals only: the table may be right, so it is not refused.
    write("encoding_byte_stream_split_int", table(n=INTS), {"n": "INT64"}, "empty", "BYTE_STREAM_SPLIT",
          use_dictionary=False, column_encoding={"n": "BYTE_STREAM_SPLIT"})
    for encoding in ("DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
        write(f"encoding_{encoding.lower()}", table(s=TEXTS), {"s": "STRING"}, use_dictionary=False,
              column_encoding={"s": encoding})
    for version in ("1.0", "2.4", "2.6"):
        write(f"format_{version.replace('.', '_')}", table(n=INTS, s=TEXTS), BOTH, version=version)
    write("page_index", table(n=INTS, s=TEXTS), BOTH, write_page_index=True)
    write("page_checksum", table(n=INTS), {"n": "INT64"}, write_page_checksum=True)
    write("small_pages", table(n=INTS, s=TEXTS), BOTH, data_page_size=256)
    write("small_groups", table(n=INTS, s=TEXTS), BOTH, row_group_size=7)
    write("no_statistics", table(n=INTS), {"n": "INT64"}, write_statistics=False)
    write("store_schema", table(n=INTS), {"n": "INT64"}, store_schema=False)


def timestamps():
    for unit in ("ms", "us", "ns"):
        write(f"time_{unit}_utc", table(time=times(pa.timestamp(unit, tz="UTC")), n=INTS), {"n": "INT64"})
        write(f"time_{unit}_zone", table(time=times(pa.timestamp(unit, tz="Asia/Tokyo")), n=INTS), {"n": "INT64"})
        write(f"time_{unit}_naive", table(time=times(pa.timestamp(unit)), n=INTS), {"n": "INT64"},
              more={"warns": True})
    write("time_int96", table(time=times(pa.timestamp("ns")), n=INTS), {"n": "INT64"},
          use_deprecated_int96_timestamps=True)
    write("time_date", table(time=pa.array([START.date()] * ROWS), n=INTS), {"n": "INT64"}, more={"warns": True})
    seconds = pa.array([1609459200 + row for row in range(ROWS)], pa.int64())
    write("time_int64", table(time=seconds, n=INTS), {"n": "INT64"}, "mismatch", "event_timestamp")
    write("time_text", table(time=pa.array([f"2021-01-01T00:00:{row % 60:02}Z" for row in range(ROWS)]), n=INTS),
          {"n": "INT64"}, "mismatch", "event_timestamp")
    write("time_missing", table(n=INTS).drop_columns(["event_timestamp"]), {"n": "INT64"}, "mismatch",
          "event_timestamp")
    nulls = times().to_pylist()
    nulls[::2] = [None] * len(nulls[::2])
    write("time_nulls", table(time=pa.array(nulls, US), n=INTS), {"n": "INT64"}, "mismatch", "event_timestamp")


# The narrow way: what each type of a column may be declared as, by the lattice, and what not.
TYPES = [
    ("bool", pa.array([row % 2 == 0 for row in range(ROWS)]), ["BOOL", "STRING"], ["INT32", "INT64", "FLOAT", "BYTES"]),
    ("int8", pa.array([row % 100 for row in range(ROWS)], pa.int8()), ["INT32", "INT64"], ["BOOL", "BYTES"]),
    ("int16", pa.array(range(ROWS), pa.int16()), ["INT32", "INT64"], ["BOOL", "BYTES"]),
    ("int32", pa.array(range(ROWS), pa.int32()), ["INT32", "INT64", "DOUBLE"], ["BOOL", "BYTES"]),
    ("int64", INTS, ["INT64", "INT32"], ["BOOL", "BYTES"]),
    ("int64_large", pa.array([2**40 + row for row in range(ROWS)], pa.int64()), ["INT64"], ["INT32", "BOOL"]),
    ("uint8", pa.array([row % 200 for row in range(ROWS)], pa.uint8()), ["INT32", "INT64"], ["BYTES"]),
    ("uint32", pa.array(range(ROWS), pa.uint32()), ["INT64"], ["BYTES"]),
    ("uint64_large", pa.array([2**63 + row for row in range(ROWS)], pa.uint64()), [], ["INT64", "INT32"]),
    ("float", pa.array([row * 0.5 for row in range(ROWS)], pa.float32()), ["FLOAT", "DOUBLE"], ["BOOL", "BYTES"]),
    ("double", pa.array([row * 0.37 for row in range(ROWS)]), ["DOUBLE"], ["INT64", "BOOL", "BYTES"]),
    ("half", pa.array([row * 0.5 for row in range(ROWS)], pa.float16()), ["FLOAT", "DOUBLE"], ["BYTES"]),
    ("string", TEXTS, ["STRING"], ["INT64", "DOUBLE", "BOOL"]),
    ("large_string", pa.array(TEXTS.to_pylist(), pa.large_string()), ["STRING"], ["INT64"]),
    ("dictionary", TEXTS.dictionary_encode(), ["STRING"], ["INT64"]),
    ("binary", pa.array([bytes([row % 256, 255]) for row in range(ROWS)]), ["BYTES"], ["INT64", "STRING"]),
    ("fixed", pa.array([bytes(4)] * ROWS, pa.binary(4)), ["BYTES"], ["INT64"]),
    ("decimal9", pa.array([decimal.Decimal(row) for row in range(ROWS)], pa.decimal128(9, 0)), ["INT64"], ["BOOL"]),
    ("decimal38", pa.array([decimal.Decimal(row) / 100 for row in range(ROWS)], pa.decimal128(38, 2)), ["DOUBLE"],
     ["BOOL"]),
    ("decimal76", pa.array([decimal.Decimal(row) for row in range(ROWS)], pa.decimal256(76, 0)), [],
     ["INT64", "DOUBLE", "STRING"]),
    ("struct", pa.array([{"a": row} for row in range(ROWS)]), [], ["INT64", "STRING", "BYTES", "INT64_LIST"]),
    ("map", pa.array([[("k", row)] for row in range(ROWS)], pa.map_(pa.string(), pa.int64())), [],
     ["INT64", "STRING", "INT64_LIST"]),
    ("list_int", pa.array([[row, row + 1] for row in range(ROWS)]), ["INT64_LIST"], ["INT64", "BOOL_LIST"]),
    ("list_int32", pa.array([[row] for row in range(ROWS)], pa.list_(pa.int32())), ["INT32_LIST", "INT64_LIST"],
     ["INT32", "BYTES_LIST"]),
    ("list_string", pa.array([["a", str(row)] for row in range(ROWS)]), ["STRING_LIST"], ["STRING", "INT64_LIST"]),
    ("list_binary", pa.array([[b"a", bytes([row % 256, 254])] for row in range(ROWS)]), ["BYTES_LIST"],
     ["BYTES", "INT64_LIST"]),
    ("list_double", pa.array([[row * 0.37] for row in range(ROWS)]), ["DOUBLE_LIST"], ["DOUBLE", "BOOL_LIST"]),
    ("list_bool", pa.array([[True, False]] * ROWS), ["BOOL_LIST"], ["BOOL", "BYTES_LIST"]),
    ("list_fixed_size", pa.array([[row, row] for row in range(ROWS)], pa.list_(pa.int64(), 2)), ["INT64_LIST"],
     ["INT64"]),
    ("list_of_lists", pa.array([[[row]] for row in range(ROWS)]), [], ["INT64_LIST", "INT64"]),
    ("list_empty", pa.array([[] for _ in range(ROWS)], pa.list_(pa.int64())), ["INT64_LIST"], ["INT64"]),
    ("list_null_elements", pa.array([[row, None] for row in range(ROWS)]), [], ["INT64_LIST"]),
    ("nulls", pa.array([None] * ROWS, pa.int64()), ["INT64"], ["BYTES"]),
    ("all_null", pa.nulls(ROWS), ["INT64", "STRING"], []),
    ("some_nulls", pa.array([row if row % 3 else None for row in range(ROWS)]), ["INT64"], ["BYTES"]),
]


def types():
    for name, values, fits, wrong in TYPES:
        path = OUT / f"type_{name}.parquet"
        pq.write_table(table(v=values), path)
        for declared in fits:
            case(f"type_{name}_as_{declared}", path, {"v": declared}, "fits")
        for declared in wrong:
            case(f"type_{name}_as_{declared}", path, {"v": declared}, "mismatch", '"v"')


def names():
    write("column_missing", table(n=INTS), {"m": "INT64"}, "mismatch", "m")
    write("column_other_case", table(N=INTS), {"n": "INT64"}, "mismatch", "N")
    write("entity_missing", table(n=INTS).drop_columns(["id"]), {"n": "INT64"}, "mismatch", "id")
    write("entity_type", table(id=pa.array([0.5] * ROWS), n=INTS), {"n": "INT64"}, "mismatch", "id")
    write("entity_nulls", table(id=pa.array([None] * ROWS, pa.string()), n=INTS), {"n": "INT64"}, "mismatch", "id")
    twice = pa.Table.from_arrays([*table(n=INTS).columns, INTS], names=["id", "event_timestamp", "n", "n"])
    write("column_twice", twice, {"n": "INT64"}, "mismatch", "n")
    odd = {"sp ace": INTS, 'quo"te': INTS, "per.iod": INTS, "tick's": INTS, "ünï": INTS}
    made = table(n=INTS, **odd)
    write("column_names", made, {"n": "INT64"})
    many = pa.table({"id": TEXTS, "event_timestamp": times(), **{f"c{number}": INTS for number in range(5000)}})
    write("columns_5000", many, {"c0": "INT64", "c4999": "INT64"})
    write("columns_5000_missing", many, {"c5000": "INT64"}, "mismatch", "c5000")


# Fields of structs, by field_mapping: the names that a feature `v` is mapped to.
FIELDS = [
    ("field", "s.n", "INT64", "fits", ""), ("deep", "s.t.n", "INT32", "fits", ""),
    ("list", "s.l", "INT64_LIST", "fits", ""), ("null", "holes.n", "INT64", "fits", ""),
    ("unicode", "s.größe", "DOUBLE", "fits", ""), ("case", "s.b", "INT64", "fits", ""),
    ("flat", "s.flat", "STRING", "fits", ""),
    ("type", "s.text", "INT64", "mismatch", '"s.text" is string'),
    ("value", "s.half", "INT64", "mismatch", "0.5 is no whole number"),
    ("missing", "s.m", "INT64", "mismatch", '"s.m"'), ("other_case", "s.N", "INT64", "mismatch", '"s.n"'),
    ("too_deep", "s.n.n", "INT64", "mismatch", '"s.n.n"'), ("struct", "s.t", "INT64", "mismatch", "struct"),
    ("no_struct", "id.n", "INT64", "mismatch", '"id.n"'), ("nowhere", "x.n", "INT64", "mismatch", '"x.n"'),
    ("not_ascii", "gröẞe", "INT64", "mismatch", "gröẞe"), ("map", "m.k", "INT64", "unverified", "expression"),
]


def fields():
    rows = [{"n": row, "t": {"n": row}, "l": [row], "größe": row / 4, "flat": row, "text": str(row), "half": row + 0.5,
             "b": row, "B": str(row)} for row in range(ROWS)]
    holes = [{"n": row} if row % 3 else None for row in range(ROWS)]
    maps = pa.array([[("k", row)] for row in range(ROWS)], pa.map_(pa.string(), pa.int64()))
    made = table(s=pa.array(rows), holes=pa.array(holes), m=maps, **{"s.flat": TEXTS})
    path = OUT / "fields.parquet"
    pq.write_table(made, path, compression="zstd")
    for name, column, declared, outcome, text in FIELDS:
        case(f"fields_{name}", path, {"v": declared}, outcome, text, mapping={"v": column})
    apart = OUT / "fields_apart"
    apart.mkdir()
    for number, value in enumerate((1, "x")):
        pq.write_table(table(s=pa.array([{"n": value}] * ROWS)), apart / f"part-{number}.parquet")
    case("fields_apart", apart, {"v": "INT64"}, "mismatch", "part-1.parquet", mapping={"v": "s.n"})


def hidden():
    """Values that no sample of the front of some row groups shows, but the statistics of the footer."""
    for name, first, declared in (("int32", 2**31, "INT32"), ("int32_negative", -2**40, "INT32"),
                                  ("float", 2**24 + 1, "FLOAT"), ("double", 2**53 + 1, "DOUBLE")):
        odd = pa.array(range(first, first + ROWS), pa.int64())
        parts = [table(n=odd if part in (3, 4) else INTS) for part in range(20)]
        write(f"hidden_{name}", pa.concat_tables(parts), {"n": declared}, "mismatch", "statistics",
              row_group_size=ROWS)
    few = pa.concat_tables([table(n=INTS)] * 19 + [table(n=pa.array([*range(ROWS - 1), 2**40]))])
    write("hidden_few", few, {"n": "INT32"}, text="1 of 10000 rows at least do not fit", row_group_size=ROWS)
    write("hidden_none", few, {"n": "INT64"}, row_group_size=ROWS)


def not_text():
    """pyarrow writes as text what it is told is text."""
    ends = pa.array([2 * row for row in range(ROWS + 1)], pa.int32()).buffers()[1]
    texts = pa.Array.from_buffers(pa.string(), ROWS, [None, ends, pa.py_buffer(b"ok" * (ROWS - 1) + b"\xff\xfe")])
    for name, column, declared, mapping in (
            ("flat", {"t": texts}, "STRING", {"v": "t"}), ("dictionary", {"t": texts}, "BYTES", {"v": "t"}),
            ("field", {"s": pa.StructArray.from_arrays([texts], ["t"])}, "STRING", {"v": "s.t"}),
            ("list", {"t": pa.ListArray.from_arrays(pa.array(range(ROWS + 1), pa.int32()), texts)}, "STRING_LIST",
             {"v": "t"})):
        write(f"not_text_{name}", table(n=INTS, **column), {"v": declared}, "mismatch",
              f'column "{mapping["v"]}" is text by the footer', more={"mapping": mapping},
              use_dictionary=name == "dictionary")
        case(f"not_text_{name}_beside", OUT / f"not_text_{name}.parquet", {"n": "INT64"}, "fits")


def sizes():
    empty = table(n=INTS).slice(0, 0)
    write("no_rows", empty, {"n": "INT64"})
    path = OUT / "no_groups.parquet"
    pq.ParquetWriter(path, empty.schema).close()
    case("no_groups", path, {"n": "INT64"}, "fits")
    case("no_groups_wrong", path, {"n": "BYTES"}, "mismatch", '"n"')
    path = OUT / "nothing.parquet"
    path.write_bytes(b"")
    case("nothing", path, {"n": "INT64"}, "unreadable", "empty (0 bytes)")
    (OUT / "empty_directory").mkdir()
    case("empty_directory", OUT / "empty_directory", {"n": "INT64"}, "empty")
    case("not_there", OUT / "not_there.parquet", {"n": "INT64"}, "empty")


def damage():
    whole = (OUT / "codec_none_v1.parquet").read_bytes()
    footer = struct.unpack("<I", whole[-8:-4])[0]
    cuts = {"in_data": len(whole) // 3, "in_footer": len(whole) - footer // 2, "last_byte": len(whole) - 1, "head": 4}
    for name, size in cuts.items():
        path = OUT / f"cut_{name}.parquet"
        path.write_bytes(whole[:size])
        case(f"cut_{name}", path, BOTH, "unreadable")
    others = {"csv": b"id,n\n1,2\n" * 50, "zip": b"PK\3\4" + bytes(100), "parquet_magic_only": b"PAR1PAR1",
              "zeros": bytes(1000), "encrypted": b"PARE" + bytes(60) + struct.pack("<I", 20) + b"PARE",
              "footer_too_long": whole[:-8] + struct.pack("<I", 0xFFFFFFF0) + b"PAR1",
              "footer_of_noise": whole[: -8 - footer] + random.Random(1).randbytes(footer) + whole[-8:]}
    for name, data in others.items():
        path = OUT / f"other_{name}.parquet"
        path.write_bytes(data)
        case(f"other_{name}", path, BOTH, "unreadable")
    # One bit at a time, where the schema and the places of the columns are told. The data stays what it was: a file
    # that is still read may fit or not, but nothing may fail otherwise.
    rng = random.Random(7)
    for number in range(12):
        at = rng.randrange(len(whole) - footer - 8, len(whole) - 8)
        path = OUT / f"bit_{number}.parquet"
        flipped = bytearray(whole)
        flipped[at] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        case(f"bit_{number}", path, BOTH, "any")
    # Compressed data that is noise.
    packed = bytearray((OUT / "codec_zstd_v1.parquet").read_bytes())
    size = struct.unpack("<I", packed[-8:-4])[0]
    for at in range(60, len(packed) - size - 8):
        packed[at] ^= 0x5A
    path = OUT / "noise_in_pages.parquet"
    path.write_bytes(packed)
    case("noise_in_pages", path, BOTH, "unreadable")


def directories():
    base = OUT / "directory"
    for number in range(3):
        (base / f"sub{number}").mkdir(parents=True)
        pq.write_table(table(n=INTS), base / f"sub{number}" / "part.parquet")
    (base / "_SUCCESS").write_bytes(b"")
    (base / ".part.crc").write_bytes(b"x")
    case("directory", base, {"n": "INT64"}, "fits")
    case("directory_missing", base, {"m": "INT64"}, "mismatch", "m")
    odd = OUT / "odd_one_out"
    odd.mkdir()
    for number in range(4):
        pq.write_table(table(n=TEXTS if number == 2 else INTS), odd / f"part-{number}.parquet")
    case("odd_one_out", odd, {"n": "INT64"}, "mismatch", "part-2.parquet")
    # However many columns differ that the table does not name: the one that it names is told.
    beside = OUT / "odd_beside_many"
    beside.mkdir()
    for number in range(2):
        others = {f"other{column}": TEXTS if number else INTS for column in range(100)}
        pq.write_table(table(**others, n=TEXTS if number else INTS), beside / f"part-{number}.parquet")
    case("odd_beside_many", beside, {"n": "INT64"}, "mismatch", "part-1.parquet")
    days = OUT / "days"
    for day in range(1, 6):
        (days / f"dt=2021-01-0{day}").mkdir(parents=True)
        pq.write_table(table(n=INTS), days / f"dt=2021-01-0{day}" / "part.parquet")
    case("days", days, {"n": "INT64"}, "fits", partition="dt")
    many = OUT / "many"
    pq.write_table(table(10, n=pa.array(range(10))), OUT / "ten.parquet")
    data = (OUT / "ten.parquet").read_bytes()
    for number in range(10000):
        path = many / f"p={number}"
        path.mkdir(parents=True)
        (path / "part.parquet").write_bytes(data)
    case("directory_10000", many, {"n": "INT64", "p": "INT32"}, "fits")
    case("directory_10000_missing", many, {"m": "INT64"}, "mismatch", "m")
    flat = OUT / "flat"
    flat.mkdir()
    for number in range(100000):
        # A file has no more than 65 000 names on some file systems.
        if number % 50000 == 0:
            first = flat / f"part-{number:06}.parquet"
            first.write_bytes(data)
        else:
            os.link(first, flat / f"part-{number:06}.parquet")
    case("directory_100000", flat, {"n": "INT64"}, "fits")
    case("directory_100000_missing", flat, {"m": "INT64"}, "mismatch", "m")


OUT.mkdir(parents=True, exist_ok=True)
for make in (containers, timestamps, types, names, fields, hidden, not_text, sizes, damage, directories):
    make()
