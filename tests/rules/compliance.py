#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/compliance.md tells for each requirement of RFC 2661 where it is met and what shows it.

A row is `| R2661-3.1-01 | functions | tests |`: names in backquotes, separated by commas. A
function is one defined in lib/; a test is a START_TEST of tests/ or a path such as
`tests/interop/name.sh`. A cell without a name says why, as `none: reason`. Each id of
requirements-2661.txt has exactly one row.
"""
import re

import rule

TABLE = "docs/compliance.md"
IDS = "tests/rules/requirements-2661.txt"
ROW = re.compile(r"^\|\s*(R\d+-[\w.-]+)\s*\|([^|]*)\|([^|]*)\|", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")
REASON = re.compile(r"^none:\s*\S")
# A definition starts in the first column: a function, or a table that drives one.
DEFINITION = re.compile(r"^[A-Za-z_][^;=(]*?\b(\w+)(?:\([^;]*$|(?:\[[^;={]*\])?\s*=\s*\{)", re.MULTILINE)
START_TEST = re.compile(r"^START_TEST\((\w+)\)", re.MULTILINE)


def matches(root, pattern, *globs, folder):
    return {match for name in rule.files(root, *globs) if name.parts[0] == folder
            for match in pattern.findall(rule.text(root, name))}


def cell(text, known, root):
    """Why a cell is wrong, in words; nothing when it is right."""
    names = NAME.findall(text)
    if not names and not REASON.match(text.strip()):
        yield "names nothing and gives no reason"
    for name in names:
        found = (root / name).is_file() if "/" in name else name in known
        if not found:
            yield f"{name} does not exist"


def check(root, _options):
    functions = matches(root, DEFINITION, "*.c", "*.h", folder="lib")
    tests = matches(root, START_TEST, "*.c", folder="tests")
    wanted = rule.text(root, IDS).split()
    seen = set()
    for identity, function_cell, test_cell in ROW.findall(rule.text(root, TABLE)):
        if identity in seen:
            yield f"{TABLE}: {identity}: listed twice"
        seen.add(identity)
        if identity.startswith("R2661") and identity not in wanted:
            yield f"{TABLE}: {identity}: no such requirement"
        for what, text, known in (("function", function_cell, functions),
                                  ("test", test_cell, tests)):
            for why in cell(text, known, root):
                yield f"{TABLE}: {identity}: {what}: {why}"
    for identity in wanted:
        if identity not in seen:
            yield f"{TABLE}: {identity}: not listed"


def tree(table):
    return {TABLE: "| id | function | test |\n|---|---|---|\n" + table, IDS: "R2661-1-01\nR2661-1-02\n",
            "lib/codec/a.c": "static int decode(int a,\n                  int b)\n{\n    return call(a);\n"
                             "}\nstatic const struct row rows[] = {{1}};\nint later(void);\n",
            "tests/unit/test_a.c": "START_TEST(decodes_it)\n", "tests/interop/a.sh": "\n"}


FIRST = "| R2661-1-01 | `decode`, `rows` | `decodes_it`, `tests/interop/a.sh` |\n"
GOOD = tree(FIRST + "| R2661-1-02 | none: concerns PPP | none: concerns PPP |\n")
BAD = {
    "a requirement without a row": tree(FIRST),
    "a requirement listed twice": tree(FIRST + FIRST + "| R2661-1-02 | `decode` | `decodes_it` |\n"),
    "a requirement that does not exist": tree(GOOD[TABLE] + "| R2661-9-01 | `decode` | `decodes_it` |\n"),
    "a function that does not exist": tree(FIRST + "| R2661-1-02 | `decoded` | `decodes_it` |\n"),
    "a function that is only called": tree(FIRST + "| R2661-1-02 | `call` | `decodes_it` |\n"),
    "a function that is only declared": tree(FIRST + "| R2661-1-02 | `later` | `decodes_it` |\n"),
    "a test that does not exist": tree(FIRST + "| R2661-1-02 | `decode` | `decodes_all` |\n"),
    "a script that does not exist": tree(FIRST + "| R2661-1-02 | `decode` | `tests/interop/b.sh` |\n"),
    "an empty cell": tree(FIRST + "| R2661-1-02 | `decode` | |\n"),
    "a reason that is empty": tree(FIRST + "| R2661-1-02 | none: | `decodes_it` |\n"),
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
