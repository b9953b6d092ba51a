#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where things are and how long they are: the top level, the length of files and functions."""
import re

import rule

TOP_LEVEL = {"CMakeLists.txt", "LICENSE", "README.md", "bindings", "docs", "examples", "include",
             "lib", "tests"}
FILE_LINES = 600
FUNCTION_LINES = 60
CODE = ["*.c", "*.h", "*.py", "*.sh", "*.cmake", "CMakeLists.txt"]


def functions(source):
    """(name, lines) of each C function: a brace in the first column opens and closes its body."""
    start, name = None, "?"
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            yield name, number - start + 1
            start = None
        elif start is None:
            match = re.match(r"[A-Za-z_].*?(\w+)\(", line)
            name = match.group(1) if match else name


def check(root, _options):
    names = rule.files(root)
    for entry in sorted({name.parts[0] for name in names}):
        if entry not in TOP_LEVEL and not entry.startswith("."):
            yield f"{entry}: does not belong to the top level"
    for name in names:
        if name.parts[0] == "include" and name.parts[1:2] != ("l2tpha",):
            yield f"{name}: public headers live in include/l2tpha"
    for name in rule.files(root, *CODE):
        source = rule.text(root, name)
        lines = source.count("\n")
        if lines > FILE_LINES:
            yield f"{name}: {lines} lines, more than {FILE_LINES}"
        if name.suffix not in (".c", ".h"):
            continue
        for function, length in functions(source):
            if length > FUNCTION_LINES:
                yield f"{name}: {function}() has {length} lines, more than {FUNCTION_LINES}"


def c_function(lines):
    return "int f(int a,\n      int b)\n{\n" + "    a++;\n" * (lines - 2) + "}\n"


GOOD = {"README.md": "", ".clang-format": "", "include/l2tpha/a.h": "",
        "lib/base/a.c": c_function(FUNCTION_LINES) + "struct a {\n" + "    int b;\n" * 100 + "};\n"}
BAD = {
    "a foreign file": {"notes.txt": ""},
    "a foreign folder": {"src/a.c": ""},
    "a header beside the public ones": {"include/a.h": ""},
    "a long file": {"lib/base/a.c": "\n" * (FILE_LINES + 1)},
    "a long script": {"tests/a.py": "\n" * (FILE_LINES + 1)},
    "a long function": {"tests/unit/a.c": c_function(FUNCTION_LINES + 1)},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
