#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our endpoints and xl2tpd, which knows nothing of failover: it must not notice any."""
import os
import signal
import time

import lab
import ours
from xl2tpd import Xl2tpd

SLOW = 100.0  # seconds; with datagrams lost, a step takes some retransmissions
SECRET = "a shared secret"
TUNNEL_END = r"Connection (?:\d+ )?closed to [^,]*, port"  # a call has a serial number there
LAGGING = ("--commit", "async")
LNS = ("lns", "--listen", lab.OURS, "--hello-interval", 1, "--retries", 8)
LAC = ("lac", "--listen", f"{lab.OURS}:1701", "--connect", lab.PEER, "--hello-interval", 1, "--retries", 8,
       "--report", "json")


def finish(case, peer, resent=False, loss=False):
    ours.check_wire(case)
    ours.check_programs(case)
    peer.check_content(resent, loss)
    peer.finish()


def check_stopped(case, source):
    """Tunnels were closed by StopCCNs of source, for no other reason than that it wanted to."""
    results = {message.result() for message in case.capture.control(source, "StopCCN")}
    lab.check(results and results <= {1, 6}, f"StopCCN results {results}")


# ---- xl2tpd is the LAC ----

def call_again(case, peer, node, seconds):
    """xl2tpd can place another call besides the one it has, and end it."""
    peer.call("second")
    peer.await_calls(2, seconds)
    node.await_sessions(2, seconds)
    lab.say("another call is up")
    peer.hang_up()
    lab.wait_for("a CDN", lambda: case.capture.control(lab.PEER, "CDN"), seconds)
    node.await_sessions(1, seconds)
    lab.check(len(peer.tunnels()) == 2 and peer.closed() == 0, "xl2tpd has lost a tunnel")


def close_tunnels(case, peer, node, seconds):
    for count, line in enumerate(("first", "second"), 1):
        peer.close(line)
        lab.wait_for(f"xl2tpd closes its {line} tunnel", lambda: peer.closed() == count, seconds)
    lab.wait_for("our LNS has no tunnel", lambda: not node.tunnels(), seconds)
    check_stopped(case, lab.PEER)


def lac(case, secret=None):
    options = ("--secret", secret) if secret else ()
    node = ours.Node(case, *LNS[:1], "lns-a", *LNS[1:], *options)
    peer = Xl2tpd(case, "lac", secret)
    peer.call()
    peer.await_calls(1)
    node.await_sessions(1)
    lab.say("a call is up")
    ours.await_hellos(case, 3)
    call_again(case, peer, node, 10)
    close_tunnels(case, peer, node, 10)
    node.finish()
    finish(case, peer)


def lac_redials(case):
    """It hangs up a call and places the next in the same tunnel. It waits for a ZLB that names the
    call, and says \"already active\" for as long as there is none."""
    node = ours.Node(case, *LNS[:1], "lns-a", *LNS[1:])
    peer = Xl2tpd(case, "lac")
    for count in range(1, 6):
        peer.call()
        peer.await_calls(count)
        node.await_sessions(1)
        peer.hang_up()
        node.await_sessions(0)
        time.sleep(0.2)  # it does not say that it has heard
    lab.say("five calls, one after the other")
    lab.check(len(peer.tunnels()) == 1 and peer.closed() == 0, "xl2tpd has lost its tunnel")
    lab.check(not peer.count("already active"), "xl2tpd does not know that its call has ended")
    peer.close()
    lab.wait_for("our LNS has no tunnel", lambda: not node.tunnels(), 10)
    node.finish()
    finish(case, peer)


def lac_failover(case, loss=False):
    pair = ours.Pair(case, *LNS)
    peer = Xl2tpd(case, "lac")
    if loss:
        case.lose((lab.OURS, lab.PEER))
    peer.call()
    lab.wait_for("an ICRP", lambda: case.capture.control(lab.OURS, "ICRP"), SLOW)
    pair.kill()  # amid the setup of the call
    peer.await_calls(1, SLOW)
    pair.active.await_sessions(1, SLOW)
    lab.say("the call is up")
    pair.restart()
    pair.kill()
    ours.await_hellos(case, 1, SLOW)
    pair.active.await_resynced(SLOW)
    lab.say("xl2tpd has answered HELLO")
    call_again(case, peer, pair.active, SLOW)
    case.lose_nothing()
    ours.await_hellos(case, 1, SLOW)
    close_tunnels(case, peer, pair.active, SLOW)
    pair.finish()
    finish(case, peer, resent=True, loss=loss)


# ---- xl2tpd is the LNS ----

def await_end(case, peer):
    lab.wait_for("xl2tpd has no tunnel", lambda: peer.closed() == 1, SLOW)
    check_stopped(case, lab.OURS)


def lns(case, secret=None):
    options = ("--secret", secret) if secret else ()
    peer = Xl2tpd(case, "lns", secret)
    node = ours.Node(case, *LAC[:1], "lac-a", *LAC[1:], "--sessions", 3, *options)
    node.await_sessions(3)
    peer.await_calls(3)
    lab.say("three calls are up")
    ours.await_hellos(case, 3)
    node.finish()
    await_end(case, peer)
    lab.check(node.report()["calls_up"] == 3, "the report does not know the calls")
    finish(case, peer)


def await_zlb(case, session, seconds=5.0):
    """A ZLB of ours names this call of the peer's."""
    lab.wait_for(f"a ZLB that names call {session}", lambda: any(
        message.session == session for message in case.capture.control(lab.OURS, "ZLB")), seconds)


def lns_redials(case):
    """Calls in one tunnel, one after the other: our LAC hangs up, and xl2tpd does."""
    peer = Xl2tpd(case, "lns")
    lac = case.start("ppp_peer", case.programs / "ppp_peer", lab.OURS, lab.PEER)
    active = ours.pid_of_active(lac)
    for count in range(1, 6):
        peer.await_calls(count)
        lac.await_line("^session up", times=count)
        os.kill(active, signal.SIGUSR1)
    lab.wait_for("our CDNs", lambda: case.capture.different(lab.OURS, "CDN") == 5)
    for count in range(6, 11):
        peer.await_calls(count)
        lac.await_line("^session up", times=count)
        peer.hang_up()
        await_zlb(case, peer.calls()[-1])
    peer.await_calls(11)
    lac.await_line("^session up", times=11)
    lab.say("five calls hung up by either end, and the eleventh is up")
    lab.check(case.capture.different(lab.PEER, "CDN") == 5, "xl2tpd has not hung up five times")
    lab.check(len(peer.tunnels()) == 1 and not peer.count(TUNNEL_END), "xl2tpd has lost its tunnel")
    ours.end_ppp_peer(case, lac, active)
    lab.wait_for("xl2tpd has no tunnel", lambda: peer.count(TUNNEL_END) == 1)
    check_stopped(case, lab.OURS)
    finish(case, peer)


def lns_hangs_up(case):
    """l2tpha-lac places a call again that xl2tpd has hung up, in the same tunnel."""
    peer = Xl2tpd(case, "lns")
    node = ours.Node(case, *LAC[:1], "lac-a", *LAC[1:], "--sessions", 2, "--redial", 1)
    for count in range(2, 6):
        peer.await_calls(count)
        node.await_sessions(2)
        peer.hang_up()
        await_zlb(case, peer.calls()[-1])
    peer.await_calls(6)
    node.await_sessions(2)
    lab.check(len(peer.tunnels()) == 1 and not peer.count(TUNNEL_END), "xl2tpd has lost its tunnel")
    node.kill(signal.SIGTERM)
    node.ended()
    lab.wait_for("xl2tpd has no tunnel", lambda: peer.count(TUNNEL_END) == 1)
    check_stopped(case, lab.OURS)
    lab.check(node.report()["calls_redialed"] == 4, "the report does not know the calls")
    finish(case, peer)


def lns_failover(case, loss=False):
    peer = Xl2tpd(case, "lns")
    pair = ours.Pair(case, *LAC, "--sessions", 6, "--rate", 2)
    if loss:
        case.lose((lab.OURS, lab.PEER))
    peer.await_calls(2, SLOW)
    pair.kill()  # while more calls are to come
    pair.active.await_resynced(SLOW)
    peer.await_calls(4, SLOW)
    lab.say("four calls are up")
    pair.restart()
    pair.kill()
    pair.active.await_resynced(SLOW)
    peer.await_calls(6, SLOW)
    pair.active.await_sessions(6, SLOW)
    lab.say("six calls are up")
    case.lose_nothing()
    ours.await_hellos(case, 1, SLOW)
    lab.check(len(peer.tunnels()) == 1 and peer.closed() == 0, "xl2tpd has lost its tunnel")
    lab.check(case.capture.different(lab.OURS, "ICRQ") == 6, "a call was asked for twice")
    pair.finish()
    await_end(case, peer)
    finish(case, peer, resent=True, loss=loss)


def lns_lagging(case):
    """The standby is some messages behind when our LAC dies: the numbers are found again."""
    peer = Xl2tpd(case, "lns")
    pair = ours.Pair(case, *LAC, "--sessions", 30, "--rate", 20, *LAGGING, relayed=True)
    peer.await_calls(3, SLOW)
    ours.kill_behind(case, pair, 3)
    pair.active.await_resynced(SLOW)
    lab.say("the tunnel is in step again")
    before = peer.count("Call established with")
    peer.await_calls(before + 2, SLOW)
    lab.say("calls come up in it")
    lab.check(len(peer.tunnels()) == 1 and not peer.count(TUNNEL_END), "xl2tpd has lost its tunnel")
    pair.finish()
    lab.wait_for("xl2tpd has no tunnel", lambda: peer.count(TUNNEL_END) == 1, SLOW)
    ours.check_programs(case)


def lac_lagging(case):
    """Likewise our LNS, which has not told that its HELLOs were sent and answered. xl2tpd has a tunnel
    for each of its lines and lets none be used again, so that its next call goes into another."""
    pair = ours.Pair(case, *LNS, *LAGGING, relayed=True)
    peer = Xl2tpd(case, "lac")
    peer.call()
    peer.await_calls(1)
    hello = case.capture.different(lab.OURS, "HELLO")
    lab.wait_for("a HELLO", lambda: case.capture.different(lab.OURS, "HELLO") > hello)
    lab.stays("xl2tpd is well", peer.alive, 0.5)
    ours.kill_behind(case, pair, 1)
    pair.active.await_resynced(SLOW)
    lab.say("the tunnel is in step again")
    ours.await_hellos(case, 2, SLOW)
    call_again(case, peer, pair.active, SLOW)
    peer.command("h " + str(peer.calls()[0]))
    pair.active.await_sessions(0)
    lab.say("its old call ends")
    close_tunnels(case, peer, pair.active, SLOW)
    pair.finish()
    ours.check_programs(case)


CASES = {
    "lac_redials": lac_redials,
    "lac": lac,
    "lac_secret": lambda case: lac(case, SECRET),
    "lac_failover": lac_failover,
    "lac_lagging": lac_lagging,
    "lac_failover_loss": lambda case: lac_failover(case, loss=True),
    "lns": lns,
    "lns_secret": lambda case: lns(case, SECRET),
    "lns_redials": lns_redials,
    "lns_hangs_up": lns_hangs_up,
    "lns_failover": lns_failover,
    "lns_lagging": lns_lagging,
    "lns_failover_loss": lambda case: lns_failover(case, loss=True),
}

if __name__ == "__main__":
    lab.run(CASES, tools=("xl2tpd", "nft"))
