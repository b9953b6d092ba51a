#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our LAC and an LNS that goes and comes back: what is lost is dialled again, and is counted."""
import signal
import time

import hand
import lab
import ours

LAC = ("lac", "--listen", lab.PEER, "--connect", lab.OURS, "--report", "json")
QUICK = ("--redial", 1, "--hello-interval", 1, "--retries", 1)
LATEST = 4.0  # seconds until a LAC with --redial 1 has dialled again at the latest, the first time


def start(case, *options):
    return ours.Node(case, *LAC[:1], "lac", *LAC[1:], *options)


def end(lac, **expected):
    """It leaves, and its report says this."""
    status, report = lac.ended(), lac.report()
    for what, count in expected.items():
        lab.check(report[what] == count, f"{what}: {report[what]}, not {count}")
    lost = report["tunnels_lost"] + report["calls_lost"] + report["calls_failed"]
    lab.check(status == (lost > 0), f"status {status} with {report}")


def leave(lac, server, **expected):
    """It is told to, and the server says that it knows."""
    lac.kill(signal.SIGTERM)
    for tunnel in list(server.tunnels.values()):
        tunnel.await_message("StopCCN")
    end(lac, **expected)


def died(case):
    """The LNS is restarted without a word and without its state. All calls are placed again."""
    server = hand.Server()
    lac = start(case, *QUICK, "--tunnels", 2, "--sessions", 3)
    for _ in range(2):
        server.accept(calls=3)
    lac.await_line("^all up")
    server.die()
    for _ in range(2):
        server.accept(15, calls=3)
    lac.await_line("^all up", times=2)
    leave(lac, server, tunnels=2, tunnels_lost=2, redials=2, calls_asked=12, calls_up=12,
          calls_lost=6, calls_redialed=6, calls_failed=0)
    ours.check_programs(case)


def closed(case):
    """StopCCN with every result code, of an established tunnel and in its set-up."""
    server = hand.Server()
    lac = start(case, *QUICK)
    for code in range(1, 8):
        tunnel = server.accept(LATEST, calls=1)
        tunnel.close(code, 4 if code == 2 else None)
    tunnel = server.make(server.await_request(LATEST))
    lac.kill(signal.SIGSTOP)  # it reads both at once: a tunnel that is up, and over
    tunnel.say(hand.setup("SCCRP", tunnel.id))
    tunnel.stop(1)
    lac.kill(signal.SIGCONT)
    tunnel.await_acknowledged()
    del server.tunnels[tunnel.id]
    server.accept(LATEST, calls=1)
    lac.await_line("^all up", times=8)
    leave(lac, server, tunnels=1, redials=8, calls_lost=7, calls_redialed=7, calls_up=8)
    ours.check_programs(case)


def refused(case):
    """It has no resources for a while, and says so from wherever it likes; the pauses grow."""
    server, other = hand.Server(), hand.Server(port=20000)
    lac = start(case, *QUICK)
    pauses, before = [], time.monotonic()
    for source in (server, other, server):
        server.refuse(2, 4, seconds=8, source=source)
        pauses.append(time.monotonic() - before)
        before = time.monotonic()
    server.accept(10, calls=1)
    pauses.append(time.monotonic() - before)
    for pause, least in zip(pauses, (0, 1, 2, 4)):
        lab.check(least - 0.1 <= pause < 1.5 * least + 1, f"pauses {pauses}")
    lab.check(lac.count("no answer") == 0, "it was answered")
    leave(lac, server, tunnels_lost=1, redials=3, calls_up=1, calls_lost=0)
    ours.check_programs(case)


def absent(case):
    """Nobody is there: the LAC says so, ever more rarely, and why; then somebody is."""
    lac = start(case, *QUICK)
    lac.await_line(f"^no answer from {lab.OURS}:1701 for 3 s: Connection refused", 5)
    lac.await_line("^no answer from .* for 6 s: Connection refused", 5)
    lab.check(lac.count("^no answer") == 2, "said too often")
    server = hand.Server()
    server.accept(12, calls=1)
    lac.await_line("^all up")
    before = lac.count("^no answer")
    server.rest(4)
    lab.check(lac.count("^no answer") == before, "it is answered now")
    leave(lac, server, tunnels=1, tunnels_lost=1, calls_up=1)
    server.die()
    deaf = start(case, "--retries", 1, "--redial", 0)  # asks somebody who is there and is silent
    deaf.await_line("^no answer from [0-9.:]+ for 3 s$")
    deaf.await_line("^no tunnel is left")
    end(deaf, tunnels=1, tunnels_lost=1, redials=0)
    ours.check_programs(case)


def deaf(case):
    """The LNS acknowledges nothing any more, and its frames still come: it is told, behind all that it
    was sent. What it reads when it wakes up ends its tunnel."""
    server = hand.Server()
    lac = start(case, *QUICK, "--sessions", 2, "--rate", 1)
    tunnel = server.accept(calls=1)
    frame = b"\0\2" + hand.u16(tunnel.peer_id) + hand.u16(tunnel.calls[1]) + b"\xff\3"
    until = time.monotonic() + 10
    while not case.capture.control(lab.PEER, "StopCCN"):
        lab.check(time.monotonic() < until, "the LNS is not told")
        server.socket.sendto(frame, tunnel.address)
        time.sleep(0.1)
    stopccn = tunnel.await_message("StopCCN")
    lab.check(stopccn.result() == 2, f"StopCCN {stopccn.result()}")
    server.tunnels.clear()
    server.accept(LATEST, calls=2)
    lac.await_line("^all up")
    leave(lac, server, tunnels=1, tunnels_lost=1, redials=1, calls_up=3)
    ours.check_programs(case)


def waited_for(case):
    """An LNS with RFC 4951 gets the time that it has asked for; the LAC says whom it waits for."""
    server = hand.Server()
    lac = start(case, *QUICK)
    server.accept(calls=1, more=[hand.avp(76, b"\0\3" + (9000).to_bytes(4, "big"), 0)])
    lac.await_line("^all up")
    server.die()
    before = time.monotonic()
    server.await_("it is waited for", lambda: lac.count("peer unresponsive"), 6)
    server.await_("it does not answer", lambda: lac.count("^no answer from .* for 3 s"), 5)
    server.accept(12, calls=1)
    lab.check(time.monotonic() - before > 9, "it was given up too early")
    lac.await_line("^all up", times=2)
    leave(lac, server, redials=1, calls_lost=1, calls_redialed=1)
    ours.check_programs(case)


def parts(case):
    """One tunnel of three, one call, a call refused: what lives on is left alone."""
    server = hand.Server()
    lac = start(case, *QUICK, "--tunnels", 3, "--sessions", 2)
    tunnels = [server.accept(calls=2) for _ in range(3)]
    lac.await_line("^all up")
    tunnels[1].close(6)
    tunnels[1] = server.accept(LATEST, calls=2)
    lac.await_line("^all up", times=2)
    lab.check(not tunnels[0].inbox or tunnels[0].inbox[0].type == "HELLO", "tunnel 1 was touched")
    tunnels[0].end_call(2, 3)
    before = time.monotonic()
    tunnels[0].refuse_call(4, LATEST)
    lab.check(time.monotonic() - before >= 0.9, "the call came back at once")
    tunnels[0].answer_call(LATEST + 2)
    lac.await_line("^all up", times=3)
    lab.check(not server.requests, "a tunnel was dialled for the sake of a call")
    leave(lac, server, tunnels=3, tunnels_lost=1, redials=1, calls_lost=3, calls_failed=1,
          calls_redialed=4, calls_asked=10)
    ours.check_programs(case)


def never(case):
    """Without redialling the LAC leaves, and says what it has lost. Nor does one that leaves."""
    server = hand.Server()
    lac = start(case, "--redial", 0, "--sessions", 2)
    tunnel = server.accept(calls=2)
    tunnel.end_call(1, 3)
    server.rest(2)
    lab.check(not [m for m in tunnel.inbox if m.type == "ICRQ"], "the call was placed again")
    tunnel.close(6)
    lac.await_line("^no tunnel is left")
    end(lac, tunnels=1, tunnels_lost=1, redials=0, calls_lost=2, calls_redialed=0)
    lac = start(case, "--redial", 3)
    server.accept(calls=1).close(6)
    server.rest(0.5)
    lac.kill(signal.SIGTERM)
    lab.check(lac.ended(2.5) == 1, "it has not left with 1")
    server.rest(4)
    lab.check(not server.requests, "it has dialled and left")
    ours.check_programs(case)


def final(case):
    """Without --redial, what an LNS refuses for good is given up; not what it has taken before, nor
    what it will take later."""
    server = hand.Server()
    for code, error in ((2, 8), (2, 3), (4, None), (5, 1)):
        lac = start(case, "--hello-interval", 1, "--retries", 1)
        server.refuse(code, error)
        lac.await_line("^no tunnel is left")
        end(lac, tunnels_lost=1, redials=0)
    lac = start(case, "--sessions", 2)
    before = time.monotonic()
    server.refuse(2, 4)
    tunnel = server.accept(9, calls=1)  # after 5 to 7.5 s
    lab.check(time.monotonic() - before >= 4.9, "dialled at once")
    tunnel.refuse_call(5)
    server.rest(1)
    tunnel.close(4)
    server.accept(9, calls=2)
    lac.await_line("^all up")
    leave(lac, server, tunnels=1, tunnels_lost=2, redials=2, calls_failed=1, calls_lost=1)
    ours.check_programs(case)


def crossed(case):
    """The LNS dials as well. Whose tie breaker is higher gives way, and the calls go to the other
    tunnel; with the same one both begin anew."""
    server = hand.Server()
    lac = start(case, *QUICK, "--tunnels", 2, "--sessions", 2)
    first = server.await_request()
    address = (first.source, first.source_port)
    tunnel = server.dial(address, hand.avp(hand.TIE_BREAKER, bytes(8), 0))
    server.established(tunnel)
    for _ in range(4):
        tunnel.answer_call()
    lac.await_line("^all up: 1 tunnels, 4 calls")
    server.requests.clear()
    server.rest(3)
    lab.check(not server.requests, "what has lost was dialled again")
    tunnel.close(6)
    server.accept(LATEST, calls=4)
    lac.await_line("^all up", times=2)
    leave(lac, server, tunnels=2, tunnels_lost=1, redials=1, calls_up=8, calls_lost=4)
    server.die()
    lac = start(case, *QUICK)
    first = server.await_request()
    same = hand.wire.revealed(first.avps, "")[hand.TIE_BREAKER]
    server.dial((first.source, first.source_port), hand.avp(hand.TIE_BREAKER, same, 0))
    server.tunnels.clear()  # RFC 2661 4.4.3: both are discarded
    server.accept(LATEST, calls=1)
    lac.await_line("^all up")
    leave(lac, server, tunnels=1, tunnels_lost=1, redials=1)
    ours.check_programs(case)


def pair(case):
    """A LAC and its standby: whichever of them has the calls places them again."""
    server = hand.Server()
    both = ours.Pair(case, *LAC, *QUICK[:2], "--hello-interval", 2, "--retries", 2, "--tunnels", 2,
                     "--duration", 600)
    for _ in range(2):
        server.accept(calls=1)
    both.active.await_line("^all up")
    both.await_sync()
    both.kill()
    server.die()  # just when the other one has taken over
    for _ in range(2):
        server.accept(20, calls=1)
    both.active.await_sessions(2)
    both.restart()
    for tunnel in list(server.tunnels.values()):
        tunnel.close(6)
    both.kill()  # what waited to be dialled again is dialled by the other one
    for _ in range(2):
        server.accept(LATEST, calls=1)
    both.active.await_sessions(2)
    leave(both.active, server, tunnels=2, calls_up=2)
    ours.check_programs(case)


def pair_crossed(case):
    """What the LNS has dialled in place of the LAC's own is gone on with by the standby; what it has
    dialled for itself is left to it."""
    server = hand.Server()
    ha = f"unix:{lab.FILES}/lac.ha"
    both = (*LAC[1:], *QUICK, "--tunnels", 2, "--sessions", 2)
    active = ours.Node(case, "lac", "active", *both, "--ha-listen", ha)
    first = server.await_request()
    address = (first.source, first.source_port)
    tunnel = server.dial(address, hand.avp(hand.TIE_BREAKER, bytes(8), 0))
    server.established(tunnel)
    for _ in range(4):
        tunnel.answer_call()
    active.await_line("^all up: 1 tunnels, 4 calls")
    server.requests.clear()
    server.established(server.dial(address))
    standby = ours.Node(case, "lac", "standby", *both, "--role", "standby", "--ha-connect", ha)
    standby.await_role("standby", "in-sync")
    active.kill(signal.SIGKILL)
    server.await_("all up", lambda: standby.count("^all up: 1 tunnels, 4 calls"))
    server.rest(2)
    lab.check(not server.requests, "one tunnel more was dialled")
    lab.check(len(standby.sessions()) == 4, "calls were placed in a tunnel of the LNS's own")
    leave(standby, server, tunnels=2, tunnels_lost=0, redials=0, calls_up=4, calls_lost=0)
    ours.check_programs(case)


def pair_duration(case):
    """The time of a pair runs from its first dialling, in whatever order its nodes start."""
    server = hand.Server()
    options = (*LAC[1:], *QUICK, "--duration", 8, "--data-rate", 5)
    ha = f"unix:{lab.FILES}/lac.ha"
    standby = ours.Node(case, "lac", "standby", *options, "--role", "standby", "--ha-connect", ha)
    time.sleep(4)
    active = ours.Node(case, "lac", "active", *options, "--ha-listen", ha)
    began = time.monotonic()
    server.accept(calls=1)
    standby.await_role("standby", "in-sync")
    server.rest(4)
    active.kill(signal.SIGKILL)
    server.await_("a StopCCN", lambda: any(message.type == "StopCCN"
                                           for tunnel in server.tunnels.values()
                                           for message in tunnel.inbox), 10)
    taken = time.monotonic() - began
    lab.check(7 <= taken <= 10.5, f"left after {taken:.1f} s, not 8")
    end(standby, tunnels=1, tunnels_lost=0, calls_up=1, calls_lost=0)
    ours.check_programs(case)


def stopped(case):
    """A LAC that was stopped for longer than its LNS waits finds its tunnel gone when it wakes."""
    server = hand.Server()
    lac = start(case, *QUICK, "--sessions", 2, "--data-rate", 20, "--rate", 50)
    server.accept(calls=2)
    lac.await_line("^all up")
    lac.kill(signal.SIGSTOP)
    server.die()
    before = case.capture.data
    time.sleep(5)
    lac.kill(signal.SIGCONT)
    server.rest(1)
    lab.check(case.capture.data - before < 60, "a flood of what was not sent meanwhile")
    server.accept(15, calls=2)
    lac.await_line("^all up", times=2)
    leave(lac, server, redials=1, calls_lost=2, calls_redialed=2)
    ours.check_programs(case)


def pair_late(case):
    """The end of a tunnel is told when the standby has it, and that is late: meanwhile it takes no calls, and none
    fail for it."""
    server = hand.Server()
    both = ours.Pair(case, *LAC, *QUICK, "--sessions", 100, "--rate", 20, "--commit-timeout", 2000)
    tunnel = server.accept(calls=2)
    both.standby.kill(signal.SIGSTOP)
    tunnel.stop(1)
    server.rest(0.8)
    both.standby.kill(signal.SIGCONT)
    tunnel.await_acknowledged()
    del server.tunnels[tunnel.id]
    server.accept(LATEST, calls=2)
    lab.check(both.active.count("^[^ ]* error ") == 0, "calls were placed in a tunnel that was over")
    leave(both.active, server, tunnels=1, redials=1, tunnels_lost=1, calls_lost=2)
    ours.check_programs(case)


CASES = {case.__name__: case for case in (died, closed, refused, absent, deaf, waited_for, parts, never,
                                          final, crossed, pair, pair_crossed, pair_duration,
                                          pair_late, stopped)}

if __name__ == "__main__":
    lab.run(CASES)
