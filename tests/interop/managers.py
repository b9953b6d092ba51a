# SPDX-License-Identifier: MIT
"""Who starts our programs and keeps their sockets: l2tpha-keeper, and a stand-in for systemd."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import lab
import ours

# Become the program, with descriptors as sd_listen_fds(3) has them: PID, how many, names, where they are now.
HAND_OVER = """
import os, sys
pid, count, names, fds, program = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
for place, fd in enumerate(int(word) for word in fds.split(",") if word):
    os.dup2(fd, 3 + place)
    os.close(fd)
os.environ.update({"LISTEN_PID": pid or str(os.getpid()), "LISTEN_FDS": count, "LISTEN_FDNAMES": names})
os.execvp(program[0], program)
"""
HIGH = 100  # descriptors that are handed over come from above here


def handed(sockets, pid="", count=None, names=None):
    """Words before a command, and what Popen is told, to have it inherit sockets: (name, socket) each."""
    fds = []
    for _, handed_socket in sockets:
        fds.append(os.dup2(handed_socket.fileno(), HIGH + len(fds), inheritable=True))
    if names is None:
        names = ":".join(name for name, _ in sockets)
    words = (sys.executable, "-c", HAND_OVER, pid, str(len(fds)) if count is None else count, names,
             ",".join(str(fd) for fd in fds))
    return words, tuple(fds)


def start(case, program, name, *options, sockets=(), environment=None, **handing):
    words, fds = handed(sockets, **handing)
    try:
        return ours.Node(case, program, name, *options, inside=words, pass_fds=fds,
                         env={**os.environ, **(environment or {})})
    finally:
        for fd in fds:
            os.close(fd)


class Kept:
    """A program under l2tpha-keeper."""

    def __init__(self, case, program, name, *options, keeper=()):
        self.case = case
        self.node = ours.Node(case, program, name, *options, inside=(case.programs / "l2tpha-keeper", *keeper, "--"))

    def pids(self):
        """Of all that it has started."""
        return [int(pid) for pid in re.findall(r"keeper: \S+ is process (\d+)", self.node.text())]

    def pid(self):
        return self.pids()[-1]

    def kill(self, number=signal.SIGKILL):
        """Its program, not the keeper."""
        os.kill(self.pid(), number)

    def served(self):
        return self.node.count(r"keeper: process \d+ serves")

    def die(self):
        """The program dies; another one serves when this returns."""
        before = self.served()
        self.kill()
        lab.wait_for("another one serves", lambda: self.served() > before, 20)


    def report(self):
        """What its LAC has told at its end; the keeper has the last word."""
        return json.loads([line for line in self.node.text().splitlines() if line.startswith("{")][-1])


class Manager:
    """What systemd does for a service of Type=notify with FileDescriptorStoreMax: what it was told, and the sockets
    that it keeps."""

    def __init__(self, case, program, name, *options):
        self.case, self.program, self.name, self.options = case, program, name, options
        self.path = lab.FILES / f"{name}.notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.said, self.store = [], []  # lines; (name, socket)
        self.node = None
        self.start()

    def start(self):
        """... with what is kept."""
        self.said = []
        self.node = start(self.case, self.program, self.name, *self.options, sockets=self.store,
                          environment={"NOTIFY_SOCKET": str(self.path)})

    def read(self):
        """What has come until now."""
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 4096, 8)
            except BlockingIOError:
                return
            words = dict(line.split("=", 1) for line in data.decode().splitlines())
            name = words.get("FDNAME", "stored")
            self.said.append(" ".join(sorted(key for key in words if key not in ("FDNAME", "FDPOLL"))))
            if "FDSTOREREMOVE" in words:
                for kept in [kept for kept in self.store if kept[0] == name]:
                    kept[1].close()
                    self.store.remove(kept)
            for fd in fds:
                kept = socket.socket(fileno=fd)
                if "FDSTORE" in words and words.get("FDPOLL") == "0":
                    self.store.append((name, kept))
                else:
                    kept.close()

    def await_said(self, *words):
        """All of it, in this order."""
        def there():
            self.read()
            return self.said == list(words)
        lab.wait_for(f"the manager is told {words}: {self.said}", there)

    def die(self):
        self.node.kill(signal.SIGKILL)
        self.node.ended()
        self.read()
        self.start()


class Watcher:
    """A peer that sends all the time what nobody answers, and that the network tells of a closed port."""

    def __init__(self, port=1799):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        self.socket.bind((lab.PEER, port))
        self.sent, self.errors, self.closing = 0, [], False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.closing:
            try:
                self.socket.sendto(b"\xc8\x02\0\x0c\xff\xff\0\0\0\0\0\0", (lab.OURS, 1701))  # an unknown tunnel's ZLB
                self.sent += 1
            except OSError as error:
                self.errors.append(error)
            time.sleep(0.001)

    def close(self):
        self.closing = True
        self.thread.join()
        self.socket.close()

    def check(self):
        """Nobody has told it that the port is closed."""
        self.close()
        lab.check(self.sent > 0, "it has sent nothing")
        lab.check(not self.errors, f"of {self.sent} datagrams {len(self.errors)} were refused: {self.errors[:1]}")


def run_to_end(*words, **more):
    """Exit status and stderr of a program that ends by itself."""
    done = subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True, timeout=20, **more)
    return done.returncode, done.stderr
