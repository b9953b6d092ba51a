#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who needs whom in lib/ as the object code has it, whatever a file includes: one needs another when
it takes a function or a table that the other defines. No files stand in a circle, where each needs
the others, at once or by way of them; and none needs a file of a layer to the right of its own. Of
the two sets of machines, engine and attach, neither needs the other."""
import argparse
import os
import pathlib
import re
import subprocess

import rule
from layers import ADAPTERS, LAYERS


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(path):
    """Names that an object offers to others, and those that it takes from them."""
    offered, taken = set(), set()
    for line in run("nm", "-P", str(path)).splitlines():
        name, kind = line.split()[:2]
        if kind == "U":
            taken.add(name)
        elif kind.isupper():
            offered.add(name)
    return offered, taken


def source_of(path):
    """folder/file.c of build/anything/folder/file.c.o."""
    return "/".join(pathlib.PurePath(re.sub(r"\.(o|obj)$", "", str(path))).parts[-2:])


def read(objects):
    """For each file those that it needs, each with the names for which it does."""
    offers, takes = {}, {}
    for path in objects:
        offered, takes[source_of(path)] = symbols(path)
        offers.update(dict.fromkeys(offered, source_of(path)))
    needs = {source: {} for source in takes}
    for source, taken in takes.items():
        for name in taken & offers.keys():
            needs[source].setdefault(offers[name], set()).add(name)
    return needs


def reached(needs, start):
    found, todo = set(), [start]
    while todo:
        fresh = needs[todo.pop()].keys() - found
        found |= fresh
        todo += fresh
    return found


def circles(needs):
    """Sets of files, each the largest in which every file reaches every other."""
    reach = {source: reached(needs, source) for source in needs}
    seen = set()
    for source in sorted(needs):
        if source in reach[source] and source not in seen:
            circle = {other for other in reach[source] if source in reach[other]}
            seen |= circle
            yield circle


def tell(needs, circle):
    lines = [f"circle of {len(circle)} files"]
    for source in sorted(circle):
        for other in sorted(needs[source].keys() & circle):
            lines.append(f"  {source} needs {other}: {' '.join(sorted(needs[source][other]))}")
    return "\n".join(lines)


def check(_root, options):
    if not options.objects:
        yield "no objects are given"
    needs = read(options.objects)
    for circle in circles(needs):
        yield tell(needs, circle)
    for source in sorted(needs):
        folder = source.split("/")[0]
        if folder in ADAPTERS:
            continue
        if folder not in LAYERS:
            yield f"{source}: not in a folder of a layer"
            continue
        for other, names in sorted(needs[source].items()):
            layer = other.split("/")[0]
            right = layer in LAYERS and LAYERS.index(layer) > LAYERS.index(folder)
            if right or (folder, layer) == ("attach", "engine"):
                yield f"{source}: needs {other}: {' '.join(sorted(names))}"


def prepare(root):
    """Compile each planted file as a build would: lib/base/a.c to built/lib/base/a.c.o."""
    objects = []
    for source in sorted(root.rglob("*.c")):
        made = root / "built" / f"{source.relative_to(root)}.o"
        made.parent.mkdir(parents=True, exist_ok=True)
        run(os.environ.get("CC", "cc"), "-std=c11", "-O1", "-fPIC", "-c", str(source),
            "-o", str(made))
        objects.append(made)
    return argparse.Namespace(objects=objects)


GOOD = {
    "lib/base/a.c": "static int step(int n) { return n - 1; }\n"
                    "int a(int n) { return n ? a(step(n)) : 0; }\n",
    "lib/base/b.c": "int a(int n);\nstatic int step(int n) { return a(n); }\n"
                    "int b(int n) { return step(n); }\n",
    "lib/state/c.c": "int a(int n);\nint b(int n);\nextern const int rows[2];\n"
                     "int c(int n) { return a(n) + b(n) + rows[n]; }\n",
    "lib/state/d.c": "extern const int rows[2];\nconst int rows[2] = {1, 2};\n",
}
BAD = {
    "two files that call each other": {
        "lib/base/a.c": "int b(int n);\nint a(int n) { return n ? b(n - 1) : 0; }\n",
        "lib/base/b.c": "int a(int n);\nint b(int n) { return a(n); }\n"},
    "a circle of three": {
        "lib/base/a.c": "int b(int n);\nint a(int n) { return n ? b(n - 1) : 0; }\n",
        "lib/base/b.c": "int c(int n);\nint b(int n) { return c(n); }\n",
        "lib/base/c.c": "int a(int n);\nint c(int n) { return a(n); }\n"},
    "a circle of different functions": {
        "lib/base/a.c": "int b1(int n);\nint a1(int n) { return b1(n); }\n"
                        "int a2(int n) { return n + 1; }\n",
        "lib/base/b.c": "int a2(int n);\nint b1(int n) { return n; }\n"
                        "int b2(int n) { return a2(n); }\n"},
    "a circle by way of a table": {
        "lib/base/a.c": "extern const int rows[2];\nint a(int n) { return rows[n]; }\n",
        "lib/base/b.c": "int a(int n);\nextern const int rows[2];\nconst int rows[2] = {1, 2};\n"
                        "int b(int n) { return a(n); }\n"},
    "a circle by way of a table of functions": {
        "lib/base/a.c": "int b(int n);\ntypedef int (*step)(int n);\nextern const step rows[1];\n"
                        "const step rows[1] = {b};\n",
        "lib/base/b.c": "typedef int (*step)(int n);\nextern const step rows[1];\n"
                        "int b(int n) { return n ? rows[0](n - 1) : 0; }\n"},
    "a call to the right that no include shows": {
        "lib/base/a.c": "int b(int n);\nint a(int n) { return b(n); }\n",
        "lib/codec/b.c": "int b(int n) { return n; }\n"},
    "a table to the right": {
        "lib/engine/a.c": "extern const int rows[2];\nint a(int n) { return rows[n]; }\n",
        "lib/node/b.c": "extern const int rows[2];\nconst int rows[2] = {1, 2};\n"},
    "one set of machines that needs the other": {
        "lib/attach/a.c": "int b(int n);\nint a(int n) { return b(n); }\n",
        "lib/engine/b.c": "int b(int n) { return n; }\n"},
    "no object at all": {},
    "a folder that is no layer": {"lib/util/a.c": "int a(int n) { return n; }\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD, prepare,
              [("--objects", {"nargs": "+", "default": [], "help": "of the library's build"})])
