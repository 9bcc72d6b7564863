#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
None wrong passes, none right is refused: every file of the corpus against its table in mode `enforce`, as a local file
and, where it is one file, from a web server too.
"""

import json
import pathlib
import subprocess

import grpc

import feastcore
import feasttables as tables
import objectstores
from badweb import BadWeb
from feastapi import SOURCE_DIR

SPARK = SOURCE_DIR / "tests/data/parquet/spark"


class Corpus(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = subprocess.run([objectstores.python(), SOURCE_DIR / "tests/sources/corpus_files.py", cls.name("corpus")],
                              check=True, stdout=subprocess.PIPE, text=True)
        cls.cases = [json.loads(line) for line in made.stdout.splitlines()]
        cls.web = BadWeb()
        cls.addClassCleanup(cls.web.stop)
        cls.core = cls.class_server("--probe-deadline=30s")
        cls.api = cls.core.api
        cls.api.apply_entity("id", "STRING")

    def apply(self, case, source, suffix):
        """What came of it: fits, mismatch, unreadable, empty, unverified; and the text."""
        spec = tables.table(f"{case['name']}_{suffix}", ["id"], case["features"], source)
        try:
            self.api.apply_table(spec, mode="enforce")
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT, f"{case['name']}: {error.details()}")
            return self.kind_of(error), error.details()
        verdict = self.api.verdict(spec.name)
        self.assertIn(verdict, ("OK", "WARNED", "UNVERIFIED"), case["name"])
        report = str(self.api.report(spec.name))
        # Nothing of a source that was read is unknown but a column.
        unverified = "empty" if "state: UNREACHABLE" in report else "unverified"
        return {"OK": "fits", "WARNED": "fits", "UNVERIFIED": unverified}[verdict], report

    def kind_of(self, error):
        """A refusal is about the table's columns, or about a file that cannot be read."""
        fields = feastcore.status_details(error)[1]
        columns = any("features[" in field or "entities[" in field or field.endswith("_column") for field in fields)
        return "mismatch" if columns or "column" in error.details() else "unreadable"

    def judge(self, case, source, suffix, wrong):
        outcome, text = self.apply(case, source, suffix)
        if case["outcome"] != "any" and (outcome != case["outcome"] or case["text"] not in text):
            wrong.append(f"{case['name']} ({suffix}): {outcome} instead of {case['outcome']} "
                         f"{case['text']!r}: {text[:600]}")

    def test_local_files(self):
        wrong = []
        for case in self.cases:
            source = tables.file_source(case["path"], partition=case.get("partition", ""), mapping=case.get("mapping"))
            self.judge(case, source, "local", wrong)
        self.assertFalse(wrong, "\n".join(wrong))
        self.assertGreater(len(self.cases), 150)

    def test_remote_files(self):
        wrong = []
        seen = set()
        for case in self.cases:
            path = pathlib.Path(case["path"])
            if not path.is_file() or path in seen or "5000" in path.name:
                continue
            seen.add(path)
            self.web.files = {path.name: path.read_bytes()}
            source = tables.file_source(self.web.url("good", path.name), mapping=case.get("mapping"))
            self.judge(case, source, "remote", wrong)
        self.assertFalse(wrong, "\n".join(wrong))

    def test_files_written_by_spark(self):
        features = json.loads((SPARK / "features.json").read_text())
        wrong = []
        for path in sorted(SPARK.glob("*.parquet")):
            right = {"name": f"spark_{path.stem}", "features": features, "outcome": "fits", "text": ""}
            other = {**right, "name": f"spark_{path.stem}_wrong", "features": {**features, "n": "BOOL"},
                     "outcome": "mismatch", "text": '"n"'}
            if path.stem == "codec_lz4":  # As Hadoop frames it, which is not read: types are judged all the same.
                right.update(outcome="empty", text="Unsupported compression codec")
                other.update(features={**features, "n": "BYTES"})
            for case in (right, other):
                self.judge(case, tables.file_source(path), "local", wrong)
        self.assertFalse(wrong, "\n".join(wrong))
        self.assertGreaterEqual(len(list(SPARK.glob("*.parquet"))), 6)


if __name__ == "__main__":
    feastcore.run()
