# SPDX-License-Identifier: MIT
"""What all rules share: the command line, the list of files, the self-test.

A rule is a function check(root, options) that yields one line of text for each breach. With
--self-test it must be silent about the tree GOOD and speak about every tree in BAD; a tree is a
dict of path: text.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
# A definition starts in the first column: a function, whose body follows there as well, or a table.
FUNCTION = re.compile(r"^[A-Za-z_][\w \t*]*?\b(\w+)\([^;{}]*\)\n\{", re.MULTILINE)
TABLE = re.compile(r"^[A-Za-z_][\w \t*]*?\b(\w+)(?:\[[^;={]*\])*\s*=\s*[{\"]", re.MULTILINE)


def files(root, *patterns):
    """Paths below root, relative, sorted; what git tracks; where there is no git, all
    but build folders."""
    if (root / ".git").exists():
        # A checkout may belong to somebody else than who runs the tests.
        listing = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-z"],
                                 cwd=root, check=True, capture_output=True, text=True).stdout
        names = [pathlib.PurePosixPath(name) for name in listing.split("\0") if name]
        names = [name for name in names if (root / name).is_file()]
    else:
        names = [pathlib.PurePosixPath(path.relative_to(root))
                 for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not name.parts[0].startswith("build")]
    return sorted(name for name in names
                  if not patterns or any(name.match(pattern) for pattern in patterns))


def text(root, name):
    return (root / name).read_text(encoding="utf-8", errors="replace")


def definitions(source):
    """Names of the functions and tables that a C file defines."""
    return {*FUNCTION.findall(source), *TABLE.findall(source)}


def plant(root, tree):
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def self_test(check, good, bad, prepare, options):
    wrong = []
    for what, tree in [(None, good), *bad.items()]:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            plant(root, tree)
            breaches = list(check(root, prepare(root) if prepare else options))
            if what is None and breaches:
                wrong.append("speaks about the good tree: " + breaches[0])
            elif what is not None and not breaches:
                wrong.append("is silent about: " + what)
    for line in wrong:
        print(line)
    return len(bad) > 0 and not wrong


def main(check, good, bad, prepare=None, arguments=()):
    """Run a rule. prepare(root) makes the options of a planted tree, where check needs some."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--self-test", action="store_true")
    for name, settings in arguments:
        parser.add_argument(name, **settings)
    options = parser.parse_args()
    if options.self_test:
        sys.exit(0 if self_test(check, good, bad, prepare, options) else 1)
    breaches = list(check(TOP, options))
    for line in breaches:
        print(line)
    sys.exit(1 if breaches else 0)
