#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header compiles alone, as C11 and as C++17, and is closed against double inclusion."""
import os
import subprocess

import rule

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
LANGUAGES = [("C11", os.environ.get("CC", "cc"), ["-xc", "-std=c11"]),
             ("C++17", os.environ.get("CXX", "c++"), ["-xc++", "-std=c++17"])]


def talloc_flags():
    return subprocess.run(["pkg-config", "--cflags", "talloc"], check=True, capture_output=True,
                          text=True).stdout.split()


def check(root, _options):
    include = root / "include"
    flags = [*STRICT, "-I", str(include), *talloc_flags()]
    for name in rule.files(root, "include/l2tpha/*.h", "include/l2tpha/builtin/*.h"):
        header = name.relative_to("include")
        source = f"#include <{header}>\n" * 2
        for language, compiler, mode in LANGUAGES:
            result = subprocess.run([compiler, *mode, *flags, "-"], input=source, check=False,
                                    capture_output=True, text=True)
            if result.returncode != 0:
                yield f"{name}: does not compile alone as {language}:\n{result.stderr.rstrip()}"


def header(body):
    return {"include/l2tpha/a.h": f"#ifndef A_H\n#define A_H\n{body}\n#endif\n"}


GOOD = header("#include <stdint.h>\nstruct a { uint8_t b; };")
BAD = {
    "a header that needs another": header("struct a { uint8_t b; };"),
    "a word that C++ reserves": header("struct a { int class; };"),
    "a header without a guard": {"include/l2tpha/a.h": "struct a { int b; };\n"},
    "a header of the builtin allocator that needs another":
        {"include/l2tpha/builtin/a.h": header("uint8_t b;")["include/l2tpha/a.h"]},
    "an extension": header("struct a { int b[0]; };"),
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
