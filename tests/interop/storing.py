#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One node with a store, and no standby: killed at bad moments and started again, on a disk that is full or damaged,
stopped while another one wants its store."""
import contextlib
import random
import signal
import socket
import struct
import subprocess
import time

import handover
import lab
import ours
import wire
import xl2tpd

STORE = lab.FILES / "store"
ROUNDS = 6


class Box:
    """Where an LNS or a LAC lives, dies and begins again."""

    def __init__(self, case, program, name, *options, store=STORE, inside=()):
        self.case, self.program, self.name, self.inside = case, program, name, inside
        self.options = (*options, "--store", store if "://" in str(store) else f"file:{store}")
        self.node = None
        self.start()

    def start(self):
        self.node = ours.Node(self.case, self.program, self.name, *self.options, inside=self.inside)
        self.node.await_role("active", "in-sync")

    def die(self):
        self.node.kill(signal.SIGKILL)
        self.node.ended()
        self.start()

    def store(self):
        return self.node.redundancy()["store"]


def check_numbers(case):
    """Between death and birth nobody has the port: a peer may be told that."""
    faults = wire.numbering_faults(case.capture.control(lab.OURS))
    lab.check(not faults, "; ".join(faults[:5]))
    ours.check_programs(case)


def lns_killed(case, begin=Box):
    """It dies once in each set-up of a fresh LAC, and sometimes twice."""
    box = begin(case, "lns", "lns", *handover.LNS[1:])
    for seed in range(1, ROUNDS + 1):
        count = random.Random(seed).randrange(1, handover.SETUP_MESSAGES)
        begin = len(case.capture.messages)
        lac = ours.Node(case, "lac", f"lac-{seed}", *handover.LAC[1:], *handover.LOAD)
        lab.wait_for(f"{count} messages", lambda: len(case.capture.messages) >= begin + count)
        for _ in range(1 + seed % 2):
            box.die()
        lac.await_line("^all up")
        box.node.await_sessions(handover.CALLS)
        handover.await_agreement(lac, box.node)
        lac.finish()
        handover.check_report(lac.report())
    check_numbers(case)


def lac_killed(case):
    """It dies in its own set-up, and completes it when it is there again."""
    lns = ours.Node(case, "lns", "lns", *handover.LNS[1:])
    for seed in range(1, ROUNDS + 1):
        count = random.Random(100 + seed).randrange(1, handover.SETUP_MESSAGES)
        begin = len(case.capture.messages)
        store = lab.FILES / f"store-{seed}"
        box = Box(case, "lac", f"lac-{seed}", *handover.LAC[1:], *handover.LOAD, store=store)
        lab.wait_for(f"{count} messages", lambda: len(case.capture.messages) >= begin + count)
        box.die()
        box.node.await_sessions(handover.CALLS)
        lns.await_sessions(handover.CALLS)
        handover.await_agreement(box.node, lns)
        box.node.finish()
        lns.await_sessions(0)
    ours.check_programs(case)


def peer(case):
    """xl2tpd keeps its calls over deaths, hangs up, and places new ones."""
    box = Box(case, "lns", "lns", *handover.LNS[1:])
    other = xl2tpd.Xl2tpd(case, "lac")
    other.call("first")
    other.await_calls(1)
    for _ in range(3):
        box.die()
        box.node.await_sessions(1)
    other.call("second")
    other.await_calls(2)
    box.node.await_sessions(2)
    box.die()
    other.hang_up()
    box.node.await_sessions(1)
    lab.check(other.closed() == 0, "a tunnel was closed")
    check_numbers(case)


def stopped(case):
    """A node that is stopped has its store: another one is refused, and it goes on when it wakes."""
    box = Box(case, "lns", "lns", *handover.LNS[1:])
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    box.node.kill(signal.SIGSTOP)
    done = subprocess.run([case.programs / "l2tpha-lns", "--listen", f"{lab.OURS}:1702", "--store", f"file:{STORE}"],
                          check=False, capture_output=True, text=True, timeout=20)
    lab.check(done.returncode == 1, f"another one has ended with {done.returncode}")
    lab.check("another process has it" in done.stderr, done.stderr)
    lab.stays("nothing is lost", lambda: True, 7)
    box.node.kill(signal.SIGCONT)
    handover.await_agreement(lac, box.node)
    box.die()
    handover.await_agreement(lac, box.node)
    lac.finish()
    handover.check_report(lac.report())
    check_numbers(case)


def small_disk(case, *options):
    """A node on a disk of 2 MB that is full, but for what is left of the segment."""
    folder = lab.FILES / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none", folder], check=True)
    box = Box(case, "lns", "lns", *handover.LNS[1:], *options, store=folder / "store")
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            lab.say("the disk is full")
    return box, folder / "filler"


def dial_until(case, box, state):
    """Calls come until the store has come to this."""
    for number in range(1, 30):
        lac = ours.Node(case, "lac", f"lac-{number}", *handover.LAC[1:], *handover.LOAD, "--duration", "1")
        lab.wait_for("the LAC ends, or waits", lambda node=lac: not node.alive() or box.store()["state"] == state, 60)
        if box.store()["state"] == state:
            return lac
    raise lab.Failure(f"the store never came to {state}")


def full(case):
    """The disk is full: the node goes on, and says so; then there is room again."""
    box, filler = small_disk(case)
    dial_until(case, box, "goes-on").ended(60)
    lab.check(box.store()["error"] != "", "no error is told")
    box.node.await_role("active", "none")
    box.node.check_upgrade("standby", "store")
    lac = ours.Node(case, "lac", "lac-unprotected", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    filler.unlink()
    lab.wait_for("the store is in sync again", lambda: box.store()["state"] == "in-sync", 30)
    box.die()
    handover.await_agreement(lac, box.node)
    lac.finish()
    handover.check_report(lac.report())
    ours.check_programs(case)


def full_and_held(case):
    """The disk is full, and the node waits for it: no call is answered that could not be gone on with."""
    box, filler = small_disk(case, "--on-store-loss", "hold")
    lac = dial_until(case, box, "holds")
    lab.stays("it holds", lambda: box.store()["state"] == "holds", 3)
    filler.unlink()
    lab.wait_for("the store is in sync again", lambda: box.store()["state"] == "in-sync", 30)
    lac.ended(60)
    ours.check_programs(case)


def damaged(case):
    """An octet of the file is another one: that is told, and by command what is before it is taken as stale."""
    box = Box(case, "lns", "lns", *handover.LNS[1:])
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    segment, = STORE.glob("*.seg")
    octets = bytearray(segment.read_bytes())
    octets[8192] ^= 1
    segment.write_bytes(octets)
    command = [case.programs / "l2tpha-lns", "--listen", lab.OURS, "--store", f"file:{STORE}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    lab.check(done.returncode == 1, f"it has ended with {done.returncode}")
    lab.check("--store-repair" in done.stderr, done.stderr)
    box.options = (*box.options, "--store-repair")
    box.start()
    lab.check(box.node.count("stale") > 0, "it is not told that the store is stale")
    ours.check_programs(case)


def key_file(name, number, digit):
    path = lab.FILES / name
    path.write_text(f"key {number} {digit * 64}\n", encoding="ascii")
    path.chmod(0o600)
    return path


def sealed(case):
    """What is stored is sealed from a plain store on, by command; without its key, or with another one, it is refused
    by name. The key changes, and everything goes on."""
    box = Box(case, "lns", "lns", *handover.LNS[1:])
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    plain, first, second = box.options, key_file("first", 1, "a"), key_file("second", 2, "b")
    box.node.kill(signal.SIGKILL)
    box.node.ended()

    def refused(*options):
        done = subprocess.run([case.programs / "l2tpha-lns", "--listen", lab.OURS, "--store", f"file:{STORE}",
                               *map(str, options)], check=False, capture_output=True, text=True, timeout=20)
        lab.check(done.returncode == 1, f"with {options} it has ended with {done.returncode}")
        return done.stderr
    lab.check("it is not sealed" in refused("--store-key", first), "a plain store")
    box.options = (*plain, "--store-key", first, "--store-plain")
    box.start()
    box.options = (*plain, "--store-key", first)
    box.die()
    handover.await_agreement(lac, box.node)
    lab.check(not any(b"l2tpha-lac" in path.read_bytes() for path in STORE.glob("*.seg")), "a name is in the clear")
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    lab.check("there is no key for it" in refused(), "no key")
    lab.check("not among the keys" in refused("--store-key", second), "another key")
    lab.check("the key does not open it" in refused("--store-key", key_file("false", 1, "c")), "another secret")
    lab.check("no such file" in refused("--store-key", lab.FILES / "none").lower(), "no file")
    second.write_text(second.read_text(encoding="ascii") + first.read_text(encoding="ascii"), encoding="ascii")
    box.options = (*plain, "--store-key", second)
    box.start()
    key_file("second", 2, "b")
    box.die()
    handover.await_agreement(lac, box.node)
    lac.finish()
    handover.check_report(lac.report())
    check_numbers(case)


class Pair(ours.Pair):
    """Each node has a store of its own."""

    def start(self, name, role):
        options = self.options
        self.options = (*options, "--store", f"file:{lab.FILES / f'store-{name}'}")
        node = super().start(name, role)
        self.options = options
        return node


def with_standby(case):
    """Outputs wait for the standby and for the store; the standby takes over, and nobody goes on from the store of the
    one that has died."""
    pair = Pair(case, *handover.LNS)
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    kinds = sorted(consumer["kind"] for consumer in pair.active.redundancy()["consumers"] if consumer["gates"])
    lab.check(kinds == ["link", "store"], f"consumers that gate: {kinds}")
    for _ in range(2):
        pair.kill()
        pair.active.await_sessions(handover.CALLS)
        lab.wait_for("its store is in sync", lambda: pair.active.redundancy()["store"]["state"] == "in-sync")
        pair.restart()
        handover.check_replica(pair)
        pair.switch()
    handover.await_agreement(lac, pair.active)
    first, second = pair.active, pair.standby
    for node in (first, second):  # the second one has served last
        node.await_role("active", "in-sync")
        node.kill(signal.SIGKILL)
        node.ended()
    last = pair.start(pair.name_of(second), "active")
    last.await_sessions(handover.CALLS)
    handover.await_agreement(lac, last)
    lac.finish()
    handover.check_report(lac.report())
    last.kill(signal.SIGKILL)
    last.ended()
    late = pair.start(pair.name_of(first), "active")
    late.await_line("another node may have served since")
    lab.check(not late.tunnels(), "it has gone on from an old store")
    ours.check_programs(case)


def leave_behind(case):
    """A pair whose standby is stopped, and given up; the active has its store, and a call more."""
    pair = Pair(case, *handover.LNS)
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    pair.standby.kill(signal.SIGSTOP)
    late = ours.Node(case, "lac", "late", "--listen", f"{lab.PEER}:1702", *handover.LAC[3:])
    late.await_line("^all up")
    pair.active.await_role("active", "in-sync")  # with its store
    pair.active.await_line("standby left behind")
    return pair, lac, late


def left_behind(case):
    """A standby that was given up knows that it lacks something, though the active had its store all the time."""
    pair, _, _ = leave_behind(case)
    pair.active.kill(signal.SIGKILL)
    pair.active.ended()
    pair.standby.kill(signal.SIGCONT)
    pair.standby.await_line("had gone on alone shortly before")
    ours.check_programs(case)


def at_rest(node):
    """A node that has nothing to do does nothing."""
    before = node.processor()
    lab.stays("it is there", node.alive, 2)
    used = node.processor() - before
    lab.check(used < 0.5, f"{node.name} has used {used:.2f} s of 2")


def held(case):
    """Nobody is handed over to who lacks something: the node is held, until its standby holds everything. Then it
    marks its store, and is at rest."""
    pair, lac, late = leave_behind(case)
    status, words = pair.active.tell("switchover")
    lab.check(status == 1 and "in sync" in words, f"switchover: {status}, {words}")
    status, words = pair.active.tell("standby")
    lab.check(status == 0, f"standby: {status}, {words}")
    pair.active.await_line("held: silent")
    lab.stays("nobody serves", lambda: pair.standby.text().count("taking over") == 0, 2)
    pair.standby.kill(signal.SIGCONT)
    pair.standby.await_role("active")
    pair.active.await_line("marked as stale, for this node serves no more")
    pair.active.await_role("standby", "in-sync")
    at_rest(pair.active)
    pair.standby.await_sessions(handover.CALLS + len(late.sessions()))
    for node in (lac, late):
        node.finish()
        handover.check_report(node.report())
    ours.check_programs(case)


HELLO, CHECKPOINT, ACK, PROBE, ECHO = 1, 2, 3, 7, 8


def frame(kind, epoch, body):
    """Of a replication link (docs/replication-link.md)."""
    return struct.pack(">IBQ", 9 + len(body), kind, epoch) + body


def frames(octets):
    """Those that are whole."""
    at = 0
    while len(octets) - at >= 4 and len(octets) - at - 4 >= int.from_bytes(octets[at:at + 4], "big"):
        end = at + 4 + int.from_bytes(octets[at:at + 4], "big")
        yield octets[at:end]
        at = end


def listen_to(port, seconds=2.0):
    """What an active tells a standby that takes everything, for a while."""
    heard, count, answered = b"", 0, 0
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(frame(HELLO, 0, struct.pack(">IHHIBQQIIQ", 0x4c324841, 3, 3, 0, 2, 0, 0, 1000, 2, 0)))
        link.settimeout(0.1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                heard += link.recv(65536)
            except TimeoutError:
                pass
            for number, one in enumerate(frames(heard)):
                if number < answered:
                    continue
                answered += 1
                count += one[4] == CHECKPOINT
                epoch = int.from_bytes(one[5:13], "big")
                if one[4] == CHECKPOINT:
                    link.sendall(frame(ACK, epoch, count.to_bytes(8, "big")))
                elif one[4] == PROBE:
                    link.sendall(frame(ECHO, epoch, one[13:]))
    return b"".join(frames(heard))


@contextlib.contextmanager
def capture(file, chosen):
    with subprocess.Popen(["tshark", "-i", "lo", "-f", chosen, "-w", file], stderr=subprocess.PIPE, text=True) as shark:
        for line in shark.stderr:  # tshark says it before it does: a capture that exists has begun
            if line.startswith("Capturing on"):
                break
        lab.wait_for("the capture", lambda: file.exists() and file.stat().st_size > 0)
        yield
        shark.send_signal(signal.SIGINT)
        shark.stderr.read()


def follow(file, record):
    """What the one who was connected to has said, as docs/operations.md gets it ("Look into a store")."""
    subprocess.run(["sh", "-c", f"tshark -r {file} -q -z follow,tcp,raw,0 | sed -n 's/^\t//p' | tr -d '\n' | "
                    f"tr a-f A-F | basenc --base16 -d >{record}"], check=True, timeout=60, stderr=subprocess.DEVNULL)
    return record.read_bytes()


def snapshot(folder):
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def looked_at(case, begin=Box, url=f"file:{STORE}", state_of=lambda: snapshot(STORE)):
    """The store of a node that serves is read at any time, and is no other one for that; it says what the node tells a
    standby."""
    def dump(*words):
        done = subprocess.run([case.programs / "l2tpha-dump", *words], check=False, capture_output=True, timeout=60)
        return done.returncode, done.stdout

    box = begin(case, "lns", "lns", *handover.LNS[1:], "--ha-listen", "tcp:127.0.0.1:7701", "--rank", 1, "--takeover",
              "manual", "--serializer", "cbor")
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD, "--rate", 60)
    looks = 0
    while not lac.count("^all up"):
        status, text = dump(url, "--verify")
        lab.check(status == 0, f"look {looks}: {text}")
        looks += 1
    lab.check(looks > 3, f"{looks} looks while calls were set up")
    box.node.await_sessions(handover.CALLS)
    box.node.kill(signal.SIGSTOP)
    before = state_of()
    status, state = dump(url, "--state")
    lab.check(status == 0 and f"sessions={handover.CALLS}".encode() in state.splitlines()[0], state[:200])
    lab.check(state_of() == before, "the store has changed")
    box.node.kill(signal.SIGCONT)
    record, packets = lab.FILES / "link", lab.FILES / "link.pcapng"
    with capture(packets, "tcp port 7701"):
        said = listen_to(7701)
        lab.wait_for("the last packet", lambda: len(follow(packets, record)) >= len(said))
    followed = follow(packets, record)
    lab.check(said and followed.startswith(said), f"{len(said)} octets, in the capture {len(followed)}")
    record.write_bytes(said)
    status, text = dump(url, "--diff", record)
    lab.check(status == 0, f"store and link: {status}, {text[:400]}")
    status, text = dump(record, "--verify")  # the digest of its copy is over CBOR
    lab.check(status == 0 and b"cbor: " in text, f"link: {status}, {text}")
    lab.check(box.store()["state"] == "in-sync", box.store())
    lac.finish()
    handover.check_report(lac.report())
    box.node.await_sessions(0)
    status, text = dump(url, "--diff", record)
    lab.check(status == 1 and b"only in" in text, f"calls that are gone: {status}, {text[:400]}")
    check_numbers(case)


if __name__ == "__main__":
    lab.run({"lns_killed": lns_killed, "lac_killed": lac_killed, "peer": peer, "stopped": stopped, "full": full,
             "full_and_held": full_and_held, "damaged": damaged, "sealed": sealed, "with_standby": with_standby,
             "left_behind": left_behind, "held": held, "looked_at": looked_at},
            ["xl2tpd", "tshark"])
