#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the core's object code shows: no object that can change while it lives outside the caller's
memory (mutable statics), and nothing taken from the system but what imports.txt lists; a library
beside it takes what exports.txt lists, too. So there is no I/O, clock, thread, sleep or environment in
it, whatever macro it hides behind. With --builtin the library has its own allocator: malloc in place
of libtalloc. Nor does the static library lay claim to a name without the prefix."""
import argparse
import os
import subprocess

import rule

MALLOC = {"calloc", "free", "malloc", "realloc"}
IMPORTS = rule.TOP / "tests/rules/imports.txt"
EXPORTS = rule.TOP / "tests/rules/exports.txt"
CONSTANT = (".rodata", ".data.rel.ro", ".text", ".init_array", ".fini_array")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def mutable_statics(archive):
    """Symbols of data objects outside the read-only sections, as `object file: name`."""
    member = "?"
    for line in run("objdump", "-t", str(archive)).splitlines():
        if line.endswith("file format " + line.rsplit(" ", 1)[-1]) and ":" in line:
            member = line.split(":")[0]
        head, tab, tail = line.partition("\t")
        fields = head.split()
        if not tab or len(fields) < 2 or "O" not in head[17:24]:
            continue
        if not fields[-1].startswith(CONSTANT):
            yield f"{member}: {tail.split()[-1]} can change (section {fields[-1]})"


def claimed(archive):
    """Names without the prefix that the static library defines for the whole program."""
    for line in run("nm", "-g", "--defined-only", str(archive)).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] not in "VWu" and not fields[2].startswith("l2tpha_"):
            yield fields[2]


def undefined(library):
    """Names that the shared library needs from others; weak ones are the compiler's own."""
    for line in run("nm", "-D", "--undefined-only", str(library)).splitlines():
        kind, name = line.split()[-2:]
        if kind == "U":
            yield name.split("@")[0]


def allowed(path, builtin):
    lines = path.read_text(encoding="utf-8").splitlines()
    names = {line for line in lines if line and not line.startswith("#")}
    return {name for name in names if "talloc" not in name} | MALLOC if builtin else names


def check(_root, options):
    yield from mutable_statics(options.archive)
    for name in claimed(options.archive):
        yield f"{options.archive}: defines {name}, a name without the prefix"
    known = allowed(IMPORTS, options.builtin) | set(EXPORTS.read_text(encoding="utf-8").split())
    for name in sorted(set(undefined(options.library)) - known):
        yield f"{options.library}: uses {name}, which tests/rules/imports.txt does not list"


def prepare(root):
    """Build the planted core.c into an archive and a shared library."""
    source, built = root / "core.c", root / "core.o"
    library, archive = root / "libcore.so", root / "libcore.a"
    compiler = os.environ.get("CC", "cc")
    run(compiler, "-std=gnu11", "-O1", "-fPIC", "-c", str(source), "-o", str(built))
    run(compiler, "-shared", str(built), "-o", str(library))
    run("ar", "rcs", str(archive), str(built))
    return argparse.Namespace(archive=archive, library=library, builtin="malloc" in source.read_text())


def core(body):
    return {"core.c": "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
                      "#include <time.h>\n" + body}


GOOD = core('static const char *const names[] = {"a", "b"};\n'
            "static void count(int *n)\n{\n    ++*n;\n}\n"
            "const char *l2tpha_name(int i, char *dst)\n{\n    memset(dst, i, 9);\n    count(&i);\n"
            '    snprintf(dst, 9, "%d", i);\n    return names[i - 1];\n}\n')
BAD = {
    "a counter in a file": core("static int calls;\nint l2tpha_f(void) { return ++calls; }\n"),
    "a static in a function": core("int l2tpha_f(void) { static int n = 3; return n++; }\n"),
    "a public variable": core("int l2tpha_limit;\n"),
    "a table of pointers that can change":
        core('static const char *names[] = {"a"};\nconst char **l2tpha_f(void) { return names; }\n'),
    "a variable of each thread": core("static _Thread_local int n;\nint l2tpha_f(void) { return ++n; }\n"),
    "a name without the prefix": core("int name(void) { return 3; }\n"),
    "output": core('void l2tpha_f(int a) { printf("%d", a); }\n'),
    "a clock": core("long l2tpha_f(void) { return time(NULL); }\n"),
    "the environment": core('char *l2tpha_f(void) { return getenv("A"); }\n'),
    "libtalloc beside an allocator":
        core("void *talloc_new(void *a);\nvoid l2tpha_f(void) { talloc_new(malloc(1)); }\n"),
    "errors by errno": core("#include <errno.h>\nint l2tpha_f(void) { return errno; }\n"),
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD, prepare, [("--archive", {"help": "the static library"}),
                                          ("--library", {"help": "the shared library"}),
                                          ("--builtin", {"action": "store_true",
                                                         "help": "built with L2TPHA_TALLOC=builtin"})])
