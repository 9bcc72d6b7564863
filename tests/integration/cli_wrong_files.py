#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that are wrong, one mistake or a few each, and what feastctl must say: where, what, and what was meant.

Most mistakes are seen before anything is sent; the server's rules come back with the place in the file too.
"""

import resource
import subprocess

import feastcore
from feastapi import BIN_DIR
from feastctl import REFUSED, USAGE, CliTest

ENTITY = "kind: Entity\nspec: {name: e, valueType: INT64}\n"
TABLE = """\
kind: FeatureTable
spec:
  name: t
  entities: [e]
  features:
  - {name: f, valueType: INT64}
  maxAge: 60s
  labels: {team: ops}
  batchSource:
    type: BATCH_FILE
    eventTimestampColumn: at
    fileOptions:
      fileFormat: {parquetFormat: {}}
      fileUrl: file:///data/t.parquet
"""


def changed(old, new, text=TABLE):
    assert old in text, old
    return text.replace(old, new, 1)


# What is in the file; line and column of the mistake, "" when the file as a whole is meant; what the message has.
SHAPE = {
    "nothing at all": ("", None, "there is no document"),
    "only a comment": ("# nothing\n", None, "there is no document"),
    "a word": ("hello\n", "1:1", "must be a mapping"),
    "a number": ("42\n", "1:1", "must be a mapping"),
    "a list of words": ("- a\n- b\n", "1:3", "an item of a list must be a document"),
    "unknown kind": ("kind: Feature\nspec: {}\n", "1:7", "it is Project, OnlineStore, Entity or FeatureTable"),
    "mistyped kind": ("kind: Entitty\nspec: {}\n", "1:7", 'kind "Entitty"'),
    "no kind, no keys": ("spec: {name: x}\n", "1:1", "neither an entity"),
    "no spec": ("name: e\nvalueType: INT64\n", "1:1", "put its keys below `spec:`"),
    "spec is a list": ("kind: Entity\nspec: [a]\n", "2:7", "expected a mapping"),
    "spec is a word": ("kind: Entity\nspec: word\n", "2:7", "expected a mapping"),
    "spec is null": ("kind: Entity\nspec:\n", "2:6", "spec is missing"),
    "list with a word": ("kind: EntityList\nitems: [a]\n", "2:9", "an item of a list must be a document"),
    "json cut short": ('{"kind": "Entity", "spec": {"name": "e"', "", ""),
    "json with a comma too many": ('{"kind": "Entity",, "spec": {}}', "", ""),
    "tab as indent": ("kind: Entity\nspec:\n\tname: e\n", "3:1", ""),
    "unclosed quote": ('kind: Entity\nspec: {name: "e}\n', "", ""),
    "unclosed bracket": ("kind: FeatureTable\nspec: {entities: [e}\n", "2:", ""),
    "wrong indent": ("kind: Entity\nspec:\n  name: e\n valueType: INT64\n", "4:", ""),
    "the same key twice": ("kind: Entity\nspec:\n  name: e\n  name: f\n  valueType: INT64\n", "4:3", '"name"'),
    "unknown alias": ("kind: Entity\nspec: *absent\n", "2:7", "an anchor that was not set"),
    "alias in itself": ("kind: Entity\nspec: &a {name: *a}\n", "2:", ""),
    "project without a name": ("kind: Project\n", "1:1", "name is missing"),
    "project with a spec of more": ("kind: Project\nname: p\nowner: me\n", "3:1", 'there is no key "owner" in a project'),
    "described twice": (ENTITY + "---\n" + ENTITY, "4:1", "is described twice; the first is at"),
    "binary": ("\x00\x01\x02\x03", "", ""),
    "not UTF-8": (b"kind: Entity\nspec: {name: \xff\xfe}\n", "", ""),
    "a lone surrogate": ('{"kind": "Entity", "spec": {"name": "\\ud800"}}', "", ""),
}
ENTITIES = {
    "no name": ("kind: Entity\nspec: {valueType: INT64}\n", "2:7", "spec.name is missing"),
    "empty name": ("kind: Entity\nspec: {name: '', valueType: INT64}\n", "2:7", "spec.name is missing"),
    "no type": ("kind: Entity\nspec: {name: e}\n", "2:7", "spec.valueType is missing"),
    "mistyped type": (changed("INT64", "INT46", ENTITY), "2:28", '"INT64"'),
    "lower case type": (changed("INT64", "int64", ENTITY), "2:28", '"int64"'),
    "type of another system": (changed("INT64", "VARCHAR", ENTITY), "2:28", '"VARCHAR"'),
    "type by a number that is none": (changed("INT64", "99", ENTITY), "2:28", "99"),
    "type by a fraction": (changed("INT64", "3.5", ENTITY), "2:28", "3.5"),
    "type is a list": (changed("INT64", "[INT64]", ENTITY), "2:28", ""),
    "name is a list": (changed("name: e", "name: [e]", ENTITY), "2:14", ""),
    "name is a map": (changed("name: e", "name: {a: b}", ENTITY), "2:14", ""),
    "mistyped key": (changed("valueType", "valuType", ENTITY), "2:17", '"valueType"'),
    "mistyped name key": (changed("name:", "nam:", ENTITY), "2:8", '"name"'),
    "key in the wrong place": ("kind: Entity\nname: e\nspec: {name: e, valueType: INT64}\n", "2:1", '"name"'),
    "labels are a list": (changed("}", ", labels: [a]}", ENTITY), "2:43", ""),
    "a label is a list": (changed("}", ", labels: {a: [b]}}", ENTITY), "2:47", ""),
    "a label is a map": (changed("}", ", labels: {a: {b: c}}}", ENTITY), "2:47", ""),
    "unknown key": (changed("}", ", owner: me}", ENTITY), "2:35", '"owner"'),
    "description is a list": (changed("}", ", description: [a]}", ENTITY), "2:48", ""),
    "both spellings": (changed("}", ", value_type: STRING}", ENTITY), "2:35", "value_type"),
}
TABLES = {
    "no name": (changed("  name: t\n", ""), "3:3", "spec.name is missing"),
    "no entities": (changed("  entities: [e]\n", ""), "3:3", "spec.entities is missing"),
    "empty entities": (changed("[e]", "[]"), "3:3", "spec.entities is missing"),
    "entities is a word": (changed("[e]", "e"), "4:13", ""),
    "entities is a map": (changed("[e]", "{e: 1}"), "4:13", ""),
    "entities of lists": (changed("[e]", "[[e]]"), "4:14", ""),
    "features is a map": (changed("  features:\n  - {name: f, valueType: INT64}", "  features: {f: INT64}"), "5:13", ""),
    "a feature is a word": (changed("- {name: f, valueType: INT64}", "- f"), "6:5", ""),
    "mistyped feature key": (changed("valueType: INT64", "valueTyp: INT64"), "6:15", '"valueType"'),
    "mistyped feature type": (changed("INT64", "INT_64"), "6:26", '"INT64"'),
    "feature with description": (changed("INT64}", "INT64, description: x}"), "6:33", '"description"'),
    "max age in words": (changed("60s", "one hour"), "7:11", "one hour"),
    "max age in minutes": (changed("60s", "60x"), "7:11", "60x"),
    "max age is a list": (changed("60s", "[60]"), "7:11", ""),
    "max age overflows": (changed("60s", "99999999999999999999s"), "7:11", ""),
    "labels is a word": (changed("{team: ops}", "team"), "8:11", ""),
    "mistyped source": (changed("batchSource", "batchSorce"), "9:3", '"batchSource"'),
    "source is a word": (changed("  batchSource:\n    type: BATCH_FILE\n    eventTimestampColumn: at\n    fileOptions:\n"
                                 "      fileFormat: {parquetFormat: {}}\n      fileUrl: file:///data/t.parquet\n",
                                 "  batchSource: file\n"), "9:16", ""),
    "mistyped source type": (changed("BATCH_FILE", "BATCH_FILES"), "10:11", '"BATCH_FILE"'),
    "source type of another": (changed("BATCH_FILE", "CSV"), "10:11", "CSV"),
    "mistyped time column key": (changed("eventTimestampColumn", "eventTimestamp"), "11:5", '"eventTimestamp"'),
    "time column is a list": (changed("eventTimestampColumn: at", "eventTimestampColumn: [at]"), "11:27", ""),
    "mistyped options": (changed("fileOptions", "fileOption"), "12:5", '"fileOptions"'),
    "options of two kinds": (changed("    fileOptions:", "    bigqueryOptions: {tableRef: 'p:d.t'}\n    fileOptions:"),
                             "13:5", ""),
    "mistyped format": (changed("parquetFormat", "parquetformat"), "13:20", '"parquetFormat"'),
    "format is a word": (changed("{parquetFormat: {}}", "parquet"), "13:19", ""),
    "parquet with options": (changed("parquetFormat: {}", "parquetFormat: {compression: zstd}"), "13:36", '"compression"'),
    "mistyped url": (changed("fileUrl", "fileURI"), "14:7", '"fileUrl"'),
    "url is a list": (changed("fileUrl: file:///data/t.parquet", "fileUrl: [a, b]"), "14:16", ""),
    "source beside the spec": (changed("  batchSource:", "batchSource:"), "", ""),
    "online store is a word": (changed("  maxAge: 60s", "  maxAge: 60s\n  onlineStore: redis"), "8:16", ""),
    "online store of another type": (changed("  maxAge: 60s", "  maxAge: 60s\n  onlineStore: {name: x, type: CASSANDRA}"),
                                     "8:32", "CASSANDRA"),
    "mapping is a list": (changed("    fileOptions:", "    fieldMapping: [a]\n    fileOptions:"), "12:19", ""),
    "mapping to a list": (changed("    fileOptions:", "    fieldMapping: {a: [b]}\n    fileOptions:"), "12:23", ""),
    "stream options in a batch source": (changed("    fileOptions:", "    kafkaOption: {}\n    fileOptions:"), "12:5",
                                         '"kafkaOptions"'),
}
# Rules of the registry: the server knows them, the place in the file is ours.
RULES = {
    "name with a dash": (changed("name: t\n", "name: my-table\n"), "3:9", "my-table"),
    "name with a space": (changed("name: t\n", "name: my table\n"), "3:9", "my table"),
    "name that begins with a digit": (changed("name: t\n", "name: 1t\n"), "3:9", "1t"),
    "feature with a dash": (changed("name: f,", "name: a-b,"), "6:12", "a-b"),
    "feature without a name": (changed("name: f, ", ""), "6:5", ""),
    "feature without a type": (changed(", valueType: INT64", ""), "6:5", ""),
    "feature of type INVALID": (changed("INT64", "INVALID"), "6:26", ""),
    "feature twice": (changed("  - {name: f, valueType: INT64}\n", "  - {name: f, valueType: INT64}\n" * 2), "7:", "f"),
    "feature named as its entity": (changed("name: f,", "name: e,"), "6:", "e"),
    "entity twice": (changed("[e]", "[e, e]"), "4:", "e"),
    "unknown entity": (changed("[e]", "[e, absent]"), "4:17", ""),
    "empty label": (changed("{team: ops}", "{'': ops}"), "8:11", ""),
    "no time column": (changed("    eventTimestampColumn: at\n", ""), "", "event"),
    "no source": (changed(TABLE[TABLE.index("  batchSource"):], ""), "", "batch"),
    "no url": (changed("      fileUrl: file:///data/t.parquet\n", ""), "", ""),
    "no format": (changed("      fileFormat: {parquetFormat: {}}\n", ""), "", ""),
    "stream type in batch": (changed("BATCH_FILE", "STREAM_KAFKA"), "", ""),
    "unknown online store": (changed("  maxAge: 60s", "  maxAge: 60s\n  onlineStore: {name: absent}"), "8:", "absent"),
    "negative max age": (changed("60s", "-60s"), "7:", ""),
    "mapping to nothing": (changed("    fileOptions:", "    fieldMapping: {f: ''}\n    fileOptions:"), "12:", ""),
    "mapping twice to one column": (changed("    fileOptions:", "    fieldMapping: {f: c, e: c}\n    fileOptions:"), "12:", ""),
}


class WrongFiles(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api.apply_entity("e", "INT64")

    def check(self, cases, *flags):
        for name, (text, place, message) in cases.items():
            with self.subTest(name):
                path = self.name("wrong").with_suffix(".json" if str(text).startswith("{") else ".yaml")
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
                done = self.ctl("apply", "--validation=off", "-f", path, *flags, code=USAGE if place is None else REFUSED)
                if place is not None:
                    self.assertIn(f"{path}:{place}" if place else str(path), done.err)
                self.assertIn(message, done.err)
                self.assertNotIn("INTERNAL", done.err)
                self.assertEqual(done.out, "")

    def test_shape(self):
        self.check(SHAPE)

    def test_entities(self):
        self.check(ENTITIES)

    def test_tables(self):
        self.check(TABLES)

    def test_rules(self):
        self.check(RULES)

    def test_there_are_enough_of_them(self):
        self.assertGreaterEqual(len(SHAPE) + len(ENTITIES) + len(TABLES) + len(RULES), 100)

    def test_every_mistake_of_a_file_is_told_at_once(self):
        path = self.yaml("""\
            kind: Entity
            spec: {nam: e, valueType: INT46}
            ---
            kind: FeatureTable
            spec: {name: t, entitys: [e], features: [{name: f, valueType: X}]}
            """)
        done = self.ctl("apply", "-f", path, code=REFUSED)
        for place in ("2:8", "2:27", "5:17", "5:63"):
            self.assertIn(f"{path}:{place}: ", done.err)


class Refused(CliTest):
    """What is too much is refused before it takes memory or time."""

    def limited(self, *words, stdin=b"", megabytes=700):
        # gRPC and the sanitizers reserve addresses by the gigabyte: what counts is what is used.
        done = subprocess.run([str(BIN_DIR / "feastctl"), *map(str, words)], input=stdin, capture_output=True,
                              timeout=feastcore.PATIENCE, env=self.environment())
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        self.assertIn(done.returncode, (USAGE, REFUSED), done)
        self.assertLess(peak, megabytes)
        return done.stderr.decode("utf-8", "replace")

    def test_a_file_of_100_mb(self):
        path = self.name("large").with_suffix(".yaml")
        with path.open("wb") as file:
            file.truncate(100 << 20)
        self.assertIn("is larger than 64 MiB", self.limited("apply", "-f", path))
        self.assertIn("is larger than 64 MiB", self.limited("apply", "-f", "-", stdin=b"# x\n" * (25 << 20)))

    def test_bombs(self):
        laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi"))
        self.assertIn("more than", self.limited("apply", "-f", "-", stdin=laughs.encode()))

    def test_depth(self):
        for deep in (b"[" * 200_000, b"{a: " * 200_000, b"- " * 200_000, b'{"a":' * 200_000):
            self.assertIn("(standard input)", self.limited("apply", "-f", "-", stdin=deep))

    def test_junk(self):
        junk = bytes(range(256)) * 4096
        self.assertIn("(standard input)", self.limited("apply", "-f", "-", stdin=junk))
        self.assertIn("(standard input)", self.limited("diff", "-f", "-", stdin=junk))

    def test_directories(self):
        empty = self.name("empty")
        empty.mkdir()
        self.assertIn("has no .yaml, .yml or .json file", self.limited("apply", "-f", empty))
        (empty / "loop").symlink_to(empty)
        self.assertIn("nested too deep", self.limited("apply", "-f", empty))
        self.assertIn("cannot be read", self.limited("apply", "-f", empty / "absent.yaml"))


if __name__ == "__main__":
    feastcore.run()
