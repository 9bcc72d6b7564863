#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of feastctl on a terminal and off it; completion in real shells; the manual page."""

import os
import re
import shutil
import subprocess

import feastcore
import feasttables as tables
from feastapi import BIN_DIR, SOURCE_DIR
from feastctl import ENTITIES, FINDING, OK, USAGE, CliTest

ESCAPE = re.compile(r"\033\[[0-9;]*[A-Za-z]")
KEY = ("--entity", "carrier=UA", "--entity", "flight=1545")


class EveryCommand(CliTest):
    """Data is the same on a terminal and off it; only a terminal sees colours and redrawn lines."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def commands(self):
        """The words of every command, from the program's own help."""
        found = []
        out = self.ctl("help").out + self.ctl("help", "entities").out + self.ctl("help", "feature-tables").out
        for line in out.splitlines():
            match = re.match(r"  ([a-z-]+(?: [a-z-]+)?)  +[A-Z]", line)
            if match and not line.startswith("  -"):
                found.append(match[1])
        self.assertGreater(len(found), 35)
        return found

    def arguments(self):
        flights = self.example()
        self.ctl("apply", "-f", ENTITIES, "-f", flights)
        job = self.ctl("ingest", "flights", "--no-wait", "-o", "json").json["id"]
        self.ctl("jobs", "watch", job)
        return {
            "apply": ("-f", ENTITIES), "diff": ("-f", flights), "plan": ("-f", flights), "validate": ("-f", flights),
            "get": ("tables",), "list": ("features",), "describe": ("entity", "carrier"), "history": ("table", "flights"),
            "export": (), "report": ("flights",), "delete": ("table", "absent", "--yes"), "ingest": ("flights",),
            "stream": ("flights",), "schedule": ("flights", "--cron", "0 3 * * *"), "unschedule": ("flights",),
            "jobs list": ("--active",), "jobs get": (job,), "jobs logs": (job,), "jobs watch": (job,), "jobs cancel": (job,),
            "online get": ("flights", *KEY), "online explain": ("flights", *KEY, "-f", "dest"), "projects list": (),
            "projects create": ("default",), "projects archive": ("absent", "--yes"), "config view": ("--show-origin",),
            "config get": ("server",), "config set": ("timeout", "20s"), "config unset": ("timeout",), "config contexts": (),
            "config use": ("absent",), "config list": (), "entities apply": ("-f", ENTITIES), "entities list": (),
            "entities describe": ("carrier",), "feature-tables apply": ("-f", flights), "feature-tables list": (),
            "feature-tables describe": ("flights",), "feature-tables delete": ("absent", "--yes"),
            "completion": ("bash",), "version": (), "help": ("apply",), "backup": ("not/below/it",), "health": (),
            "import": ("--from", self.core.grpc),
        }

    # What a later look may tell otherwise: times, ages, ids.
    CHANGING = re.compile(r"\d+(\.\d+)? ?(s|ms|min|h)\b|\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{16,}|\d+ s ago")

    def plain(self, text):
        text = ESCAPE.sub("", text).replace("\r\n", "\n")
        return self.CHANGING.sub("…", text)

    def test_each(self):
        arguments = self.arguments()
        missing = [words for words in self.commands() if words not in arguments]
        self.assertEqual(missing, [])
        for words, rest in arguments.items():
            with self.subTest(words):
                off = self.ctl(*words.split(), *rest, code=None)
                self.assertNotIn("\033", off.out + off.err)
                self.assertIn(off.code, (0, 1, 2, 3, 4, 5), off)
                on = self.on_terminal(*words.split(), *rest)
                self.assertEqual(on.code, off.code, on)
                for line in self.plain(off.out).splitlines():
                    if words not in ("ingest", "stream", "jobs watch"):
                        self.assertIn(line, self.plain(on.out))

    def test_help_of_each_begins_with_examples(self):
        for words in self.commands():
            out = self.ctl("help", *words.split()).out
            self.assertIn("Examples:\n", out, words)
            self.assertLess(out.index("Examples:"), out.index("Flags"), words)
        self.assertEqual(self.ctl("jobs", "list", "--help").out, self.ctl("help", "jobs", "list").out)

    def test_a_pager_on_a_terminal_only(self):
        pager = self.name("pager")
        pager.write_text("#!/bin/sh\necho paged\ncat\n")
        pager.chmod(0o755)
        self.assertIn("paged", self.on_terminal("get", "tables", PAGER=str(pager)).out)
        self.assertIn("paged", self.on_terminal("get", "tables", "--pager", pager).out)
        self.assertNotIn("paged", self.on_terminal("get", "tables", "--pager=", PAGER=str(pager)).out)
        self.assertNotIn("paged", self.on_terminal("version", PAGER=str(pager)).out)
        self.assertNotIn("paged", self.ctl("get", "tables", PAGER=str(pager)).out)

    def test_a_question_before_something_is_deleted(self):
        done = self.on_terminal("delete", "table", "flights", typed="n\n")
        self.assertIn("[y/N]", done.out)
        self.assertIn("Nothing was changed.", done.out)
        self.assertEqual(done.code, FINDING)
        self.ctl("get", "table", "flights")
        self.ctl("apply", "-p", "asking", "-f", ENTITIES, "-f", self.example())
        done = self.on_terminal("delete", "table", "flights", "-p", "asking", typed="y\n")
        self.assertIn("table/flights deleted", done.out)

    def test_diff_is_coloured_on_a_terminal(self):
        changed = self.example(**{"valueType: INT64": "valueType: INT32"})
        on = self.on_terminal("diff", "-f", changed)
        self.assertIn("\033[31m-    valueType: INT64\033[0m", on.out)
        self.assertNotIn("\033", self.on_terminal("diff", "-f", changed, NO_COLOR="1").out)


class Shells(CliTest):
    """The scripts, sourced in the shells that they are for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables.apply_entities(cls.api)
        cls.api.apply_table(tables.flights())

    def shell(self, shell, script):
        self.assertIsNotNone(shutil.which(shell), f"{shell} is not installed: ./dev deps installs it")
        path = f"{BIN_DIR}:{os.environ['PATH']}"
        done = subprocess.run([shell, *(["--no-rcs"] if shell == "zsh" else []), "-c", script], capture_output=True,
                              text=True, timeout=feastcore.PATIENCE, env=self.environment(PATH=path), check=False)
        self.assertEqual(done.stderr, "", done)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout.split()

    def test_bash(self):
        script = """source <(feastctl completion bash)
        complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _feastctl; echo "${COMPREPLY[@]}"; }
        complete_line feastctl """
        self.assertEqual(self.shell("bash", script + "val"), ["validate"])
        self.assertEqual(self.shell("bash", script + "report ''"), ["flights"])
        self.assertEqual(self.shell("bash", script + "get tables -o ''"), ["table", "wide", "json", "yaml", "name"])
        self.assertEqual(self.shell("bash", script + "config ''"), ["view", "get", "set", "unset", "contexts", "use", "list"])

    def test_zsh(self):
        # Completion itself needs a terminal; what the function collects is looked at instead.
        script = """compdef() { }; _files() { echo files; }
        _describe() { shift; print -rl -- ${(P)1}; }
        source <(feastctl completion zsh); words=(feastctl %s); CURRENT=$#words; _feastctl"""
        self.assertIn("validate:Look", self.shell("zsh", script % "val"))
        self.assertEqual(self.shell("zsh", script % "report ''")[0].split(":")[0], "flights")
        self.assertEqual(self.shell("zsh", script % "apply -f ''"), ["files"])

    def test_fish(self):
        script = "source (feastctl completion fish | psub); complete -C 'feastctl %s'"
        self.assertEqual(self.shell("fish", script % "val")[0], "validate")
        self.assertEqual(self.shell("fish", script % "report ")[0], "flights")


class Manual(CliTest):
    def test_the_page_is_clean(self):
        self.assertIsNotNone(shutil.which("mandoc"), "mandoc is not installed: ./dev deps installs it")
        page = SOURCE_DIR / "docs" / "man" / "feastctl.1"
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", page], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Mistypes(CliTest):
    def test_wrong_words(self):
        self.assertIn("did you mean `validate`?", self.ctl("valdate", code=USAGE).err)
        self.assertIn("did you mean `jobs watch`?", self.ctl("jobs", "wtach", code=USAGE).err)
        self.assertIn("did you mean --selector?", self.ctl("get", "tables", "--selectr=a=b", code=USAGE).err)
        self.assertEqual(self.ctl("jobs", code=USAGE).out, "")
        self.assertEqual(self.ctl("jobs", "--help").code, OK)


if __name__ == "__main__":
    feastcore.run()
