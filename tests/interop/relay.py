# SPDX-License-Identifier: MIT
"""Between an active and its standby: passes on what they say, descriptors included, until it is told
to keep it to itself. What the standby has not got when the active dies is what it lags behind."""
import select
import socket
import struct
import threading

CHUNK = 1 << 16
DESCRIPTORS = 4
OFFER, ACCEPT, GO = 6, 9, 10  # types of frames, docs/replication-link.md


class Frames:
    """The types of the frames in one direction of a stream."""

    def __init__(self):
        self.rest = b""

    def take(self, data):
        self.rest += data
        types = []
        while len(self.rest) >= 5:
            length, kind = struct.unpack(">IB", self.rest[:5])
            if len(self.rest) < 4 + length:
                break
            types.append(kind)
            self.rest = self.rest[4 + length:]
        return types


def family(place):
    return socket.AF_INET if isinstance(place, tuple) else socket.AF_UNIX


class Relay(threading.Thread):
    """Listens at `here` for the standby and connects to the active at `there`: paths, or addresses with
    ports."""

    def __init__(self, here, there):
        super().__init__(daemon=True)
        self.there = there if isinstance(there, tuple) else str(there)
        self.listener = socket.socket(family(here), socket.SOCK_STREAM)
        self.listener.bind(here if isinstance(here, tuple) else str(here))
        self.listener.listen()
        self.held = threading.Event()
        self.kept = 0  # bytes
        self.waits_for = None  # (type of frame, what is to be done before it is passed on)
        self.start()

    def run(self):
        while True:
            standby, _ = self.listener.accept()
            active = socket.socket(family(self.there), socket.SOCK_STREAM)
            try:
                active.connect(self.there)
                self.pass_on(active, standby)
            except OSError:
                pass  # one of them is gone
            active.close()
            standby.close()

    def pass_on(self, active, standby):
        other = {active: standby, standby: active}
        frames = {active: Frames(), standby: Frames()}
        while True:
            for source in select.select([active, standby], [], [])[0]:
                data, descriptors, _, _ = socket.recv_fds(source, CHUNK, DESCRIPTORS)
                if not data:
                    return
                if self.held.is_set():
                    self.kept += len(data)
                    continue
                if not descriptors:  # they come with a byte of their own
                    self.look_at(frames[source].take(data))
                if descriptors:
                    sent = socket.send_fds(other[source], [data], descriptors)
                    data = data[sent:]
                    for descriptor in descriptors:
                        socket.close(descriptor)
                other[source].sendall(data)

    def look_at(self, types):
        if self.waits_for and self.waits_for[0] in types:
            action, self.waits_for = self.waits_for[1], None
            action()

    def before(self, kind, action):
        """Once, when such a frame comes; it is not passed on before action() has returned."""
        self.waits_for = (kind, action)

    def hold(self):
        """From now on nothing gets through."""
        self.held.set()

    def release(self):
        self.held.clear()
