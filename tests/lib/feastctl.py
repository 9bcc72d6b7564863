# SPDX-License-Identifier: Apache-2.0
"""Runs the real feastctl for a test, on a terminal and off it."""

import json
import os
import pty
import subprocess
import textwrap
import threading

import feastcore
import feasttables as tables
from feastapi import BIN_DIR, SOURCE_DIR

# Exit codes, as in client/exit.h.
OK, FINDING, USAGE, NOT_FOUND, CONFLICT, REFUSED, DENIED, UNAVAILABLE = range(8)

ENTITIES = SOURCE_DIR / "examples" / "flights" / "entities.yaml"


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class CliTest(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = cls.class_server()
        cls.api = cls.core.api

    def environment(self, **extra):
        clean = {name: text for name, text in os.environ.items()
                 if not name.startswith("FEAST_") and name not in ("NO_COLOR", "TERM")}
        # Whoever runs the tests has settings of his own.
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        return {**clean, "FEAST_CORE_URL": self.core.grpc, "TERM": "xterm", "HOME": str(home),
                "XDG_CONFIG_HOME": str(home / ".config"), "PAGER": "cat", **extra}

    def ctl(self, *args, stdin="", code=OK, cwd=None, **env):
        """Runs it without a terminal and checks the exit code."""
        done = subprocess.run(
            [str(BIN_DIR / "feastctl"), *map(str, args)], input=stdin, capture_output=True, text=True,
            timeout=feastcore.PATIENCE, env=self.environment(**env), check=False, cwd=cwd or self.scratch)
        result = Result(done.returncode, done.stdout, done.stderr)
        if code is not None:
            self.assertEqual(result.code, code, result)
        self.assertNotIn("\033", result.out + result.err)
        self.assertFalse(feastcore.SANITIZER.search(result.err), result)
        return result

    def started(self, *args):
        """The process, its output piped; the test reads it and waits for its end."""
        process = subprocess.Popen([str(BIN_DIR / "feastctl"), *map(str, args)], stdout=subprocess.PIPE, text=True,
                                   env=self.environment(), cwd=self.scratch)
        self.addCleanup(process.kill)
        return process

    def on_terminal(self, *args, typed="", **env):
        """Runs it on a pseudo terminal: exit code and all that it wrote."""
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [str(BIN_DIR / "feastctl"), *map(str, args)], stdin=follower, stdout=follower, stderr=follower,
            env=self.environment(**env), close_fds=True, cwd=self.scratch)
        os.close(follower)
        os.write(leader, typed.encode())
        chunks = []

        def drain():
            while True:
                try:
                    chunk = os.read(leader, 65536)
                except OSError:  # the other side is closed
                    return
                if not chunk:
                    return
                chunks.append(chunk)

        reader = threading.Thread(target=drain)
        reader.start()
        code = process.wait(feastcore.PATIENCE)
        reader.join(feastcore.PATIENCE)
        os.close(leader)
        return Result(code, b"".join(chunks).decode("utf-8", "replace"), "")

    def yaml(self, text):
        path = self.name("input").with_suffix(".yaml")
        path.write_text(textwrap.dedent(text))
        return path

    def example(self, name="flights", **changes):
        text = (SOURCE_DIR / "examples" / "flights" / f"{name}.yaml").read_text()
        text = text.replace("@CHECKOUT@", str(SOURCE_DIR))
        for old, new in changes.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.yaml(text)

    def table_file(self, path, name, **features):
        lines = "".join(f"  - {{name: {feature}, valueType: {kind}}}\n" for feature, kind in features.items())
        return self.yaml(
            "kind: Entity\nspec: {name: id, valueType: INT64}\n---\nkind: FeatureTable\nspec:\n"
            f"  name: {name}\n  entities: [id]\n  features:\n{lines}"
            "  batchSource:\n    type: BATCH_FILE\n    eventTimestampColumn: event_timestamp\n"
            f"    fileOptions: {{fileFormat: {{parquetFormat: {{}}}}, fileUrl: '{tables.file_url(path)}'}}\n")
