#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/what-if.md has failures in rows `| what happens | what becomes of it | test |`; each names at least one test, by
the name that ctest knows, and each test is there. --build is the build folder."""
import argparse
import re
import subprocess

import rule

PAGE = "docs/what-if.md"
ROWS = 30
ROW = re.compile(r"^\|(?! what happens \||-)([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")
KNOWN = re.compile(r"Test +#\d+: (\S+)")


def known(build):
    listing = subprocess.run(("ctest", "--test-dir", build, "-N"), check=True, capture_output=True, text=True).stdout
    return set(KNOWN.findall(listing))


def check(root, options):
    tests = options.tests if hasattr(options, "tests") else known(options.build)
    rows = ROW.findall(rule.text(root, PAGE)) if (root / PAGE).is_file() else []
    if len(rows) < ROWS:
        yield f"{PAGE}: {len(rows)} failures, fewer than {ROWS}"
    for what, outcome, cell in rows:
        names = NAME.findall(cell)
        if not outcome.strip():
            yield f"{PAGE}: {what.strip()}: nothing becomes of it"
        if not names:
            yield f"{PAGE}: {what.strip()}: no test"
        for name in names:
            if name not in tests:
                yield f"{PAGE}: {what.strip()}: there is no test {name}"


def row(what="it dies", outcome="the other serves", test="`a`, `interop_b`"):
    return f"| {what} | {outcome} | {test} |\n"


HEAD = "| what happens | what becomes of it | test |\n|---|---|---|\n"
GOOD = {PAGE: HEAD + row() * ROWS}
BAD = {
    "no page": {},
    "too few rows": {PAGE: HEAD + row() * (ROWS - 1)},
    "a test that is gone": {PAGE: GOOD[PAGE] + row(test="`interop_c`")},
    "a row without a test": {PAGE: GOOD[PAGE] + row(test="none yet")},
    "a row without an outcome": {PAGE: GOOD[PAGE] + row(outcome="")},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD, lambda _root: argparse.Namespace(tests={"a", "interop_b"}), [("--build", {})])
