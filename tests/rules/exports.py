#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The interface is what was decided: libl2tpha.so exports exactly the functions in exports.txt, and
every function that a public header declares is exported by the core or by an adapter.

With --builtin the library has its own allocator and exports that as well: what the headers in
include/l2tpha/builtin declare.

After a decision: exports.py --library LIBRARY... --update
"""
import argparse
import os
import pathlib
import re
import subprocess

import rule

LIST = "tests/rules/exports.txt"
BUILTIN = "include/l2tpha/builtin"
DECLARATION = re.compile(r"^L2TPHA_API[^;{]*?\b(\w+)\s*(?:\(|;)", re.MULTILINE)


def exported(library):
    listing = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True,
                             capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in listing.splitlines()}


def declared(root, folder="include/l2tpha"):
    for name in rule.files(root, f"{folder}/*.h"):
        for function in DECLARATION.findall(rule.text(root, name)):
            yield name, function


def check(root, options):
    core, *adapters = options.library
    names = exported(core)
    if options.update:
        (root / LIST).write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    committed = set(rule.text(root, LIST).split())
    if options.builtin:
        committed |= {function for _header, function in declared(root, BUILTIN)}
    for name in sorted(names - committed):
        yield f"{core}: exports {name}, which {LIST} does not list"
    for name in sorted(committed - names):
        yield f"{core}: does not export {name}, which {LIST} lists"
    names = names.union(*(exported(adapter) for adapter in adapters))
    for header, function in declared(root):
        if function not in names:
            yield f"{header}: declares {function}, which no library exports"


def prepare(root):
    library = root / "liba.so"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-fvisibility=hidden",
                    str(root / "a.c"), "-o", str(library)], check=True)
    return argparse.Namespace(library=[library], update=False,
                              builtin=(root / BUILTIN).is_dir())


def tree(names, source='__attribute__((visibility("default"))) int l2tpha_a(void)\n{\n    return 1;\n}\n',
         header="L2TPHA_API int l2tpha_a(void);\n"):
    return {LIST: names, "a.c": source, "include/l2tpha/a.h": header}


GOOD = tree("l2tpha_a\n")
ALLOCATOR = {f"{BUILTIN}/b.h": "L2TPHA_API int l2tpha_b(void);\n"}
BAD = {
    "a function that nobody decided on": tree(""),
    "a function that went away": tree("l2tpha_a\nl2tpha_b\n"),
    "a function declared only":
        tree("l2tpha_a\n", header="L2TPHA_API const char *\nl2tpha_c(int a,\n int b);\n"),
    "an allocator that is hidden": {**GOOD, **ALLOCATOR},
    "a function that is hidden": tree("l2tpha_a\n", source="int l2tpha_a(void)\n{\n    return 1;\n}\n"),
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD, prepare,
              [("--library", {"nargs": "+", "type": pathlib.Path, "help": "the core's, then others"}),
               ("--builtin", {"action": "store_true", "help": "built with L2TPHA_TALLOC=builtin"}),
               ("--update", {"action": "store_true", "help": "write the list anew"})])
