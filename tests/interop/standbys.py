#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three machines of one endpoint, each with an address of its own; one serves, two stand by, and a store may be there as
well. Any of them dies, stops, is cut off or slow; whoever is named takes over, and the third one follows it."""
import signal
import subprocess

import lab
import machines
import ours
from nodes import SERVES, SILENT, finish_lac, state

SERVICE = machines.address(10)
PLACES = {"a": 1, "b": 2, "c": 3, "lac": 4}
CALLS = 20
ROUND_TRIP = 200  # ms, to who is far away
FOUND = 8.0


class Boxes:
    """far: machines that nobody waits for, as the others say, or as observers, as they say themselves."""

    def __init__(self, case, far="", store=False, role="standby", observers=False):
        self.case, self.far, self.store, self.role, self.observers = case, far, store, role, observers
        self.net = machines.Machines(PLACES)
        self.nodes, self.starts, self.ways = {}, 0, set()
        if role == "auto":
            return
        for name in "abc":
            self.start(name)
        self.take("a")
        self.await_roles("a")
        self.lac = self.dial("lac", CALLS)

    def start(self, name):
        self.starts += 1
        others = [other for other in "abc" if other != name]
        near = [self.way(name, other) for other in others if not self.is_far(name, other)]
        away = [self.way(name, other) for other in others if self.is_far(name, other)]
        options = (*(("--ha-connect", ",".join(near)) if near else ()), *(("--ha-far", ",".join(away)) if away else ()),
                   *(("--store", f"file:{lab.FILES / f'store-{name}'}") if self.store else ()),
                   *(("--observer",) if self.observers and name in self.far else ()))
        self.nodes[name] = ours.Node(
            self.case, "lns", f"lns-{name}-{self.starts}", "--listen", SERVICE, "--echo", "--debug", "rf,error,event",
            "--role", self.role, "--takeover", "manual", "--rank", PLACES[name], "--ha-insecure",
            "--ha-listen", f"tcp:{machines.address(PLACES[name])}:1702", *options, *SILENT, inside=self.net.at(name))

    def is_far(self, *names):
        return not self.observers and any(name in self.far for name in names)

    def way(self, name, other):
        """Whoever is far away is so on its own way to others."""
        there = f"{machines.address(PLACES[other])}:1702"
        if name in self.far and (name, other) not in self.ways:
            self.ways.add((name, other))
            here = f"0.0.0.0:{1800 + PLACES[other]}"
            self.case.start(f"way-{name}-{other}", *self.net.at(name), "python3", lab.HERE / "delay.py", here, there,
                            ROUND_TRIP / 2)
            rules = (f"add table ip way\nadd chain ip way output {{ type nat hook output priority -100; }}\n"
                     f"add rule ip way output meta mark != 1 ip daddr {machines.address(PLACES[other])} "
                     f"tcp dport 1702 redirect to :{1800 + PLACES[other]}\n")
            done = subprocess.run((*self.net.at(name), "nft", "-f", "-"), input=rules, check=False, capture_output=True,
                                  text=True)
            if done.returncode != 0:
                lab.skip(f"no redirection here: {done.stderr.strip()}")
        return f"tcp:{there}"

    def dial(self, name, calls, port=1701):
        lac = ours.Node(self.case, "lac", name, "--listen", f"{machines.address(PLACES['lac'])}:{port}", "--connect",
                        SERVICE, "--hello-interval", 3, "--retries", 7, "--tunnels", 2, "--sessions", calls // 2,
                        "--data-rate", 5, "--report", "json", *SILENT, inside=self.net.at("lac"))
        lac.await_line("^all up", 20)
        return lac

    def move_address(self, name):
        for other in PLACES:
            if self.net.has(other, SERVICE):
                machines.ip("address", "del", f"{SERVICE}/24", "dev", "eth0", inside=other)
        machines.ip("address", "add", f"{SERVICE}/24", "dev", "eth0", inside=name)
        machines.ip("neigh", "flush", "all", inside="lac")

    def take(self, name, *words):
        """What whoever moves the address does."""
        self.move_address(name)
        lab.wait_for(f"{name} takes over", lambda: self.nodes[name].tell("takeover", *words)[0] == 0, FOUND)
        lab.wait_for(f"{name} serves", lambda: state(self.nodes[name]) in SERVES, FOUND)

    def consumers(self, name):
        """{address: state} of the standbys of this one."""
        return {consumer["name"].split(":")[0].rsplit(".", 1)[-1]: consumer["state"]
                for consumer in self.nodes[name].redundancy()["consumers"] if consumer["kind"] == "link"}

    def await_roles(self, serves, missing=""):
        """That one serves, and all others are in sync with it."""
        others = [name for name in "abc" if name not in (serves, *missing)]
        lab.wait_for(f"{serves} serves, {others} follow", lambda: state(self.nodes[serves]) == "active" and all(
            state(self.nodes[name]) == "standby-hot" for name in others) and all(
                self.consumers(serves).get(str(PLACES[name])) == "in-sync" for name in others), 15)

    def kill(self, name):
        self.nodes[name].kill(signal.SIGKILL)
        self.nodes[name].ended()

    def check_calls(self, name, count=CALLS):
        """All are there at both ends, and data flows."""
        lab.check(len(self.lac.sessions()) == CALLS, f"{len(self.lac.sessions())} calls at the LAC")
        self.nodes[name].await_sessions(count, 5)
        before = self.lac.counters()["data_in"]
        lab.wait_for("data flows", lambda: self.lac.counters()["data_in"] > before + 2 * CALLS, 8)

    def finish(self):
        finish_lac(self.lac)
        ours.check_programs(self.case)


def killed(case):
    """The active dies; the first time one of the others takes over, then the other one, then the first again."""
    boxes = Boxes(case)
    serves = "a"
    for heir in ("b", "c", "a", "c"):
        boxes.kill(serves)
        boxes.take(heir)
        boxes.check_calls(heir)
        boxes.await_roles(heir, missing=serves)
        boxes.start(serves)
        boxes.await_roles(heir)
        serves = heir
    boxes.finish()


def handed(case):
    """Planned: to the standby that is told to take over, and the third one follows."""
    boxes = Boxes(case)
    for heir in ("c", "b", "a"):
        boxes.take(heir)
        boxes.check_calls(heir)
        boxes.await_roles(heir)
    machines.ip("address", "add", f"{SERVICE}/24", "dev", "eth0", inside="b")
    lab.check(boxes.nodes["a"].tell("switchover")[0] == 0, "the switchover was refused")
    boxes.move_address("b")  # the lowest rank of those in sync
    boxes.await_roles("b")
    boxes.check_calls("b")
    boxes.finish()


def stopped(case):
    """One standby is stopped and left behind, says so when it wakes, and comes back; nobody was held longer than its
    time, and the other one protects all the while."""
    boxes = Boxes(case)
    boxes.nodes["b"].kill(signal.SIGSTOP)
    late = boxes.dial("late", 10, 1702)
    lab.wait_for("b is left behind", lambda: boxes.consumers("a").get("2") != "in-sync")
    lab.check(state(boxes.nodes["a"]) == "active", "the node is not protected")
    boxes.kill("a")
    boxes.nodes["b"].kill(signal.SIGCONT)
    lab.wait_for("b knows that it is behind", lambda: state(boxes.nodes["b"]) in ("out-of-sync", "standby-cut-off"))
    boxes.take("c")
    boxes.check_calls("c", CALLS + 10)
    boxes.await_roles("c", missing="a")
    finish_lac(late)
    boxes.finish()


def hung(case):
    """The active is stopped, one takes over, the other one leaves it for the one that serves; when it wakes it
    serves nobody."""
    boxes = Boxes(case)
    boxes.nodes["a"].kill(signal.SIGSTOP)
    boxes.take("b")
    boxes.await_roles("b", missing="a")
    boxes.check_calls("b")
    boxes.nodes["a"].kill(signal.SIGCONT)
    boxes.await_roles("b")
    boxes.check_calls("b")
    boxes.finish()


def far(case, observers=False):
    """A standby at a round trip of 200 ms holds nobody up; by itself it takes nothing over silently, and it can be
    handed over to."""
    boxes = Boxes(case, far="c", store=True, observers=observers)
    gates = {consumer["name"].split(":")[0].rsplit(".", 1)[-1]: consumer["gates"]
             for consumer in boxes.nodes["a"].redundancy()["consumers"]}
    lab.check(gates.get("2") is True and gates.get("3") is False, f"who gates: {gates}")
    late = boxes.dial("late", 10, 1702)
    lab.check(boxes.consumers("a").get("3") == "in-sync", "c has left")
    lab.check(late.counters()["retransmissions"] == 0, "somebody was held up")
    boxes.take("c")  # the active hands over
    boxes.check_calls("c", CALLS + 10)
    boxes.await_roles("c")
    boxes.take("a")
    boxes.await_roles("a")
    boxes.kill("a")
    boxes.move_address("c")
    status, words = boxes.nodes["c"].tell("takeover")
    lab.check(status == 1 and "--stale" in words, f"takeover: {status}, {words}")
    boxes.take("b")
    boxes.check_calls("b", CALLS + 10)
    boxes.await_roles("b", missing="a")
    boxes.nodes["b"].check_upgrade("standby", f"{machines.address(PLACES['c'])}:1702", "key")
    finish_lac(late)
    boxes.finish()


def observed(case):
    """Likewise when it alone says that it is far."""
    far(case, observers=True)


def with_stores(case):
    """Two standbys and a store: outputs wait for all three, and each may go."""
    boxes = Boxes(case, store=True)
    gating = sorted(consumer["kind"] for consumer in boxes.nodes["a"].redundancy()["consumers"] if consumer["gates"])
    lab.check(gating == ["link", "link", "store"], f"who gates: {gating}")
    for name in "bc":
        boxes.kill(name)
        boxes.check_calls("a")
        lab.check(state(boxes.nodes["a"]) == "active", "the node is not protected")
        boxes.start(name)
        boxes.await_roles("a")
    boxes.kill("a")
    boxes.take("c")
    boxes.check_calls("c")
    boxes.await_roles("c", missing="a")
    boxes.finish()


def twice(case):
    """Both are told to take over at once: their epochs differ, and one of them stops when they meet."""
    boxes = Boxes(case)
    boxes.kill("a")
    boxes.move_address("b")
    machines.ip("address", "add", f"{SERVICE}/24", "dev", "eth0", inside="c")
    for name in "bc":
        lab.check(boxes.nodes[name].tell("takeover")[0] == 0, f"{name} does not take over")
    boxes.move_address("c")  # the higher rank's epoch is the higher one
    boxes.await_roles("c", missing="a")
    boxes.check_calls("c")
    ours.check_programs(case)  # what the LAC has said to b is lost


def auto(case):
    """Each looks for the others: the lowest rank serves when all of them are met or have no process, and nobody while
    one cannot be reached."""
    boxes = Boxes(case, role="auto")
    boxes.move_address("a")
    boxes.net.pull("c")
    for name in "ba":
        boxes.start(name)
    for name in "ab":
        boxes.nodes[name].await_line("cannot be reached, and may serve")
    lab.check(all(state(boxes.nodes[name]) == "standby-cold" for name in "ab"), "somebody serves")
    boxes.net.plug("c")
    boxes.await_roles("a", missing="c")
    boxes.start("c")
    boxes.await_roles("a")
    boxes.lac = boxes.dial("lac", CALLS)
    boxes.check_calls("a")
    boxes.kill("a")
    boxes.take("c")
    boxes.await_roles("c", missing="a")
    boxes.start("a")
    boxes.await_roles("c")
    boxes.check_calls("c")
    boxes.finish()


def pulled(case):
    """The active's cable is pulled: the heir serves, the third follows it, and the old one is fenced when it is back."""
    boxes = Boxes(case)
    boxes.net.pull("a")
    boxes.take("c")
    boxes.await_roles("c", missing="a")
    boxes.check_calls("c")
    boxes.net.plug("a")
    boxes.await_roles("c")
    boxes.check_calls("c")
    boxes.finish()


if __name__ == "__main__":
    lab.run({"killed": killed, "handed": handed, "stopped": stopped, "hung": hung, "far": far,
             "observed": observed, "with_stores": with_stores, "twice": twice, "auto": auto, "pulled": pulled}, ["nsenter", "bridge", "nft"])
