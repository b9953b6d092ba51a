#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readme.py SOURCE WORK

README.md's commands for the build work in the order in which they stand there, with build folder and
prefix below WORK. What changes the system, packages and ldconfig, is only looked at."""
import pathlib
import re
import shutil
import subprocess
import sys

KINDS = ["sh tests/install-deps.sh build", "cmake -S . -B build", "cmake --build build",
         "cmake --install build --prefix /usr/local", "ldconfig"]


def commands(text):
    block = re.search(r"^## Build\n\n((?:    .*\n)+)", text, re.MULTILINE)
    return [line.strip() for line in block.group(1).splitlines()] if block else []


def main(source, work):
    lines = commands((source / "README.md").read_text(encoding="utf-8"))
    if len(lines) != len(KINDS) or not all(line.startswith(kind) for line, kind in zip(lines, KINDS)):
        print(f"README.md does not say {KINDS}, but {lines}")
        return 1
    shutil.rmtree(work, ignore_errors=True)
    for line in lines[1:-1]:
        line = re.sub(r"(-B|--build|--install) build\b", rf"\1 {work}/build", line)
        line = line.replace("/usr/local", f"{work}/prefix")
        if line.startswith("cmake --build"):
            line += " --parallel 2"
        done = subprocess.run(line, shell=True, cwd=source, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{line}: {done.stdout}{done.stderr}")
            return 1
    made = [path.name for path in (work / "prefix/bin").iterdir()]
    print("built and installed: " + " ".join(sorted(made)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:])))
