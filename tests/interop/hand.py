# SPDX-License-Identifier: MIT
"""An LNS driven by hand: it does what a test says, and nothing by itself but to acknowledge. One
process can so be many servers, one after the other, with or without what the one before knew."""
import socket
import struct
import time

import lab
import wire

NUMBERS = {name: number for number, name in wire.TYPES.items()}
ASSIGNED_TUNNEL, ASSIGNED_SESSION, TIE_BREAKER = 9, 14, 5
PORT = 1701


def avp(kind, value, flags=0x8000):
    return struct.pack(">HHH", flags | 6 + len(value), 0, kind) + value


def u16(value):
    return struct.pack(">H", value)


def message(name, *avps):
    return avp(0, u16(NUMBERS[name])) + b"".join(avps)


def result(code, error=None):
    return avp(wire.RESULT_CODE, u16(code) + (u16(error) if error is not None else b""))


def setup(name, tunnel_id, *more):
    """SCCRQ or SCCRP."""
    return message(name, avp(2, b"\1\0"), avp(3, b"\0\0\0\3"), avp(7, b"by hand"),
                   avp(ASSIGNED_TUNNEL, u16(tunnel_id)), avp(10, u16(64)), *more)


def value(control, kind):
    """Of a number in a message."""
    octets = wire.revealed(control.avps, "").get(kind)
    return None if octets is None else int.from_bytes(octets, "big")


class Tunnel:
    """This end of one."""

    def __init__(self, server, own_id, peer_id, address):
        self.server, self.id, self.peer_id, self.address = server, own_id, peer_id, address
        self.ns = self.nr = 0
        self.acknowledged = 0
        self.inbox = []
        self.calls = {}  # our id: the peer's
        server.tunnels[own_id] = self

    def say(self, body, session=0):
        self.server.say(self.address, self.peer_id, session, self.ns, self.nr, body)
        self.ns += 1

    def take(self, control):
        self.acknowledged = max(self.acknowledged, control.nr)
        if control.type == "ZLB":
            return
        if control.ns == self.nr:
            self.nr += 1
            self.inbox.append(control)
        if self.peer_id:
            self.server.say(self.address, self.peer_id, 0, self.ns, self.nr, b"")

    def await_message(self, name, seconds=5.0):
        def there():
            for control in self.inbox:
                if control.type == name:
                    self.inbox.remove(control)
                    return control
            return None
        return self.server.await_(f"{name} in tunnel {self.id}", there, seconds)

    def answer_call(self, seconds=5.0):
        """Of an ICRQ; our id of the call."""
        request = self.await_message("ICRQ", seconds)
        own_id = len(self.calls) + 1
        self.calls[own_id] = value(request, ASSIGNED_SESSION)
        self.say(message("ICRP", avp(ASSIGNED_SESSION, u16(own_id))), self.calls[own_id])
        self.await_message("ICCN")
        return own_id

    def refuse_call(self, code, seconds=5.0):
        request = self.await_message("ICRQ", seconds)
        self.say(message("CDN", result(code), avp(ASSIGNED_SESSION, u16(0))),
                 value(request, ASSIGNED_SESSION))

    def end_call(self, own_id, code):
        self.say(message("CDN", result(code), avp(ASSIGNED_SESSION, u16(own_id))),
                 self.calls[own_id])

    def close(self, code, error=None):
        self.say(message("StopCCN", result(code, error), avp(ASSIGNED_TUNNEL, u16(self.id))))
        self.server.await_("the StopCCN is acknowledged", lambda: self.acknowledged == self.ns)
        del self.server.tunnels[self.id]


class Server:
    """A socket with tunnels. What comes for none of them is kept in requests, or not at all."""

    def __init__(self, address=lab.OURS, port=PORT):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.settimeout(0.02)
        self.tunnels, self.requests, self.seen = {}, [], set()
        self.next_id = 1

    def say(self, address, tunnel_id, session, ns, nr, body):
        self.socket.sendto(struct.pack(">HHHHHH", 0xc802, 12 + len(body), tunnel_id, session, ns,
                                       nr) + body, address)

    def pump(self):
        try:
            data, address = self.socket.recvfrom(wire.LONGEST)
        except TimeoutError:
            return
        control = wire.decode(time.time(), *address, "", data)
        if control is None:
            return
        if control.tunnel in self.tunnels:
            self.tunnels[control.tunnel].take(control)
        elif control.type == "SCCRQ":
            if (address, control.avps) not in self.seen:
                self.requests.append(control)
            self.seen.add((address, control.avps))

    def await_(self, what, condition, seconds=5.0):
        def there():
            self.pump()
            return condition()
        return lab.wait_for(what, there, seconds)

    def rest(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pump()

    def await_request(self, seconds=5.0):
        """A new SCCRQ; copies of one do not count."""
        self.await_("an SCCRQ", lambda: self.requests, seconds)
        return self.requests.pop(0)

    def make(self, request):
        tunnel = Tunnel(self, self.next_id, value(request, ASSIGNED_TUNNEL),
                        (request.source, request.source_port))
        self.next_id += 1
        tunnel.nr = 1
        return tunnel

    def accept(self, seconds=5.0, calls=0, more=()):
        """A tunnel, as soon as one is asked for, with so many calls."""
        tunnel = self.make(self.await_request(seconds))
        tunnel.say(setup("SCCRP", tunnel.id, *more))
        tunnel.await_message("SCCCN")
        for _ in range(calls):
            tunnel.answer_call()
        return tunnel

    def refuse(self, code, error=None, seconds=5.0, source=None):
        """... from another server's socket, if so wanted."""
        tunnel = self.make(self.await_request(seconds))
        tunnel.server = source or self
        tunnel.server.tunnels[tunnel.id] = self.tunnels.pop(tunnel.id)
        tunnel.close(code, error)

    def dial(self, address, *more):
        """A tunnel that this end asks for."""
        tunnel = Tunnel(self, self.next_id, 0, address)
        self.next_id += 1
        tunnel.say(setup("SCCRQ", tunnel.id, *more))
        return tunnel

    def established(self, tunnel):
        """... and gets."""
        reply = tunnel.await_message("SCCRP")
        tunnel.peer_id = value(reply, ASSIGNED_TUNNEL)
        tunnel.say(message("SCCCN"))

    def die(self):
        """Its state is gone, and what it has heard of."""
        self.tunnels, self.requests, self.seen = {}, [], set()
