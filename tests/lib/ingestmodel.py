# SPDX-License-Identifier: Apache-2.0
"""
What batch ingestion does to a value, in Python: the table of types of docs/validation.md; the octets of layout a of
docs/online-stores.md. And random values of each type of a source, those on the edge of something above all. Times are whole
nanoseconds since 1970.
"""

import struct
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa

SCALARS = ["BYTES", "STRING", "INT32", "INT64", "DOUBLE", "FLOAT", "BOOL"]
DAY = 86400 * 10**9
FIRST_TIME, LAST_TIME = -62135596800 * 10**9, 253402300800 * 10**9
UNITS = {"ms": 10**6, "us": 10**3, "ns": 1}

WHOLE = {"int8": (-2**7, 2**7), "int16": (-2**15, 2**15), "int32": (-2**31, 2**31), "int64": (-2**63, 2**63),
         "uint8": (0, 2**8), "uint16": (0, 2**16), "uint32": (0, 2**32), "uint64": (0, 2**64)}
REAL = ["float32", "float64"]
DECIMALS = {"decimal9": (9, 0), "decimal18": (18, 0), "decimal38": (38, 0), "decimal9.2": (9, 2),
            "decimal18.6": (18, 6), "decimal38.10": (38, 10)}
# A third word says INT96: a way to store them that has nanoseconds always.
INSTANTS = [f"{unit}{zone}" for unit in UNITS for zone in ("", " UTC")]
TEXTS = ["string", "large_string"]
OCTETS = ["binary", "large_binary", "fixed3"]
NUMBERS = [*WHOLE, *REAL, *DECIMALS]
ACCEPTED = {
    "INT32": [*WHOLE, *REAL, *(name for name, (_, scale) in DECIMALS.items() if scale == 0)],
    "INT64": [*NUMBERS, *INSTANTS],
    "FLOAT": NUMBERS, "DOUBLE": NUMBERS,
    "BOOL": ["bool", *WHOLE],
    "STRING": ["bool", *WHOLE, *TEXTS, *OCTETS],
    "BYTES": [*TEXTS, *OCTETS],
}


class Invalid(Exception):
    """The row is: this value does not fit."""


def is_instant(kind):
    return kind.split()[0] in UNITS and not kind.endswith("[]")


def as_int96(kind):
    """The same in a file that has its instants in INT96."""
    if kind.endswith("[]"):
        return as_int96(kind[:-2]) + "[]"
    return f"{kind} INT96" if is_instant(kind) else kind


def arrow_type(kind):
    if kind.endswith("[]"):
        return pa.list_(arrow_type(kind[:-2]))
    if kind in DECIMALS:
        return pa.decimal128(*DECIMALS[kind])
    if is_instant(kind):
        return pa.timestamp(kind.split()[0], tz="UTC" if "UTC" in kind else None)
    return {"bool": pa.bool_(), "fixed3": pa.binary(3), "date": pa.date32(), "null": pa.null(),
            "float32": pa.float32(), "float64": pa.float64(), "large_string": pa.large_string(),
            "large_binary": pa.large_binary(), "string": pa.string(), "binary": pa.binary(),
            }.get(kind) or getattr(pa, kind)()


def sources_of(declared):
    """Kinds of columns that may hold a value of the declared type."""
    if declared.endswith("_LIST"):
        return [f"{kind}[]" for kind in ACCEPTED[declared[:-5]]]
    return [*ACCEPTED[declared], "null"]


# ---- Values ----

def within(low, high, *more):
    return [number for number in (0, 1, -1, 2, 7, 2**24, 2**24 + 1, -2**24, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**53,
                                  2**53 + 1, 2**63 - 1, 2**63, low, high - 1, *more) if low <= number < high]


def values_of(kind, chance, edges=True):
    """One of them; without `edges` one of a few that convert to most types."""
    if kind.endswith("[]"):
        some = [values_of(kind[:-2], chance, edges) for _ in range(chance.choice([0, 1, 2, 5]))]
        return some + [None] if chance.random() < 0.03 else some
    rare = edges and chance.random() < 0.15
    if kind in WHOLE:
        return chance.choice(within(*WHOLE[kind])) if rare else chance.randrange(2)
    if kind == "bool":
        return chance.random() < 0.5
    if kind in REAL:
        found = chance.choice([0.1, -2.5, 3e9, 1e19, -9223372036854775808.0, 9223372036854775807.0, 1e38, float("nan"),
                               float("inf"), -float("inf"), -0.0, 1e-45, 16777217.0]) if rare else float(chance.randrange(3))
        if kind == "float64" and rare and chance.random() < 0.3:
            found = chance.choice([1e300, 3.4028235677973366e38, 3.4028235e38, 5e-324, 1 + 2**-24, 1 + 2**-53 * 3])
        return struct.unpack("<f", struct.pack("<f", found))[0] if kind == "float32" else found
    if kind in DECIMALS:
        digits, scale = DECIMALS[kind]
        most = 10**digits
        # Strings: arithmetic of Decimal rounds to 28 digits.
        number = chance.choice(within(-most + 1, most, *(10**n for n in range(digits)))) if rare \
            else chance.randrange(3) * 10**scale
        return Decimal(f"{number}e-{scale}")
    if is_instant(kind):
        step = UNITS[kind.split()[0]]
        second = chance.choice([0, 1, -1, 1609459200, -1609459200, 1700000000]) * 10**9
        return (second + (chance.choice([1, 10**6, 999_999_999]) if rare else 0)) // step
    if kind in TEXTS:
        return chance.choice(["ž" * 40, "\U0001f600", "a\0b", " ", "1"]) if rare else chance.choice(["", "a", "bc"])
    if kind == "fixed3":
        return chance.choice([b"\xff\xfe\xfd", b"a\0b"]) if rare else chance.choice([b"abc", b"\xe2\x82\xac"])
    if kind in OCTETS:
        return chance.choice([b"\xff", b"\0", b"\xc0\x80", b"\xed\xa0\x80", b"x" * 300]) if rare \
            else chance.choice([b"", b"a", b"bc"])
    return None


# ---- Conversion ----

def nearest_float(number):
    """The float nearest to a fraction, ties to the even one; not by way of a double, which rounds twice."""
    if number == 0:
        return 0.0
    sign, size = (-1, -number) if number < 0 else (1, number)
    exponent = 0
    while size >= 2**24:
        size, exponent = size / 2, exponent + 1
    while size < 2**23 and exponent > -149:
        size, exponent = size * 2, exponent - 1
    whole, rest = divmod(size, 1)
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2):
        whole += 1
    return sign * float(whole) * 2.0**exponent


def whole(kind, plain):
    """Any number as a whole one."""
    if kind in REAL:
        if plain != plain or plain in (float("inf"), -float("inf")) or plain != int(plain):
            raise Invalid
        return int(plain)
    if kind in DECIMALS:
        fraction = Fraction(plain)
        if fraction.denominator != 1:
            raise Invalid
        return int(fraction)
    if is_instant(kind):
        seconds, rest = divmod(moment(kind, plain), 10**9)
        if rest:
            raise Invalid
        return seconds
    return plain


def limited(number, low, high):
    if not low <= number <= high:
        raise Invalid
    return number


def to_real(kind, plain, declared):
    exact = 2**24 if declared == "FLOAT" else 2**53
    if kind in DECIMALS:
        # Python's own conversion is to the nearest.
        return nearest_float(Fraction(plain)) if declared == "FLOAT" else float(plain)
    if kind in WHOLE:
        return float(limited(plain, -exact, exact))
    if declared == "FLOAT":
        try:
            return struct.unpack("<f", struct.pack("<f", plain))[0]
        except OverflowError:
            raise Invalid from None
    return plain


def to_text(kind, plain):
    if kind == "bool":
        return "true" if plain else "false"
    if kind in WHOLE:
        return str(plain)
    try:
        text = plain if kind in TEXTS else plain.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid from None
    if "\0" in text:
        raise Invalid
    return text


def convert(kind, declared, plain):
    """The value of the declared type, as Python has it; None for null."""
    if plain is None or kind == "null":
        return None
    if declared.endswith("_LIST"):
        if None in plain:
            raise Invalid
        return [convert(kind[:-2], declared[:-5], one) for one in plain]
    if declared == "INT32":
        return limited(whole(kind, plain), -2**31, 2**31 - 1)
    if declared == "INT64":
        return limited(whole(kind, plain), -2**63, 2**63 - 1)
    if declared in ("FLOAT", "DOUBLE"):
        return to_real(kind, plain, declared)
    if declared == "BOOL":
        return plain if kind == "bool" else bool(limited(plain, 0, 1))
    if declared == "STRING":
        return to_text(kind, plain)
    return plain.encode() if kind in TEXTS else plain


def moment(kind, plain):
    """Of a time column. With a zone, and from INT96, to the microsecond, towards 1970."""
    if plain is None:
        return None
    found = plain * (DAY if kind == "date" else UNITS[kind.split()[0]])
    if "INT96" in kind or "UTC" in kind:
        found = abs(found) // 1000 * 1000 * (-1 if found < 0 else 1)
    if not FIRST_TIME <= found < LAST_TIME:
        raise Invalid
    return found


# ---- Layout a of Redis ----

def murmur3(data):
    """The field of a feature: 32 bits of MurmurHash3 without a seed, the lowest octet first."""
    def mixed(word):
        word = word * 0xCC9E2D51 & 0xFFFFFFFF
        return (word << 15 | word >> 17) * 0x1B873593 & 0xFFFFFFFF

    whole_words = len(data) // 4 * 4
    found = 0
    for word, in struct.iter_unpack("<I", data[:whole_words]):
        found ^= mixed(word)
        found = ((found << 13 | found >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    found ^= mixed(int.from_bytes(data[whole_words:], "little")) ^ len(data)
    for shift, factor in (16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1):
        found = (found ^ found >> shift) * factor & 0xFFFFFFFF
    return struct.pack("<I", found)


def stamp(seconds):
    """A google.protobuf.Timestamp of whole seconds."""
    if seconds == 0:
        return b""
    octets, rest = b"", seconds & 2**64 - 1
    while rest > 127:
        octets, rest = octets + bytes([rest & 127 | 128]), rest >> 7
    return b"\x08" + octets + bytes([rest])
