#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two nodes of one endpoint, one of which is stopped, hangs, or is told what to do: there is one that
serves, and never two; what is said of the state is true."""
import os
import signal
import socket
import subprocess
import time

import lab
import ours
from nodes import LAC, LNS, PROTOCOL, check_calls, finish_lac, serves, serving, state



def read_by(node):
    """Datagrams that a node has read in its life."""
    return node.counters()["datagrams_in"]


def check_reads_nothing(old, new, lac):
    """Of the common socket, for as long as the peers speak."""
    begin = read_by(old), read_by(new)
    lab.wait_for("the new one reads", lambda: read_by(new) > begin[1] + 20)
    lab.check(read_by(old) in (0, begin[0]), "the old one reads from the common socket")
    lab.check(lac.alive(), "the LAC has left")


def take_over_stopped(pair, seconds):
    """Stop the active; command the takeover; wake it after so many seconds in all."""
    old, new = pair.active, pair.standby
    old.kill(signal.SIGSTOP)
    begin = time.monotonic()
    time.sleep(min(0.15, seconds / 2))
    status, words = new.tell("takeover")
    lab.check(status == 0, f"takeover: {status} {words}")
    took = time.monotonic() - begin
    time.sleep(max(0.0, seconds - took))
    old.kill(signal.SIGCONT)
    pair.active, pair.standby = new, old


def woken(case):
    """An active is stopped, another one takes over by command, the old one wakes: it has stepped down
    before it sends or reads anything."""
    pair = ours.Pair(case, *LNS, "--takeover", "manual")
    lac = ours.Node(case, *LAC, "--tunnels", 2, "--sessions", 20, "--data-rate", 20)
    lac.await_line("^all up")
    for seconds in (0.3, 0.6, 0.9, 1.1, 1.5, 2.5, 6):
        pair.await_sync()
        take_over_stopped(pair, seconds)
        woken_at = time.monotonic()
        lab.check(len(serving(pair.active)) == 1, "the new one does not serve")
        lab.wait_for("the old one has stepped down", lambda: not serves(pair.standby), 1)
        lab.say(f"stopped {seconds} s: stepped down {(time.monotonic() - woken_at) * 1000:.0f} ms after")
        check_reads_nothing(pair.standby, pair.active, lac)
        pair.await_sync()
        check_calls(lac, 40)
    finish_lac(lac)
    pair.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def woken_idle(case):
    """The same without any traffic, and with an old active that has no one to follow: it leaves."""
    pair = ours.Pair(case, *LNS, "--takeover", "manual")
    for seconds in (0.3, 1.1, 2.5):
        pair.await_sync()
        take_over_stopped(pair, seconds)
        lab.wait_for("the old one has stepped down", lambda: not serves(pair.standby), 1)
        lab.check(len(serving(pair.active)) == 1, "the new one does not serve")
    pair.finish()
    path = f"unix:{lab.FILES}/only"
    old = ours.Node(case, *LNS[:1], "only-a", *LNS[1:], "--ha-listen", path)
    new = ours.Node(case, *LNS[:1], "only-b", *LNS[1:], "--role", "standby", "--ha-connect", path)
    new.await_role("standby", "in-sync")
    old.kill(signal.SIGSTOP)
    time.sleep(0.2)
    status, words = new.tell("takeover")
    lab.check(status == 0, f"takeover: {words}")
    time.sleep(1.2)
    old.kill(signal.SIGCONT)
    lab.check(old.ended(2) == 0, "an old active without --ha-connect does not leave in good order")
    lab.check(serves(new), "the new one does not serve")
    new.finish()
    ours.check_programs(case)


def both_stopped(case):
    """Both nodes are stopped, as their machine may be, and wake in either order: nothing has changed."""
    pair = ours.Pair(case, *LNS)
    lac = ours.Node(case, *LAC, "--tunnels", 2, "--sessions", 10, "--data-rate", 20)
    lac.await_line("^all up")
    for first, second in ((pair.active, pair.standby), (pair.standby, pair.active)):
        for seconds, later in ((0.4, 0.0), (1.5, 0.05), (0.4, 1.5)):
            first.kill(signal.SIGSTOP)
            second.kill(signal.SIGSTOP)
            time.sleep(seconds)
            first.kill(signal.SIGCONT)
            time.sleep(later)
            second.kill(signal.SIGCONT)
            pair.await_sync()
            lab.check(serving(*pair.nodes.values()) == [pair.active], "another one serves")
            check_calls(lac, 20)
    finish_lac(lac)
    pair.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def same_path(case):
    """With one path for both, the active is stopped and taken over from, and then killed, or wakes."""
    options = (*LNS[1:], "--role", "auto", "--takeover", "manual", "--ha-listen", f"unix:{lab.FILES}/ha",
               "--ha-connect", f"unix:{lab.FILES}/ha")
    active, standby = (ours.Node(case, LNS[0], name, *options) for name in "ab")
    lac = ours.Node(case, *LAC, "--sessions", 5, "--data-rate", 20)
    lac.await_line("^all up")
    for way in ("killed", "wakes", "killed"):
        standby.await_role("standby", "in-sync")
        active.kill(signal.SIGSTOP)
        time.sleep(1.1)
        status, words = standby.tell("takeover")
        lab.check(status == 0, f"takeover: {words}")
        if way == "killed":
            active.kill()
            active.ended()
            active = ours.Node(case, LNS[0], active.name, *options)
        else:
            active.kill(signal.SIGCONT)
        active, standby = standby, active
        standby.await_role("standby", "in-sync")
        lab.check(serving(active, standby) == [active], "not the new one serves")
        check_calls(lac, 5)
    finish_lac(lac)
    standby.finish()
    active.finish()
    ours.check_programs(case)


def place_more(case, name, port, calls):
    """A LAC of its own, whose tunnel the standby has never heard of."""
    lac = ours.Node(case, "lac", name, "--listen", f"{lab.PEER}:{port}", *LAC[4:], *PROTOCOL,
                    "--tunnels", 1, "--sessions", calls)
    lac.await_line("^all up")
    return lac


def behind(case):
    """The standby is stopped past the gate's timeout, calls come and go, and the active dies. What both
    know lives by RFC 4951, what the dead alone knew is cleared at once, and all is usable."""
    options = (*LNS, *PROTOCOL)
    pair = ours.Pair(case, *options)
    old = ours.Node(case, *LAC, *PROTOCOL, "--sessions", 10, "--rate", 12, "--data-rate", 5)
    lab.wait_for("some calls", lambda: len(old.sessions()) >= 3)
    lab.wait_for("the standby holds a call",
                 lambda: pair.standby.redundancy().get("sessions", 0) >= 3)
    pair.standby.kill(signal.SIGSTOP)
    pair.active.await_role("active", "none")
    lab.check("standby" in pair.active.redundancy()["reason"], "the reason does not name the standby")
    old.await_line("^all up")
    gone = place_more(case, "gone", 1702, 3)
    pair.active.kill()
    pair.active.ended()
    pair.standby.kill(signal.SIGCONT)
    pair.active, pair.standby = pair.standby, None
    pair.active.await_role("active")
    pair.active.await_resynced()
    counters = pair.active.counters()
    lab.check(counters["recoveries"] == 1, f"{counters['recoveries']} recoveries")
    lab.wait_for("both ends agree", lambda: 3 <= len(old.sessions()) < 10 and
                 len(old.sessions()) == len(pair.active.sessions()))
    lab.say(f"{len(old.sessions())} of 10 calls were known to both")
    lab.check(len(old.tunnels()) == 1, "the old tunnel is lost")
    pair.restart()
    begin = case.capture.data
    lab.wait_for("data flows", lambda: case.capture.data > begin + 20)
    more = place_more(case, "more", 1703, 3)
    both = len(old.sessions())
    pair.active.await_sessions(both + 3)
    more.finish()
    old.kill(signal.SIGTERM)
    lab.check(old.ended() == 1, "a LAC that has lost calls says that all went well")
    report = old.report()
    lab.check(report["calls_lost"] == 10 - both and report["tunnels_lost"] == 0, f"{report}")
    gone.kill()
    pair.finish()
    ours.check_programs(case)


def behind_without_protocol(case):
    """The same with peers that do not have RFC 4951: the tunnel that may be wrong is closed, with a word,
    so that the peer can dial again at once; after --fresh nothing is taken over by itself."""
    pair = ours.Pair(case, *LNS, "--no-failover-capability")
    lac = ours.Node(case, *LAC, "--no-failover-capability", "--sessions", 2)
    lac.await_line("^all up")
    pair.await_sync()
    pair.standby.kill(signal.SIGSTOP)
    time.sleep(0.3)
    gone = place_more(case, "gone", 1702, 1)
    pair.active.await_role("active", "none")
    pair.active.kill()
    pair.active.ended()
    pair.standby.kill(signal.SIGCONT)
    pair.standby.await_role("active")
    lab.wait_for("the LAC is told", lambda: not lac.tunnels(), 3)
    lab.check(case.capture.different(lab.OURS, "StopCCN") >= 1, "no StopCCN")
    for node in (gone, lac):
        node.kill()
    pair.standby.finish()
    ours.check_programs(case)


def behind_for_long(case):
    """After --fresh the copy is not used by itself: the operator is told how, and may."""
    pair = ours.Pair(case, *LNS, *PROTOCOL, "--fresh", 500)
    lac = ours.Node(case, *LAC, *PROTOCOL, "--sessions", 2)
    lac.await_line("^all up")
    lab.wait_for("the standby holds them", lambda: pair.standby.redundancy()["sessions"] == 2)
    pair.standby.kill(signal.SIGSTOP)
    gone = place_more(case, "gone", 1702, 1)
    pair.active.await_role("active", "none")
    time.sleep(0.6)
    pair.active.kill()
    pair.active.ended()
    pair.standby.kill(signal.SIGCONT)
    pair.standby.await_line("cannot take over: .*takeover --stale")
    status, words = pair.standby.tell("takeover")
    lab.check(status == 1 and "takeover --stale" in words, f"takeover: {status} {words}")
    lab.check(not serves(pair.standby), "it serves a stale copy without being told to")
    status, words = pair.standby.tell("takeover", "--stale")
    lab.check(status == 0, f"takeover --stale: {status} {words}")
    pair.standby.await_resynced()
    lab.check(len(lac.sessions()) == len(pair.standby.sessions()) == 2, "calls are missing")
    gone.kill()
    lac.finish()
    pair.standby.finish()
    ours.check_programs(case)


def behind_and_restarted(case):
    """Nobody takes the stale copy over, and the active is started again, with nothing: the two are a pair,
    since that is a new epoch."""
    pair = ours.Pair(case, *LNS, "--fresh", 300)
    lac = ours.Node(case, *LAC, "--sessions", 2)
    lac.await_line("^all up")
    lab.wait_for("the standby holds them", lambda: pair.standby.redundancy()["sessions"] == 2)
    pair.standby.kill(signal.SIGSTOP)
    pair.active.await_role("active", "none", 4)
    pair.active.kill()
    pair.active.ended()
    pair.standby.kill(signal.SIGCONT)
    pair.standby.await_role("standby", "cut-off")
    pair.active = pair.start(pair.name_of(pair.active), "active")
    pair.await_sync()
    lac.kill()
    pair.finish()
    ours.check_programs(case)


def hung(case):
    """An active that hangs is told at the standby within a second, once, and all is quiet again after."""
    flag = lab.FILES / "hung"
    pair = ours.Pair(case, *LNS, "--on-hung", f"echo $L2TPHA_ROLE $L2TPHA_CONTROL >> {flag}")
    for count in (1, 2):
        pair.active.kill(signal.SIGSTOP)
        begin = time.monotonic()
        lab.wait_for("the standby says so", lambda: state(pair.standby) == "standby-unheard", 1)
        lab.say(f"told after {(time.monotonic() - begin) * 1000:.0f} ms")
        pair.standby.await_line("^role standby-unheard", 1, count)
        pair.standby.await_line("event: role changed.*|role standby-hot -> standby-unheard", 1, count)
        lab.wait_for("the command has run", lambda: flag.exists() and len(
            flag.read_text().splitlines()) == count, 2)
        lab.check(pair.standby.redundancy()["unheard_ms"] > 100, "not since when")
        time.sleep(1.5)
        lab.check(pair.standby.redundancy()["unheard_ms"] > 1600, "the time stands still")
        lab.check(not serves(pair.standby), "it serves by itself")
        pair.active.kill(signal.SIGCONT)
        pair.await_sync()
        lab.check(pair.standby.redundancy()["unheard_ms"] == 0, "still unheard")
        lines = flag.read_text().splitlines()
        lab.check(lines == [f"standby-unheard {pair.standby.control}"] * count, f"--on-hung: {lines}")
    before = pair.standby.text()
    time.sleep(1)
    lab.check(pair.standby.text() == before, "it is not quiet again")
    pair.finish()
    ours.check_programs(case)


FENCE_MS, ANSWER_S = 200, 0.3


def first_answer(begin, case, mark):
    """When the first datagram of ours left after begin; what the stopped one has sent is before mark."""
    lab.wait_for("an answer", lambda: any(message.source == lab.OURS
                                          for message in case.capture.messages[mark:]), 5)
    return next(message.time for message in case.capture.messages[mark:]
                if message.source == lab.OURS) - begin


def fence_hung(case):
    """With --fence-hung 200 an active that is stopped is ended, and its peers are answered within 300 ms."""
    pair = ours.Pair(case, *LNS, "--fence-hung", FENCE_MS)
    lac = ours.Node(case, *LAC, "--sessions", 20, "--data-rate", 50)
    lac.await_line("^all up")
    times = []
    for _ in range(6):
        pair.await_sync()
        time.sleep(0.3)
        hangs, mark = pair.active, len(case.capture.messages)
        hangs.kill(signal.SIGSTOP)
        begin = time.time()
        times.append(first_answer(begin, case, mark) * 1000)
        lab.check(hangs.ended(1) == -signal.SIGKILL, "it was not ended")
        pair.active, pair.standby = pair.standby, None
        check_calls(lac, 20)
        pair.restart()
    lab.say("first answer after " + ", ".join(f"{ms:.0f}" for ms in times) + " ms")
    lab.check(min(times) > FENCE_MS - 60, f"ended too early: {min(times):.0f} ms")
    lab.check(sorted(times)[len(times) // 2] <= ANSWER_S * 1000, f"{times}")
    pair.active.kill(signal.SIGSTOP)  # for less than that: not ended
    time.sleep(0.08)
    pair.active.kill(signal.SIGCONT)
    pair.standby.kill(signal.SIGSTOP)  # who was away itself has not heard, and ends nobody
    time.sleep(0.8)
    pair.standby.kill(signal.SIGCONT)
    time.sleep(0.5)
    lab.check(pair.active.alive(), "an active that lives was ended")
    finish_lac(lac)
    pair.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def give_stream(path, ready, stay):
    """A child that listens at path for a standby, hands it a socket, and stays: what is named by the socket
    is this process, which leaves when it is told to."""
    parent_end, child_end = socket.socketpair()
    listener = os.fork()
    if listener:
        child_end.close()
        return listener, parent_end
    parent_end.close()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    keeper = os.fork()
    if keeper:
        child_end.recv(1)
        os._exit(0)
    child_end.send(ready)
    stream, _ = server.accept()
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind((lab.OURS, 1701))
    farewell = os.pipe()
    time.sleep(stay)
    socket.send_fds(stream, [b"\1"], [port.fileno(), farewell[0]])
    hello = stream.recv(1 << 12)  # a standby's: turned into that of an active
    stream.sendall(hello[:25] + b"\1" + hello[26:])
    time.sleep(60)
    os._exit(0)


def reuse(number):
    """A process that has this number, which nobody has now."""
    for _ in range(100):
        try:
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
                last.write(str(number - 1))
        except OSError as error:
            lab.skip(f"numbers of processes cannot be chosen here: {error}")
        innocent = subprocess.Popen(["sleep", "60"])
        if innocent.pid == number:
            return innocent
        innocent.kill()
        innocent.wait()
    raise lab.Failure(f"no process gets the number {number}")


def fence_other(case):
    """Only the process that has made the stream is ever ended: not the one that has its number now, and
    not another user's."""
    options = (*LNS[1:], "--role", "standby", "--fence-hung", FENCE_MS)
    path = lab.FILES / "reused.ha"
    listener, orders = give_stream(path, b"1", 1.0)
    orders.recv(1)
    standby = ours.Node(case, LNS[0], "reused", *options, "--ha-connect", f"unix:{path}")
    time.sleep(0.3)  # connected by now; the stream says nothing yet
    orders.send(b"1")
    os.waitpid(listener, 0)
    innocent = reuse(listener)
    standby.await_line("the active hangs, and cannot be ended: its process is (not known|gone)", 5)
    lab.stays("the innocent lives", lambda: innocent.poll() is None, 0.3)
    innocent.kill()
    standby.finish()
    path.unlink()
    active = ours.Node(case, LNS[0], "root", *LNS[1:], "--listen", lab.PEER, "--ha-listen", f"unix:{path}")
    path.chmod(0o666)
    nobody = lab.FILES / "nobody"
    nobody.mkdir()
    nobody.chmod(0o777)
    other = case.start("nobody", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                       case.programs / "l2tpha-lns", *options, "--listen", lab.PEER, "--ha-connect",
                       f"unix:{path}", "--control", nobody / "control")
    other.await_line("^role standby-hot")
    active.kill(signal.SIGSTOP)
    other.await_line("the active hangs, and cannot be ended: its process is not known, or another user's", 3)
    active.kill(signal.SIGCONT)
    lab.stays("the other user's process lives", active.alive, 0.3)
    other.kill()
    active.finish()
    ours.check_programs(case)


CASES = {case.__name__: case for case in (woken, woken_idle, both_stopped, same_path, behind,
                                          behind_without_protocol, behind_for_long, behind_and_restarted,
                                          hung, fence_hung, fence_other)}

if __name__ == "__main__":
    lab.run(CASES)
