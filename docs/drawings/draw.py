#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The drawings of architecture.md, as SVG whose text is text.

`draw.py` writes them beside itself; `draw.py --check` says which are not what it would write. No
place depends on the length of a text, so a name may be replaced in here and in the drawings alike.
"""
import pathlib
import sys
import xml.sax.saxutils

HERE = pathlib.Path(__file__).resolve().parent
STYLE = ("text{font:13px sans-serif;fill:#111}.b{font-weight:bold}.s{fill:#444;font-size:12px}"
         ".m{text-anchor:middle}rect{fill:#eef3f8;stroke:#456}rect.n{fill:#fdf6dd;stroke:#b90}"
         "line,path{stroke:#234;stroke-width:1.3;fill:none;marker-end:url(#a)}"
         "line.l{stroke:#999;stroke-dasharray:4 4;marker-end:none}"
         "line.d{stroke-dasharray:6 3}")
HEAD = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}">\n'
        "<!-- written by docs/drawings/draw.py -->\n<style>{style}</style>\n"
        '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#234;stroke:none;marker-end:none"/>'
        "</marker></defs>\n"
        '<rect x="0" y="0" width="{w}" height="{h}" style="fill:#fff;stroke:none"/>\n')


def label(x, y, text, kind=""):
    return f'<text x="{x}" y="{y}" class="{kind}">{xml.sax.saxutils.escape(text)}</text>\n'


def box(x, y, width, lines, kind="", height=None):
    """The first line is what it is, the others say more."""
    height = height or 14 + 17 * len(lines)
    out = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" class="{kind}"/>\n'
    for at, text in enumerate(lines):
        out += label(x + 10, y + 19 + 17 * at, text, "b" if at == 0 else "s")
    return out


def arrow(x1, y1, x2, y2, kind=""):
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{kind}"/>\n'


def picture(width, height, content):
    return HEAD.format(w=width, h=height, style=STYLE) + content + "</svg>\n"


# --- layers ---

LAYERS = [
    ("node", "owns it all; the public entries: l2tpha_feed(), l2tpha_poll(), l2tpha_expire()"),
    ("observe", "counters, capture"),
    ("redundancy", "roles, epochs, the replication link"),
    ("attach", "the machines of a daemon that keeps its own"),
    ("engine", "the built-in machines: what messages mean"),
    ("dispatch", "input, timers, output, data; writes the states"),
    ("failover", "takeover, recovery, synchronisation"),
    ("control", "tunnel, reliable channel, ids, transaction, events"),
    ("state", "records, ledger and gate, replica"),
    ("codec", "bytes to structs and back"),
    ("base", "knows no L2TP"),
]


def layers():
    step, width = 52, 600
    out = ""
    for at, (name, what) in enumerate(LAYERS):
        out += box(20, 20 + step * at, width, [name, what], height=46)
    engine, control = 20 + step * 4 + 23, 20 + step * 7 + 23
    out += (f'<path d="M620,{control} H700 V{engine} H622"/>\n'
            + box(632, (engine + control) // 2 - 28, 250,
                  ["struct machine_ops", "control/machine.h: control,", "failover, dispatch call up by it alone"],
                  "n"))
    bottom = 20 + step * len(LAYERS)
    out += label(20, bottom + 14, "Each includes and calls what stands below it; the host stands above, "
                 "adapters beside and see public headers only.", "s")
    return picture(900, bottom + 30, out)


# --- the way of a datagram ---

IN = [
    ["the host's socket"],
    ["l2tpha_feed()", "node/node.c: time moves on"],
    ["engine_receive()", "dispatch/input.c: header, whose tunnel, whose address"],
    ["engine_deliver()", "dispatch/deliver.c: through the channel, and what follows"],
    ["channel_receive()", "control/channel.c: Nr takes from the queue, Ns: is it its turn?"],
    ["machine_ops.process: tunnel_process()", "engine/tunnel_message.c: decode, check, one event"],
    ["tunnel_set_state(), session_set_state()", "dispatch/: states, events; records are marked"],
    ["channel_send(), channel_accept()", "control/channel.c: replies get their Ns; Nr moves on"],
    ["engine_commit(), ledger_commit()", "the marked records become ONE numbered checkpoint"],
]
OUT = [
    ["the host's socket"],
    ["l2tpha_poll(): datagrams, then events", "node/poll.c"],
    ["channel_next()", "control/channel.c: Ns below ns_safe? says nr_safe"],
    ["engine_next_datagram()", "dispatch/output.c: the line of channels"],
    ["engine_ready()", "control/ready.c: it may have something to send"],
    ["the gate: ledger_open_gate()", "state/ledger_gate.c: ns_safe and nr_safe move"],
    ["l2tpha_consumer_done(), ledger_done()", "the standby has confirmed the number"],
    ["the standby: replica_apply()", "state/replica.c"],
    ["l2tpha_poll(): the checkpoint first", "ledger_poll(), state/ledger.c"],
]


def datagram():
    step, width = 66, 400
    out = label(30, 24, "in", "b") + label(480, 24, "out", "b")
    for at, (left, right) in enumerate(zip(IN, OUT)):
        y = 36 + step * at
        out += box(20, y, width, left, "n" if at == 0 else "", 48)
        out += box(470, y, width, right, "n" if at in (0, 7) else "", 48)
        if at:
            out += arrow(220, y - step + 48, 220, y) + arrow(670, y, 670, y - step + 48)
    last = 36 + step * (len(IN) - 1) + 24
    out += arrow(420, last, 470, last)
    bottom = last + 44
    out += label(20, bottom, "Without a standby the gate is open: ledger_clean() moves the marks as the transaction "
                 "ends.", "s")
    return picture(890, bottom + 16, out)


# --- charts ---

ROW, FIRST = 34, 78


def chart(lines, steps, gap=350):
    """lines: who. steps: (from, to, text) is a message, (who, text) is what happens there, a text
    alone is a heading. A text of several lines takes as many rows."""
    width = gap * (len(lines) - 1) + 380
    at = [190 + gap * i for i in range(len(lines))]
    out, y = "", FIRST
    for step in steps:
        if isinstance(step, str):
            out += label(16, y, step, "b")
            y += ROW - 8
            continue
        texts = step[-1].split("\n")
        if len(step) == 3:
            source, target = at[step[0]], at[step[1]]
            middle = (source + target) // 2
            for text in texts:
                out += label(middle, y, text, "m")
                y += 16
            out += arrow(source, y - 10, target, y - 10)
            y += ROW - 18
        else:
            height = 8 + 16 * len(texts)
            out += (f'<rect x="{at[step[0]] - 170}" y="{y - 14}" width="340" height="{height}" rx="4" '
                    'class="n"/>\n')
            for text in texts:
                out += label(at[step[0]], y, text, "s m")
                y += 16
            y += ROW - 22
    lifelines = "".join(arrow(x, 50, x, y - 10, "l") for x in at)
    heads = "".join(box(x - 150, 16, 300, [name], "", 32) for x, name in zip(at, lines))
    return picture(width, y + 6, lifelines + heads + out)


def checkpoint():
    active, standby, peer = 0, 1, 2
    return chart(["active", "standby", "peer"], [
        (peer, active, "a message, Ns 7"),
        (active, "ledger_mark_tunnel(), ledger_mark_session():\nwhat the message changes is marked"),
        (active, "ledger_commit(): checkpoint n is written;\nledger_push_mark(): Ns, Nr once n is confirmed"),
        (active, standby, "CHECKPOINT n: l2tpha_link_send()"),
        (standby, "replica_apply(): its epoch and turn,\nverify_records(), only then the table changes"),
        (standby, active, "ACK n"),
        (active, "ledger_done(), ledger_open_gate():\nns_safe, nr_safe; engine_confirmed()"),
        (active, peer, "the reply, with Nr 8: l2tpha_poll()"),
        (active, "events of the transaction go to the host"),
        "The standby is silent",
        (active, "ledger_abandon(): everything is released,\nthe role becomes active-solo"),
        (active, standby, "ABANDON, ahead of any output"),
    ])


def silent():
    old, new, peer = 0, 1, 2
    return chart(["old active", "new active", "peer"], [
        (old, peer, "SLI, Ns 41 (lost)"),
        (old, "dies"),
        (new, "l2tpha_takeover(): a newer epoch;\nledger_begin_epoch(), takeover_run()"),
        (new, "a slice, or the tunnel is spoken to:\ntakeover_restore(), tunnel_restore()"),
        (new, "silent_recover(): the record is exact,\nthe queue is sent again as it was"),
        (new, peer, "SLI, Ns 41, the same bytes, Nr of now"),
        (peer, new, "ZLB, Nr 42"),
        (new, "tunnel_heard(): TUNNEL_RESYNCED"),
        "Nothing is outstanding",
        (new, peer, "HELLO: tunnel_confirm()"),
        (peer, new, "ZLB"),
        "The last tunnel has answered",
        (new, "engine_check_takeover(): TAKEOVER_DONE"),
    ])


def lagging():
    new, peer = 0, 1
    return chart(["new active", "peer"], [
        (new, "lagging_start(): A is what the standby knows to be\nacknowledged, the ceiling A plus the lease;\n"
         "tunnel_hold(): HELLOs stand behind the queue"),
        "Read: what does the peer expect?",
        (new, peer, "HELLO, Ns A - 1: tunnel_probe(), a duplicate"),
        (peer, new, "ZLB, Nr: at most what it expects"),
        "Seal: each number up to the ceiling, and one more",
        (new, peer, "queue and HELLOs, Ns up to the ceiling: tunnel_fill()"),
        (peer, new, "ZLB, Nr past the ceiling: made after the takeover"),
        "Listen: where do the peer's messages begin?",
        (peer, new, "what it repeats, if anything"),
        (new, "lagging_input(): the ZLB's Ns is its next, or the\nlowest that it repeats; tunnel_jump() over\n"
         "what was acknowledged before"),
        (new, "tunnel_release(): TUNNEL_RESYNCED;\ncalls: sync_start() where RFC 4951 is at both ends"),
        "The numbers cannot be found in time",
        (new, "lagging_timer() fails: tunnel_numbers_lost()"),
    ], 480)


def rfc4951():
    new, peer = 0, 1
    return chart(["recovery endpoint (has taken over)", "remote endpoint"], [
        (new, "recovery_start(): the old tunnel rests,\ndata goes on; a place for a recovery tunnel"),
        "On the recovery tunnel",
        (new, peer, "SCCRQ, Tunnel Recovery, Tie Breaker: call_peer()"),
        (peer, "request_check(): ids, address, name;\nsuspend_old(): the old channel rests"),
        (peer, new, "SCCRP, Suggested Control Sequence: request_prepare()"),
        (new, "reset_to_suggestion(): tunnel_reset() of the old\nchannel; calls half set up go"),
        (new, peer, "SCCCN"),
        (peer, "reset_old(): tunnel_reset();\nTUNNEL_RECOVERED"),
        (peer, new, "ZLB"),
        (new, "finish_recovery(): TUNNEL_RECOVERED"),
        (new, peer, "StopCCN, result 1"),
        "On the old tunnel, from the suggested numbers on",
        (new, peer, "FSQ: ask_about_sessions(), sync_start()"),
        (peer, new, "FSR: answer_query(); its own FSQ"),
        (new, "sync_take_response(): id 0 clears a call;\nSESSIONS_SYNCED"),
        "It comes to nothing",
        (new, "try_again(); in the end give_up(): silently where\nthe method has that; a StopCCN: clear_old()"),
        (peer, "resume_old(): the old channel goes on\nwhere it was"),
    ], 480)


DRAWINGS = {
    "layers": layers, "datagram": datagram, "checkpoint": checkpoint, "takeover_silent": silent,
    "takeover_lagging": lagging, "takeover_rfc4951": rfc4951,
}


def main():
    good = True
    for name, draw in DRAWINGS.items():
        path, text = HERE / f"{name}.svg", draw()
        if sys.argv[1:] != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not what draw.py draws; write it anew: python3 {HERE / 'draw.py'}")
            good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
