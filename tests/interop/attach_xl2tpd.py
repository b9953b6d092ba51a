#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xl2tpd, attached to the library by docs/attach-xl2tpd.md, is killed while peers place calls."""
import os
import random
import signal
import sys
import time

import attached_build
import guide
import lab
import ours
import tshark
from attached import Daemon, Pair
from xl2tpd import PPPD, Xl2tpd

TOOLS = ("cmake", "make", "dpkg-source", "tshark", "xl2tpd")
ECHO = "#!/bin/sh\nstty raw -echo\nexec cat\n"  # in place of pppd: what comes in a call goes back in it
LAC = ("lac", "lac", "--listen", f"{lab.PEER}:1701", "--connect", lab.OURS, "--report", "json",
       "--hello-interval", 2)
SILENT = ("--failover-resync", "silent-failover")
PROTOCOL = ("--failover-resync", "failover-protocol")
SECRET = "a shared secret"
CALLS = 40
CALM = {"hello_ms": 1000, "commit_timeout_ms": 1000}  # a busy machine must not leave its standby behind
BEHIND = {**CALM, "failover": 1, "commit": 1}  # bounded: RFC 4951 is for records that lag
ROUNDS = 4
LATELY = 0.5  # seconds: a call asked for since may be half set up, or in no record yet


def cover_pppd(script=ECHO):
    pppd = lab.FILES / "pppd"
    pppd.write_text(script)
    pppd.chmod(0o755)
    lab.cover("/usr/sbin/pppd", pppd)


def place_calls(case, seed, *options):
    """A LAC that places calls, at 40 a second, with data in each that is to come back."""
    return ours.Node(case, *LAC[:1], f"lac-{seed}", *LAC[2:], "--sessions", CALLS, "--rate", 40,
                     "--data-rate", 10, *options)


def await_messages(case, begin, count):
    lab.wait_for(f"{count} messages", lambda: len(case.capture.messages) >= begin + count)


def await_calls(lac, count, seconds=10.0):
    lab.wait_for(f"{count} calls", lambda: len(lac.sessions()) >= count, seconds)


def await_all_up(case, pair, lac):
    """At both ends: our LAC has a call when it has sent the ICCN. The HELLO is behind all of them."""
    lac.await_sessions(CALLS)
    lab.wait_for("all calls", lambda: len(set(pair.active.calls())) == CALLS)
    ours.await_hellos(case, 1)


def check_report(report, lost_frames=0):
    for what in ("calls_lost", "calls_failed", "tunnels_lost", "calls_redialed", "frames_doubled"):
        lab.check(report[what] == 0, f"{what}: {report[what]}")
    lab.check(report["frames_lost"] <= lost_frames, f"frames_lost: {report['frames_lost']}")
    lab.say(f"{report['calls_up']} calls, {report['frames_sent']} frames, {report['frames_lost']} lost, gaps "
            f"{report['control_gap_ms']} and {report['data_gap_ms']} ms")


def finish(case, anew=False):
    """anew: a recovery by RFC 4951, or from a lagging record, has used numbers once more."""
    if not anew:
        ours.check_wire(case)
    ours.check_programs(case)
    for process in case.processes:
        twice = process.count("already (?:assigned|started)")
        lab.check(not twice, f"{process.name} was to begin PPP where it was")


def check_by_tshark(case):
    """What xl2tpd and the library have made together is decoded without a complaint."""
    file = lab.FILES / "judged.pcap"
    case.capture.write(file)
    found = tshark.complaints(file)
    lab.check(not found, f"tshark complains:\n{found}")


def alone(case):
    """One process, and the channel is the library's: calls come and go as ever."""
    cover_pppd()
    node = Daemon(case, "a", CALM)
    lac = place_calls(case, 1)
    lac.await_sessions(CALLS)
    ours.await_hellos(case, 2)
    node.command(f"h {node.calls()[0]}")
    lab.wait_for("a CDN", lambda: case.capture.control(lab.OURS, "CDN"))
    lac.await_line("^all up", times=2)  # it has dialled again
    lac.kill(signal.SIGTERM)
    lac.ended()
    node.await_line("Connection closed to")
    node.kill(signal.SIGTERM)
    node.ended()
    check_by_tshark(case)
    finish(case)


def off(case):
    """Without a line of configuration about it the same program does without the library."""
    cover_pppd()
    node = Daemon(case, "a", None)
    lac = place_calls(case, 1)
    lac.await_sessions(CALLS)
    lac.finish()
    node.await_line("Connection closed to")
    lab.check(not node.count("ha:"), "the library has been called")
    node.kill(signal.SIGTERM)
    node.ended()
    finish(case)


def kill_asked(case, pair):
    """Kill the active. How many calls were asked for lately."""
    since = time.time() - LATELY
    pair.kill()
    return sum(message.time > since for message in case.capture.control(lab.PEER, "ICRQ"))


def kill_twice(case, pair, seed, lac):
    """While calls are placed, and when the next standby is in sync. How many calls RFC 4951 may end by that."""
    count = random.Random(seed).randrange(1, 3 * CALLS)
    await_messages(case, len(case.capture.messages), count)
    lately = kill_asked(case, pair)
    pair.restart()
    lately += kill_asked(case, pair)
    lac.await_sessions(CALLS, 20)
    pair.restart()
    return lately


def killed(case):
    """Silently, twice in each set-up."""
    cover_pppd()
    pair = Pair(case, CALM)
    for seed in range(1, ROUNDS + 1):
        lac = place_calls(case, seed, *SILENT)
        kill_twice(case, pair, seed, lac)
        lac.finish()
        check_report(lac.report(), lost_frames=CALLS)
    pair.finish()
    finish(case)


def killed_in_crowds(case):
    """Five tunnels with thirty calls each, as fast as they come up; killed when any of them may be half set up."""
    cover_pppd()
    pair = Pair(case, {})
    for seed in range(1, ROUNDS + 1):
        begin = len(case.capture.messages)
        lac = ours.Node(case, *LAC[:1], f"lac-{seed}", *LAC[2:], "--tunnels", 5, "--sessions", 30)
        await_messages(case, begin, random.Random(seed).randrange(1, 300))
        pair.kill()
        pair.restart()
        pair.kill()
        lac.await_sessions(150, 30)
        pair.restart()
        lac.finish()
        check_report(lac.report())
    pair.finish()
    finish(case)


def recovered(case):
    """From records that are behind, by RFC 4951: calls half set up go (Step I), established ones stay."""
    cover_pppd()
    pair = Pair(case, BEHIND)
    lac = place_calls(case, 1, *PROTOCOL)
    await_all_up(case, pair, lac)
    for count in range(1, ROUNDS + 1):
        pair.kill()
        lac.await_line("sessions synchronised", 20, count)
        lac.await_sessions(CALLS)
        pair.restart()
    lac.finish()
    check_report(lac.report(), lost_frames=ROUNDS * CALLS)
    pair.finish()
    check_by_tshark(case)
    finish(case, anew=True)


def recovered_amid(case):
    """Likewise, while calls are placed: what was half set up is dialled again."""
    cover_pppd()
    pair = Pair(case, BEHIND)
    for seed in range(1, ROUNDS + 1):
        lac = place_calls(case, seed, *PROTOCOL, "--redial", 1)
        lately = kill_twice(case, pair, seed, lac)
        lac.kill(signal.SIGTERM)
        lac.ended()
        report = lac.report()
        lab.check(report["tunnels_lost"] == 0, "the tunnel was lost")
        ended = report["calls_lost"] + report["calls_failed"]
        lab.check(ended <= lately, f"lost, of {lately}: {report}")
        lab.say(f"calls ended by the recovery: {ended}, asked for shortly before: {lately}")
    pair.finish()
    finish(case, anew=True)


def peer_recovers(case):
    """It is the remote endpoint: our LAC dies and recovers the tunnel."""
    cover_pppd()
    node = Daemon(case, "a", CALM)
    lac = ours.Pair(case, LAC[0], *LAC[2:], "--sessions", CALLS, "--rate", 40, "--data-rate", 10,
                    *PROTOCOL, "--commit", "bounded")
    lac.active.await_sessions(CALLS)
    for _ in range(ROUNDS):
        lac.kill()
        lac.active.await_resynced()
        lac.active.await_sessions(CALLS)
        counters = lac.active.counters()
        lab.check(counters["recoveries"] == 1 and counters["sessions_desynced"] == 0, f"{counters}")
        lac.restart()
    lab.check(len(node.calls()) == CALLS and not node.count("Connection closed"), "calls were lost")
    lac.finish()
    node.await_line("Connection closed to")
    node.kill(signal.SIGTERM)
    node.ended()
    finish(case, anew=True)


def lagging(case):
    """The standby is some messages behind: the numbers are found again, silently."""
    cover_pppd()
    pair = Pair(case, {**CALM, "failover": 2, "commit": 2}, relayed=True)
    lac = place_calls(case, 1, *SILENT, "--no-failover-capability", "--redial", 1)
    await_calls(lac, CALLS // 2)
    pair.relays[pair.active.name].hold()
    await_messages(case, len(case.capture.messages), 6)
    pair.kill_held()
    lac.await_sessions(CALLS, 60)
    lac.kill(signal.SIGTERM)
    lac.ended()
    lab.check(lac.report()["tunnels_lost"] == 0, "the tunnel was lost")
    lab.say(f"calls lost: {lac.report()['calls_lost']} and {lac.report()['calls_failed']}")
    pair.finish()
    finish(case, anew=True)


def xl2tpd_as_it_is(case):
    """An unchanged xl2tpd is the LAC. What either end hangs up after takeovers ends at both."""
    pair = Pair(case, CALM)
    peer = Xl2tpd(case, "lac")
    peer.call()
    peer.await_calls(1)
    lab.wait_for("the call", lambda: len(pair.active.calls()) == 1)
    ours_of_first = pair.active.calls()[0]
    pair.kill()
    peer.call("second")
    peer.await_calls(2)
    lab.say("a new call, in a new tunnel")
    pair.restart()
    pair.kill()
    peer.hang_up()
    pair.active.await_line("Connection closed to .*serial")
    lab.say("the peer's hang-up has reached a restored call")
    pair.active.command(f"h {ours_of_first}")
    lab.wait_for("a CDN", lambda: case.capture.different(lab.OURS, "CDN") == 1)
    lab.wait_for("the peer's call has ended", lambda: peer.count("Connection closed to .*serial") == 1)
    lab.say("a hang-up of a call restored twice has reached the peer")
    for count, line in enumerate(("first", "second"), 1):
        peer.close(line)
        lab.wait_for("its StopCCN", lambda: pair.active.count("Connection closed to [^,]*, port") == count)
    pair.restart()
    pair.finish()
    ours.check_wire(case)
    peer.check_content(resent=True, loss=False)
    peer.finish()


def secret(case):
    """Tunnel authentication, of a recovery by RFC 4951 as well."""
    cover_pppd()
    pair = Pair(case, BEHIND, secret=SECRET)
    lac = place_calls(case, 1, *PROTOCOL, "--secret", SECRET)
    await_all_up(case, pair, lac)
    for count in (1, 2):
        pair.kill()
        lac.await_line("sessions synchronised", 20, count)
        pair.restart()
    lac.await_sessions(CALLS)
    lac.finish()
    check_report(lac.report(), lost_frames=CALLS)
    pair.finish()
    finish(case, anew=True)


def leaves(case):
    """SIGTERM hands over, again and again: nothing is lost. SIGINT closes the tunnels, and the standby
    has nothing to take over."""
    cover_pppd()
    pair = Pair(case, CALM)
    lac = place_calls(case, 1)
    await_all_up(case, pair, lac)
    for _ in range(ROUNDS):
        pair.active.kill(signal.SIGTERM)
        pair.active.ended()
        pair.await_takeover()
        pair.restart()
    lac.finish()
    check_report(lac.report(), lost_frames=4)  # the first of a call may come before its stand-in is there
    lab.check(pair.active.count("planned switchover") == 1, "it was not handed over")
    lac = place_calls(case, 2)
    lac.await_sessions(CALLS)
    pair.active.kill(signal.SIGINT)
    pair.active.ended()
    lac.await_line("tunnel down")
    pair.standby.await_line("takeover: .* 0 sessions restored")
    lac.kill(signal.SIGTERM)
    pair.active, pair.standby = pair.standby, None
    pair.finish()
    finish(case)


def stopped(case):
    """Either process has no turn for a while, and wakes: it is what it was, or its standby is made anew.
    Data that comes meanwhile fills the socket."""
    cover_pppd()
    pair = Pair(case, CALM)
    lac = place_calls(case, 1)
    for process, seconds in ((pair.standby, 0.3), (pair.active, 0.5), (pair.standby, 2.0), (pair.active, 2.0)):
        process.kill(signal.SIGSTOP)
        lab.stays("the LAC", lac.alive, seconds)
        process.kill(signal.SIGCONT)
        lab.stays("the LAC", lac.alive, 0.5)
    lac.await_sessions(CALLS)
    lab.wait_for("in sync again", pair.is_in_sync)
    pair.kill()
    lac.await_sessions(CALLS)
    lac.finish()
    check_report(lac.report(), lost_frames=50 * CALLS)
    pair.finish()
    finish(case)


def two_boxes(case):
    """Nothing but bytes passes between them. The active stops, and an operator has the other one serve, where
    PPP begins anew in each call. The old one wakes, meets a newer epoch, and follows."""
    cover_pppd()
    pair = Pair(case, CALM, boxes=True)
    lac = place_calls(case, 1)
    await_all_up(case, pair, lac)
    for _ in range(2):
        old = pair.active
        old.kill(signal.SIGSTOP)
        pair.standby.command("f takeover")
        pair.await_takeover()
        lab.wait_for("PPP in each call", lambda: len(set(pair.active.calls())) == CALLS)
        old.kill(signal.SIGCONT)
        pair.standby = old
        lab.wait_for("in sync again", pair.is_in_sync)
    lac.await_sessions(CALLS)
    begin = case.capture.data
    lab.wait_for("data flows", lambda: case.capture.data > begin + 2 * CALLS)
    pair.active.command("f switchover")
    pair.active, pair.standby = pair.standby, pair.active
    lab.wait_for("handed over", pair.is_in_sync)
    lac.finish()
    check_report(lac.report(), lost_frames=100 * CALLS)
    pair.finish()
    finish(case, anew=True)


def hung(case):
    """On one box an active that hangs is ended, where that is wanted."""
    cover_pppd()
    pair = Pair(case, {**CALM, "fence_hung_ms": 500})
    lac = place_calls(case, 1)
    await_calls(lac, CALLS // 2)
    pair.active.kill(signal.SIGSTOP)
    pair.active.ended()
    pair.await_takeover()
    lac.await_sessions(CALLS)
    lac.finish()
    check_report(lac.report(), lost_frames=20 * CALLS)
    pair.finish()
    finish(case)


CASES = {case.__name__: case for case in (
    alone, off, killed, killed_in_crowds, recovered, recovered_amid, peer_recovers, lagging, xl2tpd_as_it_is, secret,
    leaves, stopped, two_boxes, hung)}


def main():
    lab.require(TOOLS, False)
    if lab.INSIDE not in os.environ:  # the network is still there
        build = lab.arguments(CASES).programs.resolve().parent
        try:
            os.environ["L2TPHA_DAEMON"] = str(attached_build.xl2tpd(build))
        except (lab.Failure, guide.Wrong) as failure:
            lab.say(f"FAILED: {failure}")
            sys.exit(1)
    lab.Lab.daemon = os.environ["L2TPHA_DAEMON"]
    lab.run(CASES)


if __name__ == "__main__":
    main()
