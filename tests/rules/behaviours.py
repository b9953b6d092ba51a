#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/behaviours.md leads to the code, and no document or drawing names what is not there.

A row of behaviours.md is `| behaviour | where |`. Where: a file below lib/ in backquotes, a colon,
and functions or tables that this very file defines, in backquotes, separated by commas; then other
files likewise. There are at least ROWS rows.

In all of docs/, a file named with its folder exists: as it is written, in lib/ or in include/. A
function named as `name()` is defined somewhere; the changelog may name what is gone, and a page for a daemon,
docs/attach-NAME.md, the daemon's files and functions beside those of the library.
"""
import re

import rule

TABLE = "docs/behaviours.md"
HISTORY = "docs/changelog.md"
FOREIGN = re.compile(r"docs/attach-[\w-]+\.md")
OURS = re.compile(r"(?:docs|examples|include|l2tpha|lib|tests)/|l2tpha_")
ROWS = 40
ROW = re.compile(r"^\|(?! behaviour \||-)([^|]*)\|([^|]*)\|$", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")
WHERE = re.compile(r"\s*`[\w/]+\.c`: `\w+`(?:, `\w+`)*(?:, `[\w/]+\.c`: `\w+`(?:, `\w+`)*)*\s*")
# Upper case stands for any name: tests/unit/test_NAME.c.
FILE = re.compile(r"(?<![\w./<>-])((?:[\w-]+/)+[\w-]+\.(?:c|h|py|sh|proto|dot|svg))\b")
FUNCTION = re.compile(r"\b([a-z]\w*_\w+)\(\)")
CODE = ["lib/**/*.c", "lib/**/*.h", "include/**/*.h", "examples/**/*.c", "tests/**/*.c"]


def where(text):
    """(file, name) of each name in a cell; each follows its file."""
    file = None
    for name in NAME.findall(text):
        if "/" in name:
            file = name
        else:
            yield file, name


def check_row(root, behaviour, cell):
    if not WHERE.fullmatch(cell):
        yield f"{behaviour.strip()}: not `file`: `function`, `function`"
        return
    for file, name in where(cell):
        path = f"lib/{file}"
        if not (root / path).is_file():
            yield f"{behaviour.strip()}: {path} does not exist"
        elif name not in rule.definitions(rule.text(root, path)):
            yield f"{behaviour.strip()}: {name} is not defined in {path}"


def check_table(root):
    rows = ROW.findall(rule.text(root, TABLE))
    if len(rows) < ROWS:
        yield f"{TABLE}: {len(rows)} behaviours, fewer than {ROWS}"
    for behaviour, cell in rows:
        for why in check_row(root, behaviour, cell):
            yield f"{TABLE}: {why}"


def is_there(root, file):
    return any((root / folder / file).is_file() for folder in ("", "lib", "include", "docs"))


def known_functions(root):
    """All that are defined, or declared in a public header."""
    known = set()
    for name in rule.files(root):
        if name.suffix in (".c", ".h") and name.parts[0] in ("lib", "include", "examples", "tests"):
            source = rule.text(root, name)
            known |= rule.definitions(source)
            if name.parts[0] == "include":
                known |= set(re.findall(r"\b(\w+)\(", source))
    return known


def check_documents(root):
    known = known_functions(root)
    for name in rule.files(root, "*.md", "*.svg", "*.dox"):
        if name.parts[0] != "docs":
            continue
        text = rule.text(root, name)
        checked = OURS if FOREIGN.fullmatch(str(name)) else re.compile("")
        for file in filter(checked.match, sorted(set(FILE.findall(text)))):
            if not re.search(r"[A-Z]{4}", file) and not is_there(root, file):
                yield f"{name}: {file} does not exist"
        if str(name) == HISTORY:
            continue
        for function in filter(checked.match, sorted(set(FUNCTION.findall(text)) - known)):
            yield f"{name}: {function}() does not exist"


def check(root, _options):
    yield from check_table(root)
    yield from check_documents(root)


def table(first, rows=ROWS - 1):
    return ("| behaviour | where |\n|---|---|\n" + first +
            "| It is also done | `base/a.c`: `rows` |\n" * rows)


def tree(text, **more):
    return {TABLE: text, "include/l2tpha/a.h": "int l2tpha_do(int a);\n",
            "lib/base/a.c": "#include \"base/a.h\"\nint later(int a,\n          int b);\n"
                            "static int decode(int a,\n                  void (*put)(int b))\n{\n"
                            "    return call(a);\n}\nstatic const int rows[] = {1};\n",
            "lib/base/b.c": "int call(int a)\n{\n    return a;\n}\n", **more}


FIRST = "| It is done | `base/a.c`: `decode`, `rows`, `base/b.c`: `call` |\n"
DOCUMENT = "docs/a.md"
GOOD = tree(table(FIRST), **{
    DOCUMENT: "`base/a.c`, lib/base/b.c, l2tpha/a.h, tests/unit/test_NAME.c, <a/x.h>, `l2tpha_do()`.\n",
    HISTORY: "- `was_there()`\n",
    "docs/attach-daemon.md": "`daemon/main.c`, `its_own()`, lib/base/b.c, `l2tpha_do()`\n"})
BAD = {
    "few behaviours": tree(table(FIRST, ROWS - 2)),
    "a row without functions": tree(table("| It is done | `base/a.c` |\n")),
    "a row without a file": tree(table("| It is done | `decode` |\n")),
    "a file that does not exist": tree(table("| It is done | `base/c.c`: `decode` |\n")),
    "a function of another file": tree(table("| It is done | `base/b.c`: `decode` |\n")),
    "a function that is only called": tree(table("| It is done | `base/a.c`: `call` |\n")),
    "a function that is only declared": tree(table("| It is done | `base/a.c`: `later` |\n")),
    "a file in prose that does not exist": tree(table(FIRST), **{DOCUMENT: "(`base/c.c`)\n"}),
    "a drawing of what does not exist": tree(table(FIRST), **{
        "docs/drawings/a.svg": "<text>do_it()</text>\n"}),
    "a function of the library that a daemon's page makes up": tree(table(FIRST), **{
        "docs/attach-daemon.md": "`l2tpha_undo()`\n"}),
    "a file of the library that a daemon's page makes up": tree(table(FIRST), **{
        "docs/attach-daemon.md": "`l2tpha/c.h`\n"}),
    "a function in prose that does not exist": tree(table(FIRST), **{DOCUMENT: "`was_there()`\n"}),
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
