#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many lines make examples/attached_daemon highly available: at most 300, blank ones and comments included. They
are all of ha.c, and each #ifdef ATTACHED_HA with what stands behind it up to its #endif. Nothing of the plain program
is taken away: no #else. With --program it is also
looked at whether that has anything to do with the library."""
import argparse
import os
import re
import subprocess

import rule

LINES = 300
DAEMON, FOLDER = "examples/attached_daemon.c", "examples/attached"
ADDED_FILES = {f"{FOLDER}/ha.c"}
OPENS, CLOSES = re.compile(r"#\s*if"), re.compile(r"#\s*endif")
TURNS = re.compile(r"#\s*(?:else|elif)")
GUARD = "#ifdef ATTACHED_HA"


def added(name, source, breaches):
    """How many lines of a file are."""
    if str(name) in ADDED_FILES:
        return source.count("\n")
    count, depth, start = 0, 0, None
    for number, line in enumerate(source.splitlines(), 1):
        depth += 1 if OPENS.match(line) else -1 if CLOSES.match(line) else 0
        if line == GUARD and start is None:
            start = depth
            count += 2  # with its #endif
        elif start is None:
            if "ATTACHED_HA" in line and not line.lstrip().startswith(("*", "/*")):
                breaches.append(f"{name}:{number}: the guard is '{GUARD}', and nothing else")
        elif depth < start:
            start = None
        elif TURNS.match(line) and depth == start:
            breaches.append(f"{name}:{number}: a line that the library takes away")
        else:
            count += 1
    return count


def used(program):
    """Names of the library that a program has or wants."""
    symbols = subprocess.run(("nm", str(program)), check=True, capture_output=True, text=True).stdout
    return sorted({name for name in re.findall(r"\S+$", symbols, re.MULTILINE) if name.startswith("l2tpha_")})


def check(root, options):
    breaches, count = [], 0
    for name in rule.files(root, "*.c", "*.h"):
        if str(name) == DAEMON or str(name.parent) == FOLDER:
            count += added(name, rule.text(root, name), breaches)
    yield from breaches
    if not options.self_test:
        print(f"{count} lines")
    if count == 0:
        yield f"{DAEMON}: nothing is added"
    if count > LINES:
        yield f"{DAEMON}: {count} lines are added, more than {LINES}"
    if options.program:
        yield from (f"{options.program}: {name}" for name in used(options.program))


def prepare(root):
    """Build the planted daemon, where it is to be looked at."""
    program = None
    if (root / "program").exists():
        program = root / "built"
        subprocess.run((os.environ.get("CC", "cc"), "-c", str(root / DAEMON), "-o", str(program)), check=True)
    return argparse.Namespace(program=program, self_test=True)


def daemon(added_lines, rest=""):
    return {DAEMON: f"int a;\n{GUARD}\n" + "int b;\n" * added_lines + "#endif\n" + rest}


GOOD = {**daemon(LINES - 5, "#if 1\n#else\n#endif\nint main(void)\n{\n    return a;\n}\n"),
        f"{FOLDER}/ha.c": "\n\n\n", f"{FOLDER}/other.h": "#ifndef A\n#define A\n#endif\n", "program": ""}
BAD = {
    "a line too many": daemon(LINES - 1),
    "a file too long": {**daemon(1), f"{FOLDER}/ha.c": "\n" * LINES},
    "lines in a condition within": daemon(1, f"{GUARD}\n#if 1\n" + "int c;\n" * LINES + "#endif\n#endif\n"),
    "nothing added": {DAEMON: "int a;\n"},
    "a line taken away": daemon(1, f"{GUARD}\n#else\nint c;\n#endif\n"),
    "another guard": daemon(1, "#ifndef ATTACHED_HA\nint c;\n#endif\n"),
    "a plain program on the library": {**daemon(1, "int l2tpha_feed(void);\nint c(void)\n{\n"
                                                   "    return l2tpha_feed();\n}\n"), "program": ""},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD, prepare, (("--program", {"help": "the plain one, built"}),))
