# SPDX-License-Identifier: MIT
"""xl2tpd as its page in docs makes it: Debian's source package is fetched, the steps are followed, and what
comes of it is built against the library of this build. Everything is kept in the build folder."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import guide
import lab

PAGE = lab.HERE.parents[1] / "docs" / "attach-xl2tpd.md"
SOURCES = pathlib.Path("/etc/apt")
LINES_MAX = 300


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    return done.returncode, done.stdout


def must(*command, **options):
    status, text = run(*command, **options)
    lab.check(status == 0, f"{command[0]} has failed:\n" + "\n".join(text.splitlines()[-lab.TAIL:]))
    return text


# ---- the package ----

def source_lists(folder):
    """This machine's lists of packages, as lists of source packages."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))):
        if file.suffix not in (".list", ".sources") or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)
        text = re.sub(r"(?m)^deb\s", "deb-src ", text)
        (folder / file.name).write_text(text)


def fetch(folder):
    """The .dsc of xl2tpd's source package. Skips where it cannot be had."""
    found = sorted(folder.glob("xl2tpd_*.dsc"))
    if found:
        return found[-1]
    if shutil.which("apt-get") is None:
        lab.skip("no apt-get to fetch xl2tpd's source package with")
    source_lists(folder / "parts")
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-q", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={folder}/parts",
           "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache",
           "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=2"]
    for command in (["update"], ["source", "--download-only", "xl2tpd"]):
        status, text = run(*apt, *command, cwd=folder)
        if status != 0:
            lab.skip(f"xl2tpd's source package cannot be had: {text.strip().splitlines()[-1]}")
    found = sorted(folder.glob("xl2tpd_*.dsc"))
    lab.check(found, "apt-get has left no .dsc")
    return found[-1]


def unpack(description, folder):
    shutil.rmtree(folder, ignore_errors=True)
    must("dpkg-source", "--no-check", "-x", description, folder)


# ---- the build ----

def install(build, prefix):
    """What a daemon's maintainer has: the library, installed."""
    shutil.rmtree(prefix, ignore_errors=True)
    must("cmake", "--install", build, "--prefix", prefix)
    return next(prefix.rglob("l2tpha.pc")).parent


def is_sanitized(build):
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    return "L2TPHA_SANITIZE:BOOL=ON" in cache


def make(build, source, prefix):
    configs = install(build, prefix)
    flags = "-fsanitize=address,undefined" if is_sanitized(build) else ""
    environment = {**os.environ, "PKG_CONFIG_PATH": str(configs), "CFLAGS": "-g"}
    return must("make", "-C", source, "xl2tpd", f"LDFLAGS={flags} -Wl,-rpath,{configs.parent}", env=environment)


def stamp(build):
    """Whether what was built before is what would be built now."""
    digest = hashlib.sha256()
    libraries = sorted(build.glob("libl2tpha*.so*"))
    for file in (PAGE, *lab.HERE.glob("guide.py"), *libraries):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def xl2tpd(build):
    """The attached daemon's program; made if it is not there."""
    folder = build / "attach-xl2tpd"
    folder.mkdir(exist_ok=True)
    program, mark = folder / "source" / "xl2tpd", folder / "stamp"
    if program.exists() and mark.exists() and mark.read_text() == stamp(build):
        return program
    unpack(fetch(folder), folder / "source")
    added = guide.follow(PAGE, folder / "source")
    lab.say(f"the page adds {added} lines")
    lab.check(added < LINES_MAX, f"the page adds {added} lines, not fewer than {LINES_MAX}")
    text = make(build, folder / "source", folder / "prefix")
    (folder / "make.log").write_text(text)
    mark.write_text(stamp(build))
    return program
