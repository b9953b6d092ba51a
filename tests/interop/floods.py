#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Strangers that send as much as they can to the L2TP port: requests that are never completed, messages
that are to be kept, garbage. Meanwhile calls live, honest clients dial, and nodes die."""
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import time

import lab
import ours
from nodes import SILENT
from watching import avp, control, memory

BOUNDED = ("--failover-resync", "failover-protocol", "--commit", "bounded")
LNS = ("lns", "--listen", lab.OURS, "--echo")
TUNNELS, CALLS = 4, 300
LAC = ("lac", "--listen", f"{lab.PEER}:1701", "--connect", lab.OURS, "--report", "json", "--tunnels", TUNNELS,
       "--data-rate", 2, "--redial", 0)
STRANGERS = "10.98.0.0/16"  # addresses that they may use
WINDOW = 126  # messages ahead of their turn that each stranger sends
LONG = 65000  # bytes of the long ones
HALF_OPEN = 4096  # the default limit
TUNNEL_BYTES = 16 << 10  # more than a half-open tunnel takes, its SCCRP included
MEMORY = HALF_OPEN * TUNNEL_BYTES >> 10  # KiB that strangers may have a node take
POOL = 1 << 30  # the default limit of the message pool, of which half is for messages ahead of their turn
IN_TIME = 1.0  # seconds for an honest client, from the start of its program


def sccrq(tunnel):
    return control(0, 0, 0, avp(0, b"\0\1") + avp(2, b"\1\0") + avp(3, b"\0\0\0\3") + avp(7, b"stranger") +
                   avp(9, struct.pack("!H", tunnel)) + avp(10, b"\0\x80"))


def hello(length):
    """A body of about so many bytes, of which all but the type may be ignored."""
    filling = struct.pack("!HHH", 1006, 0, 900) + bytes(1000)
    return avp(0, b"\0\6") + filling * (length // 1006)


def assigned(answer):
    """The id in an SCCRP; 0 if it is none."""
    if answer[12:20] != b"\x80\x08\0\0\0\0\0\2":
        return 0
    at = answer.find(b"\x80\x08\0\0\0\x09", 12)
    return struct.unpack("!H", answer[at + 6:at + 8])[0] if at > 0 else 0


def from_address(address):
    """A socket of a stranger's at that address."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.bind((address, 0))
    end.setblocking(False)
    return end


def answers(end):
    """What has come."""
    while True:
        try:
            yield end.recv(2000)
        except BlockingIOError:
            return


def fill(count, length, messages, completed=False):
    """So many tunnels, half open or completed, from addresses of 250 each; then that many messages ahead
    of their turn, again and again."""
    body = hello(length)
    while True:
        for first in range(0, count, 250):
            end = from_address(f"10.98.1.{1 + first // 250}")
            ids = []
            for tunnel in range(1, min(250, count - first) + 1):
                end.sendto(sccrq(tunnel), (lab.OURS, 1701))
                if tunnel % 25 == 0:
                    time.sleep(0.005)
                    ids += filter(None, map(assigned, answers(end)))
            for tunnel in ids:
                if completed:
                    end.sendto(control(tunnel, 1, 1, avp(0, b"\0\3")), (lab.OURS, 1701))
                for ns in range(2 + completed, 2 + completed + messages):
                    end.sendto(control(tunnel, ns, 1, body), (lab.OURS, 1701))
                time.sleep(0.002)
            end.close()


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def packet(source, port, data):
    """From any address. No UDP checksum: that is allowed with IPv4."""
    udp = struct.pack("!HHHH", port, 1701, 8 + len(data), 0) + data
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, socket.inet_aton(lab.OURS))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp


def ask(rate, network):
    """Requests from changing ports and, with network, addresses, so many a second; none is completed."""
    end = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    begin, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - begin) * rate)
        for number in range(sent, min(due, sent + 100)):
            place = number if network else 0
            source = bytes((10, 98, 2 + (place >> 8) % 250, place & 255)) if network else socket.inet_aton(lab.PEER)
            end.sendto(packet(source, 1024 + number % 60000, sccrq(1 + number % 65535)), (lab.OURS, 0))
        sent = min(due, sent + 100)
        time.sleep(0.001)


class Attack:
    """A process that does this until it is ended."""

    def __init__(self, target, *words):
        self.process = multiprocessing.Process(target=target, args=words, daemon=True)
        self.process.start()

    def end(self):
        lab.check(self.process.is_alive(), "the attack has ended by itself")
        self.process.kill()
        self.process.join()


def begin(case):
    """The capture would have to hold it all."""
    case.capture.close()
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
    subprocess.run(["ip", "route", "add", "local", STRANGERS, "dev", "lo"], check=True)


def start_calls(case, *options):
    """Calls that come up one by one, for as long as the attack lasts."""
    lac = ours.Node(case, *LAC[:1], "lac", *LAC[1:], "--sessions", CALLS, "--rate", 30, *options)
    lab.wait_for("calls are up", lambda: len(lac.sessions()) > 30)
    return lac


def finish_calls(lac, lns):
    """All calls that were asked for are up, none was lost, new ones are answered."""
    up = len(lac.sessions())
    lab.wait_for("calls come up", lambda: len(lac.sessions()) >= min(up + 30, TUNNELS * CALLS))
    lab.check(len(lac.tunnels()) == TUNNELS, f"{len(lac.tunnels())} tunnels are left")
    lac.finish()
    report = lac.report()
    for what in ("calls_lost", "tunnels_lost", "redials", "frames_doubled"):
        lab.check(report[what] == 0, f"{what}: {report[what]}")
    lab.say(f"{report['calls_up']} calls, {report['frames_sent']} frames, {report['frames_lost']} of them lost, "
            f"longest gap {report['data_gap_ms']} ms; {lns.counters()['half_open_ended']} half-open tunnels went")


def dial(case, name, seconds=IN_TIME, address=lab.PEER):
    """An honest client gets in."""
    before = time.monotonic()
    client = ours.Node(case, "lac", name, "--listen", f"{address}:0", "--connect", lab.OURS, "--sessions", 2)
    client.await_line("^all up", 20)
    took = time.monotonic() - before
    lab.check(took <= seconds, f"{name} was in after {took:.2f} s")
    client.finish()
    return took


def dial_some(case, name, count=5):
    times = [dial(case, f"{name}-{number}") for number in range(count)]
    lab.say(f"{name}: clients are in after at most {max(times):.2f} s")


def check_memory(node, before, most=MEMORY):
    grown = memory(node) - before
    lab.say(f"{node.name} takes {grown >> 10} MiB more")
    lab.check(grown < most, f"{grown} KiB more, at most {most}")


def check_felt(node, counters):
    """What the attacks are about has happened so often."""
    now = node.counters()
    lab.say(", ".join(f"{what} {now[what]}" for what in (*counters, "datagrams_in", "datagrams_overflowed")))
    for what, least in counters.items():
        lab.check(now[what] >= least, f"{what}: {now[what]}, at least {least}")


def alone(case, name, attacks, counters, most=MEMORY):
    """One node under each of the attacks."""
    begin(case)
    lns = ours.Node(case, *LNS[:1], "lns", *LNS[1:])
    lac = start_calls(case)
    before = memory(lns)
    for number, words in enumerate(attacks):
        attack = Attack(*words)
        time.sleep(2)
        dial_some(case, f"{name}-{number}")
        time.sleep(1)
        check_memory(lns, before, most)
        attack.end()
    check_felt(lns, counters)
    finish_calls(lac, lns)
    return lns


def finish(case, lns):
    lns.finish()
    ours.check_programs(case)


def pool(case):
    """Half-open tunnels send what is to be kept until its turn comes: nothing is."""
    finish(case, alone(case, "pool", ((fill, 150, LONG, WINDOW), (fill, 4000, 1000, 20)), {"ahead_dropped": 10000}))


def kept(case):
    """Where strangers may complete tunnels, all that they have kept is at most half of the pool."""
    lns = alone(case, "kept", ((fill, 1250, LONG, 10, True),), {"reordered": 5000, "ahead_dropped": 1000},
                MEMORY + (POOL >> 11) * 5 // 4)  # an allocator may round up, a sanitizer's does
    lns.kill()  # it would wait for them to take their StopCCNs
    ours.check_programs(case)


def asked(case):
    """Requests without end: slow ones, from the clients' own address too, and as many as there are ports."""
    finish(case, alone(case, "asked", ((ask, 70, False), (ask, 70, True), (ask, 5000, True)),
                       {"half_open_ended": 3000}))


def await_sync(pair):
    """Also while strangers come and go."""
    begun = time.monotonic()
    pair.await_sync()
    lab.say(f"in sync after {time.monotonic() - begun:.2f} s")


def killed(case):
    """Nodes die, are started again, and switch, in the middle of it all."""
    begin(case)
    pair = ours.Pair(case, *LNS, *SILENT)
    lac = start_calls(case, *SILENT)
    attacks = [Attack(fill, 150, LONG, WINDOW), Attack(ask, 70, False), Attack(ask, 2000, True)]
    time.sleep(2)
    for number in range(2):
        dial_some(case, f"before-{number}", 2)
        pair.kill()
        dial_some(case, f"alone-{number}", 3)
        pair.restart()
        await_sync(pair)
        pair.standby.kill()
        pair.standby.ended()
        dial_some(case, f"left-{number}", 2)
        pair.restart()
        pair.switch()
        dial_some(case, f"switched-{number}", 2)
    check_felt(pair.active, {"datagrams_in": 1000})
    for attack in attacks:
        attack.end()
    finish_calls(lac, pair.active)
    pair.finish()
    ours.check_programs(case)


def recovered(case):
    """RFC 4951 goes on: of a node whose standby was behind, and of a peer that has died."""
    begin(case)
    sides = {"lns": (*LNS, *BOUNDED), "lac": (*LAC, "--sessions", 20, *BOUNDED)}
    pairs = {side: ours.Pair(case, *options) for side, options in sides.items()}
    lns, lac = pairs["lns"], pairs["lac"]
    lac.active.await_sessions(20 * TUNNELS)
    lns.active.await_sessions(20 * TUNNELS)
    attacks = [Attack(fill, 150, LONG, WINDOW), Attack(ask, 70, False), Attack(ask, 2000, True)]
    time.sleep(2)
    for pair in (lns, lac, lns):
        pair.kill()
        node = pair.active
        begun = time.monotonic()
        lab.wait_for("all tunnels are recovered", lambda node=node: node.counters()["recoveries"] == TUNNELS)
        lab.say(f"recovered by {node.name} after {time.monotonic() - begun:.2f} s")
        lab.check(node.counters()["recoveries_failed"] == 0, "a recovery has failed")
        dial_some(case, f"after-{node.name}-{node.pid}", 2)
        lab.check(len(lac.active.sessions()) == 20 * TUNNELS, "calls are missing")
        pair.restart()
    for attack in attacks:
        attack.end()
    for pair in (lac, lns):
        pair.finish()
    report = lac.active.report()
    for what in ("calls_lost", "tunnels_lost", "redials"):
        lab.check(report[what] == 0, f"{what}: {report[what]}")
    ours.check_programs(case)


GARBAGE = 100000


def litter(tunnel):
    """So many datagrams that each make a line: for a tunnel of somebody else's, refused, begun and never
    completed, no L2TP at all."""
    strays = [control(tunnel, 0, 0, b""), control(tunnel, 7, 9, avp(0, b"\0\6"))]
    requests = [avp(0, b"\0\1") + avp(2, b"\2\0"), avp(0, b"\0\1") + avp(7, b"x" * 60) + avp(900, b"")]
    end = from_address("10.98.1.1")
    for number in range(GARBAGE):
        kind = number % 10
        if kind < 7:
            data = strays[kind % 2]
        elif kind == 7:
            data = control(0, 0, 0, requests[number // 10 % 2] + avp(9, struct.pack("!H", 1 + number % 65535)))
        else:
            data = os.urandom(40) if kind == 8 else sccrq(1 + number % 65535)
        end.sendto(data, (lab.OURS, 1701))
        if number % 50 == 0:
            time.sleep(0.002)


def litter_log(case, form):
    """What a log has of it: few lines, and how many more there were."""
    lns = ours.Node(case, "lns", f"lns-{form}", *LNS[1:], "--debug", "all", "--log-format", form)
    lac = ours.Node(case, "lac", f"lac-{form}", *LAC[1:], "--sessions", 200, "--rate", 20)
    lab.wait_for("tunnels are up", lambda: len(lns.tunnels()) == TUNNELS)
    before, begun = lns.text().count("\n"), time.monotonic()
    calls = len(lac.sessions())
    litter(lns.tunnels()[0]["local_id"])
    calls = len(lac.sessions()) - calls
    seconds = time.monotonic() - begun
    least = lns.counters()["log_lines_left_out"]
    time.sleep(1.5)
    lines = lns.text().splitlines()[before:]
    most = lns.counters()["log_lines_left_out"]  # what is half open is asked again
    told = sum(map(int, re.findall(r"(\d+) lines of this kind were left out", "\n".join(lines))))
    strays = sum("from another address dropped" in line for line in lines)
    known = sum("session up" in line for line in lines)
    lab.say(f"{form}: {len(lines)} lines in {seconds:.1f} s, {known} of calls; {told} were left out")
    lab.check(least <= told <= most, f"{told} were told of, and {least} to {most} left out")
    lab.check(told > GARBAGE / 2, f"only {told} were left out")
    lab.check(strays <= 22 * (seconds + 3), f"{strays} lines of one kind")
    lab.check(known >= calls > 0, f"{known} lines about {calls} calls of a tunnel that is up")
    lac.finish()
    lns.finish()


def garbage(case):
    """The log does not grow with what strangers send, and says what it leaves out."""
    begin(case)
    for form in ("text", "json"):
        litter_log(case, form)
    ours.check_programs(case)


CASES = {case.__name__: case for case in (pool, kept, asked, killed, recovered, garbage)}

if __name__ == "__main__":
    lab.run(CASES)
