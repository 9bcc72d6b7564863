#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our .proto files against the descriptors that the real Feast packages carry.

Compared are names, numbers, types, labels, oneofs, enum values, methods, file paths and the options
that generated code depends on, in both directions. Every difference that we want is in DIFFERENCES
with its reason; one that is not there fails, and so does one that is there but is gone. Needs no
server: the first argument, or feast-core.protoset in FC_BUILD_DIR, is our FileDescriptorSet.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import pathlib
import sys
import types
import unittest

from google.protobuf import descriptor_pb2

# Distribution -> version whose wire we serve.
PEERS = {"feast": "0.9.9", "feast-spark": "0.2.37"}

# Folders of generated modules in those distributions.
PEER_FOLDERS = ("feast/core", "feast/serving", "feast/storage", "feast/types", "feast_spark/api")

# Packages compared as a whole.
PACKAGES = ("feast.core", "feast.serving", "feast.storage", "feast.types", "feast_spark.api")

# Of a package that we declare in part: only these messages, with all that is in them.
PARTIAL_MODULES = ("google.rpc.status_pb2", "google.rpc.error_details_pb2")
PARTIAL_MESSAGES = ("google.rpc.BadRequest", "google.rpc.ErrorInfo", "google.rpc.Status")

OURS_ONLY = "only in ours"
PEERS_ONLY = "only in the peers'"

# What differs on purpose: item -> (which side has it, reason). What is inside a listed message or
# file needs no line of its own.
DIFFERENCES = {
    "field feast.core.FeatureTableSpec.staleness_threshold": (
        PEERS_ONLY,
        "number 9 is a Duration here and the string `project` in 0.10 and 0.11; undeclared, either "
        "survives as sent. The peers' registry drops it silently",
    ),
    "file feast/types/EntityKey.proto": (OURS_ONLY, "of the 0.10 generation"),
    "message feast.types.EntityKey": (OURS_ONLY, "of the 0.10 generation"),
    "file feast/storage/OnlineRow.proto": (OURS_ONLY, "value layout of our embedded online store"),
    "message feast.storage.OnlineRow": (OURS_ONLY, "value layout of our embedded online store"),
    "method feast_spark.api.JobService.ListScheduledJobs": (OURS_ONLY, "of the caraml-store generation"),
    "method feast_spark.api.JobService.UnscheduleJob": (OURS_ONLY, "of the caraml-store generation"),
    "message feast_spark.api.ListScheduledJobsRequest": (OURS_ONLY, "of the caraml-store generation"),
    "message feast_spark.api.ListScheduledJobsResponse": (OURS_ONLY, "of the caraml-store generation"),
    "message feast_spark.api.ScheduledJob": (OURS_ONLY, "of the caraml-store generation"),
    "message feast_spark.api.UnscheduleJobRequest": (OURS_ONLY, "of the caraml-store generation"),
    "message feast_spark.api.UnscheduleJobResponse": (OURS_ONLY, "of the caraml-store generation"),
    "field google.rpc.BadRequest.FieldViolation.reason": (
        OURS_ONLY,
        "number 3 of today's public definition; the Python package of the peers' time lacks it",
    ),
}

# Numbers of other generations, some with two meanings: undeclared in ours, so that what was sent
# stays with the spec. Beside each: what other generations put there.
UNDECLARED = {
    ("feast.core.FeatureTableSpec", 9): "staleness_threshold or project",
    ("feast.core.EntitySpecV2", 4): "join_key",
    ("feast.core.EntitySpecV2", 9): "project",
    ("feast.core.DataSource.FileOptions", 3): "Spark settings or an endpoint URL",
    ("feast.core.DataSource.BigQueryOptions", 2): "Spark settings or a query",
    ("feast.core.DataSource.KafkaOptions", 4): "Spark settings or a watermark delay",
    ("feast.types.Value", 8): "unix_timestamp_val",
    ("feast.types.Value", 18): "unix_timestamp_list_val",
}

FILE_OPTIONS = ("java_package", "java_outer_classname", "java_multiple_files", "go_package")

Field = descriptor_pb2.FieldDescriptorProto


class Items(dict):
    """A flat view of descriptors: item -> (description, items that contain it)."""

    def put(self, item, description, *inside):
        self[item] = (description, inside)

    def add_file(self, file):
        item = f"file {file.name}"
        options = ", ".join(f"{name}={getattr(file.options, name)!r}" for name in FILE_OPTIONS)
        self.put(item, f"package {file.package}, {file.syntax or 'proto2'}, {options}")
        for message in file.message_type:
            self.add_message(message, file.package, f" in {file.name}")
        for enum in file.enum_type:
            self.add_enum(enum, file.package, f" in {file.name}")
        for service in file.service:
            self.add_service(service, file.package, f" in {file.name}")

    def add_message(self, message, scope, where="", *inside):
        name = f"{scope}.{message.name}"
        item = f"message {name}"
        self.put(item, ("map entry" if message.options.map_entry else "message") + where, *inside)
        for field in message.field:
            self.put(f"field {name}.{field.name}", describe_field(message, field), item, *inside)
        for nested in message.nested_type:
            self.add_message(nested, name, "", item, *inside)
        for enum in message.enum_type:
            self.add_enum(enum, name, "", item, *inside)

    def add_enum(self, enum, scope, where="", *inside):
        item = f"enum {scope}.{enum.name}"
        self.put(item, "enum" + where, *inside)
        for value in enum.value:
            self.put(f"value {scope}.{enum.name}.{value.name}", str(value.number), item, *inside)

    def add_service(self, service, scope, where):
        item = f"service {scope}.{service.name}"
        self.put(item, "service" + where)
        for method in service.method:
            self.put(
                f"method {scope}.{service.name}.{method.name}",
                f"({'stream ' * method.client_streaming}{method.input_type}) -> "
                f"({'stream ' * method.server_streaming}{method.output_type})",
                item,
            )


def describe_field(message, field):
    words = [
        f"number {field.number}",
        Field.Label.Name(field.label)[len("LABEL_") :].lower(),
        Field.Type.Name(field.type)[len("TYPE_") :].lower(),
        field.type_name,
    ]
    if field.HasField("oneof_index"):
        words.append(f"in oneof {message.oneof_decl[field.oneof_index].name}")
    if field.options.HasField("packed"):
        words.append(f"packed {field.options.packed}")
    return " ".join(word for word in words if word)


def keep_partial(items):
    """Of the packages declared in part, the messages we use with what is inside them."""
    names = {f"message {name}" for name in PARTIAL_MESSAGES}
    kept = Items()
    for item, (description, inside) in items.items():
        if item in names or names.intersection(inside):
            kept[item] = (description.split(" in google/")[0], inside)
    return kept


def descriptor_of(module):
    file = descriptor_pb2.FileDescriptorProto()
    importlib.import_module(module).DESCRIPTOR.CopyToProto(file)
    return file


def peer_modules():
    """Names of the peers' generated modules. The packages' own start-up code does not run."""
    found = []
    for package in sorted({folder.split("/")[0] for folder in PEER_FOLDERS}):
        spec = importlib.util.find_spec(package)
        if spec is None:
            raise SystemExit(f"the Python package {package} is not installed; run ./dev deps")
        stub = types.ModuleType(package)
        stub.__path__ = list(spec.submodule_search_locations)
        sys.modules[package] = stub
        root = pathlib.Path(stub.__path__[0]).parent
        for folder in PEER_FOLDERS:
            if folder.split("/")[0] == package:
                for path in sorted((root / folder).glob("*_pb2.py")):
                    found.append(".".join(path.relative_to(root).with_suffix("").parts))
    return found


def read_peers():
    items = Items()
    for module in peer_modules():
        items.add_file(descriptor_of(module))
    partial = Items()
    for module in PARTIAL_MODULES:
        partial.add_file(descriptor_of(module))
    items.update(keep_partial(partial))
    return items


def read_ours(path):
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(pathlib.Path(path).read_bytes())
    items, partial = Items(), Items()
    for file in files.file:
        if file.package in PACKAGES:
            items.add_file(file)
        elif file.package == "google.rpc":
            partial.add_file(file)
    items.update(keep_partial(partial))
    return items


def compare(ours, peers):
    """Item -> what differs; what is inside a missing item is not told again."""
    found = {}
    for side, here, there in ((OURS_ONLY, ours, peers), (PEERS_ONLY, peers, ours)):
        for item, (description, inside) in here.items():
            if item not in there and all(outer in there for outer in inside):
                found[item] = side
    for item in ours.keys() & peers.keys():
        if ours[item][0] != peers[item][0]:
            found[item] = f"ours: {ours[item][0]}; the peers': {peers[item][0]}"
    return found


class WireDescriptors(unittest.TestCase):
    maxDiff = None
    path = None

    @classmethod
    def setUpClass(cls):
        cls.ours = read_ours(cls.path)
        cls.peers = read_peers()
        cls.found = compare(cls.ours, cls.peers)

    def test_peers_are_the_versions_meant(self):
        for name, version in PEERS.items():
            with self.subTest(name):
                self.assertEqual(importlib.metadata.version(name), version)

    def test_something_was_compared(self):
        kinds = {}
        for item in self.ours.keys() & self.peers.keys():
            kind = item.split()[0]
            kinds[kind] = kinds.get(kind, 0) + 1
        print("on both sides:", kinds)
        expected = {"file": 14, "message": 100, "field": 200, "value": 50, "method": 36}
        for kind, least in expected.items():
            with self.subTest(kind):
                self.assertGreaterEqual(kinds.get(kind, 0), least)

    def test_no_unlisted_difference(self):
        unlisted = [
            f"{item}: {what}" for item, what in sorted(self.found.items())
            if DIFFERENCES.get(item, (None,))[0] != what
        ]
        self.assertEqual(unlisted, [])

    def test_no_listed_difference_is_gone(self):
        gone = [
            f"{item}: {side}" for item, (side, _) in DIFFERENCES.items()
            if self.found.get(item) != side
        ]
        self.assertEqual(gone, [])

    def test_ambiguous_numbers_are_undeclared(self):
        numbers = {}
        for item, (description, _) in self.ours.items():
            if item.startswith("field "):
                message = item[len("field ") :].rpartition(".")[0]
                numbers.setdefault(message, set()).add(int(description.split()[1]))
        for (message, number), use in UNDECLARED.items():
            with self.subTest(message, number=number, use=use):
                self.assertIn(message, numbers)
                self.assertNotIn(number, numbers[message])


def main():
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        WireDescriptors.path = sys.argv.pop(1)
    else:
        build = os.environ.get("FC_BUILD_DIR", "build")
        WireDescriptors.path = os.path.join(build, "feast-core.protoset")
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
