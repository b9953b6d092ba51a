#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One node hands over to the other, whatever happens to either end meanwhile, and the words of an operator
and of a cluster manager: what is said comes to pass, or is said not to."""
import os
import pathlib
import signal
import socket
import threading
import time

import lab
import ours
import relay
from nodes import LAC, LNS, PROTOCOL, check_calls, finish_lac, serves, serving, state
import wire


class Command(threading.Thread):
    """A command of l2tphactl under way."""

    def __init__(self, node, *words):
        super().__init__(daemon=True)
        self.node, self.words, self.result, self.took = node, words, None, 0.0
        self.begin = time.monotonic()
        self.start()

    def run(self):
        self.result = self.node.tell(*self.words)
        self.took = time.monotonic() - self.begin

    def outcome(self, seconds=10):
        self.join(seconds)
        lab.check(self.result is not None, f"{self.words} is not answered within {seconds} s")
        return self.result


def settle(pair):
    """The pair after a switchover: who serves is the active. Both are there and in sync."""
    def one():
        found = serving(*pair.nodes.values())
        lab.check(len(found) < 2, "two nodes serve")
        return found
    pair.active = lab.wait_for("one node serves", one, 8)[0]
    lab.check(len(serving(*pair.nodes.values())) == 1, "not exactly one node serves")
    other = {"a": "b", "b": "a"}[pair.name_of(pair.active)]
    pair.standby = pair.nodes[other]
    if pair.standby.child.poll() is not None:
        pair.standby = pair.start(other, "standby")
    pair.await_sync()


def check_outcome(pair, order, was):
    """What the command says is what came to pass: it fails when the node serves on."""
    status, words = order.outcome()
    settle(pair)
    switched = pair.active is not was
    lab.check((status == 0) == switched, f"{order.words}: status {status}, {words!r}; switched: {switched}")
    return f"{'switched' if switched else 'served on'} after {order.took * 1000:.0f} ms: {words}"


def stop_then_order(pair, word, offset):
    """The standby is stopped so many seconds after the command, or before it, for a second."""
    was = pair.active
    if offset < 0:
        pair.standby.kill(signal.SIGSTOP)
        time.sleep(-offset)
    order = Command(was, word)
    if offset >= 0:
        time.sleep(offset)
        pair.standby.kill(signal.SIGSTOP)
    stopped = pair.standby
    time.sleep(1)
    stopped.kill(signal.SIGCONT)
    return check_outcome(pair, order, was)


def stalled(case):
    """A planned switchover whose standby is stopped at a bad moment: nothing is lost, one node serves,
    and the command says which."""
    pair = ours.Pair(case, *LNS)
    lac = ours.Node(case, *LAC, "--tunnels", 2, "--sessions", 20, "--rate", 20, "--data-rate", 5)
    for offset in (-0.02, -0.002, 0.0, 0.001, 0.002, 0.003, 0.004, 0.006):
        said = stop_then_order(pair, "standby" if offset > 0.002 else "switchover", offset)
        lab.say(f"stopped at {offset * 1000:+.0f} ms: {said}")
    lac.await_line("^all up")
    check_calls(lac, 40)
    lab.wait_for("the active has all calls", lambda: len(pair.active.sessions()) == 40)
    finish_lac(lac)
    pair.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def stop_for(node, seconds):
    node.kill(signal.SIGSTOP)
    threading.Timer(seconds, node.kill, (signal.SIGCONT,)).start()


def kill_and_wait(node):
    node.kill()
    node.child.wait()


# Frame, who is disturbed, how, and whether the other serves in the end.
MOMENTS = (
    (relay.OFFER, "standby", kill_and_wait, False),
    (relay.OFFER, "standby", lambda node: stop_for(node, 0.5), True),
    (relay.OFFER, "standby", lambda node: stop_for(node, 1.5), False),
    (relay.ACCEPT, "standby", kill_and_wait, False),
    (relay.ACCEPT, "standby", lambda node: stop_for(node, 1.5), True),
    (relay.ACCEPT, "active", lambda node: stop_for(node, 0.5), True),
    (relay.GO, "standby", kill_and_wait, False),
    (relay.GO, "standby", lambda node: stop_for(node, 1.5), True),
    (relay.GO, "active", lambda node: stop_for(node, 1.5), True),
    (relay.GO, "active", kill_and_wait, True),
)


def dying(case):
    """The same at each step of it, also with a standby that dies before it has served, and with the old
    active stopped or dead."""
    pair = ours.Pair(case, *LNS, relayed=True)
    lac = ours.Node(case, *LAC, "--tunnels", 2, "--sessions", 20, "--data-rate", 5)
    lac.await_line("^all up")
    for frame, who, what, switches in MOMENTS:
        was, disturbed = pair.active, getattr(pair, who)
        pair.relays[pair.name_of(was)].before(frame, lambda what=what, node=disturbed: what(node))
        order = Command(was, "switchover")
        if what is kill_and_wait and who == "active":
            lab.check(order.outcome()[0] != 0, "a dead node has answered")
            settle(pair)
            said = "the active died"
        else:
            said = check_outcome(pair, order, was)
        lab.say(f"{who} at frame {frame}: {said}")
        lab.check((pair.active is not was) == switches, "the wrong one serves")
        check_calls(lac, 40)
        lab.wait_for("the active has all calls", lambda: len(pair.active.sessions()) == 40)
    finish_lac(lac)
    pair.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def over_tcp(case):
    """Over tcp nothing tells the old active that the standby died before it served: it is silent, says so,
    and serves again with all it has when the other is met, or the operator says that it may."""
    near, far = ("127.0.0.1", 1702), ("127.0.0.1", 1703)
    between = relay.Relay(far, near)
    options = (*LNS[1:], "--takeover", "manual")
    active = ours.Node(case, LNS[0], "near", *options, "--rank", 1, "--ha-listen", "tcp:%s:%d" % near,
                       "--ha-connect", "tcp:127.0.0.1:1704")
    follow = (case, LNS[0], "far", *options, "--rank", 2, "--role", "standby", "--ha-connect", "tcp:%s:%d" % far)
    lac = ours.Node(case, *LAC, "--sessions", 5, "--data-rate", 5)
    lac.await_line("^all up")
    for again in ("met", "told"):
        standby = ours.Node(*follow)
        standby.await_role("standby", "in-sync")
        between.before(relay.GO, lambda node=standby: kill_and_wait(node))
        status, words = active.tell("switchover")
        lab.check(status == 1 and "silent until the other is met" in words, f"switchover: {status} {words}")
        lab.check(active.redundancy()["reason"].startswith("handed"), f"{active.redundancy()}")
        begin = case.capture.control(lab.OURS)
        time.sleep(0.5)
        lab.check(len(case.capture.control(lab.OURS)) == len(begin), "it speaks before it may")
        expect(active, "standby", 0)  # it serves nobody, and keeps what it has
        if again == "met":
            standby = ours.Node(*follow)
            standby.await_role("standby", "in-sync")
        else:
            expect(active, "takeover", 0)
        active.await_role("active")
        check_calls(lac, 5)
        frames = case.capture.data
        lab.wait_for("data flows", lambda frames=frames: case.capture.data > frames + 20)
        if standby.child.poll() is None:
            standby.finish()
    finish_lac(lac)
    active.finish()
    faults = wire.numbering_faults(case.capture.control(lab.OURS))
    lab.check(not faults, "; ".join(faults[:5]))
    ours.check_programs(case)


class Prober(threading.Thread):
    """Somebody whom an ICMP port unreachable tells that nobody is there."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((address, 1701))
        self.refused, self.sent, self.goes_on = 0, 0, True
        self.start()

    def run(self):
        while self.goes_on:
            try:
                self.socket.send(b"is somebody there?")
            except ConnectionRefusedError:
                self.refused += 1
            self.sent += 1
            time.sleep(0.0005)

    def check(self, when):
        lab.check(self.refused == 0, f"{when}: the port was free {self.refused} times of {self.sent}")


def udp_sockets(node):
    """Those that a process has bound to port 1701, by inode."""
    table = pathlib.Path(f"/proc/{node.child.pid}/net/udp").read_text().splitlines()[1:]
    bound = {line.split()[9] for line in table if line.split()[1].endswith(f":{1701:04X}")}
    links = (os.readlink(link) for link in pathlib.Path(f"/proc/{node.child.pid}/fd").iterdir() if link.is_symlink())
    return sorted(bound & {link[len("socket:["):-1] for link in links if link.startswith("socket:[")})


def port_stays(case):
    """Over tcp the old active keeps its socket until the other serves: no peer is told meanwhile that nobody
    is there, and a switchover that does not come off goes on with the very socket."""
    near, far = ("127.0.0.1", 1702), ("127.0.0.1", 1703)
    between = relay.Relay(far, near)
    options = (*LNS[1:], "--takeover", "manual")
    active = ours.Node(case, LNS[0], "near", *options, "--rank", 1, "--ha-listen", "tcp:%s:%d" % near,
                       "--ha-connect", "tcp:127.0.0.1:1704")
    follow = ("--takeover", "manual", "--rank", 2, "--role", "standby", "--ha-connect", "tcp:%s:%d" % far,
              "--ha-listen", "tcp:127.0.0.1:1704")
    lac = ours.Node(case, *LAC, "--sessions", 5, "--data-rate", 20)
    lac.await_line("^all up")
    prober, sockets = Prober(lab.OURS), udp_sockets(active)
    lab.check(len(sockets) == 1, f"it has the sockets {sockets}")

    def goes_on(when):
        lab.check(serves(active) and udp_sockets(active) == sockets, f"{when}: {state(active)}, another socket")
        frames = case.capture.data
        lab.wait_for("data flows", lambda: case.capture.data > frames + 20)
        check_calls(lac, 5)
        prober.check(when)

    elsewhere = ["192.0.2.77" if word == lab.OURS else word for word in LNS[1:]]
    standby = ours.Node(case, LNS[0], "elsewhere", *elsewhere, *follow)
    standby.await_role("standby", "in-sync")
    expect(active, "switchover", 1, "could not take over")
    goes_on("declined")
    expect(standby, "takeover", 1, "the address of --listen is not here")
    goes_on("refused")
    standby.finish()
    standby = ours.Node(case, LNS[0], "far", *LNS[1:], *follow)
    standby.await_role("standby", "in-sync")
    between.before(relay.GO, lambda: kill_and_wait(standby))
    expect(active, "switchover", 1, "silent until the other is met")
    time.sleep(0.3)
    prober.check("while nobody serves")
    expect(active, "takeover", 0)
    goes_on("dead")
    standby = ours.Node(case, LNS[0], "far", *LNS[1:], *follow)
    standby.await_role("standby", "in-sync")
    expect(active, "switchover", 0)
    lab.check(serving(active, standby) == [standby], "the other does not serve")
    lab.wait_for("the old one lets go", lambda: not udp_sockets(active))
    active.await_role("standby", "in-sync")
    frames = case.capture.data
    lab.wait_for("data flows", lambda: case.capture.data > frames + 20)
    check_calls(lac, 5)
    prober.check("switched")
    prober.goes_on = False
    finish_lac(lac)
    standby.finish()
    active.finish()
    ours.check_programs(case)


def farewells(case):
    """What the last word of the active means: dead, left, gone on alone, alone and then dead."""
    for name, words in (("left", "serves"), ("fenced", "serves"), ("killed", "serves"), ("alone", "waits")):
        pair = ours.Pair(case, *LNS)
        lac = ours.Node(case, LAC[0], f"lac-{name}", *LAC[2:], "--sessions", 3)
        lac.await_line("^all up")
        lab.wait_for("the standby holds them", lambda: pair.standby.redundancy()["sessions"] == 3)
        if name == "left":
            status, said = pair.active.tell("shutdown")
            lab.check(status == 0, f"shutdown: {status} {said}")
            lab.check(pair.active.ended() == 0, "it has not left in good order")
        elif name == "fenced":
            status, said = pair.active.tell("fence")
            lab.check(status == 0, f"fence: {status} {said}")
        elif name == "killed":
            pair.active.kill()
        else:  # goes on alone: a second standby is none of this pair, but a stream that ends is
            pair.standby.kill(signal.SIGSTOP)
            pair.active.await_role("active", "none")
            pair.standby.kill(signal.SIGCONT)
        if words == "serves":
            lab.wait_for("the standby serves", lambda: serves(pair.standby), 2)
            lab.check(name == "left" or len(lac.sessions()) == 3, "calls are lost")
        else:
            lab.stays("one serves", lambda: serving(pair.active, pair.standby) == [pair.active], 1)
            pair.await_sync()
        lab.say(f"{name}: {state(pair.standby)}")
        for node in (lac, *pair.nodes.values()):
            if node.alive():
                node.kill()
                node.ended()
        for name_of in pair.nodes:
            (lab.FILES / f"lns-{name_of}.ha").unlink(missing_ok=True)
    ours.check_programs(case)


def expect(node, words, status, text=""):
    got, said = node.tell(*words.split())
    lab.check(got == status and text in said, f"{node.name}: {words}: {got} {said!r}, not {status} {text!r}")


def outcomes(case):
    """Each word, in each role: what comes of it, and what is answered."""
    pair = ours.Pair(case, *LNS)
    lac = ours.Node(case, *LAC, "--sessions", 3, "--data-rate", 5)
    lac.await_line("^all up")
    pair.await_sync()
    a, b = pair.active, pair.standby
    expect(a, "takeover", 1, "no standby")
    expect(b, "switchover", 1, "redundancy role")
    expect(b, "standby", 0)
    expect(b, "fence", 0)
    lab.check(state(b) == "standby-hot", "a standby was changed by words that are none for it")
    expect(b, "takeover", 0)  # from an active that lives: it yields
    lab.check(serving(a, b) == [b], "not the one that was told to")
    pair.active, pair.standby = b, a
    pair.await_sync()
    expect(b, "standby", 0)
    lab.check(serving(a, b) == [a], "the other does not serve")
    pair.active, pair.standby = a, b
    pair.await_sync()
    b.kill()
    b.ended()
    a.await_role("active", "none")
    expect(a, "switchover", 1, "not in sync")
    expect(a, "standby", 0)
    lab.check(a.redundancy()["reason"].startswith("held"), "it is not held")
    expect(a, "switchover", 1, "held")
    expect(a, "standby", 0)
    begin = case.capture.control(lab.OURS)
    time.sleep(1)
    lab.check(len(case.capture.control(lab.OURS)) == len(begin), "a node that is held has spoken")
    expect(a, "takeover", 0)
    lab.check(serves(a), "it does not serve again")
    expect(a, "standby", 0)
    pair.standby = b = pair.start("b", "standby")  # whoever comes to hold it all is to serve
    lab.wait_for("the other serves", lambda: serving(a, b) == [b], 5)
    pair.active, pair.standby = b, a
    pair.await_sync()
    check_calls(lac, 3)
    expect(b, "fence", 0)
    lab.wait_for("the other serves", lambda: serving(a, b) == [a], 2)
    lab.check(state(b) == "fenced", f"{state(b)} after fence")
    expect(b, "takeover", 1, "no standby")
    expect(b, "switchover", 1)
    expect(b, "fence", 0)
    check_calls(lac, 3)
    expect(b, "standby", 0)
    pair.active, pair.standby = a, b
    pair.await_sync()
    expect(b, "shutdown", 0)
    b.ended(2)
    finish_lac(lac)
    expect(a, "shutdown", 0)
    lab.check(a.ended() == 0, "it has not left in good order")
    cold = ours.Node(case, LNS[0], "cold", *LNS[1:], "--role", "standby", "--ha-connect", f"unix:{lab.FILES}/none")
    expect(cold, "takeover", 0)  # nobody has state: told to, it serves from nothing
    lab.check(serves(cold), "a cold node does not serve")
    expect(cold, "standby", 0)
    cold.kill()
    ours.check_programs(case)


def told(case):
    """What is wrong with a pair is said, once: where the other node is not, how it is configured."""
    path = lab.FILES / "ha"
    lost = ours.Node(case, LNS[0], "lost", *LNS[1:], "--role", "standby", "--ha-connect", "unix:/none/ha")
    lost.await_line("--ha-connect /none/ha: No such file or directory; trying again")
    active = ours.Node(case, LNS[0], "one", *LNS[1:], "--ha-listen", f"unix:{path}", "--secret", "one",
                       "--window", 9)
    other = ours.Node(case, LNS[0], "two", *LNS[1:], *PROTOCOL, "--secret", "two", "--name", "two", "--role",
                      "standby", "--ha-connect", f"unix:{path}")
    for node in (active, other):
        node.await_line("error: the other node is configured otherwise: "
                        "--secret, --name, --window, --failover-resync$")
    other.await_role("standby", "in-sync")
    active.await_role("active", "in-sync")
    lab.check(active.check_upgrade("configuration")["findings"][0]["why"].endswith(
        "--secret, --name, --window, --failover-resync"), "the options are not named")
    time.sleep(1)
    lab.check(lost.count("--ha-connect") == 1, f"told {lost.count('--ha-connect')} times in a second")
    lab.check(active.count("configured otherwise") == 1, "told again")
    for node in (lost, other, active):
        node.finish()
    ours.check_programs(case)


CASES = {case.__name__: case for case in (stalled, dying, over_tcp, port_stays, farewells, outcomes, told)}

if __name__ == "__main__":
    lab.run(CASES)
