#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""openwrt.py SOURCE WORK

OpenWrt's Makefile names what there is: the release, options of our CMakeLists.txt, and files that a
build with just these options installs, each of which somebody gets."""
import pathlib
import re
import shutil
import subprocess
import sys

OPTION = re.compile(r"-D(\w+)=(\w+)")
DEFINED = re.compile(r"^(?:option|set)\((L2TPHA_\w+) (?!.*PARENT_SCOPE)(?:\"|\w+ CACHE)", re.MULTILINE)
COPIED = re.compile(r"\$\(CP\) \$\(PKG_INSTALL_DIR\)/(\S+)")


def install(source, work, options):
    """What OpenWrt's cmake.mk does: a prefix of /usr, and all in a folder."""
    shutil.rmtree(work, ignore_errors=True)
    build = work / "build"
    given = [f"-D{name}={value}" for name, value in options]
    for command in (["cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_FLAGS=-O0",
                     "-DCMAKE_INSTALL_PREFIX=/usr", "-DCMAKE_INSTALL_LIBDIR=lib", *given],
                    ["cmake", "--build", build, "--parallel", "2"],
                    ["cmake", "--install", build, "--prefix", work / "root/usr"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    return work / "root"


def below(path):
    return {path} if not path.is_dir() or path.is_symlink() else {
        part for part in path.rglob("*") if not part.is_dir() or part.is_symlink()}


def check(source, work):
    makefile = (source / "examples/packaging/openwrt/Makefile").read_text(encoding="utf-8")
    header = (source / "include/l2tpha/version.h").read_text(encoding="utf-8")
    version = re.search(r'^#define L2TPHA_VERSION "(.*)"', header, re.MULTILINE).group(1)
    if f"PKG_VERSION:={version}\n" not in makefile:
        yield f"the Makefile is not of release {version}"
    options = OPTION.findall(makefile)
    known = set(DEFINED.findall((source / "CMakeLists.txt").read_text(encoding="utf-8")))
    unknown = [name for name, _ in options if name not in known]
    if unknown or not options:
        yield f"no options of CMakeLists.txt: {unknown or 'none is given'}"
        return
    root = install(source, work, options)
    taken = set()
    for pattern in COPIED.findall(makefile):
        found = list(root.glob(pattern))
        if not found:
            yield f"nothing installed is {pattern}"
        for path in found:
            taken |= below(path)
    for path in sorted(below(root) - taken):
        yield f"nobody gets {path.relative_to(root)}"


if __name__ == "__main__":
    breaches = list(check(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:])))
    print("\n".join(breaches) or "OpenWrt's Makefile names what there is")
    sys.exit(1 if breaches else 0)
