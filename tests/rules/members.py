#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a machine that is not built in names of the library's objects. lib/control/machine.h lists
the members that are an interface, as `tunnel->entry`; tests/naive, which stands for a daemon's
machines, names no other member of the structs of a tunnel, a session and the engine."""
import re

import rule

INTERFACE = "lib/control/machine.h"
STRUCTS = {"tunnel": ("lib/control/tunnel.h", "l2tpha_tunnel"),
           "session": ("lib/control/session.h", "l2tpha_session"),
           "engine": ("lib/control/context.h", "engine")}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
# The last name of a declaration: of a pointer to a function; of a member, array or bit-field.
MEMBER = re.compile(r"\(\s*\*\s*(\w+)\s*\)\s*\([^;]*?\)\s*;|"
                    r"(\w+)\s*(?:\[[^\]]*\])*\s*(?::\s*\w+\s*)?[;,]")
USE = re.compile(r"(?:->|(?<=[\w)\]])\.)\s*(\w+)")  # not one that an initializer designates
OFFSET = re.compile(r"\b(?:container_of|offsetof)\s*\(([^()]*)\)")


def bare(text):
    """Without comments and strings, lines kept."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return STRING.sub(blank, COMMENT.sub(blank, text))


def body(source, struct):
    """What stands between the braces of a struct's definition; None = there is none."""
    start = re.search(rf"^struct {struct} \{{", source, re.MULTILINE)
    if not start:
        return None
    depth, at = 1, start.end()
    while depth and at < len(source):
        depth += {"{": 1, "}": -1}.get(source[at], 0)
        at += 1
    return source[start.end():at - 1]


def members(source, struct):
    inside = body(bare(source), struct)
    return None if inside is None else {one or other for one, other in MEMBER.findall(inside)}


def documented(source):
    """tunnel->entry and so on, of the interface's comments."""
    found = {name: set() for name in STRUCTS}
    for comment in COMMENT.findall(source):
        for name, member in re.findall(r"`(\w+)->(\w+)`", comment):
            if name in found:
                found[name].add(member)
    return found


def own_members(sources):
    """Those of structs that tests/naive defines itself."""
    found = set()
    for source in sources:
        for struct in re.findall(r"^(?:static )?struct (\w+) \{", source, re.MULTILINE):
            inside = body(re.sub(r"^static ", "", source, flags=re.MULTILINE), struct)
            found |= {one or other for one, other in MEMBER.findall(inside or "")}
    return found


def used(source):
    """Each member that is named, with its line."""
    for match in USE.finditer(source):
        yield match.group(1), source.count("\n", 0, match.start()) + 1
    for match in OFFSET.finditer(source):
        yield match.group(1).split(",")[-1].strip(), source.count("\n", 0, match.start()) + 1


def check(root, _options):
    if not (root / INTERFACE).is_file():
        yield f"{INTERFACE} is not there"
        return
    allowed = documented(rule.text(root, INTERFACE))
    closed = set()
    for name, (header, struct) in STRUCTS.items():
        found = members(rule.text(root, header), struct) if (root / header).is_file() else None
        if not found:
            yield f"{header}: no struct {struct} is found"
            continue
        for member in sorted(allowed[name] - found):
            yield f"{INTERFACE}: {name}->{member} is none"
        closed |= found - allowed[name]
    closed -= set.union(*allowed.values())
    sources = {name: bare(rule.text(root, name))
               for name in rule.files(root, "tests/naive/*.[ch]")}
    closed -= own_members(sources.values())
    for name, source in sources.items():
        for member, line in used(source):
            if member in closed:
                yield f"{name}:{line}: {member} is no member that {INTERFACE} lets a machine name"


HEADERS = {
    INTERFACE: "/* A machine names `tunnel->entry`, `session->entry` and\n * `engine->message`. */\n",
    "lib/control/tunnel.h": "struct l2tpha_tunnel {\n"
                            "    struct tunnel_entry entry; /* first; */\n"
                            "    bool dying : 1; /* gone */\n    uint8_t key[4];\n"
                            "    union {\n        struct { int next; };\n        int prev;\n    };\n"
                            "    struct timer start;\n};\n",
    "lib/control/session.h": "struct l2tpha_session {\n    struct session_entry entry;\n"
                             "    uint16_t dismissed;\n};\n",
    "lib/control/context.h": "struct engine {\n    bool asking;\n"
                             "    void (*audit)(struct engine *engine);\n"
                             "    struct l2tpha_message message;\n};\n",
}
NAIVE = "tests/naive/a.c"


def bad(text, **changes):
    return {**HEADERS, NAIVE: text, **changes}


GOOD = {**HEADERS,
        NAIVE: "struct own {\n    struct own *next;\n};\n"
               "static const struct machine_ops ops = {\n    .start = a,\n};\n"
               "/* of tunnel->dying */\nint a(void) {\n    say(\"x.key\");\n"
               "    return own->next + tunnel->entry.record.id + engine->message.type;\n}\n",
        "tests/sim/b.c": "int b(void) { return tunnel->dying; }\n"}
BAD = {
    "a flag of a tunnel": bad("int a(void) { return tunnel->dying; }\n"),
    "an array": bad("int a(void) { return tunnel->key[0]; }\n"),
    "by another name of the pointer": bad("int a(void) { return session_tunnel(s)->dying; }\n"),
    "one in a union": bad("int a(void) { return tunnel->prev; }\n"),
    "one written": bad("void a(void) { session->dismissed = 1; }\n"),
    "an address": bad("void a(void) { arm(&(*tunnel)->start); }\n"),
    "one of the engine": bad("void a(void) { node->engine.asking = 1; }\n"),
    "a pointer to a function": bad("void a(void) { engine->audit(engine); }\n"),
    "a way back from a member":
        bad("void a(void) { container_of(t, struct l2tpha_tunnel, start); }\n"),
    "in a header": bad("\n", **{"tests/naive/b.h": "#define D(t) ((t)->dying)\n"}),
    "a list that names what is not there":
        bad("\n", **{INTERFACE: "/* `tunnel->entry`, `tunnel->nothing`. */\n"}),
    "a struct that has gone": bad("\n", **{"lib/control/session.h": "\n"}),
    "no interface": {NAIVE: "\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
