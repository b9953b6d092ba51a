# SPDX-License-Identifier: MIT
"""A peer driven by hand, LNS or LAC: it does what a test says, and nothing by itself but to acknowledge. One
process can so be many servers, one after the other, with or without what the one before knew."""
import hashlib
import os
import socket
import struct
import time

import lab
import wire

NUMBERS = {name: number for number, name in wire.TYPES.items()}
ASSIGNED_TUNNEL, ASSIGNED_SESSION, TIE_BREAKER, CALL_SERIAL = 9, 14, 5, 15
CHALLENGE, CHALLENGE_RESPONSE = 11, 13
PORT = 1701


def avp(kind, value, flags=0x8000, vendor=0):
    return struct.pack(">HHH", flags | 6 + len(value), vendor, kind) + value


def hidden(kind, value, secret, vector, padding=b"", flags=0x8000):
    """RFC 2661 4.3. The Random Vector stands before it in the same message."""
    plain, cipher = u16(len(value)) + value + padding, b""
    block = u16(kind) + secret + vector
    for at in range(0, len(plain), 16):
        piece = bytes(a ^ b for a, b in zip(plain[at:at + 16], hashlib.md5(block).digest()))
        cipher += piece
        block = secret + piece
    return avp(kind, cipher, flags | wire.HIDDEN)


def u16(value):
    return struct.pack(">H", value)


def u32(value):
    return struct.pack(">I", value)


def packet(tunnel_id, session, ns, nr, body=b""):
    """A control message as it is on the wire."""
    return struct.pack(">HHHHHH", 0xc802, 12 + len(body), tunnel_id, session, ns & 0xffff, nr & 0xffff) + body


def frame(tunnel_id, session, payload, numbers=None, offset=None, length=True):
    """A data message as it is on the wire."""
    flags = 2 | (0x4000 if length else 0) | (0x0800 if numbers else 0) | (0x0200 if offset is not None else 0)
    rest = struct.pack(">HH", tunnel_id, session)
    rest += struct.pack(">HH", *numbers) if numbers else b""
    rest += u16(len(offset)) + offset if offset is not None else b""
    size = u16(4 + len(rest) + len(payload)) if length else b""
    return u16(flags) + size + rest + payload


def payload(data):
    """(tunnel id, session id, payload) of a data message."""
    flags, at = struct.unpack(">H", data[:2])[0], 4 if data[0] & 0x40 else 2
    tunnel_id, session = struct.unpack(">HH", data[at:at + 4])
    at += 8 if flags & 0x0800 else 4
    if flags & 0x0200:
        at += 2 + struct.unpack(">H", data[at:at + 2])[0]
    return tunnel_id, session, data[at:]


def message(name, *avps):
    return avp(0, u16(NUMBERS[name])) + b"".join(avps)


def result(code, error=None):
    return avp(wire.RESULT_CODE, u16(code) + (u16(error) if error is not None else b""))


def setup(name, tunnel_id, *more, window=64):
    """SCCRQ or SCCRP."""
    named = [avp(10, u16(window))] if window is not None else []
    return message(name, avp(2, b"\1\0"), avp(3, b"\0\0\0\3"), avp(7, b"by hand"),
                   avp(ASSIGNED_TUNNEL, u16(tunnel_id)), *named, *more)


def connected(*more):
    """ICCN."""
    return message("ICCN", avp(24, u32(10000000)), avp(19, u32(1)), *more)


def octets(control, kind):
    return wire.revealed(control.avps, "").get(kind)


def value(control, kind):
    """Of a number in a message."""
    found = octets(control, kind)
    return None if found is None else int.from_bytes(found, "big")


def why(control):
    """Result, error, words of a StopCCN or CDN."""
    found = octets(control, wire.RESULT_CODE)
    error = struct.unpack(">H", found[2:4])[0] if len(found) >= 4 else None
    return struct.unpack(">H", found[:2])[0], error, found[4:].decode("utf-8", "replace")


class Tunnel:
    """This end of one."""

    def __init__(self, server, own_id, peer_id, address):
        self.server, self.id, self.peer_id, self.address = server, own_id, peer_id, address
        self.ns = self.nr = 0
        self.acknowledged = 0
        self.quiet = False  # do not acknowledge at once
        self.inbox = []
        self.calls = {}  # our id: the peer's
        server.tunnels[own_id] = self

    def say(self, body, session=0):
        self.server.say(self.address, self.peer_id, session, self.ns, self.nr, body)
        self.ns += 1

    def take(self, control):
        if control.nr <= self.ns:  # what acknowledges more than was said is not about this tunnel
            self.acknowledged = max(self.acknowledged, control.nr)
        if control.type == "ZLB":
            return
        if control.ns == self.nr:
            self.nr += 1
            self.inbox.append(control)
        if self.peer_id and not self.quiet:
            self.acknowledge()

    def acknowledge(self):
        self.server.say(self.address, self.peer_id, 0, self.ns, self.nr, b"")

    def await_acknowledged(self, seconds=5.0):
        self.server.await_(f"all in tunnel {self.id} is acknowledged", lambda: self.acknowledged == self.ns, seconds)

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

    def ask_call(self, own_id, *more, serial=None):
        self.say(message("ICRQ", avp(ASSIGNED_SESSION, u16(own_id)),
                         avp(CALL_SERIAL, os.urandom(4) if serial is None else serial), *more))

    def called(self, own_id, seconds=5.0):
        """The ICRP or CDN that answers."""
        def there():
            for control in self.inbox:
                if control.session == own_id and control.type in ("ICRP", "CDN"):
                    self.inbox.remove(control)
                    return control
            return None
        return self.server.await_(f"call {own_id} is answered", there, seconds)

    def place_call(self, own_id, *more, iccn=(), complete=True):
        """An incoming call; the peer's id of it."""
        self.ask_call(own_id, *more)
        reply = self.called(own_id)
        lab.check(reply.type == "ICRP", f"call {own_id}: {reply.type} {why(reply) if reply.type == 'CDN' else ''}")
        self.calls[own_id] = value(reply, ASSIGNED_SESSION)
        if complete:
            self.say(connected(*iccn), self.calls[own_id])
            self.await_acknowledged()
        return self.calls[own_id]

    def refuse_call(self, code, seconds=5.0):
        request = self.await_message("ICRQ", seconds)
        self.say(message("CDN", result(code), avp(ASSIGNED_SESSION, u16(0))),
                 value(request, ASSIGNED_SESSION))

    def end_call(self, own_id, code):
        self.say(message("CDN", result(code), avp(ASSIGNED_SESSION, u16(own_id))),
                 self.calls[own_id])

    def stop(self, code, error=None):
        self.say(message("StopCCN", result(code, error), avp(ASSIGNED_TUNNEL, u16(self.id))))

    def close(self, code, error=None):
        self.stop(code, error)
        self.await_acknowledged()
        del self.server.tunnels[self.id]


class Server:
    """A socket with tunnels. What comes for none of them is kept in requests, or not at all."""

    def __init__(self, address=lab.OURS, port=PORT):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.settimeout(0.02)
        self.tunnels, self.requests, self.seen = {}, [], set()
        self.heard, self.frames = [], []  # control messages, data messages as they came
        self.next_id = 1

    def say(self, address, tunnel_id, session, ns, nr, body):
        self.socket.sendto(packet(tunnel_id, session, ns, nr, body), address)

    def pump(self):
        try:
            data, address = self.socket.recvfrom(wire.LONGEST)
        except TimeoutError:
            return
        control = wire.decode(time.time(), *address[:2], "", data)
        if control is None:
            self.frames.append(data)
            return
        self.heard.append(control)
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

    def established(self, tunnel, *more):
        """... and gets. The SCCRP."""
        reply = tunnel.await_message("SCCRP")
        tunnel.peer_id = value(reply, ASSIGNED_TUNNEL)
        tunnel.say(message("SCCCN", *more))
        return reply

    def die(self):
        """Its state is gone, and what it has heard of."""
        self.tunnels, self.requests, self.seen = {}, [], set()
