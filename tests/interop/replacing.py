#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One process alone, of which each start replaces the one before (--replace), while calls come in: a chain of them,
starts that come to nothing, deaths and stops at any moment, other releases, a service manager and l2tpha-keeper."""
import contextlib
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

import handover
import lab
import managers
import ours

PLACE = lab.FILES / "replace"
REPLACE = ("--replace", f"unix:{PLACE}")
STORE = ("--store", f"file:{lab.FILES / 'store'}")
LNS = (*handover.LNS[1:], *STORE, *REPLACE)
TUNNELS, SESSIONS, RATE = 3, 4000, 40
STARTS = 5
ROUNDS = 8
LIMIT = 30  # seconds that a successor has


class Start(ours.Node):
    """One start: all have the same command line, and the control socket is of the one that serves."""

    def __init__(self, case, name, *options, program="l2tpha-lns", **more):
        self.control = lab.FILES / "start.control"
        self.ctl = case.programs / "l2tphactl"
        words = (case.programs / program, "--debug", "rf", *options)
        if "--control" not in options:
            words += ("--control", self.control)
        lab.Process.__init__(self, name, [str(word) for word in words], **more)
        case.processes.append(self)

    def serves(self):
        return self.alive() and self.count("^listening on") > 0

    def await_serving(self, seconds=10):
        self.await_line("^listening on", seconds)
        return self


class Box:
    """Starts, one after the other, a LAC that offers calls all the time, and a peer that is told of a closed port."""

    def __init__(self, case, *options, **more):
        self.case, self.options, self.more, self.count = case, options, more, 0
        self.node = self.start().await_serving()
        self.watcher = managers.Watcher()
        self.lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], "--tunnels", TUNNELS, "--sessions", SESSIONS,
                             "--rate", RATE)
        self.await_calls()

    def start(self, *options, **more):
        self.count += 1
        return Start(self.case, f"lns-{self.count}", *(options or self.options), **(more or self.more))

    def await_calls(self, more=20):
        """So many more calls come up."""
        before = len(self.lac.sessions())
        lab.wait_for("calls come up", lambda: len(self.lac.sessions()) >= before + more, 20)

    def replaced_by(self, new):
        """The one that has served has left in good order, and said for whom."""
        new.await_serving()
        lab.check(self.node.ended() == 0, f"{self.node.name} has ended with {self.node.child.returncode}")
        lab.check(self.node.count(f"^leaving: replaced by process {new.pid}$") == 1, "it does not say who serves")
        self.node = new

    def replace(self, *options, **more):
        self.replaced_by(self.start(*options, **more))

    def refuses(self, new, why, seconds=10):
        """The start comes to nothing, says so, and nothing has changed."""
        status = new.ended(seconds)
        lab.check(status == 1 and why in new.text(), f"{new.name} has ended with {status}: {new.text()[-400:]}")
        self.serves_on()

    def serves_on(self):
        self.await_calls(5)
        lab.check(self.node.redundancy()["role"] == "active", "it serves no more")

    def finish(self, unreachable=False):
        self.await_calls()
        self.lac.kill(signal.SIGSTOP)  # no more calls
        time.sleep(0.2)
        self.lac.kill(signal.SIGCONT)
        self.lac.kill(signal.SIGTERM)
        self.lac.ended(30)
        handover.check_report(self.lac.report())
        self.watcher.close()
        if not unreachable:
            self.watcher.check()
            ours.check_wire(self.case)
        self.node.finish()
        ours.check_programs(self.case)


def chain(case):
    """Five replacements and five deaths in turn: no call is lost, and the epochs are those of one endpoint."""
    box = Box(case, *LNS, "--pcapng", lab.FILES / "capture.pcapng")
    for turn in range(1, STARTS + 1):
        box.replace()
        box.await_calls()
        lab.check(box.node.redundancy()["epoch"] == turn + 1, f"epoch {box.node.redundancy()['epoch']}")
        box.node.await_role("active", "in-sync")
    sections = (lab.FILES / "capture.pcapng").read_bytes().count(b"\x0a\x0d\x0d\x0a")
    lab.check(sections >= STARTS + 1, f"{sections} sections in the capture")
    lab.check(not list(lab.FILES.glob("*.control.next")), "a control socket is left behind")
    box.finish()


def died(case):
    """Killed at once after it has replaced another one, and started again: the store goes on from either."""
    box = Box(case, *LNS)
    for turn in range(4):
        box.replace()
        if turn % 2:
            box.node.await_role("active", "in-sync")
        box.lac.kill(signal.SIGSTOP)  # nobody has the port
        box.node.kill()
        box.node.ended()
        before = box.count
        box.node = box.start().await_serving()
        box.lac.kill(signal.SIGCONT)
        lab.check(box.count == before + 1 and "store: " in box.node.text(), "it has not gone on from its store")
        box.await_calls()
    box.finish(unreachable=True)


def new_killed(case):
    """The successor is killed at any moment: the old one serves on, or was replaced, and the next one goes on."""
    box = Box(case, *LNS)
    chance = random.Random(case.seed)
    for _ in range(ROUNDS):
        new = box.start()
        time.sleep(chance.random() * 0.25)
        served = new.serves()
        if served:
            box.replaced_by(new)
            continue
        new.kill()
        new.ended()
        if new.count("^listening on"):
            box.node.ended()
            box.node = box.start().await_serving()
        else:
            box.serves_on()
    box.replace()
    box.finish(unreachable=True)


def old_killed(case):
    """The one that serves is killed at any moment of its replacement: the successor serves, from its copy or the store."""
    box = Box(case, *LNS)
    chance = random.Random(case.seed)
    for _ in range(ROUNDS):
        new = box.start()
        time.sleep(chance.random() * 0.25)
        box.node.kill()
        box.node.ended()
        box.node = new.await_serving()
        box.await_calls()
    box.finish(unreachable=True)


def refused(case):
    """Starts that can come to nothing say so at once, and change nothing."""
    box = Box(case, *LNS)
    other, apart = handover.LNS[1:], ("--control", lab.FILES / "apart.control")
    rows = (
        ((*LNS, "--serializer", "cbor"), "another serializer"),
        (("--listen", lab.PEER + ":1702", *STORE, *REPLACE), "--listen says 10.99.0.2:1702"),
        ((*LNS, "--control", "/none/control"), "--control /none/control: No such file or directory"),
        ((*LNS, "--pcapng", "/none/capture"), "--pcapng /none/capture: No such file or directory"),
        ((*other, *STORE, *apart), "another process has it"),
        ((*other, *apart), "Address already in use"),
    )
    for options, why in rows:
        box.refuses(box.start(*options), why)
        lab.check(box.node.tell("show", "version")[0] == 0, "the control socket is gone")
    box.node.kill(signal.SIGSTOP)
    first = box.start()
    first.await_line("^waiting for the active")
    second = box.start()
    lab.check(second.ended() == 1 and "somebody listens there already" in second.text(), "two have begun")
    second = box.start(*LNS, *apart)
    lab.check(second.ended() == 1 and "another process is about to replace the one there" in second.text(),
              "two have begun")
    box.node.kill(signal.SIGCONT)
    box.replaced_by(first)
    box.finish()


def moments(box, process):
    """Stop it, at any moment of a replacement that has just begun, for long enough to be given up."""
    time.sleep(random.Random(box.case.seed * 100 + box.count).random() * 0.2)
    process.kill(signal.SIGSTOP)
    time.sleep(6)


def new_stopped(case):
    """The successor is stopped at any moment: the old one serves on, and replaced it is when that wakes; or, where it had
    been told to serve already, that is ended."""
    box = Box(case, *LNS)
    for _ in range(3):
        new = box.start()
        moments(box, new)
        if new.count("^listening on"):
            box.node.ended()
        elif new.alive():
            box.serves_on()
        new.kill(signal.SIGCONT)
        if new.alive():
            box.replaced_by(new)
        else:
            box.serves_on()
    box.finish()


def old_stopped(case):
    """The one that serves is stopped at any moment: replaced it is when it wakes, or it was and is ended, for the store
    is the successor's."""
    box = Box(case, *LNS)
    for _ in range(3):
        new = box.start()
        moments(box, box.node)
        if new.count("^listening on"):
            status = box.node.ended()
            lab.check(status in (0, -signal.SIGKILL), f"it has ended with {status}")
            lab.check(status == 0 or "does not leave: it is ended" in new.text(), "nobody says who has ended it")
            box.node = new
        else:
            box.node.kill(signal.SIGCONT)
            box.replaced_by(new)
        box.serves_on()
    box.finish()


def limit(case):
    """Nobody answers: the one that serves is stopped, or a stranger says nothing, or garbage. The successor ends."""
    box = Box(case, *LNS)
    strangers, listening = [], {}
    for name in ("silent", "garbage"):
        listening[name] = socket.socket(socket.AF_UNIX)
        listening[name].bind(str(lab.FILES / name))
        listening[name].listen(50)
        strangers.append(box.start(*handover.LNS[1:], "--listen", f"{lab.PEER}:1703", "--replace",
                                   f"unix:{lab.FILES / name}", "--control", lab.FILES / f"{name}.control"))
    listening["garbage"].settimeout(1)
    talked = listening["garbage"].accept()[0]
    talked.send(b"220 ready\r\n")
    box.node.kill(signal.SIGSTOP)
    new = box.start()
    for process in (new, *strangers):
        status = process.ended(LIMIT + 10)
        lab.check(status == 1 and f"is not replaced: {LIMIT} s have passed, and no hello in time" in process.text(),
                  f"{process.name} has ended with {status}: {process.text()[-300:]}")
    lab.check("closed by the other end before its hello" in strangers[1].text(), "it has made sense of garbage")
    box.node.kill(signal.SIGCONT)
    box.replace()
    box.finish()


def stale(case):
    """A socket file that nobody listens at, with and without a store; and the old one leaves in good order."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(PLACE))
    listening.close()
    node = Start(case, "first", *LNS).await_serving()
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    new = Start(case, "second", *LNS)
    new.await_serving()
    handover.await_agreement(lac, new)
    lab.check(node.ended() == 0, "it was not replaced")
    answer = new.check_upgrade()
    lab.check([member["kind"] for member in answer["members"]] == ["store"], f"members: {answer}")
    lab.check(new.tell("standby") == (1, "l2tphactl: refused: there is no other node: a successor is to be started"),
              "standby is not refused")
    lac.finish()
    new.finish()
    lab.check(not PLACE.exists() and not new.control.exists(), "a socket is left behind")
    ours.check_programs(case)


def lac(case):
    """A LAC is replaced while it dials: all of its calls come up, and the last process tells of them."""
    lns = ours.Node(case, "lns", "lns", *handover.LNS[1:])
    options = (*handover.LAC[1:], *handover.LOAD, "--rate", 30, *STORE, *REPLACE)
    node = Start(case, "lac-1", *options, program="l2tpha-lac").await_serving()
    for count in (2, 3, 4):
        before = len(lns.sessions())
        lab.wait_for("calls come up", lambda before=before: len(lns.sessions()) > before + 10)
        new = Start(case, f"lac-{count}", *options, program="l2tpha-lac").await_serving()
        lab.check(node.ended() == 0, f"{node.name} has ended with {node.child.returncode}")
        node = new
    lns.await_sessions(handover.CALLS, 20)
    handover.await_agreement(node, lns)
    node.finish()
    handover.check_report(node.report())
    lns.finish()
    handover.finish(case)


class Manager:
    """What a service manager is told, and by which process."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(str(lab.FILES / "notify"))
        self.socket.setblocking(False)
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(lab.FILES / "notify")}
        self.said = []

    def read(self):
        """(pid, first line and MAINPID) of all that has come."""
        while True:
            try:
                data, beside, _, _ = self.socket.recvmsg(4096, 512)
            except BlockingIOError:
                return self.said
            for _, kind, value in beside:
                if kind == socket.SCM_RIGHTS:
                    os.close(int.from_bytes(value[:4], sys.byteorder))
                elif kind == socket.SCM_CREDENTIALS:
                    pid = int.from_bytes(value[:4], sys.byteorder)
            lines = data.decode().splitlines()
            self.said.append((pid, " ".join([lines[0], *(line for line in lines[1:] if line.startswith("MAINPID"))])))

    def await_said(self, *said):
        """All of it since the last time; each process in its order."""
        lab.wait_for(f"the manager is told {said}: {self.said}", lambda: sorted(self.read()) == sorted(said))
        for pid, _ in said:
            own = [[words for by, words in told if by == pid] for told in (self.said, said)]
            lab.check(own[0] == own[1], f"process {pid}: {own[0]}")
        self.said = []


def systemd(case):
    """A service manager is told who the main process is, by the new one and before that by the old one, which says
    nothing of an end; the socket stays with it; a start that comes to nothing is not heard of."""
    manager = Manager()
    options = {"env": manager.environment}
    box = Box(case, *LNS, **options)
    manager.await_said((box.node.pid, "FDSTORE=1"), (box.node.pid, f"READY=1 MAINPID={box.node.pid}"))
    for _ in range(2):
        old = box.node
        box.refuses(box.start(*LNS, "--serializer", "json"), "another serializer")
        box.replace()
        manager.await_said((old.pid, f"MAINPID={box.node.pid}"), (box.node.pid, "FDSTORE=1"),
                           (box.node.pid, f"READY=1 MAINPID={box.node.pid}"))
    new = box.start()
    new.kill(signal.SIGSTOP)
    new.kill(signal.SIGTERM)
    new.kill(signal.SIGCONT)
    lab.check(new.ended() in (0, -signal.SIGTERM), "the successor does not leave")
    box.finish()
    manager.await_said((box.node.pid, "STOPPING=1"))


UNIT = lab.HERE.parents[1] / "examples" / "packaging" / "systemd" / "l2tpha-lns-alone.service"


def unit_command(case, key):
    """What the unit file runs, with the programs and the folders of this test."""
    text = UNIT.read_text(encoding="utf-8").replace("\\\n", " ")
    command = re.search(rf"^{key}=(.*)$", text, re.MULTILINE).group(1)
    for ours_, theirs in (("/usr/bin", case.programs), ("/var/lib/l2tpha-lns", lab.FILES), ("/run/l2tpha-lns", lab.FILES),
                          (" --log journal", ""), ("$$", "$")):
        command = command.replace(ours_, str(theirs))
    return command


def reloaded(case):
    """systemctl reload, as the unit has it: it ends when the new process serves, or fails when that is refused."""
    options = " ".join(str(word) for word in handover.LNS[1:])
    control = lab.FILES / "alone.ctl"
    node = case.start("lns", "sh", "-c", f"OPTIONS='{options}'; exec {unit_command(case, 'ExecStart')}")
    node.await_line("^listening on")
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD, "--rate", 60)
    serving, main = node, node.pid  # whose log has what it says

    def over():
        """The first process of a system takes the dead away, here this one."""
        if node.child.poll() is not None and main != node.pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(main, os.WNOHANG)
        return not reload.alive()

    for turn, more in enumerate(("", "--serializer cbor", "")):
        environment = {**os.environ, "OPTIONS": f"{options} {more}", "MAINPID": str(main)}
        reload = lab.Process(f"reload-{turn}", shlex.split(unit_command(case, "ExecReload")), env=environment)
        case.processes.append(reload)
        lab.wait_for("the reload ends", over, 20)
        status = reload.child.returncode
        lab.check((status == 0) == (more == ""), f"reload {more!r} has ended with {status}")
        replaced = re.findall(r"^leaving: replaced by process (\d+)$", serving.text(), re.MULTILINE)
        lab.check(bool(replaced) == (more == ""), f"{serving.name} was replaced by {replaced}")
        if replaced:
            serving, main = reload, int(replaced[0])
    lac.await_line("^all up", 20)
    lac.finish()
    handover.check_report(lac.report())
    subprocess.run([case.programs / "l2tphactl", control, "shutdown"], check=True, stdout=subprocess.DEVNULL)
    ours.check_wire(case)
    ours.check_programs(case)


def keeper(case):
    """SIGUSR2 has l2tpha-keeper replace its program, with the socket; a start that comes to nothing, or not by the
    keeper, changes nothing for it; and whoever dies then is started again."""
    box = managers.Kept(case, "lns", "lns", *LNS)
    watcher = managers.Watcher()
    node = ours.Node(case, "lac", "lac", *handover.LAC[1:], "--tunnels", TUNNELS, "--sessions", 100, "--rate", 60)

    def replace():
        served = box.served()
        old = re.findall(r"keeper: process (\d+) serves", box.node.text())[-1]
        box.node.kill(signal.SIGUSR2)
        lab.wait_for("the successor serves", lambda: box.served() > served)
        lab.wait_for("the old one has ended", lambda: box.node.count(f"keeper: process {old} has ended with 0$") == 1)

    for _ in range(3):
        replace()
        box.die()
    os.kill(box.pid(), signal.SIGSTOP)
    box.node.kill(signal.SIGUSR2)
    lab.wait_for("a successor is there", lambda: len(box.pids()) == 8)
    stopped, new = box.pids()[-2:]
    box.node.kill(signal.SIGUSR2)
    box.node.await_line("nothing is replaced: a successor is there already")
    os.kill(new, signal.SIGKILL)
    box.node.await_line(f"keeper: process {stopped} is not replaced")
    os.kill(stopped, signal.SIGCONT)
    replace()
    node.await_line("^all up", 20)
    handover.await_agreement(node, box.node)
    node.finish()
    handover.check_report(node.report())
    lab.check(box.node.count("takes the place of process") >= 4, "the keeper does not say who replaces whom")
    orphan = Start(case, "orphan", *LNS, "--control", lab.FILES / "lns.control")
    orphan.await_serving()
    lab.check(box.node.ended() == 0, "the keeper does not end")
    watcher.close()
    watcher.check()
    orphan.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def releases(case):
    """This release and a newer one replace one another."""
    if not (case.programs / "l2tpha-lns-next").exists():
        lab.skip("no l2tpha-lns-next beside the programs: tests/next/build.sh makes it")
    box = Box(case, *LNS)
    for program in ("l2tpha-lns-next", "l2tpha-lns", "l2tpha-lns-next"):
        box.replace(program=program)
        box.await_calls()
    lab.check(box.node.tell("upgrade", "commit")[0] == 0, "the new level is refused")
    box.refuses(box.start(program="l2tpha-lns"), "level")
    box.finish()


CASES = {case.__name__: case for case in (chain, died, new_killed, old_killed, refused, new_stopped, old_stopped,
                                          limit, stale, lac, systemd, reloaded, keeper,
                                          releases)}

if __name__ == "__main__":
    lab.run(CASES)
