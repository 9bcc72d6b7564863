#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our cron expressions beside croniter, by which the feast_spark client checks an expression before it sends it.

Random expressions: both refuse them, or both name the same times. FC_SEED makes other ones.
"""

import os
import random
import subprocess
import unittest

from croniter import CroniterBadDateError, croniter

import feastcore
from feastapi import BUILD_DIR

LOOK = BUILD_DIR / "tests/cron_look"

EXPRESSIONS = 1500
TIMES = 5

FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()),
          (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec".split()),
          (0, 7, "sun mon tue wed thu fri sat".split()))

# What croniter takes and we refuse, on purpose: the last day of a month, the n-th day of a week, seconds as a sixth
# field. The servers of feast-spark never ran them.
OURS_ALONE_REFUSES = ("0 0 L * *", "0 0 * * 5#2", "0 0 * * l5", "0 0 1 * * 30")


def value(rng, low, high, names):
    number = rng.randint(low, high)
    if rng.random() < 0.03:
        number = high + 1  # out of range
    if names and number - low < len(names) and rng.random() < 0.4:
        name = names[number - low]
        return number, rng.choice((name, name.upper(), name.capitalize()))
    return number, str(number)


def item(rng, low, high, names):
    kind = rng.random()
    if kind < 0.45:
        return value(rng, low, high, names)[1]
    step = rng.choice((1, 2, 3, 5, 7, 10, 15, 30))
    if kind < 0.6:
        return f"*/{step}"
    (_, first), (_, last) = sorted((value(rng, low, high, names), value(rng, low, high, names)))
    return f"{first}-{last}" + (f"/{step}" if kind > 0.85 else "")


def field(rng, low, high, names):
    if rng.random() < 0.35:
        return "*"
    return ",".join(item(rng, low, high, names) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def expression(rng):
    return " ".join(field(rng, *form) for form in FIELDS)


def times_of_croniter(text, at):
    try:
        found = croniter(text, at)
        return [int(found.get_next(float)) for _ in range(TIMES)]
    except CroniterBadDateError:
        return "never"
    except ValueError:
        return "refused"


def ours(questions):
    lines = "".join(f"{at} {TIMES} {text}\n" for text, at in questions)
    answers = subprocess.run([str(LOOK)], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(questions)
    return [line if line.startswith("refused") else [int(moment) for moment in line.split()] for line in answers]


def confuses_croniter(text):
    """Days that not all months have: croniter passes over the first of March, or gives up."""
    days = croniter.expand(text)[0][2]
    return days != ["*"] and max(days) > 28


class Cron(unittest.TestCase):
    def test_random_expressions(self):
        seed = int(os.environ.get("FC_SEED", "1"))
        rng = random.Random(seed)
        # Whole minutes and others; croniter reckons from 1970 on.
        questions = [(expression(rng), rng.randrange(0, 4102444800)) for _ in range(EXPRESSIONS)]
        read = 0
        for (text, at), found in zip(questions, ours(questions)):
            expected = times_of_croniter(text, at)
            if expected == "refused":
                self.assertTrue(str(found).startswith("refused"), f"seed {seed}: {text!r}: {found}, croniter: {expected}")
                continue
            any_weekday = croniter.expand(text)[0][4] == ["*"]
            self.assertEqual(str(found).startswith("refused"), expected == "never" and any_weekday, text)
            if not confuses_croniter(text):
                read += 1
                self.assertEqual(found, expected, f"seed {seed}: {text!r} after {at}")
        self.assertGreater(read, EXPRESSIONS // 2)

    def test_words(self):
        words = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
        for word, found in zip(words, ours([(word, 1700000000) for word in words])):
            self.assertEqual(found, times_of_croniter(word, 1700000000), word)

    def test_what_we_refuse_alone(self):
        for text, found in zip(OURS_ALONE_REFUSES, ours([(text, 0) for text in OURS_ALONE_REFUSES])):
            self.assertTrue(croniter.is_valid(text), text)
            self.assertTrue(str(found).startswith("refused"), text)


if __name__ == "__main__":
    feastcore.run()
