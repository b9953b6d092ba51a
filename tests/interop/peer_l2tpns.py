#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""l2tpns as LNS, with its own PPP: pings go through our LAC's call, before and after a failover."""
import hashlib
import os
import signal
import socket
import struct
import subprocess
import threading

import lab
import ours

SECRET, RADIUS_SECRET = "tunnel secret", b"radius secret"
TUN, POOL, CLUSTER = "10.96.0.1", "10.97.0.0/24", "10.95.0.1"
CONFIG = f"""set debug 3
set pid_file "/run/l2tpns.pid"
set hostname "l2tpns"
set l2tp_secret "{SECRET}"
set primary_radius 127.0.0.1
set radius_secret "{RADIUS_SECRET.decode()}"
set radius_authtypes "pap"
set radius_accounting no
set bind_address {lab.PEER}
set iftun_address {TUN}
set peer_address {TUN}
set cli_bind_address 127.0.0.1
set send_garp no
set cluster_interface "cluster"
set cluster_hb_interval 5
set cluster_hb_timeout 31
set cluster_master_min_adv 0
set lock_pages no
set scheduler_fifo no
"""
ACCESS_REQUEST, ACCESS_ACCEPT = 1, 2
FRAMED_PPP = b"\x06\x06\0\0\0\x02\x07\x06\0\0\0\x01"  # Service-Type, Framed-Protocol


def accept_everybody(server):
    """A RADIUS server, RFC 2865."""
    while True:
        request, client = server.recvfrom(4096)
        if request[0] == ACCESS_REQUEST:
            head = struct.pack(">BBH", ACCESS_ACCEPT, request[1], 20 + len(FRAMED_PPP))
            proof = hashlib.md5(head + request[4:20] + FRAMED_PPP + RADIUS_SECRET).digest()
            server.sendto(head + proof + FRAMED_PPP, client)


def start_l2tpns(case):
    folder = lab.FILES / "l2tpns"
    folder.mkdir()
    (folder / "startup-config").write_text(CONFIG)
    (folder / "ip_pool").write_text(POOL + "\n")
    (folder / "users").write_text("")
    lab.cover("/etc/l2tpns", folder)
    for command in ("link add cluster type veth peer name nobody", "link set cluster up",
                    "link set nobody up", f"address add {CLUSTER}/24 dev cluster"):
        subprocess.run(["ip", *command.split()], check=True)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 1812))
    threading.Thread(target=accept_everybody, args=(server,), daemon=True).start()
    # It kills its process group when it ends.
    peer = case.start("l2tpns", "setsid", "-w", "l2tpns", "-v", "-v", "-v", "-c",
                      "/etc/l2tpns/startup-config")
    peer.await_line(r"(?i)I am declaring myself the master|become.* master|am the master", 30)
    return peer


def failover(case):
    peer = start_l2tpns(case)
    lab.say("l2tpns is its own master")
    lac = case.start("ppp_peer", case.programs / "ppp_peer", lab.OURS, lab.PEER, SECRET)
    lac.await_line(r"^address 10\.97\.0\.", 30)
    lac.await_line(r"^reply", 10, times=10)
    lab.say("pings are answered")
    os.kill(ours.pid_of_active(lac), signal.SIGKILL)
    lac.await_line(r"^serving in epoch 2")
    before = lac.count(r"^reply")
    lac.await_line(r"^restored address 10\.97\.0\.")
    lac.await_line(r"^reply", 10, times=before + 10)
    lab.say("pings are answered after the takeover")
    lac.await_line(r"^tunnel resynced")  # it has answered HELLO
    for what in ("StopCCN", "CDN"):
        lab.check(not case.capture.control(kind=what), f"a {what} was sent")
    lac.kill(signal.SIGTERM)
    lab.check(lac.ended() == 0, "ppp_peer has failed")
    lab.wait_for("StopCCN", lambda: case.capture.control(lab.OURS, "StopCCN"))
    lab.check(peer.alive(), "l2tpns has ended")
    ours.check_wire(case)
    ours.check_programs(case)


def redials(case):
    """Calls in one tunnel, one after the other. l2tpns says a CDN as well when ours hangs up, and the ZLB
    for that names its call, which is more than it needs."""
    start_l2tpns(case)
    lac = case.start("ppp_peer", case.programs / "ppp_peer", lab.OURS, lab.PEER, SECRET)
    active = ours.pid_of_active(lac)
    calls = 4
    for count in range(1, calls + 1):
        lac.await_line(r"^address 10\.97\.0\.", 30, times=count)
        lac.await_line(r"^reply", times=lac.count(r"^reply") + 3)
        lab.say(f"pings are answered in call {count}")
        if count == calls:
            break
        os.kill(active, signal.SIGUSR1)
        lab.wait_for("a ZLB that names its call", lambda: len(
            {zlb.session for zlb in case.capture.control(lab.OURS, "ZLB")} - {0}) == count)
    lab.check(case.capture.different(lab.OURS, "CDN") == calls - 1, "not a CDN for each call")
    lab.check(not case.capture.control(kind="StopCCN"), "the tunnel was ended")
    lab.check(case.capture.different(lab.OURS, "SCCRQ") == 1, "another tunnel was dialled")
    ours.end_ppp_peer(case, lac, active)
    ours.check_wire(case)
    ours.check_programs(case)


def lagging(case):
    """Our LAC dies while its standby is some messages behind. l2tpns sees L2TP alone, no PPP."""
    peer = start_l2tpns(case)
    pair = ours.Pair(case, "lac", "--listen", f"{lab.OURS}:1701", "--connect", lab.PEER, "--secret", SECRET,
                     "--hello-interval", 2, "--retries", 8, "--sessions", 20, "--rate", 20,
                     "--commit", "async", "--resync-packets", 8, relayed=True)
    pair.active.await_line("tunnel up")
    lab.wait_for("calls", lambda: len(pair.active.sessions()) >= 3)
    ours.kill_behind(case, pair, 3)
    asked = case.capture.different(lab.OURS, "ICCN")
    pair.active.await_resynced(60)
    lab.say("the tunnel is in step again")
    lab.wait_for("calls", lambda: case.capture.different(lab.OURS, "ICCN") >= asked + 2, 60)
    lab.say("calls come up in it")
    lab.check(not case.capture.control(lab.PEER, "StopCCN"), "l2tpns has ended its tunnel")
    lab.check(len(pair.active.tunnels()) == 1, "the tunnel is lost")
    pair.finish()
    lab.check(peer.alive(), "l2tpns has ended")
    ours.check_programs(case)


if __name__ == "__main__":
    lab.run({"failover": failover, "redials": redials, "lagging": lagging}, tools=("l2tpns", "setsid"), tun=True)
