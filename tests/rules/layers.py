#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may include whom in lib/. A file of a layer includes its own folder, the layers to its left,
the public headers and the few system headers below; an adapter includes no layer at
all; authority, pair, the driver of two nodes, store, redis, etcd, serializers, and seal, the sealed link, are such.
What the stores in servers share, server, is compiled into each of them.
The tests'
own machines, tests/naive, include nothing of the built-in ones."""
import re

import rule

LAYERS = ["base", "codec", "state", "control", "failover", "dispatch", "engine", "attach", "redundancy", "observe", "node"]
ADAPTERS = ["adapters", "authority", "etcd", "pair", "redis", "seal", "serializers", "server", "store"]
SHARED = {"etcd": "server", "redis": "server"}
SYSTEM = {"inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
          "stdio.h", "stdlib.h", "string.h", "talloc.h",  # stdio.h for snprintf into buffers
          "sanitizer/asan_interface.h"}  # part of the compiler, where it is used at all
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
OTHER_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[^<"\s].*', re.MULTILINE)


def target_layer(folder, header):
    """The layer that a quoted header lives in: a plain name means the includer's own."""
    return header.split("/")[0] if "/" in header else folder


def breach(folder, bracket, header):
    if header.startswith("l2tpha/"):
        return None
    if folder in ADAPTERS:
        layer = target_layer(folder, header)
        return None if bracket == "<" or layer in (folder, SHARED.get(folder)) else "adapters see public headers only"
    if bracket == "<":
        return None if header in SYSTEM else "not among the system headers that the core may use"
    layer = target_layer(folder, header)
    if layer not in LAYERS:
        return "no such layer"
    if LAYERS.index(layer) > LAYERS.index(folder):
        return f"{folder} is to the left of {layer}"
    return None


def check(root, _options):
    for name in rule.files(root, "*.[ch]"):
        if name.parts[:2] in (("tests", "naive"), ("tests", "attached"), ("lib", "attach")):
            for _bracket, header in INCLUDE.findall(rule.text(root, name)):
                if header.startswith("engine/"):
                    yield f"{name}: includes {header}: the built-in machines'"
        if name.parts[0] != "lib":
            continue
        folder = name.parts[1]
        if len(name.parts) != 3 or folder not in LAYERS + ADAPTERS:
            yield f"{name}: not in a folder of a layer"
            continue
        source = rule.text(root, name)
        for bracket, header in INCLUDE.findall(source):
            why = breach(folder, bracket, header)
            if why:
                yield f"{name}: includes {header}: {why}"
        for line in OTHER_INCLUDE.findall(source):
            yield f"{name}: an include that cannot be checked: {line.strip()}"


GOOD = {"lib/codec/a.c": '#include "a.h"\n#include "base/b.h"\n#include <l2tpha/x.h>\n'
                         "#include <string.h>\n",
        "lib/adapters/c.c": "#include <l2tpha/x.h>\n#include <nettle/md5.h>\n",
        "lib/seal/f.c": '#include "g.h"\n#include <l2tpha/x.h>\n',
        "lib/pair/d.c": '#include "e.h"\n#include <l2tpha/x.h>\n#include <sys/socket.h>\n'}
BAD = {
    "a layer to the right": {"lib/base/a.c": '#include "codec/b.h"\n'},
    "an indented include": {"lib/state/a.h": '  # include "node/b.h"\n'},
    "a system header": {"lib/engine/a.c": "#include <sys/socket.h>\n"},
    "a layer in an adapter": {"lib/adapters/a.c": '#include "base/cursor.h"\n'},
    "a layer in the driver": {"lib/pair/a.c": '#include "base/cursor.h"\n'},
    "a layer in the sealed link": {"lib/seal/a.c": '#include "base/cursor.h"\n'},
    "a way around the folders": {"lib/base/a.c": '#include "../node/b.h"\n'},
    "a file beside the layers": {"lib/a.c": "\n"},
    "a folder that is no layer": {"lib/util/a.c": "\n"},
    "a folder inside a layer": {"lib/base/deep/a.c": "\n"},
    "machines of the tests' that lean on the built-in ones":
        {"tests/naive/a.c": '#include "engine/b.h"\n'},
    "an include by macro": {"lib/base/a.c": "#include HEADER\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
