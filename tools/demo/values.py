#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The newest values of every flight, by two ways that share nothing, and their comparison.

values.py feast HOST:PORT OUT          read by the Feast client
values.py file FLIGHTS.PARQUET OUT     computed from the file by pyarrow
values.py compare FEASTCTL FEAST FILE  exit code 1 when they differ
"""

import json
import pathlib
import sys

import register

KEYS = ("carrier", "flight")
FEATURES = ("origin", "dest", "tailnum", "dep_delay", "arr_delay", "air_time", "distance")
TIME = "scheduled_departure"
SHOWN = (("UA", 1545), ("B6", 725), ("UA", 437))
FLIGHTS = pathlib.Path(__file__).parents[2] / "examples" / "flights" / "flights.parquet"


def rows_of(path):
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


def newest(path):
    """Key -> its row with the latest scheduled departure."""
    found = {}
    for row in rows_of(path):
        key = tuple(row[name] for name in KEYS)
        if key not in found or row[TIME] >= found[key][TIME]:
            found[key] = row
    return {key: {name: row[name] for name in FEATURES} for key, row in found.items()}


def from_feast(address, home):
    """As an application reads them: a list of features and a list of keys."""
    register.setup(str(home))
    import feast

    client = feast.Client(core_url=address, serving_url=address)
    keys = sorted({tuple(row[name] for name in KEYS) for row in rows_of(FLIGHTS)})
    answer = client.get_online_features(
        feature_refs=[f"flights:{name}" for name in FEATURES],
        entity_rows=[dict(zip(KEYS, key)) for key in keys]).to_dict()
    print(f"Feast {client.version()['sdk']['version']} read {len(keys)} flights")
    return {key: {name: answer[f"flights:{name}"][place] for name in FEATURES}
            for place, key in enumerate(keys)}


def from_feastctl(path):
    """feastctl -o json: rows with the fields' values and statuses."""
    found = {}
    for row in json.loads(pathlib.Path(path).read_text())["rows"]:
        key = (row["entities"]["carrier"], int(row["entities"]["flight"]))
        values = {name: field.get("value") for name, field in row["features"].items()}
        values["distance"] = None if values["distance"] is None else int(values["distance"])
        found[key] = values
    return found


def show(values):
    print("flight   " + " ".join(f"{name:>9}" for name in FEATURES))
    for key in SHOWN:
        cells = ("-" if values[key][name] is None else str(values[key][name]) for name in FEATURES)
        print(f"{key[0]} {key[1]:<5} " + " ".join(f"{cell:>9}" for cell in cells))


def save(values, path):
    path.write_text(json.dumps([[*key, row] for key, row in values.items()]))


def load(path):
    return {(carrier, flight): row for carrier, flight, row in json.loads(pathlib.Path(path).read_text())}


def differences(name, values, expected):
    for key, row in expected.items():
        if values.get(key) != row:
            yield f"{key[0]} {key[1]}: {name} has {values.get(key)}, the file has {row}"


def compare(feastctl_path, feast_path, file_path):
    file, feast = load(file_path), load(feast_path)
    feastctl = from_feastctl(feastctl_path)
    found = [*differences("the Feast client", feast, file),
             *differences("feastctl", feastctl, {key: file[key] for key in SHOWN})]
    print("\n".join(found[:20]) if found else
          f"Yes: {len(feast)} flights with {len(FEATURES)} features each by the Feast client, {len(feastctl)} by "
          "feastctl, all equal to the file.")
    return 1 if found else 0


def main():
    register.stop_quietly()
    if len(sys.argv) == 4 and sys.argv[1] in ("feast", "file"):
        out = pathlib.Path(sys.argv[3])
        values = from_feast(sys.argv[2], out.parent) if sys.argv[1] == "feast" else newest(sys.argv[2])
        show(values)
        save(values, out)
        return 0
    if len(sys.argv) == 5 and sys.argv[1] == "compare":
        return compare(*sys.argv[2:])
    raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
