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
"""
COMMON = """refuse chap = yes
refuse pap = yes
require authentication = no
pppoptfile = /dev/null
length bit = yes
challenge = {challenge}
hidden bit = {hidden}
"""
LAC = """[lac {lac}]
lns = {there}
name = peer
hostname = xl2tpd.lac
autodial = no
redial = yes
redial timeout = 1
"""
LNS = """[lns default]
ip range = 10.98.0.10-10.98.0.200
local ip = 10.98.0.1
name = peer
hostname = xl2tpd.lns
"""
# What it says when it is not pleased.
COMPLAINTS = re.compile(r"(?i)\b(?:unable|can ?not|invalid|illegal|malformed|bad (?!file)|unknown|"
                        r"unexpected|mismatch|denied|ignoring|fatal|retries exceeded|out of order|"
                        r"not (?:valid|known|allowed)|specify your|forgot)\b.*")
HARMLESS = re.compile(r"Unable to load|Fatal signal 15")


class Xl2tpd(lab.Process):
    """role is "lac" or "lns"; it is at lab.PEER unless here says otherwise."""

    def __init__(self, case, role, secret=None, hidden=False, here=lab.PEER, there=lab.OURS):
        name = f"xl2tpd-{role}"
        folder = lab.FILES / name
        folder.mkdir()
        yes_no = {True: "yes", False: "no"}
        template = GLOBAL + (LAC if role == "lac" else LNS) + COMMON
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

    def call(self):
        """As LAC: place a call, in the one tunnel to the LNS, which the first call opens."""
        tunnels = self.tunnels()
        self.command(f"c {tunnels[0]}" if tunnels else "c other")

    def tunnels(self):
        """Its own ids of all tunnels that it has had."""
        return [int(number) for number in
                re.findall(r"Connection established to .*?Local: (\d+)", self.text())]

    def calls(self):
        """How many calls have come up."""
        return self.count(r"Call established with")

    def closed(self):
        """How many tunnels it has seen or made end."""
        return self.count(r"Connection (?:\d+ )?closed to")

    def hang_up(self):
        """As LAC: close the tunnel."""
        self.command("d other")

    def complaints(self):
        return [line for line in self.text().splitlines()
                if COMPLAINTS.search(line) and not HARMLESS.search(line)]

    def check_content(self):
        """It is alive and has found nothing to complain about."""
        lab.check(self.alive(), f"{self.name} has ended with {self.child.returncode}")
        complaints = self.complaints()
        lab.check(not complaints, f"{self.name}: " + "; ".join(complaints[:5]))

    def finish(self):
        self.kill(signal.SIGTERM)
        self.ended()
