#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One node with a store in three members of etcd, and no standby: the node is killed, members are killed, stopped and
full, keys go, two nodes want the same store, and an authority has its keys beside it."""
import base64
import json
import re
import signal
import subprocess

import authority
import handover
import lab
import ours
import storing
from storing_redis import await_store, check_idle, finish, lac

GROUP = authority.GROUP
PLAIN = ("--store-plain",)
TIMEOUT = 20
OTHER_PORT = [f"{lab.OURS}:1702" if word == lab.OURS else word for word in handover.LNS[1:]]


class Cluster(authority.Cluster):
    """Members with a store in them."""

    def keys(self, folder):
        """Keys of the group below this, and their values, by any member that answers."""
        front = f"l2tpha/{GROUP}/{folder}"
        words = {"key": base64.b64encode(front.encode()).decode(),
                 "range_end": base64.b64encode(f"{front}~".encode()).decode()}
        answer = None
        for at in range(len(self.members)):
            answer = answer or self.call(at, "kv/range", **words)
        return {base64.b64decode(pair["key"]).decode()[len(f"l2tpha/{GROUP}/"):]:
                base64.b64decode(pair.get("value", "")) for pair in (answer or {}).get("kvs", [])}

    def head(self):
        return json.loads(self.keys("store/head")["store/head"])

    def is_exact(self):
        return f"store/{self.head()['owner']}/exact" in self.keys("store/")

    def forget(self, folder):
        front = f"l2tpha/{GROUP}/{folder}"
        self.call(0, "kv/deleterange", key=base64.b64encode(front.encode()).decode(),
                  range_end=base64.b64encode(f"{front}~".encode()).decode())

    def url(self):
        return "etcd://" + self.place()


def begin_in(cluster, *more):
    """What begins a node with its store there."""
    return lambda case, program, name, *options: storing.Box(case, program, name, *options, *more, *PLAIN,
                                                             store=cluster.url())


def lns(case, cluster, *options):
    return begin_in(cluster)(case, "lns", "lns", *handover.LNS[1:], *options)


def one_call(case):
    """Another LAC, beside the one that is there."""
    return ours.Node(case, "lac", "late", "--listen", f"{lab.PEER}:1702", *handover.LAC[3:])


def check_one_log(cluster):
    lab.wait_for("one log is left", lambda: len(cluster.keys("logs/")) == 1)
    name, = cluster.keys("logs/")
    lab.check(name == f"logs/{cluster.head()['copy']}", f"{name} is none of the copy's")
    lab.check(all(key.startswith(f"log/{name[5:]}/") for key in cluster.keys("log/")), "batches of other logs")


def lns_killed(case):
    """It dies once in each set-up of a fresh LAC, and sometimes twice. One log is left, and no history of old."""
    cluster = Cluster(case)
    storing.lns_killed(case, begin_in(cluster, "--store-history", 2))
    check_one_log(cluster)
    lab.wait_for("history is gone", lambda: cluster.call(0, "kv/range", key="YQ==", revision=2) is None)


def leader_killed(case):
    """The leader dies while calls are set up: they wait for the next one, and the store is not lost by that."""
    cluster = Cluster(case)
    box = lns(case, cluster, "--on-store-loss", "hold")
    for number in range(2):
        at = cluster.await_leader()
        caller = lac(case, f"lac-{number}")
        lab.wait_for("calls come up", caller.sessions)
        cluster.kill(at)
        caller.await_line("^all up", 40)
        box.die()
        box.node.await_sessions(handover.CALLS)
        cluster.start(at)
        handover.await_agreement(caller, box.node)
        caller.finish()
        handover.check_report(caller.report())
    storing.check_numbers(case)


def member_stopped(case):
    """A follower, and the leader, is stopped: others are asked, and nothing is lost; nor when it wakes up."""
    cluster = Cluster(case)
    box = lns(case, cluster, "--on-store-loss", "hold")
    for number, leads in enumerate((False, True)):
        leader = cluster.await_leader()
        at = leader if leads else (leader + 1) % authority.MEMBERS
        cluster.members[at].kill(signal.SIGSTOP)
        caller = lac(case, f"lac-{number}")
        caller.await_line("^all up", 40)
        cluster.members[at].kill(signal.SIGCONT)
        handover.await_agreement(caller, box.node)
        box.die()
        handover.await_agreement(caller, box.node)
        caller.finish()
        handover.check_report(caller.report())
    storing.check_numbers(case)


def quorum_lost(case):
    """Two members die, and what is new waits, with solo as well: the mark cannot be set. They come back."""
    cluster = Cluster(case)
    box = lns(case, cluster)
    first = lac(case)
    first.await_line("^all up")
    for at in (1, 2):
        cluster.kill(at)
    late = one_call(case)
    await_store(box, "holds")
    lab.stays("no call is answered", lambda: not late.sessions(), 3)
    check_idle(box.node)
    for at in (1, 2):
        cluster.start(at)
    await_store(box, "in-sync")
    late.await_line("^all up", 40)
    box.die()
    box.node.await_sessions(handover.CALLS + 1)
    first.finish()
    late.finish()
    handover.check_report(first.report())
    ours.check_programs(case)


def make_room(cluster):
    """What an operator does whose cluster is full."""
    cluster.forget("filler")
    revision = cluster.call(0, "kv/range", key="YQ==")["header"]["revision"]
    cluster.call(0, "kv/compaction", revision=revision, physical=True)
    for at in range(authority.MEMBERS):
        lab.check(cluster.call(at, "maintenance/defragment") is not None, "no defragmentation")
    for alarm in cluster.call(0, "maintenance/alarm").get("alarms", []):
        cluster.call(0, "maintenance/alarm", action="DEACTIVATE", memberID=alarm["memberID"], alarm=alarm["alarm"])


def fill(cluster):
    chunk = base64.b64encode(bytes(100_000)).decode()
    key = base64.b64encode(f"l2tpha/{GROUP}/filler".encode()).decode()
    lab.wait_for("it is full", lambda: cluster.call(0, "kv/put", key=key, value=chunk) is None, 60)


def full(case):
    """No space: the mark needs none, and the node goes on; it dies, and what is there is stale; then there is room."""
    cluster = Cluster(case, "--quota-backend-bytes", str(4 << 20))
    box = lns(case, cluster)
    fill(cluster)
    storing.dial_until(case, box, "goes-on").ended(60)
    lab.check("database space exceeded" in box.store()["note"], box.store()["note"])
    lab.check(not cluster.is_exact(), "it says that it is exact")
    make_room(cluster)
    await_store(box, "in-sync")
    lab.check(cluster.is_exact(), "it is not exact")
    check_one_log(cluster)
    caller = lac(case)
    caller.await_line("^all up")
    fill(cluster)
    late = one_call(case)
    await_store(box, "goes-on")
    late.await_line("^all up")
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    make_room(cluster)
    box.start()
    lab.check(box.node.count("stale") > 0, "it is not told that the store is stale")
    ours.check_programs(case)


def refuses(case, cluster, *options):
    """A node that does not start, and its words."""
    done = subprocess.run([case.programs / "l2tpha-lns", *map(str, OTHER_PORT), "--store", cluster.url(), *PLAIN, *options],
                          check=False, capture_output=True, text=True, timeout=TIMEOUT)
    lab.check(done.returncode == 1, f"it has ended with {done.returncode}")
    return done.stderr


def two_writers(case):
    """A second node has the store: the first one serves no more, at once, or when it wakes up, and marks nothing."""
    cluster = Cluster(case)
    for number, stopped in enumerate((False, True)):
        first = lns(case, cluster)
        caller = lac(case, f"lac-{number}")
        caller.await_line("^all up")
        if stopped:
            first.node.kill(signal.SIGSTOP)
        second = begin_in(cluster)(case, "lns", f"lns-{number}", *OTHER_PORT)
        if stopped:
            first.node.kill(signal.SIGCONT)
        first.node.await_line("another writer has it")
        lab.check(first.node.ended() == 0, "it has not ended well")
        second.node.await_sessions(handover.CALLS)
        lab.check(cluster.is_exact(), "the first one has marked it")
        second.die()
        second.node.await_sessions(handover.CALLS)
        for process in (caller, second.node):
            process.kill(signal.SIGKILL)
            process.ended()
        cluster.forget("")
    ours.check_programs(case)


def with_standby(case):
    """Both nodes of a pair have one store: whoever takes over has it then, and the last one goes on from it."""
    cluster = Cluster(case)
    pair = ours.Pair(case, *handover.LNS, "--store", cluster.url(), *PLAIN)
    caller = lac(case)
    caller.await_line("^all up")
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
    check_one_log(cluster)
    ours.check_programs(case)


def erased(case):
    """All keys go under a node that serves, then the cluster with its disks: the store gets another copy."""
    cluster = Cluster(case)
    box = lns(case, cluster)
    caller = lac(case)
    caller.await_line("^all up")
    copies = box.store()["copies"]
    cluster.forget("")
    lab.wait_for("another copy is there", lambda: box.store()["copies"] > copies and cluster.is_exact(), 30)
    await_store(box, "in-sync")
    check_one_log(cluster)
    box.die()
    finish(caller, box)


def damaged(case):
    """A batch is another one: refused, and by command what is before it is taken as stale."""
    cluster = Cluster(case, members=1)
    box = lns(case, cluster)
    caller = lac(case)
    caller.await_line("^all up")
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    key = sorted(cluster.keys("log/"))[-1]
    name = base64.b64encode(f"l2tpha/{GROUP}/{key}".encode()).decode()
    cluster.call(0, "kv/put", key=name, value=base64.b64encode(b"none of ours").decode())
    lab.check("none of ours" in refuses(case, cluster), "it is not refused")
    box.options = (*box.options, "--store-repair")
    box.start()
    lab.check(box.node.count("stale") > 0, "it is not told that the store is stale")
    cluster.call(0, "kv/put", key=base64.b64encode(f"l2tpha/{GROUP}/store/head".encode()).decode(),
                 value=base64.b64encode(b'{"format":2}').decode())
    lab.check("another release" in refuses(case, cluster), "another format is not refused")
    cluster.kill(0)
    lab.check("cannot be reached" in refuses(case, cluster), "a member that is dead")
    ours.check_programs(case)


def with_authority(case):
    """An authority has its keys beside the store's, in one group: neither sees the other's."""
    cluster = Cluster(case)
    owner = authority.Node(case, "a", cluster.place())
    owner.own()
    box = lns(case, cluster)
    caller = lac(case)
    caller.await_line("^all up")
    for turn in range(10):
        owner.make(authority.both(owner, turn))
        lab.check(owner.renew().status == "OK", "not renewed")
    box.die()
    seen = owner.know()
    lab.check((seen.owner, seen.epoch, seen.leased) == ("a", owner.epoch, 1), "the store has touched the claim")
    finish(caller, box)
    check_one_log(cluster)


def looked_at(case):
    """Nothing is put by whoever looks, so there is no other revision."""
    cluster = Cluster(case)
    storing.looked_at(case, begin_in(cluster), cluster.url(),
                      lambda: cluster.call(0, "kv/range", key="YQ==")["header"]["revision"])


def sealed(case):
    """With a key nothing in the cluster is in the clear; without it the store is refused."""
    cluster = Cluster(case)
    box = storing.Box(case, "lns", "lns", *handover.LNS[1:], "--store-key", storing.key_file("key", 1, "a"),
                      store=cluster.url())
    caller = lac(case)
    caller.await_line("^all up")
    lab.check(cluster.keys("log/") and not any(b"l2tpha-lac" in value for value in cluster.keys("log/").values()),
              "a name is in the clear")
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    lab.check("there is no key for it" in refuses(case, cluster), "no key")
    box.start()
    finish(caller, box)


def tls(case):
    """Over TLS, with a name and certificates; without one it is refused."""
    ca, _ = authority.certificate("ca")
    pem, key = authority.certificate("node", "ca")
    cluster = Cluster(case, "--cert-file", pem, "--key-file", key, "--client-cert-auth", "--trusted-ca-file", ca,
                      members=1, secure=True)
    secure = ("--store-ca", ca, "--store-cert", pem, "--store-cert-key", key)
    url = f"etcd://localhost:{cluster.port(0)}/{GROUP}"
    node = lab.wait_for("it starts", lambda: try_start(case, url, secure), 30) and case.processes[-1]
    node.await_role("active", "in-sync")
    lab.check(re.search("localhost:2379 answers", node.redundancy()["store"]["note"]), "no note")
    node.finish()
    for words in ((), ("--store-ca", ca), ("--store-cert", pem, "--store-cert-key", key)):
        done = subprocess.run([case.programs / "l2tpha-lns", *map(str, OTHER_PORT), "--store", url, *PLAIN, *map(str, words)],
                              check=False, capture_output=True, text=True, timeout=TIMEOUT)
        lab.check(done.returncode == 1, f"with {words} it has ended with {done.returncode}")
    ours.check_programs(case)


def try_start(case, url, secure):
    """A member may not be ready yet."""
    try:
        return ours.Node(case, "lns", "lns", *handover.LNS[1:], "--store", url, *PLAIN, *secure)
    except lab.Failure:
        return None


if __name__ == "__main__":
    lab.run({case.__name__: case for case in (lns_killed, leader_killed, member_stopped, quorum_lost, full, two_writers,
                                              with_standby, erased, damaged, with_authority, looked_at, sealed, tls)},
            tools=("etcd", "openssl"))
