#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shell scripts pass shellcheck, and those run with sh are POSIX."""
import subprocess

import rule


def shells(root):
    for name in rule.files(root):
        with (root / name).open("rb") as script:
            first = script.readline().decode("utf-8", "replace").split()
        if name.suffix == ".sh" or (first and first[0].startswith("#!") and
                                    first[-1].rsplit("/", 1)[-1] in ("sh", "bash", "dash")):
            yield name, first


def check(root, _options):
    for name, first in shells(root):
        if not first or not first[0].startswith("#!"):
            yield f"{name}: has no #! line"
            continue
        result = subprocess.run(["shellcheck", "-x", str(name)], cwd=root, check=False,
                                capture_output=True, text=True)
        if result.returncode != 0:
            yield f"{name}:\n{result.stdout.rstrip()}{result.stderr.rstrip()}"


GOOD = {"tests/a.sh": '#!/bin/sh\necho "$1"\n', ".ci/run": "#!/usr/bin/env bash\nset -o pipefail\n"}
BAD = {
    "an unquoted variable": {"tests/a.sh": "#!/bin/sh\nrm $1\n"},
    "a bashism in sh": {"examples/a.sh": "#!/bin/sh\n[[ $1 = a ]]\n"},
    "a script without a suffix": {".ci/run": "#!/usr/bin/env bash\ncd $1\n"},
    "a script without its shell": {"tests/a.sh": "echo a\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
