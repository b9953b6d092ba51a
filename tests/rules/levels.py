#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each field of a record is one of level 1, which levels.txt lists for ever, or L2TPHA_LATER_FIELDS says since which
level it is there; that is above 1 and none that is yet to come. A number is never used for anything else."""
import re

import rule

FIELDS, RECORD, PROTO = "include/l2tpha/fields.h", "include/l2tpha/record.h", "lib/state/l2tpha.proto"
FIRST = "tests/rules/levels.txt"
MESSAGES = ("Tunnel", "Session", "Sequence", "Message", "Gone", "Node", "Checkpoint")
NEVER_GROW = ("Sequence", "Message", "Gone")
BODY = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^  (?:repeated )?\w+ (\w+) = (\d+);", re.MULTILINE)
LATER = re.compile(r"#else\n#define L2TPHA_LATER_FIELDS\(X\)((?:[^\n]*\\\n)*[^\n]*)\n")
LATER_ROW = re.compile(r"X\((\w+), (\w+), (\d+), (?:KEEP|FRESH)\)")
LEVEL = re.compile(r"^#else\n#define L2TPHA_LEVEL (\d+)", re.MULTILINE)


def rows(proto):
    """"Tunnel 5 state" of each row of the schema, which is made of the table."""
    return {f"{name} {number} {field}" for name, body in BODY.findall(proto) if name in MESSAGES
            for field, number in ROW.findall(body)}


def check(root, _options):
    table, first = rows(rule.text(root, PROTO)), set(rule.text(root, FIRST).splitlines())
    fields = rule.text(root, FIELDS)
    listing, level = LATER.search(fields), LEVEL.search(rule.text(root, RECORD))
    if not listing or not level:
        yield f"{FIELDS}: no L2TPHA_LATER_FIELDS, or {RECORD}: no L2TPHA_LEVEL"
        return
    later = {(noun.capitalize(), member): int(since) for noun, member, since in LATER_ROW.findall(listing.group(1))}
    numbers = {row.rsplit(" ", 1)[0]: row for row in first}
    for row in sorted(table - first):
        name, number, field = row.split()
        if name in NEVER_GROW:
            yield f"{FIELDS}: {name} has {field}, and does not grow"
        elif f"{name} {number}" in numbers:
            yield f"{FIELDS}: {row} has the number of {numbers[f'{name} {number}']}"
        elif (name, field) not in later and name != "Checkpoint":
            yield f"{FIELDS}: {row} came after level 1 and is not in L2TPHA_LATER_FIELDS"
    for (name, field), since in later.items():
        if not any(row.startswith(f"{name} ") and row.endswith(f" {field}") for row in table - first):
            yield f"{FIELDS}: {name} has no field {field} that came later"
        if not 1 < since <= int(level.group(1)):
            yield f"{FIELDS}: {field} is there since level {since}, this release has {level.group(1)}"


def proto(*more, state=5):
    rest = "".join(f"  uint32 {row};\n" for row in more)
    return f"message Tunnel {{\n  enum State {{\n    IDLE = 0;\n  }}\n  State state = {state};\n{rest}}}\n"


def tree(schema, later="", level=2):
    return {PROTO: schema, FIRST: "Tunnel 5 state\nTunnel 6 gone\n",
            FIELDS: f"#ifdef N\n#else\n#define L2TPHA_LATER_FIELDS(X) {later}\n#endif\n",
            RECORD: f"#ifdef N\n#else\n#define L2TPHA_LEVEL {level}\n#endif\n"}


NEW = "X(tunnel, color, 2, KEEP)"
GOOD = tree(proto("color = 7"), NEW)
BAD = {
    "a field that nobody has listed": tree(proto("color = 7")),
    "a number used again": tree(proto("color = 6"), NEW),
    "another number of an old field": tree(proto(state=8)),
    "a level to come": tree(proto("color = 7"), NEW, level=1),
    "of level 1": tree(proto("color = 7"), NEW.replace("2", "1")),
    "a row of nothing": tree(proto(), NEW),
    "a message that grows": tree(proto() + "message Gone {\n  uint32 x = 9;\n}\n", NEW.replace("tunnel", "gone")),
    "no list": {**GOOD, FIELDS: "\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
