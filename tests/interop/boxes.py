#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two machines and keepalived, as examples/keepalived has it: cables are pulled and plugged in again,
processes die, and the endpoint is where the address is."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

import lab
import machines
import ours
from nodes import PROTOCOL, SILENT, glance

SHIPPED = lab.HERE.parent.parent / "examples" / "keepalived"
ETC = pathlib.Path("/etc/keepalived")
SERVICE = machines.address(10)
PLACES = {"a": 1, "b": 2, "lac": 3}
PRIORITY = {"a": 150, "b": 100}
KEY_FILE = lab.FILES / "ha.key"
CALLS = 10
SERVING = ("active-solo", "active-bulk", "active")
FOUND = 8.0  # seconds from a failure to an endpoint that serves: three advertisements, and a bit


class Box:
    """A machine of the pair."""

    def __init__(self, case, net, name):
        self.case, self.net, self.name = case, net, name
        self.other = {"a": "b", "b": "a"}[name]
        self.control = lab.FILES / f"lns-{name}.control"
        self.node = self.keepalived = None

    @staticmethod
    def roles():
        return "--role", "standby", "--takeover", "manual"

    def start(self):
        self.node = ours.Node(
            self.case, "lns", f"lns-{self.name}", "--listen", SERVICE, "--echo", "--debug", "rf,error,event",
            *self.roles(), "--rank", PLACES[self.name], "--ha-key", KEY_FILE,
            "--ha-listen", f"tcp:{machines.address(PLACES[self.name])}:1702",
            "--ha-connect", f"tcp:{machines.address(PLACES[self.other])}:1702", inside=self.net.at(self.name))

    def start_keepalived(self):
        conf = lab.FILES / f"keepalived-{self.name}.conf"
        values = {"$CONTROL": self.control, "$ADDRESS": f"{SERVICE}/24", "$PRIORITY": PRIORITY[self.name],
                  "$WITNESS": machines.address(PLACES["lac"])}
        lines = (ETC / "keepalived.conf").read_text().splitlines()
        for key, value in values.items():
            place = next(at for at, line in enumerate(lines) if line.startswith(f"{key}="))
            lines[place] = f"{key}={value}"
        conf.write_text("\n".join(lines) + "\n")
        run = lab.FILES / f"keepalived-{self.name}"
        self.keepalived = self.case.start(
            f"keepalived-{self.name}", *self.net.at(self.name), "keepalived", "--dont-fork", "--log-console",
            "--log-detail", "--vrrp", "--use-file", conf, "--pid", f"{run}.pid", "--vrrp_pid", f"{run}-vrrp.pid")

    def state(self):
        return glance(self.control)

    def serves(self):
        return self.state() in SERVING

    def backups(self):
        """How often keepalived has come to be a good BACKUP."""
        return self.keepalived.count("Entering BACKUP STATE")

    def await_backup(self, before):
        lab.wait_for(f"keepalived of {self.name} is BACKUP", lambda: self.backups() > before, 6)

    def has_address(self):
        return self.net.has(self.name, SERVICE)


class Boxes:
    kind = Box

    def __init__(self, case):
        furnish(case)
        self.case = case
        self.net = machines.Machines(PLACES)
        KEY_FILE.touch(0o600)
        KEY_FILE.write_text(f"key 1 {os.urandom(32).hex()}\n", encoding="ascii")
        self.prepare()
        self.boxes = {name: self.kind(case, self.net, name) for name in "ab"}
        for box in self.boxes.values():
            box.start()
        for box in self.boxes.values():
            box.start_keepalived()
        self.await_pair("a", 10)
        common = ("--connect", SERVICE, "--hello-interval", 3, "--retries", 7, "--tunnels", 2, "--sessions",
                  CALLS // 2, "--data-rate", 5, "--report", "json")
        self.lacs = [ours.Node(case, "lac", "lac-silent", *common, *SILENT, "--no-failover-capability",
                               inside=self.net.at("lac")),
                     ours.Node(case, "lac", "lac-protocol", *common, *PROTOCOL, inside=self.net.at("lac"))]
        for lac in self.lacs:
            lac.await_line("^all up")
        self.check_calls("a")

    def prepare(self):
        """What else there is."""

    def await_pair(self, name, seconds=FOUND):
        """That one serves and has the address, and the other one follows, in sync."""
        other = self.boxes[name].other
        lab.wait_for(f"{name} serves, {other} is in sync", lambda: self.boxes[name].state() == "active" and
                     self.boxes[other].state() == "standby-hot", seconds)
        lab.check(self.boxes[name].has_address() and not self.boxes[other].has_address(),
                  "the address is not where the endpoint is")

    def await_serving(self, name, seconds=FOUND):
        begin = time.monotonic()
        lab.wait_for(f"{name} serves", self.boxes[name].serves, seconds)
        lab.say(f"{name} serves after {time.monotonic() - begin:.1f} s")

    def frames(self):
        """That the LACs have got back."""
        return [lac.counters()["data_in"] for lac in self.lacs]

    def check_calls(self, name):
        """All of them are there at both ends, and data flows in each tunnel of each LAC."""
        node = self.boxes[name].node
        for lac in self.lacs:
            lab.check(len(lac.sessions()) == CALLS, f"{len(lac.sessions())} calls at {lac.name}")
        lab.wait_for("the endpoint has all calls", lambda: len(node.sessions()) == len(self.lacs) * CALLS, 5)
        before = self.frames()
        lab.wait_for("data flows", lambda: all(new > old + 2 * CALLS for new, old
                                               in zip(self.frames(), before)), 8)

    def finish(self):
        for lac in self.lacs:
            lac.finish()
            report = lac.report()
            for what in ("calls_lost", "calls_failed", "tunnels_lost"):
                lab.check(report[what] == 0, f"{lac.name}: {what}: {report[what]}")
        for box in self.boxes.values():
            if box.keepalived.alive():
                box.keepalived.kill(signal.SIGTERM)
        ours.check_programs(self.case)


def furnish(case):
    """The shipped files where they belong, and the program that they call in the PATH."""
    place = lab.FILES / "bin"
    place.mkdir()
    shutil.copy(case.programs / "l2tphactl", place)
    os.environ["PATH"] = f"{place}:{os.environ['PATH']}"
    ETC.is_dir() or lab.skip("no /etc/keepalived")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", ETC], check=True)
    for name in ("keepalived.conf", "l2tpha.sh"):
        shutil.copy(SHIPPED / name, ETC)


def healed(case):
    """The machines do not reach one another any more: both have the address, and the other serves. When
    they do again, the old one, which keeps the address, must not serve what it had. Three times in a row."""
    pair = Boxes(case)
    for count in range(3):
        pair.net.part("a", "b")
        pair.await_serving("b")
        pair.check_calls("b")
        lab.check(pair.boxes["a"].serves(), "it cannot know yet")
        pair.net.join("a", "b")
        begin = time.monotonic()
        lab.wait_for("the old one steps down", lambda: not pair.boxes["a"].serves(), 3)
        lab.say(f"round {count}: a has stepped down {time.monotonic() - begin:.2f} s after they were joined")
        pair.await_pair("a")
        pair.check_calls("a")
    pair.finish()


def pulled(case):
    """The cable of one machine is pulled: of the standby's, nothing happens; of the one that serves, the
    other serves. It is plugged in again, and follows."""
    pair = Boxes(case)
    a, b = pair.boxes["a"], pair.boxes["b"]
    pair.net.pull("b")
    lab.stays("a alone serves", lambda: a.serves() and not b.serves(), 6)
    pair.check_calls("a")
    backups = b.backups()
    pair.net.plug("b")
    pair.await_pair("a")
    b.await_backup(backups)
    pair.net.pull("a")
    pair.await_serving("b")
    lab.wait_for("a is silent", lambda: not a.serves(), 3)
    pair.check_calls("b")
    pair.net.plug("a")
    pair.await_pair("b")
    pair.check_calls("b")
    pair.finish()


def moved(case):
    """The link of the machine that serves goes down, the process dies, keepalived is stopped."""
    pair = Boxes(case)
    a, b = pair.boxes["a"], pair.boxes["b"]
    pair.net.down("a")
    lab.wait_for("a is silent", lambda: not a.serves(), 3)
    pair.await_serving("b")
    pair.check_calls("b")
    backups = a.backups()
    pair.net.up("a")
    pair.await_pair("b")
    a.await_backup(backups)
    lab.say("killed")
    b.node.kill()
    b.node.ended()
    pair.await_serving("a")
    backups = b.backups()
    b.start()
    pair.await_pair("a")
    pair.check_calls("a")
    b.await_backup(backups)
    lab.say("killed, and started again at once")
    backups = a.backups()
    a.node.kill()
    a.node.ended()
    a.start()
    pair.await_serving("b")
    pair.await_pair("b")
    pair.check_calls("b")
    a.await_backup(backups)
    lab.say("keepalived is stopped")
    b.keepalived.kill(signal.SIGTERM)
    pair.await_serving("a")
    pair.await_pair("a")
    pair.check_calls("a")
    pair.finish()


CASES = {case.__name__: case for case in (healed, pulled, moved)}

if __name__ == "__main__":
    lab.run(CASES, tools=("keepalived", "nsenter", "bridge", "ping"))
