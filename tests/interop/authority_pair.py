#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machines of one endpoint that serve by a lease of etcd: the one that serves dies, sleeps, is cut off from the others,
from etcd or from both; etcd loses members. Each datagram that leaves any of them is seen: never do two speak in turn
but when one has taken over from the other."""
import signal
import time

import lab
import machines
import ours
from air import Air
from authority import Cluster
from nodes import SERVES, SILENT, finish_lac, glance

SERVICE = machines.address(10)
PLACES = {"a": 1, "b": 2, "c": 3, "lac": 4}
ETCD = 20
LEASE_MS = 2000
CALLS = 10
FOUND = 8.0  # seconds from a failure to an endpoint that serves; four of them are etcd's, with a new leader
TO_ALL = "01:00:5e:62:00:0a"  # what goes to the service's address goes to all machines: no address has to move
STANDBY = {"a": "b", "b": "a"}


class Boxes:
    def __init__(self, case, names="ab", started=True, etcd=True, lease_ms=LEASE_MS):
        self.case, self.names, self.lease_ms, self.starts = case, names, lease_ms, 0
        self.net = machines.Machines({name: PLACES[name] for name in (*names, "lac")})
        self.net.join_here(ETCD)
        for name in names:
            machines.ip("address", "add", f"{SERVICE}/32", "dev", "lo", inside=name)
        machines.ip("neigh", "replace", SERVICE, "lladdr", TO_ALL, "dev", "eth0", "nud", "permanent", inside="lac")
        self.cluster = Cluster(case, host=machines.address(ETCD)) if etcd else None
        self.nodes, self.air, self.lac = {}, Air(names, SERVICE), None
        self.expected = ""
        if not started:
            return
        self.start("a")
        self.await_serving("a")
        for name in names[1:]:
            self.start(name)
        self.await_roles("a")
        self.dial()

    def start(self, name, role="auto", *options, program="lns", port=""):
        self.starts += 1
        place = ",".join(f"{machines.address(ETCD)}:{Cluster.port(at)}" for at in range(3))
        others = ",".join(f"tcp:{machines.address(PLACES[other])}:1702" for other in self.names if other != name)
        self.nodes[name] = ours.Node(
            self.case, program, f"{program}-{name}-{self.starts}", "--listen", f"{SERVICE}{port}", "--debug",
            "rf,error,event", *(("--echo",) if program == "lns" else ()),
            "--role", role, "--rank", PLACES[name], "--ha-insecure", "--ha-listen",
            f"tcp:{machines.address(PLACES[name])}:1702", "--ha-connect", others, "--authority", f"etcd://{place}/lns-1",
            "--lease", self.lease_ms, "--on-lease-lost", f"echo lost >>{lab.FILES}/lost-{name}", *SILENT, *options,
            inside=self.net.at(name))

    def dial(self):
        self.lac = ours.Node(self.case, "lac", "lac", "--connect", SERVICE, "--hello-interval", 3, "--retries", 8,
                             "--tunnels", 2, "--sessions", CALLS // 2, "--data-rate", 20, "--report", "json", *SILENT,
                             inside=self.net.at("lac"))
        self.lac.await_line("^all up")

    def state(self, name):
        return glance(self.nodes[name].control)

    def lease(self, name):
        return self.nodes[name].redundancy()["authority"]

    def await_serving(self, name, seconds=FOUND):
        begin = time.monotonic()
        lab.wait_for(f"{name} serves", lambda: self.state(name) in SERVES and self.lease(name)["state"] == "held", seconds)
        lab.say(f"{name} serves after {time.monotonic() - begin:.1f} s")
        if not self.expected.endswith(name):
            self.expected += name

    def await_roles(self, name, missing="", seconds=FOUND):
        """That one serves; all others are in the claim, and both know it."""
        others = [other for other in self.names if other not in (name, *missing)]
        names = sorted(f"node-{PLACES[each]}" for each in (name, *others))

        def there():
            return self.state(name) == "active" and self.lease(name)["in_sync"] == names and \
                all(self.state(other) == "standby-hot" and self.lease(other)["protects"] for other in others)
        lab.wait_for(f"{name} serves, and {others} may take over", there, seconds)
        now = self.nodes[name].redundancy()
        lab.check(now["sync"] == "in-sync" and now["authority"]["protects"], f"not protected: {now['sync']}")

    def check_calls(self, name):
        """All are there at both ends, and data flows."""
        lab.check(len(self.lac.sessions()) == CALLS, f"{len(self.lac.sessions())} calls at the LAC")
        self.nodes[name].await_sessions(CALLS, 5)
        before = self.lac.counters()["data_in"]
        lab.wait_for("data flows", lambda: self.lac.counters()["data_in"] > before + CALLS, 8)

    def check_speakers(self):
        """Nobody but who was to, and each in one stretch."""
        said = self.air.speakers()
        lab.check(said == self.expected, f"spoken have {said}, and that was to be {self.expected}")

    def check_stopped(self, name):
        """It does not serve, and says nothing any more."""
        lab.check(self.state(name) not in SERVES or self.lease(name)["state"] == "lost", f"{name} serves")
        lab.wait_for(f"{name} is silent", lambda: self.air.last(name) < time.time() - 0.4, 1)
        lab.stays(f"{name} is silent", lambda: self.air.last(name) < time.time() - 0.4, 0.5)

    def lost(self, name):
        """How often its command was run."""
        file = lab.FILES / f"lost-{name}"
        return len(file.read_text(encoding="ascii").splitlines()) if file.exists() else 0

    def kill(self, name):
        self.nodes[name].kill()
        self.nodes[name].ended()

    def finish(self):
        self.check_speakers()
        finish_lac(self.lac)
        for node in self.nodes.values():
            if node.alive():
                node.finish()
        self.air.close()
        ours.check_programs(self.case)


def killed(case):
    """The one that serves dies; the other one does when its lease has ended, and the first one follows. Three times."""
    boxes = Boxes(case)
    for serves in "aba":
        boxes.kill(serves)
        boxes.await_serving(STANDBY[serves])
        boxes.check_calls(STANDBY[serves])
        boxes.start(serves)
        boxes.await_roles(STANDBY[serves])
    boxes.finish()


def stopped(case):
    """It sleeps past its lease, and wakes: it says nothing before it knows that another serves, and follows that."""
    boxes = Boxes(case)
    for serves in "ab":
        boxes.nodes[serves].kill(signal.SIGSTOP)
        boxes.await_serving(STANDBY[serves])
        boxes.check_calls(STANDBY[serves])
        boxes.nodes[serves].kill(signal.SIGCONT)
        boxes.await_roles(STANDBY[serves])
        boxes.check_calls(STANDBY[serves])
        boxes.check_speakers()
    boxes.finish()


def cut_off(case):
    """The one that serves is cut off from etcd; from etcd and the other machine; from everybody. It stops by itself, the
    other one serves, and when the way is there again it follows."""
    boxes = Boxes(case)
    serves = "a"
    for count, places in enumerate(((ETCD,), (ETCD, PLACES["a"]), ())):
        if places:
            boxes.net.cut(serves, *places)
        else:
            boxes.net.pull(serves)
        boxes.await_serving(STANDBY[serves])
        boxes.check_stopped(serves)
        boxes.check_speakers()
        lab.wait_for("the command has run", lambda: sum(map(boxes.lost, "ab")) == count + 1, 2)
        boxes.check_calls(STANDBY[serves])
        if places:
            boxes.net.heal(serves, *places)
        else:
            boxes.net.plug(serves)
        serves = STANDBY[serves]
        boxes.await_roles(serves)
        boxes.check_speakers()
    boxes.finish()


def cut_from_standby(case):
    """The machines do not reach one another, and both reach etcd: the standby is out of the claim, and does not serve
    though it could reach the peers. Nor does it when the other one dies, but by an order."""
    boxes = Boxes(case)
    boxes.net.cut("a", PLACES["b"])
    lab.wait_for("b is out of the claim", lambda: boxes.lease("a")["in_sync"] == ["node-1"], 5)
    lab.check(boxes.nodes["a"].tunnels()[0]["protection"] != "protected", "tunnels are said to be protected")
    boxes.check_calls("a")
    lab.stays("b follows nobody", lambda: boxes.state("b") not in SERVES, 3)
    boxes.net.heal("a", PLACES["b"])
    boxes.await_roles("a")
    boxes.net.cut("a", PLACES["b"])
    lab.wait_for("b is out of the claim", lambda: boxes.lease("a")["in_sync"] == ["node-1"], 5)
    boxes.kill("a")
    lab.stays("b does not serve", lambda: boxes.state("b") not in SERVES, 4)
    status, words = boxes.nodes["b"].tell("takeover")
    lab.check(status == 1 and "takeover --stale" in words, f"takeover: {status} {words}")
    status, words = boxes.nodes["b"].tell("takeover", "--stale")
    lab.check(status == 0, f"takeover --stale: {status} {words}")
    boxes.await_serving("b")
    boxes.check_speakers()
    boxes.lac.kill()
    ours.check_programs(case)


def quorum_lost(case):
    """Etcd has no majority: when the lease has ended nobody speaks. It is back: one of them does, and all calls live."""
    boxes = Boxes(case)
    for at in (0, 1):
        boxes.cluster.kill(at)
    lab.wait_for("the lease has ended", lambda: boxes.lease("a")["state"] == "lost", FOUND)
    lab.check(boxes.nodes["a"].redundancy()["reason"].startswith("no lease"), "show does not say so")
    boxes.check_stopped("a")
    status, words = boxes.nodes["b"].tell("takeover")
    lab.check(status == 1, f"takeover: {words}")
    for at in (0, 1):
        boxes.cluster.start(at)
    boxes.cluster.await_leader()
    lab.wait_for("one of them serves", lambda: any(boxes.lease(name)["state"] == "held" for name in "ab"), FOUND)
    serves = next(name for name in "ab" if boxes.lease(name)["state"] == "held")
    boxes.await_serving(serves)
    boxes.await_roles(serves)
    boxes.check_calls(serves)
    boxes.finish()


def leader_killed(case):
    """The leader dies, twice: a lease of five seconds does not end for that."""
    boxes = Boxes(case, lease_ms=5000)
    for _ in range(2):
        leader = boxes.cluster.await_leader()
        boxes.cluster.kill(leader)
        lab.stays("a serves", lambda: boxes.state("a") in SERVES, 4)
        boxes.cluster.start(leader)
        boxes.cluster.await_leader()
        boxes.await_roles("a")
        boxes.check_calls("a")
    lab.check(boxes.lost("a") == 0, "the lease was lost")
    boxes.finish()


def began(case):
    """Both are started at once, before there is any etcd: nobody serves. Then one of them does, whichever."""
    boxes = Boxes(case, started=False, etcd=False)
    for name in "ba":
        boxes.start(name)
    lab.stays("nobody serves", lambda: all(boxes.state(name) == "standby-cold" for name in "ab"), 3)
    lab.check(boxes.lease("a")["failures"] > 0 and not boxes.lease("a")["looked"], "it claims to know")
    before = boxes.nodes["a"].processor()
    time.sleep(1)
    lab.check(boxes.nodes["a"].processor() - before < 0.3, "it does not wait but turns")
    boxes.cluster = Cluster(case, host=machines.address(ETCD))
    lab.wait_for("one of them serves", lambda: any(boxes.state(name) in SERVES for name in "ab"), 10)
    serves = next(name for name in "ab" if boxes.state(name) in SERVES)
    boxes.await_serving(serves)
    boxes.await_roles(serves)
    boxes.dial()
    boxes.check_calls(serves)
    boxes.finish()


def orders(case):
    """A switchover and back, a takeover by command, the standby that begins anew while it is in the claim, and what an
    order comes to when all have died."""
    boxes = Boxes(case)
    for serves in "ab":
        begin = time.monotonic()
        status, words = boxes.nodes[serves].tell("switchover")
        lab.check(status == 0, f"switchover: {words}")
        lab.say(f"handed over in {time.monotonic() - begin:.2f} s")
        boxes.await_serving(STANDBY[serves], 1)
        boxes.await_roles(STANDBY[serves])
        boxes.check_calls(STANDBY[serves])
    status, words = boxes.nodes["b"].tell("takeover")
    lab.check(status == 0, f"takeover: {words}")
    boxes.await_serving("b", 1)
    boxes.await_roles("b")
    boxes.check_calls("b")
    boxes.kill("a")
    boxes.start("a")
    boxes.await_roles("b")
    boxes.check_calls("b")
    boxes.check_speakers()
    boxes.kill("a")
    boxes.kill("b")
    boxes.start("a")
    lab.stays("a does not serve from nothing", lambda: boxes.state("a") == "standby-cold", 4)
    status, words = boxes.nodes["a"].tell("takeover")
    lab.check(status == 1 and "takeover --stale" in words, f"takeover: {status} {words}")
    status, words = boxes.nodes["a"].tell("takeover", "--stale")
    lab.check(status == 0, f"takeover --stale: {words}")
    lab.check(boxes.state("a") in SERVES and not boxes.nodes["a"].sessions(), "not from nothing")
    boxes.check_speakers()
    boxes.lac.kill()
    ours.check_programs(case)


def left(case):
    """The one that serves leaves in good order: its lease is given back, the other one serves at once. Both leave: the
    first one that is started serves without an order, whichever."""
    boxes = Boxes(case)
    boxes.lac.finish()
    begin = time.monotonic()
    boxes.nodes["a"].finish()
    boxes.await_serving("b", 2)
    lab.say(f"b serves {time.monotonic() - begin:.2f} s after a was told to leave")
    boxes.start("a")
    boxes.await_roles("b")
    for name in "ab":
        if name == "b":
            boxes.start("a")
            boxes.await_roles("b")
        boxes.nodes["a"].finish()
        boxes.nodes["b"].finish()
        boxes.start(name)
        boxes.await_serving(name)
        boxes.nodes[name].finish()
        boxes.start("b")
        boxes.await_serving("b")
    boxes.air.close()
    ours.check_programs(case)


def stored(case):
    """Each has a store, and both die: the one that served last goes on by itself, whichever is started first."""
    boxes = Boxes(case, started=False)
    boxes.start("a", "auto", "--store", f"file:{lab.FILES}/store-a")
    boxes.await_serving("a")
    boxes.start("b", "auto", "--store", f"file:{lab.FILES}/store-b")
    boxes.await_roles("a")
    boxes.dial()
    boxes.kill("a")
    boxes.await_serving("b")
    boxes.check_calls("b")
    boxes.kill("b")
    for name in "ab":
        boxes.start(name, "auto", "--store", f"file:{lab.FILES}/store-{name}")
    boxes.await_serving("b")
    boxes.await_roles("b")
    boxes.check_calls("b")
    boxes.finish()


def lac(case):
    """The LAC is the one of several machines: it dies, and its calls live at the other one."""
    boxes = Boxes(case, started=False)
    lns = ours.Node(case, "lns", "lns", "--listen", machines.address(PLACES["lac"]), "--echo", *SILENT,
                    inside=boxes.net.at("lac"))
    calls = ("--connect", machines.address(PLACES["lac"]), "--tunnels", 2, "--sessions", CALLS // 2, "--data-rate", 20)
    for name in "ab":
        boxes.start(name, "auto", *calls, program="lac", port=":1701")
    lab.wait_for("one of them serves", lambda: any(boxes.state(name) in SERVES for name in "ab"), FOUND)
    serves = next(name for name in "ab" if boxes.state(name) in SERVES)
    boxes.await_serving(serves)
    lns.await_sessions(CALLS)
    boxes.await_roles(serves)
    boxes.kill(serves)
    boxes.await_serving(STANDBY[serves])
    before = lns.counters()["data_in"]
    lab.wait_for("data flows", lambda: lns.counters()["data_in"] > before + CALLS, 8)
    lab.check(len(lns.sessions()) == CALLS, f"{len(lns.sessions())} calls at the LNS")
    boxes.check_speakers()
    boxes.air.close()
    ours.check_programs(case)


def three(case):
    """Two standbys: one of them takes over, the other one follows it; and so again when that one sleeps."""
    boxes = Boxes(case, "abc")
    boxes.kill("a")
    lab.wait_for("one of them serves", lambda: any(boxes.state(name) in SERVES for name in "bc"), FOUND)
    heir = next(name for name in "bc" if boxes.state(name) in SERVES)
    last = {"b": "c", "c": "b"}[heir]
    boxes.await_serving(heir)
    boxes.await_roles(heir, missing="a")
    boxes.check_calls(heir)
    boxes.nodes[heir].kill(signal.SIGSTOP)
    boxes.await_serving(last)
    boxes.check_calls(last)
    boxes.start("a")
    boxes.nodes[heir].kill(signal.SIGCONT)
    boxes.await_roles(last)
    boxes.check_calls(last)
    boxes.finish()


CASES = (killed, stopped, cut_off, cut_from_standby, quorum_lost, leader_killed, began, orders, left, stored, lac,
         three)

if __name__ == "__main__":
    lab.run({case.__name__: case for case in CASES}, tools=("etcd", "nsenter"))
