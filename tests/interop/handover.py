#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our own LAC and LNS over real sockets, killed and switched over at bad moments."""
import os
import random
import signal
import socket
import subprocess
import time

import lab
import ours
import wire

SILENT = ("--failover-resync", "silent-failover")
PROTOCOL = ("--failover-resync", "failover-protocol")
# From an exact record every method goes on silently; one that runs behind is what RFC 4951 is for.
BEHIND = (*PROTOCOL, "--commit", "bounded")
LNS = ("lns", "--listen", lab.OURS, "--echo", *SILENT)
LAC = ("lac", "--listen", f"{lab.PEER}:1701", "--connect", lab.OURS, "--report", "json", *SILENT)
TUNNELS, SESSIONS = 3, 30
CALLS = TUNNELS * SESSIONS
LOAD = ("--tunnels", TUNNELS, "--sessions", SESSIONS)
# Two messages to set up each tunnel and each call, from the LAC.
SETUP_MESSAGES = 2 * (TUNNELS + CALLS)
ROUNDS = 6


def kill_amid(case, pair, begin, count):
    """Kill the active as soon as so many control messages have been sent since begin."""
    lab.wait_for(f"{count} messages", lambda: len(case.capture.messages) >= begin + count)
    pair.kill()


def await_agreement(lac, lns, tunnels=TUNNELS):
    """Both ends agree, in each tunnel, on what was sent and processed: neither less nor more."""
    def agree():
        at_lac = sorted((tunnel["local_id"], tunnel["ns"], tunnel["nr"], tunnel["sessions"])
                        for tunnel in lac.tunnels())
        at_lns = sorted((tunnel["remote_id"], tunnel["nr"], tunnel["ns"], tunnel["sessions"])
                        for tunnel in lns.tunnels())
        return at_lac == at_lns and len(at_lac) == tunnels
    lab.wait_for("both ends agree", agree)
    for node in (lac, lns):
        strange = node.counters()["unexpected_message"]
        lab.check(strange == 0, f"{node.name} got {strange} messages that did not fit")


def check_replica(pair):
    """The standby holds as much as the active."""
    def equal():
        active, standby = pair.active.redundancy(), pair.standby.redundancy()
        return all(active[what] == standby[what] for what in ("tunnels", "sessions", "epoch"))
    lab.wait_for("the standby holds what the active holds", equal)


def check_report(report):
    for what in ("calls_lost", "calls_failed", "tunnels_lost", "frames_doubled"):
        lab.check(report[what] == 0, f"{what}: {report[what]}")


def finish(case):
    ours.check_wire(case)
    ours.check_programs(case)


def lns_killed(case):
    """The LNS dies once in each set-up of a fresh LAC."""
    pair = ours.Pair(case, *LNS)
    for seed in range(1, ROUNDS + 1):
        count = random.Random(seed).randrange(1, SETUP_MESSAGES)
        lab.say(f"round {seed}: killed after {count} messages")
        begin = len(case.capture.messages)
        lac = ours.Node(case, *LAC[:1], f"lac-{seed}", *LAC[1:], *LOAD)
        kill_amid(case, pair, begin, count)
        lac.await_line("^all up")
        pair.active.await_sessions(CALLS)
        await_agreement(lac, pair.active)
        pair.restart()
        check_replica(pair)
        lac.finish()
        check_report(lac.report())
    pair.finish()
    finish(case)


def lac_killed(case):
    """The LAC dies in its own set-up; its successor completes it."""
    for seed in range(1, ROUNDS + 1):
        count = random.Random(100 + seed).randrange(1, SETUP_MESSAGES)
        lab.say(f"round {seed}: killed after {count} messages")
        lns = ours.Node(case, *LNS[:1], f"lns-{seed}", *LNS[1:])
        begin = len(case.capture.messages)
        pair = ours.Pair(case, *LAC, *LOAD, "--rate", 150)
        kill_amid(case, pair, begin, count)
        lns.await_sessions(CALLS)
        await_agreement(pair.active, lns)
        pair.restart()
        check_replica(pair)
        pair.finish()
        check_report(pair.active.report())
        lns.finish()
    finish(case)


def switchovers(case):
    """Planned, back and forth, under traffic: not even a data frame is lost."""
    pair = ours.Pair(case, *LNS)
    lac = ours.Node(case, *LAC[:1], "lac", *LAC[1:], *LOAD, "--rate", 60, "--data-rate", 20)
    lac.await_line("^all up")
    for count in range(1, 7):
        begin = case.capture.data
        pair.switch()
        lab.wait_for("data flows", lambda: case.capture.data > begin + CALLS)
        lab.say(f"switchover {count}: {pair.active.name} serves")
    check_replica(pair)
    await_agreement(lac, pair.active)
    lac.finish()
    report = lac.report()
    check_report(report)
    lab.check(report["frames_lost"] == 0, f"{report['frames_lost']} frames were lost")
    lab.say(f"{report['frames_sent']} frames, longest gap {report['data_gap_ms']} ms")
    pair.finish()
    finish(case)


def check_recovered(node, count):
    """So many tunnels were recovered by RFC 4951, and no session was found missing."""
    counters = node.counters()
    for what, wanted in (("recoveries", count), ("recoveries_failed", 0), ("sessions_desynced", 0),
                         ("recoveries_degraded", 0)):
        lab.check(counters[what] == wanted, f"{what}: {counters[what]}, not {wanted}")


def recovery(case, side, end, method=BEHIND, recovered=TUNNELS):
    """One end dies again and again; each time so many tunnels are recovered by RFC 4951."""
    fixed = "lns" if side == "lac" else "lac"
    options = {"lns": LNS, "lac": (*LAC, *LOAD, "--data-rate", 20)}
    if fixed == "lns":
        other = ours.Node(case, *LNS[:1], "other", *LNS[1:])
    pair = ours.Pair(case, *options[side], *method)
    if fixed == "lac":
        other = ours.Node(case, *LAC[:1], "other", *options["lac"][1:])
    lac, lns = (other, pair.active) if fixed == "lac" else (pair.active, other)
    lac.await_line("^all up")
    lns.await_sessions(CALLS)  # what is half set up at one end goes at both
    for _ in range(ROUNDS):
        begin = case.capture.data
        end(pair)
        pair.active.await_resynced()
        check_recovered(pair.active, recovered)
        lac, lns = (other, pair.active) if fixed == "lac" else (pair.active, other)
        await_agreement(lac, lns)
        lab.check(len(lac.sessions()) == len(lns.sessions()) == CALLS, "calls are missing")
        lab.wait_for("data flows", lambda: case.capture.data > begin + CALLS)
        if not pair.standby:
            pair.restart()
        check_replica(pair)
    by_peer = other.counters()["recoveries_by_peer"]
    lab.check(by_peer == ROUNDS * recovered, f"the peer knows of {by_peer} recoveries")
    lac.finish()
    check_report(lac.report())
    pair.finish()
    if fixed == "lns":
        other.finish()
    lab.check(case.capture.missed() == 0, "the capture is not complete")
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")
    ours.check_programs(case)


def lns_recovered(case):
    recovery(case, "lns", ours.Pair.kill)


def lac_recovered(case):
    recovery(case, "lac", ours.Pair.kill)


def lns_switched_by_protocol(case):
    recovery(case, "lns", ours.Pair.switch)


def lns_killed_in_step(case):
    recovery(case, "lns", ours.Pair.kill, PROTOCOL, 0)


def lns_switched_in_step(case):
    recovery(case, "lns", ours.Pair.switch, PROTOCOL, 0)


def standby_killed(case):
    """Without its standby the active goes on, and says that it is alone."""
    pair = ours.Pair(case, *LNS)
    begin = len(case.capture.messages)
    lac = ours.Node(case, *LAC[:1], "lac", *LAC[1:], *LOAD)
    lab.wait_for("messages", lambda: len(case.capture.messages) > begin + SETUP_MESSAGES // 3)
    pair.standby.kill()
    pair.standby.ended()
    lac.await_line("^all up")
    pair.active.await_role("active", "none")
    pair.restart()
    check_replica(pair)
    await_agreement(lac, pair.active)
    lac.finish()
    check_report(lac.report())
    pair.finish()
    finish(case)


def unprotected(case):
    """The judges can say no: an LNS without a standby dies, and the wire shows it."""
    lns = ours.Node(case, *LNS[:1], "lns", *LNS[1:])
    lac = ours.Node(case, *LAC[:1], "lac", *LAC[1:], "--data-rate", 50)
    lac.await_line("^all up")
    lab.check(case.capture.unreachable == 0, "unreachable too early")
    lns.kill()
    lab.wait_for("the wire shows the closed port", lambda: case.capture.unreachable > 0)
    made = {"time": 0.0, "source": lab.OURS, "source_port": 1701, "destination": lab.PEER,
            "tunnel": 1, "session": 0, "type": "HELLO", "avps": b"hello"}
    good = [wire.Control(ns=ns, nr=5, **made) for ns in (0, 1, 1, 2)]
    other = wire.Control(ns=2, nr=5, **{**made, "avps": b"other"})
    later, back = (wire.Control(ns=ns, nr=nr, **made) for ns, nr in ((4, 5), (3, 4)))
    lab.check(not wire.numbering_faults(good), "good numbers were not found good")
    for bad in (other, later, back):
        lab.check(wire.numbering_faults(good + [bad]), f"not found bad: {bad}")


def port_is_free():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((lab.OURS, 1701))
        except OSError:
            return False
    return True


def hand_over(path, words):
    """An active that gives its socket away, says this instead of a copy, and is gone."""
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind((lab.OURS, 1701))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    stream, _ = listener.accept()
    path.unlink()
    farewell = os.pipe()
    socket.send_fds(stream, [b"\1"], [port.fileno(), farewell[0]])
    lab.check(stream.recv(1), "the standby does not speak")
    port.close()
    lab.check(not port_is_free(), "the standby has no socket")
    stream.sendall(words)
    if words:
        lab.wait_for("the standby has enough", lambda: not stream.recv(1 << 16))
    for end in (listener, stream):
        end.close()
    for end in farewell:
        os.close(end)


def died_early(case):
    """The active dies, or speaks nonsense, before the first copy: the port is let go."""
    path = lab.FILES / "active.ha"
    for name, words in (("silence", b""), ("nonsense", bytes(64))):
        standby = ours.Node(case, *LNS[:1], name, "--role", "standby", "--ha-connect",
                            f"unix:{path}", *LNS[1:])
        hand_over(path, words)
        lab.wait_for("the port is free", port_is_free)
        standby.finish()
    ours.check_programs(case)


def taken_over_by_hand(case):
    """A standby with a good copy that waits for an operator keeps the port until then."""
    pair = ours.Pair(case, *LNS, "--takeover", "manual")
    lac = ours.Node(case, *LAC[:1], "lac", *LAC[1:], "--data-rate", 50)
    lac.await_line("^all up")
    check_replica(pair)
    pair.active.kill()
    pair.active.ended()
    pair.standby.await_role("standby", "cut-off")
    begin = case.capture.data
    lab.wait_for("peers speak", lambda: case.capture.data > begin + 20)
    lab.check(pair.standby.ask("takeover") is not None, "the takeover was refused")
    await_agreement(lac, pair.standby, 1)
    lac.finish()
    check_report(lac.report())
    pair.standby.finish()
    finish(case)


def leaving(case):
    """Who leaves stays until the peer knows it, or has been given up, or a second signal comes."""
    lns = ours.Node(case, *LNS[:1], "lns", *LNS[1:])
    short = ("--retries", 1)
    deaf = {}
    for name, options in (("patient", ()), ("short", short), ("hasty", ())):
        deaf[name] = ours.Node(case, *LAC[:1], name, "--listen", f"{lab.PEER}:{1702 + len(deaf)}",
                               *LAC[3:], *options)
        deaf[name].await_line("^all up")
    lns.kill(signal.SIGSTOP)
    for lac in deaf.values():
        lac.kill(signal.SIGTERM)
    status = deaf["short"].ended()
    lab.check(status == 0, f"gave the peer up and ended with {status}")
    lab.stays("two LACs wait", lambda: deaf["patient"].alive() and deaf["hasty"].alive(), 6)
    deaf["hasty"].kill(signal.SIGTERM)
    status = deaf["hasty"].ended(1)
    lab.check(status == 1, f"a second signal ended it with {status}")
    lns.kill(signal.SIGCONT)
    status = deaf["patient"].ended()
    lab.check(status == 0, f"the patient one has ended with {status}")
    lab.check(not lns.tunnels(), "the LNS still has a tunnel")
    lns.finish()
    hammered(case)
    ours.check_programs(case)


def hammered(case):
    """Signals that come while a node leaves, to its very end, do not change how it ends."""
    pair = ours.Pair(case, *LNS)
    until = time.monotonic() + 10
    while pair.standby.alive():
        pair.standby.kill(signal.SIGTERM)
        lab.check(time.monotonic() < until, "the standby does not leave")
    status = pair.standby.ended()
    lab.check(status == 0, f"a standby that was told again and again has ended with {status}")
    pair.active.finish()


# A command line, and what the complaint about it must name.
WRONG = (
    ("l2tpha-lns --no-such-option", "no-such-option"),
    ("l2tpha-lns --listen", "needs a value"),
    ("l2tpha-lns --listen no..where", "--listen: 'no..where': "),
    ("l2tpha-lns --hello-interval x", "--hello-interval"),
    ("l2tpha-lns --window 0", "--window"),
    ("l2tpha-lns --hide-avps", "--secret"),
    ("l2tpha-lns --role standby", "--ha-connect"),
    ("l2tpha-lns --role other", "--role"),
    ("l2tpha-lns --ha-listen file:/x", "--ha-listen"),
    ("l2tpha-lns --role standby --ha-connect tcp:127.0.0.1:5000", "--takeover"),
    ("l2tpha-lns --store /x", "must be file:DIR"),
    ("l2tpha-lns -x", "unknown option -x"),
    ("l2tpha-lns --tunnels 1", "tunnels"),
    ("l2tpha-lns stray", "stray"),
    ("l2tpha-lac", "--connect"),
    ("l2tpha-lac --connect 10.0.0.1 --sessions 65536", "--sessions"),
    ("l2tpha-lac --connect 10.0.0.1 --listen ::1", "IPv4"),
    ("l2tphactl", "a path and a command"),
    ("l2tphactl /run/none bogus", "unknown command"),
    ("l2tphactl /run/none drain", "unknown command 'drain'"),
    ("l2tphactl /run/none show l2tp redundancy id", "unknown command 'show l2tp redundancy id'"),
    ("l2tpha-lac --connect 10.0.0.1:0", "port 0"),
    ("l2tpha-lac --connect 0.0.0.0", "not the address of one host"),
)


def options(case):
    """What is wrong with a command line is said, and nothing is started."""
    for line, word in WRONG:
        program, *words = line.split()
        result = subprocess.run([case.programs / program, *words], check=False,
                                capture_output=True, text=True, timeout=10)
        lab.check(result.returncode == 2, f"{line}: status {result.returncode}")
        lab.check(word in result.stderr, f"{line}: {result.stderr}")
        lab.check(len(result.stderr.splitlines()) == 1 or line == "l2tphactl", f"{line}: {result.stderr}")
    for program in ("l2tpha-lns", "l2tpha-lac", "l2tphactl"):
        for option, word in (("--help", "usage: " + program), ("-h", "usage: " + program),
                             ("--version", program + " "), ("-V", program + " ")):
            result = subprocess.run([case.programs / program, option], check=True,
                                    capture_output=True, text=True, timeout=10)
            lab.check(result.stdout.startswith(word), f"{program} {option}: {result.stdout}")
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind((lab.OURS, 1701))
    (lab.FILES / "file").touch()
    listening, left = (socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2))
    listening.bind(str(lab.FILES / "taken"))
    listening.listen()
    left.bind(str(lab.FILES / "left"))
    left.close()
    for line, word in ((f"l2tpha-lns --listen {lab.OURS}", f"--listen {lab.OURS}:1701: "),
                       ("l2tpha-lns --control /none/a", "--control /none/a: No such file"),
                       ("l2tpha-lac --connect ::1 --pcapng /none/b", "--pcapng /none/b: No such file"),
                       (f"l2tpha-lns --listen {lab.PEER} --ha-listen unix:/none/c",
                        "--ha-listen /none/c: No such file"),
                       (f"l2tpha-lns --control {lab.FILES}", "that is a directory"),
                       (f"l2tpha-lns --control {lab.FILES}/file", "a file is there that is no socket"),
                       (f"l2tpha-lns --control {lab.FILES}/taken", "somebody listens there already"),
                       (f"l2tpha-lac --connect ::1 --pcapng {lab.FILES}", "Is a directory"),
                       (f"l2tphactl {lab.FILES} show version", "that is no socket"),
                       (f"l2tphactl {lab.FILES}/file show version", "that is no socket"),
                       (f"l2tphactl {lab.FILES}/left show version", "nobody listens there"),
                       ("l2tphactl /run/none show l2tp tunnels", "/run/none")):
        program, *words = line.split()
        result = subprocess.run([case.programs / program, *words], check=False,
                                capture_output=True, text=True, timeout=10)
        lab.check(result.returncode == 1 and word in result.stderr,
                  f"{line}: status {result.returncode}: {result.stderr}")
        lab.check(len(result.stderr.splitlines()) == 1, f"{line}: {result.stderr}")


CASES = {case.__name__: case for case in (lns_killed, lac_killed, lns_recovered, lac_recovered,
                                          lns_killed_in_step, lns_switched_in_step,
                                          lns_switched_by_protocol, switchovers, standby_killed,
                                          died_early, taken_over_by_hand,
                                          unprotected, leaving, options)}

if __name__ == "__main__":
    lab.run(CASES)
