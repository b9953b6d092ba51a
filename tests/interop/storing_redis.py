#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One node with a store in a Redis server, and no standby: the node is killed, and so is the server, or it is stopped,
emptied, full, not followed by its replica, replaced by that; and two nodes want the same store."""
import os
import pathlib
import re
import signal
import subprocess

import handover
import lab
import ours
import storing

PORT = 7000  # where nodes find the server, whichever that is
URL = f"redis://127.0.0.1:{PORT}/lab"
PLAIN = ("--store-plain",)
TIMEOUT = 20


class Server:
    """A redis-server with a folder of its own."""

    def __init__(self, case, port=PORT, *options):
        self.case, self.port, self.options = case, port, options
        self.folder = lab.FILES / f"redis-{port}"
        self.folder.mkdir()
        self.start()

    def start(self):
        self.process = self.case.start(
            f"redis-{self.port}", "redis-server", "--port", self.port, "--dir", self.folder, "--save", "",
            "--appendonly", "yes", *self.options)
        lab.wait_for(f"the server at {self.port} answers", lambda: self.ask("ping") == "PONG")

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *map(str, words)], check=False, capture_output=True,
                              text=True, timeout=TIMEOUT)
        return done.stdout.strip()

    def die(self):
        self.process.kill(signal.SIGKILL)
        self.process.ended()

    def follow(self, port):
        self.ask("replicaof", "127.0.0.1", port)
        lab.wait_for(f"{self.port} follows {port}", lambda: "master_link_status:up" in self.ask("info", "replication"))

    def head(self):
        lines = self.ask("hgetall", "l2tpha:{lab}:head").splitlines()
        return dict(zip(lines[::2], lines[1::2]))


def begin(case, program, name, *options):
    return storing.Box(case, program, name, *options, *PLAIN, store=URL)


def lns(case, *options):
    return begin(case, "lns", "lns", *handover.LNS[1:], *options)


def lac(case, name="lac", *options):
    return ours.Node(case, "lac", name, *handover.LAC[1:], *handover.LOAD, *options)


def await_store(box, state, seconds=30):
    lab.wait_for(f"the store is {state}", lambda: box.store()["state"] == state, seconds)
    lab.say(f"{state}: {box.store()['error']}: {box.store()['note']}")


def finish(caller, box):
    handover.await_agreement(caller, box.node)
    caller.finish()
    handover.check_report(caller.report())
    storing.check_numbers(box.case)


def lns_killed(case):
    """It dies once in each set-up of a fresh LAC, and sometimes twice."""
    Server(case)
    storing.lns_killed(case, begin)


def stopped(case):
    """The server is stopped: shortly, and nobody is told; for longer, and what is new waits until it wakes. Then the
    node dies."""
    server = Server(case)
    box = lns(case, "--on-store-loss", "hold")
    server.process.kill(signal.SIGSTOP)
    caller = lac(case)
    lab.stays("no call is answered", lambda: not caller.sessions(), 1)
    server.process.kill(signal.SIGCONT)
    caller.await_line("^all up")
    lab.check(box.store()["losses"] == 0, "the store was lost")
    server.process.kill(signal.SIGSTOP)
    await_store(box, "holds")
    server.process.kill(signal.SIGCONT)
    await_store(box, "in-sync")
    box.die()
    finish(caller, box)


def server_killed(case):
    """The server dies, and what is new waits: the mark cannot be set, so the node must not go on. It comes back with
    what it had."""
    server = Server(case)
    box = lns(case)
    first = lac(case)
    first.await_line("^all up")
    server.die()
    await_store(box, "holds")
    server.start()
    await_store(box, "in-sync")
    handover.await_agreement(first, box.node)
    box.die()
    finish(first, box)


def held_meanwhile(case):
    """No call is answered while the server is dead."""
    server = Server(case)
    box = lns(case)
    server.die()
    caller = lac(case)
    lab.stays("no call is answered", lambda: not caller.sessions(), 5)
    server.start()
    caller.await_line("^all up", 40)
    box.die()
    box.node.await_sessions(handover.CALLS)
    handover.await_agreement(caller, box.node)
    ours.check_programs(case)


def emptied(case):
    """The server dies and has nothing when it is there again: the store gets another copy."""
    server = Server(case, PORT, "--appendonly", "no")
    box = lns(case)
    caller = lac(case)
    caller.await_line("^all up")
    lab.check("all since its last snapshot" in box.store()["note"], box.store()["note"])
    server.die()
    server.start()
    await_store(box, "in-sync")
    lab.check(server.head().get("exact") == "1", "it is not exact")
    box.die()
    finish(caller, box)


def began_again(case, *options):
    """Node and server die, and are there again."""
    server = Server(case, PORT, "--appendfsync", "always")
    box = lns(case, *options)
    caller = lac(case)
    caller.await_line("^all up")
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    server.die()
    server.start()
    box.start()
    return server, box, caller


def both_killed(case):
    """What the server may have lost while nobody looked is stale."""
    _, box, _ = began_again(case)
    lab.check(box.node.count("stale") > 0, "it is not told that the store is stale")
    ours.check_programs(case)


def both_killed_exact(case):
    """... but where the operator says that it loses nothing."""
    _, box, caller = began_again(case, "--store-exact")
    lab.check(box.node.count("stale") == 0, "it says that the store is stale")
    finish(caller, box)


def full(case):
    """The server has no memory left: the mark needs none, and the node goes on; then there is some again."""
    server = Server(case, PORT, "--maxmemory", "1400kb", "--stream-node-max-bytes", "0", "--stream-node-max-entries", "1")
    box = lns(case)
    server.ask("config", "set", "maxmemory", int(server.ask("info", "memory").split("used_memory:")[1].split()[0]) + 100000)
    storing.dial_until(case, box, "goes-on")
    lab.check(box.store()["error"] != "", "no error is told")
    lab.check("exact" not in server.head(), "it says that it is exact")
    server.ask("config", "set", "maxmemory", 0)
    await_store(box, "in-sync")
    lab.check(server.head().get("exact") == "1", "it is not exact")
    logs = server.ask("keys", "*:log:*").splitlines()
    lab.check(len(logs) == 1, f"logs: {logs}")
    ours.check_programs(case)


def replica(case):
    """What the replica has not is not confirmed, and that is said."""
    server, other = Server(case), Server(case, PORT + 1)
    other.follow(server.port)
    box = lns(case, "--on-store-loss", "hold")
    lab.check("replicas 1" in box.store()["note"], box.store()["note"])
    other.process.kill(signal.SIGSTOP)
    caller = lac(case)
    await_store(box, "holds")
    lab.check(box.store()["error"] == "the replica is not in sync", box.store()["error"])
    lab.check("0 of 1 replicas" in box.store()["note"], box.store()["note"])
    lab.stays("no call is answered", lambda: not caller.sessions(), 3)
    other.process.kill(signal.SIGCONT)
    await_store(box, "in-sync")
    caller.await_line("^all up", 40)
    box.die()
    box.node.await_sessions(handover.CALLS)
    handover.await_agreement(caller, box.node)
    ours.check_programs(case)


def lead_to(port):
    """Connections to the servers' port go to this one from now on."""
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input=(
        "add table ip way\nflush table ip way\n"
        "add chain ip way output { type nat hook output priority -100; }\n"
        f"add rule ip way output ip daddr 127.0.0.1 tcp dport {PORT} redirect to :{port}\n"))


def failover(case):
    """The master is cut off, and its replica takes its place under a second node; then the old master is there again,
    and so is the first node, which was stopped: it is refused and serves no more."""
    first, second, third = (Server(case, PORT + number) for number in (1, 2, 3))
    second.follow(first.port)
    lead_to(first.port)
    old = lns(case)
    caller = lac(case)
    caller.await_line("^all up")
    lab.wait_for("all is confirmed", lambda: old.store()["state"] == "in-sync")
    old.node.kill(signal.SIGSTOP)
    first.process.kill(signal.SIGSTOP)
    second.ask("replicaof", "no", "one")
    third.follow(second.port)
    lead_to(second.port)
    options = list(handover.LNS[1:])
    options[options.index(lab.OURS)] = f"{lab.OURS}:1702"
    new = begin(case, "lns", "lns-2", *options)
    lab.check(new.node.count("stale") > 0, "it is not told that the store is stale")
    first.process.kill(signal.SIGCONT)
    old.node.kill(signal.SIGCONT)
    old.node.await_line("another writer has it", 30)
    lab.check(old.node.ended() == 0, "it has not ended well")
    lab.check(new.store()["state"] == "in-sync", "the new one has lost the store")
    lab.check(second.head().get("exact") == "1", "the old one has marked it")
    ours.check_programs(case)


def two_writers(case):
    """A second node has the store: the first one serves no more, at once, and marks nothing."""
    server = Server(case)
    first = lns(case)
    caller = lac(case)
    caller.await_line("^all up")
    options = list(handover.LNS[1:])
    done = subprocess.run([case.programs / "l2tpha-lns", *map(str, options), "--store", URL, *PLAIN], check=False,
                          capture_output=True, text=True, timeout=TIMEOUT)
    lab.check(done.returncode == 1 and "in use" in done.stderr, f"a second one at the same address: {done.stderr}")
    lab.stays("the first one has the store", lambda: first.store()["state"] == "in-sync", 2)
    options[options.index(lab.OURS)] = f"{lab.OURS}:1702"
    second = begin(case, "lns", "lns-2", *options)
    first.node.await_line("another writer has it")
    first.node.ended()
    second.node.await_sessions(handover.CALLS)
    lab.check(server.head().get("exact") == "1", "the first one has marked it")
    second.die()
    second.node.await_sessions(handover.CALLS)
    ours.check_programs(case)


def processor(node):
    """Seconds that it has had."""
    times = pathlib.Path(f"/proc/{node.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def check_idle(node, seconds=2):
    before = processor(node)
    lab.stays(f"{node.name} lives", node.alive, seconds)
    used = processor(node) - before
    lab.check(used < seconds / 4, f"{node.name} was busy for {used:g} s of {seconds}")


def with_standby(case):
    """Both nodes of a pair have one store: whoever takes over has it then, and the last one goes on from it. A standby
    whose connection has ended does nothing about it."""
    server = Server(case)
    pair = ours.Pair(case, *handover.LNS, "--store", URL, *PLAIN)
    caller = lac(case)
    caller.await_line("^all up")
    server.ask("client", "kill", "type", "normal")
    check_idle(pair.standby)
    for number in range(4):
        (pair.switch if number % 2 else pair.kill)()
        pair.active.await_sessions(handover.CALLS)
        lab.wait_for("its store is in sync", lambda: pair.active.redundancy()["store"]["state"] == "in-sync")
        if pair.standby is None:
            pair.restart()
    handover.await_agreement(caller, pair.active)
    last = pair.name_of(pair.active)
    for node in (pair.standby, pair.active):
        node.kill(signal.SIGKILL)
        node.ended()
    again = pair.start(last, "active")
    again.await_sessions(handover.CALLS)
    handover.await_agreement(caller, again)
    caller.finish()
    handover.check_report(caller.report())
    ours.check_programs(case)


def looked_at(case):
    """No key is another one when somebody has looked."""
    server = Server(case)

    def state():
        digest = "return redis.sha1hex(redis.call('DUMP', KEYS[1]))"
        return {key: server.ask("eval", digest, 1, key) for key in server.ask("keys", "*").split()}
    storing.looked_at(case, begin, URL, state)


def script(name):
    """Its text, out of the source."""
    source = (lab.HERE.parents[1] / "lib/redis/script.c").read_text(encoding="utf-8")
    texts = {word: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', body)) for word, body in
             re.findall(r"(OWNED|script_\w+)(?:\[\] =)?((?:[\s\\]|OWNED|\"[^\"]*\")+)", source)}
    owned = re.search(rf"script_{name}\[\] =\s*OWNED", source) is not None
    return owned * texts["OWNED"] + texts[f"script_{name}"]


def scripts(case):
    """Each script at a real server, by itself: who is refused, and that nothing changes then."""
    server = Server(case)
    head, log = "h:{x}", "l:{x}:"

    def run(name, keys, *words):
        return server.ask("eval", script(name), len(keys), *keys, *words).split("\n")

    def acquire(process, turn, how, epoch, run_id="r1", last="", exact="0", replicas="", there="0",
                level="2"):
        return run("acquire", (head, log + "0a"), process, turn, how, epoch, run_id, replicas, there, last, exact,
                   level)

    def append(owner, number, entry, whole="0"):
        return run("append", (head, log + "0a"), owner, "0a", number, entry, "batch", whole, "3", "2")[0]

    def is_exact():
        return server.ask("hget", head, "exact") == "1"

    def same(what, wanted):
        lab.check(what == wanted, f"{what}, not {wanted}")

    same(append("a1", 0, "1-1"), "GONE")
    same(acquire("a", "1", "serve", "05"), ["OK", "", "0", "0", "0", "1", "1"])
    same(append("a1", 0, "1-1"), "OK")
    same(append("b1", 1, "1-2"), "FENCED")
    same(append("a2", 1, "1-2"), "FENCED")
    same(append("a1", 2, "1-2"), "GAP")
    same(append("a1", 0, "1-2"), "GAP")
    same(append("a1", 1, "1-2", "1"), "OK")
    same(server.ask("xlen", log + "0a"), "2")
    lab.check(is_exact(), "it is not exact")
    same(acquire("a", "1", "again", "05"), ["FENCED"])
    same(acquire("b", "1", "again", "09"), ["FENCED"])
    for epoch in ("04", "05"):
        same(acquire("b", "1", "serve", epoch), ["FENCED"])
    same(run("mark", (head,), "b1"), ["FENCED"])
    same(run("sweep", (head,), "b1", log), ["FENCED"])
    same(acquire("a", "2", "again", "05", last="1-2"), ["OK", "0a", "1", "0", "1", "3", "2"])
    same(append("a1", 2, "1-3"), "FENCED")
    same(run("mark", (head,), "a1"), ["FENCED"])
    lab.check(is_exact(), "it is not exact")
    same(acquire("a", "3", "again", "05", last="1-3"), ["OK", "0a", "0", "0", "1", "3", "2"])
    lab.check(not is_exact(), "an entry is missing, and it is exact")
    same(append("a3", 2, "1-3", "1"), "OK")
    same(acquire("b", "1", "take", "00"), ["OK", "0a", "1", "0", "1", "3", "2"])
    same(server.ask("hget", head, "epoch"), "05")
    same(append("a3", 3, "1-4"), "FENCED")
    same(acquire("c", "1", "take", "00", run_id="r2", exact="1"), ["OK", "0a", "1", "0", "1", "3", "2"])
    same(acquire("d", "1", "take", "00", run_id="r3", there="1"), ["OK", "0a", "0", "1", "1", "3", "2"])
    lab.check(not is_exact(), "another run, and it is exact")
    same(acquire("e", "1", "take", "00", replicas="2"), ["OK", "0a", "0", "2", "1", "3", "2"])
    same(append("e1", 3, "1-4", "1"), "OK")
    same(acquire("f", "1", "serve", "06"), ["OK", "0a", "0", "2", "1", "3", "2"])
    lab.check(not is_exact(), "another process serves, and it is exact")
    server.ask("hset", head, "log:0b", "1")
    server.ask("hset", head, "log:0c", "1")
    server.ask("set", log + "0b", "x")
    server.ask("set", log + "0c", "x")
    same(run("sweep", (head,), "f1", log, "0c"), ["OK"])
    same(sorted(server.ask("keys", log + "*").split()), [log + "0a", log + "0c"])
    same(server.ask("hget", head, "log:0b"), "")
    everything = server.ask("hgetall", head)
    for how in ("take", "serve", "again"):
        same(acquire("f", "2", how, "09", level="1"), ["LEVEL", "2"])
    same(server.ask("hgetall", head), everything)
    server.ask("hset", head, "format", "2")
    same(acquire("g", "1", "take", "00"), ["FORMAT"])


def refused(case):
    """A server that would lose what is stored, or is none for it, is refused by name."""
    server = Server(case, PORT, "--maxmemory-policy", "allkeys-lru")
    secret = lab.FILES / "secret"

    def words(*options):
        done = subprocess.run([case.programs / "l2tpha-lns", "--listen", lab.OURS, "--store", URL, *PLAIN, *options],
                              check=False, capture_output=True, text=True, timeout=TIMEOUT)
        lab.check(done.returncode == 1, f"it has ended with {done.returncode}")
        return done.stderr
    lab.check("maxmemory-policy is 'allkeys-lru'" in words(), "evicts")
    server.ask("config", "set", "maxmemory-policy", "noeviction")
    lab.check("appendfsync always" in words("--store-exact"), "everysec")
    server.ask("replicaof", "127.0.0.1", PORT + 1)
    lab.check("role is 'slave'" in words(), "replica")
    server.ask("replicaof", "no", "one")
    server.ask("config", "set", "requirepass", "open sesame")
    lab.check("NOAUTH" in words(), "no password")
    secret.write_text("sesame\n", encoding="utf-8")
    lab.check("mode 0600" in words("--store-secret", str(secret)), "mode")
    secret.chmod(0o600)
    lab.check("WRONGPASS" in words("--store-secret", str(secret)), "wrong password")
    secret.write_text("open sesame\ndefault\n", encoding="utf-8")
    lns(case, "--store-secret", secret).node.finish()
    server.die()
    lab.check("cannot be reached" in words(), "dead")
    ours.check_programs(case)


if __name__ == "__main__":
    lab.run({"lns_killed": lns_killed, "stopped": stopped, "server_killed": server_killed, "held_meanwhile": held_meanwhile,
             "emptied": emptied, "both_killed": both_killed, "both_killed_exact": both_killed_exact, "full": full,
             "replica": replica, "failover": failover, "two_writers": two_writers,
             "with_standby": with_standby, "looked_at": looked_at, "scripts": scripts, "refused": refused},
            ["redis-server", "redis-cli", "nft"])
