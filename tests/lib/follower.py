# SPDX-License-Identifier: Apache-2.0
"""A topic or stream being followed by the worker's code, without formats and sinks (tests/support/broker_follow.c)."""

import json
import os
import pathlib
import subprocess
import threading
import time

FOLLOW = pathlib.Path(os.environ["FC_BUILD_DIR"]) / "tests/broker_follow"
PATIENCE = 120


class Follower:
    """
    A reading; `seen` grows by itself: (partition, offset, value). `next` is what the reading is to be gone on with.
    `reads` False leaves what it says unread until `read` is called.
    """

    def __init__(self, kind, place, name, start="earliest", positions=None, env=None, reads=True):
        words = [f"{partition}={offset}" for partition, offset in (positions or {}).items()]
        self.process = subprocess.Popen(
            [FOLLOW, kind, place, name, str(start), *words], text=True, env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.seen, self.next, self.lines = [], dict(positions or {}), []
        # A test that fails leaves its followers to end with it.
        self.thread = threading.Thread(target=self._read, daemon=True)
        if reads:
            self.read()
            self.wait(lambda: self.lines or self.process.poll() is not None)

    def read(self):
        self.thread.start()

    def take(self, line):
        """Of one batch."""
        self.seen += [tuple(message) for message in line.get("messages", ())]

    def _read(self):
        for text in self.process.stdout:
            if not text.endswith("\n"):
                break  # it was killed while it spoke
            line = json.loads(text)
            self.take(line)
            self.next.update(line.get("next", {}))
            for partition in line.get("gone", ()):
                self.next.pop(partition, None)
            self.lines.append(line)

    def wait(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.kill()
                raise AssertionError(f"waited in vain; the last lines: {self.lines[-3:]}")
            time.sleep(0.02)

    def wait_for(self, count):
        self.wait(lambda: len(self.seen) >= count)
        return self

    def values(self):
        return sorted(int(value) for _, _, value in self.seen)

    def _close(self):
        self.thread.join()
        code, errors = self.process.wait(PATIENCE), self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, errors

    def kill(self):
        """As a machine that loses its power: what was said before is all that is known."""
        self.process.kill()
        self.process.stdin.close()
        self._close()

    def end(self):
        """What it said last when it ended by itself; None when this ended it."""
        self.process.stdin.close()
        code, errors = self._close()
        if code != 0 or errors:
            raise AssertionError(f"exit code {code}: {errors}")
        return self.lines[-1].get("message")
