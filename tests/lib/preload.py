# SPDX-License-Identifier: Apache-2.0
"""feast-core and feast-worker with a disk that is full or a clock that is set at the test's word (tests/support)."""

import os
import pathlib

from feastapi import BIN_DIR

SUPPORT = pathlib.Path(os.environ["FC_BUILD_DIR"]) / "tests"


class _Preload:
    """`env` is for a program of ours; `worker` is a program for worker.path, since workers get a chosen environment."""

    def __init__(self, directory, library, variable):
        self.link = pathlib.Path(directory) / library
        self.worker = pathlib.Path(directory) / f"{library}-worker"
        # Sanitizers want to be the first library of a program.
        sanitizer = ":".join(filter(None, ("verify_asan_link_order=0", os.environ.get("ASAN_OPTIONS"))))
        self.env = {"LD_PRELOAD": str(SUPPORT / f"{library}.so"), variable: str(self.link), "ASAN_OPTIONS": sanitizer}
        words = " ".join(f"'{name}={text}'" for name, text in self.env.items())
        self.worker.write_text(f"#!/bin/sh\nexec env {words} '{BIN_DIR / 'feast-worker'}' \"$@\"\n", "utf-8")
        self.worker.chmod(0o755)

    def _point(self, text):
        fresh = self.link.with_suffix(".new")
        fresh.symlink_to(text)
        fresh.replace(self.link)


class FullDisk(_Preload):
    def __init__(self, directory):
        super().__init__(directory, "full_disk", "FC_FULL_DISK")

    def fill(self, directory):
        """From now on nothing can be written below it."""
        self._point(os.path.realpath(directory))

    def empty(self):
        self.link.unlink()


class WallClock(_Preload):
    def __init__(self, directory):
        super().__init__(directory, "wall_clock", "FC_WALL_CLOCK")

    def set(self, ahead):
        """So many seconds ahead of the real one."""
        self._point(str(ahead))
