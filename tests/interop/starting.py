#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--role auto: one command line for boot, crash and restart of either node. One serves, never two, and
never nobody for long."""
import random
import signal
import subprocess
import time

import lab
import machines
import ours
from nodes import LAC, LNS, Watch, glance, serves

SERVING = ("active-solo", "active-bulk", "active")
LONGEST = 2.0  # seconds without anybody who serves
LOOKING = 4.0  # the same over tcp, where both look for one another first
AT_ONCE = 20
KILLS = 40


class Auto:
    """Two nodes with the same command line, but for what options() adds."""

    def __init__(self, case, options, words=(), inside=lambda name: ()):
        self.case, self.options, self.words, self.inside = case, options, words, inside
        self.nodes, self.begin, self.longest = {}, {}, LONGEST
        self.watch = Watch(*(lab.FILES / f"auto-{name}.control" for name in "ab"))

    def launch(self, name):
        """Without waiting for anything."""
        log = lab.FILES / f"auto-{name}.log"
        self.begin[name] = log.stat().st_size if log.exists() else 0
        self.nodes[name] = self.case.start(f"auto-{name}", *self.inside(name), self.case.programs / "l2tpha-lns", "--control",
                                           lab.FILES / f"auto-{name}.control", *LNS[1:], "--role", "auto",
                                           *self.options(name), *self.words)

    def await_words(self, name, words, seconds=5):
        """Since its start."""
        lab.wait_for(f"{name} says {words!r}", lambda: words in
                     self.nodes[name].log.read_bytes()[self.begin[name]:].decode(), seconds)

    def state(self, name):
        return glance(lab.FILES / f"auto-{name}.control")

    def states(self):
        return {name: self.state(name) for name in "ab"}

    def serving(self):
        return [name for name, now in self.states().items() if now in SERVING]

    def await_pair(self, seconds=8):
        lab.wait_for("one serves, the other is in sync",
                     lambda: sorted(self.states().values()) == ["active", "standby-hot"], seconds)
        self.watch.check(self.longest)

    def kill(self, name, number=signal.SIGKILL):
        self.nodes[name].kill(number)
        return self.nodes[name].ended()

    def end(self):
        for node in self.nodes.values():
            if node.alive():
                node.kill()
                node.ended()


def ctl(case, name, command):
    """Exit status and words."""
    done = subprocess.run((case.programs / "l2tphactl", lab.FILES / f"auto-{name}.control", *command.split()),
                          check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.strip()


def same_path(_name):
    return "--ha-listen", f"unix:{lab.FILES}/ha", "--ha-connect", f"unix:{lab.FILES}/ha"


def own_paths(name):
    other = {"a": "b", "b": "a"}[name]
    return "--ha-listen", f"unix:{lab.FILES}/{name}", "--ha-connect", f"unix:{lab.FILES}/{other}"


def check_starts(auto, rounds):
    winners = []
    for count in range(rounds):
        auto.watch.forget()
        first = "ab"[count % 2]
        auto.launch(first)
        auto.launch({"a": "b", "b": "a"}[first])
        auto.await_pair()
        winners += auto.serving()
        auto.end()
    lab.say(f"{winners.count('a')} times a, {winners.count('b')} times b")
    return winners


def at_once(case):
    """Both are started at the same moment, again and again, with what a crash has left behind."""
    for options in (same_path, own_paths):
        check_starts(Auto(case, options), AT_ONCE)
    ours.check_programs(case)


def crash_and_restart(auto):
    """Each order, crash and restart of either and of both."""
    for first, second in ("ab", "ba"):
        auto.watch.forget()
        auto.launch(first)
        lab.wait_for("it serves alone", lambda first=first: auto.serving() == [first], 4)
        auto.launch(second)
        auto.await_pair()
        yield first, second
        auto.end()


def restarts(case):
    """Over unix: the death of the active is a takeover, and whoever comes back follows."""
    auto = Auto(case, same_path)
    lac = None
    for first, second in crash_and_restart(auto):
        lac = lac or ours.Node(case, *LAC, "--sessions", 5)
        lac.await_line("^all up")
        for _ in range(3):
            auto.kill(first)
            lab.wait_for("the other serves", lambda second=second: auto.serving() == [second], 1)
            auto.launch(first)
            auto.await_pair()
            lab.check(auto.serving() == [second], "a node that comes back has taken the role")
            auto.kill(first)  # the standby
            auto.launch(first)
            auto.await_pair()
            first, second = second, first
        status = auto.kill(first, signal.SIGTERM)
        lab.check(status in (0, 1), f"ended with {status}")
        lab.wait_for("the other serves", lambda second=second: auto.serving() == [second], 2)
    auto.watch.check(auto.longest)
    lac.kill()
    ours.check_programs(case)


def kills(case):
    """Nodes are killed at random moments, also before they have found one another, and come back: with one
    of them alive for a second or two, one serves."""
    chance = random.Random(case.seed)
    auto = Auto(case, same_path)
    auto.launch("a")
    auto.launch("b")
    auto.await_pair()
    for count in range(KILLS):
        victims = chance.choice(("a", "b", "ab"))
        for name in victims:
            auto.kill(name)
        time.sleep(chance.choice((0, 0.001, 0.02, 0.3)))
        for name in victims:
            auto.launch(name)
        time.sleep(chance.choice((0, 0.005, 0.02, 0.05, 0.15, 0.4)))
        if count % 8 == 7:
            auto.await_pair()
    auto.await_pair()
    lab.say(f"nobody has served for {auto.watch.nobody * 1000:.0f} ms at most")
    survivor = auto.serving()[0]
    other = {"a": "b", "b": "a"}[survivor]
    for wait in (0, 0.01, 0.03, 0.1):  # the one that is left had no time to fetch a copy
        auto.kill(other)
        auto.launch(other)
        time.sleep(wait)
        auto.kill(survivor)
        lab.wait_for("the one that is left serves", lambda: auto.serving() == [other], LONGEST)
        auto.launch(survivor)
        auto.await_pair()
        survivor, other = other, survivor
    auto.end()
    ours.check_programs(case)


def stale(case):
    """What is left when the active dies after the other was left behind: with --role auto it serves, from
    what it has; whoever is started follows, and so does a stale copy where there is one that serves."""
    auto = Auto(case, same_path, ("--fresh", 300))
    auto.longest = 4
    auto.launch("a")
    auto.launch("b")
    auto.await_pair()
    lac = ours.Node(case, *LAC, "--sessions", 5)
    lac.await_line("^all up")
    auto.kill(auto.serving()[0])  # so that the epochs of a new start would be old ones
    lab.wait_for("the other serves", auto.serving, 2)
    survivor = auto.serving()[0]
    other = {"a": "b", "b": "a"}[survivor]
    auto.launch(other)
    auto.await_pair()
    auto.nodes[other].kill(signal.SIGSTOP)
    lab.wait_for("it is left behind", lambda: auto.state(survivor) == "active-solo", 4)
    time.sleep(0.5)
    auto.kill(survivor)
    auto.nodes[other].kill(signal.SIGCONT)
    lab.wait_for("the stale one serves", lambda: auto.serving() == [other], 2)
    lab.check(len(lac.sessions()) == 5, "calls are lost")
    auto.launch(survivor)
    auto.await_pair()
    lab.check(auto.serving() == [other], "a node that comes back has taken the role")
    auto.nodes[survivor].kill(signal.SIGSTOP)
    lab.wait_for("it is left behind", lambda: auto.state(other) == "active-solo", 4)
    auto.kill(other)
    auto.launch(other)  # before the stale one wakes, which has the port until then
    time.sleep(1)
    auto.nodes[survivor].kill(signal.SIGCONT)
    auto.await_pair()
    lac.kill()
    auto.end()
    ours.check_programs(case)


def ranked(name):
    mine, other = {"a": (1, 2), "b": (2, 1)}[name]
    return ("--listen", "0.0.0.0", "--rank", mine, "--takeover", "manual", "--ha-insecure",
            "--ha-listen", f"tcp:{machines.address(mine)}:1702",
            "--ha-connect", f"tcp:{machines.address(other)}:1702")


def ranks(case):
    """Over tcp: the rank decides where both have nothing, at the first start only; who may serve without
    being reached, or holds what was served, is left to an operator, who is told."""
    net = machines.Machines({"a": 1, "b": 2, "lac": 3})
    auto = Auto(case, ranked, inside=net.at)
    auto.longest = LOOKING
    lab.check(set(check_starts(auto, 3)) == {"a"}, "the higher rank has taken the role")
    for first, second in crash_and_restart(auto):
        lab.check(auto.serving() == [first], "who comes later has taken the role")
        auto.kill(second)
        auto.launch(second)
        auto.await_pair()
        lab.check(auto.serving() == [first], "a node that comes back has taken the role")
    auto.launch("a")
    auto.launch("b")
    auto.await_pair()
    lac = ours.Node(case, *LAC[:2], "--connect", machines.address(1), "--sessions", 3, inside=net.at("lac"))
    lac.await_line("^all up")
    lab.wait_for("the standby holds the calls", lambda: ctl(case, "b", "show l2tp redundancy")[1].count("3"))
    auto.kill("a")
    auto.launch("a")
    auto.await_words("a", "the other node holds what was served")
    lab.stays("nobody serves by itself", lambda: not auto.serving(), 2)
    status, words = ctl(case, "b", "takeover")
    lab.check(status == 0, f"takeover: {status} {words}")
    auto.watch.forget()
    auto.await_pair()
    lab.check(auto.serving() == ["b"], "not the one that was told to")
    lac.kill()
    net.pull("b")
    auto.kill("a")
    auto.launch("a")
    auto.await_words("a", "cannot be reached, and may serve")
    auto.await_words("a", ": Connection timed out; trying again")
    lab.stays("one serves", lambda: auto.serving() == ["b"], 2)
    net.plug("b")
    auto.await_pair()
    lab.check(auto.serving() == ["b"], "the one that served does not")
    auto.kill("a")
    net.pull("b")
    auto.launch("a")
    auto.await_words("a", "cannot be reached, and may serve")
    status, words = ctl(case, "a", "takeover")  # who is told to serves; the other steps down when it hears
    lab.check(status == 0 and sorted(auto.serving()) == ["a", "b"], f"takeover: {status} {words}")
    net.plug("b")
    lab.wait_for("one has stepped down", lambda: auto.serving() == ["a"], 4)
    auto.end()
    ours.check_programs(case)


def early(case):
    """Over tcp a standby that has just begun and is told to serve looks for the other first, which may hold
    all there is; where nobody answers it serves from nothing, at once if the connection is refused."""
    net = machines.Machines({"a": 1, "b": 2})

    def start(name, role):
        return ours.Node(case, LNS[0], name, *LNS[1:], *ranked(name), "--role", role, inside=net.at(name))
    first, second = start("a", "active"), start("b", "standby")
    lab.wait_for("the second one serves", lambda: second.tell("takeover")[0] == 0, 3)
    lab.wait_for("the first one follows", lambda: glance(first.control) == "standby-hot", 3)
    first.kill()
    first.ended()
    net.pull("a")
    first = start("a", "standby")
    status, words = first.tell("takeover")
    lab.check(status == 1 and "looked for" in words, f"takeover: {status} {words}")
    lab.wait_for("it serves when nobody answers", lambda: first.tell("takeover")[0] == 0, 3)
    for node in (first, second):
        node.kill()
        node.ended()
    net.plug("a")
    first = start("a", "standby")
    first.await_line("Connection refused")
    status, words = first.tell("takeover")
    lab.check(status == 0, f"takeover: {status} {words}")
    first.finish()
    ours.check_programs(case)


def replaced(case):
    """An old active wakes when its place is taken by a third node: whoever serves or follows in the newer epoch has
    no place for it, and tells it all the same. One that starts again from nothing is no newer than who serves."""
    net = machines.Machines({"a": 1, "b": 2, "c": 3})

    def start(rank_of, role, place):
        return ours.Node(case, LNS[0], place, *LNS[1:], *ranked(rank_of), "--role", role, inside=net.at(place))

    def await_follower(active, standby):
        lab.wait_for("one follows the other", lambda: [glance(active.control), glance(standby.control)] ==
                     ["active", "standby-hot"], 8)
    old, active = start("a", "active", "a"), start("b", "standby", "b")
    await_follower(old, active)
    old.kill(signal.SIGSTOP)
    active.kill()
    active.ended()
    active = start("b", "standby", "b")
    lab.wait_for("the other one serves", lambda: active.tell("takeover")[0] == 0, 5)
    spare = start("a", "standby", "c")  # in place of the first machine
    await_follower(active, spare)
    old.kill(signal.SIGCONT)  # of whom nobody takes a stream any more
    lab.wait_for("the old one is silent", lambda: not old.alive() or not serves(old), 4)
    lab.check([glance(active.control), glance(spare.control)] == ["active", "standby-hot"], "the pair is disturbed")
    for node in (old, spare):
        node.kill()
        node.ended()
    again = start("a", "active", "a")
    await_follower(active, again)
    for node in (active, again):
        node.kill()
        node.ended()
    ours.check_programs(case)


def noted(case):
    """Over unix: a cold node that serves upon command begins an epoch that has no number of one that is over."""
    ha = f"unix:{lab.FILES}/ha"
    (lab.FILES / "ha.lock").write_text(f"{1000:020}\n", encoding="ascii")
    node = ours.Node(case, LNS[0], "cold", *LNS[1:], "--role", "standby", "--ha-listen", ha, "--ha-connect", ha)
    lab.wait_for("it serves", lambda: node.tell("takeover")[0] == 0)
    lab.check(node.redundancy()["epoch"] > 1000, f"epoch {node.redundancy()['epoch']}")
    node.finish()
    ours.check_programs(case)


CASES = {case.__name__: case for case in (at_once, restarts, kills, stale, ranks, early, replaced, noted)}

if __name__ == "__main__":
    lab.run(CASES)
