#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""amalgamate.py SOURCE FOLDER

Writes the core into two files for trees that vendor code: FOLDER/l2tpha.h, all public headers, and
FOLDER/l2tpha.c, all of lib but the adapters, with the allocator of our own. They need nothing but a
C11 compiler and its libc.

In l2tpha.c internal functions and tables are static, without -DL2TPHA_INTERNALS that is, which tests
of them want. What two files call by the same name, static in each, has the prefix l2tpha__FILE_ in
both, and a macro of a file ends with the file."""
import collections
import functools
import pathlib
import re
import sys

LAYERS = ("base", "codec", "state", "control", "failover", "dispatch", "engine", "attach", "redundancy",
          "observe", "node")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"].*$', re.MULTILINE)
GUARD = re.compile(r"^#ifndef (\w+_H)$", re.MULTILINE)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
# All that stands in the first column, up to the end of what it declares: as clang-format leaves it.
FUNCTION = re.compile(r"^(?:[A-Za-z_][\w \t*]*?)\b(\w+)\((?=[^;{}]*(?:\)|\b\w+\([^;{}]*\))\s*[;{])", re.MULTILINE)
TABLE = re.compile(r"^(?:static|extern|const)\b[\w \t*]*?\b(\w+)(?:\[[^;={]*\])*\s*(?:=|;)", re.MULTILINE)
TAG = re.compile(r"^(?:static |const |typedef )*(?:struct|enum|union) (\w+)\s*\{", re.MULTILINE)
FORWARD = re.compile(r"^struct (\w+)\s*[{;]", re.MULTILINE)
TYPEDEF = re.compile(r"^typedef [^{};]*?\(?\*?\b(\w+)\)?(?:\([^;]*\))?;", re.MULTILINE)
ENUM = re.compile(r"^(?:static )?enum\b[^{;()]*\{(.*?)\}", re.MULTILINE | re.DOTALL)
MEMBERS = re.compile(r"^(?:static |const |typedef )*(?:struct|union)\b[^{;()=]*\{.*?^\}", re.MULTILINE | re.DOTALL)
PASTED = re.compile(r"\b(\w+_)##")  # names that a macro makes begin so
# A declaration for the other files: a function's, or a table's.
PROTOTYPE = re.compile(r"^(?!static\b|typedef\b|L2TPHA_API\b)(?=[A-Za-z_][\w ]*[ *]\w+\([^;{}=]*;)", re.MULTILINE)
TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?:->|\.)\s*[A-Za-z_]\w*|[A-Za-z_]\w*""",
                   re.DOTALL)

HEAD = """/* SPDX-License-Identifier: MIT */
/* libl2tpha {version}: {what}, in one file. Made by lib/cmake/amalgamate.py: change its sources. */
"""
PRIVATE = """/* Functions and tables of several files: where they are declared, and where a table is defined. */
#if defined(L2TPHA_INTERNALS)
#define L2TPHA_PRIVATE extern
#define L2TPHA_PRIVATE_TABLE
#elif defined(__GNUC__)
#define L2TPHA_PRIVATE static __attribute__((unused))
#define L2TPHA_PRIVATE_TABLE static
#else
#define L2TPHA_PRIVATE static
#define L2TPHA_PRIVATE_TABLE static
#endif
"""


@functools.cache
def bare(text):
    """Without comments and strings, for looking at names."""
    def blank(match):
        token = match.group(0)
        return " " if token.startswith(("/*", "//")) else '""' if token[0] in "\"'" else token
    return TOKEN.sub(blank, text)


def enumerators(text):
    parts = [part for body in ENUM.findall(text) for part in body.split(",")]
    found = [re.match(r"\s*([A-Za-z_]\w*)", part) for part in parts]
    return {match.group(1) for match in found if match}


@functools.cache
def names(text):
    """What a file defines or declares for itself or others, but macros."""
    text = bare(text)
    return {*FUNCTION.findall(text), *TABLE.findall(text), *TAG.findall(text), *TYPEDEF.findall(text),
            *enumerators(text)}


def macros(text):
    return dict.fromkeys(MACRO.findall(text))


@functools.cache
def own_names(text):
    """What is no other file's: statics, and types and constants of a .c file."""
    text = bare(text)
    statics = "\n".join(re.findall(r"^static\b[^;{]*[;{]", text, re.MULTILINE))
    return {*FUNCTION.findall(statics), *TABLE.findall(text), *TAG.findall(text), *TYPEDEF.findall(text),
            *enumerators(text)}


def rename(text, new):
    """Each name of its own gets another one: not a member's, which others may have declared."""
    inside = [match.span() for match in MEMBERS.finditer(text)]

    def replace(match):
        token = match.group(0)
        if token not in new:
            return token
        is_tag = text[:match.start()].endswith(("struct ", "enum ", "union "))
        if not is_tag and any(first < match.start() < last for first, last in inside):
            return token
        return new[token]
    return TOKEN.sub(replace, text)


def checked(text):
    """For checked builds; what it includes is for all."""
    includes = "".join(f"{match.group(0)}\n" for match in INCLUDE.finditer(text))
    return f"{includes}#ifdef L2TPHA_CHECKED\n{INCLUDE.sub('', text)}#endif\n"


class Amalgamation:
    def __init__(self, source):
        self.source = source
        self.headers = {}  # name as it is included: text
        for path in sorted(path for layer in LAYERS for path in (source / "lib" / layer).glob("*.h")):
            self.headers[str(path.relative_to(source / "lib"))] = path.read_text(encoding="utf-8")
        for path in sorted((source / "include/l2tpha").glob("*.h")):
            if path.name in ("authority.h", "etcd.h", "pair.h", "redis.h", "sealed_store.h", "store.h"):
                continue  # of libraries of their own
            self.headers[f"l2tpha/{path.name}"] = path.read_text(encoding="utf-8")
        self.headers["talloc.h"] = (source / "include/l2tpha/builtin/talloc.h").read_text(encoding="utf-8")
        # All parts are there, so what takes the place of one that is not is left out.
        self.files = [path for layer in LAYERS for path in sorted((source / "lib" / layer).glob("*.c"))
                      if not path.name.endswith("absent.c")]
        self.system = set()  # names of libc's headers
        self.done = set()

    def inline(self, text, prepare):
        """Headers in the place where they are included first."""
        def replace(match):
            name = match.group(2)
            if name in self.done:
                return ""
            if name not in self.headers:
                self.system.add(name)
                return ""
            header = self.headers[name]
            if GUARD.search(header):
                self.done.add(name)
            return f"/* {name} */\n" + self.inline(prepare(name, header), prepare)
        return INCLUDE.sub(replace, text)

    def header(self, version):
        text = self.inline("#include <l2tpha/l2tpha.h>\n", lambda name, text: text)
        for name in sorted(self.headers):
            if name.startswith("l2tpha/") and name not in self.done:
                text += self.inline(f"#include <{name}>\n", lambda name, text: text)
        return HEAD.format(version=version, what="the public headers") + self.libc() + text

    def libc(self):
        lines = "".join(f"#include <{name}>\n" for name in sorted(self.system))
        self.system.clear()
        return lines

    def collisions(self, texts):
        """For each file the names to change: also another file's, or those of a header that it does
        not see. What a macro of a file makes keeps its name; whoever else has it changes."""
        owners = collections.Counter()
        made = {path: set(PASTED.findall(bare(text))) for path, text in texts.items()}
        for text in texts.values():
            owners.update(own_names(text) | set(macros(text)))
        common = set()
        for text in self.headers.values():
            common |= names(text) | set(macros(text))
        new = {}
        for path, text in texts.items():
            others = tuple({start for other, starts in made.items() if other != path for start in starts})
            own = {name for name in own_names(text) if not name.startswith(tuple(made[path]))}
            unseen = common - self.declared(text)
            new[path] = {name: f"l2tpha__{path.parent.name}_{path.stem}_{name}" for name in own
                         if owners[name] > 1 or name in unseen or name.startswith(others)}
        return new

    def declared(self, text, seen=None):
        """Names of the headers that a file sees, from which its own differ already."""
        found, seen = set(), set() if seen is None else seen
        for _, name in INCLUDE.findall(text):
            if name in self.headers and name not in seen:
                seen.add(name)
                found |= names(self.headers[name]) | self.declared(self.headers[name], seen)
        return found

    def code(self, version):
        texts = {path: path.read_text(encoding="utf-8") for path in self.files}
        new = self.collisions(texts)
        tables = self.tables()
        shared = {name for text in self.headers.values() for name in macros(text)}
        parts = []
        for path, text in texts.items():
            code = tables.sub(r"L2TPHA_PRIVATE_TABLE \1", rename(text, new[path]))
            code += "".join(f"#undef {name}\n" for name in macros(text))
            if path.name == "audit.c":
                code = checked(code)
            # A header of another file's may have the same for its own rows.
            free = "".join(f"#undef {name}\n" for name in macros(text) if name in shared)
            code = free + self.inline(code, self.private)
            parts.append(f"\n/* {path.relative_to(self.source / 'lib')} */\n{code}")
        head = HEAD.format(version=version, what="the library") + '#include "l2tpha.h"\n\n' + self.libc() + PRIVATE
        for tag in sorted({tag for text in self.headers.values() for tag in FORWARD.findall(text)}):
            head += f"struct {tag};\n"
        return re.sub(r"\n{3,}", "\n\n", head + "".join(parts))

    def tables(self):
        """Finds the definition of a table that a header declares."""
        declared = [name for text in self.headers.values()
                    for name in re.findall(r"^extern [^;]*?\b(\w+)(?:\[[^;]*\])*;", bare(text), re.MULTILINE)]
        return re.compile(rf"^(const [\w *]*\b(?:{'|'.join(declared)})(?:\[[^;=]*\])* =\s)", re.MULTILINE)

    @staticmethod
    def private(name, header):
        header = re.sub(r"^extern ", "L2TPHA_PRIVATE ", header, flags=re.MULTILINE)
        header = PROTOTYPE.sub("L2TPHA_PRIVATE ", header)
        return checked(header) if name.endswith("/audit.h") and "L2TPHA_CHECKED" not in header else header


def main(source, folder):
    source, folder = pathlib.Path(source), pathlib.Path(folder)
    version = re.search(r'^#define L2TPHA_VERSION "(.*)"', (source / "include/l2tpha/version.h").read_text(
        encoding="utf-8"), re.MULTILINE).group(1)
    amalgamation = Amalgamation(source)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "l2tpha.h").write_text(amalgamation.header(version), encoding="utf-8")
    (folder / "l2tpha.c").write_text(amalgamation.code(version), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: amalgamate.py SOURCE FOLDER")
    main(*sys.argv[1:])
