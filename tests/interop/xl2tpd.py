# SPDX-License-Identifier: MIT
"""xl2tpd as a real peer. It needs no kernel support: a stand-in for pppd holds the pseudo-terminal
that it makes for each call and says nothing."""
import os
import re
import signal

import lab

# Without raw -echo the line discipline would send received frames back into the tunnel.
PPPD = "#!/bin/sh\nstty raw -echo\nexec sleep 3600\n"
SECRETS = "* * {secret}\n"
GLOBAL = """[global]
listen-addr = {here}
port = 1701
auth file = {files}/secrets
debug avp = yes
debug network = yes
debug state = yes
debug tunnel = yes
max retries = 8
"""
COMMON = """refuse chap = yes
refuse pap = yes
require authentication = no
pppoptfile = /dev/null
length bit = yes
challenge = {challenge}
hidden bit = {hidden}
"""
LAC = """[lac {name}]
lns = {there}
name = peer
hostname = xl2tpd.lac
autodial = no
redial = no
"""
LNS = """[lns default]
ip range = 10.98.0.10-10.98.0.200
local ip = 10.98.0.1
name = peer
hostname = xl2tpd.lns
"""
LINES = ("first", "second")  # as LAC it can have one call in each
# What it says when it is not pleased.
COMPLAINTS = re.compile(r"(?i)\b(?:unable|can ?not|invalid|illegal|malformed|bad (?!file)|unknown|"
                        r"unexpected|mismatch|denied|ignoring|fatal|retries exceeded|out of order|"
                        r"not (?:valid|known|allowed)|specify your|forgot)\b.*")
HARMLESS = re.compile(r"Unable to load|Fatal signal 15")
# How it greets what was sent again after a takeover, or comes too early after a loss.
ORDER = re.compile(r"out of order control packet on tunnel \d+ \(got (\d+), expected (\d+)\)")
OUT_OF_ORDER = re.compile(ORDER.pattern + r"|bad control packet!|: bad packet$")


class Xl2tpd(lab.Process):
    """role is "lac" or "lns"; it is at lab.PEER unless here says otherwise."""

    def __init__(self, case, role, secret=None, hidden=False, here=lab.PEER, there=lab.OURS):
        name = f"xl2tpd-{role}"
        folder = lab.FILES / name
        folder.mkdir()
        yes_no = {True: "yes", False: "no"}
        template = GLOBAL + LNS + COMMON
        if role == "lac":
            template = GLOBAL + "".join(LAC.replace("{name}", each) + COMMON for each in LINES)
        (folder / "conf").write_text(template.format(
            here=here, there=there, files=folder, challenge=yes_no[secret is not None],
            hidden=yes_no[hidden]))
        (folder / "secrets").write_text(SECRETS.format(secret=secret or "unused"))
        pppd = folder / "pppd"
        pppd.write_text(PPPD)
        pppd.chmod(0o755)
        lab.cover("/usr/sbin/pppd", pppd)
        super().__init__(name, ["xl2tpd", "-D", "-c", folder / "conf", "-p", folder / "pid",
                                "-C", folder / "control"])
        case.processes.append(self)
        self.fifo = folder / "control"
        lab.wait_for(f"{name} listens", lambda: self.fifo.is_fifo())
        self.await_line("Listening on IP address")

    def command(self, line):
        fifo = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)  # fails when nobody reads
        try:
            os.write(fifo, f"{line}\n".encode())
        finally:
            os.close(fifo)

    def call(self, line="first"):
        """As LAC: open a tunnel and place a call in it."""
        self.command(f"c {line}")

    def tunnels(self):
        """Its own ids of all tunnels that it has had."""
        return [int(number) for number in
                re.findall(r"Connection established to .*?Local: (\d+)", self.text())]

    def await_calls(self, count, seconds=10.0):
        self.await_line("Call established with", seconds, count)

    def closed(self):
        """How many tunnels it has seen or made end."""
        return self.count(r"Connection (?:\d+ )?closed to")

    def calls(self):
        """Its own ids of all calls that it has had."""
        return [int(number) for number in
                re.findall(r"Call established with .*?Local: (\d+)", self.text())]

    def hang_up(self):
        """End the newest call. Its tunnel stays."""
        self.command(f"h {self.calls()[-1]}")

    def close(self, line="first"):
        """As LAC: close the tunnel."""
        self.command(f"d {line}")

    def check_content(self, resent, loss):
        """It is alive and has found nothing to complain about but, where that is expected, messages
        that were sent again or lost."""
        lab.check(self.alive(), f"{self.name} has ended with {self.child.returncode}")
        complaints = [line for line in self.text().splitlines()
                      if COMPLAINTS.search(line) and not HARMLESS.search(line)
                      and not (resent and OUT_OF_ORDER.search(line))]
        lab.check(not complaints, f"{self.name}: " + "; ".join(complaints[:5]))
        early = [got for got, expected in ORDER.findall(self.text()) if int(got) > int(expected)]
        lab.check(loss or not early, f"{self.name}: messages came too early: {early}")

    def finish(self):
        self.kill(signal.SIGTERM)
        self.ended()
