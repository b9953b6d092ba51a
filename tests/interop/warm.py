#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One node with a store, whose socket a service manager keeps: killed at bad moments, no peer is told that the port is
closed, and what came meanwhile is answered."""
import os
import random
import signal
import socket
import time

import clients
import hand
import handover
import lab
import managers
import ours
import storing
import xl2tpd

STORE = ("--store", f"file:{lab.FILES / 'store'}")
LNS = (*handover.LNS[1:], *STORE)
ROUNDS = 6


def finish(case, box, watcher=None):
    """All leave in good order, and nobody was told of a closed port."""
    box.node.finish()
    if watcher:
        watcher.check()
    ours.check_wire(case)
    ours.check_programs(case)


def killed(case):
    """It dies once in each set-up of a fresh LAC, and sometimes twice."""
    box = managers.Kept(case, "lns", "lns", *LNS, keeper=("--delay-max", 100))
    watcher = managers.Watcher()
    for seed in range(1, ROUNDS + 1):
        count = random.Random(seed).randrange(1, handover.SETUP_MESSAGES)
        begin = len(case.capture.messages)
        lac = ours.Node(case, "lac", f"lac-{seed}", *handover.LAC[1:], *handover.LOAD)
        lab.wait_for(f"{count} messages", lambda begin=begin, count=count:
                     len(case.capture.messages) >= begin + count)
        started = len(box.pids())
        box.kill()
        if seed % 2:
            lab.wait_for("another one is started", lambda started=started: len(box.pids()) > started)
            box.kill()  # before it serves, or not
        lac.await_line("^all up", 20)
        box.node.await_sessions(handover.CALLS)
        handover.await_agreement(lac, box.node)
        lac.finish()
        handover.check_report(lac.report())
    watcher.close()
    finish(case, box, watcher)


def lac_killed(case):
    """A LAC dies in its own set-up, and completes it when it is there again. Its socket has errors to tell."""
    lns = ours.Node(case, "lns", "lns", *handover.LNS[1:])
    for seed in range(1, 4):
        count = random.Random(100 + seed).randrange(1, handover.SETUP_MESSAGES)
        begin = len(case.capture.messages)
        box = managers.Kept(case, "lac", f"lac-{seed}", *handover.LAC[1:], *handover.LOAD, "--store",
                            f"file:{lab.FILES}/store-{seed}")
        lab.wait_for(f"{count} messages", lambda begin=begin, count=count:
                     len(case.capture.messages) >= begin + count)
        box.die()
        box.node.await_sessions(handover.CALLS)
        lns.await_sessions(handover.CALLS)
        handover.await_agreement(box.node, lns)
        box.node.finish()
        handover.check_report(box.report())
        lns.await_sessions(0)
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")
    ours.check_programs(case)


def peer(case):
    """xl2tpd keeps its calls over deaths, hangs up, and places new ones."""
    box = managers.Kept(case, "lns", "lns", *LNS, keeper=("--delay-max", 100))
    watcher = managers.Watcher()
    other = xl2tpd.Xl2tpd(case, "lac")
    other.call("first")
    other.await_calls(1)
    for _ in range(3):
        box.die()
        box.node.await_sessions(1)
    other.call("second")
    box.die()
    other.await_calls(2)
    box.node.await_sessions(2)
    other.hang_up()
    box.node.await_sessions(1)
    lab.check(other.closed() == 0, "a tunnel was closed")
    watcher.close()
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")
    finish(case, box, watcher)


def gap(case):
    """The keeper is stopped, and its program dies: a peer that says each thing once has its answers when it goes on."""
    box = managers.Kept(case, "lns", "lns", *LNS, "--hello-interval", 0)
    client = hand.Server(lab.PEER)
    tunnel = clients.dial(client)
    theirs = tunnel.place_call(1)
    client.await_("it is acknowledged", lambda: tunnel.acknowledged == tunnel.ns)
    watcher = managers.Watcher()
    box.node.kill(signal.SIGSTOP)
    box.kill()
    lab.wait_for("it is dead", lambda: not is_running(box.pid()))
    heard, frames = len(client.heard), len(client.frames)
    tunnel.ask_call(2)
    client.socket.sendto(hand.frame(tunnel.peer_id, theirs, b"\xff\x03\xc0\x21echo"), clients.HERE)
    second = client.dial(clients.HERE)
    client.rest(1)
    lab.check((len(client.heard), len(client.frames)) == (heard, frames), "the dead have answered")
    status, said = managers.run_to_end(case.programs / "l2tpha-keeper", "--", case.programs / "l2tpha-lns", *LNS)
    lab.check(status == 1 and "Address already in use" in said, f"another keeper's program: status {status}: {said}")
    sent = tunnel.ns, second.ns
    box.node.kill(signal.SIGCONT)
    lab.check(tunnel.called(2).type == "ICRP", "the call is refused")
    client.established(second)
    client.await_("the frame is back", lambda: len(client.frames) == frames + 1)
    second.await_acknowledged()
    lab.check((tunnel.ns, second.ns) == (sent[0], sent[1] + 1), "something was said twice")
    watcher.close()
    leave_by_hand(box.node, client)
    watcher.check()
    ours.check_wire(case)
    ours.check_programs(case)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def leave_by_hand(node, client):
    """The client acknowledges that the node closes its tunnels."""
    node.kill(signal.SIGTERM)
    client.await_("the node ends", lambda: not node.alive())
    lab.check(node.child.returncode == 0, f"{node.name} has ended with {node.child.returncode}")


def keeper_killed(case):
    """Its program serves on. Another keeper's is refused, and says why; when the first one is dead it goes on."""
    box = managers.Kept(case, "lns", "lns", *LNS)
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    orphan = box.pid()
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    keeper = case.programs / "l2tpha-keeper"
    command = (keeper, "--", case.programs / "l2tpha-lns", *LNS)
    for words, why in ((command, "another process has it"), (command[:-2], "Address already in use")):
        status, said = managers.run_to_end(*words)
        lab.check(status == 1 and why in said and "has never served" in said, f"status {status}: {said}")
        lab.check(said.count("is process") == 1, f"it was tried again: {said}")
    lab.check(is_running(orphan), "the orphan is dead")
    lab.check(len(lac.sessions()) == handover.CALLS, "calls are missing")
    os.kill(orphan, signal.SIGKILL)
    lab.wait_for("the orphan is dead", lambda: not is_running(orphan))
    lac.kill(signal.SIGSTOP)  # nobody has the port
    box = managers.Kept(case, "lns", "lns-2", *LNS)
    lac.kill(signal.SIGCONT)
    box.node.await_sessions(handover.CALLS)
    handover.await_agreement(lac, box.node)
    lac.finish()
    handover.check_report(lac.report())
    finish(case, box)


def ends(case):
    """How a keeper ends, and when it does not."""
    keeper, lns = case.programs / "l2tpha-keeper", case.programs / "l2tpha-lns"
    for words, wanted, why in (((lns, "--no-such-option"), 2, "no-such-option"),
                               (("/none/lns",), 127, "No such file"),
                               ((lns, "--listen", "192.0.2.77"), 1, "Cannot assign")):
        status, said = managers.run_to_end(keeper, "--", *words)
        lab.check(status == wanted and why in said, f"{words}: status {status}: {said}")
    box = managers.Kept(case, "lns", "lns-a", *LNS)
    lab.check(box.node.ask("shutdown") is not None, "the shutdown was refused")
    lab.check(box.node.ended() == 0 and len(box.pids()) == 1, "it was started again")
    box = managers.Kept(case, "lns", "lns-b", *LNS)
    lab.check(os.getpgid(box.pid()) == box.pid(), "a terminal's signals come to it twice")
    box.node.kill(signal.SIGHUP)  # l2tpha-lns does not know it
    lab.wait_for("it is started again", lambda: box.served() == 2)
    for count in (3, 4, 5):
        box.kill()
        lab.wait_for("it is started again", lambda count=count: box.served() == count)
    box.node.await_line(r"started again in 0 ms$")
    for pause in (100, 200, 400):
        box.node.await_line(rf"started again in {pause} ms$")
    box.kill()
    box.node.await_line("started again in 800 ms$")
    begin = time.monotonic()
    box.node.finish()  # in the pause
    lab.check(time.monotonic() - begin < 0.6, "it has waited")
    stuck = managers.Kept(case, "lns", "lns-c", *LNS)
    stuck.kill(signal.SIGSTOP)
    lab.stays("one that hangs is left alone", lambda: len(stuck.pids()) == 1 and stuck.node.alive(), 1)
    stuck.node.kill(signal.SIGTERM)
    lab.stays("it is waited for", stuck.node.alive, 0.3)
    stuck.kill(signal.SIGCONT)
    lab.check(stuck.node.ended() == 0, "its status is another one")
    ours.check_programs(case)


def strangers(case):
    """Another process gives the keeper something to keep, or to forget: only its program's word counts."""
    box = managers.Kept(case, "lns", "lns", *LNS)
    with open(f"/proc/{box.pid()}/environ", "rb") as environ:
        words = dict(word.split(b"=", 1) for word in environ.read().split(b"\0") if b"=" in word)
    name = b"\0" + words[b"NOTIFY_SOCKET"][1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger, \
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as gift:
        stranger.connect(name)
        for _ in range(300):
            socket.send_fds(stranger, [b"FDSTORE=1\nFDNAME=x"], [gift.fileno()] * 20)
            stranger.send(b"FDSTOREREMOVE=1\nFDNAME=l2tp-0")
    lab.wait_for("all is read", lambda: len(os.listdir(f"/proc/{box.node.pid}/fd")) < 12)
    box.die()
    lab.check(box.node.count(r"is process \d+, with 1 descriptors") == 1, "the keeper has a stranger's gift")
    lab.check(box.node.count("descriptor 3 l2tp-0: the socket of --listen") == 1, "it has forgotten for a stranger")
    finish(case, box)


def bound(address, port, kind=socket.SOCK_DGRAM):
    made = socket.socket(socket.AF_INET, kind)
    made.bind((address, port))
    return made


def wrong(case):
    """What is handed over and is not the socket of --listen is closed, with a word about it; the node opens its own."""
    tcp, elsewhere = bound(lab.OURS, 1701, socket.SOCK_STREAM), bound(lab.OURS, 1702)
    other, good = bound(lab.PEER, 1701), bound(lab.OURS, 1701)
    rows = (
        ("tcp", [("l2tp-0", tcp)], {}, "descriptor 3 l2tp-0 is closed: it is no UDP socket"),
        ("port", [("l2tp-0", elsewhere)], {}, f"it is bound to {lab.OURS}:1702, and --listen says {lab.OURS}:1701"),
        ("host", [("x", other)], {}, f"x is closed: it is bound to {lab.PEER}:1701"),
        ("none", [], {"count": "2", "names": "a"}, "descriptor 3 is not there"),
        ("garbage", [("l2tp-0", elsewhere)], {"count": "1x"}, "LISTEN_FDS is no number"),
        ("many", [("l2tp-0", elsewhere)], {"count": "65"}, "LISTEN_FDS is no number from 0 to 64"),
        ("stranger", [("l2tp-0", elsewhere)], {"pid": "1"}, "LISTEN_PID is another process"),
    )
    good.close()
    for name, sockets, how, why in rows:
        node = managers.start(case, "lns", name, *LNS, sockets=sockets, **how)
        node.await_role("active", "in-sync")
        lab.check(why in node.text(), f"{name}: it does not say {why!r}")
        node.finish()
    good = bound(lab.OURS, 1701)
    node = managers.start(case, "lns", "last", *LNS,
                          sockets=[("x", tcp), ("y", good), ("l2tp-0", good), ("z", elsewhere)])
    lab.check(node.count("descriptor 4 y: the socket of --listen") == 1, "it has not taken the one that is good")
    lab.check(node.count("it is one too many") == 2, "it has taken several")
    for each in (tcp, elsewhere, other, good):
        each.close()
    node.await_role("active", "in-sync")
    node.finish()
    lab.check(handover.port_is_free(), "somebody has the port still")
    poor = ours.Node(case, "lns", "poor", *LNS, inside=("setpriv", "--bounding-set=-net_admin"))
    with open("/proc/sys/net/core/rmem_max", encoding="ascii") as most:
        granted = int(most.read())
    lab.check((f"the system keeps {granted} octets" in poor.text()) == (granted < 8 << 20), "what is granted is not told")
    poor.finish()
    ours.check_programs(case)


def systemd(case):
    """What a service manager is told, in its order, and what it hands over."""
    box = managers.Manager(case, "lns", "lns", *LNS)
    box.await_said("FDSTORE", "READY")
    watcher = managers.Watcher()
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    for _ in range(3):
        box.die()
        box.await_said("READY")
        lab.check([name for name, _ in box.store] == ["l2tp-0"], f"it keeps {box.store}")
        handover.await_agreement(lac, box.node)
    watcher.close()
    watcher.check()
    lac.finish()
    handover.check_report(lac.report())
    box.node.finish()
    box.await_said("READY", "STOPPING")
    box.options = (*box.options[:1], lab.PEER, *box.options[2:])  # another --listen
    box.start()
    box.await_said("FDSTOREREMOVE", "FDSTORE", "READY")
    lab.check(handover.port_is_free(), "the old address is kept")
    box.node.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def pair(case):
    """Two nodes on one machine, each with a manager, started again at once: they hand the socket to each other, have no
    manager keep it, and take none. With a kept one the dead would serve beside the other, which has no lock so soon."""
    path = f"unix:{lab.FILES}/ha"
    options = (*handover.LNS[1:], "--role", "auto", "--ha-listen", path, "--ha-connect", path)
    first = managers.Manager(case, "lns", "lns-a", *options)
    first.node.await_role("active", "none")
    second = managers.Manager(case, "lns", "lns-b", *options)
    second.node.await_role("standby", "in-sync")
    watcher = managers.Watcher()
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    for _ in range(6):
        first.store.append(("l2tp-0", bound(lab.PEER, 1702)))
        first.die()
        second.node.await_role("active", "in-sync")
        first.node.await_role("standby", "in-sync")
        first.await_said("FDSTOREREMOVE", "READY")
        second.read()
        lab.check(not first.store and not second.store, "something is kept")
        first, second = second, first
    lab.check(second.node.count("it may be what another node of the pair serves") == 3, "what it was given is not closed")
    handover.await_agreement(lac, first.node)
    lac.finish()
    handover.check_report(lac.report())
    watcher.close()
    watcher.check()
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")
    ours.check_programs(case)


def pause(case):
    """How long 100 calls see nothing of an LNS that was killed."""
    box = managers.Kept(case, "lns", "lns", *LNS, keeper=("--delay-max", 1))
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], "--tunnels", 4, "--sessions", 25, "--data-rate", 20)
    lac.await_line("^all up")
    for _ in range(5):
        begin = case.capture.data
        lab.wait_for("data flows", lambda begin=begin: case.capture.data > begin + 400)
        box.die()
    handover.await_agreement(lac, box.node, 4)
    lac.finish()
    report = lac.report()
    handover.check_report(report)
    lab.say(f"longest wait for an answer {report['data_gap_ms']} ms, "
            f"{report['frames_lost']} of {report['frames_sent']} frames lost")
    lab.check(report["data_gap_ms"] < 2000, "that is too long")
    finish(case, box)


BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Boots:
    """What boot ids a machine has."""

    def __init__(self):
        self.file = lab.FILES / "boot_id"
        self.count = 0
        self.next()
        lab.cover(BOOT_ID, self.file)

    def next(self):
        self.count += 1
        self.file.write_text(f"00000000-0000-4000-8000-{self.count:012}\n")


def stopped(case, since=0):
    """Tunnels that our LNS has closed since then."""
    return {(message.source_port, message.tunnel) for message in case.capture.control(lab.OURS, "StopCCN")
            if message.time >= since}


def rebooted(case):
    """The machine is started again: with yes the LNS goes on, with no each peer is told, once, and can dial again."""
    boots = Boots()
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD, "--redial", 1)

    def boot(name, how):
        node = ours.Node(case, "lns", name, *LNS, "--recover-after-reboot", how)
        node.await_sessions(handover.CALLS, 20)
        node.await_role("active", "in-sync")
        handover.await_agreement(lac, node)
        return node

    def crash(node):
        handover.await_agreement(lac, node)
        lac.kill(signal.SIGSTOP)  # nobody has the port
        node.kill(signal.SIGKILL)
        node.ended()

    def start_again(name, how):
        node = ours.Node(case, "lns", name, *LNS, "--recover-after-reboot", how)
        lac.kill(signal.SIGCONT)
        return node

    node = boot("first", "no")
    for name, reboots, how in (("same-boot", False, "no"), ("wanted", True, "yes"), ("noted", False, "no")):
        crash(node)
        if reboots:
            boots.next()
        node = start_again(name, how)
        node.await_sessions(handover.CALLS)
        handover.await_agreement(lac, node)
        lab.check(not stopped(case), f"{name}: tunnels were closed")
    crash(node)
    boots.next()
    begin = time.time()
    node = start_again("unwanted", "no")
    node.await_line("the machine was started again")
    lab.wait_for("each tunnel is closed", lambda: len(stopped(case, begin)) == handover.TUNNELS)
    node.await_sessions(handover.CALLS, 20)  # dialled again
    handover.await_agreement(lac, node)
    lab.wait_for("the boot is noted", lambda: (lab.FILES / "store" / "boot").read_text() in boots.file.read_text())
    crash(node)
    node = start_again("unwanted-same-boot", "no")
    node.await_sessions(handover.CALLS)
    handover.await_agreement(lac, node)
    lab.check(len(stopped(case)) == handover.TUNNELS, "the new tunnels were closed")
    crash(node)
    (lab.FILES / "store" / "boot").unlink()  # of a release that knows of no boot
    node = start_again("not-known", "no")
    lab.wait_for("each tunnel is closed", lambda: len(stopped(case)) == 2 * handover.TUNNELS)
    node.await_sessions(handover.CALLS, 20)
    lac.kill(signal.SIGTERM)
    lac.ended()
    node.finish()
    ours.check_programs(case)


def rebooted_twice(case):
    """It is killed while it closes what was there before a reboot: nothing is up again, and each peer is told as soon
    as it is there."""
    boots = Boots()
    node = ours.Node(case, "lns", "lns-0", *LNS)
    client = hand.Server(lab.PEER)
    for _ in range(3):
        clients.dial(client)
    client.await_("all are up", lambda: len(node.tunnels()) == 3)
    note = lab.FILES / "store" / "boot"
    for count in range(1, 4):
        node.kill(signal.SIGKILL)
        node.ended()
        if count == 1:
            boots.next()
            note.chmod(0o600)
            earlier = note.read_text()
        note.write_text(earlier)  # killed before it was noted
        node = ours.Node(case, "lns", f"lns-{count}", *LNS, "--recover-after-reboot", "no")
        lab.wait_for("the boot is noted", lambda: note.read_text() in boots.file.read_text())
        lab.check(not node.tunnels(), "a tunnel is up")
    client.await_("each tunnel is closed", lambda: len(stopped(case)) == 3)
    lab.check(len({message.ns for message in case.capture.control(lab.OURS, "StopCCN")}) == 1, "several StopCCNs")
    leave_by_hand(node, client)
    ours.check_programs(case)


def lac_rebooted(case):
    """A LAC closes its tunnels, and dials anew."""
    boots = Boots()
    lns = ours.Node(case, "lns", "lns", *handover.LNS[1:])
    options = (*handover.LAC[1:], *handover.LOAD, *STORE, "--recover-after-reboot", "no", "--redial", 1)
    lac = ours.Node(case, "lac", "lac-1", *options)
    lac.await_line("^all up")
    lac.await_role("active", "in-sync")
    lac.kill(signal.SIGKILL)
    lac.ended()
    boots.next()
    lac = ours.Node(case, "lac", "lac-2", *options)
    lab.wait_for("each tunnel is closed", lambda: len(case.capture.control(lab.PEER, "StopCCN")) >= handover.TUNNELS)
    lac.await_line("^all up", 20)
    lns.await_sessions(handover.CALLS)
    handover.await_agreement(lac, lns)
    lac.kill(signal.SIGTERM)
    lac.ended()
    lns.finish()
    ours.check_programs(case)


def rebooted_pair(case):
    """What a standby has from an active that lives is of no earlier boot, though it has noted none so far."""
    Boots()
    nodes = storing.Pair(case, *handover.LNS, "--recover-after-reboot", "no")
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], *handover.LOAD)
    lac.await_line("^all up")
    nodes.await_sync()
    for _ in range(2):
        nodes.kill()
        nodes.active.await_sessions(handover.CALLS)
        handover.await_agreement(lac, nodes.active)
        nodes.restart()
    lab.check(not stopped(case), "tunnels were closed")
    lac.finish()
    handover.check_report(lac.report())
    nodes.finish()
    ours.check_programs(case)


CASES = {case.__name__: case for case in (killed, lac_killed, peer, gap, keeper_killed, ends, strangers, wrong, systemd,
                                          pair, pause, rebooted, rebooted_twice, lac_rebooted, rebooted_pair)}

if __name__ == "__main__":
    lab.run(CASES, ["xl2tpd"])
