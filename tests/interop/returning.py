#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One client that dials our LNS with the same address, port and tunnel id over and over, at random
moments and in whatever state its tunnel of before is: each SCCRQ is answered within a second, and
nobody else notices. Like a simple client it takes whatever has the next number for its own."""
import contextlib
import random
import signal
import threading
import time

import hand
import lab
import ours
from nodes import LAC, SILENT, finish_lac

LNS = ("lns", "--listen", lab.OURS, "--echo", "--hello-interval", 5, *SILENT)
REDIALS = 500
ANSWERED = 1.0  # seconds from the first SCCRQ to the SCCRP
REPEATED = 0.6  # an SCCRQ is sent again; RFC 2661 5.8 recommends a second
PATIENCE = 8.0  # for what else has to be answered, a takeover and the silence of a twin included
PORT, ID = 20001, 7
SAME = 50  # of so many redials two have no words of their own


class Tunnel(hand.Tunnel):
    """With retransmissions, for datagrams that a dying LNS has read and not answered."""

    def reliably(self, body, session=0, until=None):
        """Say it until it is acknowledged, or until something else is true."""
        ns, began, sent = self.ns, time.monotonic(), 0.0
        while not (until() if until else self.acknowledged > ns):
            now = time.monotonic()
            lab.check(now - began < PATIENCE, f"Ns {ns} of tunnel {self.id} is not answered")
            if now - sent >= REPEATED:
                self.ns, sent = ns, now
                self.say(body, session)
            self.server.pump()

    def inbox_has(self, name):
        return any(control.type == name for control in self.inbox)

    def place_call(self, own_id):
        def there():
            return self.inbox_has("ICRP")
        self.reliably(hand.message("ICRQ", hand.avp(hand.ASSIGNED_SESSION, hand.u16(own_id)),
                                   hand.avp(15, bytes(4))), until=there)
        self.calls[own_id] = hand.value(self.await_message("ICRP"), hand.ASSIGNED_SESSION)
        self.reliably(hand.message("ICCN", hand.avp(24, bytes(4)), hand.avp(19, bytes(4))),
                      self.calls[own_id])


class Client(hand.Server):
    """A socket from which tunnels are dialled."""

    def __init__(self, port):
        super().__init__(lab.PEER, port)
        self.socket.settimeout(0.005)
        self.slowest = 0.0

    def forget(self, own_id):
        """It is started again: what it had, and what lies in its socket, is gone."""
        self.tunnels.pop(own_id, None)
        self.socket.settimeout(0)
        try:
            while True:
                self.pump()
        except BlockingIOError:
            self.socket.settimeout(0.005)

    def dial(self, own_id, *words):
        self.forget(own_id)
        tunnel = Tunnel(self, own_id, 0, (lab.OURS, hand.PORT))
        began = time.monotonic()
        tunnel.reliably(hand.setup("SCCRQ", own_id, *words), until=lambda: tunnel.inbox_has("SCCRP"))
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        lab.check(took < ANSWERED, f"an SCCRQ was answered after {took:.2f} s")
        tunnel.peer_id = hand.value(tunnel.await_message("SCCRP"), hand.ASSIGNED_TUNNEL)
        return tunnel


def connect(tunnel):
    tunnel.reliably(hand.message("SCCCN"))


def end(tunnel, header_id, times):
    """A StopCCN, as often as that, without waiting for the answer."""
    for _ in range(times):
        tunnel.server.say(tunnel.address, header_id, 0, tunnel.ns, tunnel.nr if header_id else 0,
                          hand.message("StopCCN", hand.result(1),
                                       hand.avp(hand.ASSIGNED_TUNNEL, hand.u16(tunnel.id))))


def leave_as(tunnel, state, chance):
    """How the tunnel is when its client dials again."""
    if state == "half open":
        return
    if state == "stopped unknown":
        end(tunnel, 0, chance.randint(1, 3))
        return
    if state in ("calls", "hung up"):
        connect(tunnel)
        for own_id in range(1, chance.randint(2, 3)):
            tunnel.place_call(own_id)
    else:
        tunnel.say(hand.message("SCCCN"))
    if state == "hung up":
        tunnel.reliably(hand.message("CDN", hand.result(3),
                                     hand.avp(hand.ASSIGNED_SESSION, hand.u16(1))),
                        tunnel.calls[1])
    if state == "ringing":
        tunnel.say(hand.message("ICRQ", hand.avp(hand.ASSIGNED_SESSION, hand.u16(1)),
                                hand.avp(15, bytes(4))))
    if state == "stopped":
        end(tunnel, tunnel.peer_id, chance.randint(1, 3))


STATES = ("half open", "stopped unknown", "up", "calls", "hung up", "ringing", "stopped")


class Killer(threading.Thread):
    """Kills the active and starts it again as the standby, as often as it can, but not when somebody wants it calm."""

    def __init__(self, pair, chance):
        super().__init__(daemon=True)
        self.pair, self.chance = pair, chance
        self.closing, self.kills, self.failure = False, 0, None
        self.calm = threading.Lock()
        self.start()

    def run(self):
        try:
            while not self.closing:
                time.sleep(self.chance.uniform(1.0, 3.0))
                with self.calm:
                    self.pair.kill()
                self.kills += 1
                self.pair.restart()
        except lab.Failure as failure:
            self.failure = failure

    def close(self):
        self.closing = True
        self.join()
        if self.failure:
            raise self.failure


def words_of(chance, count):
    """A tie breaker of its own, or nothing that tells one request from another."""
    return () if count % SAME < 2 else (hand.avp(hand.TIE_BREAKER, chance.randbytes(8), 0),)


def await_echo(tunnel):
    """A frame of its call comes back."""
    tunnel.server.frames.clear()

    def there():
        frame = hand.frame(tunnel.peer_id, tunnel.calls[1], b"\xff\3")
        tunnel.server.socket.sendto(frame, tunnel.address)
        return tunnel.server.frames
    tunnel.server.await_("a frame comes back", there)


def redials(case):
    chance = random.Random(case.seed)
    pair = ours.Pair(case, *LNS)
    lac = ours.Node(case, *LAC, "--tunnels", 2, "--sessions", 5, "--data-rate", 20,
                    "--hello-interval", 1)
    lac.await_line("^all up")
    client, by_port = Client(PORT), Client(PORT + 1)
    witnesses = [client.dial(ID + 1), by_port.dial(ID)]
    for witness in witnesses:
        connect(witness)
        witness.place_call(1)
    others = {tunnel["local_id"] for tunnel in pair.active.tunnels()}
    lab.check(len(others) == 4, f"{len(others)} tunnels of others")
    killer = Killer(pair, chance)
    began = time.monotonic()
    for count in range(REDIALS):
        words = words_of(chance, count)
        # The same words are heard when one node has them twice, so a takeover in between costs a repetition.
        with contextlib.nullcontext() if words else killer.calm:
            tunnel = client.dial(ID, *words)
        leave_as(tunnel, chance.choice(STATES), chance)
        until = time.monotonic() + chance.choice((0, 0, 0, 0.05, 0.1)) * chance.random()
        while time.monotonic() < until:
            client.pump()
        by_port.pump()
    killer.close()
    lab.say(f"{REDIALS} redials in {time.monotonic() - began:.1f} s, {killer.kills} takeovers, the "
            f"slowest answered after {client.slowest:.3f} s")
    lab.check(killer.kills >= 5, "hardly a takeover")
    for witness in witnesses:
        witness.reliably(hand.message("HELLO"))
        await_echo(witness)
    now = {tunnel["local_id"] for tunnel in pair.active.tunnels()}
    lab.check(others <= now, "a tunnel of others is gone")
    lab.check(len(now - others) <= 1, "the client has several tunnels")
    lab.wait_for("the calls of others live", lambda: len(lac.sessions()) == 10 and sum(
        session["tunnel_id"] in others for session in pair.active.sessions()) == 12)
    finish_lac(lac)
    lab.check(case.capture.unreachable == 0, "ICMP destination unreachable was sent")
    pair.active.kill(signal.SIGKILL)
    ours.check_programs(case)


CASES = {"redials": redials}

if __name__ == "__main__":
    lab.run(CASES)
