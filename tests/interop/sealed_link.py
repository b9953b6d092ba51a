#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two machines whose stream is sealed by --ha-key: what is on the wire, keys that change while calls go on, keys that
differ, and who has none."""
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

import lab
import machines
import ours
from nodes import SILENT, finish_lac, serves, state
import wire

PORT = 1702
PLACES = {"a": 1, "b": 2, "lac": 3, "x": 4}
SERVICE = machines.address(10)
SECRET, LNS_NAME, LAC_NAME = "QuiteASecretOfTunnels", "lns.of.the.pair", "lac.of.a.subscriber"
CALLS = 10
KEYS = {number: f"{number:02x}" * 32 for number in (1, 2, 3)}
OTHER = "0f" * 32
CLONE_NEWNET = 0x40000000
ETH_P_IP, TCP = 0x0800, 6
RETRY = 4  # seconds in which two nodes with common keys are in sync, whatever was before
STRANGERS = 100
UNKNOWN = "closed by the other end in the handshake: it does not know this key, or has ended"


def key(number, secret=None):
    return f"key {number} {secret or KEYS[number]}"


class Inside(threading.Thread):
    """Somebody in the network of a machine, who has begun when this returns."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.network, self.there = name, threading.Event()
        self.start()
        lab.check(self.there.wait(5), f"nobody gets to {name}")

    def run(self):
        with open(f"/run/netns/{self.network}", "rb") as network:
            if ctypes.CDLL(None).setns(network.fileno(), CLONE_NEWNET) == 0:  # of this thread
                self.go_on()


class Cable(Inside):
    """All that is said on the stream, as the cable of a machine has it."""

    def __init__(self, name):
        self.said = {}  # by direction and stream
        super().__init__(name)

    def go_on(self):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(wire.EVERY_PROTOCOL))
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self.there.set()
        while True:
            packet, place = tap.recvfrom(1 << 16)
            if place[1] != ETH_P_IP or packet[9] != TCP:
                continue
            ip_len = 4 * (packet[0] & 15)
            source, target = (int.from_bytes(packet[ip_len + at:ip_len + at + 2], "big") for at in (0, 2))
            total = int.from_bytes(packet[2:4], "big")
            data = packet[ip_len + 4 * (packet[ip_len + 12] >> 4):total]
            if PORT in (source, target) and data:
                self.said.setdefault((source, target), bytearray()).extend(data)

    def holds(self, text):
        return any(text.encode() in said for said in list(self.said.values()))

    def first(self, port, count):
        """The first bytes that somebody has said to a port."""
        return next(bytes(said[:count]) for (_, target), said in list(self.said.items()) if target == port)


class Place:
    """Where one of the two nodes lives."""

    def __init__(self, case, net, name):
        self.case, self.net, self.name = case, net, name
        self.file = lab.FILES / f"{name}.key"
        self.node = None

    def write(self, *lines, mode=0o600):
        self.file.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        self.file.chmod(mode)

    def options(self, role, protection):
        other = {"a": "b", "b": "a"}[self.name]
        return ("--listen", SERVICE, "--name", LNS_NAME, "--secret", SECRET, "--echo", "--debug", "rf,error,event",
                *SILENT, "--role", role, "--takeover", "manual", "--rank", PLACES[self.name],
                "--ha-listen", f"tcp:{machines.address(PLACES[self.name])}:{PORT}",
                "--ha-connect", f"tcp:{machines.address(PLACES[other])}:{PORT}", *protection)

    def sealed(self):
        return "--ha-key", self.file

    def start(self, role, *protection):
        self.node = ours.Node(self.case, "lns", f"lns-{self.name}", *self.options(role, protection or self.sealed()),
                              inside=self.net.at(self.name))
        return self.node

    def end(self):
        self.node.kill()
        self.node.ended()

    def reload(self, expected=0, words=""):
        status, said = self.node.tell("reload-keys")
        lab.check(status == expected and words in said, f"reload-keys at {self.name}: {status} {said}")

    def take_address(self, has):
        """The endpoint's address comes or goes, as a cluster manager has it."""
        machines.ip("address", "add" if has else "del", f"{SERVICE}/24", "dev", "eth0", inside=self.name)


class World:
    """An active, its standby, and a LAC with calls."""

    def __init__(self, case, lines=(key(1),), rate=(), calls=CALLS):
        self.case, self.calls = case, calls
        self.net = machines.Machines(PLACES)
        self.a, self.b = (Place(case, self.net, name) for name in "ab")
        for place in (self.a, self.b):
            place.write(*lines)
        self.a.take_address(True)
        self.rate, self.lac = rate, None

    def begin(self, *protection):
        self.a.start("active", *protection)
        self.place_calls()
        self.b.start("standby", *protection)
        self.await_pair()

    def place_calls(self):
        self.lac = ours.Node(self.case, "lac", "lac", "--connect", SERVICE, "--name", LAC_NAME, "--secret", SECRET,
                             *SILENT, "--sessions", self.calls, "--data-rate", 20, "--report", "json", *self.rate,
                             inside=self.net.at("lac"))
        if not self.rate:
            self.lac.await_line("^all up")

    def await_pair(self, seconds=RETRY):
        lab.wait_for("the pair is in sync", lambda: state(self.a.node) == "active" and
                     state(self.b.node) == "standby-hot", seconds)

    def keys(self):
        return [place.node.redundancy()["key"] for place in (self.a, self.b)]

    def check_keys(self, expected):
        lab.check(self.keys() == [expected] * 2, f"the stream is sealed with {self.keys()}")

    def check_service(self, what):
        """All calls are there, and data comes back."""
        lab.check(serves(self.a.node), f"{what}: the active does not serve")
        lab.check(len(self.lac.sessions()) == self.calls, f"{what}: calls are lost")
        begin = self.lac.counters()["data_in"]
        lab.wait_for(f"{what}: data flows", lambda: self.lac.counters()["data_in"] > begin + 2 * self.calls)

    def move(self):
        """The other node serves, where the address is from now on."""
        self.a.take_address(False)
        self.b.take_address(True)
        lab.check(self.b.node.tell("takeover")[0] == 0, "it does not take over")
        machines.ip("neigh", "flush", "dev", "eth0", inside="lac")
        self.a, self.b = self.b, self.a

    def finish(self):
        finish_lac(self.lac)
        for place in (self.b, self.a):
            if place.node and place.node.alive():
                place.node.finish()
        ours.check_programs(self.case)


# ---- what is on the wire ----


def in_clear(case):
    """Without a key all of it is there to be read; this is what the next case would find."""
    world = World(case)
    cable = Cable("b")
    world.begin("--ha-insecure")
    for text in (SECRET, LAC_NAME):
        lab.wait_for(f"{text} is on the wire", lambda text=text: cable.holds(text), 2)
    world.check_keys("not sealed")
    world.a.node.check_upgrade("key")
    lab.check(world.a.node.tell("reload-keys") == (1, "l2tphactl: refused: there is no --ha-key"), "reloaded nothing")
    world.finish()


def formed(case):
    """With a key there is a pair, and nothing of what it holds is on the wire; the other node takes over, with all
    calls, and the old one follows; the suite is whichever the one that connects has."""
    world = World(case)
    cable = Cable("b")
    world.b.write(key(1), "suite aes")
    world.begin()
    world.check_keys("1")
    status, table = world.a.node.tell("show", "l2tp", "redundancy")
    lab.check(status == 0 and re.search(r"^key +1$", table, re.MULTILINE), table)
    world.check_service("in sync")
    world.move()
    world.check_service("taken over")
    world.await_pair()
    world.check_keys("1")
    world.a.end()  # who serves dies without a word
    world.move()
    world.check_service("after a death")
    world.a.node.await_role("active", "none")
    lab.check(world.a.node.redundancy()["key"] == "no stream", f"{world.a.node.redundancy()}")
    lab.say(", ".join(f"{len(said)} bytes from port {way[0]} to {way[1]}" for way, said in cable.said.items()))
    lab.check(len(cable.said) == 4 and min(map(len, cable.said.values())) > 300, "not both ways of both streams")
    for text in (SECRET, LNS_NAME, LAC_NAME, SERVICE):
        lab.check(not cable.holds(text), f"{text} is on the wire")
    for place in (world.a, world.b):
        shown = "".join(place.node.tell("show", *words.split())[1] for words in (
            "l2tp redundancy all", "l2tp counters", "l2tp")) if place.node.alive() else ""
        lab.check(KEYS[1] not in shown + place.node.text(), f"the key is shown at {place.name}")
    world.finish()


# ---- rotation ----


class States(threading.Thread):
    """What both nodes are, all the time."""

    def __init__(self, *nodes):
        super().__init__(daemon=True)
        self.nodes, self.seen, self.closing = nodes, [], False
        self.start()

    def run(self):
        while not self.closing:
            shown = [node.redundancy() for node in self.nodes]
            self.seen.append(tuple((node["state"], node["key"]) for node in shown))

    def close(self):
        self.closing = True
        self.join()
        return set(self.seen)


def frames_in(node):
    return node.ask("show l2tp redundancy detail")["link_frames_in"]


def rotation(case):
    """Add below, move up, remove, at both nodes each time, while calls are placed: the stream lives on, without a
    copy made anew. The next stream has the new key, also where the nodes are not at the same step."""
    world = World(case, rate=("--rate", 40), calls=300)
    world.begin()
    before = frames_in(world.b.node)
    watch = States(world.a.node, world.b.node)
    for lines in ((key(1), key(2)), (key(2), key(1)), (key(2), "suite aes")):
        for place in (world.b, world.a):
            place.write(*lines)
            place.reload()
            time.sleep(0.5)
    seen = watch.close()
    lab.check(seen == {(("active", "1"), ("standby-hot", "1"))}, f"seen meanwhile: {seen}")
    lab.check(len(world.lac.sessions()) < world.calls, "no call was placed meanwhile")
    lab.check(frames_in(world.b.node) > before + 50, "nothing was said meanwhile")
    for place, pattern in ((world.a, "replication stream closed"), (world.b, "replication stream closed")):
        lab.check(place.node.count(pattern) == 0, f"the stream of {place.name} was cut")
    lab.check(world.b.node.count("-> standby-bulk") == 1, "a copy was made anew")
    world.lac.await_line("^all up", 20)
    world.check_service("rotated")
    steps = (((key(2), key(3)), (key(2),), "2"), ((key(3), key(2)), (key(2), key(3)), "2"),
             ((key(3), key(2)), (key(3), key(2)), "3"), ((key(3),), (key(3), key(2)), "3"))
    for ours_, theirs, number in steps:
        world.b.end()
        world.a.write(*ours_)
        world.a.reload()
        world.b.write(*theirs)
        world.b.start("standby")
        world.await_pair()
        world.check_keys(number)
        world.a.node.check_upgrade(*(() if ours_[0].startswith(f"key {number} ") else ("key",)))
    world.check_service("restarted")
    world.finish()


BAD = (
    ((key(1), key(2), "key 3 00"), 0o600, "line 3: a key of less than 64 hexadecimal digits"),
    ((key(2), "", key(2)), 0o600, "line 3: another key has this id"),
    ((key(2), "suite des"), 0o600, "line 2: a suite is chacha or aes"),
    ((key(2, "0" * 64),), 0o600, "line 1: a key of zeros"),
    ((f"# {'x' * 17000}", key(2)), 0o600, "longer than 16384 bytes"),
    (("# nothing",), 0o600, "no key"),
    ((key(2),), 0o640, "others than its owner may use it: its mode must be 0600"),
)


def bad_file(case):
    """A file that is no key file changes nothing, and the answer says why and in which line; a program does not start
    with one."""
    world = World(case)
    world.begin()
    for lines, mode, why in BAD:
        world.a.write(*lines, mode=mode)
        world.a.reload(1, f"--ha-key {world.a.file}: {why}")
    world.a.file.unlink()
    world.a.reload(1, "No such file or directory")
    os.mkfifo(world.a.file, 0o600)
    begin = time.monotonic()
    world.a.reload(1, "not a regular file")
    lab.check(time.monotonic() - begin < 1, "a FIFO was waited for")
    world.check_keys("1")
    lab.check(world.a.node.count("has these keys") == 0, "a bad file was taken")
    world.b.end()
    world.b.start("standby")
    world.await_pair()
    world.check_keys("1")
    program = case.programs / "l2tpha-lns"
    for lines, mode, why in BAD:
        world.b.write(*lines, mode=mode)
        refused(program, world.b.options("standby", world.b.sealed()), 1, f"--ha-key {world.b.file}: {why}")
    world.b.write(f"{key(1)}\0")
    refused(program, world.b.options("standby", world.b.sealed()), 1, "line 1: a byte of zero")
    unix = ("--ha-listen", f"unix:{lab.FILES}/ha")
    refused(program, (*unix, *world.b.sealed()), 2, "--ha-key is for tcp:")
    for where in ("--ha-listen", "--ha-connect"):
        refused(program, (where, f"tcp:{machines.address(2)}:{PORT}", "--takeover", "manual"), 2,
                f"{where}: without --ha-key nothing seals the stream")
    world.check_service("all the time")
    world.finish()


def refused(program, options, status, words):
    done = subprocess.run([str(word) for word in (program, *options)], check=False, capture_output=True, text=True,
                          timeout=10)
    lab.check(done.returncode == status and words in done.stderr, f"{words}: {done.returncode} {done.stderr}")


# ---- keys that differ ----

DIFFERENT = {  # the active's, the standby's, what the active says, what the standby says
    "secret": ((key(1),), (key(1, OTHER),), "the peer has another key of this id, or the handshake was changed",
               UNKNOWN),
    "id": ((key(1),), (key(2),), "no key has the id that the peer connects with", UNKNOWN),
    "plain standby": ((key(1),), None, "the peer does not seal its stream",
                      "closed by the other end before its hello"),
    "plain active": (None, (key(1),), "the peer seals its stream, and this node has no key",
                     "the peer does not seal its stream"),
}


def protection(place, lines):
    if lines is None:
        return ("--ha-insecure",)
    place.write(*lines)
    return place.sealed()


def wrong_key(case):
    """Nodes whose keys differ are never a pair. Both say why, in show and once in the log; the active serves on. Where
    it is a matter of keys, other ones are taken while both live."""
    world = World(case)
    for what, (ours_, theirs, active_says, standby_says) in DIFFERENT.items():
        lab.say(what)
        world.a.start("active", *protection(world.a, ours_))
        world.place_calls()
        world.b.start("standby", *protection(world.b, theirs))
        for place, says in ((world.a, active_says), (world.b, standby_says)):
            lab.wait_for(f"{place.name} shows why", lambda place=place, says=says:
                         place.node.redundancy()["link_refusal"] == says, 4)
            place.node.await_line(f"replication link: {says}")
        counts = [place.node.counters()["link_refused"] for place in (world.a, world.b)]
        lines = [place.node.count("replication link:") for place in (world.a, world.b)]
        lab.stays("no pair", lambda: [state(world.a.node), state(world.b.node)] == ["active-solo", "standby-cold"], 2)
        for at, place in enumerate((world.a, world.b)):
            more = place.node.counters()["link_refused"] - counts[at]
            lab.check(more >= 5, f"{place.name} has counted {more}")
            lab.check(place.node.count("replication link:") == lines[at], f"{place.name} says so all the time")
            lab.check(place.node.redundancy()["key"] == ("no stream" if (ours_, theirs)[at] else "not sealed"),
                      f"{place.node.redundancy()}")
        world.check_service(what)
        if ours_ and theirs:
            world.b.write(*ours_)
            world.b.reload()
            world.await_pair()
            lab.check([place.node.redundancy()["link_refusal"] for place in (world.a, world.b)] == [None] * 2,
                      "refused, and there is a stream")
        finish_lac(world.lac)
        for place in (world.b, world.a):
            place.node.finish()
    ours.check_programs(case)


# ---- strangers ----


class Strangers(Inside):
    """So many at once who connect, say some bytes or none, wait, and come back when they are left."""

    def __init__(self, sayings, count=STRANGERS):
        self.sayings, self.count, self.closing, self.made = sayings, count, False, 0
        self.heard = bytearray()
        super().__init__("x")

    def call(self):
        client = socket.create_connection((machines.address(PLACES["a"]), PORT), timeout=2)
        client.sendall(self.sayings[self.made % len(self.sayings)])
        client.setblocking(False)
        self.made += 1
        return client

    def has_left(self, client):
        try:
            data = client.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self.heard += data
        return data == b""

    def go_on(self):
        clients = []
        self.there.set()
        while not self.closing:
            try:
                while len(clients) < self.count:
                    clients.append(self.call())
            except OSError:
                time.sleep(0.01)
            for client in list(clients):
                if self.has_left(client):
                    client.close()
                    clients.remove(client)
            time.sleep(0.01)


def crowded(case):
    """A hundred who have no key, and stall wherever they can, disturb neither a pair nor a standby that comes. Who
    says once more what the standby has said is answered by a handshake, and by nothing else."""
    world = World(case)
    cable = Cable("b")
    world.begin()
    hello = cable.first(PORT, 58)
    lab.check(hello.startswith(b"L2HA"), f"not a handshake: {hello}")
    crowd = Strangers((b"", hello[:5], hello[:10], hello[:57], hello[:10] + bytes(48), hello, b"\0\0\0\x40" + bytes(60)))
    watch = States(world.a.node, world.b.node)
    time.sleep(4)
    seen = watch.close()
    lab.check(seen == {(("active", "1"), ("standby-hot", "1"))}, f"seen meanwhile: {seen}")
    world.check_service("in a crowd")
    for _ in range(3):
        world.b.end()
        made = crowd.made
        lab.wait_for("they go on", lambda made=made: crowd.made > made + 3 * STRANGERS)
        world.b.start("standby")
        begin = time.monotonic()
        world.await_pair(8)
        lab.say(f"in sync {time.monotonic() - begin:.2f} s after its start, {crowd.made} strangers so far")
    world.check_service("with a new standby")
    refused_ = world.a.node.counters()["link_refused"]
    lab.check(refused_ >= STRANGERS, f"{refused_} refused of {crowd.made}")
    lines = world.a.node.count("replication link:")
    lab.check(lines < 20, f"{lines} lines about it")
    crowd.closing = True
    crowd.join()
    answers = crowd.heard.count(hello[:10])
    lab.check(answers > 0 and len(crowd.heard) == 58 * answers, f"{len(crowd.heard)} bytes for strangers")
    world.check_keys("1")
    world.finish()


def stopped(case):
    """Either end is stopped in the middle of the handshake: the other one leaves it after two seconds, the active
    serves meanwhile, and there is a pair soon after it wakes."""
    world = World(case)
    world.a.start("active")
    world.place_calls()
    world.b.start("standby")
    world.await_pair()
    world.b.end()
    world.a.node.kill(signal.SIGSTOP)
    world.b.start("standby")
    world.b.node.await_line("replication link: no proof of a key in time", 4)
    lab.check(world.b.node.redundancy()["link_refusal"] == "no proof of a key in time", "it is not shown")
    time.sleep(0.5)
    world.b.node.kill(signal.SIGSTOP)  # it has connected again, and said the first message
    begin = time.monotonic()
    world.a.node.kill(signal.SIGCONT)
    lab.wait_for("the active has left it", lambda: world.a.node.redundancy()["link_refusal"] ==
                 "no proof of a key in time", 4)
    lab.check(time.monotonic() - begin > 1.5, "it was left at once")
    world.check_service("with a stopped standby")
    world.b.node.kill(signal.SIGCONT)
    world.await_pair(3)
    world.check_keys("1")
    world.b.node.kill(signal.SIGSTOP)  # in sync
    lab.wait_for("the active goes on alone", lambda: state(world.a.node) == "active-solo", 4)
    world.check_service("alone")
    world.b.node.kill(signal.SIGCONT)
    world.await_pair()
    world.finish()


CASES = {case.__name__: case for case in (in_clear, formed, rotation, bad_file, wrong_key, crowded, stopped)}

if __name__ == "__main__":
    lab.run(CASES, tools=("nsenter",))
