#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Words that have no place in a finished tree: marks of unfinished work and places on the machine
where it was written."""
import re

import rule

# Each is written so that it does not match itself.
EVERYWHERE = re.compile(r"""
    \bTO[D]O\b | \bFIX[M]E\b | \bX[X]X\b | \bHA[C]K\b
  | (?<![\w.~-])/(?:wor[k]|roo[t]|hom[e]/\w+)/
  | \b[Ww]ork[ -]?tree[s]?\b | \bfresh[-]machine\b | \bCo-authored[-]by\b
  | (?i:\blanguage[ ]model\b)
""", re.VERBOSE)
IN_CODE = re.compile(r"(?i)\bfor[ ]now\b|\bnot (?:yet )?implement[e]d\b|\bstub(?:[s]|bed)?\b"
                     r"|\bin a real[ ]")
CODE = {"lib", "include", "examples", "bindings", "tests"}


def check(root, _options):
    for name in rule.files(root):
        if b"\0" in (root / name).read_bytes():
            continue
        for number, line in enumerate(rule.text(root, name).splitlines(), 1):
            match = EVERYWHERE.search(line)
            if not match and name.parts[0] in CODE:
                match = IN_CODE.search(line)
            if match:
                yield f"{name}:{number}: {match.group(0).strip()}"


GOOD = {"README.md": "See ../framework/ and https://example.org/work/.\n",
        "lib/base/a.c": "/* mktemp a.XXXXXX */\n"}
BAD = {
    "a mark of unfinished work": {"docs/a.md": "TO" "DO: more\n"},
    "a comment that asks for repair": {"lib/base/a.c": "/* FIX" "ME */\n"},
    "a promise in code": {"lib/base/a.c": "return 0; /* for" " now */\n"},
    "a place on the machine": {"docs/a.md": "cd /hom" "e/me/src\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
