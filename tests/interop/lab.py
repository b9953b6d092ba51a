# SPDX-License-Identifier: MIT
"""What the tests with real programs share: a private system to run in, processes, polling, skipping.

A test is a script that calls run(case, ...). It runs again in namespaces of its own, for network,
mounts and processes, so that tests can run side by side, nothing outside is touched, and all
processes and files are gone when the script is, however it ends. Inside there is one interface, lo,
with the addresses below; what is written goes to a file system in memory.

    python3 SCRIPT --programs DIR [CASE]

Exit status 0, 1 for a failure, 77 for skipped: the last line says why. With CI=true a missing
program is a failure: it can be installed. Namespaces and devices are the machine's to grant.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import wire

HERE = pathlib.Path(__file__).resolve().parent
FILES = pathlib.Path("/run/lab")
INSIDE = "L2TPHA_LAB"
OURS, PEER = "10.99.0.1", "10.99.0.2"  # where our programs are, and where the real peer is
LOSS = 0.3
CHANCE = 0.325  # of each draw: makes LOSS of them all, since no more than RUN are in a row
RUN = 2  # datagrams from one address lost in a row, at most
DRAWS = 1000  # more datagrams than a case has from one address under loss
LONGEST = 240  # seconds that a case may take
TAIL = 60  # lines of each log that a failure shows

START = time.monotonic()


def draw_losses(chance):
    """What is lost of DRAWS datagrams. Never more than RUN in a row: with a handful of tries each, a peer that
    gave up by bad luck alone would say nothing about the failover."""
    draws = []
    while len(draws) < DRAWS:
        lost = chance.random() < CHANCE
        draws.append(lost and not all(draws[-RUN:] + [len(draws) >= RUN]))
    return draws


class Failure(Exception):
    """What was expected has not happened."""


def skip(reason):
    print(f"skipped: {reason}", flush=True)
    sys.exit(77)


def say(text):
    print(f"{time.monotonic() - START:7.3f}  {text}", flush=True)


def check(condition, what):
    if not condition:
        raise Failure(what)


def too_long(_number, _frame):
    raise Failure(f"takes longer than {LONGEST} s")


def wait_for(what, condition, seconds=10.0):
    """What condition() returns as soon as it is true; a failure if that takes too long."""
    until = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= until:
            raise Failure(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


def stays(what, condition, seconds):
    """A failure if condition() turns false within this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        check(condition(), f"did not stay: {what}")
        time.sleep(0.05)


def cover(path, file):
    """Have another file where path is, for all processes of this test."""
    subprocess.run(["mount", "--bind", file, path], check=True)


class Process:
    """A program whose output goes to a log file."""

    def __init__(self, name, command, **more):
        """more: what subprocess.Popen is told besides."""
        self.name = name
        self.log = FILES / f"{name}.log"
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=subprocess.STDOUT, **more)
        self.pid = self.child.pid

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def count(self, pattern):
        return len(re.findall(pattern, self.text(), re.MULTILINE))

    def alive(self):
        return self.child.poll() is None

    def processor(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def await_line(self, pattern, seconds=10.0, times=1):
        def there():
            if self.count(pattern) >= times:
                return True
            check(self.alive(), f"{self.name} has ended with {self.child.returncode}")
            return False
        wait_for(f"{self.name} says {pattern!r} ({times}x)", there, seconds)

    def kill(self, number=signal.SIGKILL):
        self.child.send_signal(number)

    def ended(self, seconds=10.0):
        """Its exit status."""
        wait_for(f"{self.name} ends", lambda: not self.alive(), seconds)
        return self.child.returncode


class Lab:
    """What a case gets."""

    def __init__(self, options):
        self.programs = options.programs
        self.lns = options.lns
        self.processes = []
        self.losing = False
        self.seed = options.seed
        self.capture = wire.Capture()

    def start(self, name, *command):
        process = Process(name, [str(word) for word in command])
        self.processes.append(process)
        return process

    def lose(self, sources):
        """Lose 30 % of the L2TP datagrams that come from each of these addresses, by chance: the
        draws come from --seed, so that a run can be had again."""
        chance = random.Random(self.seed)
        rules = ("add table inet loss\n"
                 "add chain inet loss input { type filter hook input priority 0; }\n")
        say(f"losing {LOSS:.0%}, seed {self.seed}")
        for source in sources:
            draws = draw_losses(chance)
            lost = ", ".join(f"{place} : drop" for place, drawn in enumerate(draws) if drawn)
            rules += (f"add rule inet loss input ip saddr {source} udp dport 1701 "
                      f"numgen inc mod {DRAWS} vmap {{ {lost} }}\n")
        self.losing = True
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)

    def lose_nothing(self):
        if self.losing:
            subprocess.run(["nft", "flush ruleset"], check=True)
        self.losing = False

    def stop(self):
        for process in self.processes:
            if process.alive():
                process.kill()
        self.capture.close()

    def show(self):
        """Everything that may tell why a case has failed."""
        for process in self.processes:
            print(f"---- {process.name} (status {process.child.poll()})")
            print("\n".join(process.text().splitlines()[-TAIL:]))
        print("---- control messages")
        for message in self.capture.control()[-TAIL:]:
            print(message)


def require(tools, tun):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [tool for tool in ("unshare", "ip", *tools) if shutil.which(tool) is None]
    if missing:
        reason = "not installed: " + ", ".join(missing)
        if os.environ.get("CI") == "true":
            print(reason)
            sys.exit(1)
        skip(reason)
    if tun and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        skip("no access to /dev/net/tun")


def enter():
    """Go on in namespaces of our own."""
    if INSIDE in os.environ:
        return
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.getuid() != 0:
        command += ["--user", "--map-root-user"]
    trial = subprocess.run(command + ["mount", "-t", "tmpfs", "tmpfs", "/run"], check=False,
                           capture_output=True, text=True)
    if trial.returncode != 0:
        skip(f"no private namespaces here: {trial.stderr.strip()}")
    os.environ[INSIDE] = "1"
    os.execvp(command[0], command + [sys.executable, "-B", *sys.argv])


def furnish():
    """What the new namespaces need."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    FILES.mkdir()
    mounted = subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=False,
                             capture_output=True)
    if mounted.returncode != 0:  # the leak checker looks for its threads there
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (OURS, PEER):
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)


def arguments(cases):
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True,
                        help="where l2tpha-lac, l2tpha-lns and l2tphactl are")
    parser.add_argument("--lns", default="l2tpha-lns",
                        help="the program that is our LNS, one with other machines maybe (l2tpha-lns)")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the logs and the capture")
    parser.add_argument("--seed", type=int, default=1, help="of what is lost by chance (1)")
    parser.add_argument("case", choices=sorted(cases))
    return parser.parse_args()


def run(cases, tools=(), tun=False):
    """Run the case that the command line names. cases is a dict of name: function(lab)."""
    options = arguments(cases)
    require(tools, tun)
    enter()
    furnish()
    lab = Lab(options)
    status = 0
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST)
    try:
        cases[options.case](lab)
        say("done")
    except (Failure, subprocess.CalledProcessError, OSError) as failure:
        say(f"FAILED: {failure}")
        status = 1
    finally:
        lab.stop()
        if status != 0:
            lab.show()
        if options.keep:
            lab.capture.write(FILES / "capture.pcap")
            shutil.copytree(FILES, options.keep, dirs_exist_ok=True,
                            ignore=lambda folder, names: [
                                name for name in names
                                if not os.path.isfile(os.path.join(folder, name))])
    sys.exit(status)
