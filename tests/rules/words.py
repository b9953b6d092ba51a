#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Words that have no place in a finished tree: marks of unfinished work, places on the machine where
it was written, and, in lib, include, docs and the names of tests, words for which the glossary of
docs/style.md has another one. A row of a table of docs/style.md or docs/changelog.md may tell what
such a word has become."""
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

# Parts of identifiers, and words of sentences.
STEMS = re.compile(r"""(?ix) (?<![a-z]) (?:
    heed(?:s|ed|ing)? | judg(?:e|es|ed|ing|ement) | equip(?:s|ped|ment)?
  | lend(?:s|ing)? | lent | yield(?:s|ed|ing)?
  | lazy | lazi(?:ly|ness) | lags | (?:un)?settl(?:e|es|ed|ing)
  | reign(?:s|ed|ing)? | weighty | wild | doubt(?:s|ed|ing|ful)?
  | twin(?:s|ned)? | stray(?:s|ed)? | beaten
) (?![a-z])""")
PHRASES = re.compile(r"""(?x)
    \bthe[ ]node[ ]before\b | \b(?:run|runs|ran|running)[ _]ahead\b | \bfell\b
  | \b(?:lend|return|claim)_channel\b | \b(?<!ha_)take_back\b | \bgo_on_unproven\b
  | \b(?:RECOVERY_)?(?:CALLING|CLAIMING|LENT|YIELDED|RETURNED)\b
  | _calling\b | \bcalling_(?:next|back)\b
  | \b(?:RECOVERY|QUERY)_SAID\b | \bRECOVERY_REPLY\b | \bis_told\b | (?:tunnel|->)\btold\b
  | \b(?:failover|recovery|sync|lagging|inactivity)_(?:entered|heard|passed|moved|left|gone|due)\b
  | \b(?:engine|ledger|tunnel)_seal\b | \b(?<!X\()SEAL(?:ING)?\b
""")
# Seal is left to cryptography; resyncing is a member of a public struct.
IN_MACHINES = re.compile(r"(?i)(?<![a-z])(?:un)?seal(?:s|ed|ing)?(?![a-z])|(?<![.])\bresyncing\b")
MACHINES = {"control", "dispatch", "engine", "failover", "node", "state"}
TABLES = {"docs/style.md", "docs/changelog.md"}


def old_words_of(name, line):
    """The old words in a line of lib, include or docs."""
    if str(name) in TABLES and line.startswith("|"):
        return
    patterns = [STEMS, PHRASES]
    if name.parts[0] == "lib" and name.parts[1] in MACHINES:
        patterns.append(IN_MACHINES)
    for pattern in patterns:
        yield from (match.group(0) for match in pattern.finditer(line))


def spoken(source):
    """The lines of a file; words that the end of one divides are also read as one line."""
    lines = source.splitlines()
    for number, line in enumerate(lines, 1):
        yield number, line
        after = re.sub(r"^[\s*/#]*", "", lines[number]).split() if number < len(lines) else []
        for words in (line.split()[-2:] + after[:1], line.split()[-1:] + after[:2]):
            joint = " ".join(words)
            if PHRASES.search(joint) and not PHRASES.search(line + "\n" + " ".join(after)):
                yield number, joint


def names_of_tests(name, source):
    """Each name of a test in a file, with the line that has it."""
    for number, line in enumerate(source.splitlines(), 1):
        if name.name == "CMakeLists.txt":
            yield number, line
        elif name.suffix == ".c":
            yield from ((number, test) for test in re.findall(r"\bSTART_TEST\((\w+)\)", line))


def old_words(root):
    for name in rule.files(root):
        spoken_here = name.parts[0] in ("lib", "include", "docs")
        tests = name.parts[0] == "tests" or name.parts[:2] == ("examples", "tests")
        if (spoken_here or tests) and STEMS.search(str(name)):
            yield f"{name}: {STEMS.search(str(name)).group(0)}"
        if spoken_here:
            for number, line in spoken(rule.text(root, name)):
                yield from (f"{name}:{number}: {word}" for word in old_words_of(name, line))
        elif tests and name.suffix in (".c", ".txt") and name.parts[1] != "rules":
            for number, test in names_of_tests(name, rule.text(root, name)):
                yield from (f"{name}:{number}: {word}" for word in STEMS.findall(test))


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
    yield from old_words(root)


GOOD = {"README.md": "See ../framework/ and https://example.org/work/.\n",
        "lib/base/a.c": "/* mktemp a.XXXXXX; foreign, wildcard, delay, flags */\n"
                        "int session_is_gone(int unsealed_link);\n",
        "lib/redundancy/b.c": "/* Each frame is sealed; the link's timer is due. */\n",
        "docs/changelog.md": "| before | now |\n|---|---|\n| `X_LAZY` | `X_LAGGING` |\n",
        "tests/unit/test_a.c": "START_TEST(a_lagging_record_is_told)\nint judge;\n",
        "tests/rules/a.py": "# lazy\n"}
BAD = {
    "a mark of unfinished work": {"docs/a.md": "TO" "DO: more\n"},
    "a comment that asks for repair": {"lib/base/a.c": "/* FIX" "ME */\n"},
    "a promise in code": {"lib/base/a.c": "return 0; /* for" " now */\n"},
    "a place on the machine": {"docs/a.md": "cd /hom" "e/me/src\n"},
    "an old word in an identifier": {"lib/base/a.c": "int table_lazy_count;\n"},
    "an old flag": {"include/l2tpha/a.h": "#define L2TPHA_TUNNEL_DOUBTED 1\n"},
    "an old word in a sentence": {"docs/a.md": "The number of a reign.\n"},
    "an old word outside of the tables": {"docs/changelog.md": "- A tunnel and its twin.\n"},
    "an old phrase": {"lib/base/a.c": "/* What the node before knew. */\n"},
    "an old phrase over two lines": {"lib/base/a.c": "/* What the node\n * before knew. */\n"},
    "one that ends later": {"lib/base/a.c": "/* Outputs have run\n * ahead. */\n"},
    "an old state": {"lib/failover/a.c": "FSM_ROW(LENT, RECOVERY_LOST, IDLE, a),\n"},
    "an old hook": {"lib/failover/a.h": "void failover_moved(void);\n"},
    "a seal that is no cryptography": {"lib/state/a.c": "/* Until the next seal. */\n"},
    "a member with two meanings": {"lib/control/a.h": "bool resyncing : 1;\n"},
    "the name of a file": {"lib/failover/lazy.c": ""},
    "the name of a test": {"tests/unit/test_a.c": "START_TEST(a_twin_is_told)\n"},
    "the name of a file of tests": {"tests/sim/reign.c": ""},
    "the name of a world": {"tests/CMakeLists.txt": "add_test(NAME simulate_reign_1)\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
