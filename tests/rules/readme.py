#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/README.md says which world to take: it names each header of the tests, no file that is not
there, and no test for the runner that is not there."""
import re

import rule

README = "tests/README.md"
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[a-z0-9_./-]+(?:\.(?:[ch]|py|sh|inc|txt|md)|/)")  # NAME, DIR and * are anybody's
RUNNER = re.compile(r"(?:^|/)runner((?: [a-z0-9_.]+)+)$")


def missing_tests(root, names, wanted):
    """What a runner would not know of SUITE, SUITE.TEST or SUITE.TEST.N."""
    for name in wanted:
        suite, _, test = name.partition(".")
        test = test.partition(".")[0]
        sources = [source for source in names if source.name == f"test_{suite}.c"]
        if not any(not test or f"START_TEST({test})" in rule.text(root, source)
                   for source in sources):
            yield f"{README}: runner knows no {name}"


def check(root, _options):
    names = rule.files(root)
    text = rule.text(root, README) if (root / README).is_file() else ""
    said = CODE.findall(text)
    paths = {path for path in said if PATH.fullmatch(path)}
    for name in names:
        if name.parts[0] == "tests" and name.suffix == ".h":
            if str(name.relative_to("tests")) not in paths:
                yield f"{name}: not in {README}"
    for path in sorted(paths):
        if not (root / "tests" / path).exists() and not (root / path).exists():
            yield f"{README}: there is no {path}"
    for command in said:
        match = RUNNER.search(command)
        if match:
            yield from missing_tests(root, names, match.group(1).split())


TREE = {"tests/a.h": "", "tests/sim/end.h": "", "tests/golden/b.txt": "",
        "tests/unit/test_a.c": "START_TEST(one)\n"}
SAYS = ("`a.h`, `sim/end.h`, `golden/b.txt`, `golden/`, `unit/test_NAME.c`, `tests/a.h`\n"
        "`build/tests/runner a a.one a.one.2`\n")
GOOD = {**TREE, README: SAYS}
BAD = {
    "no README": TREE,
    "a header that is not named": {**GOOD, "tests/sim/new.h": ""},
    "a header that is named by its last part alone": {**GOOD, README: SAYS.replace("sim/end", "end")},
    "a file that is gone": {**GOOD, README: SAYS + "`sim/pair.h`\n"},
    "a folder that is gone": {**GOOD, README: SAYS + "`silver/`\n"},
    "a suite that is gone": {**GOOD, README: SAYS + "`runner b`\n"},
    "a test that is gone": {**GOOD, README: SAYS + "`runner a.two`\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
