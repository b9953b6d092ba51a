# SPDX-License-Identifier: MIT
"""What the tests of two nodes of one endpoint share."""
import json
import socket
import threading
import time

import lab

SILENT = ("--failover-resync", "silent-failover")
PROTOCOL = ("--failover-resync", "failover-protocol")
LNS = ("lns", "--listen", lab.OURS, "--echo", "--debug", "rf,error", *SILENT)
LAC = ("lac", "lac", "--listen", f"{lab.PEER}:1701", "--connect", lab.OURS, "--report", "json", *SILENT)
SERVES = ("active-solo", "active-bulk", "active")


def state(node):
    return node.redundancy().get("state", "")


def serves(node):
    """It does, or would say so if it was asked: one that is held or hands over does not."""
    now = node.redundancy()
    return now.get("state") in SERVES and not now.get("reason", "").startswith("held")


def serving(*nodes):
    return [node for node in nodes if node.alive() and serves(node)]


def check_calls(lac, count):
    lab.check(len(lac.sessions()) == count, f"{len(lac.sessions())} of {count} calls at the LAC")


def finish_lac(lac):
    lac.finish()
    report = lac.report()
    for what in ("calls_lost", "calls_failed", "tunnels_lost"):
        lab.check(report[what] == 0, f"{what}: {report[what]}")


def glance(control):
    """The state of a node, and whether it is held; without a program between."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(control))
            client.sendall(b"show l2tp redundancy\n")
            answer = b""
            while not answer.endswith(b"\n"):
                part = client.recv(1 << 16)
                if not part:
                    return ""
                answer += part
        except OSError:
            return ""
    now = json.loads(answer)["result"]
    return "held" if now["reason"].startswith("held") else now["state"]


class Watch(threading.Thread):
    """Looks at two nodes all the time: whether both serve, and for how long nobody does."""

    def __init__(self, *controls):
        super().__init__(daemon=True)
        self.controls, self.closing = controls, False
        self.both = 0  # looks in a row
        self.most, self.nobody, self.since = 0, 0.0, time.monotonic()
        self.start()

    def run(self):
        while not self.closing:
            count = sum(glance(control) in SERVES for control in self.controls)
            now = time.monotonic()
            self.both = self.both + 1 if count > 1 else 0
            self.most = max(self.most, self.both)
            self.nobody = max(self.nobody, now - self.since)
            if count > 0:
                self.since = now
            time.sleep(0.01)

    def check(self, longest):
        """So far: never two, and never nobody for longer than that."""
        lab.check(self.most < 3, "two nodes serve")
        lab.check(self.nobody <= longest, f"nobody has served for {self.nobody:.1f} s")

    def forget(self):
        self.nobody, self.since = 0.0, time.monotonic()

    def close(self):
        self.closing = True
        self.join()
