#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients as they are in the field, each with the habit it is known for, at our LNS."""
import hashlib
import os
import signal

import hand
import lab
import ours

HERE = (lab.OURS, hand.PORT)
SECRET = b"shared"


def start(case, *options, listen=lab.OURS):
    return ours.Node(case, "lns", "lns", "--listen", listen, "--debug", "event,error", *options)


def dial(client, *more, to=HERE, scccn=()):
    tunnel = client.dial(to, *more)
    client.established(tunnel, *scccn)
    return tunnel


def begin(case, *options):
    """Our LNS, a client, and their tunnel."""
    node = start(case, *options)
    client = hand.Server(lab.PEER)
    return node, client, dial(client)


def finish(case, node, client):
    """The node leaves; the client, which is there, acknowledges that."""
    node.kill(signal.SIGTERM)
    client.await_("the node ends", lambda: not node.alive())
    node.finish()
    ours.check_programs(case)


def refused(tunnel, own_id, *more, serial=None):
    """What the CDN says that answers this call."""
    tunnel.ask_call(own_id, *more, serial=serial)
    reply = tunnel.called(own_id)
    lab.check(reply.type == "CDN", f"call {own_id} is accepted")
    return hand.why(reply)


def bare(case):
    """A phone: window 1, a late acknowledgement, and that with the next message only. It never has two messages of
    ours outstanding."""
    node = start(case)
    client = hand.Server(lab.PEER)
    tunnel = hand.Tunnel(client, 0x0d6a, 0, HERE)
    tunnel.quiet = True
    tunnel.say(hand.setup("SCCRQ", tunnel.id, window=1))
    client.established(tunnel)
    for own_id in (1, 2, 3):
        tunnel.ask_call(own_id)
    client.rest(0.6)
    lab.check(len({reply.ns for reply in client.heard if reply.type == "ICRP"}) == 1, "more than one is outstanding")
    tunnel.quiet = False
    tunnel.acknowledge()
    for own_id in (1, 2, 3):
        tunnel.say(hand.connected(), hand.value(tunnel.called(own_id), hand.ASSIGNED_SESSION))
    node.await_sessions(3)
    client.await_("all is acknowledged", lambda: tunnel.acknowledged == tunnel.ns)
    finish(case, node, client)


def serial(case):
    """A Call Serial Number of two octets costs that call alone, which is told why."""
    node, client, tunnel = begin(case)
    tunnel.place_call(1)
    code, error, words = refused(tunnel, 2, serial=b"\0\7")
    lab.check((code, error) == (2, 2) and "15" in words, f"refused with {code}, {error}, {words}")
    tunnel.place_call(3)
    node.await_sessions(2)
    finish(case, node, client)


def result_codes(case):
    """Result Codes without an error code, swapped, with words made for a terminal: the end is an end."""
    node = start(case)
    client = hand.Server(lab.PEER)
    for code in (b"\0\3", b"\3\0", b"\0\3\0\0", b"\xff\xff\xff\xff\xff\x00\x1b[2J" + b"x" * 900):
        tunnel = dial(client)
        theirs = tunnel.place_call(1)
        tunnel.say(hand.message("CDN", hand.avp(1, code), hand.avp(hand.ASSIGNED_SESSION, b"\0\1")), theirs)
        tunnel.await_acknowledged()
        node.await_sessions(0)
        tunnel.say(hand.message("StopCCN", hand.avp(1, code), hand.avp(hand.ASSIGNED_TUNNEL, hand.u16(tunnel.id))))
        tunnel.await_acknowledged()
        client.rest(0.2)
        lab.check(not [reply for reply in tunnel.inbox if reply.type in ("CDN", "StopCCN")], "a complaint comes back")
    lab.check(node.counters()["bad_avp"] == 0, "what is right counts as malformed")
    lab.check("\x1b" not in node.text(), "an escape is in the log")
    finish(case, node, client)


def early_cdn(case):
    """A call is given up before its answer came: session id 0 in the header, its own in the AVP."""
    node, client, tunnel = begin(case)
    tunnel.quiet = True
    tunnel.ask_call(77)
    tunnel.say(hand.message("CDN", hand.result(1), hand.avp(hand.ASSIGNED_SESSION, hand.u16(77))))
    client.rest(0.3)
    tunnel.quiet = False
    tunnel.acknowledge()
    tunnel.await_acknowledged()
    lab.check(node.ask("show l2tp sessions") == [], "a half-open call is left")
    lab.check(node.redundancy()["sessions"] == 0, "a half-open call is counted")
    tunnel.inbox.clear()
    tunnel.place_call(77)
    node.await_sessions(1)
    finish(case, node, client)


def repeated_setup(case):
    """A router whose SCCCN has again all that its SCCRQ had, mandatory."""
    node = start(case)
    client = hand.Server(lab.PEER)
    tunnel = client.dial(HERE)
    client.established(tunnel, hand.avp(2, b"\1\0"), hand.avp(7, b"router"), hand.avp(8, b"FreeBSD MPD"),
                       hand.avp(3, hand.u32(3)), hand.avp(4, hand.u32(3)),
                       hand.avp(hand.ASSIGNED_TUNNEL, hand.u16(tunnel.id)), hand.avp(10, hand.u16(8)))
    tunnel.place_call(1)
    node.await_sessions(1)
    finish(case, node, client)


def padding(case):
    """What is hidden has any padding, of one block and of many; numbers have it too."""
    node = start(case, "--secret", SECRET.decode())
    client = hand.Server(lab.PEER)
    tunnel = client.dial(HERE, hand.avp(hand.CHALLENGE, os.urandom(16)))
    client.await_("an SCCRP", lambda: tunnel.inbox)
    challenge = hand.octets(tunnel.inbox[0], hand.CHALLENGE)
    client.established(tunnel, hand.avp(hand.CHALLENGE_RESPONSE,
                                        hashlib.md5(b"\3" + SECRET + challenge).digest()))
    for own_id, (size, pad) in enumerate(((0, 0), (16, 0), (16, 1), (5, 27), (16, 200), (60, 61)), 1):
        vector, other = os.urandom(16), os.urandom(5)
        tunnel.say(hand.message(
            "ICRQ", hand.avp(36, vector),
            hand.hidden(hand.ASSIGNED_SESSION, hand.u16(own_id), SECRET, vector, os.urandom(pad)),
            hand.hidden(hand.CALL_SERIAL, hand.u32(pad), SECRET, vector, os.urandom(9)),
            hand.hidden(22, b"0123456789", SECRET, vector, os.urandom(pad))))
        reply = tunnel.called(own_id)
        lab.check(reply.type == "ICRP", f"padding of {pad}: {reply}")
        tunnel.say(hand.connected(hand.avp(36, other),
                                  hand.hidden(33, os.urandom(size), SECRET, other, os.urandom(pad), flags=0),
                                  hand.hidden(29, hand.u16(2), SECRET, other, bytes(pad))),
                   hand.value(reply, hand.ASSIGNED_SESSION))
    node.await_sessions(6)
    finish(case, node, client)


def challenge(case):
    """A client that wants proof of a secret which we have not: told at once, as what it is."""
    node = start(case)
    client = hand.Server(lab.PEER)
    tunnel = client.dial(HERE, hand.avp(hand.CHALLENGE, os.urandom(16)))
    reply = tunnel.await_message("StopCCN", 3)
    lab.check(hand.why(reply)[0] == 4, f"StopCCN {hand.why(reply)}")
    finish(case, node, client)


def hello(case):
    """No HELLO while frames arrive; one, not a stream, after the silence. RFC 2661 6.5."""
    node, client, tunnel = begin(case, "--hello-interval", 2, "--echo")
    theirs = tunnel.place_call(1)
    for _ in range(10):
        client.socket.sendto(hand.frame(tunnel.peer_id, theirs, b"\xff\x03\xc0\x21echo"), HERE)
        client.rest(0.5)
    lab.check(not [heard for heard in client.heard if heard.type == "HELLO"], "a HELLO although data arrives")
    client.rest(3.2)
    lab.check(len({heard.ns for heard in client.heard if heard.type == "HELLO"}) == 1, "not one HELLO after silence")
    finish(case, node, client)


def acknowledgements(case):
    """A ZLB is never answered, whatever its numbers; a message ahead of its turn once at most."""
    node, client, tunnel = begin(case)
    theirs = tunnel.place_call(1)
    client.rest(0.3)
    before = len(client.heard)
    for ahead in (1, 7, -1, -30000, 32767, 0):
        for session in (0, theirs, 9999):
            client.say(HERE, tunnel.peer_id, session, tunnel.ns + ahead, tunnel.nr, b"")
    client.rest(0.5)
    lab.check(len(client.heard) == before, f"a ZLB is answered: {client.heard[before:]}")
    tunnel.quiet = True
    for ahead in (3, 2, 1):
        client.say(HERE, tunnel.peer_id, 0, tunnel.ns + ahead, tunnel.nr, hand.message("HELLO"))
    client.rest(0.3)
    lab.check(len(client.heard) - before <= 3, "more than one answer for each")
    client.say(HERE, tunnel.peer_id, 0, tunnel.ns, tunnel.nr, hand.message("HELLO"))
    client.rest(0.3)
    lab.check(client.heard[-1].nr == tunnel.ns + 4, f"the gap does not close: {client.heard[-1]}")
    tunnel.ns += 4
    tunnel.quiet = False
    finish(case, node, client)


def frames(case):
    """Data headers without Length, with odd Offset Sizes, with numbers, with octets behind; a frame before the ICCN."""
    node, client, tunnel = begin(case, "--echo")
    theirs = tunnel.place_call(1, complete=False)

    def send(data):
        client.frames.clear()
        client.socket.sendto(data, HERE)

    def comes_back(what, data, payload):
        send(data)
        client.await_(f"{what}: the frame comes back", lambda: client.frames, 2)
        lab.check(hand.payload(client.frames[0]) == (tunnel.id, 1, payload), f"{what}: another frame comes back")

    def made(payload, **more):
        return hand.frame(tunnel.peer_id, theirs, payload, **more)

    send(made(b"early"))
    client.rest(0.2)
    lab.check(not client.frames and not tunnel.inbox, "a frame before its time has an effect")
    tunnel.say(hand.connected(), theirs)
    tunnel.await_acknowledged()
    for size in (0, 1, 2, 3, 7, 255, 1000):
        comes_back(f"offset {size}", made(b"payload", offset=os.urandom(size)), b"payload")
    comes_back("no length", made(b"L" * 1400, length=False), b"L" * 1400)
    comes_back("no length, an offset", made(b"M" * 300, length=False, offset=b"abc"), b"M" * 300)
    comes_back("octets behind", made(b"exact") + b"trailing", b"exact")
    for ns in (0, 1, 2, 40, 41):
        comes_back(f"number {ns}", made(b"numbered", numbers=(ns, 65535)), b"numbered")
    comes_back("no number any more", made(b"plain"), b"plain")
    comes_back("long", made(b"B" * 9000), b"B" * 9000)
    tunnel.say(hand.message("HELLO"))
    tunnel.await_acknowledged()
    finish(case, node, client)


def addresses(case):
    """A server bound to all addresses answers from the one that was asked, from the same port."""
    node = start(case, "--echo", listen="0.0.0.0")
    for address in (lab.OURS, "127.0.0.1", "127.8.8.8"):
        client = hand.Server(address, 0)
        tunnel = dial(client, to=(address, hand.PORT))
        client.socket.sendto(hand.frame(tunnel.peer_id, tunnel.place_call(1), b"ping"), (address, hand.PORT))
        client.await_("the frame comes back", lambda: client.frames)
        lab.check({(heard.source, heard.source_port) for heard in client.heard} == {(address, hand.PORT)},
                  f"asked at {address}, answered from elsewhere")
        tunnel.close(1)
    finish(case, node, client)


def moved(case):
    """A NAT gives the client another port. What comes from there neither ends nor disturbs the tunnel (RFC 2661 8.1);
    the client that dials anew is answered although the old tunnel is there, which its HELLO then ends."""
    node = start(case, "--hello-interval", 2, "--retries", 2)
    client, other = hand.Server(lab.PEER, 20000), hand.Server(lab.PEER, 20001)
    tunnel = dial(client)
    theirs = tunnel.place_call(1)
    other.say(HERE, tunnel.peer_id, 0, tunnel.ns, tunnel.nr, hand.message("HELLO"))
    other.socket.sendto(hand.frame(tunnel.peer_id, theirs, b"frame"), HERE)
    other.say(HERE, tunnel.peer_id, theirs, tunnel.ns, tunnel.nr,
              hand.message("CDN", hand.result(1), hand.avp(hand.ASSIGNED_SESSION, b"\0\1")))
    other.say(HERE, 0, 0, 0, 0, hand.message("StopCCN", hand.result(1),
                                             hand.avp(hand.ASSIGNED_TUNNEL, hand.u16(tunnel.id))))
    other.rest(0.3)
    lab.check(not other.heard, f"the other port is answered: {other.heard}")
    lab.check(node.counters()["wrong_peer"] >= 2, "not counted")
    lab.check(len(node.sessions()) == 1, "the call has ended")
    again = dial(other)
    lab.check(again.id == tunnel.id, "not the same id")
    again.place_call(1)
    other.await_("the old tunnel is given up", lambda: len(node.tunnels()) == 1, 25)
    finish(case, node, other)


def ipv6(case):
    """All of it over IPv6, a takeover included."""
    pair = ours.Pair(case, "lns", "--listen", "[::1]:1701", "--echo", "--failover-resync", "silent-failover")
    client, here = hand.Server("::1", 0), ("::1", hand.PORT)
    tunnel = dial(client, to=here)
    theirs = tunnel.place_call(1)
    lab.check("::1" in pair.active.tunnels()[0]["peer_address"], "the address is not shown")
    for _ in range(2):
        client.frames.clear()
        client.socket.sendto(hand.frame(tunnel.peer_id, theirs, b"six"), here)
        client.await_("the frame comes back", lambda: client.frames)
        if pair.standby:
            pair.kill()
    tunnel.place_call(2)
    pair.active.await_sessions(2)
    finish(case, pair.active, client)


def vendors(case):
    """AVPs of vendors with the numbers of ordinary ones: ignored, unless mandatory, which costs that call alone."""
    node = start(case)
    client = hand.Server(lab.PEER)
    line = b"".join(hand.avp(kind, b"eth 1/1/04/22:0.35 " + bytes([kind]) * 9, 0, 3561)
                    for kind in (1, 2, 0, 129, 130, 131))
    tunnel = dial(client, line, hand.avp(1, b"\1" * 1017, 0, 9))
    tunnel.place_call(1, line * 8, hand.avp(77, b"\0\0\0\1", 0, 2636), iccn=[line])
    code, error, words = refused(tunnel, 2, hand.avp(200, b"must", 0x8000, 9))
    lab.check((code, error) == (2, 8) and "200" in words and "9" in words, f"refused with {code}, {error}, {words}")
    tunnel.place_call(3)
    node.await_sessions(2)
    finish(case, node, client)


def repeated_request(case):
    """A client that sees no SCCRP and asks again each second: one tunnel, one SCCRP."""
    node = start(case)
    client = hand.Server(lab.PEER)
    tunnel = hand.Tunnel(client, 1, 0, HERE)
    request = hand.setup("SCCRQ", tunnel.id)
    del client.tunnels[tunnel.id]  # deaf
    for _ in range(5):
        client.say(HERE, 0, 0, 0, 0, request)
        client.rest(1)
    lab.check(len(node.ask("show l2tp tunnels")) == 1, "a tunnel for each copy")
    lab.check(len({reply.avps for reply in client.heard if reply.type == "SCCRP"}) == 1, "more than one SCCRP")
    client.tunnels[tunnel.id] = tunnel
    tunnel.ns = 1
    client.established(tunnel)
    tunnel.place_call(1)
    node.await_sessions(1)
    finish(case, node, client)


def information(case):
    """SLI and WEN at any time, also for calls that are not there or not up yet: acknowledged, and nothing ends."""
    node, client, tunnel = begin(case)
    sli = hand.message("SLI", hand.avp(35, b"\0\0\xff\xff\xff\xff\0\0\0\0"))
    wen = hand.message("WEN", hand.avp(34, bytes(26)))
    theirs = tunnel.place_call(1, complete=False)
    for body, session in ((wen, theirs), (sli, theirs), (wen, 4), (hand.connected(), theirs), (wen, theirs),
                          (sli, theirs)):
        tunnel.say(body, session)
    tunnel.await_acknowledged()
    client.rest(0.2)
    lab.check(not tunnel.inbox, f"something comes back: {tunnel.inbox}")
    lab.check(len(node.sessions()) == 1, "the call has ended")
    finish(case, node, client)


def proxy(case):
    """Proxy LCP and authentication of any kind and length, optional or mandatory; wrong lengths that are optional."""
    node, client, tunnel = begin(case)
    lcp = bytes.fromhex("010405d40305c22305050611223344")
    forms = ((1, b"user@isp", None), (2, b"user@isp", b"c" * 16), (2, b"u" * 255, b"c" * 255), (3, b"", b"c"),
             (4, b"", None), (5, b"user", b"8octets!"), (7, b"eap", b"x" * 900))
    all_forms = [(flags, *form) for flags in (0, 0x8000) for form in forms]
    for own_id, (flags, kind, name, asked) in enumerate(all_forms, 1):
        more = [hand.avp(number, lcp, flags) for number in (26, 27, 28)]
        more += [hand.avp(29, hand.u16(kind), flags), hand.avp(30, name, flags)]
        more += [hand.avp(31, asked, flags)] if asked else []
        more += [hand.avp(32, b"\0\7", flags), hand.avp(33, b"r" * 49, flags), hand.avp(37, b"", flags)]
        tunnel.place_call(own_id, iccn=more)
    tunnel.place_call(100, iccn=[hand.avp(29, b"\0\2", 0), hand.avp(32, b"\7", 0), hand.avp(31, b"", 0)])
    node.await_sessions(15)
    lab.check(not tunnel.inbox, f"something comes back: {tunnel.inbox}")
    finish(case, node, client)


def probes(case):
    """Scanners: nothing but a well-formed SCCRQ is answered, and what is refused draws little."""
    node = start(case, "--secret", "s")
    client = hand.Server(lab.PEER)
    stop = hand.message("StopCCN", hand.avp(hand.ASSIGNED_TUNNEL, b"\0\1"), hand.result(1))
    for data in 3 * [b"", b"\xc8", b"\xc8\x02", b"\x80\x02" + bytes(10), hand.packet(0, 0, 0, 0),
                     *(hand.packet(tunnel, 0, 0, 0, hand.message("HELLO")) for tunnel in (0, 7)),
                     hand.packet(0, 0, 0, 0, hand.message("ICRQ", hand.avp(14, b"\0\1"), hand.avp(15, bytes(4)))),
                     hand.packet(0, 0, 0, 0, hand.message("SCCRP")), hand.packet(9, 0, 5, 5, stop),
                     hand.packet(0, 0, 0, 0, stop), b"\xc8\x03" + bytes(30), b"\1" * 100, b"GET / HTTP/1.0\r\n\r\n",
                     os.urandom(64)]:
        client.socket.sendto(data, HERE)
        client.rest(0.01)
    client.rest(0.5)
    lab.check(not client.heard and not client.frames, f"a scanner is answered: {client.heard}")
    tunnel = client.dial(HERE, hand.avp(hand.CHALLENGE, b""))
    del client.tunnels[tunnel.id]
    client.rest(8)
    lab.check({reply.type for reply in client.heard} <= {"StopCCN"}, f"not refused: {client.heard}")
    asked = len(hand.packet(0, 0, 0, 0, hand.setup("SCCRQ", 1, hand.avp(hand.CHALLENGE, b""))))
    lab.check(sum(12 + len(reply.avps) for reply in client.heard) < 3 * asked, "an amplifier")
    finish(case, node, client)


if __name__ == "__main__":
    lab.run({"bare": bare, "serial": serial, "result_codes": result_codes, "early_cdn": early_cdn,
             "repeated_setup": repeated_setup, "padding": padding, "challenge": challenge, "hello": hello,
             "acknowledgements": acknowledgements, "frames": frames, "addresses": addresses, "moved": moved,
             "ipv6": ipv6, "vendors": vendors, "repeated_request": repeated_request, "information": information,
             "proxy": proxy, "probes": probes})
