# SPDX-License-Identifier: MIT
"""Our programs in a test: single nodes, a node with its standby, and what must hold of them."""
import json
import os
import re
import signal
import subprocess

import lab
import relay
import wire

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|LeakSanitizer")


def command(case, program, options):
    """The words that start l2tpha-lac, or the LNS that the case is about. One that is not l2tpha-lns has other words
    for what it logs."""
    if program != "lns" or case.lns == "l2tpha-lns":
        return (case.programs / f"l2tpha-{program}", *options)
    at = options.index("--debug") if "--debug" in options else len(options)
    return (case.programs / case.lns, *options[:at], *options[at + 2:])


class Node(lab.Process):
    """l2tpha-lac or our LNS with a control socket."""

    def __init__(self, case, program, name, *options, inside=(), **more):
        """inside: words before the command, to run it elsewhere. more: see lab.Process."""
        self.control = lab.FILES / f"{name}.control"
        self.ctl = case.programs / "l2tphactl"
        super().__init__(name, [str(word) for word in (
            *inside, *command(case, program, ("--control", self.control, *options)))], **more)
        case.processes.append(self)
        lab.wait_for(f"{name} answers", lambda: self.ask("show l2tp redundancy") is not None)

    def ask(self, command):
        """The answer to a command of l2tphactl, out of JSON; None if there is none."""
        lab.check(self.alive(), f"{self.name} has ended with {self.child.returncode}")
        answer = subprocess.run([self.ctl, self.control, *command.split(), "--json"], check=False,
                                capture_output=True, text=True)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def tell(self, *words):
        """Exit status and words of a command of l2tphactl."""
        done = subprocess.run([self.ctl, self.control, *words], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.strip()

    def redundancy(self):
        return self.ask("show l2tp redundancy") or {}

    def check_upgrade(self, *about, verdict="something would be lost"):
        """`upgrade check` finds these, as a table and as JSON, and its status says whether there are any. Returns its
        answer."""
        status, text = self.tell("upgrade", "check", "--json")
        answer = json.loads(text)
        verdict = verdict if about else "nothing would be lost"
        lab.check((status, answer["ready"], answer["verdict"]) == (bool(about), not about, verdict) and
                  [finding["about"] for finding in answer["findings"]] == list(about), f"{status}, {text}")
        status, table = self.tell("upgrade", "check")
        lab.check(status == bool(about) and verdict in table, f"{status}, {table}")
        return answer

    def counters(self):
        return self.ask("show l2tp counters") or {}

    def tunnels(self):
        """Established ones."""
        return [tunnel for tunnel in self.ask("show l2tp tunnels") or []
                if tunnel["state"] == "established"]

    def sessions(self):
        """Established ones."""
        return [session for session in self.ask("show l2tp sessions") or []
                if session["state"] == "established"]

    def await_sessions(self, count, seconds=10.0):
        lab.wait_for(f"{self.name} has {count} sessions", lambda: len(self.sessions()) == count,
                     seconds)

    def await_role(self, role, sync=None, seconds=10.0):
        def there():
            now = self.redundancy()
            return now.get("role") == role and sync in (None, now.get("sync"))
        lab.wait_for(f"{self.name} is {role} {sync or ''}", there, seconds)

    def await_resynced(self, seconds=10.0):
        """Since the takeover every peer has answered."""
        def there():
            now = self.redundancy()
            return now.get("resyncing") == 0 and now.get("resynced", 0) >= now.get("tunnels", 0)
        lab.wait_for(f"{self.name} is confirmed by all peers", there, seconds)

    def finish(self):
        """Leave in good order."""
        self.kill(signal.SIGTERM)
        status = self.ended()
        lab.check(status == 0, f"{self.name} has ended with {status}")

    def report(self):
        """What an ended LAC with --report json has told."""
        return json.loads(self.text().strip().splitlines()[-1])


class Pair:
    """Two nodes of one endpoint; either can be the active. With relayed=True their link can be
    held."""

    def __init__(self, case, program, *options, relayed=False):
        self.case, self.program, self.options = case, program, options
        self.nodes, self.relays = {}, {}
        for name in ("a", "b") if relayed else ():
            self.relays[name] = relay.Relay(self.link(name, "relay"), self.link(name))
        self.active, self.standby = self.start("a", "active"), None
        self.restart()

    def link(self, name, kind="ha"):
        return f"{lab.FILES / self.program}-{name}.{kind}"

    def start(self, name, role):
        other = {"a": "b", "b": "a"}[name]
        node = Node(self.case, self.program, f"{self.program}-{name}", "--role", role,
                    "--ha-listen", f"unix:{self.link(name)}", "--ha-connect",
                    f"unix:{self.link(other, 'relay' if self.relays else 'ha')}", *self.options)
        self.nodes[name] = node
        return node

    def name_of(self, node):
        return next(name for name, known in self.nodes.items() if known is node)

    def restart(self):
        """Start the node that is not there as the standby, and wait until it is in sync."""
        name = {"a": "b", "b": "a"}[self.name_of(self.active)]
        self.standby = self.start(name, "standby")
        self.await_sync()

    def await_sync(self):
        self.standby.await_role("standby", "in-sync")
        self.active.await_role("active", "in-sync")

    def kill(self):
        """Kill the active without a word; the standby serves when this returns."""
        self.active.kill(signal.SIGKILL)
        self.active.ended()
        self.active, self.standby = self.standby, None
        self.active.await_role("active")
        lab.say(f"{self.active.name} has taken over")

    def hold(self):
        """The standby gets nothing any more. Soon the active will notice."""
        self.relays[self.name_of(self.active)].hold()

    def kill_held(self):
        """Kill the active; what was held is lost."""
        held = self.relays[self.name_of(self.active)]
        self.kill()
        lab.say(f"the standby has missed {held.kept} bytes")
        lab.check(held.kept > 0, "the standby has missed nothing")
        held.release()

    def switch(self):
        lab.check(self.active.ask("switchover") is not None, "the switchover was refused")
        self.active, self.standby = self.standby, self.active
        self.active.await_role("active")
        self.await_sync()

    def finish(self):
        if self.standby:
            self.standby.finish()
        self.active.finish()


def pid_of_active(ppp_peer):
    """The process of ppp_peer that serves first."""
    ppp_peer.await_line("^active ")
    return int(ppp_peer.text().split("active ", 1)[1].split()[0])


def end_ppp_peer(case, ppp_peer, active):
    """The standby leaves, and then the one that serves."""
    ppp_peer.kill(signal.SIGTERM)
    lab.check(ppp_peer.ended() == 0, "ppp_peer has failed")
    os.kill(active, signal.SIGTERM)
    lab.wait_for("a StopCCN", lambda: case.capture.control(lab.OURS, "StopCCN"))


def kill_behind(case, pair, messages):
    """Kill the active when so many control messages of ours have left that its standby has not. They
    are within the lease, which runs from what the standby has confirmed: that is all at first."""
    lab.wait_for("the standby has it all",
                 lambda: pair.active.redundancy().get("lag_records") == 0)
    begin = len(case.capture.control(lab.OURS))
    pair.hold()
    lab.wait_for(f"{messages} messages",
                 lambda: len(case.capture.control(lab.OURS)) >= begin + messages)
    pair.kill_held()


def await_hellos(case, count, seconds=20.0):
    """From now on so many different HELLOs of ours are sent and acknowledged."""
    begin = len(case.capture.control())

    def acknowledged():
        messages = case.capture.control()[begin:]
        hellos = {(hello.tunnel, hello.ns): hello for hello in messages
                  if hello.type == "HELLO" and hello.source == lab.OURS}
        return sum(any(answer.source != lab.OURS and answer.time >= hello.time and
                       (answer.nr - hello.ns - 1) & 0xffff < 0x8000 for answer in messages)
                   for hello in hellos.values())
    lab.wait_for(f"{count} HELLOs are answered", lambda: acknowledged() >= count, seconds)


def check_wire(case):
    """What must hold whatever has happened: our numbering is right, and no peer was ever told that
    our port is closed."""
    lab.check(case.capture.missed() == 0, "the capture is not complete")
    faults = wire.numbering_faults(case.capture.control(lab.OURS))
    lab.check(not faults, "; ".join(faults[:5]))
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")


def check_programs(case):
    """No sanitizer has spoken, and nothing was thought odd that a peer has sent."""
    for process in case.processes:
        lab.check(not SANITIZER.search(process.text()), f"{process.name}: sanitizer report")
