#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""manual.py BUILD MANDIR PROGRAM...

The manual pages, as `cmake --install` puts them into MANDIR: roff has nothing to say about them, and
all that --help says is in the page."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# How a page is checked, and how it is read. groff alone is on every Debian; mandoc looks closer.
CHECKERS = {
    "mandoc": ["mandoc", "-T", "lint", "-W", "warning"],
    "groff": ["groff", "-man", "-ww", "-z", "-Tascii"],
}
READERS = {
    "mandoc": ["mandoc", "-T", "ascii", "-O", "width=300"],
    "groff": ["groff", "-man", "-Tascii", "-P-c", "-rLL=300n", "-rHY=0"],
}
# Of --help alone: the manual says these in its own way.
HEADING = re.compile(r"^usage: |^PATH is .* Commands:$")


def run(command, page):
    done = subprocess.run([*command, page], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def plain(page, reader):
    status, text, said = run(READERS[reader], page)
    if status != 0:
        sys.exit(f"{reader} does not read {page}: {said}")
    return " ".join(re.sub(r".\x08|\x1b\[[0-9;]*m", "", text).split())


def statements(text):
    """What --help says: (what it is about, what of it) for each option and command."""
    last = None
    for line in text.splitlines():
        if HEADING.match(line):
            continue
        match = re.match(r"  (\S.*?)(?:  +(\S.*))?$", line)
        if match and not line.startswith("   "):
            if last:
                yield last
            last = (match.group(1), match.group(2) or "")
        elif last:
            last = (last[0], f"{last[1]} {line.strip()}".strip())
    if last:
        yield last


def split_option(name, what):
    """Where a value is too long for its column one space is between it and the text."""
    match = re.match(r"(--\S+ [A-Z_\[\]:]+) (\S.*)", name)
    return (match.group(1), f"{match.group(2)} {what}".strip()) if match else (name, what)


def check_page(page, shown, tools):
    for tool in tools:
        status, out, err = run(CHECKERS[tool], page)
        if status != 0 or out or err:
            yield f"{page.name}, {tool}: {out}{err}"
    for tool in tools:
        text = plain(page, tool)
        count = 0
        for name, what in statements(shown):
            name, what = split_option(name, what)
            count += 1
            if " ".join([name, *what.split()]) not in text:
                yield f"{page.name}, {tool}: without '{name} {what}'"
        if count < 4:
            yield f"{page.name}: --help says too little: {shown}"


def main(build, mandir, *programs):
    tools = [tool for tool in CHECKERS if shutil.which(tool)]
    if not tools:
        print("skipped: neither mandoc nor groff")
        return 77
    breaches = []
    with tempfile.TemporaryDirectory() as prefix:
        subprocess.run(["cmake", "--install", build, "--prefix", prefix, "--component", "manual"],
                       check=True, stdout=subprocess.DEVNULL)
        folder = pathlib.Path(prefix) / mandir / "man8"
        if sorted(path.name for path in folder.iterdir()) != sorted(f"{name}.8" for name in programs):
            breaches.append(f"other pages than of {programs}: {list(folder.iterdir())}")
        for name in programs:
            shown = subprocess.run([f"{build}/examples/{name}", "--help"], check=True,
                                   capture_output=True, text=True).stdout
            breaches.extend(check_page(folder / f"{name}.8", shown, tools))
    print("\n".join(breaches) or f"{len(programs)} pages, read by {' and '.join(tools)}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
