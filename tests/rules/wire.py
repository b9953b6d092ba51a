#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What depends on the version of L2TP stands in the tables of codec/wire.h. So the layers that work
with tunnels of whatever version name no place in a header, no call that reads or writes one of
L2TPv2, and no width of an id."""
import re

import rule

FOLDERS = ("state", "control", "failover", "dispatch")
ASSIGNED = r"L2TPHA_AVP_ASSIGNED_(?:TUNNEL|SESSION)_ID"
BREACHES = (
    (re.compile(r"\bL2TPHA_CONTROL_HEADER\b"), "names the length of a control header"),
    (re.compile(r"\bl2tpha_header_\w+\s*\("), "reads or writes a header"),
    (re.compile(r"\bl2tpha_builder_begin\s*\("), "begins a message of L2TPv2"),
    (re.compile(r"\bwire_l2tpv2\b"), "chooses a wire format"),
    (re.compile(r"\b[gp](?:e|u)t_u(?:16|32|64)\s*\(\s*[\w>.\[\]-]*\bdata\b"),
     "reads or writes at a place in a datagram"),
    (re.compile(rf"\b{ASSIGNED}\b"), "knows how an id is assigned"),
    (re.compile(r"\(uint(?:8|16)_t\)\s*\(?[\w>.-]*\bid\b"), "narrows an id"),
    (re.compile(r"\(uint(?:8|16)_t\)\s*\(?[\w>.-]*_id\b"), "narrows an id"),
    (re.compile(r"\buint(?:8|16)_t\s+(?:\w+_)?id\b"), "keeps an id in too few bits"),
    (re.compile(r"_id\s*[<>]=?\s*(?:UINT16_MAX|0xffff|65535)\b"), "knows the width of an id"),
    (re.compile(r"\bversion\s*[=!]=\s*[23]\b"), "tests a version"),
)
# The one place where a tunnel's record chooses.
CHOICE = ("lib/state/record.h", "    return &wire_l2tpv2;")


def code(text):
    """Without comments and strings, each line where it was."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.DOTALL)


def check(root, _options):
    for name in rule.files(root, "lib/*/*.c", "lib/*/*.h"):
        if name.parts[1] not in FOLDERS:
            continue
        for number, line in enumerate(code(rule.text(root, name)).splitlines(), 1):
            if (str(name), line) == CHOICE:
                continue
            for pattern, what in BREACHES:
                if pattern.search(line):
                    yield f"{name}:{number}: {what}: {line.strip()}"


GOOD = {
    "lib/codec/wire.c": ".header_len = L2TPHA_CONTROL_HEADER,\n.encode = l2tpha_header_encode,\n"
                        "    int n = l2tpha_header_decode(data, len, header);\n",
    "lib/state/record.h": '#include "codec/wire.h"\n    return &wire_l2tpv2;\n',
    "lib/state/a.c": "/* L2TPHA_CONTROL_HEADER, l2tpha_header_encode() */\n"
                     "    uint16_t nr = wire_nr(wire, message->data);\n"
                     "    uint32_t tunnel_id = get_u32(key);\n    uint16_t ns = (uint16_t)(a - b);\n",
    "lib/control/a.c": '    say("uint16_t id");\n    channel_wire(channel)->stamp(data, ns, nr);\n',
    "lib/engine/a.c": "    l2tpha_builder_begin(&builder, buf, cap, type, 0, 0);\n",
}
BAD = {
    "the length of a header": {"lib/control/a.c": "    len = L2TPHA_CONTROL_HEADER;\n"},
    "a stamp past the table":
        {"lib/control/a.c": "    l2tpha_header_stamp(message->data, ns, nr);\n"},
    "a header decoded": {"lib/dispatch/a.c": "error = l2tpha_header_decode(data, len, &header);\n"},
    "a header encoded": {"lib/failover/a.h": "l2tpha_header_encode(&header, dst, cap, &len);\n"},
    "a message begun": {"lib/failover/a.c": "l2tpha_builder_begin(&builder, b, n, type, 1, 0);\n"},
    "a number at a place": {"lib/state/a.c": "uint16_t ns = get_u16(message->data + 8);\n"},
    "a number put at a place": {"lib/state/a.c": "put_u16(data + NR_AT, 0);\n"},
    "an id in an attribute":
        {"lib/control/a.c": "l2tpha_message_u16(m, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &n);\n"},
    "an id cut short": {"lib/control/a.c": "put(builder, (uint16_t)session_id);\n"},
    "an id of a record cut short": {"lib/failover/a.c": "n = (uint16_t)record->remote_id;\n"},
    "a variable too narrow": {"lib/control/a.c": "    uint16_t id = session_id_free(tunnel);\n"},
    "a member too narrow": {"lib/control/a.h": "    uint16_t tunnel_id;\n"},
    "a width compared": {"lib/state/a.c": "if (record->local_id > UINT16_MAX)\n"},
    "a version tested": {"lib/dispatch/a.c": "if (header.version == 3)\n"},
    "a format chosen": {"lib/control/a.c": "wire = &wire_l2tpv2;\n"},
    "a second choice": {"lib/state/table.c": "    return &wire_l2tpv2;\n"},
}

if __name__ == "__main__":
    rule.main(check, GOOD, BAD)
