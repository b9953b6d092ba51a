# SPDX-License-Identifier: MIT
"""xl2tpd attached to the library by its page in docs: one process, or two of which the other goes on."""
import os
import re
import signal

import lab
import relay
import xl2tpd

ROLE_AND_ERRORS = 4 | 32 | 64  # enum l2tpha_log_category: error, resync, rf
HAS_SOCKET = "Not looking for kernel support"
IN_SYNC = r"-> standby-hot"


class Daemon(lab.Process):
    """One process of it, as LNS at lab.OURS. settings: {name of a setting of the library: number}; None = it
    is not attached."""

    def __init__(self, case, name, settings, ends=(), secret=None, hidden=False):
        folder = lab.FILES / name
        folder.mkdir(exist_ok=True)
        lines = "".join(f"ha = {line}\n" for line in ends)
        for setting, value in {"debug": ROLE_AND_ERRORS, **(settings or {})}.items():
            lines += f"ha = {setting} {value}\n" if settings is not None else ""
        yes_no = {True: "yes", False: "no"}
        (folder / "conf").write_text((xl2tpd.GLOBAL + lines + xl2tpd.LNS + xl2tpd.COMMON).format(
            here=lab.OURS, files=folder, challenge=yes_no[secret is not None], hidden=yes_no[hidden]))
        (folder / "secrets").write_text(xl2tpd.SECRETS.format(secret=secret or "unused"))
        self.fifo = folder / "control"
        log = lab.FILES / f"{name}.log"
        self.begins = len(log.read_text(errors="replace")) if log.exists() else 0
        super().__init__(name, [case.daemon, "-D", "-c", folder / "conf", "-p", folder / "pid", "-C", self.fifo])
        case.processes.append(self)
        self.await_line("Listening on IP address")

    def text(self):
        """What this process has said: one of the same name may have been there before."""
        return super().text()[self.begins:]

    def command(self, line):
        fifo = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(fifo, f"{line}\n".encode())
        finally:
            os.close(fifo)

    def calls(self):
        """Its own ids of the calls that it has begun PPP for."""
        return [int(number) for number in
                re.findall(r"Call established with .*?Local: (\d+)", self.text())]


class Pair:
    """Two processes beside one another. With relayed=True their link can be held; with boxes=True nothing
    but bytes passes between them, as between two machines."""

    PORTS = {"a": 9001, "b": 9002}

    def __init__(self, case, settings, relayed=False, boxes=False, **options):
        self.case, self.settings, self.options = case, settings, options
        self.relays, self.boxes = {}, boxes
        for name in ("a", "b") if relayed else ():
            self.relays[name] = relay.Relay(self.link(name, "relay"), self.link(name))
        self.active, self.standby = self.start("a", follows=not relayed), None
        self.active.await_line(HAS_SOCKET)
        self.restart()

    @staticmethod
    def link(name, kind="ha"):
        return lab.FILES / f"{name}.{kind}"

    def end(self, name, kind="ha"):
        return f"tcp:127.0.0.1:{self.PORTS[name]}" if self.boxes else f"unix:{self.link(name, kind)}"

    def start(self, name, follows=True):
        other = {"a": "b", "b": "a"}[name]
        ends = [f"listen {self.end(name)}"]
        if follows:
            ends.append(f"connect {self.end(other, 'relay' if self.relays else 'ha')}")
        if self.boxes:
            ends.append(f"rank {ord(name)}")
        return Daemon(self.case, name, self.settings, ends, **self.options)

    def await_sync(self):
        self.standby.await_line(IN_SYNC)
        self.active.await_line("in sync")

    def restart(self):
        """Start the one that is not there, and wait until it is in sync."""
        self.standby = self.start({"a": "b", "b": "a"}[self.active.name])
        self.await_sync()

    def await_takeover(self):
        self.active, self.standby = self.standby, None
        self.active.await_line("ha: taking over")
        lab.say(f"{self.active.name} has taken over")

    def kill(self):
        self.active.kill(signal.SIGKILL)
        self.active.ended()
        self.await_takeover()

    def is_in_sync(self):
        """By what the active has said last."""
        roles = re.findall(r"ha: role \S+ -> (\S+):", self.active.text())
        return roles[-1:] == ["active"]

    def kill_held(self):
        held = self.relays[self.active.name]
        self.kill()
        lab.check(held.kept > 0, "the standby has missed nothing")
        lab.say(f"the standby has missed {held.kept} bytes")
        held.release()

    def finish(self):
        """The standby leaves, and the other one closes its tunnels."""
        if self.standby:
            self.standby.kill(signal.SIGTERM)
            self.standby.ended()
        self.active.kill(signal.SIGINT)
        self.active.ended()
