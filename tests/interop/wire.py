# SPDX-License-Identifier: MIT
"""What is on the wire: a capture of lo, and as much of L2TP as is needed to judge it."""
import collections
import dataclasses
import hashlib
import socket
import struct
import threading
import time

TYPES = {0: "ZLB", 1: "SCCRQ", 2: "SCCRP", 3: "SCCCN", 4: "StopCCN", 6: "HELLO", 7: "OCRQ",
         8: "OCRP", 9: "OCCN", 10: "ICRQ", 11: "ICRP", 12: "ICCN", 14: "CDN", 15: "WEN",
         16: "SLI", 21: "FSQ", 22: "FSR"}
RESULT_CODE, RANDOM_VECTOR = 1, 36  # AVP types
HIDDEN = 0x4000  # in the first word of an AVP
ETHERNET = 14
PACKET_OUTGOING = 4
EVERY_PROTOCOL = 3
ICMP, UDP = 1, 17
DESTINATION_UNREACHABLE = 3
LONGEST = 65535
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_STATISTICS = 263, 6
ROOM = 64 << 20


@dataclasses.dataclass(frozen=True)
class Control:
    """One control message as sent."""
    time: float
    source: str
    source_port: int
    destination: str
    tunnel: int
    session: int
    ns: int
    nr: int
    type: str
    avps: bytes

    def result(self):
        """The Result Code of a StopCCN or CDN; None without one."""
        for word, vendor, kind, value in avps(self.avps):
            if vendor == 0 and kind == RESULT_CODE and not word & HIDDEN:
                return struct.unpack(">H", value[:2])[0]
        return None

    def __str__(self):
        return (f"{self.time:.3f}  {self.source:15} > {self.destination:15} {self.type:8} "
                f"tunnel {self.tunnel} session {self.session} ns {self.ns} nr {self.nr}")


def avps(body):
    """(first word, vendor, type, value) of each AVP."""
    while len(body) >= 6:
        word, vendor, kind = struct.unpack(">HHH", body[:6])
        length = word & 0x3ff
        if length < 6 or length > len(body):
            return
        yield word, vendor, kind, body[6:length]
        body = body[length:]


def reveal(kind, value, secret, vector):
    """The value of a hidden AVP, RFC 2661 4.3."""
    clear, block = b"", struct.pack(">H", kind) + secret.encode() + vector
    for at in range(0, len(value), 16):
        piece = value[at:at + 16]
        clear += bytes(a ^ b for a, b in zip(piece, hashlib.md5(block).digest()))
        block = secret.encode() + piece
    return clear[2:2 + struct.unpack(">H", clear[:2])[0]]


def revealed(body, secret):
    """type: value of all AVPs of vendor 0, hidden ones deciphered."""
    values, vector = {}, b""
    for word, vendor, kind, value in avps(body):
        if kind == RANDOM_VECTOR:
            vector = value
        if vendor == 0:
            values[kind] = reveal(kind, value, secret, vector) if word & HIDDEN else value
    return values


def decode(when, source, port, destination, data):
    """The control message in a datagram; None if it is none."""
    if len(data) < 12 or data[0] & 0xc8 != 0xc8 or data[1] & 0x0f != 2:
        return None
    length, tunnel, session, ns, nr = struct.unpack(">HHHHH", data[2:12])
    body = data[12:length]
    kind = struct.unpack(">H", body[6:8])[0] if len(body) >= 8 else 0
    return Control(when, source, port, destination, tunnel, session, ns, nr,
                   TYPES.get(kind, f"type {kind}"), body)


class Capture:
    """Every packet on lo, from the making of this object on."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(EVERY_PROTOCOL))
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        except PermissionError:  # as the root of a user namespace: take what there is
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.1)
        self.packets = []  # (time, frame)
        self.messages = []
        self.data = 0  # L2TP data messages
        self.unreachable = 0  # ICMP destination unreachable
        self.closing = False
        self.alarm = (0, None)  # (count, what is called when there are so many control messages)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while not self.closing:
            try:
                frame, address = self.socket.recvfrom(LONGEST)
            except TimeoutError:
                continue
            if address[2] != PACKET_OUTGOING:  # lo shows each packet twice
                self.take(time.time(), frame)

    def take(self, when, frame):
        self.packets.append((when, frame))
        packet = frame[ETHERNET:]
        if len(packet) < 28 or packet[0] >> 4 != 4:
            return
        header = (packet[0] & 15) * 4
        source, destination = (socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16))
        inner = packet[header:]
        if packet[9] == ICMP and inner[0] == DESTINATION_UNREACHABLE:
            self.unreachable += 1
        if packet[9] != UDP:
            return
        message = decode(when, source, struct.unpack(">H", inner[:2])[0], destination, inner[8:])
        if message is not None:
            self.messages.append(message)
            if len(self.messages) == self.alarm[0]:
                self.alarm[1]()
        elif len(inner) > 9 and inner[8] & 0x80 == 0 and inner[9] & 0x0f == 2:
            self.data += 1

    def control(self, source=None, kind=None):
        """Control messages so far, as sent: retransmissions are there again."""
        return [message for message in list(self.messages)
                if source in (None, message.source) and kind in (None, message.type)]

    def different(self, source, kind):
        """How many different messages of a type an address has sent."""
        return len({(message.source_port, message.tunnel, message.ns, message.avps)
                    for message in self.control(source, kind)})

    def missed(self):
        """How many packets the system could not give us since the last call."""
        return struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]

    def close(self):
        self.closing = True
        self.thread.join()
        self.socket.close()

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, LONGEST, 1))
            for when, frame in self.packets:
                file.write(struct.pack("<IIII", int(when), int(when % 1 * 1e6), len(frame),
                                       len(frame)) + frame)


def numbering_faults(messages):
    """Where a sender has broken the numbering of RFC 2661 5.8: a number given to two different
    messages, a number left out, an acknowledgement taken back. What a takeover does wrong shows
    here."""
    faults = []
    sent = collections.defaultdict(dict)
    acknowledged = {}
    for message in messages:
        if message.tunnel == 0:
            continue
        channel = (message.source, message.source_port, message.destination, message.tunnel)
        if (message.nr - acknowledged.get(channel, message.nr)) & 0xffff >= 0x8000:
            faults.append(f"acknowledgement taken back: {message}")
        acknowledged[channel] = message.nr
        if message.type == "ZLB":
            continue
        known = sent[channel].setdefault(message.ns, message.avps)
        if known != message.avps:
            faults.append(f"number used for another message: {message}")
    for channel, numbers in sent.items():
        missing = set(range(min(numbers), max(numbers) + 1)) - set(numbers)
        if missing:
            faults.append(f"numbers left out by {channel[0]} in tunnel {channel[3]}: "
                          f"{sorted(missing)}")
    return faults
