#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers as they are in the field, each with the habit it is known for, and our LAC as their client."""
import os
import signal

import hand
import lab
import ours

RFC_2661_LAST = 39  # AVP type


def start(case, *options):
    return ours.Node(case, "lac", "lac", "--listen", f"{lab.PEER}:0", "--connect", lab.OURS, "--debug", "event,error",
                     *options)


def finish(case, node, server):
    """The LAC leaves; the server, which is there, acknowledges that."""
    node.kill(signal.SIGTERM)
    server.await_("the LAC ends", lambda: not node.alive())
    node.finish()
    ours.check_programs(case)


def fails(case, node, server, *words):
    """It ends by itself, with a failure that says this."""
    server.await_("the LAC ends", lambda: not node.alive(), 10)
    lab.check(node.child.returncode == 1, f"exit status {node.child.returncode}")
    for word in words:
        lab.check(word in node.text(), f"it does not say {word}")
    ours.check_programs(case)


def plain(case):
    """A server that refuses what it does not know. Nothing newer than RFC 2661 is mandatory, nor what that says may be
    left out; without the failover capability nothing newer is sent; and the server's words are told."""
    server = hand.Server()
    node = start(case, "--redial", 0)
    tunnel = server.make(server.await_request())
    request = server.heard[0]
    mandatory = [(vendor, kind) for word, vendor, kind, _ in hand.wire.avps(request.avps) if word & 0x8000]
    wrong = [found for found in mandatory if found[0] or found[1] > RFC_2661_LAST or found[1] in (5, 6, 8)]
    lab.check(not wrong, f"mandatory: {wrong}")
    tunnel.say(hand.message("StopCCN", hand.avp(hand.ASSIGNED_TUNNEL, hand.u16(tunnel.id)),
                            hand.avp(1, b"\0\2\0\x08attribute 76 unknown")))
    fails(case, node, server, "attribute 76 unknown", "2/8")
    node = start(case, "--no-failover-capability")
    server.accept(calls=1)
    newer = [(vendor, kind) for heard in server.heard[1:] for _, vendor, kind, _ in hand.wire.avps(heard.avps)
             if vendor or kind > RFC_2661_LAST]
    lab.check(not newer, f"newer than RFC 2661: {newer}")
    finish(case, node, server)


def forgetful(case):
    """A firewall that chokes on an Rx Connect Speed which is not needed, and says old things again: they are
    acknowledged again and do no harm."""
    server = hand.Server()
    node = start(case)
    tunnel = server.accept()
    tunnel.answer_call()
    connected = next(heard for heard in server.heard if heard.type == "ICCN")
    lab.check(hand.octets(connected, 38) is None, "an Rx Connect Speed although both are equal")
    before = len(server.heard)
    for _ in range(5):
        for ns, nr, body in ((0, 1, hand.setup("SCCRP", tunnel.id)),
                             (1, 2, hand.message("ICRP", hand.avp(hand.ASSIGNED_SESSION, b"\0\1")))):
            server.say(tunnel.address, tunnel.peer_id, 0, ns, nr, body)
            server.rest(0.02)
    server.rest(0.3)
    back = [heard.type for heard in server.heard[before:]]
    lab.check(back and set(back) == {"ZLB"} and len(back) <= 10, f"old messages are answered by {back}")
    node.await_sessions(1)
    finish(case, node, server)


def challenge(case):
    """A server that wants proof of a secret which the LAC has not: StopCCN 4, and the LAC says what is missing."""
    server = hand.Server()
    node = start(case, "--redial", 0)
    tunnel = server.make(server.await_request())
    tunnel.say(hand.setup("SCCRP", tunnel.id, hand.avp(hand.CHALLENGE, os.urandom(16))))
    lab.check(hand.why(tunnel.await_message("StopCCN", 3))[0] == 4, "not StopCCN 4")
    fails(case, node, server, "secret")


def other_port(case):
    """A server that answers from a port of its system's choice, and first with an acknowledgement. RFC 2661 8.1."""
    known, chosen = hand.Server(), hand.Server(port=0)
    node = start(case, "--data-rate", 5)
    request = known.await_request()
    known.say((request.source, request.source_port), hand.value(request, hand.ASSIGNED_TUNNEL), 0, 0, 1, b"")
    tunnel = chosen.make(request)
    tunnel.say(hand.setup("SCCRP", tunnel.id))
    tunnel.await_message("SCCCN")
    tunnel.answer_call()
    chosen.await_("frames", lambda: chosen.frames)
    known.rest(0.1)
    late = [heard for heard in known.heard if heard.type != "SCCRQ"]
    lab.check(not late and not known.frames, f"to the old port: {late}")
    finish(case, node, chosen)


def information(case):
    """SLI and WEN before the ICRP, for calls that are not there, and after: acknowledged, and nothing ends."""
    server = hand.Server()
    node = start(case)
    tunnel = server.accept()
    sli = hand.message("SLI", hand.avp(35, b"\0\0\xff\xff\xff\xff\0\0\0\0"))
    wen = hand.message("WEN", hand.avp(34, bytes(26)))
    theirs = hand.value(tunnel.await_message("ICRQ"), hand.ASSIGNED_SESSION)
    tunnel.say(sli, theirs)
    tunnel.say(sli, 31000)
    tunnel.say(hand.message("ICRP", hand.avp(hand.ASSIGNED_SESSION, b"\0\1")), theirs)
    tunnel.await_message("ICCN")
    for body in (sli, wen, sli):
        tunnel.say(body, theirs)
    tunnel.await_acknowledged()
    server.rest(0.2)
    lab.check(not tunnel.inbox, f"something comes back: {tunnel.inbox}")
    node.await_sessions(1)
    finish(case, node, server)


def windows(case):
    """Small windows, or none named (4, RFC 2661 5.8), and late acknowledgements: never more outstanding than the
    window, and all calls come up, since answers do not wait behind calls."""
    for window, pause in ((1, 0), (None, 0.01), (2, 0.02)):
        server = hand.Server()
        node = start(case, "--sessions", 150)
        tunnel = server.make(server.await_request())
        tunnel.quiet = True
        tunnel.say(hand.setup("SCCRP", tunnel.id, window=window))
        up, told = 0, 1
        while up < 150:
            server.await_("messages", lambda: tunnel.inbox)
            server.rest(pause)
            news, tunnel.inbox[:] = list(tunnel.inbox), []
            most = max(heard.ns - told + 1 for heard in server.heard
                       if heard.type not in ("SCCRQ", "ZLB"))
            lab.check(most <= (window or 4), f"{most} outstanding at a window of {window}")
            server.heard.clear()
            told = tunnel.nr
            for heard in news:
                if heard.type == "ICRQ":
                    tunnel.say(hand.message("ICRP", hand.avp(hand.ASSIGNED_SESSION, hand.u16(heard.ns))),
                               hand.value(heard, hand.ASSIGNED_SESSION))
                up += heard.type == "ICCN"
            tunnel.acknowledge()
        tunnel.quiet = False
        finish(case, node, server)
        server.socket.close()


if __name__ == "__main__":
    lab.run({"plain": plain, "forgetful": forgetful, "challenge": challenge, "other_port": other_port,
             "information": information, "windows": windows})
