#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The LNS with machines of its own and our LAC, on loopback: without the library, and killed with it. What takes real
peers and a network to itself is in tests/interop.

    python3 loopback.py --programs DIR {plain,killed}
"""
import argparse
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading

PATIENCE = 30  # seconds
TUNNELS, CALLS = 2, 20


class Program(subprocess.Popen):
    """One whose lines are looked at."""

    def __init__(self, *words):
        super().__init__([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.watchdog = threading.Timer(PATIENCE, self.kill)
        self.watchdog.daemon = True
        self.watchdog.start()

    def await_line(self, pattern):
        for line in self.stdout:
            self.lines.append(line)
            if re.search(pattern, line):
                return
        raise SystemExit(f"{self.args[0]} does not say {pattern!r}:\n" + "".join(self.lines))

    def end(self, number=None):
        """Its exit status."""
        if number is not None:
            self.send_signal(number)
        self.lines += self.stdout
        self.watchdog.cancel()
        return self.wait()


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(condition, what, *programs):
    if not condition:
        raise SystemExit(what + "\n" + "".join(line for program in programs for line in program.lines))


def call(programs, address, *options):
    """A LAC with its calls up."""
    lac = Program(programs / "l2tpha-lac", "--connect", address, "--tunnels", TUNNELS, "--sessions", CALLS,
                  "--data-rate", 50, "--report", "json", *options)
    lac.await_line("^all up")
    return lac


def check_left(lac, lost):
    """It leaves in good order, and nothing of its own was lost but frames, if that was to be expected."""
    status = lac.end()
    report = json.loads(lac.lines[-1])
    check(status == 0 and report["calls_up"] == TUNNELS * CALLS and report["calls_lost"] == 0,
          f"LAC: status {status}, {report}", lac)
    check(report["frames_received"] > 0 and (lost or report["frames_lost"] == 0), f"LAC: {report}", lac)


def plain(programs):
    for options in ((), ("--secret", "shared")):
        address = f"127.0.0.1:{free_port()}"
        lns = Program(programs / "attached_daemon_plain", "--listen", address, "--echo", *options)
        check_left(call(programs, address, "--duration", 1, *options), False)
        staying = call(programs, address, *options)
        status = lns.end(signal.SIGTERM)
        check(status == 0, f"the daemon has ended with {status}", lns)
        staying.await_line("tunnel down: .*result 6")
        staying.end(signal.SIGTERM)


def killed(programs):
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        path = f"unix:{folder}/ha"
        words = (programs / "attached_daemon", "--listen", address, "--echo", "--secret", "shared", "--role", "auto",
                 "--ha-listen", path, "--ha-connect", path)
        pair = Program(*words), Program(*words)
        for program in pair:  # either of them is the active
            program.await_line("standby-hot|: in sync")
        first, second = sorted(pair, key=lambda program: "standby-hot" in program.lines[-1])
        lac = call(programs, address, "--duration", 1, "--secret", "shared")
        first.end(signal.SIGKILL)
        second.await_line("taking over")
        check_left(lac, True)
        status = second.end(signal.SIGTERM)
        check(status == 0, f"the daemon has ended with {status}", second)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("case", choices=("plain", "killed"))
    arguments = parser.parse_args()
    {"plain": plain, "killed": killed}[arguments.case](arguments.programs)
