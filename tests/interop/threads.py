#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many nodes on as many threads behind one port: the process dies, and the calls of all of them live
at the other one."""
import lab
import ours

NODES = 4
LACS, TUNNELS, SESSIONS = 12, 2, 3
IDS = 65535 // NODES
PORT = f"{lab.OURS}:1701"


def run(case, name, *options, nodes=NODES):
    return case.start(name, case.programs / "l2tpha-lns-threads", "--listen", PORT, "--threads", nodes,
                      "--ha", lab.FILES / "ha", "--echo", *options)


def await_all(process, words, seconds=20.0):
    for node in range(NODES):
        process.await_line(rf"^node {node}: {words}", seconds)


def start(case, name):
    process = run(case, name)
    await_all(process, "serves")
    return process


def follow(case, name):
    process = run(case, name, "--standby")
    await_all(process, "standby-hot")
    return process


def dial(case, number):
    """A LAC with a port of its own: which node it meets depends on that."""
    return ours.Node(case, "lac", f"lac-{number}", "--listen", f"{lab.PEER}:{17000 + number}",
                     "--connect", lab.OURS, "--tunnels", TUNNELS, "--sessions", SESSIONS,
                     "--data-rate", 20, "--report", "json", "--failover-resync", "silent-failover")


def nodes_of(lacs):
    """Which nodes have tunnels, by the ids that they have given out."""
    return {min((tunnel["remote_id"] - 1) // IDS, NODES - 1)
            for lac in lacs for tunnel in lac.tunnels()}


def finish(case, lacs):
    for lac in lacs:
        lac.finish()
        report = lac.report()
        for what in ("calls_lost", "calls_failed", "tunnels_lost", "frames_doubled", "frames_reordered"):
            lab.check(report[what] == 0, f"{lac.name}: {what}: {report[what]}")
        lab.check(report["calls_up"] == TUNNELS * SESSIONS, f"{lac.name}: {report['calls_up']} calls")
        lab.check(report["frames_received"] > 0, f"{lac.name} has heard nothing")
    ours.check_wire(case)
    ours.check_programs(case)


def await_frames(lacs):
    """Data goes round on each of the calls, from now on."""
    def counts():
        return [lac.counters()["data_in"] for lac in lacs]
    begin = counts()
    lab.wait_for("data goes on everywhere", lambda: all(
        count >= before + 2 * TUNNELS * SESSIONS for count, before in zip(counts(), begin)))


def killed(case):
    """The active dies amid the set-ups, its successor once all is up: twice nothing ends."""
    active = start(case, "first")
    standby = follow(case, "second")
    begin = len(case.capture.messages)
    lacs = [dial(case, number) for number in range(LACS // 2)]
    lab.wait_for("set-ups", lambda: len(case.capture.messages) >= begin + LACS * TUNNELS)
    active.kill()
    lacs += [dial(case, number) for number in range(LACS // 2, LACS)]
    await_all(standby, "active-solo")
    for lac in lacs:
        lac.await_line("^all up", 20.0)
    lab.check(nodes_of(lacs) == set(range(NODES)), f"not all nodes have tunnels: {nodes_of(lacs)}")
    active, standby = standby, follow(case, "third")
    await_frames(lacs)
    active.kill()
    await_all(standby, "active-solo")
    await_frames(lacs)
    for lac in lacs:
        lac.await_sessions(TUNNELS * SESSIONS)
    finish(case, lacs)


def left(case):
    """An active that is told to leave leaves its tunnels to the standby."""
    active = start(case, "first")
    standby = follow(case, "second")
    lacs = [dial(case, number) for number in range(LACS // 2)]
    for lac in lacs:
        lac.await_line("^all up", 20.0)
    active.kill(15)
    lab.check(active.ended() == 0, "the active has not left in good order")
    await_all(standby, "active-solo")
    await_frames(lacs)
    finish(case, lacs)


def another_range(case):
    """A standby with another number of nodes has other ranges: each node refuses what it cannot
    serve, and the active goes on."""
    active = start(case, "first")
    lacs = [dial(case, number) for number in range(LACS)]
    for lac in lacs:
        lac.await_line("^all up", 20.0)
    standby = run(case, "second", "--standby", nodes=NODES - 1)
    for node in range(NODES - 1):
        standby.await_line(rf"^node {node}: replication link: tunnel ids of another range")
        active.await_line(rf"^node {node}: replication link: tunnel ids of another range")
    await_frames(lacs)
    lab.check(standby.count("standby-hot") == 0, "a standby believes to be in sync")
    standby.kill()
    finish(case, lacs)


def recovered(case):
    """The LAC fails, and recovers its tunnels by RFC 4951 with the node that has them; then the LNS
    fails."""
    active = start(case, "first")
    standby = follow(case, "second")
    pair = ours.Pair(case, "lac", "--listen", f"{lab.PEER}:1701", "--connect", lab.OURS, "--tunnels",
                     LACS, "--sessions", SESSIONS, "--data-rate", 20, "--report", "json",
                     "--failover-resync", "failover-protocol", "--commit", "bounded")
    pair.active.await_line("^all up", 20.0)
    await_frames([pair.active])
    pair.kill()
    pair.active.await_resynced()
    lab.check(pair.active.counters()["recoveries"] == LACS, "not all tunnels were recovered")
    await_frames([pair.active])
    active.kill()
    await_all(standby, "active-solo")
    await_frames([pair.active])
    lab.check(len(pair.active.sessions()) == LACS * SESSIONS, "calls are missing")
    pair.finish()
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")
    ours.check_programs(case)


CASES = {case.__name__: case for case in (killed, left, another_range, recovered)}

if __name__ == "__main__":
    lab.run(CASES)
