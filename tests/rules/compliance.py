#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/compliance.md tells for each requirement of RFC 2661 and RFC 4951 where it is met and what
shows it.

A row is `| R2661-3.1-01 | functions | tests |`: names in backquotes, separated by commas. A
function is one defined in lib/; a test is a START_TEST of tests/ or a path such as
`tests/interop/name.sh`. A cell without a name says why, as `none: reason`. Each id of
requirements-2661.txt and requirements-4951.txt has exactly one row.

In requirements-4951.txt a line is an id and at most one word, which says for which reason its row
may be without a name: `v3` for what concerns L2TPv3 only, `host` for what the host does.
"""
import re

import rule

TABLE = "docs/compliance.md"
IDS = {"R2661": "tests/rules/requirements-2661.txt", "R4951": "tests/rules/requirements-4951.txt"}
REASONS = {"v3": "none: L2TPv3 only", "host": "none: the host's: "}
ROW = re.compile(r"^\|\s*(R\d+-[\w.-]+)\s*\|([^|]*)\|([^|]*)\|", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")
REASON = re.compile(r"^none:\s*\S")
START_TEST = re.compile(r"^START_TEST\((\w+)\)", re.MULTILINE)


def collect(root, find, *globs, folder):
    return {match for name in rule.files(root, *globs) if name.parts[0] == folder
            for match in find(rule.text(root, name))}


def cell(text, known, root):
    """Why a cell is wrong, in words; nothing when it is right."""
    names = NAME.findall(text)
    if not names and not REASON.match(text.strip()):
        yield "names nothing and gives no reason"
    for name in names:
        found = (root / name).is_file() if "/" in name else name in known
        if not found:
            yield f"{name} does not exist"


def requirements(root):
    """Each id, with its word or nothing."""
    lines = [line.split() for path in IDS.values() for line in rule.text(root, path).splitlines()]
    return {line[0]: line[1] if len(line) > 1 else "" for line in lines if line}


def may_be_without(identity, word, text):
    """Why this row may not be without a name, in words; nothing when it may."""
    if NAME.search(text) or not identity.startswith("R4951"):
        return
    if not word:
        yield "is about this library, so a name is due"
    elif not text.strip().startswith(REASONS[word]):
        yield f"does not say {REASONS[word]}"


def check(root, _options):
    functions = collect(root, rule.definitions, "*.c", "*.h", folder="lib")
    tests = collect(root, START_TEST.findall, "*.c", folder="tests")
    wanted = requirements(root)
    seen = set()
    for identity, function_cell, test_cell in ROW.findall(rule.text(root, TABLE)):
        if identity in seen:
            yield f"{TABLE}: {identity}: listed twice"
        seen.add(identity)
        if identity.split("-")[0] in IDS and identity not in wanted:
            yield f"{TABLE}: {identity}: no such requirement"
        for what, text, known in (("function", function_cell, functions),
                                  ("test", test_cell, tests)):
            for why in [*cell(text, known, root),
                        *may_be_without(identity, wanted.get(identity, ""), text)]:
                yield f"{TABLE}: {identity}: {what}: {why}"
    for identity in wanted:
        if identity not in seen:
            yield f"{TABLE}: {identity}: not listed"


def tree(table):
    return {TABLE: "| id | function | test |\n|---|---|---|\n" + table,
            IDS["R2661"]: "R2661-1-01\nR2661-1-02\n",
            IDS["R4951"]: "R4951-1-01\nR4951-1-02 v3\nR4951-1-03 host\n",
            "lib/codec/a.c": "static int decode(int a,\n                  int b)\n{\n    return call(a);\n"
                             "}\nstatic const struct row rows[] = {{1}};\nint later(void);\n",
            "tests/unit/test_a.c": "START_TEST(decodes_it)\n", "tests/interop/a.sh": "\n"}


FIRST = "| R2661-1-01 | `decode`, `rows` | `decodes_it`, `tests/interop/a.sh` |\n"
SECOND = "| R2661-1-02 | none: concerns PPP | none: concerns PPP |\n"
ONE = "| R4951-1-01 | `decode` | `decodes_it` |\n"
V3 = "| R4951-1-02 | none: L2TPv3 only | none: L2TPv3 only |\n"
HOST = "| R4951-1-03 | none: the host's: it decides | `decodes_it` |\n"
GOOD = tree(FIRST + SECOND + ONE + V3 + HOST)
REST = ONE + V3 + HOST
BAD = {
    "a requirement without a row": tree(FIRST + REST),
    "a requirement of RFC 4951 without a row": tree(FIRST + SECOND + ONE + HOST),
    "a requirement listed twice": tree(FIRST + FIRST + SECOND + REST),
    "a requirement that does not exist": tree(FIRST + SECOND + REST +
                                              "| R2661-9-01 | `decode` | `decodes_it` |\n"),
    "one of RFC 4951 that does not exist": tree(FIRST + SECOND + REST +
                                                "| R4951-9-01 | `decode` | `decodes_it` |\n"),
    "a function that does not exist": tree(FIRST + "| R2661-1-02 | `decoded` | `decodes_it` |\n" + REST),
    "a function that is only called": tree(FIRST + "| R2661-1-02 | `call` | `decodes_it` |\n" + REST),
    "a function that is only declared": tree(FIRST + "| R2661-1-02 | `later` | `decodes_it` |\n" + REST),
    "a test that does not exist": tree(FIRST + "| R2661-1-02 | `decode` | `decodes_all` |\n" + REST),
    "a script that does not exist": tree(FIRST + "| R2661-1-02 | `decode` | `tests/interop/b.sh` |\n" +
                                         REST),
    "an empty cell": tree(FIRST + "| R2661-1-02 | `decode` | |\n" + REST),
    "a reason that is empty": tree(FIRST + "| R2661-1-02 | none: | `decodes_it` |\n" + REST),
    "a reason where there is none": tree(FIRST + SECOND + V3 + HOST +
                                         "| R4951-1-01 | `decode` | none: the host's: it decides |\n"),
    "version 3 where it is not": tree(FIRST + SECOND + V3 + HOST +
                                      "| R4951-1-01 | none: L2TPv3 only | none: L2TPv3 only |\n"),
    "another reason than the one that holds": tree(FIRST + SECOND + ONE + HOST +
                                                   "| R4951-1-02 | none: not done | none: not done |\n"),
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
