#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends a test run: which tests were skipped and why, which failed, how many passed."""
import sys
import xml.etree.ElementTree as tree

suite = tree.parse(sys.argv[1]).getroot()
failed = 0
for case in suite.iter("testcase"):
    name, status = case.get("name"), case.get("status")
    lines = (case.findtext("system-out") or "").strip().splitlines()
    if status == "run":
        continue
    skipped = case.find("skipped")
    if skipped is not None and skipped.get("message", "").startswith("SKIP_RETURN_CODE"):
        reason = lines[-1].removeprefix("skipped: ") if lines else "no reason given"
        print(f"Skipped: {name}: {reason}")
    else:
        failed += 1
        print(f"Failed: {name}")
total = int(suite.get("tests"))
print(f"{100 * (total - failed) // total}% tests passed, {failed} tests failed out of {total}")
