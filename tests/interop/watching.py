#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whoever looks at a node, or ought to and does not, must not harm it: logs that nobody reads, full
disks, long answers, too many clients, names that are made for terminals."""
import json
import os
import signal
import socket
import struct
import subprocess
import time
import unicodedata

import lab
import ours

NAMES = (b"plain", b"nul\0in it", b"\x1b[31mred", b"two\nrows  1  established", b"back\b\b\r", b"del\x7f",
         b"c1\xc2\x9b31m", "бюро-7".encode(), "日本".encode(), "e\u0301".encode(), "\u202ekcab".encode(),
         "\u200fright".encode(), "line\u2028end".encode(), b"tab\there", b"quo\"te's \\x41", b"\xff\xfe\xc3",
         b"\xed\xa0\x80", b"%s%n", b"x" * 255, b"\xf0\x9f\x98\x80" * 63, b"\xe6\x97\xa5" * 85)
CALLS = 8000
MANY = 50000


def avp(number, value):
    return struct.pack("!HHH", 0x8000 | (6 + len(value)), 0, number) + value


def control(tunnel, ns, nr, body):
    return struct.pack("!HHHHHH", 0xc802, 12 + len(body), tunnel, 0, ns, nr) + body


def dial(name, tunnel):
    """Set up one tunnel to our LNS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((lab.PEER, 0))
        peer.settimeout(5)
        peer.connect((lab.OURS, 1701))
        peer.send(control(0, 0, 0, avp(0, b"\0\1") + avp(2, b"\1\0") + avp(3, b"\0\0\0\3") +
                          avp(7, name) + avp(9, struct.pack("!H", tunnel))))
        answer = peer.recv(2000)
        body, theirs = answer[12:], 0
        while body:
            length = struct.unpack("!H", body[:2])[0] & 0x3ff
            if body[2:6] == b"\0\0\0\x09":
                theirs = struct.unpack("!H", body[6:8])[0]
            body = body[length:]
        peer.send(control(theirs, 1, 1, avp(0, b"\0\3")))
        peer.recv(2000)


def is_shown(letter):
    return letter == " " or unicodedata.category(letter)[0] not in "CZ"


def columns(text):
    return sum(0 if unicodedata.combining(letter) else
               2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def names(case):
    """One tunnel stays one row, and nothing but letters reaches the terminal, table and log."""
    lns = ours.Node(case, "lns", "lns", "--listen", lab.OURS, "--debug", "all", "--retries", 1)
    for number, name in enumerate(NAMES, 1):
        dial(name, number)
    lab.wait_for("all tunnels are up", lambda: len(lns.tunnels()) == len(NAMES))
    table = subprocess.run([lns.ctl, lns.control, "show", "l2tp", "tunnels"], check=True,
                           capture_output=True).stdout.decode("utf-8")
    rows = table.splitlines()
    lab.check(len(rows) == len(NAMES) + 1, f"{len(rows)} rows")
    for text in (*rows, *lns.text().splitlines()):
        lab.check(all(map(is_shown, text)), f"not to be shown: {text!r}")
    places = {columns(row[:row.index(lab.PEER)]) for row in rows[1:]}
    lab.check(len(places) == 1, f"the columns are at {places}")
    shown = {tunnel["peer_name"] for tunnel in lns.tunnels()}
    for wanted in ("plain", "nul\\x00in it", "\\x1b[31mred", "бюро-7", "日本", "e\u0301",
                   "tab\\x09here", "\\xff\\xfe\\xc3", "quo\"te's \\x5cx41", "%s%n", "x" * 255):
        lab.check(wanted in shown, f"{wanted!r} is not there")
    lns.finish()
    ours.check_programs(case)


def ask(node, command):
    """A client that has asked, and does not read."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect(str(node.control))
    client.sendall(command.encode() + b"\n")
    return client


def read_answer(client):
    got = b""
    while not got.endswith(b"\n"):
        part = client.recv(1 << 16)
        lab.check(part, f"closed after {len(got)} bytes")
        got += part
    client.close()
    return json.loads(got)


def memory(node):
    with open(f"/proc/{node.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def answers(case):
    """Long answers to many, some of whom do not read, while calls come and go and the node steps down."""
    pair = ours.Pair(case, "lns", "--listen", lab.OURS, "--failover-resync", "silent-failover")
    lac = ours.Node(case, "lac", "lac", "--connect", lab.OURS, "--tunnels", 8, "--sessions", CALLS // 8)
    lac.await_line("^all up", 60)
    pair.active.await_sessions(CALLS)
    before = memory(pair.active)
    idle = [ask(pair.active, "show l2tp redundancy all") for _ in range(8)]
    lab.check(memory(pair.active) - before < 8 << 10, "memory is held for those who do not read")
    quick = ours.Node(case, "lac", "quick", "--connect", lab.OURS, "--sessions", 500)
    quick.await_line("^all up", 30)
    ids = [(call["tunnel_id"], call["local_id"])
           for call in read_answer(ask(pair.active, "show l2tp sessions"))["result"]]
    lab.check(len(ids) == len(set(ids)), "a call is there twice")
    lab.check(len(ids) >= CALLS, f"{len(ids)} calls")
    quick.finish()
    tunnel = pair.active.tunnels()[0]["local_id"]
    answer = read_answer(ask(pair.active, f"show l2tp redundancy id {tunnel}"))["result"]
    lab.check({call["tunnel_id"] for call in answer["calls"]} == {tunnel} and
              len(answer["calls"]) == answer["sessions"], "not the calls of the tunnel")
    lab.check(pair.active.redundancy()["sync"] == "in-sync", "the standby was given up")
    idle.pop().close()
    for _ in range(3):  # gone in the middle of their answers: their places are free at once
        for client in [ask(pair.active, "show l2tp sessions") for _ in range(16 - len(idle))]:
            time.sleep(0.05)
            client.close()
        lab.check(pair.active.ask("show version"), "places are taken by clients that have gone")
    old = pair.active
    pair.switch()
    late = [read_answer(client) for client in idle]
    lab.check(all("began anew" in answer["error"] for answer in late), "an answer has no end")
    lab.check(old.alive() and old.ask("show version") is not None, "the old active does not answer")
    lac.finish()
    pair.finish()
    ours.check_programs(case)


class Plain(lab.Process):
    """An LNS with its streams where the shell puts them, and with limits that the shell sets."""

    def __init__(self, case, name, shell, *options):
        self.control = lab.FILES / f"{name}.control"
        self.ctl = case.programs / "l2tphactl"
        super().__init__(name, ["sh", "-c", shell,
                                *map(str, (case.programs / "l2tpha-lns", "--listen", lab.OURS,
                                           "--control", self.control, *options))])
        case.processes.append(self)
        lab.wait_for(f"{name} answers", lambda: self.ask("show version") is not None)

    ask = ours.Node.ask
    counters = ours.Node.counters
    finish = ours.Node.finish


def load(case, name, *options):
    """A LAC whose calls come up, and which leaves."""
    lac = ours.Node(case, "lac", name, "--connect", lab.OURS, "--sessions", 100, "--data-rate", 20,
                    *options)
    lac.await_line("^all up", 20)
    time.sleep(0.3)
    lac.finish()


def unread(case):
    """Nobody reads the log, then somebody does: no call suffers, and the loss is told."""
    pipe = lab.FILES / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for name in ("text", "json"):
        lns = Plain(case, name, f'exec "$0" "$@" >{pipe} 2>&1', "--debug", "all", "--echo", "--log-format", name)
        while lns.counters()["log_lines_lost"] < 1000:
            load(case, f"lac-{name}-{lns.counters()['log_lines_lost']}")
        said = b""

        def told(lns=lns):
            nonlocal said
            lns.ask("show version")
            try:
                said += os.read(end, 1 << 20)
            except BlockingIOError:
                load(case, f"lac-{name}-again-{len(said)}")
            return b"lines of the log were lost" in said
        lab.wait_for("the loss is told", told, 20)
        lns.finish()
        lab.check(name == "text" or all(line.startswith(b"{") for line in said.splitlines()
                                        if b"time" in line), "no JSON")
    os.close(end)
    ours.check_programs(case)


def full(case):
    """Disks that take nothing end no call, whatever is written to them; a capture says so."""
    small = lab.FILES / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
    deaf = Plain(case, "deaf", 'exec "$0" "$@" >/dev/full 2>&1', "--debug", "all", "--echo")
    load(case, "lac-deaf")
    lab.check(deaf.counters()["log_lines_lost"] > 0, "nothing was lost")
    deaf.finish()
    for name, limit, file in (("full", "", "/dev/full"), ("small", "", small / "x"),
                              ("limited", "ulimit -f 40; ", lab.FILES / "y")):
        lns = Plain(case, name, limit + 'exec "$0" "$@"', "--echo", "--pcapng", file)
        load(case, f"lac-{name}")
        lab.check(lns.counters()["capture_lost"] > 0, "no datagram is missing")
        state = lns.ask("show l2tp redundancy detail")["capture"]
        lab.check("space" in state or "large" in state, f"capture: {state}")
        lab.check(lns.count("--pcapng .* cannot be written any more: ") == 1, "it is not said once")
        lns.kill(signal.SIGTERM)
        status = lns.ended()
        lab.check(status == 1, f"it has ended with {status}")
        lab.check(lns.count("--pcapng .* misses [0-9]+ datagrams") == 1, "the end does not say it")
        if file != "/dev/full":
            check_blocks(file)
    ours.check_programs(case)


def check_blocks(file):
    """A capture file has whole blocks alone."""
    data = open(file, "rb").read()
    while data:
        length = struct.unpack("!I", data[4:8])[0]
        if data[:4] == b"\x0a\x0d\x0d\x0a" and data[8:12] == b"\x4d\x3c\x2b\x1a":
            length = struct.unpack("<I", data[4:8])[0]
        lab.check(12 <= length <= len(data), f"a block of {length} bytes, {len(data)} are left")
        data = data[length:]


def descriptors(case):
    """With no descriptor left nothing spins, and who waits is served when there is one again."""
    lns = ours.Node(case, "lns", "lns", "--listen", lab.OURS)
    subprocess.run(["prlimit", f"--pid={lns.pid}", "--nofile=16:16"], check=True)
    clients = []
    for _ in range(40):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.setblocking(False)
        try:
            client.connect(str(lns.control))
        except BlockingIOError:
            pass
        clients.append(client)

    def busy():
        with open(f"/proc/{lns.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    time.sleep(0.5)
    before = busy()
    time.sleep(2)
    lab.check(busy() - before < 0.5, f"{busy() - before:.2f} s of 2 s without anything to do")
    for client in clients:
        client.close()
    lab.wait_for("it answers", lambda: lns.ask("show version"))
    lab.check(lns.counters()["control_refused"] > 0, "nobody was refused")
    lab.check(lns.count("--control: no descriptor is left") == 1, "it is not said once")
    lns.finish()
    ours.check_programs(case)


def hangs(case):
    """l2tphactl says what is the matter, and does not wait for ever."""
    lns = ours.Node(case, "lns", "lns", "--listen", lab.OURS)
    lns.kill(signal.SIGSTOP)
    for command in ("show version", "switchover"):
        answer = subprocess.run([lns.ctl, lns.control, *command.split()], check=False, timeout=30,
                                capture_output=True, text=True)
        lab.check(answer.returncode == 1 and "the process hangs" in answer.stderr, answer.stderr)
    lns.kill(signal.SIGCONT)
    lns.finish()
    gone = subprocess.run([lns.ctl, lns.control, "show", "version"], check=False, timeout=30,
                          capture_output=True, text=True)
    lab.check(gone.returncode == 1 and str(lns.control) in gone.stderr and
              "No such file" in gone.stderr, gone.stderr)
    ours.check_programs(case)


def lines(case):
    """Each line of a JSON log is JSON, and a takeover that goes well has no error in it."""
    pair = ours.Pair(case, "lns", "--listen", lab.OURS, "--log-format", "json", "--debug", "all")
    lac = ours.Node(case, "lac", "lac", "--connect", lab.OURS, "--sessions", 5, "--name", "the lac")
    lac.await_line("^all up")
    pair.standby.await_role("standby", "in-sync")
    pair.kill()
    pair.active.await_resynced()
    pair.restart()
    pair.switch()
    lac.finish()
    pair.finish()
    told = ("role ", "listening on ", "waiting for the active ")
    for node in pair.nodes.values():
        entries = [json.loads(line) for line in node.text().splitlines()
                   if not line.startswith(told)]
        errors = [entry for entry in entries if entry["level"] == "error"]
        lab.check(not errors, f"{node.name}: {errors}")
        up = [entry for entry in entries if entry.get("event") in ("tunnel up", "tunnel restored")]
        lab.check(up and all(entry["peer_name"] == "the lac" and entry["peer_address"] and
                             entry["tunnel_id"] for entry in up), f"{node.name}: {up}")
        lab.check(all(len(entry["time"]) == 27 for entry in entries), "no time")
    bad = subprocess.run([pair.active.ctl.parent / "l2tpha-lns", "--log-format", "json", "--listen",
                          "192.0.2.1"], check=False, capture_output=True, text=True, timeout=20)
    lab.check(bad.returncode == 1 and json.loads(bad.stderr)["level"] == "error", bad.stderr)
    ours.check_programs(case)


def settings(case):
    """What an operator sets while a node runs stays when it steps down and begins anew."""
    pair = ours.Pair(case, "lns", "--listen", lab.OURS)

    def on(node):
        return {entry["category"] for entry in node.ask("show debugging") if entry["on"]}
    old = pair.active
    for command, wanted in (("debug cf on", {"cf"}), ("debug l2tp redundancy rf", {"cf", "rf"}),
                            ("debug vpdn redundancy fsm", {"cf", "rf", "fsm"}),
                            ("undebug cf", {"rf", "fsm"}), ("debug fsm off", {"rf"}),
                            ("undebug all", set()), ("debug l2tp redundancy cf", {"cf"})):
        lab.check(old.ask(command) == "done" and on(old) == wanted, f"{command}: {on(old)}")
    lab.check(old.ask("set failover-resync disable") == "done", "the method was refused")
    lab.check(old.ask("show vpdn redundancy") == old.ask("show l2tp redundancy"), "they differ")
    for command in ("debug", "debug cf", "undebug", "set sso maybe", "set failover-resync never",
                    "set", "show l2tp vpdn"):
        wrong = subprocess.run([old.ctl, old.control, *command.split()], check=False,
                               capture_output=True, text=True, timeout=20)
        lab.check(wrong.returncode == 2, f"{command}: {wrong.returncode}")
        with ask(old, command) as client:
            lab.check(b"error" in client.recv(1000), command)
    with ask(old, "show version\nshow debugging\nshow l2tp sessions") as client:
        client.shutdown(socket.SHUT_WR)  # as a shell's pipe does
        got = b"".join(iter(lambda: client.recv(1 << 16), b""))
        lab.check(len([json.loads(line) for line in got.splitlines()]) == 3, f"{got}")
    pair.switch()
    lab.check(on(old) == {"cf"}, f"after stepping down: {on(old)}")
    pair.switch()
    lac = ours.Node(case, "lac", "lac", "--connect", lab.OURS)
    lac.await_line("^all up")
    lab.check(old.tunnels()[0]["protection"] == "disabled", "the method is forgotten")
    lab.check(old.ask("set sso off") == "done", "the switch was refused")
    lac.finish()
    lac = ours.Node(case, "lac", "lac-off", "--connect", lab.OURS)
    lac.await_line("^all up")
    lab.check("ha-off" in {tunnel["protection"] for tunnel in old.tunnels()}, "it is protected")
    lac.finish()
    pair.finish()
    ours.check_programs(case)


def words(case):
    """Every word of l2tphactl, as a table and as JSON; what is cleared and set."""
    pair = ours.Pair(case, "lns", "--listen", lab.OURS, "--commit", "bounded")
    lac = ours.Node(case, "lac", "lac", "--connect", lab.OURS, "--sessions", 5)
    lac.await_line("^all up")
    pair.active.await_sessions(5)
    node, tunnel = pair.active, pair.active.tunnels()[0]["local_id"]
    call = node.sessions()[0]["local_id"]
    node.check_upgrade("commit")
    for what in ("version", "debugging", "l2tp", "l2tp tunnels", "l2tp sessions", "l2tp counters",
                 "l2tp destination profile", "l2tp redundancy", "l2tp redundancy detail", "l2tp redundancy all",
                 f"l2tp redundancy id {tunnel}", f"vpdn redundancy id {tunnel} {call}",
                 f"vpdn redundancy detail id {tunnel}"):
        for who in (node, pair.standby):
            status, table = who.tell("show", *what.split())
            lab.check(status == 0 and len(table.splitlines()) > 1, f"{what}: {status}, {table}")
            lab.check(who.ask(f"show {what}") is not None, f"{what}: no JSON")
    for what in (f"redundancy id {tunnel} 65535", f"redundancy detail id {tunnel ^ 1}"):
        lab.check(node.tell("show", "l2tp", *what.split())[0] == 1, what)
    detail = node.ask(f"show l2tp redundancy detail id {tunnel}")
    lab.check(detail["resync_packets"] == 8 and len(detail["calls"]) == 5 and not detail["numbers_exact"], f"{detail}")
    profile = lac.ask("show l2tp destination profile")[0]
    lab.check(profile["address"] == f"{lab.OURS}:1701" and profile["failover_resync"] == "not-configured" and
              profile["in_force"] == lac.ask("show l2tp")["failover_resync"], f"{profile}")
    cleared(pair)
    node = pair.active
    for number in ("20", "255"):
        lab.check(node.tell("set", "resync", number) == (0, "done"), "resync was refused")
    for number, status in (("0", 1), ("256", 1), ("99999999999", 2), ("x", 2), ("-1", 2)):
        lab.check(node.tell("set", "resync", number)[0] == status, f"resync {number}")
    again = ours.Node(case, "lac", "again", "--connect", lab.OURS)
    again.await_line("^all up")
    leases = {node.ask(f"show l2tp redundancy detail id {tunnel['local_id']}")["resync_packets"]
              for tunnel in node.tunnels()}
    lab.check(leases == {8, 255} and node.ask("show l2tp")["resync_packets"] == 255, f"{leases}")
    pair.restart()
    pair.switch()
    lab.check(node.ask("show l2tp")["resync_packets"] == 255, "what was set is forgotten")
    check_ha(pair, 2, 6)
    lab.check(pair.active.tell("set", "failover-resync", "disable") == (0, "done"), "the method was refused")
    bare = ours.Node(case, "lac", "bare", "--connect", lab.OURS, "--sessions", 3)
    bare.await_line("^all up")
    check_ha(pair, 2, 6, 3, 9)
    off = ours.Node(case, "lac", "off", "--connect", lab.OURS, "--no-sso")
    off.await_line("^all up")
    lab.check(off.ask("show l2tp")["sso"] is False and off.tunnels()[0]["protection"] == "ha-off", "--no-sso")
    lab.check(off.redundancy()["tunnels_ha"] == 0, "--no-sso is counted")
    for client in (off, bare, again, lac):
        client.finish()
    pair.finish()
    ours.check_programs(case)


def upgrades(case):
    """What an upgrade would lose is found before it is begun, and no level is committed but by an active."""
    pair = ours.Pair(case, "lns", "--listen", lab.OURS)
    lac = ours.Node(case, "lac", "lac", "--connect", lab.OURS, "--sessions", 5)
    lac.await_line("^all up")
    pair.active.await_sessions(5)
    lab.wait_for("the standby has it all", lambda: pair.active.redundancy()["lag_records"] == 0)
    answer = pair.active.check_upgrade()
    lab.check([(member["kind"], member["state"], member["level"]) for member in answer["members"]] ==
              [("standby", "in-sync", 1)] and answer["level"] == answer["level_in_force"] == 1, f"{answer}")
    answer = pair.standby.check_upgrade("node", verdict="not known here")
    lab.check("ask the active" in answer["findings"][0]["why"] and answer["members"][0]["kind"] == "active", f"{answer}")
    for node, outcome in ((pair.standby, (1, "l2tphactl: refused: not possible in this redundancy role")),
                          (pair.active, (0, "level_in_force  1"))):
        lab.check(node.tell("upgrade", "commit") == outcome, f"commit: {node.tell('upgrade', 'commit')}")
    for line in ("upgrade", "upgrade now", "upgrade check now"):
        lab.check(pair.active.tell(*line.split())[0] == 2, line)
        with ask(pair.active, line) as client:
            lab.check(b"error" in client.recv(1000), line)
    pair.standby.kill(signal.SIGSTOP)
    quick = ours.Node(case, "lac", "quick", "--connect", lab.OURS)
    quick.await_line("^all up", 20)
    answer = pair.active.check_upgrade("standby", "link")
    lab.check(answer["findings"][0]["why"].startswith("none is in sync: ") and
              answer["members"][0]["state"] != "in-sync", f"{answer}")
    pair.standby.kill(signal.SIGCONT)
    pair.await_sync()
    quick.finish()
    lab.wait_for("nothing would be lost", lambda: pair.active.tell("upgrade", "check")[0] == 0)
    pair.switch()
    pair.active.check_upgrade()
    methods(case, pair.active, 1)
    pair.standby.finish()
    pair.standby = None
    pair.active.await_role("active", "none")
    lab.check(pair.active.tell("standby")[0] == 0, "it is not held")
    answer = pair.active.tell("upgrade", "commit")
    lab.check(answer == (1, "l2tphactl: refused: held: silent until another serves"), f"commit: {answer}")
    lab.check("node held: silent" in " ".join(pair.active.tell("upgrade", "check")[1].split()), "it is not said")
    lab.check(pair.active.tell("takeover")[0] == 0, "it does not serve again")
    lac.finish()
    pair.finish()
    ours.check_programs(case)


def methods(case, node, others):
    """Tunnels that no takeover continues are counted, and some of them are named."""
    lab.check(node.ask("set failover-resync disable") == "done", "the method was refused")
    bare = ours.Node(case, "lac", "bare", "--connect", lab.OURS, "--tunnels", 12, "--sessions", 2)
    bare.await_line("^all up")
    lab.wait_for("they are up", lambda: len(node.tunnels()) == 12 + others)
    disabled = [f"tunnel {tunnel['local_id']}" for tunnel in node.tunnels() if tunnel["protection"] == "disabled"]
    answer = node.check_upgrade("tunnels", *disabled[:10])
    lab.check(len(disabled) == 12 and answer["findings"][0]["why"].startswith("12 of ") and
              "with 24 of " in answer["findings"][0]["why"] and
              {finding["why"] for finding in answer["findings"][1:]} == {"disabled, established"}, f"{answer}")
    bare.finish()


def check_ha(pair, tunnels_ha, sessions_ha, tunnels=None, sessions=None):
    """Both nodes say how much is protected of what there is."""
    wanted = (tunnels or tunnels_ha, tunnels_ha, sessions or sessions_ha, sessions_ha)

    def there(node):
        now = node.redundancy()
        return tuple(now[what] for what in ("tunnels", "tunnels_ha", "sessions", "sessions_ha")) == wanted
    for node in (pair.active, pair.standby):
        lab.wait_for(f"{node.name} has {wanted}", lambda node=node: there(node))


def cleared(pair):
    """Of redundancy all counters, and no others; what happens from then on counts."""
    lab.check(pair.standby.redundancy()["received"] > 0, "the standby has received nothing")
    pair.kill()
    pair.active.await_resynced()
    node = pair.active
    before = node.counters()
    lab.check(before["takeovers"] == 1 and node.redundancy()["resynced"] == 1, f"{node.redundancy()}")
    for line in ("clear l2tp redundancy", "clear counters", "clear"):
        lab.check(node.tell(*line.split())[0] == 2, line)
        with ask(node, line) as client:
            lab.check(b"clear takes" in client.recv(1000), line)
    lab.check(node.tell("clear", "l2tp", "redundancy", "counters") == (0, "done"), "it was refused")
    after, now = node.counters(), node.redundancy()
    lab.check(not any(after[what] for what in ("takeovers", "recoveries", "checkpoints_applied")) and
              now["resynced"] == now["resync_failed"] == now["received"] == 0, f"{after}, {now}")
    lab.check(all(after[what] >= before[what] for what in ("datagrams_in", "messages_in", "tunnels_up")),
              "other counters were cleared")


class Timed:
    """What the programs started meanwhile take for each turn of their loops, in microseconds."""

    def __init__(self, case):
        self.file = lab.FILES / "turns"
        self.file.touch()
        self.extra = {"TURNS": str(self.file), "LD_PRELOAD": str(case.programs / "libturns.so"),
                      "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def __enter__(self):
        os.environ.update(self.extra)
        return self

    def __exit__(self, *_):
        for name in ("TURNS", "LD_PRELOAD"):
            del os.environ[name]

    def longest(self):
        """Since the last call."""
        turns = list(map(int, self.file.read_text(encoding="ascii").split()))
        self.file.write_text("", encoding="ascii")
        return max(turns, default=0)


def leave_amid(node, line):
    for pause in (0, 0.001, 0.01, 0.03, 0.1) * 3:
        with ask(node, line):
            time.sleep(pause)


def turns(case):
    """Whatever is asked, however often, and however it is read: no turn of the loop takes 5 ms."""
    with Timed(case) as timed:
        lns = ours.Node(case, "lns", "lns", "--listen", lab.OURS)
    lac = ours.Node(case, "lac", "lac", "--connect", lab.OURS, "--tunnels", 20, "--sessions", MANY // 20)
    lac.await_line("^all up", 100)
    time.sleep(1)
    tunnel = lns.tunnels()[0]["local_id"]
    lab.check(timed.longest() > 0, "nothing was measured")
    asked = ["show version", "show debugging", "show l2tp", "show l2tp tunnels", "show l2tp sessions",
             "show l2tp counters", "show l2tp destination profile", "show l2tp redundancy",
             "show l2tp redundancy detail", "show l2tp redundancy all", f"show l2tp redundancy id {tunnel}",
             f"show l2tp redundancy detail id {tunnel}", "clear l2tp redundancy counters", "set resync 9",
             "undebug all", "upgrade check", "upgrade commit"]

    def check_turns(what):
        took = timed.longest()
        lab.say(f"{what}: {took / 1000} ms")
        lab.check(took < 5000, f"{what}: a turn took {took / 1000} ms")
    for line in asked:
        for _ in range(3):
            read_answer(ask(lns, line))
    check_turns("one after the other")
    for line in ("show l2tp sessions", "show l2tp redundancy all"):
        for client in [ask(lns, line) for _ in range(16)]:
            read_answer(client)
        check_turns(f"{line}, 16 clients at once")
        leave_amid(lns, line)
        check_turns(f"{line}, clients leave")
    with ask(lns, "show l2tp sessions") as slow:
        for _ in range(500):
            slow.recv(500)
            time.sleep(0.002)
    check_turns("a client reads slowly")
    for client in [ask(lns, "\n".join(["show l2tp counters"] * 10)) for _ in range(16)]:
        read_answer(client)
    check_turns("many lines at once")
    for node in (lns, lac):
        node.kill()
    ours.check_programs(case)


CASES = {case.__name__: case for case in (names, answers, unread, full, descriptors, hangs, lines,
                                          settings, words, upgrades, turns)}

if __name__ == "__main__":
    lab.run(CASES)
