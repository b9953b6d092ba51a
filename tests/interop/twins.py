# SPDX-License-Identifier: MIT
"""What the tests of two nodes of one endpoint share."""
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
