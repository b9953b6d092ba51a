#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who reaches --ha-listen tcp: and is not the other node; and a way to the other node that is slow."""
import collections
import contextlib
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import lab
import ours
from nodes import LAC, SILENT, finish_lac, serves, state

MAGIC = 0x4c324841
HELLO, CHECKPOINT, ACK, HEARTBEAT, REFUSE, ANNOUNCE = 1, 2, 3, 4, 5, 12
VERSION = 3
PORT = 1702
LNS = ("--listen", lab.OURS, "--echo", "--debug", "rf,error", *SILENT, "--takeover", "manual")
ROUNDS = 150


def frame(kind, epoch, body):
    return struct.pack(">IBQ", 9 + len(body), kind, epoch) + body


def hello(epoch, side=2, last=0, versions=(VERSION, VERSION), copy=0):
    return frame(HELLO, epoch, struct.pack(">IHHIBQQIIQ", MAGIC, *versions, 0, side, last, 0, 50, 7, copy))


def frames(data):
    """(type, body) of each whole one."""
    while len(data) >= 13:
        length, kind = struct.unpack(">IB", data[:5])
        if len(data) < 4 + length:
            return
        yield kind, data[13:4 + length]
        data = data[4 + length:]


def call(data=b""):
    client = socket.create_connection(("127.0.0.1", PORT), timeout=2)
    client.sendall(data)
    return client


def hear(client, seconds=0.5):
    """What comes within this time, or until the end."""
    got, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        client.settimeout(max(0.01, until - time.monotonic()))
        try:
            part = client.recv(1 << 20)
        except (TimeoutError, ConnectionError):
            continue
        if not part:
            break
        got += part
    return got


class World:
    """An active, calls, and a standby when there is to be one."""

    def __init__(self, case, *options):
        self.case = case
        self.active = ours.Node(case, "lns", "active", *LNS, "--ha-listen", f"tcp:127.0.0.1:{PORT}", "--rank", 1,
                                *options)
        self.standby = None
        self.lac = ours.Node(case, *LAC, "--sessions", 10, "--data-rate", 5)
        self.lac.await_line("^all up")

    def follow(self, seconds=4, *options, port=PORT):
        self.standby = ours.Node(self.case, "lns", "standby", *LNS, "--role", "standby", "--rank", 2,
                                 "--ha-connect", f"tcp:127.0.0.1:{port}", *options)
        self.standby.await_role("standby", "in-sync", seconds)

    def leave(self):
        self.standby.finish()
        self.active.await_role("active", "none")

    def check(self, what):
        lab.check(self.active.alive() and serves(self.active), f"{what}: the active does not serve")
        lab.check(self.active.redundancy()["epoch"] == self.epoch, f"{what}: another epoch")
        lab.check(len(self.lac.sessions()) == 10, f"{what}: calls are lost")

    def finish(self):
        finish_lac(self.lac)
        for node in (self.standby, self.active):
            if node and node.alive():
                node.finish()
        ours.check_programs(self.case)


def nonsense(chance, epoch):
    """Bytes of no kind, lengths without end, versions that nobody speaks. No epoch is newer by a little:
    without a key that is what the other node might say."""
    yield chance.randbytes(chance.randint(1, 3000))
    yield struct.pack(">I", 0xffffffff) + bytes(100)
    yield struct.pack(">IBQ", 9 + (1 << 20), CHECKPOINT, epoch) + bytes(1000)
    yield hello(epoch, versions=(77, 78))
    yield hello(epoch, side=1)
    yield hello(epoch, side=9)
    yield hello(epoch, last=1 << 60)
    yield hello(epoch, last=chance.randint(0, 50), copy=chance.getrandbits(32))
    yield hello(epoch) + b"".join(frame(chance.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0xff)),
                                    chance.choice((0, epoch, epoch, epoch, 1 << 60)),
                                    chance.randbytes(chance.choice((0, 1, 4, 8, 8, 9, 33, 300))))
                              for _ in range(5))


def strangers(case):
    """Nonsense, epochs without end, crowds: the active serves, and its standby finds its place."""
    chance = random.Random(case.seed)
    world = World(case)
    world.epoch = world.active.redundancy()["epoch"]
    for epoch in (world.epoch + (1 << 32), 1 << 63, (1 << 64) - 1):
        with call(hello(epoch)) as client:
            told = list(frames(hear(client, 0.3)))
        lab.check(any(kind == REFUSE for kind, _ in told), f"epoch {epoch}: {told}")
        with call(hello(world.epoch) + frame(HEARTBEAT, epoch, bytes(8))) as client:
            hear(client, 0.2)
        with call(hello(world.epoch)) as client:
            client.sendall(frame(ANNOUNCE, world.epoch, struct.pack(">QB", epoch, 1)))
            hear(client, 0.2)
        world.check(f"epoch {epoch}")
    for _ in range(ROUNDS):
        for data in nonsense(chance, world.epoch):
            with call(data) as client:
                if chance.random() < 0.2:
                    hear(client, 0.01)
    world.check("nonsense")
    with call() as client:
        begin = time.monotonic()
        kinds = {kind for kind, _ in frames(hear(client, 4))}
        lab.check(kinds <= {HELLO, REFUSE}, f"frames of types {kinds} for somebody who says nothing")
        lab.check(time.monotonic() - begin < 3, "who says nothing keeps its place")
    with call(hello(world.epoch)) as client:  # says hello, and reads nothing: its place lasts a silence
        time.sleep(0.1)
        world.follow()
        lab.check(client.fileno() >= 0, "the stranger was closed here, and not there")
    with call(hello(world.epoch)) as client:
        lab.check(not hear(client, 0.5), "a second one is heard beside the standby")
    lab.check(world.active.redundancy()["sync"] == "in-sync", "the standby was put out of its place")
    world.check("mute")
    world.finish()


class Crowd(threading.Thread):
    """So many connections that say nothing, or a byte now and then, and come back at once."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.count, self.closing, self.made = count, False, 0
        self.start()

    def run(self):
        clients = []
        drip = struct.pack(">IBQ", 9 + (1 << 20), HELLO, 1)
        while not self.closing:
            while len(clients) < self.count:
                try:
                    clients.append([call(), 0])
                    self.made += 1
                except OSError:
                    break
            for client in list(clients):
                try:
                    client[0].sendall(drip[client[1]:client[1] + 1])
                    client[1] = min(client[1] + 1, len(drip) - 1)
                    client[0].setblocking(False)
                    if client[0].recv(4096) == b"":
                        raise ConnectionError
                except BlockingIOError:
                    continue
                except OSError:
                    client[0].close()
                    clients.remove(client)
            time.sleep(0.05)


def crowded(case):
    """A crowd holds every place; the standby gets one all the same."""
    world = World(case)
    world.epoch = world.active.redundancy()["epoch"]
    for count in (1, 7, 40):
        crowd = Crowd(count)
        time.sleep(0.5)
        begin = time.monotonic()
        world.follow(6)
        lab.say(f"{count} strangers: in sync after {time.monotonic() - begin:.2f} s")
        time.sleep(0.5)
        lab.check(world.active.redundancy()["sync"] == "in-sync", "the standby was put out of its place")
        world.leave()
        crowd.closing = True
        crowd.join()
        world.check(f"{count} strangers")
    world.finish()


def flapping(case):
    """Who comes and goes all the time, as a standby would, fills neither log nor stdout."""
    world = World(case)
    world.epoch = world.active.redundancy()["epoch"]
    before, begun, count = world.active.text().count("\n"), time.monotonic(), 0
    while time.monotonic() - begun < 3:
        with call(hello(world.epoch)) as client:
            client.recv(1 << 16)
        count += 1
    lines = world.active.text().count("\n") - before
    lab.say(f"{count} connections, {lines} lines")
    lab.check(count > 300, f"only {count} connections")
    lab.check(lines < 1000, f"{lines} lines")
    world.check("flapping")
    lab.wait_for("the last role is told", lambda: world.active.text().rstrip().rsplit("\nrole ", 1)[1].split()[0] ==
                 state(world.active))
    world.follow(6)
    world.finish()


def beyond(case):
    """Where others could reach it, or be in its place, a node without a key listens and connects only when told so
    twice, and says what that means."""
    line = (case.programs / "l2tpha-lns", "--listen", lab.OURS, "--takeover", "manual")
    for option in ("--ha-listen", "--ha-connect"):
        for url in ("tcp:0.0.0.0:1702", f"tcp:{lab.OURS}:1702", "tcp:[::]:1702", "tcp:[::ffff:10.99.0.1]:1702"):
            done = subprocess.run((*line, option, url), check=False, capture_output=True, text=True, timeout=10)
            lab.check(done.returncode == 2 and f"{option}: without --ha-key" in done.stderr and
                      "--ha-insecure" in done.stderr, f"{option} {url}: {done.returncode} {done.stderr}")
    world = ours.Node(case, "lns", "warned", *LNS, "--ha-listen", f"tcp:{lab.OURS}:1702", "--ha-insecure")
    world.await_line("--ha-insecure: whoever reaches --ha-listen, or is on the way to --ha-connect, can read all secrets")
    world.await_line("--rank is not given")
    world.finish()
    near = ours.Node(case, "lns", "near", *LNS, "--ha-listen", "tcp:[::1]:1702", "--rank", 1)
    lab.check(not near.count("insecure"), "warned of loopback")
    near.finish()
    ours.check_programs(case)


class Proxy(threading.Thread):
    """Passes a tcp stream on, each byte so many seconds late."""

    def __init__(self, there):
        super().__init__(daemon=True)
        self.there, self.delay, self.ways = there, 0.0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.there))
            except OSError:
                near.close()
                continue
            self.ways = [near, far]
            for source, drain in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, drain), daemon=True).start()

    def cut(self):
        for way in self.ways:
            with contextlib.suppress(OSError):  # it has ended by itself
                way.shutdown(socket.SHUT_RDWR)

    def pump(self, source, drain):
        queue, there = collections.deque(), True
        source.settimeout(0.005)
        while there or queue:
            try:
                data = source.recv(1 << 16) if there else b""
                there = bool(data)
                if data:
                    queue.append((time.monotonic() + self.delay, data))
            except TimeoutError:
                pass
            except OSError:
                there = False
            try:
                while queue and queue[0][0] <= time.monotonic():
                    drain.sendall(queue.popleft()[1])
            except OSError:
                break
            if not there:
                time.sleep(0.005)
        for end in (source, drain):
            end.close()


def slow_way(case, *options):
    world = World(case, *options)
    world.epoch = world.active.redundancy()["epoch"]
    proxy = Proxy(PORT)
    world.follow(4, *options, port=proxy.port)
    calls = ours.Node(case, "lac", "more", "--listen", f"{lab.PEER}:1702", *LAC[4:], "--sessions", 400, "--rate", 30)
    proxy.delay = 0.3
    return world, calls


def flaps(world):
    return world.active.count("-> active-solo")


def slow(case):
    """A way that is slower than the gate: one word says so, and pauses grow; the gate may be told."""
    world, calls = slow_way(case)
    time.sleep(10)
    lab.say(f"went on alone {flaps(world)} times in 10 s")
    lab.check(2 <= flaps(world) <= 5, f"went on alone {flaps(world)} times in 10 s")

    def says():
        reason = world.active.redundancy()["reason"]
        return reason.startswith("too slow: round trip ") and reason
    lab.say(lab.wait_for("the reason says so", says, 5))
    lab.check(len(calls.sessions()) > 200, f"{len(calls.sessions())} calls are up")
    calls.kill(signal.SIGTERM)
    calls.ended()
    world.finish()


def slow_told(case):
    """The same with --commit-timeout."""
    world, calls = slow_way(case, "--commit-timeout", 1500)
    time.sleep(4)
    lab.check(flaps(world) == 0, f"went on alone {flaps(world)} times")
    lab.check(state(world.active) == "active", f"{world.active.redundancy()}")
    calls.kill(signal.SIGTERM)
    calls.ended()
    world.finish()


def consumer(node):
    """What the active says of its standby."""
    return next(iter(node.redundancy().get("consumers", [])), {})


def cut(case):
    """The stream breaks again and again while calls are placed: the standby goes on where it was, without a copy;
    and it has everything when the active dies then."""
    world = World(case)
    world.epoch = world.active.redundancy()["epoch"]
    proxy = Proxy(PORT)
    world.follow(4, port=proxy.port)
    calls = ours.Node(case, "lac", "more", "--listen", f"{lab.PEER}:1702", *LAC[4:], "--sessions", 200, "--rate", 30)
    for _ in range(5):
        time.sleep(0.5)
        proxy.cut()
        lab.wait_for("it is missed", lambda: consumer(world.active).get("state") == "away", 2)
        lab.wait_for("it is back", lambda: consumer(world.active).get("state") == "in-sync", 5)
    lab.check(consumer(world.active)["gates"], f"{consumer(world.active)}")
    world.standby.await_role("standby", "in-sync", 2)
    copies = world.standby.count("-> standby-bulk")
    lab.check(copies == 1, f"{copies} copies")
    lab.check(world.standby.count("standby-cut-off -> standby-hot") == 5, "it was not cut off, or did not come back")
    world.check("cut")
    lab.wait_for("all calls are up", lambda: len(calls.sessions()) == 200, 20)
    world.active.kill(signal.SIGKILL)
    world.active.ended()
    lab.check(world.standby.tell("takeover")[0] == 0, "it does not take over")
    time.sleep(3)
    lab.check(len(world.lac.sessions()) == 10 and len(calls.sessions()) == 200, "calls are lost")
    calls.kill(signal.SIGTERM)
    calls.ended()
    world.finish()


CASES = {case.__name__: case for case in (strangers, crowded, flapping, beyond, slow, slow_told, cut)}

if __name__ == "__main__":
    lab.run(CASES)
