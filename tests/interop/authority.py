#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An authority in etcd: three members, and nodes that ask them for what they want. Members are killed, stopped, cut off
and full; whatever happens there is one owner at a time, and what a node was told is so."""
import base64
import json
import os
import random
import re
import signal
import statistics
import subprocess
import time
import urllib.error
import urllib.request

import lab

MEMBERS = 3
TTL_MS = 3000
GROUP = "lns-1"
EVENT = re.compile(r"^(\w+) (\w+) epoch=(\d+) revision=(\d+) leased=(\d) owner=(\w*) in_sync=([\w,]*) "
                   r"ms=(\d+) at=(\d+)$",
                   re.MULTILINE)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Cluster:
    """Members of etcd on ports of their own, at an address of this test's own namespace."""

    def __init__(self, case, *options, members=MEMBERS, secure=False, host="127.0.0.1"):
        self.case, self.options, self.scheme, self.host = case, options, "https" if secure else "http", host
        self.members = [None] * members
        for at in range(members):
            self.start(at)
        if not secure:
            self.await_leader()

    @staticmethod
    def port(at):
        return 2379 + 10 * at

    def start(self, at):
        mine, peers = f"{self.scheme}://{self.host}:{self.port(at)}", f"http://127.0.0.1:{self.port(at) + 1}"
        everybody = ",".join(f"m{i}=http://127.0.0.1:{self.port(i) + 1}" for i in range(len(self.members)))
        self.members[at] = self.case.start(
            f"m{at}", "etcd", "--name", f"m{at}", "--data-dir", lab.FILES / f"m{at}", "--logger", "zap",
            "--log-level", "warn", "--listen-client-urls", mine, "--advertise-client-urls", mine,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", everybody,
            *self.options)

    def call(self, at, path, **body):
        """An answer of a member's gateway, or None."""
        request = urllib.request.Request(f"http://{self.host}:{self.port(at)}/v3/{path}", json.dumps(body).encode())
        try:
            with DIRECT.open(request, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    def leader(self, among=range(MEMBERS)):
        for at in among:
            status = self.call(at, "maintenance/status") if self.members[at].alive() else None
            if status and status.get("leader") == status["header"]["member_id"]:
                return at
        return None

    def await_leader(self, among=range(MEMBERS)):
        among = [at for at in among if at < len(self.members)]
        return lab.wait_for("a leader", lambda: self.leader(among) is not None, 30) and self.leader(among)

    def kill(self, at):
        self.members[at].kill()
        self.members[at].ended()

    def place(self, first=0):
        order = [(first + i) % len(self.members) for i in range(len(self.members))]
        return ",".join(f"{self.host}:{self.port(at)}" for at in order) + "/" + GROUP


class Event:
    """What an authority has said."""

    def __init__(self, words):
        self.kind, self.status = words[:2]
        self.epoch, self.revision, self.leased = (int(word) for word in words[2:5])
        self.owner, self.in_sync, self.ms, self.at = words[5], words[6], int(words[7]), int(words[8])
        self.until = self.at - self.ms + 0.9 * TTL_MS - 200  # of a lease: counted from when it was asked for


class Node(lab.Process):
    """A program with an authority; name has one letter."""

    def __init__(self, case, name, place, *tls):
        self.name, self.log = name, lab.FILES / f"node-{name}.log"
        self.places = {}
        self.epoch = self.revision = self.took_ms = 0
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([case.programs / "authority", place, *map(str, tls)], stdin=subprocess.PIPE,
                                          stdout=log, stderr=subprocess.STDOUT)
        self.pid = self.child.pid
        case.processes.append(self)

    def events(self, kind):
        return [Event(words) for words in EVENT.findall(self.text()) if words[0] == kind]

    def begin(self, kind, *words):
        self.places[kind] = len(self.events(kind))
        self.child.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self.child.stdin.flush()

    def end(self, kind):
        """What came of it: a request has some seconds, and no more."""
        lab.wait_for(f"{self.name} {kind}", lambda: len(self.events(kind)) > self.places[kind], 20)
        return self.events(kind)[self.places[kind]]

    def ask(self, kind, *words):
        self.begin(kind, *words)
        return self.end(kind)

    def look(self):
        return self.ask("looked", "look")

    def know(self, seconds=30):
        """How it is, however often that has to be asked."""
        seen = []
        lab.wait_for(f"{self.name} knows", lambda: seen.append(self.look()) or seen[-1].status == "OK", seconds)
        return seen[-1]

    def renew(self):
        return self.ask("renewed", "renew")

    def begin_take(self, seen, names=None):
        rank = ord(self.name)
        self.epoch = (seen.epoch // 256 + 1) * 256 + rank
        self.begin("took", "take", self.epoch, seen.revision, TTL_MS, self.name, names or self.name)

    def take(self):
        """One try."""
        self.begin_take(self.know())
        event = self.end("took")
        if event.status == "OK":
            self.revision = event.revision
        return event

    def own(self, seconds=30):
        """Tries until it is the owner, and the time that took."""
        begun, tries = time.monotonic(), []
        lab.wait_for(f"{self.name} is the owner",
                     lambda: tries.append(self.take()) or tries[-1].status == "OK", seconds)
        return time.monotonic() - begun

    def change(self, names):
        event = self.ask("changed", "change", self.epoch, self.revision, self.name, names)
        if event.status == "OK":
            self.revision = event.revision
        return event

    def make(self, names):
        """Changes the claim, whatever becomes of the first request, or is fenced."""
        event = self.change(names)
        if event.status == "TIMEOUT":
            event = self.know()
            lab.check(event.epoch == self.epoch, "another epoch")
            self.revision = event.revision
            if event.in_sync != names:
                return self.make(names)
        lab.check(event.status == "OK", f"{self.name} cannot change the claim: {event.status}")
        return event


def both(node, turn):
    """In sync with b, and not, in turn."""
    return ",".join(sorted({node.name, "b" if turn % 2 else node.name}))


def show_times(what, times):
    lab.say(f"{what}: {len(times)}, median {statistics.median(times):.0f} ms, longest {max(times)} ms")


def one_owner(case):
    """The ordinary life of an owner, its leaving, and the next one."""
    cluster = Cluster(case)
    a, b = (Node(case, name, cluster.place()) for name in "ab")
    seen = a.know()
    lab.check((seen.epoch, seen.revision, seen.leased) == (0, 0, 0), "something is there")
    a.own()
    lab.check(b.look().owner == "a" and b.look().leased, "b does not see a")
    lab.check(b.take().status == "EXISTS", "b has taken it in the lease of a")
    times = []
    for turn in range(100):
        begun = time.monotonic()
        a.make(both(a, turn))
        times.append(round(1000 * (time.monotonic() - begun)))
        if turn % 10 == 0:
            lab.check(a.renew().status == "OK", "not renewed")
    show_times("changes", [event.ms for event in a.events("changed")])
    show_times("renewals", [event.ms for event in a.events("renewed")])
    lab.check(a.ask("left", "leave").status == "OK", "not left")
    lab.check(b.take().status == "OK", "b cannot take what was left")
    lab.check(a.change("a").status == "FENCED", "a is not fenced")


def race(nodes):
    """All want it at once: who has got it."""
    for node in nodes:
        node.begin("looked", "look")
    seen = [node.end("looked") for node in nodes]
    for node, event in zip(nodes, seen):
        node.begin_take(event)
    won = []
    for node in nodes:
        event = node.end("took")
        lab.check(event.status in ("OK", "EXISTS", "FENCED", "TIMEOUT", "STALE_EPOCH"), f"took: {event.status}")
        if event.status == "OK":
            node.revision = event.revision
            won.append(node)
    lab.check(len(won) < 2, f"two owners: {[node.name for node in won]}")
    return won


def two_writers(case):
    """Three nodes fight for the claim; who has lost is fenced, and one change of each revision comes to pass."""
    cluster = Cluster(case)
    nodes = [Node(case, name, cluster.place(at)) for at, name in enumerate("abc")]
    owners = 0
    for turn in range(40):
        won = race(nodes)
        if not won:
            nodes[0].ask("left", "leave")
            time.sleep(0.1)
            continue
        owners += 1
        owner = won[0]
        others = [node for node in nodes if node is not owner]
        for node in others:  # who lost the race believes what it likes
            node.begin("changed", "change", node.epoch, owner.revision, node.name, node.name)
        owner.begin("changed", "change", owner.epoch, owner.revision, owner.name, both(owner, turn))
        for node in others:
            lab.check(node.end("changed").status in ("FENCED", "TIMEOUT"), f"{node.name} has changed what is another's")
        lab.check(owner.end("changed").status in ("OK", "TIMEOUT"), "the owner is fenced")
        lab.check(owner.know().owner == owner.name, "the owner is not what it was told")
        lab.check(owner.ask("left", "leave").status in ("OK", "TIMEOUT"), "not left")
    lab.say(f"{owners} owners in 40 races")
    lab.check(owners > 20, "hardly anybody could take it")


def leader_killed(case):
    """With -9, in the middle of changes, three times; nothing that was confirmed is lost, and the lease lives on."""
    cluster = Cluster(case)
    a, b = (Node(case, name, cluster.place()) for name in "ab")
    a.own()
    times = []
    for kill in range(3):
        leader = cluster.await_leader()
        at = random.Random(kill).randrange(5, 30)
        for turn in range(60):
            if turn == at:
                cluster.kill(leader)
            begun = time.monotonic()
            wanted = both(a, turn)
            a.make(wanted)
            times.append(round(1000 * (time.monotonic() - begun)))
            if turn % 5 == 0:
                lab.check(a.renew().status != "NOT_FOUND", "the lease has ended")
            if turn % 20 == 19:
                seen = b.know()
                lab.check((seen.owner, seen.in_sync, seen.revision) == ("a", wanted, a.revision), "b sees something else")
        cluster.start(leader)
        cluster.await_leader()
    show_times("changes, each confirmed, with the leader killed three times", times)


def owner_killed(case):
    """How long its successor waits: for the end of the lease, and longer when the leader dies with it."""
    cluster = Cluster(case)
    for with_leader in (False, True):
        a, b = (Node(case, name, cluster.place()) for name in "ab")
        a.own()
        a.make("a,b")
        lab.check(a.renew().status == "OK", "not renewed")
        leader = cluster.await_leader()
        begun = time.monotonic()
        a.kill()
        if with_leader:
            cluster.kill(leader)
        b.own(60)
        took = time.monotonic() - begun
        lab.say(f"lease of {TTL_MS} ms, owner killed{' with the leader' if with_leader else ''}: taken after {took:.2f} s")
        lab.check(took > 0.9 * TTL_MS / 1000, "before the end of the lease")
        if with_leader:
            cluster.start(leader)
            cluster.await_leader()
        lab.check(b.ask("left", "leave").status == "OK", "not left")


def quorum_lost(case):
    """Nothing is known then, and nothing is said; when it is back what was open is decided."""
    cluster = Cluster(case)
    a, b = (Node(case, name, cluster.place()) for name in "ab")
    a.own()
    for turn, number in enumerate((signal.SIGKILL, signal.SIGSTOP)):
        seen = b.know()
        lost = [at for at in range(MEMBERS) if at != turn][:2]
        for at in lost:
            cluster.members[at].kill(number)
        event = a.change(both(a, 1))
        lab.check(event.status in ("TIMEOUT", "HOST"), f"without a majority: {event.status}")
        lab.say(f"known to be open after {event.ms} ms")
        lab.check(event.ms < 6000, "it takes too long to say that nothing is known")
        lab.check(a.look().status in ("TIMEOUT", "HOST"), "a look without a majority")
        lab.check(a.renew().status in ("TIMEOUT", "HOST"), "renewed without a majority")
        b.begin_take(seen)
        lab.check(b.end("took").status in ("TIMEOUT", "HOST"), "taken without a majority")
        for at in lost:
            if number == signal.SIGKILL:
                cluster.members[at].ended()
                cluster.start(at)
            else:
                cluster.members[at].kill(signal.SIGCONT)
        cluster.await_leader()
        seen = a.know()
        lab.check(seen.epoch == a.epoch, "another epoch")
        a.revision = seen.revision
        time.sleep(1.5)  # what a member has kept for later comes to pass now, or never
        lab.check(a.know().revision == seen.revision, "an open change came to pass after a look")
        lab.say(f"open change: {'made' if seen.in_sync == 'a,b' else 'not made'}")
        event = a.change("a")
        lab.check(event.status == "OK", f"not ours any more: {event.status}")
    lab.check(a.processor() < 2.0, f"{a.processor()} s of processor time for waiting")


def member_stopped(case):
    """A follower, and the leader, that is asked first and does not answer; and wakes up again."""
    cluster = Cluster(case)
    for leads in (False, True):
        leader = cluster.await_leader()
        stopped = leader if leads else (leader + 1) % MEMBERS
        a = Node(case, "a", cluster.place(stopped))
        a.own()
        cluster.members[stopped].kill(signal.SIGSTOP)
        event = a.make("a,b")
        lab.say(f"{'leader' if leads else 'follower'} stopped: made after {event.ms} ms")
        lab.wait_for("renewed", lambda: a.renew().status == "OK", 20)
        cluster.members[stopped].kill(signal.SIGCONT)
        for turn in range(10):
            lab.check(a.renew().status in ("OK", "TIMEOUT"), "not renewed")
            a.make(both(a, turn))
        lab.check(a.ask("left", "leave").status == "OK", "not left")


def owner_stopped(case):
    """Its lease ends meanwhile; when it wakes up another one serves, and it is told so."""
    cluster = Cluster(case)
    a, b = (Node(case, name, cluster.place()) for name in "ab")
    a.own()
    a.make("a,b")
    a.begin("renewed", "renew")  # under way, maybe
    a.kill(signal.SIGSTOP)
    begun = time.monotonic()
    b.own(60)
    lab.say(f"taken after {time.monotonic() - begun:.2f} s")
    a.kill(signal.SIGCONT)
    a.end("renewed")
    lab.check(a.renew().status == "NOT_FOUND", "its lease has not ended")
    event = a.change("a")
    lab.check((event.status, event.owner, event.epoch) == ("FENCED", "b", b.epoch), "not fenced")
    lab.check(b.make("b").status == "OK", "b does not own it")


class Contender(Node):
    """Wants to own the claim, changes and renews it, and leaves it now and then, one thing after the other."""

    def __init__(self, case, name, place, chance):
        super().__init__(case, name, place)
        self.chance, self.asked, self.seen = chance, {}, None

    def next(self, lane):
        """What has come of the last request of this lane; False: it is under way."""
        kind = self.asked.get(lane)
        if kind is None:
            return None
        events = self.events(kind)
        if len(events) == self.places[kind]:
            return False
        del self.asked[lane]
        return events[-1]

    def send(self, lane, kind, *words):
        self.begin(kind, *words)
        self.asked[lane] = kind

    def turn_claim(self):
        event = self.next("claim")
        if event is False:
            return
        if event and event.status == "OK":
            self.seen, self.revision = event, event.revision
        if not event or event.status != "OK" or self.chance.random() < 0.5:
            self.send("claim", "looked", "look")
        elif self.seen.epoch == self.epoch and self.seen.owner == self.name:
            self.send("claim", "changed", "change", self.epoch, self.revision, self.name,
                      both(self, self.chance.randrange(2)))
        elif not self.seen.leased or self.chance.random() < 0.1:  # it may try
            self.begin_take(self.seen)
            self.asked["claim"] = "took"
        else:
            self.send("claim", "looked", "look")

    def turn_lease(self):
        if self.next("lease") is not False and self.seen:
            leaves = self.chance.random() < 0.02
            self.send("lease", *(("left", "leave") if leaves else ("renewed", "renew")))


def times_as_owner(node):
    """When the node counts itself as the owner, (from, to, epoch), by what it was told."""
    begun = None
    for event in (Event(words) for words in EVENT.findall(node.text())):
        if event.kind == "took" and event.status == "OK":
            if begun:
                yield (*begun, node.name)
            begun = [event.at, event.until, event.epoch]
        elif event.kind == "renewed" and event.status == "OK" and begun and event.at < begun[1]:
            begun[1] = max(begun[1], event.until)
        elif event.kind == "left" and begun:  # it serves no more since it asked for that
            begun[1] = min(begun[1], event.at - event.ms)
    if begun:
        yield (*begun, node.name)


def shaken(case):
    """Members and nodes are stopped and killed by chance for a minute: never do two count as the owner at an instant,
    and no revision is two changes."""
    chance = random.Random(case.seed)
    cluster = Cluster(case)
    nodes = [Contender(case, name, cluster.place(at), chance) for at, name in enumerate("abc")]
    end, shake_at, heal = time.monotonic() + 60, time.monotonic() + 1, None
    while time.monotonic() < end or heal:
        for node in nodes:
            node.turn_claim()
            node.turn_lease()
        if time.monotonic() > shake_at:
            if heal:
                heal()
                heal = None
            elif time.monotonic() < end:
                heal = shake(cluster, nodes, chance)
            shake_at = time.monotonic() + chance.uniform(0.3, 6.0 if heal else 1.5)
        time.sleep(0.02)
    taken = sorted(each for node in nodes for each in times_as_owner(node))
    for (_, until, epoch, name), (begun, _, next_epoch, next_name) in zip(taken, taken[1:]):
        lab.check(until <= begun, f"{name} of epoch {epoch} until {until}, {next_name} of {next_epoch} from {begun}")
    made = [event.revision for node in nodes for kind in ("took", "changed") for event in node.events(kind)
            if event.status == "OK"]
    lab.check(len(made) == len(set(made)), "one revision, two changes")
    open_ones = sum(event.status == "TIMEOUT" for node in nodes for event in node.events("changed"))
    lab.say(f"{len(taken)} owners, {len(made)} changes and takes, {open_ones} changes open")
    lab.check(len(taken) > 5, "hardly anybody was the owner")


def shake(cluster, nodes, chance):
    """Something happens; what is returned ends it."""
    at = chance.randrange(MEMBERS)
    kind = chance.randrange(4)
    if kind == 0:
        cluster.kill(at)
        return lambda: cluster.start(at)
    victims = [chance.choice(nodes)] if kind == 1 else [cluster.members[at]]
    if kind == 2:
        victims = [cluster.members[cluster.leader() or 0]]
    elif kind == 3 and chance.random() < 0.5:
        victims.append(cluster.members[(at + 1) % MEMBERS])
    for victim in victims:
        victim.kill(signal.SIGSTOP)
    return lambda: [victim.kill(signal.SIGCONT) for victim in victims]


def full(case):
    """No space: no change comes to pass, the lease lives on; and after what an operator does all is well."""
    cluster = Cluster(case, "--quota-backend-bytes", str(2 << 20))
    a = Node(case, "a", cluster.place())
    a.own()
    chunk = base64.b64encode(bytes(200_000)).decode()
    key = base64.b64encode(b"filler").decode()
    lab.wait_for("it is full", lambda: a.renew() and cluster.call(0, "kv/put", key=key, value=chunk) is None, 60)
    event = a.change("a,b")
    lab.check(event.status == "LIMIT", f"full: {event.status}")
    lab.check(a.renew().status == "OK", "not renewed")
    lab.check(a.look().status == "LIMIT", "a look that cannot decide what is open")
    b = Node(case, "b", cluster.place())
    lab.check(b.know().in_sync == "a", "changed")
    lab.check(b.take().status == "LIMIT", "taken")
    revision = cluster.call(0, "kv/range", key=key)["header"]["revision"]
    cluster.call(0, "kv/deleterange", key=key)
    cluster.call(0, "kv/compaction", revision=revision, physical=True)
    for at in range(MEMBERS):
        lab.check(cluster.call(at, "maintenance/defragment") is not None, "no defragmentation")
    for alarm in cluster.call(0, "maintenance/alarm").get("alarms", []):
        cluster.call(0, "maintenance/alarm", action="DEACTIVATE", memberID=alarm["memberID"], alarm=alarm["alarm"])
    seen = a.know()
    a.revision = seen.revision
    lab.check(a.make("a,b").status == "OK", "still full")


def certificate(name, signed_by=None):
    """NAME.pem and NAME.key."""
    folder = lab.FILES
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
    if signed_by:
        words += ["-CA", folder / f"{signed_by}.pem", "-CAkey", folder / f"{signed_by}.key",
                  "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    lab.check(done.returncode == 0, done.stderr)
    return folder / f"{name}.pem", folder / f"{name}.key"


def tls(case):
    """Who cannot prove who it is gets nothing, nor does a member that cannot."""
    ca, _ = certificate("ca")
    pem, key = certificate("node", "ca")
    stranger, _ = certificate("stranger")
    Cluster(case, "--cert-file", pem, "--key-file", key, "--client-cert-auth", "--trusted-ca-file", ca, members=1,
            secure=True)
    place = f"localhost:2379/{GROUP}"
    a = Node(case, "a", place, ca, pem, key)
    lab.wait_for("a is heard", lambda: a.look().status == "OK", 30)
    a.own()
    for name, *words in (("b", ca, "", ""), ("c", stranger, pem, key), ("d",)):
        event = Node(case, name, place, *words).look()
        lab.check(event.status in ("HOST", "TIMEOUT"), f"{name} is heard: {event.status}")
    lab.check(a.renew().status == "OK", "not renewed")
    lab.check(len(os.listdir(f"/proc/{a.pid}/task")) == 1, "a thread")


if __name__ == "__main__":
    lab.run({case.__name__: case for case in (one_owner, two_writers, leader_killed, owner_killed, quorum_lost,
                                              member_stopped, owner_stopped, shaken, full, tls)}, tools=("etcd", "openssl"))
